"""Names that identifiers have: order_id, uuid, key."""

from __future__ import annotations

ID_NAME = ("id", "uuid", "guid", "key", "index", "nr", "no", "number", "unnamed: 0")


def has_identifier_name(name: str) -> bool:
    """Whether a column is called what keys are called.

    >>> has_identifier_name("order_id"), has_identifier_name("width")
    (True, False)
    """
    words = name.casefold().replace("_", " ").split()
    return bool(words) and (words[-1] in ID_NAME or name.casefold() in ID_NAME)
