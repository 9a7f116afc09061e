"""Leaks report."""

from __future__ import annotations

import pandas as pd

from ..base.findings import Finding


def evidence_table(alarms: list[Finding]) -> pd.DataFrame:
    """A row per alarm: its kind, its columns, and what was measured."""
    rows = [
        (
            a.code.replace("_", " "),
            a.severity,
            ", ".join(a.columns) or "(rows)",
            _evidence_text(a.evidence),
        )
        for a in alarms
    ]
    columns = ["kind", "severity", "columns", "measured"]
    return pd.DataFrame(rows, columns=columns).set_index("kind")


def _evidence_text(evidence: dict) -> str:
    return ", ".join(f"{name} {value}" for name, value in evidence.items())


def describe_alarms(alarms: list[Finding]) -> str:
    """What the alarms say and what to do, as Markdown."""
    if not alarms:
        return (
            "**No alarm**: no column gives away the target, follows it or adds up to it, no row is "
            "on both sides, and the two sides are alike."
        )
    loud = sum(alarm.severity == "alarm" for alarm in alarms)
    quiet = len(alarms) - loud
    parts = [f"{n} {what}{'s' * (n > 1)}" for n, what in ((loud, "alarm"), (quiet, "warning")) if n]
    said = f"**{' and '.join(parts)}**: settle each before you believe a score."
    return "\n".join([said, "", *(f"- **{a.severity}**: {a.message}" for a in alarms)])


def note_alarms(work, alarms: list[Finding]) -> None:
    """Put the alarms on the front page. `work` is the open stage."""
    for alarm in alarms:
        work.note(alarm)
