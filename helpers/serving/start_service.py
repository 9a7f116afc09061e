"""A service made of a run: its model, or the last good one, its log and its shadow."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from ..base.files import replacing_folder
from ..base.user_errors import InputError
from ..learning.task_kind import Task
from ..line.run_folder import Run, existing_run
from .access_log import AccessLog
from .answer_check import ONE_IN, AnswerCheck
from .answer_rows import answers_to
from .client_keys import KEY_FIELD
from .model_bundle import Bundle, is_bundle_folder, load_bundle, open_bundle
from .prediction_log import PredictionLog, elsewhere
from .prediction_service import Service
from .served_model import Limits, Served, served
from .shadow_model import Shadow

LAST_GOOD = "last_good"  # the folder of a run with the bundle that was served last


def load_for_service(run: str) -> Served:
    """The model of a run; where it is broken the last good one, else the baseline of its card.

    Raises InputError when there is nothing to answer with.
    """
    if is_bundle_folder(run):
        return replace(served(load_bundle(run)), made=made_at(Path(run).expanduser()))
    try:
        bundle = load_bundle(run)
    except InputError as error:
        return _fallback(existing_run(run), str(error))
    _keep_as_last_good(existing_run(run))
    return replace(served(bundle), made=made_at(existing_run(run).path))


def made_at(folder: Path) -> float:
    """When the model in a run, or a bundle, was made (Unix time); 0 where that is not known.

    >>> made_at(Path("no-such-run"))
    0.0
    """
    line = Run(folder.name).line_of(7) if (folder / "ledger.json").exists() else None
    with suppress(KeyError, ValueError, OSError):
        if line:
            return datetime.fromisoformat(line["opened"]).timestamp()
        return (folder / "card.json").stat().st_mtime
    return 0.0


def _fallback(folder: Run, why: str) -> Served:
    """What answers instead of a run's model that can't be loaded."""
    try:
        return served(open_bundle(Run(folder.name), LAST_GOOD), f"the last good model: {why}")
    except InputError:
        return served(open_bundle(folder, without_model=True), f"the baseline: {why}")


def _keep_as_last_good(run: Run) -> None:
    """Copy the bundle aside, whole, once it has proved to be sound."""
    kept = run.file(LAST_GOOD)
    # A folder that can't be written to: served all the same.
    with suppress(OSError), replacing_folder(kept) as draft:
        shutil.copytree(run.file("model"), draft, dirs_exist_ok=True)
        shutil.rmtree(kept, ignore_errors=True)


@dataclass
class Options:
    """How a service is started."""

    log: str = ""  # a SQLAlchemy address; "" is PIPELINE_LOG's, or SQLite in the run's folder
    limits: Limits = field(default_factory=Limits)
    shadow: str = ""  # another run, whose model is asked the same rows
    check_one_in: int = ONE_IN  # answers: one of so many is asked again of the pipeline; 0: none
    key_field: str = KEY_FIELD  # the field of a row that is the client's own key
    access_log: bool = False


def service_of(
    run: str, options: Options | None = None, load: Callable[[str], Served] = load_for_service
) -> Service:
    """The service of a run, with its log, ready to be served; `load` gets its model.

    Of a registered model: `helpers.serving.follow_registry.service_of`.
    """
    options, now = options or Options(), load(run)
    is_logged, log = options.log != "off", None
    if is_logged:
        log = PredictionLog(options.log or elsewhere(), _log_folder(run, now))
    shadow = _shadow_of(options.shadow, log, now.bundle)
    check = AnswerCheck(options.check_one_in)
    service = Service(now, log, options.limits, lambda: load(run), shadow, check)
    service.key_field = options.key_field
    service.access = AccessLog() if options.access_log else None
    return service


def _log_folder(run: str, now: Served) -> Path:
    """Where a service's log lies: with the run that made the model, or under the model's name."""
    if not now.registered:
        return Path(run).expanduser() if is_bundle_folder(run) else existing_run(run).path
    made = Run(now.registered.run or now.registered.name)
    folder = made.path if made.path.is_dir() else Run(now.registered.name).path
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _shadow_of(run: str, log: PredictionLog | None, bundle: Bundle) -> Shadow | None:
    """The shadow of a service; only a log can tell what it says."""
    if not run:
        return None
    if log is None:
        raise InputError("A shadow's answers are seen in the log alone: leave out --log off.")
    other = served(load_bundle(run))
    _check_same_question(run, other.bundle.task, bundle.task)
    return Shadow(other.version, lambda rows: _plain_answers(other, rows))


def _check_same_question(run: str, shadow: Task, task: Task) -> None:
    """Raise InputError where a shadow predicts another column or other classes."""
    if shadow != task:
        raise InputError(
            f"The shadow '{run}' answers another question ({shadow.target}, {shadow.kind}) than "
            f"the model in service ({task.target}, {task.kind}): give a run with the same target "
            f"and classes."
        )


def _plain_answers(now: Served, rows: list[dict]) -> list[tuple]:
    """Predictions and probabilities of rows that the model in service has answered already."""
    form = now.for_rows
    if form is not None:
        return [form.row(row, form.read_rest(row, {})) for row in rows]
    found = answers_to(now, rows).to_dict("records")
    classes = now.bundle.task.classes
    return [(one["prediction"], [one[f"probability_{c}"] for c in classes]) for one in found]
