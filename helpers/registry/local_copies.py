"""Local copies of registered versions, so that a service can start while the store is away."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from ..base.files import replacing_folder, sha256, write_json
from ..base.places import reports_folder
from ..base.user_errors import InputError
from ..line.run_folder import Run
from . import mlflow_store
from .mlflow_store import store
from .model_versions import ADDRESS, Version, resolve

COPIES = ".registry"  # in the folder of runs: local copies of versions


def bundle_folder(address: str | Version) -> Path:
    """The folder with the bundle of a version, fetched once; its model is the one registered.

    Raises InputError when it can't be fetched, or when the model's hash is not the one that the
    registry has for it.
    """
    version = address if isinstance(address, Version) else resolve(address)
    if not version.model_sha256:
        raise InputError(
            f"{version} was not logged by `pipeline run`: it has no schema to check rows against."
        )
    folder = copy_of(version)
    if not folder.exists():
        _fetch(version, folder)
    _check_model(version, folder)
    return folder


def _check_model(version: Version, folder: Path) -> None:
    """Raise InputError, and remove the copy, where its model is not the one that was registered."""
    model = folder / "model.skops"
    if not model.exists() or sha256(model) != version.model_sha256:
        shutil.rmtree(folder, ignore_errors=True)  # the file in the store may be intact
        raise InputError(
            f"The model file of {version} is not the one that was registered (its hash differs), "
            f"so it was not loaded."
        )


def copy_of(version: Version) -> Path:
    """Where the local copy of a version is, or would be."""
    return (
        reports_folder() / COPIES / version.name / f"{version.number}-{version.model_sha256[:12]}"
    )


def _fetch(version: Version, folder: Path) -> None:
    """Copy a version's files from the store, whole: into a draft, then a rename."""
    with replacing_folder(folder) as draft, TemporaryDirectory(dir=draft) as fetched:
        with store() as client:
            got = mlflow_store.fetch(client, version.name, version.number, Path(fetched))
        for path in list(got.iterdir()):  # a store may put them a folder deeper
            path.rename(draft / path.name)


def remember(address: str, version: Version) -> None:
    """Store which version an address named, for a service that starts while the store is away."""
    note = _note_of(address)
    note.parent.mkdir(parents=True, exist_ok=True)
    write_json(note, asdict(version))


def remembered(address: str) -> Version | None:
    """The version that an address named last on this machine; None where none is known."""
    note = _note_of(address)
    if not note.exists():
        return None
    known = json.loads(note.read_text(encoding="utf-8"))
    return Version(**{k: tuple(v) if isinstance(v, list) else v for k, v in known.items()})


def _note_of(address: str) -> Path:
    """The file that says which version an address named."""
    name, alias, number = ADDRESS.fullmatch(address).groups()
    return reports_folder() / COPIES / name / f"{alias or number}.json"


class Copy(Run):
    """A folder with the files of a run's `model/` in it: a copy of a version, or of a bundle."""

    def __init__(self, version: Version | str, folder: Path):
        self.name, self.path = str(version), folder
