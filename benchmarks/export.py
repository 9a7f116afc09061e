"""`make bench-export`: runs exported as plain code, held against the runs; writes EXPORT.md.

python -m benchmarks.export                              every table, some twenty minutes
python -m benchmarks.export penguins diabetes            these alone; the others' figures stay
python -m benchmarks.export --runs /tmp/runs flights     with runs that are kept, and used again

Each table is run through stages 1 to 7 and exported. The exported file is fitted on the run's raw
rows and asked up to 10,000 of them: as they came, with cells missing or of other rows, and odd.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from .__main__ import machine
from .model_tables import TABLES

HERE = Path(__file__).resolve().parent
RAW, REPORT = HERE / "export.json", HERE / "EXPORT.md"
ROWS = 10_000
NASTY = {  # files of tests/nasty whose oddities reach a model, and their target
    "decimal_commas.csv": "paid", "thousands.csv": "paid", "words_for_missing.csv": "paid",
    "names_with_breaks.csv": "paid", "dates_of_four_formats.csv": "paid",
}  # fmt: skip
MOST_LINES = {"penguins": 150, "flights": 300}
HEAD = """# Export

`make bench-export` runs each table through the line, exports the run as plain pandas and
scikit-learn (`pipeline export`), fits the exported file anew on the run's raw rows, and asks
both up to {rows:,} raw rows: a third as they came, a third with cells missing or of other rows,
a third with odd cells (names that training had not, extreme numbers, junk). A table of fewer
rows is asked three times as many as it has. *Same* are rows with the same class, and numbers
within 0.000000001. *Score* is the run's main metric on its held-out rows, of the file fitted
anew. Measured on {machine}, {day}; scikit-learn {sklearn}, pandas {pandas}.

| table | asked | same | score of the file | of the run | lines | longest | ruff finds | own rows |
|---|---|---|---|---|---|---|---|---|
"""
LONG = """What reads a cell in all its forms, and how the columns of a row repair each other,
stand in the file as plain functions, so that odd rows are answered as the run answers them."""


def sources(folder: Path) -> dict[str, list[str]]:
    """By table what `pipeline run` is given; tables that are not installed are left out."""
    from helpers.examples import penguins_example
    from tests.nasty import make

    asked = {"flights": [], "penguins": ["--data", str(penguins_example.penguins()),
                                         "--target", "Species"]}  # fmt: skip
    for table in TABLES:
        if table.name == "flights":
            continue
        name, file = name_of(table.name), folder / f"{name_of(table.name)}.csv"
        try:
            table.frame().to_csv(file, index=False)
        except Exception:  # noqa: BLE001 - the package is not installed here
            continue
        group = ["--set", f"group_column={table.group}"] if table.group else []
        asked[name] = ["--data", str(file), "--target", table.target, *group]
    for case in make.cases():
        if case.name in NASTY:
            case.write(folder / case.name)
            words = ["--data", str(folder / case.name), "--target", NASTY[case.name]]
            asked[f"nasty_{Path(case.name).stem}"] = words
    return asked


def name_of(title: str) -> str:
    """The name of a run: a table's without blanks and colons.

    >>> name_of("penguins: sex")
    'penguins_sex'
    """
    return title.replace(":", "").replace(" ", "_")


def measured(name: str, words: list[str], runs: Path) -> dict:
    """What comes of one table: the run made where it is not there yet, then exported."""
    command = [sys.executable, "-W", "ignore", "-m", "helpers"]
    surroundings = os.environ | {"PIPELINE_REPORTS": str(runs), "PIPELINE_TRACK": "0"}
    if not (runs / name / "model" / "card.json").exists():
        made = subprocess.run([*command, "run", "--name", name, "--stages", "1-7", *words],
                              env=surroundings, capture_output=True, text=True)  # fmt: skip
        if made.returncode:
            return {"failed": made.stderr.strip().split("\n")[-1][:200]}
    os.environ |= {"PIPELINE_REPORTS": str(runs)}
    with tempfile.TemporaryDirectory() as place:
        return exported(name, Path(place) / name)


def exported(name: str, folder: Path) -> dict:
    """The figures of one export."""
    from helpers.base.user_errors import InputError
    from helpers.export import export_folder

    try:
        done = export_folder.export(name, str(folder), ROWS)
    except InputError as error:
        return {"failed": str(error)[:200]}
    lines = (folder / "model.py").read_text(encoding="utf-8").splitlines()
    compared, files = done.compared, sorted(path.name for path in folder.iterdir())
    metric, (own, of_run) = next(iter(compared.scores.items()), ("", (None, None)))
    return {
        "asked": compared.asked, "differ": compared.differ, "metric": metric, "score": own,
        "of_run": of_run, "lines": len(lines), "longest": max(map(len, lines)),
        "ruff": ruff(folder), "rows_beside": "rows.parquet" in files,
        "training_cells": "training_cells.csv" in files, "left_out": done.left_out,
        "other": {column: list(found) for column, found in compared.other.items()},
    }  # fmt: skip


def ruff(folder: Path) -> bool | None:
    """Whether ruff has nothing to say by its default rules; None where it is not installed."""
    places = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    tool = shutil.which("ruff", path=places)
    if tool is None:
        return None
    asked = [tool, "check", "--isolated", "--no-cache", str(folder)]
    return subprocess.run(asked, capture_output=True).returncode == 0


# --- The page ------------------------------------------------------------------------------------


def page(raw: dict) -> str:
    """The report on what has been measured so far."""
    told, known = raw["machine"], {n: f for n, f in raw["tables"].items() if "failed" not in f}
    libraries = told["libraries"]
    head = HEAD.format(
        rows=ROWS, machine=told["machine"], day=told["day"],
        sklearn=libraries.get("scikit-learn", "?"), pandas=libraries.get("pandas", "?"),
    )  # fmt: skip
    lines = [head.rstrip("\n"), *(_line(name, found) for name, found in known.items()), ""]
    return "\n".join([*lines, *_read(known), "", *_failed(raw["tables"])]).rstrip() + "\n"


def _line(name: str, found: dict) -> str:
    """A table's line of the page."""
    values = (found["score"], found["of_run"])
    cells = [
        name.replace("_", " "), f"{found['asked']:,}",
        f"{found['asked'] - sum(found['differ'].values()):,}",
        *(f"{value:.6f}" if value is not None else "–" for value in values),
        f"{found['lines']}" + (f" (goal {MOST_LINES[name]})" if name in MOST_LINES else ""),
        str(found["longest"]),
        {True: "nothing", False: "**something**", None: "–"}[found["ruff"]],
        "beside it" if found["rows_beside"] else "from the source",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _read(known: dict) -> list[str]:
    """The table in sentences, the bad figures among them."""
    asked = sum(found["asked"] for found in known.values())
    apart = sum(sum(found["differ"].values()) for found in known.values())
    scored = [f for f in known.values() if f["score"] is not None]
    equal = sum(abs(f["score"] - f["of_run"]) <= 1e-6 for f in scored)
    said = [f"{asked - apart:,} of {asked:,} answers are the same."]
    said.append(f"{equal} of {len(scored)} scores are equal to a millionth.")
    goals = {n: most for n, most in MOST_LINES.items() if n in known}
    long = [f"{n} {known[n]['lines']} lines (goal {most})" for n, most in goals.items()
            if known[n]["lines"] > most]  # fmt: skip
    said += (
        [f"**Longer than the goal**: {', '.join(long)}. {' '.join(LONG.split())}"] if long else []
    )
    return [f"- {one}" for one in [*said, *(o for n, f in known.items() for o in _about(n, f))]]


def _about(name: str, found: dict) -> list[str]:
    """What is to be said of one table."""
    said = []
    if found["other"]:
        cells = [f"{n} of {column:.30}, such as {example}"
                 for column, (n, example) in list(found["other"].items())[:4]]  # fmt: skip
        said.append(f"{name}: cells that are read otherwise: {'; '.join(cells)}.")
    if found["left_out"]:
        said.append(f"{name}: left out: {'; '.join(found['left_out'][:6])}.")
    if found.get("note"):
        said.append(f"{name}: {found['note']}.")
    if found["training_cells"]:
        said.append(f"{name}: training cells that earlier rows alone had taught lie beside it.")
    return said


def _failed(tables: dict) -> list[str]:
    found = {n: f["failed"] for n, f in tables.items() if "failed" in f}
    return [f"- {name}: no export: {why}" for name, why in found.items()]


@click.command(help=__doc__)
@click.argument("tables", nargs=-1)
@click.option("--runs", type=click.Path(path_type=Path), help="Where runs are kept.")
def main(tables: tuple[str, ...], runs: Path | None) -> None:
    """Measure, and write the raw figures and the page."""
    raw = json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {"tables": {}}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        runs = (runs or folder / "runs").resolve()
        for name, words in sources(folder).items():
            if tables and name not in tables:
                continue
            raw["tables"][name] = found = measured(name, words, runs)
            click.echo(f"{name}: {json.dumps(found)[:300]}")
            raw["machine"] = machine()
            RAW.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
            REPORT.write_text(page(raw), encoding="utf-8")


if __name__ == "__main__":
    main()
