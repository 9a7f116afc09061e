"""Stage 3, features: which column is what, and the unfitted pipeline that makes numbers of them.

`plan_features` gives each column a role, or the reason why it is left out. `make_features` builds
the scikit-learn pipeline that the plan describes; nothing in it has seen a row until `fit`.
"""

from __future__ import annotations

import pandas as pd
import yaml

from ..base.user_errors import InputError, nearest
from ..cells.known_words import IMAGE_ENDINGS
from ..cells.value_forms import LEVELLED, NUMBERED, RANKED, role_said
from ..learning.units import UnitRule
from .column_formulas import columns_of, parse_formulas

FEW_LEVELS = 30  # up to here a category becomes one column per level; above, one number per class
ROWS_PER_LEVEL = 10  # of names with fewer rows each, the words tell more than a mean of targets
REPEATED_WORD = 0.01  # a word in at least this share of values is more than part of one name
ROLES = ("number", "category", "many categories", "date", *NUMBERED, *LEVELLED, "text",
         "image")  # fmt: skip


def plan_features(
    clean: pd.DataFrame,
    cleaning: dict,
    about: dict,
    drop: str = "",
    derive: str = "",
    keep: int = 0,
    split_column: str = "",
    group_column: str = "",
    units: UnitRule | None = None,
) -> dict:
    """The feature plan: a role for each usable column, a reason for each that is left out.

    `cleaning` is the cleaning plan, `about` what is known of the table (`target`, `not_known`,
    `leave_out`, `derive`). `drop` names more columns, separated by commas; `derive` adds
    formulas, separated by semicolons; `keep` is the number of features to keep, 0 all of them.
    The columns that will split the rows say which are held out, or name groups that held-out rows
    do not share: they are left out. So are the numbers of entities that stage 2 found (`units`):
    they are names, not amounts.
    """
    target = about.get("target", "")
    if keep < 0:
        raise InputError(f"keep is a number of features, or 0 for all of them; it is {keep}.")
    asked = parse_formulas(derive)
    _check_new(asked, [*cleaning["columns"], target])
    left_out = _left_out(clean, cleaning, about, drop, (split_column, group_column), units)
    columns = {
        name: role_said(column) or role_of(clean[name], column["kind"], column.get("form", ""))
        for name, column in cleaning["columns"].items()
        if name not in left_out
    }
    return {
        "target": target,
        "task": about.get("task", "auto"),
        "columns": columns,
        "derived": _usable_formulas(about.get("derive", {}) | asked, list(columns), asked),
        "left_out": left_out,
        "not_known": [name for name in about.get("not_known", {}) if name in left_out],
        "keep": keep,
        **_ranks(cleaning, columns),
    }


def _ranks(cleaning: dict, columns: dict) -> dict:
    """By column of ordered words, these in their order; no entry where there is none."""
    ranks = {name: cleaning["columns"][name]["ranks"] for name, r in columns.items() if r == RANKED}
    return {"ranks": ranks} if ranks else {}


def _check_new(names, taken: list[str]) -> None:
    """Raise InputError when a derived column has the name of another."""
    for name in names:
        if name in taken:
            raise InputError(
                f"derive makes a new column, and '{name}' exists: choose another name."
            )


def _left_out(
    clean: pd.DataFrame, cleaning: dict, about: dict, drop: str, split_by: tuple[str, str],
    units: UnitRule | None,
) -> dict[str, str]:  # fmt: skip
    """By column that the model does not use the reason; what a person says comes first."""
    reasons = _numbered_entities(cleaning, units) | _split_columns(clean, *split_by)
    reasons |= dict.fromkeys(_columns_named(drop, clean.columns), "dropped by request")
    reasons = about.get("leave_out", {}) | about.get("not_known", {}) | reasons
    found = {
        name: reasons.get(name) or _why_useless(column.get("note"), clean[name])
        for name, column in cleaning["columns"].items()
    }
    return {name: reason for name, reason in found.items() if reason}


def _split_columns(clean: pd.DataFrame, split_column: str, group_column: str) -> dict[str, str]:
    """The columns that split the rows, with the reason why the model may not use them.

    A group of few levels, such as a country, stays: held-out groups may share its features.
    """
    reasons = {}
    for name in filter(None, (split_column, group_column)):
        if name not in clean.columns:
            raise InputError(f"The table has no column '{name}'. {nearest(name, clean.columns)}")
    if split_column:
        reasons[split_column] = "splits the rows: it says which are held out"
    if group_column and clean[group_column].nunique() > FEW_LEVELS:
        reasons[group_column] = "groups the rows: held-out ones have groups of their own"
    return reasons


def _columns_named(text: str, columns) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in columns:
            raise InputError(f"drop names no column '{name}'. {nearest(name, columns)}")
    return names


def _why_useless(note: str | None, column: pd.Series) -> str:
    """The reason to leave a column out; none for names whose words come again (Mr., Inc.)."""
    if note == "identifier" and _is_wordy(column):
        return ""
    return {
        "empty": "empty: it holds no value",
        "constant": "constant: the same value in every row",
        "identifier": "identifier: a name for the row, not a property of it",
    }.get(note or "", "")


def _usable_formulas(formulas: dict[str, str], columns: list[str], asked) -> dict[str, str]:
    """The formulas whose columns are all in use; an error for one that the user asked for."""
    usable, available = {}, list(columns)
    for name, formula in formulas.items():
        absent = [c for c in columns_of(formula) if c not in available]
        if absent and name in asked:
            raise _uses_what_is_left_out(f"{name} = {formula}", absent[0], available)
        if not absent:
            usable[name] = formula
            available.append(name)
    return usable


def _uses_what_is_left_out(formula: str, absent: str, available: list[str]) -> InputError:
    return InputError(
        f"The formula '{formula}' needs '{absent}', which is not among the columns in use. "
        f"{nearest(absent, available)}"
    )


def _numbered_entities(cleaning: dict, units: UnitRule | None) -> dict[str, str]:
    """The column that numbers the entities, and why it is left out; none where names are texts.

    As a number it does harm where new entities are asked for; as a text it does none
    (`benchmarks/simulations/split_choice.py`).
    """
    name = units.column if units is not None and units.kind == "entity" else ""
    if cleaning["columns"].get(name, {}).get("kind") != "number":
        return {}
    why = "its numbers are names of what rows belong to, not amounts (unit_column=row keeps it)"
    return {name: why}


def role_of(column: pd.Series, kind: str, form: str = "") -> str:
    """The role of a cleaned column, from its kind, its number of levels and its texts' `form`.

    >>> role_of(pd.Series(["a", "b"]), "category")
    'category'
    """
    if kind in ("number", "boolean"):
        return "number"
    if kind == "date":
        return kind
    levels, cells = column.nunique(), int(column.notna().sum())
    if form in LEVELLED and cells < ROWS_PER_LEVEL * levels:
        return form  # the domain or the area comes again, the whole text hardly
    return _role_of_texts(column, kind)


def _role_of_texts(column: pd.Series, kind: str) -> str:
    present = column.dropna().astype(str)
    if len(present) and present.str.lower().str.endswith(IMAGE_ENDINGS).mean() > 0.9:
        return "image"
    if kind == "text":
        return kind
    if (levels := present.nunique()) <= FEW_LEVELS:
        return "category"
    few_rows_each = len(present) < ROWS_PER_LEVEL * levels
    return "text" if few_rows_each and _is_wordy(column) else "many categories"


def _is_wordy(column: pd.Series) -> bool:
    """Whether most values are of several words, some of which come again in other values."""
    if not pd.api.types.is_string_dtype(column.dtype):
        return False
    words = pd.Series(column.dropna().unique()).str.casefold().str.findall(r"[^\W\d_]{2,}")
    if words.empty or (words.str.len() >= 2).mean() < 0.5:
        return False
    shares = words.map(set).explode().value_counts() / len(words)
    return bool(shares.between(REPEATED_WORD, 0.95).any())


def plan_text(plan: dict) -> str:
    """The plan as YAML."""
    return yaml.safe_dump(plan, sort_keys=False, allow_unicode=True, width=100)


# --- The pipeline -------------------------------------------------------------------------------


def without_columns(plan: dict, names: list[str]) -> dict:
    """A feature plan without some columns, and without what is derived from them.

    >>> plan = {"columns": {"a": "number", "b": "number"}, "derived": {"twice": "a * 2"}}
    >>> without_columns(plan, ["a"])
    {'columns': {'b': 'number'}, 'derived': {}}
    """
    kept = {c: role for c, role in plan["columns"].items() if c not in names}
    derived, available = {}, set(kept)
    for name, formula in plan["derived"].items():
        if set(columns_of(formula)) <= available:
            derived[name] = formula
            available.add(name)
    return plan | {"columns": kept, "derived": derived}
