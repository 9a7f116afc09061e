"""What a survey found: a `Column` for each column, and the `Survey` of the table."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..base.user_errors import InputError, nearest
from ..cells.key_names import is_identifier

SEED = 42


@dataclass
class Column:
    """One column: its kind, its counts, and what fits that kind."""

    name: str
    position: int
    kind: str
    stored: str  # the type it came with
    rows: int
    missing: int
    distinct: int
    sample: pd.Series  # typed values of the sampled rows
    examples: list = field(default_factory=list)
    unread: int = 0  # cells of text that do not read as the column's kind
    unread_words: tuple[str, ...] = ()  # what they say, the most frequent first
    as_text: bool = False  # numbers, dates or yes and no that came as text
    quantiles: dict[float, object] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)  # mean, std, skew, zeros …
    extremes: tuple[list, list] = ((), ())  # the smallest and the largest different values
    counts: pd.Series | None = None  # cells of each value, most frequent first (20,000 at most)
    shape: tuple[np.ndarray, np.ndarray] | None = None  # edges and counts of a histogram
    cut: float = 0.0  # share of values that lie outside the histogram's edges
    words: pd.Series | None = None  # frequent words, of the sampled rows
    period: str = ""  # of a date's timeline

    @property
    def present(self) -> int:
        """Cells that hold something."""
        return self.rows - self.missing

    @property
    def anchor(self) -> str:
        """Where a page has this column."""
        return f"column-{self.position + 1}"

    @property
    def is_constant(self) -> bool:
        """Whether every row holds the same value."""
        return self.distinct == 1 and not self.missing

    @property
    def is_identifier(self) -> bool:
        """Whether (nearly) every row has a value of its own, so that nothing can be counted."""
        return is_identifier(
            self.name, self.kind, self.present, self.distinct,
            whole=bool(self.facts.get("whole")), in_order=bool(self.facts.get("in order")),
        )  # fmt: skip


@dataclass
class Survey:
    """What was found in a table: its columns in order, repeated rows, and its target if named."""

    rows: int
    columns: list[Column]
    memory: int  # bytes
    repeated: int  # rows that repeat an earlier one
    sampled: np.ndarray  # positions of the sampled rows
    missing: pd.DataFrame  # of the sampled rows: which cells are missing
    dates: dict[str, np.ndarray]  # every row's moment, of each column of dates
    target: str = ""
    label: np.ndarray | None = None  # every row's target: a number, or a code of `classes`
    classes: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> Column:
        found = next((column for column in self.columns if column.name == name), None)
        if found is None:
            names = [column.name for column in self.columns]
            raise InputError(f"There is no column '{name}'. {nearest(name, names)}")
        return found

    def __contains__(self, name: str) -> bool:
        return any(column.name == name for column in self.columns)

    @property
    def all_rows(self) -> bool:
        """Whether the sampled rows are all rows."""
        return len(self.sampled) == self.rows

    @property
    def sample_note(self) -> str:
        """What the sampled figures rest on, as words."""
        if self.all_rows:
            return f"all {self.rows:,} rows"
        return f"{len(self.sampled):,} of {self.rows:,} rows, drawn at random (seed {SEED})"

    def of_kind(self, *kinds: str) -> list[Column]:
        """The columns of these kinds."""
        return [column for column in self.columns if column.kind in kinds]
