"""Trained on one form, asked in another: the same answers, or a line that says why not."""

from __future__ import annotations

import warnings
from collections import Counter
from datetime import datetime

import pandas as pd
import pytest

from benchmarks import forms
from helpers.base.user_errors import InputError
from helpers.cells import delivery_forms, other_forms, reading_values
from helpers.cells.column_choices import with_choice
from helpers.cells.draft_column_plan import draft_column
from helpers.cells.reading_columns import repair_column
from helpers.line.stage_work import Work
from helpers.monitor import monitor_model, production_rows
from helpers.pipeline.delivery_reading import in_known_forms
from helpers.pipeline.row_check import RowRefusedError
from helpers.registry import pyfunc_loader
from helpers.scale import dask_cluster
from helpers.serving import batch_prediction, delivery_check, input_pieces, parquet_folders
from tests import small

DAY = datetime(2021, 11, 27)


@pytest.mark.parametrize(
    ("formats", "text"),
    [
        (["%d/%m/%Y"], "27.11.2021"),
        (["%d/%m/%Y"], "2021-11-27"),
        (["%d/%m/%Y"], "27-11-2021"),
        (["%m/%d/%Y"], "11-27-2021"),
        (["iso"], "27.11.2021"),
        (["iso"], "27 Nov 2021"),
        (["%d.%m.%Y"], "1637971200"),
        (["iso"], "1637971200000"),
        (["iso"], "1637971200.0"),
        (["iso"], "20211127.0"),
        (["iso"], "44527"),
        (["%d/%m/%Y"], "44527.0"),
        (["iso"], "11/27/2021"),
    ],
)
def test_a_date_in_another_form_is_read_where_there_is_one_way(formats, text):
    plan = {"kind": "date", "formats": formats}
    assert reading_values.repair_value(text, plan) == (DAY, "other form")


@pytest.mark.parametrize(
    ("plan", "text", "day"),
    [
        ({"formats": ["%d.%m.%Y"]}, "05/06/2021", datetime(2021, 6, 5)),
        ({"formats": ["%d.%m.%Y"]}, "05/27/2021", datetime(2021, 5, 27)),  # one way only
        ({"formats": ["iso"], "order": "day"}, "05-06-2021", datetime(2021, 6, 5)),
        ({"formats": ["iso"], "order": "month"}, "05/06/2021", datetime(2021, 5, 6)),
        ({"order": "month"}, "05/06/2021", datetime(2021, 5, 6)),
        ({"formats": ["iso"], "pivot": 2010}, "05/26/42", datetime(1942, 5, 26)),
        ({"formats": ["%d/%m/%Y"], "pivot": 2010}, "26.05.42", datetime(1942, 5, 26)),
        ({"pivot": 2010}, "26.05.42", datetime(1942, 5, 26)),
    ],
)
def test_what_training_knows_settles_one_date_by_itself(plan, text, day):
    assert reading_values.repair_value(text, {"kind": "date"} | plan) == (day, "other form")


def dated(form: str) -> pd.DataFrame:
    """The table with its dates as ISO, and a date that shows the order of the table."""
    rows = forms.table()
    days = forms._days(rows)
    return rows.assign(joined=days.dt.strftime("%Y-%m-%d"), seen=days.dt.strftime(form))


@pytest.mark.parametrize("order", ["%d/%m/%Y", "%m/%d/%Y"])
def test_one_row_is_read_as_its_delivery_would_be_by_every_road(tmp_path, monkeypatch, order):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    made = small.prepared(forms.TARGET, dated(order))
    small.write_run(made)
    bundle = small.bundle_of(made)
    row = dated(order).drop(columns=forms.TARGET).head(1).assign(joined="2022-06-05")
    other = row.assign(joined=pd.Timestamp("2022-06-05").strftime(order.replace("/", "-")))
    says = f"joined: '{other['joined'][0]}' is read as 2022-06-05"
    assert any(
        str(said).startswith(says) for said in bundle.check.row(other.iloc[0].to_dict(), 1)[0]
    )
    model = pyfunc_loader.ReadingModel(bundle.model, bundle.schema)
    with pytest.warns(UserWarning, match="joined: 1 of 1 cells have another form"):
        by_mlflow = model.predict(other)
    answers, said = [], []
    for name, frame in (("same", row), ("other", other)):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        out = tmp_path / f"{name}_scored.csv"
        batch_prediction.predict_file("small", str(tmp_path / f"{name}.csv"), out, say=said.append)
        answers.append(pd.read_csv(out).filter(like="pr"))
    pd.testing.assert_frame_equal(*answers)
    assert by_mlflow[0] == answers[0]["prediction"][0]
    assert len(said) == 1 and "joined: 1 of 1 cells have another form" in said[0]


@pytest.mark.parametrize(
    ("formats", "text", "why"),
    [
        (["iso"], "05/06/2021", "may be 2021-05-06 or 2021-06-05"),
        (["%d/%m/%Y"], "11/27/2021", "has the month first, the column the day"),
        (["%m-%d-%Y"], "27/11/2021", "has the day first, the column the month"),
        (["iso"], "soon", ""),
        (["iso"], "4452", ""),
    ],
)
def test_a_date_that_reads_two_ways_or_against_its_column_is_not_read(formats, text, why):
    plan = {"kind": "date", "formats": formats}
    assert reading_values.repair_value(text, plan) == (None, "unreadable")
    assert other_forms.why_unread(text, plan) == why


@pytest.mark.parametrize(
    ("plan", "text", "why"),
    [
        ({}, "€ 1.200,50", "is in €, and training had numbers alone: say in columns.yaml"),
        ({}, "71.5 kg", "such as `unit: kg`"),
        ({}, "12 %", "such as `unit: %`"),
        ({}, "PT1H5M", "is in s"),
        ({}, "1:05:03", "is in s"),
        ({}, "65:03", "minutes and seconds, or hours and minutes"),
        ({}, "2.4k", "ends in k"),
        ({"unit": "$"}, "€5", "is in €, the column in $"),
        ({"unit": "kg"}, "3 l", "is in l, the column in kg"),
        ({"unit": "min"}, "65:03", "minutes and seconds, or hours and minutes"),
    ],
)
def test_a_unit_that_training_did_not_name_is_said_and_how_to_name_it(plan, text, why):
    plan = {"kind": "number"} | plan
    assert reading_values.repair_value(text, plan) == (None, "unreadable")
    assert why in other_forms.why_unread(text, plan)


@pytest.mark.parametrize("text", ["lots", "5 apples", "12-7", "", "p. 7"])
def test_what_names_no_unit_is_said_to_have_none(text):
    assert other_forms.why_unread(text, {"kind": "number"}) == ""


@pytest.mark.parametrize(
    ("text", "minutes"), [("1:05:03", 65.05), ("1h 05m 03s", 65.05), ("PT2H", 120), ("7", 7),
                          ("90 sec", 1.5)],
)  # fmt: skip
def test_a_column_whose_unit_is_told_reads_lengths_of_time(text, minutes):
    plan = with_choice(pd.Series([3.0, 9.0]), {"kind": "number"}, {"unit": "min"})
    assert reading_values.repair_value(text, plan)[0] == pytest.approx(minutes)


def test_a_unit_is_said_on_every_road(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    made = small.prepared(forms.TARGET, forms.table())
    small.write_run(made)
    bundle = small.bundle_of(made)
    rows = forms.table().head(9).drop(columns=forms.TARGET)
    rows = rows.assign(weight=[*(rows["weight"][:8]), "71.5 kg"])
    says = "is in kg, and training had numbers alone"
    with pytest.raises(RowRefusedError, match=says):
        bundle.check.row(rows.iloc[8].to_dict(), 1)
    model, said = pyfunc_loader.ReadingModel(bundle.model, bundle.schema), []
    with pytest.warns(UserWarning, match=says):
        model.predict(rows)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "scored.csv"
    batch_prediction.predict_file("small", str(tmp_path / "rows.csv"), out, say=said.append)
    checked = delivery_check.check("small", str(tmp_path / "rows.csv")).differences
    assert says in " ".join(said) and says in " ".join(checked)


def test_the_order_of_a_column_holds_for_its_other_separators():
    plan = {"kind": "date", "formats": ["%d/%m/%Y"]}
    assert reading_values.repair_value("05-06-2021", plan)[0] == datetime(2021, 6, 5)


@pytest.mark.parametrize(
    ("trained", "asked", "value"),
    [
        (["True", "False"], "1.0", True),
        (["yes", "no"], "0.0", False),
        (["yes", "no"], 1.0, True),
        (["TRUE", "FALSE"], "true", True),
        (["1", "0"], "True", 1.0),
        (["1", "0"], True, 1.0),
        (["1", "0"], "no", 0.0),
        (["0420", "1177"], "420", "0420"),
        (["0420", "1177"], 420.0, "0420"),
        (["0420", "1177"], "9.0", "0009"),
        (["3", "7", "X"], "3.0", "3"),
        (["3", "7", "X"], 7, "7"),
        (["3.0", "7.0", "X"], "7", "7.0"),
        (["2.5", "3.5"], "2,5", 2.5),
        (["2,5", "13,25"], "2.5", 2.5),
        (["2 kg", "3 kg"], "2,5 kg", 2.5),
        (["2 kg", "3 kg"], "500 g", 0.5),
        (["Lima", "Oslo"], "LIMA ", "Lima"),
    ],
)
def test_a_value_in_another_form_is_the_value(trained, asked, value):
    plan = draft_column(pd.Series(trained * 20, name="x", dtype="str"))
    assert reading_values.repair_value(asked, plan)[0] == value
    column = pd.Series([asked, asked], name="x")
    assert repair_column(column, plan)[0].tolist() == [value, value], "as a column"


@pytest.mark.parametrize(
    ("trained", "asked", "value"),
    [
        (["3", "3.0", "X"], "3.00", "3.00"),  # two values could have become it
        (["1.10", "1.9", "v2"], "1.1", "1.1"),  # versions are no numbers
        (["12", "7", "X"], "07X", "07X"),
        (["41", "12"], "True", None),  # no column of ones and zeros
        (["0420", "1177"], "11774", "11774"),
    ],
)
def test_what_may_be_another_value_stays_as_it_is(trained, asked, value):
    plan = draft_column(pd.Series(trained * 20, name="x", dtype="str"))
    assert reading_values.repair_value(asked, plan)[0] == value


@pytest.mark.parametrize("dtype", ["bool", "boolean", "object", "bool[pyarrow]", "category"])
def test_yes_and_no_are_read_in_every_type_of_pandas(dtype):
    cells = pd.Series([True, False, True], name="x").astype(dtype)
    for trained in (["yes", "no"], ["1", "0"]):
        plan = draft_column(pd.Series(trained * 9, name="x", dtype="str"))
        assert repair_column(cells, plan)[0].astype(float).tolist() == [1.0, 0.0, 1.0]


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "int64[pyarrow]", "double[pyarrow]", "str"])
def test_codes_are_read_in_every_type_of_pandas(dtype):
    plan = draft_column(pd.Series(["3", "7", "X"] * 9, name="x", dtype="str"))
    cells = pd.Series([3, 7], name="x").astype(dtype)
    assert repair_column(cells, plan)[0].tolist() == ["3", "7"]


# --- A delivery decides what one cell can't


@pytest.mark.parametrize(
    ("plan", "texts", "changed"),
    [
        (
            {"kind": "date", "formats": ["%d/%m/%Y"]},
            ["11/27/2021", "11/28/2021", "05/06/2021"],
            "%m/%d/%Y",
        ),
        ({"kind": "date"}, ["27/11/2021", "28/11/2021", "05/06/2021"], "%d/%m/%Y"),
        ({"kind": "number"}, ["72,5", "7,5", "70,125"], "comma"),
        ({"kind": "number"}, ["72,5", "7,25", *[f"{n},125" for n in range(9, 40)]], "comma"),
        ({"kind": "number", "style": "comma"}, ["72.5", "7.5", "70.125"], None),
    ],
)
def test_the_cells_that_read_one_way_decide_for_the_others(plan, texts, changed):
    fitted, said = delivery_forms.fitted_plan(Counter(texts), plan)
    assert said and changed == fitted.get("style", fitted.get("formats", [None])[0])


@pytest.mark.parametrize(
    ("plan", "texts"),
    [
        ({"kind": "date", "formats": ["%d/%m/%Y"]}, ["27/11/2021", "11/27/2021", "05/06/2021"]),
        ({"kind": "date", "formats": ["%d/%m/%Y"]}, ["27/11/2021", "05/06/2021"]),
        ({"kind": "date"}, ["05/06/2021", "07/08/2021"]),
        ({"kind": "date", "formats": ["%d/%m/%Y"]}, ["11/27/2021"]),
        ({"kind": "number"}, ["72,5", "70.5"]),
        ({"kind": "number", "usual": "number"}, ["1,200", "950"]),
        ({"kind": "category", "values": ["1,5"]}, ["1,5"]),
    ],
)
def test_nothing_is_decided_where_a_delivery_shows_both_or_neither(plan, texts):
    assert delivery_forms.fitted_plan(Counter(texts), plan) == (plan, "")


def test_numbers_with_three_places_are_told_by_the_range_of_training():
    words = Counter(["72,125", "70,500"])
    assert (
        delivery_forms.fitted_plan(words, {"kind": "number"}, [40.0, 110.0])[0]["style"] == "comma"
    )
    plan, said = delivery_forms.fitted_plan(words, {"kind": "number"}, [0.0, 90_000.0])
    assert "style" not in plan and "72125" in said, "which is said"


# --- The same rows in many forms


@pytest.fixture(scope="module")
def trained():
    return small.prepared(forms.TARGET, forms.table())


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    return small.write_run(trained)


@pytest.mark.parametrize("few", [True, False], ids=["pipeline", "compiled"])
def test_the_same_rows_in_other_forms_get_the_same_answers(run, tmp_path, monkeypatch, few):
    monkeypatch.setattr(batch_prediction, "FEW", 10_000 if few else 1)
    found = forms.measure("small", forms.table().head(60), tmp_path).set_index("form")
    assert forms.is_right(found).all(), found[~forms.is_right(found)]
    assert set(found.index[found["same"] < found["rows"]]) <= {"Windows-1252"}
    silent = found.index[found["said"].map(len) == 0].tolist()
    silent = [form for form in silent if form != "Windows-1252"]
    assert silent == ["as in training", "UTF-16",
                      "yes and no, other case, blanks", "JSON, all as text",
                      "Parquet with types"]  # fmt: skip


def month_first(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the month first, and a decimal comma; no date of the first ones shows that."""
    days, comma = forms._days(rows), rows["weight"].str.replace(".", ",")
    rows = rows.assign(joined=days.dt.strftime("%m/%d/%Y"), weight=comma)
    return pd.concat([rows[days.dt.day <= 12], rows[days.dt.day > 12]], ignore_index=True)


def in_parts(rows: pd.DataFrame, folder) -> str:
    folder.mkdir()
    for number in range(4):
        part = rows.iloc[50 * number : 50 * number + 50]
        part.to_parquet(folder / f"{number}.parquet", index=False)
    return str(folder)


def test_a_folder_in_parts_is_read_in_one_form_here_and_by_workers(run, tmp_path, monkeypatch):
    rows = forms.table(200).drop(columns=forms.TARGET)
    other = month_first(rows)
    monkeypatch.setattr(input_pieces, "PIECE", 50)
    monkeypatch.setattr(parquet_folders, "PIECE", 50)
    days = pd.to_datetime(other["joined"], format="%m/%d/%Y").dt.strftime("%d/%m/%Y")
    same = other.assign(joined=days, weight=other["weight"].str.replace(",", "."))
    said, answers, cleaned = [], {}, {}
    for name, frame in (("same", same), ("other", other)):
        source = in_parts(frame, tmp_path / name)
        for where in ("here", "workers"):
            monkeypatch.setattr(dask_cluster, "current", lambda where=where: where == "workers")
            monkeypatch.setattr(dask_cluster, "map_tasks", lambda f, calls: (f(*c) for c in calls))
            out = tmp_path / f"{name}_{where}.parquet"
            batch_prediction.predict_file("small", source, out, say=said.append)
            answers[name, where] = pd.read_parquet(out).filter(like="probability")
        parquet_folders.clean_folder("small", source, tmp_path / f"clean_{name}", say=said.append)
        cleaned[name] = pd.read_parquet(tmp_path / f"clean_{name}")
        drift = parquet_folders.drift_of_folder("small", source)
    assert not drift["drifts"].any()
    pd.testing.assert_frame_equal(cleaned["other"], cleaned["same"])
    for found in answers.values():
        pd.testing.assert_frame_equal(found, answers["same", "here"])
    assert sum("the month comes first here" in one for one in said) == 3


def test_what_can_not_be_read_is_counted_and_said_before_the_answers_are_there(run, tmp_path):
    rows = forms.table().head(30).drop(columns=forms.TARGET)
    rows.loc[:3, "joined"], rows.loc[5:6, "weight"] = "soon", "heavy"
    rows.to_csv(tmp_path / "rows.csv", index=False)
    said, out = [], tmp_path / "out.csv"
    batch_prediction.predict_file(
        "small", str(tmp_path / "rows.csv"), out, say=lambda text: said.append((text, out.exists()))
    )
    example = forms.table()["joined"][0]
    assert said[0] == (
        f"joined: 4 of 30 cells can't be read as a date ('soon'; in training '{example}'), "
        f"their rows are refused", False,
    )  # fmt: skip
    assert said[1][0].startswith("weight: 2 of 30 cells can't be read as a number ('heavy'")


def test_a_command_that_was_stopped_says_what_its_earlier_pieces_held(run, tmp_path, monkeypatch):
    monkeypatch.setattr(input_pieces, "PIECE", 10)
    rows = forms.table().head(40).drop(columns=forms.TARGET)
    rows.loc[::10, "joined"] = "soon"
    rows.to_csv(tmp_path / "rows.csv", index=False)
    ask, asked = batch_prediction.predict_rows, []

    def stop(*given):
        asked.append(1)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return ask(*given)

    monkeypatch.setattr(batch_prediction, "predict_rows", stop)
    source, out, said = str(tmp_path / "rows.csv"), tmp_path / "out.csv", []
    with pytest.raises(KeyboardInterrupt):
        batch_prediction.predict_file("small", source, out)
    batch_prediction.predict_file("small", source, out, say=said.append)
    assert len(asked) == 5 and said[0].startswith("joined: 4 of 40 cells")


def test_what_is_odd_in_a_file_is_said_before_its_rows_are_scored(run, tmp_path):
    rows = forms.table().head(30).drop(columns=forms.TARGET)
    text = rows.to_csv(index=False).splitlines()
    text[4] = text[4].rpartition(",")[0]  # a field fewer
    (tmp_path / "rows.csv").write_text("\n".join(text), encoding="utf-8")
    said = []
    batch_prediction.predict_file(
        "small", str(tmp_path / "rows.csv"), tmp_path / "out.csv", say=said.append
    )
    assert said and "line" in said[0] and "5" in said[0]
    assert sum("line 5" in one for one in said) == 1, "each line is told of once"
    assert said[-1] == "The line set aside is kept in out.set_aside.csv."


def test_the_service_reads_another_form_and_says_so_or_names_why_it_does_not(trained):
    check = small.bundle_of(trained).check
    row = forms.table().iloc[0].drop(forms.TARGET).to_dict()
    day = pd.to_datetime(row["joined"], format="%d/%m/%Y")
    warnings, seen = check.row(row | {"joined": f"{day:%d.%m.%Y}", "zip": 2134}, 1)
    assert seen["joined"][0] == day and seen["zip"][0] == "02134"
    assert str(warnings[0]).startswith(
        f"joined: '{day:%d.%m.%Y}' is read as {day:%Y-%m-%d}; in training"
    )
    with pytest.raises(
        InputError, match="'11/27/2022' came, which has the month first, the column"
    ):
        check.row(row | {"joined": "11/27/2022"}, 1)


# --- Later rows that are monitored and learnt from


@pytest.fixture
def deployed(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    return small.deployed_run(trained)


def later(deployed, tmp_path, change) -> production_rows.Production:
    rows = forms.table(120, seed=8)
    change(rows).to_csv(tmp_path / "later.csv", index=False)
    work = Work(8, deployed, {"run": "small", "new_data": str(tmp_path / "later.csv")})
    return production_rows.later_rows(work, str(tmp_path / "later.csv"))


def in_order(form: str):
    def change(rows):
        days = pd.to_datetime(rows["joined"], format="%d/%m/%Y")
        return rows.assign(joined=days.dt.strftime(form))

    return change


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%d"])
def test_later_rows_in_another_form_are_monitored_and_learnt_from_as_they_are(
    deployed, tmp_path, form
):
    same, other = (later(deployed, tmp_path, in_order(f)) for f in ("%d/%m/%Y", form))
    pd.testing.assert_frame_equal(same.X, other.X)
    found = [one.code for one in monitor_model.quality_changes(other)]
    assert "nulls_up" not in found and found.count("other_form") == 1
    rewritten = in_known_forms(other.champion, other.reading, other.raw)
    assert rewritten["joined"].tolist() == same.raw["joined"].tolist()
    assert "other_form" not in [one.code for one in monitor_model.quality_changes(same)]


def test_cells_that_do_not_read_are_said_to_be_unread_and_not_empty(deployed, tmp_path):
    def spoilt(rows):
        return rows.assign(joined=("week " + rows["visits"]).where(rows.index > 9, rows["joined"]))

    rows = later(deployed, tmp_path, spoilt)
    found = {one.code: one for one in monitor_model.quality_changes(rows)}
    assert "nulls_up" not in found and found["unreadable"].severity == "alarm"
    assert "joined: 110 of 120 cells can't be read as a date ('week" in found["unreadable"].message
    assert rows.refused.sum() == 110 and not rows.labelled[rows.refused].any()
    assert len(rows.answered.X) == 10, "what the model does not answer has no score"


def test_rows_of_which_a_whole_column_does_not_read_are_refused(deployed, tmp_path):
    with pytest.raises(InputError, match="120 of 120 cells of 'joined' can't be read"):
        later(deployed, tmp_path, lambda rows: rows.assign(joined="week " + rows["visits"]))


# --- Cells as training had none


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r.assign(city="Atlantis"), "hold a level that training did not: 'Atlantis'"),
        (lambda r: r.assign(visits="4000"), "40 of 40 numbers are out of range, such as 4000"),
        (lambda r: r.assign(member=None), "40 of 40 cells are empty; in training none was"),
        (lambda r: r.assign(grade="1E6"), "hold a level that training did not: '1E6'"),
        (lambda r: r, None),
    ],
)
def test_levels_ranges_and_gaps_that_training_had_not_are_said_in_batch_and_mlflow(
    run, tmp_path, change, said
):
    rows = change(forms.table(40, seed=9).drop(columns=forms.TARGET))
    rows.to_csv(tmp_path / "rows.csv", index=False)
    told = []
    batch_prediction.predict_file(
        "small", str(tmp_path / "rows.csv"), tmp_path / "out.csv", say=told.append
    )
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        pyfunc_loader._load_pyfunc(str(run.file("model"))).predict(rows)
    for sentences in (told, [str(one.message) for one in warned]):
        assert len(sentences) == bool(said), sentences
        assert said is None or said in sentences[0]
