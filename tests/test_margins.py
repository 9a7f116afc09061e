"""Margins: the same decision whatever the unit of the target."""

import numpy as np
import pytest

from helpers.learning import margins
from helpers.learning.metric_names import METRICS
from helpers.learning.metric_scores import score
from helpers.learning.task_kind import Task

NUMBER = Task("y", "regression")


@pytest.mark.parametrize("metric", METRICS["regression"])
@pytest.mark.parametrize("factor", [1_000, 0.001])
def test_a_margin_does_not_depend_on_the_unit(metric, factor):
    random = np.random.default_rng(0)
    y = random.lognormal(size=300)
    near, far = y + random.normal(size=300) / 5, y + random.normal(size=300)
    mean = np.full(300, y.mean() * 1.1)

    def gain(unit: float) -> float:
        said = [score(NUMBER, unit * y, unit * one, None, [metric])[metric]
                for one in (near, far, mean)]  # fmt: skip
        return margins.margin(metric, *said)

    assert gain(1) > 0.05
    assert gain(factor) == pytest.approx(gain(1), rel=1e-9)


def test_bounded_metrics_are_compared_as_they_are():
    assert margins.margin("roc_auc", 0.7, 0.75, baseline=0.5) == pytest.approx(-0.05)
    assert margins.margin("log_loss", 0.3, 0.4, baseline=0.5) == pytest.approx(0.2)


def test_a_baseline_without_error_leaves_nothing_to_compare():
    assert np.isnan(margins.margin("neg_mean_absolute_error", -1.0, -2.0, baseline=0.0))
