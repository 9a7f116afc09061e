"""One type of finding, whoever finds: its shape in findings.json, and its severity."""

import re
from pathlib import Path

import pytest

import helpers
from helpers.base.findings import SEVERITIES, Finding, ranked
from helpers.explore.oddity import Oddity
from helpers.line.run_folder import Run
from helpers.line.stage_work import Work


def test_a_finding_is_written_as_findings_json_has_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    work = Work(0, Run("one"), {})
    one = Finding("drift", "warning", ("age", 3), "age has moved.", {"psi": 0.3})
    work.note(one)
    work.find("drift", "warning", ["age", "3"], "age has moved.", {"psi": 0.3})
    work.finish(1, 1, "done")
    first, second = Run("one").findings
    assert first == second == {
        "stage": 0, "code": "drift", "severity": "warning", "columns": ["age", "3"],
        "message": "age has moved.", "evidence": {"psi": 0.3},
    }  # fmt: skip


def test_a_severity_that_is_none_is_refused():
    with pytest.raises(ValueError, match="it is 'grave'"):
        Finding("drift", "grave", [], "")


def test_the_most_severe_come_first_whatever_they_are():
    found = [
        Finding("a", "note", [], ""),
        Oddity("b", "alarm", (), ""),
        Finding("c", "note", [], ""),
    ]
    assert [one.code for one in ranked(found)] == ["b", "a", "c"]
    assert SEVERITIES == ("alarm", "warning", "note")


def test_severities_are_listed_once():
    package = Path(helpers.__file__).parent
    listed = re.compile(r'"alarm", "warning", "note"')
    found = {p.name for p in package.rglob("*.py") if listed.search(p.read_text())}
    assert found == {"findings.py"}
