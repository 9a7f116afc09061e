"""Outcomes in a prediction log that are no class, or no number: listed, replaced or taken out.

The service refuses such outcomes; a log may hold some of before, or written past the service.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from ..base.user_errors import InputError
from ..learning.outcome_reader import OutcomeReader
from .prediction_log import PredictionLog, ask_log, elsewhere, has_log


def outcome_counts(folder: Path) -> dict[str, int]:
    """How often each outcome was told, the most frequent first; InputError where there is no log.

    `folder` is where the log lies, unless the environment names another.
    """
    if not has_log(folder, "outcomes"):
        raise InputError(f"There is no log of answers in {folder}: nothing was served there.")
    query = "SELECT outcome, COUNT(*) AS told FROM outcomes GROUP BY outcome ORDER BY told DESC"
    found = ask_log(folder, query)
    return dict(zip(found["outcome"].map(str), map(int, found["told"]), strict=True))


def wrong_among(counts: dict[str, int], reader: OutcomeReader) -> dict[str, int]:
    """Those of the counted outcomes that are no class, or no number."""
    read = reader.read(list(counts))
    return {told: n for (told, n), one in zip(counts.items(), read, strict=True) if one is None}


def mend(folder: Path, reader: OutcomeReader, orders: dict[str, str]) -> int:
    """Replace outcomes by others, or take them out where the other is ""; how many were mended.

    `orders` has by outcome what it is to be. Raises InputError where that is no outcome either, or
    where none was told; nothing is changed then.
    """
    known, changes = outcome_counts(folder), _checked(orders, reader)
    for told in orders:
        if told not in known:
            raise InputError(f"No outcome in the log is '{told:.40}'. Nothing was changed.")
    with closing(PredictionLog(elsewhere(), folder)) as log:
        log.replace_outcomes(changes)
    return sum(known[told] for told in orders)


def _checked(orders: dict[str, str], reader: OutcomeReader) -> dict[str, object]:
    """By outcome what it is to be, as the model knows it; None for one that is taken out."""
    read = dict(zip(orders, reader.read(list(orders.values())), strict=True))
    for told, wanted in orders.items():
        if wanted and read[told] is None:
            raise InputError(
                f"'{wanted:.40}' is no outcome of '{reader.task.target}', which is "
                f"{reader.expected}. Nothing was changed."
            )
    return {told: read[told] if wanted else None for told, wanted in orders.items()}
