"""Batch scoring: a file of any size, a piece at a time, the answers those of the pipeline.

Pieces are answered side by side, a thread a core: nearly all of the work is in arrays, where
threads do not wait for each other. The pieces' answers go into a hidden folder beside the result; a
command that was stopped finds them there and goes on. The result is written as they come, into a
draft, and appears whole, at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path

import pandas as pd
import pyarrow as pa
from threadpoolctl import threadpool_limits

from ..base import addresses, remote_files
from ..base.files import replacing, sha256_of
from ..base.locks import only_writer
from ..base.recipe_files import is_recipe, sources_of
from ..base.user_errors import InputError
from ..pipeline import delivery_reading
from ..pipeline.agreement_check import TABLE, agreement
from ..pipeline.compiled import Compiled
from ..pipeline.row_check import most_letters
from ..pipeline.table_check import TableCheck
from ..pipeline.table_policy import BY_DEFAULT, TablePolicy
from ..scale import dask_cluster
from ..tables import arrow_tables, parquet_parts, set_aside
from . import delivery
from .beside import Beside
from .delivery import Answered
from .input_pieces import (
    PIECE,
    count_rows,
    looked_up,
    partitions_of,
    pieces_of_part,
    read_in_pieces,
)
from .model_bundle import (
    Bundle,
    answers_frame,
    check_columns,
    load_bundle,
    load_bundle_version,
    predict_rows,
)
from .result_file import check_out
from .write_answers import FEW, open_answers_file


def predict_file(
    run: str, source: str, out: Path, advance: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None, policy: TablePolicy = BY_DEFAULT,
) -> int:  # fmt: skip
    """Score a table and write it, whole, as CSV or Parquet. Returns the number of rows.

    `advance` gets the number of rows done and of all rows (0 if not yet known). `say` gets, before
    the file is there, a sentence for each column whose cells did not read, or read in another form
    than in training; then one on lines of a text file that are no rows, which are kept beside the
    result (`set_aside.beside`). A row that the service refuses has no prediction; `policy` says how
    many may have none. Raises InputError where it are more, and writes nothing.
    """
    check_out(out, source)
    with only_writer(out):
        return _predict_alone(
            run, source, out, advance or _say_nothing, say or _say_nothing, policy
        )


def _predict_alone(run: str, source: str, out: Path, advance, say, policy: TablePolicy) -> int:
    """`predict_file`, once no other command writes the same file."""
    bundle, folder = load_bundle(run), out.with_name(f".{out.name}.pieces")
    _begin(folder, _identity(bundle, source, policy))
    source = _fetched(source, folder)
    if dask_cluster.current():
        _answer_elsewhere(run, bundle, source, folder, advance, policy)
        advance = _say_nothing
    with _kept_where_it_saves_work(folder), set_aside.heard() as lines:
        count = _write_whole(bundle, source, out, folder, advance, say, policy)
    _hand_on_lines(lines, out, say)
    return count


def _fetched(source: str, folder: Path) -> str:
    """A source here: what is in storage is copied into the folder first."""
    is_stored = remote_files.is_stored(source)
    return str(remote_files.fetch_stored(source, folder / "source")) if is_stored else source


def _hand_on_lines(lines: dict, out: Path, say: Callable[[str], None]) -> None:
    """Write the lines of the source that are no rows beside the result, and say so."""
    set_aside.write(lines, out)
    if lines:
        say(set_aside.kept(lines, set_aside.beside(out).name))


def _say_nothing(*_) -> None:
    """Progress or a sentence that nobody asked for."""


@contextmanager
def _kept_where_it_saves_work(folder: Path):
    """Delete the folder of pieces after the block; after an error, only one with hardly a piece."""
    try:
        yield
    except BaseException:
        if len(list(folder.glob("*.parquet"))) < 2:  # nothing is lost by beginning again
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _write_whole(
    bundle: Bundle, source: str, out: Path, folder: Path, advance, say, policy: TablePolicy
) -> int:
    """Write the rows of a source with their answers, by way of a draft; the number of rows."""
    draft = folder / "result.draft"  # one that a kill leaves behind is written over
    try:
        done = _write_answers(bundle, source, out.suffix.lower(), draft, advance, policy)
        delivery.say_noted(folder, bundle, done, say, policy)
        draft.replace(out)
        return done
    finally:
        draft.unlink(missing_ok=True)


def _write_answers(
    bundle: Bundle, source: str, ending: str, draft: Path, advance, policy: TablePolicy
) -> int:
    """Write the rows of a source with their answers into a draft; the number of rows."""
    folder, total, done = draft.parent, count_rows(source), 0
    answered = _answer_in_order(bundle, source, folder, total, policy)
    with closing(open_answers_file(draft, ending)) as result:
        with _short_switch_interval(), closing(answered) as pieces:
            for rows, answers in pieces:
                result.add(rows, answers)
                done += len(rows)
                advance(done, total)
        _write_again_unless_whole(result, _pieces_of(bundle, source), folder)
    return done


def _pieces_of(bundle: Bundle, source: str) -> Iterator[tuple[str, pa.Table]]:
    """The rows of a source, joined with what the bundle carries, a piece at a time."""
    return looked_up(read_in_pieces(source, bundle.encoding, bundle.known), bundle.lookups)


def _write_again_unless_whole(result, pieces, folder: Path) -> None:
    """Begin the file anew from the pieces, where its types did not hold for all of them."""
    if not result.is_whole:
        result.begin_again()
        for name, rows in pieces:
            result.add(rows, pd.read_parquet(_piece(folder, name)))


@contextmanager
def _short_switch_interval():
    """Inside the block, threads switch ten times as often (a shorter switch interval).

    Else one that reads texts, in Python, holds up another that is at work in arrays and needs the
    lock for a moment between two of them: that one gets half as far or less (measured).
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _identity(bundle: Bundle, source: str, policy: TablePolicy) -> str:
    """What the pieces were made of: another model or another file makes other pieces."""
    model = [bundle.card["model_sha256"], policy.warnings, most_letters(), policy.wanted.options]
    if remote_files.is_stored(source):
        return sha256_of(f"{model} {remote_files.stored_mark(source)} {PIECE}")
    path = addresses.local_path(source) if addresses.is_path(source) else Path(source)
    files = sorted(path.rglob("*.parquet")) if path.name and path.is_dir() else [path]
    files += [Path(one) for one in sources_of(path)] if is_recipe(source) else []
    stats = [(str(file), file.stat()) for file in files if file.is_file()]
    of_file = [[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats] or None
    return sha256_of(json.dumps(["answers", *model, source, of_file, PIECE]))


def _begin(folder: Path, identity: str) -> None:
    """Keep the pieces of the same model and file; throw away any others."""
    note = folder / "made_of"
    if not note.exists() or note.read_text() != identity:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        note.write_text(identity)


def _piece(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


# --- Answering ----------------------------------------------------------------------------------


def _answer_in_order(
    bundle: Bundle, source: str, folder: Path, total: int, policy: TablePolicy
) -> Iterator[tuple[pa.Table, pd.DataFrame]]:
    """The pieces of a source in their order, each with its answers, also written into the folder.

    A few rows are answered by the pipeline, there and then; many, side by side, a thread a core.
    `total` is how many rows there are, where that is known.
    """
    pieces = _pieces_of(bundle, source)
    first = next(pieces, None)
    if first is not None:
        check_columns(bundle, first[1].column_names)
        plans, said = delivery.forms_of(bundle, first[1], partitions_of(Path(source).expanduser()))
        bundle = delivery.in_forms(bundle, plans)
        said = [*Beside.of(bundle, policy.wanted).cannot, *said]
        delivery.note(folder, delivery.WHOLE, [*delivery.oddities_of(first[1]), *said])
        answered = _one_by_one if max(len(first[1]), total) < FEW else _side_by_side
        yield from answered(bundle, chain([first], pieces), folder, policy)


def _one_by_one(
    bundle: Bundle, pieces: Iterator[tuple[str, pa.Table]], folder: Path, policy: TablePolicy
):
    """The pieces with the pipeline's answers."""
    path = _ScoringPath(bundle, policy)
    for name, rows in pieces:
        yield rows, _answers(path, rows, _piece(folder, name))


def _side_by_side(
    bundle: Bundle, pieces: Iterator[tuple[str, pa.Table]], folder: Path, policy: TablePolicy
):
    """The pieces with the answers of the compiled form, in a pool with a thread a core."""
    pool = ThreadPoolExecutor(_cores(), "batch", threadpool_limits, (1,))
    path = _ScoringPath(bundle, policy, pool)
    begun = ((rows, pool.submit(_answers, path, rows, _piece(folder, name)))
             for name, rows in pieces)  # fmt: skip
    try:
        yield from _finished(begun)
    finally:
        pool.shutdown(cancel_futures=True)


def _finished(begun: Iterator[tuple[pa.Table, Future]]):
    """Rows with their answers, in order; meanwhile a piece a core is under way."""
    waiting = deque()
    for rows, answers in begun:
        waiting.append((rows, answers))
        while len(waiting) > _cores():
            yield _next(waiting)
    while waiting:
        yield _next(waiting)


def _answer_elsewhere(
    run: str, bundle: Bundle, source: str, folder: Path, advance, policy: TablePolicy
) -> None:
    """Have the workers of the cluster answer the parts of a source, each into its own pieces."""
    found = _parts_for_workers(source)
    total, done, folder = sum(part.rows for part in found), 0, str(folder.resolve())
    forms = json.dumps(delivery.forms_of_parts(bundle, found)[0])
    calls = ((run, bundle.version, part, number, folder, forms, policy)
             for number, part in enumerate(found))  # fmt: skip
    for rows in dask_cluster.map_tasks(answer_partition, calls):
        done += rows
        advance(done, total)


def _parts_for_workers(source: str) -> list[parquet_parts.Partition]:
    """The parts of a source that workers can read each by itself; InputError for another kind."""
    path = Path(source).expanduser().resolve()
    found = partitions_of(path)
    if not found and not path.is_dir() and path.suffix.lower() != ".parquet":
        raise InputError(
            f"With --dask, rows are a folder of Parquet files, or one such file: each worker reads "
            f"a part of it. '{source}' is another kind; leave --dask out."
        )
    return found


def answer_partition(
    run: str, version: str, part: parquet_parts.Partition, number: int, folder: str,
    forms: str = "{}", policy: TablePolicy = BY_DEFAULT,
) -> int:  # fmt: skip
    """Answer a part's rows into its pieces, unless they are there: the task of a worker.

    Returns the number of rows. `version` is that of the model that is meant, `forms` the plans of
    the columns that the delivery has in another form, as JSON.
    """
    dask_cluster.check_visible(part.path, folder)
    bundle, compiled = _open_once(run, version, forms, policy, threading.get_ident())
    by_pipeline = partial(_by_pipeline, bundle, policy=policy)
    beside = Beside.of(bundle, policy.wanted)
    path, count = partial(_by_compiled, compiled, beside=beside) if compiled else by_pipeline, 0
    with threadpool_limits(1):
        for name, rows in looked_up(pieces_of_part(part, number), bundle.lookups):
            check_columns(bundle, rows.column_names)
            _answers(path, rows, _piece(Path(folder), name))
            count += len(rows)
    return count


@lru_cache(maxsize=8)
def _open_once(
    run: str, version: str, forms: str, policy: TablePolicy, thread: int
) -> tuple[Bundle, Compiled | None]:
    """A model and its checked compiled form, opened once in each thread of a worker."""
    bundle = delivery.in_forms(load_bundle_version(run, version), json.loads(forms))
    compiled = _compiled(bundle, policy.warnings)
    agrees = not why_not_table(compiled, bundle, Beside.of(bundle, policy.wanted))
    return bundle, compiled.for_another_thread() if agrees else None


def _compiled(bundle: Bundle, with_words: bool) -> Compiled:
    """The compiled form of a model, which checks rows while it reads them."""
    check = TableCheck(bundle.check, with_words)
    return Compiled(bundle.task, bundle.model, list(bundle.fields), check)


def why_not_table(compiled: Compiled, bundle: Bundle, beside: Beside | None = None) -> str:
    """Why the compiled form may not answer tables; "" where it agrees with the pipeline."""
    asked = compiled, bundle.model, bundle.examples
    return agreement(*asked, forms=(TABLE,), beside=beside or None)[TABLE]


def _next(waiting: deque[tuple[pa.Table, Future]]) -> tuple[pa.Table, pd.DataFrame]:
    rows, answers = waiting.popleft()
    return rows, answers.result()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _ScoringPath:
    """How pieces are answered: by the pipeline; with a pool of threads, by the compiled form.

    The first thing that a thread does is to hold the compiled form against the pipeline. Pieces are
    answered meanwhile, but none is kept before that is done; where they differ, the pipeline
    answers instead.
    """

    def __init__(self, bundle: Bundle, policy: TablePolicy, pool: ThreadPoolExecutor | None = None):
        self._bundle, self._own, self._policy = bundle, threading.local(), policy
        self._compiled, self._beside = None, Beside.of(bundle, policy.wanted)
        if pool is not None:
            self._compiled = _compiled(bundle, policy.warnings)
            self._why_not = pool.submit(why_not_table, self._compiled, bundle, self._beside)

    def __call__(self, rows: pa.Table) -> Answered:
        """The answers of a piece, and what was counted while it was read."""
        if self._compiled is None:
            return _by_pipeline(self._bundle, rows, self._policy)
        if not hasattr(self._own, "compiled"):  # the one that is checked belongs to who checks it
            self._own.compiled = self._compiled.for_another_thread()
        found = _by_compiled(self._own.compiled, rows, self._beside)
        differs = self._why_not.result()
        return _by_pipeline(self._bundle, rows, self._policy) if differs else found


def _by_pipeline(bundle: Bundle, rows: pa.Table, policy: TablePolicy = BY_DEFAULT) -> Answered:
    frame = arrow_tables.plain_frame(rows)
    check_columns(bundle, frame.columns)
    sayable = Beside.of(bundle, policy.wanted).wanted  # what can't be said was said of the whole
    scored = predict_rows(bundle, frame, **sayable.options)
    found = delivery_reading.looked_at(bundle.model, frame, bundle.check, policy.warnings)
    return delivery.answered(scored, *found, policy.warnings)


def _by_compiled(compiled: Compiled, rows: pa.Table, beside: Beside | None = None) -> Answered:
    look = beside.look() if beside else None
    scored = answers_frame(compiled.task, *compiled.arrow(rows, look))
    if look is not None:
        scored = scored.join(look.columns(partial(delivery.column_of, rows)))
    found = compiled.taken_tallies()
    checked = compiled.taken_check(rows.column_names)
    return delivery.answered(scored, found, checked, compiled.with_words)


def _answers(path: Callable[[pa.Table], Answered], rows: pa.Table, piece: Path) -> pd.DataFrame:
    """The answers of a piece: those that an earlier command left, or new ones."""
    if piece.exists():
        return pd.read_parquet(piece)
    answers, counted = path(rows)
    delivery.note(piece.parent, piece.stem, counted)
    with replacing(piece) as draft:
        answers.to_parquet(draft, index=False)
    return answers
