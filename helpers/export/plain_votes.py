"""How the columns of a row repair each other, in plain functions that are copied into an export.

What `helpers.clean.dependency_vote` does for rules that were mined; nothing here is called by this
project (see `plain_cells`).
"""
# ruff: noqa: F821 - some functions are those of the exported file

from __future__ import annotations

import pandas as pd
from rapidfuzz.distance import OSA


def repair_by_row(rows, rules):
    """The rows with cells filled, or overruled, by what other columns of the same row give."""
    for _ in range(2):  # the second time for rows whose key was repaired in the first
        texts = {name: cell_texts(rows[name]) for name in {*rules, *key_columns(rules)}}
        rows = rows.assign(**{name: vote(rows[name], texts, rules[name]) for name in rules})
    return rows


def key_columns(rules):
    """The columns that give others."""
    return {name for some in rules.values() for rule in some for name in rule["from"]}


def cell_texts(column):
    """Cells as text, as the keys of the rules have them; missing is None."""
    return [None if pd.isna(value) else to_text(value) for value in column]


def vote(column, texts, rules):
    """A column after the vote of each row; a rule's weight is the log odds that it is right."""
    keys = [zip(*(texts[name] for name in rule["from"]), strict=True) for rule in rules]
    listed = {value for rule in rules for value in rule["values"].values()}
    said = column.astype("object").copy()
    for place, (own, *keys_of_row) in enumerate(zip(texts[column.name], *keys, strict=True)):
        given = [
            (rule["values"].get(" | ".join(key)), rule["weight"])
            for rule, key in zip(rules, keys_of_row, strict=True)
            if None not in key
        ]
        votes = [(value, weight) for value, weight in given if value is not None]
        answer = verdict(own, votes, listed) if votes else own
        if answer != own:
            said.iloc[place] = answer
    return said.astype(column.dtype)


def verdict(own, votes, listed):
    """The text of a cell after the vote: filled where the row leaves no doubt, else overruled."""
    odds = {}
    for value, weight in votes:
        odds[value] = odds.get(value, 0) + weight
    answer = max(odds, key=odds.get)
    margin = 2 * odds[answer] - sum(odds.values())  # over all others together
    if own is None:
        return answer if len(odds) == 1 or margin > 2.9444 else None  # 19 to 1
    if own in odds:
        return own
    if sum(value == answer for value, _ in votes) == 1:
        slip = len(odds) == 1 and own not in listed and is_slip(own, answer)
        return answer if slip else own
    return answer if margin > (6.9068 if own in listed else 4.5951) else own  # 999 or 99 to 1


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
