"""Held-out rows are asked once: labels are sealed before stage 6, and each look is counted."""

import sys

import numpy as np
import pandas as pd
import pytest

from helpers.__main__ import main
from helpers.learning import labelled_data
from helpers.line import held_out_looks
from helpers.line.run_folder import Run
from helpers.line.stage_work import Work
from helpers.pages import compare_runs, front_page
from tests.small import deployed_run, prepared, raw_table


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    return tmp_path


@pytest.fixture
def run(own_folder):
    return deployed_run(prepared(), "first")


def opened(run, number: int, **options):
    return labelled_data.labelled_rows(Work(number, run, {"run": run.name}), **options)


def test_before_stage_6_there_are_no_labels_of_held_out_rows(run):
    rows = opened(run, 5)
    held_out = rows.part == "test"
    assert held_out.any() and pd.isna(rows.y[held_out]).all()
    assert not pd.isna(rows.y[~held_out]).any()
    assert pd.isna(rows.of("test").y).all()
    assert held_out_looks.looks(run) == []


def test_numbers_are_sealed_too():
    run = deployed_run(prepared("price"), "numbers")
    rows = opened(run, 5)
    assert np.isnan(rows.y[rows.part == "test"]).all()


def test_stage_6_asks_and_later_stages_come_back_to_its_answer(run):
    for number in (6, 7, 8):
        assert not pd.isna(opened(run, number).y).any()
    assert [look["by"] for look in held_out_looks.looks(run)] == ["stage 6"]


def test_a_stage_that_peeks_is_noted(run):
    opened(run, 5, ask_held_out=True)
    assert [look["by"] for look in held_out_looks.looks(run)] == ["stage 5"]


@pytest.mark.slow
def test_another_run_of_the_same_split_counts_and_another_split_does_not(run):
    twin = deployed_run(prepared(), "twin")
    other = prepared(raw=prepared().raw.iloc[:200].assign(price=0))
    other = deployed_run(other, "other")
    for one in (run, twin, twin, other):
        opened(one, 6)
    assert len(held_out_looks.looks(run)) == len(held_out_looks.looks(twin)) == 3
    assert len(held_out_looks.looks(other)) == 1
    said = held_out_looks.describe_looks(held_out_looks.looks(run))
    assert "asked 3 times (stage 6 of first; stage 6 of twin, twice)" in said


def test_a_comparison_is_a_look_and_says_how_many_there_were(run):
    twin = deployed_run(prepared(), "twin")
    for one in (run, twin):
        opened(one, 6)
    page = run.file(compare_runs.compare(run, twin)[0]).read_text()
    assert "asked 3 times" in page and "compare of" in page
    front_page.write_front_page(run)
    assert "asked 3 times" in run.file("index.html").read_text()


def test_the_first_look_is_no_news_on_the_front_page(run):
    opened(run, 6)
    front_page.write_front_page(run)
    assert "asked once" not in run.file("index.html").read_text()


def test_the_ledger_line_of_stage_6_says_how_often(run):
    for count in (1, 2):
        work = Work(6, run, {"run": run.name})
        labelled_data.labelled_rows(work)
        assert work.finish(1, 1, "done")["held_out_looks"] == count


def test_a_damaged_file_of_looks_stops_nothing(run):
    opened(run, 6)
    Run("broken").write_text(held_out_looks.LOOKS, "[{")
    assert len(held_out_looks.looks(run)) == 1


@pytest.mark.slow
def test_stages_1_to_5_ask_no_held_out_row_and_stage_6_asks_once(own_folder, monkeypatch):
    raw_table().drop(columns="price").to_csv(own_folder / "mine.csv", index=False)
    asked = ["run", "--data", str(own_folder / "mine.csv"), "--target", "bought", "--name", "mine"]
    for stages, count in (("1-5", 0), ("6", 1)):
        monkeypatch.setattr(sys, "argv", ["pipeline", *asked, "--stages", stages])
        main()
        assert len(held_out_looks.looks(Run("mine"))) == count
