"""The plan of a column, drafted from its cells: what it holds, and how its cells are to be read.

A plan is a mapping that a person can read and edit (`kind`, `unit`, `formats`, `values` …).
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced, evenly_spaced_words
from . import addresses, alias_groups, unit_conversion, usual_form, written_forms
from .ambiguous_dates import draft_date
from .as_texts import as_text, texts
from .codes_like_numbers import has_mixed_case
from .column_numbers import number_format
from .key_names import counts_up, is_identifier
from .kinds import Kind, kind_of
from .known_words import BOOLEANS, IMAGE_ENDINGS, MISSING_WORDS, SURELY_MISSING
from .number_formats import is_ledger
from .numbered_dates import format_of
from .ordered_values import ranks_of
from .other_forms import code_width, with_zeros
from .reading_columns import repair_column
from .tidy_text import TIDY_ASCII, fingerprint, repair_encoding, tidy
from .value_forms import (
    FORMS,
    OTHER_WAY,
    draft_form,
    is_learnt_from,
    kind_said,
    plan_of_form,
)
from .words_kept import with_kept

USUAL = 0.8
AGAIN, MOSTLY = 3, 0.5  # a text of so many cells comes again; where most cells do, texts are names
READINGS = ("number", "date", "boolean", OTHER_WAY)  # repairs that say the same in another form
MOST_VALUES = 1_000  # categories with more distinct values do not list them in the plan
MOST_COUNTED = 200_000  # different texts of a column that are counted one by one
LEARNT = ("values", "keep", "missing", "aliases", "typos")  # rest on how often a text comes
MOST_PROBED = 20_000  # this many different texts are enough to classify a column of a million
SOMETIMES_MISSING = ("unknown", "missing", "not known", "not given", "unspecified")
# Codes that often stand for "missing": sure where they lie far out, a doubt where they lie off.
SENTINELS = {-1.0, -9.0, *(s * float("9" * n) for n in range(2, 8) for s in (1, -1))}
SENTINEL_DATES = [
    "0001-01-01", "1111-11-11", "1753-01-01", "1800-01-01", "1899-12-30", "1899-12-31",
    "1900-01-01", "1901-01-01", "1970-01-01", "2099-12-31", "2999-12-31", "3000-01-01",
    "9999-01-01", "9999-12-30", "9999-12-31",
]  # fmt: skip
FEWEST_CODES, FEWEST_DATES = 3, 10  # cells of such a date, and of others
FAR_TIMES, FAR_DAYS = 2, pd.Timedelta(days=3_653)  # beyond the others: spans of them, and at least
DASHES_ALONE = {"-", "--", "–", "—"}
ANSWERS = {"no", "ja", "si", "da"}  # of two letters, and one thing however they are written


def draft_column(column: pd.Series, aliases: dict[str, str] | None = None, unit: str = "") -> dict:
    """The plan of one column. `aliases` and `unit` are what a person knows of it.

    >>> draft_column(pd.Series(["3 kg", "4 kg", "5", "6"]))
    {'kind': 'number', 'unit': 'kg'}
    """
    return draft_and_repair(column, aliases, unit)[0]


def draft_and_repair(
    column: pd.Series, aliases: dict[str, str] | None = None, unit: str = ""
) -> tuple[dict, tuple]:
    """The plan of one column (see `draft_column`), and what `repair_column` makes of it by that."""
    plan, (repaired, kinds) = _with_sentinels(column, _draft_kind(column, aliases or {}, unit))
    form = format_of(_floats(repaired), str(column.name)) if plan == {"kind": "number"} else ""
    if form:
        plan = {"kind": "date", "formats": [form]}
        repaired, kinds = repair_column(column, plan)
    note = _note(repaired, kind_said(plan) if is_learnt_from(plan) else plan["kind"])
    further = {"usual": _usual(column, kinds), "note": note, "flags": _are_flags(repaired, plan)}
    plan |= {key: found for key, found in further.items() if found}
    return plan, (repaired, kinds)


def _floats(column: pd.Series) -> np.ndarray:
    return column.to_numpy(dtype="float64", na_value=np.nan)


def _are_flags(repaired: pd.Series, plan: dict) -> bool:
    """Whether a column of numbers holds ones and zeros alone, some of each."""
    return plan["kind"] == "number" and set(repaired.dropna().unique()) == {0, 1}


def _draft_kind(column: pd.Series, aliases: dict[str, str], unit: str) -> dict:
    """The plan of a column by what it holds: texts that are read, or values with a type."""
    kind = kind_of(column)
    texts_hold = kind in (Kind.TEXT, Kind.DURATION)
    plan = _draft_text(column, aliases, unit) if texts_hold else {"kind": str(kind)}
    return _draft_number(column, unit) if kind == Kind.NUMBER else plan


def _draft_number(column: pd.Series, unit: str) -> dict:
    """The plan of a column of numbers: of its unit, or of postcodes that were taken for numbers."""
    if unit:
        return {"kind": "number", "unit": unit_conversion.known(unit) or unit}
    is_code = addresses.is_called_postcode(str(column.name))
    found = draft_form(_word_counts(column), str(column.name), is_early=True) if is_code else None
    return {"kind": "category"} | found if found else {"kind": "number"}


def draft_as(column: pd.Series, kind: str) -> dict:
    """The plan of a column that a person says to be of a kind, whatever most of its cells say.

    >>> draft_as(pd.Series([1, 2, 1]), "category")
    {'kind': 'category', 'values': ['1', '2']}
    """
    counts = _word_counts(column)
    words = _without_missing_words(counts)
    probe = _probe(words)
    if kind == "category":
        return _draft_category_or_codes(counts, {})
    if kind in FORMS:
        return {"kind": "category"} | plan_of_form(probe, kind)
    drafts = {"number": number_format, "date": draft_date}
    return {"kind": kind} | ((drafts[kind](probe) or {}) if kind in drafts and words else {})


def learn_again(
    column: pd.Series, plan: dict, aliases: dict[str, str] | None = None
) -> tuple[dict, tuple]:
    """A column's plan with what it has `LEARNT` learnt anew from these cells; and their repair.

    How cells are read (kind, unit, formats, limits) stays. `aliases` are what a person knows.

    >>> plan = {"kind": "category", "values": ["Oslo", "Rome"], "typos": {"Osol": "Oslo"}}
    >>> learn_again(pd.Series(["Rome", "ROME", "Lima"]), plan)[0]
    {'kind': 'category', 'values': ['Lima', 'Rome']}
    """
    read = {name: said for name, said in plan.items() if name not in LEARNT}
    read |= {"values": []} if "form" in plan else {}
    if plan["kind"] == "category" and "form" not in plan:
        counts = written_forms.rewritten(_word_counts(column), plan.get("rewrites", {}))
        learnt = _draft_category_or_codes(counts, aliases or {}, plan.get("width", 0))
        read |= {key: said for key, said in learnt.items() if key != "ranks"}
        read = with_kept(read, [word for word in plan.get("keep", ()) if counts[word]])
    return _with_sentinels(column, read)


def _with_sentinels(column: pd.Series, plan: dict) -> tuple[dict, tuple]:
    """A plan, with the numbers or dates that stand for missing in its column; and its repair."""
    repaired = repair_column(column, plan)
    codes_of = {"number": sentinels, "date": sentinel_dates}.get(plan["kind"])
    if codes_of and (codes := codes_of(repaired[0])):
        plan = plan | {"missing": codes}
        repaired = repair_column(column, plan)
    return plan, repaired


def _usual(column: pd.Series, kinds: np.ndarray | None) -> str:
    """The kind of reading that most cells need, "" for none: so the column is written.

    Where all weights are "3 kg", reading them is not a repair, and would fill the log.
    """
    if kinds is None:
        return ""
    present = column.notna().to_numpy()
    return next((k for k in READINGS if (kinds == k).sum() > USUAL * present.sum()), "")


def _draft_text(column: pd.Series, aliases: dict[str, str], unit: str) -> dict:
    """The plan of a column of text: what its words turn out to be."""
    counts = _word_counts(column)
    words = _without_missing_words(counts)
    if not words:
        return {"kind": "text"}
    if aliases:
        return _draft_category_or_codes(counts, aliases)
    return _draft_words(counts, words, unit, str(column.name))


def _draft_words(counts: Counter, words: Counter, unit: str, name: str) -> dict:
    """The plan of words: values of a type, or names and codes, with the rules that write them."""
    bare = written_forms.bare_numbers(words, name)
    found = _draft_values(_probe(written_forms.rewritten(words, bare)), unit, name)
    if bare and found and found["kind"] != "number":
        found = _draft_values(_probe(words), unit, name)
    if found and (zero := _dashes_for_nothing(counts, found)):
        found["zero"] = zero
    rules = (
        (bare if found["kind"] == "number" else {}) if found else usual_form.sure_rules(words, name)
    )
    plan = found or _draft_category_or_codes(written_forms.rewritten(counts, rules), {})
    return plan | ({"rewrites": rules} if rules else {})


def _draft_values(probe: Counter, unit: str, name: str = "") -> dict | None:
    """The plan of words that stand for yes and no, numbers or dates; None for other words."""
    for kind, draft in DRAFTS:
        if (plan := draft(probe, unit, name)) is not None:
            return {"kind": kind} | plan
    names_images = sum(w.lower().endswith(IMAGE_ENDINGS) for w in probe) > 0.9 * len(probe)
    if names_images or _reads_like_prose(probe):  # spellings of paths and sentences are their own
        return {"kind": "text"}
    return None


# By kind what drafts the plan of words, in this order; it gives None for words that are no such.
DRAFTS = (
    ("boolean", lambda words, unit, name: _draft_boolean(words)),
    ("category", lambda words, unit, name: draft_form(words, name, is_early=True)),
    ("number", number_format),
    ("date", lambda words, unit, name: draft_date(words)),
    ("category", lambda words, unit, name: draft_form(words, name)),
)


def _dashes_for_nothing(counts: Counter, plan: dict) -> list[str]:
    """The dashes that stand for nothing in a column of money, where it is kept as ledgers are."""
    if not unit_conversion.is_currency(plan.get("unit", "")) or not any(map(is_ledger, counts)):
        return []
    return sorted(DASHES_ALONE & set(counts))


def _draft_category_or_codes(counts: Counter, aliases: dict[str, str], width: int = 0) -> dict:
    """The plan of words that are names, or codes, each of its own, of so many digits if known."""
    width = code_width(_without_missing_words(counts)) or width
    of_codes = {"width": width} if width else {}
    counts = with_zeros(counts, width)
    words = _without_missing_words(counts)
    if not aliases and len(words) > MOST_VALUES and len(words) > 0.95 * words.total():
        return {"kind": "category", "values": []} | of_codes
    return _draft_category(counts, words, aliases) | of_codes


def _word_counts(column: pd.Series) -> Counter:
    """How many cells hold each text, tidied, its encoding mended."""
    found = texts(column).value_counts()
    if len(found) > MOST_COUNTED:  # evenly spread; so many different texts are no list of names
        found = found.sort_index().iloc[evenly_spaced(len(found), MOST_COUNTED)]
    is_tidy = found.index.str.fullmatch(TIDY_ASCII)
    counts = Counter(found[is_tidy].to_dict())
    for text, cells in found[~is_tidy].items():
        counts[repair_encoding(tidy(text))] += cells
    return counts


def _without_missing_words(counts: Counter) -> Counter:
    return Counter({w: n for w, n in counts.items() if w.casefold() not in MISSING_WORDS})


def _probe(words: Counter) -> Counter:
    """A sample of the words that is large enough to represent the rest."""
    return words if len(words) <= MOST_PROBED else evenly_spaced_words(words, MOST_PROBED)


def sentinels(column: pd.Series) -> list[str]:
    """Codes such as 999 that surely stand for "missing": repeated, and far from all other values.

    Far is more than five times the range of 98 % of the others (and the largest of them): prices
    from 10 to 500 may hold a 999, ages may not. What else lies so far out must be rarer by far,
    or 999 is only one value of a long tail.
    """
    values = _floats(column)
    found, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    is_code = np.isin(found, list(SENTINELS))
    if (~is_code).sum() < 10 or not is_code.any():
        return []
    low, high = np.quantile(np.repeat(found[~is_code], counts[~is_code]), [0.01, 0.99])
    reach = 5 * max(high - low, abs(high), abs(low))
    far = (found > high + reach) | (found < low - reach)
    surely = is_code & far & (counts >= 3 * counts[far & ~is_code].max(initial=1))
    return [as_text(float(value)) for value in found[surely]]


def sentinel_dates(column: pd.Series) -> list[str]:
    """Dates such as 1900-01-01 that surely stand for "missing": repeated, far from all others.

    >>> sentinel_dates(pd.to_datetime(pd.Series(["1900-01-01"] * 3 + ["2024-05-01"] * 20)))
    ['1900-01-01']
    """
    days, codes = column.dropna().dt.normalize(), [*map(pd.Timestamp, SENTINEL_DATES)]
    counts, others = days.value_counts(), days[~days.isin(codes)]
    if len(others) < FEWEST_DATES:
        return []
    low, high = others.min(), others.max()
    reach = max(FAR_TIMES * (high - low), FAR_DAYS)
    return [day for day in SENTINEL_DATES if counts.get(pd.Timestamp(day), 0) >= FEWEST_CODES
            and not low - reach <= pd.Timestamp(day) <= high + reach]  # fmt: skip


def _draft_boolean(words: Counter) -> dict | None:
    known = {BOOLEANS.get(word.casefold()) for word in words}
    return {} if known == {True, False} else None


def _reads_like_prose(words: Counter) -> bool:
    """Whether a column holds sentences; a few that come again and again are a list of names."""
    lengths = [len(word.split()) for word in words]
    many = len(words) >= 7 and len(words) > 0.2 * words.total()
    again = sum(cells for cells in words.values() if cells >= AGAIN)
    return many and float(np.mean(lengths)) >= 4 and again < MOSTLY * words.total()


def _draft_category(counts: Counter, words: Counter, aliases: dict[str, str]) -> dict:
    spellings = Counter()
    for word, cells in counts.items():
        spellings[aliases.get(word, word)] += cells
    keep = _words_to_keep(spellings)
    missing = _words_that_are_missing(counts) - keep
    spellings = _without_missing(spellings, keep, missing)
    values, merged = _one_spelling_each(spellings)
    kept = Counter({value: spellings[value] for value in values})
    known = aliases or alias_groups.draft(_with_merged(kept, merged, spellings))
    values = [value for value in values if value not in known]
    if len(values) > MOST_VALUES:  # only the spellings that collide need to be written down
        values = sorted(set(merged.values()))
    pairs = {a: c for a, c in known.items() if a != c}
    further = {"keep": sorted(keep), "missing": sorted(missing), "aliases": pairs}
    further["ranks"] = ranks_of(Counter({value: spellings[value] for value in values}))
    plan = {"kind": "category", "values": sorted(values)}
    return plan | {key: found for key, found in further.items() if found}


def _without_missing(words: Counter, keep: set[str], missing: set[str]) -> Counter:
    """The words that do not mean missing."""
    surely = {w for w in words if w.casefold() in SURELY_MISSING} | missing
    return Counter({w: n for w, n in words.items() if w in keep or w not in surely})


def _with_merged(kept: Counter, merged: dict[str, str], spellings: Counter) -> dict[str, int]:
    counts = dict(kept)
    for spelling, value in merged.items():
        counts[value] = counts.get(value, 0) + spellings[spelling]
    return counts


def _words_that_are_missing(words: Counter) -> set[str]:
    """Words such as "unknown", where they are rare; where they are many they may be a class."""
    found = {w for w in words if w.casefold() in SOMETIMES_MISSING}
    return found if sum(words[w] for w in found) <= 0.2 * words.total() else set()


def _words_to_keep(words: Counter) -> set[str]:
    """Words that look missing and are not: "NA" among codes of two capitals (Namibia)."""
    codes = [w for w in words if w.casefold() not in MISSING_WORDS]
    if len(codes) >= 3 and all(len(w) == 2 and w.isalpha() and w.isupper() for w in codes):
        return {"NA"} & set(words)
    return set()


def _one_spelling_each(words: Counter) -> tuple[list[str], dict[str, str]]:
    """The most frequent spelling of each fingerprint; and which spellings it takes the place of."""
    canonical: dict[str, str] = {}
    merged: dict[str, str] = {}
    values = []
    style = _usual_style(words)
    for word, cells in sorted(words.items(), key=lambda item: _rank(*item, style)):
        key = fingerprint(word)
        first = canonical.setdefault(key, word)
        frequent = cells > 0.2 * words[first]  # Co and CO are two things
        short_code = len(key) < 2 or (len(key) == 2 and key not in ANSWERS and frequent)
        if first == word or short_code or (has_mixed_case(word) and has_mixed_case(first)):
            values.append(word)
        else:
            merged[word] = first
    return values, merged


def _rank(word: str, cells: int, style: str) -> tuple:
    """Frequent words first; among rare ones those in the column's usual case."""
    return (-cells if cells > 3 else 0, _style(word) != style, -cells, word)


def _usual_style(words: Counter) -> str:
    styles: Counter = Counter()
    for word, cells in words.items():
        styles[_style(word)] += cells
    return styles.most_common(1)[0][0] if styles else ""


def _style(word: str) -> str:
    """How a word is written: upper, lower or title case, or else."""
    ways = {"upper": word.isupper(), "lower": word.islower(), "title": word.istitle()}
    return next((style for style, fits in ways.items() if fits), "")


def _note(column: pd.Series, kind: str) -> str:
    """ "empty", "constant" or "identifier" for a column that no model can learn from."""
    present = column.dropna()
    distinct = present.nunique()
    if present.empty:
        return "empty"
    if distinct == 1:
        return "constant" if len(present) == len(column) else ""
    values = present.to_numpy(dtype=float) if kind == "number" else np.empty(0)
    looks = {"whole": bool((values % 1 == 0).all()), "in_order": counts_up(values)}
    said = is_identifier(str(column.name), kind, len(present), distinct, **looks)
    return "identifier" if said else ""
