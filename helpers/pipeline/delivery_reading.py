"""A delivery of rows read in its own forms: the model's cleaning plan fitted to it, and counts.

The plan says how a column was written in training. A delivery may have another order of day and
month, or another decimal sign, throughout: the plan is fitted to it, and that is said. What single
cells show is counted while they are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd
from sklearn.pipeline import Pipeline

from ..cells import form_tally
from ..cells.as_texts import as_text, texts
from ..cells.date_formats import written
from ..cells.delivery_forms import fitted_plan
from ..cells.kinds import Kind, kind_of
from ..cells.other_forms import OTHER_FORM
from ..cells.reading_columns import Reader
from ..cells.reading_values import cell_reader
from ..cells.tidy_text import tidy
from ..clean.column_cleaner import clean_columns
from ..clean.swapped_columns import as_encoded
from .row_check import RowCheck
from .table_check import Checked, TableCheck
from .whole_pipeline import with_cleaner

Tallies = dict[str, form_tally.Counted]


@dataclass(frozen=True)
class DeliveryReading:
    """How a delivery of rows was read: the `model` fitted to its forms, the columns that it reads
    otherwise for that (`said`, a sentence each), and what single cells showed (`found`). `checked`
    says which rows are refused: the model answers them nowhere. `fields` are the schema's.
    """

    model: Pipeline
    said: list[str]
    found: Tallies
    rows: int
    checked: Checked = field(default_factory=Checked)
    fields: dict = field(default_factory=dict)

    def unread(self, name: str) -> int:
        """How many cells of a column were not read."""
        counted = self.found.get(name, {})
        return sum(counted[kind][0] for kind in form_tally.UNREAD if kind in counted)

    def sentences(self, fields: dict[str, dict] | None = None) -> list[str]:
        """All that is said of the delivery, of the columns in a schema's `fields` (None: all)."""
        known = {n: self.fields.get(n, {}) for n in self.found} if fields is None else fields
        said = [*self.said, *sentences(self.model, known, self.found, self.rows)]
        return said + empty_rows(self.checked.counts())


def of_rows(model: Pipeline, rows: pd.DataFrame, fields: dict | None = None) -> DeliveryReading:
    """How a model reads a delivery (see `fitted_to`, `looked_at`)."""
    fitted, said = fitted_to(model, rows, fields)
    found, checked = looked_at(fitted, rows, row_check(fitted, fields or {}))
    return DeliveryReading(fitted, said, found, len(rows), checked, fields or {})


def fitted_to(
    model: Pipeline, rows: pd.DataFrame, fields: dict | None = None
) -> tuple[Pipeline, list[str]]:
    """A model that reads the rows in their own forms; and a sentence for each column that differs.

    `fields` are those of the schema (their `range` is asked). The model itself comes back where all
    is as in training.
    """
    plans, said = fitted_plans(model, rows, fields)
    return with_plans(model, plans), said


def fitted_plans(
    model: Pipeline, rows: pd.DataFrame, fields: dict | None = None
) -> tuple[dict[str, dict], list[str]]:
    """By column the plan that reads the rows in their own form, where that is another one than the
    model's; and a sentence for each column that differs (see `fitted_to`).
    """
    own = model["clean"].plan_["columns"]
    words = {n: _words(rows[n]) for n, plan in own.items() if _may_differ(rows, n, plan)}
    return plans_of_words(own, words, fields or {})


def plans_of_words(
    own: dict[str, dict], words: dict[str, Counter], fields: dict
) -> tuple[dict[str, dict], list[str]]:
    """As `fitted_plans`, of texts that are counted already; `own` are the model's plans."""
    plans, said = {}, []
    for name, counted in words.items():
        span = fields.get(name, {}).get("range")
        fitted, text = fitted_plan(counted, own[name], span)
        said += [f"{name}: {text}"] if text else []
        plans |= {name: fitted} if fitted != own[name] else {}
    return plans, said


def with_plans(model: Pipeline, plans: dict[str, dict]) -> Pipeline:
    """A model that reads some columns by other plans; itself where there are none."""
    if not plans:
        return model
    whole = model["clean"].plan_
    return with_cleaner(whole | {"columns": whole["columns"] | plans}, model[1:])


def may_differ(model: Pipeline, rows: pd.DataFrame) -> bool:
    """Whether any column of the rows holds texts that are read as dates or numbers."""
    plans = model["clean"].plan_["columns"]
    return any(_may_differ(rows, name, plan) for name, plan in plans.items())


def _may_differ(rows: pd.DataFrame, name: str, plan: dict) -> bool:
    """Whether a column holds texts that are read as dates or numbers."""
    return name in rows and has_forms(plan) and kind_of(rows[name]) == Kind.TEXT


def has_forms(plan: dict) -> bool:
    """Whether a whole column of texts may be written in another form: dates and numbers."""
    return plan["kind"] in ("date", "number")


def _words(column: pd.Series) -> Counter:
    """How many cells hold each text, tidied."""
    return tidied(texts(column).value_counts())


def tidied(cells) -> Counter:
    """Counts of texts (a mapping), by the text as it reads once it is tidied."""
    words: Counter = Counter()
    for text, count in cells.items():
        words[tidy(text)] += count
    return words


def row_check(model: Pipeline, fields: dict, ignored=()) -> RowCheck:
    """The policy for the rows of a model, whose schema has these fields."""
    plan = model["clean"].plan_
    return RowCheck(fields, set(ignored), plan["columns"], plan.get("relations", ()))


def looked_at(
    model: Pipeline, rows: pd.DataFrame, check: RowCheck | None = None, with_words: bool = False
) -> tuple[Tallies, Checked]:
    """By column what of some raw rows does not read, or reads in another form; and which rows are
    refused by a check (None: none is).
    """
    plan, table = model["clean"].plan_, TableCheck(check or RowCheck({}, set(), None), with_words)
    plans = {name: own for name, own in plan["columns"].items() if name in rows}
    readers = table.watch({name: Reader(own) for name, own in plans.items()})
    swaps = [one for one in plan.get("relations", []) if "swap" in one]
    raw = {name: as_encoded(rows[name]) for name in plans}
    clean_columns(raw, readers, {"columns": plans, "relations": swaps})
    return taken(readers), table.taken(rows.columns)


def empty_rows(counts: dict) -> list[str]:
    """What is said of rows without any value, from the counts of `Checked`.

    >>> empty_rows({"empty": 2, "rows": 60})
    ['2 of 60 rows have no value in any field that the model uses: refused']
    """
    if not counts["empty"]:
        return []
    return [f"{counts['empty']:,} of {counts['rows']:,} rows have no value in any field that the "
            f"model uses: refused"]  # fmt: skip


def taken(readers: dict[str, Reader]) -> Tallies:
    """What some readers have counted since they were asked last."""
    found = {name: reader.tally.taken() for name, reader in readers.items()}
    return {name: counted for name, counted in found.items() if counted}


def sentences(model: Pipeline, fields: dict[str, dict], found: Tallies, rows: int) -> list[str]:
    """What is said of a delivery of so many rows, column by column of the schema's `fields`."""
    plans, said = model["clean"].plan_["columns"], []
    for name in [name for name in fields if name in found]:
        known = as_text(fields[name].get("example", "")) or _typical(plans[name])
        said += form_tally.sentences(name, found[name], rows, plans[name], known)
    return said


def _typical(plan: dict) -> str:
    """A cell as a plan names it, where it does: a date in its first format, a listed value."""
    if plan["kind"] == "date" and plan.get("formats"):
        return _in_form(datetime(2013, 1, 31), plan).removesuffix(" 00:00:00")
    return next(iter(plan.get("values", ())), "")


# --- Rows that are learnt from together with earlier ones


def in_known_forms(model: Pipeline, reading: DeliveryReading, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, with cells of other forms written in the forms that the model's plan names.

    Below earlier rows they are then one table in one form.
    """
    own, fitted = (one["clean"].plan_["columns"] for one in (model, reading.model))
    names = [name for name, plan in own.items() if name in rows and
             (fitted[name] != plan or OTHER_FORM in reading.found.get(name, {}))]  # fmt: skip
    return rows.assign(**{n: _rewritten(rows[n], own[n], fitted[n]) for n in names})


def _rewritten(column: pd.Series, plan: dict, fitted: dict) -> pd.Series:
    """A column with the cells that its own plan reads otherwise, or not, in its own form."""
    return texts(column).map(rewriter(plan, fitted), na_action="ignore")


def rewriter(plan: dict, fitted: dict) -> Callable[[str], str]:
    """What writes a text that a fitted plan reads so that the column's own plan reads the same.

    >>> to_known = rewriter({"kind": "number"}, {"kind": "number", "style": "comma"})
    >>> to_known("1.234,5"), to_known("many")
    ('1234.5', 'many')
    """
    own, other = cell_reader(plan), cell_reader(fitted)

    def rewrite(text: str) -> str:
        (value, repair), (meant, _) = own(text), other(text)
        if meant is None or (value == meant and repair != OTHER_FORM):
            return text
        texts_of_it = (one for one in _in_forms(meant, plan) if own(one)[0] == meant)
        return next(texts_of_it, _in_form(meant, plan))

    return rewrite


def _in_forms(value, plan: dict) -> Iterator[str]:
    """The texts that may stand for a value by a plan, the likeliest first."""
    if plan["kind"] == "date" and value.time() != datetime.min.time():
        form = plan.get("formats", ["iso"])[0]
        yield from (f"{written(value, form)} {value:{clock}}" for clock in ("%H:%M", "%H:%M:%S"))
    yield _in_form(value, plan)
    if plan["kind"] == "date":
        yield written(value, "iso")


def _in_form(value, plan: dict) -> str:
    """A value as the text that a plan reads first."""
    if plan["kind"] == "date":
        form = plan.get("formats", ["iso"])[0]
        return written(value, form if value.time() == datetime.min.time() else "iso")
    text = as_text(value)
    return text.replace(".", ",") if plan.get("style") == "comma" else text
