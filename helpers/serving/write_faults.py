"""What a write to the prediction log that failed means: wait, leave lines out, or begin anew."""

from __future__ import annotations

from ..base.user_errors import InputError

LOCKED = (5, 6)  # SQLite's codes for a file, or a table, that another one is writing to
BAD_LINES = {"DataError", "IntegrityError"}  # what every driver calls values that can't be stored


def is_locked(error: Exception) -> bool:
    """Whether a write failed only because another process was writing to the file."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in LOCKED


def is_of_lines(error: Exception) -> bool:
    """Whether a write failed of the lines themselves: they can't be stored, whatever is done."""
    named = {one.__name__ for one in type(error).__mro__}
    of_values = isinstance(error, (UnicodeError, OverflowError, TypeError))
    return of_values or bool(named & BAD_LINES)


def why_unwritten(error: Exception) -> str:
    """Why a write failed, in one line."""
    said = " ".join(str(error).split())
    return said if isinstance(error, InputError) else f"{type(error).__name__}: {said:.200}"
