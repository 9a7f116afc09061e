"""Surprises: what looks too good in each notebook, why, and both numbers in one small table.

They are about the flights: on another table their cells are skipped (see `line/lesson_cells.py`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd


def second_turn(rows, plan: dict, seed: int = 42) -> pd.DataFrame:
    """The same model before and after two columns of the timetable are added, on the folds.

    The gain has a 95 % interval: both models answer the same training rows, and whole days are
    left out of both. The held-out flights are not asked again.
    """
    from ..examples import flights_example
    from ..learning.score_intervals import paired_gain

    more = flights_example.from_timetable(rows.X)
    added = plan | {"columns": plan["columns"] | dict.fromkeys(more, "number")}
    wider = replace(rows, X=rows.X.assign(**more))
    before, after = (_quick_answers(wider, features, seed) for features in (plan, added))
    gain = paired_gain(rows.task, before.truth, before.answer, after.answer, unit=before.unit)
    said = f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
    table = {
        "first turn": (f"{before.mean.iloc[0]:.3f}", ""),
        f"second turn: {', '.join(more)}": (f"{after.mean.iloc[0]:.3f}", said),
    }
    columns = ["ROC AUC in the folds", "gain (95 % interval)"]
    return pd.DataFrame(table, index=columns).T.rename_axis("gradient boosting")


def _quick_answers(rows, plan: dict, seed: int):
    """What gradient boosting answers on the folds of the training rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    from ..learning.fold_scores import fold_scores
    from ..pipeline import whole_pipeline

    model = HistGradientBoostingClassifier(max_iter=80, random_state=seed)
    made = partial(whole_pipeline.learner, plan, model, seed)
    return fold_scores(rows, made, [rows.task.main_metric])


def finish_iris(work, scores: dict[str, float], folds: np.ndarray, rows: int) -> str:
    """Hand on the three figures of the iris pipeline; they are returned in a sentence."""
    scores = scores | {"five folds": float(folds.mean())}
    work.write_json("iris.json", {"scores": scores, "folds": folds.tolist()})
    said = (
        f"The iris pipeline in a dozen lines: train {scores['train']:.3f}, test "
        f"{scores['test']:.3f}, five folds {scores['five folds']:.3f} ± {folds.std():.3f}."
    )
    work.finish(rows, rows, said)
    return f"**{said}**"


STAGE_6 = "what stage 6 expects"


def promised_by_unit(known, asked, by_period: pd.DataFrame, promise: dict | None = None) -> None:
    """Show the held-out score's interval by rows and by units, and the later months outside each.

    `known` has the task and the units, `asked` the held-out answers (`period_scores.Unseen`),
    `by_period` the scores of the later months and how far each differs from the held-out score,
    `promise` is what stage 6 expects of later rows (`promise` in `metrics.json`).
    """
    from ..learning.metric_names import PLAIN_NAMES
    from ..learning.score_intervals import score_intervals
    from ..pages import show

    metric, rows, noun = known.task.main_metric, asked.rows, known.units.noun
    found = {
        name: score_intervals(known.task, *rows[:3], unit=unit, metrics=[metric]).loc[metric]
        for name, unit in (("rows", None), (noun, rows.unit))
    }
    half = 1.96 * by_period["standard_error"].median()
    middle = (by_period[metric] - by_period["change"]).median()
    found[f"{noun}, of both"] = {"low": middle - half, "high": middle + half}
    found |= {STAGE_6: promise} if promise else {}
    table = pd.DataFrame(found).T[["low", "high"]].astype(float)
    table["outside"] = [int((~by_period[metric].between(*ends)).sum()) for ends in table.to_numpy()]
    said = show.say(_describe_promises(table, PLAIN_NAMES[metric], len(by_period)))
    table = table.rename(columns={"outside": f"of {len(by_period)} later months outside"})
    show.together(said, table.round(3).rename_axis(f"{PLAIN_NAMES[metric]}: noise by"))


def _describe_promises(table: pd.DataFrame, metric: str, months: int) -> str:
    """The intervals of a promise in a sentence each."""
    (rows, units, both), noun = (table.iloc[place] for place in range(3)), table.index[1]
    wider = (units["high"] - units["low"]) / (rows["high"] - rows["low"])
    span = "{low:.2f} to {high:.2f}".format_map
    return (
        f"Taken for a promise, the interval by rows is {metric} {span(rows)}, and "
        f"**{rows['outside']:.0f} of {months} later months lie outside**. By {noun} it is "
        f"{span(units)}, {wider:.1f} times as wide, and {units['outside']:.0f} lie outside. A "
        f"month is a few {noun}, too: with the noise of both scores, {span(both)}, "
        f"**{both['outside']:.0f} lie outside**.{_describe_expected(table)}"
    )


def _describe_expected(table: pd.DataFrame) -> str:
    """What stage 6 expects of as many later rows; empty where it says nothing."""
    if STAGE_6 not in table.index:
        return ""
    one = table.loc[STAGE_6]
    return (
        f" Of as many later rows as were held out stage 6 expects {one['low']:.2f} to "
        f"{one['high']:.2f}, and knows how much its folds differ, too: {one['outside']:.0f} of the "
        f"months, with fewer rows each, lie outside."
    )
