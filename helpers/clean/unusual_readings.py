"""What cleaning read otherwise than it is written: a sentence a kind, for the findings of stage 2.

The log of changes has every cell; this says what a reader of the front page would want to know.
"""

from __future__ import annotations

import pandas as pd

from ..cells.as_texts import as_text
from ..cells.date_formats import OF_NUMBERS, date_of
from ..cells.kinds import Kind, kind_of
from ..cells.number_formats import PLAIN_NUMBER
from ..cells.other_forms import order_of
from ..cells.reading_values import cell_reader
from ..cells.tidy_text import tidy
from ..tables.odd_files import so_many, some
from ..tables.tidy_table import evenly_spaced_rows

NOTE = r"(?<=\d)\s?(?:\[\w{1,2}\]|[⁰¹²³⁴-⁹*†‡]+)$"  # behind a number, as in printed tables
MANY, MOST_FORMS, ONE_FORM = 20, 2_000, 0.95  # different words, words looked at, their share


def of(raw: pd.DataFrame, plan: dict, changes: pd.DataFrame) -> list[tuple[str, list, str]]:
    """How cells were read that say another thing than they seem: code, columns, and a sentence.

    Decimal commas, numbers with units, several forms of dates, words for missing. What did not
    read at all is in the review list.
    """
    own = {name: c for name, c in plan["columns"].items() if name in raw}
    gaps = changes[changes["kind"] == "missing word"].groupby("column", sort=False)
    return [
        (code, list(shown), says.format(some([f"{n:.40} ({how})" for n, how in shown.items()])))
        for code, says, shown in _readings(raw, own, gaps)
        if shown
    ]


def _readings(raw: pd.DataFrame, own: dict, gaps) -> list[tuple[str, str, dict[str, str]]]:
    """By kind of reading its code, the sentence, and by column what is shown of it."""
    return [
        ("decimal comma", "Read with a decimal comma: {}.", _with_commas(raw, own)),
        ("numbers as text", "Numbers with other marks, read as numbers: {}.", _as_text(raw, own)),
        ("some units", "Numbers with a unit and without one, read as of the same unit: {} (unit in "
         "columns.yaml).", _with_some_units(raw, own)),
        ("kinds of text", "Read as a kind of text with one form: {} (as words: kind: category in "
         "columns.yaml).", _of_forms(raw, own)),
        ("ordered words", "Words in an order, as numbers for the model: {} (ranks in columns.yaml; "
         "[] for none).", {n: " < ".join(p["ranks"]) for n, p in own.items() if p.get("ranks")}),
        ("several date forms", "Dates written in several forms: {}.", _date_forms(raw, own)),
        ("date order", "Day and month in the order that other cells show: {} (the other order: "
         "write 'day first' or 'month first' into review.csv, or formats in cleaning.yaml).",
         _orders(own)),
        ("numbered dates", "Numbers read as dates: {} (as numbers: kind: number in columns.yaml).",
         _numbered_dates(raw, own)),
        ("one form", "Kept as words, though all cells have one form: {}. Are these dates, times or "
         "amounts? (kind in columns.yaml).", _of_one_form(raw, own)),
        ("two-digit years", "Years of two digits: {} (pivot in cleaning.yaml).", _centuries(own)),
        ("words for missing", "Words taken for missing: {} (values? keep in columns.yaml).",
         {name: _most_frequent(cells) for name, cells in gaps}),
        ("words kept", "Kept as values, though they look missing: {} (missing in columns.yaml).",
         _kept(raw, own)),
    ]  # fmt: skip


def _has_comma(plan: dict) -> bool:
    return plan["kind"] == "number" and plan.get("style") == "comma"


def _with_commas(raw: pd.DataFrame, plans: dict) -> dict[str, str]:
    return {n: _as_read(raw[n], plan) for n, plan in plans.items() if _has_comma(plan)}


def _as_text(raw: pd.DataFrame, plans: dict) -> dict[str, str]:
    """The columns of numbers that are usually written with other marks than plain ones have."""
    return {n: _as_read(raw[n], plan) for n, plan in plans.items()
            if plan["kind"] == plan.get("usual") == "number" and not _has_comma(plan)}  # fmt: skip


def _with_some_units(raw: pd.DataFrame, plans: dict) -> dict[str, str]:
    """The columns in which some cells name a unit and others are plain numbers."""
    with_unit = [n for n, p in plans.items() if p["kind"] == "number" and p.get("unit")]
    words = {n: raw[n].dropna() for n in with_unit if kind_of(raw[n]) == Kind.TEXT}
    plain = {n: some.str.fullmatch(rf"\s*{PLAIN_NUMBER.pattern}\s*") for n, some in words.items()}
    return {n: f"{so_many(words[n][is_plain], 'cell')} such as ‘{words[n][is_plain].iloc[0]:.20}’ "
               f"beside ‘{words[n][~is_plain].iloc[0]:.20}’: all in {plans[n]['unit']}"
            for n, is_plain in plain.items() if is_plain.any() and not is_plain.all()}  # fmt: skip


def _of_forms(raw: pd.DataFrame, plans: dict) -> dict[str, str]:
    """The columns of times, ranges and so on, each with a cell that is written otherwise."""
    return {n: f"{plan['form']}{_in_one_form(raw[n], plan)}"
            for n, plan in plans.items() if "form" in plan}  # fmt: skip


def _in_one_form(column: pd.Series, plan: dict) -> str:
    read, some = cell_reader(plan), column.dropna().drop_duplicates().head(1_000).astype("str")
    other = next(((t, read(t)[0]) for t in some if read(t)[0] not in (None, t)), None)
    return f": ‘{other[0]:.30}’ is {other[1]:.30}" if other else ""


def _date_forms(raw: pd.DataFrame, plans: dict) -> dict[str, str]:
    """The date columns of several forms, each with a cell of the file in each form."""
    several = {n: c for n, c in plans.items() if len(c.get("formats", ())) > 1}
    return {n: ", ".join(f"‘{text:.30}’" for text in _a_cell_each(raw[n], plan))
            for n, plan in several.items()}  # fmt: skip


def _a_cell_each(column: pd.Series, plan: dict) -> list[str]:
    """By format of a plan the first cell that it reads, and no format before it."""
    words = column.dropna().drop_duplicates().to_frame("word")
    found: dict[str, str] = {}
    for word in evenly_spaced_rows(words, MOST_FORMS)["word"].map(as_text):
        form = next((f for f in plan["formats"] if date_of(tidy(word), f, plan)), None)
        found.setdefault(form, word)
    return [found.get(form, form) for form in plan["formats"]]


def _orders(plans: dict) -> dict[str, str]:
    """The date columns whose order another one shows: which is first, and why."""
    return {n: f"{order_of(p['formats'])} first, {p['follows']}" for n, p in plans.items()
            if "follows" in p}  # fmt: skip


def _centuries(plans: dict) -> dict[str, str]:
    """The date columns whose years of two digits are not those of the usual rule."""
    short = {n: p for n, p in plans.items() if any("%y" in f for f in p.get("formats", ()))}
    return {n: f"{p['pivot'] - 99} to {p['pivot']}" for n, p in short.items() if "pivot" in p}


def _kept(raw: pd.DataFrame, plans: dict) -> dict[str, str]:
    """The columns of names that hold words which look missing, with the number of cells."""
    kept = {n: p["keep"] for n, p in plans.items() if p.get("keep")}
    return {n: ", ".join(f"‘{w:.30}’; {so_many(raw[n][raw[n] == w], 'cell')}" for w in words)
            for n, words in kept.items()}  # fmt: skip


def _numbered_dates(raw: pd.DataFrame, plans: dict) -> dict[str, str]:
    """The columns of numbers that are read as dates, each with one."""
    dated = {n: raw[n].dropna() for n, p in plans.items()
             if p["kind"] == "date" and _are_numbers(raw[n], p)}  # fmt: skip
    found = {n: as_text(some.iloc[0]) for n, some in dated.items() if len(some)}
    read = {n: cell_reader(plans[n])(text)[0] for n, text in found.items()}
    return {n: f"‘{text}’ is {read[n]:%Y-%m-%d}" for n, text in found.items() if read[n]}


def _are_numbers(column: pd.Series, plan: dict) -> bool:
    return kind_of(column) == Kind.NUMBER or not OF_NUMBERS.keys().isdisjoint(
        plan.get("formats", [])
    )


def _of_one_form(raw: pd.DataFrame, plans: dict) -> dict[str, str]:
    """The columns of words that may be dates, times or amounts in a form that is not known."""
    words = {n: raw[n].dropna() for n, p in plans.items()
             if p["kind"] in ("category", "text") and kind_of(raw[n]) == Kind.TEXT}  # fmt: skip
    return {n: f"such as ‘{some.iloc[0]:.30}’" for n, some in words.items()
            if some.nunique() > MANY and _has_one_form(some.drop_duplicates())}  # fmt: skip


def _has_one_form(words: pd.Series) -> bool:
    """Whether words are of one form, most of it digits, in two or more groups or with a unit."""
    some = evenly_spaced_rows(words.to_frame("word"), MOST_FORMS)["word"].astype("str")
    bare = some.str.replace(NOTE, "", regex=True)
    forms = bare.str.replace(r"\d+([., ']\d+)+", "9.9", regex=True)
    forms = forms.str.replace(r"\d+", "9", regex=True).str.replace(r"[^\W\d_]+", "a", regex=True)
    form, share = forms.mode().iloc[0], forms.value_counts(normalize=True).iloc[0]
    has_digits = form.count("9") > 1 or form.startswith("9")
    if share < ONE_FORM or not has_digits or form == "9" and bare.equals(some):
        return False
    digits = some.str.count(r"\d").sum()
    return bool(digits > some.str.count(r"[^\W\d_]").sum())


def _as_read(column: pd.Series, plan: dict) -> str:
    """A cell whose text is no plain number, and what it was read as."""
    read = cell_reader(plan)
    for text in column.dropna().head(1_000).astype("str"):
        value, repair = read(text)
        if repair in ("number", "unit"):
            return f"‘{text:.30}’ is {value:.10g} {plan.get('unit', '')}".rstrip()
    return "now and then"


def _most_frequent(cells: pd.DataFrame) -> str:
    """The most frequent texts of some changed cells, and how many cells there are."""
    words = cells["before"].value_counts().index[:4]
    shown = ", ".join(f"‘{word:.30}’" for word in words)
    return f"{shown}; {so_many(cells, 'cell')}"
