"""The reference: what a bundle keeps of the rows it was fitted on, to hold later rows against.

A column of numbers is counted at fixed knots and between them: the knots are its different values,
or up to 200 of its quantiles where there are more. A column of texts is counted by its levels.
Later rows are counted in the same bins, part by part, and `compare_tallies` compares both. The
indices (PSI) are those of the rows themselves; a Kolmogorov-Smirnov distance is smaller by 0.005 at
the most. The file also holds what `data_quality.compare` asks for, the predictions for held-out
rows and the rows of each day.

Where rows come in units, the file has the rule for them, and for each column how many units of
which size there were and how much their rows depend on each other: no unit's name is kept.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from ..cells.kinds import is_date
from ..learning.labelled_data import stored_rule
from ..learning.unit_tests import Dependence
from ..learning.units import UnitRule
from . import data_quality, table_volume
from .alert_thresholds import DEFAULT, Thresholds
from .column_tallies import (
    OTHER,
    LevelCounts,
    NumberCounts,
    Tally,
    WithinUnits,
    between,
    tally_of,
)
from .comparable_columns import as_values, shared_columns
from .compare_columns import LaterTally, compare_tallies

FORM = 3  # of the file; the first one held shares that nothing was compared with
WITHOUT_UNITS = 2  # the second one took each row for a unit
KNOTS = 200  # a multiple of `compare_columns.BINS`, so that the edges of its bins are among them
MOST_LEVELS = 20_000  # of a column; rarer ones are counted together


@dataclass(frozen=True)
class Reference:
    """What is kept of the rows that a model was fitted on.

    `tallies` are of the cleaned columns that the model uses, `quality` is what
    `data_quality.compare` takes as `before`, `answers` are tallies of the predictions for held-out
    rows, `days` the rows of each day. `time_column` says when a row happened (empty: unknown),
    `label` is how the target is read, `units` the rule for units; None in a file of before they
    were kept.
    """

    tallies: dict[str, Tally]
    quality: dict
    answers: dict[str, Tally] = field(default_factory=dict)
    days: pd.Series = field(default_factory=lambda: pd.Series(dtype=int))
    time_column: str = ""
    label: dict = field(default_factory=dict)
    units: UnitRule | None = None

    def drift(
        self, later: pd.DataFrame, thresholds: Thresholds = DEFAULT, unit: np.ndarray | None = None
    ) -> pd.DataFrame:
        """The drift of each column in cleaned later rows, as `compare_columns.compare` gives it.

        `unit` says of which unit each later row is; None: of units like the earlier ones. The time
        column is left out: later rows are later by definition.
        """
        used = {name: one for name, one in self.tallies.items() if name != self.time_column}
        return _compared(used, later, thresholds, unit)

    def answers_drift(
        self, answers: pd.DataFrame, unit: np.ndarray | None = None
    ) -> pd.DataFrame | None:
        """The drift of predictions from those for held-out rows; None: there were none."""
        return _compared(self.answers, answers, DEFAULT, unit) if self.answers else None

    @property
    def note(self) -> str:
        """What must be said of a file of an earlier form; empty for today's."""
        text = "The bundle is of before units were kept: its rows are taken for independent."
        return text if self.units is None else ""


def _compared(
    known: dict[str, Tally], later: pd.DataFrame, thresholds: Thresholds, unit: np.ndarray | None
) -> pd.DataFrame:
    sides = {
        name: (known[name], LaterTally.of(known[name], later[name], unit).tally)
        for name in shared_columns(known, later)
    }
    return compare_tallies(sides, thresholds)


def reference_of(
    rows: pd.DataFrame, used: list[str], *, answers: pd.DataFrame | None = None,
    time_column: str = "", label: dict | None = None, units: UnitRule | None = None,
    unit: np.ndarray | None = None, answers_unit: np.ndarray | None = None,
) -> Reference:  # fmt: skip
    """The reference of n cleaned rows in the columns `used`.

    `answers` are the predictions for held-out rows, a column each. `unit` and `answers_unit` say of
    which unit each row and each answer is (None: each is by itself), by the rule `units`.

    >>> made = reference_of(pd.DataFrame({"x": [1.0, 2.0, 2.0]}), ["x"])
    >>> made.tallies["x"].counts.tolist()
    [1, 2]
    """
    tallies = {name: _tally(rows[name], unit) for name in used}
    named = [] if answers is None else list(answers)
    predicted = {str(name): _tally(answers[name], answers_unit) for name in named}
    quality = data_quality.reference_of(rows[used], unit)
    days = _days(rows, time_column)
    return Reference(
        tallies, quality, predicted, days, time_column, label or {}, units or UnitRule()
    )


def _tally(column: pd.Series, unit: np.ndarray | None) -> Tally:
    tally = tally_of(as_values(column), unit)
    return _folded(tally) if isinstance(tally, LevelCounts) else _with_knots(tally)


def _with_knots(exact: NumberCounts) -> NumberCounts:
    if len(exact.values) <= KNOTS:
        return replace(exact, knots=exact.values)
    places = np.ceil(np.arange(1, KNOTS + 1) * exact.known / KNOTS).astype(int) - 1
    knots = np.unique(np.append(exact.values[0], exact.at(places)))
    return replace(between(exact, knots), knots=knots)


def _folded(tally: LevelCounts) -> LevelCounts:
    if len(tally.counts) <= MOST_LEVELS:
        return tally
    kept = tally.counts.sort_values(ascending=False, kind="stable").head(MOST_LEVELS)
    rest = int(tally.counts.sum() - kept.sum())
    counts = pd.concat([kept, pd.Series({OTHER: rest})])
    return replace(tally, counts=counts, folded=True)


def _days(rows: pd.DataFrame, time_column: str) -> pd.Series:
    dated = time_column in rows and is_date(rows[time_column])
    return table_volume.rows_per(rows[time_column]) if dated else pd.Series(dtype=int)


def as_content(made: Reference) -> dict:
    """The reference as plain JSON."""
    return {
        "form": FORM,
        "rows": made.quality["rows"],
        "time_column": made.time_column,
        "label": made.label,
        "units": None if made.units is None else asdict(made.units),
        "columns": {name: _tally_content(one) for name, one in made.tallies.items()},
        "answers": {name: _tally_content(one) for name, one in made.answers.items()},
        "days": {str(day.date()): int(rows) for day, rows in made.days.items()},
        "quality": made.quality,
    }


def _tally_content(tally: Tally) -> dict:
    """Levels with their counts, or numbers: how many at each knot and above it."""
    within = {} if tally.within is None else {"within": asdict(tally.within)}
    if isinstance(tally, LevelCounts):
        return {"kind": "category", "missing": tally.gaps, "folded": tally.folded,
                "levels": {str(k): int(n) for k, n in tally.counts.items()}} | within  # fmt: skip
    at = tally.up_to(tally.knots) - tally.below(tally.knots)
    above = np.diff(np.append(tally.up_to(tally.knots), tally.known)) - np.append(at[1:], 0)
    return {"kind": "number", "missing": tally.gaps, "count": tally.known,
            "knots": tally.knots.tolist(), "at": at.tolist(),
            "above": above.tolist()} | within  # fmt: skip


NO_REFERENCE = (
    "The reference of {} is of an older form, or missing, so later rows can't be held against it: "
    "make the bundle again with `pipeline run --stages 7`."
)


def read_content(content: dict | None, who: str) -> Reference:
    """The reference from its file; InputError where it is of an older form, or there is none.

    `who` names the bundle.
    """
    if not content or content.get("form") not in (FORM, WITHOUT_UNITS):
        raise InputError(NO_REFERENCE.format(who))
    days = pd.Series(content["days"], dtype=int)
    days.index = pd.to_datetime(days.index)
    columns, answers = map(_tallies, (content["columns"], content["answers"]))
    units = stored_rule(content["units"]) if content.get("units") else None
    label, time_column = content["label"], content["time_column"]
    return Reference(columns, content["quality"], answers, days, time_column, label, units)


def _tallies(content: dict) -> dict:
    return {name: _tally_of_content(one) for name, one in content.items()}


def _tally_of_content(content: dict) -> Tally:
    within = _within_of_content(content.get("within"))
    if content["kind"] == "category":
        counts = pd.Series(content["levels"], dtype=int)
        counts = counts.set_axis(counts.index.astype("str"))
        return LevelCounts(counts, content["missing"], content["folded"], within)
    knots = np.array(content["knots"], dtype=float)
    values = np.column_stack([knots, np.nextafter(knots, np.inf)]).ravel()
    counts = np.column_stack([content["at"], content["above"]]).ravel().astype(int)
    there = counts > 0
    return NumberCounts(values[there], counts[there], content["missing"], knots, within)


def _within_of_content(content: dict | None) -> WithinUnits | None:
    if content is None:
        return None
    return WithinUnits(
        *(Dependence(**one | {"sizes": tuple(one["sizes"])}) for one in content.values())
    )
