"""Hostile data: markup stays text, formulas are not run, names stay in their folder."""

import csv
import pickle
import re
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from lxml.html import fromstring

from helpers.base import remote_files
from helpers.base.user_errors import InputError
from helpers.clean import doubtful_cells
from helpers.line.run_folder import Run
from helpers.line.stage_list import STAGES
from helpers.pages import show, stage_page
from helpers.pipeline import whole_pipeline
from helpers.serving import batch_prediction, write_answers
from helpers.tables.formula_cells import (
    neutral,
    neutral_encoded,
    neutral_table,
    restored,
    restored_table,
)
from tests import browser
from tests.small import deployed_run, prepared, raw_table

FORMULAS = ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "'=1", "=cmd|' /C calc'!A0", "\n=1",
            "\uff1d1", "\uff0b1+1", "\uff0d1+1", "\uff20SUM(A1)"]  # fmt: skip
HARMLESS = ["-5", "+5.2", "-1,234.5", "-1e-5", "a=b", "'tis", "", "2024-01-02"]


# --- Formulas in CSV ----------------------------------------------------------------------------


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_text_and_comes_back(text):
    assert neutral(text) == f"'{text}" and restored(neutral(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_formula_stays(text):
    assert neutral(text) == text == restored(text)


def test_a_table_of_formulas_comes_back():
    table = pd.DataFrame({"=x": FORMULAS + HARMLESS, "n": np.arange(21) - 8})
    safe = neutral_table(table)
    assert safe.columns.tolist() == ["'=x", "n"] and safe["n"].equals(table["n"])
    assert restored_table(safe)["'=x"].tolist() == table["=x"].tolist()
    coded = pa.array(table["=x"], pa.string()).dictionary_encode()
    assert neutral_encoded(coded).cast(pa.string()).to_pylist() == safe["'=x"].tolist()


@pytest.mark.parametrize("rows", [200, write_answers.FEW + 1])
def test_no_formula_is_in_a_scored_file(tmp_path, rows):
    deployed_run(prepared(), "formulas")
    table = pd.concat([raw_table()] * (rows // 240 + 1)).head(rows).assign(city="=1+1")
    table = table.drop(columns=["bought", "price"]).assign(**{"@own": "+1+1"}).astype("str")
    table.to_csv(tmp_path / "rows.csv", index=False)
    batch_prediction.predict_file("formulas", str(tmp_path / "rows.csv"), tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        found = list(csv.reader(file))
    assert len(found) == rows + 1 and found[0].count("'@own") == 1
    assert all(neutral(cell) == cell or cell.startswith("'") for row in found for cell in row)
    assert found[1].count("'=1+1") == found[1].count("'+1+1") == 1


def test_a_review_list_comes_back_as_it_was(tmp_path):
    line = dict.fromkeys(doubtful_cells.REVIEW_COLUMNS, "") | {"cells": 1, "kind": "typo"}
    kept = [text for text in FORMULAS if "\r" not in text]  # a CSV file has \n alone
    review = pd.DataFrame([line | {"column": "=c", "value": v, "suggestion": v} for v in kept])
    neutral_table(review).to_csv(tmp_path / "review.csv", index=False)
    assert "\n=c" not in (tmp_path / "review.csv").read_text()
    back = doubtful_cells.open_review(str(tmp_path / "review.csv"))
    assert back[["column", "value", "suggestion"]].equals(
        review[["column", "value", "suggestion"]].astype("str")
    )


# --- Names that lead out of their folder --------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "..",
        ".",
        "/tmp/x",
        "a/b",
        "a\\b",
        "a\0b",
        "",
        "-x",
        ".hidden",
        "a\n",
        "x" * 101,
        "é",
    ],
)
def test_a_run_has_no_name_that_leads_out(name):
    with pytest.raises(InputError, match="A run's name is"):
        Run(name)


@pytest.mark.parametrize("path", ["a\0b.csv", "x" * 5000, "~nobody_of_that_name/a.csv"])
def test_a_path_that_none_can_have_is_one_line(path):
    from helpers.tables.read_any import read_table

    with pytest.raises(InputError) as caught:
        read_table(path)
    assert "\n" not in str(caught.value) and "\0" not in str(caught.value)


def test_a_file_in_storage_stays_in_its_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(remote_files, "stored_files", lambda _: {"/b/../../evil.parquet": {}})
    with pytest.raises(InputError, match="leads out"):
        remote_files.fetch_stored("memory://b", tmp_path)


# --- Models that are none -----------------------------------------------------------------------


class Harm:
    def __reduce__(self):
        return (open, ("harm_was_done", "w"))


def test_a_pickle_is_no_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.skops"
    path.write_bytes(pickle.dumps(Harm()))
    with pytest.raises(InputError, match="model.skops"):
        whole_pipeline.load(path)
    assert not (tmp_path / "harm_was_done").exists()


def test_a_model_with_types_that_are_not_trusted_is_refused(tmp_path):
    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    path = tmp_path / "model.skops"
    skops.io.dump(FunctionTransformer(eval), path)
    with pytest.raises(InputError, match="eval"):
        whole_pipeline.load(path)


def test_the_service_listens_on_loopback_alone():
    from helpers.cli.model_commands import serve

    host = next(option for option in serve.params if option.name == "host")
    assert host.default == "127.0.0.1"


# --- Markup in a browser ------------------------------------------------------------------------


class Canary(BaseHTTPRequestHandler):
    """Notes every request: there must be none."""

    def do_GET(self):  # noqa: N802 - the name that http.server asks for
        self.server.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_):
        pass


@pytest.fixture
def canary():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Canary)
    server.asked = []
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def hostile_table(port: int) -> pd.DataFrame:
    """A table whose names, values and labels are markup that would run, or ask for something."""
    harm = f"window.harm=1;fetch('http://127.0.0.1:{port}/js')"
    image = f'<img src="http://127.0.0.1:{port}/img" onerror="{harm}">'
    table = raw_table(160).drop(columns=["price", "note"])
    names = {
        "weight": f"<script>{harm}</script>",
        "visits": f"[c](javascript:{harm}) ![d](http://127.0.0.1:{port}/name) <http://h.example>",
        "height": f'"><svg onload="{harm}">',
        "city": image,
        "bought": f"</title></script><b onclick='{harm}'>target",
    }
    link = f"[x](javascript:{harm}) ![y](http://127.0.0.1:{port}/md)"
    towns = {"Rome": f"<script>{harm}</script>", "Oslo": image, "Lima": link}
    table["city"] = table["city"].map(towns)
    labels = {"yes": f"yes{image}", "no": f"</pre><script>{harm}</script>"}
    table["bought"] = table["bought"].map(labels)
    return table.rename(columns=names)


FOLLOWED = """Array.from(document.querySelectorAll('[href],[src],[action]'))
    .map(one => ['href', 'src', 'action'].map(name => one.getAttribute(name)).find(to => to))"""
OWN = re.compile(r"#|data:image/|[\w-]+\.html(#|$)|[\w/-]+\.(csv|json|yaml|parquet|md|zip)$")


@pytest.mark.slow
@pytest.mark.skipif(browser.CHROMIUM is None, reason="no Chromium here")
def test_markup_is_shown_as_text_in_every_page(canary, tmp_path):
    from helpers.pages.compare_runs import compare
    from helpers.run.exploring import Question, explore
    from helpers.run.retraining_due import monitor_new_rows
    from helpers.run.run_request import Request
    from helpers.run.runner import run_line

    table = hostile_table(canary.server_port)
    source = tmp_path / '<img src=x onerror="window.harm=1">.csv'
    table.to_csv(source, index=False)
    target = table.columns[-1]
    quick = ("trials=0", "models=linear")
    made = run_line(Request(str(source), target=target, name="hostile", settings=quick),
                    say=lambda _: None)  # fmt: skip
    other = run_line(Request(str(source), name="hostile_too"), say=lambda _: None)
    compare(made, other)
    explore(Question(str(source), "", target, str(source), "hostile_look", "warm"))
    later = tmp_path / "later.csv"  # values that training did not see
    table.assign(**{table.columns[2]: "![new](http://h.example/p) [a](javascript:a)"}).to_csv(later)
    monitor_new_rows("hostile", str(later))
    pages = sorted(p for name in ("hostile", "hostile_too", "hostile_look")
                   for p in Run(name).path.rglob("*.html"))  # fmt: skip
    assert len(pages) >= 12
    said = ""
    for number, path in enumerate(pages):
        folder = tmp_path / f"browser{number}"
        folder.mkdir()
        with browser.opened(folder, path.as_uri()) as page:
            page.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
            page.ask("new Promise(done => setTimeout(() => done(1), 200))")
            assert page.ask("typeof window.harm") == "undefined", path.name
            asked = page.ask("performance.getEntriesByType('resource').map(e => e.name)")
            assert not [name for name in asked if not re.match("data:|blob:", name)], path.name
            followed = page.ask(FOLLOWED)
            assert not [to for to in followed if not OWN.match(to)], path.name
            said += page.ask("document.body.innerText")
    assert canary.asked == []
    assert "<script>window.harm=1" in said  # as text: it is there to be read


PAYLOADS = [
    "[x](javascript:alert(1))", "![p](http://h.example/p.png)", "[x]: http://h.example\n\n[x]",
    "<http://h.example>", "http://h.example/a", "www.h.example", "<img src=//h.example/p>",
    r"\[x\](javascript:alert(1))", r"\\[x\\](javascript:alert(1))", "`[x](javascript:alert(1))",
    "`` ` `[x](javascript:alert(1))", "`a\n\nb` [x](javascript:alert(1)) `", "[x](//h.example)",
    "$[x](javascript:alert(1))$", "[![p](http://h.example/p)](data:text/html,a)",
    "**[x](vbscript:a)**", "[x](\tjavascript:alert(1))", "[x][y]\n\n[y]: javascript:alert(1)",
    "<a\nhref=javascript:alert(1)>x",
]  # fmt: skip


@pytest.mark.parametrize("text", PAYLOADS)
@pytest.mark.parametrize(
    "around", ["{}", "**{}** is the strongest", "depends on '{}' (`--set a={}`)"]
)
def test_a_sentence_with_a_value_links_nowhere_and_shows_it(text, around):
    from nbconvert.filters import markdown2html

    sentence = show.say(around.format(text, text))
    for html in (markdown2html(sentence.data), show.as_html(sentence)):
        page = fromstring(f"<div>{html}</div>")
        assert not page.xpath("//a | //img | //script"), html
        assert _letters(text) in _letters(page.text_content()), html


def _letters(text: str) -> str:
    """A text without blanks and without the signs of code and of bold text."""
    return re.sub(r"[\s`*]", "", text)


@pytest.mark.parametrize("address", [
    "http://h.example", "//h.example", "/etc/passwd", "javascript:a", "java&#115;cript:a",
    " javascript:a", "java\tscript:a", "data:text/html,a", "data:image/svg+xmlx,a",
    "vbscript:a", r"\\h.example", "file:///a",
])  # fmt: skip
@pytest.mark.parametrize(
    "form", ['<a title="x > y" href="{}">', "<img src='{}' alt=''>", '<form action="{}">']
)
def test_an_output_of_a_page_leads_nowhere_else(address, form):
    assert not {"href", "src", "action"} & set(_attributes(form.format(address)))


@pytest.mark.parametrize(
    "address", ["#part", "06_evaluation.html", "data/x.csv", "data:image/png;base64,AA"]
)
def test_an_output_of_a_page_keeps_its_own_links(address):
    assert _attributes(f'<a href="{address}">')["href"] == address


def _attributes(html: str) -> dict:
    return dict(fromstring(f"<div>{stage_page._own_links(html)}</div>")[0].attrib)


# --- Formulas in figures, and cells that take long ------------------------------------------------


def test_a_broken_formula_in_names_and_classes_is_drawn_as_text():
    from helpers.evaluate import calibration_curve
    from helpers.pages import model_plots

    names = [r"$\frac{$", "$x^$ and $", r"\$"]
    counts = pd.DataFrame([[3, 1, 0], [1, 3, 0], [0, 1, 2]], names, names)
    assert model_plots.confusion(counts).png.startswith(b"\x89PNG")
    table = pd.DataFrame({"predicted": [0.1, 0.9], "observed": [0.2, 0.8]})
    drawn = calibration_curve.draw_calibration_curve(
        dict.fromkeys(names[:2], table), dict.fromkeys(names, 0.1)
    )
    assert drawn.png.startswith(b"\x89PNG")


LONG = ["1" * 50_000 + "x", "a" * 50_000, " " * 50_000 + "x", "1," * 25_000 + "x",
        "1 " * 25_000 + "x", "1 1:11 " * 8_000, "-" * 50_000,
        "(" + "1" * 50_000, "1-" * 25_000 + "x"]  # fmt: skip


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_a_long_cell_takes_no_long_time(text):
    from helpers.cells import column_numbers, date_formats, number_formats

    began = time.process_time()
    for style in ("point", "comma"):
        assert (
            number_formats.parse_number(text, style)
            is number_formats.parse_quantity(text, style)
            is None
        )
    assert date_formats.parse_date(text, "iso") is date_formats.parse_date(text, "%d.%m.%Y") is None
    assert not column_numbers._enough_read(Counter({text: 5}), {})
    assert time.process_time() - began < 0.5


# --- Links --------------------------------------------------------------------------------------


def test_a_run_is_no_link(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    deployed_run(prepared(), "mine")
    (tmp_path / "elsewhere").mkdir()
    for to in ("../elsewhere", "mine", "nowhere"):
        link = tmp_path / "reports/linked"
        link.symlink_to(to)
        with pytest.raises(InputError, match="is a link"):
            Run("linked")
        link.unlink()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_nothing_is_written_through_a_link_in_a_run(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    run, outside = Run("mine"), tmp_path / "outside"
    outside.mkdir()
    run.path.mkdir(parents=True)
    (run.path / "data").symlink_to(outside)
    with pytest.raises(InputError, match="link out of the run's folder"):
        run.write_text("data/x.txt", "new")
    assert not list(outside.iterdir())
    (outside / "y.txt").write_text("kept")
    (run.path / "y.txt").symlink_to(outside / "y.txt")
    run.write_text("y.txt", "new")
    assert (outside / "y.txt").read_text() == "kept" and run.file("y.txt").read_text() == "new"


def test_a_file_of_a_run_that_became_a_link_counts_by_its_content(tmp_path, monkeypatch):
    from helpers.line import freshness
    from helpers.scale import push_and_pull

    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    run, kept = deployed_run(prepared(), "mine"), tmp_path / "kept.parquet"
    path = run.file("data/clean.parquet")
    before = run.content("data/clean.parquet")
    path.rename(kept)
    path.symlink_to(kept)
    assert run.content("data/clean.parquet") == before  # the same rows are no other input
    kept.write_bytes(kept.read_bytes() + b" ")
    assert run.content("data/clean.parquet") != before
    assert freshness.status(run, [STAGES[3]])[3]
    with pytest.raises(InputError, match="link out of its folder"):
        push_and_pull.push("mine", str(tmp_path / "pushed"))
    assert not (tmp_path / "pushed").exists()


def test_a_pulled_link_is_refused_or_becomes_a_file(tmp_path, monkeypatch):
    from helpers.scale import push_and_pull

    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    deployed_run(prepared(), "mine")
    pushed, secret = tmp_path / "pushed", tmp_path / "secret.txt"
    push_and_pull.push("mine", str(pushed))
    secret.write_text("a key")
    about = (pushed / "about.json").read_text()
    (pushed / "about.json").unlink()
    (pushed / "about.json").symlink_to(secret)
    with pytest.raises(InputError, match="not what its manifest says"):
        push_and_pull.pull(str(pushed), "theirs")
    assert not (tmp_path / "reports/theirs").exists()
    secret.write_text(about)
    push_and_pull.pull(str(pushed), "theirs")
    got = Run("theirs").file("about.json")
    assert got.read_text() == about and not got.is_symlink()
    (tmp_path / "reports/linked").symlink_to(tmp_path)
    with pytest.raises(InputError, match="is a link"):
        push_and_pull.pull(str(pushed), "linked", force=True)


def test_rows_may_be_a_link_and_out_is_put_in_the_place_of_one(tmp_path):
    deployed_run(prepared(), "links")
    raw_table().drop(columns=["bought", "price"]).to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "link.csv").symlink_to("rows.csv")
    (tmp_path / "kept.txt").write_text("kept")
    (tmp_path / "out.csv").symlink_to("kept.txt")
    count = batch_prediction.predict_file("links", str(tmp_path / "link.csv"), tmp_path / "out.csv")
    assert count == 240 == len(pd.read_csv(tmp_path / "out.csv"))
    assert (tmp_path / "kept.txt").read_text() == "kept"
    assert not (tmp_path / "out.csv").is_symlink()
