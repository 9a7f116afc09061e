"""The one error that a user can cause, the hint that goes with it, and what a disk refuses."""

import errno
from difflib import get_close_matches

from .credentials import mask


class InputError(ValueError):
    """The request or the data can't be used; the text says what was expected and what to do.

    The command line prints it as one line and exits with code 2. What a driver said is often part
    of the text, so secrets in it are masked.

    >>> str(InputError("postgresql://me:s3cret@db.example/shop does not answer."))
    'postgresql://me:***@db.example/shop does not answer.'
    """

    def __init__(self, text: str = ""):
        super().__init__(mask(str(text)))


def nearest(name, choices) -> str:
    """A hint that names the choice most like `name`, or lists the choices when none is.

    >>> nearest("speceis", ["island", "species"])
    "Did you mean 'species'?"
    >>> nearest("x", ["island", "species"])
    'There are: island, species.'
    """
    choices = [str(choice) for choice in choices]
    by_case = {choice.casefold(): choice for choice in choices}
    close = get_close_matches(str(name).casefold(), by_case, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{by_case[close[0]]}'?"
    shown = ", ".join(choices[:20]) + (" …" if len(choices) > 20 else "")
    return f"There are: {shown}." if choices else "There are none."


NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST)


def describe_disk_error(error: OSError) -> str:
    """The disk error and what to do, in a line; empty if it is not a disk error.

    >>> describe_disk_error(OSError(errno.ENOSPC, "No space left on device", "big.parquet"))
    "There is no room for 'big.parquet' on the disk: free some, then run the command again."
    """
    where = f"'{error.filename}'" if error.filename else "what was written"
    if error.errno in NO_ROOM:
        return f"There is no room for {where} on the disk: free some, then run the command again."
    if error.errno in NOT_WRITABLE:
        return (
            f"{where} can't be written ({error.strerror}): allow it, or keep runs in another "
            f"folder by the environment variable PIPELINE_REPORTS."
        )
    return ""


def first_line(error: Exception) -> str:
    """The first line of what an error says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
