"""The line as plain data: its stages in order, with their parameters and the files between them.

A scheduler's pipeline is built from this. It reads the notebooks' parameter cells and imports the
standard library alone; an environment that can't import this project, such as Airflow's, asks
`pipeline describe --json` for the same.
"""

from __future__ import annotations

from dataclasses import asdict

from .notebook_parameters import SET_ELSEWHERE, of_stage
from .stage_list import STAGES, Stage

FRONT_PAGE = "index.html"


def description() -> dict:
    """All stages in order, as what JSON holds: `front_page`, and `stages` (see `describe_stage`).

    >>> [stage["name"] for stage in description()["stages"]][:4]
    ['start', 'collect', 'clean', 'features']
    """
    return {"front_page": FRONT_PAGE, "stages": [describe_stage(stage) for stage in STAGES]}


def describe_stage(stage: Stage) -> dict:
    """One stage: what it is called and asks, the files it reads and writes, its parameters.

    Files are named in the run folder; the first of `writes` is what the stage hands on. A stage
    that `needs_target` has no part in a run without one, a `lesson` none but
    in that of the table which the course is about.
    A parameter's `option` is the option of `pipeline run` that gives it, where that is not --set.

    >>> from helpers.line.stage_work import stage
    >>> described = describe_stage(stage(4))
    >>> described["writes"][:2], described["needs_target"]
    (['data/split.parquet', 'split.json'], True)
    >>> [described["parameters"][0][key] for key in ("name", "type", "option")]
    ['run', 'str', '--name']
    """
    return {
        "number": stage.number,
        "name": stage.name,
        "title": stage.title,
        "asks": stage.asks,
        "notebook": stage.notebook,
        "page": stage.report,
        "reads": list(stage.reads),
        "writes": list(stage.writes),
        "needs_target": stage.needs_target,
        "lesson": stage.lesson,
        "parameters": [
            asdict(p) | {"option": SET_ELSEWHERE.get(p.name, "--set")} for p in of_stage(stage)
        ],
    }
