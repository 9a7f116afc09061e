"""Dirty and clean tables of invented words, for benchmarks/cleaning.py: no list of the cleaner has
them.

Constants are chosen on `DEVELOPMENT`; `HELD_OUT` are other tables, of other structure, other words
and other seeds, and are for the report alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

SYLLABLES = (  # noqa: SIM905
    "bra dor vel mun tes kal ri no fen sul gar o min ta lek pru zan ber he wos cla ne i quo "
    "stri ham del fos ge jur"
).split()
NEXT_KEYS = {a: b for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
             for a, b in zip(row, row[1:] + row[-2], strict=True)}  # fmt: skip


def words(random, count: int, parts=(2, 4)) -> list[str]:
    """So many different invented names of two to four syllables."""
    found: dict[str, None] = {}
    while len(found) < count:
        size = random.integers(parts[0], parts[1] + 1)
        found["".join(random.choice(SYLLABLES, size)).capitalize()] = None
    return list(found)


def _codes(random, count: int, digits: int) -> np.ndarray:
    low = 10 ** (digits - 1)
    return random.choice(np.arange(low, min(10 * low, low + 10**6)), count, replace=False)


def _joined(left, right) -> list[str]:
    return [f"{a} {b}" for a, b in zip(left, right, strict=True)]


def _marks(random, count: int, sign: str) -> list[str]:
    return [f"{w[:4].upper()}{sign}{n:03d}" for n, w in enumerate(words(random, count))]


# --- Tables ---------------------------------------------------------------------------------------


def brews(random, makers=120, rows=1_500) -> pd.DataFrame:
    """Brews of makers, each in a town of a province."""
    towns, provinces = words(random, 60), words(random, 12)
    town = random.integers(0, 60, makers)
    province = random.integers(0, 12, 60)
    maker = random.integers(0, makers, rows)
    styles = [f"{a} {b}" for a, b in zip(words(random, 25), words(random, 25), strict=True)]
    names = [f"{w} works" for w in words(random, makers, (2, 3))]
    return pd.DataFrame({
        "brew": [f"{a} {b}" for a, b in zip(random.choice(words(random, 400), rows),
                                            random.choice(words(random, 400), rows), strict=True)],
        "style": random.choice(styles, rows),
        "maker_no": _codes(random, makers, 4)[maker].astype(str),
        "maker": np.array(names)[maker],
        "town": np.array(towns)[town[maker]],
        "province": np.array(provinces)[province[town[maker]]],
        "strength": random.normal(5, 1, rows).round(1).astype(str),
    })  # fmt: skip


def dues(random, rows=2_000) -> pd.DataFrame:
    """Persons with an area code that gives the region, and a band that gives the rate."""
    area, regions = _codes(random, 150, 5), words(random, 14)
    of_area = random.integers(0, 14, 150)
    at, band = random.integers(0, 150, rows), random.integers(0, 8, rows)
    region = of_area[at]
    rate = random.permutation(14 * 8).reshape(14, 8) / 20 + 1
    return pd.DataFrame({
        "given": random.choice(words(random, 90), rows),
        "family": random.choice(words(random, 300), rows),
        "area": area[at].astype(str),
        "town": np.array(words(random, 150))[at],
        "region": np.array(regions)[region],
        "band": np.array([f"band {w}" for w in words(random, 8)])[band],
        "rate": [f"{one:.2f}" for one in rate[region, band]],
    })  # fmt: skip


def wards(random, homes=70, rows=1_000) -> pd.DataFrame:
    """Measures of homes for the sick: many columns follow from the home, some from the measure."""
    home, measure = random.integers(0, homes, rows), random.integers(0, 20, rows)
    town = random.integers(0, 40, homes)
    county = random.integers(0, 25, 40)
    long = [" ".join(words(random, 9)).lower() for _ in range(20)]
    return pd.DataFrame({
        "home_no": _codes(random, homes, 5)[home].astype(str),
        "home": np.array([f"{w} house" for w in words(random, homes, (3, 4))])[home],
        "street": np.array(_joined(random.integers(1, 2000, homes), words(random, homes)))[home],
        "town": np.array(words(random, 40))[town[home]],
        "county": np.array(words(random, 25))[county[town[home]]],
        "call": _codes(random, homes, 9)[home].astype(str),
        "owner": random.choice([f"{w} trust" for w in words(random, 6)], homes)[home],
        "measure": np.array(_marks(random, 20, "-"))[measure],
        "measure_name": np.array(long)[measure],
        "field": np.array(words(random, 5))[measure % 5],
    })  # fmt: skip


def books(random, rows=1_200) -> pd.DataFrame:
    """Copies in libraries: the shelf mark gives title, author and press; the branch its quarter."""
    titles = 140
    book, branch = random.integers(0, titles, rows), random.integers(0, 15, rows)
    author, press = random.integers(0, 80, titles), random.integers(0, 18, titles)
    return pd.DataFrame({
        "mark": np.array(_marks(random, titles, "/"))[book],
        "title": np.array([" ".join(words(random, 3)) for _ in range(titles)])[book],
        "author": np.array(_joined(words(random, 80), words(random, 80)))[author[book]],
        "press": np.array(words(random, 18))[press[book]],
        "year": random.integers(1950, 2020, titles)[book].astype(str),
        "branch": np.array([f"{w} branch" for w in words(random, 15)])[branch],
        "quarter": np.array(words(random, 5))[(branch * 7) % 5],
        "loans": random.poisson(9, rows).astype(str),
    })  # fmt: skip


def sightings(random, things=90, sources=14, copies=0, columns=4, worst=0.45) -> tuple:
    """What several sources say of one thing: each has its own share of errors, some copy.

    Returns the dirty and the clean table.
    """
    names = [
        f"{w[:2].upper()}-{n}"
        for n, w in zip(_codes(random, things, 4), words(random, things), strict=True)
    ]
    who = [f"{w.lower()}.org" for w in words(random, sources + copies)]
    truth = [np.array(words(random, 300))[random.integers(0, 300, things)] for _ in range(columns)]
    wrong_rate = random.uniform(0.03, worst, sources)
    gap_rate = random.uniform(0.0, 0.4, sources)
    says = {}
    for s in range(sources + copies):
        of = s if s < sources else int(np.argmax(wrong_rate))
        if s >= sources:
            says[s] = [column.copy() for column in says[of]]
            continue
        says[s] = [_as_reported(random, column, wrong_rate[s], gap_rate[s]) for column in truth]
    dirty, clean = [], []
    for s, columns_of in says.items():
        seen = np.flatnonzero(random.random(things) < 0.85)
        base = {"source": who[s], "thing": np.array(names)[seen]}
        fields = ["keeper", "place", "maker", "colour"][:columns]
        dirty.append(
            pd.DataFrame(base | {f: c[seen] for f, c in zip(fields, columns_of, strict=True)})
        )
        clean.append(pd.DataFrame(base | {f: c[seen] for f, c in zip(fields, truth, strict=True)}))
    order = random.permutation(sum(map(len, dirty)))
    return tuple(pd.concat(some, ignore_index=True).iloc[order].reset_index(drop=True)
                 for some in (dirty, clean))  # fmt: skip


def _as_reported(random, truth: np.ndarray, wrong: float, gaps: float) -> np.ndarray:
    column = truth.astype(object)
    other = random.random(len(column)) < wrong
    column[other] = random.choice(truth, other.sum())
    column[random.random(len(column)) < gaps] = None
    return column


# --- Errors ---------------------------------------------------------------------------------------


def mistyped(random, text: str) -> str:
    """A text with one place left out, doubled, exchanged, or struck on the next key."""
    at, way = int(random.integers(len(text))), int(random.integers(4))
    if way == 0 and len(text) > 3:
        return text[:at] + text[at + 1 :]
    if way == 1:
        return text[:at] + text[at] + text[at:]
    if way == 2 and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    mark = NEXT_KEYS.get(text[at].lower(), "q")
    return text[:at] + mark + text[at + 1 :]


def spoil(clean: pd.DataFrame, random, rate: float, columns=None, kinds="tgo") -> pd.DataFrame:
    """The table with a share of cells mistyped (t), emptied (g), or another row's (o)."""
    dirty = clean.copy()
    for name in columns or clean.columns:
        cells = clean[name].to_numpy(dtype=object).copy()
        for row in np.flatnonzero(random.random(len(cells)) < rate):
            kind = kinds[random.integers(len(kinds))]
            if kind == "t":
                cells[row] = mistyped(random, str(cells[row]))
            else:
                cells[row] = None if kind == "g" else cells[random.integers(len(cells))]
        dirty[name] = pd.Series(cells, dtype="str")
    return dirty


def _spoilt(make: Callable, rate: float, seed: int, columns=None, kinds="tgo") -> tuple:
    clean = make(np.random.default_rng(seed)).astype("str")
    return spoil(clean, np.random.default_rng(seed + 1), rate, columns, kinds), clean


def _sources(seed: int, **how) -> tuple:
    dirty, clean = sightings(np.random.default_rng(seed), **how)
    return dirty.astype("str"), clean.astype("str")


DUES = ["area", "town", "region", "band", "rate"]
BREWS = ["style", "maker_no", "maker", "town", "province"]
BOOKS = ["mark", "title", "author", "press", "year", "branch", "quarter"]
DEVELOPMENT: dict[str, Callable[[], tuple]] = {
    "brews, 5 %": lambda: _spoilt(brews, 0.05, 11, BREWS),
    "dues, 3 %": lambda: _spoilt(dues, 0.03, 12, DUES),
    "dues, 20 %": lambda: _spoilt(dues, 0.2, 13, DUES),
    "fourteen sources": lambda: _sources(14),
    "thirty poor sources": lambda: _sources(16, things=70, sources=30, worst=0.9),
    "nine sources, four copies": lambda: _sources(15, sources=9, copies=4),
    "five sources": lambda: _sources(25, things=400, sources=5, columns=3),
    "sixteen poor sources": lambda: _sources(27, things=150, sources=16, worst=0.8),
    "twenty sources, six copies": lambda: _sources(26, things=60, sources=20, copies=6),
}
HELD_OUT: dict[str, Callable[[], tuple]] = {
    "wards, 10 %": lambda: _spoilt(wards, 0.1, 21),
    "wards, 30 %": lambda: _spoilt(wards, 0.3, 22),
    "books, 5 %": lambda: _spoilt(books, 0.05, 23, BOOKS),
    "books, 25 %": lambda: _spoilt(books, 0.25, 24, BOOKS),
    "six sources": lambda: _sources(35, things=300, sources=6, columns=3),
    "eleven poor sources": lambda: _sources(37, things=120, sources=11, worst=0.7),
    "twelve sources, three copies": lambda: _sources(36, things=80, sources=12, copies=3),
}
