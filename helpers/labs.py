"""The labs: small experiments beside the line, with the line's own stations.

Text and images: what becomes of a column of comments and of a column of picture files, and what
it is worth to a model.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits

from .clean.cleaning_plan import draft_plan
from .clean.column_cleaner import Cleaner
from .features.encoders import TextToNumbers
from .features.feature_plan import plan_features
from .features.image_encoders import ImageParts, ImageToNumbers
from .learning.label_column import draft_label, read_label
from .pages import figure_style
from .pipeline import whole_pipeline

SIMPLE = LogisticRegression(max_iter=1_000)


def through_the_line(
    raw: pd.DataFrame, target: str, drop: str = "", not_known: dict[str, str] | None = None
) -> tuple[pd.DataFrame, dict]:
    """The cleaned rows, label included, and the feature plan: stages 2 and 3 in a few lines.

    `drop` names columns to leave out, separated by commas; `not_known` gives the reason for each
    column that is filled in too late.

    >>> raw = pd.DataFrame({"weight": ["3 kg", "N/A"], "sold": ["yes", "no"]})
    >>> through_the_line(raw, "sold")[1]["columns"]
    {'weight': 'number'}
    """
    about = {"target": target, "not_known": not_known or {}}
    cleaning = draft_plan(raw, about)
    label = read_label(raw[target], draft_label(raw[target]))
    rows = Cleaner(cleaning).fit_transform(raw).assign(**{target: label})
    return rows, plan_features(rows, cleaning, about, drop)


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


# --- Images -------------------------------------------------------------------------------------


def digits_as_files(folder: Path, count: int = 600, seed: int = 42) -> pd.DataFrame:
    """Save handwritten digits (scikit-learn's, 8 × 8 pixels) as PNG files; their paths and labels.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     digits_as_files(Path(folder), 3).columns.tolist()
    ['scan', 'digit']
    """
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    chosen = np.random.default_rng(seed).permutation(len(digits.target))[:count]
    paths = [Path(folder) / f"scan_{row:04d}.png" for row in chosen]
    for row, path in zip(chosen, paths, strict=True):
        grey = np.round(digits.images[row] * 255 / 16).astype("uint8")  # they come as 0 to 16
        Image.fromarray(grey).save(path)
    labels = digits.target[chosen].astype(str)
    return pd.DataFrame({"scan": [str(path) for path in paths], "digit": labels})


def negatives(scans: pd.DataFrame) -> pd.DataFrame:
    """The same pictures with black and white exchanged, saved beside them.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(negatives(digits_as_files(Path(folder), 1))["scan"][0]).suffixes
    ['.negative', '.png']
    """
    from PIL import Image, ImageOps

    paths = [Path(path).with_suffix(".negative.png") for path in scans["scan"]]
    for path, negative in zip(scans["scan"], paths, strict=True):
        with Image.open(path) as picture:
            ImageOps.invert(picture).save(negative)
    return scans.assign(scan=[str(path) for path in paths])


def broken_files(scans: pd.DataFrame) -> dict[str, str]:
    """Paths of a sound picture and of three that can't be read, made beside it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     len(broken_files(digits_as_files(Path(folder), 1)))
    4
    """
    sound = Path(scans["scan"].iloc[0])
    content = sound.read_bytes()
    short, text = sound.with_name("short.png"), sound.with_name("text.png")
    short.write_bytes(content[: len(content) // 2])
    text.write_text("This is not a picture.")
    return {
        "a sound picture": str(sound),
        "a file cut in half": str(short),
        "text with a picture's ending": str(text),
        "a path to no file": str(sound.with_name("absent.png")),
    }


def answers_for(model: Pipeline, files: dict[str, str]) -> pd.DataFrame:
    """For each file, the share of its numbers that is missing, the prediction and its chance.

    `model` is fitted on a column of paths, `scan`: features first, then a classifier.

    >>> import tempfile
    >>> plan = {"columns": {"scan": "image"}, "derived": {}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     scans = digits_as_files(Path(folder), 9)
    ...     model = pipeline.learner(plan, SIMPLE).fit(scans[["scan"]], scans["digit"])
    ...     answers_for(model, broken_files(scans))["numbers missing"].tolist()
    ['0 of 120', '120 of 120', '120 of 120', '120 of 120']
    """
    rows = pd.DataFrame({"scan": list(files.values())})
    read = model["features"]["encode"].named_transformers_["image"][0].transform(rows)
    missing = read.isna().sum(axis=1)
    table = {
        "numbers missing": [f"{n} of {read.shape[1]}" for n in missing],
        "prediction": model.predict(rows),
        "probability": [f"{p:.2f}" for p in model.predict_proba(rows).max(axis=1)],
    }
    return pd.DataFrame(table, index=pd.Index(files, name="file"))


LOOKS = {"grey levels": "_grey_", "edges": "_edge_", "colours": "_colour_", "all": "_"}


def by_look(
    scans: pd.DataFrame, others: pd.DataFrame, folds: int = 5, seed: int = 42
) -> pd.DataFrame:
    """Accuracy on held-out scans, and on the same rows of `others`, by what the model may see.

    The model learns from `scans` alone; `others` are pictures of the same rows.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     scans = digits_as_files(Path(folder), 60)
    ...     by_look(scans, negatives(scans), folds=2)["numbers"].tolist()
    [64, 32, 24, 120]
    """
    cut = StratifiedKFold(folds, shuffle=True, random_state=seed)
    read = [ImageToNumbers().fit_transform(table[["scan"]]) for table in (scans, others)]
    digits = scans["digit"].to_numpy()
    found = {}
    for name, pattern in LOOKS.items():
        seen, asked = (numbers.filter(like=pattern) for numbers in read)
        scores, kept = [], []
        for train, test in cut.split(seen, digits):
            model = make_pipeline(ImageParts(seed=seed), SIMPLE)
            with threadpool_limits(1):
                model.fit(seen.iloc[train], digits[train])
            scores.append([model.score(t.iloc[test], digits[test]) for t in (seen, asked)])
            kept.append(model[-1].n_features_in_)
        scan, other = np.mean(scores, axis=0)
        found[name] = {
            "numbers": seen.shape[1],
            "directions": round(np.mean(kept)),
            "scans": f"{scan:.2f}",
            "negatives": f"{other:.2f}",
        }
    return pd.DataFrame(found).T.rename_axis("accuracy on held-out")


@figure_style.picture
def digits_picture(figure: Figure, scans: pd.DataFrame, numbers: pd.DataFrame, digits: str) -> str:
    """The first scan of each digit as grey levels, and under it the directions of its edges.

    `numbers` is what `ImageToNumbers` makes of `scans`; `digits` is text such as "0147".
    Directions run from 0° (grey changes from left to right) over 90° (from top to bottom) to 180°.

    >>> columns = [f"scan_grey_{i}" for i in range(64)] + [f"scan_edge_{i}" for i in range(32)]
    >>> numbers = pd.DataFrame(0.5, index=[0], columns=columns)
    >>> digits_picture(pd.DataFrame({"scan": ["3.png"], "digit": ["3"]}), numbers, "3")
    <Picture: What the model sees of a digit: grey levels, and directions of edges>
    """
    grey, edges = numbers.filter(like="_grey_"), numbers.filter(like="_edge_")
    side = round(grey.shape[1] ** 0.5)
    rows = [int((scans["digit"] == digit).to_numpy().argmax()) for digit in digits]
    above, below = figure.subplots(2, len(rows), sharey="row", squeeze=False)
    for row, seen, bars in zip(rows, above, below, strict=True):
        seen.imshow(grey.iloc[row].to_numpy().reshape(side, side), cmap="gray", vmin=0, vmax=1)
        seen.set(title=f"digit {scans['digit'].iloc[row]}", xlabel="pixel")
        seen.grid(visible=False)
        strength = edges.iloc[row].to_numpy().reshape(4, 8).sum(axis=0)  # over the four quarters
        shares = strength / max(strength.sum(), 1e-9)
        bars.bar(np.arange(8) * 22.5, shares, width=20, align="edge", color=figure_style.BLUE)
        bars.set_xticks(np.arange(0, 181, 45), ["0\n|", "45\n/", "90\n—", "135\n\\", "180\n|"])
        bars.set_xlabel("direction (°)")
    above[0].set_ylabel("pixel")
    below[0].set_ylabel("share of edges")
    title = "What the model sees of a digit: grey levels, and directions of edges"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    return title
