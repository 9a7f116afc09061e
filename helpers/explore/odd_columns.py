"""Oddities of single columns: constant, mostly missing, mixed, skewed, with outliers or gaps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pandas as pd

from ..cells.known_words import MISSING_WORDS
from ..cells.number_formats import PLAIN_NUMBER
from ..cells.tidy_text import fingerprint
from .column_counts import MOST_KEPT
from .oddity import Oddity, quoted, share_text
from .surveyed_table import Column

MOSTLY = 0.5
NEARLY = 0.99  # of all cells hold one value
SKEWED = 2.0
MANY_VALUES = 50  # a category with more is hard to encode one by one
FEW_NUMBERS_IN_TEXT = 0.02
FAR_AWAY = 10  # times the range of the middle half
OFTEN_OUT = 0.002
LEVEL = 0.01  # of a gap in dates


def _about(column: Column, code: str, severity: str, message: str, evidence: str, weight: float):
    return Oddity(code, severity, (column.name,), message, evidence, column.anchor, float(weight))


def _empty_or_constant(column: Column) -> Iterator[Oddity]:
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


def _many_gaps(column: Column) -> Iterator[Oddity]:
    share = column.missing / column.rows
    if MOSTLY <= share < 1:
        yield _about(column, "mostly missing", "warning", f"{column.name} is mostly missing.",
                     f"{column.missing:,} of {column.rows:,} cells, {share_text(share)}.",
                     share * 0.6)  # fmt: skip


def _written_as_missing(column: Column) -> Iterator[Oddity]:
    if column.kind not in ("category", "text") or column.counts is None:
        return
    named = [w for w in column.counts.index if str(w).strip().casefold() in MISSING_WORDS]
    if named:
        cells = int(column.counts[named].sum())
        yield _about(column, "words for missing", "warning",
                     f"{column.name} has words that may mean missing.",
                     f"{quoted(named)} in {cells:,} cells: a gap, or a value of its own?",
                     cells / column.rows)  # fmt: skip


def _identifier(column: Column) -> Iterator[Oddity]:
    if column.is_identifier:
        yield _about(column, "identifier", "warning", f"{column.name} looks like an identifier.",
                     f"{column.distinct:,} different values in {column.present:,} cells: it names "
                     f"rows, and a model would memorise them.", 0.4)  # fmt: skip


def _many_values(column: Column) -> Iterator[Oddity]:
    if column.kind == "category" and column.distinct > MANY_VALUES and not column.is_identifier:
        once = f", {column.facts['once']:,} of them once" if column.facts.get("once") else ""
        yield _about(column, "high cardinality", "note",
                     f"{column.name} has {column.distinct:,} different values{once}.",
                     "Too many to encode one by one: group the rare ones, or encode by frequency "
                     "or target inside the folds.", 0.3)  # fmt: skip


def _colliding(column: Column) -> Iterator[Oddity]:
    """Spellings that differ in case, space, accents or punctuation alone."""
    if column.kind != "category" or not 1 < column.distinct <= MOST_KEPT:
        return
    if groups := _same_fingerprint(map(str, column.counts.index)):
        cells = int(sum(column.counts[w] for words in groups for w in words[1:]))
        shown = "; ".join(" = ".join(quoted([w]) for w in words[:3]) for words in groups[:2])
        yield _about(column, "spellings collide", "warning",
                     f"{column.name} spells {len(groups):,} "
                     f"{'thing' if len(groups) == 1 else 'things'} in several ways.",
                     f"{shown}{' …' if len(groups) > 2 else ''} ({cells:,} cells in the rarer "
                     f"spellings).", 0.2 + 0.8 * cells / column.rows)  # fmt: skip


def _same_fingerprint(words: Iterable[str]) -> list[list[str]]:
    """Groups of two or more words that share a fingerprint, the most frequent word first."""
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(fingerprint(word), []).append(word)
    return [group for group in groups.values() if len(group) > 1]


def _all_mean_missing(words: tuple[str, ...]) -> bool:
    return bool(words) and all(word.strip().casefold() in MISSING_WORDS for word in words)


def _text_among_values(column: Column) -> Iterator[Oddity]:
    """Words that do not read as the numbers or dates of their column."""
    if not column.as_text or not column.unread:
        return
    share = column.unread / column.rows
    if _all_mean_missing(column.unread_words):
        yield _about(column, "words for missing", "warning",
                     f"{column.name} has words that may mean missing.",
                     f"{quoted(column.unread_words)} in {column.unread:,} cells, among "
                     f"{column.kind}s.", share)  # fmt: skip
    else:
        yield _about(column, "mixed types", "warning",
                     f"{column.name} mixes {column.kind}s with other text.",
                     f"{column.unread:,} of its cells do not read as a {column.kind}: "
                     f"{quoted(column.unread_words)}.", 0.3 + share)  # fmt: skip


def _numbers_among_text(column: Column) -> Iterator[Oddity]:
    if column.kind not in ("category", "text") or column.counts is None:
        return
    words = pd.Series(column.counts.index, dtype="str")
    numeric = words.str.strip().str.fullmatch(PLAIN_NUMBER.pattern).to_numpy(dtype=bool)
    cells = column.counts.to_numpy()
    share = cells[numeric].sum() / max(cells.sum(), 1)
    if FEW_NUMBERS_IN_TEXT <= share <= 1 - FEW_NUMBERS_IN_TEXT:
        yield _about(column, "mixed types", "warning", f"{column.name} mixes numbers and text.",
                     f"{share_text(share)} of its cells are numbers ({quoted(words[numeric], 2)}), "
                     f"the rest text ({quoted(words[~numeric], 2)}).",
                     min(share, 1 - share))  # fmt: skip


def _values_as_text(column: Column) -> Iterator[Oddity]:
    if column.as_text and not column.unread:
        yield _about(column, f"{column.kind} as text", "note",
                     f"{column.name} holds {_plural(column.kind)} written as text.",
                     f"For example {quoted(map(_plain, column.examples), 2)}.", 0.05)  # fmt: skip


def _plural(kind: str) -> str:
    return "yes and no" if kind == "boolean" else f"{kind}s"


def _plain(value) -> str:
    return re.sub(r" 00:00:00$", "", f"{value:g}" if isinstance(value, float) else str(value))


def _skewed(column: Column) -> Iterator[Oddity]:
    skew = column.facts.get("skew", 0.0)
    if column.kind == "number" and abs(skew) > SKEWED and column.distinct > MANY_VALUES:
        yield _about(column, "skewed", "note", f"{column.name} is skewed.",
                     f"Skewness {skew:.1f}: the mean is {column.facts['mean']:.4g}, the median "
                     f"{column.quantiles[0.5]:.4g}.", min(abs(skew) / 50, 0.5))  # fmt: skip


def _infinite(column: Column) -> Iterator[Oddity]:
    infinite = column.facts.get("infinite", 0)
    if infinite:  # then what is far from the others is one of them
        yield _about(column, "infinite", "warning", f"{column.name} holds infinite values.",
                     f"{infinite:,} cells: what was divided by zero?", 0.5)  # fmt: skip


def _outliers(column: Column) -> Iterator[Oddity]:
    below, above = column.facts.get("far below", 0), column.facts.get("far above", 0)
    if column.kind != "number" or not (below or above) or not column.present:
        return
    share, away = (below + above) / column.present, _ranges_away(column)
    alone = share <= 0.001 and away > FAR_AWAY
    if alone or share >= OFTEN_OUT:  # else they are the tails of a million normal values
        yield _about(column, "outliers", "warning" if alone else "note",
                     f"{column.name} has values far out.", _describe_far_out(column),
                     min(0.1 + away / 200, 0.6))  # fmt: skip


def _ranges_away(column: Column) -> float:
    """How far the farthest value lies from the middle half, in ranges of that half."""
    lowest, low, high, highest = (column.quantiles[q] for q in (0.0, 0.25, 0.75, 1.0))
    over = highest - high if column.facts["far above"] else 0
    under = low - lowest if column.facts["far below"] else 0
    return max(over, under) / (high - low)


def _describe_far_out(column: Column) -> str:
    lowest, low, high, highest = (column.quantiles[q] for q in (0.0, 0.25, 0.75, 1.0))
    below, above = column.facts["far below"], column.facts["far above"]
    ends = [f"{v:.4g}" for v, there in ((lowest, below), (highest, above)) if there]
    return (
        f"{below + above:,} cells lie beyond three times the range of the middle half "
        f"({low:.4g} to {high:.4g}), as far as {' and '.join(ends)}."
    )


def _date_gaps(column: Column) -> Iterator[Oddity]:
    if column.kind != "date":
        return
    gap, step = column.facts["gap"], column.facts.get("usual step", 1)
    if gap >= 3 * step and column.facts["days"] >= 5 and _chance_of_gap(column) < LEVEL:
        start, end = column.facts["gap from"].date(), column.facts["gap to"].date()
        yield _about(column, "dates with gaps", "warning",
                     f"{column.name} has days without rows.",
                     f"{column.facts['days without rows']:,} in all; none in the {gap:,} days "
                     f"between {start} and {end}.",
                     min(0.2 + gap / (gap + column.facts["days"]), 0.9))  # fmt: skip


def _chance_of_gap(column: Column) -> float:
    """The probability of so long a gap anywhere, if days are missing at random (union bound).

    Few days in a long time have long gaps; how many are missing is taken from the rest of the time.
    """
    facts = column.facts
    step = facts["usual step"] if facts["in step"] > MOSTLY else 1
    slots = (facts["days"] + facts["days without rows"]) / step
    run = (facts["gap"] + 1) // step - 1
    filled = min(facts["days"] / max(slots - run, 1), 1.0)
    return min(slots * (1 - filled) ** run, 1.0)


LOOKS = (_empty_or_constant, _many_gaps, _written_as_missing, _identifier, _many_values,
         _colliding, _text_among_values, _numbers_among_text, _values_as_text, _skewed, _infinite,
         _outliers, _date_gaps)  # fmt: skip
