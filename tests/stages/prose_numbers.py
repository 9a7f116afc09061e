"""Where each number in the notebooks' prose comes from: no figure is typed and left to age.

A figure of a result belongs in a sentence that a helper computes. What stands typed in a
Markdown cell, with a decimal point or a per cent sign, is listed here by notebook and figure:
*defined* (a convention, a parameter, a truth of the method; the text says which), or *computed*
from the code or the finished run of the flights, and held against it by
`tests/stages/test_prose_numbers.py`.
Code between backticks does not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from helpers.course.labs import what_matters_most
from helpers.drift import alert_thresholds, compare_columns

NUMBER = re.compile(r"\d[\d,]*\.\d+(?:\s?(?:%|per cent))?|\d[\d,]*\s?(?:%|per cent)")
NO_PROSE = re.compile(r"```.*?```|`[^`]*`|https?://\S+", re.DOTALL)


@dataclass(frozen=True)
class Defined:
    """A figure that no run can change, and why that is so."""

    why: str


@dataclass(frozen=True)
class Computed:
    """A figure of the flights' run, or of the code: its value, and the form it is typed in."""

    value: Callable[[object], float]
    form: str


PUBLISHED = Defined("what the published program prints, quoted; the text says that it may differ")
COIN = Defined("the ROC AUC of a ranking by chance, by its definition (Hanley and McNeil 1982)")
INTERVAL = Defined("the level of the interval, as `score_intervals` has it")

GUARDS: dict[str, dict[str, Defined | Computed]] = {
    "00_start_here": dict.fromkeys(["1.000", "0.967", "0.960", "0.022"], PUBLISHED),
    "02_data_cleaning": {"0.5": COIN},
    "03_feature_engineering": {"0.5": COIN},
    "04_train_test_split": {"0.5": COIN},
    "05_model_training": {"0.50": Defined("random labels on two equal classes: nothing to learn")},
    "06_evaluation": {
        "95 %": INTERVAL,
        "90 %": Defined("the level of the intervals and sets that the page shows"),
        "0.5": COIN,
        "0.50": Defined("the threshold that a model uses by itself"),
        "0.25": Defined("1 / (1 + 3), by the costs that the lesson's own code sets"),
    },
    "08_monitoring": {
        "0.2": Computed(lambda run: compare_columns.PSI_LARGE, "{:g}"),
        "0.30": Defined("the threshold that the lesson's own code sets"),
        "0.05": Defined("the usual level of a test, named as an example"),
        "0.01": Computed(lambda run: alert_thresholds.DEFAULT.level, "{:g}"),
    },
    "from_notebook_to_production": dict.fromkeys(
        ["80 %", "60 %", "19 %", "45 %"], Defined("what surveys found, quoted; the text says so")
    ),
    "text_and_images": {"0.5": COIN},
    "what_matters_most": {
        "80 %": Defined("the claim that the lab examines, quoted"),
        "8 %": Computed(lambda run: what_matters_most.ERROR_RATE, "{:.0%}"),
    },
    "why_pipelines_matter": {"0.50": Defined("random labels on two equal classes")},
}


def numbers(text: str) -> list[str]:
    """The figures of a Markdown text that need a guard.

    >>> numbers("1. The AUC is 0.71 (28.4 %), in `gap=0.5`, version 3, 40,000 rows, 5% more")
    ['0.71', '28.4 %', '5%']
    """
    return NUMBER.findall(NO_PROSE.sub("", text))
