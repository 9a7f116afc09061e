"""The stages: what each asks, which files it reads and writes. All else is made from this list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..base.places import NOTEBOOKS
from ..base.user_errors import InputError

LOG = "log"  # as new rows: what the service of a run has answered
# Parameters that name what lies outside a run
NAME_SOURCES = ("data", "test_data", "plan", "review", "columns", "new_data")


@dataclass(frozen=True)
class Stage:
    """One station of the line: its number, its notebook, and the files it reads and writes.

    Files are those of the run folder that it may read or write; some runs have no use for some of
    them (an answer key is written where errors were injected). The first that it writes is what
    it hands on.
    """

    number: int
    name: str
    title: str
    notebook: str
    asks: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    needs_target: bool = False
    lesson: bool = False

    @property
    def makes(self) -> str:
        """The file that the stage hands on."""
        return self.writes[0]

    @property
    def report(self) -> str:
        """The name of the stage's HTML page in the run folder."""
        return f"{self.notebook}.html"

    @property
    def path(self) -> Path:
        """The stage's notebook."""
        return NOTEBOOKS / f"{self.notebook}.ipynb"


ABOUT, RAW, PLAN, SPLIT = "about.json", "data/raw.parquet", "cleaning.yaml", "split.json"
LOOKUPS = "data/lookups.parquet"  # small tables of a recipe, for rows that come with their keys
UNITS = "units.json"  # what one unit is: a row, a day, a customer
CLEANED = ("data/clean.parquet", "data/quarantine.parquet", "data/duplicates.parquet")
# The plan before a person changed it; and that of the training rows, where it cleans otherwise
DRAFTED = "cleaning_drafted.yaml"
WHAT_IF = "data/what_if.json"  # the model and rows of the page "What if"
COLUMNS = "columns.yaml"  # what each column held and how it was read
BY_TRAINING = ("cleaning_training.yaml", "data/clean_training.parquet")
LABEL_DOUBTS = "data/label_doubts.parquet"  # training rows whose label is in doubt
TRAINED = ("data/trained.skops", "training.json")
FOLD_ANSWERS = "data/fold_answers.parquet"  # of the chosen model, to rows that it had not seen
CERTAINTY = ("model/certainty.json", "model/certainty.skops")
BUNDLE = ("model/model.skops", "model/schema.json", "model/reference.json")
# The labelled rows, and which are held out
SPLIT_FILES = (*CLEANED, "data/split.parquet", SPLIT, *BY_TRAINING)

# The one description of the line. Whatever runs it or tells of it is made from this: the command
# line, the pages, and by `helpers.line.line_description` the pipelines of the schedulers.
STAGES = (
    Stage(0, "start", "Start here", "00_start_here", "What is the line?",
          reads=(),
          writes=("iris.json",), lesson=True),
    Stage(1, "collect", "Data collection", "01_data_collection",
          "Where do the data come from, and what did they look like there?",
          reads=(),
          writes=(RAW, ABOUT, "data/answer_key.parquet", "data/lines_set_aside.parquet", LOOKUPS,
                  "sources_review.csv")),
    Stage(2, "clean", "Data cleaning", "02_data_cleaning",
          "What is wrong with them, and what is surely right?",
          reads=(ABOUT, RAW, "data/answer_key.parquet"),
          writes=(*CLEANED, UNITS, PLAN, "data/changes.parquet", "review.csv", DRAFTED,
                  COLUMNS)),
    Stage(3, "features", "Feature engineering", "03_feature_engineering",
          "What is known when the prediction is made?",
          reads=(ABOUT, PLAN, UNITS, *CLEANED),
          writes=("features.yaml",)),
    Stage(4, "split", "Train-test split", "04_train_test_split",
          "Which rows must the model not see?",
          reads=(ABOUT, RAW, PLAN, DRAFTED, "features.yaml", UNITS, *CLEANED),
          writes=("data/split.parquet", SPLIT, *BY_TRAINING), needs_target=True),
    Stage(5, "train", "Model training", "05_model_training", "Which model learns most?",
          reads=(ABOUT, PLAN, "features.yaml", *SPLIT_FILES),
          writes=(*TRAINED, "trials.csv", LABEL_DOUBTS, FOLD_ANSWERS), needs_target=True),
    Stage(6, "evaluate", "Evaluation", "06_evaluation", "Is it good enough?",
          reads=(ABOUT, RAW, "features.yaml", *SPLIT_FILES, *TRAINED, FOLD_ANSWERS),
          writes=("metrics.json", "front.png", "data/held_out_answers.parquet"),
          needs_target=True),
    Stage(7, "deploy", "Deployment", "07_deployment", "Does it give the same answers in service?",
          reads=(ABOUT, RAW, PLAN, DRAFTED, COLUMNS, "features.yaml", *SPLIT_FILES, *TRAINED,
                 "metrics.json", LOOKUPS, FOLD_ANSWERS),
          writes=(*BUNDLE, "model/card.json", "model/card.md", "model/examples.parquet",
                  "model/columns.yaml", "model/lookups.parquet", *CERTAINTY, WHAT_IF),
          needs_target=True),
    Stage(8, "monitor", "Monitoring", "08_monitoring", "Is it still right?",
          reads=(ABOUT, RAW, *SPLIT_FILES, *TRAINED, "metrics.json", *BUNDLE, *CERTAINTY),
          writes=("monitoring.json", "data/later.parquet"), needs_target=True),
)  # fmt: skip


def stage(number: int) -> Stage:
    """The stage of that number.

    >>> stage(2).title
    'Data cleaning'
    """
    if number not in range(len(STAGES)):
        raise InputError(f"There is no stage {number}: stages go from 0 to {len(STAGES) - 1}.")
    return STAGES[number]


def parse_stages(text: str) -> list[Stage]:
    """The stages that a text such as "4-6", "3" or "1,4-5" names, in order.

    >>> [s.number for s in parse_stages("1,4-6")]
    [1, 4, 5, 6]
    """
    numbers = {number for part in text.split(",") for number in _numbers(part, text)}
    return [stage(number) for number in sorted(numbers)]


def _numbers(part: str, text: str) -> range:
    """The numbers of stages that one part of a text names, each checked at its ends."""
    match = re.fullmatch(r"\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?", part)
    if not match:
        raise InputError(f"Stages are numbers such as 3, 4-6 or 1,4-5; '{text}' is not.")
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise InputError(f"The range of stages '{part.strip()}' runs backwards.")
    return range(stage(first).number, stage(last).number + 1)
