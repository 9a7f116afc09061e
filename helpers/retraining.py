"""Retraining: is it due, and is the new model better? The champion serves until it is.

`train_challenger_run` looks at later rows by the notebook of stage 8. When training again is due, the same
notebooks that made the champion make a challenger, a run of its own, from the old rows and the
earlier part of the new ones; both answer the newer part, which neither has seen. The challenger
takes over only if it is better by more than the noise.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from .base.user_errors import InputError
from .examples import known
from .execution import WARM
from .learning.metric_names import PLAIN_NAMES
from .learning.predicting import predict
from .line import notebook_parameters
from .line.run_folder import CHALLENGES, Run, existing_run, lock
from .line.stage_list import LOG, stage
from .line.stage_work import Work
from .monitor import (
    better_than_champion,
    monitor_model,
    production_rows,
    refit_models,
    service_log_rows,
)
from .monitor.production_rows import Production
from .monitor.service_log_rows import FEWEST_LOGGED
from .pipeline import whole_pipeline
from .registry.model_versions import model_name
from .runner import Request, StageError, run_line, whole_address

DUE, DRIFT, PERFORMANCE, CALENDAR, ALWAYS = "due", "drift", "performance", "calendar", "always"
DAYS = 30  # the age of a champion at which the calendar asks for another
NOT_DUE, KEPT, BETTER, PROMOTED, FAILED = "not due", "kept", "better", "promoted", "failed"
RESULT = "retraining.json"
TABLE = "training_table.parquet"  # what a challenger learns from, in its own folder
TRAINED_BY = range(1, 8)  # stages; the eighth looks at what came after
STAYS = "stays in service"
NOTHING_NEW = "Nothing has come since '{}' was trained: give new rows with --data."


@dataclass(frozen=True)
class RetrainRequest:
    """What `pipeline train_challenger_run` was asked for.

    `when` says what makes it due (see `is_due`), `every` is the age of the champion in days at
    which it is; None: only when `when` is "calendar", at 30. With `track` the model registry knows
    who is champion and is told of the challenger. `max_drop` is the parameter of stage 8.
    """

    data: str = ""
    when: str = DUE
    every: float | None = None
    promote: bool = True
    track: bool = True
    kernels: str = WARM
    max_drop: float | None = None


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
    return run.read_json("monitoring.json")


def new_rows_of(run: Run, data: str) -> str:
    """The new rows as the parameter `new_data` of stage 8 names them."""
    if data:
        return whole_address(data)
    return LOG if service_log_rows.logged_rows(run) >= FEWEST_LOGGED else ""


def train_challenger_run(
    name: str, ask: RetrainRequest, say: Callable[[str], None] = print
) -> dict:
    """Train a challenger for the model of a run when it is due, and put it in place if better.

    `say` gets the lines that a person reads. Returns what is written to `retraining.json` in the
    folder of the run. Raises InputError for rows that can't be used, StageError when a notebook of
    the challenger breaks; the champion stays in service.
    """
    asked = existing_run(name)
    asked.require(7)
    with _alone(asked):
        champion = champion_of(asked, ask.track)
        if champion.name != asked.name:
            say(f"The champion of {asked.name} is the run {champion.name}.")
        begun = {"at": _now(), "when": ask.when, "champion": champion.name, "challenger": None}
        try:
            found = begun | _retrained(champion, ask, say)
        except (InputError, StageError) as error:
            said = f"{str(error).rstrip('.')}. {champion.name} {STAYS}."
            asked.write_json(RESULT, begun | {"outcome": FAILED, "said": said})
            _show_on_front_page(asked)
            raise type(error)(said) from None
        asked.write_json(RESULT, found)
    _show_on_front_page(asked)
    return found


def _retrained(champion: Run, ask: RetrainRequest, say) -> dict:
    due, why = is_due(champion, ask)
    if not due:
        said = f"Training again is not due: {why}. {champion.name} {STAYS}."
        say(said)
        return {"due": False, "why": why, "outcome": NOT_DUE, "said": said}
    say(f"Training again is due: {why}.")
    source = new_rows_of(champion, ask.data)
    production = later_rows(champion, source)
    newer = refit_models.newer_half(production)
    check_labels(production, newer)
    challenger = claim_folder(champion)
    say(f"Challenger {challenger.name}, by the notebooks of {champion.name}:")
    learnt = train(challenger, champion, production, newer, source, ask, say)
    compared = compare_on_newer_rows(production, challenger, newer)
    found = {
        "due": True,
        "why": why,
        "challenger": challenger.name,
        "rows": {"learnt_from": learnt, "judged_on": compared["rows"]},
        "compared": compared,
        "challenger_verdict": challenger.line_of(6)["verdict"],
    }
    say(describe_duel(compared))
    return found | conclude(challenger, champion, found, ask, say)


# --- Is it due? ---------------------------------------------------------------------------------


def is_due(champion: Run, ask: RetrainRequest) -> tuple[bool, str]:
    """Whether the champion is to be trained again, and why (not).

    By "performance" when its score fell, by "drift" when a column moved, by "calendar" when it is
    older than `every` days; "due" is what stage 8 decides, and the calendar where `every` is given.
    """
    if ask.when == ALWAYS:
        return True, "it was asked for"
    old = age(champion)
    every = DAYS if ask.every is None and ask.when == CALENDAR else ask.every
    if every is not None and ask.when in (DUE, CALENDAR):
        if old >= every:
            return True, f"{champion.name} is {old:.0f} days old, of {every:g} that it may be"
        if ask.when == CALENDAR:
            return False, f"{champion.name} is {old:.0f} days old, of {every:g} that it may be"
    settings = [] if ask.max_drop is None else [f"max_drop={ask.max_drop}"]
    seen = monitor_new_rows(champion.name, ask.data, settings, kernels=ask.kernels)
    if seen["held_out"]:
        raise InputError(NOTHING_NEW.format(champion.name))
    if ask.when == DRIFT:
        moved = seen["drifted"]
        if not moved:
            return False, "no column has drifted"
        return True, f"it has drifted: {', '.join(moved[:5])}"
    if ask.when == PERFORMANCE:
        return seen["slipped"], seen["reason"]
    return seen["decision"] == monitor_model.RETRAIN, seen["reason"]


def age(run: Run) -> float:
    """Days since the model of a run was made."""
    made = datetime.fromisoformat(run.line_of(7)["opened"])
    return (datetime.now(UTC) - made).total_seconds() / 86_400


# --- The rows -----------------------------------------------------------------------------------


def later_rows(run: Run, source: str) -> Production:
    """The rows that came after a run was trained, as stage 8 takes them."""
    production = production_rows.later_rows(Work(8, run, {"new_data": source}), source)
    if production.is_held_out:
        raise InputError(NOTHING_NEW.format(run.name))
    return production


def check_labels(production: Production, newer: np.ndarray) -> None:
    """Raise unless there are labels enough to learn from and to judge two models by."""
    if production.y is None:
        raise InputError(
            f"The new rows have no labels, so nothing can be learnt from them: give a table with "
            f"the column '{production.known.task.target}', or wait until outcomes have come."
        )
    if not better_than_champion.can_compare(production):
        raise InputError(
            f"The new rows with labels are {production.labelled.sum()}, too few to train and to "
            f"judge by: at least {better_than_champion.FEWEST_COMPARED} are needed."
        )
    judges = production.y[newer]
    if not production.known.task.is_regression and len(set(judges)) < 2:
        raise InputError(
            f"The newer half of the new rows has one class only ({judges[0]}), so two models can't "
            f"be compared: wait for rows of another class."
        )


def training_table(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """The raw rows that the champion was made from, and new raw rows below them.

    Columns are those of the old rows. Where cells of both can't be of one type they are text, as in
    a CSV file, for the cleaning to read.

    >>> training_table(pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": ["3", "?"]})).x.tolist()
    ['1', '2', '3', '?']
    """
    new = new.reindex(columns=old.columns)
    pairs = {name: _of_one_type(old[name], new[name]) for name in old}
    return pd.DataFrame({name: pd.concat(pair, ignore_index=True) for name, pair in pairs.items()})


def _of_one_type(old: pd.Series, new: pd.Series) -> tuple[pd.Series, pd.Series]:
    if old.dtype == new.dtype and old.dtype != object:
        return old, new
    types = pd.api.types
    if types.is_numeric_dtype(old.dtype) and not types.is_bool_dtype(old.dtype):
        numbers = pd.to_numeric(new, errors="coerce")
        if numbers.isna().equals(new.isna()):
            return old, numbers
    return tuple(column.map(str, na_action="ignore").astype("str") for column in (old, new))


# --- The challenger -----------------------------------------------------------------------------


def claim_folder(champion: Run) -> Run:
    """The folder of the next challenger: the model's name with the first number that is free.

    A challenger of the same champion that was not finished is continued: what is complete is
    kept.
    """
    number = 2
    while True:
        run = Run(f"{model_name(champion)}-{number}")
        try:
            run.path.mkdir(parents=True)
        except FileExistsError:
            if _is_unfinished(run, champion):
                return run
            number += 1
        else:
            return run


def _is_unfinished(run: Run, champion: Run) -> bool:
    deployed = run.line_of(TRAINED_BY[-1])
    mine = run.challenges.get("run") == champion.name
    return mine and (deployed is None or deployed["verdict"] == "failed")


def train(
    challenger: Run,
    champion: Run,
    production: Production,
    newer,
    source: str,
    ask: RetrainRequest,
    say,
) -> int:
    """Run stages 1 to 7 for the challenger; returns how many raw rows it was made from.

    The parameters are those of the champion. Raises InputError or StageError, each with a sentence
    that names the challenger; a folder in which nothing was made is removed.
    """
    challenges = {"model": model_name(champion), "run": champion.name}
    challenges["fields"] = production_rows.fields_of(champion)
    learnt = ~newer & production.labelled
    if production.times is not None:
        challenges["since"] = float(production.times[learnt].max())
    challenger.write_json(CHALLENGES, challenges)
    if source not in ("", LOG):
        production_rows.note_training_rows(challenger, champion, production.raw[learnt])
    try:
        request = _request(challenger, champion, production, newer, source)
        request = replace(request, kernels=ask.kernels, track=ask.track)
        run_line(request, say=lambda line: say(f"  {line}"))
    except StageError as error:
        raise StageError(
            f"The challenger {challenger.name} could not be trained: {error}"
        ) from None
    except InputError as error:
        if not challenger.ledger:
            shutil.rmtree(challenger.path, ignore_errors=True)
        raise InputError(
            f"The challenger {challenger.name} could not be trained: {error}"
        ) from None
    return challenger.line_of(1)["rows_out"]


def _request(challenger: Run, champion: Run, production: Production, newer, source: str) -> Request:
    """What is asked of the line: an example up to a later day, or a table of old and new rows."""
    about = champion.about
    given = settings_of(champion)
    if champion.example and not source:
        given |= _up_to_newer(production, newer, about, given.get("test_from", ""))
        return Request(data=champion.example.name, target=about["target"], name=challenger.name,
                       stages=_stages(), settings=_as_texts(given))  # fmt: skip
    learnt = production.raw[~newer & production.labelled]
    table = training_table(pd.read_parquet(champion.file("data/raw.parquet")), learnt)
    with challenger.replacing(TABLE) as draft:
        table.to_parquet(draft, index=False)
    given |= {"sample": "all", "mess": "0", "test_data": "", "until": ""}
    if given.get("split_strategy") == "file":
        given["split_strategy"] = "auto"  # the rows held out then are among the others now
    if champion.example:
        given = _knowledge(about) | given
    return Request(data=str(challenger.file(TABLE)), target=about["target"], name=challenger.name,
                   stages=_stages(), settings=_as_texts(given))  # fmt: skip


def _stages() -> str:
    return f"{TRAINED_BY[0]}-{TRAINED_BY[-1]}"


def settings_of(run: Run) -> dict:
    """The parameters that a run was given, of all its stages, by name; defaults are left out."""
    given = {}
    for number in TRAINED_BY:
        own = (run.line_of(number) or {}).get("parameters", {})
        for parameter in notebook_parameters.of_stage(stage(number)):
            if own.get(parameter.name, parameter.default) != parameter.default:
                given[parameter.name] = own[parameter.name]
    return {name: v for name, v in given.items() if name not in notebook_parameters.SET_ELSEWHERE}


def _as_texts(given: dict) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in given.items())


def _up_to_newer(production: Production, newer, about: dict, test_from: str) -> dict:
    """The parameters that move an example's collection on: as dense a sample, as late a test."""
    first = production.X.loc[newer, about["time_column"]].min()
    until = first.normalize() - pd.Timedelta(days=1)
    held_out = pd.Timestamp(about["until"]) - pd.Timestamp(test_from or about["test_from"])
    sample = "all"
    if about["sampled"] < 1:
        whole = len(known.source(about["table"]).collect(_day(until))[0])
        sample = str(round(whole * about["sampled"]))
    return {"until": _day(until), "sample": sample, "test_from": _day(until - held_out)}


def _day(moment: pd.Timestamp) -> str:
    return moment.date().isoformat()


def _knowledge(about: dict) -> dict:
    """What is known of an example, as parameters for a table that is not collected as such."""
    derived = "; ".join(f"{name} = {formula}" for name, formula in about["derive"].items())
    return {
        "drop": ",".join([*about["not_known"], *about["leave_out"]]),
        "derive": derived,
        "split_strategy": about["split_strategy"],
        "time_column": about["time_column"],
        "test_from": about["test_from"],
    }


# --- Champion against challenger ----------------------------------------------------------------


def compare_on_newer_rows(production: Production, challenger: Run, newer: np.ndarray) -> dict:
    """Both models, each from raw row to answer, on the newer rows with labels.

    See `monitor.compare_answers` for the returned values.
    """
    judged = production.at(newer)
    other = whole_pipeline.load(challenger.file("model/model.skops"))
    task = production.known.task
    said = [predict(task, model, judged.raw) for model in (production.champion, other)]
    return better_than_champion.compare_answers(task, judged.y, *said)


def describe_duel(compared: dict) -> str:
    """The comparison in a sentence."""
    low, high = (better_than_champion.signed(compared[end], 3) for end in ("gain_from", "gain_to"))
    return (
        f"On {compared['rows']:,} rows that neither has seen: {PLAIN_NAMES[compared['metric']]} "
        f"{compared['champion']:.3f} and {compared['challenger']:.3f}, a gain of {low} to {high} "
        f"(95 %)."
    )


def conclude(challenger: Run, champion: Run, found: dict, ask: RetrainRequest, say) -> dict:
    """Say what follows; where the challenger won, tell the registry."""
    better = found["compared"]["promote"]
    sound = found["challenger_verdict"] == "good enough"
    outcome = BETTER if better and sound else KEPT
    if outcome == BETTER and ask.promote and ask.track:
        _promote(challenger)
        outcome = PROMOTED
    said = {
        KEPT: f"{champion.name} {STAYS}: the gain of {challenger.name} is not significant.",
        BETTER: f"{challenger.name} is better by more than the noise. To put it into service: "
        f"pipeline promote {challenger.name}",
        PROMOTED: f"{challenger.name} is better by more than the noise: it is the champion now. "
        f"To go back: pipeline rollback {model_name(champion)}",
    }[outcome]
    if better and not sound:
        said = (
            f"{champion.name} {STAYS}: {challenger.name} is better, but its verdict is "
            f"'{found['challenger_verdict']}'."
        )
    say(said)
    return {"outcome": outcome, "said": said}


# --- The registry, the lock, the page -----------------------------------------------------------


def champion_of(run: Run, track: bool = True) -> Run:
    """The run whose model serves under the name of a run's model; without a registry it is its own.

    Where the champion's folder is gone it is the run itself, too.
    """
    if not track:
        return run
    from .registry import champions, model_versions

    serving = model_versions.champion(model_name(run))
    if serving is None:  # the first to be registered becomes champion: not a challenger, unjudged
        champions.register(run, force=True)
        return run
    is_here = bool(serving.run) and Run(serving.run).file("model/model.skops").exists()
    return Run(serving.run) if is_here else run


def _promote(challenger: Run) -> None:
    """Make the challenger champion; it is registered already, unless the store was away then."""
    from .registry import champions

    champions.set_champion(model_name(challenger), champions.register(challenger))


@contextmanager
def _alone(run: Run):
    """One retraining of a model at a time."""
    from filelock import Timeout

    try:
        with lock(f"{model_name(run)}.retraining", timeout=0):
            yield
    except Timeout:
        raise InputError(
            f"The model of '{run.name}' is being trained again by another command: wait until it "
            f"has finished."
        ) from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _show_on_front_page(run: Run) -> None:
    from .pages import front_page

    front_page.write_front_page(run)
