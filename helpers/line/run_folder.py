"""The run folder: the files of one run, its ledger, and the lock that holds it."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from pathlib import Path

from ..base.earlier_names import with_current_names
from ..base.files import as_json, clear_drafts, replacing, sha256, write_text
from ..base.places import reports_folder
from ..base.user_errors import InputError, nearest
from ..examples import known
from .stage_list import stage

MODEL_SUFFIX = ".skops"
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
            raise InputError(
                f"'{self.path}' is a link, and a run is a folder of its own: name the run itself, "
                f"or keep runs in another place by the environment variable PIPELINE_REPORTS."
            )

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
        lines = self.read_json("ledger.json", [])
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

    def enter(self, entry: dict) -> None:
        """Put a line into the ledger, in place of the stage's earlier one."""
        with self._changing_ledger() as lines:
            lines[entry["stage"]] = entry

    def amend(self, number: int, **more) -> None:
        """Add to the ledger line of a stage, if it still stands."""
        with self._changing_ledger() as lines:
            if number in lines:
                lines[number] = lines[number] | more

    def withdraw(self, number: int, and_later: bool = False) -> None:
        """Take back the ledger line of a stage, and with `and_later` of all that follow it."""
        with self._changing_ledger() as lines:
            for other in list(lines):
                if other == number or (and_later and other > number and not stage(number).lesson):
                    del lines[other]

    def withdraw_outdated(self, number: int) -> None:
        """Take back the lines of stages after `number` that rest on files that have changed since.

        A later stage whose inputs came out the same as before keeps its line.
        """
        changed = set()
        with self._changing_ledger() as lines:
            for later in [n for n in lines if n > number]:
                inputs, outputs = lines[later]["inputs"], lines[later]["outputs"]
                if changed & set(inputs) or any(self.content(n) != h for n, h in inputs.items()):
                    changed |= set(outputs)
                    del lines[later]

    @contextmanager
    def _changing_ledger(self):
        """The ledger as a mapping from stage to line, written back when it has changed.

        A lock keeps a kernel and the runner, which adds what the pages cost, from writing at once.
        """
        with lock(f"{self.name}.ledger", timeout=30):
            before = self.ledger
            lines = {entry["stage"]: entry for entry in before}
            yield lines
            after = [lines[number] for number in sorted(lines)]
            if after != before:
                self.write_json("ledger.json", after)

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
        if entry is None or entry["verdict"] == "failed":
            needed = stage(number)
            raise InputError(
                f"Stage {number} ({needed.title}) has not run yet in run '{self.name}': run "
                f"`pipeline run --name {self.name} --stages {number}`, or open "
                f"{needed.notebook}.ipynb and run it."
            )


def existing_run(name: str) -> Run:
    """A run that has been made already; an error that names the nearest one otherwise."""
    run = Run(name)
    if not run.file("ledger.json").exists():
        folder = reports_folder()
        made = sorted(p.parent.name for p in folder.glob("*/ledger.json"))
        raise InputError(f"There is no run '{name}' in {folder}. {nearest(name, made)}")
    return run


@contextmanager
def lock(name: str, timeout: float):
    """Hold a lock of that name in the folder of runs; `filelock.Timeout` when another has it."""
    from filelock import FileLock

    folder = reports_folder() / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{name}.lock", timeout=timeout):
        yield
