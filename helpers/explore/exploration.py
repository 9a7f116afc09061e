"""An exploration: a table's survey, its associations and its findings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..base.findings import ranked
from . import association, find_oddities
from .association import Associations
from .oddity import Oddity
from .surveyed_table import Survey


@dataclass
class Exploration:
    """A table's survey, and what follows from it, worked out when first asked for."""

    survey: Survey
    of_file: tuple[str, ...] = ()  # what was odd in the file, a sentence each

    @cached_property
    def associations(self) -> Associations:
        """How strongly its columns go together."""
        return association.associate(self.survey)

    @cached_property
    def findings(self) -> list[Oddity]:
        """What deserves a look, the most severe first."""
        file = [Oddity("odd file", "warning", (), text, "", "overview") for text in self.of_file]
        found = [*file, *find_oddities.find(self.survey, self.associations)]
        return ranked(found)
