"""Deployment report."""

from __future__ import annotations

import pandas as pd
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from ..models.calibrated_model import Calibrated


def headline(card: dict, size: int, roads: pd.DataFrame) -> str:
    """The stage's result in a sentence."""
    agree = (roads["same answers"] == "yes").all()
    return (
        f"A {card['model']} model fitted on {card['fitted_on_rows']:,} rows "
        f"({size / 2**20:.1f} MB) answers over HTTP; API, batch and notebook "
        f"{'agree' if agree else 'do NOT agree'}."
    )


def model_facts(model: Pipeline, rows: int, refitted: bool) -> pd.DataFrame:
    """What is deployed: the steps, the rows it was fitted on, whether held-out rows were used."""
    last = model["model"]
    inner, mended = last, False
    while isinstance(inner, (FixedThresholdClassifier, Calibrated)):
        mended = mended or isinstance(inner, Calibrated)
        inner = inner.estimator
    facts = {
        "steps": " → ".join(model.named_steps),
        "model": type(inner).__name__ + (", calibrated" if mended else ""),
        "fitted on": f"{rows:,} rows" + (", held-out ones included" if refitted else ""),
    }
    if isinstance(last, FixedThresholdClassifier):
        facts["says yes from"] = f"{last.threshold:.2g}"
    return pd.DataFrame({"": facts}).rename_axis("deployed")


def fields_table(schema: dict) -> pd.DataFrame:
    """A row per field of the schema: kind, share missing, example, range or levels."""
    rows = {}
    for name, field in schema["fields"].items():
        known = ""
        if "range" in field:
            known = "{:g} to {:g}".format(*field["range"])
        elif "levels" in field:
            known = f"{len(field['levels'])} levels"
        if field.get("left_out"):
            known += f", {field['left_out']:,} cells far outside or rare"
        rows[name] = {
            "kind": field["kind"],
            "missing": f"{field['missing']:.1%}",
            "example": f"{field.get('example', '')!s:.40}",
            "seen in training": known,
        }
    return pd.DataFrame(rows).T.rename_axis("field")
