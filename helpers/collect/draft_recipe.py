"""A recipe drafted from tables alone: the keys by containment, the times by name and order.

Nothing of the target is looked at. A person reads it, and changes what they know better.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ..base.addresses import is_path
from ..base.spacing import evenly_spaced
from ..base.user_errors import InputError, nearest
from ..tables import from_database, read_any
from ..tables.sources import as_of
from ..tables.sources.moments import read_moments
from ..tables.sources.open_source import database_address, open_source
from ..tables.sources.recipe import Source
from .find_keys import Match, entities, pair_keys, single_keys
from .table_profile import (
    Profile,
    is_unique_together,
    profile,
    readings,
    regular_step,
    round_span,
    usual_window,
)

MOST_ROWS = 50_000  # of the main table that are looked at for keys
SINCE = {"valid", "from", "effective", "since", "start", "starts"}  # a state that begins then
READINGS_SUMMED = 5  # steps of regular readings, of which the mean is taken
READINGS_KEPT = 3  # steps of regular readings, after which the last one says nothing of now


@dataclass
class Draft:
    """A drafted recipe: its content, a comment for each source; what was not joined, and why."""

    content: dict
    comments: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The recipe as YAML, with its comments."""
        import yaml

        def line(said) -> str:
            return yaml.safe_dump(
                said, default_flow_style=True, sort_keys=False, width=10**6
            ).strip()

        head = [f"main: {self.content['main']}"]
        if moment := self.content.get("moment"):
            head.append(
                f"moment: {line(moment)}  # when a row is asked about: nothing later is used"
            )
        body = []
        for name, said in self.content["sources"].items():
            body += [f"  # {self.comments[name]}"] if name in self.comments else []
            body.append(f"  {name}: {line(said)}")
        last = [f"# Not joined: {said}" for said in self.left_out]
        return "\n".join([*head, "sources:", *body, *last]) + "\n"


def find_sources(places: list[str], folder: Path = Path()) -> dict[str, dict]:
    """The entry of each table at some places: of a database all tables; paths from `folder`."""
    found: dict[str, dict] = {}
    for place in places:
        address = database_address(place)
        tables = from_database.table_names(address) if address else [""]
        for table in tables:
            name = _free_name(table or Path(place.split("?")[0].rstrip("/")).stem, found)
            found[name] = {"data": _from_folder(place, folder)} | (
                {"table": table} if table else {}
            )
    return found


def _free_name(stem: str, taken) -> str:
    """A name that a source of a recipe may have."""
    name = re.sub(r"\W+", "_", stem).strip("_") or "table"
    name = name if name[0].isalpha() else f"t_{name}"
    return name if name not in taken else _free_name(f"{name}_2", taken)


def _from_folder(place: str, folder: Path) -> str:
    return os.path.relpath(Path(place).expanduser(), folder) if is_path(place) else place


def read_sources(entries: dict[str, dict], folder: Path = Path()) -> dict[str, pd.DataFrame]:
    """The tables of the entries of a recipe."""
    from ..base.recipe_files import source_place

    made = {n: {**said, "data": source_place(said["data"], folder)} for n, said in entries.items()}
    return {n: open_source(Source(n, **said), read_any.read_table) for n, said in made.items()}


def draft(
    entries: dict[str, dict],
    tables: dict[str, pd.DataFrame],
    main: str = "",
    target: str = "",
    before: str = "",
) -> Draft:
    """The recipe that joins what can be joined to the main table.

    `main` names that table (else the one with the target, else the first); `before` is how long
    before its time a row is asked about. Raises InputError for a main table or a target that is not
    there.
    """  # fmt: skip
    main = _main_of(tables, main, target)
    rows = tables[main]
    some = rows.iloc[evenly_spaced(len(rows), min(MOST_ROWS, len(rows)))].reset_index(drop=True)
    profiles = {n: profile(n, some if n == main else frame) for n, frame in tables.items()}
    made = _Drafting(entries, profiles, main, target, before)
    made.all_joins()
    return made.draft


def _main_of(tables: dict, main: str, target: str) -> str:
    if main and main not in tables:
        raise InputError(f"There is no table '{main}'. {nearest(main, tables)}")
    holders = [name for name, frame in tables.items() if target in frame]
    if target and not holders:
        every = [name for frame in tables.values() for name in frame]
        raise InputError(f"No table has the target '{target}'. {nearest(target, every)}")
    return main or next(iter(holders or tables))


class _Drafting:
    """A draft in the making: which tables are joined, which wait."""

    def __init__(self, entries, profiles: dict[str, Profile], main: str, target: str, before: str):
        self.entries, self.profiles, self.main, self.target = entries, profiles, main, target
        times = profiles[main].times(first=True)
        moment = {"column": times[0]} if times else {}
        if before and not times:
            raise InputError(f"--before needs a time in the main table, and {main} has none.")
        moment |= {"before": before} if before else {}
        content = {"main": main} | ({"moment": moment} if moment else {})
        self.draft = Draft(content | {"sources": {main: entries[main]}})
        self.has_moment = bool(times)
        self.prefixes = {main: ""}

    def all_joins(self) -> None:
        """Join each table to the main one; then what joins to a table that is joined already."""
        waiting = [name for name in self.profiles if name != self.main]
        reached = [self.main]
        while reached:
            new = []
            for name in waiting:
                if any(self._join(before, name) for before in reached):
                    new.append(name)
            waiting = [name for name in waiting if name not in new]
            reached = [name for name in new if name in self.prefixes]
        for name in waiting:
            said = "no column of it holds keys of another table"
            self.draft.left_out.append(f"{name}: {said}. Name one by `key:` if you know it.")

    def _join(self, before: str, name: str) -> bool:
        """Draft the joins of a table to one that is joined; whether there are any."""
        left, right = self.profiles[before], self.profiles[name]
        if found := single_keys(left, right):
            self._add_exact(before, name, [(one,) for one in found])
            return True
        if self.has_moment and before == self.main and self._add_in_time(left, right):
            return True
        if pair := pair_keys(left, right):
            self._add_exact(before, name, [pair])
            return True
        return before == self.main and self._add_summed(left, right)

    def _add(self, name: str, table: str, keys, said: dict, comment: str) -> None:
        """Put a join into the draft; a table of labels keeps the target's name."""
        has_target = [n for n in (table, self.main) if self.target in self.profiles[n].frame]
        said = said | ({"prefix": ""} if has_target == [table] else {})
        self.draft.content["sources"][name] = {**self.entries[table], **said, **_key_of(keys)}
        self.draft.comments[name] = "; ".join(filter(None, [_why_key(keys, table), comment]))

    def _add_exact(self, before: str, name: str, found: list[tuple[Match, ...]]) -> None:
        """Joins of many rows to one: an entry for each column that holds the key."""
        for keys in found:
            entry = name if len(found) == 1 else f"{name}_{'_'.join(m.before for m in keys)}"
            renamed = [_renamed(m, self.prefixes[before]) for m in keys]
            self._add(entry, name, renamed, {"join": "exact"}, "")
            if len(found) == 1:
                said = self.draft.content["sources"][entry]
                self.prefixes[name] = said.get("prefix", f"{entry}_")

    def _add_in_time(self, left: Profile, right: Profile) -> bool:
        """A join as of the moment: of regular readings or states the last, of events a window."""
        times = right.times(first=False)
        if not times:
            return False
        time, found = times[0], entities(left, right)
        keys = _unique_in_time(right, found, time)
        if keys is not None and (said := _as_last(right, keys, time)):
            said = {"join": "nearest", "time": time} | said
            self._add(right.name, right.name, keys, said, "the last row known at the moment")
            self._add_recent(right, keys, said)
            return True
        for one in found:
            entry = right.name if len(found) == 1 else f"{right.name}_{one.own}"
            said = _as_window(right, one, time)
            self._add(entry, right.name, [one], said, "what came before the moment, summed up")
        return bool(found)

    def _add_recent(self, right: Profile, keys: list[Match], last: dict) -> None:
        """Beside the last of regular readings, the mean of some: what was before counts as well."""
        numbers = readings(right, [*(m.own for m in keys), last["time"]])
        window = _recent(right, keys, last["time"]) if "not_older" in last else None
        if window and numbers:
            said = {n: v for n, v in last.items() if n != "not_older"}
            said |= {"join": "window", "window": _span(window)}
            said |= {"aggregate": dict.fromkeys(numbers, "mean")}
            self._add(f"{right.name}_recent", right.name, keys, said, "the readings before it")

    def _add_summed(self, left: Profile, right: Profile) -> bool:
        """All rows of a key summed up, where a table has several and no time."""
        found = entities(left, right)[:1]
        comment = "several rows a key, summed up"
        if self.has_moment:
            comment += "; it has no time: are all its rows known at the moment?"
        for one in found:
            self._add(right.name, right.name, [one], {"join": "aggregate"}, comment)
        return bool(found)


def _key_of(keys) -> dict:
    """Some matches as the entry `key` of a recipe."""
    pairs = {m.before: m.own for m in keys}
    if any(before != own for before, own in pairs.items()):
        return {"key": pairs}
    return {"key": next(iter(pairs)) if len(pairs) == 1 else list(pairs)} if pairs else {}


def _unique_in_time(right: Profile, found: list[Match], time: str) -> list[Match] | None:
    """The matches, none or one, that name a row together with its time; None where none do."""
    for keys in ([], *([one] for one in found)):
        if is_unique_together(right.frame, [*(m.own for m in keys), time]):
            return keys
    return None


def _renamed(one: Match, prefix: str) -> Match:
    """A match by the name that the column before has once it is joined."""
    return Match(f"{prefix}{one.before}", one.own, one.contained, one.rows, one.bits, one.named)


def _why_key(keys, table: str) -> str:
    """Why some columns are a key of a table."""
    if not keys:
        return "by time alone"
    said = [
        f"{100 * m.rows:.0f} % of the rows of {m.before} are in {table}.{m.own}"
        for m in keys
        if m.rows
    ]
    return " and ".join(said) or "together they name a row"


def _as_last(right: Profile, keys: list[Match], time: str) -> dict:
    """What says that the last row counts: regular readings, or a state that begins at its time."""
    if set(right.columns[time].words) & SINCE:
        return {"known_after": 0}
    step = regular_step(right.frame, [m.own for m in keys], time)
    if step is None:
        return {}
    stamp = as_of.stamped_by(read_moments(right.frame[time]).at)
    later = {"known_after": _span(stamp)} if stamp else {}
    return later | {"not_older": _span(READINGS_KEPT * step)}


def _recent(right: Profile, keys: list[Match], time: str) -> pd.Timedelta | None:
    """A round span that holds some of the regular readings of a key."""
    step = regular_step(right.frame, [m.own for m in keys], time)
    return round_span(READINGS_SUMMED * step) if step is not None else None


def _as_window(right: Profile, one: Match, time: str) -> dict:
    window = usual_window(right.frame, one.own, time)
    stamp = as_of.stamped_by(read_moments(right.frame[time]).at)
    later = {"known_after": _span(stamp)} if stamp else {}
    return {"join": "window", "time": time} | ({"window": _span(window)} if window else {}) | later


def _span(span: pd.Timedelta) -> str:
    """A time span as a recipe has it.

    >>> _span(pd.Timedelta("3h")), _span(pd.Timedelta("30 days"))
    ('3 hours', '30 days')
    """
    seconds = int(span.total_seconds())
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {unit[:-1] if count == 1 else unit}"
    return f"{seconds} seconds"
