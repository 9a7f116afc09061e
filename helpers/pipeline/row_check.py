"""The one policy for a row before it is scored: what is refused, what is filled, what is warned of.

Every door asks it: the service row by row (`RowCheck.row`), batch, monitoring, MLflow and notebooks
by the column (`helpers.pipeline.table_check`). A refused row has no prediction.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from ..base.user_errors import InputError
from ..cells.as_texts import as_text, is_encodable
from ..cells.form_tally import shown
from ..cells.other_forms import OTHER_FORM, why_unread
from ..cells.reading_columns import Reader
from ..cells.reading_values import cell_reader
from ..cells.tidy_text import tidy
from ..cells.value_forms import kind_said
from ..clean.swapped_columns import Swap

MOST_UNKNOWN = 1_000  # unknown fields in one row
NOTHING = (None, "")  # how a missing cell reads
NUMBERS = (int, float)  # types, exactly: a boolean is looked at more closely
LETTERS_VARIABLE = "PIPELINE_MOST_LETTERS"  # in the environment: how long a cell may be
MOST_LETTERS = 10_000
TOO_LONG = f"a cell has more than {{:,}} letters ({LETTERS_VARIABLE} sets the limit)."
MOST_NAMED = 10  # unknown fields that are warned of by name
HUGE = 1e308  # a number that is not below is none
LOST = "unreadable"  # the kind of repair of a cell that does not read as what its column holds

# What is found. A row is refused for a cell of the first three, or without any value; these codes
# are among those of a service's refusals.
UNREADABLE, TOO_LONG_CELL, UNUSABLE, EMPTY_ROW, TOO_MANY = REFUSED = (
    "cell_unreadable", "cell_too_long", "cell_unusable", "empty_row", "unknown_fields")  # fmt: skip
MISSING, TAKEN_AS_MISSING, READ_OTHERWISE, UNSEEN, OUT_OF_RANGE, NOT_WHOLE, UNKNOWN = (
    "missing", "taken_as_missing", "other_form", "unseen_level", "out_of_range", "not_whole",
    "unknown_field")  # fmt: skip


class Notice(NamedTuple):
    """One thing found in a row: a `code`, the field (empty: the row as a whole), and its words.

    >>> str(Notice(MISSING, "age", "missing, imputed by the model"))
    'age: missing, imputed by the model'
    """

    code: str
    field: str
    said: str

    def __str__(self) -> str:
        return f"{self.field}: {self.said}" if self.field else self.said

    @property
    def refuses(self) -> bool:
        """Whether the row has no prediction for it."""
        return self.code in REFUSED


class RowRefusedError(InputError):
    """A row that can't be answered: its `row` number in the request, the `code`, the `field` (None:
    the row as a whole) and the words alone.

    >>> str(RowRefusedError(4, Notice(UNREADABLE, "age", "a number was expected.")))
    "Row 4, field 'age': a number was expected."
    """

    def __init__(self, row: int, notice: Notice):
        where = f"Row {row}, field '{notice.field}'" if notice.field else f"Row {row}"
        super().__init__(f"{where}: {notice.said}")
        self.row, self.code, self.field = row, notice.code, notice.field or None
        self.words = notice.said


def most_letters() -> int:
    """How many letters a cell may have: `MOST_LETTERS`, or what the environment says."""
    said = os.environ.get(LETTERS_VARIABLE, "")
    if said and not said.isdecimal():
        raise InputError(f"{LETTERS_VARIABLE} is a whole number; it is '{said:.40}'.")
    return int(said or MOST_LETTERS)


class FieldCheck:
    """What is found in the cells of one field, by its schema and its cleaning plan.

    Without a plan (no model to ask) any text may pass.
    """

    def __init__(self, name: str, field: dict, plan: dict | None, longest: int):
        self.name, self.field, self.longest = name, field, longest
        self.plan = plan or {"kind": "text"}
        self.reader = cell_reader(self.plan)
        self.levels = frozenset(field["levels"]) if plan and "levels" in field else None
        self.limits = field.get("range") if plan and self.levels is None else None
        self.is_never_missing = field["missing"] == 0
        self.is_whole = bool(plan) and self.levels is None and field.get("whole", False)

    def of(self, value) -> list[Notice]:
        """What is found in a raw cell."""
        if value is None or value != value:
            return [self.missing] if self.is_never_missing else []
        if unusable := self.unusable(value):
            return [unusable]
        return self.of_read(value, self.reader(value))

    @property
    def missing(self) -> Notice:
        """What is said of a missing cell where training had none."""
        return Notice(MISSING, self.name, "missing, imputed by the model")

    def unusable(self, value) -> Notice | None:
        """Why a table can't hold a value, or a text is too long; None where it can."""
        code, said = _why_unusable(value, self.longest)
        return Notice(code, self.name, said) if code else None

    def of_read(self, value, read: tuple) -> list[Notice]:
        """What is found in a cell that reads as `read`: a value (None is missing), and a repair."""
        found, repair = read
        if self.plan["kind"] == "number" and found is not None and abs(found) >= HUGE:
            return [Notice(UNUSABLE, self.name, f"{found:g} is not a usable number.")]
        on_reading = self._on_reading(value, found, repair)
        beyond = None if found is None else self._beyond_training(found)
        return [one for one in (on_reading, beyond) if one]

    def _on_reading(self, value, found, repair: str) -> Notice | None:
        if found is not None:
            return self._in_other_form(value, found) if repair == OTHER_FORM else None
        if repair == LOST:
            return self._unreadable(value)
        said = f"{tidy(as_text(value))!r:.80} is taken as missing"
        return Notice(TAKEN_AS_MISSING, self.name, said)

    def _in_other_form(self, value, found) -> Notice:
        known = self.field.get("example")
        said = f"{value!r:.80} is read as {shown(found):.80}; in training {known!r:.80}"
        return Notice(READ_OTHERWISE, self.name, said)

    def _unreadable(self, value) -> Notice:
        kind, known = kind_said(self.field), self.field.get("example")
        why = why_unread(tidy(as_text(value)), self.plan)
        said = f"a {kind} such as {known!r} was expected, and {value!r:.80} came"
        return Notice(UNREADABLE, self.name, f"{said}{f', which {why}' if why else ''}.")

    def _unseen(self, found) -> Notice | None:
        if found in self.levels:
            return None
        seldom = "hardly" if found in self.field.get("rare", ()) else "not"
        return Notice(UNSEEN, self.name, f"{found!r:.80} was {seldom} seen in training")

    def _beyond_training(self, found) -> Notice | None:
        if self.levels is not None:
            return self._unseen(found)
        if self.limits is not None and not self.limits[0] <= found <= self.limits[1]:
            span = "{:g} to {:g}".format(*self.limits)
            said = f"{found:g} lies outside the training range, {span}"
            return Notice(OUT_OF_RANGE, self.name, said)
        if self.is_whole and found % 1:
            said = f"{found:g} is no whole number; in training all were"
            return Notice(NOT_WHOLE, self.name, said)
        return None


class RowCheck:
    """Checks rows against a schema's `fields`; other columns in `ignored` are known and unused.

    `plans` are the columns' cleaning plans; without them (no model to ask) any text may pass.
    `relations` are those of the plan: cells that stand in each other's place are put back first.
    """

    def __init__(
        self, fields: dict[str, dict], ignored: set[str], plans: dict | None, relations=()
    ):
        self.known, longest = set(fields) | ignored, most_letters()
        plans, swaps = plans or {}, [one for one in relations if "swap" in one]
        self.fields = [FieldCheck(n, field, plans.get(n), longest) for n, field in fields.items()]
        readers = {name: Reader(plans[name]) for one in swaps for name in one["swap"]}
        self._swaps = [Swap(one, readers) for one in swaps]
        self._inner = [(one.name, one, one.reader, one.levels, one.limits, one.is_whole)
                       for one in self.fields]  # fmt: skip
        self._longest = longest

    def row(self, row: dict, number: int) -> tuple[list[Notice], dict[str, tuple]]:
        """What is found in a row, and by field what it reads as and the kind of repair.

        `number` is the row's place in its request. Raises RowRefusedError, naming the field.
        """
        found, seen, is_empty = [], {}, True
        get = (_put_back(row, self._swaps) if self._swaps else row).get
        for name, check, reader, levels, limits, is_whole in self._inner:
            value = get(name)
            if value is None:
                seen[name] = NOTHING
                if check.is_never_missing:
                    found.append(check.missing)
                continue
            kind = type(value)
            if not (
                -HUGE < value < HUGE if kind in NUMBERS
                else kind is str and len(value) <= self._longest and value.isascii()
            ):  # fmt: skip
                _refuse(check.unusable(value), number)
            read = seen[name] = reader(value)
            is_empty = is_empty and read[0] is None
            if _is_odd(read, levels, limits, is_whole):
                found += _unless_refused(check.of_read(value, read), number)
        if is_empty:
            _refuse(empty_row(row), number)
        return found + self._unknown(row, number), seen

    def _unknown(self, row: dict, number: int) -> list[Notice]:
        if row.keys() <= self.known:
            return []
        unknown = [ascii(name)[1:-1] for name in row if name not in self.known]
        if len(unknown) > MOST_UNKNOWN:
            said = f"the first of {len(unknown):,} unknown fields; {MOST_UNKNOWN:,} are the most."
            _refuse(Notice(TOO_MANY, f"{unknown[0]:.80}", said), number)
        return self.unknown(row)

    def unknown(self, names) -> list[Notice]:
        """What is said of fields or columns that the model does not know; some of many."""
        unknown = [ascii(name)[1:-1] for name in names if name not in self.known]
        return [Notice(UNKNOWN, f"{name:.80}", "unknown field, ignored")
                for name in unknown[:MOST_NAMED]]  # fmt: skip


def _put_back(row: dict, swaps: list[Swap]) -> dict:
    """A row with the texts that stand in each other's place exchanged."""
    for one in swaps:
        left, right = row.get(one.left), row.get(one.right)
        if isinstance(left, str) and isinstance(right, str) and one.is_exchanged(left, right):
            row = row | {one.left: right, one.right: left}
    return row


def empty_row(row: dict | None = None) -> Notice:
    """What is said of a row without a value in any field that the model uses."""
    some = ", ".join(f"'{ascii(name)[1:-1]:.40}'" for name in list(row or ())[:5])
    came = f"; it has {some}" if some else ""
    return Notice(EMPTY_ROW, "", f"no field that the model uses has a value{came}.")


def _is_odd(read: tuple, levels: frozenset | None, limits: list | None, whole: bool) -> bool:
    """Whether there is something to say of what a cell reads as: nearly always not."""
    found, repair = read
    if found is None or repair == OTHER_FORM:
        return True
    if levels is not None:
        return found not in levels
    if limits is not None and not limits[0] <= found <= limits[1]:
        return True
    return bool(whole and found % 1)


def _refuse(notice: Notice | None, number: int) -> None:
    if notice is not None:
        raise RowRefusedError(number, notice)


def _unless_refused(found: list[Notice], number: int) -> list[Notice]:
    """What was found; raises RowRefusedError for the first that refuses the row."""
    _refuse(next((one for one in found if one.refuses), None), number)
    return found


def _why_unusable(value, longest: int) -> tuple[str, str]:
    """A code and the words, for a value that a table can't hold or a text that is too long."""
    if isinstance(value, str):
        if len(value) > longest:
            return TOO_LONG_CELL, TOO_LONG.format(longest)
        is_text = value.isascii() or is_encodable(value)
        return ("", "") if is_text else (UNUSABLE, "the text is not valid Unicode.")
    if isinstance(value, (dict, list)):
        return UNUSABLE, "a single value was expected, not a list."
    if isinstance(value, (int, float)) and not abs(value) < HUGE:
        return UNUSABLE, f"{_short(value)} is not a usable number."
    return "", ""


def _short(value) -> str:
    """A number in a few letters; a huge one has more digits than Python writes out."""
    return f"{value}" if isinstance(value, float) else "a number of hundreds of digits"
