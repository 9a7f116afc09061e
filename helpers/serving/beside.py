"""What is said beside a prediction: an interval or a set, whether to abstain, and reasons.

`Beside` answers what was asked (`Wanted`) for one model, from the row of features that the model
itself was given: of one row as JSON, of many as columns. What a model can't say it names
(`cannot`), and the prediction stands without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..answers.certainty import Certainty
from ..answers.reasons import Reasons
from ..base.user_errors import InputError
from ..learning.task_kind import Task
from ..pipeline.wanted import NOTHING, Wanted
from .reason_texts import reason_text

LOW, HIGH, SET, ABSTAIN = "prediction_low", "prediction_high", "prediction_set", "abstain"
MOST_KEPT = 64  # of what is wanted, by model
BETWEEN = " | "  # classes of a set, in one cell
NO_FOLDS = (
    "The model was made before intervals were: no interval, set or abstention. Make it again with "
    "`pipeline run --stages 5-7`."
)
BASELINE = "The baseline answers: no interval, set, abstention or reasons."
NUMBERS = "abstain_above is for classes: the interval tells how sure a number is."


@dataclass(frozen=True)
class Beside:
    """What one model says beside its predictions: what was `wanted`, without what it can't say.

    `cannot` holds a sentence for each of these. `certainty` and `reasons` are those of the model;
    None where they are not asked.
    """

    task: Task
    wanted: Wanted = NOTHING
    certainty: Certainty | None = None
    reasons: Reasons | None = None
    cannot: tuple[str, ...] = ()

    @classmethod
    def of(cls, bundle, wanted: Wanted) -> Beside:
        """What a bundle's model says of what is wanted."""
        found = bundle.besides.get(wanted)
        if found is None:
            if len(bundle.besides) >= MOST_KEPT:  # whoever asks may ask for any level
                bundle.besides.clear()
            found = bundle.besides[wanted] = cls._made(bundle, wanted)
        return found

    @classmethod
    def _made(cls, bundle, wanted: Wanted) -> Beside:
        task = bundle.task
        if bundle.model is None:
            return cls(task, cannot=(BASELINE,) if wanted else ())
        lacks, reasons = dict(_lacks(task, bundle.certainty, wanted)), None
        try:
            reasons = bundle.reasons if wanted.why else None
        except InputError as error:
            lacks["why"] = str(error)
        wanted = replace(wanted, **{name: getattr(NOTHING, name) for name in lacks})
        return cls(task, wanted, bundle.certainty, reasons, tuple(dict.fromkeys(lacks.values())))

    def __bool__(self) -> bool:
        return bool(self.wanted)

    @property
    def why(self) -> int:
        """How many reasons it gives."""
        return min(self.wanted.why, len(self.reasons.columns)) if self.reasons else 0

    # One row

    def of_row(self, raw: dict, x: np.ndarray, prediction, chances: list | None) -> dict:
        """What is said of a row, as JSON has it. `x` are its features, `raw` its cells."""
        said = self._sure_of_row(x, prediction, chances)
        if "interval" in said:
            said["interval"] = _interval(self.wanted.interval, *said["interval"])
        if "set" in said:
            said["set"] = self._classes(said["set"])
        return said | self._reasons_in_json(raw, x, prediction) if self.why else said

    def _sure_of_row(self, x: np.ndarray, prediction, chances: list | None) -> dict:
        """How sure the answer to one row is: ends, a mask of classes, whether it abstains."""
        said, level, risk = {}, self.wanted.interval, self.wanted.abstain_above
        if level is not None and self.task.is_regression:
            said["interval"] = self.certainty.interval_row(prediction, x, level)
        elif level is not None:
            said["set"] = self.certainty.set_row(chances, level)
        if risk is not None:
            said["abstain"] = bool(self.certainty.abstains_row(chances, risk))
        return said

    def _classes(self, is_in: Iterable[bool]) -> list[str]:
        return [name for name, one in zip(self.task.classes, is_in, strict=True) if one]

    def _reasons_in_json(self, raw: dict, x: np.ndarray, prediction) -> dict:
        position = self._position(prediction)
        found = self.reasons.of_row(x, position)
        order = strongest(found[None, :], self.why)[0]
        return self._in_json(raw, order, found[order], self.reasons.base_of(position))

    def _position(self, prediction) -> int:
        """Where the class that was answered stands among the classes; 0 for a number."""
        return 0 if self.task.is_regression else self.task.classes.index(str(prediction))

    def _in_json(self, raw: dict, order: np.ndarray, sizes: np.ndarray, base: float) -> dict:
        names = self.reasons.columns
        why = [{"column": names[place], "value": raw.get(names[place]), "contribution": size}
               for place, size in zip(order.tolist(), sizes.tolist(), strict=True)]  # fmt: skip
        return {"why": why, "base": float(base), "scale": self.reasons.scale}

    def _bases(self, positions: np.ndarray) -> np.ndarray:
        """The base of the class at each position."""
        places, row = np.unique(positions, return_inverse=True)
        return np.array([self.reasons.base_of(int(place)) for place in places])[row]

    # As numbers, to compare roads

    def numbers_of(self, X: np.ndarray, prediction, probability) -> np.ndarray:
        """All that is said of n rows, with the reasons of every column: n × numbers."""
        said = [*self._sure(X, prediction, probability).values()]
        if self.why:
            said.append(self.reasons.of_rows(X, self._positions(prediction)))
        return np.column_stack(said).astype(float)

    def numbers_of_row(self, x: np.ndarray, prediction, chances: list | None) -> np.ndarray:
        """The same of one row, by what answers one row."""
        said = [*self._sure_of_row(x, prediction, chances).values()]
        if self.why:
            said.append(self.reasons.of_row(x, self._position(prediction)))
        return np.concatenate([np.ravel(one) for one in said]).astype(float)

    # Many rows

    def look(self) -> Looked:
        """What collects what is said, while rows are answered (see `predict`'s `look`)."""
        return Looked(self)

    def numbers(self, X: np.ndarray, prediction, probability) -> dict[str, np.ndarray]:
        """What is said of n rows of features, as arrays of n rows."""
        found = self._sure(X, prediction, probability)
        return found | self._why(X, prediction) if self.why else found

    def _sure(self, X: np.ndarray, prediction, probability) -> dict[str, np.ndarray]:
        """How sure the answers to n rows are."""
        found = {}
        level, risk = self.wanted.interval, self.wanted.abstain_above
        if level is not None and self.task.is_regression:
            found["interval"] = self.certainty.interval(prediction, X, level)
        elif level is not None:
            found["set"] = self.certainty.sets(probability, level)
        if risk is not None:
            found["abstain"] = self.certainty.abstains(probability, risk)
        return found

    def _positions(self, prediction: np.ndarray) -> np.ndarray:
        """`_position` of n answers."""
        if self.task.is_regression:
            return np.zeros(len(prediction), dtype=int)
        return pd.Index(self.task.classes).get_indexer(prediction.astype(str))

    def _why(self, X: np.ndarray, prediction: np.ndarray) -> dict[str, np.ndarray]:
        positions = self._positions(prediction)
        found = self.reasons.of_rows(X, positions)
        order = strongest(found, self.why)
        sizes = np.take_along_axis(found, order, axis=1)
        return {"order": order, "size": sizes, "base": self._bases(positions)}


def _lacks(task: Task, certainty: Certainty | None, wanted: Wanted) -> Iterator[tuple[str, str]]:
    """What of that a model can't say: the option, and why, in a sentence."""
    level, risk = wanted.interval, wanted.abstain_above
    if level is not None and (why_not := certainty.cannot_tell(level) if certainty else NO_FOLDS):
        yield "interval", why_not
    if risk is not None and (task.is_regression or certainty is None):
        yield "abstain_above", NUMBERS if task.is_regression else NO_FOLDS


def strongest(contributions: np.ndarray, count: int) -> np.ndarray:
    """The places of the largest contributions of each row, n × `count`, the largest first.

    >>> strongest(np.array([[0.1, -0.5, 0.2]]), 2).tolist()
    [[1, 2]]
    """
    return np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, :count]


def _interval(level: float, low: float, high: float) -> dict:
    """An interval as JSON has it; an end that is not bounded is null."""
    return {"level": level, "low": _bounded(low), "high": _bounded(high)}


def _bounded(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


class Looked:
    """Collects what is said beside the answers to rows that come a block at a time."""

    def __init__(self, beside: Beside):
        self._beside = beside
        self._blocks: list[dict[str, np.ndarray]] = []

    def __call__(self, X: np.ndarray, prediction: np.ndarray, probability: np.ndarray | None):
        """Look at the answers to a block of rows of features."""
        self._blocks.append(self._beside.numbers(X, prediction, probability))

    def _found(self) -> dict[str, np.ndarray]:
        """The arrays of all blocks together."""
        names = self._blocks[0] if self._blocks else {}
        return {name: np.concatenate([one[name] for one in self._blocks]) for name in names}

    def in_json(self, rows: list[dict]) -> list[dict]:
        """What is said of each of the rows that were answered, as JSON has it."""
        beside, found = self._beside, self._found()
        said: list[dict] = [{} for _ in rows]
        for one, ends in zip(said, found.get("interval", ()), strict=False):
            one["interval"] = _interval(beside.wanted.interval, *ends)
        for one, is_in in zip(said, found.get("set", ()), strict=False):
            one["set"] = beside._classes(is_in)
        for one, abstains in zip(said, found.get("abstain", ()), strict=False):
            one["abstain"] = bool(abstains)
        if "order" in found:
            every = zip(rows, *(found[name] for name in ("order", "size", "base")), strict=True)
            for one, why in zip(said, every, strict=True):
                one |= beside._in_json(*why)
        return said

    def columns(self, cells: Callable[[str], pd.Series | None], index=None) -> pd.DataFrame:
        """What is said, as columns; `cells` gives a column of the rows by its name (or None)."""
        found, made = self._found(), {}
        if "interval" in found:
            made |= {LOW: found["interval"][:, 0], HIGH: found["interval"][:, 1]}
        if "set" in found:
            made[SET] = set_texts(self._beside.task.classes, found["set"])
        if "abstain" in found:
            made[ABSTAIN] = found["abstain"]
        return pd.DataFrame(made | self._why_columns(found, cells), index=index)

    def _why_columns(self, found: dict[str, np.ndarray], cells) -> dict:
        """By reason its text, its column and its contribution; and the base."""
        made = {}
        for place in range(self._beside.why if "order" in found else 0):
            order, size = found["order"][:, place], found["size"][:, place]
            made[f"why_{place + 1}"] = self._texts(order, size, cells)
            made[f"why_{place + 1}_column"] = self._names[order]
            made[f"why_{place + 1}_contribution"] = size
        return made | ({"why_base": found["base"]} if made else {})

    @property
    def _names(self) -> np.ndarray:
        return np.array(self._beside.reasons.columns, dtype=object)

    def _texts(self, order: np.ndarray, size: np.ndarray, cells) -> np.ndarray:
        """One reason a row as text, column by column."""
        texts = np.empty(len(order), dtype=object)
        for place in np.unique(order):
            rows = np.flatnonzero(order == place)
            name = self._beside.reasons.columns[place]
            values = _values(cells(name), rows)
            pairs = zip(values, size[rows].tolist(), strict=True)
            texts[rows] = [reason_text(name, *pair) for pair in pairs]
        return texts


def _values(column: pd.Series | None, rows: np.ndarray) -> list:
    """The cells of a column in some rows, missing ones as None."""
    if column is None:
        return [None] * len(rows)
    values = column.iloc[rows].astype(object)
    return values.where(values.notna(), None).tolist()


def set_texts(classes: tuple[str, ...], is_in: np.ndarray) -> np.ndarray:
    """The sets of n rows as texts: classes with " | " between; a "|" of a class's own is "\\|".

    >>> set_texts(("no", "yes"), np.array([[True, False], [True, True]])).tolist()
    ['no', 'no | yes']
    """
    names = [name.replace("|", r"\|") for name in classes]
    different, place = np.unique(is_in, axis=0, return_inverse=True)
    words = [BETWEEN.join(n for n, one in zip(names, row, strict=True) if one) for row in different]
    return np.array(words, dtype=object)[np.ravel(place)]
