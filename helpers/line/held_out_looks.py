"""How often the held-out rows were asked: each look is kept, and counted over all runs.

A look that is followed by a change makes the next figure a little too good (Dwork et al. 2015).
Looks are kept in the run's folder, in `held_out_looks.json`. Runs of the same table whose held-out
rows are the same share them, as long as their folders are there.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from ..base.files import sha256_of
from ..base.locks import lock
from ..base.places import reports_folder
from .run_folder import Run

LOOKS = "held_out_looks.json"
RAW, SPLIT = "data/raw.parquet", "data/split.parquet"


def split_mark(run: Run) -> str:
    """A hash of the held-out rows: their positions, and the content of the raw table.

    Empty where the run has no split.
    """
    import pandas as pd

    if not run.file(SPLIT).exists() or not run.file(RAW).exists():
        return ""
    split = pd.read_parquet(run.file(SPLIT), columns=["row", "part"])
    rows = split.loc[split["part"] == "test", "row"].tolist()
    return sha256_of(json.dumps([run.content(RAW), rows]))


def note_look(run: Run, by: str) -> int:
    """Keep that the held-out rows of a run were asked, and by what; returns the looks so far."""
    mark = split_mark(run)
    if not mark:
        return 0
    look = {"split": mark, "by": by, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    with lock(f"{run.name}.looks", timeout=30):
        run.write_json(LOOKS, [*run.read_json(LOOKS, []), look])
    return len(looks(run))


def looks(run: Run) -> list[dict]:
    """Every look at the held-out rows of a run, in it or in another run of the same split.

    Each has the `run` that asked, `by` what, and when (`at`); the earliest comes first.
    """
    mark = split_mark(run)
    files = sorted({*reports_folder().glob(f"*/{LOOKS}"), run.file(LOOKS)})
    found = [look for path in files if mark for look in _looks_in(path) if look["split"] == mark]
    return sorted(found, key=lambda look: look["at"])


def _looks_in(path: Path) -> list[dict]:
    """The looks that a folder keeps; none where the file is missing or damaged."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return [{"run": path.parent.name} | {k: look[k] for k in ("split", "by", "at")}
                for look in kept]  # fmt: skip
    except (OSError, ValueError, TypeError, KeyError):
        return []


def describe_looks(found: list[dict]) -> str:
    """How often the held-out rows were asked, in a sentence; empty without a look.

    >>> describe_looks([{"run": "mine", "by": "stage 6"}])
    'The held-out rows were asked once.'
    >>> describe_looks([{"run": "mine", "by": "stage 6"}] * 2 + [{"run": "b", "by": "compare"}])
    'The held-out rows were asked 3 times (stage 6 of mine, twice; compare of b): \
each look that is followed by a change makes the next score a little too good.'
    """
    if not found:
        return ""
    if len(found) == 1:
        return "The held-out rows were asked once."
    askers = [f"{look['by']} of {look['run']}" for look in found]
    counts = {who: askers.count(who) for who in dict.fromkeys(askers)}
    who = "; ".join(
        name + {1: "", 2: ", twice"}.get(n, f", {n} times") for name, n in counts.items()
    )
    return (
        f"The held-out rows were asked {len(found)} times ({who}): each look that is followed by a "
        f"change makes the next score a little too good."
    )
