"""Optional packages: which extra of this project brings a module that is not installed."""

from __future__ import annotations

import re
from functools import cache
from importlib import metadata

from .places import DISTRIBUTION


def missing(name: str | None) -> str:
    """One line that says how to install a module; "" where no extra of this project brings it.

    >>> missing("mlflow.pyfunc")
    "This needs mlflow, which is not installed: pip install 'pipeline-notebooks[track]'"
    >>> missing("no_such_module")
    ''
    """
    package = _canonical((name or "").partition(".")[0])
    if not (extra := _extras().get(package)):
        return ""
    install = f"pip install '{DISTRIBUTION}[{extra}]'"
    return f"This needs {package}, which is not installed: {install}"


@cache
def _extras() -> dict[str, str]:
    """The extra that brings each optional package; the smallest where there are several."""
    from packaging.requirements import Requirement

    brought: dict[str, list[str]] = {}
    for text in metadata.requires(DISTRIBUTION) or ():
        wanted = Requirement(text)
        if named := re.search(r"extra == ['\"]([\w-]+)['\"]", str(wanted.marker or "")):
            brought.setdefault(named[1], []).append(_canonical(wanted.name))
    smallest_last = sorted(brought, key=lambda extra: -len(brought[extra]))
    return {package: extra for extra in smallest_last for package in brought[extra]}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
