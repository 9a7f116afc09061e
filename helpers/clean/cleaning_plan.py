"""The cleaning plan: drafted from the collected rows, written as YAML, read back and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import yaml

from ..base.user_errors import InputError, nearest
from ..base.yaml_texts import text_of, yaml_value
from ..cells import dates_together, words_kept
from ..cells.column_choices import with_choice
from ..cells.date_formats import is_format
from ..cells.draft_column_plan import draft_and_repair
from ..cells.durations import CLOCKS
from ..cells.number_formats import parse_number
from ..cells.reading_columns import repair_column
from ..cells.reading_values import KINDS
from ..cells.value_forms import FORMS
from . import (
    dependency_questions,
    doubtful_forms,
    functional_dependencies,
    repair_by_dependency,
    swapped_columns,
    typing_errors,
)
from .doubtful_cells import review_items_of
from .far_values import numbers_of
from .functional_dependencies import MANY_ERRORS, share_of_errors
from .known_limits import broken_limits
from .review_decisions import check_decisions

# In C where PyYAML was built with it: a plan may name thousands of values.
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
PLAN_KEYS = {
    "unit": "units",
    "formats": "date formats",
    "missing": "values that mean missing",
    "aliases": "aliases: other names of one thing",
    "rewrites": "forms that are written in another",
    "typos": "typing errors, with what was meant",
}
MOST_SPELLINGS = 100_000  # a column with more different values is no list of names to misspell


def draft_plan(frame: pd.DataFrame, about: dict | None = None, limits: str = "") -> dict:
    """A cleaning plan drafted from the collected rows: for each column, what it is, how to read it.

    `about` may bring what a person knows: `target` (left out of the plan), by column `limits`,
    `aliases`, `units` and how it is read (`columns`, see `helpers.cells.column_choices`), and
    `not_known`, the columns that are filled in too late to repair others by. `limits` adds more, as
    text: "wind_speed:0..253, age:0..120".

    >>> plan = draft_plan(pd.DataFrame({"weight": ["3 kg", "N/A", "4 kg"]}))
    >>> plan["columns"]["weight"]
    {'kind': 'number', 'unit': 'kg'}
    """
    return draft(frame, about, limits)[0]


def draft(frame: pd.DataFrame, about: dict | None = None, limits: str = "") -> tuple[dict, list]:
    """The plan (see `draft_plan`), and the review items that came up (see `doubtful_cells`)."""
    about = about or {}
    _check_names(frame)
    about = about | {"limits": about.get("limits", {}) | parse_limits(limits, frame.columns)}
    names = frame.columns.drop(about.get("target") or [], errors="ignore")
    plans, cleaned, swaps, found = draft_columns(
        frame, names, lambda column: _draft_one(column, column.name, about), _settled
    )
    learnt = swapped_columns.without_strangers(cleaned, swaps)
    related, likely = functional_dependencies.draft(
        cleaned, plans, exclude=about.get("not_known", ()), learn_from=learnt,
        errors=share_of_errors(frame, plans),
    )  # fmt: skip
    related = swaps + related
    return {"columns": plans} | ({"relations": related} if related else {}), found + likely


def _settled(frame: pd.DataFrame, plans: dict) -> dict:
    """The plans that the columns of a table give one another."""
    return dates_together.settled(frame, plans) | words_kept.settled(frame, plans)


def draft_columns(
    frame: pd.DataFrame, names: Iterable, draft_one: Callable[[pd.Series], tuple],
    settle: Callable[[pd.DataFrame, dict], dict] = lambda frame, plans: {},
) -> tuple[dict, pd.DataFrame, list, list]:  # fmt: skip
    """The plans of some columns, the columns cleaned by them, the swaps, and the review items.

    `draft_one` gives the plan of one column and what `repair_column` makes of it by that; `settle`
    the plans that columns together give, by name.
    """
    drafted = {str(name): draft_one(frame[name]) for name in names}
    together = settle(frame, {name: plan for name, (plan, _) in drafted.items()})
    drafted |= {n: (plan, repair_column(frame[n], plan)) for n, plan in together.items()}
    plans = {name: plan for name, (plan, _) in drafted.items()}
    swaps = swapped_columns.draft_swaps(frame, plans)
    put_back, swapped = swapped_columns.unswap(frame, plans, swaps)
    drafted |= {name: draft_one(put_back[name]) for name in swapped}
    plans, cleaned, found = _with_all_typos(put_back, drafted)
    return plans, pd.DataFrame(cleaned, index=frame.index), swaps, found


def _with_all_typos(frame: pd.DataFrame, drafted: dict) -> tuple[dict, dict, list]:
    """The plans with typing errors, the columns repaired by them, and the review items.

    `drafted` has each column's plan and the column repaired by it; it is used up.
    """
    typed, cleaned, found = _each_with_typos(frame, drafted), {}, []
    for name, (plan, likely) in typed.items():
        own = drafted.pop(name)[1]
        if "typos" in plan:
            own = repair_column(frame[name], plan)
        cleaned[name] = own[0]
        items = likely + review_items_of(frame[name], plan, own)
        found += [{"column": name} | one for one in items]
    return {name: plan for name, (plan, _) in typed.items()}, cleaned, found


def _each_with_typos(frame: pd.DataFrame, drafted: dict) -> dict[str, tuple[dict, list[dict]]]:
    """Each column's plan with its sure typing errors, and the likely ones.

    More of them count as sure where the table has many errors.
    """
    typed = {name: _with_typos(plan, own[0]) for name, (plan, own) in drafted.items()}
    if share_of_errors(frame, {name: plan for name, (plan, _) in typed.items()}) >= MANY_ERRORS:
        return {n: _with_typos(plan, own[0], many=True) for n, (plan, own) in drafted.items()}
    return typed


def _draft_one(column: pd.Series, name: str, about: dict) -> tuple[dict, tuple]:
    """The plan of a column, with what a person knows of it; and the column repaired by it."""
    limits = about["limits"].get(name)
    aliases = about.get("aliases", {}).get(name)
    plan, repaired = draft_and_repair(column, aliases, about.get("units", {}).get(name, ""))
    if chosen := about.get("columns", {}).get(name):
        plan = with_choice(column, plan, chosen)
        repaired = repair_column(column, plan)
    if limits is None and plan["kind"] == "number":
        limits = broken_limits(str(name), plan.get("unit", ""), numbers_of(repaired[0]))
    if limits is None:
        return plan, repaired
    if plan["kind"] != "number":
        raise InputError(f"limits name '{name}', which holds {plan['kind']}, not numbers.")
    plan |= {"limits": [float(bound) for bound in limits]}
    return plan, repair_column(column, plan)


def _check_names(frame: pd.DataFrame) -> None:
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise InputError(
            f"The table has more than one column '{twice[0]}': a plan needs a name for each. "
            f"Rename it at the source."
        )


def _with_typos(plan: dict, cleaned: pd.Series, many: bool = False) -> tuple[dict, list[dict]]:
    """The plan of a category with its surely mistyped values, and the likely ones."""
    if plan["kind"] != "category" or plan.get("note") or "form" in plan:
        return plan, []
    counts = cleaned.value_counts()
    if len(counts) > MOST_SPELLINGS:
        return plan, []
    sure, likely = typing_errors.typos(counts, many)
    items = [{"kind": "typo"} | one for one in likely]
    items += doubtful_forms.items_of(counts, str(cleaned.name))
    if not sure:
        return plan, items
    values = [value for value in plan["values"] if value not in sure]
    return plan | {"values": values, "typos": dict(sorted(sure.items()))}, items


def parse_limits(text: str, columns) -> dict[str, list[float]]:
    """Limits written as text: "wind_speed:0..253, age:0..120".

    >>> parse_limits("age:0..120", ["age"])
    {'age': [0.0, 120.0]}
    """
    parts = filter(None, (part.strip() for part in text.split(",")))
    return dict(_parse_limit(part, columns) for part in parts)


def _parse_limit(part: str, columns) -> tuple[str, list[float]]:
    name, _, bounds = part.rpartition(":")
    name, (low, _, high) = name.strip(), bounds.partition("..")
    low, high = parse_number(low), parse_number(high)
    if low is None or high is None or low > high:
        raise InputError(f"limits look like 'age:0..120, humid:0..100'; '{part}' does not.")
    if name not in columns:
        raise InputError(f"limits name no column '{name}'. {nearest(name, columns)}")
    return name, [low, high]


def overview(plan: dict) -> pd.DataFrame:
    """What a plan holds, line by line: how many columns of each kind, names merged, relations.

    >>> overview({"columns": {"paid": {"kind": "boolean"}}}).loc["boolean columns"].tolist()
    ['1', 'paid']
    """
    found = _kinds_in(plan["columns"]) | _entries_in(plan["columns"])
    for relation in plan.get("relations", []):
        kind = dependency_questions.name_of(relation)
        count, first = found.get(kind, (0, dependency_questions.in_words(relation)))
        found[kind] = (count + 1, first)
    found["decisions of a person, row by row"] = (len(plan.get("decisions", [])), "")
    rows = {what: (f"{n:,}", first) for what, (n, first) in found.items() if n}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["how many", "for example"])
    return table.rename_axis("the plan has")


def _kinds_in(columns: dict) -> dict[str, tuple[int, str]]:
    """How many columns there are of each kind, and the first three."""
    found = {}
    for kind in KINDS:
        names = [name for name, column in columns.items() if column["kind"] == kind]
        found[f"{kind} columns"] = (len(names), ", ".join(names[:3]))
    return found


def _entries_in(columns: dict) -> dict[str, tuple[int, str]]:
    """How many units, formats, words, aliases and typing errors there are, and the first two."""
    found = {}
    for key, what in PLAN_KEYS.items():
        named = [(name, column[key]) for name, column in columns.items() if column.get(key)]
        entries = [f"{name}: {entry}" for name, some in named for entry in _entries(some)]
        found[what] = (len(entries), ", ".join(entries[:2]))
    return found


def _entries(some) -> list[str]:
    """What stands under a key of a column's plan, as texts: pairs, values or one text."""
    if isinstance(some, dict):
        return [f"{old} → {new}" for old, new in some.items()]
    return [str(one) for one in some] if isinstance(some, list) else [str(some)]


def plan_text(plan: dict) -> str:
    """The plan as YAML, in the order of the columns."""
    return yaml.dump(plan, Dumper=DUMPER, sort_keys=False, allow_unicode=True, width=100)


def brief_text(plan: dict, most: int = 6) -> str:
    """The plan as YAML with long lists cut short, for reading only.

    >>> print(brief_text({"columns": {"x": {"values": ["a", "b", "c", "d"]}}}, most=2))
    columns:
      x:
        values:
        - a
        - b
        - … 2 more
    <BLANKLINE>
    """
    columns = {name: _brief(column, most) for name, column in plan["columns"].items()}
    rest = {key: [_brief(one, most) for one in plan[key]] for key in plan if key != "columns"}
    return plan_text({"columns": columns} | rest)


def _brief(content, most: int):
    """A mapping or list with its own lists and mappings cut short."""
    if isinstance(content, dict):
        cut = {k: _brief(v, most) for k, v in list(content.items())[:most]}
        return cut | ({"…": f"{len(content) - most:,} more"} if len(content) > most else {})
    if isinstance(content, list):
        more = [f"… {len(content) - most:,} more"] if len(content) > most else []
        return content[:most] + more
    return content


def open_plan(path: str, columns, target: str = "") -> dict:
    """A plan from a file (see `read_plan`)."""
    return read_plan(text_of(path, "cleaning plan"), columns, target)


def read_plan(text: str, columns, target: str = "") -> dict:
    """A plan from YAML that a person may have edited; checked against the table's columns.

    Raises InputError for what can't be followed, with the place.
    """
    plan = yaml_value(text, "The cleaning plan")
    if not isinstance(plan, dict) or not isinstance(plan.get("columns"), dict):
        raise InputError("The cleaning plan needs a mapping 'columns', one entry a column.")
    for name, column in plan["columns"].items():
        if name not in columns or (target and name == target):
            raise InputError(f"The plan names no column '{name}'. {nearest(name, columns)}")
        _check_column_plan(name, column)
    repair_by_dependency.check(plan.get("relations", []), plan["columns"])
    check_decisions(plan.get("decisions", []), plan["columns"])
    missing = [c for c in columns if c not in plan["columns"] and c != target]
    if missing:
        raise InputError(f"The plan says nothing about the column '{missing[0]}': add it.")
    return plan


def _check_column_plan(name: str, column) -> None:
    """Raise InputError when what a plan says of a column can't be followed."""
    if not isinstance(column, dict) or column.get("kind") not in KINDS:
        raise InputError(f"The plan needs a 'kind' for '{name}', one of: {', '.join(KINDS)}.")
    for key, (is_right, form) in PLAN_FORMS.items():
        if key in column and not is_right(column[key]):
            raise InputError(
                f"The plan's {key} for '{name}' can't be followed: {key} is {form}; it is "
                f"{column[key]!r:.60}."
            )


def _is_range(bounds) -> bool:
    numbers = isinstance(bounds, list) and all(
        type(bound) in (int, float) and np.isfinite(bound) for bound in bounds
    )
    return numbers and len(bounds) == 2 and bounds[0] <= bounds[1]


def _is_text(one) -> bool:
    return isinstance(one, str)


def _is_one_of(*words: str) -> Callable[[object], bool]:
    return lambda one: one in words


def _is_year(one) -> bool:
    return type(one) is int and 1000 <= one <= 9999


def _is_width(one) -> bool:
    return type(one) is int and 0 < one <= 40


def _is_flag(one) -> bool:
    return isinstance(one, bool)


def _are_texts(some) -> bool:
    return isinstance(some, list) and all(map(_is_text, some))


def _are_formats(some) -> bool:
    return _are_texts(some) and all(map(is_format, some))


def _are_pairs(some) -> bool:
    return isinstance(some, dict) and all(_is_text(t) for pair in some.items() for t in pair)


LIST, PAIRS = "a list of quoted text", "a mapping of quoted text to quoted text"
PLAN_FORMS = {  # what may stand under a key of a column's plan, and how an error calls it
    "limits": (_is_range, "[low, high], two numbers"),
    "style": (_is_one_of("point", "comma"), "point or comma"),
    "form": (_is_one_of(*FORMS), f"one of {', '.join(FORMS)}"),
    "clock": (_is_one_of(*CLOCKS), f"one of {', '.join(CLOCKS)}"),
    "beyond": (_is_one_of("limit", "half", "missing"), "limit, half or missing"),
    "unit": (_is_text, "quoted text"),
    "scale": (_is_one_of("thousands"), "thousands: k, M and B behind a number"),
    "zero": (_are_texts, LIST),
    "pivot": (_is_year, "the last year that two digits may mean"),
    "order": (_is_one_of("day", "month"), "day or month"),
    "formats": (_are_formats, "a list of date formats such as '%d.%m.%Y' or iso"),
    "values": (_are_texts, LIST),
    "ranks": (_are_texts, LIST),
    "template": (_is_text, "how a phone number is written, its digits as nines"),
    "width": (_is_width, "the number of digits of a code"),
    "flags": (_is_flag, "true or false"),
    "keep": (_are_texts, LIST),
    "missing": (_are_texts, LIST),
    "aliases": (_are_pairs, PAIRS),
    "rewrites": (_are_pairs, PAIRS),
    "typos": (_are_pairs, PAIRS),
}
