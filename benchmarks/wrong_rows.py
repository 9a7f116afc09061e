"""Wrong forms of rows, asked at every door of one model: do they refuse, fill and say the same?

The model is that of the tests' small table (`weight` and `day` never missing in training, `height`,
`city` and `paid` with gaps).
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import requests

GONE = object()  # the row does not have the field
BESIDE = 3  # of them in a body of CSV
SOUND = 60  # sound rows beside the wrong ones, so that no column is wrong as a whole
CELLS = {  # by name: the cells of one row that are wrong
    "a word for a number": {"weight": "many"},
    "money with a sign": {"weight": "$29.85"},
    "money, sign behind": {"weight": "29,85 €"},
    "a decimal comma": {"weight": "29,85"},
    "thousands parted": {"weight": "1,234.5"},
    "a boolean for a number": {"weight": True},
    "True as text for a number": {"weight": "True"},
    "yes for a number": {"weight": "yes"},
    "a unit": {"weight": "50 kg"},
    "per cent": {"weight": "50%"},
    "infinity as text": {"weight": "inf"},
    "a number beyond all": {"weight": "1e400"},
    "400 digits": {"weight": "9" * 400},
    "hexadecimal": {"weight": "0x33"},
    "a range": {"weight": "40-50"},
    "below a limit": {"weight": "<40"},
    "a date for a number": {"weight": "2020-01-05"},
    "a number as text": {"weight": "51.5"},
    "full-width digits": {"weight": "５１"},
    "out of range": {"weight": 5000},
    "negative": {"weight": -3},
    "missing where none was": {"weight": None},
    "a word for missing where none was": {"weight": "n/a"},
    "blanks": {"weight": "  "},
    "missing where some were": {"height": None},
    "a word for missing where some were": {"height": "n/a"},
    "a word where some were missing": {"height": "tall"},
    "a field left out": {"weight": GONE},
    "a field left out where some were missing": {"height": GONE},
    "a class never seen": {"city": "Atlantis"},
    "another case": {"city": "rome"},
    "spaces around": {"city": "  Rome "},
    "a number for a class": {"city": 5},
    "a boolean for a class": {"city": True},
    "a word for missing as class": {"city": "N/A"},
    "a cell of 12,000 letters": {"city": "a" * 12_000},
    "a date with a time": {"day": "2020-03-01T10:00:00"},
    "a date in another form": {"day": "27.02.2020"},
    "a date that reads two ways": {"day": "05/06/2020"},
    "a word for a date": {"day": "soon"},
    "a day that is none": {"day": "2020-02-31"},
    "a spreadsheet's day": {"day": 43891},
    "milliseconds since 1970": {"day": 1583020800000},
    "a boolean for a date": {"day": True},
    "a word for a boolean": {"paid": "maybe"},
    "1 for a boolean": {"paid": 1},
    "2 for a boolean": {"paid": 2},
    "yes in another language": {"paid": "ja"},
    "no value at all": dict.fromkeys(["weight", "height", "city", "day", "paid"]),
    "words for missing alone": dict.fromkeys(["weight", "height", "city", "day", "paid"], "n/a"),
}
COLUMNS = {  # by name: what becomes of every row; asked at the doors that take tables
    "an unused column is odd": {"note": "x" * 500},
    "a column that nobody knows": {"colour": "blue"},
    "a column never missing is not there": {"weight": GONE},
    "a column with gaps is not there": {"height": GONE},
    "a whole column of words": {"weight": "many"},
    "a whole column of money": {"weight": "$29.85"},
    "a whole column of booleans for numbers": {"height": True},
    "a whole column of infinity": {"weight": "inf"},
    "a whole column of another form": {"day": "27.02.2020"},
    "a whole column of a class never seen": {"city": "Atlantis"},
}
DOORS = ("service, JSON", "service, CSV", "batch", "MLflow", "monitor", "notebook")
REFUSED = "refused"


class Doors:
    """One deployed model behind every door. `address` is that of its service."""

    def __init__(self, folder: Path, address: str, run: str = "small"):
        from helpers.serving.model_bundle import load_bundle, load_reference

        self.folder, self.address, self.run = folder, address, run
        self.bundle, self.reference = load_bundle(run), load_reference(run)

    def ask(self, door: str, rows: list[dict], places: list[int]) -> list[tuple[object, str]]:
        """What a door gives for the rows at some places: a chance or `REFUSED`; and what it says.

        A door that answers with classes alone gives None for a chance.
        """
        from helpers.base.user_errors import InputError

        asked = {"service, JSON": self._json, "service, CSV": self._csv, "batch": self._batch,
                 "MLflow": self._mlflow, "monitor": self._monitor,
                 "notebook": self._notebook}  # fmt: skip
        try:
            return asked[door](rows, places)
        except InputError as error:
            return [(REFUSED, str(error))] * len(places)

    def _json(self, rows, places):
        return [self._post(json.dumps(rows[n]), "application/json", None) for n in places]

    def _csv(self, rows, places):
        """Each row between sound ones: a body is refused whole."""
        sound = rows[:BESIDE]
        bodies = [frame_of([*sound, rows[n]]).to_csv(index=False) for n in places]
        return [self._post(body, "text/csv", BESIDE) for body in bodies]

    def _post(self, body: str, kind: str, place: int | None):
        told = requests.post(f"{self.address}/predict", data=body.encode(),
                             headers={"Content-Type": kind}, timeout=60)  # fmt: skip
        found = told.json()
        if told.status_code != 200:
            return REFUSED, found["detail"]
        one = found if place is None else found[place]
        return one["probability"]["yes"], " | ".join(one["warnings"])

    def _batch(self, rows, places):
        from helpers.pipeline.table_policy import TablePolicy
        from helpers.serving.batch_prediction import predict_file

        source, out, said = self.folder / "rows.csv", self.folder / "scored.csv", []
        frame_of(rows).to_csv(source, index=False)
        predict_file(self.run, str(source), out, say=said.append, policy=TablePolicy(True))
        found = pd.read_csv(out, keep_default_na=False, na_values={"probability_yes": [""]})
        counted = [one for one in said if "refused" in one]  # on the terminal, too
        return [(REFUSED, words if counted else "") if pd.isna(chance) else (chance, words)
                for chance, words in found[["probability_yes", "warnings"]].iloc[places].values
                ]  # fmt: skip

    def _mlflow(self, rows, places):
        from helpers.registry.pyfunc_loader import ReadingModel

        model = ReadingModel(self.bundle.model, self.bundle.schema, (), self.bundle.quality)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            found = model.predict(frame_of(rows))
        words = " | ".join(str(one.message) for one in said)
        return [(REFUSED if found[n] is None else None, words) for n in places]

    def _monitor(self, rows, places):
        from helpers.line.run_folder import existing_run
        from helpers.monitor import monitor_bundle

        source, place = self.folder / "later.csv", str(existing_run(self.run).file("model"))
        frame_of(rows).to_csv(source, index=False)
        found = monitor_bundle.later_rows(place, self.bundle, self.reference, str(source))
        words = " | ".join(found.reading.sentences())
        refused = np.zeros(len(rows), bool) if found.refused is None else found.refused
        return [(REFUSED if refused[n] else None, words) for n in places]

    def _notebook(self, rows, places):
        from helpers.serving.model_bundle import predict_table

        chances = predict_table(self.bundle, frame_of(rows))["probability_yes"].iloc[places]
        return [(REFUSED if pd.isna(one) else one, "an empty cell") for one in chances]


def frame_of(rows: list[dict]) -> pd.DataFrame:
    """Rows as a table of any objects."""
    return pd.DataFrame(rows, dtype=object)


def sound_rows(bundle) -> list[dict]:
    """Rows that every door answers."""
    rows = bundle.examples[list(bundle.fields)].dropna().head(SOUND)
    return json.loads(rows.to_json(orient="records"))


def changed(row: dict, cells: dict) -> dict:
    """A row with some cells of a form."""
    return {name: value for name, value in (row | cells).items() if value is not GONE}


def compare(doors: Doors, forms: dict[str, dict]) -> dict[str, dict[str, tuple]]:
    """By form of a row what each door makes of it; all of them are rows of one table."""
    sound = sound_rows(doors.bundle)
    rows = sound + [changed(sound[4], cells) for cells in forms.values()]
    places = list(range(len(sound), len(rows)))
    found = {door: doors.ask(door, rows, places) for door in DOORS}
    return {name: {door: found[door][n] for door in DOORS} for n, name in enumerate(forms)}


def compare_whole(doors: Doors, cells: dict) -> dict[str, tuple]:
    """What each door that takes tables makes of a form of a column, in every row."""
    rows = [changed(row, cells) for row in sound_rows(doors.bundle)]
    return {door: doors.ask(door, rows, [4])[0] for door in DOORS[1:]}


def differences(found: dict[str, tuple]) -> list[str]:
    """In what the doors differ: refused or not, another answer, other words, or silence."""
    refused = {door for door, (answer, _) in found.items() if answer == REFUSED}
    said = []
    if refused and refused != set(found):
        said.append(f"refused by {', '.join(sorted(refused))} alone")
    said += [f"{door}: silent" for door in refused if not found[door][1]]
    chances = {door: one for door, (one, _) in found.items() if isinstance(one, float)}
    if chances and max(chances.values()) - min(chances.values()) > 1e-9:
        said.append(f"other answers: {chances}")
    words = [found[door][1] for door in ("service, CSV", "batch")]
    if not refused and words[0] != words[1]:
        said.append(f"other words: {words}")
    return said
