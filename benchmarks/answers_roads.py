"""What intervals and reasons cost: the service, row by row, and a batch; all sides in turns.

A run of each model is served in a process of its own; one client asks the same rows over kept
connections: each without options, with an interval, with reasons, then the next row. A batch scores
the same file with the same sides in turns. Ratios are those of medians (service) and of the best
rounds (batch, which does the same work each time).
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from .serving import Client, free_port, server

RUNS = {"linear, classes": ("bought", "linear"),
        "boosting, classes": ("bought", "gradient boosting"),
        "forest, classes": ("bought", "random forest"),
        "boosting, numbers": ("price", "gradient boosting")}  # fmt: skip
TRAINED, ROWS = 3_000, 200_000  # rows of training, and of a batch
SIDES = {"without": {}, "interval": {"interval": 0.9}, "why": {"why": 3}}
ASKED, WARM, BATCHES = 2_000, 100, 3
GOALS = {("service", "interval"): 1.1, ("service", "why"): 2.0,
         ("batch", "interval"): 0.8, ("batch", "why"): 0.3}  # fmt: skip


def measure(found: dict, **_) -> Iterator[dict]:
    """For each run the milliseconds of a request and the rows a second of a batch, by side."""
    earlier = os.environ.get("PIPELINE_REPORTS")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PIPELINE_REPORTS"] = folder
        try:
            for name, (target, family) in RUNS.items():
                rows = _run_of(target, family)
                found = found | {name: _service(rows[:500]) | _batch(rows, Path(folder))}
                yield found
        finally:
            os.environ.pop("PIPELINE_REPORTS")
            os.environ |= {"PIPELINE_REPORTS": earlier} if earlier else {}


def _run_of(target: str, family: str):
    """A run `asked` with that model; rows as clients have them."""
    from helpers.models.model_ladder import candidates
    from tests.small import deployed_run, prepared, raw_table

    made = prepared(target, raw_table(TRAINED))
    deployed_run(made, "asked", candidates(made.task, TRAINED)[family])
    return raw_table(ROWS, seed=1).drop(columns=["bought", "price"])


def _service(rows) -> dict:
    """By side the median milliseconds of a request of one row."""
    bodies = [json.dumps(row).encode() for row in json.loads(rows.to_json(orient="records"))]
    port = free_port()
    command = [sys.executable, "-m", "helpers", "serve", "asked", "--port", str(port)]
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    with server(command, port):
        clients = {side: Client(port, _path(asked)) for side, asked in SIDES.items()}
        for number in range(ASKED + WARM):
            for side, client in clients.items():
                took = _seconds(client, bodies[number % len(bodies)])
                times[side] += [took] if number >= WARM else []
    return {"service": {side: 1000 * statistics.median(one) for side, one in times.items()}}


def _path(asked: dict) -> str:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return f"/predict?{query}" if query else "/predict"


def _seconds(client: Client, body: bytes) -> float:
    began = time.perf_counter()
    status, _, reply = client.post(body)
    if status != 200:
        raise RuntimeError(f"status {status}: {reply[:200]!r}")
    return time.perf_counter() - began


def _batch(rows, folder: Path) -> dict:
    """By side the most rows a second of a batch from Parquet to Parquet."""
    from helpers.pipeline.table_policy import TablePolicy
    from helpers.pipeline.wanted import Wanted
    from helpers.serving.batch_prediction import predict_file

    source, best = folder / "rows.parquet", dict.fromkeys(SIDES, 0.0)
    rows.to_parquet(source)
    for _ in range(BATCHES):
        for side, asked in SIDES.items():
            policy, began = TablePolicy(wanted=Wanted(**asked)), time.perf_counter()
            count = predict_file("asked", str(source), folder / "out.parquet", policy=policy)
            best[side] = max(best[side], count / (time.perf_counter() - began))
    return {"batch": best}


def section(found: dict) -> list[str]:
    """The lines of the page."""
    lines = [
        "| model | what | without | with an interval or set | goal | with three reasons | goal |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in (name for name in RUNS if name in found):
        lines += [_line(name, what, found[name][what]) for what in ("service", "batch")]
    return [*lines, "", *__doc__.split("\n\n", 1)[1].strip().split("\n"), "",
            f"Rows have six columns; models are those of the ladder, learnt from {TRAINED:,} rows; "
            f"a batch has {ROWS:,}."]  # fmt: skip


def _line(name: str, what: str, found: dict[str, float]) -> str:
    plain = found["without"]
    shown = f"{plain:.2f} ms" if what == "service" else f"{plain:,.0f} rows/s"
    ratios = [cell for side in ("interval", "why") for cell in _ratio(what, side, found)]
    words = {"service": "`/predict`, median", "batch": "batch"}[what]
    return f"| {name} | {words} | {shown} | {' | '.join(ratios)} |"


def _ratio(what: str, side: str, found: dict[str, float]) -> tuple[str, str]:
    """A side's ratio to that without, and its goal, marked where it is missed."""
    ratio, goal = found[side] / found["without"], GOALS[what, side]
    reached = ratio <= goal if what == "service" else ratio >= goal
    sign = "≤" if what == "service" else "≥"
    return f"{ratio:.2f} ×", f"{sign} {goal:g} ×{'' if reached else ' (missed)'}"
