"""A client's own key of a row: kept with the answer, given back, and a name for the outcome.

It comes as a field of the row (`client_key`, or as `--key-field` says), in every kind of body. The
model does not see it, unless it knows a field of that name.
"""

from __future__ import annotations

from dataclasses import dataclass

from .refusals import RowError

KEY_FIELD = "client_key"
LONGEST = 200  # letters


@dataclass(frozen=True)
class ClientKey:
    """A row, told by the client's key in place of an answer's id: its last answer is meant."""

    text: str

    def __str__(self) -> str:
        return self.text


def take_keys(rows: list[dict], name: str, is_known: bool) -> list[str | None]:
    """The keys of rows, which are taken out of them unless the model knows the field.

    Empty where no row has one. Raises RowError for one that is no key.

    >>> rows = [{"age": 40, "client_key": 17}, {"age": 50}]
    >>> take_keys(rows, "client_key", is_known=False), rows
    (['17', None], [{'age': 40}, {'age': 50}])
    """
    if not any(name in row for row in rows):
        return []
    keys = [_checked(row.get(name), number, name) for number, row in enumerate(rows, 1)]
    for row in [] if is_known else rows:
        row.pop(name, None)
    return keys


def _checked(key, row: int, name: str) -> str | None:
    """A key as text; RowError where it is none."""
    if key is None or key == "":
        return None
    is_key = isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool))
    text = str(key) if is_key and (isinstance(key, str) or abs(key) < 2**63) else ""
    if not 0 < len(text) <= LONGEST or not text.isprintable():
        said = f"a text of {LONGEST} letters at most, or a whole number, was expected as a key."
        raise RowError("client_key", row, name, said)
    return text


def give_back(answers: list[dict], keys: list[str | None]) -> None:
    """Put each row's key into its answer, in place."""
    for answer, key in zip(answers, keys, strict=False):  # fewer where the client has given up
        if key is not None:
            answer["client_key"] = key
