"""A finished run copied to storage and back: any fsspec address, S3 or a plain folder.

At the address lie the run's files under their own names, so that `index.html` can be opened there,
and `manifest.json`, which is written last: where it is, the run is whole. What is pulled is checked
against its hashes and takes its place in the folder of runs by a rename; where a service keeps its
log in the folder, this stays, and its files are replaced one by one.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

from ..base import addresses, remote_files
from ..base.files import as_json, sha256
from ..base.locks import lock
from ..base.places import reports_folder
from ..base.user_errors import InputError
from ..line.ledger import FILE as LEDGER
from ..line.run_folder import Run, existing_run
from ..line.stage_list import STAGES

MANIFEST = "manifest.json"
BEGUN = "unfinished.json"  # in its place while a push is at work: what is there already
LAST_NEEDED = 7  # what stage 8 looks at comes later, and it may run anywhere
LOG = "predictions.sqlite"  # what a service has answered belongs to where it runs

Advance = Callable[[int, int], None]  # is told the bytes that are done, and all


def push(name: str, address: str, force: bool = False, advance: Advance | None = None) -> dict:
    """Copy a finished run to an address. Returns `files`, `bytes` and `copied`, the files anew.

    Raises InputError for a run that lacks a stage, and unless `force` where another run, or
    something else, is there.
    """
    run = existing_run(name)
    _require_finished(run)
    found, root = _place(address)
    with _alone(name):
        own = _manifest(run)
        before, others = _what_is_there(found, root, address)
        if not force:
            _refuse_occupied(address, own, before, others)
        with _storage_errors(address):
            return _send(found, root, run, own, before, advance)


def _what_is_there(found, root: str, address: str) -> tuple[dict, list]:
    """The manifest of a run at an address, whole or begun; where there is none, other files."""
    with _storage_errors(address):
        there = _read(found, f"{root}/{MANIFEST}")
        begun = _read(found, f"{root}/{BEGUN}")
        return there or begun or {}, [] if there or begun else _some_of(found, root)


def _refuse_occupied(address: str, own: dict, before: dict, others: list[str]) -> None:
    """Raise where another run, or something else, lies at an address."""
    if others or (before and _who(before) != _who(own)):
        what = f"the run '{before['run']}'" if before else f"something else ({others[0]} …)"
        raise InputError(
            f"At {addresses.shown(address)} there is {what} already: give another address, or "
            f"--force to write over it."
        )


def _send(found, root: str, run: Run, own: dict, before: dict, advance: Advance | None) -> dict:
    """Send what is not there yet, take away what is no longer the run's, say that it is whole."""
    sizes = {name: info["size"] for name, info in _listed(found, root).items()}
    kept = _kept(own, before, sizes)
    is_whole = found.exists(f"{root}/{MANIFEST}")
    if is_whole and len(kept) == len(own["files"]) == len(before["files"]):
        return _transfer_summary(own, [])
    # Only what stays as it is counts as there, should this be stopped: the rest may be half done.
    _write(found, f"{root}/{BEGUN}", own | {"files": kept})
    if is_whole:
        found.rm_file(f"{root}/{MANIFEST}")
    new = [name for name in own["files"] if name not in kept]
    _put(found, root, run, _counted(new, own["files"], advance))
    gone = set(before.get("files", {})) - set(own["files"])
    _remove(found, root, sorted(gone & set(sizes)))
    _write(found, f"{root}/{MANIFEST}", own)
    found.rm_file(f"{root}/{BEGUN}")
    return _transfer_summary(own, new)


def _kept(own: dict, before: dict, sizes: dict[str, int]) -> dict:
    """The files that are there already, as they are to be."""
    known = before.get("files", {})
    return {name: entry for name, entry in own["files"].items()
            if known.get(name) == entry and sizes.get(name) == entry["bytes"]}  # fmt: skip


def _put(found, root: str, run: Run, names) -> None:
    """Copy files of a run to a folder in storage."""
    for name in names:
        found.makedirs(str(PurePosixPath(root, name).parent), exist_ok=True)
        found.put_file(str(run.file(name)), f"{root}/{name}")


def _remove(found, root: str, names: list[str]) -> None:
    """Delete files of a folder in storage."""
    for name in names:
        found.rm_file(f"{root}/{name}")


def pull(address: str, name: str = "", force: bool = False, advance: Advance | None = None) -> dict:
    """Copy a run from an address into the folder of runs. Returns as `push`, and `run`, its name.

    Files that a run of that name has already are not copied again. Raises InputError where no
    whole run is there, a file is not what the manifest says, a name would lead out of the run's
    folder, and unless `force` where another run has that name here.
    """
    found, root = _place(address)
    there = _manifest_at(found, root, address)
    run = Run(name or there["run"])
    with _alone(run.name):
        _refuse_other(run, there, force)
        draft = reports_folder() / f".{run.name}.{os.getpid()}.pulled"
        try:
            new = _fetch(found, root, there, run, draft, address, advance)
            _take_place(run, draft, there["files"], new)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return _transfer_summary(there, new) | {"run": run.name}


def _manifest_at(found, root: str, address: str) -> dict:
    """The manifest of the whole run at an address, checked; InputError where there is none."""
    with _storage_errors(address):
        there = _read(found, f"{root}/{MANIFEST}")
    if there is None:
        raise InputError(
            f"There is no whole run at {addresses.shown(address)}: no {MANIFEST}. Push one there, "
            f"or push again where that was stopped."
        )
    _check(there, address)
    return there


def _fetch(found, root: str, there: dict, run: Run, draft: Path, address: str, advance) -> list:
    """Fill a folder with the files of a manifest, each checked; returns those from the address."""
    draft.mkdir(parents=True)
    here = {name for name, known in there["files"].items() if _is_same(run.file(name), known)}
    new = [name for name in there["files"] if name not in here]
    for name in there["files"]:
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        if name in here:
            shutil.copy2(run.file(name), draft / name)
    for name in _counted(new, there["files"], advance):
        _fetch_file(found, root, name, draft / name, there["files"][name]["sha256"], address)
    return new


def _fetch_file(found, root: str, name: str, to: Path, expected: str, address: str) -> None:
    """Copy one file from storage; InputError where it is not what its manifest says."""
    with _storage_errors(address):
        found.get_file(f"{root}/{name}", str(to))
    if sha256(to) != expected:
        raise InputError(
            f"'{name}' at {addresses.shown(address)} is not what its manifest says: nothing "
            f"was changed here. Push the run again."
        )


def _is_same(path: Path, known: dict) -> bool:
    """Whether a file here is what a manifest says of it."""
    return (
        path.is_file() and path.stat().st_size == known["bytes"] and sha256(path) == known["sha256"]
    )


def _take_place(run: Run, draft: Path, names, new: list[str]) -> None:
    """Put a whole folder in the place of the run; one with a service's log stays, as it is open."""
    gone = [name for name, _ in _files_of(run) if name not in names] if run.path.exists() else []
    if run.path.exists() and not new and not gone:
        return
    if any(run.path.glob(f"{LOG}*")):
        _replace_files(run, draft, new, gone)
    else:
        _replace_folder(run, draft)


def _replace_files(run: Run, draft: Path, new: list[str], gone: list[str]) -> None:
    """Replace files one by one. The ledger goes first and comes back last: should this be stopped,
    no run is left that looks whole.
    """
    run.file(LEDGER).unlink(missing_ok=True)
    for name in gone:
        run.file(name).unlink(missing_ok=True)
    for name in [name for name in new if name != LEDGER]:
        run.file(name).parent.mkdir(parents=True, exist_ok=True)
        (draft / name).replace(run.file(name))
    if (draft / LEDGER).exists():
        (draft / LEDGER).replace(run.file(LEDGER))


def _replace_folder(run: Run, draft: Path) -> None:
    old = draft.with_name(f"{draft.name}.old")
    if run.path.exists():
        run.path.rename(old)
    try:
        draft.rename(run.path)
    except OSError:
        if old.exists():
            old.rename(run.path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _require_finished(run: Run) -> None:
    last = LAST_NEEDED if run.about.get("target") else 3
    for stage in STAGES[1 : last + 1]:
        entry = run.line_of(stage.number)
        if entry is None or entry["verdict"] == "failed":
            state = "has not run" if entry is None else "failed"
            raise InputError(
                f"The run '{run.name}' is not finished: stage {stage.number} ({stage.title}) "
                f"{state}. Run `pipeline run --name {run.name}` first."
            )


def _manifest(run: Run) -> dict:
    """The run's name, source and target, and its files with their hashes and sizes."""
    about = run.about
    who = {"run": run.name, "source": about.get("source"), "target": about.get("target")}
    files = {name: {"sha256": sha256(path), "bytes": path.stat().st_size}
             for name, path in _files_of(run)}  # fmt: skip
    return {"format": 1, **who, "files": files}


def _files_of(run: Run):
    """The files of a run to copy, with their names; InputError for a link out of its folder."""
    for path in sorted(run.path.rglob("*")):
        name = path.relative_to(run.path).as_posix()
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if path.is_file() and not hidden and not name.startswith(LOG) and name != MANIFEST:
            if not path.resolve().is_relative_to(run.path.resolve()):
                raise InputError(f"'{name}' in run '{run.name}' is a link out of its folder.")
            yield name, path


def _who(manifest: dict) -> tuple:
    return manifest["run"], manifest.get("source"), manifest.get("target")


def _refuse_other(run: Run, there: dict, force: bool) -> None:
    """Raise where the name is taken by a run of another source or target."""
    if force or not run.path.exists():
        return
    about = run.about
    if (about.get("source"), about.get("target")) != _who(there)[1:]:
        raise InputError(
            f"There is another run '{run.name}' in {reports_folder()}: give a name with --name, or "
            f"--force to write over it."
        )


def _check(manifest: dict, address: str) -> None:
    """Raise for a manifest that is none, or that names what is not below the run's folder."""
    is_one = manifest.get("format") == 1 and isinstance(manifest.get("files"), dict)
    if not is_one or not isinstance(manifest.get("run"), str):
        raise InputError(f"{MANIFEST} at {addresses.shown(address)} is not one of `pipeline push`.")
    for name, entry in manifest["files"].items():
        _check_entry(f"The manifest at {addresses.shown(address)}", name, entry)


def _check_entry(manifest: str, name: str, entry) -> None:
    if _leads_out(name):
        raise InputError(
            f"{manifest} names '{name}', which leads out of the run's folder: nothing was copied."
        )
    if not isinstance(entry, dict) or {"sha256", "bytes"} - set(entry):
        raise InputError(f"{manifest} has no hash of '{name}'.")


def _leads_out(name: str) -> bool:
    """Whether a name is not that of a file below a folder, on any system."""
    path, other = PurePosixPath(name), PureWindowsPath(name)
    if path.is_absolute() or other.drive or "\\" in name or str(path) != name:
        return True
    return name in ("", ".") or ".." in path.parts


def _place(address: str):
    """The filesystem and the folder of an address; a plain path is a folder of this machine."""
    if addresses.is_path(address):
        address = f"file://{Path(address).expanduser().resolve()}"
    elif not remote_files.is_stored(address):
        raise InputError(
            f"{addresses.shown(address)} is no storage: give an address such as s3://bucket/run, "
            f"or a folder."
        )
    return remote_files.filesystem(address)


@contextmanager
def _storage_errors(address: str):
    """Errors of storage as one line."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # each kind of storage has errors of its own
        raise remote_files.fails_at(address, error) from None


@contextmanager
def _alone(name: str):
    """Hold the run while it is copied, as a command that runs its stages does."""
    from filelock import Timeout

    try:
        with lock(name, timeout=0):
            yield
    except Timeout:
        raise InputError(f"Another command is at work on the run '{name}': wait for it.") from None


def _read(found, path: str) -> dict | None:
    try:
        text = found.cat_file(path)
    except FileNotFoundError:
        return None
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    return content if isinstance(content, dict) and "run" in content else {"run": "?", "files": {}}


def _write(found, path: str, content: dict) -> None:
    found.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
    found.pipe_file(path, as_json(content).encode())


def _listed(found, root: str) -> dict[str, dict]:
    """The files below a folder, by their names in it."""
    if not found.exists(root):
        return {}
    files = found.find(root, detail=True)
    return {name.removeprefix(root).lstrip("/"): info for name, info in files.items()}


def _some_of(found, root: str) -> list[str]:
    return sorted(_listed(found, root))


def _counted(names: list[str], files: dict, advance: Advance | None):
    """The names one by one; what is done is told after each."""
    total, done = sum(files[name]["bytes"] for name in names), 0
    for name in names:
        yield name
        done += files[name]["bytes"]
        if advance:
            advance(done, total)


def _transfer_summary(manifest: dict, new: list[str]) -> dict:
    sizes = [entry["bytes"] for entry in manifest["files"].values()]
    return {"files": len(sizes), "bytes": sum(sizes), "copied": len(new)}
