"""A fitted pipeline as plain data, for whatever runs it without Python: `scorer.js` is the first.

Each step describes itself beside its compiled form (`described`): a dict of texts, numbers, lists
and arrays that says all that the step has learnt, by a `kind` that a runtime knows. Cleaning is no
part of it: what goes in is a cleaned row.
"""

from __future__ import annotations

import base64
import zlib
from datetime import datetime

import numpy as np
import pandas as pd

from ..cells.value_forms import LEVELLED, level_of
from ..features.compiled_features import CompiledFeatures
from ..features.encoders import HELD, first_step
from ..features.formula_parts import MISSING_LEVEL
from .compiled import Compiled

LEVEL = 6  # of deflating
MOST_IN_TABLE = 65_535  # distinct numbers of an array that is stored as places in a table


def describe(compiled: Compiled) -> dict | None:
    """What a compiled pipeline does with a cleaned row; None where its model has no written form.

    Its parts: `features` (formulas, steps, which numbers are kept), `model`, and how probabilities
    become a class (`classes`, `places` of the model's own among them, `rule`).
    """
    model = compiled.model.described()
    return None if model is None else without_model(compiled) | {"model": model}


def without_model(compiled: Compiled) -> dict:
    """The same without `model`, for one that answers in its place."""
    return {"features": compiled.features.described()} | _answers(compiled)


def _answers(compiled: Compiled) -> dict:
    found = compiled.answers
    if found is None:
        return {"classes": []}
    rule = vars(found.rule) | {"weights": list(found.rule.weights)}
    return {"classes": list(compiled.task.classes), "places": found.places, "rule": rule}


def with_levels(said: dict, offered: dict[str, set[str]]) -> dict:
    """A description whose tables of some columns hold certain levels alone.

    A missing cell and a level that was never seen keep their numbers; any other level that is left
    out would be taken for one that was never seen.
    """
    steps = [_with_tables(step, offered) for step in said["features"]["steps"]]
    return said | {"features": said["features"] | {"steps": steps}}


def _with_tables(step: dict, offered: dict[str, set[str]]) -> dict:
    if "tables" not in step:
        return step
    return step | {
        "tables": [_cut(table, offered.get(table["column"])) for table in step["tables"]]
    }


def _cut(table: dict, offered: set[str] | None) -> dict:
    """A table of levels with the offered ones and its last row, that of unseen levels."""
    if offered is None:
        return table
    levels = [level for level in table["levels"] if level in offered or level == MISSING_LEVEL]
    kept = [table["levels"].index(level) for level in levels]
    return table | {"levels": levels, "numbers": table["numbers"][[*kept, -1]]}


def packed(description: dict) -> dict:
    """A description for a file of JSON: `arrays` in one deflated block, `data`, as base64.

    An array stands in `said` as {"array": n}, and `arrays` has for each its type and its length;
    float64 of few distinct values are places in a table of these, which comes first.
    """
    arrays: list[np.ndarray] = []
    said = _without_arrays(description, arrays)
    blocks = [_block(array) for array in arrays]
    content = zlib.compress(b"".join(content for _, content in blocks), LEVEL)
    about = [kind for kind, _ in blocks]
    return {"said": said, "arrays": about, "data": base64.b64encode(content).decode()}


def _without_arrays(part, arrays: list):
    """A description with references in the place of arrays, which are added to `arrays`."""
    if isinstance(part, np.ndarray):
        arrays.append(part.ravel())
        return {"array": len(arrays) - 1}
    if isinstance(part, dict):
        return {key: _without_arrays(value, arrays) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [_without_arrays(value, arrays) for value in part]
    return part.item() if isinstance(part, np.generic) else part


def _block(array: np.ndarray) -> tuple[list, bytes]:
    """The kind and sizes of an array, and its bytes (little-endian)."""
    if array.dtype.kind in "iu":
        kind = "<u2" if array.dtype == np.uint16 else "<u4"
        return [kind, len(array)], array.astype(kind).tobytes()
    array = array.astype("<f8")
    distinct, places = np.unique(array, return_inverse=True)
    if len(distinct) > MOST_IN_TABLE or 4 * len(distinct) > 3 * len(array):
        return ["<f8", len(array)], array.tobytes()
    content = distinct.tobytes() + places.astype("<u2").tobytes()
    return ["table", len(array), len(distinct)], content


def plain_rows(clean: pd.DataFrame, features: CompiledFeatures) -> list[dict]:
    """Cleaned rows as a description takes them: missing is None, a date is text (ISO 8601).

    A text that is looked up by a part of it (the domain of an address) becomes that part.
    """
    columns = {name: plain_cells(name, clean[name], features) for name in clean}
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def plain_cells(name: str, cells: pd.Series, features: CompiledFeatures) -> list:
    """The cleaned cells of one column, as `plain_rows` has them."""
    forms = {getattr(first_step(step.steps), "form", "")
             for step in features.steps if name in step.columns}  # fmt: skip
    form = next(iter(forms & set(LEVELLED)), "")
    return [_plain(cell, form) for cell in cells.astype(object)]


def _plain(cell, form: str):
    if cell is None or cell is pd.NaT or cell is pd.NA or cell != cell:
        return None
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, np.generic):
        return cell.item()
    return level_of(form, cell) if form else cell


def held_numbers(clean: pd.DataFrame, features: CompiledFeatures) -> list[list | None]:
    """By step the numbers of each row that a description does not make itself: rows × width."""
    return [_held(step, clean) for step in features.steps]


def _held(step, clean: pd.DataFrame) -> list | None:
    if step.described()["kind"] != HELD:
        return None
    return np.asarray(step.steps.transform(clean[step.columns]), dtype=float).tolist()
