"""An exported file while it is written: its constants, tables, functions, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass, field

from .python_text import names_in

TABLES = "tables.json"


@dataclass
class Draft:
    """What the parts of an export have written so far, in the order of the file.

    `constants` and `functions` are texts of Python; `tables` goes into a JSON file beside it;
    `left_out` says which steps have no plain form here, a sentence each.
    """

    constants: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    tables: dict = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def leave_out(self, what: str) -> None:
        """Note a step that is left out, once."""
        plain = " ".join(what.split())
        if plain not in self.left_out:
            self.left_out.append(plain)

    @property
    def body(self) -> str:
        """All that is written by now."""
        return "\n\n\n".join([*self.constants, *self.functions])

    def uses(self, name: str) -> bool:
        """Whether something of what is written uses a name."""
        return name in names_in(self.body)
