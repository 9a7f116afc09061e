"""Words of names that a column has whole and cut short: `Kelvor Street` and `Kelvor St.`.

A short word stands for a long one where the rest of the name is the same. It is sure where the
short one ends in a point, or has no vowel and leaves out several letters, and no other word stands
so often in its place; all else is a doubt, for `Ann` is not `Annabel`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from .written_forms import Rule

MOST_NAMES, LONGEST_NAME, MOST_TOKENS = 20_000, 80, 8
FEWEST_CONTEXTS = 2  # names that have both, the rest being the same
WITHOUT_POINT, MUCH_LONGER = 3, 3  # so many for a word without a point; letters that it leaves out
VOWELS = set("aeiouy")
TIMES_OTHERS = 4  # so many times what any other word has in common with it
FIRST, MIDDLE, LAST = "{} {{text}}", "{{text}} {} {{text2}}", "{{text}} {}"


def rules_of(names: Counter) -> list[Rule]:
    """The rules by which words cut short are written out, or the other way where that is usual.

    `names` has the cells of each text.

    >>> names = [f"{n} {way}" for n in ("Kelvor", "Tosle", "Nuvane") for way in ("Street", "St.")]
    >>> [rule[:2] for rule in rules_of(Counter(names))]
    [('{text} St.', '{text} Street')]
    """
    if not 4 <= len(names) <= MOST_NAMES:
        return []
    places = _places(names)
    shared = _shared(places)
    found = []
    for (place, short), others in shared.items():
        long, both = others.most_common(1)[0]
        rivals = [n for word, n in others.items() if word != long]
        rival = max(rivals, default=0)
        if both >= FEWEST_CONTEXTS and both > rival and is_short_for(short, long):
            found.append(_rule(place, short, long, both, rival, places))
    return sorted(found, key=lambda rule: -rule.cells)


def _places(names: Counter) -> dict[tuple, Counter]:
    """By place and the rest of a name, the cells of each word that stands there."""
    found: dict[tuple, Counter] = defaultdict(Counter)
    for name, cells in names.items():
        tokens = name.split(" ") if len(name) <= LONGEST_NAME else []
        if 2 <= len(tokens) <= MOST_TOKENS:
            for at, token in enumerate(tokens):
                rest = (" ".join(tokens[:at]).casefold(), " ".join(tokens[at + 1 :]).casefold())
                found[(_place(at, len(tokens)), *rest)][token] += cells
    return found


def _place(at: int, of: int) -> str:
    return FIRST if at == 0 else LAST if at == of - 1 else MIDDLE


def _shared(places: dict[tuple, Counter]) -> dict[tuple[str, str], Counter]:
    """By place and word, how often each other word stands in the same place of the same name."""
    found: dict[tuple[str, str], Counter] = defaultdict(Counter)
    for (place, *_), words in places.items():
        if 2 <= len(words) <= MOST_TOKENS:
            for word in words:
                found[place, word].update(other for other in words if other != word)
    return found


def is_short_for(short: str, long: str) -> bool:
    """Whether a word may be another one cut short: its letters in order, and the same first.

    >>> is_short_for("St.", "Street"), is_short_for("Dept", "Department")
    (True, True)
    >>> is_short_for("St", "Road")
    False
    """
    own, other = short.rstrip(".").casefold(), long.casefold()
    if not (own.isalpha() and other.isalpha() and 1 < len(own) <= len(other) - 2):
        return False
    return own[0] == other[0] and re.search(".*".join(map(re.escape, own)), other) is not None


def _rule(place: str, short: str, long: str, both: int, rival: int, places: dict) -> Rule:
    cells = Counter()
    for (where, *_), words in places.items():
        if where == place:
            cells.update({word: words[word] for word in (short, long)})
    rarer, usual = sorted((short, long), key=lambda word: (cells[word], word == long))
    evidence = f"{both} names have both {short} and {long}, the rest being the same"
    return Rule(place.format(rarer), place.format(usual), cells[rarer], evidence,
                _is_sure(short, long, both, rival))  # fmt: skip


def _is_sure(short: str, long: str, both: int, rival: int) -> bool:
    if both < TIMES_OTHERS * rival:
        return False
    if short.endswith("."):
        return True
    much = len(long) - len(short) >= MUCH_LONGER
    return both >= WITHOUT_POINT and much and not VOWELS & set(short.casefold())
