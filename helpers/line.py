"""The assembly line: its stages in order, the run folder they share, and the ledger.

Stages hand each other nothing but files in `reports/<run>/`. A stage opens with `start`, which
refuses to work on what an earlier station has not made, and closes with `finish`, which checks
that the rows add up and writes a line into `ledger.json`.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from .errors import InputError, nearest

REPOSITORY = Path(__file__).resolve().parent.parent
NOTEBOOKS = REPOSITORY / "notebooks"
FLIGHTS = "flights"


@dataclass(frozen=True)
class Stage:
    """One station of the line: its number, its notebook and the file it hands on."""

    number: int
    name: str
    title: str
    notebook: str
    makes: str
    asks: str
    needs_target: bool = False
    lesson: bool = False

    @property
    def report(self) -> str:
        """The name of the stage's HTML page in the run folder."""
        return f"{self.notebook}.html"

    @property
    def path(self) -> Path:
        """The stage's notebook."""
        return NOTEBOOKS / f"{self.notebook}.ipynb"


STAGES = (
    Stage(0, "start", "Start here", "00_start_here", "iris.json", "What is the line?", lesson=True),
    Stage(
        1,
        "collect",
        "Data collection",
        "01_data_collection",
        "data/raw.parquet",
        "Where do the data come from, and what did they look like there?",
    ),
    Stage(
        2,
        "clean",
        "Data cleaning",
        "02_data_cleaning",
        "data/clean.parquet",
        "What is wrong with them, and what is surely right?",
    ),
    Stage(
        3,
        "features",
        "Feature engineering",
        "03_feature_engineering",
        "features.yaml",
        "What is known when the prediction is made?",
    ),
    Stage(
        4,
        "split",
        "Train-test split",
        "04_train_test_split",
        "data/split.parquet",
        "Which rows must the model not see?",
        True,
    ),
    Stage(
        5,
        "train",
        "Model training",
        "05_model_training",
        "data/trained.skops",
        "Which model learns most?",
        True,
    ),
    Stage(6, "evaluate", "Evaluation", "06_evaluation", "metrics.json", "Is it good enough?", True),
    Stage(
        7,
        "deploy",
        "Deployment",
        "07_deployment",
        "model/model.skops",
        "Does it give the same answers in service?",
        True,
    ),
    Stage(
        8, "monitor", "Monitoring", "08_monitoring", "monitoring.json", "Is it still right?", True
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


def reports_folder() -> Path:
    """Where runs are kept: `reports/` in the repository, or what PIPELINE_REPORTS names."""
    return Path(os.environ.get("PIPELINE_REPORTS") or REPOSITORY / "reports").resolve()


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

    def file(self, name: str) -> Path:
        """The path of a file of this run."""
        return self.path / name

    @contextmanager
    def replacing(self, name: str):
        """Write a file whole: into a temporary neighbour that takes its name at the end."""
        target = self.file(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
        try:
            yield draft
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file whole."""
        with self.replacing(name) as draft:
            draft.write_text(text, encoding="utf-8")

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
    def is_flights(self) -> bool:
        """Whether this run is about the flights that ship with the series."""
        return self.about.get("table") == FLIGHTS

    @property
    def findings(self) -> list[dict]:
        """The oddities and leak alarms that the stages found."""
        return self.read_json("findings.json", [])

    def line_of(self, number: int) -> dict | None:
        """The ledger line of a stage, or None when it has not finished."""
        return next((line for line in self.ledger if line["stage"] == number), None)

    def enter(self, entry: dict) -> None:
        """Put a line into the ledger, in place of the stage's earlier one."""
        others = [line for line in self.ledger if line["stage"] != entry["stage"]]
        self.write_json("ledger.json", sorted([*others, entry], key=lambda line: line["stage"]))

    def withdraw(self, number: int) -> None:
        """Take back the ledger line of a stage and of all that follow: they are out of date."""
        if number in {entry["stage"] for entry in self.ledger if not stage(number).lesson}:
            self.write_json("ledger.json", [e for e in self.ledger if e["stage"] < number])

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


def as_json(content) -> str:
    """Content as JSON text with one key a line."""
    return json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n"


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
        self._findings: list[dict] = []
        self._began = time.perf_counter()

    @property
    def about(self) -> dict:
        """What the table is (see `Run.about`)."""
        return self.run.about

    def read(self, name: str) -> Path:
        """The path of a file that an earlier stage made; its hash goes into the ledger."""
        path = self.run.file(name)
        if not path.exists():
            maker = next((s for s in STAGES if s.makes == name), None)
            who = f"stage {maker.number} ({maker.title}) makes it" if maker else "run it again"
            raise InputError(f"'{name}' is missing from run '{self.run.name}': {who}.")
        self.inputs[name] = sha256(path)
        return path

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

        return yaml.safe_load(self.read(name).read_text(encoding="utf-8"))

    @contextmanager
    def writing(self, name: str):
        """Write a file of this stage whole, and note its hash.

        The first one takes back the ledger lines that are now out of date: a stage that is
        refused before it has written anything leaves the run as it was.
        """
        if not self.outputs:
            self.run.withdraw(self.stage.number)
        with self.run.replacing(name) as draft:
            yield draft
        self.outputs[name] = sha256(self.run.file(name))

    def write_table(self, name: str, frame) -> None:
        """Write a frame to `data/<name>.parquet`, whole."""
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
            "inputs": self.inputs,
            "outputs": self.outputs,
            "versions": versions(),
            "seconds": round(time.perf_counter() - self._began, 2),
        }
        self.run.enter(entry)
        return entry


def start(number: int, run: str, **parameters) -> Work:
    """Open a stage of a run; check that the earlier ones have run.

    `parameters` are those of the notebook; they go into the ledger. Raises InputError when an
    earlier stage has not run, or when the run has no target and the stage needs one.
    """
    folder = Run(run)
    for earlier in range(1, number):
        folder.require(earlier)
    if stage(number).needs_target and not folder.about.get("target"):
        raise InputError(
            f"Stage {number} ({stage(number).title}) needs a target, the column to predict: run "
            f"stage 1 again with --target COLUMN."
        )
    return Work(number, folder, {"run": run} | parameters)
