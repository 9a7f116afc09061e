"""A recipe (`sources.yaml`) read and checked: which tables there are, and how each joins the main.

    main: orders                       # its rows stay, one for one
    moment: {column: ordered_at, before: 1h}      # when a row is asked about
    sources:
      orders: {data: orders.csv}
      customers: {data: "sqlite:///shop.db", query: SELECT * FROM customers,
                  join: exact, key: {customer_id: id}}
      visits: {data: visits/, join: window, key: customer_id, time: at, window: 30 days}

`join` is `exact` (many rows of the main table to one), `nearest` (the last row known at the
moment), `window` (the rows known before the moment, summed up), `aggregate` (all rows of a key,
whenever) or `fuzzy` (names that are written otherwise). docs/sources.md has every entry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from ...base.addresses import refuse_pasted_password
from ...base.recipe_files import source_place
from ...base.user_errors import InputError, nearest
from ...base.yaml_texts import yaml_value

EXACT, NEAREST, WINDOW, AGGREGATE, FUZZY = "exact", "nearest", "window", "aggregate", "fuzzy"
JOINS = (EXACT, NEAREST, WINDOW, AGGREGATE, FUZZY)
TIMED = (NEAREST, WINDOW)
SUMMARIES = ("count", "sum", "mean", "min", "max", "last")
DURATIONS = ("known_after", "not_older", "window")
AS_TOLD = ("query", "table", "pages", "token", "join", "time", "zone")


@dataclass(frozen=True)
class Moment:
    """When a row of the main table is asked about: `before` the time in its `column`."""

    column: str
    before: pd.Timedelta = pd.Timedelta(0)
    zone: str = ""


@dataclass(frozen=True)
class Source:
    """One table of a recipe: where it is, and how it joins what has been joined before it.

    `key` pairs a column there with one here. `known_after` is how long after its time a row is
    known (None: as its stamps say), `not_older` the age from which on it says nothing;
    `same` pairs names that a person has settled (of a fuzzy join).
    """

    name: str
    data: str
    query: str = ""
    table: str | int = ""
    pages: bool = False
    token: str = ""
    join: str = EXACT
    key: tuple[tuple[str, str], ...] = ()
    time: str = ""
    zone: str = ""
    known_after: pd.Timedelta | None = None
    not_older: pd.Timedelta | None = None
    window: pd.Timedelta | None = None
    aggregate: dict[str, list[str]] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    prefix: str | None = None
    same: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> tuple:
        """What it is read from: two sources of one place are read once."""
        return self.data, self.query, str(self.table), self.pages, self.token

    @property
    def keys(self) -> list[str]:
        """Its own key columns."""
        return [own for _, own in self.key]

    def named(self, column: str) -> str:
        """What a column of it is called in the joined table."""
        return f"{self.name}_{column}" if self.prefix is None else f"{self.prefix}{column}"


@dataclass(frozen=True)
class Recipe:
    """The main source, the others in the order in which they join, and the moment of a row."""

    main: Source
    others: tuple[Source, ...]
    moment: Moment | None
    path: str = ""


def read_recipe(path: str | Path) -> Recipe:
    """The recipe in a file; raises InputError, in one line, for what it can't mean.

    Paths in it are relative to its folder.
    """
    path = Path(path).expanduser()
    try:
        return recipe_of(_content(path), path.parent, str(path))
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from None


def _content(path: Path) -> dict:
    if not path.is_file():
        raise InputError("there is no such file. `pipeline sources a.csv b.csv` drafts one.")
    content = yaml_value(path.read_bytes(), "this")
    if not isinstance(content, dict) or not isinstance(content.get("sources"), dict):
        raise InputError("a recipe has `main:` and, below `sources:`, an entry for each table.")
    return content


def recipe_of(content: dict, folder: Path = Path(), path: str = "") -> Recipe:
    """The recipe that a mapping means; see `read_recipe`.

    >>> made = recipe_of({"main": "a", "sources": {"a": {"data": "a.csv"},
    ...                   "b": {"data": "b.csv", "key": ["id"]}}})
    >>> made.main.name, made.others[0].key
    ('a', (('id', 'id'),))
    """
    _refuse_unknown(content, ("main", "moment", "sources"), "")
    sources = {str(n): _source(str(n), said, folder) for n, said in content["sources"].items()}
    main = _main_of(content, sources)
    others = tuple(one for name, one in sources.items() if name != main)
    moment = _moment(content.get("moment"))
    for one in others:
        _check_join(one, moment)
    return Recipe(sources[main], others, moment, path)


def _main_of(content: dict, sources: dict) -> str:
    """The name of the main table; InputError where it is none of the sources."""
    main = str(content.get("main", ""))
    if main not in sources:
        hint = nearest(main, sources)
        raise InputError(f"main names the table whose rows stay; it is '{main}'. {hint}")
    return main


def _refuse_unknown(said: dict, known, where: str) -> None:
    unknown = [str(name) for name in said if name not in known]
    if unknown:
        raise InputError(f"{where}'{unknown[0]}' means nothing here. {nearest(unknown[0], known)}")


def _moment(said) -> Moment | None:
    if not said:
        return None
    said = {"column": said} if isinstance(said, str) else said
    _refuse_unknown(said, ("column", "before", "zone"), "moment: ")
    if not said.get("column"):
        raise InputError("moment: column names the time in a row of the main table.")
    before = _duration(said.get("before", 0), "moment: before")
    return Moment(str(said["column"]), before, str(said.get("zone", "")))


def _source(name: str, said, folder: Path) -> Source:
    """One entry of a recipe."""
    where = f"{name}: "
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        raise InputError(f"'{name}' is no name of a source: letters, digits and _ are.")
    if not isinstance(said, dict) or not said.get("data"):
        raise InputError(f"{where}data says where the table is: a file, a folder or an address.")
    _refuse_unknown(said, (*Source.__dataclass_fields__,), where)
    made = Source(name, _data(str(said["data"]), folder), key=_pairs(said.get("key", ()), where))
    told = {key: said[key] for key in AS_TOLD if said.get(key) not in (None, "")}
    made = replace(made, **told, **{k: _duration(said[k], f"{where}{k}") for k in DURATIONS
                                    if said.get(k) is not None})  # fmt: skip
    _check_token(made)
    columns = tuple(map(str, said.get("columns") or ()))
    summed = _summaries(said.get("aggregate") or {}, where)
    prefix = None if said.get("prefix") is None else str(said["prefix"])
    same = {str(ours): str(theirs) for ours, theirs in (said.get("same") or {}).items()}
    return replace(made, columns=columns, aggregate=summed, prefix=prefix, same=same)


def _data(data: str, folder: Path) -> str:
    refuse_pasted_password(data)
    return source_place(data, folder)


def _pairs(key, where: str) -> tuple[tuple[str, str], ...]:
    """Pairs of columns, the one of the tables before and the own one."""
    if isinstance(key, str):
        return ((key, key),)
    if isinstance(key, dict):
        return tuple((str(here), str(own)) for here, own in key.items())
    if isinstance(key, (list, tuple)) and all(isinstance(name, str) for name in key):
        return tuple((name, name) for name in key)
    raise InputError(
        f"{where}key is a column, a list of them, or pairs `column before: own column`."
    )


def _duration(said, where: str) -> pd.Timedelta:
    try:
        found = pd.Timedelta(0) if said == 0 else pd.Timedelta(str(said))
    except ValueError:
        found = pd.NaT
    if found is pd.NaT or found < pd.Timedelta(0) or (said and _is_bare(said)):
        raise InputError(f"{where} is a time span such as 1h or 30 days; it is '{said}'.")
    return found


def _is_bare(said) -> bool:
    """Whether a time span is a number without its unit."""
    return str(said).replace(".", "", 1).isdigit()


def _check_token(source: Source) -> None:
    """A token is named, never written: the text itself is not repeated here."""
    if source.token and not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,63}", str(source.token)):
        raise InputError(
            f"{source.name}: token is the name of an environment variable, such as SHOP_TOKEN; "
            f"what stands there looks like the token itself. Take it out, and export it instead."
        )


def _summaries(said, where: str) -> dict[str, list[str]]:
    if not isinstance(said, dict):
        raise InputError(f"{where}aggregate pairs a column with {', '.join(SUMMARIES)}.")
    found = {str(c): [how] if isinstance(how, str) else list(how) for c, how in said.items()}
    for column, hows in found.items():
        if unknown := [how for how in hows if how not in SUMMARIES]:
            raise InputError(f"{where}'{unknown[0]}' of {column} is no summary. "
                             f"{nearest(unknown[0], SUMMARIES)}")  # fmt: skip
    return found


def _check_join(source: Source, moment: Moment | None) -> None:
    """Raise InputError for a join that lacks what it needs."""
    where = f"{source.name}: "
    if source.join not in JOINS:
        raise InputError(f"{where}join is {', '.join(JOINS)}; it is '{source.join}'.")
    if not source.key and source.join not in TIMED:
        raise InputError(f"{where}key says what joins, such as `key: {{customer_id: id}}`.")
    if source.join in TIMED and not source.time:
        raise InputError(f"{where}join: {source.join} needs `time:`, the column that says when.")
    if source.join in TIMED and moment is None:
        raise InputError(
            f"{where}join: {source.join} needs the moment of a row: `moment: {{column: …}}` with "
            f"a time column of the main table."
        )
