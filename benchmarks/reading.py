"""`make bench-reading`: how text files are read, without being told anything; writes READING.md.

python -m benchmarks.reading --pollock FOLDER            all parts
python -m benchmarks.reading situations speed --mb 1000  these parts alone; the others stay

FOLDER has `csv/` (files as they come), `clean/` (what they hold) and `weights.json`, in the form of
the Pollock benchmark (Vitagliano et al. 2023, "Pollock: a data loading benchmark", PVLDB 16).
"""

from __future__ import annotations

import csv
import json
import re
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from statistics import mean

import click
import pandas as pd

from helpers.base.user_errors import InputError
from helpers.tables import set_aside
from helpers.tables.read_any import read_table

from . import forms, promises_kept, reading_speed, situations, sources
from .__main__ import machine
from .broken_files import KINDS, broken_file

HERE = Path(__file__).resolve().parent
RAW, REPORT = HERE / "reading.json", HERE / "READING.md"
GOALS = {"simple": 9.8, "weighted": 9.6, "set_aside": 0.95, "speed": 1.5}
BEFORE = {"simple": 5.62, "weighted": 8.56}
OTHERS = (("DuckDB, told nothing", 9.08, 8.44), ("DuckDB, told the dialect", 9.96, 9.60))
# How many files of each kind the whole benchmark has: rows 84, columns 9
WHOLE = {"row_extra_quote": 756, "row_less_sep": 672, "row_more_sep": 756,
         "row_field_delimiter": 84}  # fmt: skip
FIGURES = 10
SEEDS = range(1_000, 1_200)


# --- Polluted files -----------------------------------------------------------------------------


def agreement(expected: list[str], found: list[str]) -> tuple[float, float, float]:
    """Precision, recall and F1 of texts, as multisets.

    >>> agreement(["a", "b"], ["a", "a"])
    (0.5, 0.5, 0.5)
    """
    if not expected and not found:
        return 1.0, 1.0, 1.0
    same = (Counter(expected) & Counter(found)).total()
    if not same:
        return 0.0, 0.0, 0.0
    precision, recall = same / len(found), same / len(expected)
    return precision, recall, 2 * precision * recall / (precision + recall)


def score(file: Path, clean: Path) -> list[float]:
    """The ten figures of a file: read at all; then the header's cells, the records, all cells."""
    with clean.open(newline="", encoding="utf-8") as text:
        rows = [[cell.strip() for cell in row] for row in csv.reader(text)]
    has_header = "no_header" not in file.name
    try:
        frame = read_table(str(file), typed=False)
    except InputError:
        return [0.0] * FIGURES
    names = [str(name) for name in frame]
    names = [] if all(name.startswith("column_") for name in names) else names
    found = frame.astype(object).where(frame.notna(), "").to_numpy().tolist()
    found = [[cell.strip() for cell in row] for row in found]
    header, rows = (rows[0], rows[1:]) if has_header else ([], rows)
    return [
        1.0, *agreement(header, names),
        *agreement(["".join(row) for row in rows], ["".join(row) for row in found]),
        *agreement([cell for row in rows for cell in row], [cell for row in found for cell in row]),
    ]  # fmt: skip


def kind_of(name: str) -> str:
    """The kind of pollution of a file: its name without the row and the column."""
    return re.sub(r"_?(row)?\d+_col\d+$|_\d+_0x\w+$", "", name.removesuffix(".csv"))


def pollock(folder: Path) -> dict:
    """The scores of all files of a folder, and of each kind."""
    weights = json.loads((folder / "weights.json").read_text())
    sums = {n: sum(score(folder / "csv" / n, folder / "clean" / n)) for n in sorted(weights)}
    kinds = defaultdict(list)
    for name, found in sums.items():
        kinds[kind_of(name)].append(found)
    whole = {kind: WHOLE.get(kind, len(found)) for kind, found in kinds.items()}
    return {
        "files": len(sums), "simple": mean(sums.values()),
        "weighted": sum(weights[n] * s for n, s in sums.items()) / sum(weights.values()),
        "whole": sum(whole[k] * mean(s) for k, s in kinds.items()) / sum(whole.values()),
        "files_of_whole": sum(whole.values()),
        "kinds": {kind: {"files": len(found), "score": mean(found), "least": min(found)}
                  for kind, found in kinds.items()},
    }  # fmt: skip


# --- Broken lines -------------------------------------------------------------------------------


def broken_lines(seeds) -> dict:
    """Lines that were broken: set aside, with the right reason; and rows that were not broken."""
    found = {kind: Counter() for kind in KINDS}
    sound = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            _count_one(broken_file(seed), Path(folder) / "broken.csv", found, sound)
    return {"kinds": {kind: dict(counts) for kind, counts in found.items()}, "sound": dict(sound)}


def _count_one(made, path: Path, found: dict[str, Counter], sound: Counter) -> None:
    """Count what became of the lines of a broken file."""
    path.write_text(made.text, encoding="utf-8", newline="")
    try:
        frame = read_table(str(path), typed=False)
    except InputError:
        frame = pd.DataFrame(columns=made.names)
        sound["files refused"] += 1
    aside = set_aside.of(frame).set_index("line")["reason"].to_dict()
    for line, (kind, width) in made.broken.items():
        found[kind]["lines"] += 1
        found[kind]["set aside"] += line in aside
        found[kind]["right reason"] += f"{width} field" in aside.get(line, "")
    rows = frame.astype(object).where(frame.notna(), "").to_numpy().tolist()
    kept = Counter(map(tuple, rows)) & Counter(map(tuple, made.rows))
    sound.update({"rows": len(made.rows), "read exactly": kept.total(),
                  "rows made up": len(rows) - kept.total()})  # fmt: skip


# --- The page -----------------------------------------------------------------------------------


def verdict(value: float, goal: float, least: bool = True) -> str:
    """Whether a figure meets its goal."""
    met = value >= goal if least else value <= goal
    return f"{'≥' if least else '≤'} {goal:g}: {'met' if met else 'missed'}"


def page(found: dict) -> str:
    """READING.md."""
    return "\n\n".join([INTRODUCTION, *_pollock(found["pollock"]), _broken(found["broken"]),
                        _speed(found["speed"]), situations.report(found["situations"]),
                        forms.report(found["forms"]),
                        "\n".join(sources.report()).rstrip(), _promises(found["promises"]),
                        _machine(found["machine"])]) + "\n"  # fmt: skip


def _pollock(found: dict) -> list[str]:
    simple, weighted = found["whole"], found["weighted"]
    rows = [
        "| reader | simple | weighted |", "|---|---|---|",
        f"| this project, told nothing | {simple:.2f} | {weighted:.2f} |",
        f"| goal | {verdict(simple, GOALS['simple'])} | {verdict(weighted, GOALS['weighted'])} |",
        f"| before | {BEFORE['simple']} | {BEFORE['weighted']} |",
        *[f"| {name} | {a:.2f} | {b:.2f} |" for name, a, b in OTHERS],
    ]  # fmt: skip
    kinds = ["| kind | files here | mean of 10 | least |", "|---|---|---|---|"]
    kinds += [f"| {kind} | {one['files']} | {one['score']:.3f} | {one['least']:.3f} |"
              for kind, one in sorted(found["kinds"].items())]  # fmt: skip
    said = (
        f"The sample has {found['files']} files, of every kind ({found['simple']:.2f} by simple "
        f"mean). *Simple* is that with each kind as often as among the {found['files_of_whole']:,} "
        f"files of the whole benchmark; *weighted* by how often a kind occurs in real files. "
        f"Names such as column_1, given to a file without a header, count as no header."
    )
    return ["## Polluted files, told nothing", said, "\n".join(rows), "\n".join(kinds), PREFERRED]


def _broken(found: dict) -> str:
    rows = ["| line | broken | set aside | with the right reason |", "|---|---|---|---|"]
    total = Counter()
    for kind, one in found["kinds"].items():
        total.update(one)
        rows.append(_broken_row(KINDS[kind], one))
    rows.append(_broken_row("**all**", total))
    share, sound = total["right reason"] / total["lines"], found["sound"]
    return (
        f"## Lines that are broken\n\n{found['files']} files with seeds of their own (dialects, "
        f"widths and columns drawn; 1 to 8 % of the lines broken). Goal: "
        f"{verdict(share, GOALS['set_aside'])} ({share:.1%}).\n\n" + "\n".join(rows) + "\n\n"
        f"Of {sound['rows']:,} sound rows in these files {sound['read exactly']:,} were read "
        f"exactly; {sound['rows made up']:,} rows came out that are not in the file; "
        f"{sound.get('files refused', 0)} files were refused."
    )


def _broken_row(name: str, one) -> str:
    shares = [f"{one[key] / one['lines']:.1%}" for key in ("set aside", "right reason")]
    return f"| {name} | {one['lines']:,} | {shares[0]} | {shares[1]} |"


def _speed(found: dict) -> str:
    rows = [
        "| MB | table | broken lines | pandas | read_table | ratio | of CPU seconds | memory, times"
        " the file | goal |",
        "|--:|---|---|--:|--:|--:|--:|--:|---|",
        *map(_speed_row, found["files"]),
    ]
    return (
        f"## Speed\n\nA file read into a typed frame by pandas' own reader and by `read_table` "
        f"with all its checks: seconds, each in a process of its own, in turns, the median of "
        f"{found['rounds']} rounds; load of the machine at the beginning {found['load']}. "
        f"The smaller "
        f"the file, the more the first call of each library counts. Memory: all of the process, "
        f"pandas' in brackets.\n\n"
        + "\n".join(rows)
        + "\n\npandas refuses a file with a line of more fields, unless it is told to skip such "
        "lines, as here; then it names none of them."
    )


def _speed_row(one: dict) -> str:
    """A file's row of the table: the goal is for sound files of a gigabyte."""
    pandas, ours = one["pandas"], one["ours"]
    ratio, cpu = ours["wall"] / pandas["wall"], ours["cpu"] / pandas["cpu"]
    has_goal = one["broken"] == "none" and one["mb"] >= 1_000
    goal = verdict(ratio, GOALS["speed"], least=False) if has_goal else "-"
    memory = f"{ours['peak'] / one['mb']:.1f} ({pandas['peak'] / one['mb']:.1f})"
    return (
        f"| {one['mb']:,} | {one['kind']} | {one['broken']} | {pandas['wall']:.2f} s "
        f"| {ours['wall']:.2f} s | {ratio:.2f} | {cpu:.2f} | {memory} | {goal} |"
    )


def _promises(found: list[dict]) -> str:
    """What was broken once, and the first test that failed then."""
    rows = [f"| {one['promise']} | `{one['broken']}` | `{one['test']}` |" for one in found]
    said = (
        "Each is broken once (`make bench-reading PARTS=promises`): the function that keeps it is "
        "made to return at once. The first of the fast tests that fails then:"
    )
    head = "| promise | function | test |\n|---|---|---|"
    return "\n\n".join(["## Promises, each broken once", said, "\n".join([head, *rows])])


def _machine(found: dict) -> str:
    libraries = ", ".join(f"{name} {found['libraries'][name]}" for name in ("pandas", "pyarrow"))
    return f"On {found['machine']}, Python {found['python']}, {libraries}; {found['day']}."


INTRODUCTION = """# Reading text files

Written by `make bench-reading`; raw numbers in `reading.json`. Nothing is told about a file: its
delimiter, quotes, header and tables are found. How, and what can be told: `docs/run.md`."""

PREFERRED = """### Where the benchmark asks for what users would not want

- **The same header in two or three rows** (`header_multirow`): expected are names such as
  `Qty Qty`. Here equal parts of a name are joined once, `Qty`: nobody would look for a column
  `Qty Qty`. Unlike parts are joined: `2023`, `Q1` become `2023 Q1`.
- **Two files in one, the second below its own header** (`multitable_same`): expected are the rows
  of the first. Here the rows of both are kept, the header in the middle is set aside and said, as
  files are put behind one another that way. A second table with other columns is set aside.
- **A file without a row** (`no_payload`, `header_only`): expected is an empty table. Here it is an
  error with a line that says so, as there is nothing to learn from or to score.
- **Blanks as delimiter, and cells with blanks that no quotes protect** (`field_delimiter_0x20`):
  which blank parts cells can't be told, so it is an error that says so, and no guess.
- **A row with a field more or fewer**: expected is the row as it was before it was polluted. Here
  it is set aside: which of its fields is the wrong one can't be known."""


def parts(folder: Path | None, mb: int, rounds: int) -> dict:
    """By name of a part what measures it."""
    return {
        "pollock": lambda: pollock(folder),
        "broken": lambda: {"files": len(SEEDS), **broken_lines(SEEDS)},
        "speed": lambda: reading_speed.measure(mb, rounds),
        "situations": lambda: _cells_of(situations.measured(say=situations.tell)),
        "forms": lambda: forms.measured().to_dict("records"),
        "promises": promises_kept.measured,
    }


def _cells_of(found: list[dict]) -> list[dict]:
    """Situations without what was said of those that are right: it takes a megabyte."""
    return [one | {"said": {road: [text[:200] for text in said[:2]] for road, said in
                            one["said"].items() if one["cells"][road] != situations.RIGHT}}
            for one in found]  # fmt: skip


@click.command(help=__doc__.splitlines()[0])
@click.argument("names", nargs=-1)
@click.option("--pollock", "folder", type=click.Path(path_type=Path, exists=True),
              help="The polluted files; without them their figures stay.")  # fmt: skip
@click.option("--mb", default=200, show_default=True, help="Megabytes of the file for the speed.")
@click.option("--rounds", default=3, show_default=True)
def main(names: tuple[str, ...], folder: Path | None, mb: int, rounds: int) -> None:
    """Measure all parts, or those that are named, and write the raw numbers and the page."""
    every = parts(folder, mb, rounds)
    if unknown := set(names) - set(every):
        raise click.UsageError(f"no part {min(unknown)}: there are {', '.join(every)}.")
    found = json.loads(RAW.read_text(encoding="utf-8"))
    for name in names or every:
        if name != "pollock" or folder:
            found[name] = every[name]()
    found["machine"] = machine()
    write(found)
    click.echo(f"{REPORT} is written.")


def write(found: dict) -> None:
    """Write the raw numbers and the page."""
    RAW.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    REPORT.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
