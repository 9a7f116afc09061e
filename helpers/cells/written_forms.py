"""Codes of one column in several forms: `AB-1234` and `AB1234`, `LOT-112` and `112`.

Most cells have one form; a rule writes another form in it (see `rewriting`). All evidence comes
from the column. A rule is sure where what it writes is there already, more often than chance would
have it, or where the words that differ only say that a number follows. All else is a doubt.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .rewriting import FIELD, form_of, matcher, rewriter

USUAL_FORM = 0.8  # of the cells: the form in which the others are written
LONGEST_CODE, MOST_WORDS = 40, 20_000
FEWEST_FOUND, FOUND = 2, 0.5  # different codes that are there already; their share
CHANCE = 0.001  # how probable it may be that so many are there by chance
MOST_ASKED = 6  # forms of a column that are asked about
SIGNS = re.compile(r"[\s\-_./:#]*")  # between the parts of a code, where they say nothing
NUMERO = {"no", "nr", "num", "number", "n°", "#"}  # words that only say: a number follows
MINUS = re.compile(r"(^|\s)[-.]$")  # a minus or a decimal point, not a sign between two parts


class Rule(NamedTuple):
    """Cells of a form, what they become, and why; `cells` have it."""

    form: str
    becomes: str
    cells: int
    evidence: str
    is_sure: bool


def rules_of(words: Counter, name: str = "") -> list[Rule]:
    """The rules by which codes of rarer forms are written in the usual one, the most cells first.

    `words` has the cells of each text, `name` is the column's.

    >>> codes = Counter({f"{a}-{n}": 5 for a in ("KV", "TO", "BR") for n in (2071, 4415, 9308)})
    >>> [rule[:2] for rule in rules_of(codes | Counter(["KV2071", "TO4415", "BR2071"]))]
    [('{word}{number}', '{word}-{number}')]
    >>> rules_of(Counter({"A-1": 9, "A1": 2, "B-7": 5}))[0].is_sure
    False
    """
    if len(words) > MOST_WORDS or not any(map(_has_digit, words)):
        return []
    codes = Counter({w: n for w, n in words.items() if len(w) <= LONGEST_CODE and _has_digit(w)})
    if codes.total() < USUAL_FORM * words.total():
        return []
    found = [rule for fits, by_words in KINDS for rule in _rules(codes, name, fits, by_words)]
    return sorted(found, key=lambda rule: -rule.cells)


def _has_digit(text: str) -> bool:
    return any(mark.isdigit() for mark in text)


def _rules(codes: Counter, name: str, fits: Callable, by_words: bool) -> list[Rule]:
    forms: dict[str, list[str]] = {}
    for code in codes:
        forms.setdefault(form_of(code, words=by_words), []).append(code)
    cells = {form: sum(codes[code] for code in own) for form, own in forms.items()}
    usual = max(cells, key=cells.get)
    if cells[usual] < USUAL_FORM * codes.total() or not FIELD.search(usual):
        return []
    odd = [form for form in forms if form != usual and fits(form, usual)]
    return [_rule(form, usual, forms, cells[form], name) for form in odd]


# --- Which forms may say the same ------------------------------------------------------------


def _differ_in_signs(form: str, usual: str) -> bool:
    """Whether two forms have the same parts in the same order, and only signs between them."""
    parts, others = FIELD.split(form), FIELD.split(usual)
    same = parts[1::2] == others[1::2] and {"number", "word"} <= set(parts[1::2])
    return same and all(map(SIGNS.fullmatch, parts[::2] + others[::2]))


def _lacks_words(form: str, usual: str) -> bool:
    """Whether two forms have the same numbers, and one of them no words beside them."""
    parts, others = FIELD.split(form), FIELD.split(usual)
    bare, told = (all(map(SIGNS.fullmatch, one[::2])) for one in (parts, others))
    return parts[1::2] == others[1::2] and bare != told


KINDS = ((_differ_in_signs, True), (_lacks_words, False))


# --- How sure it is --------------------------------------------------------------------------


def _rule(form: str, usual: str, forms: dict[str, list[str]], cells: int, name: str) -> Rule:
    own, there = forms[form], {code.casefold() for code in forms[usual]}
    write = rewriter({form: usual})
    found = sum(write(code).casefold() in there for code in own)
    told = {form, usual} - {"{number}"}
    only_says = all(says_that_a_number_follows(one, name) for one in told)
    chance = _chance([_fields(usual, code) for code in forms[usual]])
    enough = found >= max(FEWEST_FOUND, FOUND * len(own))
    sure = only_says or (enough and _at_least(found, len(own), chance) < CHANCE)
    first = min(own)
    evidence = f"{first} would be {write(first)}; of {len(own)} such codes {found} are there so"
    return Rule(form, usual, cells, evidence, sure)


def says_that_a_number_follows(form: str, name: str) -> bool:
    """Whether the words before a form's only number say nothing more: "No.", or the column's name.

    >>> says_that_a_number_follows("Lot no. {number}", "lots")
    True
    >>> [says_that_a_number_follows(form, "lots") for form in ("x{number}", "-{number}")]
    [False, False]
    """
    before, *fields = FIELD.split(form)
    if len(fields) != 2 or fields[-1] or MINUS.search(before):
        return False
    own = {part.removesuffix("s") for part in re.findall(r"[^\W\d_]+", name.casefold())}
    words = [*filter(None, re.split(r"[\s.\-_:]+", before.casefold()))]
    return bool(words) and all(word in NUMERO or word.removesuffix("s") in own for word in words)


def _fields(form: str, code: str) -> tuple[str, ...]:
    return tuple(matcher(form).fullmatch(code).groupdict().values())


def _chance(usual: Sequence[tuple[str, ...]]) -> float:
    """The share of all codes of a form, with such words and numbers in such a range, that occur."""
    room = math.prod(_room(set(part)) for part in zip(*usual, strict=True))
    return min(1.0, len(set(usual)) / max(room, 1))


def _room(values: set[str]) -> int:
    """How many values a part may have: the words that occur, all numbers of the range."""
    if not all(value.isascii() and value.isdigit() and len(value) < 16 for value in values):
        return len(values)
    return max(map(int, values)) - min(map(int, values)) + 1


def _at_least(found: int, tried: int, chance: float) -> float:
    """The probability of so many found by chance (binomial)."""
    return sum(
        math.comb(tried, k) * chance**k * (1 - chance) ** (tried - k)
        for k in range(found, tried + 1)
    )


# --- Numbers -----------------------------------------------------------------------------------


def bare_numbers(words: Counter, name: str) -> dict[str, str]:
    """Rules for numbers that some cells announce, where half of the cells are numbers alone.

    >>> bare_numbers(Counter({"7": 5, "12": 4, "No. 12": 3, "Lot 7": 1}), "lot")
    {'No. {number}': '{number}', 'Lot {number}': '{number}'}
    """
    if 2 * sum(n for word, n in words.items() if word[:1].isdigit()) < words.total():
        return {}
    told = (form_of(w) for w in words if not w[:1].isdigit() and len(w) <= LONGEST_CODE)
    found = {form for form in told if says_that_a_number_follows(form, name) and form != "{number}"}
    return dict.fromkeys(sorted(found, reverse=True), "{number}")


def rewritten(words: Counter, rules: dict[str, str]) -> Counter:
    """The cells of each text, written by some rules.

    >>> rewritten(Counter({"No. 7": 2, "7": 1}), {"No. {number}": "{number}"})
    Counter({'7': 3})
    """
    if not rules:
        return words
    write, found = rewriter(rules), Counter()
    for word, cells in words.items():
        found[write(word)] += cells
    return found
