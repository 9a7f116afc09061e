"""Deployment: one answer by every road, plain refusals, and a bundle that can't be swapped."""

import json

import numpy as np
import pandas as pd
import pytest
import requests
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier

from helpers.base.user_errors import InputError
from helpers.deploy import bundle_files, deployment_report, model_card, service_proof
from helpers.line.run_folder import Run
from helpers.models.calibrated_model import Calibrated
from helpers.pipeline.row_check import MOST_UNKNOWN
from helpers.pipeline.whole_pipeline import model_columns
from helpers.serving import batch_prediction, local_service, model_bundle
from tests.small import bundle_of, card_of, fitted, prepared, write_run


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.fixture(scope="module")
def bundle(made):
    return bundle_of(made)


@pytest.fixture(scope="module")
def address(bundle):
    with local_service.serving(bundle) as address:
        yield address


@pytest.fixture(scope="module")
def row(made):
    return service_proof.as_record(made.raw.iloc[0])


@pytest.fixture
def run(made, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    return write_run(made)


def post(address: str, body: str | bytes) -> requests.Response:
    headers = {"Content-Type": "application/json"}
    return requests.post(f"{address}/predict", data=body, headers=headers, timeout=30)


# --- One answer ---------------------------------------------------------------------------------


def test_one_row_is_many_rows_is_batch_is_in_process(made, bundle, address):
    rows = made.raw.head(60)
    here = model_bundle.predict_rows(bundle, rows)
    status, many = local_service.ask(address, rows)
    assert status == 200 and len(many) == 60
    table = model_bundle.predict_table(bundle, rows)
    for i in range(60):
        assert many[i]["prediction"] == here["prediction"][i] == table["prediction"][i]
        for label in ("no", "yes"):
            chance = here[f"probability_{label}"][i]
            assert abs(many[i]["probability"][label] - chance) < 1e-9
            assert abs(table[f"probability_{label}"][i] - chance) < 1e-9
    for i in (0, 4, 5, 6, 59):
        _, one = local_service.ask(address, service_proof.as_record(rows.iloc[i]))
        assert one["prediction"] == many[i]["prediction"]
        assert one["probability"] == pytest.approx(many[i]["probability"], abs=1e-9)


def test_predictions_agree_by_csv_and_json(made, bundle, address, tmp_path):
    table = service_proof.prediction_agreement(
        bundle, made.raw.head(50), address, tmp_path / "data"
    )
    assert table["same predictions"].tolist() == ["yes", "yes"]
    assert table["rows"].tolist() == [50, 50]
    assert (table["largest difference"].astype(float) < 1e-9).all()
    assert "Three ways, one answer" in service_proof.describe_agreement(table, 40)
    assert list((tmp_path / "data").iterdir()) == []


def test_a_way_whose_predictions_differ_is_named(made, address, tmp_path):
    other = prepared(raw=made.raw.assign(bought=made.raw["bought"][::-1].to_numpy()))
    table = service_proof.prediction_agreement(
        bundle_of(other), made.raw.head(20), address, tmp_path
    )
    assert table.loc["API", "same predictions"] == "no"
    assert "model in this notebook and API." in service_proof.describe_agreement(table, 40)


def test_typed_and_written_rows_get_the_same_answers(made, bundle):
    typed = made.raw.assign(
        day=pd.to_datetime(made.raw["day"]),
        paid=made.raw["paid"].map({"yes": True, "no": False}).astype("boolean"),
    )
    texts = made.raw.astype("str").where(made.raw.notna(), None)
    expected = model_bundle.predict_rows(bundle, made.raw)["probability_yes"]
    for rows in (typed, texts):
        assert np.allclose(
            model_bundle.predict_rows(bundle, rows)["probability_yes"], expected, atol=1e-9
        )


def test_a_regression_answers_with_numbers():
    made = prepared("price")
    bundle = bundle_of(made)
    with local_service.serving(bundle) as address:
        status, answers = local_service.ask(address, made.raw.head(5))
    assert status == 200 and set(answers[0]) == {"id", "model", "prediction", "warnings"}
    found = [answer["prediction"] for answer in answers]
    assert found == pytest.approx(model_bundle.predict_rows(bundle, made.raw.head(5))["prediction"])


def test_probabilities_of_a_row_add_up(address, row):
    _, answer = local_service.ask(address, row)
    assert set(answer["probability"]) == {"no", "yes"}
    assert sum(answer["probability"].values()) == pytest.approx(1)
    assert answer["warnings"] == []


# --- What traffic brings ------------------------------------------------------------------------


def warnings_of(address, row) -> str:
    status, answer = local_service.ask(address, row)
    assert status == 200
    return "; ".join(answer["warnings"])


def test_a_missing_field_is_warned_of_where_none_was_missing(address, row):
    short = {k: v for k, v in row.items() if k not in ("weight", "height")}
    assert warnings_of(address, short) == "weight: missing, imputed by the model"
    assert warnings_of(address, row | {"weight": None}).startswith("weight: missing")


def test_an_unseen_category_is_warned_of(address, row):
    assert "city: 'Paris' was not seen in training" in warnings_of(address, row | {"city": "Paris"})


def test_another_spelling_is_no_unseen_category(address, row):
    assert warnings_of(address, row | {"city": " rome "}) == ""


def test_a_value_outside_the_training_range_is_warned_of(address, row):
    assert "outside the training range" in warnings_of(address, row | {"weight": 9_999})


def test_a_word_that_means_missing_is_warned_of(address, row):
    assert "weight: 'n/a' is taken as missing" in warnings_of(address, row | {"weight": "n/a"})


def test_unknown_fields_are_ignored_with_a_warning(address, row):
    _, plain = local_service.ask(address, row)
    _, answer = local_service.ask(address, row | {"colour": "blue"})
    assert answer["warnings"] == ["colour: unknown field, ignored"]
    assert answer["probability"] == plain["probability"]


@pytest.mark.parametrize("value", ["yes", "junk", 5, None, ["yes"]])
def test_the_target_in_the_row_is_ignored(address, row, value):
    _, plain = local_service.ask(address, {k: v for k, v in row.items() if k != "bought"})
    status, answer = local_service.ask(address, row | {"bought": value})
    assert status == 200 and answer | {"id": ""} == plain | {"id": ""}


@pytest.mark.parametrize(
    ("field", "value"),
    [("weight", "twelve"), ("weight", True), ("day", "soon"), ("day", 5), ("paid", "perhaps")],
)
def test_a_wrong_type_is_refused_naming_row_and_field(address, row, field, value):
    status, answer = local_service.ask(address, [row, row | {field: value}])
    assert status == 422
    assert f"Row 2, field '{field}'" in answer["detail"] and repr(value) in answer["detail"]


@pytest.mark.parametrize("value", [[1], {"a": 1}])
def test_a_list_or_object_as_a_value_is_refused(address, row, value):
    status, answer = local_service.ask(address, row | {"weight": value})
    assert status == 422 and "'weight': a single value" in answer["detail"]


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(address, word):
    answer = post(address, f'{{"weight": {word}}}')
    assert answer.status_code == 422 and "'weight'" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body", ["[[]]", "[[{}]]", "[1]", "null", '"text"', "", "{", "[{}, null]", "[" * 50_000]
)
def test_a_body_that_is_no_row_is_refused(address, body):
    assert 400 <= post(address, body).status_code < 500


HUGE = "9" * 400


@pytest.mark.parametrize(
    "body",
    ["NaN", "[NaN]", "[[NaN]]", "-Infinity", HUGE, f"[{HUGE}]", '"\\ud800"', '["\\ud800"]']
    + ["[{}, NaN]", '{"weight": [NaN]}', '{"weight": {"a": NaN}}', "{NaN: 1}", "\x00"],
)
def test_a_body_that_json_can_not_repeat_is_refused(address, body):
    answer = post(address, body.encode())
    assert 400 <= answer.status_code < 500 and answer.json()["detail"]


FIELDS = ["weight", "height", "city", "day", "paid"]
# Odd values, and the fields in which they are answered; in all others they are refused
ODD = dict.fromkeys(
    ["NaN", "Infinity", HUGE, f"-{HUGE}", f"1{'0' * 5000}", "1e308", "-1e308", "[]", "{}"]
    + ['"\\ud800"', '"a\\udfffb"', '"' + "x" * 100_000 + '"'], []
) | dict.fromkeys(
    ['"\\u0000"', f'"{HUGE}"', '"\\u202e"', '"1e999"', '"' + "x" * 9_000 + '"',
     '"9999-12-31T23:59:59-12:00"'], ["city"]
) | {
    '""': FIELDS,
    "null": FIELDS,
    "true": ["city", "paid"],
    "9" * 300: ["weight", "height", "city"],
    "1e-400": ["weight", "height", "city", "paid"],
}  # fmt: skip
# Answered without a warning: what was missing in training too, and other forms of yes and no
USUAL = {("height", "null"), ("city", "null"), ("paid", "null"), ("paid", "true"),
         ("paid", "1e-400")}  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(("value", "answered"), ODD.items())
def test_an_odd_value_in_any_field_is_refused_or_warned_of(address, row, field, value, answered):
    rest = json.dumps({k: v for k, v in row.items() if k != field})
    answer = post(address, rest[:-1] + f', "{field}": {value}}}')
    if field in answered:
        assert answer.status_code == 200
        assert bool(answer.json()["warnings"]) == ((field, value) not in USUAL)
    else:
        assert answer.status_code == 422 and answer.json()["detail"]


@pytest.mark.parametrize("name", ['"\\ud800"', '"\\udfff\\u0000"', '""', '"' + "x" * 9_000 + '"'])
def test_an_odd_name_of_a_field_is_ignored_with_a_warning(address, row, name):
    answer = post(address, json.dumps(row)[:-1] + f", {name}: 5}}")
    assert answer.status_code == 200
    assert "unknown field, ignored" in answer.json()["warnings"][0]


def test_a_name_that_is_too_long_is_refused(address, row):
    answer = post(address, json.dumps(row)[:-1] + f', "{"x" * 100_000}": 5}}')
    assert answer.status_code == 422 and len(answer.json()["detail"]) < 300


def test_rows_with_what_can_not_be_read_are_left_out_of_the_proof(made, bundle, address, tmp_path):
    rows = made.raw.head(12).astype({"weight": object})
    rows.loc[[3, 7], "weight"] = ["twelve", "n/a"]
    rows.loc[5, "day"] = "soon"
    status, _ = local_service.ask(address, rows)
    assert status == 422
    kept = service_proof.answerable(bundle, rows)
    assert kept["height"].equals(rows["height"].drop([3, 5]).reset_index(drop=True))
    table = service_proof.prediction_agreement(bundle, kept, address, tmp_path)
    assert table["same predictions"].tolist() == ["yes", "yes"] and table["rows"].tolist() == [
        10,
        10,
    ]


def test_rows_that_can_all_be_read_are_all_kept(made, bundle):
    assert service_proof.answerable(bundle, made.raw).equals(made.raw)


def test_no_rows_and_too_many_rows_are_refused(address):
    assert local_service.ask(address, [])[0] == 422
    status, answer = local_service.ask(address, [{}] * (model_bundle.MOST_ROWS + 1))
    assert status == 422 and "10,001" in answer["detail"]


def test_a_thousand_unknown_fields_are_enough(address, row):
    many = {f"field {i}": 1 for i in range(MOST_UNKNOWN)}
    assert warnings_of(address, row | many).count("unknown field") == 10
    assert local_service.ask(address, row | many | {"one more": 1})[0] == 422


def test_the_service_tells_its_health_model_and_schema(address, bundle):
    health, model, schema = (
        requests.get(f"{address}/{page}", timeout=30).json()
        for page in ("health", "model", "schema")
    )
    assert health == {"status": "ok", "model": "0" * 12}
    assert model.pop("service")["single_row_path"] == "compiled"
    assert model == bundle.card and schema == bundle.schema


def test_the_service_is_gone_after_its_block(bundle):
    with local_service.serving(bundle) as address:
        pass
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{address}/health", timeout=5)


def test_the_edge_cases_of_the_notebook_are_answered_or_refused(bundle, address, row):
    table = service_proof.answers_table(address, service_proof.edge_cases(bundle, row))
    assert table["status"].tolist() == [200, 200, 200, 200, 422]


# --- The bundle ---------------------------------------------------------------------------------


def test_the_schema_tells_kinds_ranges_and_levels_and_what_is_ignored(bundle):
    assert bundle.fields["weight"]["kind"] == "number" and bundle.fields["weight"]["missing"] == 0
    assert bundle.fields["city"]["levels"] == ["Lima", "Oslo", "Rome"]
    assert bundle.ignored == {"note", "bought"}
    assert json.loads(json.dumps(bundle.schema)) == bundle.schema
    assert deployment_report.fields_table(bundle.schema).index.tolist() == list(bundle.fields)


def test_a_bundle_is_written_and_read_back(made, run):
    loaded = model_bundle.load_bundle("small")
    expected = model_bundle.predict_rows(bundle_of(made), made.raw)
    found = model_bundle.predict_rows(loaded, made.raw)
    assert np.allclose(found["probability_yes"], expected["probability_yes"], atol=1e-9)
    assert loaded.task == made.task
    same = model_bundle.load_reference("small").drift(made.rows.X)
    assert set(same.index) == set(model_columns(loaded.model))
    assert same["psi"].max() == 0 and same["distance"].max() == 0
    assert "# Model card: bought" in run.file("model/card.md").read_text()


def test_a_model_file_that_was_changed_is_refused(run):
    path = run.file("model/model.skops")
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(InputError, match="not the one that its card describes"):
        model_bundle.load_bundle("small")


def test_a_model_of_another_run_in_its_place_is_refused(made, run):
    other = write_run(prepared("bought", made.raw.assign(weight=0)), "other")
    run.file("model/model.skops").write_bytes(other.file("model/model.skops").read_bytes())
    with pytest.raises(InputError, match="not the one that its card describes"):
        model_bundle.load_bundle("small")


def test_a_run_that_is_absent_or_not_deployed_is_refused(run):
    with pytest.raises(InputError, match="Did you mean 'small'"):
        model_bundle.load_bundle("smal")
    run.write_json("ledger.json", [])
    with pytest.raises(InputError, match="Stage 7"):
        model_bundle.load_bundle("small")


def test_a_model_that_is_too_large_is_refused(made, run, monkeypatch):
    monkeypatch.setattr(bundle_files, "MOST_BYTES", 100)
    with pytest.raises(InputError, match="more than 0 MB"):
        write_run(made, "large")
    assert not Run("large").file("model/model.skops").exists()


# --- A file -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_keeps_its_columns_rows_and_order(made, run, tmp_path, ending):
    rows = made.raw.sample(40, random_state=1)[["note", *made.plan["columns"]]]
    rows = rows.assign(mine=range(40))
    rows.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / f"scored.{ending}"
    assert batch_prediction.predict_file("small", str(tmp_path / "rows.csv"), out) == 40
    scored = pd.read_csv(out) if ending == "csv" else pd.read_parquet(out)
    added = ["prediction", "probability_no", "probability_yes"]
    assert scored.columns.tolist() == [*rows.columns, *added]
    # The cells of a CSV file are kept as the text that they are.
    assert scored["mine"].astype(int).tolist() == list(range(40))
    pd.testing.assert_frame_equal(
        scored[["weight", "city"]].astype({"weight": float}),
        rows[["weight", "city"]].reset_index(drop=True),
    )
    expected = model_bundle.predict_rows(model_bundle.load_bundle("small"), rows)["probability_yes"]
    assert np.allclose(scored["probability_yes"], expected, atol=1e-9)


def test_a_file_without_a_needed_column_is_refused_naming_it_and_nothing_is_written(
    made, run, tmp_path
):
    rows = made.raw.rename(columns={"weight": "wieght"})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(InputError, match="'weight'.*Did you mean 'wieght'"):
        batch_prediction.predict_file("small", str(tmp_path / "rows.csv"), tmp_path / "out.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["reports", "rows.csv"]


def test_a_write_that_fails_leaves_nothing_and_an_older_file_as_it_was(
    made, run, tmp_path, monkeypatch
):
    made.raw.head(3).to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "out.csv").write_text("older")

    def full(frame, path, **_):
        path.write("half")
        raise OSError("No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(OSError, match="No space"):
        batch_prediction.predict_file("small", str(tmp_path / "rows.csv"), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "older"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "reports", "rows.csv"]


@pytest.mark.parametrize(
    ("out", "says"), [("out.xlsx", "ends in .csv or .parquet"), ("gone/out.csv", "does not exist")]
)
def test_a_place_that_can_not_be_written_to_is_refused_first(tmp_path, out, says):
    with pytest.raises(InputError, match=says):
        batch_prediction.predict_file("no run", "no rows", tmp_path / out)


def test_a_column_named_prediction_in_the_rows_survives(made, bundle):
    rows = made.raw.head(3).assign(prediction=[7, 8, 9])
    scored = model_bundle.predict_table(bundle, rows)
    assert scored["prediction (in the rows)"].tolist() == [7, 8, 9]
    assert set(scored["prediction"]) <= {"no", "yes"}


def test_rows_with_an_index_of_their_own_stay_in_place(made, bundle):
    rows = made.raw.sample(10, random_state=0)
    scored = model_bundle.predict_table(bundle, rows)
    assert scored.index.tolist() == rows.index.tolist()
    expected = model_bundle.predict_rows(bundle, made.raw)["prediction"].loc[rows.index]
    assert scored["prediction"].tolist() == expected.tolist()


@pytest.mark.parametrize("name", ["prediction", "probability_yes"])
def test_a_column_named_as_its_own_way_out_survives_too(made, bundle, name):
    other = f"{name} (in the rows)"
    rows = made.raw.head(2).assign(**{name: [7, 8], other: [1, 2], f"{other}'": [3, 4]})
    scored = model_bundle.predict_table(bundle, rows)
    assert scored.columns.is_unique
    assert scored[other].tolist() == [1, 2] and scored[f"{other}'"].tolist() == [3, 4]
    assert scored[f"{other}''"].tolist() == [7, 8]
    expected = model_bundle.predict_rows(bundle, made.raw.head(2))[name]
    assert scored[name].tolist() == expected.tolist()


# --- Small parts --------------------------------------------------------------------------------


def test_rows_become_json_with_null_for_missing():
    rows = pd.DataFrame({"n": [0.1 + 0.2, np.nan], "d": pd.to_datetime(["2020-01-01", None])})
    found = json.loads(local_service.as_json(rows))
    assert found[0]["n"] == pytest.approx(0.3, abs=1e-14) and found[1] == {"n": None, "d": None}
    assert found[0]["d"].startswith("2020-01-01T00:00:00")


def test_rows_to_ask_are_spread_over_all():
    assert service_proof.rows_to_compare(100, 3).tolist() == [0, 50, 99]
    assert service_proof.rows_to_compare(2, 5).tolist() == [0, 1]


def test_the_card_tells_when_a_model_is_not_good_enough(made):
    metrics = card_of(made)["held_out"]
    assert metrics["scores"] == {"roc_auc": 0.8}
    limits = model_card._limits({"time_column": "day"}, {"verdict": "not good enough"})
    assert any("do not use it for decisions" in limit for limit in limits)
    assert any("age" in limit for limit in limits)


@pytest.mark.parametrize("target", ["bought", "price"])
def test_a_forest_without_a_threshold_is_described(target):
    other = prepared(target)
    forest = RandomForestRegressor if target == "price" else RandomForestClassifier
    table = deployment_report.model_facts(fitted(other, forest(5, random_state=0)), 240, False)
    assert table.loc["model", ""] == forest.__name__
    assert table.loc["fitted on", ""] == "240 rows"
    assert "threshold" not in table.index


def test_a_model_with_a_threshold_is_described(made):
    inner = LogisticRegression(max_iter=500)
    model = FixedThresholdClassifier(inner, threshold=0.25, pos_label="yes")
    table = deployment_report.model_facts(fitted(made, model), 240, True)
    assert table.loc["model", ""] == "LogisticRegression"
    assert table.loc["threshold", ""] == "0.25"
    assert table.loc["fitted on", ""].endswith("held-out ones included")
    for slope, shifts, said in ((1, (), ""), (1, (0.0, 0.0), ""), (1.2, (0.0, 0.0), ", calibrated"),
                                (1, (0.0, 0.3), ", calibrated")):  # fmt: skip
        calibrated = Calibrated(model, slope, shifts)
        table = deployment_report.model_facts(fitted(made, calibrated), 240, True)
        assert table.loc["model", ""] == f"LogisticRegression{said}"


def test_the_card_says_whether_the_compiled_form_agrees_and_on_how_many_rows(made):
    bundle = bundle_of(made)
    found = bundle_files.compiled_agreement(
        bundle.model, bundle.schema, card_of(made), bundle.examples
    )
    assert found == {"rows": 3 * len(made.raw), "row": "", "table": ""}
    text = model_card.card_text(card_of(made) | {"compiled": found})
    assert f"agrees within 1e-9 on {3 * len(made.raw):,} rows" in text
    slow = {"rows": 9, "row": "there is no one-row form of the model Oracle", "table": ""}
    text = model_card.card_text(card_of(made) | {"compiled": slow})
    assert "Single rows are answered by the pipeline, because there is no one-row form" in text
    assert "on 9 rows" in text and "(many rows)" in text


def test_a_written_bundle_has_the_check_on_its_card(made, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    run = write_run(made)
    card = run.read_json("model/card.json")
    assert card["compiled"]["row"] == "" and card["compiled"]["rows"] > len(made.raw)
    assert "**Compiled form.**" in run.file("model/card.md").read_text()
