"""What is asked beside a prediction: an interval or a set, whether to abstain, and reasons.

The command, Python, a batch and the service read the same three options, by the same rules.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from numbers import Real

from ..base.user_errors import InputError

MOST_REASONS = 50
ABSTAIN = "abstain_above"


@dataclass(frozen=True)
class Wanted:
    """`interval`: the level of an interval (numbers) or a set (classes), between 0 and 1; `why`:
    how many reasons; `abstain_above`: the risk of a wrong answer from which on a row had better go
    to a person. Raises InputError for values that can't be.

    >>> Wanted(interval=0.9, why=3).options
    {'interval': 0.9, 'why': 3}
    >>> bool(Wanted())
    False
    """

    interval: float | None = None
    why: int = 0
    abstain_above: float | None = None

    def __post_init__(self):
        for name in ("interval", ABSTAIN):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _share(name, value))
        if self.why != 0 or isinstance(self.why, bool):
            object.__setattr__(self, "why", _count(self.why))

    def __bool__(self) -> bool:
        return self != NOTHING

    @property
    def options(self) -> dict:
        """What is asked, by name; what is not asked is left out."""
        return {name: value for name, value in asdict(self).items() if value not in (None, 0)}

    def as_text(self) -> str:
        """The same as JSON, for another process."""
        return json.dumps(self.options)


NOTHING = Wanted()


def wanted_of(given: dict[str, str]) -> Wanted:
    """What some texts ask for, such as a command's or an address's; InputError names a wrong one.

    >>> wanted_of({"interval": "90%", "why": "3"})
    Wanted(interval=0.9, why=3, abstain_above=None)
    """
    chosen = {name: text for name, text in given.items() if text not in (None, "")}
    if "why" in chosen:
        chosen["why"] = _count(chosen["why"])
    return Wanted(**chosen)


def _share(name: str, value) -> float:
    """A share between 0 and 1, both left out, of a number or a text (0.9, 90%)."""
    number, percent, rest = str(value).strip().partition("%")
    with suppress(ValueError):
        share = float(number) / (100 if percent else 1)
        if 0 < share < 1 and not rest and not isinstance(value, bool):
            return share
    example = "0.9 for nine rows in ten" if name == "interval" else "0.05"
    raise InputError(f"{name} is a number between 0 and 1, such as {example}; it is "
                     f"'{str(value):.40}'.")  # fmt: skip


def _count(value) -> int:
    """How many reasons, of a whole number or a text."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    with suppress(ValueError):
        count = int(value) if isinstance(value, str) or (is_number and value == value // 1) else 0
        if 1 <= count <= MOST_REASONS:
            return count
    raise InputError(f"why is how many reasons to name, from 1 to {MOST_REASONS}; it is "
                     f"'{str(value):.40}'.")  # fmt: skip
