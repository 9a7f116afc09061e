"""A delivery of rows read in its own forms: the model's cleaning plan fitted to it, and counts.

The plan says how a column was written in training. A delivery may have another order of day and
month, or another decimal sign, throughout: the plan is fitted to it, and that is said. What single
cells show is counted while they are read.
"""

from __future__ import annotations

from collections import Counter

import pandas as pd
from sklearn.pipeline import Pipeline

from ..cells import form_tally
from ..cells.as_texts import as_text, texts
from ..cells.delivery_forms import fitted_plan
from ..cells.kinds import Kind, kind_of
from ..cells.reading_columns import Reader
from ..cells.tidy_text import tidy
from ..clean.column_cleaner import clean_columns
from ..clean.swapped_columns import as_encoded
from .whole_pipeline import with_cleaner

Tallies = dict[str, form_tally.Counted]


def fitted_to(
    model: Pipeline, rows: pd.DataFrame, fields: dict | None = None
) -> tuple[Pipeline, list[str]]:
    """A model that reads the rows in their own forms; and a sentence for each column that differs.

    `fields` are those of the schema (their `range` is asked). The model itself comes back where all
    is as in training.
    """
    whole, fields = model["clean"].plan_, fields or {}
    plans, said = {}, []
    for name, plan in whole["columns"].items():
        if not _may_differ(rows, name, plan):
            continue
        fitted, text = fitted_plan(_words(rows[name]), plan, fields.get(name, {}).get("range"))
        said += [f"{name}: {text}"] if text else []
        plans |= {name: fitted} if fitted != plan else {}
    if not plans:
        return model, said
    return with_cleaner(whole | {"columns": whole["columns"] | plans}, model[1:]), said


def _may_differ(rows: pd.DataFrame, name: str, plan: dict) -> bool:
    """Whether a column holds texts that are read as dates or numbers."""
    return name in rows and plan["kind"] in ("date", "number") and kind_of(rows[name]) == Kind.TEXT


def _words(column: pd.Series) -> Counter:
    """How many cells hold each text, tidied."""
    words: Counter = Counter()
    for text, cells in texts(column).value_counts().items():
        words[tidy(text)] += cells
    return words


def tallies_of(model: Pipeline, rows: pd.DataFrame) -> Tallies:
    """By column what of some raw rows does not read, or reads in another form."""
    plan = model["clean"].plan_
    plans = {name: own for name, own in plan["columns"].items() if name in rows}
    readers = {name: Reader(own) for name, own in plans.items()}
    swaps = [one for one in plan.get("relations", []) if "swap" in one]
    raw = {name: as_encoded(rows[name]) for name in plans}
    clean_columns(raw, readers, {"columns": plans, "relations": swaps})
    return taken(readers)


def taken(readers: dict[str, Reader]) -> Tallies:
    """What some readers have counted since they were asked last."""
    found = {name: reader.tally.taken() for name, reader in readers.items()}
    return {name: counted for name, counted in found.items() if counted}


def sentences(model: Pipeline, fields: dict[str, dict], found: Tallies, rows: int) -> list[str]:
    """What is said of a delivery of so many rows, column by column of the schema's `fields`."""
    plans, said = model["clean"].plan_["columns"], []
    for name in [name for name in fields if name in found]:
        known = as_text(fields[name].get("example", ""))
        said += form_tally.sentences(name, found[name], rows, plans[name], known)
    return said
