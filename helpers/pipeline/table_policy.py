"""When a table is refused as a whole: a column is missing, or too much can't be read."""

from __future__ import annotations

from dataclasses import dataclass

from ..base.user_errors import InputError, nearest
from .wanted import NOTHING, Wanted

JOINED = (  # where a column of another table is missing
    "It was joined from the source '{source}': give a recipe (sources.yaml) with the new rows as "
    "its main table, or rows that are joined already."
)


def check_columns(fields: dict[str, dict], columns) -> None:
    """Raise InputError for a table without a column of a schema's `fields`.

    (A row of JSON has no columns: a field that it leaves out is missing in that row.)
    """
    columns = list(map(str, columns))
    missing = [name for name in fields if name not in columns]
    if missing:
        source = fields[missing[0]].get("source", "")
        hint = JOINED.format(source=source) if source else nearest(missing[0], columns)
        raise InputError(
            f"The rows lack {len(missing)} of the {len(fields)} columns that the model "
            f"needs, the first is '{missing[0]}'. {hint}"
        )


@dataclass(frozen=True)
class TablePolicy:
    """What is asked of a table: a column of `warnings`, and how much may be unreadable.

    `wanted` is asked beside the predictions: intervals, sets, reasons. `max_unreadable` is a share
    of a column's cells that are not empty, and of the rows that may be empty. Without one a table
    is refused where a whole column can't be read.
    """

    warnings: bool = False
    max_unreadable: float | None = None
    wanted: Wanted = NOTHING

    def check(self, counts: dict) -> None:
        """Raise InputError where more can't be read than is allowed; `counts` as of `Checked`."""
        present = counts["present"]
        for name, lost in counts["unread"].items():
            self._check_share(lost, present[name], f"cells of '{name}' can't be read")
        said = "rows have no value in any field that the model uses"
        self._check_share(counts["empty"], counts["rows"], said)

    def _check_share(self, lost: int, of_all: int, said: str) -> None:
        if self._is_too_much(lost, of_all):
            most = self.max_unreadable
            then = "--max-unreadable 100% writes the rows all the same, without predictions"
            allowed = then if most is None else f"--max-unreadable allows {100 * most:g}%"
            raise InputError(f"{lost:,} of {of_all:,} {said}, and nothing was written; {allowed}.")

    def _is_too_much(self, lost: int, of_all: int) -> bool:
        if not lost:
            return False
        most = self.max_unreadable
        return lost == of_all if most is None else lost > most * of_all


BY_DEFAULT = TablePolicy()
