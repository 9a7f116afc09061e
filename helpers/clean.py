"""Stage 2, clean: a plan that a person can read, repairs that follow it, a log of every change.

`draft_plan` looks at the collected rows and writes down what each column is and how to read it.
`Cleaner` applies a plan to any rows: what becomes of a row depends on the row and the plan alone,
so one row behind the API is cleaned exactly as a million in training. `set_aside` takes out
duplicates and rows without a label; it belongs to this stage alone, never to a prediction.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn.base import BaseEstimator, TransformerMixin

from .errors import InputError, nearest
from .task import read_label
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
    parse_number,
    parse_quantity,
    share_read,
    tidy,
)

KINDS = ("number", "boolean", "date", "category", "text")
FEW_REPEATS = 0.1  # up to this share of rows, a repeated row is taken for a mistake
MOST_VALUES = 1_000  # categories with more distinct values do not list them in the plan
CHANGE_COLUMNS = ["row", "column", "kind", "before", "after", "rule"]
REVIEW_COLUMNS = ["column", "value", "cells", "kind", "suggestion", "evidence", "apply"]
SENTINELS = {-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0}
ID_NAME = ("id", "uuid", "guid", "key", "index", "nr", "no", "number", "unnamed: 0")

RULES = {
    "missing word": "a word that means missing",
    "number": "a number written as text",
    "date": "a date written as text",
    "boolean": "a yes or no written as text",
    "spelling": "one spelling for case, space, accent, punctuation",
    "alias": "a name that a person settled",
    "spaces": "single spaces, one Unicode form",
    "impossible": "outside the limits of what can be",
    "unreadable": "does not read as what the column holds",
    "label": "one spelling a class of the target",
}


# --- The plan -----------------------------------------------------------------------------------


def draft_plan(frame: pd.DataFrame, about: dict | None = None, limits: str = "") -> dict:
    """A cleaning plan drafted from the collected rows: for each column, what it is, how to read it.

    `about` may bring what a person knows: `target` (left out of the plan), `limits` and
    `aliases` by column. `limits` adds more, as text: "wind_speed:0..253, age:0..120".

    >>> plan = draft_plan(pd.DataFrame({"weight": ["3 kg", "N/A", "4 kg"]}))
    >>> plan["columns"]["weight"]
    {'kind': 'number', 'unit': 'kg'}
    """
    about = about or {}
    known_limits = about.get("limits", {}) | parse_limits(limits, frame.columns)
    columns = {}
    for name in frame.columns.drop(about.get("target") or [], errors="ignore"):
        column = draft_column(frame[name], about.get("aliases", {}).get(name))
        if name in known_limits:
            if column["kind"] != "number":
                raise InputError(
                    f"limits name '{name}', which holds {column['kind']}, not numbers."
                )
            column["limits"] = [float(bound) for bound in known_limits[name]]
        columns[str(name)] = column
    return {"columns": columns}


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
    counts = Counter(_texts(column).dropna().map(tidy).value_counts().to_dict())
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


def parse_limits(text: str, columns) -> dict[str, list[float]]:
    """Limits written as text: "wind_speed:0..253, age:0..120".

    >>> parse_limits("age:0..120", ["age"])
    {'age': [0.0, 120.0]}
    """
    limits = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, bounds = part.rpartition(":")
        low, _, high = bounds.partition("..")
        low, high = parse_number(low), parse_number(high)
        if low is None or high is None or low > high:
            raise InputError(f"limits look like 'age:0..120, humid:0..100'; '{part}' does not.")
        if name.strip() not in columns:
            raise InputError(f"limits name no column '{name.strip()}'. {nearest(name, columns)}")
        limits[name.strip()] = [low, high]
    return limits


def plan_text(plan: dict) -> str:
    """The plan as YAML, in the order of the columns."""
    return yaml.safe_dump(plan, sort_keys=False, allow_unicode=True, width=100)


def open_plan(path: str, columns, target: str = "") -> dict:
    """A plan from a file (see `read_plan`)."""
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"There is no readable cleaning plan '{path}'.") from None
    return read_plan(text, columns, target)


def read_plan(text: str, columns, target: str = "") -> dict:
    """A plan from YAML that a person may have edited; checked against the table's columns."""
    try:
        plan = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        raise InputError(f"The cleaning plan is not valid YAML{line}: mend it there.") from None
    if not isinstance(plan, dict) or not isinstance(plan.get("columns"), dict):
        raise InputError("The cleaning plan needs a mapping 'columns', one entry a column.")
    for name, column in plan["columns"].items():
        if name not in columns or name == target:
            raise InputError(f"The plan names no column '{name}'. {nearest(name, columns)}")
        _check_column_plan(name, column)
    missing = [c for c in columns if c not in plan["columns"] and c != target]
    if missing:
        raise InputError(f"The plan says nothing about the column '{missing[0]}': add it.")
    return plan


def _check_column_plan(name: str, column) -> None:
    """Raise InputError when what a plan says of a column can't be followed."""
    if not isinstance(column, dict) or column.get("kind") not in KINDS:
        raise InputError(f"The plan needs a 'kind' for '{name}', one of: {', '.join(KINDS)}.")
    bounds = column.get("limits", [0, 1])
    numbers = isinstance(bounds, list) and all(
        type(bound) in (int, float) and np.isfinite(bound) for bound in bounds
    )
    aliases = column.get("aliases", {})
    lists = [column.get(key, []) for key in ("formats", "values", "keep")]
    wrong = {
        "limits": not numbers or len(bounds) != 2 or bounds[0] > bounds[1],
        "style": column.get("style", "point") not in ("point", "comma"),
        "formats, values and keep": not all(
            isinstance(texts, list) and all(isinstance(t, str) for t in texts) for texts in lists
        ),
        "unit": not isinstance(column.get("unit", ""), str),
        "formats": not all(_is_date_format(form) for form in column.get("formats", [])),
        "aliases": not isinstance(aliases, dict)
        or not all(isinstance(text, str) for pair in aliases.items() for text in pair),
    }
    for key, is_wrong in wrong.items():
        if is_wrong:
            raise InputError(
                f"The plan's {key} for '{name}' can't be followed: limits are [low, high], style "
                f"is point or comma, formats, values and keep are lists of quoted text, and "
                f"aliases map text to text."
            )


def _is_date_format(form) -> bool:
    if form == "iso" or not isinstance(form, str):
        return form == "iso"
    try:
        return parse_date(datetime(2001, 2, 3, 4, 5, 6).strftime(form), form) is not None
    except ValueError:
        return False


# --- The cleaner --------------------------------------------------------------------------------


class Cleaner(TransformerMixin, BaseEstimator):
    """Applies a cleaning plan to rows, as a scikit-learn transformer.

    With `plan=None`, `fit` drafts one. `transform` gives the plan's columns in the plan's order,
    one row out for each row in; a column that is absent comes out missing.

    >>> dirty = pd.DataFrame({"city": ["New York", "new  york", "New York", "N/A"]})
    >>> Cleaner().fit_transform(dirty)["city"].tolist()
    ['New York', 'New York', 'New York', nan]
    """

    def __init__(self, plan: dict | None = None):
        self.plan = plan

    def fit(self, X: pd.DataFrame, y=None) -> Cleaner:
        """Freeze the plan, or draft one from the rows. The target is never looked at."""
        self.plan_ = self.plan if self.plan is not None else draft_plan(X)
        self.n_features_in_ = len(self.plan_["columns"])
        self.feature_names_in_ = np.array(list(self.plan_["columns"]), dtype=object)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The rows, cleaned; as many as came, in the same order."""
        return self.repair(X, log=False)[0]

    def repair(self, X: pd.DataFrame, log: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The cleaned rows and the log of changed cells (columns `CHANGE_COLUMNS`).

        `row` is the position in X; `before` and `after` are text, missing is null.
        """
        clean, changes = {}, []
        for name, plan in self.plan_["columns"].items():
            column = X[name] if name in X.columns else pd.Series(None, index=X.index, dtype="str")
            clean[name], kinds = repair_column(column, plan)
            if log and kinds is not None:
                changes.append(_log(column, clean[name], kinds))
        frame = pd.DataFrame(clean, index=X.index)
        changes = [change for change in changes if len(change)]
        if not changes:
            return frame, pd.DataFrame(columns=CHANGE_COLUMNS).astype({"row": "int64"})
        return frame, pd.concat(changes, ignore_index=True)

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """The names of the columns that come out."""
        return self.feature_names_in_


def repair_column(column: pd.Series, plan: dict) -> tuple[pd.Series, np.ndarray | None]:
    """One column, repaired, and the kind of repair of each cell ("" for none; None for no cell)."""
    if _is_typed(column, plan["kind"]):
        return _repair_typed(column, plan)
    texts = _texts(column)
    codes, distinct = pd.factorize(texts)
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
    return repair_value(_as_text(value), plan)


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


def _texts(column: pd.Series) -> pd.Series:
    """Each cell as the text that a CSV file would hold; missing stays missing."""
    if isinstance(column.dtype, pd.StringDtype):
        return column
    return column.map(_as_text, na_action="ignore").astype("str")


def _as_text(value) -> str:
    if isinstance(value, (float, np.floating)) and float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _log(before: pd.Series, after: pd.Series, kinds: np.ndarray) -> pd.DataFrame:
    rows = np.flatnonzero(kinds != "")
    return pd.DataFrame(
        {
            "row": rows,
            "column": before.name,
            "kind": kinds[rows],
            "before": _texts(before.iloc[rows]).to_numpy(),
            "after": _texts(after.iloc[rows]).to_numpy(),
            "rule": [RULES[kind] for kind in kinds[rows]],
        },
        columns=CHANGE_COLUMNS,
    ).astype({"before": "str", "after": "str", "column": "str", "kind": "str", "rule": "str"})


# --- Rows that are set aside --------------------------------------------------------------------


def clean_label(raw: pd.DataFrame, target: str, plan: dict) -> tuple[pd.Series, pd.DataFrame]:
    """The target read by its plan (`about["label"]`), and the log of what that changed."""
    label = read_label(raw[target], plan)
    before, after = _texts(raw[target]), _texts(label)
    changed = (before != after) & ~(before.isna() & after.isna())
    if pd.api.types.is_numeric_dtype(label.dtype):  # "1.50" as 1.5 says the same
        changed &= before.notna() & after.isna()
    return label, _log(raw[target], label, np.where(changed.fillna(False), "label", ""))


def set_aside(clean: pd.DataFrame, target: str = "", duplicates: str = "set aside") -> pd.Series:
    """The reason why each row is set aside, or missing for rows that stay.

    A row goes when it has no label, or repeats an earlier row in every cell. With
    `duplicates="keep"` repeats stay; with "auto" they stay where more than one row in ten is one,
    as in a table of a few categories, where equal rows are nothing odd.

    >>> set_aside(pd.DataFrame({"x": [1, 1, 2], "y": ["a", "a", None]}), "y").tolist()
    [nan, 'duplicate', 'no label']
    """
    if duplicates not in ("auto", "set aside", "keep"):
        raise InputError(f"duplicates is auto, 'set aside' or keep; it is '{duplicates}'.")
    reason = pd.Series(None, index=clean.index, dtype="str")
    repeats = clean.duplicated(keep="first")
    if duplicates == "set aside" or (duplicates == "auto" and repeats.mean() <= FEW_REPEATS):
        reason[repeats] = "duplicate"
    if target:
        reason[clean[target].isna()] = "no label"
    return reason


def quarantine(raw: pd.DataFrame, reason: pd.Series) -> pd.DataFrame:
    """The rows that were set aside, as they came, each with its `row` and `reason`."""
    gone = np.flatnonzero(reason.notna())
    rows = (
        raw.iloc[gone]
        .reset_index(drop=True)
        .add_prefix("")
        .rename(columns={"row": "row (in the table)", "reason": "reason (in the table)"})
    )
    rows.insert(0, "reason", reason.iloc[gone].to_numpy())
    rows.insert(0, "row", gone)
    return rows


# --- What a person should look at ---------------------------------------------------------------


def review_list(raw: pd.DataFrame, clean: pd.DataFrame, plan: dict, changes) -> pd.DataFrame:
    """Repairs that are likely but not sure: for a person to decide, never made by themselves."""
    found = []
    for name, column in plan["columns"].items():
        if column["kind"] == "number":
            found += _odd_numbers(name, clean[name])
        if column.get("ambiguous"):
            example = _texts(raw[name]).dropna().iloc[0]
            first = "month" if column["formats"][-1].startswith("%m") else "day"
            note = f"day and month can be told apart in no cell; read as {first} first"
            found.append((name, example, len(raw), "ambiguous date", "check the order", note))
    lost = changes[changes["kind"] == "unreadable"].groupby(["column", "before"]).size()
    for (name, text), cells in lost.items():
        kind = plan["columns"][name]["kind"]
        found.append((name, text, cells, "unreadable", f"write it as a {kind}", "set to missing"))
    rows = [(*row, "") for row in found]
    return pd.DataFrame(rows, columns=REVIEW_COLUMNS).astype({"value": "str"})


def _odd_numbers(name: str, column: pd.Series) -> list[tuple]:
    """Numbers far off by themselves, and numbers that may stand for "missing" (999, -1)."""
    values = column.dropna().astype(float)
    if len(values) < 50 or values.nunique() < 10:
        return []
    counts = values.value_counts().sort_index()
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    width = max(high - low, 1e-12)
    found = []
    for value, inner in ((counts.index[-1], counts.index[-2]), (counts.index[0], counts.index[1])):
        cells, gap = int(counts[value]), abs(value - inner)
        if value in SENTINELS and cells >= 3 and gap > 2 * width:
            note = f"{gap:g} from the next value, the middle half spans {width:g}"
            found.append((name, f"{value:g}", cells, "code for missing", "missing", note))
        elif cells <= max(1, len(values) // 1000) and gap > max(4 * abs(inner - middle), 8 * width):
            note = f"the next value is {inner:g}, the median {middle:g}"
            found.append((name, f"{value:g}", cells, "far from all others", "missing", note))
    return found


# --- What the notebook shows --------------------------------------------------------------------


def health(
    raw: pd.DataFrame, clean: pd.DataFrame, changes: pd.DataFrame, plan: dict
) -> pd.DataFrame:
    """A row per column: its kind, missing and distinct values before and after, cells changed."""
    columns = [name for name in plan["columns"] if name in raw.columns]
    changed = changes["column"].value_counts()
    return pd.DataFrame(
        {
            "kind": [plan["columns"][name]["kind"] for name in columns],
            "missing before": [int(raw[name].isna().sum()) for name in columns],
            "missing after": [int(clean[name].isna().sum()) for name in columns],
            "distinct before": [raw[name].nunique() for name in columns],
            "distinct after": [clean[name].nunique() for name in columns],
            "cells changed": [int(changed.get(name, 0)) for name in columns],
        },
        index=pd.Index(columns, name="column"),
    )


def changes_by_kind(changes: pd.DataFrame) -> pd.DataFrame:
    """How many cells each kind of repair changed, in how many columns, with an example."""
    if changes.empty:
        return pd.DataFrame(columns=["cells", "columns", "example"]).rename_axis("kind")
    grouped = changes.groupby("kind", sort=False)
    first = grouped.first()
    arrow = first["before"].fillna("(missing)") + " → " + first["after"].fillna("(missing)")
    table = pd.DataFrame(
        {"cells": grouped.size(), "columns": grouped["column"].nunique(), "example": arrow}
    )
    return table.sort_values("cells", ascending=False)


def unusable(plan: dict) -> dict[str, str]:
    """The columns that no model can learn from, each with the reason."""
    return {name: c["note"] for name, c in plan["columns"].items() if c.get("note")}


def note_findings(work, plan: dict, review: pd.DataFrame, kept: pd.DataFrame) -> None:
    """Note what a person should see of this stage on the front page. `work` is the open stage."""
    for name, note in unusable(plan).items():
        work.find(f"{note}_column", "note", [name], f"The column {name} is {note}: not used.")
    for kind, doubts in review.groupby("kind"):
        columns = doubts["column"].unique().tolist()
        message = f"{kind}: {', '.join(columns[:5])} ({int(doubts['cells'].sum()):,} cells)"
        work.find(kind.replace(" ", "_"), "warning", columns, message)
    repeats = int(kept.duplicated().sum())
    if repeats:
        share = repeats / len(kept)
        message = (
            f"{repeats:,} rows ({share:.0%}) repeat an earlier one and were kept. If they are "
        )
        message += "mistakes: --set duplicates='set aside'."
        work.find("duplicate_rows", "warning" if share > FEW_REPEATS else "note", [], message)


def hand_on(work, raw, kept, reason, changes, plan: dict, review: pd.DataFrame) -> None:
    """Write what this stage makes: the rows that stay and go, the log, the plan, the doubts."""
    work.write_table("clean", kept)
    work.write_table("changes", changes)
    work.write_table("quarantine", quarantine(raw, reason))
    work.write_text("cleaning.yaml", plan_text(plan))
    work.write_text("review.csv", review.to_csv(index=False))


def headline(changes: pd.DataFrame, reason: pd.Series, review: pd.DataFrame) -> str:
    """The stage's result in a sentence."""
    aside = int(reason.notna().sum())
    text = f"{len(changes):,} cells repaired in {changes['column'].nunique()} columns"
    text += f"; {aside:,} of {len(reason):,} rows set aside"
    if aside:
        counts = reason.value_counts()
        text += " (" + ", ".join(f"{why}: {n:,}" for why, n in counts.items()) + ")"
    if len(review):
        text += f"; {len(review)} doubt{'s' * (len(review) > 1)} left to a person"
    return text + "."


def read_rows(rows_in: int, reason: pd.Series) -> str:
    """A sentence that shows that the rows add up."""
    aside = int(reason.notna().sum())
    return f"**{rows_in:,} rows in = {rows_in - aside:,} rows out + {aside:,} set aside.**"


def read_review(review: pd.DataFrame) -> str:
    """A sentence that reads the review list."""
    if review.empty:
        return "Nothing is in doubt: the review list is empty."
    first = review.iloc[0]
    return (
        f"**{len(review)} doubt{'s' * (len(review) > 1)}** for a person, such as "
        f"{first['column']} = {first['value']} in {first['cells']} cells ({first['kind']}). The "
        f"data stay as they are until someone decides."
    )
