"""The model in the page "What if", held against the pipeline: in node and in Chromium.

The rows are cells as they came, taken from other rows or away, and odd ones (unseen levels,
extremes, junk), 10,000 of each table, cleaned by the pipeline; three models of the ladder answer
them. Needs node and Chromium; where one is not installed its column is empty.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import numpy as np

from helpers.base.places import TEMPLATES
from helpers.clean import clean_rows, cleaning_plan, column_cleaner
from helpers.deploy import bundle_files, what_if
from helpers.features import feature_plan
from helpers.learning.label_column import draft_label
from helpers.learning.labelled_data import TEST, TRAIN, Labelled
from helpers.learning.predicting import predict
from helpers.learning.task_kind import encode, find_task
from helpers.models.model_ladder import BASELINE, BOOSTING, candidates
from helpers.pages import what_if_page
from helpers.pipeline import agreement_check, described, whole_pipeline
from helpers.pipeline.compiled import Compiled
from helpers.split import split_into_parts

from .model_tables import TABLES, Table

ROWS, CHUNK, MOVES = 10_000, 1_000, 60
MOST_EXAMPLES = 500  # rows that reasons compare with
CHOSEN = ("flights", "penguins: sex", "diabetes", "breast cancer", "digits", "doctor visits",
          "party identity")  # fmt: skip
IN_NODE = """
const Scorer = require(process.argv[1]);
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
Scorer.open(asked.packed).then((scorer) => console.log(JSON.stringify(asked.rows.map((row, n) => {
  const found = scorer.answer(row, asked.held[n]);
  return found.probability ?? found.number;
}))));
"""
IN_PAGE = """(() => { const asked = %s; return asked.rows.map((row, n) => {
  const found = window.bench.answer(row, asked.held[n]);
  return found.probability ?? found.number;
}); })()"""
MOVED = """[...Array(%d).keys()].map((n) => {
  const control = whatIf.content.controls.find((one) => one.kind === "number");
  return whatIf.move(control.column, control.low + (control.high - control.low) * n / %d);
})"""


def measure(found: dict, tables=(), **options) -> Iterator[dict]:
    """What is found of each table, one after the other, beside the earlier ones."""
    done = dict(found.get("tables", {}))
    for table in TABLES:
        if table.name in (tables or CHOSEN) and _is_there(table):
            done[table.name] = _measured(table)
            yield {"tables": dict(done)}


def _is_there(table: Table) -> bool:
    return table.package in {one.metadata["Name"] for one in metadata.distributions()}


def _prepared(table: Table):
    """The raw rows, their plans, and the labelled rows, split."""
    raw, about = table.frame(), {"target": table.target, "task": "auto"}
    cleaning = cleaning_plan.draft_plan(raw, about)
    X = column_cleaner.Cleaner(cleaning).fit(raw).transform(raw)
    target = raw[table.target]
    label = clean_rows.clean_label(raw, table.target, draft_label(target))[0]
    task = find_task(label, table.target)
    plan = feature_plan.plan_features(X.assign(**{table.target: label}), cleaning, about)
    rows = Labelled(task, X, encode(label, task), np.arange(len(raw)))
    at_random = {"strategy": "random", "column": ""}
    return (
        raw,
        cleaning,
        plan | {"task": task.kind},
        split_into_parts.split_rows(rows, at_random),
    )


def _measured(table: Table) -> dict:
    """The largest differences of each model, and the page of boosting."""
    raw, cleaning, plan, rows = _prepared(table)
    some = raw.sample(ROWS // 3 + 1, replace=len(raw) <= ROWS // 3, random_state=0)
    asked = agreement_check.questions(some.reset_index(drop=True), ROWS).iloc[:ROWS]
    models = candidates(rows.task, len(rows.y))
    models.pop(BASELINE)
    apart = {}
    for name, model in models.items():
        whole = whole_pipeline.fit(cleaning, plan, model, rows.X, rows.y)
        apart[name] = _differences(Compiled(rows.task, whole, list(plan["columns"])), whole, asked)
        if name == BOOSTING:
            page = _page(whole, cleaning, plan, rows, raw)
    return {"rows": len(asked), "task": rows.task.kind, "differences": apart, "page": page}


def _differences(compiled: Compiled, whole, raw) -> dict[str, float | None]:
    """By runtime the largest difference to the pipeline; of numbers relative to their size."""
    with np.errstate(all="ignore"):
        prediction, probability = predict(compiled.task, whole, raw)
    wanted = np.asarray(prediction if probability is None else probability, dtype=float)
    clean = whole["clean"].transform(raw)
    held = described.held_numbers(clean, compiled.features)
    own = [[rows and rows[n] for rows in held] for n in range(len(clean))]
    rows = described.plain_rows(clean, compiled.features)
    packed = described.packed(described.describe(compiled))
    found = {"node": _of_node(packed, rows, own), "Chromium": _of_chromium(packed, rows, own)}
    scale = np.maximum(1, np.abs(wanted))
    return {name: None if one is None else float((np.abs(one - wanted) / scale).max())
            for name, one in found.items()}  # fmt: skip


def _of_node(packed: dict, rows: list, held: list) -> np.ndarray | None:
    from tests.in_node import NODE

    if NODE is None:
        return None
    asked = json.dumps({"packed": packed, "rows": rows, "held": held})
    command = [NODE, "-e", IN_NODE, str(TEMPLATES / "scorer.js")]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    return np.array(json.loads(done.stdout), dtype=float)


def _of_chromium(packed: dict, rows: list, held: list) -> np.ndarray | None:
    from tests import browser

    if browser.CHROMIUM is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scorer.html"
        script = (TEMPLATES / "scorer.js").read_text(encoding="utf-8")
        said = json.dumps(packed).replace("<", "\\u003c")
        start = f"Scorer.open({said}).then((scorer) => (window.bench = scorer));"
        file.write_text(f"<meta charset=utf-8><script>{script}\n{start}</script>")
        with browser.opened(Path(folder), file.as_uri()) as page:
            page.wait("!!window.bench")
            found = []
            for start in range(0, len(rows), CHUNK):
                these = slice(start, start + CHUNK)
                some = json.dumps({"rows": rows[these], "held": held[these]})
                found += page.ask(IN_PAGE % some)
    return np.array(found, dtype=float)


def _page(model, cleaning: dict, plan: dict, rows: Labelled, raw) -> dict:
    """The page's size, what it asks of the network, and the milliseconds of a move."""
    from tests import browser

    learnt = rows.of(TRAIN)
    before = whole_pipeline.fit(cleaning, plan, model["model"], learnt.X, learnt.y)
    test = rows.of(TEST)
    schema = bundle_files.make_schema(raw, rows.X, cleaning, plan)
    held_out = test, *predict(rows.task, before[1:], test.X)
    made = what_if.Asked(
        rows.task, model, schema, rows, *held_out, examples=raw.head(MOST_EXAMPLES)
    )
    content = what_if.make_content(made)
    text = what_if_page.page_text(json.dumps(content, separators=(",", ":")), "bench", "")
    found = {"bytes": len(text.encode()), "stands in": content["small"]}
    if browser.CHROMIUM is None:
        return found
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "what_if.html"
        file.write_text(text, encoding="utf-8")
        with browser.opened(Path(folder), file.as_uri()) as page:
            page.wait("window.whatIf && window.whatIf.ready")
            moves = page.ask(MOVED % (MOVES, MOVES))
            fetched = page.ask("performance.getEntriesByType('resource').length")
    return found | {"milliseconds": float(np.median(moves)), "quickest": min(moves),
                    "requests": fetched}  # fmt: skip


def section(found: dict) -> list[str]:
    """The lines of ANSWERS.md: a row a table, and what it shows."""
    lines = [
        "Goals: 1e-9, no request, below 20 ms a move, at most 1.5 MB. A move draws the answer, a "
        "curve of 61 answers, the reasons, and all controls anew.",
        "",
        "| table | rows | largest difference in node | in Chromium | page | requests | ms a move, "
        "median (quickest) |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    return lines + [_line(name, one) for name, one in found["tables"].items()]


def _line(name: str, one: dict) -> str:
    worst = {where: _worst(one["differences"], where) for where in ("node", "Chromium")}
    page = one["page"]
    took = f"{page['milliseconds']:.1f} ({page['quickest']:.1f})" if "requests" in page else ""
    return (
        f"| {name} | {one['rows']:,} | {worst['node']} | {worst['Chromium']} | "
        f"{page['bytes'] / 1e6:.2f} MB | {page.get('requests', '')} | {took} |"
    )


def _worst(differences: dict, where: str) -> str:
    """The largest difference over the models, to a power of ten; "" where none was measured."""
    known = [one[where] for one in differences.values() if one[where] is not None]
    if not known:
        return ""
    return "none" if max(known) == 0 else f"below 1e{int(np.ceil(np.log10(max(known))))}"
