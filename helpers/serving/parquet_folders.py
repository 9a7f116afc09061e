"""A folder of Parquet larger than memory: cleaned, or compared with the training rows, by parts.

Each part is a task that reads it, and hands back little or writes a file of its own; on a cluster
where one is named (`helpers.scale.dask_cluster`), else one after the other. (For the answers to
its rows see `helpers.serving.batch_prediction`.)
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pandas as pd

from ..base.files import delete_drafts, replacing
from ..base.locks import only_writer
from ..base.user_errors import InputError
from ..drift import compare_columns
from ..drift.column_tallies import Tally
from ..scale import dask_cluster
from ..tables import arrow_tables
from ..tables.parquet_parts import Partition, partitions_of, read_partition
from . import delivery
from .input_pieces import PIECE
from .model_bundle import Bundle, check_columns, load_bundle, load_bundle_version, load_reference

NOTE = "made_of"  # in a folder of parts: what they were made of
Say = Callable[[str], None]
Advance = Callable[[int], None]  # is told so many more rows that are done


def clean_folder(
    run: str, source: str, out: Path, advance: Advance | None = None, say: Say | None = None
) -> int:
    """Clean a folder of Parquet by the plan of a run's model; returns the number of rows.

    `out` becomes a folder with a file for each part, in the same order, row for row. It appears
    whole, at the end; a command that was stopped goes on where it was. `say` gets a sentence for
    each column that the folder has in another form.
    """
    with only_writer(out):
        _check_new(out)
        return _clean_alone(run, source, out, advance, say)


def _clean_alone(run: str, source: str, out: Path, advance, say: Say | None) -> int:
    bundle, found = load_bundle(run), _partitions(source)
    draft = out.resolve().with_name(f".{out.name}.parts")
    _begin(draft, f"{bundle.version} {_files_of(found)}")
    forms = _forms_of(bundle, found, say)
    calls = ((run, bundle.version, part, str(draft / f"part-{number:06d}.parquet"), forms)
             for number, part in enumerate(found))  # fmt: skip
    rows = _counted(dask_cluster.map_tasks(clean_partition, calls), advance)
    _finish(draft, out)
    return rows


def _files_of(parts: list[Partition]) -> list[tuple[str, int]]:
    """The files of some parts, each with the time when it was written."""
    return sorted({(str(part.path), part.path.stat().st_mtime_ns) for part in parts})


def _forms_of(bundle: Bundle, parts: list[Partition], say: Say | None) -> str:
    """The plans of the columns that a folder has in another form, as JSON; that is said."""
    plans, said = delivery.forms_of_parts(bundle, parts)
    for sentence in said if say else ():
        say(sentence)
    return json.dumps(plans)


def _check_new(out: Path) -> None:
    """Raise InputError where a new folder can't be made."""
    if out.exists():
        raise InputError(f"'{out}' exists already: give a new folder with --out.")
    if not out.resolve().parent.is_dir():
        raise InputError(f"The folder '{out.parent}' for --out does not exist: make it first.")


def _finish(draft: Path, out: Path) -> None:
    """Give a folder that is complete its name."""
    (draft / NOTE).unlink()
    delete_drafts(draft)
    draft.replace(out)


def _begin(folder: Path, made_of: str) -> None:
    """Keep the parts that a stopped command has made of the same rows; throw away any others."""
    note = folder / NOTE
    if not note.exists() or note.read_text(encoding="utf-8") != made_of:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        note.write_text(made_of, encoding="utf-8")


def _counted(counts, advance: Advance | None) -> int:
    total = 0
    for count in counts:
        total += count
        if advance:
            advance(count)
    return total


def clean_partition(run: str, version: str, part: Partition, to: str, forms: str = "{}") -> int:
    """Clean a part into a file, unless it is there: a task. Returns the number of rows."""
    dask_cluster.check_visible(part.path, Path(to).parent)
    if Path(to).exists():
        return part.rows
    cleaner = _opened(run, version, forms).model["clean"]
    frames = [cleaner.transform(rows) for rows in _frames(part)]
    with replacing(Path(to)) as draft:
        pd.concat(frames, ignore_index=True).to_parquet(draft, index=False)
    return part.rows


def drift_of_folder(
    run: str, source: str, advance: Advance | None = None, say: Say | None = None
) -> pd.DataFrame:
    """How far each column that the model uses has moved in a folder of Parquet (`drift.compare`).

    All rows count; the table is the one that the whole folder in memory would give, but for units:
    later rows are taken to be of units like the earlier ones.
    """
    bundle, found = load_bundle(run), _partitions(source)
    known, forms = _known(run, bundle.version), _forms_of(bundle, found, say)
    later = _nothing_later(known)
    calls = ((run, bundle.version, part, forms) for part in found)
    for rows, counted in dask_cluster.map_tasks(drift_of_partition, calls):
        later = {name: later[name] + counted[name] for name in later}
        if advance:
            advance(rows)
    both = {name: (tally, later[name].tally) for name, tally in known.items()}
    return compare_columns.compare_tallies(both)


def _nothing_later(known: dict[str, Tally]) -> dict[str, compare_columns.LaterTally]:
    """By column a tally of later rows in which none is counted yet."""
    return {name: compare_columns.LaterTally(tally) for name, tally in known.items()}


def drift_of_partition(
    run: str, version: str, part: Partition, forms: str = "{}"
) -> tuple[int, dict]:
    """The number of rows of a part, and what has been counted of each of its columns: a task."""
    dask_cluster.check_visible(part.path)
    bundle, known = _opened(run, version, forms), _known(run, version)
    later = _nothing_later(known)
    for rows in _frames(part):
        check_columns(bundle, rows.columns)
        clean = bundle.model["clean"].transform(rows)
        later = {
            n: one + compare_columns.LaterTally.of(one.known, clean[n]) for n, one in later.items()
        }
    return part.rows, later


@lru_cache(maxsize=2)
def _known(run: str, version: str) -> dict[str, Tally]:
    """The tallies of the rows that the model was fitted on, but for the column of their time."""
    _opened(run, version)  # the same model still
    known = load_reference(run)
    return {n: one for n, one in known.tallies.items() if n != known.time_column}


def _partitions(source: str) -> list[Partition]:
    """The parts of a folder of Parquet, or of one file; InputError for anything else."""
    path = Path(source).expanduser().resolve()
    if path.is_dir() or (path.suffix.lower() == ".parquet" and path.is_file()):
        return partitions_of(path, PIECE)
    raise InputError(
        f"A folder of Parquet files is worked on part by part, or one such file; '{source}' is "
        f"{'another kind of file' if path.exists() else 'not there'}."
    )


def _frames(part: Partition):
    return (arrow_tables.plain_frame(rows) for rows in read_partition(part, PIECE))


@lru_cache(maxsize=2)
def _opened(run: str, version: str, forms: str = "{}") -> Bundle:
    """The model of a run, opened once a process; `forms` are as `_forms_of` gives them."""
    return delivery.in_forms(load_bundle_version(run, version), json.loads(forms))
