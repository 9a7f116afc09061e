"""The written description of each step: `scorer.js` answers by it as the pipeline does."""

import numpy as np
import pandas as pd
import pytest

from helpers.features import encoders
from helpers.features.formula_parts import Part
from helpers.learning.predicting import predict
from helpers.models import compiled_models
from helpers.pipeline import agreement_check, described

from . import scorer_cases
from .in_node import NODE, node_answers

needs_node = pytest.mark.skipif(NODE is None, reason="needs node, which is not installed here")


def odd_rows():
    """Rows as they came, with cells of other rows, unseen levels, extremes and junk."""
    return agreement_check.questions(scorer_cases.RAW, 150)


@needs_node
@pytest.mark.parametrize("case", range(len(scorer_cases.CASES)))
def test_the_scorer_in_javascript_answers_as_the_pipeline(case):
    kind, model = scorer_cases.CASES[case]
    compiled, whole = scorer_cases.compiled(kind, model, keep=9 if case % 2 else 0)
    raw = odd_rows()
    clean = whole["clean"].transform(raw)
    with np.errstate(all="ignore"):
        prediction, probability = predict(compiled.task, whole, raw)
    numbers, labels = node_answers(compiled, clean)
    wanted = prediction if probability is None else probability
    assert np.abs((numbers - wanted) / np.maximum(1, np.abs(wanted))).max() < 1e-9
    if probability is not None:
        assert labels == prediction.tolist()


def test_every_step_and_model_says_how_it_is_written():
    """One that is added later fails here until it has a form of its own in `scorer.js`."""
    steps = subclasses(encoders.CompiledStep)
    models = subclasses(compiled_models.CompiledModel) - {compiled_models.AskedModel}
    for own in steps | models | subclasses(Part):
        assert "described" in vars(own), f"{own.__name__} has no description of its own"


def subclasses(base) -> set[type]:
    """The subclasses of a class that helpers define, those of subclasses among them."""
    own = {one for one in base.__subclasses__() if one.__module__.startswith("helpers.")}
    return own.union(*map(subclasses, own)) if own else own


@needs_node
def test_formulas_divide_as_python_does():
    from helpers.features.derived_columns import CompiledFormulas, Derive

    formulas = {
        "a": "x // y", "b": "x % y", "c": "x ** y", "d": "-x / y", "e": "log1p(x) + sqrt(y)",
        "f": "minimum(x, y) - maximum(x, 2)", "g": "abs(x) * sin(y) + cos(x)", "h": "count_by(z)",
        "i": "1 / (x / y)", "j": "median_by(x, z)",
    }  # fmt: skip
    values = [-7.5, -2.0, -0.0, 0.0, 0.1, 0.3, 1.0, 3.0, 7.0, 1e300, None]
    pairs = [(x, y) for x in values for y in values]
    rows = pd.DataFrame(pairs, columns=["x", "y"], dtype=float).assign(z="__proto__")
    derive = Derive(formulas).fit(rows)
    wanted = derive.transform(rows)[list(formulas)].to_numpy(dtype=float)
    found = in_node(CompiledFormulas(derive).described(), rows)
    both = np.isnan(wanted) & np.isnan(found)
    assert np.allclose(found[~both], wanted[~both], rtol=1e-12, atol=1e-300)


def in_node(formulas: dict, rows: pd.DataFrame) -> np.ndarray:
    """What formulas give in node, by a scorer whose features are these numbers themselves."""
    import json
    import subprocess

    from helpers.base.places import TEMPLATES

    script = """
    const Scorer = require(process.argv[1]);
    const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
    Scorer.open(asked.packed).then((s) =>
      console.log(JSON.stringify(asked.rows.map((row) => s.derived(row)))));
    """
    said = {"features": {**formulas, "steps": [], "kept": None}, "classes": []}
    plain = [{k: None if v != v else v for k, v in row.items()} for row in rows.to_dict("records")]
    asked = {"packed": described.packed(said), "rows": plain}
    done = subprocess.run([NODE, "-e", script, str(TEMPLATES / "scorer.js")], text=True, timeout=60,
                          input=json.dumps(asked), capture_output=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    names = [one["name"] for one in formulas["formulas"]]
    return np.array([[row[name] for name in names] for row in json.loads(done.stdout)], dtype=float)


def test_a_description_keeps_every_number():
    arrays = {"few": np.repeat([0.1, 1 / 3, -0.0], 50), "many": np.random.default_rng(0).random(70),
              "places": np.arange(9, dtype=np.uint16)}  # fmt: skip
    packed = described.packed({"inside": [arrays]})
    assert [kind[0] for kind in packed["arrays"]] == ["table", "<f8", "<u2"]
    assert packed["said"]["inside"][0]["many"] == {"array": 1}
