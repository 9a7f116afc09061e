"""Dependencies that a person has named or confirmed: what they give, learnt from some rows.

A person says that a ZIP gives its city; which city each ZIP gives is what most of its rows have. A
tie gives nothing. Learnt from training rows alone where it is asked for them, as all else is.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from . import weak_dependencies
from .column_cleaner import Cleaner
from .encoded_table import EncodedTable
from .functional_dependencies import mistyped_shares


def learn(raw: pd.DataFrame, plan: dict, unit: np.ndarray | None = None) -> dict:
    """A plan whose dependencies by a person have the values that most of some raw rows give.

    `unit` has the number of each row's unit (see `functional_dependencies.relations_of`).

    >>> raw = pd.DataFrame({"zip": ["1", "1", "1"], "city": ["Rome", "Rome", "Oslo"]})
    >>> plan = {"columns": {"zip": {"kind": "category"}, "city": {"kind": "category"}}}
    >>> plan["relations"] = [{"from": ["zip"], "to": "city", "values": {}, "sure": True}]
    >>> learn(raw, plan)["relations"][0]["values"]
    {'1': 'Rome'}
    """
    every = plan.get("relations", [])
    named = [one for one in every if _by_person(one) and _columns(one) <= set(raw.columns)]
    if not named:
        return plan
    frame = _read(raw, plan, set().union(*map(_columns, named)))
    table = EncodedTable(frame, list(frame), unit)
    table.mistyped = mistyped_shares(raw, {n: plan["columns"][n] for n in frame})
    related = [weak_dependencies.plurality(table, one) if one in named else one for one in every]
    return plan | {"relations": related}


def _by_person(relation: dict) -> bool:
    return "to" in relation and "source" not in relation and relation.get("sure") is True


def _columns(relation: dict) -> set[str]:
    return {*relation["from"], relation["to"]}


def _read(raw: pd.DataFrame, plan: dict, names: set[str]) -> pd.DataFrame:
    """Some columns as the plan reads each by itself."""
    own = {name: column for name, column in plan["columns"].items() if name in names}
    return Cleaner({"columns": own}).fit(raw).transform(raw)
