"""The same rows in many forms: encodings, date orders, decimal signs, booleans, JSON, Excel.

A model is trained on one form, and asked the same rows in each of the others. What counts: the same
answers, or a line that says, before they are written, what was not read and why.

    python -m benchmarks.forms

`table` is made here (no file of anybody's), `FORMS` writes its rows, `measure` asks. Other pages
take `measure(run, rows, folder)`, or `measured()` and `report`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.serving import batch_prediction

TARGET = "kept"
SAME = 1e-9  # answers that differ by no more are the same
CITIES = ["Köln", "Liège", "Oslo", "Málaga"]


def table(rows: int = 400, seed: int = 5) -> pd.DataFrame:
    """A table in its first form, as a CSV file holds it: each column matters for the answer."""
    random = np.random.default_rng(seed)
    day = pd.Timestamp("2022-01-01") + pd.to_timedelta(random.integers(0, 700, rows), unit="D")
    member, weight = random.random(rows) < 0.5, random.normal(70, 9, rows).round(3)
    frame = pd.DataFrame(
        {
            "joined": day.strftime("%d/%m/%Y"),
            "member": np.where(member, "True", "False"),
            "zip": random.choice(["02134", "10001", "01970", "30301"], rows),
            "grade": random.choice(["1", "2", "3", "U"], rows),
            "city": random.choice(CITIES, rows),
            "weight": [f"{value:.3f}" for value in weight],
            "visits": random.integers(0, 40, rows).astype(str),
        }
    )
    late = (day - day[0]).days.to_numpy() / 300
    points = late + 1.5 * member + 1.2 * (frame["zip"] == "02134") + (frame["grade"] == "U")
    points += (weight - 70) / 8 + (frame["city"] == "Köln") - 1
    chance = 1 / (1 + np.exp(-points + np.median(points)))
    frame[TARGET] = np.where(random.random(rows) < chance, "yes", "no")
    return frame.astype("str")


def _dated(form: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda rows: rows.assign(joined=_days(rows).dt.strftime(form))


def _days(rows: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(rows["joined"], format="%d/%m/%Y")


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the types that a database or a notebook gives them."""
    return rows.assign(
        joined=_days(rows), member=rows["member"] == "True", weight=rows["weight"].astype(float),
        visits=rows["visits"].astype("Int64"),
    )  # fmt: skip


def _through_floats(rows: pd.DataFrame) -> pd.DataFrame:
    """Booleans and codes as pandas writes columns that had a gap."""
    grade = rows["grade"].where(rows["grade"] == "U", rows["grade"] + ".0")
    return rows.assign(member=(rows["member"] == "True").astype(float), grade=grade)


def _epochs(rows: pd.DataFrame) -> pd.DataFrame:
    since = (_days(rows) - pd.Timestamp(0)) // pd.Timedelta(milliseconds=1)
    return _typed(rows).assign(joined=since)


def _csv(change=lambda rows: rows, **options) -> Callable[[pd.DataFrame, Path], Path]:
    def write(rows: pd.DataFrame, folder: Path) -> Path:
        change(rows).to_csv(folder / "rows.csv", index=False, **options)
        return folder / "rows.csv"

    return write


def _json(rows: pd.DataFrame, folder: Path) -> Path:
    rows.to_json(folder / "rows.json", orient="records", force_ascii=False)
    return folder / "rows.json"


def _json_typed(rows: pd.DataFrame, folder: Path) -> Path:
    _epochs(rows).to_json(folder / "rows.json", orient="records")
    return folder / "rows.json"


def _parquet(rows: pd.DataFrame, folder: Path) -> Path:
    _typed(rows).to_parquet(folder / "rows.parquet", index=False)
    return folder / "rows.parquet"


def _excel(rows: pd.DataFrame, folder: Path) -> Path:
    """As a spreadsheet keeps them: real dates, and ZIP codes without their zeros."""
    robbed = rows["zip"].astype(int)
    _typed(rows).assign(zip=robbed).to_excel(folder / "rows.xlsx", index=False)
    return folder / "rows.xlsx"


FORMS: dict[str, Callable[[pd.DataFrame, Path], Path]] = {
    "as in training": _csv(),
    "UTF-16": _csv(encoding="utf-16"),
    "Windows-1252": _csv(encoding="cp1252"),
    "dates with dots, 23.07.2023": _csv(_dated("%d.%m.%Y")),
    "dates with the month first, 07/23/2023": _csv(_dated("%m/%d/%Y")),
    "ISO dates": _csv(_dated("%Y-%m-%d")),
    "decimal comma and semicolon": _csv(_typed, decimal=",", sep=";"),
    "1.0 and 0.0 for booleans, codes as 2.0": _csv(_through_floats),
    "yes and no, other case, blanks": _csv(
        lambda rows: rows.assign(
            member=rows["member"].map({"True": "YES", "False": "no"}),
            city=" " + rows["city"].str.upper(),
        )
    ),
    "ZIP codes without zeros": _csv(lambda rows: rows.assign(zip=rows["zip"].str.lstrip("0"))),
    "JSON, all as text": _json,
    "JSON with numbers and epochs": _json_typed,
    "Parquet with types": _parquet,
    "Excel": _excel,
}


def measure(run: str, rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """By form how many rows get the same answers as in the first form, and what was said."""
    found, first = [], None
    for name, write in FORMS.items():
        said: list[str] = []
        answers = _answers(run, write(rows.drop(columns=TARGET), folder), folder, said)
        first = answers if first is None else first
        same = int((np.abs(answers - first).max(axis=1) <= SAME).sum())
        found.append({"form": name, "rows": len(rows), "same": same, "said": said})
    return pd.DataFrame(found)


def _answers(run: str, file: Path, folder: Path, said: list[str]) -> np.ndarray:
    """The probabilities of the rows of a file."""
    out = folder / "scored.parquet"
    batch_prediction.predict_file(run, str(file), out, say=said.append)
    scored = pd.read_parquet(out)
    file.unlink()
    return scored[[name for name in scored if name.startswith("probability_")]].to_numpy()


def is_right(found: pd.DataFrame) -> pd.Series:
    """Of each form whether its answers are the same, or a line says why not."""
    return (found["same"] == found["rows"]) | (found["said"].map(len) > 0)


def measured() -> pd.DataFrame:
    """Train on the first form, and ask in all."""
    from helpers.run.run_request import Request
    from helpers.run.runner import run_line

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "forms.csv")
        table().to_csv(file, index=False)
        run_line(Request(data=str(file), target=TARGET, name="bench-forms", stages="1-7",
                         track=False, force=True))  # fmt: skip
        return measure("bench-forms", table().head(80), Path(folder))


def report(found: list[dict]) -> str:
    """The section of READING.md on forms; `found` are the rows of `measured`."""
    right = int(is_right(pd.DataFrame(found)).sum())
    rows = [f"| {one['form']} | {one['same']} of {one['rows']} | {'; '.join(one['said']) or '-'} |"
            for one in found]  # fmt: skip
    said = (
        f"A model is trained on the first form, and scores the same rows in each of the others. "
        f"Goal: the same answers, or a line that says why not, in all {len(found)}: in {right}."
    )
    head = "| form | same answers | said before the answers are written |\n|---|---|---|"
    return "\n\n".join(["## One table in many forms", said, "\n".join([head, *rows])])


def main() -> None:
    """Measure, and print the section."""
    print(report(measured().to_dict("records")))


if __name__ == "__main__":
    main()
