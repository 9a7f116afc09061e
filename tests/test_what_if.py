"""The page "What if": the model in it answers as the deployed one does, and holds nothing else."""

import json
import re
import subprocess

import numpy as np
import pytest
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB

from helpers.base.places import TEMPLATES
from helpers.deploy import what_if, what_if_controls
from helpers.deploy.what_if_rows import chosen_rows
from helpers.learning.task_kind import Task
from helpers.models import small_model
from helpers.models.calibrated_model import Calibrated

from . import browser, small
from .in_node import NODE
from .what_if_cases import asked, page_of

needs_node = pytest.mark.skipif(NODE is None, reason="needs node, which is not installed here")
FOREST = {"n_estimators": 30, "random_state": 0}
BOOSTED = {"max_iter": 20, "random_state": 0}
PAIR = [("a", RandomForestClassifier(**FOREST)), ("b", LogisticRegression())]
STRETCH = (1.2, (0.0, 0.3))
CASES = {  # by target and name: every kind of model that gives reasons
    ("bought", "forest"): RandomForestClassifier(**FOREST),
    ("bought", "calibrated"): Calibrated(RandomForestClassifier(**FOREST), *STRETCH),
    ("bought", "boosting"): Calibrated(HistGradientBoostingClassifier(**BOOSTED), *STRETCH),
    ("bought", "linear"): Calibrated(LogisticRegression(), *STRETCH),
    ("bought", "mean"): VotingClassifier(PAIR, voting="soft"),
    ("price", "forest"): RandomForestRegressor(**FOREST),
    ("price", "linear"): Ridge(),
    ("price", "boosting"): HistGradientBoostingRegressor(**BOOSTED),
    ("city", "boosting"): HistGradientBoostingClassifier(**BOOSTED),
}
CHECK = """
globalThis.Scorer = require(process.argv[1] + "/scorer.js");
const Answers = require(process.argv[1] + "/answers.js");
const content = JSON.parse(require("fs").readFileSync(0, "utf8"));
(async () => {
  const scorer = await Scorer.open(content.scorer), sure = await Scorer.unpack(content.certainty);
  const why = content.why && (await Scorer.unpack(content.why));
  console.log(JSON.stringify(content.rows.map((row, n) => {
    const found = scorer.answer(row.values, row.held), x = scorer.features(row.values, row.held);
    const own = found.probability && scorer.said.places.map((n) => found.probability[n]);
    const set = found.probability ? Answers.classSet(sure, found.probability, 0.9)
      : Answers.interval(sure, x, found.number, 0.9);
    if (!why) return { answer: own ?? found.number, set };
    const reasons = Answers.reasons(scorer.said.model, x, why.mean), count = why.columns.length;
    const added = why.columns.map((_, place) => why.origins.reduce((sum, own, feature) =>
      sum + (own.includes(place) ? reasons.added[feature] / own.length : 0), 0));
    const wanted = [...why.expected.slice(n * count, (n + 1) * count)];
    return { answer: own ?? found.number, set, added, wanted, base: [reasons.base, why.base] };
  })));
})();
"""


def content_of(target: str, model=None) -> dict:
    model = CASES[target, "forest"] if model is None else model
    return what_if.make_content(asked(prepared(target), model))


def prepared(target: str):
    """The small table with that target, which is known in every row."""
    raw = small.raw_table()
    return small.prepared(target, raw.assign(**{target: raw[target].fillna("Lima")}))


@needs_node
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_page_answers_its_rows_as_the_deployed_model(case):
    """Answers and intervals or sets within 1e-9; reasons, where it gives them, too."""
    target, _ = case
    content = content_of(target, CASES[case])
    done = subprocess.run([NODE, "-e", CHECK, str(TEMPLATES)], text=True, timeout=60,
                          input=json.dumps(content), capture_output=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert content["small"] is None and len(content["rows"]) > 40
    assert (content["why"] is None) == (target == "city")
    for row, found in zip(content["rows"], json.loads(done.stdout), strict=True):
        assert same(found["answer"], row["expected"]) and same(found["set"], row["sure"])
        if content["why"]:
            assert same(found["added"], found["wanted"]) and same(*found["base"])


def same(one, other) -> bool:
    return np.allclose(one, other, rtol=1e-9, atol=1e-9)


def test_a_row_of_each_kind_comes_once():
    random = np.random.default_rng(0)
    chance = random.random(300)
    probability, task = np.column_stack([1 - chance, chance]), Task("y", "binary", ("a", "b"), "b")
    truth = np.where(random.random(300) < chance, "b", "a").astype(object)
    places, kinds = chosen_rows(task, truth, truth, probability, 50)
    assert len(set(places.tolist())) == 50 and set(kinds) == {"surprising", "undecided", "typical"}
    first, undecided = places[0], places[kinds.index("undecided")]
    wrong = np.where(truth == "b", 1 - chance, chance)
    assert wrong[first] == wrong.max() and abs(chance[undecided] - 0.5) < 0.05


def test_columns_have_controls_the_strongest_first():
    content = content_of("bought")
    controls = {one["column"]: one for one in content["controls"]}
    assert content["controls"][0]["column"] == "weight" and set(controls) == {
        "weight", "height", "city", "day", "paid"}  # fmt: skip
    assert controls["paid"]["options"] == [False, True]
    assert controls["city"]["kind"] == "choice" and controls["day"]["kind"] == "date"
    assert controls["weight"]["low"] < 40 < 60 < controls["weight"]["high"]


def test_texts_stay_as_they_came_and_only_columns_of_the_model_are_held():
    words = ["warm", "loud", "thin", "sour", "late", "deep", "calm", "red"]
    random = np.random.default_rng(1)
    notes = [" ".join(random.choice(words, 9)) for _ in range(240)]
    raw = small.raw_table().assign(story=notes, secret=[f"id-{n}" for n in range(240)])
    made = asked(small.prepared("bought", raw), LogisticRegression())
    content = what_if.make_content(made)
    held = [one["column"] for one in content["controls"] if one["kind"] == "held"]
    assert held == ["story"] and any(content["rows"][0]["held"])
    assert "secret" not in content["rows"][0]["values"] and "id-7" not in json.dumps(content)


def test_a_large_forest_has_fewer_trees_in_the_page(monkeypatch):
    monkeypatch.setattr(what_if, "MOST_NODES", 900)
    forest = RandomForestClassifier(**FOREST)
    pair = VotingClassifier([("a", forest), ("b", LogisticRegression())], voting="soft")
    content = content_of("bought", pair)
    assert "fewer of its trees" in content["small"]["why"]
    assert 0 < content["small"]["mean"] < 0.1 and content["small"]["same"] > 0.8
    assert content["certainty"] is None and content["rows"][0]["expected"] is None


@pytest.mark.parametrize("target", ["bought", "city"])
def test_a_model_without_a_written_form_is_stood_in_for(target, monkeypatch):
    content = content_of(target, GaussianNB())
    assert "no written form" in content["small"]["why"] and content["small"]["rows"] == 48
    monkeypatch.setattr(what_if, "MOST_BYTES", 100)
    assert what_if.make_content(asked(prepared(target), GaussianNB())) is None


def test_a_small_model_comes_close():
    random = np.random.default_rng(0)
    x = random.normal(size=(4_000, 3))
    answers = np.column_stack([x[:, 0] + x[:, 1] ** 2, np.sin(x[:, 2]), 0 * x[:, 0]])
    answers = np.exp(answers) / np.exp(answers).sum(axis=1, keepdims=True)
    found = small_model.distilled(x[:3_000], answers[:3_000]).answers(x[3_000:])
    assert np.abs(found - answers[3_000:]).mean() < 0.02 and np.allclose(found.sum(axis=1), 1)


def test_the_strength_of_a_column_is_how_far_answers_move():
    made = asked(small.prepared("bought"), LogisticRegression())
    sways = what_if_controls.sways(made.model, made.known.X, ["weight", "height"])
    assert sways["weight"] > 5 * sways["height"] > 0


def test_no_cell_can_end_the_script_of_the_page():
    raw = small.raw_table()
    raw["city"] = raw["city"].replace("Rome", "</script><script>document.title = 'run'</script>")
    page = page_of(what_if.make_content(asked(small.prepared("bought", raw), LogisticRegression())))
    assert page.count("</script>") == 4 and "\\u003c/script>" in page
    assert not re.search(r'(src|href)="(?!index.html|#)', page)
    assert len(page) < 500_000


def test_a_run_without_a_model_for_a_page_has_none():
    assert page_of(None) == ""


# In a browser


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "what_if.html"
    path.write_text(page_of(content_of("bought")))
    return path


def in_a_browser(test):
    """Marks a test as slow, and skips it where there is no browser."""
    reason = "needs Debian's package chromium"
    return pytest.mark.slow(pytest.mark.skipif(browser.CHROMIUM is None, reason=reason)(test))


UNNAMED = """[...document.querySelectorAll('main :is(input, select, button)')].filter(e =>
  !e.labels?.length && !e.getAttribute('aria-label') && !e.textContent).length"""
BIG = "document.getElementById('said').textContent"


def opened(tmp_path, page_file):
    return browser.opened(tmp_path, page_file.as_uri())


@in_a_browser
def test_keys_move_the_answer_and_nothing_is_fetched(tmp_path, page_file):
    with opened(tmp_path, page_file) as page:
        page.wait("window.whatIf && window.whatIf.ready")
        before = page.ask(BIG)
        page.ask("document.querySelector('.control input[type=range]').focus()")
        for _ in range(25):
            page.press("ArrowRight")
        page.wait(f"{BIG} !== {json.dumps(before)}")
        assert page.ask("document.querySelectorAll('#moved tr').length") == 2
        page.click("document.getElementById('reset')")
        page.wait(f"{BIG} === {json.dumps(before)}")
        assert page.ask("performance.getEntriesByType('resource').length") == 0


@in_a_browser
def test_threshold_and_costs_move_the_confusion_matrix(tmp_path, page_file):
    count = "Number(document.getElementById('{}').firstChild.textContent)"
    with opened(tmp_path, page_file) as page:
        page.wait("window.whatIf && window.whatIf.ready")
        cells = [page.ask(count.format(name)) for name in ("tn", "fp", "fn", "tp")]
        assert sum(cells) == 48
        page.click("document.getElementById('take')")
        page.wait(f"{count.format('fn')} < {max(cells[2], 1)}")
        page.ask("(e => { e.value = 0; e.dispatchEvent(new Event('input')); })"
                 "(document.getElementById('cost-fn'))")  # fmt: skip
        page.click("document.getElementById('take')")
        page.wait(f"{count.format('fp')} === 0")


@in_a_browser
def test_the_page_fits_a_phone_and_a_move_is_quick(tmp_path, page_file):
    with opened(tmp_path, page_file) as page:
        page.send("Emulation.setDeviceMetricsOverride", width=360, height=740,
                  deviceScaleFactor=2, mobile=True)  # fmt: skip
        page.wait("window.whatIf && window.whatIf.ready")
        assert page.ask("document.documentElement.scrollWidth") <= 360
        moves = page.ask("[...Array(30).keys()].map(n => whatIf.move('weight', 40 + n / 2))")
        assert min(moves) < 20  # on a busy machine any of them may wait
        page.ask("document.getElementById('more').open = true")
        assert page.ask(UNNAMED) == 0


@in_a_browser
def test_a_page_whose_model_answers_otherwise_is_not_shown(tmp_path, page_file):
    text = page_file.read_text()
    content = json.loads(re.search(r'id="content">(.*?)</script>', text, re.S)[1])
    content["rows"][3]["expected"] = [0.5, 0.5]
    path = tmp_path / "off.html"
    path.write_text(page_of(content))
    with browser.opened(tmp_path, path.as_uri()) as page:
        page.wait("!document.getElementById('trouble').hidden")
        assert page.ask("document.getElementById('page').hidden")
