"""The pieces of an exploration: for every table, with sentences that read it, and nothing run."""

import json
import os
import re
from functools import partial

import numpy as np
import pandas as pd
import pytest

from helpers.base.places import NOTEBOOKS
from helpers.base.user_errors import InputError
from helpers.explore import (
    column_cards,
    compare_tables,
    draw_axes,
    draw_columns,
    draw_target,
    explore_associations,
    explore_findings,
    explore_missing,
    explore_table,
    explore_target,
    explore_time,
    survey_table,
)
from helpers.line.run_folder import Run

NASTY = "<script>document.title='run'</script>"
QUOTE = '"><img src=x onerror=document.title=1>'
PIECES = (
    explore_table.findings,
    explore_table.overview,
    explore_table.columns,
    explore_table.missing,
    explore_table.associations,
    explore_table.against_target,
    explore_table.over_time,
)


def usual(rows=300) -> pd.DataFrame:
    random = np.random.default_rng(0)
    x = random.normal(size=rows)
    return pd.DataFrame(
        {
            "x": x,
            "y": x + random.normal(size=rows),
            "city": random.choice(["Rome", "Oslo", None], rows),
            "day": pd.date_range("2024-01-01", periods=rows),
            "note": [f"a note of some words {i} and more" for i in range(rows)],
            "late": x > 0.5,
        }
    )


def odd_tables() -> dict[str, pd.DataFrame]:
    random = np.random.default_rng(1)
    return {
        "one row": pd.DataFrame({"a": [1.5], "b": ["x"], "d": [pd.Timestamp("2024-01-01")]}),
        "one column": pd.DataFrame({"a": random.normal(size=40)}),
        "no number": pd.DataFrame({"a": list("abcab") * 9, "b": list("xyxyx") * 9}),
        "no category": pd.DataFrame(random.normal(size=(60, 3)), columns=list("abc")),
        "all missing": pd.DataFrame({"a": [None] * 9, "b": [np.nan] * 9, "c": [pd.NaT] * 9}),
        "right to left": pd.DataFrame(
            {"שם": ["דוד", "שרה", "😀 שלום", None] * 30, "عمر": [1, 2, 3, 4] * 30}
        ),
        "emoji": pd.DataFrame({"🎉": ["🎉", "👩‍👩‍👧", "a\u202eb", "b"] * 30, "n": range(120)}),
        "hostile": pd.DataFrame(
            {QUOTE: [NASTY, "b", "</svg>"] * 20, "$x_1$ &amp; `a`": [1, 2, 3.5] * 20}
        ),
        "endless": pd.DataFrame({"a": [np.inf, -np.inf, 1.0] * 20, "b": [1e308, -1e308, 0] * 20}),
        "typed": pd.DataFrame(
            {
                "whole": pd.array([1, None, 3] * 20, dtype="Int64"),
                "maybe": pd.array([True, None, False] * 20, dtype="boolean"),
                "kind": pd.Categorical(list("abc") * 20),
                "took": pd.to_timedelta(range(60), unit="h"),
                "when": pd.date_range("2024-01-01", periods=60, tz="Europe/Rome"),
            }
        ),
    }


def shown(found) -> str:
    return "".join(piece(found)._repr_html_() for piece in PIECES)


@pytest.mark.parametrize("name", list(odd_tables()))
@pytest.mark.filterwarnings("error")
def test_every_odd_table_gives_every_piece_with_and_without_a_target(name):
    frame = odd_tables()[name]
    for target in ["", *frame.columns]:
        page = shown(explore_table.look(frame, target))
        assert page.count('class="xp-card"') == frame.shape[1]
        assert "nan" not in re.sub(r"<[^>]+>|finance", " ", page).split()


@pytest.mark.slow
def test_a_thousand_columns():
    random = np.random.default_rng(2)
    frame = pd.DataFrame(random.normal(size=(60, 1_000))).add_prefix("c")
    found = explore_table.look(frame)
    page = (
        column_cards.columns(found)._repr_html_()
        + explore_associations.associations(found)._repr_html_()
    )
    assert page.count('class="xp-card"') == 1_000
    assert "Drawn are the first 250 columns; all are counted." in page
    assert "Shown are the 30 columns with the strongest ties" in page


def test_names_and_values_are_shown_as_text():
    frame = odd_tables()["hostile"]
    for target in ["", *frame.columns]:
        page = shown(explore_table.look(frame, target))
        assert "<script" not in page and "<img" not in page
        assert page.count("</svg>") == page.count("<svg")
        assert "&lt;script&gt;" in page and "&lt;img" in page


def test_a_piece_is_text_too():
    text = repr(explore_table.overview(explore_table.look(usual())))
    assert "rows 300" in text and "<" not in text


def test_the_sentences_read_the_table():
    found = explore_table.look(usual(), "late")
    assert "300 rows and 6 columns" in explore_findings.describe_findings(found)
    assert "The strongest association with late: <a" in repr(explore_target.describe_target(
        found, found.associations.with_target("late")))  # fmt: skip
    counts = found.survey["city"]
    share = counts.counts.iloc[0] / counts.present
    assert f"in {share:.0%} of the cells" in column_cards.describe_column(counts)
    missing = int(usual().isna().sum().sum())
    assert f"{missing} cells of 1,800 are missing, in 1 of 6" in explore_missing.describe_missing(
        found.survey
    )


def test_every_figure_has_a_label_and_says_what_it_rests_on(monkeypatch):
    monkeypatch.setattr(survey_table, "SAMPLE_ROWS", 100)
    page = shown(explore_table.look(usual(), "late"))
    assert page.count("<svg") == len(re.findall(r'<svg[^>]*role="img" aria-label="[^"]{5,}"', page))
    for place in ("what-is-missing", "what-goes-together", "against-the-target"):
        part = page[page.index(f'id="{place}"') :]
        assert "100 of 300 rows, drawn at random (seed 42)" in part[:60_000]


def test_every_finding_links_to_a_place_that_is_there():
    frame = usual().assign(same="x", twice=lambda f: f["x"] * 2)
    page = shown(explore_table.look(frame, "late"))
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert "column-7" in links and "what-goes-together" in links
    assert all(f'id="{link}"' in page for link in links)


def test_every_column_is_ranked_and_drawn_against_the_target():
    found = explore_table.look(usual(), "late")
    page = explore_target.against_target(found)._repr_html_()
    drawn = re.findall(r'aria-label="late by (\w+)"', page)
    assert sorted(drawn) == ["city", "day", "note", "x", "y"]
    assert drawn[0] == "x" == found.associations.with_target("late").index[0]


def test_without_a_target_or_dates_a_sentence_says_so():
    found = explore_table.look(usual()[["x", "city"]])
    assert "No target was named" in repr(explore_target.against_target(found))
    assert "no column of dates" in repr(explore_time.over_time(found))


def test_the_target_over_time_counts_all_rows(monkeypatch):
    monkeypatch.setattr(survey_table, "SAMPLE_ROWS", 50)
    frame = usual()
    found = explore_table.look(frame, "late").survey
    along = draw_target.target_over_time(found, found["day"])
    by_month = frame.groupby(frame["day"].dt.to_period("M"))["late"].mean()
    assert np.allclose(along, by_month)


def test_the_face_offers_each_piece_that_the_notebook_shows():
    cells = json.loads((NOTEBOOKS / "explore.ipynb").read_text(encoding="utf-8"))["cells"]
    code = "".join("".join(c["source"]) + "\n" for c in cells if c["cell_type"] == "code")
    shown = set(re.findall(r"\bexplore\.(\w+)\(", code))
    assert len(shown) >= 10 and shown <= set(explore_table.__all__)
    assert re.findall(r"from helpers\.explore import .*", code) == [
        "from helpers.explore import explore_table as explore"
    ]
    assert all(callable(getattr(explore_table, name)) for name in explore_table.__all__)


def test_two_tables_side_by_side():
    before, after = usual(), usual().assign(x=lambda f: f["x"] + 2, new=1).drop(columns="note")
    after["city"] = "Lima"
    text = repr(compare_tables.side_by_side(explore_table.look(before), after, ("march", "april")))
    assert "Only in march: note." in text and "Only in april: new." in text
    assert re.search(r"2 of 5 columns drifted, most of all (city|x)", text)
    same = repr(compare_tables.side_by_side(explore_table.look(before), before))
    assert "No column is shown to drift: none of 6" in same


def test_a_column_of_another_kind_is_named():
    after = usual().assign(y="text")
    text = repr(compare_tables.side_by_side(explore_table.look(usual()), after))
    assert "Of another kind than before: y." in text


def test_findings_are_written_for_a_program(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    found = explore_table.look(usual().assign(same="x"), "late")
    explore_table.hand_on(found, "mine")
    content = Run("mine").read_json("explore.json")
    assert content["rows"] == 300 and content["columns"]["day"] == "date"
    codes = [finding["code"] for finding in content["findings"]]
    assert codes == [finding.code for finding in found.findings] and "constant" in codes
    assert "nothing was written" in repr(explore_table.hand_on(found))


# --- Drawing on two cores -----------------------------------------------------------------------


def label(number: int) -> tuple[int, int]:
    return number, os.getpid()


def test_half_of_the_tasks_are_done_by_a_fork_and_all_in_order():
    done = draw_axes.draw_all([partial(label, number) for number in range(9)])
    assert [number for number, _ in done] == list(range(9))
    if (os.cpu_count() or 1) > 1:
        assert len({pid for _, pid in done}) == 2


def test_few_tasks_are_done_here():
    done = draw_axes.draw_all([partial(label, number) for number in range(3)])
    assert {pid for _, pid in done} == {os.getpid()}


def test_what_a_fork_could_not_do_is_done_here():
    parent = os.getpid()

    def only_here(number):
        if os.getpid() != parent:
            raise MemoryError
        return number

    tasks = [partial(only_here, number) for number in range(8)]
    assert draw_axes.draw_all(tasks) == list(range(8))


def test_where_no_process_can_be_started_all_is_done_here(monkeypatch):
    def no_fork():
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(os, "fork", no_fork)
    done = draw_axes.draw_all([partial(label, number) for number in range(8)])
    assert done == [(number, os.getpid()) for number in range(8)]


def test_a_task_that_fails_everywhere_fails():
    with pytest.raises(ZeroDivisionError):
        draw_axes.draw_all([lambda: 1 / 0] * 8)


def test_a_drawing_is_small_and_takes_the_colours_of_the_page():
    found = explore_table.look(usual()).survey
    svg = draw_columns.column_shape(found["x"]).svg
    assert len(svg) < 5_000
    assert "currentColor" in svg and "#010203" not in svg and "font-family" not in svg
    assert svg.count("<g>") < 8 and "<style" not in svg


def test_a_target_that_is_no_column_is_named():
    with pytest.raises(InputError, match="Did you mean 'late'"):
        explore_table.look(usual(), "lat")


def test_what_is_odd_in_the_file_is_a_finding(tmp_path):
    path = tmp_path / "short.csv"
    path.write_text("a,b\n" + "1,2\n" * 20 + "3\n")
    found = explore_table.look(compare_tables.read_source(str(path)))
    said = "line 22: 1 field, the table has 2"
    assert said in next(f.message for f in found.findings if f.code == "odd file")
    assert said in str(explore_findings.findings(found))
