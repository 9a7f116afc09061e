"""One column: what it holds, drafted from its cells, and how each cell is read by that draft.

A column's plan is a mapping that a person can read and edit (`kind`, `unit`, `formats`, `values`
…). What becomes of a cell depends on its text and that plan alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
import pandas as pd

from . import aliases as _aliases
from . import units
from .base.spacing import evenly_spaced, evenly_spaced_words
from .cells.kinds import Kind, kind_of
from .coded import EncodedColumn, is_in
from .values import (
    BOOLEANS,
    DATE_FORMATS,
    IMAGE_ENDINGS,
    MISSING_WORDS,
    PLAIN_NUMBER,
    SURELY_MISSING,
    fingerprint,
    number_format,
    parse_date,
    parse_leading_quantity,
    parse_quantity,
    repair_encoding,
    share_read,
    swapped_format,
    tidy,
)

USUAL = 0.8
READINGS = ("number", "date", "boolean")  # repairs that say the same in another form
KINDS = ("number", "boolean", "date", "category", "text")
MOST_VALUES = 1_000  # categories with more distinct values do not list them in the plan
MOST_COUNTED = 200_000  # different texts of a column that are counted one by one
MOST_PROBED = 20_000  # this many different texts are enough to classify a column of a million
ID_NAME = ("id", "uuid", "guid", "key", "index", "nr", "no", "number", "unnamed: 0")
SOMETIMES_MISSING = ("unknown", "missing", "not known", "not given", "unspecified")
# Codes that often stand for "missing": sure where they lie far out, a doubt where they lie off.
SENTINELS = {-1.0, -9.0, *(s * float("9" * n) for n in range(2, 8) for s in (1, -1))}
DATES_READ = 0.9  # a column holds dates if at least this share of it reads as dates
MOST_FORMATS = 12
REMEMBERED = 4_096  # texts of a column whose reading is remembered
DATES_PROBED = 300  # texts that each format is tried on
ANSWERS = {"no", "ja", "si", "da"}  # of two letters, and one thing however they are written
RARE_DAY_MONTH_ORDER = (
    0.02  # up to this share of dates in the other day-month order is a typing error
)

RULES = {
    "missing word": "a word or code that means missing",
    "number": "a number written as text",
    "unit": "a number in the column's unit",
    "date": "a date written as text",
    "ambiguous date": "day and month are ambiguous",
    "boolean": "a yes or no written as text",
    "spelling": "one spelling for case, space, accent, punctuation",
    "alias": "another name of the same thing",
    "typo": "a typing error in a closed list of names",
    "spaces": "single spaces, one Unicode form",
    "mojibake": "text decoded with the wrong encoding",
    "impossible": "outside the possible range",
    "unreadable": "does not read as what the column holds",
    "label": "one spelling a class of the target",
}

# --- Drafting -----------------------------------------------------------------------------------


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
    kind = kind_of(column)
    if kind in (Kind.TEXT, Kind.DURATION):
        plan = _draft_text(column, aliases or {}, unit)
    else:
        plan = {"kind": str(kind)}
    if kind == Kind.NUMBER and unit:
        plan["unit"] = units.known(unit) or unit
    repaired, kinds = repair_column(column, plan)
    if plan["kind"] == "number" and (codes := _sentinels(repaired)):
        plan["missing"] = codes
        repaired, kinds = repair_column(column, plan)
    note = _note(repaired, plan["kind"])
    usual = _usual(column, kinds)
    plan |= ({"usual": usual} if usual else {}) | ({"note": note} if note else {})
    return plan, (repaired, kinds)


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
    words = Counter({w: n for w, n in counts.items() if w.casefold() not in MISSING_WORDS})
    if not words:
        return {"kind": "text"}
    if aliases:
        return _draft_category(counts, words, aliases)
    probe = _probe(words)
    drafts = (_draft_boolean(probe), number_format(probe, unit), draft_date(probe))
    for kind, plan in zip(("boolean", "number", "date"), drafts, strict=True):
        if plan is not None:
            return {"kind": kind} | plan
    names_images = sum(w.lower().endswith(IMAGE_ENDINGS) for w in probe) > 0.9 * len(probe)
    if names_images or _reads_like_prose(probe):  # spellings of paths and sentences are their own
        return {"kind": "text"}
    if len(words) > MOST_VALUES and len(words) > 0.95 * words.total():
        return {"kind": "category", "values": []}  # codes, each of its own
    return _draft_category(counts, words, aliases)


def _word_counts(column: pd.Series) -> Counter:
    """How many cells hold each text, tidied, its encoding mended."""
    found = texts(column).value_counts()
    if len(found) > MOST_COUNTED:  # evenly spread; so many different texts are no list of names
        found = found.sort_index().iloc[evenly_spaced(len(found), MOST_COUNTED)]
    counts: Counter = Counter()
    for text, cells in found.items():
        counts[repair_encoding(tidy(text))] += cells
    return counts


def _probe(words: Counter) -> Counter:
    """A sample of the words that is large enough to represent the rest."""
    return words if len(words) <= MOST_PROBED else evenly_spaced_words(words, MOST_PROBED)


def _sentinels(column: pd.Series) -> list[str]:
    """Codes such as 999 that surely stand for "missing": repeated, and far from all other values.

    Far is more than five times the range of 98 % of the others (and the largest of them): prices
    from 10 to 500 may hold a 999, ages may not. What else lies so far out must be rarer by far,
    or 999 is only one value of a long tail.
    """
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    found, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    is_code = np.isin(found, list(SENTINELS))
    if (~is_code).sum() < 10 or not is_code.any():
        return []
    low, high = np.quantile(np.repeat(found[~is_code], counts[~is_code]), [0.01, 0.99])
    reach = 5 * max(high - low, abs(high), abs(low))
    far = (found > high + reach) | (found < low - reach)
    others = counts[far & ~is_code]
    surely = is_code & far & (counts >= 3) & (counts >= 3 * others.max(initial=1))
    return [as_text(float(value)) for value in found[surely]]


def _draft_boolean(words: Counter) -> dict | None:
    known = {BOOLEANS.get(word.casefold()) for word in words}
    return {} if known == {True, False} else None


def draft_date(words: Counter) -> dict | None:
    """The formats of a column of dates, the most frequent first; None if it has too few dates.

    Where a text reads both ways and the column has dates of both orders, nobody can tell: such
    cells become missing (`ambiguous: missing`), unless one order is so rare that it is an error.
    With `ambiguous: doubt` they are read by the format that comes first.
    """
    if sum(n for w, n in words.items() if _may_be_date(w)) < DATES_READ * words.total():
        return None
    left, formats = words, []
    while left and len(formats) < MOST_FORMATS:
        probe = evenly_spaced_words(left, DATES_PROBED)
        read = {f: share_read(probe, lambda w, f=f: parse_date(w, f)) for f in DATE_FORMATS}
        best = max(read, key=read.get)
        if read[best] == 0:
            break
        formats.append(best)
        left = Counter({w: n for w, n in left.items() if not parse_date(w, best)})
    if left.total() > (1 - DATES_READ) * words.total():
        return None
    return {"formats": formats} | _ambiguity(words, formats)


def _may_be_date(word: str) -> bool:
    digits = sum(mark.isdigit() for mark in word)
    return (
        digits >= 3
        and len(word) - digits >= 2
        and len(word) <= 40
        or (digits == len(word) == 8 and word[:2] in ("19", "20"))
    )


def _ambiguity(words: Counter, formats: list[str]) -> dict:
    """What to do with texts that read both ways."""
    for form in formats:
        twin = swapped_format(form)
        if not twin:
            continue
        one_way, other_way = (
            _cells_that_only_read(words, *f) for f in ((form, twin), (twin, form))
        )
        if min(one_way, other_way) > RARE_DAY_MONTH_ORDER * (one_way + other_way):
            return {"ambiguous": "missing"}
        if other_way or not one_way:  # a slip or two; or every cell reads both ways
            return {"ambiguous": "doubt"}
    return {}


def _cells_that_only_read(words: Counter, form: str, other: str) -> int:
    return sum(n for w, n in words.items() if parse_date(w, form) and not parse_date(w, other))


def _reads_like_prose(words: Counter) -> bool:
    """Whether a column holds sentences; a few that come again and again are a list of names."""
    lengths = [len(word.split()) for word in words]
    many = len(words) >= 7 and len(words) > 0.2 * words.total()
    return many and float(np.mean(lengths)) >= 4


def _draft_category(counts: Counter, words: Counter, aliases: dict[str, str]) -> dict:
    spellings = Counter()
    for word, cells in counts.items():
        spellings[aliases.get(word, word)] += cells
    keep = _words_to_keep(spellings)
    missing = _words_that_are_missing(counts) - keep
    spellings = Counter(
        {
            w: n for w, n in spellings.items()
            if w in keep or (w.casefold() not in SURELY_MISSING and w not in missing)
        }
    )  # fmt: skip
    values, merged = _one_spelling_each(spellings)
    kept = Counter({value: spellings[value] for value in values})
    known = aliases or _aliases.draft(_with_merged(kept, merged, spellings))
    values = [value for value in values if value not in known]
    if len(values) > MOST_VALUES:  # only the spellings that collide need to be written down
        values = sorted(set(merged.values()))
    plan = {"kind": "category", "values": sorted(values)}
    if keep:
        plan["keep"] = sorted(keep)
    if missing:
        plan["missing"] = sorted(missing)
    if pairs := {a: c for a, c in known.items() if a != c}:
        plan["aliases"] = pairs
    return plan


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
        if first == word or short_code:
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
    if is_typed(column, plan["kind"]):
        return repair_typed(column, plan)
    coded = EncodedColumn.of(texts(column))
    repaired, kinds = Reader(plan).column(coded)
    kinds = None if kinds is None else coded.by_value(kinds, "")
    return repaired.column(column.index, column.name), kinds


class Reader:
    """Reads the different texts of a column by its plan, and remembers them for the next piece."""

    def __init__(self, plan: dict):
        self.plan = plan
        read = value_reader(plan)
        self._of_text = lru_cache(maxsize=REMEMBERED)(lambda text: repair_value(text, plan, read))
        self._texts = pd.Series(dtype="str")
        self._found: tuple | None = None

    def column(self, column: EncodedColumn) -> tuple[EncodedColumn, np.ndarray | None]:
        """A coded column, repaired, and the kind of repair of each of its values; or None.

        Values that begin with those of the last column are not read again.
        """
        count = len(self._texts)
        if self._found is None or not column.values.iloc[:count].equals(self._texts):
            self._texts, count = column.values, len(column.values)
            self._found = self.read(self._texts)
        values, kinds = self._found
        if len(column.values) > count:
            more, kinds_too = self.read(column.values.iloc[count:])
            values = pd.concat([values, more], ignore_index=True)
            kinds = _joined(kinds, kinds_too, count, len(more))
        return EncodedColumn(column.codes, values), kinds

    def read(self, distinct: pd.Series) -> tuple[pd.Series, np.ndarray | None]:
        """The values of different texts, and kinds of repair; what is plainly fine, at once."""
        kind = self.plan["kind"]
        values, fine = _read_plain(distinct, self.plan)
        doubtful, kinds = np.flatnonzero(~fine), None
        if len(doubtful):
            kinds = np.full(len(distinct), "", dtype=object)
            for place, text in zip(doubtful, distinct.iloc[doubtful].tolist(), strict=True):
                value, kinds[place] = self._of_text(text)
                values[place] = _nothing(kind) if value is None else value
        return _with_type(pd.Series(values), kind), kinds


def _joined(kinds, more, count: int, count_more: int) -> np.ndarray | None:
    if kinds is None and more is None:
        return None
    none = np.full(max(count, count_more), "", dtype=object)
    return np.append(
        none[:count] if kinds is None else kinds, none[:count_more] if more is None else more
    )


def _nothing(kind: str):
    return {"number": np.nan, "date": np.datetime64("NaT")}.get(kind)


def _read_plain(distinct: pd.Series, plan: dict) -> tuple[np.ndarray, np.ndarray]:
    """Texts read without a look at each: values, and which of them are fine as they are."""
    kind = plan["kind"]
    if kind == "number":
        values = pd.to_numeric(distinct, errors="coerce").to_numpy(dtype="float64").copy()
        fine = distinct.str.fullmatch(PLAIN_NUMBER.pattern).to_numpy(dtype=bool, copy=True)
        fine &= (
            np.isfinite(values)
            & ~is_impossible(values, plan)
            & ~np.isin(values, missing_codes(plan))
        )
        if plan.get("style", "point") != "point":
            fine &= ~distinct.str.contains(".", regex=False).to_numpy(dtype=bool)
        return values, fine & ~_is_named(distinct, plan)
    if kind == "date":
        fine = distinct.str.fullmatch(_ISO_DATE).to_numpy(dtype=bool, copy=True)
        read = pd.to_datetime(distinct.where(fine), format="ISO8601", errors="coerce")
        values = read.to_numpy(dtype="datetime64[us]").copy()
        return values, fine & ~np.isnat(values) & ~_is_named(distinct, plan)
    values = distinct.to_numpy(dtype=object, copy=True)
    if kind == "boolean":
        return values, np.zeros(len(values), dtype=bool)
    fine = distinct.str.fullmatch(_TIDY_ASCII).to_numpy(dtype=bool) & ~_is_named(distinct, plan)
    if kind == "category" and plan.get("values"):
        fine &= is_in(distinct, plan["values"])
    return values, fine & ~is_in(distinct.str.casefold(), SURELY_MISSING)


_ISO_DATE = r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?"
_TIDY_ASCII = r"[!-~]+( [!-~]+)*"


def _is_named(distinct: pd.Series, plan: dict) -> np.ndarray:
    """Which texts the plan names one by one: as missing, as an alias, as a typing error."""
    named = [*plan.get("missing", ()), *plan.get("aliases", ()), *plan.get("typos", ())]
    return is_in(distinct, named)


def repair_value(text: str, plan: dict, read: Callable | None = None) -> tuple[object, str]:
    """What one text of a column becomes, and the kind of repair ("" when nothing was wrong).

    `read` is what `value_reader` has made of the plan, for many texts.

    >>> repair_value("1,200", {"kind": "number"}), repair_value("n/a", {"kind": "number"})
    ((1200.0, 'number'), (None, 'missing word'))
    >>> repair_value("2.2 lbs", {"kind": "number", "unit": "kg"})
    (0.997903, 'unit')
    """
    plain, kind = tidy(text), plan["kind"]
    if _means_missing(plain, plan):
        return None, "missing word"
    said = plan.get("aliases", {}).get(plain, plain)
    value, repair = (read or value_reader(plan))(said)
    if value is None:
        return None, "ambiguous date" if repair == "ambiguous date" else "unreadable"
    if kind == "number" and value in missing_codes(plan):
        return None, "missing word"
    if kind == "number" and is_impossible(np.array(value), plan):
        return None, "impossible"
    if said != plain:
        return value, "alias"
    if not repair and plain != text and kind in ("category", "text"):
        repair = "spaces"
    return value, repair


def value_reader(plan: dict) -> Callable[[str], tuple[object, str]]:
    """What reads a tidy text as the plan's kind of value: gives the value and kind of repair."""
    if plan["kind"] == "category":
        return _category_reader(plan)
    return partial(_READERS[plan["kind"]], plan=plan)


def _means_missing(plain: str, plan: dict) -> bool:
    if plain in plan.get("missing", ()):
        return True
    return plain.casefold() in _missing_words(plan["kind"]) and plain not in plan.get("keep", ())


def repair_cell(value, plan: dict) -> tuple[object, str]:
    """What one cell of any type becomes, and the kind of repair; as `repair_column` has it.

    >>> repair_cell(5, {"kind": "number", "limits": [0, 4]})
    (None, 'impossible')
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and plan["kind"] == "number":
        if value in missing_codes(plan):
            return None, "missing word"
        if abs(value) >= 1e308 or is_impossible(np.array(value), plan):
            return None, "impossible"
        return value, ""
    return repair_value(as_text(value), plan)


def cell_reader(plan: dict) -> Callable:
    """A function that does what `repair_cell` does, for one plan and many cells, and fast.

    Missing (None, NaN) stays missing. It remembers the last few thousand texts.

    >>> cell_reader({"kind": "number", "unit": "kg"})("3 kg")
    (3.0, 'number')
    """
    codes, (low, high) = frozenset(missing_codes(plan)), plan.get("limits", (-np.inf, np.inf))
    is_number = plan["kind"] == "number"

    read_text = value_reader(plan)

    @lru_cache(maxsize=REMEMBERED)
    def of_text(text: str) -> tuple[object, str]:
        return repair_value(text, plan, read_text)

    def read(value) -> tuple[object, str]:
        if value is None or value != value:
            return None, ""
        if is_number and isinstance(value, (int, float)) and not isinstance(value, bool):
            if value in codes:
                return None, "missing word"
            if abs(value) >= 1e308 or value < low or value > high:
                return None, "impossible"
            return float(value), ""
        return of_text(as_text(value))

    return read


def _missing_words(kind: str) -> frozenset[str]:
    return SURELY_MISSING if kind in ("category", "text") else MISSING_WORDS


def _read_number(text: str, plan: dict):
    style, unit = plan.get("style", "point"), plan.get("unit", "")
    if PLAIN_NUMBER.fullmatch(text) and (style == "point" or "." not in text):
        value = float(text)
        return (value, "") if np.isfinite(value) else (None, "")
    quantity = parse_quantity(text, style) or (unit and parse_leading_quantity(text, style))
    if not quantity:
        return None, ""
    value, named = quantity
    if not named or units.known(named) == units.known(unit) != "" or named == unit:
        return value, "number"
    if units.can_convert(named, unit):
        return units.convert(value, named, unit), "unit"
    return None, ""


def _read_date(text: str, plan: dict):
    formats = plan.get("formats", ["iso"])
    for form in formats:
        if date := parse_date(text, form):
            twin = swapped_format(form)
            if plan.get("ambiguous") == "missing" and twin in formats:
                other = parse_date(text, twin)
                if other not in (None, date):
                    return None, "ambiguous date"
            return date, "" if form == "iso" else "date"
    return parse_date(text, "iso"), ""


def _read_boolean(text: str, plan: dict):
    value = {"1": True, "0": False}.get(text, BOOLEANS.get(text.casefold()))
    return value, "" if text in ("True", "False", "1", "0") else "boolean"


def _category_reader(plan: dict) -> Callable[[str], tuple[str, str]]:
    """What reads the texts of one plan; the names that it holds are looked through once."""
    known = _spellings(tuple(plan.get("values", ())))
    kinds = [(kind, plan.get(key, {})) for kind, key in (("alias", "aliases"), ("typo", "typos"))]
    named = [(kind, names, _spellings(tuple(names))["common"]) for kind, names in kinds if names]

    def read(text: str) -> tuple[str, str]:
        said = repair_encoding(text)
        if said in known["values"]:
            return said, "" if said == text else "mojibake"
        key = fingerprint(said) if known["values"] or named else ""
        common = known["common"].get(key, said)
        for kind, names, spellings in named:
            common = common if common in names else spellings.get(key, common)
            if common in names:
                return names[common], kind
        if said != text and common == said:
            return common, "mojibake"
        return common, "" if common == text else "spelling"

    return read


def _read_text(text: str, plan: dict):
    said = repair_encoding(text)
    return said, "" if said == text else "mojibake"


_READERS = {
    "number": _read_number,
    "date": _read_date,
    "boolean": _read_boolean,
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


def is_typed(column: pd.Series, kind: str) -> bool:
    """Whether a column already has the type that its kind asks for."""
    types = pd.api.types
    if kind == "number":
        return types.is_numeric_dtype(column.dtype) and not types.is_bool_dtype(column.dtype)
    if kind == "boolean":
        return types.is_bool_dtype(column.dtype)
    return kind == "date" and types.is_datetime64_any_dtype(column.dtype)


def repair_typed(column: pd.Series, plan: dict) -> tuple[pd.Series, np.ndarray | None]:
    """A column of its plan's type, repaired; kinds of repair as `repair_column` has them."""
    if plan["kind"] == "boolean":
        return column.astype("boolean"), None
    if plan["kind"] == "date":
        plain = column.dt.tz_convert("UTC").dt.tz_localize(None) if column.dt.tz else column
        return plain.astype("datetime64[us]"), None
    values = column.to_numpy(dtype=float, na_value=np.nan)
    impossible = np.isinf(values) | is_impossible(values, plan)
    missing = np.isin(values, missing_codes(plan))
    if not (impossible | missing).any():
        return column, None
    kinds = np.select([missing, impossible], ["missing word", "impossible"], "").astype(object)
    return column.astype(float).mask(impossible | missing), kinds


def is_impossible(values: np.ndarray, plan: dict) -> np.ndarray:
    """Which numbers lie outside the possible range; a missing one does not."""
    low, high = plan.get("limits", (-np.inf, np.inf))
    return (values < low) | (values > high)


def missing_codes(plan: dict) -> list[float]:
    """The numbers that a plan says to stand for "missing"."""
    return [float(text) for text in plan.get("missing", ()) if PLAIN_NUMBER.fullmatch(text)]


def _with_type(column: pd.Series, kind: str) -> pd.Series:
    dtype = {"number": "float64", "boolean": "boolean", "date": "datetime64[us]"}.get(kind, "str")
    return column.astype(dtype)


def texts(column: pd.Series) -> pd.Series:
    """Each cell as the text that a CSV file would hold; missing stays missing."""
    if isinstance(column.dtype, pd.StringDtype):
        return column
    if column.dtype == object:
        return column.map(as_text, na_action="ignore").astype("str")
    codes, distinct = pd.factorize(column)
    said = pd.array([as_text(value) for value in distinct], dtype="str")
    return pd.Series(said.take(codes, allow_fill=True), index=column.index, name=column.name)


def as_text(value) -> str:
    """A cell as the text that a CSV file would hold: whole numbers without a point."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
