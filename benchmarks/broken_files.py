"""CSV files with broken lines and the key to them, drawn by a seed."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from random import Random

WORDS = [
    "red",
    "blue",
    "green",
    "Oslo",
    "Rome",
    "Bern",
    "large",
    "small",
    "late",
    "early",
    "maybe",
    "never",
]
KINDS = {
    "more": "a delimiter too many",
    "fewer": "a delimiter that is missing",
    "cut": "cut short",
    "twice": "two rows in one line",
    "note": "a note between the rows",
    "mark": "another delimiter",
}


@dataclass
class Broken:
    """A file's text; the sound rows; of each broken line its kind and how many fields it has."""

    text: str
    names: list[str]
    rows: list[list[str]]
    broken: dict[int, tuple[str, int]] = field(default_factory=dict)


def broken_file(seed: int) -> Broken:
    """A table of 3 to 9 columns in one of several dialects, 1 to 8 % of its lines broken.

    >>> made = broken_file(7)
    >>> len(made.broken) > 0 and len(made.rows) > 30
    True
    """
    random = Random(seed)
    makers = [random.choice(list(COLUMNS)) for _ in range(random.randint(2, 8))] + ["number"]
    names = [f"{maker} {place}" for place, maker in enumerate(makers)]
    mark, ends = random.choice(",,;\t|"), random.choice(["\n", "\r\n"])
    quoting = random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC])
    made = Broken("", names, [])
    lines = [_line(names, mark, quoting)]
    for _ in range(random.randint(60, 400)):
        row = [COLUMNS[maker](random) for maker in makers]
        line = _line(row, mark, quoting)
        if random.random() < seed % 8 / 100 + 0.01 and (other := _break(line, row, mark, random)):
            made.broken[len(lines) + 1] = other[1:]
            line = other[0]
        else:
            made.rows.append(row)
        lines.append(line)
    made.text = ends.join(lines) + ends
    return made


def _line(cells: list[str], mark: str, quoting: int) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=mark, quoting=quoting, lineterminator="").writerow(cells)
    return written.getvalue()


def _break(line: str, row: list[str], mark: str, random: Random) -> tuple[str, str, int] | None:
    """The line broken, how, and the number of its fields; None where it can't be in that way."""
    kind, width = random.choice(list(KINDS)), len(row)
    plain = mark not in "".join(row) and '"' not in line
    if kind == "more":
        return line + mark + random.choice(WORDS), kind, width + 1
    if kind == "fewer" and plain:
        place = random.choice([p for p, letter in enumerate(line) if letter == mark])
        return line[:place] + line[place + 1 :], kind, width - 1
    if kind == "cut" and plain:
        many = random.randint(1, width - 1)
        return mark.join(row[:many]), kind, many
    if kind == "twice":
        return line + mark + line, kind, 2 * width
    if kind == "note":
        return random.choice(["--- page 2 ---", "(to be continued)", "# checked"]), kind, 1
    if kind == "mark" and plain:
        return line.replace(mark, "~"), kind, 1
    return None


COLUMNS = {
    "number": lambda random: f"{random.gauss(50, 9):.2f}",
    "count": lambda random: str(random.randint(0, 900)),
    "word": lambda random: random.choice(WORDS),
    "day": lambda random: f"2023-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}",
    "code": lambda random: f"{random.choice('ABC')}-{random.randint(100, 999)}",
    "text": lambda random: ", ".join(random.choice(WORDS) for _ in range(random.randint(1, 4))),
    "inch": lambda random: f'{random.randint(2, 9)}" {random.choice(WORDS)}',
}
