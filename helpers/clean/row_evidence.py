"""What all columns of a row say of one cell: how much likelier one value of it is than another.

Each dependency between the cell and another column, whichever gives the other, either fits a value
or needs one more error in the row. What an error costs follows from how often the columns are wrong
(`error_rates`) and how rarely another row's value would fit by chance.
"""

from __future__ import annotations

import math

RARELY = 1e-4  # an exception that has not been seen again is as likely as this, or more


class RowEvidence:
    """The dependencies that give a column, and those by which it gives others.

    `voters` are relations with the column as `to`, `checks` those with it as their one key; all
    have their error rates. Each other column counts once.
    """

    def __init__(self, voters: list[dict], checks: list[dict]):
        self.voters, self.checks = voters, checks
        self.costs = [_cost(one) for one in voters]
        self.check_costs = [_cost(one) for one in checks]
        self.single = [one["from"][0] if len(one["from"]) == 1 else "" for one in voters]
        self.error = max((-math.log(_chance(one, one["wrong"])) for one in voters), default=0.0)

    def likelier(
        self, value: str, other: str | None, votes: list[str | None], beside: list[str | None]
    ) -> float:
        """How much likelier the row is where the cell's true value is one and not the other (log).

        It is without the cell's own error. `votes` are what the voters give (None: nothing),
        `beside` the cells of the columns that the checks give. Only columns that know something of
        both values count. No other value: all voters are wrong.
        """
        one, two = self._costs(value, votes, beside), self._costs(other, votes, beside)
        if other is None:
            return sum(two.values()) - sum(one.values())
        both = one.keys() & two.keys()
        return sum(two[name] for name in both) - sum(one[name] for name in both)

    def _costs(self, value: str | None, votes: list, beside: list) -> dict:
        """By other column what its cell costs where the value is right: 0 where it fits."""
        found = self._by_checks(value, beside) if value is not None else {}
        for name, vote, cost in zip(self.single, votes, self.costs, strict=True):
            if name and vote is not None:
                found[name] = max(found.get(name, 0.0), 0.0 if vote == value else cost)
        return found | self._by_pairs(value, votes, set(found))

    def _by_checks(self, value: str, beside: list[str | None]) -> dict[str, float]:
        """What the cells cost that the value itself gives."""
        found = {}
        for one, cell, cost in zip(self.checks, beside, self.check_costs, strict=True):
            given = one["values"].get(value)
            if given is not None and cell is not None:
                found[one["to"]] = 0.0 if given == cell else cost
        return found

    def _by_pairs(self, value: str | None, votes: list, known: set[str]) -> dict:
        """What keys of two columns cost, none of which has spoken alone."""
        found = {}
        for one, vote, cost in zip(self.voters, votes, self.costs, strict=True):
            names = set(one["from"])
            if len(names) > 1 and vote is not None and not known & names:
                known |= names
                found[tuple(one["from"])] = 0.0 if vote == value else cost
        return found


def _cost(relation: dict) -> float:
    """What a row costs in which the other column contradicts the value, as -log(probability)."""
    chance = _chance(relation, relation["wrong_key"])
    return -math.log(min(chance + max(relation["habit"], RARELY), 1.0))


def _chance(relation: dict, wrong: float) -> float:
    """How often a cell is wrong, and has the one other value that is seen."""
    return wrong / max(len(set(relation["values"].values())), 2)
