"""What a notebook shows besides frames: sentences, folded tables, and what a stage hands on."""

from __future__ import annotations

from html import escape

import pandas as pd
from IPython.display import HTML, Markdown

from .line import STAGES, stage

pd.set_option("display.max_colwidth", 120)  # pandas cuts text at 50 characters otherwise


def say(*sentences: str) -> Markdown:
    """Sentences as Markdown. A `<` or `&` in them is shown as text: names come from the data."""
    text = "\n\n".join(sentence for sentence in sentences if sentence)
    return Markdown(text.replace("&", "&amp;").replace("<", "&lt;"))


def folded(title: str, *parts) -> HTML:
    """Frames (or text) under a title that unfolds at a click: the appendix of a stage."""
    shown = "".join(_part(part) for part in parts)
    return HTML(f"<details><summary>{escape(title)}</summary>{shown}</details>")


def _part(part) -> str:
    if isinstance(part, pd.DataFrame):
        return part.to_html(border=0, max_rows=200)
    return f"<pre>{escape(str(part))}</pre>"


def stations() -> pd.DataFrame:
    """The stations of the line, with what each asks and the file it hands on."""
    rows = [(s.number, s.title, s.asks, s.makes) for s in STAGES if not s.lesson]
    columns = ["stage", "station", "asks", "hands on"]
    return pd.DataFrame(rows, columns=columns).set_index("stage")


def handed_on(entry: dict) -> pd.DataFrame:
    """The stage's ledger line as a small table: rows in and out, and the files handed on."""
    facts = {
        "stage": f"{entry['stage']}, {stage(entry['stage']).title.lower()}",
        "result": entry["headline"],
        "rows in": f"{entry['rows_in']:,}",
        "rows out": f"{entry['rows_out']:,}",
        "rows set aside": f"{entry['set_aside']:,}",
        "files handed on": ", ".join(entry["outputs"]),
    }
    return pd.DataFrame({"": facts}).rename_axis("ledger")


def progress(steps, title: str):
    """The steps, with a bar while they are taken."""
    return steps
