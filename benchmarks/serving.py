"""`make bench-serve`: the service against a constant reply, a frame a request, MLflow; SERVING.md.

python -m benchmarks.serving                    the run `flights`, which must exist (`make run`)
python -m benchmarks.serving --run mine --seconds 10 --log postgresql+psycopg://me@host/base

Each side is a server of its own on loopback; one client with one connection asks them in turn, and
medians over the rounds are compared. MLflow takes part where its command is found.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np

from .__main__ import machine

HERE = Path(__file__).resolve().parent
RAW, REPORT = HERE / "serving.json", HERE / "SERVING.md"
ROUNDS = 3
GOALS = {"linear": 2, "gradient boosting": 4}  # × the constant reply's p50
FAMILIES = tuple(GOALS)
BATCHES = (200_000, 2_000_000)  # rows
QUIET, BESIDE = 1, " beside other work"  # the load of the last minute, where 0 is idle
PARTS = ("single", "families", "load", "batch", "agreement", "odd")
# The least that FastAPI does for a request: an `async` function that looks at nothing.
FLOOR = """
import uvicorn
from fastapi import FastAPI, Request, Response
app = FastAPI()
@app.post("/predict")
async def predict(request: Request):
    await request.body()
    return Response(b'{"prediction": "yes"}', media_type="application/json")
uvicorn.run(app, port=PORT, log_level="error", access_log=False)
"""
# The same as FastAPI's own guide writes it: a function that is given the parsed row.
GUIDE = """
import uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.post("/predict")
def predict(row: dict):
    return {"prediction": "yes"}
uvicorn.run(app, port=PORT, log_level="error", access_log=False)
"""
FRAMES = """
import os
os.environ["OMP_NUM_THREADS"] = "1"
import json, uvicorn, pandas as pd
from fastapi import FastAPI, Request
from helpers.serving.model_bundle import load_bundle
bundle = load_bundle(RUN)
columns = list(bundle.model["clean"].get_feature_names_out())
app = FastAPI()
@app.post("/predict")
async def predict(request: Request):
    row = json.loads(await request.body())
    frame = pd.DataFrame([row], columns=columns, dtype=object)
    chances = bundle.model.predict_proba(frame)[0] if bundle.task.classes else None
    return {"prediction": str(bundle.model.predict(frame)[0]) if chances is None else
            str(bundle.model.classes_[chances.argmax()]), "probability": list(map(float, chances))}
uvicorn.run(app, port=PORT, log_level="error", access_log=False)
"""


class Client:
    """One keep-alive connection that posts bodies and reads whole replies."""

    def __init__(self, port: int, path: str = "/predict"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.path = path.encode()

    def post(self, body: bytes) -> tuple[int, bytes, bytes]:
        """The status, the head and the body of the reply."""
        head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" % self.path
        self.socket.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        got = b""
        while b"\r\n\r\n" not in got:
            part = self.socket.recv(65536)
            if not part:
                raise ConnectionError("closed")
            got += part
        top, _, rest = got.partition(b"\r\n\r\n")
        size = int(top.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(rest) < size:
            rest += self.socket.recv(65536)
        return int(top.split(b" ", 2)[1]), top, rest

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def server(command: list[str], port: int, path: str = "/predict", patience: float = 180):
    """A server process while the block lasts."""
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    more = {"OMP_NUM_THREADS": "1", "PATH": beside, "PYTHONPATH": str(HERE.parent)}
    environment = os.environ | more
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        until = time.monotonic() + patience
        while True:
            try:
                Client(port).close()
                break
            except OSError:
                if time.monotonic() > until or process.poll() is not None:
                    raise RuntimeError(f"{command[:3]} did not start.") from None
                time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def measure(client: Client, bodies: list[bytes], seconds: float) -> dict:
    """Requests a second, and the times of the middle and the slowest hundredth, in ms."""
    times, until, place = [], time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        began = time.perf_counter()
        status, _, _ = client.post(bodies[place % len(bodies)])
        times.append(time.perf_counter() - began)
        place += 1
        if status != 200:
            raise RuntimeError(f"status {status}")
    return {
        "rps": len(times) / sum(times),
        "p50": 1000 * statistics.median(times),
        "p99": 1000 * float(np.quantile(times, 0.99)),
    }


def sides_of(run: str, log: str) -> dict[str, tuple]:
    """By side its command (port filled in), its path and how it wraps a row."""
    plain = [sys.executable, "-c"]
    line = [sys.executable, "-m", "helpers", "serve", run, "--port", "PORT"]
    found = {
        "constant reply": ([*plain, FLOOR], "/predict", None),
        "constant reply, as in the guide": ([*plain, GUIDE], "/predict", None),
        "the line": ([*line, *(["--log", log] if log else [])], "/predict", None),
        "the line, no log": ([*line, "--log", "off"], "/predict", None),
        "a frame a request": ([*plain, FRAMES.replace("RUN", repr(run))], "/predict", None),
    }
    mlflow = Path(sys.executable).with_name("mlflow")
    if mlflow.exists():
        folder = Path(tempfile.mkdtemp()) / "model"
        saved = _save_for_mlflow(run, folder)
        if saved:
            found["mlflow models serve"] = (
                [str(mlflow), "models", "serve", "-m", str(folder), "--env-manager", "local",
                 "--port", "PORT"], "/invocations",
                lambda row: {"dataframe_records": [row]},
            )  # fmt: skip
    return found


def _save_for_mlflow(run: str, folder: Path) -> bool:
    try:
        import mlflow
    except ImportError:
        return False
    from helpers.serving.model_bundle import load_bundle

    mlflow.sklearn.save_model(load_bundle(run).model, folder, serialization_format="cloudpickle")
    return True


def rows_of(run: str, count: int = 500) -> list[dict]:
    """Raw rows as a client sends them: those that the service answers."""
    from helpers.deploy.service_proof import answerable
    from helpers.serving.local_service import as_json
    from helpers.serving.model_bundle import load_bundle

    bundle = load_bundle(run)
    return json.loads(as_json(answerable(bundle, bundle.examples.head(count))))


def single_rows(run: str, log: str, seconds: float, only: tuple[str, ...] = ()) -> dict:
    """One client, one row a request, every side in turn (or only those named)."""
    rows, found = rows_of(run), {}
    sides = {name: side for name, side in sides_of(run, log).items() if not only or name in only}
    for round_ in range(ROUNDS):
        for name, (command, path, wrap) in sides.items():
            port = free_port()
            command = [str(port) if part == "PORT" else part.replace("PORT", str(port))
                       for part in command]  # fmt: skip
            bodies = [json.dumps(wrap(row) if wrap else row).encode() for row in rows]
            with server(command, port):
                client = Client(port, path)
                measure(client, bodies, 1.0)  # warm
                one = measure(client, bodies, seconds)
                client.close()
            found.setdefault(name, []).append(one)
            click.echo(f"{round_} {name}: {one['rps']:.0f}/s p50 {one['p50']:.2f} ms "
                       f"p99 {one['p99']:.2f} ms")  # fmt: skip
    return found


def families(run: str, seconds: float) -> dict:
    """The same run trained with one family of models alone: its p50 beside the constant reply's."""
    from helpers.line.run_folder import existing_run

    found, source = {}, existing_run(run).path
    with tempfile.TemporaryDirectory() as folder:
        for family in FAMILIES:
            shutil.rmtree(Path(folder) / run, ignore_errors=True)
            shutil.copytree(source, Path(folder) / run, ignore=shutil.ignore_patterns("*.sqlite*"))
            with reports_in(folder):
                subprocess.run([sys.executable, "-m", "helpers", "run", "--name", run, "--stages",
                                "5-7", "--set", f"models={family}", "--no-track"], check=True,
                               stdout=subprocess.DEVNULL)  # fmt: skip
                found[family] = single_rows(run, "", seconds, ("constant reply", "the line"))
    return found


@contextmanager
def reports_in(folder: str):
    """Runs are kept in a folder of their own while the block lasts."""
    before = os.environ.get("PIPELINE_REPORTS")
    os.environ["PIPELINE_REPORTS"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("PIPELINE_REPORTS")
        if before is not None:
            os.environ["PIPELINE_REPORTS"] = before


def under_load(run: str, log: str, seconds: float) -> dict:
    """What it can take; an open loop of half of that, and of twice as much; then what it can take.

    The clients are a process of their own (see `benchmarks.load`).
    """
    import psutil

    rows = rows_of(run)
    port = free_port()
    command = [sys.executable, "-m", "helpers", "serve", run, "--port", str(port)]
    with (
        server([*command, *(["--log", log] if log else [])], port) as process,
        tempfile.TemporaryDirectory() as folder,
    ):
        client, file = Client(port), Path(folder) / "bodies.json"
        bodies = [json.dumps(row) for row in rows]
        right = [json.loads(client.post(body.encode())[2])["prediction"] for body in bodies]
        client.close()
        file.write_text(json.dumps(list(zip(bodies, right, strict=True))))
        most = load(port, file, seconds=5.0)["rate"]
        half = load(port, file, rate=most / 2, seconds=seconds)
        memory = psutil.Process(process.pid).memory_info().rss
        twice = load(port, file, rate=most * 2, seconds=seconds)
        grown = psutil.Process(process.pid).memory_info().rss - memory
        after = load(port, file, seconds=4.0)["rate"]
    return {"saturated": most, "half": half, "twice": twice, "grown": grown, "after": after}


def load(port: int, bodies: Path, **options) -> dict:
    """What `python -m benchmarks.load` finds."""
    command = [sys.executable, "-m", "benchmarks.load", str(port), str(bodies)]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    found = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent)
    return json.loads(found.stdout)


def agreement(run: str, log: str, count: int = 10_000) -> dict:
    """Raw rows one by one over HTTP, in a batch file, in this process: how far apart they are."""
    import pandas as pd

    from helpers.deploy.service_proof import answerable
    from helpers.line.run_folder import existing_run
    from helpers.serving.local_service import as_json
    from helpers.serving.model_bundle import load_bundle, predict_rows

    bundle = load_bundle(run)
    raw = pd.read_parquet(existing_run(run).file("data/raw.parquet")).head(2 * count)
    rows = answerable(bundle, raw).head(count)
    here = predict_rows(bundle, rows)
    port = free_port()
    command = [sys.executable, "-m", "helpers", "serve", run, "--port", str(port)]
    with server([*command, *(["--log", log] if log else [])], port):
        client = Client(port)
        records = json.loads(as_json(rows))
        answers = [json.loads(client.post(json.dumps(row).encode())[2]) for row in records]
        client.close()
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "rows.csv", Path(folder) / "out.parquet"
        rows.to_csv(source, index=False)
        subprocess.run([sys.executable, "-m", "helpers", "predict", run, str(source), "--out",
                        str(out)], check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        scored = pd.read_parquet(out)
    names = [name for name in here if name != "prediction"]
    api = pd.DataFrame([
        a.get("probability", {}) | {"prediction": a["prediction"]} for a in answers
    ])  # fmt: skip
    api = api.rename(columns={name.removeprefix("probability_"): name for name in names})
    found = {"rows": len(rows)}
    for road, other in (("API", api), ("batch", scored)):
        numbers = names or ["prediction"]
        apart = np.abs(other[numbers].to_numpy(float) - here[numbers].to_numpy(float)).max()
        found[f"{road}: largest difference"] = float(apart)
        if names:
            same = other["prediction"].astype(str).to_numpy() == here["prediction"].astype(str)
            found[f"{road}: other classes"] = int((~same).sum())
    return found


def odd_requests(run: str, log: str, cases: int = 10_000) -> dict:
    """Requests that schemathesis makes up from the service's description of itself."""
    import hypothesis
    import schemathesis

    port, statuses = free_port(), {}
    command = [sys.executable, "-m", "helpers", "serve", run, "--port", str(port)]
    with server([*command, *(["--log", log] if log else [])], port):
        schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")

        @hypothesis.settings(
            max_examples=cases, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )  # fmt: skip
        @hypothesis.given(case=schema["/predict"]["POST"].as_strategy())
        def ask(case):
            status = str(case.call(timeout=60).status_code)
            statuses[status] = statuses.get(status, 0) + 1

        ask()
    return {"cases": sum(statuses.values()), "statuses": dict(sorted(statuses.items()))}


def batch(run: str) -> dict:
    """`pipeline predict` on Parquet files of raw rows, each time in a process of its own.

    The whole command, start included, on 200,000 and on 2,000,000 rows; the rate between the two,
    which a start does not touch; the most memory; and a command that was killed halfway, resumed.
    """
    import pandas as pd

    from helpers.line.run_folder import existing_run

    raw = pd.read_parquet(existing_run(run).file("data/raw.parquet"))
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        rows, out = Path(folder) / "rows.parquet", Path(folder) / "out.parquet"
        for count in BATCHES:
            many = pd.concat([raw] * (1 + count // len(raw)), ignore_index=True).head(count)
            many.to_parquet(rows)
            del many
            one = _predicted(run, rows, out)
            found[f"{count}"] = {"rows a second": count / one["seconds"], **one}
            out.unlink()
        killed = _killed_halfway(run, rows, out)
        found["resumed"] = {"kept": killed, "of": BATCHES[-1], **_predicted(run, rows, out)}
    few, many = (found[f"{count}"]["seconds"] for count in BATCHES)
    found["steady"] = (BATCHES[1] - BATCHES[0]) / (many - few)
    return found


def _predict(run: str, rows: Path, out: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "helpers", "predict", run, str(rows), "--out", str(out)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def _predicted(run: str, rows: Path, out: Path) -> dict:
    """What a batch took: seconds, seconds of all cores, and the most memory, in bytes."""
    before, began = os.times(), time.perf_counter()
    process = _predict(run, rows, out)
    most = 0
    while process.poll() is None:
        most = max(most, _memory_of(process.pid))
        time.sleep(0.02)
    seconds, after = time.perf_counter() - began, os.times()
    if process.returncode:
        raise RuntimeError(f"pipeline predict ended with {process.returncode}.")
    used = after.children_user + after.children_system
    return {"seconds": seconds, "most memory": most,
            "cpu seconds": used - before.children_user - before.children_system}  # fmt: skip


def _memory_of(pid: int) -> int:
    """What a process and those that it started hold in memory, in bytes."""
    import psutil

    try:
        process = psutil.Process(pid)
        every = [process, *process.children(recursive=True)]
        return sum(one.memory_info().rss for one in every)
    except psutil.Error:  # it has just ended
        return 0


def _killed_halfway(run: str, rows: Path, out: Path) -> int:
    """Kill a batch when half of its pieces are there; how many rows it leaves answered."""
    from helpers.serving.input_pieces import PIECE

    process, pieces = _predict(run, rows, out), out.with_name(f".{out.name}.pieces")
    until = time.monotonic() + 600
    while len(list(pieces.glob("*.parquet"))) < BATCHES[-1] // PIECE // 2:
        if time.monotonic() > until or process.poll() is not None:
            raise RuntimeError("The batch ended before it could be killed.")
        time.sleep(0.01)
    process.kill()
    process.wait(timeout=30)
    return PIECE * len(list(pieces.glob("*.parquet")))


@click.command(help=__doc__)
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--run", default="flights", show_default=True)
@click.option("--log", default="", help="The log's address; SQLite in the run's folder if empty.")
@click.option("--seconds", default=5.0, show_default=True, help="For each measurement.")
@click.option("--load-seconds", default=60.0, show_default=True, help="For each load.")
def main(parts, run, log, seconds, load_seconds):
    """Measure, keep the raw numbers, write the report."""
    raw = json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {}
    work = {
        "single": lambda: single_rows(run, log, seconds),
        "families": lambda: families(run, seconds),
        "load": lambda: under_load(run, log, load_seconds),
        "batch": lambda: batch(run),
        "agreement": lambda: agreement(run, log),
        "odd": lambda: odd_requests(run, log),
    }
    for part in parts or work:
        load = round(os.getloadavg()[0], 1)
        name = part if load < QUIET or part not in raw else f"{part}{BESIDE}"
        raw[name] = work[part]()
        raw.setdefault("when", {})[name] = {"day": machine()["day"], "load": load}
        click.echo(f"{part}: {raw[part]}")
        raw["on"] = machine()
        RAW.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
        REPORT.write_text(report(raw), encoding="utf-8")


def report(raw: dict) -> str:
    """SERVING.md."""
    on = raw["on"]
    lines = [
        "# How fast the service is",
        "",
        "Written by `make bench-serve`; raw numbers in `serving.json`. The shipped flights model.",
        "",
        f"Measured on {on['machine']}, Python {on['python']}:",
        "; ".join(_about_part(part, raw["when"][part]) for part in PARTS if part in raw["when"])
        + f". What is measured under a load of {QUIET} or more replaces no figure of a quiet day.",
    ]
    if "single" in raw:
        lines += [
            "",
            "## One client, one row a request",
            "",
            "| side | requests/s | p50 ms | p99 ms | the line is |",
            "|---|---|---|---|---|",
        ]
        middle = {name: {k: statistics.median(r[k] for r in rounds) for k in ("rps", "p50", "p99")}
                  for name, rounds in raw["single"].items()}  # fmt: skip
        ours = middle["the line"]
        for name, one in middle.items():
            times = "" if name == "the line" else f"{ours['rps'] / one['rps']:.1f} × as fast"
            lines.append(f"| {name} | {one['rps']:.0f} | {one['p50']:.2f} | {one['p99']:.2f} | "
                         f"{times} |")  # fmt: skip
        slower = ours["p50"] / middle["constant reply"]["p50"]
        guide = ours["p50"] / middle["constant reply, as in the guide"]["p50"]
        lines += ["", f"p50 against the constant reply (log on): {slower:.1f} × the leanest that "
                      f"FastAPI can do, {guide:.1f} × the one that its guide writes."]  # fmt: skip
    if f"single{BESIDE}" in raw:
        lines += ["", _beside_other_work(raw)]
    for family, rounds in raw.get("families", {}).items():
        line, floor = (statistics.median(r["p50"] for r in rounds[side])
                       for side in ("the line", "constant reply"))  # fmt: skip
        lines += ["", f"Trained with the family {family} alone: p50 {line:.2f} ms, "
                      f"{line / floor:.1f} × the constant reply's {floor:.2f} ms (goal: "
                      f"{GOALS[family]} ×, log on)."]  # fmt: skip
    if "load" in raw:
        load = raw["load"]
        lines += ["", "## Under load", "",
                  f"Saturated at {load['saturated']:.0f} requests/s (8 clients).", ""]  # fmt: skip
        for name in ("half", "twice"):
            one = load[name]
            lines.append(f"- {name} of that ({one['rate']:.0f} requests/s by a Poisson clock, up "
                         f"to {one['connections']} connections): p50 {one['p50']:.1f} ms, p99 "
                         f"{one['p99']:.1f} ms of those answered, statuses {one['statuses']}, "
                         f"wrong answers {one['wrong']}, 503 without Retry-After "
                         f"{one['503 without Retry-After']}.")  # fmt: skip
        lines.append(f"- memory grew by {load['grown'] / 2**20:.0f} MB; afterwards "
                     f"{load['after']:.0f} requests/s again.")  # fmt: skip
    if "steady" in raw.get("batch", {}):
        lines += _about_batch(raw["batch"])
    if "agreement" in raw:
        said = ", ".join(f"{k} {v:g}" for k, v in raw["agreement"].items())
        lines += ["", "## One answer by three roads", "", f"Against this process: {said}."]
    if "odd" in raw:
        one = raw["odd"]
        lines += ["", "## Odd requests", "",
                  f"{one['cases']:,} by schemathesis, statuses {one['statuses']}."]  # fmt: skip
    return "\n".join(lines) + "\n"


def _beside_other_work(raw: dict) -> str:
    """What came of single rows while other programs kept the machine busy."""
    found, when = raw[f"single{BESIDE}"], raw["when"][f"single{BESIDE}"]
    middle = {name: statistics.median(r["p50"] for r in rounds) for name, rounds in found.items()}
    said = ", ".join(f"{name} {p50:.2f} ms" for name, p50 in middle.items())
    return (f"Beside other work ({when['day']}, load {when['load']:g}), p50: {said}. "
            "Times of a millisecond are short enough to fall between the others'; requests/s and "
            "p99 are not.")  # fmt: skip


def _about_part(part: str, when: dict) -> str:
    load = f" (machine's load {when['load']:g})" if "load" in when else ""
    return f"`{part}` on {when['day']}{load}"


def _about_batch(found: dict) -> list[str]:
    lines = ["", "## Batch", "",
             "`pipeline predict` from Parquet to Parquet, a process of its own each time; goal: "
             "100,000 rows a second on 2 cores.", "",
             "| rows | seconds, start included | rows a second | seconds of all cores "
             "| most memory |", "|---|---|---|---|---|"]  # fmt: skip
    for count in BATCHES:
        one = found[f"{count}"]
        lines.append(
            f"| {count:,} | {one['seconds']:.1f} | {one['rows a second']:,.0f} "
            f"| {one['cpu seconds']:.1f} | {one['most memory'] / 2**20:,.0f} MiB |"
        )
    resumed = found["resumed"]
    return [*lines, "",
            f"Between the two, where the start does not count: {found['steady']:,.0f} a second. "
            f"Killed with {resumed['kept']:,} of {resumed['of']:,} rows answered, the same command "
            f"did the rest in {resumed['seconds']:.1f} s."]  # fmt: skip


if __name__ == "__main__":
    main()
