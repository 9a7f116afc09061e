"""How the columns of a row repair each other, in plain functions that are copied into an export.

What `helpers.clean.dependency_vote` does for rules that were mined; nothing here is called by this
project (see `plain_cells`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from rapidfuzz.distance import OSA

from .plain_cells import to_text


def repair_by_row(rows, rules):
    """The rows with cells filled, or overruled, by what other columns of the same row give."""
    for _ in range(2):  # the second time for rows whose key was repaired in the first
        texts = {name: cell_texts(rows[name]) for name in {*rules, *key_columns(rules)}}
        checks = {name: checks_of(name, rules) for name in rules}
        rows = rows.assign(**{n: vote(rows[n], texts, rules[n], checks[n]) for n in rules})
    return rows


def checks_of(name, rules):
    """The rules by which a column alone gives others, where it is known how often they err."""
    every = [{**rule, "to": to} for to, some in rules.items() for rule in some]
    return [rule for rule in every if rule["from"] == [name] and "cost" in rule]


def key_columns(rules):
    """The columns that give others."""
    return {name for some in rules.values() for rule in some for name in rule["from"]}


def cell_texts(column):
    """Cells as text, as the keys of the rules have them; missing is None."""
    return [None if pd.isna(value) else to_text(value) for value in column]


def vote(column, texts, rules, checks):
    """A column after the vote of each row; `checks` are rules by which it gives other columns."""
    keys = [list(zip(*(texts[name] for name in rule["from"]), strict=True)) for rule in rules]
    listed = {value for rule in rules for value in rule["values"].values()}
    said = column.astype("object").copy()
    for place, own in enumerate(texts[column.name]):
        given = [
            None if None in key[place] else rule["values"].get(" | ".join(key[place]))
            for rule, key in zip(rules, keys, strict=True)
        ]
        if all(value in (None, own) for value in given):
            continue  # nearly every row
        beside = [texts[check["to"]][place] for check in checks]
        answer = verdict(own, given, rules, listed, list(zip(checks, beside, strict=True)))
        if answer != own:
            said.iloc[place] = answer
    return said.astype(column.dtype)


def verdict(own, given, rules, listed, beside):
    """The text of a cell after the vote: filled where the row leaves no doubt, or overruled."""
    odds = {}  # the log odds of each value that some rule gives
    for value, rule in zip(given, rules, strict=True):
        if value is not None:
            odds[value] = odds.get(value, 0) + rule["weight"]
    if all("cost" in rule for rule in rules) and (own is None or own in listed):
        return verdict_by_row(own, sorted(odds, key=odds.get, reverse=True), given, rules, beside)
    answer = max(odds, key=odds.get)
    margin = 2 * odds[answer] - sum(odds.values())  # over all others together
    if own is None:
        return answer if len(odds) == 1 or margin > np.log(19) else None
    others = any(OSA.distance(own, one, score_cutoff=1) <= 1 for one in listed - {answer})
    if own in odds or ("cost" in rules[0] and others and OSA.distance(own, answer) > 1):
        return own
    speak = [rule for value, rule in zip(given, rules, strict=True) if value == answer]
    if any(rule.get("sure") for rule in speak):
        return answer if margin > 0 else own
    if len(speak) == 1:
        return answer if len(odds) == 1 and own not in listed and is_slip(own, answer) else own
    return answer if margin > np.log(999 if own in listed else 99) else own


def verdict_by_row(own, values, given, rules, beside):
    """The same for a gap or a known value, by what all columns of the row say of each value."""
    values = [value for value in values if value != own]
    cost = {value: row_costs(value, given, rules, beside) for value in [*values, own, None]}

    def likelier(one, other):
        both = cost[one].keys() & cost[other].keys() if other else None
        names = [both, both] if other else [cost[one].keys(), cost[None].keys()]
        return sum(cost[other][n] for n in names[1]) - sum(cost[one][n] for n in names[0])

    if not values:
        return own
    answer = max(values, key=lambda value: likelier(value, None))
    apart = min([likelier(answer, one) for one in values if one != answer], default=np.inf)
    speak = [rule for value, rule in zip(given, rules, strict=True) if value == answer]
    if own is None:
        fills = any(rule["fills"] for rule in speak)
        return answer if fills and min(likelier(answer, None), apart) > np.log(19) else None
    vouched = any(rule.get("sure") for rule in speak)
    margin = likelier(answer, own) - max(rule["error"] for rule in rules)
    return answer if apart > np.log(19) and margin > np.log(9 if vouched else 99) else own


def row_costs(value, given, rules, beside):
    """By other column what its cell costs where a value is right (minus log odds); 0: it fits."""
    found = {}
    for check, cell in beside:
        told = check["values"].get(value)
        if told is not None and cell is not None:
            found[check["to"]] = 0 if told == cell else check["cost"]
    asked = [(rule["from"], vote, rule["cost"]) for rule, vote in zip(rules, given, strict=True)]
    for (name, *second), vote, cost in asked:
        if not second and vote is not None:
            found[name] = max(found.get(name, 0), 0 if vote == value else cost)
    known = set(found)
    for names, vote, cost in asked:  # keys of two columns, none of which has spoken alone
        if len(names) > 1 and vote is not None and not known & set(names):
            known |= set(names)
            found[tuple(names)] = 0 if vote == value else cost
    return found


def is_slip(text, meant):
    """Whether a text is another with a few letters wrong, and no digit; a code in another form."""
    if meant.isdigit() and len(meant) >= 4 and not (text.isdigit() and len(text) == len(meant)):
        return OSA.distance(text, meant) <= 1
    digits = [[mark for mark in one if mark.isdigit()] for one in (text, meant)]
    apart = [b for a, b in zip(text.split(), meant.split(), strict=False) if a != b]
    words = len(text.split()) == len(meant.split()) and all(map(str.isalpha, apart))
    most = max(1, int(0.4 * max(len(text), len(meant))))
    near = digits[0] == digits[1] and OSA.distance(text, meant) <= most
    return near and (len(meant) >= 10 if not words else all(len(word) >= 4 for word in apart))


def decide(rows, decisions):
    """The rows with the cells that a person has decided: where a row has the texts, the value."""
    texts = {name: cell_texts(rows[name]) for one in decisions for name in one["texts"]}
    for one in decisions:
        pairs = [(texts[name], text or None) for name, text in one["texts"].items()]
        fits = [all(some[at] == text for some, text in pairs) for at in range(len(rows))]
        rows[one["column"]] = rows[one["column"]].mask(fits, one["value"])
    return rows
