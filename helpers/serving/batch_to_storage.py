"""Where a batch may put its answers: a file here, or storage, by way of the folder of runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from ..base import addresses, remote_files
from ..base.files import sha256_of
from ..base.places import reports_folder
from ..base.user_errors import InputError
from ..pipeline.table_policy import BY_DEFAULT, TablePolicy
from ..tables import set_aside
from .batch_prediction import predict_file


def predict_to(
    run: str, source: str, out: str, advance: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None, policy: TablePolicy = BY_DEFAULT,
) -> int:  # fmt: skip
    """Score a table and write it to a file here or in storage, as `predict_file` does.

    What goes to storage is made in the folder of runs first; a command that was stopped goes on
    there.
    """
    if remote_files.is_stored(out):
        return _predict_to_storage(run, source, out, advance, say, policy)
    if not addresses.is_path(out):
        raise InputError(f"--out is a file or an address of storage; it is '{out}'.")
    return predict_file(run, source, Path(out).expanduser(), advance, say, policy)


def _predict_to_storage(run: str, source: str, out: str, advance, say, policy) -> int:
    """Score a table into a file in the folder of runs, and put that where `out` says."""
    filesystem, path = remote_files.filesystem(out)
    folder = reports_folder() / ".scored" / sha256_of(out)[:12]
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / Path(path).name
    count = predict_file(run, source, made, advance, say, policy)
    try:
        filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        for file in filter(Path.exists, (made, set_aside.beside(made))):
            filesystem.put_file(str(file), f"{path.rpartition('/')[0]}/{file.name}")
    except Exception as error:  # each kind of storage has errors of its own
        raise remote_files.fails_at(out, error) from None
    shutil.rmtree(folder, ignore_errors=True)
    return count
