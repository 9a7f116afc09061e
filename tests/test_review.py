"""The review: doubts become questions, answers become rules that are applied, kept and undone."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from helpers.base.user_errors import InputError
from helpers.cells.as_texts import texts
from helpers.cells.reading_columns import repair_column
from helpers.cells.reading_values import repair_value
from helpers.cells.rewriting import form_of, rewriter, rule_from
from helpers.clean import clean_rows, cleaning_plan, cleaning_stage, doubtful_cells
from helpers.clean.column_cleaner import Cleaner
from helpers.clean.doubtful_cells import REVIEW_COLUMNS, apply_marks
from helpers.clean.one_row_cleaner import RowCleaner
from helpers.clean.training_plan import learn_again
from helpers.cli.review_commands import cli
from helpers.learning import label_doubts
from helpers.line.run_folder import Run
from helpers.review.answered_table import AnsweredTable
from helpers.review.review_server import ReviewServer, serving
from helpers.review.review_session import Session
from helpers.review.reviewed_run import Review

from . import browser

HOSTILE = "<img src=x onerror=document.title='run'>"


def lines(*some: dict) -> pd.DataFrame:
    return pd.DataFrame([dict.fromkeys(REVIEW_COLUMNS, "") | {"cells": 1} | one for one in some])


def depots(rows=240, seed=3) -> pd.DataFrame:
    """Depots by their code, with towns that are wrong, jars with a second form, gaps."""
    random = np.random.default_rng(seed)
    which = random.integers(0, 4, rows)
    table = pd.DataFrame({
        "depot": np.array(["D10", "D20", "D30", "D40"])[which],
        "town": np.array(["Quarn", "Velmo", "Tessik", "Ostrada"])[which],
        "jar": [f"J-{n % 60 + 10}" for n in range(rows)],
        "left": random.integers(1, 90, rows).astype(str),
    })  # fmt: skip
    wrong = random.choice(rows, 40, replace=False)
    table.loc[wrong, "town"] = np.roll(table.loc[wrong, "town"].to_numpy(), 7)
    table.loc[wrong[:12], "jar"] = [f"{n} kept" for n in range(30, 42)]
    table.loc[wrong[12:22], "left"] = None
    table.loc[wrong[-1], "town"] = HOSTILE
    return table


def session_of(table: pd.DataFrame, **more) -> Session:
    plan, found = cleaning_plan.draft(table)
    answered = AnsweredTable(table, plan)
    frame = pd.DataFrame(answered.texts, dtype=object)
    return Session(answered, doubtful_cells.review_list(found, frame), **more)


def asked_about(session: Session, words: str):
    return next(one for one in session.open if words in one.text)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of which stage 2 has run, without a notebook."""
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    table, made = depots(), Run("depots")
    session = session_of(table)
    made.write_text("review.csv", session.review.to_csv(index=False))
    made.write_text("cleaning.yaml", cleaning_plan.plan_text(session.table.base))
    made.write_json("about.json", {"target": "", "source": "depots.csv"})
    made.place("data/raw.parquet")
    table.to_parquet(made.file("data/raw.parquet"))
    entry = {"stage": 2, "verdict": "done", "parameters": {}, "outputs": {}, "inputs": {}}
    made.write_json("ledger.json", [entry | {"headline": "", "identities": {}}])
    return made


# --- Rules that answers become --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "typed", "like", "becomes"),
    [
        ("14.5 fl", "14.5", "9 FL", "9"),
        ("Room 12 of 3", "3/12", "room 7 of 44", "44/7"),
        ("(kept) 81", "J-81", "(kept) 5", "J-5"),
        ("12-03-77", "77/12/03", "01-02-03", "03/01/02"),
    ],
)
def test_what_is_typed_for_one_cell_becomes_a_rule_for_its_form(before, typed, like, becomes):
    form = form_of(before)
    rules = {form: rule_from(form, before, typed)}
    assert rewriter(rules)(before) == typed
    assert rewriter(rules)(like) == becomes
    assert rewriter(rules)("something else") == "something else"


def test_a_rule_reads_the_same_in_a_column_a_cell_and_a_row_of_the_service():
    plan = {"kind": "number", "rewrites": {"{number} fl": "{number}", "…#…": ""}}
    column = pd.Series(["3 fl", "4 FL", "5", "#6", None])
    values, kinds = repair_column(column, plan)
    assert values.tolist()[:4] == [3, 4, 5, 6] and np.isnan(values[4])
    assert kinds.tolist() == ["rewritten", "rewritten", "", "rewritten", ""]
    cleaner = RowCleaner({"columns": {"x": plan}}, ["x"])
    for text, value in zip(column[:4], values[:4], strict=True):
        assert repair_value(text, plan)[0] == value
        assert cleaner({"x": text}, {"x": cleaner.fields["x"](text)})["x"] == value


def test_empty_cells_and_a_year_that_comes_first():
    plan = {"columns": {"n": {"kind": "number"}, "at": {"kind": "date", "formats": ["%m/%d/%y"]}}}
    review = lines({"column": "n", "kind": "empty cells", "suggestion": "-1", "apply": "yes"},
                   {"column": "at", "kind": "order of day and month", "value": "9/1/02",
                    "suggestion": "year first", "apply": "yes"})  # fmt: skip
    settled = apply_marks(plan, review)
    raw = pd.DataFrame({"n": ["3", None], "at": ["9/1/02", "1/1/71"]})
    clean = Cleaner(settled).fit(raw).transform(raw)
    assert clean["n"].tolist() == [3, -1]
    assert clean["at"].dt.strftime("%Y-%m-%d").tolist() == ["2009-01-02", "1971-01-01"]
    cleaner = RowCleaner(settled, ["n"])
    assert cleaner({"n": None}, {"n": cleaner.fields["n"](None)}) == {"n": -1}


def test_a_dependency_that_a_person_names_is_learnt_from_training_rows_alone():
    raw = pd.DataFrame({"depot": ["a"] * 5 + ["b"] * 5, "town": ["X", "X", "Y", "Y", "Y"] * 2})
    kinds = {"columns": {"depot": {"kind": "category"}, "town": {"kind": "category"}}}
    named = lines({"column": "town", "kind": "rows of one key disagree", "suggestion": "by depot",
                   "apply": "yes", "value": "(any other)"})  # fmt: skip
    whole = apply_marks(kinds, named)
    training = raw.iloc[[0, 1, 2, 5, 6]].reset_index(drop=True)
    learnt = learn_again(training, whole, {}, drafted=kinds)
    assert learnt["relations"][0]["values"] == {"a": "X", "b": "X"}


def test_a_label_is_corrected_where_the_row_still_has_it_and_logged():
    raw = pd.DataFrame({"x": ["1", "2", "3"], "late": ["no", "no", "yes"]})
    review = lines({"column": "late", "kind": "label in doubt", "value": "no",
                    "where": "row 1", "suggestion": "yes", "apply": "yes"},
                   {"column": "late", "kind": "label in doubt", "value": "no",
                    "where": "row 2", "suggestion": "yes", "apply": "yes"})  # fmt: skip
    plan = apply_marks({"columns": {"x": {"kind": "number"}}}, review)
    about = {"target": "late", "label": {"kind": "class", "values": ["no", "yes"]}}
    clean, changes = clean_rows.repair_rows(raw, plan, about)
    assert clean["late"].tolist() == ["no", "yes", "yes"]
    assert changes[["row", "column", "kind"]].values.tolist() == [[1, "late", "decision"]]


# --- The session ----------------------------------------------------------------------------------


def test_one_answer_settles_all_cells_alike_and_the_next_run_cleans_the_same():
    table = depots()
    session = session_of(table)
    question = asked_about(session, "settle town")
    given = session.answer(question.id, "yes")
    assert given.settled >= 25
    jars = asked_about(session, "kept’ in jar")
    assert session.answer(jars.id, f"J-{jars.example.split()[0]}").settled == 12
    plan = session.table.plan
    clean = Cleaner(plan).fit(table).transform(table)
    for name, cells in session.table.texts.items():
        again = texts(clean[name]).astype(object).where(clean[name].notna(), None)
        assert again.tolist() == cells.tolist()
    assert plan["columns"]["jar"]["rewrites"] == {"{number} kept": "J-{number}"}


def test_every_answer_can_be_undone():
    session = session_of(depots())
    before = {name: cells.tolist() for name, cells in session.table.texts.items()}
    asked = [one.id for one in session.open]
    for question in list(session.open):
        answer = "yes" if question.has_yes and not question.opens else "no"
        if question.id in {one.id for one in session.open}:
            session.answer(question.id, answer)
    while session.answers:
        session.undo()
    assert {name: cells.tolist() for name, cells in session.table.texts.items()} == before
    assert set(asked) <= {one.id for one in session.open}
    with pytest.raises(InputError, match="no answer to undo"):
        session.undo()


def test_a_joined_question_that_is_denied_is_asked_part_by_part():
    one = {"column": "town", "kind": "typo", "suggestion": "Quarn"}
    rare = [one | {"value": value} for value in ("Qarn", "Quar")]
    raw = pd.DataFrame({"town": ["Quarn"] * 9 + ["Qarn", "Quar"]})
    table = AnsweredTable(raw, {"columns": {"town": {"kind": "category"}}})
    session = Session(table, lines(*rare), more=False)
    assert len(session.open) == 1 and session.first().cells == 2
    session.answer(session.first().id, "no")
    assert sorted(one.lines[0]["value"] for one in session.open) == ["Qarn", "Quar"]


def test_questions_come_by_the_cells_that_an_answer_is_expected_to_change():
    session = session_of(depots())
    first = session.first()
    assert all(first.gain >= one.gain for one in session.open)


@pytest.mark.parametrize("answer", ["", "perhaps", "x" * 3_000])
def test_an_answer_that_says_nothing_is_refused_in_a_line(answer):
    session = session_of(depots())
    question = asked_about(session, "settle town")
    with pytest.raises(InputError):
        session.answer(question.id, answer)
    assert not session.answers and question in session.open


def test_a_sound_table_raises_few_questions_and_none_is_answered_by_itself():
    random = np.random.default_rng(0)
    sound = pd.DataFrame({"kind": random.choice(["ash", "oak", "elm"], 300),
                          "height": random.uniform(8, 20, 300).round(1)})  # fmt: skip
    session = session_of(sound)
    assert session.open == [] and session.first() is None


@pytest.mark.slow
def test_an_answer_on_40_000_rows_is_applied_within_a_second():
    session = session_of(depots(40_000))
    question = asked_about(session, "settle town")
    began = time.perf_counter()
    session.answer(question.id, "yes")
    assert time.perf_counter() - began < 1


# --- The run and its page -------------------------------------------------------------------------


def test_answers_are_on_the_disk_at_once_and_carry_over(run):
    review = Review("depots")
    question = asked_about(review.session, "settle town")
    review.answer(question.id, "yes")
    again = Review("depots")
    assert [one.said for one in again.session.answers] == ["by depot"]
    assert again.session.table.texts["town"].tolist() == review.session.table.texts["town"].tolist()
    about = {"target": "", "limits": {}}
    decided = cleaning_stage.decide(depots(), about, "", "", "", "", run)
    by_depot = [one for one in decided.plan["relations"] if one["from"] == ["depot"]]
    assert by_depot[0]["sure"] is True
    again.undo(again.session.answers[0].id)
    assert (pd.read_csv(run.file("review.csv"))["apply"].isna()).all()


def test_the_read_only_page_is_whole_and_escaped(run):
    Review("depots")
    page = run.file("review.html").read_text()
    assert "pipeline review depots" in page and "<script" not in page and HOSTILE not in page


def post(server: ReviewServer, path: str, body, **headers):
    address = f"http://127.0.0.1:{server.server_address[1]}{path}"
    known = {"X-Review-Key": server.token, "Content-Type": "application/json"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(address, data, known | headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_server_answers_who_has_the_token_and_nobody_else(run):
    with serving(Review("depots")) as server:
        status, state = post(server, "/state", {})
        assert status == 200 and state["question"]["examples"]
        id = state["question"]["id"]
        assert post(server, "/preview", {"id": id, "answer": "yes"})[1]["changes"] > 0
        status, done = post(server, "/answer", {"id": id, "answer": "yes"})
        assert status == 200 and done["done"]["settled"] > 0
        assert post(server, "/undo", {})[1]["settled"] == 0
        for other in ({"X-Review-Key": "x"}, {"Origin": "http://evil.example"},
                      {"Host": "evil.example"}):  # fmt: skip
            assert post(server, "/state", {}, **other)[0] == 403
        for bad in (b"[]", b"{", {"id": "none", "answer": "yes"}, {}):
            status, said = post(server, "/answer", bad)
            assert status == 400 and "\n" not in said["error"]


@pytest.mark.parametrize(
    ("name", "port", "says"),
    [("nowhere", "0", "There is no run 'nowhere'"), ("depots", "taken", "is taken")],
)
def test_bad_input_is_one_line(run, name, port, says):
    with serving(Review("depots")) as server:
        port = str(server.server_address[1]) if port == "taken" else port
        done = CliRunner().invoke(cli, ["review", name, "--no-browser", "--port", port])
    assert isinstance(done.exception, InputError)
    assert says in str(done.exception) and "\n" not in str(done.exception)


def test_a_run_without_stage_2_is_told_what_to_do(run):
    run.write_json("ledger.json", [{"stage": 1, "verdict": "done", "parameters": {}}])
    with pytest.raises(InputError, match="Stage 2"):
        Review("depots")


# --- Labels ---------------------------------------------------------------------------------------


def test_flipped_labels_rank_first():
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 600)
    probability = np.full((600, 3), 0.1)
    probability[np.arange(600), y] = 0.8
    flipped = random.choice(600, 30, replace=False)
    noisy = y.copy()
    noisy[flipped] = (y[flipped] + 1) % 3
    first = np.argsort(label_doubts.margins(noisy, probability), kind="stable")[:30]
    assert set(first) == set(flipped)
    assert set(np.flatnonzero(label_doubts.confident(noisy, probability))) == set(flipped)


def test_labels_are_asked_about_after_stage_5_alone(run):
    assert Review("depots").labels == ""
    run.write_json("about.json", {"target": "late", "source": "x"})
    assert "once stage 5 has run" in Review("depots").labels
    found = pd.DataFrame({"row": [3], "label": ["no"], "predicted": ["yes"], "score": [-0.9],
                          "evidence": ["sure"]})  # fmt: skip
    found.to_parquet(run.file("data/label_doubts.parquet"))
    run.write_json("ledger.json", run.ledger + [run.ledger[0] | {"stage": 5}])
    review = Review("depots")
    asked = asked_about(review.session, "label ‘no’ of row 3")
    review.answer(asked.id, "yes")
    assert review.session.table.plan["labels"] == [{"row": 3, "value": "no", "becomes": "yes"}]


# --- Slow: a process, a browser -------------------------------------------------------------------


@pytest.mark.slow
def test_ctrl_c_ends_it_and_a_run_beside_it_is_refused(run):
    command = [sys.executable, "-m", "helpers", "review", "depots", "--no-browser"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().startswith("Review: http://127.0.0.1:")
        beside = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert beside.returncode == 2 and "in use by `pipeline review`" in beside.stderr
        os.kill(process.pid, signal.SIGINT)
        said, errors = process.communicate(timeout=30)
        assert process.returncode == 0 and "0 answers in" in said and errors == ""
    finally:
        process.kill()


@pytest.mark.slow
@pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Debian's package chromium")
def test_it_is_answered_from_the_keyboard_in_a_browser(run, tmp_path):
    review = Review("depots")
    with serving(review) as server, browser.opened(tmp_path, server.address) as page:
        page.wait("document.querySelector('#asked h2') !== null")
        page.press("y")
        page.wait("document.querySelectorAll('#answers li').length === 1")
        assert len(review.session.answers) == 1
        page.press("u")
        page.wait("document.querySelectorAll('#answers li').length === 0")
        assert not review.session.answers
        first = page.ask("document.querySelector('#asked h2').textContent")
        page.press("ArrowDown")
        page.wait(f"document.querySelector('#asked h2').textContent !== {json.dumps(first)}")
        assert page.ask("document.title") != "run"
