"""How later rows were read, as findings: other forms, cells that did not read. Not "empty"."""

from __future__ import annotations

from ..base.findings import Finding
from ..pipeline.delivery_reading import DeliveryReading

EMPTIER = "nulls_up"  # the code of a column that is empty more often than before


def explained(
    found: list[Finding], reading: DeliveryReading | None, used: list[str]
) -> list[Finding]:
    """Findings on cleaned rows, and those on how the rows were read, in the columns `used`.

    Cells that could not be read are missing once cleaned: a column that seems emptier for that is
    said to be unread instead, as severely. What did not read before either is a note.
    """
    if reading is None:
        return found
    emptier = {one.columns[0]: one for one in found if one.code == EMPTIER}
    unread = [name for name in used if reading.unread(name)]
    kept = [one for one in found if one.code != EMPTIER or one.columns[0] not in unread]
    of_columns = [_of_column(name, reading, emptier.get(name)) for name in used]
    return kept + [one for one in of_columns if one is not None]


def _of_column(name: str, reading: DeliveryReading, emptier: Finding | None) -> Finding | None:
    """The finding on how a column was read; None where it was read as in training."""
    said = [one for one in reading.sentences() if one.startswith(f"{name}: ")]
    if not said:
        return None
    unread = reading.unread(name)
    severity = emptier.severity if emptier and unread else "note"
    evidence = {"share": unread / reading.rows, "rows": unread}
    code = "unreadable" if unread else "other_form"
    return Finding(code, severity, (name,), ". ".join(said) + ".", evidence)
