"""What in a table deserves a look, from its survey: ranked, each with its evidence and its place.

A finding is an "alarm" (settle it before anything is learnt), a "warning" (worth a look) or a
"note". Within these the order is by weight, a number from 0 to 1: how much of the table it touches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .association import Associations, missing_together
from .base.ranks import roc_auc
from .cells.known_words import MISSING_WORDS
from .cells.number_formats import PLAIN_NUMBER
from .cells.tidy_text import fingerprint
from .survey import MOST_KEPT, Column, Survey

SEVERITIES = ("alarm", "warning", "note")
GIVES_AWAY = 0.95  # strength with the target: V, rank correlation, twice the ROC AUC less one
ALIKE = 0.98  # strength of two columns that may say the same
SAME_GAPS = 0.95  # correlation of two columns' gaps
NOT_AT_RANDOM = 0.2  # strength of "is missing" with another column: Cohen's (1988) small to medium
MOSTLY = 0.5
NEARLY = 0.99  # of all cells hold one value
SKEWED = 2.0
MANY_VALUES = 50  # a category with more is hard to encode one by one
RARE_CLASS, TIMES_RARER = 0.1, 3  # ten equal classes are in balance
FEW_NUMBERS_IN_TEXT = 0.02
FAR_AWAY = 10  # times the range of the middle half
OFTEN_OUT = 0.002
A_FEW = 3


@dataclass(frozen=True)
class Finding:
    """Something to look at: what, how grave, in which columns, and what shows it."""

    code: str
    severity: str
    columns: tuple[str, ...]
    message: str
    evidence: str
    place: str  # the anchor where a page shows it
    weight: float = 0.0


def find(survey: Survey, associations: Associations) -> list[Finding]:
    """All findings, the gravest first."""
    found = [*_of_rows(survey), *_of_target(survey, associations), *_alike(survey, associations),
             *_not_at_random(survey, associations)]  # fmt: skip
    for column in survey.columns:
        for look in LOOKS:
            found += look(column)
    return sorted(found, key=lambda f: (SEVERITIES.index(f.severity), -f.weight))


def share_text(part: float) -> str:
    """A share as text that is never 0 % or 100 % when it is not.

    >>> share_text(0.5), share_text(0.00001), share_text(0.9999)
    ('50%', 'under 0.1%', 'over 99.9%')
    """
    if 0 < part < 0.001:
        return "under 0.1%"
    if 0.999 < part < 1:
        return "over 99.9%"
    return f"{part:.0%}" if 0.1 <= part <= 0.99 or part in (0, 1) else f"{part:.1%}"


def quoted(values, most: int = A_FEW) -> str:
    values = [f"{v:g}" if isinstance(v, float) else v for v in values]
    texts = [str(v) if len(str(v)) <= 40 else str(v)[:39] + "…" for v in values]
    return ", ".join(f"‘{text}’" for text in texts[:most]) + (" …" if len(texts) > most else "")


def counted_rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


# --- The table and its target -------------------------------------------------------------------


def _of_rows(survey: Survey) -> Iterator[Finding]:
    if survey.repeated:
        share = survey.repeated / survey.rows
        yield Finding(
            "duplicates", "warning", (),
            f"{counted_rows(survey.repeated)} {'says' if survey.repeated == 1 else 'say'} the same as an "
            f"earlier one.",
            f"{share_text(share)} of the rows: a random split puts the same row on both sides.",
            "overview", share,
        )  # fmt: skip


def _of_target(survey: Survey, associations: Associations) -> Iterator[Finding]:
    if not survey.target:
        return
    target = survey[survey.target]
    if target.missing:
        share = target.missing / target.rows
        yield Finding(
            "target missing", "warning", (target.name,),
            f"The target {target.name} is missing in {counted_rows(target.missing)}.",
            f"{share_text(share)} of the rows can't be used for training.", target.anchor, share,
        )  # fmt: skip
    if survey.label is None:
        return
    yield from _out_of_balance(survey)
    strengths = associations.with_target(target.name)
    for name, strength in strengths[strengths > 0.5].items():
        size, evidence = _gives_away(survey, str(name), float(strength))
        if size >= GIVES_AWAY:
            yield Finding(
                "gives the target away", "alarm", (str(name), target.name),
                f"{name} alone almost determines {target.name}.",
                f"{evidence}. Is it known when the prediction is made?",
                "against-the-target", size,
            )  # fmt: skip


@np.errstate(invalid="ignore", over="ignore")  # numbers of 1e308 have no correlation
def _gives_away(survey: Survey, name: str, strength: float) -> tuple[float, str]:
    """How well one column tells the target (0 to 1), by the measure that says most; in words."""
    column, target = survey[name], survey[survey.target]
    found = [(strength, f"Cramér's V {strength:.3f}")]
    if column.kind in ("number", "date"):
        values = pd.Series(column.sample.to_numpy()).astype("float64" if column.kind == "number"
                                                             else "int64")  # fmt: skip
        label = pd.Series(survey.label[survey.sampled])
        known = column.sample.notna().to_numpy() & label.notna().to_numpy()
        ranks, label = values[known].rank().to_numpy(), label[known].to_numpy()
        if survey.classes and len(np.unique(label)) == 2:
            yes = label == label.max()
            area = roc_auc(yes, ranks)
            area = max(area, 1 - area)  # half is chance, so it counts from there
            found.append((2 * area - 1, f"ROC AUC {area:.3f}"))
        elif target.kind == "number" and not survey.classes:
            rank = np.corrcoef(ranks, pd.Series(label).rank())[0, 1]
            found.append((float(abs(rank)), f"Rank correlation {rank:.3f}"))
    return max(found)


def _out_of_balance(survey: Survey) -> Iterator[Finding]:
    counts = survey[survey.target].counts
    if not survey.classes or counts is None or len(counts) < 2 or len(counts) > MANY_VALUES:
        return
    share = counts.iloc[-1] / counts.sum()
    if share < RARE_CLASS and counts.iloc[0] > TIMES_RARER * counts.iloc[-1]:
        yield Finding(
            "classes out of balance", "warning", (survey.target,),
            f"The classes of {survey.target} are out of balance.",
            f"{quoted(counts.index[-1:])} is {share_text(share)} of the rows, "
            f"{quoted(counts.index[:1])} {share_text(counts.iloc[0] / counts.sum())}: accuracy "
            f"says little, look at precision and recall.",
            survey[survey.target].anchor, 1 - share,
        )  # fmt: skip


# --- Pairs of columns ---------------------------------------------------------------------------


def _alike(survey: Survey, associations: Associations) -> Iterator[Finding]:
    pairs = associations.strongest(200)
    for a, b in pairs.loc[pairs["strength"] >= ALIKE, ["a", "b"]].itertuples(index=False):
        if survey.target in (a, b):
            continue
        how = _same(survey[a], survey[b])
        if how:
            yield Finding(
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


def _not_at_random(survey: Survey, associations: Associations) -> Iterator[Finding]:
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
            yield Finding(
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
    groups: list[list[str]] = []
    for name in names:
        known = name in together.index
        first = next(
            (g for g in groups if known and g[0] in together.index
             and together.loc[name, g[0]] > SAME_GAPS), None,
        )  # fmt: skip
        if first is None:
            groups.append([str(name)])
        else:
            first.append(str(name))
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


# --- One column ---------------------------------------------------------------------------------


def _about(column: Column, code: str, severity: str, message: str, evidence: str, weight: float):
    return Finding(code, severity, (column.name,), message, evidence, column.anchor, float(weight))


def _empty_or_constant(column: Column) -> Iterator[Finding]:
    if column.kind == "empty":
        yield _about(column, "empty", "warning", f"{column.name} is empty.",
                     f"Missing in all {column.rows:,} rows.", 0.9)  # fmt: skip
    elif column.is_constant and column.rows > 1:
        value = column.examples[0] if column.examples else "infinite"
        yield _about(column, "constant", "warning", f"{column.name} is constant.",
                     f"Every row says {quoted([value])}: nothing can be learnt from it.",
                     0.8)  # fmt: skip
    elif column.counts is not None and column.distinct > 1 and column.kind != "text":
        share = column.counts.iloc[0] / column.present
        if share >= NEARLY:
            yield _about(column, "nearly constant", "note", f"{column.name} hardly varies.",
                         f"{share_text(share)} of its cells: {quoted(column.counts.index[:1])}.",
                         share * 0.3)  # fmt: skip


def _many_gaps(column: Column) -> Iterator[Finding]:
    share = column.missing / column.rows
    if MOSTLY <= share < 1:
        yield _about(column, "mostly missing", "warning", f"{column.name} is mostly missing.",
                     f"{column.missing:,} of {column.rows:,} cells, {share_text(share)}.",
                     share * 0.6)  # fmt: skip


def _written_as_missing(column: Column) -> Iterator[Finding]:
    if column.kind not in ("category", "text") or column.counts is None:
        return
    named = [w for w in column.counts.index if str(w).strip().casefold() in MISSING_WORDS]
    if named:
        cells = int(column.counts[named].sum())
        yield _about(column, "words for missing", "warning",
                     f"{column.name} has words that may mean missing.",
                     f"{quoted(named)} in {cells:,} cells: a gap, or a value of its own?",
                     cells / column.rows)  # fmt: skip


def _identifier(column: Column) -> Iterator[Finding]:
    if column.is_identifier:
        yield _about(column, "identifier", "warning", f"{column.name} looks like an identifier.",
                     f"{column.distinct:,} different values in {column.present:,} cells: it names "
                     f"rows, and a model would memorise them.", 0.4)  # fmt: skip


def _many_values(column: Column) -> Iterator[Finding]:
    if column.kind == "category" and column.distinct > MANY_VALUES and not column.is_identifier:
        once = f", {column.facts['once']:,} of them once" if column.facts.get("once") else ""
        yield _about(column, "high cardinality", "note",
                     f"{column.name} has {column.distinct:,} different values{once}.",
                     "Too many to encode one by one: group the rare ones, or encode by frequency "
                     "or target inside the folds.", 0.3)  # fmt: skip


def _colliding(column: Column) -> Iterator[Finding]:
    """Spellings that differ in case, space, accents or punctuation alone."""
    if column.kind != "category" or not 1 < column.distinct <= MOST_KEPT:
        return
    by_print: dict[str, list[str]] = {}
    for word in column.counts.index:
        by_print.setdefault(fingerprint(str(word)), []).append(str(word))
    groups = [words for words in by_print.values() if len(words) > 1]
    if groups:
        cells = int(sum(column.counts[w] for words in groups for w in words[1:]))
        shown = "; ".join(" = ".join(quoted([w]) for w in words[:3]) for words in groups[:2])
        yield _about(column, "spellings collide", "warning",
                     f"{column.name} spells {len(groups):,} "
                     f"{'thing' if len(groups) == 1 else 'things'} in several ways.",
                     f"{shown}{' …' if len(groups) > 2 else ''} ({cells:,} cells in the rarer "
                     f"spellings).", 0.2 + 0.8 * cells / column.rows)  # fmt: skip


def _all_mean_missing(words: tuple[str, ...]) -> bool:
    return bool(words) and all(word.strip().casefold() in MISSING_WORDS for word in words)


def _mixed(column: Column) -> Iterator[Finding]:
    """Text among numbers or dates, or numbers among text."""
    if column.as_text and _all_mean_missing(column.unread_words):
        yield _about(column, "words for missing", "warning",
                     f"{column.name} has words that may mean missing.",
                     f"{quoted(column.unread_words)} in {column.unread:,} cells, among "
                     f"{column.kind}s.", column.unread / column.rows)  # fmt: skip
    elif column.as_text and column.unread:
        yield _about(column, "mixed types", "warning",
                     f"{column.name} mixes {column.kind}s with other text.",
                     f"{column.unread:,} of its cells do not read as a {column.kind}: "
                     f"{quoted(column.unread_words)}.",
                     0.3 + column.unread / column.rows)  # fmt: skip
    elif column.kind in ("category", "text") and column.counts is not None:
        words = pd.Series(column.counts.index, dtype="str")
        numeric = words.str.strip().str.fullmatch(PLAIN_NUMBER.pattern).to_numpy(dtype=bool)
        cells = column.counts.to_numpy()
        share = cells[numeric].sum() / max(cells.sum(), 1)
        if FEW_NUMBERS_IN_TEXT <= share <= 1 - FEW_NUMBERS_IN_TEXT:
            evidence = (
                f"{share_text(share)} of its cells are numbers ({quoted(words[numeric], 2)}), the "
                f"rest text ({quoted(words[~numeric], 2)})."
            )
            message = f"{column.name} mixes numbers and text."
            yield _about(column, "mixed types", "warning", message, evidence, min(share, 1 - share))
    if column.as_text and not column.unread:
        yield _about(column, f"{column.kind} as text", "note",
                     f"{column.name} holds {_plural(column.kind)} written as text.",
                     f"For example {quoted(map(_plain, column.examples), 2)}.", 0.05)  # fmt: skip


def _plural(kind: str) -> str:
    return "yes and no" if kind == "boolean" else f"{kind}s"


def _plain(value) -> str:
    return re.sub(r" 00:00:00$", "", f"{value:g}" if isinstance(value, float) else str(value))


def _skewed(column: Column) -> Iterator[Finding]:
    skew = column.facts.get("skew", 0.0)
    if column.kind == "number" and abs(skew) > SKEWED and column.distinct > MANY_VALUES:
        yield _about(column, "skewed", "note", f"{column.name} is skewed.",
                     f"Skewness {skew:.1f}: the mean is {column.facts['mean']:.4g}, the median "
                     f"{column.quantiles[0.5]:.4g}.", min(abs(skew) / 50, 0.5))  # fmt: skip


def _outliers(column: Column) -> Iterator[Finding]:
    infinite = column.facts.get("infinite", 0)
    if infinite:  # then what is far from the others is one of them
        yield _about(column, "infinite", "warning", f"{column.name} holds infinite values.",
                     f"{infinite:,} cells: what was divided by zero?", 0.5)  # fmt: skip
    below, above = column.facts.get("far below", 0), column.facts.get("far above", 0)
    if column.kind != "number" or not (below or above) or not column.present:
        return
    low, high = column.quantiles[0.25], column.quantiles[0.75]
    lowest, highest = column.quantiles[0.0], column.quantiles[1.0]
    away = max((highest - high) if above else 0, (low - lowest) if below else 0) / (high - low)
    share = (below + above) / column.present
    alone = share <= 0.001 and away > FAR_AWAY
    if not alone and share < OFTEN_OUT:
        return  # the tails of a million normal values
    ends = [f"{v:.4g}" for v, there in ((lowest, below), (highest, above)) if there]
    yield _about(column, "outliers", "warning" if alone else "note",
                 f"{column.name} has values far out.",
                 f"{below + above:,} cells lie beyond three times the range of the middle half "
                 f"({low:.4g} to {high:.4g}), as far as {' and '.join(ends)}.",
                 min(0.1 + away / 200, 0.6))  # fmt: skip


def _date_gaps(column: Column) -> Iterator[Finding]:
    if column.kind != "date":
        return
    gap, step = column.facts["gap"], column.facts.get("usual step", 1)
    if gap >= 3 * step and column.facts["days"] >= 5:
        start, end = column.facts["gap from"].date(), column.facts["gap to"].date()
        yield _about(column, "dates with gaps", "warning",
                     f"{column.name} has days without rows.",
                     f"{column.facts['days without rows']:,} in all; none in the {gap:,} days "
                     f"between {start} and {end}.",
                     min(0.2 + gap / (gap + column.facts["days"]), 0.9))  # fmt: skip


LOOKS = (_empty_or_constant, _many_gaps, _written_as_missing, _identifier, _many_values,
         _colliding, _mixed, _skewed, _outliers, _date_gaps)  # fmt: skip
