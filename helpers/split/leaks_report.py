"""The leak alarms as a table, as sentences, and as notes for the front page."""

from __future__ import annotations

import pandas as pd

from ..base.findings import Finding
from ..pages import show


def evidence_table(alarms: list[Finding]) -> pd.DataFrame:
    """A row per alarm: its kind, its severity, its columns, and what was measured."""
    kinds = pd.Index([alarm.code.replace("_", " ") for alarm in alarms], name="kind")
    return pd.DataFrame({
        "severity": [alarm.severity for alarm in alarms],
        "columns": [", ".join(alarm.columns) or "(rows)" for alarm in alarms],
        "measured": [_evidence_text(alarm.evidence) for alarm in alarms],
    }, index=kinds)  # fmt: skip


def _evidence_text(evidence: dict) -> str:
    """What was measured, in a line."""
    return ", ".join(f"{name} {value}" for name, value in evidence.items())


def describe_alarms(alarms: list[Finding]) -> str:
    """What the alarms say and what to do, as Markdown."""
    if not alarms:
        return (
            "**No alarm**: no column predicts the target alone, follows it or adds up to it, no "
            "row is in both sets, and the sets do not differ."
        )
    loud = sum(alarm.severity == "alarm" for alarm in alarms)
    quiet = len(alarms) - loud
    parts = [f"{n} {what}{'s' * (n > 1)}" for n, what in ((loud, "alarm"), (quiet, "warning")) if n]
    text = f"**{' and '.join(parts)}**: settle each before you believe a score."
    return "\n".join([text, "", *(f"- **{a.severity}**: {a.message}" for a in alarms)])


def show_alarms(work, alarms: list[Finding]) -> None:
    """Show the alarms, and put them on the front page. `work` is the open stage."""
    for alarm in alarms:
        work.note(alarm)
    show.together(show.say(describe_alarms(alarms)), evidence_table(alarms))
