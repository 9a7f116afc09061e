"""Alerts: from which size on a change matters, how sure it must be, and changes in words."""

from __future__ import annotations

from dataclasses import dataclass

from ..base.findings import SEVERITIES, Finding, ranked


@dataclass(frozen=True)
class Thresholds:
    """How sure a change must be, and how large, before it is reported.

    The levels are false positive rates: where nothing has changed, a report (columns, predictions,
    joint test, quality checks) has any finding in at most `level` + `level` + `joint_level` +
    `quality_level` = 3 % of cases, however many columns there are. The sizes decide between a note,
    a warning and an alarm.
    """

    level: float = 0.01  # of any column of one comparison (all columns; or the predictions)
    joint_level: float = 0.005  # of the domain classifier
    quality_level: float = 0.005  # of all quality checks together
    psi_moderate: float = 0.1  # Siddiqi (2006), "Credit Risk Scorecards": above 0.1 moderate,
    psi_large: float = 0.2  # above 0.25 large; beyond what chance gives, so a little less here
    auc_moderate: float = 0.6  # of the classifier that separates old rows from new ones
    auc_large: float = 0.7
    share_moderate: float = 0.01  # of rows: more nulls, new categories, duplicates, out of range
    share_large: float = 0.05
    volume_large: float = 0.5  # a period with less than half the usual rows, or with twice as many


DEFAULT = Thresholds()


def by_size(size: float, moderate: float, large: float) -> str:
    """The severity of a change that is sure, by its size.

    >>> by_size(0.15, 0.1, 0.2), by_size(0.05, 0.1, 0.2)
    ('warning', 'note')
    """
    return "alarm" if size > large else "warning" if size > moderate else "note"


def describe_findings(findings: list[Finding], most: int = 10) -> str:
    """The findings as Markdown: how many of each severity, then one line each."""
    if not findings:
        return "**No significant change was found.**"
    counts = {s: sum(f.severity == s for f in findings) for s in SEVERITIES}
    totals = [f"{n} {name}{'s' * (n > 1)}" for name, n in counts.items() if n]
    shown = ranked(findings)[:most]
    lines = [f"- **{found.severity}**: {found.message}" for found in shown]
    more = [f"- … and {len(findings) - most} more"] if len(findings) > most else []
    return "\n".join([f"**{', '.join(totals)}**", "", *lines, *more])
