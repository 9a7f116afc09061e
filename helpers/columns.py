"""One column: what it holds, drafted from its cells, and how each cell is read by that draft.

A column's plan is a mapping that a person can read and edit (`kind`, `unit`, `formats`, `values`
…). What becomes of a cell depends on its text and that plan alone.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import numpy as np
import pandas as pd

from .values import (
    BOOLEANS,
    DATE_FORMATS,
    IMAGE_ENDINGS,
    MISSING_WORDS,
    PLAIN_NUMBER,
    SURE_SHARE,
    SURELY_MISSING,
    fingerprint,
    number_format,
    parse_date,
    parse_quantity,
    share_read,
    tidy,
)

KINDS = ("number", "boolean", "date", "category", "text")
MOST_VALUES = 1_000  # categories with more distinct values do not list them in the plan
ID_NAME = ("id", "uuid", "guid", "key", "index", "nr", "no", "number", "unnamed: 0")


# --- Drafting -----------------------------------------------------------------------------------


def draft_column(column: pd.Series, aliases: dict[str, str] | None = None) -> dict:
    """The plan of one column.

    >>> draft_column(pd.Series(["yes", "No", None]))
    {'kind': 'boolean'}
    """
    types = pd.api.types
    if types.is_bool_dtype(column.dtype):
        plan = {"kind": "boolean"}
    elif types.is_numeric_dtype(column.dtype):
        plan = {"kind": "number"}
    elif types.is_datetime64_any_dtype(column.dtype):
        plan = {"kind": "date"}
    else:
        plan = _draft_text(column, aliases or {})
    note = _note(repair_column(column, plan)[0], plan["kind"])
    return plan | ({"note": note} if note else {})


def _draft_text(column: pd.Series, aliases: dict[str, str]) -> dict:
    """The plan of a column of text: what its words turn out to be."""
    counts = Counter(texts(column).dropna().map(tidy).value_counts().to_dict())
    words = Counter({w: n for w, n in counts.items() if w.casefold() not in MISSING_WORDS})
    if not words:
        return {"kind": "text"}
    if aliases:
        return _draft_category(counts, words, aliases)
    for draft in (_draft_boolean, _draft_number, _draft_date):
        if plan := draft(words):
            return plan
    names_images = sum(word.lower().endswith(IMAGE_ENDINGS) for word in words) > 0.9 * len(words)
    if names_images or _reads_like_prose(words):  # spellings of paths and sentences are their own
        return {"kind": "text"}
    return _draft_category(counts, words, aliases)


def _draft_boolean(words: Counter) -> dict | None:
    known = {BOOLEANS.get(word.casefold()) for word in words}
    return {"kind": "boolean"} if known == {True, False} else None


def _draft_number(words: Counter) -> dict | None:
    form = number_format(words)
    return None if form is None else {"kind": "number"} | form


def _draft_date(words: Counter) -> dict | None:
    left, formats, ambiguous = words, [], False
    probe = Counter(dict(words.most_common(2000)))
    for _ in range(3):
        shares = {
            form: share_read(probe, lambda w, f=form: parse_date(w, f)) for form in DATE_FORMATS
        }
        best = max(shares, key=shares.get)
        if shares[best] == 0:
            break
        formats.append(best)
        twin = best.replace("%m", "%_").replace("%d", "%m").replace("%_", "%d")
        ambiguous |= twin != best and shares.get(twin) == shares[best]
        left = Counter({w: n for w, n in left.items() if not parse_date(w, best)})
        if 1 - left.total() / words.total() >= SURE_SHARE:
            return {"kind": "date", "formats": formats} | ({"ambiguous": True} if ambiguous else {})
        probe = Counter(dict(left.most_common(2000)))
    return None


def _reads_like_prose(words: Counter) -> bool:
    lengths = [len(word.split()) for word in words]
    return len(words) >= 7 and float(np.mean(lengths)) >= 4


def _draft_category(counts: Counter, words: Counter, aliases: dict[str, str]) -> dict:
    spellings = Counter()
    for word, cells in counts.items():
        spellings[aliases.get(word, word)] += cells
    keep = _words_to_keep(spellings)
    spellings = Counter(
        {w: n for w, n in spellings.items() if w in keep or w.casefold() not in SURELY_MISSING}
    )
    values, merged = _one_spelling_each(spellings)
    if len(values) > MOST_VALUES:  # only the spellings that collide need to be written down
        values = sorted(set(merged.values()))
    plan = {"kind": "category", "values": sorted(values)}
    if keep:
        plan["keep"] = sorted(keep)
    if aliases:
        plan["aliases"] = {a: c for a, c in aliases.items() if a != c}
    return plan


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
    for word, cells in sorted(words.items(), key=lambda item: (-item[1], item[0])):
        key = fingerprint(word)
        first = canonical.setdefault(key, word)
        short_code = len(key) < 2 or (len(key) == 2 and cells > 0.2 * words[first])
        if first == word or short_code:
            values.append(word)
        else:
            merged[word] = first
    return values, merged


def _note(column: pd.Series, kind: str) -> str:
    """ "empty", "constant" or "identifier" for a column that no model can learn from."""
    present = column.dropna()
    distinct = present.nunique()
    if present.empty:
        return "empty"
    if distinct == 1:
        return "constant" if len(present) == len(column) else ""
    if len(present) < 20 or kind in ("date", "text", "boolean"):
        return ""
    unique = distinct == len(present)
    if kind == "number":
        values = pd.to_numeric(present, errors="coerce")
        whole = bool((values % 1 == 0).all())
        named = any(
            tidy(str(column.name)).casefold().replace("_", " ").split(" ")[-1] == word
            or str(column.name).casefold() == word
            for word in ID_NAME
        )
        steps = values.diff().dropna()
        counts_up = bool((steps == 1).all())
        return "identifier" if whole and unique and (named or counts_up) else ""
    return "identifier" if distinct > 0.95 * len(present) else ""


# --- Repairing ----------------------------------------------------------------------------------


def repair_column(column: pd.Series, plan: dict) -> tuple[pd.Series, np.ndarray | None]:
    """One column, repaired, and the kind of repair of each cell ("" for none; None for no cell)."""
    if _is_typed(column, plan["kind"]):
        return _repair_typed(column, plan)
    found = texts(column)
    codes, distinct = pd.factorize(found)
    repairs = [repair_value(text, plan) for text in distinct]
    values = np.array([value for value, _ in repairs] + [None], dtype=object)
    kinds = np.array([kind for _, kind in repairs] + [""], dtype=object)
    repaired = pd.Series(values[codes], index=column.index, name=column.name, dtype=object)
    return _with_type(repaired, plan["kind"]), kinds[codes]


def repair_value(text: str, plan: dict) -> tuple[object, str]:
    """What one text of a column becomes, and the kind of repair ("" when nothing was wrong).

    >>> repair_value("1,200", {"kind": "number"}), repair_value("n/a", {"kind": "number"})
    ((1200.0, 'number'), (None, 'missing word'))
    """
    plain = tidy(text)
    kind = plan["kind"]
    if plain.casefold() in _missing_words(kind) and plain not in plan.get("keep", ()):
        return None, "missing word"
    value, repair = _READERS[kind](plain, plan)
    if value is None:
        return None, "unreadable"
    if not repair and plain != text and kind in ("category", "text"):
        repair = "spaces"
    if kind == "number" and not _within(value, plan):
        return None, "impossible"
    return value, repair


def repair_cell(value, plan: dict) -> tuple[object, str]:
    """What one cell of any type becomes, and the kind of repair; as `repair_column` has it.

    >>> repair_cell(5, {"kind": "number", "limits": [0, 4]})
    (None, 'impossible')
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and plan["kind"] == "number":
        return (value, "") if abs(value) < 1e308 and _within(value, plan) else (None, "impossible")
    return repair_value(as_text(value), plan)


def _missing_words(kind: str) -> frozenset[str]:
    return SURELY_MISSING if kind in ("category", "text") else MISSING_WORDS


def _read_number(text: str, plan: dict):
    style, unit = plan.get("style", "point"), plan.get("unit", "")
    if PLAIN_NUMBER.fullmatch(text) and (style == "point" or "." not in text):
        value = float(text)
        return (value, "") if np.isfinite(value) else (None, "")
    quantity = parse_quantity(text, style)
    if quantity is None or quantity[1].casefold() not in ("", unit.casefold()):
        return None, ""
    return quantity[0], "number"


def _read_date(text: str, plan: dict):
    for form in plan.get("formats", ["iso"]):
        if date := parse_date(text, form):
            return date, "" if form == "iso" else "date"
    return parse_date(text, "iso"), ""


def _read_boolean(text: str, plan: dict):
    value = {"1": True, "0": False}.get(text, BOOLEANS.get(text.casefold()))
    return value, "" if text in ("True", "False", "1", "0") else "boolean"


def _read_category(text: str, plan: dict):
    aliases, values = plan.get("aliases", {}), tuple(plan.get("values", ()))
    said = aliases.get(text, text)
    known = _spellings(values)
    common = said if said in known["values"] else known["common"].get(fingerprint(said), said)
    return common, "alias" if text in aliases else "" if common == text else "spelling"


def _read_text(text: str, plan: dict):
    return text, ""


_READERS = {
    "number": _read_number,
    "date": _read_date,
    "boolean": _read_boolean,
    "category": _read_category,
    "text": _read_text,
}


@lru_cache(maxsize=256)
def _spellings(values: tuple[str, ...]) -> dict:
    """The canonical values as a set, and the one of each fingerprint that only one has."""
    found: dict[str, list[str]] = {}
    for value in values:
        found.setdefault(fingerprint(value), []).append(value)
    common = {key: several[0] for key, several in found.items() if len(several) == 1}
    return {"values": frozenset(values), "common": common}


def _is_typed(column: pd.Series, kind: str) -> bool:
    """Whether a column already has the type that its kind asks for."""
    types = pd.api.types
    if kind == "number":
        return types.is_numeric_dtype(column.dtype) and not types.is_bool_dtype(column.dtype)
    if kind == "boolean":
        return types.is_bool_dtype(column.dtype)
    return kind == "date" and types.is_datetime64_any_dtype(column.dtype)


def _repair_typed(column: pd.Series, plan: dict) -> tuple[pd.Series, np.ndarray | None]:
    if plan["kind"] == "boolean":
        return column.astype("boolean"), None
    if plan["kind"] == "date":
        plain = column.dt.tz_convert("UTC").dt.tz_localize(None) if column.dt.tz else column
        return plain.astype("datetime64[us]"), None
    values = column.to_numpy(dtype=float, na_value=np.nan)
    low, high = plan.get("limits", (-np.inf, np.inf))
    impossible = np.isinf(values) | (values < low) | (values > high)
    if not impossible.any():
        return column, None
    return column.astype(float).mask(impossible), np.where(impossible, "impossible", "")


def _within(value: float, plan: dict) -> bool:
    low, high = plan.get("limits", (-np.inf, np.inf))
    return low <= value <= high


def _with_type(column: pd.Series, kind: str) -> pd.Series:
    dtype = {"number": "float64", "boolean": "boolean", "date": "datetime64[us]"}.get(kind, "str")
    return column.astype(dtype)


def texts(column: pd.Series) -> pd.Series:
    """Each cell as the text that a CSV file would hold; missing stays missing."""
    if isinstance(column.dtype, pd.StringDtype):
        return column
    return column.map(as_text, na_action="ignore").astype("str")


def as_text(value) -> str:
    """A cell as the text that a CSV file would hold: whole numbers without a point."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
