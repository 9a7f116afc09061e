"""The house: production names no example table, and imports that were cut stay cut."""

import ast
import re
from pathlib import Path

import pytest

import helpers

HOUSE = Path(helpers.__file__).parent
EXAMPLES = {"examples", "flights", "mess"}  # folders, or modules beside them
COURSE = {"course", "lessons", "questions", "challenges", "surprises", "grading", "progress",
          "labs", "lab_factors", "lab_recipes", "lab_stations"}  # fmt: skip
DOOR = "known"  # the one module of the examples that others import
FILES = {file.relative_to(HOUSE).with_suffix("").parts: file for file in HOUSE.rglob("*.py")}
PRODUCTION = sorted(road for road in FILES if road[0] not in EXAMPLES | COURSE)

CUT = {  # a module, by the last part of its name, and what it is not to import
    "deliveries": {"clean", "flights"},
    "retraining": {"flights"},
    "report": {"progress"},
    "front": {"progress"},
    "progress": {"report", "front"},
    "service": {"following"},
    "train": {"features", "build"},
    "trials": {"features", "build"},
    "leaks": {"features", "build", "formulas"},
    "explore": {"collect"},
}


def imported(road: tuple[str, ...]) -> set[tuple[str, ...]]:
    """The modules of the house that a module imports, at its head or in a function."""
    found = set()
    for node in ast.walk(ast.parse(FILES[road].read_bytes())):
        for names in roads_of(node, road):
            if names[:1] == ("helpers",):
                found |= {names[1:], names[1:-1]}
    return found & FILES.keys()


def roads_of(node: ast.AST, road: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The dotted names that an import statement of a module means, in parts."""
    if isinstance(node, ast.Import):
        return [tuple(alias.name.split(".")) for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = ("helpers", *road)[: len(road) + 1 - node.level] if node.level else ()
    base += tuple((node.module or "").split(".")) if node.module else ()
    return [(*base, alias.name) for alias in node.names]


def test_no_module_of_production_names_the_flights():
    said = [
        f"{'/'.join(road)}.py:{number}: {line.strip()}"
        for road in PRODUCTION
        for number, line in enumerate(FILES[road].read_text(encoding="utf-8").splitlines(), 1)
        if re.search("flight|nycflights|maker_labels", line, re.IGNORECASE)
    ]
    assert said == []


def test_production_imports_of_the_examples_only_what_is_known():
    inside = {road for road in FILES if road[0] in EXAMPLES and road[-1] != DOOR}
    assert {road: imported(road) & inside for road in PRODUCTION if imported(road) & inside} == {}


def test_what_is_known_imports_no_example_before_it_is_asked():
    door = next(file for road, file in FILES.items() if road[-1] == DOOR)
    tops = [node for node in ast.parse(door.read_bytes()).body if isinstance(node, ast.ImportFrom)]
    assert tops and not any(node.level for node in tops)


@pytest.mark.parametrize("name", sorted(CUT))
def test_what_was_cut_stays_cut(name):
    roads = [road for road in FILES if road[-1] == name]
    found = {(road, other) for road in roads for other in imported(road) if other[-1] in CUT[name]}
    assert found == set()


def test_the_check_sees_imports_at_the_head_and_in_functions():
    known = next(road for road in FILES if road[-1] == DOOR)
    assert {road[-1] for road in imported(known)} >= {"flights"}
    assert any(
        road[-1] == "known" for road in imported(next(r for r in FILES if r[-1] == "runner"))
    )
