"""Questions of the notebook: exploring a table."""

from __future__ import annotations

from ..grading import Choice, Compute, Mistake


def _gusty(table, others_only: bool = True) -> float:
    late = table["late"].astype("boolean")
    calm = table["wind_gust"].isna()
    return float(late[~calm].mean() - late[calm if others_only else slice(None)].mean())


def _late_where(table, chosen) -> float:
    return float(table.loc[chosen, "late"].astype("boolean").mean())


QUESTIONS = {
    "explore.gaps": Choice(
        "Gusts of wind are missing in three of four rows, and nearly always when the wind is "
        "weak. What happens when the gaps are filled with the column's mean?",
        {
            "a": "Nothing: the column's mean does not change.",
            "b": "Calm hours get the gusts of windy ones.",
            "c": "Those rows can no longer be used for training.",
        },
        "b",
        "The gap itself says *calm*. Filling with an average hides it; a column that says "
        "*missing* keeps it.",
        {
            "a": "The column keeps its mean. And the single rows, and what goes with them?",
            "c": "They can be used; what do they say afterwards?",
        },
        hints=(
            "The mean of a column is the mean of the cells that are there. Which hours are they?",
            "Picture one calm hour, and the value that it is given.",
        ),
    ),
    "explore.nothing": Choice(
        "A column says nothing about the target by itself. May it be dropped?",
        {
            "a": "Yes: beside others it would say nothing either.",
            "b": "Yes, if a plot against the target shows no trend.",
            "c": "No: beside another column it may say much.",
        },
        "c",
        "Left and right each say nothing about *same or different*; both together say all.",
        {
            "a": "Take two coins. What does one of them tell about whether both show the same?",
            "b": "The plot has two axes. How many columns are at work?",
        },
        hints=(
            "Alone is the word to look at.",
            "Look for a target that depends on two columns, and on neither of them alone.",
        ),
    ),
    "explore.gust": Compute(
        "By how much is the share of late flights higher where `wind_gust` has a value than where "
        "it is empty? `table` has the columns `wind_gust` and `late`.",
        expected=_gusty,
        how='With `calm = table["wind_gust"].isna()`: `table["late"][~calm].mean() - '
        'table["late"][calm].mean()`.',
        why="Being empty says something by itself here: no gust was reported since there was none. "
        "A gap like that is kept as a column of its own.",
        hints=(
            "Cut the table in two by whether the cell is empty, and take the share of late ones in "
            "each.",
            "`isna()` marks the empty cells, `~` turns the marks round; flights without a label "
            "count in neither share.",
        ),
        mistakes=(
            Mistake(
                lambda table: -_gusty(table),
                "You took it the other way round: which side is compared with which?",
            ),
            Mistake(
                lambda table: _gusty(table, others_only=False),
                "You compared with all flights, and the gusty ones are among these.",
            ),
            Mistake(
                lambda table: _late_where(table, table["wind_gust"].notna()),
                "That is the share of one side alone; how far is it from the other's?",
            ),
            Mistake(
                lambda table: (
                    _late_where(table, table["wind_gust"].notna())
                    / _late_where(table, table["wind_gust"].isna())
                ),
                "That is how many times as large it is; the question is for a difference.",
            ),
            Mistake(
                lambda table: float(
                    table["late"][table["wind_gust"].notna()].sum()
                    - table["late"][table["wind_gust"].isna()].sum()
                ),
                "These are counts, and there are not equally many rows of both.",
            ),
        ),
        within=0.005,
        form="{:.3f}",
    ),
}
