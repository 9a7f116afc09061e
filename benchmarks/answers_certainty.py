"""Coverage, widths, sets and abstention on the package tables, beside MAPIE's on the same splits.

The procedure that ships (stages 2 to 5, the certainty of stage 7), with two rungs of the ladder and
no search, on at most 1,500 rows to learn from: what is measured is the promise, not the model.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import click
import numpy as np
import pandas as pd

from helpers.answers.learn_from_model import certainty_of, features_as_learnt
from helpers.answers.number_intervals import interval_score
from helpers.evaluate.how_sure import HowSure
from helpers.learning.labelled_data import TEST, TRAIN, Labelled
from helpers.learning.predicting import predict
from helpers.learning.task_kind import Task
from helpers.learning.units import UnitRule
from helpers.train import calibrated_ensemble, fold_trials, train_models

from . import model_sides as sides
from .model_tables import TABLES, Table

LEVEL, MOST = 0.9, 1_500
LEVELS = np.linspace(0.5, 0.99, 99)
FEWEST_KEPT = 200  # rows, over all splits of a table
GOALS = {"coverage": (0.89, 0.91), "slice": 0.85, "width": 1.0, "size": 1.05, "risk": 0.01}


@dataclass(frozen=True)
class Side:
    """One split of one table: its rows, the fitted pipeline, the trial that won, what is sure."""

    task: Task
    rows: Labelled
    trial: object
    model: object
    sure: object
    seconds: float

    @property
    def learn(self) -> Labelled:
        """The rows to learn from."""
        return self.rows.of(TRAIN)

    @property
    def asked(self) -> Labelled:
        """The rows that are asked."""
        return self.rows.of(TEST)


def split_of(table: Table, X, y, task: Task, seed: int) -> Side:
    """Learn from one split, as the line does."""
    learnt, asked = sides.parts(table, X, y, task, seed)
    if len(learnt) > MOST:
        drawn = np.random.default_rng(seed).permutation(len(learnt))[:MOST]
        learnt = learnt[-MOST:] if table.time else learnt[np.sort(drawn)]
    rows, cleaning, plan = sides._split(table, X, y, task, learnt, asked, seed)
    return learnt_from(with_its_units(rows, table), cleaning, plan, seed)


def with_its_units(rows: Labelled, table: Table) -> Labelled:
    """The rows with the units of a table that is split by group or by time: groups, or days."""
    if not (table.group or table.time):
        return rows
    column = rows.X[table.group or table.time]
    if table.time:
        column = pd.to_datetime(column).dt.date
    rule = UnitRule("group" if table.group else "day", table.group or table.time)
    return replace(rows, unit=column.astype(str).to_numpy(object), units=rule)


def learnt_from(rows: Labelled, cleaning: dict, plan: dict, seed: int) -> Side:
    """What two rungs of the ladder and the folds' answers tell of these rows."""
    learn, task = rows.of(TRAIN), rows.task
    folds = fold_trials.make_folds(learn, plan, seed)
    models = "linear" if len(task.classes or ()) > 4 else "linear,gradient boosting"
    found = train_models.cross_validate_candidates(task, folds, len(learn.y), models, seed)
    best = calibrated_ensemble.calibrated(task, fold_trials.best_of(found))
    final = calibrated_ensemble.final_model(task, best)
    model = train_models.fit_final(cleaning, plan, final, learn, seed)
    began = time.perf_counter()
    sure = certainty_of(rows, fold_trials.answers_of_folds(learn, best), model)
    return Side(task, rows, best, model, sure, time.perf_counter() - began)


def how_sure_of(side: Side) -> HowSure:
    """What stage 6 makes of it: the rows that are asked, and their groups."""
    asked, task = side.asked, side.task
    answers = predict(task, side.model[1:], asked.X)
    features = np.asarray(side.model[1:-1].transform(asked.X)) if task.is_regression else None
    columns = list(asked.X.columns[:12])
    return HowSure(task, side.sure, asked.y, answers, features, asked.X, columns, asked.unit)


def measured(side: Side, seed: int) -> dict:
    """The figures of one split."""
    found = how_sure_of(side)
    slices = found.slices.iloc[1:]
    large = slices[slices["rows"] >= 200]
    one = {
        "rows": len(side.asked.y), "learnt from": len(side.learn.y),
        "units": side.sure.units, "coverage": float(found.held.mean()), "size": found.size,
        "slices": {str(name): float(v) for name, v in large["coverage"].items()},
        "seconds": round(side.seconds, 2), "winner": side.trial.family,
    }  # fmt: skip
    one |= _numbers(side, found, seed) if side.task.is_regression else _classes(side, found, seed)
    return one


def _numbers(side: Side, found: HowSure, seed: int) -> dict:
    """Widths, and MAPIE's; the ratio is at the level at which ours cover as much as theirs."""
    truth = found.truth.astype(float)
    form = side.sure.numbers
    said = {"form": form.spread.kind + (", log" if form.logarithm else "")}
    said |= {"interval score": float(interval_score(found.ends, truth).mean())}
    theirs = mapie_intervals(side, found.features, seed)
    if theirs is None:
        return said
    held = (theirs[:, 0] <= truth) & (truth <= theirs[:, 1])
    width = float((theirs[:, 1] - theirs[:, 0]).mean())
    ours = _width_at(side, found, truth, held.mean())
    return said | {
        "mapie coverage": float(held.mean()), "mapie size": width, "width ratio": ours / width,
        "mapie interval score": float(interval_score(theirs, truth).mean()),
    }  # fmt: skip


def _width_at(side: Side, found: HowSure, truth, coverage: float) -> float:
    """Our mean width at the first level that covers so many of the rows."""
    for level in LEVELS:
        ends = side.sure.interval(found.answers[0], found.features, level)
        if ((ends[:, 0] <= truth) & (truth <= ends[:, 1])).mean() >= coverage:
            break
    return float((ends[:, 1] - ends[:, 0]).mean())


def _features_of(side: Side) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels of the rows to learn from, as the final model gets them."""
    return features_as_learnt(side.model, side.learn), side.learn.y


def mapie_intervals(side: Side, asked: np.ndarray, seed: int) -> np.ndarray | None:
    """MAPIE's conformalised quantile regression on the same features; None without MAPIE."""
    try:
        from mapie.regression import ConformalizedQuantileRegressor
    except ImportError:
        return None
    from sklearn.ensemble import HistGradientBoostingRegressor

    X, y = _features_of(side)
    learn, kept = _halves(len(y), seed)
    model = HistGradientBoostingRegressor(loss="quantile", quantile=0.5, random_state=seed)
    made = ConformalizedQuantileRegressor(model, confidence_level=LEVEL)
    made.fit(X[learn], y[learn]).conformalize(X[kept], y[kept])
    return made.predict_interval(asked)[1][:, :, 0]


def _halves(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to fit on and (three of ten) rows to conformalise on."""
    drawn = np.random.default_rng(seed).permutation(rows)
    return drawn[: int(0.7 * rows)], drawn[int(0.7 * rows) :]


def _classes(side: Side, found: HowSure, seed: int) -> dict:
    """Set sizes, and MAPIE's; abstention at half of the model's error."""
    wrong = found.answers[0].astype(str) != found.truth.astype(str)
    said = {"error": float(wrong.mean()), "classes": len(side.task.classes)}
    on_folds = side.sure.abstention.wrong[-1] / side.sure.abstention.kept[-1]
    risk = round(float(on_folds) / 2, 3)
    if 0 < risk < 1:
        away = side.sure.abstains(found.answers[1], risk)
        kept = float(wrong[~away].mean()) if not away.all() else None
        said |= {"risk": risk, "to a person": float(away.mean()), "kept error": kept}
    theirs = mapie_sets(side, found, seed) or {}
    if theirs:
        ours = _size_at(side, found, theirs["mapie coverage"])
        theirs |= {"size ratio": ours / max(theirs["mapie size"], 1e-9)}
    return said | theirs


def _size_at(side: Side, found: HowSure, coverage: float) -> float:
    """Our mean size of a set at the first level that covers so many of the rows."""
    place = pd.Index(side.task.classes).get_indexer(found.truth.astype(str))
    for level in LEVELS:
        sets = side.sure.sets(found.answers[1], level)
        if sets[np.arange(len(place)), place].mean() >= coverage:
            break
    return float(sets.sum(axis=1).mean())


def mapie_sets(side: Side, found: HowSure, seed: int) -> dict | None:
    """MAPIE's sets (LAC) of the same model on the same features; None without MAPIE."""
    try:
        from mapie.classification import SplitConformalClassifier
    except ImportError:
        return None
    from sklearn.base import clone

    X, y = _features_of(side)
    learn, kept = _halves(len(y), seed)
    base = clone(getattr(side.trial.model, "estimator", side.trial.model))
    if len(set(y[learn])) < len(side.task.classes):
        return {}
    made = SplitConformalClassifier(base, confidence_level=LEVEL, prefit=False)
    place = {name: number for number, name in enumerate(sorted(map(str, set(y))))}
    codes = np.array([place[str(one)] for one in y])
    made.fit(X[learn], codes[learn]).conformalize(X[kept], codes[kept])
    asked = np.asarray(side.model[1:-1].transform(side.asked.X))
    sets = made.predict_set(asked)[1][:, :, 0]
    truth = np.array([place.get(str(one), -1) for one in found.truth])
    held = sets[np.arange(len(truth)), truth] & (truth >= 0)
    return {"mapie coverage": float(held.mean()), "mapie size": float(sets.sum(axis=1).mean()),
            "mapie empty": float((~sets.any(axis=1)).mean())}  # fmt: skip


def measure(found: dict, splits: int = 20, tables: list[str] = ()) -> Iterator[dict]:
    """So many splits of each table; those that were measured before are kept."""
    found = {"tables": found.get("tables", {})}
    for seed in range(splits):
        for table in TABLES:
            done = found["tables"].setdefault(table.name, [])
            if (tables and table.name not in tables) or len(done) > seed:
                continue
            X, y, task = sides.labelled(table)
            done.append(measured(split_of(table, X, y, task, seed), seed))
            click.echo(f"{table.name} {seed}: {done[-1]['coverage']:.3f}")
            yield found


def section(found: dict) -> list[str]:
    """The goals, then every table."""
    tables = {name: pd.DataFrame(rows) for name, rows in found["tables"].items() if rows}
    numbers = {n: t for n, t in tables.items() if "interval score" in t}
    classes = {n: t for n, t in tables.items() if n not in numbers}
    return [*_goals(tables, numbers, classes), "", *_numbers_table(numbers), "",
            *_classes_table(classes)]  # fmt: skip


def _goals(tables: dict, numbers: dict, classes: dict) -> list[str]:
    """A line a goal."""
    coverage = np.mean([t["coverage"].mean() for t in numbers.values()])
    sets = {n: t for n, t in classes.items() if t["error"].mean() > 1 - LEVEL}
    of_sets = np.mean([t["coverage"].mean() for t in sets.values()]) if sets else np.nan
    by_slice = pd.Series({(n, s): v for n, t in tables.items() for s, v in _slices(t).items()})
    slices = int((by_slice < GOALS["slice"]).sum())
    ratios = [t["width ratio"].median() for t in numbers.values() if "width ratio" in t]
    width = np.median(ratios) if ratios else np.nan
    sizes = [t["size ratio"].median() for t in sets.values() if "size ratio" in t]
    size = np.mean(sizes) if sizes else np.nan
    rows = [
        ("coverage of intervals at 90 %, mean of tables", "89 to 91 %", f"{coverage:.1%}"),
        ("coverage of sets at 90 %, tables whose model errs in over 10 %", "89 to 91 %",
         f"{of_sets:.1%}"),
        ("slices of 200 rows and more that are covered in less than 85 %", "none",
         f"{slices} of {len(by_slice)}; the least {by_slice.min():.1%}" if len(by_slice) else "–"),
        ("width against MAPIE's CQR at equal coverage, median of tables", "≤ 1.0", f"{width:.2f}"),
        ("size of sets against MAPIE's at equal coverage, mean of the same tables",
         "≤ 1.05", f"{size:.2f}"),
        _risk_goal(classes),
    ]  # fmt: skip
    counts = sorted({len(t) for t in tables.values()})
    said = f"{len(tables)} tables, {' or '.join(map(str, counts))} splits each."
    return [said, "", "| figure | goal | measured |", "|---|---|---|",
            *[f"| {' | '.join(one)} |" for one in rows], "",
            "A set always holds the likeliest class, so it holds the truth at least as often as "
            "the model is right: where that is over 90 %, so is the coverage. MAPIE's may be "
            "empty."]  # fmt: skip


def _slices(table: pd.DataFrame) -> pd.Series:
    """The mean coverage of each slice that at least half of the splits have."""
    found = pd.DataFrame(list(table["slices"]))
    return found.loc[:, found.notna().mean() >= 0.5].mean() if len(found.columns) else pd.Series()


def _risk_goal(classes: dict) -> tuple[str, str, str]:
    """Promised and kept risk: the errors among all rows that were kept in any split of a table."""
    over = pd.Series({name: _kept(t)[0] - _kept(t)[1] for name, t in classes.items()
                      if "risk" in t and _kept(t)[2] >= FEWEST_KEPT})  # fmt: skip
    said = f"{over.max():+.1%} in the worst of {len(over)} tables, {over.mean():+.1%} in the mean"
    name = f"error among the kept rows less the risk asked for, where {FEWEST_KEPT} rows were kept"
    return name, "at most +1 point", said


def _kept(table: pd.DataFrame) -> tuple[float, float, float]:
    """The error among all rows kept, the mean risk that was asked for them, and their number."""
    kept = (table["rows"] * (1 - table["to a person"])).where(table["kept error"].notna(), 0)
    rows = float(kept.sum())
    if not rows:
        return np.nan, float(table["risk"].mean()), 0.0
    means = [float((kept * table[name].fillna(0)).sum() / rows) for name in ("kept error", "risk")]
    return *means, rows


def _numbers_table(numbers: dict) -> list[str]:
    lines = ["| table of numbers | splits | coverage | MAPIE's | width, of MAPIE's at equal "
             "coverage | interval score, of MAPIE's | least slice | form | seconds |",
             "|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for name, t in numbers.items():
        slices = _slices(t)
        least = f"{slices.min():.1%}" if len(slices) else "–"
        mapie = "mapie coverage" in t
        theirs = ["–"] * 2
        if mapie:
            theirs = [f"{t['mapie coverage'].mean():.1%}", f"{t['width ratio'].median():.2f}"]
        score = (
            f"{(t['interval score'] / t['mapie interval score']).median():.2f}" if mapie else "–"
        )
        lines.append(
            f"| {name} | {len(t)} | {t['coverage'].mean():.1%} | "
            f"{' | '.join(theirs)} | {score} | {least} | "
            f"{t['form'].mode()[0]} | {t['seconds'].median():.1f} |"
        )
    return lines


def _classes_table(classes: dict) -> list[str]:
    lines = ["| table of classes | splits | model's error | coverage | MAPIE's | size | MAPIE's | "
             "at equal coverage | least slice | risk asked | kept | to a person |",
             "|---|---|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for name, t in classes.items():
        slices, mapie = _slices(t), "mapie coverage" in t
        theirs = [f"{t[c].mean():.{d}}" if mapie else "–"
                  for c, d in (("mapie coverage", "1%"), ("mapie size", "2f"))]  # fmt: skip
        ratio = f"{t['size ratio'].median():.2f}" if "size ratio" in t else "–"
        least = f"{slices.min():.1%}" if len(slices) else "–"
        risk = ["–"] * 3
        if "risk" in t:
            shown = (t["risk"].mean(), _kept(t)[0], t["to a person"].mean())
            risk = ["–" if np.isnan(one) else f"{one:.1%}" for one in shown]
        lines.append(
            f"| {name} | {len(t)} | {t['error'].mean():.1%} | {t['coverage'].mean():.1%} | "
            f"{theirs[0]} | {t['size'].mean():.2f} | {theirs[1]} | {ratio} | "
            f"{least} | {' | '.join(risk)} |"
        )
    return lines
