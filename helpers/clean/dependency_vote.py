"""The vote on one cell by the dependencies that give its column: one rule for one row or many.

A dependency `from → to` holds the value of each key that enough rows agree on. The table form of
the repair (`repair_by_dependency`) asks `verdict` once for each distinct combination of votes, the
one-row form (`one_row_repair`) once a row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .row_evidence import RowEvidence
from .typing_errors import is_typing_error

UNHEARD_ODDS, HEARD_ODDS = math.log(99), math.log(999)  # to overrule a new value, a known one
FILL_ODDS = math.log(19)  # to fill a gap against another vote
EVIDENCE_ODDS = math.log(99)  # to overrule a known value by all columns of its row
PERSON_ODDS = math.log(9)  # where a person has confirmed the dependency
MOST_EXCEPTIONS = 0.05  # of a dependency that fills gaps: rows that no error explains
SUREST = 0.999  # no vote weighs more
KEPT, FILLED, OVERRULED, DISPUTED = "", "filled", "dependency", "disputed"
BY_SOURCES = "sources"  # filled or overruled by the vote of several sources
CHANGED = (FILLED, OVERRULED, BY_SOURCES)
PASSES = 2  # a second one for rows in which the first has repaired what others are given by
NO_CELLS: Mapping[str, str | None] = {}
JOIN = " | "  # between the values of a key of two columns


@dataclass(frozen=True)
class Verdict:
    """What becomes of a cell: KEPT, FILLED, OVERRULED, BY_SOURCES, or DISPUTED (a person decides).

    `answer` is the value that the first relation gives, "" where the cell is kept.
    """

    kind: str
    answer: str = ""


STAYS = Verdict(KEPT)


class Voter:
    """One dependency: the value that it gives, by the key, and how much its vote weighs.

    `odds` is the logarithm of p / (1 − p), where p is the share of rows that agree (`agree`), of
    those whose own value is sound: `errors` is the share of cells that the table has wrong.
    """

    def __init__(self, relation: dict):
        self.first, self.second = (*relation["from"], None)[:2]
        self.values = relation["values"]
        sound = min(relation["agree"] / (1 - relation.get("errors", 0)), SUREST)
        self.odds = math.log(max(sound, 0.001) / (1 - sound))
        self.by_person = relation.get("sure") is True
        self.odds = max(self.odds, FILL_ODDS) if self.by_person else self.odds
        self.of_sources = "source" in relation
        self.fills = self.by_person or _exceptions(relation) <= MOST_EXCEPTIONS

    def vote(self, cells: dict[str, str | None]) -> str | None:
        """What it gives in a row of texts by column; None where it knows nothing."""
        key = cells[self.first]
        if key is not None and self.second is not None:
            other = cells[self.second]
            key = None if other is None else key + JOIN + other
        return None if key is None else self.values.get(key)


def _exceptions(relation: dict) -> float:
    """The share of rows whose contradiction no error explains; all that a key of two columns has,
    as nothing else tells its errors apart."""
    errors = relation.get("wrong_key", 0.0) + relation.get("wrong", 0.0)
    return 1 - relation["agree"] - (errors if len(relation["from"]) == 1 else 0.0)


def _odds_by_answer(known: list[tuple[str, Voter]]) -> dict[str, float]:
    """The odds of each answer: those of all voters that give it, together."""
    odds: dict[str, float] = {}
    for vote, voter in known:
        odds[vote] = odds.get(vote, 0.0) + voter.odds
    return odds


class DependencyVote:
    """The vote of all dependencies that give one column.

    Where the relations have their error rates, a gap or a value that other rows have is judged by
    all columns of the row (see `row_evidence`); the rest as follows. A missing cell is filled when
    all that know it agree. A cell is overruled when no relation gives its value, and two relations
    or more agree on another, with odds of 99 to 1 (999 to 1 where the cell's value is known from
    other rows); or one does, and the cell looks like a typing error of it; or a person has
    confirmed one of them.

    >>> by_zip = {"from": ["zip"], "to": "city", "agree": 0.9, "values": {"01970": "Salem"}}
    >>> DependencyVote([by_zip]).verdict(None, ["Salem"])
    Verdict(kind='filled', answer='Salem')
    >>> DependencyVote([by_zip]).verdict("Sxlem", ["Salem"]).kind
    'dependency'
    """

    def __init__(self, relations: list[dict], others: list[dict] = ()):
        self.to = relations[0]["to"]
        self.voters = [Voter(relation) for relation in relations]
        self.listed = {value for relation in relations for value in relation["values"].values()}
        rated = all("wrong_key" in one for one in relations)
        self.evidence = RowEvidence(relations, list(others)) if rated else None
        self.names = self.evidence.names if self.evidence else []  # columns to be looked at

    def of_row(self, cells: dict[str, str | None]) -> Verdict:
        """The verdict on the cell of a row of texts by column."""
        own, votes = cells[self.to], [voter.vote(cells) for voter in self.voters]
        for vote in votes:
            if vote is not None and vote != own:
                return self.verdict(own, votes, cells)
        return STAYS  # nearly every row

    def verdict(
        self, own: str | None, votes: list[str | None], cells: Mapping[str, str | None] = NO_CELLS
    ) -> Verdict:
        """The verdict on a cell, by what each voter gives (None: nothing); one of them knows.

        `cells` has those of the columns in `names`.
        """
        known = [pair for pair in zip(votes, self.voters, strict=True) if pair[0] is not None]
        odds = _odds_by_answer(known)
        answer = max(odds, key=odds.get)
        if any(voter.of_sources for _, voter in known):
            return STAYS if own == answer else Verdict(BY_SOURCES, answer)
        if self.evidence and (own is None or own in self.listed):
            return self._by_evidence(own, votes, cells, odds)
        return self._weighed(own, answer, known, odds)

    def _by_evidence(self, own, votes: list, cells: Mapping, odds: dict[str, float]) -> Verdict:
        """The verdict on a gap or a known value, by all columns of the row."""
        others = sorted((value for value in odds if value != own), key=odds.get, reverse=True)
        if not others:
            return STAYS

        def likelier(value: str, other: str | None) -> float:
            return self.evidence.likelier(value, other, votes, cells)

        answer = max(others, key=lambda one: likelier(one, None))
        apart = min((likelier(answer, one) for one in others if one != answer), default=math.inf)
        if own is None:
            is_clear = min(likelier(answer, None), apart) > FILL_ODDS and self._fills(answer, votes)
            return Verdict(FILLED, answer) if is_clear else STAYS
        margin = likelier(answer, own) - self.evidence.error
        needed = PERSON_ODDS if self._is_vouched(answer, votes) else EVIDENCE_ODDS
        if apart > FILL_ODDS and margin > needed:
            return Verdict(OVERRULED, answer)
        return STAYS if own in odds or margin < -EVIDENCE_ODDS else Verdict(DISPUTED, answer)

    def _fills(self, answer: str, votes: list) -> bool:
        """Whether a dependency gives an answer whose exceptions are errors, nearly all of them.

        Rows with a gap may be rows of another kind: planes that no register has.
        """
        pairs = zip(votes, self.voters, strict=True)
        return any(voter.fills for vote, voter in pairs if vote == answer)

    def _is_vouched(self, answer: str, votes: list) -> bool:
        """Whether a dependency that a person has confirmed gives an answer."""
        pairs = zip(votes, self.voters, strict=True)
        return any(voter.by_person for vote, voter in pairs if vote == answer)

    def _weighed(self, own: str | None, answer: str, known: list, odds: dict) -> Verdict:
        """The verdict by the odds of the answers, the likeliest of which is given."""
        margin = 2 * odds[answer] - sum(odds.values())  # over all others together
        if own is None:
            return Verdict(FILLED, answer) if len(odds) == 1 or margin > FILL_ODDS else STAYS
        if own in odds:
            return STAYS
        if self.evidence and self._is_near_another(own, answer):
            return Verdict(DISPUTED, answer)
        speak = [voter for vote, voter in known if vote == answer]
        overruled = self._outvoted(own, answer, speak, margin, len(odds) == 1)
        return Verdict(OVERRULED if overruled else DISPUTED, answer)

    def _outvoted(self, own, answer: str, voters: list[Voter], margin: float, alone: bool) -> bool:
        """Whether the voters for an answer are enough to overrule the cell."""
        if any(voter.by_person for voter in voters):
            return margin > 0
        unheard = own not in self.listed
        if len(voters) == 1:
            return alone and unheard and is_typing_error(own, answer)
        return margin > (UNHEARD_ODDS if unheard else HEARD_ODDS)

    def _is_near_another(self, own: str, answer: str) -> bool:
        """Whether a cell is a typing error of another value rather than of an answer."""
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extractOne

        if OSA.distance(own, answer, score_cutoff=1) <= 1:
            return False
        return extractOne(own, self.listed, scorer=OSA.distance, score_cutoff=1) is not None
