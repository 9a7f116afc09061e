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
from .base.files import replacing, sha256_of
from .errors import InputError


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
    if name.startswith(credentials.PREFIX):
        raise InputError(
            f"The password or token that was given with the address is kept nowhere: set {name} to "
            f"it (export it, or a line in .env), or give the whole address once more."
        )
    raise InputError(
        f"The environment variable {name} is not set: export it first, or put it into .env."
    )


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


def local_path(source: str) -> Path:
    """The path of a file or folder; raises InputError where no file can have such a name.

    >>> local_path("mine.csv").name
    'mine.csv'
    """
    try:
        path = Path(source).expanduser()
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return path
    except (OSError, RuntimeError, ValueError) as error:
        said = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise InputError(f"{source[:60]!r} can't be the path of a file: {said}.") from None
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


# --- Storage ------------------------------------------------------------------------------------

# How filesystems mark what a file holds, the surest first
MARKS = ("ETag", "etag", "md5Hash", "checksum", "LastModified", "mtime", "modify", "last_modified")


def is_stored(source: str) -> bool:
    """Whether a source is an address of storage that fsspec knows; http(s) is handled elsewhere.

    >>> is_stored("s3://bucket/key.parquet"), is_stored("sqlite:///shop.db"), is_stored("mine.csv")
    (True, False, False)
    """
    if is_path(source):
        return False
    from fsspec.registry import available_protocols

    scheme = source.split("://", 1)[0].split("::")[-1].lower()
    return scheme in set(available_protocols()) - {"http", "https"}


def filesystem(address: str):
    """The fsspec filesystem of an address, and its path there.

    `${NAME}` in it is filled from the environment. Raises InputError where the package for that
    kind of storage is missing, or the address holds a password.
    """
    refuse_pasted_password(address)
    import fsspec

    scheme = address.split("://", 1)[0].lower()
    try:
        found, path = fsspec.core.url_to_fs(from_environment(address, quoted=True))
    except ImportError as error:
        extra = 'pip install ".[s3]"' if scheme in ("s3", "s3a") else str(error).splitlines()[0]
        raise InputError(f"A package for {scheme}:// addresses is missing: {extra}.") from None
    except ValueError as error:
        raise InputError(f"The address {shown(address)} can't be read: {error}.") from None
    found.invalidate_cache()
    return found, path.rstrip("/")


def fails_at(address: str, error: Exception) -> InputError:
    """The message for a filesystem error; each kind of filesystem raises its own error types."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if isinstance(error, FileNotFoundError):
        said = "there is no such file or folder"
    return InputError(
        f"{shown(address)} can't be used: {said}. Check the address, and the credentials in the "
        f"environment."
    )


def stored_files(address: str) -> dict[str, dict]:
    """The files at an address by path, with the filesystem's details: one, or a folder's.

    Of a folder of tables these are its Parquet files. Raises InputError where there is none.
    """
    found, path = filesystem(address)
    try:
        if found.isfile(path):
            return {path: found.info(path)}
        files = found.find(path, detail=True)
    except Exception as error:
        raise fails_at(address, error) from None
    tables = {name: info for name, info in sorted(files.items()) if name.endswith(".parquet")}
    if not tables:
        raise fails_at(address, FileNotFoundError())
    return tables


def stored_mark(address: str) -> str | None:
    """A hash that changes when what is stored at an address does, without reading it.

    It is made of the files' names, sizes and ETags, or times of change; None where the filesystem
    has no such thing, or does not answer.
    """
    try:
        files = stored_files(address)
    except InputError:
        return None
    said = []
    for name, info in files.items():
        mark = next((info[key] for key in MARKS if info.get(key)), None)
        if mark is None:
            return None
        said.append(f"{name} {info.get('size')} {mark}\n")
    return sha256_of("".join(said))


def fetch_stored(address: str, folder: Path) -> Path:
    """Copy what is stored at an address into a folder; returns the local file or folder.

    A file that is there already, as large as the one in storage, is not copied again.
    """
    files = stored_files(address)
    found, path = filesystem(address)
    is_one = list(files) == [path]
    for name, info in files.items():
        own = Path(name).name if is_one else name.removeprefix(path).lstrip("/")
        target = folder / own
        if not target.resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{shown(address)} holds a name that leads out of it: '{own}'.")
        if target.is_file() and target.stat().st_size == info.get("size"):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as draft:
            try:
                found.get_file(name, str(draft))
            except Exception as error:
                raise fails_at(address, error) from None
    return folder / Path(path).name if is_one else folder
