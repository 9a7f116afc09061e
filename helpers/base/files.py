"""Files and folders written whole, and their hashes.

A reader sees the old file or the new one, never half of it: what is written goes to a draft beside
the file, which takes its name at the end. A process that is killed leaves a draft behind, never a
damaged file; the draft's name holds its number, so that `clear_drafts` can tell whose it was.
"""

import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(target: Path):
    """Write a file whole: yields the draft to write, which takes the file's name at the end.

    Where the block fails, the draft goes and the file stays as it was.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "note.txt"
    ...     with replacing(file) as draft:
    ...         _ = draft.write_text("whole")
    ...         there = file.exists()
    ...     there, file.read_text()
    (False, 'whole')
    """
    draft = draft_of(target)
    try:
        yield draft
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def replacing_folder(target: Path):
    """Make a folder whole: yields an empty draft of it, which takes its name at the end.

    Where the folder is there by then, it stays: another process was quicker, with the same content.
    """
    draft = draft_of(target)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
        if not target.exists():
            _rename_folder(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _rename_folder(draft: Path, target: Path) -> None:
    try:
        draft.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def draft_of(target: Path) -> Path:
    """The draft of a file or folder in this process: a hidden neighbour of it."""
    return target.with_name(f".{target.name}.{os.getpid()}.draft")


def clear_drafts(folder: Path) -> None:
    """Delete the drafts in a folder that killed processes left behind; those of living ones stay.

    Only this machine's processes are known: call it on what other machines do not write.
    """
    for draft in list(folder.rglob(".*.draft")):
        writer = draft.name.split(".")[-2]
        if writer.isdecimal() and not is_running(int(writer)):
            delete(draft)


def delete_drafts(folder: Path) -> None:
    """Delete every draft in a folder, once nobody writes there any more."""
    for draft in list(folder.rglob(".*.draft")):
        delete(draft)


def delete(path: Path) -> None:
    """Delete a file or a folder with all that is in it; nothing happens where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def is_running(pid: int) -> bool:
    """Whether a process of that number runs on this machine.

    >>> is_running(os.getpid())
    True
    """
    try:
        os.kill(pid, 0)
    except PermissionError:  # it does, for another user
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def write_text(target: Path, text: str) -> None:
    """Write a text file whole, in UTF-8."""
    with replacing(target) as draft:
        draft.write_text(text, encoding="utf-8")


def write_json(target: Path, content) -> None:
    """Write a JSON file whole."""
    write_text(target, as_json(content))


def as_json(content) -> str:
    """Content as JSON text with one key a line.

    >>> print(as_json({"rows": 3, "made": Path("a")}), end="")
    {
     "rows": 3,
     "made": "a"
    }
    """
    return json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n"


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(content: str | bytes) -> str:
    """The SHA-256 of bytes, or of a text in UTF-8, in hexadecimal.

    >>> sha256_of("a")[:12]
    'ca978112ca1b'
    """
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
