"""`make bench-models`: the line's models against others', calibration, leak alarms; MODELS.md.

python -m benchmarks.models                    all parts, about an hour and a half on two cores
python -m benchmarks.models scores --seeds 2   one part, fewer seeds

The packages of the extra `bench` are needed, and the tables of ISLP and lifelines:
pip install -e .[bench] and pip install --no-deps ISLP lifelines (their own needs are not used).
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import numpy as np
import pandas as pd

from helpers.clean import cleaning_plan, column_cleaner, training_plan
from helpers.features import feature_plan
from helpers.learning.labelled_data import Labelled
from helpers.learning.metric_names import PLAIN_NAMES
from helpers.learning.metric_scores import score
from helpers.models.calibrated_model import calibration_error, judged_probability
from helpers.split import find_leaks, split_into_parts
from helpers.tables import duplicate_rows

from . import model_sides as sides
from .__main__ import machine
from .model_tables import LARGE, TABLES, Table
from .planted_leaks import CAUGHT_BY, KINDS, plant

HERE = Path(__file__).resolve().parent
RAW, REPORT = HERE / "models.json", HERE / "MODELS.md"
FOUR = tuple(t for t in TABLES if t.name in ("diabetes", "flights", "orange juice", "wages"))
MINUTE = 60.0  # seconds
RANDOM = {"strategy": "random", "column": ""}
LOUD = ("alarm", "warning")  # counted alike where a leak was planted and where none was


def scores(raw: dict, seeds: int):
    """Each table, five splits: the line and skrub's `tabular_pipeline` on the same rows."""
    yield from _race(raw, "scores", TABLES, seeds, ours=sides.ours, skrubs=sides.skrubs)


def calibration(raw: dict, seeds: int):
    """Whether chances are as large as they claim to be, on tables with thousands of test rows."""
    few = min(seeds, 3)
    yield from _race(raw, "calibration", LARGE, few, ours=sides.ours, skrubs=sides.skrubs)


def search(raw: dict, seeds: int):
    """Settings drawn at random (halved where rows are many) and by Optuna, as many trials each."""
    optuna = partial(sides.ours, searcher=sides.by_optuna)
    yield from _race(raw, "search", FOUR, min(seeds, 3), ours=sides.ours, optuna=optuna)


def flaml(raw: dict, seeds: int):
    """The line and FLAML, a minute each, on four tables."""
    ours = partial(sides.ours, trials=1_000, minutes=MINUTE / 60)
    flamls = partial(sides.flamls, seconds=MINUTE)
    yield from _race(raw, "flaml", FOUR, min(seeds, 3), ours=ours, flaml=flamls)


def _race(raw: dict, part: str, tables: tuple[Table, ...], seeds: int, **contenders: Callable):
    """Let each contender learn and answer the same rows of every table, so many splits each."""
    for table in tables:
        X, y, task = sides.labelled(table)
        rounds = []
        for seed in range(seeds):
            learnt, asked = sides.parts(table, X, y, task, seed)
            one = {"test rows": len(asked), "metric": task.main_metric}
            one["classes"] = len(task.classes or ())
            for name, side in contenders.items():
                began = time.perf_counter()
                said = side(table, X, y, task, learnt, asked, seed)
                one[f"{name} seconds"] = round(time.perf_counter() - began, 1)
                one[name] = score(task, y[asked], *said)[task.main_metric]
                if not task.is_regression:
                    looked = judged_probability(task, y[asked], said[1])
                    one[f"{name} calibration"] = calibration_error(*looked)
            rounds.append(one)
            click.echo(f"{table.name} {seed}: {[round(one[n], 4) for n in contenders]}")
        raw.setdefault(part, {})[table.name] = rounds
        yield


def alarms(raw: dict, seeds: int) -> None:
    """Leaks of each kind planted into each table, and the tables as they are."""
    planted, clean_tables = {}, {}
    for table in TABLES:
        X, y, task = sides.labelled(table)
        said = [a for a in _alarms(table, X, y, task)[0] if a.severity in LOUD]
        clean_tables[table.name] = [[a.code, a.columns, a.severity] for a in said]
        X = X.drop(columns=[table.group] if table.group else [])
        for kind in KINDS:
            made = plant(kind, X, y, task, seed=0)
            if made is None:
                continue
            leaky, labels, columns = made
            found, copies = _alarms(Table("", "", "", None), leaky, labels, task)
            caught = any(a.severity in LOUD and a.code in CAUGHT_BY.get(kind, {a.code}) and (
                not columns or set(columns) & set(a.columns)) for a in found)  # fmt: skip
            caught = caught or (kind == "copied rows" and copies >= len(X) // 20)
            planted.setdefault(kind, {})[table.name] = bool(caught)
        click.echo(f"{table.name}: {clean_tables[table.name]}")
    raw["alarms"] = {"planted": planted, "clean": clean_tables, "counted": LOUD}
    yield


def _alarms(table: Table, X: pd.DataFrame, y, task) -> tuple[list, int]:
    """The alarms of stage 4, and how many rows stage 2 takes for copies of another."""
    about = {"target": task.target, "task": task.kind}
    cleaning = cleaning_plan.draft_plan(X, about)
    rows = column_cleaner.Cleaner(cleaning).fit(X).transform(X)
    plan = feature_plan.plan_features(
        rows, cleaning, about, table.group if table.group in rows else ""
    )
    choice = RANDOM
    if table.group or table.time:
        strategy = "group" if table.group else "time"
        choice = {"strategy": strategy, "column": table.group or table.time}
    cut = split_into_parts.split_rows(
        Labelled(task, rows, np.asarray(y), np.arange(len(rows))), choice
    )
    copies = len(rows) - len(set(duplicate_rows.link(rows)))
    cut = training_plan.clean_by_split(X, cut, cleaning, about, group=table.group).rows
    return find_leaks.find_alarms(cut, plan, choice), copies


PARTS = {
    "scores": scores, "calibration": calibration, "search": search, "flaml": flaml, "alarms": alarms
}  # fmt: skip


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice(list(PARTS)))
@click.option("--seeds", default=5, show_default=True, help="How many splits of each table.")
def main(names, seeds):
    """Measure, keep the raw numbers, write the report."""
    warnings.simplefilter("ignore")
    raw = json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {}
    for name in names or PARTS:
        for _ in PARTS[name](raw, seeds):
            raw["on"] = machine()
            RAW.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
            REPORT.write_text(report(raw), encoding="utf-8")


def report(raw: dict) -> str:
    """MODELS.md: goals first, then every table."""
    parts = [("scores", _scores), ("calibration", _calibration), ("flaml", _flaml),
             ("search", _search), ("alarms", _alarm_lines)]  # fmt: skip
    on = raw.get("on", {})
    lines = [
        "# How good the models are",
        "",
        "Written by `make bench-models`; raw numbers in `models.json`. Every side learns from the "
        "same rows and is asked the same rows. The noise of a difference is its standard deviation "
        "over the splits.",
        "",
        f"Measured on {on.get('day')}: {on.get('machine')}, Python {on.get('python')}, "
        f"scikit-learn {on.get('libraries', {}).get('scikit-learn')}.",
        "",
    ]
    for name, write in parts:
        if name in raw:
            lines += [*write(raw[name]), ""]
    return "\n".join(lines).rstrip() + "\n"


def _scores(found: dict) -> list[str]:
    lines = [
        "## Against skrub's `tabular_pipeline`, untouched",
        "",
        "| table | metric | the line | skrub | difference | noise | | seconds | skrub's |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    better = worse = 0
    for name, rows in found.items():
        table = pd.DataFrame(rows)
        gains = table["ours"] - table["skrubs"]
        mean, noise = gains.mean(), gains.std(ddof=1)
        better, worse = better + (mean > 0), worse + (mean < -noise)
        says = "better" if mean > noise else "worse" if mean < -noise else "alike"
        lines.append(
            f"| {name} | {PLAIN_NAMES[rows[0]['metric']]} | {table['ours'].mean():.4f} | "
            f"{table['skrubs'].mean():.4f} | {mean:+.4f} | {noise:.4f} | {says} | "
            f"{table['ours seconds'].median():.0f} | {table['skrubs seconds'].median():.1f} |"
        )
    lines += [
        "",
        f"Higher on {better} of {len(found)} tables (goal: half); lower by more than the noise on "
        f"{worse} (goal: none).",
    ]
    return lines


def _calibration(found: dict) -> list[str]:
    lines = [
        "## Expected calibration error, tables with 2,000 test rows or more",
        "",
        "| table | classes | test rows | the line | skrub | goal |",
        "|---|---|---|---|---|---|",
    ]
    for name, rows in found.items():
        ours, theirs = (np.mean([r[f"{s} calibration"] for r in rows]) for s in ("ours", "skrubs"))
        reached = "<" if ours < 0.03 else "not <"
        first = rows[0]
        lines.append(
            f"| {name} | {first['classes']} | {first['test rows']:,} | {ours:.4f} | {theirs:.4f} "
            f"| {reached} 0.03 |"
        )
    return lines


def _flaml(found: dict) -> list[str]:
    lines = [
        "## Against FLAML with the same minute",
        "",
        "| table | metric | the line | FLAML | difference | seconds | FLAML's |",
        "|---|---|---|---|---|---|---|",
    ]
    ahead = 0
    for name, rows in found.items():
        table = pd.DataFrame(rows)
        gain = (table["ours"] - table["flaml"]).mean()
        ahead += gain >= 0
        lines.append(
            f"| {name} | {PLAIN_NAMES[rows[0]['metric']]} | {table['ours'].mean():.4f} | "
            f"{table['flaml'].mean():.4f} | {gain:+.4f} | {table['ours seconds'].median():.0f} | "
            f"{table['flaml seconds'].median():.0f} |"
        )
    return [*lines, "", f"Equal or better on {ahead} of {len(found)} (goal: half)."]


def _search(found: dict) -> list[str]:
    lines = [
        "## How to search: random draws (halved where rows are many) against Optuna",
        "",
        "As many trials each, over the same families and settings.",
        "",
        "| table | metric | random draws | Optuna (TPE) | seconds | Optuna's |",
        "|---|---|---|---|---|---|",
    ]
    for name, rows in found.items():
        table = pd.DataFrame(rows)
        lines.append(
            f"| {name} | {PLAIN_NAMES[rows[0]['metric']]} | {table['ours'].mean():.4f} | "
            f"{table['optuna'].mean():.4f} | {table['ours seconds'].median():.0f} | "
            f"{table['optuna seconds'].median():.0f} |"
        )
    gains = [r["ours"] - r["optuna"] for rows in found.values() for r in rows]
    return [
        *lines,
        "",
        f"Mean difference {np.mean(gains):+.4f} ± {np.std(gains):.4f} over all runs.",
    ]


def _alarm_lines(found: dict) -> list[str]:
    lines = ["## Leak alarms", "", "| planted leak | caught | missed on |", "|---|---|---|"]
    for kind, tables in found["planted"].items():
        missed = ", ".join(name for name, caught in tables.items() if not caught) or "none"
        lines.append(f"| {kind} | {sum(tables.values())} of {len(tables)} | {missed} |")
    lines += ["", "On the tables as they are, in which no leak was planted:", ""]
    return lines + [_false_line(found["clean"], one) for one in found.get("counted", LOUD[:1])]


def _false_line(clean: dict, severity: str) -> str:
    """How many tables have an alarm, or a warning, and which."""
    loud = {
        name: [code for code, _, *kind in said if (kind or LOUD)[0] == severity]
        for name, said in clean.items()
    }
    loud = {name: codes for name, codes in loud.items() if codes}
    said = "; ".join(f"{name}: {', '.join(codes)}" for name, codes in loud.items())
    return f"- {severity}s on {len(loud)} of {len(clean)} tables ({said or 'none'})"


if __name__ == "__main__":
    main()
