"""Stage 4, split: hold out rows that the model will not see, and lay out the folds.

Random and stratified where rows are independent; by time where the model will be asked about
later rows; by group where rows belong together (one patient, one customer); or as the table says,
by a column of its own or by a second file.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedKFold,
    train_test_split,
)

from .base.user_errors import InputError, nearest
from .cells.kinds import is_date, is_number
from .learning.labelled_data import GAP, NEVER, TEST, TRAIN, Labelled, evenly_spaced_positions
from .learning.metric_names import PLAIN_NAMES
from .learning.predicting import predict_scores
from .pipeline import whole_pipeline

STRATEGIES = ("random", "time", "group", "column", "file")
GIVEN = ("column", "file")  # the parts are not the line's to choose
TEST_WORDS = {"test", "testing", "holdout", "held out", "hold out", "held-out", "hold-out", "eval"}
TRAIN_WORDS = {"train", "training", "learn", "valid", "validation", "val", "dev"}
FEWEST_ROWS = 10
PROBE_ROWS = 20_000  # enough for two decimals of a score; a quick look need not wait for more


def choose_strategy(
    strategy: str, about: dict, columns, time_column="", group_column="", split_column=""
) -> dict:
    """The strategy and its column: what is asked for, or what the table calls for.

    "auto" is by column when a split column is named, by file when stage 1 was given a second one,
    by group when a group column is named, by time when a time column is named or known (an
    example's), and random otherwise.
    """
    time_column = time_column or about.get("time_column", "")
    for name in filter(None, (time_column, group_column, split_column)):
        if name not in columns:
            raise InputError(f"The table has no column '{name}'. {nearest(name, columns)}")
    if strategy == "auto":
        by_known_time = time_column and about.get("split_strategy", "time") == "time"
        strategy = "group" if group_column else "time" if by_known_time else "random"
        strategy = "column" if split_column else "file" if about.get("test_rows") else strategy
    if strategy not in STRATEGIES:
        raise InputError(
            f"split_strategy is auto, {', '.join(STRATEGIES)}; it is '{strategy}'. "
            f"{nearest(strategy, STRATEGIES)}"
        )
    if strategy == "file" and not about.get("test_rows"):
        raise InputError("A split by file needs a second one: --set test_data=FILE (stage 1).")
    named = {"time": time_column, "group": group_column, "column": split_column}
    column = named.get(strategy, "")
    if strategy in named and not column:
        raise InputError(
            f"A {strategy} split needs a column: name it with "
            f"--set {_parameter_of(strategy)}=COLUMN."
        )
    return {"strategy": strategy, "column": column}


def _parameter_of(strategy: str) -> str:
    return "split_column" if strategy == "column" else f"{strategy}_column"


def date_columns(clean: pd.DataFrame) -> list[str]:
    """The columns that hold dates."""
    return [c for c in clean if is_date(clean[c])]


def split_rows(
    rows: Labelled,
    choice: dict,
    test_share=0.2,
    test_from="",
    embargo="",
    test_rows=0,
    folds=4,
    seed=42,
) -> Labelled:
    """The rows with their `part` and `fold`.

    `test_share` of the rows are held out; under a time split the latest ones, or all from the day
    `test_from` on, and rows within `gap` before them are left out of both parts. `test_rows` is the
    position in the raw table from which on the rows of a second file begin. Raises InputError when
    there are too few rows to hold any out.
    """
    if not 0 < test_share < 1:
        raise InputError(f"test_share lies between 0 and 1; it is {test_share}.")
    if folds < 2:
        raise InputError(f"folds is 2 or more; it is {folds}.")
    if len(rows.y) < FEWEST_ROWS:
        raise InputError(
            f"{len(rows.y)} rows have a label; at least {FEWEST_ROWS} are needed to hold some out."
        )
    if choice["strategy"] in GIVEN:
        cut = _as_given(rows, choice, test_rows, folds, seed)
        _check_sets(cut, choice)
        return cut
    if choice["strategy"] == "time":
        cut = by_time(rows, choice["column"], test_share, test_from, folds, embargo)
    elif choice["strategy"] == "group":
        cut = by_group(rows, choice["column"], test_share, folds, seed)
    else:
        cut = records_at_random(rows, test_share, folds, seed)
    cut = keep_together(cut)
    _check_sets(cut, choice)
    return cut


def folds_only(rows: Labelled, choice: dict, folds: int = 4, seed: int = 42) -> Labelled:
    """The rows, all of them for training, with their folds."""
    every = np.arange(len(rows.y))
    if choice["strategy"] == "time":
        when = times(rows.X[choice["column"]], choice["column"])
        return replace(with_folds(rows, every, [], time_folds(when, folds, choice["column"])),
                       by_time=True)  # fmt: skip
    if choice["strategy"] == "group":
        return with_folds(
            rows, every, [], group_folds(groups_of_rows(rows, choice["column"]), folds)
        )
    return with_folds(rows, every, [], random_folds(rows, every, folds, seed))


def keep_together(cut: Labelled) -> Labelled:
    """The split with near duplicates kept together: held out if one of them is, else in one fold.

    A copy of a held-out row among the training rows would be an answer learnt by heart.
    """
    if cut.alike is None:
        return cut
    alike = pd.Series(cut.alike)
    held_out = pd.Series(cut.part == TEST).groupby(alike).transform("max").to_numpy()
    fold = pd.Series(cut.fold).groupby(alike).transform("max").to_numpy()
    part = np.where(held_out, TEST, cut.part).astype(object)
    ready = cut.ready
    if ready is not None:
        ready = pd.Series(ready).groupby(alike).transform("max").to_numpy()
    return replace(cut, part=part, fold=np.where(held_out, NEVER, fold), ready=ready)


def _check_sets(cut: Labelled, choice: dict) -> None:
    """Raise InputError when a part has too few rows, or one class only: it can't teach or judge."""
    for part, does in ((TRAIN, "learn from"), (TEST, "judge by")):
        y = cut.y[cut.part == part]
        if len(y) < 2:
            raise InputError(
                f"This {choice['strategy']} split leaves {len(y)} rows to {does}: "
                f"change test_share."
            )
        if not cut.task.is_regression and len(set(y)) == 1:
            raise InputError(
                f"This {choice['strategy']} split leaves rows of one class only ({y[0]!s:.40}) to "
                f"{does}: collect more rows of the others, or change test_share or split_strategy."
            )


def _as_given(rows: Labelled, choice: dict, test_rows: int, folds: int, seed: int) -> Labelled:
    """The parts that a column names, or that two files make; near duplicates stay in place."""
    if choice["strategy"] == "file":
        held_out = rows.row >= test_rows
    else:
        held_out = _says_test(rows.X[choice["column"]], choice["column"])
    train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    if len(train) < 2 or len(test) < 2:
        what = f"The column '{choice['column']}'" if choice["column"] else "The second file"
        raise InputError(
            f"{what} gives {len(train)} rows to learn from and {len(test)} to judge by: at least "
            f"two of each are needed."
        )
    return with_folds(rows, train, test, random_folds(rows, train, folds, seed))


def _says_test(column: pd.Series, name: str) -> np.ndarray:
    """Which rows a column calls held out: by words such as train and test, or by true and false."""
    words = column.astype("str").str.strip().str.casefold()
    known = set(words.dropna())
    if known <= {"true", "false", "1", "0", "1.0", "0.0", "yes", "no"} and known:
        said = words.isin(["true", "1", "1.0", "yes"]).to_numpy()
        if any(word in name.casefold() for word in ("test", "hold", "held")):
            return said
        if "train" in name.casefold():
            return ~said
    elif known and known <= TEST_WORDS | TRAIN_WORDS and not column.isna().any():
        return words.isin(TEST_WORDS).to_numpy()
    values = ", ".join(sorted(known)[:4])
    raise InputError(
        f"split_column '{name}' should say train or test in each row (or true and false, if its "
        f"name says which); it holds {values or 'nothing'}"
        f"{', and gaps' if column.isna().any() else ''}."
    )


def records_at_random(rows: Labelled, share: float, folds: int, seed: int) -> Labelled:
    """A random split of the records; near duplicates go where the first of them goes."""
    if rows.alike is None:
        return _at_random(rows, share, folds, seed)
    _, first, record = np.unique(rows.alike, return_index=True, return_inverse=True)
    cut = _at_random(rows.at(first), share, folds, seed)
    return replace(rows, part=cut.part[record], fold=cut.fold[record])


def _at_random(rows: Labelled, share: float, folds: int, seed: int) -> Labelled:
    positions = np.arange(len(rows.y))
    check_share(len(positions), share, "rows")
    rarest = 0 if rows.task.is_regression else int(pd.Series(rows.y).value_counts().min())
    enough = min(share, 1 - share) * len(positions) >= len(rows.task.classes)
    stratify = rows.y if rarest >= 2 and enough else None
    train, test = train_test_split(
        positions, test_size=share, random_state=seed, shuffle=True, stratify=stratify
    )
    train = np.sort(train)
    return with_folds(rows, train, test, random_folds(rows, train, folds, seed))


def check_share(count: int, share: float, what: str) -> None:
    if count - int(np.ceil(count * share)) < 2:
        raise InputError(
            f"test_share {share:g} of {count} {what} leaves fewer than two to learn from: lower it."
        )


def random_folds(rows: Labelled, train: np.ndarray, folds: int, seed: int) -> np.ndarray:
    y = rows.y[train]
    rarest = 0 if rows.task.is_regression else int(pd.Series(y).value_counts().min())
    if rarest >= 2:
        cutter = StratifiedKFold(min(folds, rarest), shuffle=True, random_state=seed)
    else:
        cutter = KFold(min(folds, len(train)), shuffle=True, random_state=seed)
    fold = np.full(len(train), NEVER)
    for number, (_, validation) in enumerate(cutter.split(train, y)):
        fold[validation] = number
    return fold


def by_group(rows: Labelled, column: str, share: float, folds: int, seed: int) -> Labelled:
    groups = groups_of_rows(rows, column)
    if len(set(groups)) < 4:
        raise InputError(
            f"'{column}' has {len(set(groups))} groups; a group split needs 4 or more."
        )
    check_share(len(set(groups)), share, "groups")
    cutter = GroupShuffleSplit(1, test_size=share, random_state=seed)
    train, test = next(cutter.split(rows.X, rows.y, groups))
    return with_folds(rows, train, test, group_folds(groups[train], folds))


def groups_of_rows(rows: Labelled, column: str) -> np.ndarray:
    """The group of each row; a row without one is a group of its own."""
    groups = rows.X[column].astype("str")
    alone = "row " + pd.Series(np.arange(len(groups)), index=groups.index).astype("str")
    groups = groups.where(groups.notna(), alone).to_numpy(dtype=object)
    return _joined(groups, rows.alike)


def group_folds(groups: np.ndarray, folds: int) -> np.ndarray:
    fold = np.full(len(groups), NEVER)
    cutter = GroupKFold(min(folds, len(set(groups))))
    for number, (_, validation) in enumerate(cutter.split(groups, groups=groups)):
        fold[validation] = number
    return fold


def _joined(groups: np.ndarray, alike: np.ndarray | None) -> np.ndarray:
    """The groups, those that near duplicates reach into joined to one."""
    if alike is None:
        return groups
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    group, alike = pd.factorize(groups)[0], pd.factorize(alike)[0]
    size = group.max() + 1
    links = coo_array(
        (np.ones(len(group)), (group, size + alike)), shape=[size + alike.max() + 1] * 2
    )
    return connected_components(links, directed=False)[1][group]


def by_time(
    rows: Labelled, column: str, share: float, test_from: str, folds: int, embargo: str = ""
) -> Labelled:
    when = times(rows.X[column], column)
    if test_from:
        cut = _moment(test_from, when)
    else:
        cut = when.quantile(1 - share, interpolation="higher")
    late = (when >= cut).to_numpy()  # a row without a date is taken as early
    if late.all() or not late.any():
        raise InputError(
            f"A time split from {cut} on leaves one side empty: '{column}' runs from {when.min()} "
            f"to {when.max()}."
        )
    width = _embargo_length(embargo, when)
    near = (~late & (when > cut - width).to_numpy()) if embargo else np.zeros(len(late), dtype=bool)
    train, test = np.flatnonzero(~late & ~near), np.flatnonzero(late)
    if not len(train):
        raise InputError(f"An embargo of {embargo} leaves no training rows: make it shorter.")
    fold = time_folds(when.iloc[train], folds, column)
    done = replace(with_folds(rows, train, test, fold), by_time=True)
    part = done.part.copy()
    part[near] = GAP
    ready = np.full(len(rows.y), done.fold.max() + 1)
    ready[train] = _ready(when.iloc[train], fold, width if embargo else None)
    return replace(done, part=part, ready=ready)


def _ready(when: pd.Series, fold: np.ndarray, width) -> np.ndarray:
    """The first fold that may learn from each row: one that begins more than `width` after it."""
    ready = fold + 1
    if width is None:
        return ready
    for number in range(fold.max() + 1):
        begins = when[fold == number].min()
        too_near = (when > begins - width).to_numpy() & (ready == number)
        ready = np.where(too_near, number + 1, ready)
    return ready


def _embargo_length(embargo: str, when: pd.Series):
    """A gap such as "7 days" as a length of time, or a number where time is a number."""
    if not embargo:
        return None
    try:
        if is_number(when):
            width = float(embargo)
            sound = width >= 0
        else:
            width = pd.Timedelta(
                f"{embargo} days" if embargo.replace(".", "").isdecimal() else embargo
            )
            sound = width >= pd.Timedelta(0)
    except ValueError:
        sound = False
    if not sound:
        raise InputError(
            f"embargo is a duration such as '7 days' or '12 hours'; it is '{embargo}'."
        )
    return width


def time_folds(when: pd.Series, folds: int, column: str) -> np.ndarray:
    """The fold of each row by its time; the earliest block is learnt from only."""
    order = when.rank(method="dense", na_option="top", pct=True).to_numpy()
    blocks = np.minimum((order * (folds + 1)).astype(int), folds)  # one moment, one block
    _, blocks = np.unique(blocks, return_inverse=True)
    if blocks.max() < 1:
        raise InputError(
            f"'{column}' holds one moment only before the held-out rows, so no fold can learn from "
            f"earlier ones: use --set split_strategy=random or group."
        )
    return blocks - 1


def _moment(text: str, when: pd.Series):
    """The moment that `test_from` names, of the kind that the time column holds."""
    if is_number(when):
        moment = pd.to_numeric(text, errors="coerce")
        such = f"a number such as {when.max():g}"
    else:
        moment = pd.to_datetime(text, errors="coerce", utc=True)
        moment = moment.tz_localize(None) if not pd.isna(moment) else moment
        such = "a day such as 2013-07-01"
    if pd.isna(moment):
        raise InputError(f"test_from is {such}; it is '{text}'.")
    return moment


def times(column: pd.Series, name: str) -> pd.Series:
    if is_date(column):
        return column
    if is_number(column):
        return column.astype(float)  # a year, or a count of seconds
    raise InputError(f"'{name}' holds no dates and no numbers, so it gives no order in time.")


def with_folds(rows: Labelled, train, test, fold) -> Labelled:
    part = np.full(len(rows.y), TRAIN, dtype=object)
    part[test] = TEST
    folds = np.full(len(rows.y), NEVER)
    folds[train] = fold
    return replace(rows, part=part, fold=folds)


def split_table(rows: Labelled) -> pd.DataFrame:
    """The table that goes into `split.parquet`: `row`, `part`, `fold`."""
    table = {"row": rows.row, "part": rows.part.astype(str), "fold": rows.fold}
    return pd.DataFrame(table if rows.ready is None else table | {"ready": rows.ready})


# --- What the choice is worth -------------------------------------------------------------------


def probe_score(rows: Labelled, features: dict, seed: int = 42) -> float:
    """The main metric on held-out rows of a quick gradient boosting.

    It learns from up to `PROBE_ROWS` rows, and is examined on up to as many.
    """
    train, test = (_subsample(rows.of(part)) for part in (TRAIN, TEST))
    model = (
        HistGradientBoostingRegressor if rows.task.is_regression else HistGradientBoostingClassifier
    )
    quick = whole_pipeline.learner(features, model(max_iter=60, random_state=seed), seed)
    quick.fit(train.X, train.y)
    metric = rows.task.main_metric
    return predict_scores(rows.task, quick, test.X, test.y, [metric]).get(metric, float("nan"))


def probe_rows(rows: Labelled) -> int:
    """How many rows the quick model learns from."""
    return min(int((rows.part == TRAIN).sum()), PROBE_ROWS)


def _subsample(part: Labelled) -> Labelled:
    return part.at(evenly_spaced_positions(part.y, PROBE_ROWS))


def options(choice: dict, about: dict, test_share, test_from, embargo, folds, seed) -> dict:
    """The options of `split_rows`; an example knows from which day on to hold out."""
    known = choice["column"] == about.get("time_column")
    return {
        "test_share": test_share,
        "test_from": test_from or (about.get("test_from", "") if known else ""),
        "gap": embargo,
        "test_rows": about.get("test_rows", 0),
        "folds": folds,
        "seed": seed,
    }


def choices_to_compare(choice: dict, X: pd.DataFrame, time_column: str = "") -> list[dict]:
    """A random split, and whatever else the table allows: by group, or by a date column."""
    choices = [{"strategy": "random", "column": ""}]
    if choice["strategy"] != "random":
        return [*choices, choice]
    dates = [c for c in dict.fromkeys([time_column, *date_columns(X)]) if c]
    return choices + [{"strategy": "time", "column": name} for name in dates[:1]]


def compare_strategies(
    rows: Labelled, features: dict, choices: list[dict], **options
) -> pd.DataFrame:
    """The same quick model under several splits: rows held out, and the score it seems to reach.

    `options` go to `split_rows`. A split that can't be made is left out. *Learnt from* counts the
    rows that the quick model is given, which are not all where there are many.
    """
    metric = rows.task.main_metric
    found = {}
    for choice in choices:
        try:
            cut = split_rows(rows, choice, **options)
        except InputError:
            continue
        found[name_of(choice)] = {
            "held out": int((cut.part == TEST).sum()),
            "learnt from": probe_rows(cut),
            PLAIN_NAMES[metric]: probe_score(cut, features, options.get("seed", 42)),
        }
    whole = {"held out": int, "learnt from": int}
    return pd.DataFrame(found).T.astype(whole).rename_axis("split")


def name_of(choice: dict) -> str:
    """A way to split, and its column, in words.

    >>> name_of({"strategy": "time", "column": "sold"})
    'time (sold)'
    """
    return choice["strategy"] + (f" ({choice['column']})" if choice["column"] else "")


def sets_overview(rows: Labelled) -> pd.DataFrame:
    """Rows in each part, and the target there: its mean, or the share of each class."""
    table = {}
    for part in (TRAIN, TEST):
        y = pd.Series(rows.of(part).y)
        about = {"rows": f"{len(y):,}"}
        if rows.task.is_regression:
            about |= {"mean": f"{y.mean():.2f}", "deviation": f"{y.std():.2f}"}
        else:
            shares = y.value_counts(normalize=True)
            about |= {f"share of {c}": f"{shares.get(c, 0):.1%}" for c in rows.task.classes[:10]}
        table[part] = about
    return pd.DataFrame(table).T.rename_axis("part")


def note_findings(work, choice: dict, plan: dict) -> None:
    """Note on the front page when the column that groups rows is a feature as well."""
    if choice["strategy"] == "group" and choice["column"] in plan["columns"]:
        message = (
            f"Rows are held out by {choice['column']}, and it is a feature too, though held-out "
            f"rows have values of it that training has not seen. Leave it out: --set drop="
            f"{choice['column']} --stages 3-8."
        )
        work.find("group_as_feature", "warning", [choice["column"]], message)


def rows_in_embargo(rows: Labelled) -> int:
    """How many rows lie in the gap between the parts."""
    return int((rows.part == GAP).sum())


def rows_in_sets(rows: Labelled) -> int:
    """How many rows are for training or held out."""
    return len(rows.part) - rows_in_embargo(rows)


def headline(rows: Labelled, choice: dict) -> str:
    """The stage's result in a sentence."""
    train, test, gap = ((rows.part == part).sum() for part in (TRAIN, TEST, GAP))
    how = {
        "column": f"those that the column {choice['column']} names",
        "file": "those of the second file",
        "random": "drawn at random"
        + ("" if rows.task.is_regression else ", classes in proportion"),
        "time": f"the latest by {choice['column']}",
        "group": f"whole groups of {choice['column']}",
    }[choice["strategy"]]
    between = f", after an embargo of {gap:,} rows" if gap else ""
    return f"{test:,} of {train + test + gap:,} rows are held out: {how}{between}."


def describe_comparison(table: pd.DataFrame, choice: dict) -> str:
    """A sentence that says what the split is worth."""
    metric = table.columns[-1]
    if len(table) < 2:
        return (
            "The table has no date column and no group was named, so there is nothing to compare: "
            "the split is random. If rows belong together (one customer, many rows), name the "
            "column with `--set group_column=…`."
        )
    random = table[metric].iloc[0]
    other, value = table.index[1], table[metric].iloc[1]
    gap, fitted = random - value, f"{table['learnt from'].max():,} rows"
    chosen = f"This run splits by **{choice['strategy']}**."
    if gap > 0.01:
        return (
            f"The same model, fitted on {fitted}, scores **{random:.2f}** ({metric}) under a "
            f"random split and **{value:.2f}** by {other}: a random split flatters it by "
            f"{gap:.2f}. {chosen}"
        )
    return (
        f"Random {random:.2f}, by {other} {value:.2f} ({metric} of a model fitted on {fitted}): "
        f"the difference is small. {chosen}"
    )


def sets_picture(rows: Labelled, choice: dict):
    """Rows over time for a time split; otherwise the target in each part."""
    from .pages import table_plots

    if choice["strategy"] == "time" and choice["column"] in date_columns(rows.X):
        return table_plots.sets_over_time(rows.X[choice["column"]], rows.part)
    return table_plots.target_by_set(rows.y, rows.part, rows.task)


def folds_table(rows: Labelled) -> pd.DataFrame:
    """A row per fold: how many rows it learns from, how many it is examined on."""
    sizes = [(len(learn), len(valid)) for learn, valid in rows.of(TRAIN).folds()]
    columns = ["learns from", "is examined on"]
    table = pd.DataFrame(sizes, columns=columns, index=range(1, len(sizes) + 1))
    return table.map("{:,}".format).rename_axis("fold")
