"""The run folder: the files of one run, and what they say of it."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from pathlib import Path

from ..base.earlier_names import with_current_names
from ..base.files import as_json, clear_drafts, replacing, sha256, write_text
from ..base.locks import lock as lock
from ..base.places import reports_folder
from ..base.user_errors import InputError, nearest
from ..examples import known
from . import ledger as ledger_file
from .stage_list import stage

MODEL_SUFFIX = ".skops"
LINKED = (
    "'{path}' is a link, and a run is a folder of its own: name the run itself, or keep runs in "
    "another place by the environment variable PIPELINE_REPORTS."
)
CHALLENGES = "challenges.json"  # in a challenger's folder: what it challenges


class Run:
    """The folder of one run: everything that its stages made and handed on."""

    def __init__(self, name: str):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", name):
            raise InputError(
                f"A run's name is letters, digits, '-', '_' and '.', and starts with a letter "
                f"or digit; '{name}' is not. Choose one with --name."
            )
        self.name = name
        self.path = reports_folder() / name
        if self.path.is_symlink():  # two names, and two locks, for one run; or a way out
            raise InputError(LINKED.format(path=self.path))

    def file(self, name: str) -> Path:
        """The path of a file of this run."""
        return self.path / name

    def place(self, name: str) -> Path:
        """The path of a file to write; its folder is made, and refused where a link leads out."""
        path = self.file(name)
        if not path.parent.resolve().is_relative_to(self.path.resolve()):
            raise InputError(
                f"'{path.parent}' is a link out of the run's folder: nothing is written there. "
                f"Put a folder in its place."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def clear_drafts(self) -> None:
        """Delete the drafts that killed processes left behind; those of living ones stay.

        Only the process that holds the run may do this: no other writes draft notebooks.
        """
        for draft in self.path.glob("notebooks/.*.ipynb"):
            draft.unlink(missing_ok=True)
        clear_drafts(self.path)

    @contextmanager
    def replacing(self, name: str):
        """Write a file whole: into a temporary neighbour that takes its name at the end."""
        with replacing(self.place(name)) as draft:
            yield draft

    def write_text(self, name: str, text: str) -> None:
        """Write a text file whole."""
        write_text(self.place(name), text)

    def write_json(self, name: str, content) -> None:
        """Write a JSON file whole."""
        self.write_text(name, as_json(content))

    def read_json(self, name: str, default=None):
        """Read a JSON file; `default` where there is none."""
        path = self.file(name)
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else default

    @property
    def ledger(self) -> list[dict]:
        """The ledger: a line per stage that has run, in the order of the stages.

        Parameters have the names of today, whatever they were called when the stage ran.
        """
        lines = self.read_json(ledger_file.FILE, [])
        return [e | {"parameters": with_current_names(e.get("parameters", {}))} for e in lines]

    @property
    def about(self) -> dict:
        """What the table is: its source, target and what is known about its columns."""
        return with_current_names(self.read_json("about.json", {}))

    @property
    def example(self) -> known.Example | None:
        """The example that this run is about; None for a table of one's own."""
        return known.example(self.about.get("table", ""))

    @property
    def has_lessons(self) -> bool:
        """Whether the course is about the table of this run."""
        return self.example is not None and self.example.has_lessons

    @property
    def challenges(self) -> dict:
        """What a challenger challenges: `model`, `run`, `fields`, `since`; empty for other runs.

        `since` is the time (UNIX seconds) up to which it has learnt from the log of `run`.
        """
        return self.read_json(CHALLENGES, {})

    @property
    def findings(self) -> list[dict]:
        """The oddities and leak alarms that the stages found."""
        return self.read_json("findings.json", [])

    def line_of(self, number: int) -> dict | None:
        """The ledger line of a stage, or None when it has not finished."""
        return next((line for line in self.ledger if line["stage"] == number), None)

    # What writes to the ledger stands in a module of its own
    enter, amend = ledger_file.enter, ledger_file.amend
    withdraw, withdraw_outdated = ledger_file.withdraw, ledger_file.withdraw_outdated

    def content(self, name: str) -> str | None:
        """What a file of the run holds, as a hash; None when it is not there.

        For a model that is as its stage left it, that is the model's identity (see
        `Work.identity`): skops writes the same model with other bytes each time.
        """
        path = self.file(name)
        if not path.exists():
            return None
        found = sha256(path)
        for entry in self.ledger if path.suffix == MODEL_SUFFIX else ():
            if entry["outputs"].get(name) == found:
                return entry.get("identities", {}).get(name, found)
        return found

    def require(self, number: int) -> None:
        """Raise unless that stage has finished in this run."""
        entry = self.line_of(number)
        if entry is None or entry["verdict"] == ledger_file.FAILED:
            needed = stage(number)
            raise InputError(
                f"Stage {number} ({needed.title}) has not run yet in run '{self.name}': run "
                f"`pipeline run --name {self.name} --stages {number}`, or open "
                f"{needed.notebook}.ipynb and run it."
            )


def existing_run(name: str) -> Run:
    """A run that has been made already; an error that names the nearest one otherwise."""
    run = Run(name)
    if not run.file(ledger_file.FILE).exists():
        folder = reports_folder()
        made = sorted(p.parent.name for p in folder.glob(f"*/{ledger_file.FILE}"))
        raise InputError(f"There is no run '{name}' in {folder}. {nearest(name, made)}")
    return run
