"""The rows in a JSON document, whatever its shape: a list of objects, columns, rows by key.

Understood are a list of objects (or of lists) and JSON lines; each `orient` of pandas (records,
split, index, columns, table); and rows below a key, such as `{"data": [...]}` or the envelopes of
MLflow and of other services (`instances`, `dataframe_split`, `inputs`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pandas as pd

from ..base.user_errors import InputError
from ..cells.kinds import is_number
from . import odd_files, set_aside

ENVELOPES = ("instances", "dataframe_split", "dataframe_records", "inputs")  # of other services
BLANKS = re.compile(r"\s*")
MOST_BAD = 0.1  # share of the lines of a file that may be no JSON
DEEP = 4  # levels of keys above the rows
KEY = "key"  # the column of the keys that rows stand under
SAFE = 10**15  # whole numbers below it are the same as floats
COUNTING = re.compile(r"\d+")


def read_json(text: str) -> pd.DataFrame:
    """The table in a JSON document, or in lines of JSON; raises InputError where there is none.

    >>> read_json('{"a": {"x": 1, "y": "p"}, "b": {"x": 2, "y": "q"}}').to_dict("list")
    {'key': ['a', 'b'], 'x': [1, 2], 'y': ['p', 'q']}
    """
    try:
        content, aside = json.loads(text), []
    except json.JSONDecodeError:
        content, aside = _documents(text) or _lines(text)
    except RecursionError:
        raise InputError("holds JSON that is nested too deeply to be a table.") from None
    records, shape = rows_in(content)
    frame = set_aside.note(_exact(pd.json_normalize(records), records), aside)
    said = f"Set aside: {odd_files.so_many(aside, 'line')} of the file." if aside else ""
    return odd_files.note(frame, said, shape, odd_files.of_records(records))


def rows_in(content) -> tuple[list[dict], str]:
    """The rows in JSON content, and what to say of its shape ("" for a list of objects).

    Raises InputError for what is no table.

    >>> rows_in({"data": [{"x": 1}]})[0], rows_in({"columns": ["x"], "data": [[1], [2]]})[0]
    ([{'x': 1}], [{'x': 1}, {'x': 2}])
    """
    found = next(_readings(content, DEEP), None)
    if found is None:
        raise InputError("holds JSON that is not a list of objects, one a row.")
    return found


def _readings(content, deep: int) -> Iterator[tuple[list[dict], str]]:
    """The ways to read content as rows, the likeliest first."""
    if isinstance(content, list):
        yield from _of_list(content)
    elif isinstance(content, dict) and content:
        yield from _of_split(content)
        yield from _of_envelope(content, deep)
        yield from _of_one_key(content, deep)
        yield from _of_columns(content)
        yield from _of_mappings(content)
        yield [content], "The file holds one object: it was read as one row."


def _of_list(content: list) -> Iterator[tuple[list[dict], str]]:
    if all(isinstance(row, dict) for row in content):
        yield content, ""
    if len(content) > 1 and all(isinstance(row, list) for row in content):
        names = content[0]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            rows = [dict(zip(names, row, strict=False)) for row in content[1:]]
            yield rows, "The file holds lists: the first was read as the header."
        else:
            rows = [{f"column_{n}": cell for n, cell in enumerate(row, 1)} for row in content]
            yield rows, "The file holds lists without a header: columns go by their number."


def _of_split(content: dict) -> Iterator[tuple[list[dict], str]]:
    """`orient="split"` of pandas, which MLflow sends too: columns, index, and lists of cells."""
    names, data = content.get("columns"), content.get("data")
    if isinstance(names, list) and isinstance(data, list) and set(content) <= {
        "columns", "index", "data"} and all(isinstance(row, list) for row in data):  # fmt: skip
        yield [dict(zip(map(str, names), row, strict=False)) for row in data], ""


def _of_envelope(content: dict, deep: int) -> Iterator[tuple[list[dict], str]]:
    """What other services know as the rows of a request, whatever stands beside it."""
    inside = [content[name] for name in ENVELOPES if isinstance(content.get(name), (dict, list))]
    if len(inside) == 1 and deep:
        found = next(_readings(inside[0], deep - 1), None)
        yield from [(found[0], "")] if found else []


def _of_one_key(content: dict, deep: int) -> Iterator[tuple[list[dict], str]]:
    """Rows below the one key that has a list of objects, at any depth."""
    tables = {key: v for key, v in content.items() if isinstance(v, list) and _is_table(v)}
    if len(tables) == 1:
        [(key, rows)] = tables.items()
        key, rows = str(key), _without_index(content, rows)
        others = [str(name) for name in content if name != key]
        said = f" Beside them, and left out: {odd_files.some(others)}." if others else ""
        yield rows, f"The rows stand below ‘{key:.40}’.{said}" if said else ""
    inner = [v for v in content.values() if isinstance(v, dict)]
    if not tables and len(inner) == 1 and deep and len(content) <= 3:
        found = next((f for f in _readings(inner[0], deep - 1) if f[0] != inner), None)
        yield from [found] if found else []


def _is_table(value: list) -> bool:
    return bool(value) and all(isinstance(row, dict) for row in value)


def _without_index(content: dict, rows: list[dict]) -> list[dict]:
    """Rows of `orient="table"` without the index, where that counts them."""
    schema = content.get("schema")
    keys = schema.get("primaryKey") if isinstance(schema, dict) else None
    if keys == ["index"] and [row.get("index") for row in rows] == list(range(len(rows))):
        return [{name: v for name, v in row.items() if name != "index"} for row in rows]
    return rows


def _of_columns(content: dict) -> Iterator[tuple[list[dict], str]]:
    """A list for each column, all of one length."""
    lists = list(content.values())
    if not all(isinstance(one, list) for one in lists):
        return
    if len({len(one) for one in lists}) == 1 and lists[0]:
        yield [dict(zip(content, cells, strict=True)) for cells in zip(*lists, strict=True)], ""
    else:
        lengths = ", ".join(f"{name} {len(one):,}" for name, one in list(content.items())[:4])
        raise InputError(f"holds columns of different lengths ({lengths}): they make no table.")


def _of_mappings(content: dict) -> Iterator[tuple[list[dict], str]]:
    """A mapping for each row (`orient="index"`) or for each column (`orient="columns"`)."""
    if len(content) < 2 or not all(isinstance(one, dict) and one for one in content.values()):
        return
    if _is_by_column(content):
        keys = list(dict.fromkeys(key for column in content.values() for key in column))
        rows = [{name: column.get(key) for name, column in content.items()} for key in keys]
        yield _with_keys(keys, rows), ""
    elif _share_keys(content):
        rows = _with_keys(list(content), list(content.values()))
        shown = ", ".join(map(str, list(content)[:3]))
        said = (
            f"Each row stands below a key ({shown:.60}, …), now the column ‘{next(iter(rows[0]))}’."
        )
        yield rows, said * (rows[0] is not next(iter(content.values())))


def _is_by_column(content: dict) -> bool:
    """Whether the outer keys name columns: told by which keys count, else by the types of cells."""
    inner = set().union(*content.values())
    counting = [all(COUNTING.fullmatch(str(key)) for key in keys) for keys in (content, inner)]
    if counting[0] != counting[1]:
        return counting[1]
    by_column = [_kinds(column.values()) for column in content.values()]
    by_row = [_kinds(row.get(key) for row in content.values()) for key in inner]
    alike = [sum(len(kinds) <= 1 for kinds in one) / len(one) for one in (by_column, by_row)]
    if alike[0] != alike[1]:
        return alike[0] > alike[1]
    return len(inner) > len(content)  # a table has more rows than columns


def _kinds(cells) -> set[str]:
    """The kinds of some cells, missing ones apart."""
    names = {bool: "boolean", int: "number", float: "number"}
    return {names.get(type(cell), type(cell).__name__) for cell in cells if cell is not None}


def _share_keys(content: dict) -> bool:
    """Whether the objects below the keys are rows of one table: most have most of the keys."""
    keys = set().union(*content.values())
    return sum(map(len, content.values())) >= 0.5 * len(keys) * len(content)


def _with_keys(keys: list, rows: list[dict]) -> list[dict]:
    """Rows with the keys that they stood under, unless these only count them."""
    if list(map(str, keys)) == [str(n) for n in range(len(keys))]:
        return rows
    name = KEY if not any(KEY in row for row in rows) else f"{KEY} of the row"
    return [{name: key} | row for key, row in zip(keys, rows, strict=True)]


def _exact(frame: pd.DataFrame, records: list[dict]) -> pd.DataFrame:
    """The frame, with texts for whole numbers that a float would round: order numbers, keys."""
    for name in frame:
        if is_number(frame[name]) and frame[name].abs().max() >= SAFE:
            cells = [_below(record, str(name)) for record in records]
            if all(cell is None or type(cell) is int for cell in cells):
                texts = [None if cell is None else str(cell) for cell in cells]
                frame[name] = pd.array(texts, dtype="str")
    return frame


def _below(record: dict, name: str):
    """The cell of a record that is called so, or "a.b" where it stands in a mapping below it."""
    if name in record or "." not in name:
        return record.get(name)
    first, rest = name.split(".", 1)
    inner = record.get(first)
    return _below(inner, rest) if isinstance(inner, dict) else None


def _documents(text: str) -> tuple[list[dict], list] | None:
    """Objects that stand one behind the other, as jq prints them, and no lines aside; or None."""
    decode, found, place = json.JSONDecoder().raw_decode, [], 0
    try:
        while place < len(text):
            one, end = decode(text, place)
            found.append(one)
            place = BLANKS.match(text, end).end()
    except (json.JSONDecodeError, RecursionError):
        return None
    return (found, []) if all(isinstance(one, dict) for one in found) else None


def _lines(text: str) -> tuple[list, list[tuple[int, str, str]]]:
    """The records of JSON lines; and the lines that are none: number, reason, text."""
    read, bad = [], []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            read += [(number, line, json.loads(line))] if line.strip() else []
        except (json.JSONDecodeError, RecursionError) as error:
            bad.append((number, f"no JSON: {getattr(error, 'msg', 'too deep')}", line))
    if not read:
        json.loads(text)  # says what is wrong with the document
    others = [(n, "no object", line) for n, line, one in read if not isinstance(one, dict)]
    if len(others) > MOST_BAD * len(read):  # lists, perhaps
        others = []
    elif others:
        read = [one for one in read if isinstance(one[2], dict)]
    if len(bad) > max(1, MOST_BAD * (len(read) + len(bad))):
        raise InputError(f"holds {len(bad):,} lines that are no JSON, the first line {bad[0][0]}.")
    return [record for _, _, record in read], sorted(bad + others)
