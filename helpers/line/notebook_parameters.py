"""The parameters of the notebooks: read from their `parameters` cells, checked before a run.

papermill only warns of a misspelt parameter and passes any type on; here both are errors.
"""

from __future__ import annotations

import ast
import io
import json
import tokenize
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from ..base.earlier_names import EARLIER_NAMES, GONE_NAMES, current_name, rename_notice
from ..base.user_errors import InputError, nearest
from .stage_list import STAGES, Stage

TYPES = {"str": str, "int": int, "float": float, "bool": bool}
WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
SET_ELSEWHERE = {"run": "--name", "data": "--data", "target": "--target", "query": "--query"}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook: its type, its default and what it means."""

    name: str
    type: str
    default: object
    help: str

    def read(self, text: str):
        """The value that a text stands for; raises InputError when it does not fit the type.

        >>> Parameter("folds", "int", 4, "").read("5")
        5
        """
        value = WORDS.get(text.casefold()) if self.type == "bool" else self._as_value(text)
        if value is None:
            raise InputError(
                f"The parameter {self.name} is {_article(self.type)} such as {self.default!r}; "
                f"'{text}' is not. ({self.help})"
            )
        return value

    def of_value(self, value):
        """A value as papermill passes it, such as a list out of YAML, in the parameter's own type.

        Raises InputError when it does not fit.

        >>> column = Parameter("drop", "str", "", "columns, separated by commas")
        >>> column.of_value(["a", "b"]), column.of_value(2024), column.of_value(None)
        ('a, b', '2024', '')
        """
        if type(value) is TYPES[self.type]:
            return value
        if value is None and self.type == "str":
            return ""
        parts = list(value) if isinstance(value, (list, tuple)) and self.type == "str" else [value]
        if any(isinstance(part, (dict, list, tuple, set)) for part in parts):
            raise InputError(
                f"The parameter {self.name} is {_article(self.type)} such as {self.default!r}; "
                f"{str(value)[:80]} came. ({self.help})"
            )
        return self.read(self.mark.join(map(_as_text, parts)))

    @property
    def mark(self) -> str:
        """What stands between the parts of a list in its text."""
        return "; " if "semicolon" in self.help else ", "

    def _as_value(self, text: str):
        """A text in the parameter's type; None where it is none, or a number below 0."""
        try:
            value = TYPES[self.type](text)
        except ValueError:
            return None
        return value if self.type == "str" or 0 <= value < float("inf") else None


def _as_text(value) -> str:
    """A value of YAML as a person would write it."""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value)


def _article(kind: str) -> str:
    return {
        "int": "a whole number from 0",
        "float": "a number from 0",
        "bool": "true or false",
    }.get(kind, "text")


def parse_cell(source: str) -> list[Parameter]:
    """The parameters of a cell of annotated assignments with a comment on each line.

    >>> parse_cell("folds: int = 4  # how many folds")
    [Parameter(name='folds', type='int', default=4, help='how many folds')]
    """
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {t.start[0]: t.string.lstrip("# ").strip() for t in tokens
                if t.type == tokenize.COMMENT}  # fmt: skip
    return [
        Parameter(node.target.id, ast.unparse(node.annotation), ast.literal_eval(node.value),
                  comments.get(node.lineno, ""))
        for node in ast.parse(source).body if isinstance(node, ast.AnnAssign)
    ]  # fmt: skip


@cache
def of_stage(stage: Stage) -> tuple[Parameter, ...]:
    """The parameters of a stage's notebook."""
    for cell in json.loads(stage.path.read_text(encoding="utf-8"))["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            return tuple(parse_cell("".join(cell["source"])))
    return ()


def read_settings(
    settings: Iterable[str], stages: list[Stage], tell: Callable[[str], None] | None = None
) -> dict[str, object]:
    """The parameters given as "name=value" texts, typed and checked against those of the stages.

    An earlier name of a parameter counts as the one of today, and one that is gone is passed over;
    `tell` gets a line that says so.
    """
    here = {p.name for stage in stages for p in of_stage(stage)}
    values = {}
    for given, text in map(parse_setting, settings):
        name = current_name(given)
        if given in {*EARLIER_NAMES, *GONE_NAMES} and tell:
            tell(rename_notice(given))
        if given in GONE_NAMES:
            continue
        if name in SET_ELSEWHERE or name not in here:
            raise InputError(_why_not_here(name))
        values[name] = known_parameters()[name].read(text)
    return values


def parse_setting(setting: str) -> tuple[str, str]:
    """The name and the value of a text "name=value"; raises InputError where it is none.

    >>> parse_setting(" folds = 5")
    ('folds', ' 5')
    """
    name, sign, text = setting.partition("=")
    if not sign:
        raise InputError(f"--set takes name=value; '{setting}' has no '='.")
    return name.strip(), text


def _why_not_here(name: str) -> str:
    """Why a name is no parameter of the stages that were asked for."""
    if name in SET_ELSEWHERE:
        return f"'{name}' is set with {SET_ELSEWHERE[name]}, not with --set."
    if name not in known_parameters():
        return f"There is no parameter '{name}'. {nearest(name, known_parameters())}"
    owner = next(s for s in STAGES if name in {p.name for p in of_stage(s)})
    return (
        f"'{name}' is a parameter of stage {owner.number} ({owner.title}), which is not among the "
        f"stages of this run: add it with --stages."
    )


def known_parameters() -> dict[str, Parameter]:
    """Every parameter of every notebook, by name."""
    return {p.name: p for stage in STAGES for p in of_stage(stage)}
