"""Checks a row before it is scored: warnings for odd values, a refusal for unusable ones."""

from __future__ import annotations

import os

from ..base.user_errors import InputError
from ..cells.as_texts import is_encodable
from ..cells.form_tally import shown
from ..cells.other_forms import OTHER_FORM, why_unread
from ..cells.reading_values import cell_reader
from ..cells.tidy_text import tidy
from .refusals import RowError

MOST_UNKNOWN = 1_000  # unknown fields in one row
NOTHING = (None, "")  # how a missing cell reads
LETTERS_VARIABLE = "PIPELINE_MOST_LETTERS"  # in the environment: how long a cell may be
MOST_LETTERS = 10_000
TOO_LONG = f"a cell has more than {{:,}} letters ({LETTERS_VARIABLE} sets the limit)."
MOST_NAMED = 10  # unknown fields that are warned of by name


def most_letters() -> int:
    """How many letters a cell may have: `MOST_LETTERS`, or what the environment says."""
    said = os.environ.get(LETTERS_VARIABLE, "")
    if said and not said.isdecimal():
        raise InputError(f"{LETTERS_VARIABLE} is a whole number; it is '{said:.40}'.")
    return int(said or MOST_LETTERS)


class RowCheck:
    """Checks rows against a schema's `fields`; other columns in `ignored` are known and unused.

    `plans` are the columns' cleaning plans; without them (no model to ask) any text may pass.
    """

    def __init__(self, fields: dict[str, dict], ignored: set[str], plans: dict | None):
        self.known = set(fields) | ignored
        self._plans, self._longest = plans or {}, most_letters()
        self._fields = [_field_to_check(name, field, plans) for name, field in fields.items()]

    def row(self, row: dict, number: int) -> tuple[list[str], dict[str, tuple]]:
        """The warnings of a row, and by field what it reads as and the kind of repair.

        `number` is the row's place in its request. Raises InputError, naming the field.
        """
        warnings, seen, get = [], {}, row.get
        for name, field, reader, levels, limits in self._fields:
            value = get(name)
            if value is None:
                seen[name] = NOTHING
                if field["missing"] == 0:
                    warnings.append(f"{name}: missing, imputed by the model")
                continue
            if type(value) is not str or len(value) > self._longest or not value.isascii():
                _refuse_unusable(name, value, number, self._longest)
            read = seen[name] = reader(value)
            found, repair = read
            if found is None or repair == OTHER_FORM:
                warnings.append(self._on_reading(name, field, value, number, read))
            if levels is not None:
                if found is not None and found not in levels:
                    seldom = "hardly" if found in field.get("rare", ()) else "not"
                    warnings.append(f"{name}: {found!r:.80} was {seldom} seen in training")
            elif None not in (limits, found) and not limits[0] <= found <= limits[1]:
                span = "{:g} to {:g}".format(*limits)
                warnings.append(f"{name}: {found:g} lies outside the training range, {span}")
            elif field.get("whole") and found is not None and found % 1:
                warnings.append(f"{name}: {found:g} is no whole number; in training all were")
        return warnings + self._unknown(row, number), seen

    def _on_reading(self, name: str, field: dict, value, number: int, read: tuple) -> str:
        """The warning of a value that is read otherwise than it seems; InputError if not at all."""
        found, repair = read
        if found is not None:
            known = field.get("example")
            return f"{name}: {value!r:.80} is read as {shown(found):.80}; in training {known!r:.80}"
        if repair == "unreadable":
            _refuse_unreadable(name, field, value, number, self._plans)
        return f"{name}: {tidy(str(value))!r:.80} is taken as missing"

    def _unknown(self, row: dict, number: int) -> list[str]:
        if row.keys() <= self.known:
            return []
        unknown = [name for name in row if name not in self.known]
        if len(unknown) > MOST_UNKNOWN:
            raise RowError(
                "unknown_fields", number, f"{ascii(unknown[0])[1:-1]:.80}",
                f"the first of {len(unknown):,} unknown fields; {MOST_UNKNOWN:,} are the most.",
            )  # fmt: skip
        named = unknown[:MOST_NAMED]
        return [f"{ascii(name)[1:-1]:.80}: unknown field, ignored" for name in named]


def _field_to_check(name: str, field: dict, plans: dict | None) -> tuple:
    """A field's name and schema, what reads its cells, its levels and its range in training."""
    if not plans:
        return name, field, cell_reader({"kind": "text"}), None, None
    levels = frozenset(field["levels"]) if "levels" in field else None
    return name, field, cell_reader(plans[name]), levels, field.get("range")


def _refuse_unreadable(name: str, field: dict, value, number: int, plans: dict) -> None:
    """Raise InputError for a value that does not read as what its column holds."""
    why = why_unread(tidy(str(value)), plans[name]) if name in plans else ""
    raise RowError(
        "cell_unreadable",
        number,
        name,
        f"a {field['kind']} such as {field.get('example')!r} was "
        f"expected, and {value!r:.80} came{f', which {why}' if why else ''}.",
    )


def _refuse_unusable(name: str, value, number: int, longest: int) -> None:
    """Raise InputError for a value that a table can't hold, or a text that is too long."""
    if isinstance(value, str):
        if len(value) > longest:
            raise RowError("cell_too_long", number, name, TOO_LONG.format(longest))
        if not value.isascii() and not is_encodable(value):
            raise RowError("cell_unusable", number, name, "the text is not valid Unicode.")
    elif isinstance(value, (dict, list)):
        raise RowError("cell_unusable", number, name, "a single value was expected, not a list.")
    elif isinstance(value, (int, float)) and not abs(value) < 1e308:
        raise RowError("cell_unusable", number, name, f"{_short(value)} is not a usable number.")


def _short(value) -> str:
    """A number in a few letters; a huge one has more digits than Python writes out."""
    return f"{value}" if isinstance(value, float) else "a number of hundreds of digits"
