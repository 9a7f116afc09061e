"""Addresses of tables: what may be shown of one, and passwords that are named, never pasted.

No heavy library is needed for that, so that a command can refuse at once.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

from .errors import InputError

SECRET_NAME = re.compile(r"passw|pwd|token|secret|api_?key|^key$|^sig", re.IGNORECASE)


def from_environment(text: str, quoted: bool = False) -> str:
    """A text with each `${NAME}` filled in; raises InputError for a variable that is not set.

    With `quoted` the values are written as a web address needs them (`@` as `%40`).

    >>> from_environment("no variable here")
    'no variable here'
    """

    def value(match: re.Match) -> str:
        if match[1] not in os.environ:
            raise InputError(f"The environment variable {match[1]} is not set: export it first.")
        filled = os.environ[match[1]]
        return quote(filled, safe="") if quoted else filled

    return re.sub(r"\$\{(\w+)\}", value, text)


def is_path(source: str) -> bool:
    """Whether a source is a file or folder, not an address."""
    return "://" not in source


def shown(source: str) -> str:
    """The source as it may be shown: a file's name, an address without user, password or query.

    >>> shown("postgresql://me:${PASSWORD}@db.example/shop")
    'postgresql://db.example/shop'
    >>> shown("/some/folder/mine.csv")
    'mine.csv'
    """
    if is_path(source):
        return Path(source).name
    parts = urlsplit(source)
    return f"{parts.scheme}://{parts.netloc.rsplit('@', 1)[-1]}{parts.path}"


def refuse_pasted_password(source: str) -> None:
    """Raise when an address holds a password in plain text: it would end up in every report.

    >>> refuse_pasted_password("postgresql://me:${DB_PASSWORD}@localhost/shop")
    """
    if is_path(source):
        return
    try:
        parts = urlsplit(source)
        secrets = [parts.password or ""]
    except ValueError:
        raise InputError("The address can't be read: write it as scheme://host/path.") from None
    secrets += [value for name, value in parse_qsl(parts.query) if SECRET_NAME.search(name)]
    if any(secret and not re.fullmatch(r"\$\{\w+\}", secret) for secret in secrets):
        raise InputError(
            "The address holds a password in plain text, and reports keep addresses. Put it into "
            "an environment variable and name that: scheme://user:${DB_PASSWORD}@host/database."
        )
