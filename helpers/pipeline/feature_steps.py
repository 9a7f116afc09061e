"""The unfitted features that a feature plan describes: the encoder of each role, in one place."""

from __future__ import annotations

from functools import partial

from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from ..base.user_errors import InputError
from ..cells.value_forms import LEVELLED, NUMBERED, RANKED
from ..features.category_encoder import category_steps, form_level_steps, many_category_steps
from ..features.date_encoder import date_steps
from ..features.derived_columns import Derive
from ..features.feature_plan import ROLES
from ..features.form_encoder import form_steps
from ..features.image_encoders import image_steps
from ..features.keep_best import KeepBest
from ..features.number_encoder import number_steps
from ..features.text_encoder import text_steps

NOTHING_LEFT = (
    "No column is left to learn from: every one is left out, as constant, empty, an identifier or "
    "named in `drop`. Give a table with more rows or other columns."
)
# By role what makes its unfitted steps, of the kind of task and a seed.
STEPS_OF_ROLE = {
    "number": number_steps,
    "category": category_steps,
    "many categories": many_category_steps,
    "date": date_steps,
    "text": text_steps,
    "image": image_steps,
    **{form: partial(form_steps, form) for form in NUMBERED},
    **{form: partial(form_level_steps, form) for form in LEVELLED},
}


def make_features(plan: dict, seed: int = 42) -> Pipeline:
    """The unfitted pipeline that a feature plan describes: cleaned rows in, numbers out.

    >>> import pandas as pd
    >>> plan = {"columns": {"age": "number", "city": "category"}, "derived": {}}
    >>> rows = pd.DataFrame({"age": [3, None], "city": ["Rome", "Oslo"]})
    >>> make_features(plan).fit_transform(rows, [0, 1]).shape
    (2, 4)
    """
    used = _columns_by_role(plan)
    if not used:
        raise InputError(NOTHING_LEFT)
    steps = [(role.replace(" ", "_"), _steps_of(role, plan, seed), columns)
             for role, columns in used.items()]  # fmt: skip
    names = {"verbose_feature_names_out": "{feature_name}", "sparse_threshold": 0}
    encode = ColumnTransformer(steps, **names)
    keep = [("keep", KeepBest(plan["keep"]))] if plan.get("keep") else []
    return Pipeline([("derive", Derive(plan["derived"])), ("encode", encode), *keep])


def _columns_by_role(plan: dict) -> dict[str, list[str]]:
    """The columns of each role that has some, derived ones among the numbers."""
    roles = {role: [c for c, r in plan["columns"].items() if r == role] for role in ROLES}
    roles["number"] += list(plan["derived"])
    return {role: columns for role, columns in roles.items() if columns}


def _steps_of(role: str, plan: dict, seed: int):
    """The unfitted steps of a role; those of ordered words are told the order."""
    ranks = {"ranks": plan.get("ranks")} if role == RANKED else {}
    return STEPS_OF_ROLE[role](plan.get("task"), seed, **ranks)
