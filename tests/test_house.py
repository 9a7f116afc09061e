"""The house: each folder of `helpers` keeps the rule in its `__init__.py`, and all is in its place.

A rule is the last sentence of a folder's docstring: "May import: base, cells." It holds for imports
at the head of a module and inside its functions; what only a type checker reads is left out. What
each folder is for, and how the arrows point, is drawn in docs/architecture.md (`make map`).
"""

import ast
import re
from graphlib import CycleError, TopologicalSorter

import house_map
import pytest
from house_map import HOUSE, docstring, imported, tree_of

from helpers.line.stage_list import STAGES

FILES, FOLDERS = house_map.files(), house_map.folders()
PARTS = {folder[0] for folder in FOLDERS}  # the folders in the top folder
STATIONS = {stage.name for stage in STAGES} & PARTS
COURSE, EXAMPLES = {"course"}, {"examples"}
PRODUCTION = sorted(road for road in FILES if road[0] not in EXAMPLES | COURSE)
DOOR = ("examples", "known")  # the one module of the examples that production imports

WHY_LONG = re.compile(r"^\s*(?:# )?Long because: \S+", re.MULTILINE)
MOST_IN_TOP_FOLDER, MOST_LINES, MOST_BODY_LINES = 3, 400, 25


def circle(arrows: dict) -> list:
    """One circle of a graph, or nothing."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def importers_of(part: str) -> set[tuple[str, ...]]:
    """The modules outside a folder that import something of it."""
    return {
        road
        for road in FILES
        if road[0] != part
        if any(other[0] == part for other in imported(road))
    }


def long_functions(road: tuple[str, ...]) -> list[str]:
    """The functions of a module with too many lines below their docstring, and no reason why."""
    lines = FILES[road].read_text(encoding="utf-8").splitlines()
    return [
        f"{'/'.join(road)}.py: {node.name}"
        for node in ast.walk(tree_of(road))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and body_lines(node) > MOST_BODY_LINES
        and not WHY_LONG.search(head_of(node, lines))
    ]


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function below its docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def head_of(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> str:
    """What is said of a function: its docstring, and the comment lines above it."""
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)]) - 1
    above = first
    while above and lines[above - 1].lstrip().startswith("#"):
        above -= 1
    return "\n".join([*lines[above:first], ast.get_docstring(node) or ""])


def says_only_its_name(road: tuple[str, ...]) -> bool:
    """Whether a module's docstring adds nothing to the name of its file."""
    said = re.findall("[a-z]+", (docstring(road)).casefold())
    return said in ([], re.findall("[a-z]+", road[-1]))


@pytest.mark.parametrize("folder", FOLDERS, ids="/".join)
def test_a_folder_imports_what_its_rule_names_and_nothing_else(folder):
    allowed = house_map.may_import(folder) | {folder[0]}
    assert allowed <= PARTS, f"{allowed - PARTS} are no folders of helpers"
    inside = [road for road in FILES if road[: len(folder)] == folder]
    assert {
        "/".join(road): sorted("/".join(other) for other in forbidden)
        for road in inside
        if (forbidden := {other for other in imported(road) if other[0] not in allowed})
    } == {}


def test_every_folder_has_its_rule():
    assert {file.parent.relative_to(HOUSE).parts for file in HOUSE.rglob("*.py")} == {(), *FOLDERS}


def test_files_import_each_other_in_no_circle():
    assert circle({road: imported(road) for road in FILES}) == []


def test_folders_import_each_other_in_no_circle():
    assert circle({part: house_map.may_import((part,)) - {part} for part in PARTS}) == []


def test_no_station_imports_another():
    assert len(STATIONS) == 8
    assert {
        s: others for s in STATIONS if (others := house_map.may_import((s,)) & STATIONS - {s})
    } == {}


def test_nothing_imports_the_command_line_but_its_door_and_nothing_below_what_runs_the_line():
    assert importers_of("cli") == {("__main__",)}
    assert {road[0] for road in importers_of("run")} <= {"cli", "__main__"}


def test_production_does_not_import_the_course_but_to_start_it():
    assert {road[0] for road in importers_of("course")} <= {"cli"}


def test_no_module_of_production_names_the_flights():
    said = [
        f"{'/'.join(road)}.py:{number}: {line.strip()}"
        for road in PRODUCTION
        for number, line in enumerate(FILES[road].read_text(encoding="utf-8").splitlines(), 1)
        if re.search("flight|nycflights|maker_labels", line, re.IGNORECASE)
    ]
    assert said == []


def test_production_imports_of_the_examples_only_what_is_known():
    inside = {road for road in FILES if road[0] in EXAMPLES and road != DOOR}
    assert {road: imported(road) & inside for road in PRODUCTION if imported(road) & inside} == {}


def test_what_is_known_imports_no_example_before_it_is_asked():
    tops = [node for node in tree_of(DOOR).body if isinstance(node, ast.ImportFrom)]
    assert tops and not any(node.level == 1 for node in tops)


def test_the_map_of_the_house_is_current():
    assert house_map.is_current(), "make map draws it anew"


def test_the_top_folder_holds_at_most_three_files():
    there = sorted(file.name for file in HOUSE.iterdir() if file.is_file())
    assert len(there) <= MOST_IN_TOP_FOLDER, there


def test_a_module_of_more_than_400_lines_says_why_at_its_head():
    assert [
        f"{'/'.join(road)}.py"
        for road, file in FILES.items()
        if len(file.read_text(encoding="utf-8").splitlines()) > MOST_LINES
        and not WHY_LONG.search(docstring(road))
    ] == []


def test_a_function_of_more_than_25_lines_says_why_at_its_head():
    assert [each for road in sorted(FILES) for each in long_functions(road)] == []


def test_every_module_says_what_it_does():
    assert ["/".join(road) for road in sorted(FILES) if says_only_its_name(road)] == []


def test_the_checks_see_imports_at_the_head_and_in_functions_and_reasons_above_and_inside():
    assert ("examples", "flights_example") in imported(DOOR)  # in a function
    assert DOOR in imported(("run", "runner"))  # at the head
    code = "# Long because: a\n@b\ndef f():\n    pass\n\n\ndef g():\n    'Long because: c'\n"
    above, inside = ast.parse(code).body
    assert all(WHY_LONG.search(head_of(one, code.splitlines())) for one in (above, inside))
    assert not WHY_LONG.search(head_of(ast.parse("def f():\n    pass").body[0], ["def f():"]))
