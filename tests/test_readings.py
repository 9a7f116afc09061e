"""What cleaning read otherwise than it is written is said once a kind; plain cells say nothing."""

import pandas as pd
import pytest

from helpers.clean import unusual_readings
from helpers.clean.clean_rows import repair_rows
from helpers.clean.cleaning_plan import draft_plan
from tests.nasty import make


def said(frame: pd.DataFrame) -> dict[str, str]:
    plan = draft_plan(frame)
    changes = repair_rows(frame, plan, {"target": ""})[1]
    return {code: message for code, _, message in unusual_readings.of(frame, plan, changes)}


@pytest.mark.parametrize(
    ("code", "cells", "message"),
    [
        ("decimal comma", ["51,5", "7,25"], "x (‘51,5’ is 51.5)"),
        ("numbers as text", ["$1,000.50", "$5"], "x (‘$1,000.50’ is 1000.5 $)"),
        ("several date forms", ["2024-01-13", "14/01/2024"], "x (‘2024-01-13’, ‘14/01/2024’)"),
        ("several date forms", ["March 5th, 2021", "07.03.2021"], "(‘07.03.2021’, ‘March 5th, 20"),
        ("words for missing", ["n/a", "Oslo"], "x (‘n/a’; 20 cells)"),
    ],
)
def test_another_reading_is_said(code, cells, message):
    found = said(pd.DataFrame({"x": cells * 20}))
    assert list(found) == [code] and message in found[code]


def test_plain_cells_say_nothing():
    assert said(make.good()) == {}


@pytest.mark.parametrize(
    ("plain", "other"),
    [("{:.1f}", "{:.1f}¹"), ("{:.1f}", "{:.1f}[a]"), ("{:.0f}", "{:.0f}³"), ("{:.1f}", "{:.1f}*"),
     ("1.{:.0f},50", "1,{:.0f}.50")],
)  # fmt: skip
def test_numbers_with_notes_or_in_two_ways_are_said_where_they_stay_words(plain, other):
    numbers = [100.5 + 7 * n for n in range(60)]
    cells = [(other if place % 3 else plain).format(n) for place, n in enumerate(numbers)]
    assert "Kept as words" in said(pd.DataFrame({"x": cells}))["one form"]
