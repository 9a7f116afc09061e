"""Fingerprints of code: what a notebook uses counts, all of it, and nothing else does."""

import ast
import json
import re
import shutil
import time
from pathlib import Path

import pytest

from helpers.line import code_fingerprint, names_in_code
from helpers.line.code_fingerprint import changed, fingerprint
from helpers.line.stage_list import STAGES
from helpers.scale import dask_cluster

SOURCES = code_fingerprint.sources
NUMBERED = {stage.number: f"{stage.notebook}.ipynb" for stage in STAGES}


def cell(source: str, kind: str = "code", tags=(), **more) -> dict:
    return {"cell_type": kind, "source": source, "metadata": {"tags": list(tags)}, **more}


class Project:
    """A made-up package `kit` and a notebook that uses it."""

    def __init__(self, folder: Path):
        self.package, self.notebook = folder / "kit", folder / "n.ipynb"
        self.package.mkdir()
        self.write("__init__", "")

    def write(self, module: str, source: str) -> None:
        file = self.package / f"{module}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        for folder in file.relative_to(self.package).parents:
            if not (init := self.package / folder / "__init__.py").exists():
                init.touch()
        file.write_text(source, encoding="utf-8")

    def cells(self, *cells: dict | str) -> None:
        made = [cell(c) if isinstance(c, str) else c for c in cells]
        self.notebook.write_text(json.dumps({"cells": made}), encoding="utf-8")

    def prints(self) -> dict[str, str]:
        return fingerprint(self.notebook, self.package)

    def changes(self, module: str, before: str, after: str) -> set[str]:
        """What of the fingerprint changes when the module's source does."""
        self.write(module, before)
        first = self.prints()
        self.write(module, after)
        second = self.prints()
        return {name for name, _ in first.items() ^ second.items()}


@pytest.fixture
def kit(tmp_path) -> Project:
    project = Project(tmp_path)
    project.cells("from kit import a", "a.used(3)")
    return project


BASE = """
import math
from pathlib import Path

LIMIT = 3
OTHER = 4


def used(x, most=10):
    return min(helper(x), most) + LIMIT


def helper(x):
    return math.sqrt(x)


def unrelated(x):
    return x + OTHER


class Tool:
    def run(self):
        return 1
"""


# What does not count


def test_comments_docstrings_and_layout_do_not_count(kit):
    reworded = BASE.replace(
        "def helper(x):\n    return math.sqrt(x)",
        'def helper(\n    x,\n):\n    """Says kit.b.f."""\n\n    return (math.sqrt(x))  # the root',
    )
    assert kit.changes("a", BASE, '"""A module."""\n# why\n' + reworded) == set()


def test_docstrings_of_methods_and_inner_functions_do_not_count(kit):
    source = "class used:\n    {}\n    def f(self):\n        {}\n        def g():\n            {}\n"
    tail = "            return 1\n"
    before = source.format(*["'one'"] * 3) + tail
    assert kit.changes("a", before, source.format(*["'two'"] * 3) + tail) == set()


def test_a_function_may_move(kit):
    helper = "def helper(x):\n    return math.sqrt(x)\n"
    assert kit.changes("a", BASE, helper + BASE.replace(helper, "")) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x + OTHER", "x - OTHER"),
        ("OTHER = 4", "OTHER = 5"),
        ("return 1", "return 2"),
        ("from pathlib import Path", "from pathlib import PurePath as Path"),
        ("import math", "import math, json"),
    ],
)
def test_an_unrelated_definition_of_the_same_module_does_not_count(kit, old, new):
    assert kit.changes("a", BASE, BASE.replace(old, new)) == set()


def test_a_module_that_is_not_used_does_not_count(kit):
    kit.write("a", BASE)
    assert kit.changes("b", "X = 1", "X = 2") == set()
    assert set(kit.prints()) == {"notebook", "text", "a"}


@pytest.mark.parametrize(
    "bound",
    [
        "def used(x): pass",
        "used = print",
        "import math as used",
        "for used in [1]: pass",
        "class used: pass",
    ],
)
def test_a_name_bound_within_a_statement_is_found(kit, bound):
    source = f"if True:\n    {bound}\ndef other(): return {{}}\n"
    assert kit.changes("a", source.format(1), source.format(2)) == set()


def test_a_variable_that_has_a_modules_name_is_not_that_module(kit):
    kit.write("a", "from . import b\ndef used(x):\n    b = x\n")
    assert kit.changes("b", "X = 1", "X = 2") == set()


def test_an_import_inside_a_function_that_is_not_used_brings_nothing(kit):
    kit.write("a", "def used(x): pass\ndef other():\n    from . import b\n    return b.f()\n")
    assert kit.changes("b", "print(1)", "print(2)") == set()


# What counts


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("LIMIT = 3", "LIMIT = 3.0"),
        ("LIMIT = 3", "LIMIT: int = 3"),
        ("most=10", "most=11"),
        ("+ LIMIT", "- LIMIT"),
        ("math.sqrt(x)", "math.cbrt(x)"),
        ("import math", "import cmath as math"),
    ],
)
def test_a_constant_a_default_an_expression_or_a_helpers_helper_counts(kit, old, new):
    assert kit.changes("a", BASE, BASE.replace(old, new)) == {"a"}


@pytest.mark.parametrize(
    "source",
    [
        "@mark\ndef used(x): pass\ndef mark(f): return f, {}",
        "def used(x=first): pass\nfirst = {}",
        "def used(x: first): pass\nfirst = {}",
        "class used(Base): pass\nclass Base:\n    y = {}",
        "class used:\n    def f(self): return deep()\ndef deep(): return {}",
        "def used(x): return left\nleft, (right, *rest) = 1, (2, {})",
        "def used(x): return total\ntotal = 1\ntotal += {}",
        "def used(x): return total\ntotal: int = {}",
        "def used(x): return found\nother = (found := {})",
        "def used(x):\n    global total\n    total += 1\ntotal = {}",
        "if True:\n    def used(x): return {}",
        "def used(x): return fast()\ntry:\n    from q import fast\nexcept E:\n    fast = {}",
        "def used(x): return 1\nprint({})",
        "def used(x): return 1\nused.limit = {}",
        "def used(x): return [deep() for _ in x]\nasync def deep(): return {}",
        "def used(x): return lambda: deep\ndeep = lambda: {}",
        "from __future__ import annotations\ndef used(x): return {}",
    ],
)
def test_whatever_a_definition_names_counts(kit, source):
    assert kit.changes("a", source.format(1), source.format(2)) == {"a"}


def test_annotations_that_are_evaluated_later_count(kit):
    source = "def used(x: int): pass"
    assert kit.changes("a", source, "from __future__ import annotations\n" + source) == {"a"}


@pytest.mark.parametrize("order", ["x = 1\nx = 2", "x = 2\nx = 1"])
def test_the_order_of_statements_counts(kit, order):
    source = "def used(y): return x\n"
    changes = kit.changes("a", source + "x = 1\nx = 2", source + order)
    assert changes == (set() if order.startswith("x = 1") else {"a"})


def test_which_of_two_functions_comes_last_counts(kit):
    one, two = "def used(x): return 1\n", "def used(x): return 2\n"
    assert kit.changes("a", one + two, two + one) == {"a"}


# Other modules

DEEP = "def f(x=1): return g(x)\ndef g(x): return {}\ndef h(): return 0\n"


@pytest.mark.parametrize(
    "source",
    [
        "from .b import f\ndef used(x): return f(x)",
        "from kit.b import f as other\ndef used(x): return other(x)",
        "from . import b\ndef used(x): return b.f(x)",
        "from . import b\ndef used(x): return b.f.cache.clear()",
        "from kit import b as c\ndef used(x): return c.f(x)",
        "import kit.b as c\ndef used(x): return c.f(x)",
        "import kit.b\ndef used(x): return kit.b.f(x)",
        "import kit\ndef used(x): return kit.b.f(x)",
        "def used(x):\n    from .b import f\n    return f(x)",
        "def used(x):\n    from . import b\n    return b.f(x)",
        "def used(x):\n    import kit.b as c\n    return c.f(x)",
        "from .b import *\ndef used(x): return f(x)",
        "try:\n    from . import b\nexcept ImportError:\n    b = None\ndef used(x): return b.f(x)",
        "TRUSTED = ('kit.b.f', 'numpy.dtype')\ndef used(x): return TRUSTED",
        "def used(x): return 'kit.b:f'",
        "from . import c\ndef used(x): return c.through(x)",
        "from . import c\ndef used(x): return c.b.f(x)",
    ],
)
def test_every_way_to_reach_another_module_counts(kit, source):
    kit.write("a", source)
    kit.write("c", "from . import b\nfrom .b import f as through\n")
    assert kit.changes("b", DEEP.format(1), DEEP.format(2)) == {"b"}


@pytest.mark.parametrize(
    "source",
    [
        "from .b import f\ndef used(x): return f(x)",
        "from . import b\ndef used(x): return b.f(x)",
        "def used(x):\n    import kit.b\n    return kit.b.f(x)",
        "def used(x): return 'kit.b.f'",
    ],
)
def test_only_what_is_reached_of_another_module_counts(kit, source):
    kit.write("a", source)
    assert kit.changes("b", DEEP, DEEP.replace("return 0", "return 1")) == set()


@pytest.mark.parametrize(
    "source",
    [
        "from . import b\ndef used(x): return getattr(b, x)()",
        "from . import b\ndef used(x): return helper(b)\ndef helper(m): pass",
        "from . import b\ndef used(x): return b.not_a_name_of_it",
        "from .b import *\ndef used(x): pass",
        "from importlib import import_module\ndef used(x): return import_module(x)",
        "from importlib import import_module as load\ndef used(x): return load(x)",
        "import importlib as i\ndef used(x): return i.import_module(x)",
        "def used(x): return __import__(x)",
        "def used(x): return f'kit.{x}.h'",
        "def used(x): return 'kit.b'",
        "from . import b\ndef used(x): return globals()[x]",
        "import kit\ndef used(x): return kit",
        "import sys\ndef used(x): return sys.modules[x]",
    ],
)
def test_where_it_is_not_known_what_is_used_all_of_it_counts(kit, source):
    kit.write("a", source)
    changes = kit.changes("b", DEEP.format(1), DEEP.format(1).replace("return 0", "return 1"))
    assert changes == {"b"}


@pytest.mark.parametrize("call", ["globals()[x]", "eval(x)", "exec(x)", "Tool.__subclasses__()"])
def test_a_module_that_looks_up_its_own_names_counts_whole(kit, call):
    source = f"def used(x): return {call}\n" + "class Tool: pass\ndef other(): return {}\n"
    assert kit.changes("a", source.format(1), source.format(2)) == {"a"}


def test_modules_may_import_each_other(kit):
    near = "from . import b\ndef used(x): return b.f(x)\ndef low(): return {}\n"
    kit.write("a", near.format(1))
    source = "from .a import low, used\ndef f(x): return low() + {} or used(x)\n"
    assert kit.changes("b", source.format(1), source.format(2)) == {"b"}
    assert kit.changes("a", near.format(1), near.format(2)) == {"a"}


def test_what_always_runs_counts_also_where_a_module_is_only_imported(kit):
    kit.write("a", "from . import b\ndef used(x): pass\n")
    assert kit.changes("b", "print(1)\nX = 1", "print(2)\nX = 1") == {"b"}
    assert kit.changes("b", "print(1)\nX = 1", "print(1)\nX = 2") == set()
    kit.cells("from kit import b")
    assert kit.changes("b", "print(1)", "print(2)") == {"b"}
    kit.cells("'kit.b.X'")
    assert kit.changes("b", "print(1)\nX = 1", "print(2)\nX = 1") == {"b"}


def test_the_package_itself_always_counts(kit):
    kit.cells("1 + 1")
    source = "import os\nos.environ.setdefault('A', {})\nX = {}\n"
    assert kit.changes("__init__", source.format(1, 1), source.format(2, 1)) == {"__init__"}
    assert kit.changes("__init__", source.format(1, 1), source.format(1, 2)) == set()
    kit.cells("from kit import X")
    assert kit.changes("__init__", source.format(1, 1), source.format(1, 2)) == {"__init__"}


def test_what_a_decorator_registers_counts_for_whoever_uses_the_registry(kit):
    direct = "STEPS = R()\ndef used(x): return STEPS[x]()\n@STEPS.add('n')\ndef step(): return {}\n"
    assert kit.changes("a", direct.format(1), direct.format(2)) == {"a"}
    kept = (
        "STEPS = []\ndef used(x): return STEPS\ndef keep(f):\n    STEPS.append(f)\n    return f\n"
        "@keep\ndef step(): return {}\n"
    )
    assert kit.changes("a", kept.format(1), kept.format(2)) == {"a"}
    heirs = (
        "ALL = []\ndef used(x): return ALL\nclass Base:\n    def __init_subclass__(cls):\n"
        "        ALL.append(cls)\nclass Heir(Base):\n    x = {}\n"
    )
    assert kit.changes("a", heirs.format(1), heirs.format(2)) == {"a"}


def test_a_decorator_that_keeps_nothing_ties_nothing_together(kit):
    source = "@mark\ndef used(x): pass\ndef mark(f): return f\n@mark\ndef other(): return {}\n"
    assert kit.changes("a", source.format(1), source.format(2)) == set()
    source = "import q\ndef used(x): return q.f\n@q.cache\ndef other(): return {}\n"
    assert kit.changes("a", source.format(1), source.format(2)) == set()


def test_what_another_modules_decorator_registers_counts(kit):
    kit.write("b", "STEPS = []\ndef keep(f):\n    STEPS.append(f)\n    return f\n")
    source = "from . import b\ndef used(x): pass\n@b.keep\ndef step(): return {}\n"
    assert kit.changes("a", source.format(1), source.format(2)) == {"a"}


# Sub-packages


@pytest.mark.parametrize(
    "source",
    [
        "from .near.deep.b import f\ndef used(x): return f(x)",
        "from .near.deep import b\ndef used(x): return b.f(x)",
        "from .near import deep\ndef used(x): return deep.b.f(x)",
        "from . import near\ndef used(x): return near.deep.b.f(x)",
        "from kit.near.deep import b as c\ndef used(x): return c.f(x)",
        "from kit.near.deep.b import f as g\ndef used(x): return g(x)",
        "import kit.near.deep.b as c\ndef used(x): return c.f(x)",
        "import kit.near.deep.b\ndef used(x): return kit.near.deep.b.f(x)",
        "def used(x):\n    from .near.deep import b\n    return b.f(x)",
        "from .near.deep.b import *\ndef used(x): return f(x)",
        "from .near.deep import *\ndef used(x): return b.f(x)",
        "from .near.c import through\ndef used(x): return through(x)",
        "from .near.deep.d import up\ndef used(x): return up(x)",
        "def used(x): return 'kit.near.deep.b.f'",
        "def used(x): return 'kit.near.deep.b:f'",
    ],
)
def test_every_way_to_reach_a_module_two_folders_down_counts(kit, source):
    kit.write("a", source)
    kit.write("near/c", "from .deep import b\nfrom .deep.b import f as through\n")
    kit.write("near/deep/d", "from ..c import b\ndef up(x): return b.f(x)\n")
    key = "near/deep/b"
    assert kit.changes(key, DEEP.format(1), DEEP.format(2)) == {key}
    whole = {"import *", "deep.b:f"}
    unused = kit.changes(key, DEEP, DEEP.replace("return 0", "return 1"))
    assert unused == ({key} if any(way in source for way in whole) else set())


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("near/deep/a", "from . import b\ndef used(x): return b.f(x)"),
        ("near/deep/a", "from .b import f\ndef used(x): return f(x)"),
        ("near/a", "from .deep import b\ndef used(x): return b.f(x)"),
        ("other/a", "from ..near.deep.b import f\ndef used(x): return f(x)"),
        ("other/far/a", "from ...near.deep import b\ndef used(x): return b.f(x)"),
        ("other/far/a", "from ... import near\ndef used(x): return near.deep.b.f(x)"),
    ],
)
def test_a_relative_import_is_read_from_where_it_stands(kit, place, source):
    kit.write(place, source)
    kit.cells(f"from kit.{place.replace('/', '.')} import used", "used(3)")
    kit.write("b", DEEP.format(0))
    key = "near/deep/b"
    assert kit.changes(key, DEEP.format(1), DEEP.format(2)) == {key}
    assert kit.changes(key, DEEP, DEEP.replace("return 0", "return 1")) == set()
    assert kit.changes("b", DEEP.format(1), DEEP.format(2)) == set()


@pytest.mark.parametrize(
    "cells", ["import kit.near.deep.b", "from kit.near.deep.b import f", "'kit.near.deep.b.f'"]
)
@pytest.mark.parametrize("package", ["__init__", "near/__init__", "near/deep/__init__"])
def test_the_packages_around_a_module_count(kit, cells, package):
    kit.write("near/deep/b", DEEP)
    kit.cells(cells)
    assert kit.changes(package, "print(1)\nX = 1", "print(2)\nX = 1") == {package}
    if cells.startswith("from"):
        assert kit.changes(package, "print(1)\nX = 1", "print(1)\nX = 2") == set()


def test_a_package_beside_that_is_not_used_does_not_count(kit):
    kit.write("near/deep/b", DEEP)
    kit.cells("from kit.near.deep.b import f")
    assert kit.changes("far/__init__", "print(1)", "print(2)") == set()
    assert kit.changes("near/c", "print(1)", "print(2)") == set()
    assert set(kit.prints()) == {"notebook", "text", "near/deep/b"}


@pytest.mark.parametrize(
    "cells",
    [
        "from kit import near\nnear.f(1)",
        "from kit.near import f",
        "import kit.near as n\nn.f(1)",
        "from kit.near import b\nb.f(1)",
    ],
)
def test_what_a_package_takes_from_its_modules_counts(kit, cells):
    kit.write("near/__init__", "from .deep.b import f\nfrom .deep import b\n")
    kit.cells(cells)
    assert kit.changes("near/deep/b", DEEP.format(1), DEEP.format(2)) == {"near/deep/b"}
    unused = DEEP.replace("return 0", "return 1")
    assert kit.changes("near/deep/b", DEEP, unused) == set()


def test_a_name_that_a_package_gives_to_something_else_counts_beside_the_module(kit):
    kit.write("near/b", DEEP)
    kit.cells("from kit.near import b", "b.f(1)")
    source = "from . import b\nclass other:\n    f = {}\nb = other\n"
    changes = kit.changes("near/__init__", source.format(1), source.format(2))
    assert changes == {"near/__init__"}
    assert kit.changes("near/b", DEEP.format(1), DEEP.format(2)) == {"near/b"}


@pytest.mark.parametrize("cells", ["from kit import near\nshow(near)", "'kit.near'", "what?"])
def test_where_a_whole_package_is_used_all_of_its_modules_count(kit, cells):
    kit.cells(cells)
    kit.write("near/deep/b", DEEP)
    assert kit.changes("near/c", "X = 1", "X = 2") == {"near/c"}
    unused = DEEP.replace("return 0", "return 1")
    assert kit.changes("near/deep/b", DEEP, unused) == {"near/deep/b"}


def test_a_folder_without_init_is_a_package_too(kit):
    kit.write("near/b", DEEP)
    (kit.package / "near/__init__.py").unlink()
    kit.cells("from kit.near.b import f")
    for value in (1, 2):
        (kit.package / "near/b.py").write_text(DEEP.format(value), encoding="utf-8")
        first, second = locals().get("second"), kit.prints()
    assert {name for name, _ in first.items() ^ second.items()} == {"near/b"}


def test_what_notes_what_was_done_does_not_count(kit, monkeypatch):
    monkeypatch.setattr(code_fingerprint, "BESIDE_THE_WORK", {("near", "b")})
    kit.cells("from kit.near import b\nb.f(1)")
    assert kit.changes("near/b", DEEP.format(1), DEEP.format(2)) == set()


def test_modules_beside_the_work_are_there():
    """A road that leads nowhere would make every stage depend on the learner's progress."""
    assert (
        code_fingerprint.sources().keys() >= code_fingerprint.BESIDE_THE_WORK
        and code_fingerprint.BESIDE_THE_WORK
    )


def test_the_package_is_found_wherever_the_module_stands():
    import helpers

    assert Path(helpers.__file__).resolve().parent == code_fingerprint.HERE
    assert code_fingerprint.sources()[("__init__",)] == code_fingerprint.HERE / "__init__.py"
    assert Path(code_fingerprint.__file__).resolve() in code_fingerprint.sources().values()


def test_all_machines_of_a_cluster_are_asked_for_modules_of_every_depth(kit, monkeypatch):
    kit.write("near/deep/b", "X = 1")
    monkeypatch.setattr(dask_cluster.code_fingerprint, "sources", lambda: SOURCES(kit.package))
    hashes = [dask_cluster._code()]
    kit.write("near/deep/b", "X = 2")
    hashes.append(dask_cluster._code())
    (kit.package / "near/deep/b.py").rename(kit.package / "near/deep/c.py")
    hashes.append(dask_cluster._code())
    assert len(set(hashes)) == 3


# The notebook


@pytest.mark.parametrize(
    "cells",
    [
        ["from kit import a", "show(lambda: a.used(3))"],
        ["from kit.a import used", "used(3)"],
        ["import kit.a", "kit.a.used(3)"],
        ["import kit", "kit.a.used(3)"],
        ["%matplotlib inline\nfrom kit import a\n!ls\na.used(3)"],
        ["from kit import a", "%%time\na.used(3)"],
        ["from kit import a", "(7\n% a.used(3)\n)"],
        ["def f():\n    from kit.a import used\n    return used(3)"],
        ["from kit.a import *"],
        ["'kit.a.used'"],
        ["an answer in words"],
    ],
)
def test_every_way_a_notebook_uses_a_helper_counts(kit, cells):
    kit.cells(*cells)
    assert kit.changes("a", BASE, BASE.replace("LIMIT = 3", "LIMIT = 4")) == {"a"}


def test_a_cell_that_can_not_be_parsed_uses_everything(kit):
    kit.cells("what?")
    assert kit.changes("b", DEEP, DEEP.replace("return 0", "return 1")) == {"b"}


def test_markdown_and_raw_cells_use_nothing(kit):
    kit.cells(cell("from kit import b", "markdown"), cell("kit.b.f", "raw"))
    assert kit.changes("b", "print(1)", "print(2)") == set()


def test_outputs_counts_and_ids_of_a_notebook_do_not_count(kit):
    kit.write("a", BASE)
    before = kit.prints()
    first = cell("from kit import a", outputs=[{"text": "new"}], execution_count=7, id="ab12")
    first["metadata"]["collapsed"] = True
    kit.cells(first, cell(["a.", "used(3)"], outputs=[]))
    assert kit.prints() == before


@pytest.mark.parametrize(
    "cells",
    [
        [cell("from kit import a", tags=["lesson"]), cell("a.used(3)")],
        [cell("from kit import a"), cell("a.used(4)")],
        [cell("from kit import a  # why"), cell("a.used(3)")],
        [cell("from kit import a"), cell("a.used(3)"), cell("A sentence.", "markdown")],
        [cell("from kit import a"), cell("a.used(3)", "raw")],
        [cell("a.used(3)"), cell("from kit import a")],
    ],
)
def test_sources_kinds_tags_and_order_of_cells_count(kit, cells):
    kit.write("a", BASE)
    before = kit.prints()
    kit.cells(*cells)
    assert kit.prints() != before


def test_a_cell_without_tags_is_one_with_none(kit):
    kit.write("a", BASE)
    before = kit.prints()
    plain = [{"cell_type": "code", "source": s, "metadata": {}} for s in
             ("from kit import a", "a.used(3)")]  # fmt: skip
    kit.cells(*plain)
    assert kit.prints() == before


def test_a_module_may_be_called_notebook(kit):
    kit.cells("from kit import notebook", "notebook.f()")
    assert kit.changes("notebook", "def f(): return 1", "def f(): return 2") == {"notebook"}
    before = kit.prints()
    kit.cells("from kit import notebook", "notebook.f(1)")
    assert kit.prints() != before


# Reasons, form and speed


def test_reasons_are_sentences_in_a_stable_order():
    names = ["clean", "drift", "errors", "features", "rows", "tables", "values"]
    before = {"notebook": "1", "clean": "2", "line": "3", "rows": "4"}
    after = {name: "5" for name in reversed(names) if name != "rows"}
    after |= {"line": "3", "notebook": "7"}
    reasons = ["the notebook has changed", *(f"helpers/{name}.py has changed" for name in names)]
    assert changed(before, after) == changed(after, before) == reasons
    assert changed(before, dict(reversed(before.items()))) == []


def test_a_fingerprint_is_short_hashes_in_a_stable_order(kit):
    kit.write("a", BASE + "from . import c, b\ndef used(x): return c.f, b.f\n")
    kit.write("b", DEEP)
    kit.write("c", DEEP)
    prints = kit.prints()
    assert list(prints) == ["notebook", "text", "a", "b", "c"]
    assert all(len(value) == 12 and int(value, 16) >= 0 for value in prints.values())
    assert kit.prints() == prints


def test_a_module_is_parsed_once_until_its_text_changes(kit, monkeypatch):
    kit.write("a", BASE)
    before = kit.prints()
    parse, parsed = code_fingerprint.ast.parse, []
    monkeypatch.setattr(
        code_fingerprint.ast, "parse", lambda s, *a: parsed.append(a) or parse(s, *a)
    )
    assert fingerprint(kit.notebook, kit.package) == before
    assert not any(parsed)  # cells only: they have no file name
    kit.write("a", BASE + "\n\nMORE = 1\n")
    fingerprint(kit.notebook, kit.package)
    assert [a[0] for a in parsed if a] == ["a"]


# The real notebooks


@pytest.fixture
def copy(tmp_path):
    """A copy of the helpers and the notebooks; gives the fingerprints of all stages."""
    for name in ("helpers", "notebooks"):
        source = code_fingerprint.HERE.parent / name
        shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))

    def prints() -> dict[int, dict[str, str]]:
        return {
            n: fingerprint(tmp_path / "notebooks" / name, tmp_path / "helpers")
            for n, name in NUMBERED.items()
        }

    prints.folder = tmp_path / "helpers"
    return prints


def stations(stage) -> set[str]:
    """The modules and packages of the top folder that a stage uses."""
    return {key.split("/")[0] for key in fingerprint(stage.path)}


@pytest.mark.parametrize("stage", [s for s in STAGES if not s.lesson], ids=lambda s: s.name)
def test_a_stage_uses_its_own_module_and_the_line(stage):
    assert {"notebook", stage.name, "line", "__init__"} <= stations(stage)


# Which other stations a stage uses: a split asks for features and cleans by what its training rows
# teach; what has a model needs all that the model holds. Whoever adds a name here makes the stage
# out of date with every edit over there.
OTHERS = {
    "collect": set(),
    "clean": set(),
    "features": {"split"},
    "split": {"clean", "features"},
    "train": {"clean", "features"},
    "evaluate": {"clean", "features"},
    "deploy": {"clean", "features"},
    "monitor": {"clean", "features"},
}


@pytest.mark.parametrize("stage", [s for s in STAGES if not s.lesson], ids=lambda s: s.name)
def test_a_stage_uses_no_other_station_but_those_that_it_must(stage):
    assert stations(stage) & OTHERS.keys() <= OTHERS[stage.name] | {stage.name}


WHERE_IT_LIES = pytest.mark.parametrize(
    "deep",
    [
        pytest.param(False, id="where it is", marks=pytest.mark.slow),
        pytest.param(True, id="two folders down"),
    ],
)


def two_folders_down(package: Path, name: str) -> Path:
    """Move a module of the package two folders down; what it defines is imported where it was."""
    (path,) = package.rglob(f"{name}.py")
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    names = [n for d in tree.body if not isinstance(d, ast.Import | ast.ImportFrom)
             for n in names_in_code.names_of(d)]  # fmt: skip
    moved = path.parent / "inner" / "deep" / f"{name}_deep.py"
    moved.parent.mkdir(parents=True)
    for folder in (moved.parent, moved.parent.parent):
        (folder / "__init__.py").touch()
    moved.write_text(re.sub(r"(?m)^( *from )\.", r"\1...", source), encoding="utf-8")
    face = f"from .inner.deep.{name}_deep import {', '.join(names)}\n"
    path.write_text(face, encoding="utf-8")
    return moved


def where(module: Path, copy) -> Path:
    return module.relative_to(copy.folder.parent)


@WHERE_IT_LIES
def test_whoever_loads_a_model_uses_what_is_in_it(copy, deep):
    path = (
        two_folders_down(copy.folder, "number_encoder")
        if deep
        else next(copy.folder.rglob("number_encoder.py"))
    )
    before = copy()
    source = path.read_text(encoding="utf-8")
    old = "class ToNumbers"
    path.write_text(source.replace(old, f"class Mark: pass\n\n\n{old}"), encoding="utf-8")
    assert copy() == before
    at = source.index("def transform", source.index(old))
    path.write_text(source[:at] + "mark = 1\n\n    " + source[at:], encoding="utf-8")
    after = copy()
    stale = {n: changed(before[n], after[n]) for n in after if before[n] != after[n]}
    assert stale == dict.fromkeys(range(3, 9), [f"{where(path, copy)} has changed"])


@WHERE_IT_LIES
def test_a_function_of_the_evaluation_concerns_no_earlier_stage(copy, deep):
    path = (
        two_folders_down(copy.folder, "importance")
        if deep
        else next(copy.folder.rglob("importance.py"))
    )
    before = copy()
    source = path.read_text(encoding="utf-8")
    path.write_text(source.replace("MOST_ROWS = ", "MOST_ROWS = 1 + "), encoding="utf-8")
    after = copy()
    assert {n: changed(before[n], after[n]) for n in after if before[n] != after[n]} == {
        6: [f"{where(path, copy)} has changed"]
    }


@pytest.mark.slow
def test_all_notebooks_are_read_in_a_moment():
    code_fingerprint._parsed.cache_clear()
    began = time.thread_time()
    for stage in STAGES:
        fingerprint(stage.path)
    took, began = time.thread_time() - began, time.thread_time()
    trees = [ast.parse(path.read_bytes()) for path in code_fingerprint.sources().values()]
    assert all(ast.dump(tree) for tree in trees)
    assert took < 5 * (time.thread_time() - began)  # both on this machine, whatever else runs


def test_a_sentence_changes_the_text_of_a_notebook_and_not_its_code(kit):
    kit.write("a", BASE)
    kit.cells(cell("from kit import a"), cell("A sentence.", "markdown"))
    before = kit.prints()
    kit.cells(cell("from kit import a"), cell("Another sentence.", "markdown"))
    assert changed(before, kit.prints()) == ["its text has changed"]


def test_opening_a_stage_with_globals_uses_nothing_by_that_word(kit):
    kit.write("line", "def start(number, run): pass\n")
    kit.cells("from kit import a, line", "work = line.start(3, globals())", "a.used(3)")
    assert kit.changes("b", "X = 1", "X = 2") == set()
    assert kit.changes("a", BASE, BASE.replace("x + OTHER", "x - OTHER")) == set()
    kit.cells("from kit import a, line", "work = line.start(3, globals()['run'])")
    assert kit.changes("b", "X = 1", "X = 2") == {"b"}


def test_without_lessons_their_cells_do_not_count(kit):
    kit.write("a", BASE)
    kit.write("b", DEEP.format(1))

    def prints(lesson: str, text: str, **how):
        kit.cells("from kit import a", "a.used(3)", cell(lesson, tags=["lesson"]),
                  cell(text, "markdown", tags=["lesson"]))  # fmt: skip
        code_fingerprint._parsed.cache_clear()
        return fingerprint(kit.notebook, kit.package, **how)

    first, second = ("x = 1", "One."), ("from kit import b\nb.f()", "Two.")
    assert prints(*first, lessons=False) == prints(*second, lessons=False)
    assert "b" in prints(*second) and prints(*first)["text"] != prints(*second)["text"]
