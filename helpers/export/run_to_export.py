"""What an export is made of: the files of a finished run, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd
from sklearn.pipeline import Pipeline

from ..clean.one_row_cleaner import plan_for
from ..learning.labelled_data import TRAIN, Labelled, labelled_rows
from ..line.run_folder import Run, existing_run
from ..line.stage_work import Work
from ..pipeline import whole_pipeline
from ..serving.model_bundle import Bundle, load_bundle

TRAINED = "data/trained.skops"


@dataclass(frozen=True)
class RunToExport:
    """A finished run: the deployed bundle, the model of stage 5, its rows as they came and cleaned.

    `labelled` are the rows that models learn from, split; `raw` all collected rows; `choice` is
    the content of `split.json`, `reasons` say why rows were set aside.
    """

    run: Run
    bundle: Bundle
    trained: Pipeline
    labelled: Labelled
    raw: pd.DataFrame
    choice: dict
    metrics: dict
    training: dict
    changes: pd.DataFrame
    reasons: pd.Series

    @property
    def name(self) -> str:
        """The run's name."""
        return self.run.name

    @property
    def about(self) -> dict:
        """What the table is."""
        return self.run.about

    @property
    def target(self) -> str:
        """The column that is predicted."""
        return self.bundle.task.target

    @cached_property
    def learnt(self) -> Labelled:
        """The training rows."""
        return self.labelled.of(TRAIN)

    @cached_property
    def needed(self) -> list[str]:
        """The columns that models and formulas use, and those that split the rows."""
        used = [*whole_pipeline.model_columns(self.trained), *self._in_formulas()]
        split = [self.choice.get("column", ""), self.choice.get("group", "")]
        split.append(self.labelled.units.column)
        known = self.plans["all"]["columns"]
        return [name for name in known if name in {*used, *split}]

    def _in_formulas(self) -> list[str]:
        from ..features.column_formulas import columns_of

        return [
            name
            for text in self.trained["features"][0].formulas.values()
            for name in columns_of(text)
        ]

    @cached_property
    def plans(self) -> dict[str, dict]:
        """The cleaning plans: of the deployed model (`all`), and of the training rows."""
        return {"all": self.bundle.model["clean"].plan_, "training": self.trained["clean"].plan_}

    @cached_property
    def parts(self) -> dict[str, dict]:
        """The parts of both plans that the needed columns need; one where both are the same."""
        found = {name: plan_for(plan, self.needed) for name, plan in self.plans.items()}
        return {"all": found["all"]} if found["all"] == found["training"] else found

    @property
    def is_refitted(self) -> bool:
        """Whether the deployed model was fitted on the held-out rows, too."""
        return bool(self.bundle.card.get("refitted_on_all_labelled_rows", True))


def open_run(name: str) -> RunToExport:
    """A run that can be exported; InputError where it is not finished, or was edited."""
    run = existing_run(name)
    run.require(7)
    bundle = load_bundle(name)
    work = Work(7, run, {})  # reads alone: it notes nothing, and is never finished
    labelled = labelled_rows(work)
    return RunToExport(
        run=run,
        bundle=bundle,
        trained=whole_pipeline.load(work.read(TRAINED)),
        labelled=labelled,
        raw=work.read_table("raw"),
        choice=work.read_json("split.json"),
        metrics=work.read_json("metrics.json"),
        training=work.read_json("training.json"),
        changes=_changes(run),
        reasons=work.read_table("quarantine")["reason"],
    )


def _changes(run: Run) -> pd.DataFrame:
    """The log of the cells that cleaning changed; empty where there is none."""
    path = run.file("data/changes.parquet")
    return pd.read_parquet(path) if path.exists() else pd.DataFrame({"column": [], "kind": []})
