"""A delivery of rows, before it is scored: read in its own forms; what did not read is counted.

`helpers.pipeline.delivery_reading` does the work; here it is done for a bundle, and kept beside the
pieces of a batch, so that a command that was stopped and goes on knows of all of them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from ..base.files import replacing
from ..base.spacing import evenly_spaced
from ..cells import form_tally
from ..pipeline import beyond_training, delivery_reading
from ..pipeline.delivery_reading import Tallies
from ..pipeline.table_check import Checked
from ..pipeline.table_policy import TablePolicy
from ..tables import arrow_tables
from ..tables.parquet_parts import Partition, read_partition
from .input_pieces import PIECE
from .model_bundle import Bundle, without_refused

MOST_PARTS, ROWS_OF_A_PART = 8, 2_000  # of a delivery, by which its forms are told
NOTES = "{}.forms.json"  # beside a piece of answers: what was counted while it was read
WHOLE = "whole"  # what is said of the delivery as a whole
Answered = tuple[pd.DataFrame, dict]  # of a piece; and what was counted in it
Forms = tuple[dict[str, dict], list[str]]


def forms_of(bundle: Bundle, rows: pa.Table, parts: Sequence[Partition] = ()) -> Forms:
    """The plans of the columns that a delivery has in another form; and a sentence for each.

    `rows` are its first ones, `parts` the parts that it comes in: where it holds dates or numbers
    as texts, the first rows of some of these tell its forms, too.
    """
    if bundle.model is None:
        return {}, []
    first = frame = arrow_tables.plain_frame(rows)
    if len(parts) > 1 and delivery_reading.may_differ(bundle.model, frame):
        frame = pd.concat([frame, *map(_first_rows, _some_of(parts))], ignore_index=True)
    plans, said = delivery_reading.fitted_plans(bundle.model, frame, bundle.fields)
    return plans, [*said, *_beyond_training(in_forms(bundle, plans), first)]


def _beyond_training(bundle: Bundle, rows: pd.DataFrame) -> list[str]:
    """A sentence for each way in which the first rows of a delivery are as training had none."""
    found, _ = delivery_reading.looked_at(bundle.model, rows)
    reading = delivery_reading.DeliveryReading(bundle.model, [], found, len(rows))
    said = beyond_training.sentences(reading, rows, bundle.fields, bundle.quality)
    part = f" (of the first {len(rows):,} rows)" if len(rows) >= PIECE else ""
    return [f"{sentence}{part}" for sentence in said]


def forms_of_parts(bundle: Bundle, parts: Sequence[Partition]) -> Forms:
    """What `forms_of` gives of a delivery in parts."""
    first = next(read_partition(parts[0], PIECE), None) if parts else None
    return ({}, []) if first is None else forms_of(bundle, first, parts)


def _some_of(parts: Sequence[Partition]) -> list[Partition]:
    """Parts evenly spread over those behind the first."""
    return [parts[1:][place] for place in evenly_spaced(len(parts) - 1, MOST_PARTS)]


def _first_rows(part: Partition) -> pd.DataFrame:
    first = next(read_partition(part, ROWS_OF_A_PART), None)
    return pd.DataFrame() if first is None else arrow_tables.plain_frame(first)


def in_forms(bundle: Bundle, plans: dict[str, dict]) -> Bundle:
    """A bundle that reads some columns by other plans (see `forms_of`)."""
    if not plans:
        return bundle
    return replace(bundle, model=delivery_reading.with_plans(bundle.model, plans))


def oddities_of(rows: pa.Table) -> list[str]:
    """What was odd in the file that the rows are from (see `helpers.tables.odd_files`)."""
    about = (rows.schema.pandas_metadata or {}).get("attributes") or {}
    return list(about.get("oddities", []))


def column_of(rows: pa.Table, name: str) -> pd.Series | None:
    """A column of a delivery as it came; None where there is none."""
    known = name in rows.column_names
    return arrow_tables.plain_frame(rows.select([name]))[name] if known else None


# --- What was counted in the pieces of a batch


def answered(answers: pd.DataFrame, found: Tallies, checked: Checked, with_words: bool) -> Answered:
    """The answers of a piece, missing in the rows that are refused; and what was counted in it."""
    answers = without_refused(answers, checked.refused)
    if with_words:
        answers = answers.assign(warnings=pd.Series(checked.words(), answers.index, dtype="str"))
    return answers, {"forms": found, "rows": checked.counts()}


def note(folder: Path, name: str, content: dict | list[str]) -> None:
    """Keep what was counted in a piece of a batch, beside its answers, if anything was."""
    if content:
        with replacing(folder / NOTES.format(name)) as draft:
            draft.write_text(json.dumps(content), encoding="utf-8")


def _forms_of(pieces: list[dict[str, dict]]) -> dict[str, dict]:
    """The forms that were counted in all pieces, by column."""
    found = {}
    for name, counted in [pair for one in pieces for pair in one.items()]:
        form_tally.add_counts(found.setdefault(name, {}), counted)
    return found


def say_noted(
    folder: Path, bundle: Bundle, rows: int, say: Callable[[str], None], policy: TablePolicy
) -> None:
    """Say what was noted of a delivery of so many rows: as a whole, and of all its pieces.

    Raises InputError where more can't be read than the policy allows.
    """
    notes = [json.loads(file.read_text(encoding="utf-8"))
             for file in sorted(folder.glob(NOTES.format("*")))]  # fmt: skip
    pieces = [one for one in notes if isinstance(one, dict)]
    counts = _sum_of([one["rows"] for one in pieces])
    found = _forms_of([one["forms"] for one in pieces])
    said = [sentence for one in notes if isinstance(one, list) for sentence in one]
    said += delivery_reading.sentences(bundle.model, bundle.fields, found, rows)
    for sentence in [*said, *delivery_reading.empty_rows(counts), *_refused_rows(counts)]:
        say(sentence)
    policy.check(counts)


def _refused_rows(counts: dict) -> list[str]:
    """How many rows have no prediction, as a sentence, if any."""
    if not counts["refused"]:
        return []
    return [f"{counts['refused']:,} of {counts['rows']:,} rows are refused: no prediction"]


def _sum_of(pieces: list[dict]) -> dict:
    """The counts of pieces (`Checked.counts`), together."""
    found = {name: sum(one[name] for one in pieces) for name in ("rows", "empty", "refused")}
    for name in ("present", "unread"):
        found[name] = dict(sum((Counter(one[name]) for one in pieces), Counter()))
    return found
