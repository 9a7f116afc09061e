"""Python as text: values, lists and calls written so that a person can read them."""

from __future__ import annotations

import ast
import inspect
import keyword
import re
import textwrap
from collections.abc import Iterable
from inspect import signature

import numpy as np

WIDTH = 99


def literal(value) -> str:
    """A value as Python writes it, with double quotes; line ends and quotes in it are escaped.

    >>> print(literal('a "b"'), literal(np.float64(0.5)), literal(None))
    'a "b"' 0.5 None
    """
    if isinstance(value, np.generic):
        value = value.item()
    said = repr(value)
    if isinstance(value, str) and said.startswith("'") and '"' not in said and "\\" not in said:
        return f'"{said[1:-1]}"'
    return said


def wrapped(start: str, items: Iterable[str], end: str, indent: int = 0) -> str:
    """Items between two brackets: in one line where they fit, else filled lines.

    >>> print(wrapped("A = [", ["1", "2"], "]"))
    A = [1, 2]
    """
    items, blank = list(items), " " * indent
    line = f"{blank}{start}{', '.join(items)}{end}"
    if len(line) <= WIDTH and "\n" not in line:
        return line
    lines = filled((f"{item}," for item in items), indent + 4)
    return "\n".join([f"{blank}{start}", *lines, f"{blank}{end}"])


def filled(words: Iterable[str], indent: int) -> list[str]:
    """Words in lines as long as the page is wide; a word with line ends stands by itself."""
    lines, line = [], ""
    for word in words:
        if "\n" in word:
            lines += [line] if line else []
            lines += [f"{' ' * indent}{part}" for part in word.split("\n")]
            line = ""
        elif line and indent + len(line) + 1 + len(word) > WIDTH:
            lines, line = [*lines, line], word
        else:
            line = f"{line} {word}" if line else word
    lines += [line] if line else []
    return [one if one.startswith(" ") else f"{' ' * indent}{one}" for one in lines]


def names(name: str, values: Iterable, comment: str = "") -> str:
    """A constant that holds a list."""
    text = wrapped(f"{name} = [", map(literal, values), "]")
    return with_comment(text, comment)


def mapping(name: str, pairs: dict, comment: str = "") -> str:
    """A constant that holds a mapping of plain values."""
    items = [f"{literal(key)}: {literal(value)}" for key, value in pairs.items()]
    return with_comment(wrapped(f"{name} = {{", items, "}"), comment)


def with_comment(text: str, comment: str, indent: int = 0) -> str:
    """A text with a comment above it; no line of it is longer than the page is wide."""
    if not comment:
        return text
    said = comment_lines(comment, indent)
    return "\n".join([*said, text])


def comment_lines(text: str, indent: int = 0) -> list[str]:
    """A sentence as lines of comment; what a table holds can't end it.

    >>> comment_lines("two\\nlines")
    ['# two lines']
    """
    mark = f"{' ' * indent}# "
    plain = " ".join(str(text).split())
    return textwrap.wrap(plain, WIDTH, initial_indent=mark, subsequent_indent=mark)


def call(name: str, parameters: dict, indent: int = 0) -> str:
    """A call with named parameters."""
    said = [f"{key}={value}" for key, value in parameters.items()]
    return wrapped(f"{name}(", said, ")", indent).lstrip()


def estimator(model, **more) -> str:
    """A scikit-learn estimator as it is made: its class, and the parameters that differ.

    >>> from sklearn.linear_model import Ridge
    >>> estimator(Ridge(alpha=2.0))
    'Ridge(alpha=2.0)'
    """
    usual = {n: p.default for n, p in signature(type(model).__init__).parameters.items()}
    given = model.get_params(deep=False)
    changed = {n: v for n, v in given.items() if n in usual and not _same(v, usual[n])}
    said = {name: literal(value) for name, value in changed.items()} | more
    return call(type(model).__name__, said)


def _same(one, other) -> bool:
    return type(one) is type(other) and one == other


def identifier(text: str, taken: Iterable[str] = ()) -> str:
    """A text as the name of a constant, which no other has.

    >>> identifier("Body Mass (g)"), identifier("class")
    ('body_mass_g', 'class_')
    """
    word = re.sub(r"\W+", "_", str(text), flags=re.ASCII).strip("_").lower()[:40] or "column"
    word = f"column_{word}" if word[0].isdigit() else word
    word = f"{word}_" if keyword.iskeyword(word) else word
    while word in taken:
        word = f"{word}_"
    return word


def names_in(text: str) -> set[str]:
    """The names that a text of Python uses."""
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def source_of(function) -> str:
    """The text of a function or class as it stands in its file."""
    return inspect.getsource(function).rstrip()
