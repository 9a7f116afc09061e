"""Stage 1's last step: the raw rows, what is known of them and the answer key are handed on."""

from __future__ import annotations

import pandas as pd

from ..base.findings import Finding
from ..learning.label_column import read_label
from ..learning.label_findings import label_findings
from ..learning.task_kind import find_task
from ..tables import set_aside
from ..tables.formula_cells import neutral_table
from ..tables.sources.lookups import lookup_frame
from . import odd_cells
from .collect_rows import add_test_rows, injected_error_rate, table_facts
from .collection_report import headline


def finish(
    work, whole: pd.DataFrame, sources: dict, raw: pd.DataFrame, key: pd.DataFrame | None,
    task: str = "auto", test_data: str = "", no_label: str = "", beyond_limit: str = "limit",
    class_case: str = "auto",
) -> dict:  # fmt: skip
    """Hand on the raw rows and what is known of them; the stage's line of the ledger.

    `whole` is the table before a sample was drawn, `raw` the sample with injected errors, of which
    `key` is the answer key (None without any); the others are parameters of the stage.
    """
    asked = work.parameters
    facts = {name: asked[name] for name in ("query", "target", "until")}
    facts |= {"task": task, "no_label": no_label, "beyond_limit": beyond_limit}
    facts["class_case"] = class_case
    about = table_facts(whole, sources, asked["data"], **facts)
    twice = 0 if key is None else int(key["column"].isna().sum())  # rows that were injected
    about["sampled"] = (len(raw) - twice) / len(whole)
    about["injected_errors"] = injected_error_rate(asked["injected_errors"], asked["data"])
    for found in target_findings(whole, about, task):
        work.note(found)
    with set_aside.heard() as of_test_data:
        raw = add_test_rows(raw, test_data, about)
    hand_on(work, raw, key, about)
    if joined := getattr(sources, "joined", None):
        _hand_on_joins(work, joined)
    aside = _hand_on_lines(work, whole, of_test_data)
    return work.finish(
        len(raw) + aside, len(raw), headline(raw, sources, about, aside), set_aside=aside
    )


def _hand_on_lines(work, whole: pd.DataFrame, of_test_data: dict) -> int:
    """Write the lines of the files that are no rows, where there are any; how many there are."""
    sources = {"data": set_aside.of(whole), "test_data": set_aside.as_frame(of_test_data.values())}
    lines = pd.concat(sources, names=["source"]).reset_index("source")
    if len(lines):
        work.write_table("lines_set_aside", lines)
    return len(lines)


def target_findings(whole: pd.DataFrame, about: dict, asked: str = "auto") -> list[Finding]:
    """What was taken for what in the target; `asked` is the parameter `task`."""
    if not (target := about["target"]):
        return []
    task = find_task(read_label(whole[target], about["label"]), target, about["task"])
    return list(label_findings(whole[target], about["label"], task, asked))


def hand_on(work, raw: pd.DataFrame, key: pd.DataFrame | None, about: dict) -> None:
    """Write what this stage makes: the raw rows, what is known of them, the answer key."""
    work.write_json("about.json", about)
    work.write_table("raw", raw)
    for sentence in about.get("oddities", []):
        work.find("odd_file", "warning", [], sentence)
    for found in odd_cells.of(raw, about.get("target", "")):
        work.note(found)
    if key is not None:
        _hand_on_key(work, key, raw.size)


def _hand_on_joins(work, joined) -> None:
    """Note what each join did; write the doubts, and the tables that a model can carry."""
    for one in joined.reports:
        severity = "warning" if one.matched < one.rows / 2 else "note"
        work.find("joined", severity, one.columns, one.sentence(), {"matched": one.matched})
        for sentence in one.notes:
            work.find("joined", "note", one.columns, sentence)
    if len(joined.doubts):
        work.write_text("sources_review.csv", neutral_table(joined.doubts).to_csv(index=False))
    if len(rows := lookup_frame(joined)):
        work.write_table("lookups", rows)


def _hand_on_key(work, key: pd.DataFrame, cells: int) -> None:
    """Write the answer key of the injected errors, and note how many there are."""
    work.write_table("answer_key", key)
    count = f"{int(key['column'].notna().sum()):,} of {cells:,} cells"
    message = f"{count} are injected errors (--set injected_errors=0: none)."
    work.find("injected_errors", "note", [], message)
