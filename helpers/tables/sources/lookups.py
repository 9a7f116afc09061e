"""Small tables that rows are looked up in, carried with a model: a row with its keys is enough.

Only `exact` joins can be carried: their rows do not change with the moment. What is joined in time
comes with the request, joined already.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .joining import Joined, added_columns, without_copies
from .keys import key_cell, key_text
from .recipe import EXACT

MOST_CELLS = 500_000  # of one carried table
MOST_NAMED = 3
NOT_BROUGHT = (
    "{}: a row has to bring the columns of its {} join ({}), which the model does not look up: "
    "they are missing here, and imputed"
)
FIELDS = ["source", "key", "values"]  # of the file: both as JSON


@dataclass(frozen=True)
class Lookup:
    """One carried table: by its key, the values of the columns that it adds."""

    source: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    values: dict[tuple[str, ...], list]

    def fill(self, row: dict) -> dict:
        """A row with the columns of this table; one that has some of them already stays."""
        if any(name in row for name in self.columns):
            return row
        key = tuple(key_cell(row.get(name)) for name in self.key)
        return row | dict(zip(self.columns, self.values.get(key, _none(self)), strict=True))

    def fill_frame(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows with the columns of this table, as `fill` has them; as they are without its keys."""
        if any(name in rows for name in self.columns) or not set(self.key) <= set(rows):
            return rows
        keys = pd.concat([key_text(rows[name]).fillna("") for name in self.key], axis=1)
        found = [self.values.get(key, _none(self)) for key in map(tuple, keys.to_numpy())]
        columns = list(zip(*found, strict=True)) or [()] * len(self.columns)
        more = {
            n: pd.Series(list(c), dtype=object) for n, c in zip(self.columns, columns, strict=True)
        }
        more = pd.DataFrame(more).infer_objects().set_axis(rows.index)
        return pd.concat([rows, more], axis=1)

    def missed(self, row: dict) -> str:
        """A sentence where the table has no row of this key; "" where it has, or none is asked."""
        key = tuple(key_cell(row.get(name)) for name in self.key)
        if any(name in row for name in self.columns) or key in self.values:
            return ""
        if absent := [name for name in self.key if name not in row]:
            return f"{self.source}: its columns are missing, and '{absent[0]}', its key, too"
        said = ", ".join(f"{name} = {row[name]!r:.40}" for name in self.key)
        return f"{self.source}: no row for {said}, so its columns are missing"


def _none(lookup: Lookup) -> list:
    return [None] * len(lookup.columns)


def lookup_frame(joined: Joined) -> pd.DataFrame:
    """The rows of the tables that can be carried, as they are stored (see `FIELDS`)."""
    found = [_rows(joined, source) for source in carried(joined)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=FIELDS)


def carried(joined: Joined) -> list:
    """The sources that are small enough, and joined by their keys alone."""
    return [
        one for one in joined.recipe.others
        if one.join == EXACT and one.key and joined.tables[one.name].size <= MOST_CELLS
    ]  # fmt: skip


def _rows(joined: Joined, source) -> pd.DataFrame:
    table, _ = without_copies(joined.tables[source.name], source)
    keys = pd.concat([key_text(table[own]) for own in source.keys], axis=1)
    there = keys.notna().all(axis=1).to_numpy()
    cells = table.loc[there, added_columns(source, table)].astype(object)
    cells = cells.where(cells.notna(), None)
    return pd.DataFrame({
        "source": source.name,
        "key": [json.dumps(key) for key in keys[there].astype("str").to_numpy().tolist()],
        "values": [json.dumps([_plain(v) for v in row]) for row in cells.to_numpy().tolist()],
    })  # fmt: skip


def _plain(value):
    return value.isoformat(sep=" ") if isinstance(value, pd.Timestamp) else (
        value.item() if isinstance(value, np.generic) else value)  # fmt: skip


def read_lookups(rows: pd.DataFrame, sources: list[dict]) -> list[Lookup]:
    """The carried tables, in the order of the recipe; `sources` is what the schema says of them."""
    return [
        _lookup(rows[rows["source"] == one["source"]], one) for one in sources if one["carried"]
    ]


def carried_tables(folder: Path, schema: dict) -> tuple[Lookup, ...]:
    """The tables in the folder of a bundle with that schema."""
    rows, known = folder / "lookups.parquet", schema.get("sources", [])
    if not known or not rows.exists():
        return ()
    return tuple(read_lookups(pd.read_parquet(rows), known))


def to_bring(schema: dict) -> list[tuple[frozenset[str], str]]:
    """The columns of each source that is not carried, and what is said of rows without them."""
    fields, found = schema["fields"], []
    for one in schema.get("sources", []):
        own = [name for name in one["columns"] if name in fields]
        if own and not one["carried"]:
            some = ", ".join(own[:MOST_NAMED]) + ", …" * (len(own) > MOST_NAMED)
            said = NOT_BROUGHT.format(one["source"], one["join"], some)
            found.append((frozenset(own), said))
    return found


def _lookup(rows: pd.DataFrame, said: dict) -> Lookup:
    values = {tuple(json.loads(k)): json.loads(v)
              for k, v in zip(rows["key"], rows["values"], strict=True)}  # fmt: skip
    return Lookup(said["source"], tuple(said["key"]), tuple(said["columns"]), values)


def describe_sources(joined: Joined) -> list[dict]:
    """What is kept of each source: where it is, how it joins, its columns, whether carried."""
    small = {one.name for one in carried(joined)}
    return [
        {
            "source": one.source,
            "join": one.join,
            "key": [here for here, _ in one.key],
            "columns": list(one.columns),
            "address": joined.tables[one.source].attrs.get("address", ""),
            "carried": one.source in small,
            "said": one.sentence(),
        }
        for one in joined.reports
    ]
