"""Files in storage that fsspec knows (s3://…): listed, marked by what they hold, fetched."""

from __future__ import annotations

from pathlib import Path

from .addresses import from_environment, is_path, refuse_pasted_password, shown
from .files import replacing, sha256_of
from .user_errors import InputError

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
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if isinstance(error, FileNotFoundError):
        reason = "there is no such file or folder"
    return InputError(
        f"{shown(address)} can't be used: {reason}. Check the address, and the credentials in the "
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
    marks = [next((info[key] for key in MARKS if info.get(key)), None) for info in files.values()]
    if None in marks:
        return None
    lines = zip(files.items(), marks, strict=True)
    return sha256_of("".join(f"{name} {i.get('size')} {mark}\n" for (name, i), mark in lines))


def fetch_stored(address: str, folder: Path) -> Path:
    """Copy what is stored at an address into a folder; returns the local file or folder.

    A file that is there already, as large as the one in storage, is not copied again.
    """
    files = stored_files(address)
    found, path = filesystem(address)
    is_one = list(files) == [path]
    for name, info in files.items():
        own = Path(name).name if is_one else name.removeprefix(path).lstrip("/")
        target = _inside(folder, own, address)
        if not (target.is_file() and target.stat().st_size == info.get("size")):
            _copy(found, name, target, address)
    return folder / Path(path).name if is_one else folder


def _inside(folder: Path, name: str, address: str) -> Path:
    """The file of a name in a folder; InputError where the name leads out of it."""
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{shown(address)} holds a name that leads out of it: '{name}'.")
    return target


def _copy(found, name: str, target: Path, address: str) -> None:
    """Copy a file of a filesystem, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as draft:
        try:
            found.get_file(name, str(draft))
        except Exception as error:
            raise fails_at(address, error) from None
