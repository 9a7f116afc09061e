"""The glossary: its terms are in order, and each is set off in the notebook that explains it."""

import re
from functools import cache

import nbformat
import pytest

from helpers.base.places import REPOSITORY
from helpers.cells.tidy_text import fingerprint
from helpers.line.stage_list import STAGES

WHOLE = (REPOSITORY / "docs" / "glossary.md").read_text(encoding="utf-8")
PAGE, MORE, ELSEWHERE, PICTURES = re.split("^## .+$", WHOLE, flags=re.MULTILINE)
LINE = re.compile(r"^- \*\*(.+?)\*\* \((\d\d)\): (.+)$", re.MULTILINE)
TERMS = [(term, int(number)) for term, number, _ in LINE.findall(PAGE)]
OTHERS = re.findall(r"^- \*\*(.+?)\*\*: .+$", MORE, re.MULTILINE)
FURTHER = re.findall(r"^- \*\*(.+?)\*\*: .+$", ELSEWHERE, re.MULTILINE)
PICTURED = re.findall(r"^\| (?!picture|---)(.+?) \| (.+?) \|$", PICTURES, re.MULTILINE)
SIDE_BOX = re.compile(r"<details>.*?</details>", re.DOTALL)
# What is set off in a notebook's prose: side boxes are for those who know the words
SET_OFF = {
    stage.number: {
        words.casefold()
        for cell in nbformat.read(stage.path, as_version=4).cells
        if cell.cell_type == "markdown"
        for words in re.findall(r"\*{1,2}([^*\n]+)\*{1,2}", SIDE_BOX.sub("", cell.source))
    }
    for stage in STAGES
}


@cache
def all_words() -> str:
    """All that a reader may meet: the code, the notebooks, the pages; in letters and spaces."""
    files = [
        *(REPOSITORY / "helpers").rglob("*.py"),
        *(REPOSITORY / "notebooks").rglob("*.ipynb"),
        *(page for page in (REPOSITORY / "docs").glob("*.md") if page.name != "glossary.md"),
    ]
    return plain(" ".join(file.read_text(encoding="utf-8") for file in files))


def plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def is_set_off(term: str, number: int) -> bool:
    """Whether a notebook has a term in italics or bold, also in its plural."""
    forms = {term, f"{term}s", re.sub("y$", "ies", term)}
    return any(form.casefold() in SET_OFF[number] for form in forms)


def test_every_line_is_a_term_in_alphabetical_order():
    assert len(TERMS) == sum(line.startswith("- ") for line in PAGE.splitlines())
    names = [term.casefold() for term, _ in TERMS]
    assert names == sorted(set(names))
    assert 50 <= len(names) <= 95


@pytest.mark.parametrize(("term", "number"), TERMS)
def test_a_term_is_set_off_where_it_is_first_used(term, number):
    assert is_set_off(term, number)
    assert not [earlier for earlier in range(number) if is_set_off(term, earlier)]


@pytest.mark.parametrize(("terms", "part"), [(OTHERS, MORE), (FURTHER, ELSEWHERE)])
def test_words_beside_the_course_are_in_order_each_once(terms, part):
    assert len(terms) == sum(line.startswith("- ") for line in part.splitlines())
    names = [term.casefold() for term in terms]
    assert names == sorted(set(names))
    assert not set(names) & {term.casefold() for term, _ in TERMS}
    assert not {term.casefold() for term in OTHERS} & {term.casefold() for term in FURTHER}


@pytest.mark.parametrize("term", OTHERS)
def test_a_word_beside_the_course_is_met_somewhere(term):
    assert plain(term) in all_words()


def test_pictures_are_in_order_and_no_standard_term_is_one():
    pictures, standard = zip(*PICTURED, strict=True)
    assert list(pictures) == sorted(set(pictures)) and not set(pictures) & set(standard)


def test_what_is_said_of_the_fingerprint_is_what_the_code_does():
    (said,) = [text for term, _, text in LINE.findall(PAGE) if term == "fingerprint"]
    turned, same, as_well, *others = re.findall('"(.+?)"', said)
    assert fingerprint(turned) == fingerprint("New York") != fingerprint("York New")
    assert fingerprint(same) == fingerprint(as_well) and same != as_well
    digits, fewer, there, back = others
    assert fingerprint(digits) != fingerprint(fewer) == fingerprint(digits.replace(".", ""))
    assert fingerprint(there) != fingerprint(back)
    assert sorted(there.split("-")) == sorted(back.split("-")) and "order of words counts" in said
