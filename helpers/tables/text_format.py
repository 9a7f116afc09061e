"""What a person says of a text file that was read wrongly: its delimiter, quote and header.

It stands behind the file's name, as in `mine.csv?delimiter=semicolon&header=3`, wherever a file is
named: in training, scoring, monitoring and exploring.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..base.user_errors import InputError

MARKS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "pipe": "|", "blank": " ",
         "space": " ", "none": "none"}  # fmt: skip
QUOTES = {"double": '"', "single": "'"}
BAD_LINES = 0.2  # the share of lines that may be broken, where nobody says another one


@dataclass(frozen=True)
class TextFormat:
    """The delimiter, the quote, the header's line ("none": there is none); empty: as found.

    `bad_lines` is the share of lines that may be set aside as broken before a file is refused;
    `sheet` is that of an Excel file. `total` is "keep" where rows of totals below the table are to
    be read as rows. `columns` are names that the header is known to have, as of a model's rows.
    """

    delimiter: str = ""
    quote: str = ""
    header: str = ""
    bad_lines: float = BAD_LINES
    sheet: str = ""
    total: str = ""
    columns: tuple[str, ...] = ()


AS_FOUND = TextFormat()


def parse(text: str) -> TextFormat:
    """A format from its text: settings of the form key=value, separated by &.

    >>> parse("delimiter=semicolon&header=3&bad_lines=0.5")
    TextFormat(delimiter=';', quote='', header='3', bad_lines=0.5, sheet='', total='', columns=())
    """
    found = TextFormat()
    for part in filter(None, text.split("&")):
        key, _, value = part.partition("=")
        found = _with(found, key, value)
    return found


def _with(found: TextFormat, key: str, value: str) -> TextFormat:
    """A format with one more setting; InputError for one that is not known."""
    settings = vars(found).copy()
    if key == "delimiter" and (value in MARKS or len(value) == 1):
        settings[key] = MARKS.get(value, value)
    elif key == "quote" and QUOTES.get(value, value) in ('"', "'"):
        settings[key] = QUOTES.get(value, value)
    elif key == "sheet" or key in PLAIN and PLAIN[key](value):
        settings[key] = value
    elif key == "bad_lines" and (share := _share(value)) is not None:
        settings[key] = share
    else:
        raise InputError(
            f"'{key}={value}' says nothing about a text file. What can stand behind its name is "
            f"such as ?delimiter=semicolon&quote=single&header=3&bad_lines=0.2; delimiter is a "
            f"letter or one of {', '.join(MARKS)}, header the number of its line or none; "
            f"total=keep reads rows of totals; of an Excel file ?sheet=2 or the sheet's name."
        )
    return TextFormat(**settings)


def _is_line(value: str) -> bool:
    return value == "none" or value.isdecimal() and int(value) > 0


# What a setting may be, where it is taken as it is written
PLAIN = {"header": _is_line, "total": "keep".__eq__}


def _share(value: str) -> float | None:
    """A share from 0 to 1; None for anything else."""
    try:
        share = float(value)
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None
