"""How a delimited text is written: its delimiter, its quotes, and a line of it cut into fields."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from functools import cached_property

LINE_ENDS = LINE_END = "\r\n"
LONGEST_FIELD = 2**31 - 1


@dataclass(frozen=True)
class Dialect:
    r"""How fields are parted and quoted; a doubled quote is a quote unless `escape` is a backslash.

    `blank` says that a blank follows each delimiter.

    >>> Dialect().fields('1,"a ""b"", c",')
    ['1', 'a "b", c', '']
    >>> Dialect(escape="\\").fields('1,"a \\" b"')
    ['1', 'a " b']
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    blank: bool = False

    @property
    def is_standard(self) -> bool:
        """Whether any CSV reader takes its lines as they are."""
        return self.quote == '"' and not self.escape and not self.blank

    @cached_property
    def _parts(self) -> tuple[str, str, str]:
        """As patterns: the delimiter, the quote, and the blanks that may stand around quotes."""
        blanks = "" if self.delimiter == " " else " *+"
        return re.escape(self.delimiter), re.escape(self.quote), blanks

    @cached_property
    def record(self) -> re.Pattern:
        """A row whose quotes follow the rules, from a line's start; it may go over many lines."""
        mark, quote, blanks = self._parts
        inner = rf"(?:[^{quote}\\]|\\.)*+" if self.escape else rf"(?:[^{quote}]|{quote}{quote})*+"
        quoted = rf"{blanks}{quote}{inner}{quote}{blanks}(?={mark}|[\r\n]|$)"
        field = rf"(?:{quoted}|(?!{blanks}{quote})[^{mark}\r\n]*+)"
        return re.compile(rf"{field}(?:{mark}{field})*+(?=[\r\n]|$)", re.DOTALL)

    @cached_property
    def record_in_bytes(self) -> re.Pattern:
        """The same in a text in UTF-8."""
        return re.compile(self.record.pattern.encode(), re.DOTALL)

    @cached_property
    def _loosely_quoted(self) -> re.Pattern:
        """A field in quotes of which the last is the first that a delimiter follows."""
        mark, quote, blanks = self._parts
        end = rf"(?={blanks}(?:{mark}|$))"
        return re.compile(
            rf"(^|{mark}){blanks}{quote}(?:[^{quote}]|{quote}(?!{end}))*+{quote}{end}"
        )

    @cached_property
    def _glued(self) -> re.Pattern:
        mark, quote, _ = self._parts
        inside = rf"(?:(?!{quote}(?:{mark}|$)|{mark} *{quote}).)*?"
        before = rf"(?:^|{mark})(?! *{quote})[^{mark}{quote}]*[^{mark}{quote}\s]"
        return re.compile(rf"{before}{quote}\w{inside}{mark}{inside}{quote}(?={mark}|$)")

    def is_glued(self, line: str) -> bool:
        """Whether a delimiter lacks before a field in quotes that has another one in it.

        >>> Dialect().is_glued('7.5"a, b"'), Dialect().is_glued('5" pipe,6"')
        (True, False)
        """
        return self.quote == '"' and not self.escape and bool(self._glued.search(line))

    @cached_property
    def _properly_quoted(self) -> re.Pattern:
        """A field in quotes by the rules."""
        mark, quote, blanks = self._parts
        inner = rf"(?:[^{quote}\\]|\\.)*+" if self.escape else rf"(?:[^{quote}]|{quote}{quote})*+"
        return re.compile(
            rf"(^|{mark}){blanks}{quote}{inner}{quote}{blanks}(?={mark}|$)", re.DOTALL
        )

    def loose_fields(self, line: str) -> list[str]:
        """A row's fields where quotes may break the rules; a field in quotes is as good as blank.

        >>> Dialect().loose_fields('1,"a 5" pipe, new",2')
        ['1', '', '2']
        """
        if self.quote in line:
            is_proper = self.record.fullmatch(line)
            quoted = self._properly_quoted if is_proper else self._loosely_quoted
            line = quoted.sub(r"\1", line)
        return line.split(self.delimiter)

    def fields(self, text: str) -> list[str]:
        """The fields of a row that `record` matches whole."""
        cells = self._cut(text) if self.quote in text else text.split(self.delimiter)
        return [cell.strip(" ") for cell in cells] if self.blank else cells

    def _cut(self, text: str) -> list[str]:
        """The fields of a row with quotes, by Python's own reader."""
        if self.escape:
            text = re.sub(r"\\(.)", self._unescaped, text, flags=re.DOTALL)
        limit = csv.field_size_limit(LONGEST_FIELD)
        try:
            rows = csv.reader(
                io.StringIO(text, newline=""), delimiter=self.delimiter, quotechar=self.quote,
                skipinitialspace=self.delimiter != " ",
            )  # fmt: skip
            return next(rows)
        finally:
            csv.field_size_limit(limit)

    def _unescaped(self, found: re.Match) -> str:
        """A quote after a backslash as a doubled one, two backslashes as one, others unchanged."""
        if found[1] == self.quote:
            return self.quote * 2
        return found[1] if found[1] == "\\" else found[0]


@dataclass(frozen=True, slots=True)
class Line:
    """A physical line: its number from 1, where it begins in the text, and what stands in it."""

    number: int
    start: int
    text: str


def lines_of(text: str) -> list[Line]:
    r"""The lines of a text, separated by LF, CRLF or CR alone.

    >>> [line.text for line in lines_of("a\r\nb\rc\n\n")]
    ['a', 'b', 'c', '']
    """
    found, start = [], 0
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        found.append(Line(number, start, line.rstrip(LINE_ENDS)))
        start += len(line)
    return found


def standard_line(cells: list[str], delimiter: str) -> str:
    """Fields as a line that any CSV reader takes.

    >>> standard_line(["a", "b, c"], ",")
    'a,"b, c"'
    """
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator=LINE_END).writerow(cells)
    return written.getvalue().removesuffix(LINE_END)
