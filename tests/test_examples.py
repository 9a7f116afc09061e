"""A second, made-up example: what the line asks of an example, it asks by name."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers.base.files import sha256
from helpers.base.user_errors import InputError
from helpers.collect import collect_rows
from helpers.deploy import model_card
from helpers.examples import known, plant_errors
from helpers.examples.known import Example
from helpers.explore import compare_tables
from helpers.line.run_folder import Run
from helpers.line.stage_list import STAGES
from helpers.line.stage_work import Work, has_lessons, outside
from helpers.monitor import production_rows
from helpers.pages.stage_page import stages_of
from helpers.run import run_request, train_challenger
from helpers.run.run_request import Request
from tests.small import deployed_run, prepared, raw_table

TREES = raw_table(900).drop(columns=["price", "note"])  # a row a day from 2020-01-06 on
LAST_DAY = TREES["day"].iloc[-1]
UNTIL = TREES["day"].iloc[399]


class Orchard:
    """What the made-up example does."""

    def collect(self, until=""):
        frame = TREES[TREES["day"] <= (until or LAST_DAY)].reset_index(drop=True)
        return frame, {"trees": frame}

    def later_rows(self, about):
        if about["until"] >= LAST_DAY:
            return None
        return TREES[TREES["day"] > about["until"]].reset_index(drop=True)

    def what_is_known(self, sources, target="", until=""):
        about = {"table": "orchard", "target": "bought", "question": "Will it be sold?"}
        return about | {
            "until": until, "time_column": "day", "limits": {"weight": [0, 200]},
            "not_known": {}, "leave_out": {}, "derive": {}, "split_strategy": "time",
            "test_from": TREES["day"].iloc[299],
        }  # fmt: skip

    def with_injected_errors(self, frame, rate, seed=42):
        return plant_errors.inject(frame, rate=rate, seed=seed, protect=["bought", "day"])


@pytest.fixture(autouse=True)
def orchard(monkeypatch, tmp_path):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    settings = {"sample": "350", "injected_errors": "0.02", "until": UNTIL}
    entry = Example("orchard", "the trees", "bought", settings, ("Its trees are made up.",),
                    packages=("pandas",))  # fmt: skip
    monkeypatch.setitem(known.EXAMPLES, "orchard", entry)
    monkeypatch.setitem(known.SOURCES, "orchard", Orchard)
    return entry


@pytest.fixture(scope="module")
def made():
    return prepared(raw=TREES.head(400))


@pytest.fixture
def run(made):
    """A deployed run of the orchard, up to the day `UNTIL`."""
    run = deployed_run(made, "orchard")
    known_of_it = Orchard().what_is_known({}, until=UNTIL)
    return told(run, **known_of_it, sampled=1.0, injected_errors=0.0)


def told(run, **more):
    """The run, as stage 1 would have left it with these entries in `about.json`."""
    run.write_json("about.json", run.about | more)
    left = run.line_of(1)["outputs"] | {"about.json": sha256(run.file("about.json"))}
    run.amend(1, outputs=left)
    return run


def test_it_is_collected_by_name_with_its_own_settings():
    whole, sources = collect_rows.collect("orchard")
    assert len(whole) == 400 and list(sources) == ["trees"]
    assert len(collect_rows.collect("orchard", until=LAST_DAY)[0]) == 900
    assert len(collect_rows.draw_sample(whole, "auto", "orchard")) == 350
    assert collect_rows.injected_error_rate("auto", "orchard") == 0.02
    dirty, key = collect_rows.inject_errors(whole, 0.02, "orchard", "bought")
    assert len(key) and not {"bought", "day"} & set(key["column"].dropna())
    assert not dirty.equals(whole)


def test_what_a_person_knows_of_it_goes_into_about():
    whole, sources = collect_rows.collect("orchard")
    about = collect_rows.table_facts(whole, sources, "orchard")
    assert json.loads(json.dumps(about)) == about
    assert about["target"] == "bought" and about["task"] == "binary"
    assert about["question"] == "Will it be sold?" and about["until"] == UNTIL
    assert about["limits"] == {"weight": [0, 200]}


def test_its_later_rows_are_what_a_run_of_it_is_monitored_on(run):
    found = production_rows.later_rows(Work(8, run, {}))
    assert found.origin == "the trees after the collection ended" and found.seen
    assert len(found.X) == 500 and found.raw["day"].min() > UNTIL
    assert found.labelled.all() and len(np.unique(found.period)) > 12  # months of its time column


def test_where_no_later_rows_are_left_that_is_said(run):
    told(run, until=LAST_DAY)
    with pytest.raises(InputError, match=f"collected all of the trees up to {LAST_DAY}, so no"):
        production_rows.later_rows(Work(8, run, {}))


def test_a_run_of_a_table_of_one_s_own_gets_its_held_out_rows(run):
    told(run, table="own")
    assert production_rows.later_rows(Work(8, run, {})).origin == "the held-out rows"


def test_a_challenger_collects_it_up_to_a_later_day(run):
    production = production_rows.later_rows(Work(8, run, {}))
    newer = np.arange(500) >= 250
    asked = train_challenger._request(Run("orchard-2"), run, production, newer, "")
    last_learnt = TREES["day"].iloc[400 + 249]
    assert asked.data == "orchard" and f"until={last_learnt}" in asked.settings
    assert f"test_from={TREES['day'].iloc[299 + 250]}" in asked.settings
    told(run, sampled=0.5)
    asked = train_challenger._request(Run("orchard-2"), run, production, newer, "")
    assert "sample=325" in asked.settings


def test_its_limits_are_on_the_card_and_its_fingerprint_in_the_ledger(run, orchard):
    metrics = {"verdict": "good enough"}
    assert "Its trees are made up." in model_card._limits(run.about, metrics)
    assert "Its trees are made up." not in model_card._limits(run.about | {"table": "own"}, metrics)
    assert outside({"data": "orchard"}) == {"orchard": f"pandas {pd.__version__}"}


def test_the_line_has_its_target_and_no_lessons_on_it(run):
    stages = run_request.stages_to_run(
        Request("orchard"), Run("new"), run_request.whole_address("orchard")
    )
    assert [s.number for s in stages] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert run_request.name_for("orchard") == "orchard"
    assert not any(s.lesson for s in stages_of(run)) and not run.has_lessons
    assert not has_lessons(run, STAGES[2], {}) and not has_lessons(run, STAGES[1], {"data": "x"})
    assert has_lessons(run, STAGES[1], {"data": "flights"}) and has_lessons(run, STAGES[0], {})


def test_exploring_reads_it_as_stage_1_does():
    assert len(compare_tables.read_source("orchard")) == 400


def test_until_is_refused_for_a_table_of_one_s_own_and_examples_are_named(tmp_path):
    with pytest.raises(InputError, match="until is a parameter of the flights or the trees only"):
        collect_rows.collect(str(tmp_path / "mine.csv"), until="2020-01-01")
