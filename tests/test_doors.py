"""One policy at every door: what the service refuses, fills and says, the others do, too."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import wrong_rows
from helpers.base.user_errors import InputError
from helpers.cells.as_texts import as_text
from helpers.pipeline import delivery_reading
from helpers.pipeline.row_check import RowRefusedError
from helpers.pipeline.table_policy import TablePolicy
from helpers.serving import batch_prediction, local_service, write_answers
from tests.small import bundle_of, deployed_run, prepared


@pytest.fixture(scope="module")
def doors(tmp_path_factory):
    folder = tmp_path_factory.mktemp("doors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIPELINE_REPORTS", str(folder / "reports"))
        deployed_run(prepared())
        found = wrong_rows.Doors(folder, "")
        with local_service.serving(found.bundle) as found.address:
            yield found


@pytest.fixture(scope="module")
def found(doors):
    return wrong_rows.compare(doors, wrong_rows.CELLS)


@pytest.mark.parametrize("name", wrong_rows.CELLS)
def test_a_wrong_form_of_a_row_is_taken_alike_at_every_door(found, name):
    assert wrong_rows.differences(found[name]) == [], found[name]


@pytest.mark.parametrize("name", wrong_rows.COLUMNS)
def test_a_wrong_column_is_taken_alike_at_every_door_of_tables(doors, name):
    found = wrong_rows.compare_whole(doors, wrong_rows.COLUMNS[name])
    assert wrong_rows.differences(found) == [], found


def test_some_forms_are_refused_some_filled_and_some_answered(found):
    refused = {name for name, one in found.items() if one["batch"][0] == wrong_rows.REFUSED}
    assert {"money with a sign", "a boolean for a number", "no value at all"} <= refused
    assert 20 <= len(refused) <= len(found) - 20
    assert "weight: missing, imputed" in found["a field left out"]["batch"][1]


AS_TRAINING = {  # these are no wrong forms: nothing is to be said of them
    "below a limit", "a number as text", "full-width digits", "missing where some were",
    "a field left out where some were missing", "another case", "spaces around",
    "a date with a time", "1 for a boolean", "yes in another language",
}  # fmt: skip


def test_no_other_form_is_answered_in_silence(found):
    assert {name for name, one in found.items() if not one["batch"][1]} == AS_TRAINING


# --- Forms that are in no list

CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(-1e300, 1e300), st.text(max_size=20),
    st.sampled_from(["n/a", "", " ", "Rome", "ja", "$1", "1e999", "1.5e308"]),
    st.sampled_from(["01/02/2020", "-", "x" * 10_001]),
    st.dates().map(str), st.floats(-100, 100).map(str),
)  # fmt: skip


@pytest.fixture(scope="module")
def bundle():
    return bundle_of(prepared())


@settings(max_examples=60, deadline=None, derandomize=True, database=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(st.data())
def test_a_table_is_checked_as_each_of_its_rows_is(bundle, data):
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(bundle.fields, CELLS)),
                              min_size=1, max_size=6))  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(bundle.fields), dtype=object)
    _, checked = delivery_reading.looked_at(bundle.model, frame, bundle.check, True)
    words = checked.words()
    for row, refused, said in zip(rows, checked.refused, words, strict=True):
        as_typed, as_texts = (
            verdict(bundle, {name: form(cell) for name, cell in row.items()})
            for form in (lambda cell: cell, lambda cell: None if cell is None else as_text(cell))
        )
        assert refused == as_typed[0] == as_texts[0], (row, said)
        assert as_texts[1] in said if refused else as_texts[1] == said, (row, said)


def verdict(bundle, row: dict) -> tuple[bool, str]:
    """Whether the service refuses a row, and what it says."""
    try:
        return False, " | ".join(map(str, bundle.check.row(row, 1)[0]))
    except RowRefusedError as error:
        return True, error.words.rstrip(".").partition("; it has")[0]


# --- What a batch does with refused rows


def frame(bundle, rows: int = 60) -> pd.DataFrame:
    return bundle.examples[list(bundle.fields)].head(rows).astype(object)


@pytest.mark.parametrize("few", [1, 10_000])  # by the compiled form, by the pipeline
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_refused_rows_have_no_prediction_and_the_others_theirs(
    doors, bundle, tmp_path, monkeypatch, few, ending
):
    monkeypatch.setattr(batch_prediction, "FEW", few)
    monkeypatch.setattr(write_answers, "FEW", few)
    rows, out, said = frame(bundle), tmp_path / f"out.{ending}", []
    rows.iloc[3, rows.columns.get_loc("weight")] = "many"
    rows.iloc[7] = None
    rows.to_csv(tmp_path / "rows.csv", index=False)
    policy = TablePolicy(warnings=True)
    source = str(tmp_path / "rows.csv")
    assert batch_prediction.predict_file("small", source, out, None, said.append, policy) == 60
    found = pd.read_csv(out) if ending == "csv" else pd.read_parquet(out)
    is_empty = found[["prediction", "probability_no", "probability_yes"]].isna()
    assert np.flatnonzero(is_empty.all(axis=1)).tolist() == [3, 7]
    assert np.flatnonzero(is_empty.any(axis=1)).tolist() == [3, 7]
    assert "refused: weight: a number such as" in found["warnings"][3]
    assert "refused: no field that the model uses has a value" in found["warnings"][7]
    assert said[-1] == "2 of 60 rows are refused: no prediction"


@pytest.mark.parametrize(
    ("spoilt", "most", "fails"),
    [(1, None, ""), (59, None, ""), (60, None, "60 of 60 cells of 'height'"), (60, 1.0, ""),
     (2, 0.01, "2 of 60"), (2, 0.05, "")],
)  # fmt: skip
def test_how_much_may_be_unreadable(doors, bundle, tmp_path, spoilt, most, fails):
    rows, out = frame(bundle).assign(height="170"), tmp_path / "out.csv"
    rows.iloc[:spoilt, rows.columns.get_loc("height")] = "tall"
    rows.to_csv(tmp_path / "rows.csv", index=False)
    policy = TablePolicy(max_unreadable=most)
    if fails:
        with pytest.raises(InputError, match=fails):
            batch_prediction.predict_file("small", str(tmp_path / "rows.csv"), out, policy=policy)
        assert not list(tmp_path.glob("*out*")), "nothing was written"
    else:
        batch_prediction.predict_file("small", str(tmp_path / "rows.csv"), out, policy=policy)
        assert pd.read_csv(out)["prediction"].isna().sum() == spoilt
