"""Answers of `scorer.js` in node, for the tests of descriptions."""

import json
import shutil
import subprocess

import numpy as np

from helpers.base.places import TEMPLATES
from helpers.pipeline import described

NODE = shutil.which("node")
ASK = """
const Scorer = require(process.argv[1]);
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
Scorer.open(asked.packed).then((scorer) => {
  const own = (n) => asked.held.map((rows) => rows && rows[n]);
  const found = asked.rows.map((row, n) => scorer.answer(row, own(n)));
  process.stdout.write(JSON.stringify(found));
});
"""


def node_answers(compiled, clean) -> tuple[np.ndarray, list]:
    """The numbers, or n × classes probabilities, of cleaned rows, and the labels."""
    asked = {
        "packed": described.packed(described.describe(compiled)),
        "rows": described.plain_rows(clean, compiled.features),
        "held": described.held_numbers(clean, compiled.features),
    }
    done = subprocess.run(
        [NODE, "-e", ASK, str(TEMPLATES / "scorer.js")], input=json.dumps(asked),
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    numbers = [one["number"] if "number" in one else one["probability"] for one in found]
    return np.array(numbers, dtype=float), [one.get("label") for one in found]
