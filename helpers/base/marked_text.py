"""Pages that are half written, half computed: what is computed stands between two marks."""

from __future__ import annotations

from pathlib import Path


def marks(command: str) -> tuple[str, str]:
    """The two marks of a page's computed part, which name the command that makes it.

    >>> marks("make map")
    ('<!-- begin: make map -->', '<!-- end: make map -->')
    """
    return f"<!-- begin: {command} -->", f"<!-- end: {command} -->"


def put_between(page: str, command: str, text: str) -> str:
    """A page with that text between the marks of a command.

    Raises ValueError where the page does not have the two marks.

    >>> begin, end = marks("make map")
    >>> put_between(f"a\\n{begin}\\nold\\n{end}\\nb", "make map", "new").splitlines()
    ['a', '<!-- begin: make map -->', '', 'new', '', '<!-- end: make map -->', 'b']
    """
    begin, end = marks(command)
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"The page has no lines {begin} and {end} to write between.")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def write_between(file: Path, command: str, text: str) -> None:
    """Write a text between the marks of a command in a Markdown file."""
    page = file.read_text(encoding="utf-8")
    file.write_text(put_between(page, command, text), encoding="utf-8")
