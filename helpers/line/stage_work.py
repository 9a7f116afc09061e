"""A stage at work: it opens with `start` and closes with `finish`.

Stages hand each other nothing but files in `reports/<run>/`. `start` refuses to work on what an
earlier stage has not made; `finish` checks that the rows add up and writes a line into
`ledger.json`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ..base.earlier_names import stored_name, with_current_names
from ..base.files import as_json, sha256, sha256_of
from ..base.findings import Finding
from ..base.places import DATA
from ..base.recipe_files import is_recipe, sources_of
from ..base.remote_files import is_stored, stored_mark
from ..base.user_errors import InputError
from ..examples import known
from . import held_out_looks, ledger, lesson_cells, notebook_parameters
from .run_folder import MODEL_SUFFIX, Run
from .stage_list import LOG, NAME_SOURCES, STAGES, Stage, stage


def outside(parameters: dict) -> dict[str, str | None]:
    """What a stage reads from outside the run folder, with a hash of its content.

    The hash is None for what only reading it again can tell: a web address, a database server. Of
    what is in storage it is made of names, sizes and ETags, or times of change.
    """
    named = [parameters.get(name) for name in NAME_SOURCES]
    return {address: _outside_hash(address) for address in named if address}


def _outside_hash(address: str) -> str | None:
    if example := known.example(address):
        return example.fingerprint(DATA)
    if address == LOG:  # it grows, and a file of that name is another thing
        return None
    if is_stored(address):
        return stored_mark(address)
    path = Path(address.removeprefix("sqlite:///").partition("?")[0]).expanduser()
    parts = [_outside_hash(one) for one in sources_of(path)] if is_recipe(address) else []
    if parts:
        return sha256_of(f"{sha256(path)} {parts}") if all(parts) else None
    files = _files_of(path)
    content = "".join(f"{file.relative_to(path.parent)} {sha256(file)}\n" for file in files)
    return sha256_of(content) if files else None


def _files_of(path: Path) -> list[Path]:
    """The files of a folder, or a file and what SQLite keeps beside its database: the newest."""
    if path.is_dir():
        return [p for p in sorted(path.rglob("*")) if p.is_file()]
    return [p for p in (path, path.with_name(f"{path.name}-wal")) if p.is_file()]


class Work:
    """A stage at work: reads and writes the run's files and keeps note of both."""

    def __init__(self, number: int, run: Run, parameters: dict):
        self.stage, self.run, self.parameters = stage(number), run, parameters
        self.inputs: dict[str, str] = {}
        self.outputs: dict[str, str] = {}
        self.sources = outside(parameters)
        self._identities: dict[str, str] = {}
        self._opened = datetime.now(UTC).isoformat()
        self._findings: list[dict] = []
        self._looks = 0  # at the held-out rows, this one included; 0: this stage does not ask them
        self._began = time.perf_counter()

    @property
    def about(self) -> dict:
        """What the table is (see `Run.about`)."""
        if not self.run.file("about.json").exists():
            return {}
        return with_current_names(self.read_json("about.json"))

    @property
    def identity(self) -> str:
        """The identity of a model that this stage makes: a hash of its inputs, code and parameters.

        Read all inputs before asking for it. Two models with the same identity give the same
        answers, though skops writes them with different bytes. Lessons have no part in it: no
        other cell reads what they define.
        """
        from . import code_fingerprint

        parameters = {name: value for name, value in self.parameters.items() if name != "run"}
        used = code_fingerprint.fingerprint(self.stage.path, lessons=False)
        del used["text"]
        made_of = {"inputs": self.inputs, "parameters": parameters, "code": used}
        return sha256_of(json.dumps(made_of, sort_keys=True))

    def read(self, name: str) -> Path:
        """The path of a file that an earlier stage made; its hash goes into the ledger."""
        name = stored_name(self.run.path, name)
        path = self.run.file(name)
        if not path.exists():
            maker = next((s for s in STAGES if name in s.writes), None)
            who = f"stage {maker.number} ({maker.title}) makes it" if maker else "run it again"
            raise InputError(f"'{name}' is missing from run '{self.run.name}': {who}.")
        self.inputs[name] = self.run.content(name)
        self._refuse_altered(name)
        return path

    def _refuse_altered(self, name: str) -> None:
        """Raise when a file is not what an earlier stage left: edited by hand, or damaged."""
        for entry in self.run.ledger:
            left = entry["identities"].get(name, entry["outputs"].get(name))
            if entry["stage"] < self.stage.number and left not in (None, self.inputs[name]):
                maker = stage(entry["stage"])
                raise InputError(
                    f"'{name}' of run '{self.run.name}' is not as stage {maker.number} "
                    f"({maker.title}) left it: it was edited or damaged. Make it again: "
                    f"`pipeline run --name {self.run.name} --stages {maker.number}`."
                )

    def read_table(self, name: str):
        """The table `data/<name>.parquet` as a frame."""
        import pandas as pd

        return pd.read_parquet(self.read(f"data/{name}.parquet"))

    def read_json(self, name: str):
        """The content of a JSON file that an earlier stage made."""
        return json.loads(self.read(name).read_text(encoding="utf-8"))

    def read_yaml(self, name: str):
        """The content of a YAML file that an earlier stage made."""
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where there is one
        return yaml.load(self.read(name).read_text(encoding="utf-8"), Loader=loader)

    @contextmanager
    def writing(self, name: str):
        """Write a file of this stage whole, and note its hash.

        The first one takes back the stage's ledger line: a stage that is refused before it has
        written anything leaves the run as it was.
        """
        if not self.outputs:
            ledger.withdraw(self.run, self.stage.number)
        with self.run.replacing(name) as draft:
            yield draft
        self.outputs[name] = sha256(self.run.file(name))
        if name.endswith(MODEL_SUFFIX):
            self._identities[name] = self.identity

    def write_table(self, name: str, frame) -> None:
        """Write a frame to `data/<name>.parquet`, whole.

        Its `attrs` stay out: they hold when it was read, and the same rows are to give the same
        bytes.
        """
        frame = frame.copy(deep=False)
        frame.attrs = {}
        with self.writing(f"data/{name}.parquet") as draft:
            frame.to_parquet(draft, index=False)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file, whole."""
        with self.writing(name) as draft:
            draft.write_text(text, encoding="utf-8")

    def write_json(self, name: str, content) -> None:
        """Write a JSON file, whole."""
        self.write_text(name, as_json(content))

    def note_look(self) -> None:
        """Note that this stage asks the held-out rows; the count goes into its ledger line."""
        self._looks = held_out_looks.note_look(self.run, f"stage {self.stage.number}")

    def find(self, code: str, severity: str, columns, message: str, evidence="") -> None:
        """Note something about the data that a person should see (see `base.findings.Finding`)."""
        self.note(Finding(code, severity, columns, message, evidence))

    def note(self, finding: Finding) -> None:
        """Note a finding that is made already."""
        self._findings.append({"stage": self.stage.number} | finding.as_dict())

    def finish(self, rows_in: int, rows_out: int, headline: str, set_aside=0, verdict="done"):
        """Close the stage: check that the rows add up, then write findings and the ledger line.

        `rows_in`, `rows_out` and `set_aside` count rows; `headline` is the stage's result in a
        sentence. Returns the ledger line.
        """
        rows = (rows_in, rows_out, set_aside)
        self._check_rows(*rows)
        others = [f for f in self.run.findings if f["stage"] != self.stage.number]
        self.run.write_json("findings.json", others + self._findings)
        entry = ledger.line(self.stage, verdict, headline, rows, **self._made_of())
        ledger.enter(self.run, entry)
        ledger.withdraw_outdated(self.run, self.stage.number)
        return entry

    def _check_rows(self, rows_in: int, rows_out: int, set_aside: int) -> None:
        """Raise ValueError where rows have been lost or made."""
        if rows_in != rows_out + set_aside:
            raise ValueError(
                f"The rows do not add up in stage {self.stage.number}: {rows_in} came in, but "
                f"{rows_out} went out and {set_aside} were set aside."
            )

    def _made_of(self) -> dict:
        """What the stage was made of, for its ledger line."""
        return {
            "parameters": self.parameters,
            "sources": self.sources,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "identities": self._identities,
            "held_out_looks": self._looks,
            "opened": self._opened,
            "seconds": round(time.perf_counter() - self._began, 2),
        }


def start(number: int, run: str | Mapping[str, object], **parameters) -> Work:
    """Open a stage of a run; check that the earlier ones have run.

    In a notebook `run` is `globals()`, of which those are read that the stage's notebook declares
    as parameters; else it is the run's name, and `parameters` are given by name. They go into the
    ledger. From here on lesson cells are skipped where the run is not about the course's table.

    Raises InputError when a parameter is missing, when an earlier stage has not run, or when the
    run has no target and the stage needs one.
    """
    if not isinstance(run, str):
        parameters = _declared(stage(number), run) | parameters
        run = parameters.pop("run")
    folder = Run(run)
    for earlier in range(1, number):
        folder.require(earlier)
    work = Work(number, folder, {"run": run} | parameters)
    if work.stage.needs_target and not work.about.get("target"):
        raise InputError(
            f"Stage {number} ({work.stage.title}) needs a target, the column to predict: run "
            f"stage 1 again with --target COLUMN."
        )
    lesson_cells.skip_lessons(work.stage.path, not has_lessons(folder, work.stage, parameters))
    return work


def _declared(opened: Stage, names: Mapping[str, object]) -> dict[str, object]:
    """The parameters that a stage's notebook declares, with the values that they have there.

    What papermill passed in another type (a list, a number for a text) gets the declared one, in
    the notebook too.
    """
    declared = {p.name: p for p in notebook_parameters.of_stage(opened)}
    if missing := [name for name in declared if name not in names]:
        raise InputError(
            f"The parameter '{missing[0]}' of stage {opened.number} ({opened.title}) has no value: "
            f"run the cell of parameters first."
        )
    values = {name: one.of_value(names[name]) for name, one in declared.items()}
    if isinstance(names, MutableMapping):
        names.update(values)
    return values


def has_lessons(run: Run, opened: Stage, parameters: Mapping[str, object]) -> bool:
    """Whether a stage with these parameters shows its lessons: its table is the course's own.

    The stage before the line is a lesson whatever the table.
    """
    example = known.example(parameters.get("data", run.about.get("table", "")))
    return opened.lesson or (example is not None and example.has_lessons)
