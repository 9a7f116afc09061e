"""The one ROC AUC agrees with scikit-learn's, ties included."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

import helpers
from helpers.base.ranks import ranks, roc_auc, roc_auc_without

ROWS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 6) | st.floats(-1e300, 1e300)), min_size=2, max_size=60
)


@given(ROWS)
def test_it_agrees_with_scikit_learn_to_1e_12(rows):
    yes, scores = np.array([r[0] for r in rows]), np.array([float(r[1]) for r in rows])
    assert (ranks(scores) == rankdata(scores)).all()
    if yes.all() or not yes.any():
        assert np.isnan(roc_auc(yes, scores))
    else:
        assert roc_auc(yes, scores) == pytest.approx(roc_auc_score(yes, scores), abs=1e-12)


def test_of_many_rows_with_ties_too():
    random = np.random.default_rng(0)
    yes, scores = random.random(40_000) < 0.2, random.integers(0, 50, 40_000) / 50
    assert roc_auc(yes, scores) == pytest.approx(roc_auc_score(yes, scores), abs=1e-12)


@given(ROWS, st.integers(1, 8))
def test_leaving_blocks_out_is_as_if_each_was_left_out_alone(rows, count):
    yes, scores = np.array([r[0] for r in rows]), np.array([float(r[1]) for r in rows])
    block = np.random.default_rng(len(rows)).integers(0, count, len(rows))
    alone = [roc_auc(yes[block != one], scores[block != one]) for one in range(count)]
    found = roc_auc_without(yes, scores, block, count)
    np.testing.assert_allclose(found, alone, atol=1e-12)


def test_it_is_written_once():
    """The formula of Mann and Whitney stands in one module."""
    package = Path(helpers.__file__).parent
    found = {p.name for p in package.rglob("*.py") if "rankdata" in p.read_text()}
    assert found == {"ranks.py"}
