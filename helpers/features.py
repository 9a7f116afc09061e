"""Stage 3, features: which column is what, and the unfitted pipeline that makes numbers of them.

`plan_features` gives each column a role, or the reason why it is left out. `make_features` builds
the scikit-learn pipeline that the plan describes; nothing in it has seen a row until `fit`.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder
from sklearn.utils.validation import check_is_fitted

from .errors import InputError, nearest
from .formulas import columns_of, evaluate, parse_formulas
from .values import IMAGE_ENDINGS

FEW_LEVELS = 30  # up to here a category becomes one column a level; above, one number a class
ROLES = ("number", "category", "many categories", "date", "text", "image")
ROLE_SAYS = {
    "number": "fill gaps with the median, mark them, scale",
    "category": "one column a level (one-hot)",
    "many categories": "the mean target of each level (target encoding)",
    "date": "hour, weekday, and what else the training period covers",
    "text": "weigh words (TF-IDF), keep the main directions (SVD)",
    "image": "grey levels and edge directions",
}
YEAR = 365  # days


# --- The plan -----------------------------------------------------------------------------------


def plan_features(
    clean: pd.DataFrame, cleaning: dict, about: dict, drop: str = "", derive: str = ""
) -> dict:
    """The feature plan: a role for each usable column, a reason for each that is left out.

    `cleaning` is the cleaning plan, `about` what is known of the table (`target`, `not_known`,
    `leave_out`, `derive`). `drop` names more columns, parted by commas; `derive` adds
    formulas, parted by semicolons.
    """
    target = about.get("target", "")
    named = _columns_named(drop, clean.columns)
    reasons = dict.fromkeys(named, "dropped by request")
    known = {"not_known": about.get("not_known", {}), "leave_out": about.get("leave_out", {})}
    columns, left_out = {}, {}
    for name, column in cleaning["columns"].items():
        reason = (
            reasons.get(name)
            or known["not_known"].get(name)
            or known["leave_out"].get(name)
            or _why_useless(column.get("note"))
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
    }


def _columns_named(text: str, columns) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in columns:
            raise InputError(f"drop names no column '{name}'. {nearest(name, columns)}")
    return names


def _why_useless(note: str | None) -> str:
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
    return "category" if present.nunique() <= FEW_LEVELS else "many categories"


def plan_text(plan: dict) -> str:
    """The plan as YAML."""
    return yaml.safe_dump(plan, sort_keys=False, allow_unicode=True, width=100)


# --- The pipeline -------------------------------------------------------------------------------


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
        raise InputError("No column is left to learn from: every one is left out, with a reason.")
    encode = ColumnTransformer(steps, verbose_feature_names_out=False, sparse_threshold=0)
    return Pipeline([("derive", Derive(plan["derived"])), ("encode", encode)])


def _steps_for(role: str, task: str | None, seed: int) -> TransformerMixin:
    if role == "number":
        return make_pipeline(
            ToNumbers(), SimpleImputer(strategy="median", add_indicator=True), StandardScaler()
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
    return make_pipeline(
        ImageToNumbers(), SimpleImputer(keep_empty_features=True), StandardScaler()
    )


class _Stateless(TransformerMixin, BaseEstimator):
    """A transformer whose result for a row depends on the row alone."""

    def fit(self, X, y=None):
        """Remember the names of the columns."""
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        return self

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """The names of the columns that come out."""
        check_is_fitted(self)
        return self.feature_names_in_


class ToNumbers(_Stateless):
    """Numbers and booleans as floats; missing is NaN."""

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The same columns as floats."""
        return X.astype("float64")


class ToText(_Stateless):
    """Categories as text; a missing one is a level of its own."""

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The same columns as text."""
        return X.astype("str").fillna("(missing)").astype(object)


class Derive(_Stateless):
    """Adds columns by formula (see `helpers.formulas`); a formula may use those before it."""

    def __init__(self, formulas: dict[str, str]):
        self.formulas = formulas

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The columns and the derived ones."""
        out = X.copy(deep=False)
        for name, formula in self.formulas.items():
            out[name] = evaluate(formula, out)
        return out

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """The names of the columns and of the derived ones."""
        return np.append(self.feature_names_in_, list(self.formulas)).astype(object)


class DateParts(TransformerMixin, BaseEstimator):
    """Dates as numbers: hour and weekday, and the day of the year where a whole year was seen.

    A part of the calendar that the training rows do not cover can't be learnt, and hurts on later
    rows: with eight months of training, "day of the year" is left out. `parts="all"` takes it all
    the same. A date column without times gets no hour.
    """

    def __init__(self, parts: str = "covered"):
        self.parts = parts

    def fit(self, X: pd.DataFrame, y=None) -> DateParts:
        """Find out which parts vary and are covered."""
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self.used_ = {str(name): self._parts_of(X[name].dropna()) for name in X.columns}
        return self

    def _parts_of(self, dates: pd.Series) -> list[str]:
        if dates.empty:
            return ["weekday"]
        parts = ["weekday"]
        if (dates.dt.hour != 0).any():
            parts.insert(0, "hour")
        if self.parts == "all" or (dates.max() - dates.min()).days >= YEAR:
            parts += ["day_of_year", "year"]
        return parts

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """One column a part; missing is NaN."""
        read = {
            "hour": lambda dates: dates.dt.hour + dates.dt.minute / 60,
            "weekday": lambda dates: dates.dt.day_of_week,
            "day_of_year": lambda dates: dates.dt.day_of_year,
            "year": lambda dates: dates.dt.year,
        }
        columns = {
            f"{name}_{part}": read[part](X[name]).astype("float64")
            for name, parts in self.used_.items()
            for part in parts
        }
        return pd.DataFrame(columns, index=X.index)

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """`<column>_<part>`."""
        return np.array([f"{n}_{p}" for n, parts in self.used_.items() for p in parts], object)


class TextToNumbers(TransformerMixin, BaseEstimator):
    """Columns of text as a few numbers each: TF-IDF weights, reduced by truncated SVD (LSA).

    Deerwester et al. (1990), "Indexing by latent semantic analysis".
    """

    def __init__(self, components: int = 10, seed: int = 42):
        self.components = components
        self.seed = seed

    def fit(self, X: pd.DataFrame, y=None) -> TextToNumbers:
        """Learn each column's words and main directions."""
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self.models_ = {str(name): self._learn(self._texts(X[name])) for name in X.columns}
        return self

    def _learn(self, texts: list[str]) -> Pipeline | None:
        words = TfidfVectorizer(min_df=min(2, len(texts)), max_features=20_000, sublinear_tf=True)
        try:
            size = words.fit_transform(texts).shape[1]
        except ValueError:  # no word is left
            return None
        if size < 2:
            return None
        count = min(self.components, size - 1, max(len(texts) - 1, 1))
        return make_pipeline(words, TruncatedSVD(count, random_state=self.seed)).fit(texts)

    @staticmethod
    def _texts(column: pd.Series) -> list[str]:
        return column.astype("str").fillna("").tolist()

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Up to `components` columns for each column of text; zeros where it has no words."""
        blocks = [
            model.transform(self._texts(X[name])) if model else np.zeros((len(X), 1))
            for name, model in self.models_.items()
        ]
        return pd.DataFrame(np.hstack(blocks), index=X.index, columns=self.get_feature_names_out())

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """`<column>_topic_<n>`."""
        sizes = {n: m[-1].n_components if m else 1 for n, m in self.models_.items()}
        return np.array(
            [f"{n}_topic_{i + 1}" for n, size in sizes.items() for i in range(size)], object
        )


class ImageToNumbers(_Stateless):
    """Columns of image paths (or bytes) as numbers: an 8 × 8 grey picture and edge directions.

    Edge directions are counted in eight bins over four quarters of the picture, a plain form of
    the histogram of oriented gradients (Dalal and Triggs 2005). A picture that can't be read is
    missing: all NaN.
    """

    def __init__(self, side: int = 8):
        self.side = side

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """`side`² + 32 columns for each column of images."""
        blocks = [np.vstack([self._read(value) for value in X[name]]) for name in X.columns]
        return pd.DataFrame(np.hstack(blocks), index=X.index, columns=self.get_feature_names_out())

    def _read(self, value) -> np.ndarray:
        from PIL import Image

        try:
            source = io.BytesIO(value) if isinstance(value, bytes) else Path(value)
            with Image.open(source) as picture:
                grey = picture.convert("L")
                small = np.asarray(grey.resize((self.side, self.side)), dtype=float) / 255
                large = np.asarray(grey.resize((32, 32)), dtype=float) / 255
        except (OSError, TypeError, ValueError, SyntaxError, Image.DecompressionBombError):
            return np.full(self.side**2 + 32, np.nan)
        return np.concatenate([small.ravel(), _edge_directions(large)])

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """`<column>_grey_<n>` and `<column>_edge_<n>`."""
        check_is_fitted(self)
        return np.array(
            [
                f"{name}_{part}_{i + 1}"
                for name in self.feature_names_in_
                for part, size in (("grey", self.side**2), ("edge", 32))
                for i in range(size)
            ],
            dtype=object,
        )


def _edge_directions(picture: np.ndarray) -> np.ndarray:
    """32 numbers: how strong edges are in eight directions, in each quarter of 32 × 32 pixels."""
    down, right = np.gradient(picture)
    strength = np.hypot(down, right)
    direction = ((np.arctan2(down, right) % np.pi) / np.pi * 8).astype(int) % 8
    quarters = [(slice(a, a + 16), slice(b, b + 16)) for a in (0, 16) for b in (0, 16)]
    counts = [np.bincount(direction[q].ravel(), strength[q].ravel(), minlength=8) for q in quarters]
    total = np.concatenate(counts)
    return total / max(np.linalg.norm(total), 1e-9)


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


def outline(features: Pipeline) -> str:
    """The pipeline as indented text: each step, and the columns it takes."""
    lines = ["derive: " + (", ".join(features["derive"].formulas) or "nothing")]
    for name, steps, columns in features["encode"].transformers:
        chain = [step for _, step in steps.steps] if isinstance(steps, Pipeline) else [steps]
        said = " → ".join(type(step).__name__ for step in chain)
        lines.append(f"{name} ({len(columns)}): {said}")
    return "\n".join(lines)


def signal_picture(clean: pd.DataFrame, plan: dict, about: dict, most: int = 4):
    """How the target runs along the columns that say most about it; None without a target.

    Columns are ranked by how far the target's group means spread. With several classes the
    commonest one is looked at.
    """
    from . import plots
    from .task import as_labels, find_task

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
    spread = {c: _spread(table[c], label) for c in [*usable, *plan["derived"]]}
    best = _unlike(table, sorted(spread, key=spread.get, reverse=True), most)
    units = about.get("units", {})
    axes = {c: f"{c} ({units[c]})" if c in units else c for c in best}
    return plots.against_target(table, label, axes) if best else None


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


def _spread(column: pd.Series, label: pd.Series) -> float:
    """How far the label's mean differs between groups of a column, weighted by their size."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        groups = pd.qcut(column.astype(float), 10, duplicates="drop")
    else:
        groups = column.astype("str").fillna("(missing)")
    sizes = groups.value_counts() / len(groups)  # rows without a value count for nothing
    means = label.groupby(groups, observed=True).mean()
    return float((sizes.reindex(means.index) * (means - label.mean()) ** 2).sum())


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


def read_left_out(plan: dict) -> str:
    """A sentence that reads what is left out."""
    if not plan["left_out"]:
        return "No column is left out. Ask of each one: is it known when the prediction is made?"
    return (
        f"**{len(plan['left_out'])} columns are left out**, "
        f"{len(plan['not_known'])} of them because the future would be needed to know them."
    )
