"""An export as a notebook: the same code by cells, with what each step is for, and its figures."""

from __future__ import annotations

import ast
import textwrap
from importlib import metadata
from pathlib import Path

from ..learning.metric_names import PLAIN_NAMES, shown_score
from .python_text import literal
from .run_to_export import RunToExport

FILE = "analysis.ipynb"
READING = ("read",)
CLEANING = ("readers", "clean", "patched")
LEARNING = ("add_features", "make_model", "fit", "answers")
SHOWN = {  # by kind of task the picture of the answers to held-out rows
    "regression": """\
    ax = sns.scatterplot(x=truth, y=found["prediction"], s=18, alpha=0.6)
    ax.axline((truth.mean(), truth.mean()), slope=1, color="grey", linestyle="--")
    ax.set(title="Held-out rows: on the line the prediction is right", xlabel={target},
           ylabel="predicted");""",
    "binary": """\
    yes = (truth == {positive}).rename("true answer").map({{True: {positive}, False: "other"}})
    chance = found[{probability}].rename("predicted probability")
    ax = sns.histplot(x=chance, hue=yes, bins=20, stat="density", common_norm=False)
    ax.set(title="Held-out rows: how far the two classes lie apart");""",
    "multiclass": """\
    counts = pd.crosstab(truth, found["prediction"], rownames=["true"], colnames=["predicted"])
    ax = sns.heatmap(counts, annot=True, fmt="d", cmap="Blues", cbar=False)
    ax.set_title("Held-out rows: true class and prediction");""",
}
MISSING = """\
missing = rows.isna().mean().sort_values(ascending=False)
ax = sns.barplot(x=missing[missing > 0].head(12), y=missing[missing > 0].head(12).index)
ax.set(title="Share of missing cells after cleaning", xlabel="share of rows", ylabel="");"""


LEANS_ON = """\
changed = {{}}
for name in rows.columns:  # each in turn shuffled over the held-out rows
    mixed = rows[held_out].copy()
    mixed[name] = mixed[name].sample(frac=1, random_state=42).to_numpy()
    changed[name] = {apart}
changed = pd.Series(changed).sort_values(ascending=False).head(12)
ax = sns.barplot(x=changed, y=changed.index)
ax.set(title="What the model leans on", xlabel="{label}", ylabel="");"""
APART = {
    True: ("(answers(model, mixed) - found).abs().mean().iloc[0]", "mean change of the prediction"),
    False: ('(answers(model, mixed).iloc[:, 1:] - found.iloc[:, 1:]).abs().max(axis=1).mean()',
            "mean change of a probability when the column is shuffled"),
}  # fmt: skip


def write(made: RunToExport, draft: Path) -> None:
    """Write the notebook into a draft of the folder, from the `model.py` that stands in it."""
    import nbformat

    text = (draft / "model.py").read_text(encoding="utf-8")
    notebook = nbformat.v4.new_notebook(cells=cells_of(made, text))
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    notebook.metadata["language_info"] = {"name": "python"}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # the same each time
    nbformat.write(notebook, draft / FILE)
    needs = draft / "requirements.txt"
    more = "".join(f"{name}=={metadata.version(name)}\n" for name in ("ipykernel", "seaborn"))
    needs.write_text(needs.read_text(encoding="utf-8") + more, encoding="utf-8")


def cells_of(made: RunToExport, text: str) -> list:
    """The cells of the notebook of a file."""
    from nbformat.v4 import new_code_cell as code
    from nbformat.v4 import new_markdown_cell as say

    parts = parts_of(text)
    named = {*READING, *CLEANING, *LEARNING, "train", "predict", "main"}
    readers = [source for name, source in parts.items() if name not in named and name]
    before, cut, after, last = lines_of_train(parts["train"])
    return [
        say(_title(made)), code(_setup(parts[""])),
        say(CELLS), code("\n\n\n".join(readers)),
        say(_source(made)), code(f"{parts['read']}\n\n\nraw = read()\nraw.head()"),
        say(_cleaning(made)), code(_some(parts, CLEANING)),
        code(f"{before}\nrows.head()"), *[code(MISSING)] * _has_gaps(made),
        say(f"## The target\n\n{_target(made)}"), code(_picture_of_target(made)),
        say(_features(made)), code(_some(parts, LEARNING)),
        say(f"## Rows held out\n\n{_split(made)}"), code(cut),
        say(_scores(made)), code(after), code(_picture(made)), say(LEANS), code(_leans_on(made)),
        say(PREDICT), code(f"{parts['predict']}\n\n\n{last}predict(raw.head(), model)"),
    ]  # fmt: skip


CELLS = """## How a cell is read

Small functions, each for one cell: a number with either decimal sign, a date, a name in any
spelling. They look at the cell alone, so that a new row is read as an old one."""
PREDICT = """## New rows

Raw rows as they come from the source: the same functions clean them and make their features."""


LEANS = """## What the model leans on

A column is shuffled, and the answers change the more, the more the model leans on it. Columns that
say the same share what they are worth."""


def _leans_on(made: RunToExport) -> str:
    apart, label = APART[made.bundle.task.is_regression]
    return LEANS_ON.format(apart=apart, label=label)


def _has_gaps(made: RunToExport) -> bool:
    """Whether some cell that the model uses is missing."""
    return bool(made.labelled.X[made.needed].isna().any(axis=None))


def parts_of(text: str) -> dict[str, str]:
    """The functions and classes of a file by name; "" has what stands before them."""
    tree, lines = ast.parse(text), text.split("\n")
    found = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    parts = {"": "\n".join(lines[_head_ends(tree) : found[0].lineno - 1]).strip()}
    return parts | {one.name: "\n".join(lines[one.lineno - 1 : one.end_lineno]) for one in found}


def _head_ends(tree: ast.Module) -> int:
    return tree.body[0].end_lineno  # the docstring


def lines_of_train(source: str) -> tuple[str, str, str, str]:
    """The lines of `train` as cells: rows and labels, the split, the scores, the last fit."""
    lines = textwrap.dedent("\n".join(source.split("\n")[2:])).split("\n")
    first = next(n for n, line in enumerate(lines) if line.startswith("rows = ")) + 1
    second = next(n for n, line in enumerate(lines) if line.startswith("train = ")) + 1
    given, _, why = lines[-1].removeprefix("return ").partition(", scores")
    counted = 'pd.Series({"training rows": train.sum(), "held-out rows": held_out.sum()})'
    shown = 'pd.Series(scores, name="held out").round(4)'
    return (
        "\n".join(lines[:first]),
        "\n".join([*lines[first:second], counted]),
        "\n".join([*lines[second:-1], shown]),
        "" if given == "model" else f"model = {given}{why}\n",
    )


def _some(parts: dict[str, str], names: tuple[str, ...]) -> str:
    return "\n\n\n".join(parts[name] for name in names if name in parts)


def _setup(text: str) -> str:
    """Imports and constants; a notebook has no file of its own."""
    text = text.replace("Path(__file__).parent", "Path.cwd()")
    return text.replace("import pandas as pd\n", "import pandas as pd\nimport seaborn as sns\n", 1)


# --- What is said --------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """A text of the data inside Markdown, in one line, as it is."""
    from ..base.markdown_text import inert

    return inert(" ".join(str(text).split()))


def _title(made: RunToExport) -> str:
    question = made.about.get("question") or f"What will {made.target} be?"
    main = made.metrics.get("main_metric", "")
    score = made.metrics.get("test", {}).get(main)
    known = score is not None
    told = f" Its {PLAIN_NAMES.get(main, main)} on held-out rows: " if known else ""
    told += f"{shown_score(main, score)}." if known else ""
    return TITLE.format(question=_plain(question), run=made.name, told=told)


TITLE = """# {question}

From raw rows to predictions: read, clean, make features, hold rows out, fit, score, predict. This
is the run `{run}` in plain pandas and scikit-learn.{told}"""


def _source(made: RunToExport) -> str:
    rows, columns = made.raw.shape
    return f"## The raw rows\n\n{rows:,} rows and {columns} columns, every cell as it was written."


def _cleaning(made: RunToExport) -> str:
    counts = made.changes["kind"].value_counts() if len(made.changes) else {}
    said = ", ".join(f"{n:,} × {kind}" for kind, n in list(counts.items())[:5])
    done = f" The run changed these cells: {_plain(said)}." if said else ""
    return (
        f"## Cleaning\n\nEach column is read as what it holds; what can't be read is missing.{done}"
    )


def _target(made: RunToExport) -> str:
    if made.bundle.task.is_regression:
        return f"{_plain(made.target)} is a number: its spread is what a model has to explain."
    shares = ", ".join(
        f"{(made.labelled.y == one).mean():.0%} {one}" for one in made.bundle.task.classes[:6]
    )
    return (
        f"Its classes: {_plain(shares)}. A model has to do better than always saying the commonest."
    )


FEATURES = """## Features and model

Columns by kind: {said}. What imputes, scales and encodes is fitted with the model, on training rows
alone."""


def _features(made: RunToExport) -> str:
    fitted = made.trained["features"]["encode"].transformers_
    counts = {name.replace("_", " "): len(columns) for name, _, columns in fitted}
    said = "; ".join(f"{n} of {name}" for name, n in counts.items() if name != "remainder")
    return FEATURES.format(said=_plain(said))


def _split(made: RunToExport) -> str:
    strategy, why = made.choice["strategy"], str(made.choice.get("why", "")).partition(". But")[0]
    how = "Rows are held out at random" if strategy == "random" else f"The split is by {strategy}"
    return f"{_plain(how)}, because {_plain(why)}." if why else f"{_plain(how)}."


def _scores(made: RunToExport) -> str:
    main = made.metrics.get("main_metric", "")
    interval = made.metrics.get("interval", {}).get(main)
    said = ""
    if interval and None not in interval:
        low, high = (shown_score(main, bound) for bound in interval)
        said = f" The run gave a 95 % interval of {low} to {high}."
    return f"## Fit and score\n\nFitted on training rows, scored once on those held out.{said}"


def _picture_of_target(made: RunToExport) -> str:
    if made.bundle.task.is_regression:
        drawn = "ax = sns.histplot(x=y, bins=30)"
        return f'{drawn}\nax.set(title="The target", xlabel={literal(made.target)}, ylabel="rows");'
    drawn = "ax = sns.countplot(y=y, order=CLASSES)"
    return f'{drawn}\nax.set(title="Rows of each class", xlabel="rows", ylabel="");'


def _picture(made: RunToExport) -> str:
    task = made.bundle.task
    text = textwrap.dedent(SHOWN[task.kind])
    probability = literal(f"probability_{task.positive}")
    return text.format(
        target=literal(task.target), positive=literal(task.positive), probability=probability
    )
