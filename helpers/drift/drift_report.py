"""Drift report."""

from __future__ import annotations

import pandas as pd

from ..base.findings import Finding, ranked
from .alert_thresholds import DEFAULT, Thresholds, by_size
from .compare_columns import FISHER, PSI_LARGE
from .domain_classifier import Domain


def drift_findings(
    columns: pd.DataFrame,
    predictions: pd.DataFrame | None = None,
    joint: Domain | None = None,
    quality: list[Finding] | None = None,
    thresholds: Thresholds = DEFAULT,
) -> list[Finding]:
    """All significant changes, as findings, the most severe first (see `helpers.drift.alert_thresholds`).

    `columns` and `predictions` come from `compare`, `joint` from `domain`, `quality` from
    `helpers.drift.data_quality.compare`; what that has said of empty cells is not said again.
    """
    found = [*(quality or [])]
    told = {n: f.rank for f in found if f.code == "nulls_up" for n in f.columns}
    if predictions is not None:
        found += _significant_drifts(
            predictions, "prediction_drift", "The predictions have drifted", thresholds
        )
    for one in _significant_drifts(columns, "drift", "The column {name} has drifted", thresholds):
        said = told.get(one.columns[0]) if one.evidence["test"] == FISHER else None
        if said is None or one.rank < said:
            found.append(one)
    if joint is not None and joint.moves:
        found.append(_joint_finding(joint, columns, thresholds))
    return ranked(found)


def _significant_drifts(
    table: pd.DataFrame, code: str, says: str, thresholds: Thresholds
) -> list[Finding]:
    found = []
    for name, row in table[table["moves"]].iterrows():
        beyond = row["psi"] - row["by chance"]
        severity = by_size(beyond, thresholds.psi_moderate, thresholds.psi_large)
        message = f"{says.format(name=name)} (PSI {row['psi']:.2f}, {row['test']}{_gaps(row)})."
        evidence = {"psi": round(row["psi"], 4), "by chance": round(row["by chance"], 4),
                    "distance": round(row["distance"], 4), "p_value": row["p_value"],
                    "adjusted": row["adjusted"], "test": row["test"]}  # fmt: skip
        found.append(Finding(code, severity, [name], message, evidence))
    return found


def _gaps(row: pd.Series) -> str:
    if row["test"] != FISHER:
        return ""
    return f": {row['missing before']:.1%} empty before, {row['missing after']:.1%} now"


def _joint_finding(joint: Domain, columns: pd.DataFrame, thresholds: Thresholds) -> Finding:
    severity = by_size(joint.auc, thresholds.auc_moderate, thresholds.auc_large)
    tells = list(joint.tells)[:5]
    unseen = [n for n in tells if n in columns.index and not columns.loc[n, "moves"]]
    by = f", most of all by {', '.join(tells)}" if tells else ""
    alone = f"; {', '.join(unseen)} not alone but together with others" if unseen else ""
    message = f"A classifier separates new rows from old ones (ROC AUC {joint.auc:.2f}){by}{alone}."
    evidence = {"ROC AUC": round(joint.auc, 4), "p_value": joint.p_value, "tells": joint.tells}
    return Finding("joint_drift", severity, tells, message, evidence)


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


def describe_drift(table: pd.DataFrame) -> str:
    """A sentence that reads the table."""
    drifting = table.index[table["drifts"]].tolist()
    sure = int(table["moves"].sum())
    also = f" {sure} of {len(table)} changed significantly, even if only a little." if sure else ""
    if not drifting:
        return (
            f"**No column drifts**: none of {len(table)} has a PSI above {PSI_LARGE} that chance "
            f"does not explain.{also}"
        )
    names = ", ".join(drifting[:4]) + (" …" if len(drifting) > 4 else "")
    return (
        f"**{len(drifting)} of {len(table)} columns drift** (PSI above {PSI_LARGE}): {names}.{also}"
    )


def describe_domain(joint: Domain) -> str:
    """A sentence that reads the domain classifier's result."""
    if not joint.applicable:
        return f"**All columns together**: not applicable, {joint.why}."
    if not joint.moves:
        return (
            f"**No joint drift**: a classifier that tries to separate new rows from "
            f"old ones guesses (ROC AUC {joint.auc:.2f})."
        )
    by = f", most of all by {', '.join(list(joint.tells)[:3])}" if joint.tells else ""
    return f"**A classifier separates new rows from old ones** (ROC AUC {joint.auc:.2f}){by}."
