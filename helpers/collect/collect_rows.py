"""Stage 1, collect: read the sources, join them into one raw table, say where each came from."""

from __future__ import annotations

import hashlib

import pandas as pd

from ..base import addresses
from ..base.recipe_files import is_recipe
from ..base.user_errors import InputError
from ..examples import known
from ..learning.label_column import (
    draft_label,
    read_beyond_limit,
    read_class_case,
    read_label,
    read_no_label,
)
from ..learning.task_kind import find_task
from ..tables import encodings, odd_files, read_any, tidy_table
from ..tables.saved_index import without_saved_index
from ..tables.sources.joining import Joined, read_and_join
from ..tables.sources.lookups import describe_sources

MAX_ERROR_RATE = 0.3


def collect(
    data: str, query: str = "", until: str = "", encoding: str = "auto"
) -> tuple[pd.DataFrame, dict]:
    """The raw table, one row an example, and a mapping from source to its own table.

    `data` is an example's name or whatever `tables.read_table` reads; `until` is the last day to
    collect (of an example only, where later days are a later delivery); `encoding` is that of a
    text file.
    """
    if example := known.example(data):
        return known.source(data).collect(until or example.settings["until"])
    if until:
        raise InputError(
            f"until is a parameter of {known.titles()} only; your own table is read whole."
        )
    addresses.refuse_pasted_password(data)
    if is_recipe(data):
        return collect_joined(data, query)
    frame = without_saved_index(read_any.read_table(data, query, encoding=encoding))
    kind = "file or folder" if addresses.is_path(data) else data.split(":", 1)[0]
    read_any.stamp(frame, kind, addresses.shown(data))
    return frame, {"table": frame}


class Sources(dict):
    """By name the tables of a recipe, and in `joined` what their joins did."""

    joined: Joined | None = None


def collect_joined(recipe: str, query: str = "") -> tuple[pd.DataFrame, Sources]:
    """The joined table of a recipe, and the tables that it was made of."""
    if query:
        raise InputError("--query is for one database; in a recipe it stands at its source.")
    joined = read_and_join(recipe, read_any.read_table)
    sources = Sources(joined.tables)
    sources.joined = joined
    for frame in sources.values():
        read_any.stamp(frame, frame.attrs["kind"], frame.attrs["address"])
    return joined.frame, sources


def add_test_rows(frame: pd.DataFrame, test_data: str, about: dict) -> pd.DataFrame:
    """The table with the rows of a second file below it, which are to be held out.

    `about` notes where they begin. Columns are matched by name; one that the second file lacks is
    refused, one that only it has is left aside.
    """
    if not test_data:
        return frame
    more = _read_test_rows(test_data, list(frame), about.get("encoding", ""))
    unlike = [c for c in frame if frame[c].dtype != more[c].dtype and "str" in (
        str(frame[c].dtype), str(more[c].dtype))]  # fmt: skip
    as_text = dict.fromkeys(unlike, "str")  # one file wrote words where the other has numbers
    about["test_rows"] = len(frame)
    about["oddities"] += [f"In test_data: {said}" for said in odd_files.of(more)]
    both = [part.astype(as_text) for part in (frame, more)]
    return pd.concat(both, ignore_index=True)


def _read_test_rows(test_data: str, columns: list[str], encoding: str) -> pd.DataFrame:
    addresses.refuse_pasted_password(test_data)
    likely = encodings.expected(encoding)
    more = read_any.read_table(test_data, encoding=likely, columns=columns)
    lacking = [name for name in columns if name not in more]
    if lacking:
        raise InputError(
            f"test_data {addresses.shown(test_data)} lacks the column '{lacking[0]}' "
            f"({len(lacking)} of {len(columns)} are missing): it must have the columns of --data."
        )
    return more[columns]


def draw_sample(frame: pd.DataFrame, sample: str, data: str) -> pd.DataFrame:
    """This many evenly spaced rows of the table; "all", or "auto", an example's own many.

    >>> len(draw_sample(pd.DataFrame({"x": range(9)}), "3", "mine.csv"))
    3
    """
    if sample == "auto":
        sample = _setting("sample", data) or "all"
    if sample == "all":
        return frame
    if not sample.isdecimal() or int(sample) == 0:
        raise InputError(f"sample is a number of rows, 'all' or 'auto'; it is '{sample}'.")
    return tidy_table.evenly_spaced_rows(frame, int(sample))


def _setting(name: str, data: str) -> str:
    """What "auto" stands for with an example; empty with a table of one's own."""
    example = known.example(data)
    return example.settings[name] if example else ""


def injected_error_rate(injected_errors: str, data: str) -> float:
    """The share of cells to inject errors into: a number as text, or "auto", an example's own.

    >>> injected_error_rate("auto", "mine.csv"), injected_error_rate("0.05", "mine.csv")
    (0.0, 0.05)
    """
    if injected_errors == "auto":
        return float(_setting("injected_errors", data) or 0)
    try:
        rate = float(injected_errors)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= MAX_ERROR_RATE:
        allowed = f"a share from 0 to {MAX_ERROR_RATE}, or auto"
        raise InputError(f"injected_errors is {allowed}; it is '{injected_errors}'.")
    return rate


def inject_errors(
    frame: pd.DataFrame, rate: float, data: str, target: str = ""
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The table with injected errors and their answer key; at rate 0 the table itself, and None.

    The target is left as it is.
    """
    if rate == 0:
        return frame, None
    return known.plant(frame, rate, data, target)


def content_hash(frame: pd.DataFrame) -> str:
    """Twelve hexadecimal digits that change when a name, a cell or the order of rows does.

    >>> content_hash(pd.DataFrame({"x": [1, 2]})) == content_hash(pd.DataFrame({"x": [2, 1]}))
    False
    """
    rows = pd.util.hash_pandas_object(
        frame.astype({c: "str" for c in frame if frame[c].dtype == object})
    )
    digest = hashlib.sha256(rows.to_numpy().tobytes())
    digest.update("\x1f".join(map(str, frame.columns)).encode())
    return digest.hexdigest()[:12]


def table_facts(
    frame: pd.DataFrame, sources: dict, data: str, query="", target="", task="auto", until="",
    no_label="", beyond_limit="limit", class_case="auto",
) -> dict:  # fmt: skip
    """What later stages need to know of the table; goes into `about.json`.

    `frame` is the raw table before a sample is drawn; how labels are read are parameters of the
    stage. Raises InputError for a target that can't be learnt.
    """
    about = {"table": "own", "source": addresses.shown(data), "target": target, "task": "auto"}
    if example := known.example(data):
        until = until or example.settings["until"]
        about |= known.source(data).what_is_known(sources, target, until)
    target = about["target"]
    if target:
        read_any.check_target(frame, target)
        rules = read_beyond_limit(beyond_limit), read_class_case(class_case)
        asked = read_no_label(no_label), task, *rules
        about["label"] = draft_label(frame[target], *asked)
        about["task"] = find_task(read_label(frame[target], about["label"]), target, task).kind
    about.setdefault("question", "")
    about["question"] = about["question"] or (f"What will {target} be?" if target else "")
    about["address"] = data
    about["query"] = query
    about["oddities"] = odd_files.of(frame)
    if joined := getattr(sources, "joined", None):
        about["sources"] = describe_sources(joined)
    about |= {name: frame.attrs[name] for name in ("encoding",) if name in frame.attrs}
    return about
