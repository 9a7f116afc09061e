"""Codes, names and numbers in several forms: what is sure is done, the rest is one question."""

import numpy as np
import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.cells.abbreviations import is_short_for
from helpers.cells.column_choices import read_choices
from helpers.cells.draft_column_plan import draft_column, learn_again
from helpers.cells.number_formats import parse_quantity
from helpers.cells.reading_values import cell_reader
from helpers.clean import doubtful_cells
from helpers.clean.cleaning_plan import draft, plan_text, read_plan
from helpers.clean.column_cleaner import Cleaner
from helpers.clean.columns_read import overview
from helpers.review.answered_table import AnsweredTable
from helpers.review.review_session import Session

NO_CHANGES = pd.DataFrame({"kind": [], "before": []})
LETTERS, TOWNS = list("BDFGKLMNPRSTVZ"), ["Kelvor", "Bramwick", "Tosle", "Nuvane", "Pelgrad"]


def column(usual, *others, cells=200, odd=6, name="part", seed=0) -> pd.Series:
    """A column of texts that `usual` draws, with `odd` cells written by each of some others."""
    draw = np.random.default_rng(seed)
    texts = [usual(draw) for _ in range(cells)]
    for number, at in enumerate(draw.choice(cells, odd * len(others), replace=False)):
        texts[at] = others[number % len(others)](texts[at])
    return pd.Series(texts, name=name, dtype="str")


def cleaned(column: pd.Series) -> pd.Series:
    table = column.to_frame()
    return Cleaner().fit(table).transform(table)[column.name]


def code(draw) -> str:
    """One of some hundred codes, of so many that a chance hit is rare."""
    own = np.random.default_rng(int(draw.integers(40)))
    return f"{''.join(own.choice(LETTERS, 2))}-{own.integers(1000, 9999)}"


def lot(draw) -> str:
    return f"QX-{draw.integers(100, 140)}"


def street(draw) -> str:
    return f"{draw.integers(1, 60)} {draw.choice(TOWNS)} Street"


WRITTEN = {
    "dashes": (column(code, lambda t: t.replace("-", ""), lambda t: t.replace("-", " ")),
               r"[A-Z]{2}-\d{4}"),
    "the word before it": (column(lot, lambda t: t[3:], name="qx"), r"QX-\d{3}"),
    "numero": (column(lambda d: f"No. {d.integers(1, 40)}", lambda t: t[4:]), r"No\. \d+"),
    "a street": (column(street, lambda t: t.replace("Street", "St."), odd=12), r".* Street"),
    "zeros": (column(lambda d: f"{d.integers(1, 400):04d}", lambda t: t.lstrip("0")), r"\d{4}"),
}  # fmt: skip


@pytest.mark.parametrize(("given", "form"), WRITTEN.values(), ids=WRITTEN)
def test_rarer_forms_are_written_as_the_usual_one(given, form):
    after = cleaned(given)
    assert after.str.fullmatch(form).all() and not given.str.fullmatch(form).all()
    assert (after == given).sum() >= len(given) - 12


def test_the_repair_is_in_the_log_and_a_new_code_is_read_so_too():
    table = WRITTEN["dashes"][0].to_frame()
    cleaner = Cleaner().fit(table)
    changes = cleaner.repair(table)[1]
    assert set(changes["kind"]) == {"rewritten"} and len(changes) == 12
    assert cell_reader(cleaner.plan_["columns"]["part"])("WQ7777") == ("WQ-7777", "rewritten")


def test_a_plan_with_rules_is_read_back_and_learnt_again():
    given = WRITTEN["dashes"][0]
    plan = draft(given.to_frame())[0]
    assert read_plan(plan_text(plan), ["part"]) == plan
    again, (after, _) = learn_again(given[:150], plan["columns"]["part"])
    assert again["rewrites"] == plan["columns"]["part"]["rewrites"]
    assert after.str.contains("-").all() and all("-" in value for value in again["values"])


SOUND = {
    "codes by chance alike": column(lambda d: f"{d.choice(list('ABC'))}{d.integers(1, 9)}",
                                    lambda t: f"{t[0]}-{t[1]}", odd=20),
    "a word that says something": column(lambda d: str(d.integers(1, 30)), lambda t: f"{t} old"),
    "other numbers": column(lot, lambda t: str(int(t[3:]) * 91), name="part"),
    "short names": column(lambda d: f"{d.choice(['Ann', 'Annabel'])} {d.choice(TOWNS)}"),
    "titles": column(lambda d: f"{d.choice(['Ms', 'Miss', 'Mr'])} {d.choice(TOWNS)}"),
    "negative": column(lambda d: str(d.integers(1, 50)), lambda t: f"-{t}", lambda t: f".{t}"),
    "numbers of any length": column(lambda d: str(d.integers(1, 5000)), lambda t: "007", odd=1),
}  # fmt: skip


@pytest.mark.parametrize("given", SOUND.values(), ids=SOUND)
def test_what_may_mean_another_thing_is_left_as_it_is(given):
    plan = draft_column(given)
    assert "rewrites" not in plan and "width" not in plan
    if plan["kind"] == "category":
        assert cleaned(given).tolist() == given.tolist()


def test_numbers_that_are_announced_are_numbers():
    given = column(lambda d: str(d.integers(1, 90)), lambda t: f"No. {t}", lambda t: f"lot {t}",
                   name="lot")  # fmt: skip
    assert cleaned(given).notna().all() and draft_column(given)["kind"] == "number"
    assert cleaned(pd.Series(["5", "6", "-7", "8"] * 9 + [".5"], name="x")).min() == -7


@pytest.mark.parametrize(
    ("text", "read"),
    [("12.0 (oz)", (12.0, "oz")), ("3 [kg]", (3.0, "kg")), ("(12)", (-12.0, "")),
     ("12 (about)", None), ("$(5.20)", (-5.2, "$"))],
)  # fmt: skip
def test_a_unit_in_brackets_is_a_unit(text, read):
    assert parse_quantity(text) == read


def test_words_cut_short():
    assert is_short_for("Blvd.", "Boulevard") and is_short_for("Dept", "Department")
    assert not is_short_for("Street", "St.") and not is_short_for("Rd", "Ridge Road")
    assert not is_short_for("Oak", "Oaks")


def test_columns_yaml_says_otherwise():
    table = WRITTEN["dashes"][0].to_frame()
    plan = draft(table, {"columns": read_choices("part: {rewrites: {}}", ["part"])})[0]
    assert "rewrites" not in plan["columns"]["part"]
    assert Cleaner(plan).fit(table).transform(table)["part"].tolist() == table["part"].tolist()
    shown = overview(table["part"], draft(table)[0]["columns"]["part"], NO_CHANGES)
    assert shown["rewrites"] == {"{word} {number}": "{word}-{number}",
                                 "{word}{number}": "{word}-{number}"}  # fmt: skip
    with pytest.raises(InputError, match="rewrites of 'part' is a mapping"):
        read_choices("part: {rewrites: 5}", ["part"])


# --- Questions --------------------------------------------------------------------------------


def asked(given: pd.Series):
    """The review of one column, its list alone, and the question that comes first."""
    plan, found = draft(given.to_frame())
    clean = Cleaner(plan).fit(given.to_frame()).transform(given.to_frame())
    session = Session(AnsweredTable(given.to_frame(), plan),
                      doubtful_cells.review_list(found, clean), more=False)  # fmt: skip
    return session, session.first()


DOUBTS = {
    "New York": (column(lambda d: d.choice(["NY", "Tosle", "Nuvane"]), lambda t: "New York"), 6),
    "initials": (column(lambda d: d.choice(["Kelvor Tosle Works", "Pelgrad"]), lambda t: "KTW"), 6),
    "Dept": (column(lambda d: f"{d.choice(TOWNS)} Department",
                    lambda t: t.replace("Department", "Dept"), odd=12), 12),
    "prefix": (column(lot, lambda t: t[3:]), 6),
}  # fmt: skip


@pytest.mark.parametrize(("given", "cells"), DOUBTS.values(), ids=DOUBTS)
def test_one_answer_settles_all_cells_of_a_doubt(given, cells):
    session, question = asked(given)
    assert session.total == 1 and question.has_yes
    assert session.answer(question.id, "yes").settled == cells
    assert session.first() is None


def test_per_cents_beside_shares_are_asked_about():
    given = column(lambda d: f"0.{d.integers(10, 99)}", lambda t: f"{t}%", name="rate")
    session, question = asked(given)
    at = given.str.endswith("%")
    assert cleaned(given)[at].min() >= 0.1 and question.cells == 6
    assert session.answer(question.id, "yes").settled == 6
    now = pd.Series(session.table.texts["rate"]).astype(float)
    assert now[at.to_numpy()].max() < 0.01 and now[~at.to_numpy()].min() >= 0.1


def test_plain_per_cents_raise_no_question():
    for given in (["12", "30", "45%"], ["0.1%", "0.5%", "0.7%"], ["0.1", "0.5", "0.7"]):
        assert asked(pd.Series(given * 20, name="rate"))[1] is None
