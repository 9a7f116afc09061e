"""Stage 4 as its notebook asks for it: split by the parameters, and hand on what was made."""

from __future__ import annotations

from ..learning.labelled_data import Labelled
from ..pages import show
from . import split_report as report
from .choose_split import choose_split
from .split_into_parts import split_as_chosen, split_table

CHOOSING = ("time_column", "group_column", "split_column", "test_share", "seed")
SPLITTING = ("test_share", "test_from", "embargo", "folds", "seed")


def split_by_parameters(work, rows: Labelled, plan: dict) -> tuple[dict, dict, Labelled]:
    """The choice, the options it is carried out with, and the rows with parts and folds.

    `work` is the open stage, `plan` the feature plan. Raises what `split_rows` raises.
    """
    asked, about = work.parameters, work.about
    named = (asked[name] for name in CHOOSING)
    choice = choose_split(asked["split_strategy"], rows, plan, about, *named)
    options = report.options(choice, about, *(asked[name] for name in SPLITTING))
    choice, cut = split_as_chosen(rows, choice, **options)
    return choice, options, cut


def hand_on(work, cut: Labelled, plan: dict, choice: dict, facts: dict, comparison) -> dict:
    """Write the split, show the answer, and give the stage's line of the ledger.

    `facts` go into `split.json` beside the choice: its options, and how the rows were cleaned.
    """
    report.note_findings(work, choice, plan)
    work.write_table("split", split_table(cut))
    work.write_json("split.json", choice | facts | {"units": vars(cut.units)})
    headline, sets = report.headline(cut, choice), report.rows_in_sets(cut)
    entry = work.finish(len(cut.y), sets, headline, report.rows_in_embargo(cut))
    said = report.describe_choice(choice), report.describe_comparison(comparison)
    show.together(show.say(f"**{headline}**", *said))
    return entry
