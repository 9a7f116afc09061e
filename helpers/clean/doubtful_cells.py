"""The review list (or queue), `review.csv`: doubtful cells, which a person marks, and each mark.

A review item is a mapping with `column`, `value` (the text in question), `where` (cells of the same
row that it holds for, {} for everywhere), `cells` (how many), `kind`, `suggestion` (a value,
"missing", or "" where only a person can say it) and `evidence`.
"""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd

from ..base.user_errors import InputError, nearest
from ..cells.ambiguous_dates import doubtful_dates
from ..cells.as_texts import as_text, texts
from ..cells.draft_column_plan import SENTINELS
from ..cells.reading_columns import repair_column
from ..cells.reading_values import repair_value
from ..cells.value_forms import kind_said
from ..tables.formula_cells import restored_table
from . import dependency_questions, doubtful_forms, far_values, review_rules
from .review_decisions import MISSING

FILE = "review.csv"
NEEDED = ["column", "value", "where", "cells", "kind", "suggestion", "evidence", "apply"]
REVIEW_COLUMNS = [*NEEDED, "question"]  # which one of `pipeline review` an answer came from
KEY = ["column", "value", "where", "kind"]  # the same item, in this run and the next
YES, NO = {"yes", "y", "x", "1", "true"}, {"no", "n", "0", "false"}
AND = "; "
LOST = {  # the text in question is not in the cleaned column
    "unreadable": "does not read as a {kind}, so it is missing; write what was meant",
    "ambiguous date": "day and month are ambiguous, so it is missing; write what was meant, or "
    "'day first' or 'month first' for the whole column",
}
GONE = (*LOST, "order of day and month", dependency_questions.DISAGREE, *review_rules.RULES)
MOST_LISTED = 200  # texts of one column that could not be read


def review_items_of(column: pd.Series, plan: dict, repaired: tuple | None = None) -> list[dict]:
    """The review items of a column as its plan reads it: odd numbers, dates, lost texts.

    `repaired` is what `repair_column` gives, where it is at hand.

    >>> review_items_of(pd.Series(["3", "many"]), {"kind": "number"})[0]["value"]
    'many'
    """
    repaired, kinds = repaired or repair_column(column, plan)
    found = _of_numbers(column, plan, repaired) if plan["kind"] == "number" else []
    if plan.get("ambiguous") == "doubt":
        found.append(_order_of_dates(column, plan))
    return found if kinds is None else found + _lost_texts(column, kinds, plan)


def _of_numbers(column: pd.Series, plan: dict, repaired: pd.Series) -> list[dict]:
    values = far_values.numbers_of(repaired)
    return _odd_numbers(values) + doubtful_forms.percent_items(column, plan, values)


def _order_of_dates(column: pd.Series, plan: dict) -> dict:
    """The cells whose day and month could be exchanged, and how the plan reads them."""
    counts = Counter(texts(column).dropna())
    both = doubtful_dates(counts, plan["formats"])
    form, found = next(iter(both.items()), (plan["formats"][-1], list(counts)))
    first = "month" if form.startswith("%m") else "day"
    other = "day" if first == "month" else "month"
    note = (
        f"day and month are ambiguous in some cells; read as {first} first; '{other} first' as "
        f"suggestion, with yes, turns the whole column"
    )
    cells = sum(counts[text] for text in found)
    example = (found or list(counts))[0]
    return _review_item(example, cells, "order of day and month", "", note)


def _lost_texts(column: pd.Series, kinds: np.ndarray, plan: dict) -> list[dict]:
    """The texts of a column that could not be read, the most frequent first."""
    found = []
    for kind, note in LOST.items():
        lost = texts(column[kinds == kind]).value_counts().head(MOST_LISTED)
        note = note.format(kind=kind_said(plan))
        found += [_review_item(text, int(cells), kind, "", note) for text, cells in lost.items()]
    return found


def _review_item(value: str, cells: int, kind: str, suggestion: str, evidence: str) -> dict:
    return {
        "value": value, "cells": cells, "kind": kind, "suggestion": suggestion,
        "evidence": evidence,
    }  # fmt: skip


def _odd_numbers(values: np.ndarray) -> list[dict]:
    """Numbers far off all others, and numbers that may stand for "missing" (999, -1)."""
    if len(values) < far_values.FEWEST_NUMBERS:
        return []
    found, counts = np.unique(values, return_counts=True)
    if len(found) < far_values.FEWEST_DISTINCT:
        return []
    codes = [_code_at(values, found, counts, *ends) for ends in ((-1, -2), (0, 1))]
    codes = [item for item in codes if item]
    listed = {item["value"] for item in codes}
    return codes + [item for item in far_values.far_items(values) if item["value"] not in listed]


def _code_at(values, found, counts, at: int, next_to: int) -> dict | None:
    """The smallest or largest number as a review item, where it may be a code for missing."""
    low, high = np.quantile(values, [0.25, 0.75])
    gap, width = abs(found[at] - found[next_to]), max(high - low, 1e-12)
    if found[at] not in SENTINELS or counts[at] < 3 or gap <= 2 * width:
        return None
    note = f"{gap:g} from the next value, the middle half spans {width:g}"
    return _review_item(
        as_text(float(found[at])), int(counts[at]), "code for missing", MISSING, note
    )


def review_list(found: list[dict], clean: pd.DataFrame) -> pd.DataFrame:
    """The items as a table (columns `REVIEW_COLUMNS`), those of most cells first within a kind.

    Items that no longer hold are left out: their value is nowhere in the cleaned column `clean`.
    What was set to missing because it could not be read stays on the list.
    """
    rows = [
        {**item, "where": where_text(item.get("where", {})), "apply": "", "question": ""}
        for item in found
        if item["kind"] in GONE or is_still_present(clean, item)
    ]
    table = pd.DataFrame(rows, columns=REVIEW_COLUMNS)
    table = table.astype({name: "str" for name in REVIEW_COLUMNS if name != "cells"})
    table = table.drop_duplicates(KEY)
    return table.sort_values(["kind", "cells"], ascending=[True, False], ignore_index=True)


def examples(review: pd.DataFrame, of_each: int = 2) -> pd.DataFrame:
    """The first items of each kind, without what a person is to write."""
    shown = review.groupby("kind", sort=False).head(of_each)
    return shown.set_index("kind")[["column", "value", "where", "cells", "suggestion", "evidence"]]


def is_still_present(clean: pd.DataFrame, item: dict) -> bool:
    """Whether a value under review is still in the cleaned rows, with the same neighbours."""
    return bool(_cells(clean, item["column"], item["value"], item.get("where", {})).any())


def _cells(frame: pd.DataFrame, column: str, value: str, where: dict) -> np.ndarray:
    """Which rows hold a value in a column, and such neighbours."""
    cells = {column: value} | where
    if not set(cells) <= set(frame.columns):
        return np.zeros(len(frame), dtype=bool)
    return np.logical_and.reduce([(texts(frame[c]) == v).fillna(False) for c, v in cells.items()])


def where_text(where: dict) -> str:
    """The cells that an item holds for, as the list has them: "zip=35233; street=Main"."""
    return AND.join(f"{column}={value}" for column, value in where.items())


def _parse_where(text: str, columns) -> dict[str, str]:
    where = {}
    for part in filter(None, text.split(AND)):
        column = next((c for c in columns if part.startswith(f"{c}=")), None)
        if column is None:
            raise InputError(
                f"The review list's 'where' looks like 'zip=35233'; '{part}' names no column."
            )
        where[column] = part.removeprefix(f"{column}=")
    return where


def keep_marks(review: pd.DataFrame, *earlier: pd.DataFrame) -> pd.DataFrame:
    """The list with the marks and suggestions that a person has written into earlier ones.

    Settled items are not listed again; their marked lines stay, so no work is lost.
    """
    marked = [one[one["apply"].str.strip() != ""] for one in earlier if len(one)]
    if not marked:
        return review
    marked = pd.concat(marked).drop_duplicates(KEY)
    open_still = review.merge(marked[KEY], on=KEY, how="left", indicator=True)["_merge"]
    rest = review[(open_still == "left_only").to_numpy()]
    return pd.concat([rest, marked], ignore_index=True)[REVIEW_COLUMNS]


def marks_of(run, raw: pd.DataFrame) -> pd.DataFrame:
    """The marked lines of a run's own review list (None: no run), of columns that it still has."""
    if run is None or not run.file(FILE).exists():
        return review_list([], raw)
    listed = open_review(str(run.file(FILE)))
    return listed[(listed["apply"].str.strip() != "") & listed["column"].isin(raw.columns)]


def open_review(path: str) -> pd.DataFrame:
    """A review list from a CSV file: the columns `REVIEW_COLUMNS`, all text but `cells`.

    The apostrophe before what a spreadsheet would take for a formula is taken away. Raises
    InputError where there is no such file, or a column is missing.
    """
    table = _read_review(path)
    missing = [name for name in NEEDED if name not in table.columns]
    if missing:
        raise InputError(
            f"The review list '{Path(path).name}' lacks the column '{missing[0]}': it needs "
            f"{', '.join(NEEDED)}, as stage 2 writes them."
        )
    cells = pd.to_numeric(table["cells"], errors="coerce").fillna(0).astype("int64")
    table = table.reindex(columns=REVIEW_COLUMNS, fill_value="")
    kinds = table["kind"].replace(dependency_questions.EARLIER, dependency_questions.DISAGREE)
    return restored_table(table).assign(cells=cells, kind=kinds)


def _read_review(path: str) -> pd.DataFrame:
    try:
        return pd.read_csv(Path(path).expanduser(), dtype="str", keep_default_na=False)
    except (OSError, UnicodeDecodeError, ValueError):  # pandas' parser errors are ValueErrors
        raise InputError(
            f"There is no readable review list '{path}': it is a CSV file such as stage 2 writes, "
            f"reports/<run>/review.csv."
        ) from None


def apply_marks(plan: dict, review: pd.DataFrame) -> dict:
    """The plan with what a person has marked with yes; the plan that was given stays as it was.

    A value that is missing goes into its column's `missing`, another name into its `aliases`, and a
    repair that holds for some rows only into the plan's `decisions`. 'day first' or 'month first'
    settles a whole column of dates.

    >>> line = dict.fromkeys(REVIEW_COLUMNS, "") | {"column": "city", "value": "Bostom"}
    >>> line |= {"suggestion": "Boston", "apply": "yes"}
    >>> plan = {"columns": {"city": {"kind": "category", "values": ["Boston"]}}}
    >>> apply_marks(plan, pd.DataFrame([line]))["columns"]["city"]["aliases"]
    {'Bostom': 'Boston'}
    """
    settled = deepcopy(plan)
    for row in review.to_dict("records"):
        if _is_yes(row):
            _apply_mark(settled, row)
    return settled


def _is_yes(row: dict) -> bool:
    mark = row["apply"].strip().casefold()
    if mark not in YES | NO | {""}:
        raise InputError(
            f"The review list marks {row['column']} = '{row['value']}' with '{row['apply']}': "
            f"write yes or no into 'apply', or leave it empty."
        )
    return mark in YES


def _apply_mark(plan: dict, row: dict) -> None:
    name, becomes = row["column"], row["suggestion"].strip()
    if row["kind"] == review_rules.LABEL:  # of the target, which no plan holds
        review_rules.apply(plan, row, becomes)
        return
    if name not in plan["columns"]:
        known = nearest(name, plan["columns"])
        raise InputError(f"The review list names no column of the plan: '{name}'. {known}")
    column = plan["columns"][name]
    order = review_rules.turned(column, becomes) if column["kind"] == "date" else None
    if order:
        plan["columns"][name] = order
    elif row["kind"] == dependency_questions.DISAGREE:
        relations = plan.get("relations", [])
        plan["relations"] = dependency_questions.confirm_dependency(relations, name, becomes)
    elif not review_rules.apply(plan, row, becomes):
        _check_new_value(name, row["value"], becomes, column)
        _settle(plan, row, becomes)


def _check_new_value(name: str, value: str, becomes: str, column: dict) -> None:
    """Raise InputError where there is no new value, or the column's plan can't read it."""
    if not becomes:
        raise InputError(
            f"The review list marks {name} = '{value}' with yes, but gives no new value: "
            f"write that into 'suggestion'."
        )
    if becomes != MISSING and repair_value(becomes, column)[0] is None:
        raise InputError(
            f"The review list makes {name} = '{value}' into '{becomes}', which does not read as "
            f"a {kind_said(column)}: correct 'suggestion'."
        )


def _settle(plan: dict, row: dict, becomes: str) -> None:
    """Put what a value becomes into the plan: for some rows, or for its whole column."""
    name, value, column = row["column"], row["value"], plan["columns"][row["column"]]
    if where := _parse_where(row["where"], plan["columns"]):
        decision = {"column": name, "value": value, "where": where, "becomes": becomes}
        plan["decisions"] = [*plan.get("decisions", []), decision]
    elif becomes == MISSING:
        column["missing"] = [*column.get("missing", []), value]
    else:
        column["aliases"] = column.get("aliases", {}) | {value: becomes}
