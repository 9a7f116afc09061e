"""Outcomes in a prediction log that are no class, or no number: listed, replaced or taken out.

The service refuses such outcomes; a log may hold some of before, or written past the service.
"""

from __future__ import annotations

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
    known, meant = outcome_counts(folder), reader.read(list(orders.values()))
    for (told, wanted), read in zip(orders.items(), meant, strict=True):
        if wanted and read is None:
            raise InputError(
                f"'{wanted:.40}' is no outcome of '{reader.task.target}', which is "
                f"{reader.expected}. Nothing was changed."
            )
        if told not in known:
            raise InputError(f"No outcome in the log is '{told:.40}'. Nothing was changed.")
    log = PredictionLog(elsewhere(), folder)
    try:
        log.replace_outcomes({told: read if wanted else None for (told, wanted), read in
                              zip(orders.items(), meant, strict=True)})  # fmt: skip
    finally:
        log.close()
    return sum(known[told] for told in orders)
