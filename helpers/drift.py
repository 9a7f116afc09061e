"""Drift: how far later rows lie from the rows a model was fitted on, by column and jointly.

Two questions are kept apart. Is it more than chance? A test says so (Kolmogorov-Smirnov for numbers
and dates, chi-square for categories, Fisher's for empty cells), corrected for the many columns: a
column *moves*. Is it enough to matter? The population stability index (PSI) says so: a column that
moves, and whose index is large beyond what chance gives, *drifts*. A classifier that tries to tell
old rows from new ones finds what no column shows by itself (`domain`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .alerts import DEFAULT, Thresholds, by_size, finding, ranked
from .errors import InputError
from .significance import chi_square, fisher, holm, kolmogorov_smirnov

BINS = 10
MOST_LEVELS = 50
FEWEST_EXPECTED = 5  # rows of a level in the smaller sample (Cochran 1954); rarer are pooled
FEWEST_RARE = 30  # rows with rare levels on either side, before they are tested one by one
PSI_LARGE = DEFAULT.psi_large
MISSING, OTHER = "(missing)", "(other)"

# The domain classifier
FEWEST_ROWS = 100  # on either side
MOST_ROWS = 5_000  # of either side; more would find differences that matter to nobody
MOST_CODES = 30  # levels that it can tell apart in a column
HUGE = 1e300  # stands for infinity, which trees don't take
TREES = 40
SHUFFLED_ROWS = 1_000
TELLS = 0.01  # ROC AUC that is lost when a column that tells is shuffled


# --- Sizes --------------------------------------------------------------------------------------


def psi(expected: np.ndarray, found: np.ndarray) -> float:
    """The population stability index of two lists of shares over the same bins.

    Empty bins count as 0.0001.

    >>> psi(np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    0.0
    """
    expected, found = (np.clip(np.asarray(s, float), 1e-4, None) for s in (expected, found))
    return float(((found - expected) * np.log(found / expected)).sum())


def psi_by_chance(bins: int, before: int, after: int) -> float:
    """The index that two samples of so many rows have on average when nothing has changed.

    It is then about (1 / before + 1 / after) times a chi-square variable with bins - 1 degrees of
    freedom (Yurdakul and Naranjo 2020, "Statistical properties of the population stability index").

    >>> round(psi_by_chance(10, 500, 500), 3)
    0.036
    """
    return max(bins - 1, 0) * (1 / before + 1 / after)


def jensen_shannon(expected: np.ndarray, found: np.ndarray) -> float:
    """The Jensen-Shannon distance of two lists of shares: 0 alike, 1 nothing in common.

    The square root of the divergence in bits (Lin 1991; Endres and Schindelin 2003).

    >>> jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    """
    expected, found = np.asarray(expected, float), np.asarray(found, float)
    middle = (expected + found) / 2
    bits = 0.0
    for shares in (expected, found):
        some = shares > 0
        bits += (shares[some] * np.log2(shares[some] / middle[some])).sum() / 2
    return float(np.sqrt(np.clip(bits, 0, 1)))


# --- Values -------------------------------------------------------------------------------------


def as_values(column: pd.Series) -> pd.Series:
    """A column as drift sees it: numbers as floats, all else as text. Dates become day numbers."""
    types = pd.api.types
    if column.dtype == object:
        column = inferred(column)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert(None)
    if types.is_datetime64_any_dtype(column.dtype):
        days = (column - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
        return days.astype(float)
    if types.is_timedelta64_dtype(column.dtype):
        return column.dt.total_seconds()
    if types.is_bool_dtype(column.dtype) or types.is_complex_dtype(column.dtype):
        return column.astype("str")
    if types.is_numeric_dtype(column.dtype):
        return column.astype(float)
    return column.astype("str")


def inferred(column: pd.Series) -> pd.Series:
    """A column of Python objects as numbers or dates, where all that it holds are such."""
    found = column.infer_objects()
    kind = pd.api.types.infer_dtype(found, skipna=True) if found.dtype == object else ""
    if kind in ("decimal", "mixed-integer-float", "integer", "floating"):
        return pd.to_numeric(found)
    return pd.to_datetime(found, errors="coerce") if kind in ("date", "datetime") else found


def _alike(before: pd.Series, after: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Both columns as values of one kind: as numbers where both can be read so, or as text."""
    old, new = as_values(before), as_values(after)
    if old.dtype == new.dtype:
        return old, new
    numbers = [side if side.dtype == float else _as_numbers(side) for side in (old, new)]
    if all(side is not None for side in numbers):
        return tuple(numbers)
    return before.astype("str"), after.astype("str")


def _as_numbers(texts: pd.Series) -> pd.Series | None:
    """Texts (or flags) read as numbers; None when one can't be."""
    flags = {"True": "1", "False": "0"}
    found = pd.to_numeric(texts.replace(flags), errors="coerce").astype(float)
    return found if found.notna().sum() == texts.notna().sum() else None


# --- What is kept of the training rows ----------------------------------------------------------


def reference_of(frame: pd.DataFrame) -> dict:
    """Statistics to compare later rows with: bin edges or levels, and the share of rows in each."""
    return {str(name): _reference_column(as_values(frame[name])) for name in frame.columns}


def _reference_column(values: pd.Series) -> dict:
    if values.dtype == float:
        present = np.sort(values.dropna().to_numpy())
        edges = _edges(present)
        counts = np.append(_counts(present, edges), values.isna().sum())
        shares = counts / max(len(values), 1)
        return {"kind": "number", "edges": edges.tolist(), "shares": shares.tolist()}
    counts = values.fillna(MISSING).value_counts(normalize=True)
    kept = counts.head(MOST_LEVELS)
    levels = kept.to_dict() | {OTHER: float(counts.iloc[MOST_LEVELS:].sum())}
    return {"kind": "category", "levels": {str(k): float(v) for k, v in levels.items()}}


def _edges(present: np.ndarray) -> np.ndarray:
    """The edges of ten equal groups of sorted numbers; a value that fills several has its own."""
    if not len(present):
        return present
    places = np.ceil(np.arange(1, BINS) * len(present) / BINS).astype(int) - 1
    edges = np.unique(present[places])
    if len(edges) < BINS - 1:
        edges = np.unique(np.concatenate([edges, np.nextafter(edges, np.inf)]))
    return edges


def _counts(present: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How many of the sorted numbers lie in each bin; a number on an edge is in the upper one."""
    below = np.searchsorted(present, edges, side="left")
    return np.diff(np.concatenate([[0], below, [len(present)]]))


# --- Column by column ---------------------------------------------------------------------------


def compare(
    before: pd.DataFrame, after: pd.DataFrame, thresholds: Thresholds = DEFAULT
) -> pd.DataFrame:
    """A row per column that both have: how far it has moved, how surely, and by which test.

    `before` and `after` are cleaned rows. Columns of the table: `psi`, `by chance` (the index to
    expect when nothing has changed), `distance` (Jensen-Shannon), `test` and `why` it was chosen,
    `p_value` of the column by itself, `adjusted` (Holm, for all columns), `missing before`,
    `missing after`, `moves` (more than chance), `drifts` (and enough to matter). Sorted by PSI,
    largest first. Raises InputError where one side has no rows, or no column is in both.
    """
    for name, frame in (("earlier", before), ("later", after)):
        if not len(frame):
            raise InputError(f"There are no {name} rows to compare: drift needs some of both.")
    shared = [name for name in before.columns if name in after.columns]
    if len(before.columns) and not shared:
        raise InputError(
            f"The later rows have none of the {len(before.columns)} columns to compare, such as "
            f"'{before.columns[0]}': are they of another table?"
        )
    rows = {str(name): _compare_column(before[name], after[name]) for name in shared}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(MEASURES))
    table = table.rename_axis("column").astype(MEASURES)
    table.insert(5, "adjusted", holm(table["p_value"]))
    table["moves"] = table["adjusted"] < thresholds.level
    beyond = table["psi"] - table["by chance"]
    table["drifts"] = table["moves"] & (beyond > thresholds.psi_large)
    return table.sort_values("psi", ascending=False, kind="stable")


MEASURES = {"psi": float, "by chance": float, "distance": float, "test": object, "p_value": float,
            "missing before": float, "missing after": float, "why": object}  # fmt: skip


def _compare_column(before: pd.Series, after: pd.Series) -> dict:
    old, new = _alike(before, after)
    gaps = [int(side.isna().sum()) for side in (old, new)]
    known = [side.dropna() for side in (old, new)]
    if old.dtype == float:
        found = _compare_numbers(*(side.to_numpy() for side in known))
    else:
        found = _compare_levels(*_level_counts(*known))
    counts = [np.append(c, gap) for c, gap in zip(found.counts, gaps, strict=True)]
    shares = [side / side.sum() for side in counts]
    tests = [*found.tests]
    if 0 < sum(gaps) < len(old) + len(new):
        chance = fisher(gaps[0], len(old), gaps[1], len(new))
        tests.append(("Fisher", chance, "its share of empty cells is compared"))
    test, chance, why = _surest(tests)
    return {
        "psi": psi(*shares),
        "by chance": psi_by_chance(int(((shares[0] + shares[1]) > 0).sum()), len(old), len(new)),
        "distance": jensen_shannon(*shares),
        "test": test,
        "p_value": chance,
        "missing before": gaps[0] / len(old),
        "missing after": gaps[1] / len(new),
        "why": why,
    }


def _surest(tests: list[tuple]) -> tuple[str, float, str]:
    """The test with the least chance, which is corrected for how many were made (Bonferroni)."""
    if not tests:
        return "not applicable", 1.0, "there is no value to compare, or one value only"
    test, chance, why = min(tests, key=lambda made: made[1])
    return test, min(1.0, chance * len(tests)), why


@dataclass(frozen=True)
class _Compared:
    """Counts of both sides over the same bins, and the tests that were made: name, chance, why."""

    counts: tuple[np.ndarray, np.ndarray]
    tests: list[tuple[str, float, str]]


def _compare_numbers(old: np.ndarray, new: np.ndarray) -> _Compared:
    old, new = np.sort(old), np.sort(new)
    values = np.unique(np.concatenate([_some_values(old), _some_values(new)]))
    if len(values) <= BINS:
        counts = [_counts(side, values[1:]) for side in (old, new)]
        return _compare_levels(*counts, "few different numbers: their shares are compared")
    edges = _edges(old)
    tests = []
    if len(old) and len(new):
        why = "many different numbers: whole distributions are compared"
        tests = [("Kolmogorov-Smirnov", kolmogorov_smirnov(old, new), why)]
    return _Compared((_counts(old, edges), _counts(new, edges)), tests)


def _some_values(ordered: np.ndarray) -> np.ndarray:
    """The first distinct values of sorted numbers: all of them, or more than there are bins."""
    found = ordered[:1]
    while len(found) and len(found) <= BINS:
        place = np.searchsorted(ordered, found[-1], side="right")
        if place == len(ordered):
            break
        found = np.append(found, ordered[place])
    return found


def _level_counts(old: pd.Series, new: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """How many rows each level has before and after; levels of both, in one order."""
    codes, levels = pd.factorize(pd.concat([old, new], ignore_index=True))
    return tuple(np.bincount(part, minlength=len(levels))
                 for part in (codes[: len(old)], codes[len(old) :]))  # fmt: skip


def _compare_levels(old, new, why: str = "shares of levels are compared") -> _Compared:
    """Frequent levels one by one, rare ones taken together, and then among themselves.

    Which are rare is decided by both samples together, so that it favours neither.
    """
    both = old + new
    rows, fewest = both.sum(), min(old.sum(), new.sum())
    if fewest == 0:
        return _Compared((np.array([old.sum()]), np.array([new.sum()])), [])
    order = np.argsort(-both, kind="stable")
    frequent = order[both[order] * fewest >= FEWEST_EXPECTED * rows][:MOST_LEVELS]
    rare = np.setdiff1d(order, frequent)
    pooled = [np.append(side[frequent], side[rare].sum()) for side in (old, new)]
    tests = []
    if np.count_nonzero(pooled[0] + pooled[1]) > 1:
        tests.append(("chi-square", chi_square(*pooled), why))
    if len(rare) > 1 and min(side[rare].sum() for side in (old, new)) >= FEWEST_RARE:
        says = "many rare levels: their rows are compared level by level"
        tests.append(("chi-square of rare levels", chi_square(old[rare], new[rare]), says))
    return _Compared(tuple(pooled), tests)


# --- All columns together -----------------------------------------------------------------------


@dataclass(frozen=True)
class Domain:
    """Whether a classifier can tell old rows from new ones, which no single column may show.

    `auc` is its ROC AUC on rows that it has not learnt from (0.5: it guesses), `p_value` the chance
    of so much when nothing has changed, `rows` how many it looked at, `tells` by column the ROC AUC
    that is lost when the column is shuffled (those it leans on, the strongest first).
    """

    auc: float
    p_value: float
    rows: int
    moves: bool
    drifts: bool
    tells: dict[str, float] = field(default_factory=dict)
    why: str = ""

    @property
    def applicable(self) -> bool:
        """Whether there was enough to try it on."""
        return not np.isnan(self.auc)


def domain(
    before: pd.DataFrame, after: pd.DataFrame, thresholds: Thresholds = DEFAULT, seed: int = 42
) -> Domain:
    """Boosted trees try to tell old rows from new ones (domain classifier).

    They learn on one half of the rows and are asked on the other, then the other way round. On
    each half, chance gives a ROC AUC of 0.5 with the variance of Mann and Whitney (1947); the two
    are not independent, so their mean is given the variance of one, which errs to the quiet side.
    Not applicable with fewer than 100 rows on a side, or without a column that varies.
    """
    old, new = (_thinned(frame) for frame in (before, after))
    columns = {n: _codes(old[n], new[n]) for n in before.columns if n in after.columns}
    columns = {n: found for n, found in columns.items() if _varies(found[0])}
    if min(len(old), len(new)) < FEWEST_ROWS or not columns:
        why = f"it takes {FEWEST_ROWS} rows on each side and a column that varies"
        return Domain(float("nan"), 1.0, len(old) + len(new), False, False, why=why)
    X = np.column_stack([codes for codes, _ in columns.values()])
    grouped = np.array([is_level for _, is_level in columns.values()])
    is_new = np.repeat([False, True], [len(old), len(new)])
    halves = _halves(is_new, seed)
    models = [_tell(X[half], is_new[half], grouped) for half in halves]
    asked = list(zip(models, halves[::-1], strict=True))
    found = [_mann_whitney(model.predict_proba(X[h])[:, 1], is_new[h]) for model, h in asked]
    auc, z = np.mean(found, axis=0)
    chance = _normal_tail(z)
    moves = bool(chance < thresholds.joint_level)
    tells = _what_tells(asked, X, is_new, list(columns), seed) if moves else {}
    drifts = moves and auc > thresholds.auc_large
    return Domain(float(auc), chance, len(X), moves, bool(drifts), tells)


def _thinned(frame: pd.DataFrame) -> pd.DataFrame:
    """Up to `MOST_ROWS` rows, evenly spread."""
    places = np.linspace(0, max(len(frame) - 1, 0), min(len(frame), MOST_ROWS)).astype(int)
    return frame.iloc[places]


def _codes(before: pd.Series, after: pd.Series) -> tuple[np.ndarray, bool]:
    """Both columns under each other as numbers, and whether these are levels' ranks by frequency.

    Rare levels share a code. Labels play no part in it, so chance stays what it is.
    """
    both = pd.concat(_alike(before, after), ignore_index=True)
    if both.dtype == float:
        return np.clip(both.to_numpy(), -HUGE, HUGE), False
    codes, levels = pd.factorize(both)
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    rank = np.empty(len(levels) + 1)
    rank[np.argsort(-counts, kind="stable")] = np.minimum(np.arange(len(levels)), MOST_CODES)
    rank[-1] = np.nan  # the code of a missing cell
    return rank[codes], True


def _varies(codes: np.ndarray) -> bool:
    present = codes[~np.isnan(codes)]
    return bool(len(present)) and (len(present) < len(codes) or present.min() < present.max())


def _halves(is_new: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two halves of the rows at random, old and new in equal shares."""
    random = np.random.default_rng(seed)
    sides = [random.permutation(np.flatnonzero(is_new == side)) for side in (False, True)]
    return tuple(np.sort(np.concatenate([s[part::2] for s in sides])) for part in (0, 1))


def _tell(X: np.ndarray, is_new: np.ndarray, grouped: np.ndarray):
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=TREES, max_leaf_nodes=15, early_stopping=False, categorical_features=grouped,
        random_state=0,
    )  # fmt: skip
    return model.fit(X, is_new)


def _mann_whitney(scores: np.ndarray, is_new: np.ndarray) -> tuple[float, float]:
    """The ROC AUC of scores, and how many standard deviations of chance it lies above a half."""
    new, old = is_new.sum(), (~is_new).sum()
    auc = (_ranks(scores)[is_new].sum() - new * (new + 1) / 2) / (new * old)
    return auc, (auc - 0.5) / np.sqrt((new + old + 1) / (12 * new * old))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1 on; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    return (last - (counts - 1) / 2)[place]


def _normal_tail(z: float) -> float:
    from scipy.special import ndtr

    return float(ndtr(-z))


def _what_tells(asked, X, is_new, names: list[str], seed: int) -> dict[str, float]:
    """The ROC AUC that is lost when a column is shuffled, for the columns that the trees lean on.

    All shuffled copies are asked at once: a model spends more on being called than on the rows.
    """
    random, lost = np.random.default_rng(seed), np.zeros(len(names))
    for model, half in asked:
        some = half[np.linspace(0, len(half) - 1, min(len(half), SHUFFLED_ROWS)).astype(int)]
        copies = np.repeat(X[some][None], len(names) + 1, axis=0)
        for place in range(len(names)):
            copies[place, :, place] = random.permutation(copies[place, :, place])
        scores = model.predict_proba(copies.reshape(-1, X.shape[1]))[:, 1]
        aucs = [_mann_whitney(s, is_new[some])[0] for s in scores.reshape(len(copies), -1)]
        lost += (aucs[-1] - np.array(aucs[:-1])) / len(asked)
    order = np.argsort(-lost, kind="stable")
    return {str(names[place]): float(lost[place]) for place in order if lost[place] > TELLS}


# --- Alerts -------------------------------------------------------------------------------------


def alerts(
    columns: pd.DataFrame,
    predictions: pd.DataFrame | None = None,
    joint: Domain | None = None,
    quality: list[dict] | None = None,
    thresholds: Thresholds = DEFAULT,
) -> list[dict]:
    """All that is more than chance, as findings, the gravest first (see `helpers.alerts`).

    `columns` and `predictions` come from `compare`, `joint` from `domain`, `quality` from
    `helpers.quality.compare`.
    """
    found = [*(quality or [])]
    if predictions is not None:
        found += _moved(predictions, "prediction_drift", "The answers have moved", thresholds)
    found += _moved(columns, "drift", "The column {name} has moved", thresholds)
    if joint is not None and joint.moves:
        found.append(_jointly(joint, columns, thresholds))
    return ranked(found)


def _moved(table: pd.DataFrame, code: str, says: str, thresholds: Thresholds) -> list[dict]:
    found = []
    for name, row in table[table["moves"]].iterrows():
        beyond = row["psi"] - row["by chance"]
        severity = by_size(beyond, thresholds.psi_moderate, thresholds.psi_large)
        message = (
            f"{says.format(name=name)} (PSI {row['psi']:.2f}; {row['test']}: {row['why']}"
            f"{_said_of_gaps(row)})."
        )
        evidence = {"psi": round(row["psi"], 4), "by chance": round(row["by chance"], 4),
                    "distance": round(row["distance"], 4), "p_value": row["p_value"],
                    "adjusted": row["adjusted"], "test": row["test"]}  # fmt: skip
        found.append(finding(code, severity, [name], message, evidence))
    return found


def _said_of_gaps(row: pd.Series) -> str:
    if row["test"] != "Fisher":
        return ""
    return f", {row['missing before']:.1%} before and {row['missing after']:.1%} now"


def _jointly(joint: Domain, columns: pd.DataFrame, thresholds: Thresholds) -> dict:
    severity = by_size(joint.auc, thresholds.auc_moderate, thresholds.auc_large)
    tells = list(joint.tells)[:5]
    unseen = [n for n in tells if n in columns.index and not columns.loc[n, "moves"]]
    by = f", most of all by {', '.join(tells)}" if tells else ""
    alone = f"; {', '.join(unseen)} not by themselves but with others" if unseen else ""
    message = f"A classifier tells new rows from old ones (ROC AUC {joint.auc:.2f}){by}{alone}."
    evidence = {"ROC AUC": round(joint.auc, 4), "p_value": joint.p_value, "tells": joint.tells}
    return finding("joint_drift", severity, tells, message, evidence)


# --- What is shown ------------------------------------------------------------------------------


def shown(table: pd.DataFrame, most: int = 8) -> pd.DataFrame:
    """The strongest rows as they are shown: two decimals, yes or no."""
    top = table.head(most)
    words = {True: "yes", False: "no"}
    return pd.DataFrame(
        {
            "PSI": top["psi"].map("{:.2f}".format),
            "distance": top["distance"].map("{:.2f}".format),
            "test": top["test"],
            "missing before": top["missing before"].map("{:.1%}".format),
            "missing after": top["missing after"].map("{:.1%}".format),
            "moves": top["moves"].map(words),
            "drifts": top["drifts"].map(words),
        }
    )


def read(table: pd.DataFrame) -> str:
    """A sentence that reads the table."""
    drifting = table.index[table["drifts"]].tolist()
    sure = int(table["moves"].sum())
    also = f" {sure} of {len(table)} moved by more than chance, however little." if sure else ""
    if not drifting:
        return (
            f"**No column drifts**: none of {len(table)} has a PSI above {PSI_LARGE} that chance "
            f"does not explain.{also}"
        )
    names = ", ".join(drifting[:4]) + (" …" if len(drifting) > 4 else "")
    return (
        f"**{len(drifting)} of {len(table)} columns drift** (PSI above {PSI_LARGE}): {names}.{also}"
    )


def read_domain(joint: Domain) -> str:
    """A sentence that reads the domain classifier's result."""
    if not joint.applicable:
        return f"**All columns together**: not applicable, {joint.why}."
    if not joint.moves:
        return (
            f"**Together the columns tell nothing**: a classifier that tries to tell new rows from "
            f"old ones guesses (ROC AUC {joint.auc:.2f})."
        )
    by = f", most of all by {', '.join(list(joint.tells)[:3])}" if joint.tells else ""
    return f"**A classifier tells new rows from old ones** (ROC AUC {joint.auc:.2f}){by}."
