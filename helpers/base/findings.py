"""Findings: what a person should see of the data, how severe it is, and what shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# An alarm: the result can't be trusted until it is settled. A warning is worth a look.
SEVERITIES = ("alarm", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """Something about the data, or about what came of them, that a person should see.

    `code` names what it is, `severity` is one of `SEVERITIES`, `columns` are those it is about
    (none: the rows), `message` is a sentence, and `evidence` what was measured.

    >>> Finding("drift", "note", ["age"], "age has drifted.", {"psi": 0.05}).as_dict()["columns"]
    ['age']
    >>> Finding("drift", "grave", [], "")
    Traceback (most recent call last):
    ValueError: The severity of a finding is alarm, warning or note; it is 'grave'.
    """

    code: str
    severity: str
    columns: tuple[str, ...]
    message: str
    evidence: Any = ""

    def __post_init__(self):
        if self.severity not in SEVERITIES:
            known = "alarm, warning or note"
            raise ValueError(f"The severity of a finding is {known}; it is '{self.severity}'.")
        object.__setattr__(self, "columns", tuple(map(str, self.columns)))

    @property
    def rank(self) -> int:
        """0 for an alarm, 1 for a warning, 2 for a note."""
        return rank(self.severity)

    def as_dict(self) -> dict:
        """The finding as `findings.json` holds it."""
        return {
            "code": self.code,
            "severity": self.severity,
            "columns": list(self.columns),
            "message": self.message,
            "evidence": self.evidence,
        }


def rank(severity: str) -> int:
    """How severe: 0 for an alarm, 1 for a warning, 2 for a note."""
    return SEVERITIES.index(severity)


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Findings, the most severe first; the order stays within a severity."""
    return sorted(findings, key=lambda finding: finding.rank)


def has_severity(findings: Iterable[Finding], at: str = "alarm") -> bool:
    """Whether any finding is as severe as `at`, or more so.

    >>> said = [Finding("drift", "warning", [], "")]
    >>> has_severity(said), has_severity(said, at="warning")
    (False, True)
    """
    return any(finding.rank <= rank(at) for finding in findings)
