"""Addresses of tables: what may be shown of one, and passwords that are named in them.

No heavy library is needed for that, so that a command can refuse at once. What is in storage (S3
and whatever else fsspec knows) is opened here as well, with credentials from the environment alone.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote, urlsplit

from . import credentials
from .user_errors import InputError

NOT_SET = "The environment variable {name} is not set: export it first, or put it into .env."
NOT_KEPT = (
    "The password or token that was given with the address is kept nowhere: set {name} to it "
    "(export it, or a line in .env), or give the whole address once more."
)


def from_environment(text: str, quoted: bool = False) -> str:
    """A text with each `${NAME}` filled in; raises InputError for a variable that is not set.

    Variables are those of the environment and of the file `.env`. With `quoted` the values are
    written as a web address needs them (`@` as `%40`).

    >>> from_environment("no variable here")
    'no variable here'
    """

    def value(match: re.Match) -> str:
        filled = _variable(match[1])
        return quote(filled, safe="") if quoted else filled

    return credentials.REFERENCE.sub(value, text)


def _variable(name: str) -> str:
    if name not in os.environ:
        credentials.read_env_file()
    if name in os.environ:
        return os.environ[name]
    was_pasted = name.startswith(credentials.PREFIX)
    raise InputError((NOT_KEPT if was_pasted else NOT_SET).format(name=name))


def filled(url):
    """A SQLAlchemy address whose parts are filled from the environment one by one."""
    parts = {
        name: from_environment(value)
        for name in ("username", "password", "host", "database")
        if (value := getattr(url, name))
    }
    query = {k: from_environment(v) if isinstance(v, str) else v for k, v in url.query.items()}
    return url.set(**parts, query=query)


def is_path(source: str) -> bool:
    """Whether a source is a file or folder, not an address."""
    return "://" not in source


def with_format(source: str) -> tuple[str, str]:
    """A file's name, and how its text is written where that stands behind it; else "".

    >>> with_format("mine.csv?delimiter=semicolon&header=3")
    ('mine.csv', 'delimiter=semicolon&header=3')
    """
    name, mark, written = source.rpartition("?")
    if not mark or not is_path(source) or not re.match(r"[a-z_]+=", written):
        return source, ""
    return name, written


def local_path(source: str) -> Path:
    """The path of a file or folder, without what stands behind it of its format.

    Raises InputError where no file can have such a name.

    >>> local_path("mine.csv").name
    'mine.csv'
    """
    source = with_format(source)[0]
    try:
        path = Path(source).expanduser()
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return path
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise InputError(f"{source[:60]!r} can't be the path of a file: {reason}.") from None
    return path


def shown(source: str) -> str:
    """The source as it may be shown: a file's name, an address without its password and query.

    >>> shown("postgresql://me:${PASSWORD}@db.example/shop")
    'postgresql://me:***@db.example/shop'
    >>> shown("/some/folder/mine.csv")
    'mine.csv'
    """
    if is_path(source):
        return Path(source).name
    parts = _parts(source)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _parts(source: str):
    """The parts of an address, its secrets masked; raises InputError if it is not an address."""
    try:
        return urlsplit(credentials.blank(source))
    except ValueError:
        raise InputError("The address can't be read: write it as scheme://host/path.") from None


def refuse_pasted_password(source: str) -> None:
    """Raise when an address holds a password in plain text: it would end up in every report.

    Commands take such an address and hide the password (`credentials.hide`); in a notebook's cell
    it stands already.

    >>> refuse_pasted_password("postgresql://me:${DB_PASSWORD}@localhost/shop")
    """
    if is_path(source):
        return
    _parts(source)
    if credentials.pasted(source):
        raise InputError(
            "The address holds a password in plain text, and reports keep addresses. Put it into "
            "an environment variable, or the file .env, and name that: "
            "scheme://user:${DB_PASSWORD}@host/database."
        )
