"""Drafted recipes: are the keys found, is the gain kept, and is it nothing where there is none?

python -m benchmarks.sources                     all sets, 100 random targets; about 20 minutes
python -m benchmarks.sources shop --repeats 10   one set, fewer

Writes `sources.json`; `report` gives the part of READING.md.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from helpers.collect import join_gain
from helpers.collect.draft_recipe import Draft, draft
from helpers.tables.sources.joining import Joined, join
from helpers.tables.sources.recipe import recipe_of

from .__main__ import machine
from .relations import SETS, Relations

RAW = Path(__file__).resolve().parent / "sources.json"
ROWS, ROWS_OF_ZERO, SEEDS = 12_000, 1_000, range(3)


def drafted(of: Relations) -> tuple[Draft, Joined]:
    """The recipe drafted for some tables, and the tables joined by it."""
    entries = {name: {"data": f"{name}.csv"} for name in of.tables}
    made = draft(entries, of.tables, main=of.main, target=of.target, before=of.before)
    named = {said["data"].removesuffix(".csv"): 0 for said in made.content["sources"].values()}
    assert set(named) <= set(of.tables)
    tables = {entry: of.tables[said["data"].removesuffix(".csv")]
              for entry, said in made.content["sources"].items()}  # fmt: skip
    return made, join(recipe_of(made.content), tables)


def keys_of(made: Draft, joined: Joined) -> set[tuple[str, str]]:
    """The keys of a draft, as pairs of `table.column` with the names that the tables have."""
    main, sources = made.content["main"], made.content["sources"]
    of_column = {one: f"{main}.{one}" for one in joined.tables[main]}
    found = set()
    for report in joined.reports:
        table = sources[report.source]["data"].removesuffix(".csv")
        found |= {(of_column[before], f"{table}.{own}") for before, own in report.key}
        prefix = sources[report.source].get("prefix", f"{report.source}_")
        of_column |= {name: f"{table}.{name.removeprefix(prefix)}" for name in report.columns}
    return found


def gain_kept(of: Relations, joined: Joined) -> dict:
    """The score of the main table alone, with the joins by hand, and with the drafted ones."""
    by_hand = of.by_hand(of.tables)
    scores = []
    for seed in SEEDS:
        rows = join_gain.rows_to_ask(joined, of.target, list(of.drop), seed, ROWS)
        own = [name for name in joined.tables[of.main] if name in rows.X]
        features = {n: join_gain._as_feature(by_hand[n].iloc[rows.row].reset_index(drop=True))
                    for n in by_hand if n not in {of.target, *of.drop, "known_at"}}  # fmt: skip
        hand = replace(rows, X=rows.X[own].assign(**features))
        alone, full = (join_gain.score_of(rows, names, seed) for names in (own, list(rows.X)))
        scores.append((alone, join_gain.score_of(hand, list(hand.X), seed), full))
    alone, hand, full = np.mean(scores, axis=0).tolist()
    return {
        "alone": alone,
        "by_hand": hand,
        "drafted": full,
        "kept": (full - alone) / (hand - alone),
    }


def zero(of: Relations, joined: Joined, repeats: int) -> dict:
    """By join the mean gain for random targets, its standard error, and how often it seemed real.
    """  # fmt: skip
    rows = join_gain.rows_to_ask(joined, of.target, list(of.drop), 0, ROWS_OF_ZERO)
    own = [name for name in joined.tables[of.main] if name in rows.X]
    columns = {one.source: list(one.columns) for one in joined.reports}
    columns["all"] = [name for names in columns.values() for name in names]
    random = np.random.default_rng(0)
    found = {name: [] for name in columns}
    for _ in range(repeats):
        dealt = join_gain.with_random_target(rows, random)
        for name, gain in join_gain._scores(dealt, own, columns, 0)[1].items():
            found[name].append(gain)
    return {name: _summary(np.array(gains)) for name, gains in found.items()}


def _summary(gains: np.ndarray) -> dict:
    """The mean, its standard error, and the share that five others would take for a gain."""
    five = join_gain.SHUFFLES
    alarms = [gains[n] - gains[n + 1 : n + 1 + five].mean() >
              join_gain.BEYOND * gains[n + 1 : n + 1 + five].std(ddof=1)
              for n in range(len(gains) - five)]  # fmt: skip
    return {"mean": float(gains.mean()), "error": float(gains.std(ddof=1) / np.sqrt(len(gains))),
            "alarms": float(np.mean(alarms)) if alarms else None,
            "repeats": len(gains)}  # fmt: skip


def measure(name: str, repeats: int) -> dict:
    """All figures of one set."""
    of = SETS[name]()
    made, joined = drafted(of)
    found = keys_of(made, joined)
    right = len(found & of.keys)
    return {
        "tables": len(of.tables), "keys": len(of.keys),
        "precision": right / len(found), "recall": right / len(of.keys),
        "wrong": sorted(map(list, found - of.keys)), "missed": sorted(map(list, of.keys - found)),
        "gain": gain_kept(of, joined), "zero": zero(of, joined, repeats),
    }  # fmt: skip


def report(raw: dict | None = None) -> list[str]:
    """The lines of READING.md on joined sources."""
    raw = raw or json.loads(RAW.read_text(encoding="utf-8"))
    return [HEAD, *(_row(name, one) for name, one in raw["sets"].items()), ""]


HEAD = """## Several sources, joined by the drafted recipe

Keys found, of those that there are; the score (ROC AUC) on folds of whole units of the main table
alone, with joins made by hand and with the drafted ones; the gain of all drafted joins for random
targets; and how often `pipeline sources` would take such a gain for real. The last three sets are
made for this: each has containments that mean nothing and rows of the future. `make bench-sources`.

""" + "\n".join((
    "| set | tables | keys | precision | recall | alone | by hand | drafted | gain kept "
    "| random target | taken for real |",
    f"|---|{'--:|' * 10}",
))  # fmt: skip


def _row(name: str, one: dict) -> str:
    """The row of one set."""
    gain, every = one["gain"], one["zero"]["all"]
    alarms = [z["alarms"] for n, z in one["zero"].items() if n != "all" and z["alarms"] is not None]
    cells = [
        name, one["tables"], one["keys"], f"{one['precision']:.2f}", f"{one['recall']:.2f}",
        *(f"{gain[side]:.3f}" for side in ("alone", "by_hand", "drafted")), f"{gain['kept']:.0%}",
        f"{every['mean']:+.4f} ± {every['error']:.4f} ({every['repeats']})",
        f"{np.mean(alarms):.1%}" if alarms else "",
    ]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice(list(SETS)))
@click.option("--repeats", default=100, show_default=True, help="Random targets.")
def main(names, repeats):
    """Measure and write."""
    raw = json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {"sets": {}}
    for name in names or SETS:
        raw["sets"][name] = measure(name, repeats)
        raw["on"] = machine()
        RAW.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
    click.echo("\n".join(report(raw)))


if __name__ == "__main__":
    main()
