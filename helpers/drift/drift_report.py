"""What has drifted, for a reader: as findings, as a short table, in sentences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ..base.findings import Finding, ranked
from .alert_thresholds import DEFAULT, Thresholds, by_size
from .compare_columns import FISHER, PSI_LARGE, TOO_FEW
from .domain_classifier import Domain


def drift_findings(
    columns: pd.DataFrame,
    predictions: pd.DataFrame | None = None,
    joint: Domain | None = None,
    quality: list[Finding] | None = None,
    thresholds: Thresholds = DEFAULT,
) -> list[Finding]:
    """All significant changes, as findings, the most severe first (see `alert_thresholds`).

    `columns` and `predictions` come from `compare_columns.compare`, `joint` from
    `domain_classifier`, `quality` from `data_quality.compare`: an increase of empty cells that is
    among these is not reported twice.
    """
    found = [*(quality or [])]
    if predictions is not None:
        found += _changes(
            predictions, "prediction_drift", "The predictions have drifted", thresholds
        )
    changed = _changes(columns, "drift", "The column {name} has drifted", thresholds)
    found += [one for one in changed if not _is_reported(one, quality or [])]
    if joint is not None and joint.significant:
        found.append(_joint_finding(joint, columns, thresholds))
    return ranked(found)


def with_sources(findings: list[Finding], sources: list[dict] | None) -> list[Finding]:
    """Findings of one column that was joined say which source it is from.

    `sources` are the `source` and `columns` of each (`about.json`); None for a table alone.

    >>> found = Finding("drift", "note", ["town_size"], "The column town_size has drifted.")
    >>> with_sources([found], [{"source": "town", "columns": ["town_size"]}])[0].message
    'The column town_size has drifted. It comes from the source town.'
    """
    source_of = {name: one["source"] for one in sources or () for name in one["columns"]}
    return [
        replace(one, message=f"{one.message} It comes from the source {source_of[one.columns[0]]}.")
        if len(one.columns) == 1 and one.columns[0] in source_of else one
        for one in findings
    ]  # fmt: skip


def _is_reported(drift: Finding, quality: list[Finding]) -> bool:
    """Whether the quality checks report the same empty cells, at least as severely."""
    if drift.evidence["test"] != FISHER:
        return False
    same = [f for f in quality if f.code == "nulls_up" and f.columns == drift.columns]
    return any(one.rank <= drift.rank for one in same)


def _changes(table: pd.DataFrame, code: str, says: str, thresholds: Thresholds) -> list[Finding]:
    """A finding for each column that changed significantly; `says` may hold {name}."""
    return [
        _change(name, row, code, says.format(name=name), thresholds)
        for name, row in table[table["significant"]].iterrows()
    ]


def _change(name: str, row: pd.Series, code: str, says: str, thresholds: Thresholds) -> Finding:
    beyond = row["psi"] - row["expected psi"]
    severity = by_size(beyond, thresholds.psi_moderate, thresholds.psi_large)
    message = f"{says} (PSI {row['psi']:.2f}, {row['test']}{_gaps(row)})."
    evidence = {"psi": round(row["psi"], 4), "expected_psi": round(row["expected psi"], 4),
                "distance": round(row["distance"], 4), "p_value": row["p_value"],
                "adjusted": row["adjusted"], "test": row["test"]}  # fmt: skip
    return Finding(code, severity, [name], message, evidence)


def _gaps(row: pd.Series) -> str:
    if row["test"] != FISHER:
        return ""
    return f": {row['missing before']:.1%} empty before, {row['missing after']:.1%} now"


def _joint_finding(joint: Domain, columns: pd.DataFrame, thresholds: Thresholds) -> Finding:
    severity = by_size(joint.auc, thresholds.auc_moderate, thresholds.auc_large)
    names = list(joint.importance)[:5]
    unseen = [n for n in names if n in columns.index and not columns.loc[n, "significant"]]
    alone = f"; {', '.join(unseen)} not alone but together with others" if unseen else ""
    message = f"A classifier separates new rows from old ones {_by(joint, 5)}{alone}."
    evidence = {"ROC AUC": round(joint.auc, 4), "p_value": joint.p_value}
    evidence["importance"] = joint.importance
    return Finding("joint_drift", severity, names, message, evidence)


def shown(table: pd.DataFrame, most: int = 8) -> pd.DataFrame:
    """The first rows of the table as text: two decimals, percentages, yes or no."""
    forms = {"psi": "{:.2f}".format, "distance": "{:.2f}".format, "test": str,
             "missing before": "{:.1%}".format, "missing after": "{:.1%}".format,
             "significant": _yes_or_no, "drifts": _yes_or_no}  # fmt: skip
    return table.head(most)[list(forms)].transform(forms).rename(columns={"psi": "PSI"})


def _yes_or_no(is_so: bool) -> str:
    return "yes" if is_so else "no"


def describe_drift(table: pd.DataFrame) -> str:
    """What drifts, in a sentence; `table` comes from `compare_columns.compare`."""
    drifting = table.index[table["drifts"]].tolist()
    columns, changed = len(table), int(table["significant"].sum())
    also = (
        f" {changed} of {columns} changed significantly, even if only a little." if changed else ""
    )
    if (table["test"] == TOO_FEW).all() and columns:
        apart = f"{table.index[0]} (PSI {table['psi'].iloc[0]:.2f})"
        why = table["why"].iloc[0]
        return f"**Whether columns drift can't be told**: {why}. Farthest apart is {apart}."
    also += _untold(table)
    if not drifting:
        both = f"both a large PSI (more than {PSI_LARGE} beyond chance) and a corrected p-value"
        none = f"none of {columns} has {both} below {DEFAULT.level:g}{_nearest(table)}"
        return f"**No column is shown to drift**: {none}.{also}"
    names = ", ".join(drifting[:4]) + (" …" if len(drifting) > 4 else "")
    return f"**{len(drifting)} of {columns} columns drift** (PSI above {PSI_LARGE}): {names}.{also}"


def _nearest(table: pd.DataFrame) -> str:
    """Of the columns with a large PSI, the one with the smallest corrected p-value, in words."""
    large = table[(table["psi"] - table["expected psi"]) > PSI_LARGE]
    told = large.loc[large["test"] != TOO_FEW, "adjusted"]
    return f"; {told.idxmin()} is nearest (p-value {told.min():.2g})" if len(told) else ""


def _untold(table: pd.DataFrame) -> str:
    """How many columns can't be told of, and of how many units the side with fewer is, in words."""
    untold = int((table["test"] == TOO_FEW).sum())
    text = f" {untold} have too few units to tell." if untold else ""
    units = table["units"].max()
    return text if np.isnan(units) else f"{text} The side with fewer units has {units:,.0f}."


def describe_domain(joint: Domain) -> str:
    """What the domain classifier found, in a sentence."""
    if not joint.applicable:
        return f"**All columns together**: not applicable, {joint.why}."
    if not joint.significant:
        return (
            f"**No joint drift**: a classifier that tries to separate new rows from "
            f"old ones guesses (ROC AUC {joint.auc:.2f})."
        )
    return f"**A classifier separates new rows from old ones** {_by(joint, 3)}."


def _by(joint: Domain, most: int) -> str:
    """The ROC AUC of the classifier, and the columns that it rests on."""
    names = ", ".join(list(joint.importance)[:most])
    return f"(ROC AUC {joint.auc:.2f})" + (f", most of all by {names}" if names else "")
