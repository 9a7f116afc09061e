"""How an export divides rows: those that are set aside, those that are held out, the labels.

Each has a plain form that is tried on the run's own rows; where it does not give what the run has,
the rows are listed in the tables beside the file.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from ..cells.kinds import is_date
from ..learning.labelled_data import GAP, ROW_ORDER, TEST, TRAIN
from . import plain_cells
from .file_draft import Draft
from .python_text import comment_lines, literal, mapping, wrapped
from .run_to_export import RunToExport


def lines_of(made: RunToExport, draft: Draft) -> tuple[list[str], list[str]]:
    """The lines of `train` that give rows and labels (`raw`, `y`), and those that split `rows`.

    The split ends with the masks `train` and `held_out`.
    """
    return [*_kept(made, draft), *_labels(made, draft)], _split(made, draft)


# --- Rows and labels -----------------------------------------------------------------------------


def _kept(made: RunToExport, draft: Draft) -> list[str]:
    """The lines that leave rows out, with how many and why."""
    raw, row = made.raw, made.labelled.row
    lines, found = [], np.arange(len(raw))
    if len(found) == len(row):
        return []
    counts = ", ".join(f"{n:,} {reason}" for reason, n in made.reasons.value_counts().items())
    lines += comment_lines(f"Set aside by the run: {counts}", 4)
    known = raw[made.target].map(plain_cells.to_text, na_action="ignore").notna().to_numpy()
    for text, mask in (
        ("raw[raw[TARGET].notna()]", known),
        ("raw[raw[TARGET].notna() & ~raw.duplicated()]", known & ~raw.duplicated().to_numpy()),
        ("raw[~raw.duplicated()]", ~raw.duplicated().to_numpy()),
    ):
        if np.array_equal(np.flatnonzero(mask), row):
            return [*lines, f"    raw = {text}"]
    draft.tables["set_aside"] = np.setdiff1d(found, row).tolist()
    return [*lines, '    raw = raw.drop(index=TABLES["set_aside"])']


def _labels(made: RunToExport, draft: Draft) -> list[str]:
    """The lines that read the target."""
    cells, y = made.raw[made.target].iloc[made.labelled.row], made.labelled.y
    if made.bundle.task.is_regression:
        read = pd.to_numeric(cells, errors="coerce")
        if np.array_equal(read.to_numpy(dtype=float), y.astype(float)):
            return ["    y = pd.to_numeric(raw[TARGET])"]
    texts = cells.astype("object").map(plain_cells.to_text, na_action="ignore")
    if not made.bundle.task.is_regression and list(texts) == list(map(str, y)):
        return ['    y = raw[TARGET].astype("object").map(to_text, na_action="ignore")']
    pairs = dict(zip(texts.astype(str), y.tolist(), strict=True))
    if len(pairs) <= 60:
        draft.constants.append(mapping("LABELS", pairs, "What a cell of the target says"))
        return ['    y = raw[TARGET].astype("object").map(to_text).map(LABELS)']
    draft.tables["labels"] = pairs
    return ['    y = raw[TARGET].astype("object").map(to_text).map(TABLES["labels"])']


# --- Held-out rows -------------------------------------------------------------------------------


def _split(made: RunToExport, draft: Draft) -> list[str]:
    lines = comment_lines(_why(made), 4)
    for way in (_in_time, _at_random, _by_group):
        if body := way(made, draft):
            return [*lines, *body]
    held = made.labelled.part
    draft.tables["held_out"] = made.labelled.row[held == TEST].tolist()
    lines.append('    held_out = rows.index.isin(TABLES["held_out"])')
    if (held == GAP).any():
        draft.tables["unused"] = made.labelled.row[held == GAP].tolist()
        return [*lines, '    train = ~held_out & ~rows.index.isin(TABLES["unused"])']
    return [*lines, "    train = ~held_out"]


def _why(made: RunToExport) -> str:
    choice = made.choice
    strategy = {"random": "At random", "time": "By time", "group": "By group"}.get(
        choice["strategy"], f"By {choice['strategy']}"
    )
    why = str(choice.get("why", "")).partition(". But")[0]
    return f"{strategy}: {why}" if why else f"{strategy}."


def _in_time(made: RunToExport, draft: Draft) -> list[str]:
    """A split by a moment, where one gives the parts of the run."""
    rows, column = made.labelled, made.choice.get("column", "")
    if made.choice["strategy"] != "time" or column == ROW_ORDER or column not in rows.X:
        return []
    when = rows.X[column].reset_index(drop=True)
    if not is_date(when):
        return []
    first, gap = when[rows.part == TEST].min(), rows.part == GAP
    if not np.array_equal((when >= first).to_numpy(), rows.part == TEST):
        return []
    draft.constants.append(f'HELD_OUT_FROM = pd.Timestamp("{_shown(first)}")')
    if not gap.any():
        return [f"    held_out = rows[{literal(column)}] >= HELD_OUT_FROM", "    train = ~held_out"]
    begins = when[gap].min()
    if not np.array_equal(((when >= begins) & (when < first)).to_numpy(), gap):
        return []
    draft.constants.append(f'UNUSED_FROM = pd.Timestamp("{_shown(begins)}")  # the embargo')
    when = f"rows[{literal(column)}]"
    return [f"    held_out = {when} >= HELD_OUT_FROM", f"    train = ~({when} >= UNUSED_FROM)"]


def _shown(moment: pd.Timestamp) -> str:
    """A moment as text; a midnight as its day."""
    return str(moment.date()) if moment == moment.normalize() else str(moment)


def _at_random(made: RunToExport, draft: Draft) -> list[str]:
    """A random split, where scikit-learn's gives the parts of the run."""
    rows, choice = made.labelled, made.choice
    if choice["strategy"] != "random":
        return []
    share, seed = choice.get("test_share", 0.2), choice.get("seed", 42)
    for stratify in (None, rows.y) if not rows.task.is_regression else (None,):
        asked = {"test_size": share, "random_state": seed, "stratify": stratify}
        try:
            _, test = train_test_split(np.arange(len(rows.y)), **asked)
        except ValueError:
            continue
        if np.array_equal(np.sort(test), np.flatnonzero(rows.part == TEST)):
            said = ", stratify=y" if stratify is not None else ""
            size = f"test_size={literal(share)}, random_state={literal(seed)}{said}"
            return [
                f"    _, chosen = train_test_split(rows.index, {size})",
                "    held_out = rows.index.isin(chosen)",
                "    train = ~held_out",
            ]
    return []


def _by_group(made: RunToExport, draft: Draft) -> list[str]:
    """A split by group: the held-out groups, listed."""
    rows, column = made.labelled, made.choice.get("column", "")
    if made.choice["strategy"] != "group" or column not in rows.X:
        return []
    groups = rows.X[column].astype("object").reset_index(drop=True)
    held = groups[rows.part == TEST].dropna().unique().tolist()
    inside = groups.isin(held).to_numpy()
    if not np.array_equal(inside, rows.part == TEST) or not np.array_equal(
        ~inside, rows.part == TRAIN
    ):
        return []
    held = sorted(map(plain, held), key=str)
    if len(str(held)) > 1_500:
        draft.tables["held_out_groups"] = held
        listed = 'TABLES["held_out_groups"]'
    else:
        said = "Groups to hold out: about as many rows, and of each class, as were asked for"
        text = wrapped("HELD_OUT_GROUPS = [", map(literal, held), "]")
        draft.constants.append("\n".join([*comment_lines(said), text]))
        listed = "HELD_OUT_GROUPS"
    return [f"    held_out = rows[{literal(column)}].isin({listed})", "    train = ~held_out"]


def plain(value):
    """A value as JSON holds it."""
    return value.item() if isinstance(value, np.generic) else value
