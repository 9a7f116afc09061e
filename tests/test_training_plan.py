"""What a cleaning plan learns comes from training rows; a person's decisions carry over."""

from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmarks.simulations import cleaning_plan as simulated
from helpers.clean import cleaning_plan, doubtful_cells, training_plan
from helpers.clean.training_plan import clean_by_split, learn_again
from helpers.learning import labelled_data
from helpers.learning.labelled_data import TEST, TRAIN
from helpers.line import stage_work
from helpers.line.run_folder import Run
from helpers.line.stage_work import Work
from tests.small import at_random, deployed_run, prepared

SMALL = {"count": 120, "rows": 8}


def split_table(**options):
    drawn = simulated.customers(np.random.default_rng(1), **SMALL | options)
    whole, features, cut, group = simulated.cut_of(drawn, seed=0)
    return SimpleNamespace(raw=drawn.raw, whole=whole, cut=cut, group=group, features=features)


def cleaned(table, **options):
    return clean_by_split(
        table.raw, table.cut, table.whole, simulated.ABOUT, group=table.group, **options
    )


def gaps(rows, part):
    return rows.of(part).X["segment"].isna().mean()


def test_no_gap_is_filled_from_rows_of_its_own_group_under_a_split_by_group():
    table = split_table()
    assert [r["from"] for r in table.whole["relations"]] == [["customer"]]
    done = cleaned(table)
    assert "relations" not in done.plan
    for part in (TRAIN, TEST):
        assert gaps(done.rows, part) == pytest.approx(0.55, abs=0.06)
        assert gaps(table.cut, part) < 0.3  # by stage 2's plan


def test_a_column_that_only_stands_in_for_the_group_is_no_key_either():
    table = split_table()
    table.raw["mail"] = table.raw["customer"].str.replace("customer ", "c") + "@example.org"
    whole = cleaning_plan.draft_plan(table.raw, simulated.ABOUT)
    assert len(whole["relations"]) >= 2
    done = clean_by_split(table.raw, table.cut, whole, simulated.ABOUT, group="customer")
    assert "relations" not in done.plan


def test_held_out_rows_teach_the_plan_nothing():
    table = split_table(strategy="time")
    done = cleaned(table)
    other = table.raw.copy()
    test = np.flatnonzero(table.cut.part == TEST)
    other.loc[test, "segment"] = "something else"
    again = clean_by_split(other, table.cut, table.whole, simulated.ABOUT)
    assert again.plan == done.plan
    assert again.rows.of(TRAIN).X.equals(done.rows.of(TRAIN).X)


def test_a_fold_teaches_the_plan_that_cleans_it_nothing():
    table = split_table(strategy="time")
    done, train = cleaned(table), table.cut.of(TRAIN)
    at = np.flatnonzero(table.cut.part == TRAIN)
    learn, valid = list(train.folds())[-1]
    plan = learn_again(
        table.raw.iloc[at[learn]].reset_index(drop=True), table.whole, simulated.ABOUT
    )
    own = simulated._cleaned(plan, table.raw.iloc[at[valid]])
    after = done.rows.of(TRAIN).X.iloc[valid]["segment"].fillna("").tolist()
    assert after == own["segment"].fillna("").tolist()
    new = set(train.X.iloc[valid]["customer"]) - set(train.X.iloc[learn]["customer"])
    rows = train.X.iloc[valid]["customer"].isin(new).to_numpy()
    raw = table.raw.iloc[at[valid]]["segment"].isna().to_numpy()
    after = done.rows.of(TRAIN).X.iloc[valid]["segment"].isna().to_numpy()
    assert rows.sum() > 20 and (after == raw)[rows].all()


@pytest.mark.parametrize("draw", [simulated.towns, simulated.misspelt], ids=["keys", "typos"])
def test_what_training_rows_know_is_still_repaired(draw):
    options = {"since": 0} if draw is simulated.misspelt else {}
    drawn = draw(np.random.default_rng(2), **options)
    whole, _, cut, group = simulated.cut_of(drawn, seed=0)
    done = clean_by_split(drawn.raw, cut, whole, simulated.ABOUT, group=group)
    found = simulated._repaired(drawn, cut, done.plan or whole)
    assert found[simulated.RIGHT] > 0.95 and found[simulated.WRONGED] == 0


def test_where_nothing_is_cleaned_otherwise_stage_2s_plan_stays():
    made = prepared()
    cut = at_random(made)
    done = clean_by_split(made.raw, cut, made.cleaning, {"target": "bought"})
    assert done.plan is None and done.rows is cut
    assert "as it did in stage 2" in training_plan.describe(done)


def test_all_rows_teach_what_they_have_taught():
    for raw in (split_table().raw, TOWNS):
        whole = cleaning_plan.draft_plan(raw, simulated.ABOUT)
        assert learn_again(raw, whole, simulated.ABOUT) == whole


# --- What a person has decided ----------------------------------------------------------------


TOWNS = pd.DataFrame(
    {
        "zip": np.repeat(["01970", "02108", "01850"], 30),
        "city": np.repeat(["Salem", "Boston", "Lowell"], 30),
    }
)
TOWNS.loc[[0, 40], "city"] = None
TOWNS.loc[1, "city"] = "Saelm"
HALF = TOWNS.iloc[::2].reset_index(drop=True)


def relearnt(change):
    drafted = cleaning_plan.draft_plan(TOWNS)
    decided = deepcopy(drafted)
    change(decided)
    return learn_again(HALF, decided, {}, drafted=drafted)


def test_edited_values_carry_over_and_all_else_is_learnt_again():
    def change(plan):
        (relation,) = [r for r in plan["relations"] if r["to"] == "city"]
        relation["values"]["99999"] = "Nowhere"
        relation["values"]["01850"] = "Lowell MA"
        del relation["values"]["02108"]
        plan["columns"]["city"]["aliases"] = {"Beantown": "Boston"}
        plan["columns"]["zip"]["missing"] = ["00000"]

    plan = relearnt(change)
    (relation,) = [r for r in plan["relations"] if r["to"] == "city"]
    assert relation["values"] == {"01970": "Salem", "01850": "Lowell MA", "99999": "Nowhere"}
    assert relation["rows"] < 50  # counted anew
    assert plan["columns"]["city"]["aliases"] == {"Beantown": "Boston"}
    assert plan["columns"]["zip"]["missing"] == ["00000"]


def test_a_relation_taken_out_stays_out_and_one_written_by_hand_stays_in():
    own = {"from": ["city"], "to": "zip", "agree": 1.0, "values": {"Salem": "01970"}}

    def change(plan):
        plan["relations"] = [r for r in plan["relations"] if r.get("to") != "city"] + [own]

    assert relearnt(change)["relations"] == [own]


def test_marks_in_the_review_list_carry_over():
    line = dict.fromkeys(doubtful_cells.REVIEW_COLUMNS, "") | {
        "column": "city", "value": "Salem", "where": "zip=02108", "suggestion": "Boston",
        "apply": "yes", "kind": "contradicts its neighbour",
    }  # fmt: skip
    plan = relearnt(
        lambda plan: plan.update(doubtful_cells.apply_marks(plan, pd.DataFrame([line])))
    )
    assert plan["decisions"] == [
        {"column": "city", "value": "Salem", "where": {"zip": "02108"}, "becomes": "Boston"}
    ]


def test_how_cells_are_read_stays_and_codes_are_learnt():
    raw = pd.DataFrame({"age": ["31", "44 years", "27", "35", "62", "51", "33", "29", "48", "57",
                                "41", "38"] * 5 + ["9999999"] * 4})  # fmt: skip
    whole = cleaning_plan.draft_plan(raw, {}, limits="age:0..120")
    assert whole["columns"]["age"]["missing"] == ["9999999"]
    again = learn_again(raw.head(60), whole, {})["columns"]["age"]
    assert "missing" not in again and again["limits"] == [0, 120]
    assert again["kind"] == "number"


# --- In a run ----------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run whose stages 1 to 7 have finished, on a table of customers split by group."""
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    return deployed_run(prepared(), "mine")


def test_stage_4_writes_the_plan_of_training_rows_and_takes_back_an_earlier_one(run):
    table, work = split_table(), Work(4, run, {"run": "mine"})
    facts = training_plan.hand_on(work, cleaned(table))
    assert facts == {"cleaning": "cleaning_training.yaml"}
    assert set(work.outputs) == {"cleaning_training.yaml", "data/clean_training.parquet"}
    stays = training_plan.CleanedBySplit(table.cut, None)
    assert training_plan.hand_on(work, stays) == {"cleaning": "cleaning.yaml"}
    assert not run.file("cleaning_training.yaml").exists()


def test_later_stages_read_the_rows_and_the_plan_of_stage_4(run):
    work = Work(4, run, {"run": "mine"})
    rows = labelled_data.labelled_rows(Work(5, run, {}), ask_held_out=True)
    other = rows.X.assign(city="Rome")
    done = training_plan.CleanedBySplit(
        labelled_data.replace(rows, X=other), prepared().cleaning | {"relations": []}
    )
    facts = training_plan.hand_on(work, done)
    work.write_json("split.json", {"strategy": "random", "column": ""} | facts)
    split = pd.read_parquet(run.file("data/split.parquet"))
    work.write_table("split", split)
    work.finish(240, 240, "done")
    later = stage_work.start(5, "mine")
    assert labelled_data.labelled_rows(later).X["city"].eq("Rome").all()
    assert labelled_data.training_plan(later)["relations"] == []
    assert {"cleaning_training.yaml", "data/clean_training.parquet"} <= set(later.inputs)


def test_a_run_of_before_keeps_stage_2s_rows():
    run = SimpleNamespace(read_json=lambda name: {"strategy": "random", "column": ""})
    assert not labelled_data.has_training_plan(run)


def test_the_draft_is_kept_only_where_a_person_changed_it(run):
    work, plan = Work(2, Run("mine"), {}), {"columns": {}}
    training_plan.hand_on_draft(work, plan, plan)
    assert not run.file(training_plan.DRAFTED).exists()
    training_plan.hand_on_draft(work, plan, plan | {"decisions": []})
    assert run.file(training_plan.DRAFTED).exists()
    training_plan.hand_on_draft(work, plan, plan)
    assert not run.file(training_plan.DRAFTED).exists()
