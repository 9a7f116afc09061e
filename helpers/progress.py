"""A learner's own progress: which checks and challenges were answered in code, kept in one file.

`reports/progress.json`, or the file that PIPELINE_PROGRESS names. Nothing of it is sent anywhere,
and no result of a run depends on it (see `code.BESIDE_THE_WORK`).
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from .errors import InputError
from .grading import CORRECT
from .line import Run, as_json, lock, reports_folder

RESET = "`pipeline progress --reset` starts a new one and keeps this one beside it"


def path() -> Path:
    """Where progress is kept: `progress.json` in the folder of runs, or what the variable names."""
    named = os.environ.get("PIPELINE_PROGRESS")
    return Path(named).expanduser().resolve() if named else reports_folder() / "progress.json"


def read() -> dict[str, dict]:
    """For each check or challenge that was tried: its `state`, `tries` and when (`at`).

    Raises InputError when the file is not what `record` writes.
    """
    file = path()
    if not file.exists():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return {name: {"state": e["state"], "tries": e["tries"], "at": e["at"]}
                for name, e in content.items()}  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"The file {file} does not hold progress (damaged?): {RESET}.") from None


def record(name: str, state: str) -> None:
    """Note that a check or challenge was tried; one that was passed once stays passed.

    The front pages of the flights' runs show it at once.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    file = path()
    with lock("progress", timeout=30):
        tried = read()
        before = tried.get(name, {"state": "", "tries": 0})
        passed = before["state"] == CORRECT
        state = CORRECT if passed else state
        tried[name] = {"state": state, "tries": before["tries"] + (not passed), "at": now}
        if passed:
            return
        _write(file, tried)
    if state == CORRECT:
        _show_on_front_pages()


def reset() -> Path | None:
    """Begin anew; what was there is kept beside it, under the name that is returned."""
    file = path()
    with lock("progress", timeout=30):
        if not file.exists():
            return None
        kept = file.with_name(f"{file.stem}_until_{datetime.now(UTC):%Y%m%d_%H%M%S}{file.suffix}")
        file.replace(kept)
    _show_on_front_pages()
    return kept


def _write(file: Path, content: dict) -> None:
    """Write the file whole: into a temporary neighbour that takes its name at the end."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}.draft")
    try:
        draft.write_text(as_json(content), encoding="utf-8")
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _show_on_front_pages() -> None:
    from . import report

    for page in reports_folder().glob("*/index.html"):
        run = Run(page.parent.name)
        if run.is_flights and run.ledger:
            report.write_front_page(run)
