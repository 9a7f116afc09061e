"""Rules by which cells of rarer forms are written as most of their column: codes, then names."""

from __future__ import annotations

from collections import Counter

from . import abbreviations, written_forms
from .written_forms import Rule, rewritten


def sure_rules(words: Counter, name: str = "") -> dict[str, str]:
    """By form what it becomes, where that is sure. `words` has the cells of each text.

    >>> names = [f"{n} {way}" for n in ("Kelvor", "Tosle") for way in ("Street", "St.")]
    >>> sure_rules(Counter(names))
    {'{text} St.': '{text} Street'}
    """
    codes = {r.form: r.becomes for r in written_forms.rules_of(words, name) if r.is_sure}
    names = abbreviations.rules_of(rewritten(words, codes))
    return codes | {rule.form: rule.becomes for rule in names if rule.is_sure}


def doubtful_rules(words: Counter, name: str = "") -> list[Rule]:
    """The rules that only a person can confirm, those of most cells first.

    >>> names = [f"{n} {way}" for n in ("Kelvor", "Tosle") for way in ("Dept", "Department")]
    >>> [rule.form for rule in doubtful_rules(Counter(names))]
    ['{text} Dept']
    """
    found = [*written_forms.rules_of(words, name), *abbreviations.rules_of(words)]
    doubts = [rule for rule in found if not rule.is_sure]
    return sorted(doubts, key=lambda rule: -rule.cells)[: written_forms.MOST_ASKED]
