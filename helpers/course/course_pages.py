"""The course to read without installing anything: `make course-pages` writes `docs/course/`.

Each notebook becomes a page of Markdown, made from its stored outputs alone: prose, code, tables
without style, and pictures as small files that are named by their content. Nothing is run, and a
page is the same whenever its notebook is.
"""

from __future__ import annotations

import re
import sys
from base64 import b64decode
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import nbformat

from ..base.files import sha256_of
from ..base.places import NOTEBOOKS, REPOSITORY
from ..line.stage_list import STAGES

FIGURES = "figures"
COLOURS = 48  # of a picture: enough for lines, bars and letters
LARGEST = 40_000  # characters of a table; larger ones are for the notebook itself
TOO_LARGE = "*(A table too large for this page: run the notebook to see it.)*"
WITHOUT = re.compile(r"<(style|script)\b.*?</\1>", re.DOTALL)
CODE = re.compile(r"<pre\b.*?</pre>", re.DOTALL)
ATTRIBUTES = re.compile(r"\s(?:class|style|border|name|id|data-[\w-]+)=(?:\"[^\"]*\"|'[^']*'|\w+)")
EMBEDDED = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")
HEAD = "*Made from `{path}` by `make course-pages`; [all pages](README.md).*"


@dataclass
class Page:
    """A page as Markdown, and its pictures (PNG) by the name of the file that each goes to."""

    text: str = ""
    pictures: dict[str, bytes] = field(default_factory=dict)


def page_of(path: Path) -> Page:
    """The page of a notebook, from what is stored in it."""
    page = Page()
    place = path.relative_to(NOTEBOOKS.parent).as_posix()
    parts = [HEAD.format(path=place)]
    for cell in nbformat.read(path, as_version=4).cells:
        parts += [cell.source] if cell.cell_type == "markdown" else _code(cell, page)
    kept = (part.strip() for part in parts if part.strip())
    page.text = "\n\n".join(kept) + "\n"
    return page


def _code(cell, page: Page) -> list[str]:
    """A code cell and what it shows; its parameters are folded."""
    shown = f"```python\n{cell.source}\n```"
    if "parameters" in cell.metadata.get("tags", []):
        shown = f"<details><summary>Parameters</summary>\n\n{shown}\n\n</details>"
    return [shown, *(_output(output, page) for output in cell.outputs)]


def _output(output, page: Page) -> str:
    """An output as Markdown: a sentence, a picture, a table, or text."""
    data = output.get("data", {})
    if "text/markdown" in data:
        return data["text/markdown"]
    if "image/png" in data:
        return f"![A picture]({_kept(data['image/png'], page)})"
    if "text/html" in data:
        return plain_html(EMBEDDED.sub(lambda m: _kept(m[1], page), data["text/html"]))
    text = output.get("text", data.get("text/plain", ""))
    return f"```text\n{text.rstrip()}\n```"


def plain_html(html: str) -> str:
    """HTML without style, script and blank lines, which would end it in Markdown.

    The lines of code in a `<pre>` stay as they are, their ends written as `&#10;`.

    >>> plain_html('<style>p {}</style><p class="a">Late.</p>\\n\\n<p>On time.</p>')
    '<p>Late.</p>\\n<p>On time.</p>'
    >>> plain_html("<pre>if late:\\n\\n    wait()</pre>")
    '<pre>if late:&#10;&#10;    wait()</pre>'
    """
    bare = ATTRIBUTES.sub("", WITHOUT.sub("", html))
    bare = CODE.sub(lambda m: m[0].replace("\n", "&#10;"), bare)
    bare = "\n".join(line.strip() for line in bare.splitlines() if line.strip())
    return bare if len(bare) <= LARGEST else TOO_LARGE


def _kept(encoded: str, page: Page) -> str:
    """Keep a picture beside the page; the address that the page has for it."""
    encoded = "".join(encoded.split())
    name = f"{FIGURES}/{sha256_of(encoded)[:12]}.png"
    page.pictures[name] = b64decode(encoded)
    return name


def pages() -> dict[str, Path]:
    """The names of the pages, each with its notebook: the stages and the labs."""
    labs = sorted((NOTEBOOKS / "labs").glob("*.ipynb"))
    return {f"{path.stem}.md": path for path in [*(stage.path for stage in STAGES), *labs]}


def contents() -> str:
    """The page that leads to all others."""
    rows = [f"- [{_title(path)}]({name})" for name, path in pages().items()]
    head = (
        "# The course, to read\n\nEvery notebook with its results, as Markdown: nothing to install."
    )
    return "\n".join([head, "", *rows, ""])


def _title(path: Path) -> str:
    """The heading of a notebook."""
    first = nbformat.read(path, as_version=4).cells[0].source
    return first.splitlines()[0].lstrip("# ")


def write_pages(folder: Path) -> list[str]:
    """Write all pages and their pictures into a folder, and take away what belongs to none.

    Returns the names of the files.
    """
    (folder / FIGURES).mkdir(parents=True, exist_ok=True)
    made = {name: page_of(path) for name, path in pages().items()}
    texts = {"README.md": contents()} | {name: page.text for name, page in made.items()}
    pictures = {name: png for page in made.values() for name, png in page.pictures.items()}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name in (name for name in pictures if not (folder / name).exists()):
        (folder / name).write_bytes(_smaller(pictures[name]))
    _remove_others(folder, {*texts, *pictures})
    return [*texts, *pictures]


def _remove_others(folder: Path, names: set[str]) -> None:
    for file in [*folder.glob("*.md"), *folder.glob(f"{FIGURES}/*")]:
        if file.relative_to(folder).as_posix() not in names:
            file.unlink()


def _smaller(png: bytes) -> bytes:
    """A picture with few colours: a third of the bytes, and the same to the eye."""
    from PIL import Image

    picture, made = Image.open(BytesIO(png)).convert("RGB"), BytesIO()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
    return min(png, made.getvalue(), key=len)


def main() -> None:
    """Write the pages, and say where they are."""
    folder = REPOSITORY / "docs" / "course"
    made = write_pages(folder)
    sys.stdout.write(f"{len(made)} files written into {folder.relative_to(REPOSITORY)}\n")


if __name__ == "__main__":
    main()
