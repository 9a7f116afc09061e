"""A learner's own progress: which checks and challenges were answered in code, kept in one file.

`reports/progress.json`, or the file that PIPELINE_PROGRESS names. Nothing of it is sent anywhere,
and no result of a run depends on it (see `code.BESIDE_THE_WORK`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..base.files import write_json
from ..base.locks import lock
from ..base.places import progress_file, progress_summary_file
from ..base.user_errors import InputError
from ..line.stage_list import STAGES
from . import objectives
from .grading import CORRECT, INCORRECT, LEVELS, UNTOUCHED

MARKS = {CORRECT: "✓", INCORRECT: "✗", UNTOUCHED: "○"}
BESIDE = {"explore": "Exploring a table", "labs": "Labs"}  # notebooks that are not stages
RESET = "`pipeline progress --reset` starts a new one and keeps this one beside it"


@dataclass(frozen=True)
class Item:
    """A check or a challenge of the course, and how far the learner is with it.

    `level` is that of a challenge; a check has none.
    """

    name: str
    level: str
    state: str
    tries: int

    @property
    def said(self) -> str:
        """Its name, with the level of a challenge."""
        return f"{self.name} ({self.level})" if self.level else self.name


@dataclass(frozen=True)
class Chapter:
    """The checks and challenges of one notebook."""

    title: str
    items: list[Item]

    @property
    def passed(self) -> int:
        """How many of them were answered right."""
        return sum(item.state == CORRECT for item in self.items)


def read_progress() -> dict[str, dict]:
    """For each check or challenge that was tried: its `state`, `tries` and when (`at`).

    Raises InputError when the file is not what `record` writes.
    """
    file = progress_file()
    if not file.exists():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return {name: {"state": e["state"], "tries": e["tries"], "at": e["at"]}
                for name, e in content.items()}  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"The file {file} does not hold progress (damaged?): {RESET}.") from None


def record(name: str, state: str) -> bool:
    """Note that a check or challenge was tried; one that was passed once stays passed.

    Returns whether it is passed now and was not before.
    """
    with lock("progress", timeout=30):
        tried = read_progress()
        before = tried.get(name, {"state": UNTOUCHED, "tries": 0})
        if before["state"] == CORRECT:
            return False
        now = datetime.now(UTC).isoformat(timespec="seconds")
        tried[name] = {"state": state, "tries": before["tries"] + 1, "at": now}
        _write(progress_file(), tried)
        sum_up()
    return state == CORRECT


def chapters() -> list[Chapter]:
    """The course notebook by notebook, each check and challenge with its state.

    What was tried under a name that the course no longer has is left out.
    """
    from .questions import CHALLENGES, QUESTIONS

    levels = dict.fromkeys(QUESTIONS, "") | {name: one.level for name, one in CHALLENGES.items()}
    names = sorted(levels, key=lambda name: LEVELS.index(levels[name]) if levels[name] else -1)
    titles = {stage.name: f"{stage.number} · {stage.title}" for stage in STAGES} | BESIDE
    tried, found = read_progress(), []
    for prefix, title in titles.items():
        asked = [name for name in names if name.partition(".")[0] == prefix]
        if asked:
            items = [_item(name, levels[name], tried.get(name, {})) for name in asked]
            found.append(Chapter(title, items))
    return found


def _item(name: str, level: str, entry: dict) -> Item:
    return Item(name, level, entry.get("state", UNTOUCHED), entry.get("tries", 0))


def summary(course: list[Chapter]) -> str:
    """How far a learner is, in a sentence.

    >>> summary([Chapter("1", [Item("a", "", "correct", 1), Item("b", "core", "", 0)])])
    '1 of 1 check and 0 of 1 exercise passed (core 0 of 1).'
    """
    items = [item for chapter in course for item in chapter.items]
    graded = [item for item in items if item.level]
    checks = _count([item for item in items if not item.level], "check")
    by_level = {level: [i for i in graded if i.level == level] for level in LEVELS}
    levels = [f"{level} {_count(found)}" for level, found in by_level.items() if found]
    return f"{checks} and {_count(graded, 'exercise')} passed ({', '.join(levels)})."


def objectives_met(course: list[Chapter]) -> str:
    """How many of the notebooks' objectives are met by what was passed, in a sentence."""
    items = [item for chapter in course for item in chapter.items]
    return objectives.describe({item.name for item in items if item.state == CORRECT})


def _count(items: list[Item], what: str = "") -> str:
    """How many of some items are passed, of how many."""
    passed = sum(item.state == CORRECT for item in items)
    ending = "" if len(items) == 1 or not what else "s"
    return f"{passed} of {len(items)} {what}{ending}".strip()


def sum_up() -> None:
    """Write the summary that front pages show; it is taken away while nothing was tried."""
    if not progress_file().exists():
        progress_summary_file().unlink(missing_ok=True)
        return
    course = chapters()
    rows = [{"title": c.title, "count": f"{c.passed} of {len(c.items)}", "items": [
                {"mark": MARKS[i.state], "said": f"{i.said}: {i.state}"} for i in c.items]}
            for c in course]  # fmt: skip
    reading = f"{summary(course)} {objectives_met(course)}"
    _write(progress_summary_file(), {"reading": reading, "rows": rows})


def reset() -> Path | None:
    """Begin anew; what was there is kept beside it, under the name that is returned."""
    file = progress_file()
    with lock("progress", timeout=30):
        if not file.exists():
            return None
        kept = file.with_name(f"{file.stem}_until_{datetime.now(UTC):%Y%m%d_%H%M%S}{file.suffix}")
        file.replace(kept)
        sum_up()
    return kept


def _write(file: Path, content: dict) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, content)
