"""What was taken for what in the target: the task, words that may mean missing, limits, spellings.

Each is a finding that says how many cells, and the switch that undoes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pandas as pd

from ..base.findings import Finding
from ..cells.as_texts import as_text
from ..cells.draft_column_plan import sentinels
from ..cells.kinds import is_number
from ..cells.known_words import MISSING_WORDS
from ..cells.number_formats import parse_beyond
from ..cells.tidy_text import tidy
from .label_column import COMMON_SPELLING, read_label
from .task_kind import Task

MAY_BE_A_CLASS = {"none", "unknown", "missing", "other", "tbd", "."}  # more often than not
LOOK_MISSING = MISSING_WORDS | {
    "unk", "undefined", "undetermined", "unspecified", "not known", "not given", "not applicable",
    "not recorded", "not specified", "no data", "nodata", "no answer", "no label", "unlabelled",
    "unlabeled", "refused", "don't know", "keine angabe", "k.a.", "k. a.", "s/d", "sin dato",
}  # fmt: skip
MERGED = (
    "{} has classes in more than one spelling, taken for one: {}. Do they differ? --set "
    "class_case=keep: each is a class of its own."
)
APART = (
    "{} has classes that differ in case alone, kept apart: {}. Are they one? "
    "--set class_case=merge."
)
ONE_LETTER = {"u", "x"}  # among numbers, or with few other classes of one letter
FEWEST_NUMBERS, MOST_LETTERS = 3, 5
SENTINELS = {"-1", "-9", "99", "-99", "999", "-999", "9999", "-9999"}
MOST_SHOWN = 5


def label_findings(
    column: pd.Series, plan: dict, task: Task, asked: str = "auto"
) -> Iterator[Finding]:
    """The findings on a raw target, read by its plan as this task; `asked` is the parameter `task`.

    >>> raw = pd.Series(["NA", "EMEA", "APAC"] * 9, name="region")
    >>> plan = {"kind": "class", "values": ["APAC", "EMEA", "NA"], "no_label": []}
    >>> task = Task("region", "multiclass", ("APAC", "EMEA", "NA"))
    >>> [found.code for found in label_findings(raw, plan, task)]
    ['task', 'label looks missing']
    """
    cells = Counter(tidy(as_text(value)) for value in column.dropna())
    cells.pop("", None)
    read = read_label(column, plan)
    if asked == "auto":
        yield _what_is_predicted(read.dropna(), task)
    yield from _words_of_classes(cells, plan, task)
    yield from _words_among_numbers(cells, plan, task.target)
    yield from _named_as_no_label(cells, plan, task.target)


def _what_is_predicted(labels: pd.Series, task: Task) -> Finding:
    """Which task the target was taken for, and how to say otherwise."""
    name, rows = task.target, f"{len(labels):,} rows"
    if task.is_regression:
        span = f"{labels.min():g} to {labels.max():g}"
        said = f"{name} is taken for a number ({rows}, {span}), so the task is regression"
        return Finding("task", "note", [name], f"{said}. Its values are names? --set "
                       f"task=multiclass.")  # fmt: skip
    shown = ", ".join(f"{one:.30}" for one in task.classes[:MOST_SHOWN])
    more = f" and {len(task.classes) - MOST_SHOWN} more" if len(task.classes) > MOST_SHOWN else ""
    kind = f"{name} is taken for {len(task.classes)} names ({shown}{more}; {rows}), so the task is"
    are_counted = is_number(labels) and len(task.classes) > 2
    otherwise = " Their order and distance mean something? --set task=regression." * are_counted
    severity = "warning" if are_counted else "note"
    return Finding("task", severity, [name], f"{kind} {task.kind}.{otherwise}")


def _words_of_classes(cells: Counter, plan: dict, task: Task) -> Iterator[Finding]:
    """Classes that look like words for missing, or like codes for it; and spellings in one."""
    if task.is_regression:
        yield from _codes_among_numbers(cells, plan, task.target)
        return
    words = _that_look_missing(cells, plan)
    if words:
        mild = all(word.casefold() in MAY_BE_A_CLASS for word in words)
        listed = ", ".join(list(words)[:MOST_SHOWN])
        message = (
            f"{task.target} says {_counted(words)}: kept as a class, though it may mean that no "
            f"label is known. If so: --set no_label='{listed}'."
        )
        yield Finding("label looks missing", "note" if mild else "warning", [task.target], message)
    for is_apart, says in ((False, MERGED), (True, APART)):
        if pairs := _frequent_spellings(cells, plan, is_apart):
            message = says.format(task.target, ", ".join(pairs[:MOST_SHOWN]))
            yield Finding("label spellings", "warning", [task.target], message)


def _codes_among_numbers(cells: Counter, plan: dict, name: str) -> Iterator[Finding]:
    """Numbers such as -999, repeated and far from all others, which may mean that none is known."""
    labels = read_label(pd.Series(list(cells.elements()), dtype="str"), plan)
    codes = sentinels(pd.to_numeric(labels, errors="coerce").astype(float))
    if codes:
        message = (
            f"{name} says {', '.join(codes)} in several rows, far from all other numbers: learnt "
            f"as it stands. If no label is known there: --set no_label='{', '.join(codes)}'."
        )
        yield Finding("label looks missing", "warning", [name], message)


def _that_look_missing(cells: Counter, plan: dict) -> dict[str, int]:
    """The kept words of a target that look like missing, the most frequent first."""
    named = {tidy(word).casefold() for word in plan.get("no_label", ())}
    kept = [(word, n) for word, n in cells.most_common() if word.casefold() not in named]
    numbers = sum(word.isdigit() for word, _ in kept)
    letters = sum(len(word) == 1 and word.isalpha() for word, _ in kept)
    is_odd_letter = numbers >= FEWEST_NUMBERS or 2 < letters <= MOST_LETTERS
    looks = LOOK_MISSING | (ONE_LETTER if is_odd_letter else set())
    codes = SENTINELS if numbers >= FEWEST_NUMBERS - 1 and len(kept) > 2 else set()
    return {word: n for word, n in kept if word.casefold() in looks or word in codes}


def _frequent_spellings(cells: Counter, plan: dict, is_apart: bool) -> list[str]:
    """Pairs of spellings that are both frequent, of one class or kept as two classes."""
    if plan["kind"] != "class":
        return []
    common: dict[str, str] = {}
    for value in sorted(plan["values"], key=lambda value: -cells[value]):
        common.setdefault(value.casefold(), value)
    others = {w: common[w.casefold()] for w in cells if common.get(w.casefold(), w) != w}
    return [f"‘{w}’ ({cells[w]:,}) with ‘{first}’ ({cells[first]:,})" for w, first in others.items()
            if (w in plan["values"]) == is_apart
            and (is_apart or cells[w] > COMMON_SPELLING * cells[first])]  # fmt: skip


def _words_among_numbers(cells: Counter, plan: dict, name: str) -> Iterator[Finding]:
    """What is no plain number in a measured target: beyond a limit, or without a label."""
    if plan["kind"] != "number":
        return
    numbers = read_label(pd.Series(list(cells), dtype="str"), plan)
    read = dict(zip(cells, numbers, strict=True))
    named = {tidy(word).casefold() for word in plan["no_label"]}
    beyond = {w: cells[w] for w in read if w.casefold() not in named and _is_beyond(w, plan)}
    if beyond:
        yield _beyond_a_limit(beyond, plan, name)
    lost = {w: cells[w] for w, x in read.items() if x != x and w not in beyond}
    lost = {w: n for w, n in lost.items() if w.casefold() not in named}
    if lost:
        yield _no_numbers(lost, name)


def _no_numbers(lost: dict[str, int], name: str) -> Finding:
    message = (
        f"{name} is measured, and {_counted(lost)} of its cells are no numbers: no label, so "
        f"these rows are set aside. Are they answers? --set task=multiclass."
    )
    return Finding("label is no number", "warning", [name], message)


def _is_beyond(word: str, plan: dict) -> bool:
    return parse_beyond(word, plan.get("style", "point")) is not None


def _beyond_a_limit(beyond: dict[str, int], plan: dict, name: str) -> Finding:
    rule = plan.get("beyond", "limit")
    how = {"limit": "taken for the limit itself", "half": "taken for half the limit below one",
           "missing": "no label, so these rows are set aside"}[rule]  # fmt: skip
    others = " or ".join(r for r in ("limit", "half", "missing") if r != rule)
    message = (
        f"{name} has {sum(beyond.values()):,} values beyond a limit ({_counted(beyond)}): {how} "
        f"(--set beyond_limit={others.replace(' or ', ', or =')})."
    )
    return Finding("label beyond a limit", "warning", [name], message)


def _named_as_no_label(cells: Counter, plan: dict, name: str) -> Iterator[Finding]:
    """What a person has named as no label: how many cells, and names that do not occur."""
    asked = plan.get("no_label", ())
    found = {w: n for w, n in cells.items() if w.casefold() in {tidy(a).casefold() for a in asked}}
    if found:
        message = f"{name} says {_counted(found)}: no label, as asked (no_label); set aside."
        yield Finding("no label", "note", [name], message)
    absent = [a for a in asked if tidy(a).casefold() not in {w.casefold() for w in found}]
    if absent:
        message = f"no_label names {', '.join(absent)}, which {name} does not hold."
        yield Finding("no label", "warning", [name], message)


def _counted(words: dict[str, int]) -> str:
    """Words with the number of their cells: ‘NA’ (26), ‘-’ (3)."""
    most = sorted(words.items(), key=lambda item: -item[1])
    shown = ", ".join(f"‘{word:.30}’ ({cells:,})" for word, cells in most[:MOST_SHOWN])
    return shown + (f" and {len(most) - MOST_SHOWN} more" if len(most) > MOST_SHOWN else "")
