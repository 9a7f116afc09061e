"""What a notebook shows besides frames: sentences, folded tables, and what a stage hands on."""

from __future__ import annotations

import os
import re
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from ..base.markdown_text import inert
from ..line.stage_list import STAGES, stage

if TYPE_CHECKING:  # training shows its progress where there is no Jupyter, too
    from IPython.display import HTML, Markdown

PROGRESS = "progress"  # the display that tells who runs a notebook how far a cell is

pd.set_option("display.max_colwidth", 200)  # pandas cuts text at 50 characters otherwise


def say(*sentences: str) -> Markdown:
    """Sentences as Markdown, in which what comes from the data is text (`markdown_text.inert`)."""
    from IPython.display import Markdown

    text = "\n\n".join(inert(sentence) for sentence in sentences if sentence)
    return Markdown(re.sub("^h", "&#104;", text))  # IPython would fetch what begins with http


def together(*parts) -> None:
    """Show several things below one cell, in their order; None is nothing to show."""
    from IPython.display import display

    for part in parts:
        if part is not None:
            display(part)


def folded(title: str, *parts) -> HTML:
    """Frames, sentences (`say`), pictures or text under a title that unfolds at a click."""
    from IPython.display import HTML

    shown = "".join(as_html(part) for part in parts if part is not None)
    return HTML(f"<details><summary>{escape(title)}</summary>{shown}</details>")


def as_html(part) -> str:
    """A frame, a sentence (`say`), a picture or text as HTML; a picture's bytes are inside it."""
    if isinstance(part, pd.Series):
        part = part.to_frame()
    if isinstance(part, pd.DataFrame):
        return part.to_html(border=0, max_rows=200)
    if hasattr(part, "png"):
        kind, content = part.form
        source = f"data:{kind};base64,{b64encode(content).decode()}"
        return f'<p><img src="{source}" alt="{escape(part.title)}"></p>'
    if hasattr(part, "_repr_html_"):
        return part._repr_html_()
    if hasattr(part, "_repr_markdown_"):
        return _markdown_as_html(part.data)
    return f"<pre>{escape(str(part))}</pre>"


def _markdown_as_html(markdown: str) -> str:
    """Markdown of `say`, in which text of the data is escaped already, as HTML."""
    import mistune

    return mistune.create_markdown(escape=False)(markdown)


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


def progress(steps: Sequence, title: str) -> Iterator:
    """The steps, with a bar while they are taken; nothing of it stays in the notebook.

    In JupyterLab the bar stands under the cell. A notebook that is run by the line sends its place
    to whoever runs it (see `helpers.kernels.warm_engine`), as an update to a display that does not
    exist.
    """
    if "JPY_SESSION_NAME" in os.environ:  # Jupyter's server sets it for the notebooks it opens
        from tqdm import tqdm  # tqdm.auto warns in red where ipywidgets is missing

        yield from tqdm(steps, desc=title, leave=False, file=sys.stdout)  # stderr is red as well
        return
    for place, step in enumerate(steps, start=1):
        _tell_progress(f"{title} {place}/{len(steps)}")
        yield step


def _tell_progress(text: str) -> None:
    """Send a text to whoever runs the notebook; nothing outside one."""
    if (jupyter := sys.modules.get("IPython")) and jupyter.get_ipython() is not None:
        jupyter.display.publish_display_data(
            {"text/plain": text}, transient={"display_id": PROGRESS}, update=True
        )
