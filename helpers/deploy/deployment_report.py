"""The words and tables of stage 7: what is deployed, and which fields a row must have."""

from __future__ import annotations

import pandas as pd
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from ..models.calibrated_model import Calibrated, is_moved

FILE_SAYS = {
    "model.skops": "the whole pipeline, from the raw row to the answer",
    "examples.parquet": "raw rows on which a service checks itself when it starts",
    "schema.json": "the fields of a row: kind, example, range or levels",
    "reference.json": "how columns and answers were distributed: stage 8 compares with it",
    "certainty.json": "how sure an answer is: what the answers of the folds tell",
    "certainty.skops": "trees that tell how far the truth may lie from a number, row by row",
    "card.json": "what the model is for, how good it is, its limits; for programs",
    "card.md": "the same for people",
}


def headline(card: dict, size: int, agreement: pd.DataFrame) -> str:
    """The stage's result in a sentence; `size` in bytes, `agreement` by `prediction_agreement`."""
    agree = (agreement["same predictions"] == "yes").all()
    article = "An" if card["model"][:1] in "aeiou" else "A"
    return (
        f"{article} {card['model']} model fitted on {card['fitted_on_rows']:,} rows "
        f"({size / 2**20:.1f} MB) answers over HTTP; API, batch and notebook "
        f"{'agree' if agree else 'do NOT agree'}."
    )


def model_facts(model: Pipeline, rows: int, refitted: bool) -> pd.DataFrame:
    """What is deployed: the steps, the rows it was fitted on, whether held-out rows were used."""
    last = model["model"]
    facts = {
        "steps": " → ".join(model.named_steps),
        "model": _model_name(last),
        "fitted on": f"{rows:,} rows" + (", held-out ones included" if refitted else ""),
    }
    if isinstance(last, FixedThresholdClassifier):
        facts["threshold"] = f"{last.threshold:.2g}"
    return pd.DataFrame({"": facts}).rename_axis("deployed")


def _model_name(model) -> str:
    """The class of a model inside its threshold and calibration, and whether it is calibrated."""
    moved = False
    while isinstance(model, (FixedThresholdClassifier, Calibrated)):
        if isinstance(model, Calibrated):
            moved = moved or is_moved(model.slope, model.shifts)
        model = model.estimator
    return type(model).__name__ + (", calibrated" if moved else "")


def files_table(sizes: dict[str, int]) -> pd.DataFrame:
    """A row per file of the bundle: what it is for; sizes are told of the model in the headline."""
    rows = {name: FILE_SAYS[name] for name in sizes}
    return pd.DataFrame({"what it holds": rows}).rename_axis("file in model/")


def fields_table(schema: dict) -> pd.DataFrame:
    """A row per field of the schema: kind, share missing, example, range or levels."""
    rows = {
        name: {
            "kind": field["kind"],
            "missing": f"{field['missing']:.1%}",
            "example": f"{field.get('example', '')!s:.40}",
            "seen in training": _seen_in_training(field),
        }
        for name, field in schema["fields"].items()
    }
    return pd.DataFrame(rows).T.rename_axis("field")


def _seen_in_training(field: dict) -> str:
    """The range of a field or its number of levels, and how many cells lay outside."""
    known = ""
    if "range" in field:
        known = "{:g} to {:g}".format(*field["range"])
    elif "levels" in field:
        known = f"{len(field['levels'])} levels"
    outside = field.get("left_out")
    return known + (
        f", {outside:,} cell{'s' * (outside != 1)} far outside or rare" if outside else ""
    )
