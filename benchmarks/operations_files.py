"""Rows, files and pages: wrong forms at every door, wrong outcomes, markup, commands in pairs."""

from __future__ import annotations

import multiprocessing
import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import requests

from . import wrong_rows
from .operations_service import serving, small_row, small_run
from .serving import free_port, server

ROWS = 20_000  # of a file that two commands score at once
PAIRS = {"one --out": 38, "one run": 6, "one log": 6}
REFUSALS = re.compile(r"Another command|is in use by|another process")


def command(*given: str) -> tuple[int, str]:
    """The exit code of a `pipeline` command, and all that it says."""
    done = subprocess.run([sys.executable, "-m", "helpers", *given], capture_output=True, text=True,
                          env=os.environ.copy(), check=False)  # fmt: skip
    return done.returncode, done.stdout + done.stderr


# --- Wrong forms of rows


def forms(folder: Path) -> dict:
    """Every wrong form at every door."""
    small_run()
    doors = wrong_rows.Doors(folder, "")
    with serving() as (doors.address, _):
        found = wrong_rows.compare(doors, wrong_rows.CELLS)
        found |= {name: wrong_rows.compare_whole(doors, cells)
                  for name, cells in wrong_rows.COLUMNS.items()}  # fmt: skip
    differ = {name: wrong_rows.differences(one) for name, one in found.items()}
    alike = sum(not one for one in differ.values())
    details = {name: "; ".join(differ[name]) or _made_of(one) for name, one in found.items()}
    doors_ = ", ".join(wrong_rows.DOORS)
    return {"reached": alike == len(found), "said": f"{alike} of {len(found)}", "details": details,
            "about": f"The doors: {doors_}."}  # fmt: skip


def _made_of(found: dict) -> str:
    """What all doors make of a form, in a word."""
    answer, words = found["batch"]
    if answer == wrong_rows.REFUSED:
        return "refused"
    return "answered, with a warning" if words else "answered"


# --- Outcomes


def outcomes(folder: Path) -> dict:
    """A run, 400 logged answers, 1 % of their outcomes no class: monitor and retrain."""
    from helpers.line.run_folder import Run
    from tests.small import log_rows, raw_table

    table = raw_table(400).drop(columns=["price", "note"])
    table.to_csv(folder / "shop.csv", index=False)
    quick = ("--set", "trials=0", "--set", "models=linear", "--no-track")
    command("run", "--data", str(folder / "shop.csv"), "--target", "bought", "--name", "shop",
            *quick)  # fmt: skip
    later = raw_table(400, seed=9).drop(columns=["price", "note"])
    later.loc[::100, "bought"] = ["Banana", "<script>", "maybe", "2"]
    log_rows(Run("shop"), later, told=400)
    details, fine = {}, True
    for name, given in {"monitor": ("monitor", "shop"),
                        "retrain": ("retrain", "shop", "--when", "always", "--no-promote",
                                    "--no-track")}.items():  # fmt: skip
        code, said = command(*given)
        line = next((one for one in said.splitlines() if "Banana" in one), "")
        details[name] = f"exit code {code}; {line.strip()[:200] or 'nothing said of them'}"
        fine = fine and code == 0 and (bool(line) or name == "retrain")
    code, said = command("outcomes", "shop", "--mend", "Banana=yes")
    details["outcomes --mend"] = f"exit code {code}; {said.strip().splitlines()[-1][:200]}"
    return {"reached": fine and code == 0, "said": "both go on" if fine else "see below",
            "details": details}  # fmt: skip


# --- Markup

MARKUP = [
    "[x](javascript:HARM)", "![p](http://HOST/p.png)", "<img src=x onerror=HARM>",
    "<script>HARM</script>", '"><svg onload=HARM>', "<http://HOST/a>",
    "[![p](http://HOST/q)](javascript:HARM)", "`[x](javascript:HARM)", "<a href=javascript:HARM>x",
    r"\[x\](javascript:HARM)", "</title></script><b onclick=HARM>", "<svg><script>HARM</script>",
    "[x][y]\n\n[y]: javascript:HARM", "<iframe src=//HOST/f>", "<object data=//HOST/o>",
    "<style>@import '//HOST/s'</style>", "<link rel=stylesheet href=//HOST/l>",
    "<details open ontoggle=HARM>", "&lt;script&gt;HARM", "$[x](javascript:HARM)$",
]  # fmt: skip
FOLLOWED = """Array.from(document.querySelectorAll('[href],[src],[action],[data]')).map(
    one => ['href', 'src', 'action', 'data'].map(name => one.getAttribute(name)).find(to => to))"""
OWN = re.compile(r"#|data:image/|[\w-]+\.html(#|$)|[\w/-]+\.(csv|json|yaml|parquet|md|zip)$")


class _Canary(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802 - the name that http.server asks for
        self.server.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_):
        pass


def markup(folder: Path) -> dict:
    """Payloads in 20 names of columns, 20 levels and 20 logged values; each page in a browser."""
    from tests import browser

    if browser.CHROMIUM is None:
        return {"reached": None, "said": "no Chromium here", "details": {}}
    canary = ThreadingHTTPServer(("127.0.0.1", 0), _Canary)
    canary.asked = []
    threading.Thread(target=canary.serve_forever, args=(0.05,), daemon=True).start()
    host = f"127.0.0.1:{canary.server_port}"
    pages, payloads = _hostile_pages(folder, host)
    through, shown = Counter(), ""
    for number, path in enumerate(pages):
        (folder / f"browser{number}").mkdir()
        with browser.opened(folder / f"browser{number}", path.as_uri()) as page:
            page.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
            page.ask("new Promise(done => setTimeout(() => done(1), 200))")
            through[path.name] += page.ask("typeof window.harm") != "undefined"
            links = page.ask(FOLLOWED)
            through[path.name] += sum(not OWN.match(to) for to in links if to)
            shown += page.ask("document.body.innerText")
    canary.shutdown()
    got = sum(through.values()) + len(canary.asked)
    seen = sum(_letters(one)[:25] in _letters(shown) for one in payloads)
    details = {"pages opened": str(len(pages)), "payloads placed": "60: 20 names of columns, 20 "
               "levels, 20 values that only later rows have",
               "payloads that are read as text in some page": f"{seen} of {len(payloads)}",
               "requests that a page made": str(len(canary.asked)),
               "pages with a link or a script of the data": ", ".join(+through) or "none",
               }  # fmt: skip
    return {"reached": got == 0, "said": f"{got} of 60", "details": details}


def _letters(text: str) -> str:
    return re.sub(r"[\s`*\\]", "", text)


def _hostile_pages(folder: Path, host: str) -> tuple[list[Path], list[str]]:
    """The pages of a run, its monitoring and an exploration of a table full of payloads."""
    from helpers.line.run_folder import Run
    from tests.small import raw_table

    harm = f"window.harm=1;fetch('http://{host}/js')"
    marked = [one.replace("HARM", harm).replace("HOST", host) for one in MARKUP]
    own = [[f"{kind}{n} {one}" for n, one in enumerate(marked)] for kind in "clv"]
    table = raw_table(400)[["weight", "city", "bought"]]
    for n, (name, level) in enumerate(zip(own[0], own[1], strict=True)):
        table[name] = pd.Series(["plain", level, "other"] * 134).head(400).sample(
            frac=1, random_state=n).to_numpy()  # fmt: skip
    table.to_csv(folder / "hostile.csv", index=False)
    later = table.replace(dict(zip(own[1], own[2], strict=True)))
    later.to_csv(folder / "later.csv", index=False)
    quick = ("--set", "trials=0", "--set", "models=linear", "--no-track")
    said = [command("run", "--data", str(folder / "hostile.csv"), "--target", "bought", "--name",
                    "hostile", *quick),
            command("monitor", "hostile", "--data", str(folder / "later.csv")),
            command("explore", str(folder / "hostile.csv"), "--name", "look")]  # fmt: skip
    if failed := [text for code, text in said if code]:
        raise RuntimeError(failed[0][-500:])
    pages = [page for name in ("hostile", "look") for page in Run(name).path.rglob("*.html")]
    return sorted(pages), sum(own, [])


# --- Commands in pairs


def pairs(folder: Path) -> dict:
    """Two commands at once on one file, one run, one log."""
    small_run()
    found = {"one --out": _pairs_on_out(folder), "one run": _pairs_on_run(folder),
             "one log": _pairs_on_log(folder)}  # fmt: skip
    wrong = sum(one["wrong"] for one in found.values())
    details = {name: f"{PAIRS[name]} pairs: " + ", ".join(f"{n} {k}" for k, n in one.items() if n)
               for name, one in found.items()}  # fmt: skip
    return {"reached": wrong == 0, "said": f"{sum(PAIRS.values())} pairs, {wrong} wrong",
            "details": details}  # fmt: skip


def _pairs_on_out(folder: Path) -> Counter:
    base = pd.DataFrame([small_row()] * ROWS)
    for name in "AB":
        base.assign(city=name).to_csv(folder / f"in{name}.csv", index=False)
    out, found = folder / "race.csv", Counter(wrong=0)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for _ in range(PAIRS["one --out"]):
            out.unlink(missing_ok=True)
            told = pool.starmap(_score, [(str(folder / f"in{n}.csv"), str(out)) for n in "AB"], 1)
            won = [name for name, said in zip("AB", told, strict=True) if said == ""]
            is_said = all("Another command is writing" in said for said in told if said)
            cities = set(pd.read_csv(out, usecols=["city"])["city"]) if out.exists() else set()
            if len(won) == 1 and is_said and cities == set(won):
                found["with one winner, whose file it is, and one told why not"] += 1
            elif len(won) == 2 and len(cities) == 1:
                found["one after the other"] += 1
            else:
                found["wrong"] += 1
    return found


def _score(source: str, out: str) -> str:
    """Score a file; what is said of an error."""
    from helpers.base.user_errors import InputError
    from helpers.serving.batch_prediction import predict_file

    try:
        predict_file("small", source, Path(out))
    except InputError as error:
        return str(error)
    return ""


def _pairs_on_run(folder: Path) -> Counter:
    from tests.small import raw_table

    raw_table(400).to_csv(folder / "shop.csv", index=False)
    given = ("run", "--data", str(folder / "shop.csv"), "--target", "bought", "--stages", "1",
             "--no-track", "--name")  # fmt: skip
    found = Counter(wrong=0)
    for n in range(PAIRS["one run"]):
        told = _at_once([(*given, f"twice{n}")] * 2)
        codes = sorted(code for code, _ in told)
        lines = [said for code, said in told if code]
        if codes == [0, 0]:
            found["one after the other"] += 1
        elif codes[0] == 0 and REFUSALS.search(lines[0]) and "Traceback" not in lines[0]:
            found["with one winner, and one told who holds the run"] += 1
        else:
            found["wrong"] += 1
    return found


def _at_once(commands: list[tuple]) -> list[tuple[int, str]]:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(lambda given: command(*given), commands))


def _pairs_on_log(folder: Path) -> Counter:
    """Two services on one log: every answer that is marked logged is in it."""
    found, row = Counter(wrong=0), small_row()
    place = folder / "both.sqlite"
    for _ in range(PAIRS["one log"]):
        ports, ids = [free_port(), free_port()], set()
        line = [sys.executable, "-m", "helpers", "serve", "small", "--log", f"sqlite:///{place}"]
        one, other = ([*line, "--port", str(port)] for port in ports)
        with server(one, ports[0]), server(other, ports[1]):
            for n in range(100):
                told = requests.post(f"http://127.0.0.1:{ports[n % 2]}/predict", json=row,
                                     timeout=30).json()  # fmt: skip
                ids |= {told["id"]} if told["logged"] else set()
        with closing(sqlite3.connect(place)) as reader:
            kept = {id_ for (id_,) in reader.execute("SELECT id FROM predictions")}
        found[
            "with every answer of both in it" if len(ids) == 100 and ids <= kept else "wrong"
        ] += 1
    return found
