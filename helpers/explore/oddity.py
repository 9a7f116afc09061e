"""An oddity of a table, and how its counts and values are written."""

from __future__ import annotations

from dataclasses import dataclass

from ..base.findings import Finding

A_FEW = 3


@dataclass(frozen=True)
class Oddity(Finding):
    """A finding about a table, and where a page shows it."""

    place: str = ""  # an anchor
    weight: float = 0.0


def share_text(part: float) -> str:
    """A share as text that is never 0 % or 100 % when it is not.

    >>> share_text(0.5), share_text(0.00001), share_text(0.9999)
    ('50%', 'under 0.1%', 'over 99.9%')
    """
    if 0 < part < 0.001:
        return "under 0.1%"
    if 0.999 < part < 1:
        return "over 99.9%"
    return f"{part:.0%}" if 0.1 <= part <= 0.99 or part in (0, 1) else f"{part:.1%}"


def quoted(values, most: int = A_FEW) -> str:
    """The first few values in quotation marks.

    >>> quoted(["a", 2.0, "c", "d"])
    '‘a’, ‘2’, ‘c’ …'
    """
    values = [f"{v:g}" if isinstance(v, float) else v for v in values]
    texts = [str(v) if len(str(v)) <= 40 else str(v)[:39] + "…" for v in values]
    return ", ".join(f"‘{text}’" for text in texts[:most]) + (" …" if len(texts) > most else "")


def counted_rows(count: int) -> str:
    """A count of rows: 1 row, 2 rows."""
    return f"{count:,} {'row' if count == 1 else 'rows'}"
