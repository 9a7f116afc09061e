"""The licences of all packages, from what is installed: `make licences` writes docs/licences.md."""

from __future__ import annotations

import re
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from helpers.base.places import REPOSITORY

PAGE = REPOSITORY / "docs" / "licences.md"
PROJECT = "pipeline-notebooks"
# Packages that name no licence, but hold its text
BY_TEXT = {"Permission is hereby granted, free of charge": "MIT", "Apache License": "Apache-2.0"}
COPYLEFT = re.compile(r"\b(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)
WEAK_COPYLEFT = re.compile(r"\bLGPL|Lesser General Public", re.IGNORECASE)


def needed(extra: str = "") -> set[str]:
    """The packages that installing this project brings here, with one of its extras."""
    found, waiting = set(), [(PROJECT, frozenset({extra}))]
    while waiting:
        package, extras = waiting.pop()
        for text in metadata.requires(package) or ():
            wanted = Requirement(text)
            marker = wanted.marker
            if marker and not any(marker.evaluate({"extra": one}) for one in extras):
                continue
            one = (canonicalize_name(wanted.name), frozenset({"", *wanted.extras}))
            if one not in found:
                found.add(one)
                waiting.append(one)
    return {name for name, _ in found}


def licence_of(package: str) -> str:
    """The licence that a package names in its metadata, or whose text it holds."""
    said = metadata.metadata(package)
    short = (said.get("License") or "").strip()
    classes = [c.split(" :: ")[-1] for c in said.get_all("Classifier") or ()
               if c.startswith("License :: ") and not c.endswith("OSI Approved")]  # fmt: skip
    if expression := said.get("License-Expression"):
        return expression
    if classes:
        return ", ".join(sorted(classes))
    if short and short != "UNKNOWN" and "\n" not in short and len(short) < 60:
        return short
    for file in metadata.files(package) or ():
        if re.match(r"(LICEN[CS]E|COPYING)", file.name, re.IGNORECASE):
            text = file.locate().read_text(encoding="utf-8", errors="replace")
            return next((name for start, name in BY_TEXT.items() if start in text), "its own")
    return "not said"


def table(packages: set[str]) -> list[str]:
    """A row of Markdown a package: its name and licence."""
    return [f"| {name} | {licence_of(name)} |" for name in sorted(packages)]


def page() -> str:
    """The page: what a user must install, and what only development needs."""
    must = needed("all")
    more = needed("dev") - must
    head = ["| package | licence |", "|---|---|"]
    return "\n".join(
        [
            "# Licences of the packages",
            "",
            "As each package itself says, on Linux, under its canonical name; made by `make "
            "licences`. Nothing that a user must install is under the GPL, the LGPL or the AGPL.",
            "",
            f"## What a user must install ({len(must)})",
            "",
            *head,
            *table(must),
            "",
            f"## What only development needs ({len(more)})",
            "",
            "psycopg, the driver of a PostgreSQL log, is under the LGPL: whoever wants such a log "
            "installs it, and it is in the image of `deploy/Dockerfile`.",
            "",
            *head,
            *table(more),
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
