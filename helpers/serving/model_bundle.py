"""A deployed model read back from its files, and the rows that it answers."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn.pipeline import Pipeline

from ..answers.certainty import Certainty
from ..answers.reasons import Reasons
from ..base.files import sha256
from ..base.places import reports_folder
from ..base.user_errors import InputError
from ..cells.as_texts import is_plain
from ..drift import stored_reference
from ..learning.outcome_reader import OutcomeReader
from ..learning.predicting import predict
from ..learning.task_kind import Task
from ..line.run_folder import Run, existing_run
from ..line.stage_list import COLUMNS
from ..pipeline import delivery_reading, table_policy, whole_pipeline
from ..pipeline.row_check import RowCheck
from ..pipeline.wanted import Wanted
from ..registry.local_copies import Copy, bundle_folder
from ..registry.model_versions import Version, is_address, resolve
from ..tables.frames import as_pandas
from ..tables.sources.lookups import Lookup, carried_tables, to_bring
from . import certainty_files
from .beside import Beside
from .refusals import RowsError

MOST_ROWS = 10_000  # in one request
KEY_VARIABLE = "PIPELINE_API_KEY"  # in the environment: the key that a service asks for


def api_key() -> str:
    """The key that a service asks for, without the line's end that a file of it may have; "" for
    none. Raises InputError for one of blanks alone, which would let everybody in.
    """
    given = os.environ.get(KEY_VARIABLE, "")
    if given and not given.strip():
        raise InputError(f"{KEY_VARIABLE} holds blanks alone: give a key, or leave it out.")
    return given.strip()


@dataclass(frozen=True)
class Bundle:
    """A deployed model with what is needed to ask it: its task and the schema of its rows.

    `examples` are raw rows on which a compiled scorer is checked. `model` is None where only the
    baseline of the card can answer. `label` is how the target was read in training, `quality` what
    the reference keeps of its rows.
    """

    model: Pipeline | None
    task: Task
    schema: dict
    card: dict
    examples: pd.DataFrame | None = None
    lookups: tuple[Lookup, ...] = ()
    label: dict | None = None
    quality: dict = field(default_factory=dict)
    certainty: Certainty | None = None

    def looked_up(self, rows: list[dict]) -> tuple[list[dict], list[list[str]]]:
        """Rows with the columns of the tables that are carried; what each row lacks."""
        missed = [[said for own, said in self.to_bring if own.isdisjoint(row)] for row in rows]
        for one in self.lookups:
            for said, row in zip(missed, rows, strict=True):
                said += filter(None, [one.missed(row)])
            rows = [one.fill(row) for row in rows]
        return rows, missed

    @cached_property
    def version(self) -> str:
        """The first letters of the model file's hash."""
        return self.card["model_sha256"][:12]

    @cached_property
    def check(self) -> RowCheck:
        """What looks at a row before it is answered."""
        if self.model is None:
            return RowCheck(self.fields, self.ignored, None)
        return delivery_reading.row_check(self.model, self.fields, self.ignored)

    @cached_property
    def outcomes(self) -> OutcomeReader:
        """What reads an actual outcome."""
        return OutcomeReader(self.task, self.label)

    @cached_property
    def known(self) -> frozenset[str]:
        """The columns that a row may have: fields, columns that are ignored, keys of tables."""
        return frozenset(self.check.known).union(*(one.key for one in self.lookups))

    @cached_property
    def to_bring(self) -> list[tuple[frozenset[str], str]]:
        """By source that is not carried, the columns that a row has to bring."""
        return to_bring(self.schema)

    @cached_property
    def reasons(self) -> Reasons:
        """What names the reasons of an answer in the raw columns."""
        return Reasons.of(self.task, self.model, self.examples)

    @cached_property
    def besides(self) -> dict[Wanted, Beside]:
        """What was wanted beside predictions, and what says it (`Beside.of`)."""
        return {}

    @property
    def fields(self) -> dict[str, dict]:
        """The fields of a row that the model uses, by name."""
        return self.schema["fields"]

    @property
    def encoding(self) -> str:
        """The encoding of the file that it was trained on; "" for UTF-8, or where none is known."""
        return self.schema.get("encoding", "")

    @property
    def ignored(self) -> set[str]:
        """Columns of the raw table that the model does not use, the target among them."""
        return set(self.schema["ignored"])


def load_bundle(run: str) -> Bundle:
    """The bundle of a run, checked against its card: a file that was changed is refused.

    `run` is a run's name, the address of a registered model such as models:/NAME@champion, or a
    folder that holds the files of a bundle.
    """
    return open_bundle(*_place_of(run))


def load_reference(run: str) -> stored_reference.Reference:
    """What the bundle of a run (or an address, or a folder) keeps of the rows it was fitted on."""
    folder, name = _place_of(run)
    return stored_reference.read_content(folder.read_json(f"{name}/reference.json"), f"'{run}'")


def load_columns(run: str) -> dict[str, dict]:
    """What each column held and how it was read (`columns.yaml`), of a run, address or bundle."""
    of_run = not is_address(run) and not is_bundle_folder(run)
    folder, name = (existing_run(run), "") if of_run else _place_of(run)
    file = folder.file(f"{name}/{COLUMNS}" if name else COLUMNS)
    if not file.exists():
        raise InputError(
            f"'{run}' keeps no {COLUMNS}: it was made before that was written. Make it again: "
            f"`pipeline run --name {run} --stages 2-7`."
        )
    return yaml.safe_load(file.read_text(encoding="utf-8")) or {}


def _place_of(run: str) -> tuple[Run, str]:
    """The folder that holds a bundle, and the bundle's name in it."""
    if is_address(run):
        version = resolve(run)
        return Copy(version, bundle_folder(version)), "."
    if is_bundle_folder(run):
        return Copy(run, Path(run).expanduser()), "."
    _refuse_other_folder(run)
    folder = existing_run(run)
    folder.require(7)
    return folder, "model"


def _refuse_other_folder(run: str) -> None:
    """Raise InputError for a path that leads to no bundle."""
    if os.sep in run:
        raise InputError(
            f"'{run}' holds no bundle: that is a folder with card.json and model.skops, such as "
            f"reports/<run>/model, or a copy of it."
        )


def is_bundle_folder(text: str) -> bool:
    """Whether a text names a folder with a bundle in it, and no run."""
    if is_address(text) or (reports_folder() / text / "ledger.json").exists():
        return False
    folder = Path(text).expanduser()
    return all((folder / name).is_file() for name in ("card.json", "model.skops"))


def load_bundle_version(run: str, version: str) -> Bundle:
    """The bundle of a run if it is still that version; for work done in parts."""
    bundle = load_bundle(run)
    if bundle.version != version:
        raise InputError(f"The model of '{run}' was replaced in the meantime: start again.")
    return bundle


def open_copy(version: Version) -> Bundle:
    """The bundle of a registered version, from its local copy; refused when it was changed."""
    return open_bundle(Copy(version, bundle_folder(version)), ".")


def open_bundle(folder: Run, name: str = "model", without_model: bool = False) -> Bundle:
    """The bundle in a folder of a run; refused when its model is not the one of its card."""
    card, path = _read_card(folder, name), folder.file(f"{name}/model.skops")
    schema = folder.read_json(f"{name}/schema.json") if card is not None else None
    sound = without_model or (path.exists() and sha256(path) == (card or {}).get("model_sha256"))
    if not sound or schema is None:
        raise InputError(
            f"The model of run '{folder.name}' is not the one that its card describes. Make "
            f"it again: `pipeline run --name {folder.name} --stages 7`."
        )
    model = None if without_model else whole_pipeline.load(path)
    examples = None if without_model else _read_examples(folder, name)
    tables, known = carried_tables(folder.file(name), schema), _read_reference(folder, name)
    return Bundle(model, task_of(card), schema, card, examples, tables, known.get("label"),
                  known.get("quality", {}), _certainty_of(folder, name, card, model))  # fmt: skip


def _certainty_of(folder: Run, name: str, card: dict, model) -> Certainty | None:
    """How sure the answers of this very model are; None where that was not learnt."""
    if model is None:
        return None
    return certainty_files.read_certainty(folder, name, card["model_sha256"])


def _read_reference(folder: Run, name: str) -> dict:
    """What the bundle keeps of the rows of training; empty where there is none."""
    return folder.read_json(f"{name}/reference.json") or {}


def _read_examples(folder: Run, name: str) -> pd.DataFrame | None:
    """The raw rows that a bundle holds; None where an earlier version wrote none."""
    rows = folder.file(f"{name}/examples.parquet")
    return pd.read_parquet(rows) if rows.exists() else None


def task_of(card: dict) -> Task:
    """The task that a model card tells of."""
    said = card["task"]
    return Task(said["target"], said["task"], tuple(said["classes"]), said["positive"])


def _read_card(folder: Run, name: str) -> dict | None:
    try:
        return folder.read_json(f"{name}/card.json")
    except ValueError:  # cut short
        return None


def predict_rows(bundle: Bundle, rows: pd.DataFrame, **options) -> pd.DataFrame:
    """Raw rows in, `prediction` out and, for classes, `probability_<class>`; row for row.

    The rows are a frame of pandas, polars or Arrow, a DuckDB relation or an ADBC result. A row that
    the service refuses has no answer: its cells are missing. `options` are those of `Wanted`:
    `interval=0.9` adds `prediction_low` and `prediction_high` (numbers) or `prediction_set`
    (classes), `abstain_above=0.05` adds `abstain`, `why=3` the three strongest reasons. What the
    model can't say is warned of, and left out.
    """
    rows, beside = as_pandas(rows), Beside.of(bundle, Wanted(**options))
    for sentence in beside.cannot:
        warnings.warn(sentence, UserWarning, stacklevel=2)
    _, checked = delivery_reading.looked_at(bundle.model, rows, bundle.check)
    look = beside.look() if beside else None
    found = predict(bundle.task, bundle.model, rows, look)
    answers = answers_frame(bundle.task, *found, rows.index)
    if look is not None:
        answers = answers.join(look.columns(rows.get, rows.index))
    return without_refused(answers, checked.refused)


def without_refused(answers: pd.DataFrame, refused: np.ndarray) -> pd.DataFrame:
    """The answers, missing in the rows that are refused (a mask; empty for none)."""
    if not refused.any():
        return answers
    return answers.mask(np.repeat(refused[:, None], answers.shape[1], axis=1))


def answers_frame(task: Task, prediction, probability, index=None) -> pd.DataFrame:
    """Predictions and probabilities as columns; see `predict_rows`."""
    out = pd.DataFrame({"prediction": prediction}, index=index)
    if probability is not None:
        for position, label in enumerate(task.classes):
            out[f"probability_{label}"] = probability[:, position]
    return out


def predict_table(bundle: Bundle, rows: pd.DataFrame, **options) -> pd.DataFrame:
    """The rows' own columns and the predictions; an error when a needed column is missing.

    `options` are those of `predict_rows`.

    The rows are a frame as `predict_rows` takes it; what comes back is one of pandas. A table that
    has another order of day and month, or decimal sign, throughout is read so: a warning says it.
    """
    rows = as_pandas(rows)
    check_columns(bundle, rows.columns)
    model, said = delivery_reading.fitted_to(bundle.model, rows, bundle.fields)
    for sentence in said:
        warnings.warn(sentence, UserWarning, stacklevel=2)
    answers = predict_rows(replace(bundle, model=model) if said else bundle, rows, **options)
    return rows.set_axis(names_beside(rows.columns, answers), axis=1).join(answers)


def check_columns(bundle: Bundle, columns) -> None:
    """Raise InputError when a column that the model needs is missing."""
    table_policy.check_columns(bundle.fields, columns)


def names_beside(columns, answers) -> list[str]:
    """The rows' columns, with another name for those that are named as the answers are."""
    taken = set(answers)
    return [_free(f"{name} (in the rows)", columns) if name in taken else name for name in columns]


def _free(name: str, columns) -> str:
    """A column name that the rows do not have yet."""
    return _free(f"{name}'", columns) if name in columns else name


def as_frame(bundle: Bundle, rows: list[dict]) -> pd.DataFrame:
    """Checked rows as a raw table: the model's fields, and the columns that help to clean them.

    These were not checked: a value that is not a plain one counts as missing.
    """
    fields = bundle.fields
    known = bundle.model["clean"].get_feature_names_out()
    plain = [{name: v for name, v in row.items() if name in fields or is_plain(v)} for row in rows]
    return pd.DataFrame(plain, columns=known, dtype=object)


def check_count(rows: list, most: int) -> None:
    """Refuse too many rows, or none: InputError."""
    if not 1 <= len(rows) <= most:
        said = f"A request holds 1 to {most:,} rows; this one holds {len(rows):,}."
        raise RowsError("row_count", said)


def check_rows(
    bundle: Bundle, rows: list[dict], most: int = MOST_ROWS, first: int = 1
) -> list[list[str]]:
    """The warnings of each row; raises InputError for rows that can't be answered.

    `first` is the number of the first row, by which a sentence names it.
    """
    check_count(rows, most)
    return [list(map(str, bundle.check.row(row, number)[0]))
            for number, row in enumerate(rows, start=first)]  # fmt: skip
