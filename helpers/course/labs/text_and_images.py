"""The labs: small experiments beside the line, with the line's own stations.

Text and images: what becomes of a column of comments and of a column of picture files, and what
it is worth to a model.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from threadpoolctl import threadpool_limits

from ...clean.cleaning_plan import draft_plan
from ...clean.column_cleaner import Cleaner
from ...features.feature_plan import plan_features
from ...features.text_encoder import TextToNumbers
from ...learning.label_column import draft_label, read_label, read_no_label
from ...pipeline import whole_pipeline
from .digit_images import SIMPLE


def through_the_line(
    raw: pd.DataFrame,
    target: str,
    drop: str = "",
    not_known: dict[str, str] | None = None,
    text: str = "",
    no_label: str = "",
) -> tuple[pd.DataFrame, dict]:
    """The cleaned rows, label included, and the feature plan: stages 2 and 3 in a few lines.

    `drop` names columns to leave out, separated by commas; `not_known` gives the reason for each
    column that is filled in too late. `text` names a column that is to be read as text, however few
    its sentences are; `no_label` words of the target that mean that no label is known.

    >>> raw = pd.DataFrame({"weight": ["3 kg", "N/A"], "sold": ["yes", "no"]})
    >>> through_the_line(raw, "sold")[1]["columns"]
    {'weight': 'number'}
    """
    about = {"target": target, "not_known": not_known or {}}
    cleaning = draft_plan(raw, about)
    label = read_label(raw[target], draft_label(raw[target], read_no_label(no_label)))
    rows = Cleaner(cleaning).fit_transform(raw).assign(**{target: label})
    plan = plan_features(rows, cleaning, about, drop)
    if text in plan["columns"]:
        plan["columns"][text] = "text"
    return rows, plan


def only(plan: dict, columns: list[str]) -> dict:
    """A feature plan cut down to some columns, without its formulas.

    >>> only({"columns": {"a": "number", "b": "text"}, "derived": {}}, ["b"])
    {'columns': {'b': 'text'}, 'derived': {}}
    """
    kept = {name: role for name, role in plan["columns"].items() if name in columns}
    return plan | {"columns": kept, "derived": {}}


# --- Text ---------------------------------------------------------------------------------------


def describe_comments(comments: pd.Series) -> str:
    """How many cells of a column of text hold words, in a sentence.

    >>> describe_comments(pd.Series(["wet", "dry", "dry", None]))
    '**3 of 4 rows have a comment**; 2 different ones are in use.'
    """
    present = comments.dropna()
    return (
        f"**{len(present)} of {len(comments)} rows have a comment**; {present.nunique()} "
        f"different ones are in use."
    )


def word_weights(text: TextToNumbers, comments: pd.Series, comment: str) -> pd.DataFrame:
    """The words of one comment: how many comments have each, and its TF-IDF weight in this one.

    A word that occurs k times weighs (1 + ln k) (1 + ln((1 + n) / (1 + rows with it))), n rows in
    all; a comment's weights are then scaled so that their squares add up to 1 (scikit-learn's
    TfidfVectorizer; Salton and Buckley 1988).

    >>> two = pd.Series(["wet nest", "wet egg", "wet nest"], name="c")
    >>> text = TextToNumbers(1, cut="words").fit(two.to_frame())
    >>> word_weights(text, two, "wet nest").index.tolist()
    ['nest', 'wet']
    """
    words = text.models_[str(comments.name)][0]
    weights = words.transform([comment]).toarray()[0]
    held = words.transform(comments.dropna()).getnnz(axis=0)
    rows = zip(words.get_feature_names_out(), held, weights.round(2), strict=True)
    used = sorted((row for row in rows if row[2] > 0), key=lambda row: (-row[2], row[0]))
    table = pd.DataFrame(used, columns=["word", "comments with it", "weight"]).set_index("word")
    return table.assign(weight=table["weight"].map("{:.2f}".format))


def directions(text: TextToNumbers, column: str, shown: int = 4, words: int = 5) -> pd.DataFrame:
    """The first directions of a column of text: their share of the variance, and their words.

    >>> two = pd.DataFrame({"c": ["wet nest", "wet egg", "wet nest", "wet egg"]})
    >>> directions(TextToNumbers(1, cut="words").fit(two), "c")["heaviest words"].tolist()
    ['wet, egg, nest']
    """
    vocabulary, axes = text.models_[column]
    names = vocabulary.get_feature_names_out()
    rows = []
    for share, axis in zip(axes.explained_variance_ratio_, axes.components_, strict=True):
        # Words that always come together differ by rounding errors: the alphabet decides.
        order = sorted(range(len(names)), key=lambda i, a=axis: (-round(abs(a[i]), 2), names[i]))
        rows.append((f"{share:.0%}", ", ".join(names[i] for i in order[:words])))
    table = pd.DataFrame(rows[:shown], columns=["share of the variance", "heaviest words"])
    return table.set_axis(pd.RangeIndex(1, len(table) + 1, name="direction"))


def comments_as_numbers(text: TextToNumbers, comments: pd.Series, shown: int = 4) -> pd.DataFrame:
    """Each different comment, how many rows have it, and where it lies along the directions.

    >>> two = pd.Series(["wet nest", "wet egg", None], name="c")
    >>> comments_as_numbers(TextToNumbers(1, cut="words").fit(two.to_frame()), two)["rows"].tolist()
    [1, 1, 1]
    """
    counts = comments.value_counts(dropna=False, sort=False).rename("rows").reset_index()
    counts = counts.sort_values(["rows", comments.name], ascending=[False, True])
    numbers = text.transform(counts[[comments.name]]).iloc[:, :shown]
    places = (numbers.round(2) + 0.0).map("{:.2f}".format)  # + 0.0: no minus before a zero
    places.columns = [f"direction {i + 1}" for i in range(places.shape[1])]
    named = counts[comments.name].fillna("(no comment)")
    table = pd.concat([counts["rows"], places], axis=1)
    return table.set_axis(pd.Index(named, name="comment"))


def nests(penguins: pd.DataFrame) -> pd.Series:
    """The nest of each penguin, from season, species, island and the N of its id (N12A1).

    >>> one = {"studyName": "P", "Species": "A", "Island": "D", "Individual ID": "N12A1"}
    >>> nests(pd.DataFrame([one])).tolist()
    ['P A D N12']
    """
    number = penguins["Individual ID"].str.extract(r"(N\d+)")[0]
    parts = [penguins["Species"], penguins["Island"], number]
    return penguins["studyName"].str.cat(parts, sep=" ")


def ranking(rows: pd.DataFrame, plan: dict, groups, folds: int = 5, seed: int = 42) -> float:
    """The mean ROC AUC of a logistic regression over folds that keep each group together.

    Several classes count each against the rest; 0.5 is random. Rows without a label are left out.

    >>> rows = pd.DataFrame({"x": [0, 1] * 10, "y": ["no", "yes"] * 10})
    >>> ranking(rows, {"columns": {"x": "number"}, "derived": {}, "target": "y"}, range(20))
    1.0
    """
    known = rows[plan["target"]].notna().to_numpy()
    labels = rows.loc[known, plan["target"]].astype(str)
    cut = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    model = whole_pipeline.learner(plan, SIMPLE, seed)
    options = {"groups": np.asarray(groups)[known], "cv": cut, "scoring": "roc_auc_ovr"}
    with threadpool_limits(1):  # so small a task takes longer when threads share it
        return float(cross_val_score(model, rows[known], labels, **options).mean())


def worth_of(column: str, tables: dict[str, tuple], groups, **options) -> pd.DataFrame:
    """ROC AUC of a column alone, of all others, and of both; a row for each target.

    `tables` maps a target to its rows and plan, as `through_the_line` gives them.

    >>> rows = pd.DataFrame({"x": [0, 1] * 10, "z": [0] * 20, "y": ["no", "yes"] * 10})
    >>> plan = {"columns": {"x": "number", "z": "number"}, "derived": {}, "target": "y"}
    >>> worth_of("x", {"y": (rows, plan)}, range(20)).loc["y"].tolist()
    ['1.00', '0.50', '1.00']
    """
    found = {}
    for target, (rows, plan) in tables.items():
        others = [name for name in plan["columns"] if name != column]
        parts = {f"{column} alone": [column], f"all but {column}": others}
        plans = {name: only(plan, columns) for name, columns in parts.items()} | {"both": plan}
        found[target] = {name: ranking(rows, p, groups, **options) for name, p in plans.items()}
    return pd.DataFrame(found).T.map("{:.2f}".format).rename_axis("ROC AUC for")


def gaps_with_a_comment(rows: pd.DataFrame, gaps: dict[str, pd.Series]) -> pd.DataFrame:
    """For each kind of row (a name and a boolean column): how many, and how many have a comment.

    >>> rows = pd.DataFrame({"Comments": ["torn", None]})
    >>> gaps_with_a_comment(rows, {"bad": pd.Series([True, False])}).loc["bad"].tolist()
    [1, 1]
    """
    commented = rows["Comments"].notna()
    every = gaps | {"none of these": ~pd.concat(gaps, axis=1).any(axis=1)}
    counts = {
        name: {"rows": int(gap.sum()), "of these with a comment": int((gap & commented).sum())}
        for name, gap in every.items()
    }
    return pd.DataFrame(counts).T.rename_axis("rows where")


def penguin_gaps(birds: pd.DataFrame) -> dict[str, pd.Series]:
    """The rows of the penguins in which something failed or is missing, by what it is.

    >>> columns = ["Clutch Completion", "Sex", "Delta 15 N (o/oo)", "Delta 13 C (o/oo)",
    ...            "Culmen Length (mm)"]
    >>> len(penguin_gaps(pd.DataFrame([["No", None, 1, 2, 3]], columns=columns)))
    4
    """
    isotopes = ["Delta 15 N (o/oo)", "Delta 13 C (o/oo)"]
    return {
        "the clutch is not complete": birds["Clutch Completion"] == "No",
        "the sex is missing": birds["Sex"].isna(),
        "an isotope is missing": birds[isotopes].isna().any(axis=1),
        "the bird was not measured": birds["Culmen Length (mm)"].isna(),
    }


def with_and_without(
    rows: pd.DataFrame, plans: tuple[dict, dict], column: str, phrase: str, groups, **options
) -> pd.DataFrame:
    """ROC AUC with a column of text, with it but for one phrase, and without it.

    `plans` are the feature plan that uses the column and the one that leaves it out.

    >>> rows = pd.DataFrame({"c": ["wet egg", "wet nest"] * 10, "y": ["no", "yes"] * 10})
    >>> using = {"columns": {"c": "text"}, "derived": {}, "target": "y"}
    >>> left_out = using | {"columns": {"y": "category"}}
    >>> with_and_without(rows, (using, left_out), "c", "egg", range(20)).shape
    (3, 1)
    """
    using, left_out = plans
    struck = rows.assign(**{column: rows[column].str.replace(phrase, "", regex=False)})
    scores = {
        f"with {column}": ranking(rows, using, groups, **options),
        f"with {column}, but for that sentence": ranking(struck, using, groups, **options),
        f"without {column}": ranking(rows, left_out, groups, **options),
    }
    return pd.DataFrame({"ROC AUC": scores}).map("{:.2f}".format).rename_axis("features")
