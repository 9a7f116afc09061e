"""The rule by which dependencies fill, overrule or dispute a cell: the one kernel of both forms."""

import pytest

from helpers.clean.dependency_vote import DISPUTED, FILLED, KEPT, OVERRULED, DependencyVote


def vote(*agree: float, sure: bool = False) -> DependencyVote:
    """A vote of as many dependencies; all of them know Salem and Boston."""
    known = {"01970": "Salem", "02108": "Boston"}
    more = {"sure": True} if sure else {}
    return DependencyVote([
        {"from": [f"key {n}"], "to": "city", "agree": share, "values": known} | more
        for n, share in enumerate(agree)
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("agree", "own", "votes", "kind"),
    [
        ([0.9], None, ["Salem"], FILLED),
        ([0.9, 0.9], None, ["Salem", None], FILLED),
        ([0.9, 0.9], None, ["Salem", "Boston"], KEPT),  # they do not agree: the gap stays
        ([0.9, 0.9], "Boston", ["Salem", "Boston"], KEPT),  # one speaks for the cell
        ([0.9], "Boston", ["Salem"], DISPUTED),  # a known value against one vote
        ([0.9], "Salxm", ["Salem"], OVERRULED),  # a typing error of what the one vote gives
        ([0.9, 0.9], "Somewhere", ["Salem", "Salem"], DISPUTED),  # 81 to 1: less than 99
        ([0.95, 0.95], "Somewhere", ["Salem", "Salem"], OVERRULED),  # 361 to 1
        ([0.95, 0.95], "Boston", ["Salem", "Salem"], DISPUTED),  # less than 999: a known value
        ([0.97, 0.98], "Boston", ["Salem", "Salem"], OVERRULED),  # 1,584 to 1
        ([0.98, 0.97], "Somewhere", ["Salem", "Boston"], DISPUTED),
    ],
)
def test_a_verdict_follows_from_the_votes_and_their_odds(agree, own, votes, kind):
    found = vote(*agree).verdict(own, votes)
    assert found.kind == kind
    assert found.answer == ("" if kind == KEPT else "Salem")


def test_a_dependency_that_a_person_confirmed_is_enough():
    assert vote(0.6, sure=True).verdict("Boston", ["Salem"]).kind == OVERRULED
    assert vote(0.6).verdict("Boston", ["Salem"]).kind == DISPUTED


def test_a_row_is_asked_by_its_keys():
    two = DependencyVote([{"from": ["a", "b"], "to": "c", "agree": 1, "values": {"x | y": "z"}}])
    assert two.of_row({"a": "x", "b": "y", "c": None}).answer == "z"
    for row in ({"a": "x", "b": None, "c": None}, {"a": None, "b": "y", "c": None},
                {"a": "x", "b": "y", "c": "z"}, {"a": "q", "b": "y", "c": None}):  # fmt: skip
        assert two.of_row(row).kind == KEPT
