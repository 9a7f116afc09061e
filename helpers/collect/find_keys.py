"""Keys between two tables, found by containment: which column's values are another one's keys.

An inclusion dependency alone says little: small whole numbers are contained in every other column
of them. So each is held against chance: how likely are so many hits among the values that a column
of such a form could have? What chance explains counts only where the names say so, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd

from ..tables.sources.keys import key_codes
from .table_profile import Column, Profile, is_unique_together

# Names that say nothing of what they name; together with the table's own name they do
GENERIC = {
    *(
        "id",
        "key",
        "no",
        "nr",
        "number",
        "name",
        "code",
        "type",
        "kind",
        "title",
        "label",
        "status",
    ),
    *("year", "month", "week", "day", "date", "time", "hour", "minute", "value", "amount", "count"),
    *("status", "quantity", "index", "rank", "position", "level", "class", "group"),
}
ID_WORDS = {"id", "key", "no", "nr", "number", "code", "name"}
BITS = 10.0  # evidence against chance from which on values alone are enough
MOST_BITS = 4.0  # of one value: words of one language are no random letters
LEAST_BY_VALUES = 0.8  # contained, of values and of rows, where the names do not say it
LEAST_BY_NAME = 0.3  # contained, of rows, where they do
MOST_FORMS = 200  # of one column; what has more is no code
FEWEST = 2  # different values that are found


@dataclass(frozen=True)
class Match:
    """A column before, and the one whose keys its values are: `contained` of its values, `rows` of
    its rows; `bits` against chance; `named` where the names say so, too."""

    before: str
    own: str
    contained: float
    rows: float
    bits: float
    named: bool

    @property
    def rank(self) -> tuple:
        """The better of two matches of one column is larger."""
        return self.named, self.rows, self.bits


def match(left: Column, right: Column, left_table: str, right_table: str) -> Match | None:
    """The match of a column with a key of another table; None where it is none, or chance."""
    if left.is_time or not (left.may_be_key and right.may_be_key) or not len(left.values):
        return None
    found = left.values.isin(right.values)
    if found.sum() < FEWEST:
        return None
    contained = float(found.mean())
    rows = float(left.counts.to_numpy()[found].sum() / left.present)
    named = names_agree(left.words, right.words, right_table)
    bits = evidence(left, right, found)
    surely = bits >= BITS and min(contained, rows) >= LEAST_BY_VALUES
    if surely or (named and rows >= LEAST_BY_NAME):
        return Match(left.name, right.name, contained, rows, bits, named)
    return None


def names_agree(left: tuple[str, ...], right: tuple[str, ...], table: str) -> bool:
    """Whether a column's name says that it holds the key `right` of a table.

    >>> names_agree(("customer", "id"), ("id",), "customers")
    True
    >>> names_agree(("home", "school", "id"), ("school", "id"), "x")
    True
    >>> names_agree(("id",), ("id",), "x")
    False
    """
    core = _core(right)
    if core and (left[-len(right) :] == right or _core(left)[-len(core) :] == core):
        return True
    own = singular(table)
    full = own + tuple(word for word in right if word not in own)
    if len(right) == 1 and right[0] in ID_WORDS and left[-len(own) :] == own:
        return True
    return left[-len(full) :] == full


def _core(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a name without those that only say "key"; none where no other is left."""
    while words and words[-1] in ID_WORDS:
        words = words[:-1]
    return () if set(words) <= GENERIC else words


def singular(table: str) -> tuple[str, ...]:
    """The words of a table's name, the last in the singular.

    >>> singular("home_cities"), singular("classes"), singular("products")
    (('home', 'city'), ('class',), ('product',))
    """
    *rest, last = table.casefold().split("_")
    if last.endswith("ies"):
        last = last[:-3] + "y"
    elif last.endswith(("sses", "xes", "ches")):
        last = last[:-2]
    elif last.endswith("s") and not last.endswith("ss"):
        last = last[:-1]
    return (*rest, last)


def evidence(left: Column, right: Column, found: np.ndarray) -> float:
    """The bits by which the values of a column speak for its being made of another one's keys.

    Against chance: a value of the same form, drawn at random (a likelihood ratio; Fellegi and
    Sunter 1969 weigh the agreement of records so).
    """
    chance = np.clip(_density(left, right), 2**-MOST_BITS, 0.999)
    share = np.clip(found.mean(), 0.5, 0.99)
    bits = np.where(found, np.log2(share / chance), np.log2((1 - share) / (1 - chance)))
    return float(bits.sum())


def _density(left: Column, right: Column) -> np.ndarray:
    """For each value of a column the share of values of its form that the keys take up.

    The form is its digits and letters: of `M07` beside `M01` to `M30` the number alone is open, and
    they take up all numbers to 30; of three letters each may be another one.
    """
    ours, theirs = pd.Series(left.values.to_numpy()), pd.Series(right.values.to_numpy())
    form, keys_form = _forms(ours), _forms(theirs)
    density = np.zeros(len(ours))
    for one in form.value_counts().index[:MOST_FORMS]:
        here = (form == one).to_numpy()
        density[here] = _density_of_form(ours[here], theirs[keys_form == one])
    return density


def _forms(values: pd.Series) -> pd.Series:
    """The form of each text; all whole numbers have one."""
    form = values.str.replace(r"\d", "9", regex=True).str.replace(r"[^\W\d_]", "a", regex=True)
    return form.mask(values.str.fullmatch(r"-?(?:0|[1-9]\d{0,14})"), "9")


def _density_of_form(values: pd.Series, keys: pd.Series) -> float:
    """The share of the possible values of one form that are keys."""
    if keys.empty:
        return 0.0
    ours, theirs = (side.str.replace(r"(?!^-)\D", "", regex=True) for side in (values, keys))
    ours, theirs = (pd.to_numeric(side, errors="coerce") for side in (ours, theirs))
    words = keys.str.replace(r"\d", "", regex=True).str.removeprefix("-")
    if words.nunique() == 1 and ours.notna().all():  # only the number is open
        inside = theirs.between(ours.min(), ours.max()).sum()
        return float(inside / max(ours.max() - ours.min() + 1, 1))
    size = 1.0
    for place in range(int(keys.str.len().min())):
        mark = keys.str[place]
        size *= 10 if mark.str.isdigit().all() else mark.nunique()
    return float(len(keys) / size)


def single_keys(left: Profile, right: Profile) -> list[Match]:
    """For each column before, the key of a table that its values are; the best where several."""
    found = []
    for one in left.columns.values():
        tried = [match(one, key, left.name, right.name) for key in right.keys]
        if some := [each for each in tried if each]:
            found.append(max(some, key=lambda each: each.rank))
    return found


def entities(left: Profile, right: Profile) -> list[Match]:
    """The columns of a table with several rows a key that name what a row before is about."""
    found = {}
    for one, own in product(left.columns.values(), right.columns.values()):
        if own.is_unique or own.is_time or not len(own.values):
            continue
        made = _shared(one, own, left.name, right.name)
        if made and (own.name not in found or made.rank > found[own.name].rank):
            found[own.name] = made
    return sorted(found.values(), key=lambda each: each.rank, reverse=True)


def _shared(left: Column, own: Column, before: str, table: str) -> Match | None:
    """A match in either direction: events may be of some customers only, or of more than here."""
    if not names_agree(left.words, own.words, table) and own.is_whole:
        return None
    made = match(left, own, before, table)
    if made is None and (back := match(own, left, table, before)):
        named = names_agree(left.words, own.words, table)
        found = left.values.isin(own.values)
        rows = float(left.counts.to_numpy()[found].sum() / max(left.present, 1))
        made = Match(left.name, own.name, float(found.mean()), rows, back.bits, named)
        made = made if named or own.is_whole is False else None
    return made


def pair_keys(left: Profile, right: Profile) -> tuple[Match, Match] | None:
    """Two columns that together name a row of a table, and those before that hold them."""
    usable = [c for c in right.columns.values() if c.may_be_key and not c.is_unique]
    best, most = None, LEAST_BY_NAME
    for pair in combinations([c.name for c in usable], 2):
        partners = [_partners(left, right, right.columns[name]) for name in pair]
        if not all(partners) or not is_unique_together(right.frame, list(pair)):
            continue
        for before in product(*partners):
            share = _share_found(left.frame, right.frame, [m.before for m in before], pair)
            if before[0].before != before[1].before and share > most and _is_enough(before, share):
                best, most = before, share
    return best


def _partners(left: Profile, right: Profile, own: Column) -> list[Match]:
    """The columns before that may be one part of a key: by name, generic ones too, or by values."""
    found = []
    for one in left.columns.values():
        made = match(one, own, left.name, right.name)
        if made is None and one.words == own.words and one.may_be_key:
            made = Match(one.name, own.name, 0.0, 0.0, 0.0, False)
        found += [made] if made else []
    return found


def _is_enough(parts: tuple[Match, Match], share: float) -> bool:
    """One part must be more than a generic name, or nearly all pairs must be found."""
    return any(one.named or one.bits >= BITS for one in parts) or share >= 0.95


def _share_found(left: pd.DataFrame, right: pd.DataFrame, before, own) -> float:
    """The share of rows before, of those with both parts, whose pair is in the table."""
    ours, theirs = key_codes([left[n] for n in before], [right[n] for n in own])
    ours = ours[ours >= 0]
    return float(np.isin(ours, theirs).mean()) if len(ours) else 0.0
