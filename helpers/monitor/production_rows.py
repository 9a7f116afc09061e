"""Rows that come after training: where they are from, whether they can be used, and their labels.

They are a file, what a service has answered (its log), an example's later rows, or, where there are
no new rows yet, the held-out rows. Monitoring and retraining use them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..base import addresses
from ..base.user_errors import InputError
from ..cells.kinds import is_date
from ..cells.known_words import MISSING_WORDS
from ..cells.tidy_text import tidy
from ..drift.stored_reference import FORM, Reference, read_content
from ..examples import known as examples_known
from ..learning.label_column import read_label
from ..learning.labelled_data import TEST, TRAIN, Labelled, labelled_rows, time_column
from ..learning.outcome_reader import OutcomeReader
from ..learning.task_kind import Task, as_labels
from ..learning.units import units_of
from ..line.stage_list import LOG
from ..pipeline import delivery_reading, whole_pipeline
from ..pipeline.delivery_reading import DeliveryReading
from ..pipeline.table_policy import BY_DEFAULT, check_columns
from ..pipeline.whole_pipeline import model_columns
from ..tables import encodings, odd_files, read_any
from .rows_learnt import is_learnt
from .service_log_rows import rows_of_log

FEWEST_PER_PERIOD = 30
UNNAMED = "new rows"  # the one period of rows that have no dates
UNDATED = "undated"  # the period of rows whose date is missing: neither old nor new
MOST_UNKNOWN = 0.5  # share of labels of classes that the model does not know
FEWEST = 30  # rows: fewer are too few for a test
MOST_PERIODS = 36


@dataclass(frozen=True)
class Production:
    """Rows that came after training, and the model that was in service when they came.

    `raw` are n rows as they came, `X` the same rows cleaned, `y` their labels (missing where one
    has not come yet; None while there are none), `period` the month, day or delivery of each;
    `known` are the rows that the champion was fitted on. `seen` is False when these are only the
    held-out rows of a table without time (`is_held_out`: held-out rows of any kind). `times` (UNIX
    seconds) say when a service answered them. `reference` is the bundle's summary of `known`, where
    later rows are compared with that. `place` is where each row stood in its file, from 0 (None
    where there is no file). `new_classes` counts the labels of classes that the model does not
    know (of a measured target: words that are no numbers), `wrong_outcomes` those in a service's
    log that are no class or number; these are missing in `y`. `refused` is a mask of the rows that
    the model refuses (None for none); their label is missing, too.
    """

    raw: pd.DataFrame
    X: pd.DataFrame
    y: np.ndarray | None
    period: np.ndarray
    champion: Pipeline
    known: Labelled
    origin: str
    seen: bool = True
    times: np.ndarray | None = None
    is_held_out: bool = False
    reference: Reference | None = None
    unit: np.ndarray | None = None
    place: np.ndarray | None = None
    reading: DeliveryReading | None = None
    new_classes: dict[str, int] = field(default_factory=dict)
    wrong_outcomes: dict[str, int] = field(default_factory=dict)
    refused: np.ndarray | None = None

    @property
    def answered(self) -> Production:
        """The rows that the model answers, without those that it refuses."""
        return self if self.refused is None else self.at(~self.refused)

    @property
    def labelled(self) -> np.ndarray:
        """A mask of the rows whose label has come."""
        return np.zeros(len(self.X), bool) if self.y is None else ~pd.isna(self.y)

    def at(self, chosen: np.ndarray) -> Production:
        """Some of the rows, by a mask."""
        raw, X = (frame[chosen].reset_index(drop=True) for frame in (self.raw, self.X))
        names = ("y", "times", "unit", "place", "refused")
        by_row = {name: getattr(self, name) for name in names}
        some = {name: None if one is None else one[chosen] for name, one in by_row.items()}
        return replace(self, raw=raw, X=X, period=self.period[chosen], **some)


def later_rows(work, new_data: str = "") -> Production:
    """The rows that the model in service meets: a later delivery, or what comes closest to it.

    `new_data` is whatever `--data` takes, or "log" for what the service has answered. Without it:
    the later rows of an example; for another table the held-out rows, which are later ones
    under a time split and prove little otherwise. Raises InputError for rows that can't be used.
    """
    known = labelled_rows(work)
    example = work.run.example
    if not new_data and example is None:
        return _held_out(work, known)
    model = whole_pipeline.load(work.read("model/model.skops"))
    times, place, wrong = None, None, {}
    if new_data == LOG:
        outcomes = OutcomeReader(known.task, work.about["label"])
        raw, times, wrong = rows_of_log(work.run, model, outcomes)
        origin = "what the service has answered"
    elif new_data:
        raw, place, origin = _delivery(work, new_data)
    else:
        raw, origin = _later_of(work, example), f"{example.title} after the collection ended"
    check_count(raw, origin)
    made = _production(work, raw, model, known, origin, times)
    check_values(made.X, known.X, model_columns(model))
    return replace(made, reference=_reference(work), place=place, wrong_outcomes=wrong)


def _delivery(work, new_data: str) -> tuple[pd.DataFrame, np.ndarray, str]:
    """The rows of a source that the model was not fitted on, their places, where they are from."""
    addresses.refuse_pasted_password(new_data)
    schema = work.read_json("model/schema.json")
    likely = encodings.expected(schema.get("encoding", ""))
    raw = read_any.read_table(new_data, typed=False, encoding=likely, columns=[*schema["fields"]])
    for sentence in odd_files.of(raw):
        work.find("odd_file", "warning", [], sentence)
    origin = addresses.shown(new_data)
    check_columns(schema["fields"], raw.columns)
    learnt = is_learnt(work.run, raw)
    if learnt.any():
        origin = f"{origin} without {learnt.sum():,} training rows"
    place = np.flatnonzero(~learnt)
    return raw.iloc[place].reset_index(drop=True), place, origin


def _reference(work) -> Reference | None:
    """The reference in the run's bundle; None for one of an older form: the rows are still here."""
    content = work.read_json("model/reference.json")
    return read_content(content, work.run.name) if content.get("form") == FORM else None


def _later_of(work, example: examples_known.Example) -> pd.DataFrame:
    """The rows of an example that came after those that the run has collected."""
    later = examples_known.source(example.name).later_rows(work.about)
    if later is None:
        raise InputError(
            f"The run '{work.run.name}' has collected all of {example.title} up to "
            f"{work.about['until']}, so no later ones are left: give rows with --data."
        )
    return later


def check_count(raw: pd.DataFrame, origin: str) -> None:
    """Raise InputError for fewer than `FEWEST` new rows; `origin` says where they are from."""
    if len(raw) < FEWEST:
        raise InputError(
            f"The new rows ({origin}) are {len(raw)}, too few to detect a change: at "
            f"least {FEWEST} are needed. Wait for more, or put several deliveries together."
        )


def check_values(X: pd.DataFrame, known: pd.DataFrame, used: list[str]) -> None:
    """Raise InputError for rows that are the same in every column that used to vary."""
    varied = [c for c in used if c in X and known[c].nunique(dropna=False) > 1]
    if varied and all(X[name].nunique(dropna=False) <= 1 for name in varied):
        raise InputError(
            f"The new rows hold one value only in each of the {len(varied)} columns that the model "
            f"uses, such as '{varied[0]}': no table of real rows looks like that. Was the export "
            f"cut short?"
        )


def _held_out(work, known: Labelled) -> Production:
    """The held-out rows, for want of later ones, with the model that was not fitted on them."""
    raw = work.read_table("raw")
    model = whole_pipeline.load(work.read("data/trained.skops"))
    test = known.of(TEST)
    rows = raw.iloc[test.row].reset_index(drop=True)
    made = _production(work, rows, model, known.of(TRAIN), "the held-out rows", held_out=True)
    return replace(made, seen=known.by_time, is_held_out=True, unit=test.unit)


def _production(
    work, raw, model, known: Labelled, origin: str, times=None, held_out: bool = False
) -> Production:
    """Raw rows with their cleaned form, their labels and their periods."""
    fields = {} if held_out else work.read_json("model/schema.json").get("fields", {})
    reading = None if held_out else delivery_reading.of_rows(model, raw, fields)
    X = (reading.model if reading else model)["clean"].transform(raw)
    refused = refused_by(reading)
    y = without_refused(labels_of(raw, known.task, work.about["label"]), refused)
    period = periods_for(times, time_column(work), X)
    unit = units_of(known.units, X)
    return Production(
        raw, X, y, period, model, known, origin, times=times, unit=unit, reading=reading,
        refused=refused,
        new_classes=new_classes(raw, known.task, work.about["label"]),
    )  # fmt: skip


def refused_by(reading: DeliveryReading | None) -> np.ndarray | None:
    """A mask of the rows that the model refuses; None for none.

    Raises InputError where that is a whole column, as `pipeline predict` does.
    """
    if reading is None or not reading.checked.refused.any():
        return None
    BY_DEFAULT.check(reading.checked.counts())
    return reading.checked.refused


def without_refused(y: np.ndarray | None, refused: np.ndarray | None) -> np.ndarray | None:
    """The labels, missing in rows that the model refuses: it had no prediction for them."""
    if y is None or refused is None:
        return y
    return np.where(refused, np.nan if y.dtype == float else None, y)


def labels_of(raw: pd.DataFrame, task: Task, plan: dict) -> np.ndarray | None:
    """The labels that have come; None where there are none.

    Missing where a row has none, or a class that the model does not know (see `new_classes`).
    Raises InputError for labels that can't be read, and where most are of unknown classes; `plan`
    says how labels are read.
    """
    if task.target not in raw.columns:
        return None
    labels = read_label(raw[task.target], plan)
    if task.is_regression:
        labels = pd.to_numeric(labels, errors="coerce").astype(float)
    if not labels.notna().any():
        _check_unread(raw[task.target], task)
        return None
    if task.is_regression:
        return labels.to_numpy()
    y = np.full(len(raw), None, dtype=object)
    kept = labels.notna().to_numpy()
    y[kept] = as_labels(labels[kept]).to_numpy(dtype=object)
    _check_classes(y[kept], task)
    y[kept & ~np.isin(y.astype(str), task.classes)] = None
    return y


def new_classes(raw: pd.DataFrame, task: Task, plan: dict) -> dict[str, int]:
    """The classes among labels that the model does not know, with their rows; of a measured target
    the words that are no numbers."""
    if task.target not in raw.columns:
        return {}
    labels = read_label(raw[task.target], plan)
    if task.is_regression:
        given = _given_words(raw[task.target])
        lost = given[pd.to_numeric(labels, errors="coerce")[given.index].isna()]
        return {word: int(n) for word, n in lost.value_counts().items()}
    counts = as_labels(labels.dropna()).value_counts()
    return {name: int(n) for name, n in counts.items() if name not in task.classes}


def _given_words(column: pd.Series) -> pd.Series:
    """The words of a target that are labels: neither empty nor a word for missing."""
    words = column.dropna().map(lambda value: tidy(str(value))).astype("str")
    return words[~words.str.casefold().isin(MISSING_WORDS)]


def _check_classes(y: np.ndarray, task: Task) -> None:
    """Raise InputError where most labels are of classes that the model does not know."""
    unknown = sorted(set(y) - set(task.classes))
    if unknown and np.isin(y.astype(str), unknown).mean() > MOST_UNKNOWN:
        raise InputError(
            f"The new rows have a class that the model does not know: '{unknown[0]}' in the column "
            f"'{task.target}'. It knows {', '.join(task.classes[:10])}. Is it another target?"
        )


def _check_unread(column: pd.Series, task: Task) -> None:
    """Raise InputError where labels were given but none can be read; empty ones may still come."""
    words = _given_words(column)
    if len(words):
        raise InputError(
            f"The new rows have no label that can be read: '{words.iloc[0]:.40}' in the column "
            f"'{task.target}' is no {'number' if task.is_regression else 'class'}. Is it another "
            f"target?"
        )


def periods_for(times: np.ndarray | None, name: str, X: pd.DataFrame) -> np.ndarray:
    """The period of each row: by when a service answered it, else by the time column."""
    return periods(name, X) if times is None else periods_of(times)


def periods(name: str, X: pd.DataFrame) -> np.ndarray:
    """The month of each row by its time column, where there is one; else one period for all."""
    if name in X and is_date(X[name]):
        months = _named(X[name], "%Y-%m")
        if _can_divide(months):
            return months
    return np.full(len(X), UNNAMED, dtype=object)


def periods_of(times: np.ndarray) -> np.ndarray:
    """The month of each time, or the day where all are of one month; one period for few."""
    moments = pd.Series(pd.to_datetime(times, unit="s"))
    for form in ("%Y-%m", "%Y-%m-%d"):
        periods = _named(moments, form)
        if len(np.unique(periods)) > 1 and _can_divide(periods):
            return periods
    return np.full(len(times), UNNAMED, dtype=object)


def _named(times: pd.Series, form: str) -> np.ndarray:
    """The name of each moment's period; `UNDATED` where it is missing."""
    return times.dt.strftime(form).fillna(UNDATED).to_numpy(dtype=object)


def _can_divide(periods: np.ndarray) -> bool:
    """Whether periods are few enough, and large enough, to have a score each."""
    sizes = np.unique(periods[periods != UNDATED], return_counts=True)[1]
    return 0 < len(sizes) <= MOST_PERIODS and np.median(sizes) >= FEWEST_PER_PERIOD
