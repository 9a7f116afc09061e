"""The reference in a bundle: counts that add up, and a bundle that is monitored without its run."""

import json
import shutil
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.__main__ import main
from helpers.base.user_errors import InputError
from helpers.drift import compare_columns, data_quality, stored_reference
from helpers.drift.column_tallies import LevelCounts
from helpers.drift.stored_reference import KNOTS, as_content, read_content, reference_of
from helpers.line.run_folder import Run
from helpers.line.stage_work import Work
from helpers.monitor import monitor_bundle, monitor_model, period_scores, production_rows
from helpers.registry import champions
from helpers.serving import local_service, model_bundle, parquet_folders  # fmt: skip
from helpers.serving.start_service import service_of
from tests.small import deployed_run, prepared, raw_table

LATER = 400
PARTS = 3


def cleaned(seed: int = 0, rows: int = 5_000, shift: float = 0.0) -> pd.DataFrame:
    """Cleaned rows of all kinds, with gaps."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "number": random.normal(shift, 1, rows),
            "rounded": random.normal(10 + shift, 3, rows).round(1),
            "few": random.integers(0, 4 + int(4 * shift), rows).astype(float),
            "level": random.choice(
                ["a", "b", "c"], rows, p=[0.6 - shift / 5, 0.3 + shift / 5, 0.1]
            ),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 90, rows), "D"),
            "flag": random.random(rows) < 0.4,
        }
    )
    frame.loc[random.random(rows) < 0.1, ["number", "level"]] = np.nan
    return frame


OLDER = {"weight": {"kind": "number", "edges": [1.0], "shares": [0.5, 0.5, 0.0]}}


def parts_of(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Rows in three parts."""
    return [part for _, part in rows.groupby(np.arange(len(rows)) * PARTS // len(rows))]


def there_and_back(rows: pd.DataFrame, **more) -> stored_reference.Reference:
    """The reference of rows, as it is read from its file."""
    made = as_content(reference_of(rows, list(rows.columns), **more))
    return read_content(json.loads(json.dumps(made)), "small")


# --- What is counted ----------------------------------------------------------------------------


def test_the_counts_of_a_file_add_up_to_the_rows():
    content = as_content(reference_of(cleaned(), list(cleaned().columns)))
    for name, one in content["columns"].items():
        known = sum(one["levels"].values()) if "levels" in one else sum(one["at"] + one["above"])
        assert known + one["missing"] == content["rows"] == 5_000, name
    assert len(content["columns"]["number"]["knots"]) <= KNOTS + 1


@pytest.mark.parametrize("shift", [0.0, 0.1, 1.0])
def test_the_indices_are_those_of_the_rows_and_the_test_errs_by_a_bin(shift):
    before, after = cleaned(), cleaned(1, 3_000, shift)
    exact, binned = compare_columns.compare(before, after), there_and_back(before).drift(after)
    binned = binned.loc[exact.index]
    for name in ("psi", "expected psi", "distance", "missing before", "missing after"):
        np.testing.assert_allclose(binned[name], exact[name], atol=1e-12)
    assert (binned["drifts"] == exact["drifts"]).all() and (binned["test"] == exact["test"]).all()
    chances = [np.log(table["p_value"].clip(lower=1e-300)) for table in (exact, binned)]
    apart = np.abs(np.sqrt(-chances[0]) - np.sqrt(-chances[1]))
    assert apart.max() < np.sqrt(2 * 1_875) * 1.5 / KNOTS


def test_later_rows_in_parts_are_the_whole():
    known, after = there_and_back(cleaned()), cleaned(1, 3_000, 0.3)
    whole = known.drift(after)
    later = {
        name: sum(
            (compare_columns.LaterTally.of(one, part[name]) for part in parts_of(after)),
            compare_columns.LaterTally(one),
        ).tally
        for name, one in known.tallies.items()
    }
    parts = compare_columns.compare_tallies({n: (known.tallies[n], later[n]) for n in later})
    pd.testing.assert_frame_equal(parts, whole)


def test_levels_beyond_the_most_are_counted_together(monkeypatch):
    monkeypatch.setattr(stored_reference, "MOST_LEVELS", 2)
    rows = cleaned()
    known = there_and_back(rows[["level"]])
    assert isinstance(known.tallies["level"], LevelCounts) and known.tallies["level"].folded
    assert known.drift(rows)["psi"].tolist() == [0.0]


def test_quality_is_judged_by_the_file_as_by_the_rows():
    before, after = cleaned(), cleaned(1).assign(level="new", rounded=lambda t: t["rounded"] + 50)
    found = data_quality.compare(there_and_back(before).quality, after)
    assert found == data_quality.compare(before, after) != []


@pytest.mark.parametrize("old", [None, {}, OLDER])
def test_an_older_form_is_one_clear_line(old):
    with pytest.raises(InputError, match="of small is of an older form.*--stages 7") as refused:
        read_content(old, "small")
    assert "\n" not in str(refused.value)


# --- A bundle without its run -------------------------------------------------------------------


def later_table(heavier: float = 0.0) -> pd.DataFrame:
    raw = raw_table(LATER, seed=7).drop(columns="price")
    days = raw_table(1_000)["day"].sample(LATER, random_state=0).to_numpy()
    return raw.assign(weight=raw["weight"] + heavier, day=days)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    return deployed_run(prepared(raw=raw_table(1_000)))


def moved_away(run: Run, tmp_path) -> str:
    """The bundle of a run in another folder; the run is gone."""
    shutil.copytree(run.file("model"), tmp_path / "elsewhere")
    shutil.rmtree(run.path)
    return str(tmp_path / "elsewhere")


@pytest.mark.parametrize("heavier", [0.0, 12.0])
def test_a_bundle_elsewhere_says_what_its_run_says(run, tmp_path, heavier):
    file = tmp_path / "later.csv"
    later_table(heavier).to_csv(file, index=False)
    here = production_rows.later_rows(Work(8, run, {}), str(file))
    rows = replace(here, reference=None)  # held against the rows themselves
    exact = compare_columns.compare(here.known.X, here.X)
    table, changes = monitor_model.column_drift(here), monitor_model.quality_changes(here)
    scores, joint = period_scores.performance(here), monitor_model.joint_drift(here)
    there = moved_away(run, tmp_path)
    seen = monitor_bundle.look(there, str(file))
    known = model_bundle.load_reference(there)
    alone = monitor_bundle.later_rows(there, model_bundle.load_bundle(there), known, str(file))
    pd.testing.assert_frame_equal(monitor_model.column_drift(alone), table)
    pd.testing.assert_frame_equal(monitor_model.column_drift(rows), table)
    np.testing.assert_allclose(table["psi"], exact["psi"].loc[table.index], atol=1e-12)
    assert monitor_model.quality_changes(alone) == changes
    pd.testing.assert_frame_equal(period_scores.performance(alone), scores)
    assert seen["drifted"] == (["weight"] if heavier else [])
    assert joint.significant == (heavier > 0) == bool(seen["joint"]["p_value"] < 0.001)
    assert bool(seen["performance"]) and seen["labels"] == LATER
    assert ("predictions drift too" in seen["summary"]["Drift"]) == (heavier > 0)


def test_what_is_odd_in_the_file_is_said_by_a_bundle_alone(run, tmp_path):
    text = later_table().to_csv(index=False).splitlines()
    text[4] = text[4].rpartition(",")[0]  # a field fewer
    (tmp_path / "later.csv").write_text("\n".join(text))
    seen = monitor_bundle.look(moved_away(run, tmp_path), str(tmp_path / "later.csv"))
    assert "line 5: 6 fields, the table has 7" in seen["summary"]["File"]


def test_a_reference_that_is_wrong_is_seen(run, tmp_path):
    """Were the file not read, another file would change nothing."""
    file = tmp_path / "later.csv"
    later_table().to_csv(file, index=False)
    path = run.file("model/reference.json")
    content = json.loads(path.read_text())
    content["columns"]["weight"]["knots"] = [
        knot + 40 for knot in content["columns"]["weight"]["knots"]
    ]
    path.write_text(json.dumps(content))
    assert "weight" in monitor_bundle.look(moved_away(run, tmp_path), str(file))["drifted"]


def test_a_folder_of_later_rows_is_held_against_the_bundle(run, tmp_path):
    (tmp_path / "parts").mkdir()
    for number, part in enumerate(parts_of(later_table(12))):
        part.to_parquet(tmp_path / "parts" / f"{number}.parquet")
    by_run = parquet_folders.drift_of_folder("small", str(tmp_path / "parts"))
    there = moved_away(run, tmp_path)
    pd.testing.assert_frame_equal(
        parquet_folders.drift_of_folder(there, str(tmp_path / "parts")), by_run
    )
    assert by_run.index[by_run["drifts"]].tolist() == ["weight"]


def test_a_bundle_of_an_older_form_is_refused_in_one_line(run, tmp_path):
    run.write_json("model/reference.json", OLDER)
    later_table().to_csv(tmp_path / "later.csv", index=False)
    with pytest.raises(InputError, match="older form"):
        monitor_bundle.look(moved_away(run, tmp_path), str(tmp_path / "later.csv"))


def test_a_folder_without_a_bundle_is_refused(run, tmp_path):
    with pytest.raises(InputError, match="holds no bundle"):
        model_bundle.load_bundle(str(tmp_path))


def test_a_setting_of_the_notebook_alone_is_refused(run, tmp_path):
    with pytest.raises(InputError, match="'new_data' can't"):
        monitor_bundle.look(moved_away(run, tmp_path), "rows.csv", ["new_data=other.csv"])


# --- By the command line ------------------------------------------------------------------------


def command(*arguments: str, monkeypatch) -> int:
    """The exit code of a command in this process."""
    monkeypatch.setattr(sys, "argv", ["pipeline", *arguments])
    with pytest.raises(SystemExit) as done:
        main()
        raise SystemExit(0)
    return done.value.code


@pytest.mark.slow
def test_the_command_monitors_a_version_whose_run_is_gone(run, tmp_path, monkeypatch, capsys):
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.delenv(name, raising=False)
    champions.register(run)
    assert monitor_bundle.run_of("models:/small@champion") == "small"
    shutil.rmtree(run.path)
    assert monitor_bundle.run_of("models:/small@champion") == ""
    file = tmp_path / "later.csv"
    later_table(12).drop(columns="bought").to_csv(file, index=False)
    asked = ["monitor", "models:/small@champion", "--data", str(file)]
    assert command(*asked, monkeypatch=monkeypatch) == 0
    said = capsys.readouterr().out
    assert "1 of 5 columns drift" in said and "weight" in said and "Page" not in said
    assert command(*asked, "--gate", monkeypatch=monkeypatch) == 1, "no labels, so drift decides"


def test_the_command_tells_the_drift_of_a_bundle(run, tmp_path, monkeypatch, capsys):
    later_table(12).to_parquet(tmp_path / "later.parquet")
    there = moved_away(run, tmp_path)
    asked = ["drift", there, str(tmp_path / "later.parquet")]
    assert command(*asked, monkeypatch=monkeypatch) == 0
    assert "1 of 5 columns drift" in capsys.readouterr().out


def test_the_log_of_a_bundle_that_is_served_is_what_it_is_monitored_by(run, tmp_path):
    there = moved_away(run, tmp_path)
    with local_service.serving(model_bundle.load_bundle(there), service_of(there)) as address:
        status, answers = local_service.ask(address, later_table(12))
    assert status == 200 and all(answer["logged"] for answer in answers)
    seen = monitor_bundle.look(there)
    assert seen["rows"] == LATER and seen["drifted"] == ["weight"]
