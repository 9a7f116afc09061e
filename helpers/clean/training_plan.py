"""What a cleaning plan has learnt from rows, learnt again from training rows alone.

How cells are read (kinds, units, formats) may be drafted from all collected rows. What rests on
other rows may not: typing errors, merged spellings, codes for missing, values that other columns
give. A gap of a held-out row, filled from another held-out row, is filled as no later row will be.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd

from ..cells.as_texts import texts
from ..cells.draft_column_plan import LEARNT
from ..cells.draft_column_plan import learn_again as learn_column_again
from ..learning.labelled_data import (
    CLEANED_BY_SPLIT,
    TRAIN,
    TRAINING_PLAN,
    Labelled,
    has_training_plan,
)
from . import functional_dependencies, named_dependencies, swapped_columns
from .cleaning_plan import draft_columns, plan_text
from .column_cleaner import Cleaner

DRAFTED = "cleaning_drafted.yaml"  # stage 2's draft, where a person changed it


def learn_again(
    raw: pd.DataFrame,
    whole: dict,
    about: dict,
    *,
    drafted: dict | None = None,
    unit: np.ndarray | None = None,
) -> dict:
    """The plan `whole`, what it has learnt from rows learnt anew from the n raw rows given.

    `drafted` is the plan as it was drafted, where a person has changed it since: the changes carry
    over. `about` is that of `draft_plan`. `unit` has the number of each row's unit, where units are
    new in production: what only the rows of one unit say of each other is not learnt then.

    >>> whole = {"columns": {"city": {"kind": "category", "values": ["Oslo"], "aliases": {}}}}
    >>> learn_again(pd.DataFrame({"city": ["Rome", "ROME"]}), whole, {})["columns"]["city"]
    {'kind': 'category', 'values': ['Rome']}
    """
    drafted = whole if drafted is None else drafted
    names = [name for name in whole["columns"] if name in raw.columns]
    plans, cleaned, swaps, _ = draft_columns(raw, names, partial(_relearn, whole, about))
    learnt = swapped_columns.without_strangers(cleaned, swaps)
    found = swaps + functional_dependencies.relations_of(
        learnt, plans, exclude=about.get("not_known", ()), unit=unit,
        errors=functional_dependencies.share_of_errors(raw, plans),
    )  # fmt: skip
    columns = {
        name: _column_as_decided(plans[name], drafted["columns"].get(name, {}), column)
        for name, column in whole["columns"].items()
    }
    related = _relations_as_decided(found, drafted.get("relations", []), whole)
    rest = {key: said for key, said in whole.items() if key not in ("columns", "relations")}
    learnt_plan = {"columns": columns} | ({"relations": related} if related else {}) | rest
    return named_dependencies.learn(raw, learnt_plan, unit)


def _relearn(whole: dict, about: dict, column: pd.Series) -> tuple[dict, tuple]:
    aliases = about.get("aliases", {}).get(column.name)
    return learn_column_again(column, whole["columns"][column.name], aliases)


def _column_as_decided(learnt: dict, drafted: dict, decided: dict) -> dict:
    """A column's plan with what a person has changed of the draft."""
    changed = {key for key in LEARNT if drafted.get(key) != decided.get(key)}
    return learnt | {
        key: _as_decided(learnt.get(key), drafted.get(key), decided.get(key)) for key in changed
    }


def _relations_as_decided(found: list[dict], drafted: list[dict], whole: dict) -> list[dict]:
    """The relations of the whole plan as they were found; what a person has written stays."""
    learnt, before = ({_name(one): one for one in some} for some in (found, drafted))
    kept = []
    for decided in whole.get("relations", []):
        name = _name(decided)
        if name not in before:
            kept.append(decided)
        elif name in learnt:
            kept.append(_relation_as_decided(learnt[name], before[name], decided))
    return kept


def _relation_as_decided(learnt: dict, drafted: dict, decided: dict) -> dict:
    sure = {"sure": decided["sure"]} if "sure" in decided else {}
    if drafted.get("rows") == decided.get("rows"):  # else it was drafted from other rows
        for key in ("values", "tails", "home"):
            if drafted.get(key) != decided.get(key):
                changed = _as_decided(learnt.get(key), drafted.get(key), decided.get(key))
                learnt = learnt | {key: changed}
    return learnt | sure


def _name(relation: dict) -> tuple:
    """What a relation is about, whatever it has learnt."""
    return tuple(
        (key, *named) if isinstance(named := relation.get(key), list) else (key, named)
        for key in ("from", "to", "split", "into", "swap")
    )


def _as_decided(learnt, drafted, decided):
    """What was learnt, with the entries that a person has added, changed or taken out.

    >>> _as_decided({"a": "1", "b": "2"}, {"a": "1", "c": "3"}, {"a": "9", "c": "3"})
    {'a': '9', 'b': '2'}
    >>> _as_decided(["x", "y"], ["y", "z"], ["z", "new"])
    ['x', 'new']
    """
    if isinstance(decided or drafted or learnt, dict):
        learnt, drafted, decided = (some or {} for some in (learnt, drafted, decided))
        kept = {k: v for k, v in learnt.items() if k in decided or k not in drafted}
        return kept | {k: v for k, v in decided.items() if drafted.get(k) != v}
    learnt, drafted, decided = (some or [] for some in (learnt, drafted, decided))
    kept = [one for one in learnt if one in decided or one not in drafted]
    return kept + [one for one in decided if one not in drafted and one not in kept]


@dataclass(frozen=True)
class CleanedBySplit:
    """Split rows, cleaned by what their training rows have taught.

    `plan` is the plan of the training rows; None where it cleans every row as stage 2 did.
    `other` counts, by column, the cells that it cleans otherwise.
    """

    rows: Labelled
    plan: dict | None
    other: dict[str, int] = field(default_factory=dict)


def clean_by_split(
    raw: pd.DataFrame,
    rows: Labelled,
    whole: dict,
    about: dict,
    *,
    drafted: dict | None = None,
    group: str = "",
) -> CleanedBySplit:
    """The rows of a split, cleaned by plans that have learnt nothing from the rows they clean.

    `raw` has all raw rows, `rows.row` says which of them were split. Held-out rows are cleaned by
    the plan of all training rows; where columns give each other's values, the rows of a fold by
    the plan of the rows that this fold may learn from, as each new row is by the rows before it
    (cross-fitting: V. Chernozhukov and others 2018, Econometrics Journal 21, C1-C68). `group` is
    the column of a split by group.
    """
    asked = raw.iloc[rows.row].reset_index(drop=True)
    unit = None if not group else numbers_of_groups(rows.X[group])
    train = np.flatnonzero(rows.part == TRAIN)

    def plan_of(positions: np.ndarray) -> dict:
        own = None if unit is None else unit[positions]
        some = asked.iloc[positions].reset_index(drop=True)
        return learn_again(some, whole, about, drafted=drafted, unit=own)

    plan = plan_of(train)
    X = _cleaned(asked, plan)
    if any("to" in relation for relation in plan.get("relations", [])):
        for learn, valid in rows.at(train).folds():
            own = asked.iloc[train[valid]].reset_index(drop=True)
            X = _with_rows(X, train[valid], _cleaned(own, plan_of(train[learn])))
    before = _cleaned(asked, whole)
    other = {name: count for name in X if (count := _differing(X[name], before[name]))}
    return CleanedBySplit(replace(rows, X=X), plan, other) if other else CleanedBySplit(rows, None)


def numbers_of_groups(column: pd.Series) -> np.ndarray:
    """A number for each value of a column; a row without one is a group of its own.

    >>> numbers_of_groups(pd.Series(["a", None, "a", None])).tolist()
    [0, 1, 0, 2]
    """
    number = pd.factorize(texts(column))[0]
    alone = number < 0
    number[alone] = number.max(initial=-1) + 1 + np.arange(alone.sum())
    return number


def _cleaned(raw: pd.DataFrame, plan: dict) -> pd.DataFrame:
    return Cleaner(plan).fit(raw).transform(raw)


def _with_rows(frame: pd.DataFrame, positions: np.ndarray, rows: pd.DataFrame) -> pd.DataFrame:
    """A frame with other rows at some positions."""
    rest = np.setdiff1d(np.arange(len(frame)), positions)
    both = pd.concat([frame.iloc[rest], rows], ignore_index=True)
    back = np.empty(len(frame), dtype=int)
    back[rest], back[positions] = np.arange(len(rest)), len(rest) + np.arange(len(positions))
    return both.iloc[back].reset_index(drop=True)


# --- At the stages --------------------------------------------------------------------------------


def clean_split_rows(work, rows: Labelled, choice: dict) -> CleanedBySplit:
    """The rows of stage 4, split as `choice` says (see `clean_by_split`). `work` is an open stage.

    Stage 2's plan is read, and what a person has changed in it; they carry over.
    """
    raw, whole = work.read_table("raw"), work.read_yaml("cleaning.yaml")
    return clean_by_split(
        raw, rows, whole, work.about, drafted=_drafted(work), group=group_column(choice)
    )


def hand_on(work, done: CleanedBySplit) -> dict:
    """Write what stage 4 has cleaned anew, if anything; returns what `split.json` says of it."""
    if done.plan is None:
        for name in (TRAINING_PLAN, f"data/{CLEANED_BY_SPLIT}.parquet"):
            work.run.file(name).unlink(missing_ok=True)  # of an earlier turn
        return {"cleaning": "cleaning.yaml"}
    work.write_text(TRAINING_PLAN, plan_text(done.plan))
    work.write_table(CLEANED_BY_SPLIT, done.rows.X)
    return {"cleaning": TRAINING_PLAN}


def plan_of_all_rows(work, raw: pd.DataFrame, rows: Labelled) -> dict:
    """The plan to deploy with a model of all labelled rows: stage 2's, by the same recipe.

    Under a split by group, where new rows are of new groups, what rows of one group say of each
    other is taken out of it.
    """
    whole, group = work.read_yaml("cleaning.yaml"), group_column(work.read_json("split.json"))
    if not group or not has_training_plan(work):
        return whole
    labelled, unit = raw.iloc[rows.row].reset_index(drop=True), numbers_of_groups(rows.X[group])
    return learn_again(labelled, whole, work.about, drafted=_drafted(work), unit=unit)


def group_column(choice: dict) -> str:
    """The column whose groups a split keeps on one side; "" where there is none."""
    return choice["column"] if choice["strategy"] == "group" else choice.get("group", "")


def hand_on_draft(work, drafted: dict, decided: dict) -> None:
    """Keep stage 2's draft where a person has changed it, so that the changes can be told."""
    if drafted == decided:
        work.run.file(DRAFTED).unlink(missing_ok=True)  # of an earlier turn
    else:
        work.write_text(DRAFTED, plan_text(drafted))


def _drafted(work) -> dict | None:
    return work.read_yaml(DRAFTED) if work.run.file(DRAFTED).exists() else None


LEARNT_ALONE = "Learnt from the training rows alone, the cleaning plan cleans"


def describe(done: CleanedBySplit) -> str:
    """How many cells are cleaned otherwise than by the plan of all rows, in a sentence."""
    if done.plan is None:
        return f"{LEARNT_ALONE} every cell as it did in stage 2."
    most, cells = max(done.other, key=done.other.get), sum(done.other.values())
    return (
        f"{LEARNT_ALONE} {cells:,} of {done.rows.X.size:,} cells otherwise than in stage 2, most "
        f"of them in {most} ({done.other[most]:,}). Models are trained and judged on these rows."
    )


def _differing(one: pd.Series, other: pd.Series) -> int:
    """In how many cells two columns differ."""
    if one.equals(other):
        return 0
    one, other = texts(one), texts(other)
    return int(((one != other) & ~(one.isna() & other.isna())).fillna(True).sum())
