"""The assembly line: its stages in order, the run folder they share, and the ledger.

Stages hand each other nothing but files in `reports/<run>/`. A stage opens with `start`, which
refuses to work on what an earlier station has not made, and closes with `finish`, which checks
that the rows add up and writes a line into `ledger.json`.
"""

from __future__ import annotations

import json
import platform
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from .base.files import as_json, clear_drafts, replacing, sha256, sha256_of, write_text
from .base.places import DATA, NOTEBOOKS, REPOSITORY, reports_folder  # noqa: F401
from .base.remote_files import is_stored, stored_mark
from .base.user_errors import InputError, nearest
from .examples import known

MODEL_SUFFIX = ".skops"
CHALLENGES = "challenges.json"  # in a challenger's folder: what it challenges
LOG = "log"  # as new rows: what the service of a run has answered
# Parameters that name what lies outside a run
NAME_SOURCES = ("data", "test_data", "plan", "review", "new_data")


@dataclass(frozen=True)
class Stage:
    """One station of the line: its number, its notebook, and the files it reads and writes.

    Files are those of the run folder that it may read or write; some runs have no use for some of
    them (a key of planted mess is written where mess was planted). The first that it writes is what
    it hands on.
    """

    number: int
    name: str
    title: str
    notebook: str
    asks: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    needs_target: bool = False
    lesson: bool = False

    @property
    def makes(self) -> str:
        """The file that the stage hands on."""
        return self.writes[0]

    @property
    def report(self) -> str:
        """The name of the stage's HTML page in the run folder."""
        return f"{self.notebook}.html"

    @property
    def path(self) -> Path:
        """The stage's notebook."""
        return NOTEBOOKS / f"{self.notebook}.ipynb"


ABOUT, RAW, PLAN, SPLIT = "about.json", "data/raw.parquet", "cleaning.yaml", "split.json"
CLEANED = ("data/clean.parquet", "data/quarantine.parquet", "data/duplicates.parquet")
SPLIT_FILES = (*CLEANED, "data/split.parquet", SPLIT)  # the labelled rows, and who is held out

# The one description of the line. Whatever runs it or tells of it is made from this: the command
# line, the pages, and by `helpers.description` the pipelines of the schedulers.
STAGES = (
    Stage(
        number=0,
        name="start",
        title="Start here",
        notebook="00_start_here",
        asks="What is the line?",
        reads=(),
        writes=("iris.json",),
        lesson=True,
    ),
    Stage(
        number=1,
        name="collect",
        title="Data collection",
        notebook="01_data_collection",
        asks="Where do the data come from, and what did they look like there?",
        reads=(),
        writes=(RAW, ABOUT, "data/mess_key.parquet"),
    ),
    Stage(
        number=2,
        name="clean",
        title="Data cleaning",
        notebook="02_data_cleaning",
        asks="What is wrong with them, and what is surely right?",
        reads=(ABOUT, RAW, "data/mess_key.parquet"),
        writes=(*CLEANED, PLAN, "data/changes.parquet", "review.csv"),
    ),
    Stage(
        number=3,
        name="features",
        title="Feature engineering",
        notebook="03_feature_engineering",
        asks="What is known when the prediction is made?",
        reads=(ABOUT, PLAN, *CLEANED),
        writes=("features.yaml",),
    ),
    Stage(
        number=4,
        name="split",
        title="Train-test split",
        notebook="04_train_test_split",
        asks="Which rows must the model not see?",
        reads=(ABOUT, "features.yaml", *CLEANED),
        writes=("data/split.parquet", SPLIT),
        needs_target=True,
    ),
    Stage(
        number=5,
        name="train",
        title="Model training",
        notebook="05_model_training",
        asks="Which model learns most?",
        reads=(ABOUT, PLAN, "features.yaml", *SPLIT_FILES),
        writes=("data/trained.skops", "training.json", "trials.csv"),
        needs_target=True,
    ),
    Stage(
        number=6,
        name="evaluate",
        title="Evaluation",
        notebook="06_evaluation",
        asks="Is it good enough?",
        reads=(ABOUT, RAW, "features.yaml", *SPLIT_FILES, "data/trained.skops", "training.json"),
        writes=("metrics.json", "front.png"),
        needs_target=True,
    ),
    Stage(
        number=7,
        name="deploy",
        title="Deployment",
        notebook="07_deployment",
        asks="Does it give the same answers in service?",
        reads=(
            *(ABOUT, RAW, PLAN, "features.yaml", *SPLIT_FILES),
            *("data/trained.skops", "training.json", "metrics.json"),
        ),
        writes=(
            *("model/model.skops", "model/schema.json", "model/reference.json"),
            *("model/card.json", "model/card.md", "model/examples.parquet"),
        ),
        needs_target=True,
    ),
    Stage(
        number=8,
        name="monitor",
        title="Monitoring",
        notebook="08_monitoring",
        asks="Is it still right?",
        reads=(
            *(ABOUT, RAW, *SPLIT_FILES, "data/trained.skops", "training.json", "metrics.json"),
            *("model/model.skops", "model/schema.json", "model/reference.json"),
        ),
        writes=("monitoring.json", "data/later.parquet"),
        needs_target=True,
    ),
)


def stage(number: int) -> Stage:
    """The stage of that number.

    >>> stage(2).title
    'Data cleaning'
    """
    if number not in range(len(STAGES)):
        raise InputError(f"There is no stage {number}: stages go from 0 to {len(STAGES) - 1}.")
    return STAGES[number]


def parse_stages(text: str) -> list[Stage]:
    """The stages that a text such as "4-6", "3" or "1,4-5" names, in order.

    >>> [s.number for s in parse_stages("1,4-6")]
    [1, 4, 5, 6]
    """
    numbers = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?", part)
        if not match:
            raise InputError(f"Stages are numbers such as 3, 4-6 or 1,4-5; '{text}' is not.")
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last:
            raise InputError(f"The range of stages '{part.strip()}' runs backwards.")
        numbers.update(stage(number).number for number in (first, last))
        numbers.update(range(first, last + 1))
    return [stage(number) for number in sorted(numbers)]


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
        """The ledger: a line per stage that has run, in the order of the stages."""
        return self.read_json("ledger.json", [])

    @property
    def about(self) -> dict:
        """What the table is: its source, target and what is known about its columns."""
        return self.read_json("about.json", {})

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
    if path.is_dir():
        files = [p for p in sorted(path.rglob("*")) if p.is_file()]
    else:  # SQLite keeps what is newest in a file beside the database
        files = [p for p in (path, path.with_name(f"{path.name}-wal")) if p.is_file()]
    content = "".join(f"{file.relative_to(path.parent)} {sha256(file)}\n" for file in files)
    return sha256_of(content) if files else None


def versions() -> dict[str, str]:
    """The versions of Python and of the libraries that decide a run's numbers."""
    names = ("pandas", "numpy", "scikit-learn", "pyarrow", "skops", "matplotlib")
    return {"python": platform.python_version()} | {n: metadata.version(n) for n in names}


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
        self._began = time.perf_counter()

    @property
    def about(self) -> dict:
        """What the table is (see `Run.about`)."""
        return self.read_json("about.json") if self.run.file("about.json").exists() else {}

    @property
    def identity(self) -> str:
        """The identity of a model that this stage makes: a hash of its inputs, code and parameters.

        Read all inputs before asking for it. Two models with the same identity give the same
        answers, though skops writes them with different bytes.
        """
        from . import code

        parameters = {name: value for name, value in self.parameters.items() if name != "run"}
        used = {k: v for k, v in code.fingerprint(self.stage.path).items() if k != "text"}
        made_of = {"inputs": self.inputs, "parameters": parameters, "code": used}
        return sha256_of(json.dumps(made_of, sort_keys=True))

    def read(self, name: str) -> Path:
        """The path of a file that an earlier stage made; its hash goes into the ledger."""
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
            self.run.withdraw(self.stage.number)
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

    def find(self, code: str, severity: str, columns, message: str, evidence="") -> None:
        """Note a finding: something about the data that a person should see.

        `severity` is "alarm" (the result can't be trusted until it is settled), "warning" (worth
        a look) or "note".
        """
        self._findings.append(
            {
                "stage": self.stage.number,
                "code": code,
                "severity": severity,
                "columns": list(columns),
                "message": message,
                "evidence": evidence,
            }
        )

    def finish(self, rows_in: int, rows_out: int, headline: str, set_aside=0, verdict="done"):
        """Close the stage: check that the rows add up, then write findings and the ledger line.

        `rows_in`, `rows_out` and `set_aside` count rows; `headline` is the stage's result in a
        sentence. Returns the ledger line.
        """
        if rows_in != rows_out + set_aside:
            raise ValueError(
                f"The rows do not add up in stage {self.stage.number}: {rows_in} came in, but "
                f"{rows_out} went out and {set_aside} were set aside."
            )
        others = [f for f in self.run.findings if f["stage"] != self.stage.number]
        self.run.write_json("findings.json", others + self._findings)
        entry = {
            "stage": self.stage.number,
            "name": self.stage.name,
            "verdict": verdict,
            "headline": headline,
            "rows_in": int(rows_in),
            "rows_out": int(rows_out),
            "set_aside": int(set_aside),
            "parameters": self.parameters,
            "sources": self.sources,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "identities": self._identities,
            "versions": versions(),
            "opened": self._opened,
            "seconds": round(time.perf_counter() - self._began, 2),
        }
        self.run.enter(entry)
        self.run.withdraw_outdated(self.stage.number)
        return entry


def start(number: int, run: str, **parameters) -> Work:
    """Open a stage of a run; check that the earlier ones have run.

    `parameters` are those of the notebook; they go into the ledger. Raises InputError when an
    earlier stage has not run, or when the run has no target and the stage needs one.
    """
    folder = Run(run)
    for earlier in range(1, number):
        folder.require(earlier)
    work = Work(number, folder, {"run": run} | parameters)
    if work.stage.needs_target and not work.about.get("target"):
        raise InputError(
            f"Stage {number} ({work.stage.title}) needs a target, the column to predict: run "
            f"stage 1 again with --target COLUMN."
        )
    return work
