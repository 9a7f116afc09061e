"""What in a table deserves a look, from its survey: ranked, each with its evidence and its place.

A finding is an "alarm" (settle it before anything is learnt), a "warning" (worth a look) or a
"note". Within these the order is by weight, a number from 0 to 1: how much of the table it touches.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import bdtr

from ..base.ranks import roc_auc
from .association import LEVEL, Associations
from .gaps_that_depend import gaps_that_depend
from .odd_columns import LOOKS, MANY_VALUES
from .oddity import Oddity, counted_rows, quoted, share_text
from .surveyed_table import Column, Survey

GIVES_AWAY = 0.95  # strength with the target: V, rank correlation, twice the ROC AUC less one
ALIKE = 0.98  # strength of two columns that may say the same
RARE_CLASS, TIMES_RARER = 0.1, 3  # ten equal classes are in balance


def find(survey: Survey, associations: Associations) -> list[Oddity]:
    """All findings, the most severe first."""
    found = [*_of_rows(survey), *_of_target(survey, associations), *_alike(survey, associations),
             *gaps_that_depend(survey, associations)]  # fmt: skip
    for column in survey.columns:
        for look in LOOKS:
            found += look(column)
    return sorted(found, key=lambda f: (f.rank, -f.weight))


def _of_rows(survey: Survey) -> Iterator[Oddity]:
    if survey.repeated:
        share = survey.repeated / survey.rows
        yield Oddity(
            "duplicates", "warning", (),
            f"{counted_rows(survey.repeated)} {'repeats' if survey.repeated == 1 else 'repeat'} an "
            f"earlier row.",
            f"{share_text(share)} of the rows: a random split puts the same row on both sides.",
            "overview", share,
        )  # fmt: skip


def _of_target(survey: Survey, associations: Associations) -> Iterator[Oddity]:
    if not survey.target:
        return
    yield from _missing_labels(survey[survey.target])
    if survey.label is not None:
        yield from _out_of_balance(survey)
        yield from _columns_that_give_away(survey, associations)


def _missing_labels(target: Column) -> Iterator[Oddity]:
    if target.missing:
        share = target.missing / target.rows
        yield Oddity(
            "target missing", "warning", (target.name,),
            f"The target {target.name} is missing in {counted_rows(target.missing)}.",
            f"{share_text(share)} of the rows can't be used for training.", target.anchor, share,
        )  # fmt: skip


def _columns_that_give_away(survey: Survey, associations: Associations) -> Iterator[Oddity]:
    strengths = associations.sure_with_target(survey.target)
    for name, strength in strengths[strengths > 0.5].items():
        size, evidence = _gives_away(survey, str(name), float(strength))
        if size >= GIVES_AWAY:
            yield Oddity(
                "gives the target away", "alarm", (str(name), survey.target),
                f"{name} alone almost determines {survey.target}.",
                f"{evidence}. Is it known when the prediction is made?",
                "against-the-target", size,
            )  # fmt: skip


@np.errstate(invalid="ignore", over="ignore")  # numbers of 1e308 have no correlation
def _gives_away(survey: Survey, name: str, strength: float) -> tuple[float, str]:
    """How well one column predicts the target (0 to 1), by its strongest measure; in words."""
    found = [(strength, f"Cramér's V {strength:.3f}")]
    if survey[name].kind not in ("number", "date"):
        return found[0]
    ranks, label = _ranks_and_label(survey, survey[name])
    if survey.classes and len(np.unique(label)) == 2:
        found.append(_by_area(label == label.max(), ranks))
    elif survey[survey.target].kind == "number" and not survey.classes:
        rank = np.corrcoef(ranks, pd.Series(label).rank())[0, 1]
        found.append((float(abs(rank)), f"Rank correlation {rank:.3f}"))
    return max(found)


def _by_area(is_positive: np.ndarray, ranks: np.ndarray) -> tuple[float, str]:
    """The ROC AUC, in either direction; 0.5 is no better than chance, so it counts from there."""
    area = roc_auc(is_positive, ranks)
    area = max(area, 1 - area)
    return 2 * area - 1, f"ROC AUC {area:.3f}"


def _ranks_and_label(survey: Survey, column: Column) -> tuple[np.ndarray, np.ndarray]:
    """The ranks of a number's or a date's values, and the target, where both are known."""
    stored = "float64" if column.kind == "number" else "int64"
    values, label = pd.Series(column.sample.to_numpy()), survey.label[survey.sampled]
    known = column.sample.notna().to_numpy() & ~np.isnan(label)
    return values.astype(stored)[known].rank().to_numpy(), label[known]


def _out_of_balance(survey: Survey) -> Iterator[Oddity]:
    counts = survey[survey.target].counts
    if not survey.classes or counts is None or len(counts) < 2 or len(counts) > MANY_VALUES:
        return
    share = counts.iloc[-1] / counts.sum()
    is_far = share < RARE_CLASS and counts.iloc[0] > TIMES_RARER * counts.iloc[-1]
    if is_far and not _may_be_equal(counts.to_numpy()):
        yield Oddity(
            "classes out of balance", "warning", (survey.target,),
            f"The classes of {survey.target} are out of balance.",
            f"{quoted(counts.index[-1:])} is {share_text(share)} of the rows, "
            f"{quoted(counts.index[:1])} {share_text(counts.iloc[0] / counts.sum())}: accuracy "
            f"says little, look at precision and recall.",
            survey[survey.target].anchor, 1 - share,
        )  # fmt: skip


def _may_be_equal(counts: np.ndarray) -> bool:
    """Whether the rarest of some equally frequent classes is as rare by chance (Bonferroni)."""
    share = 1 / len(counts)
    return bool(len(counts) * bdtr(counts.min(), int(counts.sum()), share) >= LEVEL)


def _alike(survey: Survey, associations: Associations) -> Iterator[Oddity]:
    pairs = associations.strongest(200)
    for a, b in pairs.loc[pairs["strength"] >= ALIKE, ["a", "b"]].itertuples(index=False):
        if survey.target not in (a, b) and (how := _same(survey[a], survey[b])):
            yield Oddity(
                "columns that say the same", "warning", (a, b), f"{a} and {b} say the same.",
                how, "what-goes-together", 0.5,
            )  # fmt: skip


@np.errstate(invalid="ignore", over="ignore")
def _same(a: Column, b: Column) -> str:
    """How two columns of the sampled rows are the same, "" when they are not."""
    known = a.sample.notna().to_numpy() & b.sample.notna().to_numpy()
    one, other = a.sample[known], b.sample[known]
    kinds = {a.kind, b.kind}
    if kinds in ({"number"}, {"date"}) and (one.to_numpy() == other.to_numpy()).all():
        return "Equal wherever both are present."
    if kinds == {"number"}:
        rank = np.corrcoef(one, other)[0, 1]
        follows = f"One follows from the other: their correlation is {rank:.5f}."
        return follows if abs(rank) > 0.9999 else ""
    return _one_to_one(one, other) if kinds <= {"category", "boolean", "number"} else ""


def _one_to_one(one: pd.Series, other: pd.Series) -> str:
    pairs = pd.DataFrame({"a": one.to_numpy(), "b": other.to_numpy()}).drop_duplicates()
    if len(pairs) == pairs["a"].nunique() == pairs["b"].nunique():
        return f"Each of {len(pairs)} values of one goes with one value of the other."
    return ""
