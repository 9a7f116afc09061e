"""The target column: how its cells are read as labels.

A label is a label unless its cell is empty. A word that looks like "missing" (NA, -, unknown) is a
class as any other, unless a person names it (`no_label`); among measured numbers it is no label,
since no model of numbers could answer it. Either is said (see `label_findings`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from ..base.user_errors import InputError
from ..cells.as_texts import as_text
from ..cells.column_numbers import number_format
from ..cells.delivery_forms import fitted_plan
from ..cells.kinds import Kind, kind_of
from ..cells.known_words import BOOLEANS, MISSING_WORDS
from ..cells.other_forms import other_reader
from ..cells.reading_values import cell_reader
from ..cells.tidy_text import DASHES, repair_encoding, tidy
from .task_kind import REGRESSION, kind_of_values

CASES = ("auto", "merge", "keep")
COMMON_SPELLING = 0.2  # a spelling with this share of the other's cells is no slip
BEYOND = ("limit", "half", "missing")
BEFORE = sorted(MISSING_WORDS - {"none", "unknown"})  # no labels, to a plan of an earlier version


def draft_label(
    column: pd.Series, no_label: Iterable[str] = (), task: str = "auto", beyond: str = "limit",
    case: str = "auto",
) -> dict:  # fmt: skip
    """How the target is to be read: as it is, as numbers written as text, or as classes.

    `no_label` are texts that mean that no label is known, `task` is the parameter, `beyond` says
    what becomes of a measured "<5" (limit, half or missing), `case` of classes that differ in case
    alone: merge, keep, or auto (kept where they are letters, such as A and a, and both frequent).

    >>> draft_label(pd.Series(["yes", "Yes ", "no", "N/A", "yes"]))
    {'kind': 'class', 'values': ['N/A', 'no', 'yes'], 'no_label': []}
    >>> draft_label(pd.Series(["yes", "no", "N/A"]), ["n/a"])
    {'kind': 'class', 'values': ['no', 'yes'], 'no_label': ['n/a']}
    """
    named = {"no_label": sorted(no_label)}
    if not _holds_texts(column):
        holds = {"kind": "as it is", "holds": str(kind_of(column))}
        return holds | (named if no_label else {})
    words = Counter(_label_words(column, no_label).dropna().tolist())
    if (form := _number_form(words, str(column.name), task)) is not None:
        form |= {"beyond": beyond} if "beyond" in form else {}
        return {"kind": "number"} | form | named
    return {"kind": "class", "values": sorted(_spellings(words, case))} | named


def read_no_label(text: str) -> list[str]:
    """The parameter `no_label`: words of the target that mean no label, separated by commas.

    >>> read_no_label("U, n/a")
    ['U', 'n/a']
    """
    return [word for word in map(tidy, text.split(",")) if word]


def read_beyond_limit(rule: str) -> str:
    """The parameter `beyond_limit`, what becomes of a measured "<5"; raises InputError."""
    if rule not in BEYOND:
        raise InputError(f"beyond_limit is {', '.join(BEYOND[:-1])} or missing; it is '{rule}'.")
    return rule


def read_class_case(rule: str) -> str:
    """The parameter `class_case`, what becomes of classes that differ in case; or InputError."""
    if rule not in CASES:
        raise InputError(f"class_case is {', '.join(CASES[:-1])} or keep; it is '{rule}'.")
    return rule


def _holds_texts(column: pd.Series) -> bool:
    return pd.api.types.is_string_dtype(column.dtype) or column.dtype == object


def _number_form(words: Counter, name: str, task: str) -> dict | None:
    """How words read as numbers; None where they are classes.

    Words beside a few whole numbers (1, 2, 3 and U) are a class of their own; beside numbers that
    are measured they can't be.
    """
    measured = Counter({w: n for w, n in words.items() if any(mark.isdigit() for mark in w)})
    few = measured.total() < words.total() / 2
    form = None if few else number_format(measured, name=name)
    if form is None or task in ("binary", "multiclass"):
        return None if form is None or _unread(words, form) else form
    read = read_numbers(words, form)
    surely = (
        task == REGRESSION
        or "unit" in form
        or kind_of_values(pd.Series(list(read.values()))) == REGRESSION
    )
    return form if surely or not _unread(words, form) else None


def read_numbers(words: Iterable[str], form: dict) -> dict[str, float]:
    """What words read as by a number format; those that do not read are left out.

    >>> read_numbers(["1,5", "U"], {"style": "comma"})
    {'1,5': 1.5}
    """
    read = cell_reader({"kind": "number"} | form)
    return {word: found for word in words if (found := read(word)[0]) is not None}


def _unread(words: Counter, form: dict) -> list[str]:
    """The words that do not read as plain numbers: beyond a limit, or no numbers at all."""
    read = cell_reader({"kind": "number"} | form)
    return [word for word in words if read(word)[0] is None or read(word)[1] == "beyond"]


def _spellings(words: Counter, case: str) -> list[str]:
    """The commonest spelling of each class, whatever its case; others that are kept apart."""
    common: dict[str, str] = {}
    kept = []
    for spelling in sorted(words, key=lambda word: (-words[word], word)):
        first = common.setdefault(spelling.casefold(), spelling)
        is_class = case == "keep" or case == "auto" and _are_letters(words, spelling, first)
        kept += [spelling] if first == spelling or is_class else []
    return kept


def _are_letters(words: Counter, one: str, other: str) -> bool:
    """Whether two spellings are classes of a letter or two (alleles AA, Aa, aa), both frequent."""
    are_answers = all(word.casefold() in BOOLEANS for word in words)
    return len(one) <= 2 and not are_answers and words[one] > COMMON_SPELLING * words[other]


def read_label(column: pd.Series, plan: dict) -> pd.Series:
    """The target as its plan reads it; what it names as no label, and infinities, are missing.

    A class keeps the spelling of the plan, whatever its case; one that is not in it stays, unless
    it is a word for missing: its label has not come yet. A yes or no may come as 1 or true, a code
    001 as 1.0.
    """
    no_label = plan.get("no_label", BEFORE)
    if plan["kind"] == "class":
        known = spellings_of(plan["values"])
        words = _label_words(column, [*no_label, *(MISSING_WORDS - set(known))])
        return words.map(_class_reader(known), na_action="ignore")
    if plan["kind"] == "number":
        form = {key: said for key, said in plan.items() if key != "no_label"}
        words = _label_words(column, no_label)
        return words.map(_read_as_written(words.dropna(), form)).astype(float)
    return _as_it_is(column, plan)


def spelling_of(word: str, known: dict[str, str], otherwise: str | None = None) -> str | None:
    """The class that a word means, by `spellings_of`: its own spelling goes before its letters."""
    return known.get(word, known.get(word.casefold(), otherwise))


_AS_NUMBERS = {"1": True, "0": False, "1.0": True, "0.0": False}
_TRUE_OR_FALSE = {form: str(said) for form, said in (BOOLEANS | _AS_NUMBERS).items()}


def _class_reader(known: dict[str, str]) -> Callable[[str], str]:
    """What reads a word as one of the classes (`spellings_of`); another word stays as it is."""
    dashed = {form.translate(DASHES): value for form, value in known.items()}
    as_code = other_reader({"kind": "category", "values": list(known.values())})

    def read(word: str) -> str:
        found = spelling_of(word, known) or (as_code and as_code(word))
        plain = repair_encoding(word).casefold()
        return found or known.get(plain) or dashed.get(plain.translate(DASHES), word)

    return read


def spellings_of(values: Iterable[str]) -> dict[str, str]:
    """By a class in small letters its spelling; of a yes and a no, by their other forms, too.

    >>> [spellings_of(["No", "Yes"])[form] for form in ("yes", "1", "false")]
    ['Yes', 'Yes', 'No']
    """
    values = list(values)
    known = {value.casefold(): value for value in values}
    if len(known) < len(values):  # some differ in case alone, and are two classes
        return known | {value: value for value in values}
    truth = {_TRUE_OR_FALSE.get(form): value for form, value in known.items()}
    if len(known) != 2 or set(truth) != {"True", "False"}:
        return known
    return {form: truth[said] for form, said in _TRUE_OR_FALSE.items()} | known


def _as_it_is(column: pd.Series, plan: dict) -> pd.Series:
    """A target that had its type when it was planned; a later delivery may come in another form.

    In a text no word is a label, then, but numbers, or yes and no.
    """
    words = _label_words(column, [*plan.get("no_label", ()), *MISSING_WORDS])
    kind, planned = kind_of(column), plan.get("holds", "")
    if planned == Kind.BOOLEAN != kind:
        return words.map(lambda v: _TRUE_OR_FALSE.get(v.casefold(), v), na_action="ignore")
    if kind == Kind.TEXT:
        column = _numbers_or_words(words)
    else:
        column = column.mask(words.isna())
        column = column.astype("Int64") if kind == Kind.BOOLEAN != planned and planned else column
    if pd.api.types.is_float_dtype(column.dtype):
        return column.where(np.isfinite(column.astype(float)))
    return column


def _numbers_or_words(words: pd.Series) -> pd.Series:
    """The numbers that words say in any form; where some are none, texts of all."""
    distinct = words.dropna().unique()
    flags = {"flags": True} if set(map(str.casefold, distinct)) <= set(_TRUE_OR_FALSE) else {}
    read = _read_as_written(words.dropna(), flags)
    if len(read) == len(distinct):
        return words.map(read).astype(float)
    return words.map({word: as_text(read.get(word, word)) for word in distinct})


def _read_as_written(words: pd.Series, form: dict) -> dict[str, float]:
    """What words read as by a number format, with the decimal sign that they have throughout."""
    fitted = fitted_plan(Counter(words.tolist()), {"kind": "number"} | form)[0]
    return read_numbers(words.unique(), fitted)


def _label_words(column: pd.Series, no_label: Iterable[str]) -> pd.Series:
    """The target's cells as tidy texts; empty ones, and those named as no label, are missing."""
    text = column.map(lambda value: tidy(as_text(value)), na_action="ignore").astype("str")
    return text.mask(_is_named(text, ["", *no_label]))


def _is_named(text: pd.Series, words: Iterable[str]) -> pd.Series:
    return text.str.casefold().isin([tidy(word).casefold() for word in words])
