"""Identifiers: what columns of keys are called, and what their values look like."""

from __future__ import annotations

import re

import numpy as np

FEWEST_VALUES = 20  # with fewer, all of them may differ by chance
ID_NAME = ("id", "uuid", "guid", "key", "index", "nr", "no", "number", "unnamed: 0")
ENTITIES = """
    account acct animal applicant author batch borrower building business cage cardholder case child
    clerk client clinic company cow cust customer device dog donor driver email emp employee
    employer engine family farm farmer firm flock guest herd hospital host hostname household
    individual instrument lender litter lot machine member merchant meter mother mouse nest operator
    organisation organization owner pair panelist parcel participant passenger pat patient pen
    person phone pilot plate player plot probe pupil rat reader resident respondent rider robot
    school seller sensor serial session shop site station store student subj subject subscriber
    supplier tailnum tank teacher team tenant tree truck turbine twin user username vehicle vendor
    vessel victim vin visitor wafer well worker
    country ctry county district municipality nation province state village
"""  # what has several rows in many tables
COUNTED = (
    "date day hour lap line minute month page period quarter round row season step time week year"
)
ID_ENDINGS = ("id", "uuid", "guid", "key", "nr", "no", "number", "code", "name")


def has_identifier_name(name: str) -> bool:
    """Whether a column is called what keys are called.

    >>> has_identifier_name("order_id"), has_identifier_name("width")
    (True, False)
    """
    words = name.casefold().replace("_", " ").split()
    return bool(words) and (words[-1] in ID_NAME or name.casefold() in ID_NAME)


def ends_like_identifier(name: str) -> bool:
    """Whether a name ends as those of keys do, run together with what they are keys of.

    "humid" and "encode" end so, too: the cells have to say it as well.

    >>> [ends_like_identifier(name) for name in ("distid", "fcode", "villnum", "weeknum", "id")]
    [True, True, True, False, False]
    """
    found = re.fullmatch(r"(.*[a-z])(id|code|num|nr)", name.casefold())
    return bool(found) and found[1] not in COUNTED.split()


def names_entity(name: str) -> bool:
    """Whether a column is called what has several rows in many tables: a customer, a sensor.

    >>> [names_entity(n) for n in ("customer", "patient_no", "customerId", "countryname", "age")]
    [True, True, True, True, False]
    """
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = re.sub(r"[^a-z0-9]+", " ", split.casefold()).split()
    while len(words) > 1 and words[-1] in ID_ENDINGS:
        words = words[:-1]
    last = words[-1] if words else ""
    forms = {last, *(last.removesuffix(ending) for ending in ("id", "name", "s"))}
    return not forms.isdisjoint(ENTITIES.split())


def words_of_name(name: str) -> set[str]:
    """The words of a column's name, in small letters.

    >>> sorted(words_of_name("homePhone_2")), sorted(words_of_name("ZipCode"))
    (['home', 'phone'], ['code', 'zip'])
    """
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return set(re.sub(r"[^a-z]+", " ", split.casefold()).split())


def is_identifier(
    name: str, kind: str, present: int, distinct: int, *, whole: bool = True, in_order: bool = False
) -> bool:
    """Whether (nearly) every cell has a value of its own, so that no model can learn from them.

    Of `present` cells `distinct` differ. Numbers must be `whole` and all different, and either
    count up by one from cell to cell (`in_order`, see `counts_up`) or be called what keys are
    called: a rank or an amount may be whole and different too. Dates and texts are no identifiers.

    >>> is_identifier("code", "category", 100, 98), is_identifier("order_id", "number", 100, 100)
    (True, True)
    >>> is_identifier("income", "number", 100, 100)
    False
    """
    if present < FEWEST_VALUES or kind not in ("number", "category"):
        return False
    if kind == "number":
        return whole and distinct == present and (in_order or has_identifier_name(name))
    return distinct > 0.95 * present


def counts_up(values: np.ndarray) -> bool:
    """Whether each number is the one before plus one.

    >>> counts_up(np.array([3.0, 4.0, 5.0])), counts_up(np.array([3.0, 5.0, 4.0]))
    (True, False)
    """
    return bool((values[1:] == values[:-1] + 1).all())
