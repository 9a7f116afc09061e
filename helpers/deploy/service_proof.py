"""Proof that service, batch file and notebook give the same predictions, and how fast they are.

Also the rows with which the service is tried: complete, a field short, of a wrong type.
"""

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

JSON = {"Content-Type": "application/json"}


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
        cases[f"words for {number}"] = row | {number: "twelve"}
    return cases


def answers_table(address: str, cases: dict[str, dict]) -> pd.DataFrame:
    """A row per case: the HTTP status, the prediction, and warnings or the error (`response`)."""
    rows = {name: _answer(*ask(address, row)) for name, row in cases.items()}
    return pd.DataFrame(rows).T.rename_axis("case")


def _answer(status: int, answer: dict) -> dict:
    """An answer of the service as a row of a table."""
    response = "; ".join(answer["warnings"]) if status == 200 else answer["detail"]
    prediction = str(answer.get("prediction", "none"))
    return {"status": status, "prediction": prediction, "response": response or "no warning"}


def speeds(bundle: Bundle, rows: pd.DataFrame, address: str, repeats: int = 7) -> dict[str, float]:
    """The median time of a single row, in milliseconds: by the pipeline, and over HTTP."""
    some = rows.iloc[evenly_spaced(len(rows), repeats)]
    frames = [some.iloc[[i]] for i in range(len(some))]
    by_http = _http_seconds(f"{address}/predict", [as_record(row) for _, row in some.iterrows()])
    by_pipeline = [_seconds(lambda f=frame: predict_rows(bundle, f)) for frame in frames]
    found = {"pipeline": by_pipeline, "service": by_http}
    return {name: 1000 * float(np.median(times)) for name, times in found.items()}


def _http_seconds(address: str, records: list[dict]) -> list[float]:
    """The seconds that each record takes over one open connection."""
    import requests

    bodies, options = map(as_json, records), {"timeout": 60, "headers": JSON}
    with requests.Session() as client:
        client.post(address, data=as_json(records[0]), **options)  # opens the connection
        return [_seconds(lambda b=b: client.post(address, data=b, **options)) for b in bodies]


def _seconds(work) -> float:
    """The seconds that a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


COMPILED = (
    "A pipeline is made for many rows: for one, most of its time goes into making a table and "
    "checking it. So the service compiles the way from raw row to answer into plain numbers "
    "when it starts, and holds it against the pipeline on the bundle's examples. **Single rows "
    "are answered by this compiled scorer**, which agreed on all within 1e-9."
)


def describe_speeds(state: dict, speed: dict[str, float]) -> str:
    """How single rows are scored, in sentences, with both times (of this machine, now)."""
    times = (
        f"A row took {speed['pipeline']:.3g} ms by the pipeline in this notebook, and "
        f"{speed['service']:.3g} ms by the service, HTTP included (medians)."
    )
    if state["single_row_path"] != "compiled":
        why = state["no_compiled_scorer"]
        return f"Single rows are answered by the pipeline itself: {why}. {times}"
    return f"{COMPILED} {times}"


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
    """The same raw rows scored in three ways: the distance from the in-process model's predictions.

    A row for `batch`, which goes through a CSV file and back, and one for `API`, which goes through
    JSON: `rows`, `same predictions` ("yes" or "no"), `largest difference`. `folder` holds the file.
    """
    here = predict_rows(bundle, rows).reset_index(drop=True)
    others = {"batch": _by_file(bundle, rows, folder), "API": _by_service(address, rows)}
    found = {way: _distance(here, other[here.columns]) for way, other in others.items()}
    return pd.DataFrame(found).T.rename_axis("way")


def _by_file(bundle: Bundle, rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The predictions for rows that were written to a CSV file and read again."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "rows.csv"
    rows.to_csv(file, index=False)
    found = predict_table(bundle, read_any.read_table(str(file), typed=False))
    file.unlink()
    return found.reset_index(drop=True)


def _by_service(address: str, rows: pd.DataFrame) -> pd.DataFrame:
    """The predictions of the service for all rows in one request."""
    status, answers = ask(address, rows)
    if status != 200:
        raise RuntimeError(f"The service refused the rows ({status}): {answers}")
    return pd.DataFrame([_flat(answer) for answer in answers])


def _flat(answer: dict) -> dict:
    """An answer as `predict_rows` has it: the prediction, and a column per class."""
    shares = answer.get("probability", {})
    return {"prediction": answer["prediction"]} | {f"probability_{c}": p for c, p in shares.items()}


def _distance(here: pd.DataFrame, other: pd.DataFrame) -> dict:
    """Whether two tables of predictions agree, and their largest difference."""
    numbers = here.select_dtypes("number").columns
    apart = (here[numbers] - other[numbers].astype(float)).abs().to_numpy().max()
    same = [c for c in here if c not in numbers]
    equal = all((here[c].astype(str) == other[c].astype(str)).all() for c in same)
    return {
        "rows": len(here),
        "same predictions": "yes" if equal and apart < 1e-9 else "no",
        "largest difference": float(apart),
    }


def _describe_refused(count: int, wanted: int) -> str:
    holds, them = ("holds", "it") if count == 1 else ("hold", "them")
    return (
        f" {count} of the {wanted:,} chosen rows {holds} a value that can't be read: the service "
        f"refuses {them}."
    )


def describe_agreement(table: pd.DataFrame, wanted: int) -> str:
    """A sentence that says whether the three ways agree; `wanted` rows were chosen."""
    rows = int(table["rows"].iloc[0])
    refused = _describe_refused(wanted - rows, wanted) if wanted > rows else ""
    if (table["same predictions"] == "yes").all():
        return (
            f"**Three ways, one answer**: on {rows:,} raw rows the API, the batch file and the "
            f"model in this notebook agree within 1e-9.{refused}"
        )
    others = " and ".join(table.index[table["same predictions"] != "yes"])
    return f"**The predictions differ** between the model in this notebook and {others}.{refused}"


def rows_to_compare(rows: int, compared_rows: int) -> np.ndarray:
    """The places of so many of n rows, evenly spaced; no more than one request takes.

    `compared_rows` is the notebook's parameter: InputError where it is not 1 or more.
    """
    if compared_rows < 1:
        raise InputError(f"compared_rows is 1 or more; it is {compared_rows}.")
    return evenly_spaced(rows, min(compared_rows, MOST_ROWS))


def as_record(row: pd.Series) -> dict:
    """One raw row as a client would send it: JSON values, missing as null."""
    return json.loads(as_json(pd.DataFrame([row])))[0]
