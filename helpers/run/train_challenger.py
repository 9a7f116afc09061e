"""A challenger: a run made by the champion's notebooks and parameters, from more rows."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import count

import pandas as pd

from ..base.user_errors import InputError
from ..cells.draft_column_plan import READINGS, draft_column
from ..cells.kinds import is_number
from ..cells.reading_columns import repair_column
from ..examples import known
from ..line import notebook_parameters
from ..line.run_folder import CHALLENGES, Run
from ..line.stage_list import LOG, stage
from ..monitor import rows_learnt
from ..monitor.production_rows import Production
from ..pipeline.delivery_reading import in_known_forms
from ..registry.model_versions import model_name
from .retraining_due import RetrainRequest
from .run_request import Request
from .runner import StageError, run_line

TABLE = "training_table.parquet"  # what a challenger learns from, in its own folder
TRAINED_BY = range(1, 8)  # stages; the eighth looks at what came after


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
    if is_number(old):
        numbers = pd.to_numeric(new, errors="coerce")
        if numbers.isna().equals(new.isna()):
            return old, numbers
    return tuple(column.map(str, na_action="ignore").astype("str") for column in (old, new))


def claim_folder(champion: Run) -> Run:
    """The folder of the next challenger: the model's name with the first number that is free.

    A challenger of the same champion that was not finished is continued: what is complete is
    kept.
    """
    runs = (Run(f"{model_name(champion)}-{number}") for number in count(2))
    return next(run for run in runs if _is_ours(run, champion))


def _is_ours(run: Run, champion: Run) -> bool:
    """Whether a folder was free and is made now, or is that of an unfinished challenger."""
    try:
        run.path.mkdir(parents=True)
    except FileExistsError:
        return _is_unfinished(run, champion)
    return True


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
    _note_champion(challenger, champion, production, ~newer & production.labelled, source)
    try:
        request = _request(challenger, champion, production, newer, source)
        request = replace(request, kernels=ask.kernels, track=ask.track)
        run_line(request, say=lambda line: say(f"  {line}"))
    except (StageError, InputError) as error:
        if isinstance(error, InputError) and not challenger.ledger:
            shutil.rmtree(challenger.path, ignore_errors=True)
        said = f"The challenger {challenger.name} could not be trained: {error}"
        raise type(error)(said) from None
    return challenger.line_of(1)["rows_out"]


def _note_champion(challenger: Run, champion: Run, production: Production, learnt, source) -> None:
    """Note in the challenger's folder what it challenges, and the new rows that it learns from."""
    challenges = {"model": model_name(champion), "run": champion.name}
    challenges["fields"] = rows_learnt.fields_of(champion)
    if production.times is not None:
        challenges["since"] = float(production.times[learnt].max())
    challenger.write_json(CHALLENGES, challenges)
    if source not in ("", LOG):
        known = production.at(learnt)
        rows_learnt.note_training_rows(challenger, champion, known.raw, known.place)


def _request(challenger: Run, champion: Run, production: Production, newer, source: str) -> Request:
    """What is asked of the line: an example up to a later day, or a table of old and new rows."""
    about = champion.about
    given = settings_of(champion)
    if champion.example and not source:
        given |= _up_to_newer(production, newer, about, given.get("test_from", ""))
        return Request(data=champion.example.name, target=about["target"], name=challenger.name,
                       stages=_stages(), settings=_as_texts(given))  # fmt: skip
    learnt = _in_known_forms(production)[~newer & production.labelled]
    old = pd.read_parquet(champion.file("data/raw.parquet"))
    table = in_one_kind(training_table(old, learnt), len(old), production)
    with challenger.replacing(TABLE) as draft:
        table.to_parquet(draft, index=False)
    given |= {"sample": "all", "injected_errors": "0", "test_data": "", "until": ""}
    if given.get("split_strategy") == "file":
        given["split_strategy"] = "auto"  # the rows held out then are among the others now
    if champion.example:
        given = _knowledge(about) | given
    return Request(data=str(challenger.file(TABLE)), target=about["target"], name=challenger.name,
                   stages=_stages(), settings=_as_texts(given))  # fmt: skip


def _in_known_forms(production: Production) -> pd.DataFrame:
    """The new raw rows in the forms of the rows that they are put below."""
    if production.reading is None:
        return production.raw
    return in_known_forms(production.champion, production.reading, production.raw)


def in_one_kind(table: pd.DataFrame, old: int, production: Production) -> pd.DataFrame:
    """The table with columns of numbers, dates and booleans as such where old and new do not mix.

    Laps of 1:05.2 and, below the first `old` rows, of 65.2 would be read as words: both are put
    there as the champion reads them.
    """
    if production.reading is None:
        return table
    own, fitted = (one["clean"].plan_["columns"] for one in
                   (production.champion, production.reading.model))  # fmt: skip
    read = {}
    for name in [name for name in own if name in table and own[name]["kind"] in READINGS]:
        if _way_of_reading(draft_column(table[name])) != _way_of_reading(own[name]):
            parts = (table[name].iloc[:old], own[name]), (table[name].iloc[old:], fitted[name])
            read[name] = pd.concat([repair_column(*part)[0] for part in parts])
    return table.assign(**read)


def _way_of_reading(plan: dict) -> list:
    return [plan.get(key) for key in ("kind", "style", "unit", "clock", "scale")]


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
