"""Stage 3, features: which column is what, and the unfitted pipeline that makes numbers of them.

`plan_features` gives each column a role, or the reason why it is left out. `make_features` builds
the scikit-learn pipeline that the plan describes; nothing in it has seen a row until `fit`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import yaml
from sklearn.base import TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder
from skrub import SquashingScaler

from .base.bins import equal_groups
from .base.user_errors import InputError, nearest
from .cells.known_words import IMAGE_ENDINGS
from .encoders import (
    DateParts,
    Derive,
    ImageParts,
    ImageToNumbers,
    KeepBest,
    TextToNumbers,
    ToNumbers,
    ToText,
)
from .formulas import columns_of, parse_formulas

FEW_LEVELS = 30  # up to here a category becomes one column a level; above, one number a class
ROWS_PER_LEVEL = 10  # of names with fewer rows each, the words tell more than a mean of targets
REPEATED_WORD = 0.01  # a word in at least this share of values is more than part of one name
ROLES = ("number", "category", "many categories", "date", "text", "image")
ROLE_SAYS = {
    "number": "fill gaps with the median, mark them, scale by the quartiles",
    "category": "one column a level (one-hot)",
    "many categories": "the mean target of each level (target encoding)",
    "date": "hour, weekday and time of the year as numbers and as circles; days between two dates",
    "text": "weigh words (TF-IDF), keep the main directions (SVD)",
    "image": "grey levels, edges and colours, reduced",
}


# --- The plan -----------------------------------------------------------------------------------


def plan_features(
    clean: pd.DataFrame,
    cleaning: dict,
    about: dict,
    drop: str = "",
    derive: str = "",
    keep: int = 0,
    split_column: str = "",
    group_column: str = "",
) -> dict:
    """The feature plan: a role for each usable column, a reason for each that is left out.

    `cleaning` is the cleaning plan, `about` what is known of the table (`target`, `not_known`,
    `leave_out`, `derive`). `drop` names more columns, separated by commas; `derive` adds
    formulas, separated by semicolons; `keep` is the number of features to keep, 0 all of them.
    The columns that will split the rows say which are held out, or name groups that held-out rows
    do not share: they are left out.
    """
    target = about.get("target", "")
    if keep < 0:
        raise InputError(f"keep is a number of features, or 0 for all of them; it is {keep}.")
    reasons = _split_columns(clean, split_column, group_column)
    reasons |= dict.fromkeys(_columns_named(drop, clean.columns), "dropped by request")
    known = {"not_known": about.get("not_known", {}), "leave_out": about.get("leave_out", {})}
    columns, left_out = {}, {}
    for name, column in cleaning["columns"].items():
        reason = (
            reasons.get(name)
            or known["not_known"].get(name)
            or known["leave_out"].get(name)
            or _why_useless(column.get("note"), clean[name])
        )
        if reason:
            left_out[name] = reason
        else:
            columns[name] = role_of(clean[name], column["kind"])
    asked = parse_formulas(derive)
    for name in asked:
        if name in cleaning["columns"] or name == target:
            raise InputError(
                f"derive makes a new column, and '{name}' exists: choose another name."
            )
    formulas = about.get("derive", {}) | asked
    derived = _usable_formulas(formulas, list(columns), asked)
    return {
        "target": target,
        "task": about.get("task", "auto"),
        "columns": columns,
        "derived": derived,
        "left_out": left_out,
        "not_known": [name for name in known["not_known"] if name in left_out],
        "keep": keep,
    }


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
            raise InputError(
                f"The formula '{name} = {formula}' needs '{absent[0]}', which is not among the "
                f"columns in use. {nearest(absent[0], available)}"
            )
        if not absent:
            usable[name] = formula
            available.append(name)
    return usable


def role_of(column: pd.Series, kind: str) -> str:
    """The role of a cleaned column, from its kind and its number of levels.

    >>> role_of(pd.Series(["a", "b"]), "category")
    'category'
    """
    if kind in ("number", "boolean"):
        return "number"
    if kind == "date":
        return kind
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


def make_features(plan: dict, seed: int = 42) -> Pipeline:
    """The unfitted pipeline that a feature plan describes: cleaned rows in, numbers out.

    >>> plan = {"columns": {"age": "number", "city": "category"}, "derived": {}}
    >>> rows = pd.DataFrame({"age": [3, None], "city": ["Rome", "Oslo"]})
    >>> make_features(plan).fit_transform(rows, [0, 1]).shape
    (2, 4)
    """
    roles = {role: [c for c, r in plan["columns"].items() if r == role] for role in ROLES}
    roles["number"] += list(plan["derived"])
    steps = [
        (role.replace(" ", "_"), _steps_for(role, plan.get("task"), seed), columns)
        for role, columns in roles.items()
        if columns
    ]
    if not steps:
        raise InputError(
            "No column is left to learn from: every one is left out, as constant, empty, an "
            "identifier or named in `drop`. Give a table with more rows or other columns."
        )
    encode = ColumnTransformer(
        steps, verbose_feature_names_out="{feature_name}", sparse_threshold=0
    )
    keep = [("keep", KeepBest(plan["keep"]))] if plan.get("keep") else []
    return Pipeline([("derive", Derive(plan["derived"])), ("encode", encode), *keep])


def _steps_for(role: str, task: str | None, seed: int) -> TransformerMixin:
    if role == "number":
        return make_pipeline(
            ToNumbers(), SimpleImputer(strategy="median", add_indicator=True), SquashingScaler()
        )
    if role == "category":
        return make_pipeline(
            ToText(),
            OneHotEncoder(
                handle_unknown="infrequent_if_exist", min_frequency=0.002, sparse_output=False
            ),
        )
    if role == "many categories":
        # Whole numbers as a regression's target would be taken for classes.
        target_type = "continuous" if task == "regression" else "auto"
        return make_pipeline(
            ToText(),
            # Each row is encoded by the targets of other rows, so that its own does not leak in.
            TargetEncoder(target_type=target_type, cv=KFold(5, shuffle=True, random_state=seed)),
            StandardScaler(),
        )
    if role == "date":
        return make_pipeline(
            DateParts(),
            SimpleImputer(strategy="median", keep_empty_features=True),
            StandardScaler(),
        )
    if role == "text":
        # Not scaled: a direction beyond the rank of the words varies by rounding errors alone.
        return TextToNumbers(seed=seed)
    return make_pipeline(ImageToNumbers(), ImageParts(seed=seed))


# --- What the notebook shows --------------------------------------------------------------------


def roles_table(plan: dict) -> pd.DataFrame:
    """A row per role: how many columns, which, and what is made of them."""
    rows = []
    for role in ROLES:
        names = [name for name, r in plan["columns"].items() if r == role]
        if names:
            rows.append((role, len(names), _shorten(names), ROLE_SAYS[role]))
    if plan["derived"]:
        derived = list(plan["derived"])
        rows.append(("derived", len(derived), _shorten(derived), "a formula, then as a number"))
    return pd.DataFrame(rows, columns=["role", "columns", "which", "becomes"]).set_index("role")


def _shorten(names: list[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def left_out_table(plan: dict) -> pd.DataFrame:
    """A row per column that is left out, with the reason."""
    items = plan["left_out"].items()
    return pd.DataFrame(items, columns=["column", "left out because"]).set_index("column")


def derived_table(plan: dict) -> pd.DataFrame:
    """A row per derived column, with its formula."""
    return pd.DataFrame(plan["derived"].items(), columns=["column", "formula"]).set_index("column")


def drawing(plan: dict):
    """The plan as a picture: each role's columns, and the steps that make numbers of them."""
    from .pages import line_plots

    flows = []
    for role in ROLES:
        count = sum(r == role for r in plan["columns"].values())
        count += len(plan["derived"]) if role == "number" else 0
        if count:
            flows.append((role, count, ROLE_SAYS[role]))
    return line_plots.feature_map(flows, height=0.8 + 0.62 * len(flows))


def outline(features: Pipeline) -> str:
    """The pipeline as indented text: each step, and the columns it takes."""
    lines = ["derive: " + (", ".join(features["derive"].formulas) or "nothing")]
    for name, steps, columns in features["encode"].transformers:
        chain = [step for _, step in steps.steps] if isinstance(steps, Pipeline) else [steps]
        said = " → ".join(type(step).__name__ for step in chain)
        lines.append(f"{name} ({len(columns)}): {said}")
    if "keep" in features.named_steps:
        lines.append(f"keep: the {features['keep'].count} numbers that say most about the target")
    return "\n".join(lines)


def signal_picture(clean: pd.DataFrame, plan: dict, about: dict, most: int = 4):
    """How the target runs along the columns that say most about it; None without a target.

    Columns are ranked by how far the target's group means spread. With several classes the
    commonest one is looked at.
    """
    from .learning.task_kind import as_labels, find_task
    from .pages import table_plots

    target = plan["target"]
    if not target:
        return None
    task = find_task(clean[target], target, about.get("task", "auto"))
    rows = clean[clean[target].notna()]
    if task.is_regression:
        label = rows[target].astype(float)
    else:
        labels = as_labels(rows[target])
        wanted = task.positive or labels.value_counts().index[0]
        label = (labels == wanted).astype(float).rename(f"{target} = {wanted}")
    table = Derive(plan["derived"]).fit(rows).transform(rows)
    usable = [c for c, role in plan["columns"].items() if role in ("number", "category")]
    spread = {c: _target_variation(table[c], label) for c in [*usable, *plan["derived"]]}
    best = _unlike(table, sorted(spread, key=spread.get, reverse=True), most)
    units = about.get("units", {})
    axes = {c: f"{c} ({units[c]})" if c in units else c for c in best}
    return table_plots.against_target(table, label, axes) if best else None


def _unlike(table: pd.DataFrame, ranked: list[str], most: int) -> list[str]:
    """The first columns of a ranking, but for numbers that say what an earlier one says."""
    chosen: list[str] = []
    for name in ranked:
        numbers = [c for c in chosen if pd.api.types.is_numeric_dtype(table[c].dtype)]
        if pd.api.types.is_numeric_dtype(table[name].dtype):
            ranks = table[name].astype(float).rank()
            if any(abs(ranks.corr(table[c].astype(float).rank())) > 0.9 for c in numbers):
                continue
        chosen.append(name)
        if len(chosen) == most:
            break
    return chosen


def _target_variation(column: pd.Series, label: pd.Series) -> float:
    """How far the label's mean differs between groups of a column, weighted by their size."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        codes, _ = equal_groups(column.to_numpy(dtype=float, na_value=np.nan), 10)
    else:
        codes = pd.factorize(column.astype("str").fillna("(missing)"))[0]
    known, values = codes >= 0, label.to_numpy(dtype=float)  # a row without a value counts nothing
    sizes = np.bincount(codes[known])
    sums = np.bincount(codes[known], weights=values[known])[sizes > 0]
    sizes = sizes[sizes > 0]
    return float((sizes / len(codes) * (sums / sizes - values.mean()) ** 2).sum())


def what_is_missing(about: dict) -> str:
    """What a run without a target lacks for the stages that follow."""
    if about.get("target"):
        return ""
    return (
        "The line stops here: stages 4 to 8 need a target, the column to predict. Name one with "
        "`--target COLUMN`."
    )


def headline(plan: dict) -> str:
    """The stage's result in a sentence."""
    text = f"{len(plan['columns'])} columns in use, {len(plan['derived'])} derived"
    text += f", {len(plan['left_out'])} left out"
    if plan["not_known"]:
        text += f" ({len(plan['not_known'])} of them not known when the prediction is made)"
    return text + "."


def describe_left_out(plan: dict) -> str:
    """A sentence that reads what is left out."""
    if not plan["left_out"]:
        return "No column is left out. Ask of each one: is it known when the prediction is made?"
    return (
        f"**{len(plan['left_out'])} columns are left out**, "
        f"{len(plan['not_known'])} of them because they are known only after the prediction."
    )
