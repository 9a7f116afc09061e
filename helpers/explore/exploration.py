"""An exploration: a table's survey, its associations and its findings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..base.findings import ranked
from ..learning.units import UnitRule, find_units, units_of
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
    def units(self) -> UnitRule:
        """Which rows belong together, such as those of a customer or a day."""
        label = self.survey.label
        known = None if label is None else ~np.isnan(label[self.survey.sampled])
        if label is None or not known.any():
            return find_units(self.typed)
        y = label[self.survey.sampled][known]
        return find_units(self.typed[known].drop(columns=self.survey.target), y)

    @property
    def unit(self) -> np.ndarray | None:
        """Of which unit each sampled row is; None where each is by itself."""
        return units_of(self.units, self.typed)

    @cached_property
    def typed(self) -> pd.DataFrame:
        """The sampled rows, each column as what it holds."""
        return pd.DataFrame({one.name: one.sample.array for one in self.survey.columns})

    @cached_property
    def associations(self) -> Associations:
        """How strongly its columns go together."""
        return association.associate(self.survey, self.unit)

    @cached_property
    def findings(self) -> list[Oddity]:
        """What deserves a look, the most severe first."""
        file = [Oddity("odd file", "warning", (), text, "", "overview") for text in self.of_file]
        found = [*file, *find_oddities.find(self.survey, self.associations)]
        return ranked(found)
