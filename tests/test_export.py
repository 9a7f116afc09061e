"""Export: the same answers from plain code, a writer for each step, bad input in one line."""

import ast
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import ensemble
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from helpers.base.user_errors import InputError
from helpers.cells.reading_values import KINDS, cell_reader
from helpers.clean import cleaning_plan, column_cleaner, repair_by_dependency
from helpers.export import (
    cleaning_part,
    compare_export,
    export_folder,
    feature_part,
    model_part,
    notebook_form,
    plain_cells,
    plain_votes,
    reading_part,
    run_to_export,
    whole_file,
)
from helpers.export.file_draft import Draft
from helpers.export.python_text import comment_lines, identifier, literal
from helpers.features.category_encoder import ToText
from helpers.features.encoders import first_step
from helpers.learning.units import UnitRule
from helpers.models.calibrated_model import Calibrated
from helpers.models.model_ladder import candidates
from helpers.pipeline.feature_steps import STEPS_OF_ROLE

from . import small
from .command_here import pipeline_here

NASTY = 'a "quoted"\nname\'s \\ end'


@pytest.fixture(scope="module")
def made():
    return small.prepared()


@pytest.fixture(scope="module")
def run(made):
    return small.deployed_run(made, "to_export")


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "plain"
    return export_folder.export(run.name, str(folder), rows=600)


# --- The same answers


def test_it_answers_as_the_run_on_odd_rows_too_and_scores_the_same(exported):
    assert exported.compared.asked >= 600
    assert exported.compared.differ == {"as they came": 0, "perturbed": 0, "odd": 0}
    assert exported.compared.scores and exported.compared.same_score
    assert exported.left_out == []


def test_the_file_imports_nothing_of_this_project_and_is_short(exported):
    text = (exported.folder / "model.py").read_text()
    modules = [n.module or "" for n in ast.walk(ast.parse(text)) if isinstance(n, ast.ImportFrom)]
    assert not any(name.startswith("helpers") for name in modules) and "import helpers" not in text
    assert exported.lines <= 250
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.slow
def test_its_own_test_passes_and_fails_when_the_file_is_changed(exported):
    ask = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_model.py"]
    place = {"cwd": exported.folder, "capture_output": True}
    assert subprocess.run(ask, **place).returncode == 0
    file = exported.folder / "model.py"
    text = file.read_text()
    try:
        file.write_text(text.replace('strategy="median"', 'strategy="mean"', 1))
        assert subprocess.run(ask, **place).returncode == 1
    finally:
        file.write_text(text)


def test_ruff_finds_nothing_with_its_default_rules(exported):
    ruff = shutil.which("ruff", path=Path(sys.executable).parent) or pytest.skip("no ruff here")
    asked = [ruff, "check", "--isolated", "--no-cache", exported.folder]
    assert subprocess.run(asked, capture_output=True, text=True).stdout == "All checks passed!\n"


def test_a_column_with_nothing_to_clean_has_no_code(exported):
    text = (exported.folder / "model.py").read_text()
    assert '"note"' not in text and "LIMITS" not in text and "to_quantity" not in text


# --- A writer for each step


def test_every_role_has_a_writer_or_is_named_as_left_out():
    for role, make in STEPS_OF_ROLE.items():
        more = {"ranks": {}} if role == "ordered words" else {}
        first = first_step(make("binary", 42, **more))
        has_writer = feature_part.encoder_text.dispatch(type(first)) is not _default()
        assert has_writer, f"say in helpers/export/feature_part.py how {role} is written"


def _default():
    return feature_part.encoder_text.dispatch(object)


def test_every_model_of_the_ladder_has_a_writer(made):
    models = [*candidates(made.task, 200).values(), Calibrated(LogisticRegression())]
    models += [ensemble.VotingClassifier([("a", DummyClassifier())], voting="soft")]
    for model in models:
        assert type(model).__name__ in model_part.model_text(model) or model.estimator
    with pytest.raises(InputError, match="no plain form of the model AdaBoost"):
        model_part.model_text(ensemble.AdaBoostClassifier())


def test_every_kind_of_column_has_a_writer():
    assert set(cleaning_part.READERS) == set(KINDS)


def test_a_key_of_a_plan_that_no_writer_knows_is_named():
    known = {"clock", "scale", "zero", "rewrites", "form", "ambiguous", "pivot", "flags"}
    assert not known & cleaning_part.FOLLOWED


# --- Cells


NUMBERS = "5|5.0|1,200|1 200|1,5|1.234,5|<5|100+|≥ 3|-3|−3|1e3|.5|abc|12 apples|1e999|1,5.3|--|"


@pytest.mark.parametrize("text", NUMBERS.split("|"))
def test_plain_numbers_read_as_the_cleaner_reads_them(text):
    value = cell_reader({"kind": "number"})(text)[0]
    assert plain_cells.to_number(plain_cells.to_text(text)) == pytest.approx(
        np.nan if value is None else value, nan_ok=True
    )


@pytest.mark.parametrize("text", ["3 kg", "2.2 lbs", "3", "500 g", "3 km", "1,200 kg", "kg"])
def test_quantities_read_as_the_cleaner_reads_them(text):
    value = cell_reader({"kind": "number", "unit": "kg"})(text)[0]
    units = cleaning_part.factors("kg")
    assert plain_cells.to_quantity(text, units) == pytest.approx(
        np.nan if value is None else value, nan_ok=True
    )


@pytest.mark.parametrize("text", ["Rome", "ROME", "rome ", "Romé", "Lima", "n/a", "", "Rome!"])
def test_names_read_as_the_cleaner_reads_them(text, monkeypatch):
    monkeypatch.setattr(plain_cells, "NO_NAME", {"n/a", ""}, raising=False)
    own = plain_cells.read_cells(pd.Series([text]), plain_cells.name_reader(["Rome", "Oslo"]))
    plan = {"columns": {"city": {"kind": "category", "values": ["Oslo", "Rome"]}}}
    frame = pd.DataFrame({"city": [text]})
    wanted = column_cleaner.Cleaner(plan).fit(frame).transform(frame)["city"]
    assert own.fillna("-").tolist() == wanted.fillna("-").tolist()


# --- What columns of a row say of each other


@pytest.mark.parametrize("rated", [True, False])
def test_rows_are_repaired_as_the_run_repairs_them(rated):
    raw = related_table()
    plan = cleaning_plan.draft_plan(raw, {})
    relations = [one if rated else _unrated(one) for one in plan["relations"]]
    assert any("to" in one for one in relations)
    columns = {name: raw[name] for name in raw}
    wanted, _ = repair_by_dependency.repair(columns, relations)
    rules = cleaning_part._rules({"relations": relations})
    own = plain_votes.repair_by_row(raw, rules)
    for name in rules:
        said = repair_by_dependency.EncodedColumn.of_cells(wanted[name]).column()
        assert own[name].fillna("-").tolist() == said.fillna("-").tolist(), name
    assert sum(int((own[name] != raw[name]).sum()) for name in rules) > 20


def _unrated(one: dict) -> dict:
    return {key: said for key, said in one.items() if key not in ("wrong", "wrong_key", "habit")}


def related_table(rows: int = 900) -> pd.DataFrame:
    random = np.random.default_rng(3)
    place = random.integers(0, 12, rows)
    beginnings = "Ander Bosco Cedar Dover Elmer Fargo Grant Hanno"
    towns = [f"{name}ville" for name in beginnings.split()]
    towns += ["Ipswich", "Jackson", "Kingston", "Lowell"]
    frame = pd.DataFrame({
        "zip": [f"{10_000 + 37 * one}" for one in place],
        "town": [towns[one] for one in place],
        "state": [("NY", "MA", "CT")[one % 3] for one in place],
        "phone": [f"{200 + one}" for one in place],
    })  # fmt: skip
    for name in frame:
        frame[name] = frame[name].astype("object")
        frame.loc[random.random(rows) < 0.03, name] = None
        other = random.random(rows) < 0.02
        frame.loc[other, name] = random.permutation(frame[name].to_numpy())[other]
        slip = (random.random(rows) < 0.02) & frame[name].notna()
        frame.loc[slip, name] = frame.loc[slip, name].str.replace(r"^(.)(.)", r"\2\1", regex=True)
    return frame.astype("str")


def test_units_that_no_column_gives_are_listed(run):
    made = run_to_export.open_run(run.name)
    rows = made.labelled
    unit = np.array([f"pair {n // 2}" for n in range(len(rows.y))], dtype=object)
    other = replace(made, labelled=replace(rows, unit=unit, units=UnitRule("near duplicates", "")))
    draft = Draft()
    text, in_time = model_part._units(other, "near duplicates", draft)
    found = eval(text, {"TABLES": draft.tables, "rows": pd.DataFrame(index=rows.row)})
    assert list(found) == list(unit) and not in_time
    days = rows.X["day"].dt.strftime("%Y-%m-%d").to_numpy(dtype=object)
    by_day = replace(made, labelled=replace(rows, unit=days, units=UnitRule("day", "day")))
    text, in_time = model_part._units(by_day, "day", Draft())
    assert "strftime" in text and in_time


# --- Odd names and values


def odd_table() -> pd.DataFrame:
    raw = small.raw_table().drop(columns="price")
    raw["city"] = raw["city"].replace({"Rome": NASTY, "Oslo": '"""', "Lima": "# {x} \\n"})
    return raw.rename(columns={"weight": "1 weight\n'kg'", "height": "class", "paid": 'a"b'})


def test_names_that_are_no_identifiers_and_quotes_in_values(tmp_path):
    run = small.deployed_run(small.prepared(raw=odd_table()), "odd_names")
    done = export_folder.export(run.name, str(tmp_path / "out"), rows=90)
    assert done.compared.differ["as they came"] == 0 and done.compared.same_score


def test_a_regression_is_written_too(tmp_path):
    run = small.deployed_run(small.prepared("price"), "priced")
    done = export_folder.export(run.name, str(tmp_path / "out"), rows=300)
    assert sum(done.compared.differ.values()) == 0 and done.compared.same_score


@pytest.mark.parametrize("text", [NASTY, "plain", 'it\'s "x"', "\\", None, 0.1, True])
def test_a_literal_is_what_it_was(text):
    assert ast.literal_eval(literal(text)) == text


def test_a_comment_stays_in_its_lines():
    assert all(line.startswith("# ") for line in comment_lines("import os\nos.remove('x')"))
    assert identifier("1 weight\n'kg'") == "column_1_weight_kg"


# --- Where the rows come from


def test_a_secret_in_the_address_is_named_and_never_written():
    hidden = reading_part._database_source("postgresql://me:***@host/shop", "orders")
    assert "***" not in hidden and "SOURCE_ADDRESS" in hidden
    named = reading_part._database_source("postgresql://me:${DB_PASSWORD}@host/shop", "orders")
    assert "expandvars" in named and "DB_PASSWORD" in named


def test_a_plain_file_is_read_from_where_it_is(tmp_path):
    raw = small.raw_table()
    raw.to_csv(tmp_path / "rows.csv", index=False)
    read = reading_part.plain_reading(str(tmp_path / "rows.csv"), raw, ["weight", "day"], "bought")
    assert "read_csv" in read
    raw.iloc[:50].to_csv(tmp_path / "rows.csv", index=False)
    assert not reading_part.plain_reading(str(tmp_path / "rows.csv"), raw, ["weight"], "bought")


# --- Bad input


def test_bad_input_is_one_line_and_leaves_nothing(run, tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    cases = {
        "is there already": ("export", run.name, "--out", taken),
        "There is no run": ("export", "nowhere", "--out", tmp_path / "a"),
    }
    for said, words in cases.items():
        ended = pipeline_here(*words)
        assert ended.returncode == 2 and said in ended.stderr and ended.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_run_that_is_not_finished_or_was_edited_is_refused(made, tmp_path):
    run = small.deployed_run(made, "edited")
    lines = run.ledger
    run.write_json("ledger.json", [line for line in lines if line["stage"] != 7])
    with pytest.raises(InputError, match="Stage 7"):
        run_to_export.open_run(run.name)
    run.write_json("ledger.json", lines)
    file = run.file("data/trained.skops")
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(InputError, match="not as stage 5"):
        export_folder.export(run.name, str(tmp_path / "out"))
    run.file("model/model.skops").unlink()
    with pytest.raises(InputError, match="card"):
        export_folder.export(run.name, str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_a_step_without_a_plain_form_is_named_and_its_cost_measured(run, monkeypatch):
    made = run_to_export.open_run(run.name)
    monkeypatch.setattr(feature_part, "encoder_text", _without(ToText))
    found = whole_file.write(made)
    assert any("encoded by ToText" in what for what in found.left_out)
    assert "Left out" in found.text


def _without(kind):
    def text(first, *rest):
        return None if isinstance(first, kind) else WRITERS(first, *rest)

    return text


WRITERS = feature_part.encoder_text


def test_what_differs_is_counted(run, tmp_path):
    done = export_folder.export(run.name, str(tmp_path / "out"), rows=300)
    text = (
        (tmp_path / "out" / "model.py")
        .read_text()
        .replace("NO_NAME = set(", "NO_NAME = set() or set(")
    )
    text = text.replace('TABLES["no_name"]', "[]")
    (tmp_path / "out" / "model.py").write_text(text)
    compared, _ = compare_export.compare(
        run_to_export.open_run(run.name), compare_export.load(tmp_path / "out"), 300
    )
    assert sum(done.compared.differ.values()) == 0 < sum(compared.differ.values())
    assert any("reads otherwise" in said for said in compared.sentences())


# --- The notebook


@pytest.fixture(scope="module")
def notebook(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook") / "cells"
    return export_folder.export(run.name, str(folder), 60, notebook_form.write).folder


def test_the_notebook_holds_the_code_of_the_file(notebook):
    import nbformat

    found = nbformat.read(notebook / "analysis.ipynb", 4)
    nbformat.validate(found)
    code = "\n".join(cell.source for cell in found.cells if cell.cell_type == "code")
    parts = notebook_form.parts_of((notebook / "model.py").read_text())
    wanted = {name: text for name, text in parts.items() if name not in ("", "train", "main")}
    assert [name for name, text in wanted.items() if text not in code] == []
    assert "seaborn" in (notebook / "requirements.txt").read_text() and "helpers" not in code


@pytest.mark.slow
def test_the_notebook_runs_and_gives_the_score_of_the_run(notebook, run):
    import nbformat
    from nbclient import NotebookClient

    found = nbformat.read(notebook / "analysis.ipynb", 4)
    place = {"metadata": {"path": str(notebook)}}
    NotebookClient(found, timeout=300, resources=place).execute()
    said = [str(out) for cell in found.cells for out in cell.get("outputs", ())]
    score = run.read_json("metrics.json")["test"]["roc_auc"]
    assert any(f"{score:.4f}".rstrip("0") in text for text in said)
    assert sum("image/png" in text for text in said) >= 3
