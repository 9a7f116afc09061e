"""The model that a service answers with, ready to answer: its compiled forms made and checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..pipeline.agreement_check import ROW, TABLE, agreement
from ..pipeline.compiled import Compiled
from ..pipeline.wanted import Wanted
from ..registry.model_versions import Version
from .beside import Beside
from .model_bundle import MOST_ROWS, Bundle

EVERYTHING = Wanted(interval=0.9, why=1)  # a check looks at all columns' reasons
COMPILED, PIPELINE, BASELINE = "compiled", "pipeline", "baseline"  # what answers


@dataclass(frozen=True)
class Limits:
    """What one request may ask, and how many at once."""

    body: int = 32 * 2**20  # bytes
    rows: int = MOST_ROWS
    seconds: float = 30.0
    at_once: int = 128  # requests
    stalled: float = 10.0  # seconds without a byte of a body
    waiting: int = 256 * 2**20  # bytes of all bodies that are being sent


@dataclass(frozen=True)
class Served:
    """The model that answers now: a bundle with its compiled form, or only the baseline.

    `why_not` says by form (`row`, `table`) why the pipeline answers instead; "" where it need not.
    """

    bundle: Bundle
    compiled: Compiled | None = None
    why_not: dict[str, str] = field(default_factory=dict)
    fallback: str = ""  # what answers instead of the current model, and why
    registered: Version | None = None  # the version of the registry that it is
    made: float = 0.0  # when (Unix time); 0 where that is not known

    @property
    def version(self) -> str:
        """The first letters of the model file's hash."""
        return self.bundle.version

    @property
    def for_rows(self) -> Compiled | None:
        """What answers single rows, where the compiled form may."""
        return None if self.why_not.get(ROW) else self.compiled

    @property
    def for_tables(self) -> Compiled | None:
        """What answers many rows, where the compiled form may."""
        return None if self.why_not.get(TABLE) else self.compiled

    @property
    def single_row_path(self) -> str:
        """What answers a single row: compiled, pipeline or baseline."""
        return self._path(self.for_rows)

    @property
    def many_row_path(self) -> str:
        """What answers many rows: compiled, pipeline or baseline."""
        return self._path(self.for_tables)

    def state(self) -> dict:
        """What the service says of the model it answers with."""
        reasons = dict.fromkeys(filter(None, self.why_not.values()))
        return {
            "status": "degraded" if self.fallback else "ready",
            "model": self.version,
            "single_row_path": self.single_row_path,
            "many_row_path": self.many_row_path,
            "no_compiled_scorer": "; ".join(reasons),
            "fallback": self.fallback,
            "registered": str(self.registered or ""),
        }

    def _path(self, form: Compiled | None) -> str:
        if self.bundle.model is None:
            return BASELINE
        return COMPILED if form else PIPELINE


def served(bundle: Bundle, fallback: str = "") -> Served:
    """A bundle made ready to answer: its compiled forms made, and checked on its examples."""
    if bundle.model is None:
        return Served(bundle, None, {ROW: "the baseline answers"}, fallback)
    compiled = Compiled(bundle.task, bundle.model, list(bundle.fields))
    beside = Beside.of(bundle, EVERYTHING)
    found = agreement(compiled, bundle.model, bundle.examples, beside=beside or None)
    return Served(bundle, compiled, found, fallback)
