"""The pages in a real browser: nothing is fetched, nothing fails, what folds unfolds, nothing runs.

Slow, and skipped where Debian's Chromium is not installed.
"""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from helpers.base.places import NOTEBOOKS, TEMPLATES
from helpers.line.run_folder import Run
from helpers.line.stage_list import STAGES

from .test_explore import NASTY, odd_tables, usual

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's package chromium"),
]
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr", "--virtual-time-budget=3000",
]  # fmt: skip
STYLE = TEMPLATES


def visit(page, tmp_path, script="", size="1400,900"):
    """Open a copy of a page, run a script in it; the DOM after that, console lines, addresses."""
    copy = tmp_path / page.name
    copy.write_text(page.read_text() + (f"<script>{script}</script>" if script else ""))
    log = tmp_path / "net.json"
    command = [
        CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={size}",
        f"--log-net-log={log}", "--dump-dom", copy.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    # Chromium itself asks its maker for the time and for updates; the page must ask for nothing.
    every = re.findall(r'"url":"(https?://[^"]+)"', log.read_text())
    addresses = [a for a in every if not re.match(r"https?://[\w.-]*\.(google|googleapis)\.", a)]
    return done.stdout, console, addresses


def run_line(*arguments, command="run"):
    command = [sys.executable, "-m", "helpers", command, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def flights():
    said = run_line("--name", "shown", "--set", "sample=8000", "--set", "trials=2")
    run = Run("shown")
    assert str(run.file("index.html")) in said
    run_line("--name", "quick", "--set", "sample=3000", "--set", "trials=1")
    run_line("shown", "quick", command="compare")
    return run


@pytest.fixture(scope="module")
def explored(tmp_path_factory):
    """The pages of explorations: a usual table, odd ones, and one beside another."""
    folder, found = tmp_path_factory.mktemp("tables"), {}
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(100, 1_000))).add_prefix("c")
    tables = {"usual": usual(), "a thousand columns": wide, **odd_tables()}
    for number, (name, frame) in enumerate(tables.items()):
        path = folder / f"table{number}.parquet"
        frame.to_parquet(path)
        run_line(path, "--target", frame.columns[-1], command="explore")
        found[name] = Run(path.stem).file("explore.html")
    usual().assign(x=1.0).to_parquet(folder / "later.parquet")
    run_line(folder / "table0.parquet", "--against", folder / "later.parquet", command="explore")
    found["against"] = Run("table0_against_later").file("explore.html")
    return found


EXERCISES = [NOTEBOOKS / kind for kind in ("exercises", "solutions")]


@pytest.mark.parametrize("folder", EXERCISES, ids=lambda folder: folder.name)
def test_exercises_and_solutions_run_in_a_kernel_on_a_finished_run(flights, folder, tmp_path):
    """Some of them; tests/stages runs them all, without kernels."""
    import papermill

    states = set()
    for path in sorted(folder.glob("*.ipynb"))[::4]:
        done = papermill.execute_notebook(
            path, tmp_path / path.name, parameters={"run": flights.name}, kernel_name="python3",
            engine_name="warm", progress_bar=False,
        )  # fmt: skip
        shown = [o.data["text/plain"] for c in done.cells for o in c.get("outputs", [])
                 if "text/html" in o.get("data", {})]  # fmt: skip
        states |= {line[0] for text in shown for line in text.splitlines() if line} & {*"✓✗○"}
    assert states == ({"○"} if folder.name == "exercises" else {"✓"})


def pages(run):
    return sorted(run.path.glob("*.html"))


def test_every_stage_has_a_page_and_the_front_page_leads_to_each(flights):
    names = {page.name for page in pages(flights)}
    others = {"index.html", "columns.html", "review.html", "what_if.html"}
    others |= {"compared_with_quick.html"}
    assert names == others | {stage.report for stage in STAGES}
    index = flights.file("index.html").read_text()
    assert all(f'href="{page}"' in index for page in names - {"index.html"})
    assert "Will this flight arrive 15 minutes late or more?" in index
    assert "better than the baseline" in index


def test_no_page_is_large(flights):
    assert all(page.stat().st_size < 2 * 2**20 for page in pages(flights))
    everything = sum(path.stat().st_size for path in flights.path.rglob("*") if path.is_file())
    assert everything < 15 * 2**20


def test_pages_fetch_nothing_and_log_no_error(flights, tmp_path):
    for page in pages(flights):
        _, console, addresses = visit(page, tmp_path)
        assert console == [], page.name
        assert addresses == [], page.name


def test_the_button_unfolds_all_code_and_folds_it_again(flights, tmp_path):
    script = """
    const open = () => document.querySelectorAll("details.code[open]").length;
    const all = document.querySelectorAll("details.code").length;
    const button = document.getElementById("all-code");
    const before = open(); button.click(); const between = open(); button.click();
    document.title = JSON.stringify([before, between, open(), all]);
    """
    dom, _, _ = visit(flights.file(STAGES[5].report), tmp_path, script)
    before, between, after, every = json.loads(re.search(r"<title>(.*?)</title>", dom)[1])
    assert (before, after) == (0, 0)
    assert between == every > 5


def test_every_entry_of_the_contents_leads_to_a_heading(flights, explored):
    for page in [*(flights.file(stage.report) for stage in STAGES), *explored.values()]:
        text = page.read_text()
        contents = re.search(r'<nav[^>]* class="contents".*?</nav>', text, re.S)
        anchors = re.findall(r'href="#([^"]+)"', contents[0])
        headings = re.findall(r'<h2 id="([^"]+)"', text)
        assert anchors == headings and len(set(anchors)) == len(anchors) >= 5, page.name


def test_every_figure_says_what_it_shows(flights):
    for page in pages(flights):
        for image in re.findall(r"<img[^>]*>", page.read_text(), re.S):
            assert re.search(r'alt="[^"]{10,}"', image), page.name


# Chromium's own window is never narrower than 500 pixels, so the page is shown in a frame of 400.
LEGIBLE = """
const small = [...document.querySelectorAll("main p, main td, main li, main dd, main h3")]
  .filter(e => e.offsetParent && parseFloat(getComputedStyle(e).fontSize) < 11).length;
const sideways = document.documentElement.scrollWidth - document.documentElement.clientWidth;
document.title = JSON.stringify([sideways, small]);
"""


def legible(page, tmp_path, width):
    framed = tmp_path / f"framed_{page.name}"
    framed.write_text(page.read_text() + f"<script>{LEGIBLE}</script>")
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<body style="margin:0"><iframe src="{framed.name}" width="{width}" height="900" '
        f'onload="document.title = this.contentDocument.title"></iframe>'
    )
    command = [CHROMIUM, *FLAGS, "--allow-file-access-from-files", "--window-size=1500,1000",
               f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", frame.as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    return json.loads(re.search(r"<title>(.*?)</title>", done.stdout)[1])


@pytest.mark.parametrize("width", [400, 1400])
def test_pages_are_legible_on_a_phone_and_on_a_screen(flights, explored, tmp_path, width):
    compared = flights.file("compared_with_quick.html")
    for page in (flights.file("index.html"), flights.file(STAGES[6].report), explored["usual"],
                 explored["right to left"], explored["hostile"], compared):  # fmt: skip
        sideways, small = legible(page, tmp_path, width)
        assert sideways <= 0, page
        assert small == 0, page


def test_headings_are_in_order(flights, explored):
    for page in [*pages(flights), *explored.values()]:
        text = re.sub(r"<script.*?</script>", "", page.read_text(), flags=re.S)
        ranks = [int(rank) for rank in re.findall(r"<h([1-6])[ >]", text)]
        assert ranks[0] == 1 and ranks.count(1) == 1, page
        steps = zip(ranks[:-1], ranks[1:], strict=True)
        assert all(after <= before + 1 for before, after in steps), page


def test_text_stands_out_from_its_ground_in_light_and_dark():
    """Contrast of at least 4.5 to 1 (WCAG 2.2, AA) for every colour that text is written in."""
    style = (STYLE / "style.css").read_text()
    light, dark = re.findall(r":root \{(.*?)\}", style, re.S)[:2]
    for block in (light, dark):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
        for name in ("ink", "quiet", "accent", "good", "bad", "warn"):
            for ground in ("page", "soft"):
                assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)


def contrast(one: str, other: str) -> float:
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4
                            for p in parts)  # fmt: skip
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_explorations_fetch_nothing_run_nothing_and_log_no_error(explored, tmp_path):
    for name, page in explored.items():
        dom, console, addresses = visit(page, tmp_path)
        assert console == [], (name, console)
        assert addresses == [], name
        title = re.search(r"<title>(.*?)</title>", dom)[1]
        assert title not in ("run", "1"), name


def test_every_link_within_an_exploration_leads_somewhere(explored):
    for name, page in explored.items():
        text = page.read_text()
        anchors = re.findall(r'href="#([^"]+)"', text)
        assert anchors, name
        for anchor in anchors:
            assert f'id="{anchor}"' in text, (name, anchor)


def test_the_table_of_columns_is_sorted_and_searched(explored, tmp_path):
    script = """
    const place = document.getElementById("every-column");
    const names = () => [...place.querySelectorAll("table.sortable tbody tr")]
      .filter(r => !r.hidden).map(r => r.cells[0].textContent);
    const sorts = place.querySelectorAll("table.sortable thead button");
    sorts[3].click(); const most = names()[0];
    sorts[3].click(); const least = names()[0];
    const field = place.querySelector("input");
    field.value = "date"; field.dispatchEvent(new Event("input"));
    const cards = [...place.querySelectorAll(".xp-card")].filter(c => !c.hidden).length;
    document.title = JSON.stringify([most, least, names(), cards]);
    """
    dom, _, _ = visit(explored["usual"], tmp_path, script)
    most, least, found, cards = json.loads(re.search(r"<title>(.*?)</title>", dom)[1])
    assert usual()[most].nunique() == 300 and usual()[least].nunique() == 2
    assert found == ["day"] and cards == 1


def test_names_and_values_of_the_data_are_shown_and_never_run(tmp_path):
    nasty = {
        NASTY: [1.5, None, 3.5] * 20,
        '"><img src=x onerror=document.title=1>': [NASTY, "b", "c"] * 20,
        "note": ["a & b <b>bold</b>", "x", None] * 20,
    }
    table = tmp_path / "nasty.csv"
    pd.DataFrame(nasty).to_csv(table, index=False)
    run_line("--data", str(table), "--name", "nasty", "--set", "duplicates=keep")
    run = Run("nasty")
    assert len(pages(run)) == 6
    for page in pages(run):
        dom, console, addresses = visit(page, tmp_path)
        assert "<title>run</title>" not in dom and "<title>1</title>" not in dom
        assert console == [] and addresses == []
