"""Words that look missing and are values, by what else stands in their column and their table.

"NA" among EU and US is North America; "Na" among K and Ca is sodium, "-" beside "+" a result. What
a file writes for missing in columns of numbers means missing in its other columns, too.
"""

from __future__ import annotations

from collections import Counter

import pandas as pd

from .as_texts import texts
from .known_words import SURELY_MISSING
from .tidy_text import tidy

REGIONS = frozenset(
    {
        "EU", "US", "USA", "UK", "CA", "AP", "AF", "AS", "SA", "OC", "AN", "EMEA", "APAC", "LATAM",
        "MEA", "MENA", "ANZ", "AMER", "NORAM", "APJ", "JAPAC", "LAC", "CALA", "CEE", "DACH", "SEA",
        "CIS", "GCC", "ROW", "EUR", "AFR", "ASIA", "CEMEA",
    }
)  # fmt: skip
OTHER_NA = frozenset({"na", "n/a", "n.a.", "n.a", "#n/a", "#na", "<na>"})
SIGNS = frozenset({"+", "++", "+++", "+/-", "±", "--", "0"})  # results beside "-"
MOST_VALUES = 60  # of a column of codes
COMMON = 0.1  # of the cells of a usual value: a word that is rarer may be a slip
MOST_LETTERS = 5  # of a code


def settled(frame: pd.DataFrame, plans: dict[str, dict]) -> dict[str, dict]:
    """The plans of columns of names in which such words are values, by name; no others.

    >>> frame = pd.DataFrame({"area": ["NA", "EU", "US", "EU"]})
    >>> settled(frame, {"area": {"kind": "category", "values": ["EU", "US"]}})["area"]["keep"]
    ['NA']
    """
    found = {}
    for name, plan in plans.items():
        if plan["kind"] == "category" and 0 < len(plan["values"]) <= MOST_VALUES:
            words = _words_of(frame[name])
            kept = [word for word in ("NA", "Na", "-") if words[word] and _is_value(word, words)]
            kept = [word for word in kept if not _means_missing_elsewhere(word, frame, plans)]
            found |= {name: with_kept(plan, kept)} if set(kept) - set(plan.get("keep", ())) else {}
    return found


def with_kept(plan: dict, words: list[str]) -> dict:
    """The plan of a column of names, with some words kept as values.

    >>> with_kept({"kind": "category", "values": ["EU", "US"]}, ["NA"])
    {'kind': 'category', 'values': ['EU', 'NA', 'US'], 'keep': ['NA']}
    """
    if not words:
        return plan
    values = sorted({*plan["values"], *words}) if plan["values"] else []
    return plan | {"values": values, "keep": sorted({*plan.get("keep", ()), *words})}


def _words_of(column: pd.Series) -> Counter:
    """How many cells hold each tidy text; "" has the empty ones."""
    words = Counter({"": int(column.isna().sum())})
    for text, cells in texts(column).value_counts().items():
        words[tidy(text)] += cells
    return words


def _is_value(word: str, words: Counter) -> bool:
    """Whether a word is a value by what stands beside it in its column."""
    others = {w: n for w, n in words.items() if w.casefold() not in SURELY_MISSING}
    if len(others) < 2 or words[word] < COMMON * sorted(others.values())[len(others) // 2]:
        return False
    return _BESIDE[word](set(others), {w for w, n in words.items() if n} - {word, *others})


def _na_is_value(others: set[str], missing: set[str]) -> bool:
    """NA among codes: of regions, or where the column writes missing otherwise, in one way."""
    if not all(w.isascii() and w.isalpha() and w.isupper() and 1 < len(w) <= MOST_LETTERS
               for w in others):  # fmt: skip
        return False
    written = {word.casefold() for word in missing}
    return len(others & REGIONS) >= 2 or (len(written) == 1 and not written & OTHER_NA)


def _sodium_is_value(others: set[str], _) -> bool:
    """Na among the symbols of other elements."""
    symbols = [w for w in others if w.isalpha() and len(w) <= 2 and w == w.capitalize()]
    return len(symbols) == len(others) >= 3 and any(len(w) == 2 for w in symbols)


def _minus_is_value(others: set[str], _) -> bool:
    """A minus beside a plus."""
    return others <= SIGNS and any("+" in sign for sign in others)


_BESIDE = {"NA": _na_is_value, "Na": _sodium_is_value, "-": _minus_is_value}


def _means_missing_elsewhere(word: str, frame: pd.DataFrame, plans: dict) -> bool:
    """Whether a column of numbers, dates or yes and no writes missing so."""
    typed = (n for n, plan in plans.items() if plan["kind"] in ("number", "date", "boolean"))
    return any(bool((frame[name] == word).any()) for name in typed
               if isinstance(frame[name].dtype, pd.StringDtype))  # fmt: skip
