"""What all columns of a row say of one cell: how much likelier one value of it is than another.

Each dependency between the cell and another column, whichever gives the other, either fits a value
or needs one more error in the row. What an error costs follows from how often the columns are wrong
(`error_rates`) and how rarely another row's value would fit by chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

RARELY = 1e-4  # an exception that has not been seen again is as likely as this, or more


Cells = Mapping[str, str | None]


class RowEvidence:
    """The dependencies that give a column, and those by which it gives others.

    `voters` are relations with the column as `to`; `others` those from one column to another that
    tell of it or of a voter's key. All have their error rates. Each other column counts once.
    """

    def __init__(self, voters: list[dict], others: list[dict]):
        self.to = voters[0]["to"]
        self.voters = voters
        self.checks = [one for one in others if one["from"] == [self.to]]
        self.single = [one["from"][0] if len(one["from"]) == 1 else "" for one in voters]
        linked = {self.to, *self.single, *(one["to"] for one in self.checks)}
        self.confirming = {key: [one for one in others if one["from"] == [key]
                                 and one["to"] not in linked] for key in self.single}  # fmt: skip
        self.costs = [_cost(one) for one in voters]
        self.check_costs = [_cost(one) for one in self.checks]
        self.error = max((-math.log(_chance(one, one["wrong"])) for one in voters), default=0.0)
        every = [*self.checks, *(one for some in self.confirming.values() for one in some)]
        self.names = sorted(
            {name for one in every for name in (*one["from"], one["to"])} - {self.to}
        )

    def likelier(self, value: str, other: str | None, votes: list, cells: Cells) -> float:
        """How much likelier the row is where the cell's true value is one and not the other (log).

        It is without the cell's own error. `votes` are what the voters give (None: nothing),
        `cells` those of the columns in `names`. Only columns that know something of both values
        count. No other value: all voters are wrong.
        """
        one, two = self._costs(value, votes, cells), self._costs(other, votes, cells)
        if other is None:
            return sum(two.values()) - sum(one.values())
        both = one.keys() & two.keys()
        return sum(two[name] for name in both) - sum(one[name] for name in both)

    def _costs(self, value: str | None, votes: list, cells: Cells) -> dict:
        """By other column what its cell costs where the value is right: 0 where it fits."""
        found = self._by_checks(value, cells) if value is not None else {}
        for name, vote, cost in zip(self.single, votes, self.costs, strict=True):
            if name and vote is not None:
                cost = 0.0 if vote == value else cost + self._confirmed(name, cells)
                found[name] = max(found.get(name, 0.0), cost)
        return found | self._by_pairs(value, votes, set(found))

    def _by_checks(self, value: str, cells: Cells) -> dict[str, float]:
        """What the cells cost that the value itself gives."""
        found = {}
        for one, cost in zip(self.checks, self.check_costs, strict=True):
            given, cell = one["values"].get(value), cells.get(one["to"])
            if given is not None and cell is not None:
                found[one["to"]] = 0.0 if given == cell else cost
        return found

    def _confirmed(self, key: str, cells: Cells) -> float:
        """What it adds that a third column fits a key, or not: a wrong key rarely fits."""
        fits, fails = [0.0], [0.0]
        for one in self.confirming[key]:
            given, cell = one["values"].get(cells.get(key)), cells.get(one["to"])
            if given is not None and cell is not None:
                if given == cell:
                    fits.append(math.log(_values(one)))
                else:
                    fails.append(-math.log(one["wrong"]))
        return max(fits) - max(fails)

    def _by_pairs(self, value: str | None, votes: list, known: set[str]) -> dict:
        """What keys of two columns cost, none of which has spoken alone."""
        found = {}
        for one, vote, cost in zip(self.voters, votes, self.costs, strict=True):
            names = set(one["from"])
            if len(names) > 1 and vote is not None and not known & names:
                known |= names
                found[tuple(one["from"])] = 0.0 if vote == value else cost
        return found


def others_of(to: str, voters: list[dict], relations: list[dict]) -> list[dict]:
    """The relations from one column to another that tell of a column, or of a key that gives it."""
    keys = {to, *(one["from"][0] for one in voters if len(one["from"]) == 1)}
    return [one for one in relations if "wrong_key" in one and one["to"] != to
            and len(one["from"]) == 1 and one["from"][0] in keys]  # fmt: skip


def _cost(relation: dict) -> float:
    """What a row costs in which the other column contradicts the value, as -log(probability)."""
    chance = _chance(relation, relation["wrong_key"])
    return -math.log(min(chance + max(relation["habit"], RARELY), 1.0))


def _chance(relation: dict, wrong: float) -> float:
    """How often a cell is wrong, and has the one other value that is seen."""
    return wrong / _values(relation)


def _values(relation: dict) -> int:
    """How many values a dependency can give."""
    return max(len(set(relation["values"].values())), 2)
