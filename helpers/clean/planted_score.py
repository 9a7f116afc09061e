"""The score of the repairs against the answer key, where errors were injected in stage 1."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..examples import known


def score_repairs(work, changes: pd.DataFrame, reason: pd.Series, linked: pd.DataFrame):
    """The score against the answer key; None when no errors were injected.

    This is the only place of the line that opens the key.
    """
    if not work.about.get("injected_errors"):
        return None
    key = _as_settled(work.read_table("answer_key"), work.about)
    groups = np.arange(len(reason))
    groups[linked["row"].to_numpy()] = linked["group"].to_numpy()
    own = changes[~_corrected_by_person(changes, key, work.about)]
    return known.score(own, key, reason=reason, groups=groups)


def _as_settled(key: pd.DataFrame, about: dict) -> pd.DataFrame:
    """The key with the names that a person settled for the true ones."""
    true = key["true"].copy()
    for name, names in about.get("aliases", {}).items():
        rows = key["column"] == name
        true[rows] = true[rows].replace(names)
    return key.assign(true=true)


def _corrected_by_person(changes: pd.DataFrame, key: pd.DataFrame, about: dict) -> np.ndarray:
    """The repairs of cells that were wrong at the source and that a person corrected."""
    planted = pd.MultiIndex.from_frame(changes[["row", "column"]]).isin(
        pd.MultiIndex.from_frame(key[["row", "column"]])
    )
    by_name = (changes["kind"] == "alias") & changes["column"].isin(about.get("aliases", {}))
    by_limit = (changes["kind"] == "impossible") & changes["column"].isin(about.get("limits", {}))
    return (by_name | by_limit).to_numpy() & ~planted


def describe_planted_rows(work, rows) -> str:
    """What became of the rows that were made to come twice; nothing where none were.

    `rows` are the sorted rows of stage 2 (`cleaning_stage.SortedRows`).
    """
    if not work.about.get("injected_errors"):
        return ""
    key = work.read_table("answer_key")
    copies = key[key["column"].isna()]
    exact, near = (_fates(copies[copies["kind"] == f"{kind} duplicate"], rows)
                   for kind in ("exact", "near"))  # fmt: skip
    return (
        f"**{sum(exact.values())} rows were planted twice exactly, {sum(near.values())} nearly.** "
        f"{exact['set aside']} of the exact copies are set aside; so are {near['set aside']} of "
        f"the near ones, which became exact when their spelling was cleaned. {near['linked']} near "
        f"copies are linked with the row that they repeat. Of the rest "
        f"({exact['other'] + near['other']}), most have no label, and are set aside for that."
    )


def _fates(copies: pd.DataFrame, rows) -> dict[str, int]:
    """How many planted copies are set aside as repeats, linked with their original, or neither."""
    repeats, linked = rows.reason == "duplicate", set(rows.linked["row"])
    pairs = list(zip(copies["row"], copies["true"].astype(int), strict=True))
    aside = sum(bool(repeats.iloc[copy] or repeats.iloc[own]) for copy, own in pairs)
    alike = sum(copy in linked and own in linked for copy, own in pairs)
    return {"set aside": aside, "linked": alike, "other": len(pairs) - aside - alike}
