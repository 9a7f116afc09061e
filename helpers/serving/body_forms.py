"""The forms of a body of many rows: dates with the month first, decimal commas, throughout.

As in a file (`helpers.serving.delivery`), rows show together what no cell shows by itself. They are
written in the forms of training before they are answered: so the log, the shadow and whoever reads
the log later read them alike.
"""

from __future__ import annotations

from collections import Counter

from ..cells.delivery_forms import FEWEST
from ..pipeline import delivery_reading
from .model_bundle import Bundle

LONGEST = 100  # letters: no date and no number has more


def in_known_forms(bundle: Bundle, rows: list[dict]) -> tuple[list[dict], list[str]]:
    """Rows in the forms of training, and a sentence for each column that had another one.

    The list itself comes back where all is as in training.
    """
    if bundle.model is None or len(rows) < FEWEST:
        return rows, []
    own = bundle.model["clean"].plan_["columns"]
    words = {n: _words_in(rows, n) for n, plan in own.items() if delivery_reading.has_forms(plan)}
    several = {name: found for name, found in words.items() if found.total() >= FEWEST}
    plans, said = delivery_reading.plans_of_words(own, several, bundle.fields)
    if not plans:
        return rows, []  # of what a cell shows by itself its own row is warned
    known = {name: delivery_reading.rewriter(own[name], plan) for name, plan in plans.items()}
    return [row | _rewritten(row, known) for row in rows], said


def _words_in(rows: list[dict], name: str) -> Counter:
    """How many cells of a column hold each text."""
    cells = Counter(cell for row in rows if isinstance(cell := row.get(name), str))
    return delivery_reading.tidied({c: n for c, n in cells.items() if len(c) <= LONGEST})


def _rewritten(row: dict, known: dict) -> dict:
    """The cells of a row that are written in the forms of training, by column."""
    return {name: rewrite(row[name]) for name, rewrite in known.items()
            if isinstance(row.get(name), str) and len(row[name]) <= LONGEST}  # fmt: skip
