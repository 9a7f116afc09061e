"""Intervals, sets, abstention and reasons: the same on every road, from Python to HTTP."""

import json
import warnings
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import requests

from helpers.base.user_errors import InputError
from helpers.pipeline import agreement_check
from helpers.pipeline.wanted import Wanted, wanted_of
from helpers.serving import (
    batch_prediction,
    input_pieces,
    local_service,
    model_bundle,
    served_model,
    write_answers,
)
from helpers.serving.beside import BASELINE, Beside
from helpers.serving.prediction_service import Service
from helpers.serving.reason_texts import reason_text
from tests.command_here import pipeline_here
from tests.small import bundle_of, deployed_run, post, prepared

EVERYTHING = {"interval": 0.9, "why": 3, "abstain_above": 0.2}
WHY = ["why_1", "why_1_column", "why_1_contribution"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of two runs: `bought` with classes, `price` with numbers."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def runs(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIPELINE_REPORTS", str(folder))
        made = {target: prepared(target) for target in ("bought", "price")}
        for target, one in made.items():
            deployed_run(one, target)
        bundles = {target: model_bundle.load_bundle(target) for target in made}
    return {target: (one, bundles[target]) for target, one in made.items()}


@pytest.fixture(params=["bought", "price"])
def target(request, folder, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(folder))
    return request.param


@pytest.fixture
def bundle(runs, target):
    return runs[target][1]


@pytest.fixture
def rows(runs, target):
    return runs[target][0].raw.drop(columns=target)


@pytest.fixture(scope="module")
def services(runs):
    return {target: served_model.served(bundle) for target, (_, bundle) in runs.items()}


@pytest.fixture
def now(services, target):
    return services[target]


@pytest.fixture(scope="module")
def addresses(runs, services):
    """A service of each run, on loopback."""
    with ExitStack() as running:
        yield {
            target: running.enter_context(local_service.serving(now.bundle, Service(now)))
            for target, now in services.items()
        }


@pytest.fixture
def address(addresses, target):
    return addresses[target]


def quiet(function, *values, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return function(*values, **options)


def expected(bundle, rows) -> pd.DataFrame:
    """What the pipeline says, as every road has to."""
    return quiet(model_bundle.predict_rows, bundle, rows, **EVERYTHING).reset_index(drop=True)


def sure_columns(target: str) -> list[str]:
    if target == "price":
        return ["prediction_low", "prediction_high"]
    return ["prediction_set", "abstain"]


def assert_same(found: pd.DataFrame, said: pd.DataFrame) -> None:
    """The same answers: numbers within 1e-9, all else as it is."""
    for name, column in said.items():
        if pd.api.types.is_float_dtype(column):
            assert found[name].to_numpy(float) == pytest.approx(column.to_numpy(), abs=1e-9), name
        else:
            assert found[name].astype(str).tolist() == column.astype(str).tolist(), name


# --- Python -------------------------------------------------------------------------------------


def test_what_is_asked_stands_beside_the_predictions(bundle, rows, target):
    found = quiet(model_bundle.predict_table, bundle, rows, **EVERYTHING)
    beside = [name for name in found if name not in [*rows, "prediction"]]
    of_classes = ["probability_no", "probability_yes"] if target == "bought" else []
    reasons = [name.replace("1", str(n)) for n in (1, 2, 3) for name in WHY]
    assert beside == [*of_classes, *sure_columns(target), *reasons, "why_base"]


def test_intervals_and_sets_hold_the_truth_as_often_as_promised(runs, bundle, rows, target):
    truth = runs[target][0].raw[target]
    found = quiet(model_bundle.predict_rows, bundle, rows, interval=0.9)
    if target == "price":
        held = found["prediction_low"].le(truth) & found["prediction_high"].ge(truth)
        wide = quiet(model_bundle.predict_rows, bundle, rows, interval=0.95)
        assert (wide["prediction_high"] >= found["prediction_high"]).all()
    else:
        held = [one in said.split(" | ")
                for one, said in zip(truth, found["prediction_set"], strict=True)]  # fmt: skip
    assert 0.86 <= np.mean(held) <= 0.98


def test_reasons_add_up_to_the_score(bundle, rows, target):
    """All columns asked, base and contributions are the log odds of the answer, or the number."""
    found = model_bundle.predict_rows(bundle, rows, why=50)
    parts = [name for name in found if name.endswith("_contribution")]
    score = found[parts].sum(axis=1) + found["why_base"]
    if target == "price":
        assert score.to_numpy() == pytest.approx(found["prediction"].to_numpy(), abs=1e-9)
    else:
        chance = found[["probability_no", "probability_yes"]].max(axis=1)
        assert score.to_numpy() == pytest.approx(np.log(chance / (1 - chance)), abs=1e-9)
    sizes = found[parts].abs().to_numpy()
    assert (np.diff(sizes, axis=1) <= 0).all()  # the strongest first


def test_a_reason_names_the_cell_as_it_came(bundle, rows):
    found = model_bundle.predict_rows(bundle, rows, why=1)
    for place in range(20):
        name, size = found.loc[place, ["why_1_column", "why_1_contribution"]]
        cell = rows.loc[place, name]
        assert found.loc[place, "why_1"] == reason_text(name, None if pd.isna(cell) else cell, size)


def test_a_row_that_is_refused_has_nothing_beside_its_prediction(bundle, rows):
    rows = rows.astype({"weight": object})
    rows.loc[3, "weight"] = "many"
    found = quiet(model_bundle.predict_rows, bundle, rows, **EVERYTHING)
    assert found.loc[3].isna().all() and found.drop(3).notna().all(axis=None)


def test_a_column_of_the_rows_that_is_named_so_gets_another_name(bundle, rows):
    rows = rows.assign(prediction_set="mine", prediction_low=1, why_1="mine", abstain=0)
    found = quiet(model_bundle.predict_table, bundle, rows, **EVERYTHING)
    assert found.columns.is_unique
    assert (found["why_1 (in the rows)"] == "mine").all()


# --- Every road ---------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("is_compiled", [True, False])
def test_a_file_gets_what_python_says(
    bundle, rows, target, tmp_path, monkeypatch, ending, is_compiled
):
    """By the pipeline, and by the compiled form in pieces."""
    if is_compiled:
        monkeypatch.setattr(input_pieces, "PIECE", 40)
        monkeypatch.setattr(input_pieces, "LARGE", 100)
        monkeypatch.setattr(write_answers, "FEW", 1)
        monkeypatch.setattr(batch_prediction, "FEW", 1)
        monkeypatch.setattr(batch_prediction, "_by_pipeline", None)
    source, out = tmp_path / f"rows.{ending}", tmp_path / f"out.{ending}"
    rows.to_csv(source, index=False) if ending == "csv" else rows.to_parquet(source)
    options = ["--interval", "90%", "--why", "3", "--abstain-above", "0.2"]
    done = pipeline_here("predict", target, source, "--out", out, *options)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert ("abstain_above is for classes" in said) == (target == "price")
    found = pd.read_csv(out) if ending == "csv" else pd.read_parquet(out)
    texts = ["why_1", "why_2", "why_3"]
    said = expected(bundle, rows)
    assert_same(found, said.drop(columns=texts))
    if ending == "parquet":
        assert_same(found, said[texts])
        kinds = {name: found[name].dtype.kind for name in [*sure_columns(target), *WHY[2:]]}
        assert set(kinds.values()) <= {"f", "b", "O"} and kinds["why_1_contribution"] == "f"


def test_nothing_is_added_unless_it_is_asked(rows, target, tmp_path):
    rows.to_csv(tmp_path / "rows.csv", index=False)
    batch_prediction.predict_file(target, str(tmp_path / "rows.csv"), tmp_path / "out.csv")
    added = set(pd.read_csv(tmp_path / "out.csv")) - set(rows)
    assert added <= {"prediction", "probability_no", "probability_yes"}


def as_frame(answers: list[dict], target: str) -> pd.DataFrame:
    """The answers of the service as columns."""
    made = []
    for one in answers:
        if target == "price":
            assert one["interval"]["level"] == 0.9
            row = {"prediction_low": one["interval"]["low"],
                   "prediction_high": one["interval"]["high"]}  # fmt: skip
        else:
            row = {"prediction_set": " | ".join(one["set"]), "abstain": one["abstain"]}
        for n, why in enumerate(one["why"], 1):
            row |= {f"why_{n}_column": why["column"],
                    f"why_{n}_contribution": why["contribution"]}  # fmt: skip
        made.append(row | {"why_base": one["base"]})
    return pd.DataFrame(made)


QUERY = "predict?interval=0.9&why=3&abstain_above=0.2"
BODIES = {
    "text/csv": lambda rows: rows.to_csv(index=False),
    "application/vnd.apache.parquet": lambda rows: rows.to_parquet(index=False),
    "application/json": local_service.as_json,
}


@pytest.mark.parametrize(("kind", "count"), [
    ("application/json", 5), ("application/json", 900), ("text/csv", 100),
    ("application/vnd.apache.parquet", 30),
])  # fmt: skip
def test_the_service_says_what_python_says(address, bundle, rows, target, kind, count):
    """Some rows, which are answered one by one, and many, which are answered as a table."""
    asked = pd.concat([rows] * 4, ignore_index=True).head(count)
    reply = post(address, BODIES[kind](asked), kind, QUERY)
    assert reply.status_code == 200, reply.text
    said = expected(bundle, asked)
    found = as_frame(reply.json(), target)
    assert_same(found, said[found.columns])
    values = [one["why"][0]["value"] for one in reply.json()]
    assert len(values) == count and any(value is not None for value in values)


def test_one_row_that_is_no_list(address, bundle, rows, target):
    row = json.loads(local_service.as_json(rows.head(1)))[0]
    answer = post(address, row, page=QUERY).json()
    assert_same(as_frame([answer], target), expected(bundle, rows.head(1)).drop(
        columns=[c for c in expected(bundle, rows.head(1)) if c.startswith(("probab", "predict"))
                 and c not in sure_columns(target)] + ["why_1", "why_2", "why_3"]))  # fmt: skip
    assert answer["scale"] == ("price" if target == "price" else "log odds")
    reason = answer["why"][0]
    assert reason["value"] == row[reason["column"]]


def test_the_pipeline_answers_the_same_where_no_compiled_form_may(bundle, rows, target, now):
    slow = replace(now, why_not=dict.fromkeys(("row", "table"), "a test"))
    with local_service.serving(bundle, Service(slow)) as address:
        answers = post(address, local_service.as_json(rows.head(8)), page=QUERY).json()
    found = as_frame(answers, target)
    assert_same(found, expected(bundle, rows.head(8))[found.columns])


# --- What can't be ------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [
    "interval=0", "interval=1", "interval=abc", "interval=NaN", "interval=-0.5", "interval=90",
    "interval=", "interval=inf", "why=0", "why=1000", "why=abc", "why=2.5", "why=-1", "why=NaN",
    "abstain_above=0", "abstain_above=1", "abstain_above=x", "interval=0.9&interval=0.8",
])  # fmt: skip
def test_a_value_that_cannot_be_is_refused_with_a_sentence(addresses, row, query):
    reply = post(addresses["bought"], row, page=f"predict?{query}")
    name = query.partition("=")[0]
    assert reply.status_code == 422 and reply.json()["code"] == "option"
    assert name in reply.json()["detail"] or "twice" in reply.json()["detail"]


def test_an_option_that_is_not_known_is_said(address, rows):
    row = json.loads(local_service.as_json(rows.head(1)))[0]
    answer = post(address, row, page="predict?intervall=0.9").json()
    assert "interval" not in answer and "'intervall'" in answer["warnings"][0]


@pytest.mark.parametrize(
    "given", [{"interval": 0}, {"interval": 1}, {"interval": float("nan")}, {"why": 0.5},
              {"why": 51}, {"why": True}, {"why": -1}, {"abstain_above": "much"}],
)  # fmt: skip
def test_python_refuses_the_same(given):
    with pytest.raises(InputError, match=next(iter(given))):
        Wanted(**given)


def test_the_command_refuses_before_it_reads(folder, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(folder))
    done = pipeline_here("predict", "bought", "none.csv", "--out", "out.csv", "--interval", "1")
    assert done.returncode == 2 and "interval is a number between 0 and 1" in done.stderr


def test_texts_may_be_percentages():
    asked = {"interval": "95 %", "why": "", "abstain_above": "5%"}
    assert wanted_of(asked) == Wanted(0.95, 0, 0.05)


def test_an_older_bundle_answers_without_and_says_so(bundle, rows):
    older = replace(bundle, certainty=None)
    with pytest.warns(UserWarning, match="before intervals were"):
        found = model_bundle.predict_rows(older, rows, interval=0.9, why=2)
    assert "why_2" in found and not {"prediction_low", "prediction_set"} & set(found)


def test_the_service_of_an_older_bundle_says_so_in_the_first_answer(bundle, now, rows):
    older = replace(now, bundle=replace(bundle, certainty=None))
    with local_service.serving(older.bundle, Service(older)) as address:
        reply = post(address, local_service.as_json(rows.head(2)), page="predict?interval=0.9")
    first, second = reply.json()
    assert "before intervals were" in first["warnings"][0] and not second["warnings"]
    assert not {"interval", "set"} & set(first)


def test_a_level_that_too_few_rows_can_tell_is_said(bundle, rows):
    with pytest.warns(UserWarning, match="up to a level"):
        found = model_bundle.predict_rows(bundle, rows, interval=0.9999)
    assert not {"prediction_low", "prediction_set"} & set(found)


def test_the_baseline_says_nothing_beside():
    beside = Beside.of(replace(bundle_of(prepared()), model=None), Wanted(interval=0.9, why=2))
    assert not beside and beside.cannot == (BASELINE,)


# --- Checked before it answers ------------------------------------------------------------------


class Wrong:
    """Reasons of one row that are not those of many."""

    def __init__(self, reasons):
        self._reasons = reasons

    def __getattr__(self, name):
        return getattr(self._reasons, name)

    def of_row(self, x, position=0):
        return self._reasons.of_row(x, position) + 1e-6


def test_a_form_whose_reasons_differ_does_not_answer(bundle, now):
    beside = Beside.of(bundle, served_model.EVERYTHING)
    wrong = replace(beside, reasons=Wrong(beside.reasons))
    asked = now.compiled, bundle.model, bundle.examples
    assert agreement_check.agreement(*asked, beside=beside) == {"row": "", "table": ""}
    found = agreement_check.agreement(*asked, beside=wrong)
    assert found["table"] == "" and "intervals or reasons differ" in found["row"]


def test_openapi_tells_of_the_options(address, target):
    whole = requests.get(f"{address}/openapi.json", timeout=60).json()
    predict = whole["paths"]["/predict"]["post"]
    names = [one["name"] for one in predict["parameters"]]
    assert names == ["interval", "why"] + ["abstain_above"] * (target == "bought")
    text = json.dumps(predict["responses"]["200"])
    assert '"why"' in text and ('"interval"' in text) == (target == "price")
