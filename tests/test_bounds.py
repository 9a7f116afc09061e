"""What this project reads of other libraries that they do not promise to keep.

Four libraries have an upper bound in pyproject.toml for its sake. To allow the next version:
install it, run this file, and raise the bound. For scikit-learn and skrub run tests/test_scorer.py
and tests/test_table_scorer.py as well, for jupyter_client tests/test_kernels.py, for
openpyxl tests/test_excel.py.
"""

import ast
import tomllib
from importlib import import_module, metadata

import numpy as np
import pandas as pd
import pytest
from jupyter_client.asynchronous import AsyncKernelClient
from packaging.requirements import Requirement
from packaging.version import Version
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.preprocessing import OneHotEncoder

from helpers.base.places import REPOSITORY
from helpers.pipeline.trusted_types import TRUSTED

BOUNDED_BY = {"scikit-learn": "minor", "skrub": "minor", "jupyter_client": "major",
              "openpyxl": "minor"}  # fmt: skip
READ = {
    "_n_features_outs", "_predictors", "_baseline_prediction",  # scikit-learn
    "_handle_kernel_info_reply",  # jupyter_client
    "_worksheet_path",  # openpyxl
    "_shutdown", "_run_exitfuncs",  # Python: what it calls at its own exit
}  # fmt: skip
DOCUMENTED = {"_replace", "_asdict", "_fields", "_exit"}  # Python's, in spite of their names


def declared(name: str) -> Requirement:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    texts = [*project["dependencies"], *project["optional-dependencies"]["notebooks"]]
    return next(r for r in map(Requirement, texts) if r.name == name)


@pytest.mark.parametrize(("name", "step"), BOUNDED_BY.items())
def test_the_next_version_is_not_allowed_before_these_tests_passed_with_it(name, step):
    installed = Version(metadata.version(name))
    minor = f"{installed.major}.{installed.minor + 1}"
    following = minor if step == "minor" else f"{installed.major + 1}.0"
    assert declared(name).specifier.contains(installed)
    assert not declared(name).specifier.contains(following)


def test_an_encoder_tells_how_many_columns_each_of_its_columns_becomes():
    encoder = OneHotEncoder().fit(pd.DataFrame({"a": list("xyz"), "b": list("uvu")}))
    assert list(encoder._n_features_outs) == [3, 2]


def test_boosted_trees_and_their_start_are_where_they_are_read():
    x = np.arange(60.0).reshape(-1, 1)
    model = HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=5).fit(x, x[:, 0] > 30)
    ((tree, *_),) = (model._predictors[0],)
    fields = {"feature_idx", "num_threshold", "left", "right", "is_leaf", "depth", "value"}
    assert fields | {"is_categorical"} <= set(tree.nodes.dtype.names)
    assert len(model._predictors) == 3 and np.ravel(model._baseline_prediction).shape == (1,)


def test_a_client_takes_the_kernels_answer_as_it_is_given_to_it():
    assert callable(AsyncKernelClient._handle_kernel_info_reply)


@pytest.mark.parametrize("name", TRUSTED)
def test_what_a_stored_model_may_hold_is_found_by_its_name(name):
    module, _, kind = name.rpartition(".")
    assert isinstance(getattr(import_module(module), kind), type)


@pytest.mark.slow
def test_no_other_private_name_of_a_library_is_read():
    trees = {p: ast.parse(p.read_text("utf-8")) for p in (REPOSITORY / "helpers").rglob("*.py")}
    own = {name for tree in trees.values() for name in bound(tree)}
    read = {
        (path.name, node.attr)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and is_private(node.attr)
    }
    assert {(file, name) for file, name in read if name not in own | READ | DOCUMENTED} == set()


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def bound(tree: ast.AST):
    """The private names that a module gives to what is its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
