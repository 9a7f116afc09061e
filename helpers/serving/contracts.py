"""A bundle's schema as a contract for others, in the formats of libraries that check tables.

Frictionless: a Table Schema, plain JSON. pandera: its own JSON, written by the library. pointblank:
its YAML, checked by the library. Ranges are those beyond which `pipeline check` speaks.
"""

from __future__ import annotations

import importlib
import json

import yaml

from ..base import extras
from ..base.user_errors import InputError
from ..cells.date_formats import OF_NUMBERS
from ..pipeline.beyond_training import far_bounds
from .model_bundle import Bundle

NEEDS = "This needs {}, which is not installed: pip install 'pipeline-notebooks[contracts]'"
YES, NO = ["True", "true", "TRUE", "1", "1.0", "yes"], ["False", "false", "FALSE", "0", "0.0", "no"]


def as_contract(bundle: Bundle, form: str) -> str:
    """The text of a contract; InputError where the library of that format is not installed."""
    return WRITERS[form](bundle)


def _library(name: str):
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        package = name.partition(".")[0]
        raise InputError(extras.missing(package) or NEEDS.format(package)) from None


def _plans(bundle: Bundle) -> dict:
    return bundle.model["clean"].plan_["columns"]


def _is_plain(field: dict, plan: dict) -> bool:
    """Whether a column's cells are numbers as they stand, without unit or other marks."""
    return field["kind"] == "number" and "usual" not in plan and plan.get("style") != "comma"


def _frictionless(bundle: Bundle) -> str:
    """A Table Schema (https://specs.frictionlessdata.io/table-schema/)."""
    plans = _plans(bundle)
    fields = [_table_field(name, field, plans[name]) for name, field in bundle.fields.items()]
    schema = {"fields": fields, "missingValues": ["", "NA", "n/a", "null", "NaN", "nan", "None"]}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _table_field(name: str, field: dict, plan: dict) -> dict:
    """A field of a Table Schema: its type, format and constraints."""
    made: dict = {"name": name, "type": "string"}
    if _is_plain(field, plan):
        made["type"] = "number"
    elif field["kind"] == "boolean":
        made |= {"type": "boolean", "trueValues": YES, "falseValues": NO}
    elif field["kind"] == "date" and len(plan.get("formats", ())) == 1:
        made |= _of_date(field, plan["formats"][0])
    limits = {"required": True} if field["missing"] == 0 else {}
    if made["type"] == "number" and "range" in field:
        limits |= dict(zip(("minimum", "maximum"), far_bounds(*field["range"]), strict=True))
    if field["kind"] == "category" and "levels" in field:
        limits["enum"] = _levels(field)
    return made | ({"constraints": limits} if limits else {})


def _of_date(field: dict, form: str) -> dict:
    """The type of a date: of a day alone, or with a time."""
    timed = ":" in str(field.get("example", ""))
    if form in OF_NUMBERS:
        return {"type": "number"}
    if form == "iso":
        return {"type": "string"} if timed else {"type": "date"}
    return {"type": "string"} if timed else {"type": "date", "format": form}


def _levels(field: dict) -> list[str]:
    return [*field["levels"], *field.get("rare", ())]


def _pandera(bundle: Bundle) -> str:
    """pandera's own JSON of a `DataFrameSchema`."""
    pandera = _library("pandera.pandas")
    plans = _plans(bundle)
    columns = {}
    for name, field in bundle.fields.items():
        checks, kind = [], None  # a text has one type in pandas 2 and another one in pandas 3
        if _is_plain(field, plans[name]):
            kind = "float64"
            bounds = far_bounds(*field["range"]) if "range" in field else None
            checks = [pandera.Check.in_range(*bounds)] if bounds else []
        elif field["kind"] == "category" and "levels" in field:
            checks = [pandera.Check.isin(_levels(field))]
        columns[name] = pandera.Column(
            kind, checks, nullable=field["missing"] > 0, coerce=kind == "float64"
        )
    return pandera.DataFrameSchema(columns).to_json(indent=2) + "\n"


def _pointblank(bundle: Bundle) -> str:
    """pointblank's YAML: a step a column and rule, on a file rows.csv beside it, texts as texts."""
    pointblank = _library("pointblank")
    plans, steps = _plans(bundle), []
    for name, field in bundle.fields.items():
        steps.append({"col_exists": {"columns": name}})
        if field["missing"] == 0:
            steps.append({"col_vals_not_null": {"columns": name}})
        if _is_plain(field, plans[name]) and "range" in field:
            low, high = far_bounds(*field["range"])
            between = {"columns": name, "left": low, "right": high, "na_pass": True}
            steps.append({"col_vals_between": between})
        if field["kind"] == "category" and "levels" in field:
            steps.append({"col_vals_in_set": {"columns": name, "set": _levels(field)}})
    table = {"python": _reading_of(bundle)}
    text = yaml.safe_dump({"tbl": table, "steps": steps}, sort_keys=False, allow_unicode=True)
    pointblank.validate_yaml(text)
    return text


def _reading_of(bundle: Bundle) -> str:
    """The call of pandas that reads a CSV file; codes keep their zeros, and NA may be a word."""
    plans = _plans(bundle)
    texts = {n: "str" for n, field in bundle.fields.items() if not _is_plain(field, plans[n])}
    return f'pd.read_csv("rows.csv", dtype={texts!r}, keep_default_na=False, na_values=[""])'


WRITERS = {"frictionless": _frictionless, "pandera": _pandera, "pointblank": _pointblank}
