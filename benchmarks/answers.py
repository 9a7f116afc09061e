"""`make bench-answers`: how sure and why, held against what is promised and against others.

python -m benchmarks.answers                         every part
python -m benchmarks.answers --parts certainty       some of them
python -m benchmarks.answers --parts certainty --splits 5 --tables wages,diabetes

A part is a module with `measure(found, **options)`, which returns what it found (`found` is what it
had found before, or an empty dict), and `section(found)`, the lines of ANSWERS.md below its head.
MAPIE and shap (extra `scale-tests`), and the tables of ISLP and lifelines, are needed for some
figures: pip install -e .[bench,scale-tests] and pip install --no-deps ISLP lifelines.
"""

from __future__ import annotations

import importlib
import json
import os
import warnings
from datetime import date
from pathlib import Path

import click

from .__main__ import machine

HERE = Path(__file__).resolve().parent
RAW, REPORT = HERE / "answers.json", HERE / "ANSWERS.md"
PARTS = {  # by name: the module that measures it, and its head on the page
    "certainty": ("answers_certainty", "How sure: coverage, width, sets, abstention"),
    "units": ("answers_units", "The same where rows belong to units"),
    "reasons": ("answers_reasons", "Why: contributions"),
    "roads": ("answers_roads", "What intervals and reasons cost on each road"),
    "page": ("answers_page", "The model in the page"),
}


def module_of(name: str):
    """The module of a part; None where it is not there."""
    try:
        return importlib.import_module(f"benchmarks.{PARTS[name][0]}")
    except ModuleNotFoundError as error:
        if PARTS[name][0] in str(error):
            return None
        raise


def there() -> list[str]:
    """The parts that can be measured here."""
    return [name for name in PARTS if module_of(name) is not None]


@click.command(help=__doc__)
@click.option("--parts", default="", help="Some parts, separated by commas.  [default: all]")
@click.option("--splits", default=20, show_default=True, help="Splits of each table.")
@click.option("--tables", default="", help="Some tables, separated by commas.  [default: all]")
def main(parts: str, splits: int, tables: str) -> None:
    """Measure some parts, keep them beside the earlier ones, and write the page."""
    warnings.simplefilter("ignore")
    kept = json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {}
    for name in parts.split(",") if parts else there():
        load = round(os.getloadavg()[0], 1)
        named = [one for one in tables.split(",") if one]
        for found in module_of(name).measure(kept.get(name, {}), splits=splits, tables=named):
            kept[name] = found | {"day": f"{date.today()}", "load": load}
            kept["machine"] = machine()
            RAW.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
            REPORT.write_text(report(kept), encoding="utf-8")


def report(kept: dict) -> str:
    """ANSWERS.md."""
    on = kept["machine"]
    lines = [
        "# How sure an answer is, and why it is given",
        "",
        "Written by `make bench-answers`; raw numbers in `answers.json`.",
        "",
        f"Measured on {on['machine']}, Python {on['python']}.",
    ]
    for name, (_, head) in PARTS.items():
        if name in kept and module_of(name) is not None:
            said = f"Measured on {kept[name]['day']}, load of the machine {kept[name]['load']}."
            lines += ["", f"## {head}", "", said, "", *module_of(name).section(kept[name])]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
