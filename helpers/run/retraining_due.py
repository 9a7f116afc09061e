"""Whether a model is to be trained again: by drift, by its score, by its age."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from ..base.user_errors import InputError
from ..line.run_folder import Run, existing_run
from ..line.stage_list import LOG
from ..monitor import monitor_model, monitoring_report, service_log_rows
from ..monitor.better_than_champion import MIN_IMPROVEMENT
from ..monitor.service_log_rows import FEWEST_LOGGED
from .notebook_execution import WARM
from .run_request import Request, whole_address
from .runner import run_line

DUE, DRIFT, PERFORMANCE, CALENDAR, ALWAYS = "due", "drift", "performance", "calendar", "always"
DAYS = 30  # the age of a champion at which the calendar asks for another
NOTHING_NEW = "Nothing has come since '{}' was trained: give new rows with --data."


@dataclass(frozen=True)
class RetrainRequest:
    """What `pipeline retrain` was asked for.

    `when` says what makes it due (see `is_due`), `every` is the age of the champion in days at
    which it is; None: only when `when` is "calendar", at 30. With `track` the model registry knows
    who is champion and is told of the challenger. `max_drop` and `min_improvement` are the
    parameters of stage 8.
    """

    data: str = ""
    when: str = DUE
    every: float | None = None
    promote: bool = True
    track: bool = True
    kernels: str = WARM
    max_drop: float | None = None
    min_improvement: float = MIN_IMPROVEMENT


def monitor_new_rows(name: str, data: str = "", settings=(), *, kernels: str = WARM) -> dict:
    """Run stage 8 of a run on new rows and give what it wrote (`monitoring.json`).

    `data` is a source as `--data` takes it. Without one it is what the run's service has answered,
    where it has logged 200 rows or more, else what stage 8 takes by itself.
    """
    run = existing_run(name)
    run.require(7)
    source = new_rows_of(run, data)
    settings = (f"new_data={source}", *settings)
    request = Request(name=name, stages="8", settings=settings, kernels=kernels)
    run_line(request, say=lambda _: None)
    return monitoring_report.read_result(run)


def new_rows_of(run: Run, data: str) -> str:
    """The new rows as the parameter `new_data` of stage 8 names them."""
    if data:
        return whole_address(data)
    return LOG if service_log_rows.logged_rows(run) >= FEWEST_LOGGED else ""


def is_due(champion: Run, ask: RetrainRequest) -> tuple[bool, str]:
    """Whether the champion is to be trained again, and why (not).

    By "performance" when its score fell, by "drift" when a column drifted, by "calendar" when it is
    older than `every` days; "due" is what stage 8 decides, and the calendar where `every` is given.
    """
    if ask.when == ALWAYS:
        return True, "it was asked for"
    every = DAYS if ask.every is None and ask.when == CALENDAR else ask.every
    if every is not None and ask.when in (DUE, CALENDAR):
        days = age(champion)
        if days >= every or ask.when == CALENDAR:
            return days >= every, f"{champion.name} is {days:.0f} days old; the limit is {every:g}"
    return _is_due_by_monitoring(champion, ask)


def _is_due_by_monitoring(champion: Run, ask: RetrainRequest) -> tuple[bool, str]:
    """Whether stage 8, run on the new rows, asks for another model, and why (not)."""
    settings = [] if ask.max_drop is None else [f"max_drop={ask.max_drop}"]
    seen = monitor_new_rows(champion.name, ask.data, settings, kernels=ask.kernels)
    if seen["held_out"]:
        raise InputError(NOTHING_NEW.format(champion.name))
    if ask.when == DRIFT:
        moved = ", ".join(seen["drifted"][:5])
        return bool(moved), f"it has drifted: {moved}" if moved else "no column has drifted"
    if ask.when == PERFORMANCE:
        return seen["score_dropped"], seen["reason"]
    return seen["decision"] == monitor_model.RETRAIN, seen["reason"]


def age(run: Run) -> float:
    """Days since the model of a run was made."""
    made = datetime.fromisoformat(run.line_of(7)["opened"])
    return (datetime.now(UTC) - made).total_seconds() / 86_400
