"""Served model."""

from __future__ import annotations

from dataclasses import dataclass

from ..pipeline.one_row_scorer import Scorer, compile_scorer
from ..registry.model_versions import Version
from .model_bundle import (
    MOST_ROWS,
    Bundle,
)


@dataclass(frozen=True)
class Limits:
    """What one request may ask, and how many at once."""

    body: int = 32 * 2**20  # bytes
    rows: int = MOST_ROWS
    seconds: float = 30.0
    at_once: int = 128  # requests


@dataclass(frozen=True)
class Served:
    """The model that answers now: a bundle with its scorer, or only the baseline."""

    bundle: Bundle
    scorer: Scorer | None
    no_scorer: str = ""  # why there is none
    fallback: str = ""  # what answers instead of the current model, and why
    registered: Version | None = None  # the version of the registry that it is

    @property
    def version(self) -> str:
        """The first letters of the model file's hash."""
        return self.bundle.version

    @property
    def road(self) -> str:
        """What answers a single row: compiled, pipeline or baseline."""
        if self.bundle.model is None:
            return "baseline"
        return "compiled" if self.scorer else "pipeline"


def served(bundle: Bundle, fallback: str = "") -> Served:
    """A bundle made ready to answer: its scorer compiled and checked."""
    if bundle.model is None:
        return Served(bundle, None, "the baseline answers", fallback)
    scorer, why = compile_scorer(bundle.task, bundle.model, list(bundle.fields), bundle.examples)
    return Served(bundle, scorer, why, fallback)


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """A request that is answered with a status and one sentence."""

    def __init__(self, status: int, detail: str, retry: bool = False):
        super().__init__(detail)
        self.status, self.detail, self.retry = status, detail, retry
