"""The options in the address of a request for predictions: `/predict?interval=0.9&why=3`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from urllib.parse import parse_qsl

from ..base.user_errors import InputError
from ..pipeline.wanted import NOTHING, Wanted, wanted_of
from .refusals import Refused

NAMES = tuple(field.name for field in fields(Wanted))
UNKNOWN = "The address has an option that is not known, {!a:.60}: there are {}."
MOST_SAID = 5


@dataclass(frozen=True)
class Options:
    """What is wanted beside the predictions, and what is to be said of the address."""

    wanted: Wanted = NOTHING
    said: tuple[str, ...] = ()


NO_OPTIONS = Options()


@lru_cache(maxsize=64)  # what it refuses is not remembered
def options_in(query: bytes) -> Options:
    """The options in the query of an address; refuses a value that can't be, or a name twice.

    >>> options_in(b"interval=0.9&why=3").wanted
    Wanted(interval=0.9, why=3, abstain_above=None)
    """
    if not query:
        return NO_OPTIONS
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=None)
    asked = [(name, text) for name, text in pairs if name in NAMES]
    given = dict(asked)
    if len(given) < len(asked):
        raise Refused("option", "An option of the address is given twice: give each once.")
    for name, text in asked:
        if not text.strip():
            raise Refused("option", f"The option {name} of the address is empty.")
    unknown = dict.fromkeys(name for name, _ in pairs if name not in NAMES)
    said = tuple(UNKNOWN.format(name, ", ".join(NAMES)) for name in list(unknown)[:MOST_SAID])
    try:
        return Options(wanted_of(given), said)
    except InputError as error:
        raise Refused("option", str(error)) from None
