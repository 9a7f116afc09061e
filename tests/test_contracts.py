"""What was understood: columns.yaml and `pipeline schema`; `pipeline check`; contracts."""

from __future__ import annotations

import contextlib
import json

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from benchmarks import forms
from helpers.__main__ import cli
from helpers.base.user_errors import InputError
from helpers.cells import column_choices
from helpers.clean import cleaning_plan, cleaning_stage, columns_read
from helpers.clean.column_cleaner import Cleaner
from helpers.line.run_folder import Run
from helpers.pages import columns_page
from helpers.run import run_request
from helpers.run.run_request import Request
from helpers.serving import contracts, delivery_check, model_bundle
from tests import small

RAW = pd.DataFrame(
    {
        "day": ["05/06/2021", "07/08/2021", "01/02/2021"] * 8,
        "price": ["1.5", "n/a", "12.25"] * 8,
        "code": ["1", "2", "3"] * 8,
        "state": ["new", "none yet", "old"] * 8,
        "y": ["a", "b", "a"] * 8,
    },
    dtype="str",
)
ABOUT = {"target": "y"}


def written(plan: dict) -> str:
    changes = Cleaner(plan).fit(RAW).repair(RAW)[1]
    return columns_read.as_text(RAW, plan, changes)


def decided(tmp_path, text: str) -> dict:
    (tmp_path / "columns.yaml").write_text(text)
    return cleaning_stage.decide(RAW, ABOUT, "", "", "", str(tmp_path / "columns.yaml")).plan


def test_a_file_that_was_not_edited_changes_nothing(tmp_path):
    plan = cleaning_plan.draft_plan(RAW, ABOUT)
    assert decided(tmp_path, written(plan)) == plan


def test_the_file_says_what_was_held_and_how_it_was_read():
    found = yaml.safe_load(written(cleaning_plan.draft_plan(RAW, ABOUT)))
    assert found["day"] == {
        "held": ["05/06/2021", "07/08/2021", "01/02/2021"], "kind": "date",
        "format": ["%m/%d/%Y"], "empty": 0.0,
        "doubt": "read with the month first; `order: day` reads it the other way",
    }  # fmt: skip
    assert found["price"]["missing"] == ["n/a"] and found["price"]["decimal"] == "point"
    assert "y" not in found, "the target is no column of the model"


@pytest.mark.parametrize(
    ("edited", "column", "cells"),
    [
        ("day: {order: day}", "day", ["2021-06-05", "2021-08-07", "2021-02-01"]),
        ("day: {format: '%d/%m/%Y'}", "day", ["2021-06-05", "2021-08-07", "2021-02-01"]),
        ("day: {kind: category}", "day", ["05/06/2021", "07/08/2021", "01/02/2021"]),
        ("code: {kind: category}", "code", ["1", "2", "3"]),
        ("code: {kind: boolean}", "code", ["True", "nan", "nan"]),
        ("code: {missing: [2]}", "code", ["1.0", "nan", "3.0"]),
        ("state: {missing: [none yet]}", "state", ["new", "nan", "old"]),
        ("price: {kind: text, keep: [n/a]}", "price", ["1.5", "n/a", "12.25"]),
        ("price: {decimal: comma}", "price", ["1.5", "nan", "12.25"]),
    ],
)
def test_a_choice_is_followed_and_remembered_for_later_rows(tmp_path, edited, column, cells):
    plan = decided(tmp_path, edited)
    later = Cleaner(plan).fit(RAW).transform(RAW.head(3).drop(columns="y"))
    assert later[column].astype("str").fillna("nan").tolist() == cells
    assert decided(tmp_path, written(plan))["columns"][column] == plan["columns"][column]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dya: {kind: date}", "names no column 'dya'. Did you mean 'day'?"),
        ("day: {knid: date}", "unknown entry 'knid'. Did you mean 'kind'?"),
        ("day: {kind: dates}", "kind of 'day' is one of number, boolean, date, category, text"),
        ("day: {order: noon}", "order of 'day' is day or month; it is 'noon'"),
        ("day: {format: dd.mm}", "format of 'day' is a date format such as '%d.%m.%Y'"),
        ("y: {kind: date}", "'y' is the target"),
        ("day: date", "'day' needs entries such as 'kind: date'"),
        ("day: [", "not valid YAML"),
        ("- day", "needs an entry a column"),
    ],
)
def test_what_can_not_be_followed_is_one_line(text, says):
    with pytest.raises(InputError) as told:
        column_choices.read_choices(text, RAW.columns, "y")
    assert says in str(told.value) and "\n" not in str(told.value)


def test_the_encoding_of_the_file_is_told_and_can_be_set(tmp_path):
    plan = cleaning_plan.draft_plan(RAW, ABOUT)
    changes = Cleaner(plan).fit(RAW).repair(RAW)[1]
    text = columns_read.as_text(RAW, plan, changes, "cp1250")
    assert yaml.safe_load(text)["encoding"] == "cp1250" and "encoding" not in yaml.safe_load(
        columns_read.as_text(RAW, plan, changes)
    )
    assert columns_page.columns_table(yaml.safe_load(text))[0]["read as"] == "encoding cp1250"
    (tmp_path / "columns.yaml").write_text(text.replace("cp1250", "Windows-1250"))
    path = str(tmp_path / "columns.yaml")
    read_so = ABOUT | {"encoding": "cp1250"}
    assert cleaning_stage.decide(RAW, read_so, "", "", "", path).plan == plan
    with pytest.raises(InputError, match="read as utf-8: run stage 1 again, with --set encoding="):
        cleaning_stage.decide(RAW, ABOUT, "", "", "", path)
    asked = run_request.with_encoding(Request(settings=(f"columns={path}",)), Run("none"))
    assert asked.settings[-1] == "encoding=Windows-1250"
    told = Request(settings=(f"columns={path}", "encoding=auto"))
    assert run_request.with_encoding(told, Run("none")) == told


# --- A run


@pytest.fixture(scope="module")
def made():
    return small.prepared(forms.TARGET, forms.table())


@pytest.fixture
def run(made, tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    run = Run("small")
    run.path.mkdir(parents=True)
    changes = Cleaner(made.cleaning).fit(made.raw).repair(made.raw)[1]
    run.write_text("columns.yaml", columns_read.as_text(made.raw, made.cleaning, changes))
    return small.write_run(made)


def test_the_run_and_its_bundle_show_the_columns(run):
    for name in ("small", str(run.file("model"))):
        said = CliRunner().invoke(cli, ["schema", name])
        assert said.exit_code == 0 and "format %d/%m/%Y" in said.output, said.output
        assert "joined" in said.output and forms.table()["joined"][0] in said.output
    held = json.loads(CliRunner().invoke(cli, ["schema", "small", "--json"]).output)
    assert held["zip"]["kind"] == "postcode"
    assert columns_page.write_columns_page(run) == "columns.html"
    assert "<code>True | False</code>" in run.file("columns.html").read_text() or (
        "<code>False | True</code>" in run.file("columns.html").read_text())  # fmt: skip


def differences(rows: pd.DataFrame) -> list[str]:
    bundle, known = (load("small") for load in (
        model_bundle.load_bundle, model_bundle.load_reference))  # fmt: skip
    return delivery_check.differences(bundle, known.quality, rows)


def test_deliveries_like_training_fit(run):
    for seed in range(20):
        rows = forms.table(80, seed=100 + seed).drop(columns=forms.TARGET)
        assert differences(rows) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda r: r.drop(columns="visits"), "visits: the column is missing"),
        (lambda r: r.assign(extra="1"), "extra: a column that was not there in training"),
        (lambda r: r.assign(joined="2023-01-17"), "joined: 60 of 60 cells have another form"),
        (lambda r: r.assign(member="1.0"), "member: 60 of 60 cells have another form: '1.0'"),
        (lambda r: set_cell(r, "weight", "5000"), "weight: 1 of 60 numbers are out of range"),
        (lambda r: set_cell(r, "visits", "-3"), "visits: 1 of 60 numbers are out of range"),
        (lambda r: set_cell(r, "city", "Atlantis"), "level that training did not: 'Atlantis'"),
        (lambda r: set_cell(r, "member", None), "member: 1 of 60 cells are empty"),
        (lambda r: set_cell(r, "joined", "soon"), "joined: 1 of 60 cells can't be read as a date"),
    ],
)
def test_a_difference_is_one_line(run, change, says):
    found = differences(change(forms.table(60, seed=7).drop(columns=forms.TARGET)))
    assert len(found) == 1 and says in found[0], found


def set_cell(rows: pd.DataFrame, name: str, value) -> pd.DataFrame:
    rows.loc[3, name] = value
    return rows


def test_the_exit_code_of_a_check(run, tmp_path):
    rows = forms.table(40, seed=7).drop(columns=forms.TARGET)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    said = CliRunner().invoke(cli, ["check", "small", str(tmp_path / "rows.csv")])
    assert said.exit_code == 0 and "fits: 40 rows" in said.output
    rows.drop(columns="city").to_csv(tmp_path / "rows.csv", index=False)
    said = CliRunner().invoke(cli, ["check", "small", str(tmp_path / "rows.csv")])
    assert said.exit_code == 1 and said.output.startswith("city: the column is missing")
    missing = CliRunner().invoke(cli, ["check", "small", str(tmp_path / "none.csv")])
    assert isinstance(missing.exception, InputError)  # which the command line ends with code 2


# --- Contracts


def test_a_table_schema_takes_the_rows_of_training(run, tmp_path):
    out = str(tmp_path / "contract.json")
    said = CliRunner().invoke(cli, ["check", "small", "--write", out, "--as", "frictionless"])
    assert said.exit_code == 0, said.output
    schema = json.loads((tmp_path / "contract.json").read_text())
    fields = {field["name"]: field for field in schema["fields"]}
    assert fields["joined"]["type"] == "date" and fields["joined"]["format"] == "%d/%m/%Y"
    assert fields["weight"]["constraints"]["maximum"] > 90
    assert "02134" in fields["zip"]["constraints"]["enum"]
    frictionless = pytest.importorskip("frictionless")
    rows = forms.table(60, seed=7)[list(fields)]
    for wrong, sound in ((rows, True), (rows.assign(city="Atlantis"), False)):
        wrong.to_csv(tmp_path / "rows.csv", index=False)
        resource = frictionless.Resource(
            path="rows.csv", basepath=str(tmp_path), schema=frictionless.Schema(schema)
        )
        assert resource.validate().valid == sound


def by_pandera(text: str, rows: pd.DataFrame, folder) -> bool:
    pandera = pytest.importorskip("pandera.pandas")
    rows.to_csv(folder / "rows.csv", index=False)
    asked = pd.read_csv(folder / "rows.csv", dtype="str", keep_default_na=False, na_values=[""])
    try:
        pandera.DataFrameSchema.from_json(text).validate(asked, lazy=True)
    except pandera.errors.SchemaErrors:
        return False
    return True


def by_pointblank(text: str, rows: pd.DataFrame, folder) -> bool:
    pointblank = pytest.importorskip("pointblank")
    rows.to_csv(folder / "rows.csv", index=False)
    with contextlib.chdir(folder):
        return pointblank.yaml_interrogate(text).all_passed()


BROKEN = {
    "an unseen level": lambda rows: set_cell(rows, "city", "Atlantis"),
    "out of range": lambda rows: set_cell(rows, "weight", "5000"),
    "an empty cell": lambda rows: set_cell(rows, "member", None),
    "a column fewer": lambda rows: rows.drop(columns="visits"),
}


@pytest.mark.parametrize(
    ("form", "holds"), [("pandera", by_pandera), ("pointblank", by_pointblank)]
)
def test_a_contract_of_a_library_takes_sound_rows_and_no_others(run, tmp_path, form, holds):
    bundle = model_bundle.load_bundle("small")
    try:
        __import__(form)
    except ModuleNotFoundError:
        with pytest.raises(InputError, match=rf"needs {form}.*\[contracts\]"):
            contracts.as_contract(bundle, form)
        return
    text, rows = contracts.as_contract(bundle, form), forms.table(60, seed=7)
    assert holds(text, rows.drop(columns=forms.TARGET), tmp_path)
    assert holds(text, rows, tmp_path), "further columns do no harm"
    for name, change in BROKEN.items():
        assert not holds(text, change(rows.copy()), tmp_path), name
