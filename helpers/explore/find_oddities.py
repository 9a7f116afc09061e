"""What in a table deserves a look, from its survey: ranked, each with its evidence and its place.

A finding is an "alarm" (settle it before anything is learnt), a "warning" (worth a look) or a
"note". Within these the order is by weight, a number from 0 to 1: how much of the table it touches.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..base.ranks import roc_auc
from .association import Associations, missing_together
from .odd_columns import LOOKS, MANY_VALUES
from .oddity import Oddity, counted_rows, quoted, share_text
from .surveyed_table import Column, Survey

GIVES_AWAY = 0.95  # strength with the target: V, rank correlation, twice the ROC AUC less one
ALIKE = 0.98  # strength of two columns that may say the same
SAME_GAPS = 0.95  # correlation of two columns' gaps
NOT_AT_RANDOM = 0.2  # strength of "is missing" with another column: Cohen's (1988) small to medium
RARE_CLASS, TIMES_RARER = 0.1, 3  # ten equal classes are in balance


def find(survey: Survey, associations: Associations) -> list[Oddity]:
    """All findings, the most severe first."""
    found = [*_of_rows(survey), *_of_target(survey, associations), *_alike(survey, associations),
             *_not_at_random(survey, associations)]  # fmt: skip
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
    strengths = associations.with_target(survey.target)
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
        area = roc_auc(label == label.max(), ranks)
        area = max(area, 1 - area)  # 0.5 is no better than chance, so it counts from there
        found.append((2 * area - 1, f"ROC AUC {area:.3f}"))
    elif survey[survey.target].kind == "number" and not survey.classes:
        rank = np.corrcoef(ranks, pd.Series(label).rank())[0, 1]
        found.append((float(abs(rank)), f"Rank correlation {rank:.3f}"))
    return max(found)


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
    if share < RARE_CLASS and counts.iloc[0] > TIMES_RARER * counts.iloc[-1]:
        yield Oddity(
            "classes out of balance", "warning", (survey.target,),
            f"The classes of {survey.target} are out of balance.",
            f"{quoted(counts.index[-1:])} is {share_text(share)} of the rows, "
            f"{quoted(counts.index[:1])} {share_text(counts.iloc[0] / counts.sum())}: accuracy "
            f"says little, look at precision and recall.",
            survey[survey.target].anchor, 1 - share,
        )  # fmt: skip


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
    if a.kind == b.kind == "number":
        if (one.to_numpy() == other.to_numpy()).all():
            return "Equal wherever both are present."
        rank = np.corrcoef(one, other)[0, 1]
        follows = f"One follows from the other: their correlation is {rank:.5f}."
        return follows if abs(rank) > 0.9999 else ""
    if {a.kind, b.kind} <= {"category", "boolean", "number"}:
        pairs = pd.DataFrame({"a": one.to_numpy(), "b": other.to_numpy()}).drop_duplicates()
        if len(pairs) == pairs["a"].nunique() == pairs["b"].nunique():
            return f"Each of {len(pairs)} values of one goes with one value of the other."
    if a.kind == b.kind == "date" and (one.to_numpy() == other.to_numpy()).all():
        return "Equal wherever both are present."
    return ""


def _not_at_random(survey: Survey, associations: Associations) -> Iterator[Oddity]:
    """Columns whose gaps depend on another column: the strongest such column for each.

    Columns that go missing in the same rows count as one.
    """
    for names in _same_gaps(survey, associations.missing.index):
        column = survey[names[0]]
        present = associations.missing.loc[column.name].dropna()
        if present.empty or column.kind == "empty":
            continue
        other, strength = str(present.idxmax()), float(present.max())
        if strength >= NOT_AT_RANDOM:
            group, most, least = _gaps_by_group(survey, associations, column.name, other)
            yield Oddity(
                "missing not at random", "warning", (*names, other),
                f"Whether {_and_others(names)} missing depends on {other}.",
                f"Missing in {share_text(most)} of the rows where {other} is {quoted([group])}, "
                f"in {share_text(least)} elsewhere (Cramér's V {strength:.2f}).",
                "what-is-missing", strength * min(1.0, 2 * column.missing / column.rows),
            )  # fmt: skip


def _and_others(names: list[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is"
    others = "1 other column" if len(names) == 2 else f"{len(names) - 1} other columns"
    return f"{names[0]} and {others} are"


def _same_gaps(survey: Survey, names) -> list[list[str]]:
    """Groups of columns whose gaps are (nearly) the same rows', in the order of the table."""
    together = missing_together(survey)

    def are_same(a: str, b: str) -> bool:
        known = a in together.index and b in together.index
        return known and bool(together.loc[a, b] > SAME_GAPS)

    groups: list[list[str]] = []
    for name in map(str, names):
        group = next((group for group in groups if are_same(name, group[0])), None)
        if group is None:
            groups.append(group := [])
        group.append(name)
    return groups


def _gaps_by_group(survey, associations, name: str, other: str) -> tuple[str, float, float]:
    """The group of `other` whose share of gaps is farthest from all other groups' together."""
    levels, gone = associations.levels[other], survey.missing[name].to_numpy()
    known = levels.codes >= 0
    rows = np.bincount(levels.codes[known], minlength=len(levels.labels))
    gaps = np.bincount(levels.codes[known], weights=gone[known], minlength=len(levels.labels))
    here, elsewhere = gaps / np.maximum(rows, 1), (gaps.sum() - gaps) / np.maximum(
        rows.sum() - rows, 1)  # fmt: skip
    group = int((np.abs(here - elsewhere) * np.sqrt(rows)).argmax())
    return levels.labels[group], float(here[group]), float(elsewhere[group])
