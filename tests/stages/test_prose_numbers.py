"""Typed figures that come from a run, held against the finished run of the flights."""

import pytest

from tests.stages.prose_numbers import GUARDS, Computed

COMPUTED = [
    (notebook, figure, guard)
    for notebook, guards in GUARDS.items()
    for figure, guard in guards.items()
    if isinstance(guard, Computed)
]


@pytest.mark.parametrize(("notebook", "figure", "guard"), COMPUTED, ids=lambda x: str(x)[:30])
def test_a_typed_figure_is_what_the_run_says(notebook, figure, guard, flights_run):
    assert guard.form.format(guard.value(flights_run)) == figure.replace(" ", "")
