"""Whether what a stage made still stands, and if not, why: no stage is run twice for nothing.

A stage is current when its notebook, the helper code that it uses, its parameters, the versions
of the libraries, what it read (from the run and from outside) and what it wrote are as they were.
"""

from __future__ import annotations

from . import code_fingerprint, notebook_parameters
from .ledger import versions
from .run_folder import Run
from .stage_list import Stage
from .stage_work import has_lessons, outside

BY_HAND = "it was run by hand, so it is not recorded which code made it"


def reasons(run: Run, stage: Stage, given: dict | None = None) -> list[str]:
    """Why a stage has to run again, each reason a clause; empty when it is current.

    `given` are the parameters that are set for it, all others having their defaults; without it
    the stage is compared with itself, parameters as they were.
    """
    entry = run.line_of(stage.number)
    if entry is None:
        return ["it has not run"]
    if entry["verdict"] == "failed":
        return ["it failed"]
    if "code" not in entry:
        return [BY_HAND]
    return [
        *_other_parameters(stage, entry, given),
        *_other_code(run, stage, entry),
        *_other_versions(entry),
        *_other_sources(entry),
        *_other_files(run, entry),
    ]


def status(run: Run, stages: list[Stage]) -> dict[int, list[str]]:
    """For each stage the reasons why it is not current; a stage after such a one waits for it."""
    found = {}
    for one in stages:
        earlier = [n for n in found if found[n] and n > 0]
        found[one.number] = reasons(run, one)
        if earlier and not found[one.number] and not one.lesson:
            found[one.number] = [f"it stands only if stage {earlier[0]} makes the same again"]
    return found


def _other_parameters(stage: Stage, entry: dict, given: dict | None) -> list[str]:
    if given is None:
        return []
    now = {p.name: given.get(p.name, p.default) for p in notebook_parameters.of_stage(stage)}
    before = entry["parameters"]
    return [
        f"{name} is {now[name]!r}, it was {before.get(name)!r}"
        for name in now
        if name != "run" and now[name] != before.get(name)
    ]


def _other_code(run: Run, stage: Stage, entry: dict) -> list[str]:
    lessons = has_lessons(run, stage, entry["parameters"])
    now = code_fingerprint.fingerprint(stage.path, lessons=lessons)
    return code_fingerprint.changed(entry["code"], now)


def _other_versions(entry: dict) -> list[str]:
    before = entry["versions"]
    return [
        f"{name} is {now}, it was {before.get(name)}"
        for name, now in versions().items()
        if before.get(name) != now
    ]


def _other_sources(entry: dict) -> list[str]:
    before = entry["sources"]
    found = []
    for address, now in outside(entry["parameters"]).items():
        if now is None:
            found.append("its source may have changed: only a file can be checked for changes")
        elif now != before.get(address):
            found.append(f"{address} has changed")
    return found


def _other_files(run: Run, entry: dict) -> list[str]:
    found = []
    for name, before in entry["inputs"].items():
        if (now := run.content(name)) != before:
            found.append(f"{name} is missing" if now is None else f"{name} has changed")
    for name, before in entry["outputs"].items():
        if (now := run.content(name)) is None:
            found.append(f"{name}, which it made, is missing")
        elif now not in (before, entry["identities"].get(name)):
            found.append(f"{name}, which it made, was altered")
    return found
