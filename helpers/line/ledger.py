"""The ledger of a run, `ledger.json`: a line per stage, and all that writes to it.

A stage that closes enters its line (`stage_work.Work.finish`), and so does the runner for one that
failed; the runner amends it by what the pages cost. A line is withdrawn when its stage begins to
write anew, or when files that it rests on have changed. The functions are methods of `Run`, too.
"""

from __future__ import annotations

import platform
from contextlib import contextmanager
from importlib import metadata
from typing import TYPE_CHECKING

from ..base.locks import lock
from .stage_list import Stage, stage

if TYPE_CHECKING:
    from .run_folder import Run

FILE = "ledger.json"
FAILED = "failed"  # the verdict of a stage that broke
MADE_OF = ("parameters", "sources", "inputs", "outputs", "identities")


def line(stage: Stage, verdict: str, headline: str, rows: tuple = (0, 0, 0), **made_of) -> dict:
    """A line of the ledger; `rows` are those that came in, went out and were set aside.

    `made_of` is what the stage was made of: `parameters`, `sources`, `inputs`, `outputs` and
    `identities`, each a mapping that may be left out, and further entries.
    """
    who = {"stage": stage.number, "name": stage.name, "verdict": verdict, "headline": headline}
    counts = dict(zip(("rows_in", "rows_out", "set_aside"), map(int, rows), strict=True))
    nothing = {name: {} for name in MADE_OF}
    return who | counts | nothing | {"versions": versions(), "seconds": 0.0} | made_of


def versions() -> dict[str, str]:
    """The versions of Python and of the libraries that decide a run's numbers."""
    names = ("pandas", "numpy", "scikit-learn", "pyarrow", "skops", "matplotlib")
    return {"python": platform.python_version()} | {n: metadata.version(n) for n in names}


def enter(run: Run, entry: dict) -> None:
    """Put a line into the ledger, in place of the stage's earlier one."""
    with _changing(run) as lines:
        lines[entry["stage"]] = entry


def amend(run: Run, number: int, **more) -> None:
    """Add to the ledger line of a stage, if it still stands."""
    with _changing(run) as lines:
        if number in lines:
            lines[number] = lines[number] | more


def withdraw(run: Run, number: int, and_later: bool = False) -> None:
    """Take back the ledger line of a stage, and with `and_later` of all that follow it."""
    with _changing(run) as lines:
        for other in list(lines):
            if other == number or (and_later and other > number and not stage(number).lesson):
                del lines[other]


def withdraw_outdated(run: Run, number: int) -> None:
    """Take back the lines of stages after `number` that rest on files that have changed since.

    A later stage whose inputs came out the same as before keeps its line.
    """
    changed = set()
    with _changing(run) as lines:
        for later in [n for n in lines if n > number]:
            inputs, outputs = lines[later]["inputs"], lines[later]["outputs"]
            if changed & set(inputs) or any(run.content(n) != h for n, h in inputs.items()):
                changed |= set(outputs)
                del lines[later]


@contextmanager
def _changing(run: Run):
    """The ledger as a mapping from stage to line, written back when it has changed.

    A lock keeps a kernel and the runner, which adds what the pages cost, from writing at once.
    """
    with lock(f"{run.name}.ledger", timeout=30):
        before = run.ledger
        lines = {entry["stage"]: entry for entry in before}
        yield lines
        after = [lines[number] for number in sorted(lines)]
        if after != before:
            run.write_json(FILE, after)
