"""Feature steps."""

from __future__ import annotations

from sklearn.base import TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder
from skrub import SquashingScaler

from ..base.user_errors import InputError
from ..features.encoders import DateParts, Derive, KeepBest, TextToNumbers, ToNumbers, ToText
from ..features.feature_plan import ROLES
from ..features.image_encoders import ImageParts, ImageToNumbers


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
