"""Service proof."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pandas as pd

from ..base.spacing import evenly_spaced
from ..base.user_errors import InputError
from ..serving.local_service import as_json, ask
from ..serving.model_bundle import MOST_ROWS, Bundle, check_rows, predict_rows, predict_table
from ..tables import read_any


def edge_cases(bundle: Bundle, row: dict) -> dict[str, dict]:
    """Rows that real traffic brings: complete, a field short, an unseen category, a wrong type."""
    kinds = {name: field["kind"] for name, field in bundle.fields.items()}
    category = next((n for n, f in bundle.fields.items() if "levels" in f), None)
    number = next((n for n, k in kinds.items() if k == "number"), None)
    complete = next((n for n, f in bundle.fields.items() if f["missing"] == 0), next(iter(kinds)))
    cases = {
        "complete row": row,
        f"without {complete}": {k: v for k, v in row.items() if k != complete},
        "an extra field": row | {"favourite_colour": "blue"},
    }
    if category:
        cases[f"unseen {category}"] = row | {category: "ZZZ"}
    if number:
        cases[f"text as {number}"] = row | {number: "twelve"}
    return cases


def answers_table(address: str, cases: dict[str, dict]) -> pd.DataFrame:
    """A row per case: status, prediction and what the service said of it."""
    rows = {}
    for name, row in cases.items():
        status, answer = ask(address, row)
        said = "; ".join(answer["warnings"]) if status == 200 else answer["detail"]
        prediction = str(answer.get("prediction", "none"))
        rows[name] = {
            "status": status,
            "prediction": prediction,
            "the service says": said or "fine",
        }
    return pd.DataFrame(rows).T.rename_axis("case")


def speeds(bundle: Bundle, rows: pd.DataFrame, address: str, repeats: int = 7) -> dict[str, float]:
    """The median time of a single row, in milliseconds: by the pipeline, and over HTTP."""
    import requests

    some = rows.iloc[evenly_spaced(len(rows), repeats)]
    frames = [some.iloc[[i]] for i in range(len(some))]
    bodies = [as_json(as_record(row)) for _, row in some.iterrows()]
    with requests.Session() as client:
        options = {"headers": {"Content-Type": "application/json"}, "timeout": 60}
        client.post(f"{address}/predict", data=bodies[0], **options)  # the first opens the line
        by_http = [
            _seconds(lambda b=body: client.post(f"{address}/predict", data=b, **options))
            for body in bodies
        ]
    by_pipeline = [_seconds(lambda f=frame: predict_rows(bundle, f)) for frame in frames]
    found = {"pipeline": by_pipeline, "service": by_http}
    return {name: 1000 * float(np.median(times)) for name, times in found.items()}


def _seconds(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def describe_speeds(state: dict, speed: dict[str, float]) -> str:
    """A sentence that says how single rows are scored, and whether that is the faster way.

    Times differ from run to run, so the sentence names none.
    """
    if state["single rows"] != "compiled":
        return f"Single rows are answered by the pipeline itself: {state['no compiled scorer']}."
    quicker = speed["pipeline"] > speed["service"]
    return (
        "**Single rows are answered by the compiled scorer**, which agreed with the pipeline on "
        "every example within 1e-9. Asked over HTTP, it took "
        f"{'less' if quicker else 'more'} time than the pipeline does in this notebook."
    )


def answerable(bundle: Bundle, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that the service answers; one with a value that can't be read it refuses (422)."""
    records = json.loads(as_json(rows))

    def is_answered(record: dict) -> bool:
        try:
            check_rows(bundle, [record])
        except InputError:
            return False
        return True

    return rows[[is_answered(record) for record in records]].reset_index(drop=True)


def prediction_agreement(
    bundle: Bundle, rows: pd.DataFrame, address: str, folder: Path
) -> pd.DataFrame:
    """The same raw rows scored in three ways: the distance from the in-process model's answers.

    Batch goes through a CSV file and back, the API through JSON.
    """
    here = predict_rows(bundle, rows).reset_index(drop=True)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "rows.csv"
    rows.to_csv(file, index=False)
    batch = predict_table(bundle, read_any.read_table(str(file), typed=False))[
        here.columns
    ].reset_index(drop=True)
    file.unlink()
    status, answers = ask(address, rows)
    if status != 200:
        raise RuntimeError(f"The service refused the rows ({status}): {answers}")
    api = pd.DataFrame([_flat(answer) for answer in answers])[here.columns]
    return pd.DataFrame(
        {road: _distance(here, other) for road, other in (("batch", batch), ("API", api))}
    ).T.rename_axis("road")


def _flat(answer: dict) -> dict:
    shares = answer.get("probability", {})
    return {"prediction": answer["prediction"]} | {f"probability_{c}": p for c, p in shares.items()}


def _distance(here: pd.DataFrame, other: pd.DataFrame) -> dict:
    numbers = here.select_dtypes("number").columns
    apart = (here[numbers] - other[numbers].astype(float)).abs().to_numpy().max()
    same = [c for c in here if c not in numbers]
    equal = all((here[c].astype(str) == other[c].astype(str)).all() for c in same)
    return {
        "rows": len(here),
        "same answers": "yes" if equal and apart < 1e-9 else "no",
        "largest difference": float(apart),
    }


def describe_agreement(table: pd.DataFrame) -> str:
    """A sentence that reads the proof."""
    if (table["same answers"] == "yes").all():
        return (
            f"**Three ways, one answer**: on {table['rows'].iloc[0]:,} raw rows the API, the "
            f"batch file and the model in this notebook agree within 1e-9."
        )
    roads = ", ".join(table.index[table["same answers"] != "yes"])
    return f"**The predictions differ**: {roads} disagree with the model in this notebook."


def rows_to_compare(rows: np.ndarray, asks: int) -> np.ndarray:
    """So many of the rows, evenly spaced; no more than the service takes in one request.

    `asks` is the notebook's parameter: InputError where it is not 1 or more.
    """
    if asks < 1:
        raise InputError(f"asks is 1 or more; it is {asks}.")
    return rows[evenly_spaced(len(rows), min(asks, MOST_ROWS))]


def as_record(row: pd.Series) -> dict:
    """One raw row as a client would send it: JSON values, missing as null."""
    return json.loads(as_json(pd.DataFrame([row])))[0]
