"""How well, how fast and in how much memory a table is cleaned; writes CLEANING.md.

python -m benchmarks.cleaning                      injected errors, clean tables, speed
python -m benchmarks.cleaning --data DIR           and the benchmark sets in that folder

In DIR, a folder with `dirty.csv` and `clean.csv` (the same rows and columns) is a cleaning set; one
with `dirty.csv` alone, named like `hospital_30`, has its clean side in `hospital`. A CSV file whose
first column holds ids like `rec-7-org` and `rec-7-dup-0` is a set of duplicates (FEBRL); two that
differ in the last letter of their names are two sources of one set.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from pathlib import Path

import click
import numpy as np
import pandas as pd

from helpers.base.user_errors import InputError
from helpers.cells.as_texts import texts
from helpers.clean import clean_rows, column_cleaner, far_values, typing_errors
from helpers.clean.cleaning_plan import draft
from helpers.examples import (
    flights_example,
    flights_sources,
    penguins_example,
    plant_errors,
    repair_scores,
)
from helpers.tables import duplicate_rows, read_any, tidy_table

from . import cleaning_answers, invented_pairs, label_flips
from .__main__ import machine
from .measure import grown_memory

HERE = Path(__file__).resolve().parent
RAW = HERE / "cleaning.json"
REPORT = HERE / "CLEANING.md"
RATES = (0.01, 0.05, 0.10)
SEED = 42
FLIGHT_ROWS = 20_000
MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
DAMAGED = rf"{MONTH}-\d+|\d+-{MONTH}"  # pages "9-82" that a spreadsheet took for a date


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="A folder with benchmark sets.")  # fmt: skip
@click.option("--only", default="", help="Some parts, by name, separated by commas.")
def main(data, only):
    """Measure and write."""
    raw = json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {}
    parts = {"unplanted": unplanted, "invented": invented, "far": far, "planted": planted,
             "speed": speed, "alike": alike, "labels": label_flips.flips}  # fmt: skip
    if data:
        parts |= {"pairs": lambda: pairs(data), "duplicates": lambda: duplicate_sets(data)}
        parts |= {"answers": lambda: cleaning_answers.of_folder(data)}
    for name in only.split(",") if only else parts:
        click.echo(name)
        raw[name] = parts[name]() or raw.get(name, {})  # a folder may hold sets of one kind only
        raw["on"] = machine()
        RAW.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
        REPORT.write_text(report(raw), encoding="utf-8")
    click.echo(report(raw))


# --- Injected errors ------------------------------------------------------------------------------


def shipped_tables() -> dict[str, pd.DataFrame]:
    """Flights and penguins, as their sources have them."""
    joined = flights_example.join(flights_sources.read_sources(until="2013-08-31"))
    return {
        "flights": tidy_table.evenly_spaced_rows(joined, FLIGHT_ROWS),
        "penguins": read_any.read_table(str(penguins_example.penguins())),
    }


def unplanted() -> dict:
    """What cleaning changes in tables that nobody has planted anything in."""
    found = {}
    for name, table in shipped_tables().items():
        changes = column_cleaner.Cleaner().fit(table).repair(table)[1]
        found[name] = {"cells": table.size, "changes": len(changes), "kinds": _kinds(changes)}
    return found


def _kinds(changes: pd.DataFrame) -> dict[str, int]:
    return {kind: int(cells) for kind, cells in changes["kind"].value_counts().items()}


def planted() -> dict:
    """The score of the sure repairs on injected errors, by table and rate.

    The tables are cleaned once before, so that what was wrong at their source is no part of it.
    """
    found = {}
    for name, table in shipped_tables().items():
        sound = column_cleaner.Cleaner().fit_transform(table)
        for rate in RATES:
            dirty, key = plant_errors.inject(sound, rate=rate, seed=SEED)
            found[f"{name}, {rate:.0%}"] = _score(dirty, key, link=True)
    return found


def _score(
    dirty: pd.DataFrame, key: pd.DataFrame, left_out: pd.DataFrame | None = None, link: bool = False
) -> dict:
    """Plan, clean and score; no labels, no knowledge of the table."""
    began = time.perf_counter()
    plan, doubts = draft(dirty)
    cleaned, changes = column_cleaner.Cleaner(plan).fit(dirty).repair(dirty)
    seconds = time.perf_counter() - began
    reason = groups = None
    if link:
        reason = clean_rows.set_aside(cleaned)
        groups = duplicate_rows.link(cleaned)
    changes, key = _without(changes, left_out), _without(key, left_out)
    score = repair_scores.score(changes, key, reason=reason, groups=groups)
    return {
        "cells": dirty.size,
        "seconds": round(seconds, 2),
        "doubts": len(doubts),
        "total": _plain(score.total),
        "by_kind": {kind: _plain(row) for kind, row in score.by_kind.to_dict("index").items()},
        "broken_by": {k: int(n) for k, n in score.broken["kind"].value_counts().items()},
    }


def _plain(values: dict) -> dict:
    """Numbers as JSON has them; what is not defined is null."""
    numbers = {name: None if pd.isna(v) else float(v) for name, v in values.items()}
    return {name: v if v is None or v % 1 else int(v) for name, v in numbers.items()}


# --- Benchmark sets -----------------------------------------------------------------------------


def pairs(folder: Path) -> dict:
    """The score on each pair of a dirty and a clean file."""
    return {name: _score(dirty, *_judged_cells(dirty, sound))
            for name, dirty, sound in read_pairs(folder)}  # fmt: skip


def invented() -> dict:
    """The score on tables of invented words: those that constants were chosen on, and others."""
    sets = {"chosen on": invented_pairs.DEVELOPMENT, "held out": invented_pairs.HELD_OUT}
    found = {}
    for role, made in sets.items():
        for name, make in made.items():
            dirty, sound = make()
            found[f"{name} ({role})"] = _score(dirty, answer_key_of(dirty, sound))
    return found


SHAPES = {  # of columns, their parameters other than those that the fences were chosen on
    "normal": lambda random, n: random.normal(170, 9, n),
    "uniform": lambda random, n: random.uniform(10, 90, n),
    "lognormal": lambda random, n: random.lognormal(8, 0.7, n),
    "gamma": lambda random, n: random.gamma(2, 30, n),
    "counts": lambda random, n: random.poisson(12, n).astype(float),
    "power law": lambda random, n: (random.pareto(2, n) + 1) * 50,
    "both signs": lambda random, n: random.laplace(0, 5, n),
}


def far() -> dict:
    """Of wrong numbers beyond all sound ones, the share that is missing or under review.

    In 5,000 numbers of a shape 25 are multiplied by 100, get the other sign, or digits put in
    front; 20 repeats. And the lines and cells that are listed where nothing is wrong.
    """
    return {name: _far_in(draw) for name, draw in SHAPES.items()}


def _far_in(draw) -> dict:
    caught, lines, cells = [], [], []
    for seed in range(20):
        random = np.random.default_rng(1_000 + seed)
        sound = draw(random, 5_000).round(2)
        dirty, at = sound.copy(), random.choice(5_000, 25, replace=False)
        ways = (sound[at] * 100, -sound[at], np.sign(sound[at]) * 1e6 + sound[at])
        dirty[at] = np.choose(random.integers(0, 3, 25), ways)
        low, high = far_values.fences(dirty)
        beyond = at[(dirty[at] > sound.max()) | (dirty[at] < sound.min())]
        caught += ((dirty[beyond] > high) | (dirty[beyond] < low)).tolist()
        listed = far_values.far_items(sound)
        lines.append(len(listed))
        cells.append(sum(item["cells"] for item in listed))
    return {"beyond": len(caught), "caught": float(np.mean(caught)),
            "lines": float(np.mean(lines)), "cells": float(np.mean(cells))}  # fmt: skip


def read_pairs(folder: Path):
    """The name, dirty and clean table of each pair in a folder, all cells as text."""
    for path in sorted(folder.rglob("dirty.csv")):
        of_other = path.parent.parent / path.parent.name.rpartition("_")[0] / "clean.csv"
        truth = next((p for p in (path.with_name("clean.csv"), of_other) if p.exists()), None)
        if truth:
            dirty, sound = (read_any.read_table(str(p), typed=False) for p in (path, truth))
            yield path.parent.name, dirty, sound


def _judged_cells(dirty: pd.DataFrame, sound: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The answer key, and the cells that nobody is judged by: the clean file has them damaged."""
    key, damaged = answer_key_of(dirty, sound), []
    for position, name in enumerate(dirty.columns):
        is_so = texts(sound.iloc[:, position]).str.fullmatch(DAMAGED).fillna(False)
        damaged += [(row, name) for row in np.flatnonzero(is_so).tolist()]
    return key, pd.DataFrame(damaged, columns=["row", "column"])


def _without(lines: pd.DataFrame, cells: pd.DataFrame | None) -> pd.DataFrame:
    """The lines of a log or a key but for some cells."""
    if cells is None or cells.empty:
        return lines
    found = lines.merge(cells, on=["row", "column"], how="left", indicator=True)["_merge"]
    return lines[(found == "left_only").to_numpy()]


def answer_key_of(dirty: pd.DataFrame, clean: pd.DataFrame) -> pd.DataFrame:
    """The answer key of a dirty table and its clean twin: the same rows, columns in the same order.

    Cells that say the same (see `is_same_value`) are sound; the column names are the dirty table's.

    >>> dirty, clean = pd.DataFrame({"x": ["a", "b"]}), pd.DataFrame({"y": ["a", "c"]})
    >>> answer_key_of(dirty, clean)["row"].tolist()
    [1]
    """
    if dirty.shape != clean.shape:
        raise InputError(
            f"A dirty table and its clean twin have equal shapes; these have {dirty.shape[0]:,} × "
            f"{dirty.shape[1]} and {clean.shape[0]:,} × {clean.shape[1]}."
        )
    lines = []
    for position, name in enumerate(dirty.columns):
        planted = texts(dirty.iloc[:, position]).reset_index(drop=True)
        true = texts(clean.iloc[:, position]).reset_index(drop=True)
        rows = np.flatnonzero(~repair_scores.are_same_values(planted, true))
        lines += [(r, name, "error", true.iloc[r], planted.iloc[r]) for r in rows.tolist()]
    return plant_errors.answer_key(lines)


def duplicate_sets(folder: Path) -> dict:
    """Precision and recall of the pairs found in each set of duplicates."""
    found = {}
    for name, frame in _record_sets(folder).items():
        began = time.perf_counter()
        groups = duplicate_rows.link(frame.iloc[:, 1:])
        seconds = time.perf_counter() - began
        person = frame.iloc[:, 0].str.extract(r"rec-(\d+)-")[0].to_numpy()
        found[name] = _pair_score(person, groups) | {"seconds": round(seconds, 2)}
    return found


def _record_sets(folder: Path) -> dict[str, pd.DataFrame]:
    """The FEBRL files by name; sources of one set (`4a`, `4b`) one below the other."""
    sets: dict[str, list[pd.DataFrame]] = {}
    for path in sorted(folder.rglob("*.csv")):
        frame = pd.read_csv(path, dtype="str", skipinitialspace=True)
        ids = frame.iloc[:, 0].astype("str")
        if ids.str.fullmatch(r"rec-\d+-(org|dup-\d+)\s*").all():
            name = path.stem
            sets.setdefault(name.rstrip("ab") if name[-1] in "ab" else name, []).append(frame)
    return {name: pd.concat(frames, ignore_index=True) for name, frames in sets.items()}


def _pair_score(truth: np.ndarray, groups: np.ndarray) -> dict:
    """Pairs in both, of the pairs linked (precision), of the true pairs (recall)."""

    def count(*keys) -> int:
        sizes = pd.DataFrame(dict(enumerate(keys))).value_counts().to_numpy()
        return int((sizes * (sizes - 1) // 2).sum())

    right, linked, true = count(truth, groups), count(groups), count(truth)
    return {
        "records": len(truth),
        "pairs": true,
        "precision": right / max(linked, 1),
        "recall": right / max(true, 1),
    }


# --- Speed and memory ---------------------------------------------------------------------------


def wide_table(rows: int = 1_000_000, seed: int = SEED) -> pd.DataFrame:
    """A table of 20 columns such as a delivery has: numbers, text numbers, dates, names, codes."""
    random = np.random.default_rng(seed)
    words = np.array([f"place {n:03d} north" for n in range(1000)])
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, rows), unit="D")
    columns = {f"measure {n}": random.normal(50, 10, rows).round(3) for n in range(6)}
    columns |= {f"count {n}": random.integers(0, 5_000, rows).astype(str) for n in range(3)}
    weights = random.integers(1, 9_000, rows)
    columns |= {f"weight {n}": pd.Series(weights + n).astype("str") + " kg" for n in range(2)}
    columns |= {f"day {n}": (day + pd.Timedelta(days=n)).strftime("%Y-%m-%d") for n in range(3)}
    for n, many in enumerate((5, 50, 300, 1000)):
        columns[f"name {n}"] = words[random.integers(0, many, rows)]
    columns["text"] = pd.Series(np.arange(rows)).astype("str") + " is what was said of it"
    columns["paid"] = random.choice(["yes", "no"], rows)
    return pd.DataFrame(columns)


def speed() -> dict:
    """A million rows of 20 columns, 1 % injected errors: seconds, and the peak in tables' sizes."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_clean_a_million)


def _clean_a_million() -> dict:
    table, _ = plant_errors.inject(wide_table(), kinds=_CELL_KINDS, rate=0.01, seed=SEED)
    size = int(table.memory_usage(deep=True).sum())
    with grown_memory() as memory:
        began, worked = time.perf_counter(), time.process_time()
        cleaner = column_cleaner.Cleaner().fit(table)
        planned = time.perf_counter() - began
        changes = cleaner.repair(table)[1]
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
    return {
        "rows": len(table),
        "columns": table.shape[1],
        "planned": round(planned, 2),
        "seconds": round(seconds, 2),
        "processor": round(worked, 2),
        "changes": len(changes),
        "table_bytes": size,
        "peak_bytes": memory["most"] + size,
    }


_CELL_KINDS = [kind for kind in plant_errors.KINDS if "duplicate" not in kind]


def alike() -> dict:
    """Pairs one edit apart among 100,000 distinct values."""
    random = np.random.default_rng(SEED)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    values = {"".join(random.choice(letters, random.integers(5, 15))) for _ in range(90_000)}
    for value in sorted(values)[:10_000]:
        values.add(value[:2] + value[3:])
    values = sorted(values)[:100_000]
    began = time.perf_counter()
    found = typing_errors.one_edit_pairs(values)
    return {
        "values": len(values),
        "pairs": len(found),
        "seconds": round(time.perf_counter() - began, 2),
    }


# --- The report ---------------------------------------------------------------------------------


IN_SAMPLE = (
    "**What was chosen where.** Dependencies and typing errors: on hospital and its copies with",
    "10 to 50 % errors, and on the invented tables marked so. The vote of sources: on the",
    "invented tables marked so. Fences of far numbers: on simulated columns of other shapes",
    "than those below (Burr, log-logistic, Fréchet, Gumbel …). Records that match: on the",
    "FEBRL sets and hospital. So the figures of",
    "these are in-sample, and less is to be expected elsewhere: read the rows *held out*. rayyan",
    "was used for nothing; its clean file turns most dates (`12/1/06` into `1/6/12`) and writes",
    "-1 for missing: with no answer from a person the dates can't be known, and they are most of",
    "its errors. Cells whose clean value a spreadsheet took for a date (`Sep-82`) are left out",
    "everywhere.",
    "",
    "*Injected errors* are a closed world: they are made from the lists by which the cleaner",
    "reads (words for missing, units, other names, forms of dates). They tell what it does with",
    "such errors; what it does with words that it does not hold stands under *Tables of invented",
    "words*. The plan is drafted from the rows that it cleans, as stage 2 drafts it. What it",
    "learns from training rows, for rows that it has not seen, is measured in STATISTICS.md.",
)


def report(raw: dict) -> str:
    """What has been measured so far, as Markdown."""
    parts = [
        "# What cleaning repairs, and what it breaks",
        "",
        "Written by `make bench-cleaning`; raw numbers in `cleaning.json`. Only *sure* repairs are",
        "made here, no person marks anything, and nothing is known of the tables beforehand.",
        "",
        *IN_SAMPLE,
    ]
    for name, title, make in SECTIONS:
        if name in raw:
            parts += ["", f"## {title}", "", *make(raw[name])]
    on = raw.get("on", {})
    parts += [
        "",
        f"Measured on {on.get('day')}: {on.get('machine')}, Python {on.get('python')}.",
        "",
    ]
    return "\n".join(parts)


def _table(header: list[str], rows: list[list]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]


def _share(value) -> str:
    return "–" if value is None else f"{value:.3f}"


def _unplanted_rows(found: dict) -> list[str]:
    rows = [
        [name, f"{one['cells']:,}", one["changes"], ", ".join(one["kinds"])]
        for name, one in found.items()
    ]
    return _table(["table", "cells", "changes", "of kind"], rows)


def _score_rows(found: dict) -> list[str]:
    rows = []
    for name, one in found.items():
        total = one["total"]
        row = [name, f"{one['cells']:,}", f"{total['planted']:,}"]
        row += [_share(total[m]) for m in ("precision", "recall", "f1")]
        rows.append([*row, total["broken"], one["doubts"], f"{one['seconds']:.1f}"])
    header = ["set", "cells", "wrong", "precision", "recall", "F1", "sound cells broken", "doubts"]
    return _table([*header, "seconds"], rows)


def _planted_rows(found: dict) -> list[str]:
    kinds = list(dict.fromkeys(kind for one in found.values() for kind in one["by_kind"]))
    rows = [
        [kind, *(_share(one["by_kind"].get(kind, {}).get("recall")) for one in found.values())]
        for kind in kinds
    ]
    return [*_score_rows(found), "", "Recall by kind:", "", *_table(["kind", *found], rows)]


def _invented_rows(found: dict) -> list[str]:
    return [*INVENTED, "", *_score_rows(found)]


def _far_rows(found: dict) -> list[str]:
    rows = [
        [name, one["beyond"], _share(one["caught"]), f"{one['lines']:.2f}", f"{one['cells']:.2f}"]
        for name, one in found.items()
    ]
    header = ["column", "wrong, beyond all sound numbers", "missing or in review"]
    return _table([*header, "lines listed where nothing is wrong", "cells in them"], rows)


INVENTED = (
    "Words of random syllables (`benchmarks/invented_pairs.py`), so that no list of the cleaner",
    "has them; cells mistyped (keys next to each other, letters left out, doubled, exchanged),",
    "emptied, or another row's. Emptied cells count as wrong here, also where no other column",
    "gives them. *Chosen on*: constants were looked at on these. *Held out*: other tables, words",
    "and seeds, for this report alone (`wards` and `books` have never been used to choose",
    "anything).",
)


def _duplicate_rows(found: dict) -> list[str]:
    rows = [
        [name, f"{one['records']:,}", f"{one['pairs']:,}", _share(one["precision"]),
         _share(one["recall"]), f"{one['seconds']:.1f}"]
        for name, one in found.items()
    ]  # fmt: skip
    return _table(["set", "records", "true pairs", "precision", "recall", "seconds"], rows)


def _speed_rows(one: dict) -> list[str]:
    times, worked = one["peak_bytes"] / one["table_bytes"], one.get("processor")
    alone = f", {worked:.1f} s of the processor" if worked else ""
    return [
        f"{one['rows']:,} rows × {one['columns']} columns, planned in {one['planned']:.1f} s,",
        f"planned and cleaned in {one['seconds']:.1f} s{alone} (goal: 27), with a peak of",
        f"{times:.1f} times the table's {one['table_bytes'] / 1e6:.0f} MB, the table included",
        f"(goal: under 4); {one['changes']:,} cells changed.",
    ]


def _alike_rows(one: dict) -> list[str]:
    return [
        f"{one['pairs']:,} pairs one edit apart among {one['values']:,} distinct values in",
        f"{one['seconds']:.1f} s (goal: under 10).",
    ]


def _answer_rows(found: dict) -> list[str]:
    """F1 by number of answers (see `cleaning_answers`), of the table cell by cell."""
    rows = [
        [name, *(_share(score["f1"]) for score in one["answers"].values()),
         *(score["broken"] for score in list(one["answers"].values())[-1:]), one["slowest"]]
        for name, one in found.items()
    ]  # fmt: skip
    counts = [f"F1, {count} answers" for count in cleaning_answers.AT]
    return _table(["set", *counts, "sound cells broken", "slowest answer, s"], rows)


def _label_rows(found: dict) -> list[str]:
    """The precision of the first k rows, k the number of flips (see `label_flips`)."""
    tables = [_label_table(found, *of) for of in (
        ("self-confidence", "flips", "self-confidence, as cleanlab ranks"),
        ("residual", "numbers moved", "the residual of one model"),
    )]  # fmt: skip
    return [*tables[0], "", *tables[1]]


def _label_table(found: dict, other: str, wrong: str, says: str) -> list[str]:
    """The tables that have one yardstick, and the mean of each side."""
    own = {name: one for name, one in found.items() if other in one}
    rows = [[name, one["rows"], one["flips"], _share(one["ours"]), _share(one[other])]
            for name, one in own.items()]  # fmt: skip
    means = [_share(float(np.mean([one[key] for one in own.values()] or [np.nan])))
             for key in ("ours", other)]  # fmt: skip
    return _table(["table", "rows", wrong, "ours", says], [*rows, ["mean", "", "", *means]])


SECTIONS = (
    ("pairs", "Dirty and clean files", _score_rows),
    ("answers", "With simulated answers on the review page", _answer_rows),
    ("labels", "Planted label flips", _label_rows),
    ("invented", "Tables of invented words", _invented_rows),
    ("far", "Impossible and far numbers", _far_rows),
    ("duplicates", "Duplicate records", _duplicate_rows),
    ("planted", "Injected errors", _planted_rows),
    ("unplanted", "Tables as their sources have them", _unplanted_rows),
    ("speed", "Speed and memory", _speed_rows),
    ("alike", "Candidates for a typing error", _alike_rows),
)


if __name__ == "__main__":
    main()
