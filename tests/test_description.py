"""The one description of the line: plain data, true, and what everything else is made from."""

import json
import re
import subprocess
import sys

import yaml

from helpers.base.places import REPOSITORY
from helpers.line.line_description import description
from helpers.line.notebook_parameters import of_stage
from helpers.line.stage_list import STAGES
from tests import longer_line


def test_the_compiled_kubeflow_pipeline_has_todays_parameters():
    """What kfp itself would compile is held against the file by tests/test_kubeflow.py."""
    text = (REPOSITORY / "deploy" / "kubeflow" / "pipeline.yaml").read_text("utf-8")
    spec = next(yaml.load_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    for stage in (stage for stage in STAGES if not stage.lesson):
        inputs = spec["components"][f"comp-{stage.name}"]["inputDefinitions"]["parameters"]
        own = {p.name for p in of_stage(stage)}
        assert set(inputs) == own, "make setup-scale, then deploy/kubeflow/compile.py"
        assert own <= set(spec["root"]["inputDefinitions"]["parameters"])


def test_it_is_plain_data_about_every_stage_in_order():
    found = description()
    assert json.loads(json.dumps(found)) == found
    assert [stage["number"] for stage in found["stages"]] == list(range(len(STAGES)))
    for described, stage in zip(found["stages"], STAGES, strict=True):
        named = [p["name"] for p in described["parameters"]]
        assert named == [p.name for p in of_stage(stage)]
        assert described["page"] == stage.report and described["needs_target"] == stage.needs_target
        assert all(p["help"] and p["type"] and "default" in p for p in described["parameters"])


def test_every_file_that_a_stage_reads_is_written_by_an_earlier_one():
    written = set()
    for stage in STAGES:
        assert set(stage.reads) <= written, stage.name
        assert stage.makes in stage.writes
        written |= set(stage.writes)


def test_what_needs_a_target_comes_last():
    needs = [stage.needs_target for stage in STAGES]
    assert needs == sorted(needs)


def test_the_standard_library_is_enough_to_read_it():
    code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n" + (
        "from helpers.line.line_description import description; print(len(description()['stages']))"
    )
    command = [sys.executable, "-S", "-I", "-c", code]  # without any installed package
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout == f"{len(STAGES)}\n", done.stderr


def test_the_stations_in_the_readme_are_those_of_the_line():
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) (\w+) \| `(\w+)` \| `(\S+)` \| (.*) \|$", readme, re.MULTILINE)
    line = [stage for stage in STAGES if not stage.lesson]
    assert [row[:4] for row in rows] == [
        (str(s.number), s.name, s.notebook, f"helpers/{s.name}/") for s in line
    ]
    for stage, (*_, hands_on) in zip(line, rows, strict=True):
        first = hands_on.split("`")[1]
        assert first in (stage.makes.rpartition("/")[2], stage.makes.partition("/")[0] + "/")


def test_a_stage_that_is_added_there_is_everywhere_in_the_command_line(tmp_path):
    command = longer_line.copy_with_a_stage_more(tmp_path)
    told = longer_line.said_by(command, "describe")
    assert f"\n{longer_line.NUMBER}  {longer_line.TITLE}: " in told and "bill.json" in told
    added = json.loads(longer_line.said_by(command, "describe", "--json"))["stages"][-1]
    assert added["name"] == longer_line.NAME and added["writes"] == ["bill.json"]
    assert [p["name"] for p in added["parameters"]] == ["run", "currency"]
    assert "currency=EUR" in longer_line.said_by(command, "parameters")
