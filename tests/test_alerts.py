"""Alerts: severities by size, the gravest first, one yes or no."""

import dataclasses

import pytest

from helpers.base.findings import Finding, has_severity, ranked
from helpers.drift import alert_thresholds


def one(severity: str, message: str = "It moved.") -> dict:
    return Finding("drift", severity, ["age"], message, {})


def test_thresholds_are_frozen_and_a_report_errs_in_at_most_five_of_a_hundred():
    limits = alert_thresholds.Thresholds()
    with pytest.raises(dataclasses.FrozenInstanceError):
        limits.level = 1
    assert 2 * limits.level + limits.joint_level + limits.quality_level <= 0.05


def test_the_severity_follows_the_size():
    assert [alert_thresholds.by_size(s, 0.1, 0.2) for s in (0.05, 0.15, 0.25)] == [
        "note",
        "warning",
        "alarm",
    ]


def test_the_gravest_comes_first_and_it_rings_from_the_asked_severity_on():
    found = [one("note"), one("alarm"), one("warning")]
    assert [f.severity for f in ranked(found)] == ["alarm", "warning", "note"]
    assert has_severity(found) and not has_severity(found[:1]) and not has_severity([])
    assert has_severity(found[2:], at="warning") and has_severity(found[:1], at="note")


def test_findings_are_read_the_gravest_first():
    found = [one("note", "A little."), *[one("alarm", f"Much {i}.") for i in range(3)]]
    text = alert_thresholds.describe_findings(found, most=2)
    assert text.startswith("**3 alarms, 1 note**") and "2 more" in text and "A little" not in text
    assert "No significant change" in alert_thresholds.describe_findings([])
