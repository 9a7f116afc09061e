"""The search for leaks: what makes a score too good to be true, with its evidence and what to do.

A leak hands the model an answer that it won't have in service. Each check knows one way in which
that happens, measures it, and raises an alarm only when the measure is far from what a sound table
shows.
"""

from __future__ import annotations

from ..base.findings import Finding
from ..learning.labelled_data import TRAIN, Labelled, evenly_spaced_positions
from .leak_alarm import LOOKED_AT
from .leaking_columns import identifier_alarms, known_afterwards_alarms, sum_alarms, too_predictive
from .leaks_between_parts import (
    adversarial_validation,
    repeated_row_alarms,
    rows_on_both_sides,
    shared_key_alarms,
)
from .one_column_probe import predictive_power


def find_alarms(rows: Labelled, plan: dict, choice: dict, seed: int = 42) -> list[Finding]:
    """All alarms of a table that is split; of several for the same columns the first is kept.

    A key that rows share predicts the target too; that its rows are in both sets says why, and what
    to do, so this is looked for first.

    `plan` is the feature plan, `choice` how the rows were split (`strategy`, `column`). Labels of
    held-out rows are not read.
    """
    rows = rows.sealed()
    learn = rows.of(TRAIN)
    learn = learn.at(evenly_spaced_positions(learn.y, LOOKED_AT))
    used = [name for name in plan["columns"] if name in learn.X]
    power = {name: predictive_power(learn.task, learn.X[name], learn.y, seed) for name in used}
    found = [
        *(shared_key_alarms(learn, plan, seed) if choice["strategy"] == "random" else []),
        *known_afterwards_alarms(learn, used, power),
        *too_predictive(learn, plan, power, seed),
        *identifier_alarms(learn, plan, seed),
        *sum_alarms(learn, used, power),
        *rows_on_both_sides(rows, used),
        *repeated_row_alarms(rows),
        *adversarial_validation(rows, plan, choice, seed),
    ]
    return _one_each(found)


def _one_each(found: list[Finding]) -> list[Finding]:
    """Each set of columns once, with what was found first."""
    seen: dict[tuple, Finding] = {}
    for alarm in found:
        seen.setdefault(alarm.columns or (alarm.code,), alarm)
    return list(seen.values())
