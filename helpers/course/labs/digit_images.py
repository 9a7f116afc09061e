"""Handwritten digits as picture files, what is read from them, and a file that can't be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits

from ...features.image_encoders import ImageParts, ImageToNumbers
from ...pages import figure_style

SIMPLE = LogisticRegression(max_iter=1_000)


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
    grey = np.round(digits.images * 255 / 16).astype("uint8")  # they come as 0 to 16
    for row, path in zip(chosen, paths, strict=True):
        Image.fromarray(grey[row]).save(path)
    return pd.DataFrame(
        {"scan": [str(path) for path in paths], "digit": digits.target[chosen].astype(str)}
    )


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
    content, beside = sound.read_bytes(), sound.with_name
    beside("short.png").write_bytes(content[: len(content) // 2])
    beside("text.png").write_text("This is not a picture.")
    return {
        "a sound picture": str(sound),
        "a file cut in half": str(beside("short.png")),
        "text with a picture's ending": str(beside("text.png")),
        "a path to no file": str(beside("absent.png")),
    }


def answers_for(model: Pipeline, files: dict[str, str]) -> pd.DataFrame:
    """For each file, the share of its numbers that is missing, the prediction and its chance.

    `model` is fitted on a column of paths, `scan`: features first, then a classifier.

    >>> import tempfile
    >>> from helpers.pipeline import whole_pipeline
    >>> plan = {"columns": {"scan": "image"}, "derived": {}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     scans = digits_as_files(Path(folder), 9)
    ...     model = whole_pipeline.learner(plan, SIMPLE).fit(scans[["scan"]], scans["digit"])
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
    found = {}
    for name, pattern in LOOKS.items():
        numbers = [table.filter(like=pattern) for table in read]
        found[name] = _accuracy(*numbers, scans["digit"].to_numpy(), cut)
    return pd.DataFrame(found).T.rename_axis("accuracy on held-out")


def _accuracy(seen: pd.DataFrame, others: pd.DataFrame, digits, cut: StratifiedKFold) -> dict:
    """The accuracy over the folds, of a model that learns from the numbers in `seen`."""
    scores, kept = [], []
    for train, test in cut.split(seen, digits):
        model = make_pipeline(ImageParts(seed=cut.random_state), SIMPLE)
        with threadpool_limits(1):
            model.fit(seen.iloc[train], digits[train])
        scores.append([model.score(t.iloc[test], digits[test]) for t in (seen, others)])
        kept.append(model[-1].n_features_in_)
    of_scans, of_others = (f"{score:.2f}" for score in np.mean(scores, axis=0))
    sizes = {"numbers": seen.shape[1], "directions": round(np.mean(kept))}
    return sizes | {"scans": of_scans, "negatives": of_others}


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
    grey, edges = (numbers.filter(like=like).to_numpy() for like in ("_grey_", "_edge_"))
    above, below = figure.subplots(2, len(digits), sharey="row", squeeze=False)
    for digit, seen, bars in zip(digits, above, below, strict=True):
        row = int((scans["digit"] == digit).to_numpy().argmax())
        _draw_grey(seen, grey[row])
        seen.set_title(f"digit {scans['digit'].iloc[row]}")
        _draw_edges(bars, edges[row])
    above[0].set_ylabel("pixel")
    below[0].set_ylabel("share of edges")
    title = "What the model sees of a digit: grey levels, and directions of edges"
    return figure_style.headed(figure, title)


def _draw_grey(axes, levels: np.ndarray) -> None:
    side = round(len(levels) ** 0.5)
    axes.imshow(levels.reshape(side, side), cmap="gray", vmin=0, vmax=1)
    axes.set_xlabel("pixel")
    axes.grid(visible=False)


def _draw_edges(axes, edges: np.ndarray) -> None:
    strength = edges.reshape(4, 8).sum(axis=0)  # over the four quarters
    shares = strength / max(strength.sum(), 1e-9)
    axes.bar(np.arange(8) * 22.5, shares, width=20, align="edge", color=figure_style.BLUE)
    axes.set_xticks(np.arange(0, 181, 45), ["0\n|", "45\n/", "90\n—", "135\n\\", "180\n|"])
    axes.set_xlabel("direction (°)")
