"""The pages in a real browser: nothing is fetched, nothing fails, what folds unfolds, nothing runs.

Slow, and skipped where Debian's Chromium is not installed.
"""

import json
import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from helpers.line import STAGES, Run

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
NASTY = "<script>document.title='run'</script>"


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


def run_line(*arguments):
    command = [sys.executable, "-m", "helpers", "run", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def flights():
    said = run_line("--name", "shown")
    run = Run("shown")
    assert str(run.file("index.html")) in said
    return run


def pages(run):
    return sorted(run.path.glob("*.html"))


def test_every_stage_has_a_page_and_the_front_page_leads_to_each(flights):
    names = {page.name for page in pages(flights)}
    assert names == {"index.html", *(stage.report for stage in STAGES)}
    index = flights.file("index.html").read_text()
    assert all(f'href="{stage.report}"' in index for stage in STAGES)
    assert "Will this flight arrive 15 minutes late or more?" in index
    assert "good enough" in index


def test_no_page_is_large(flights):
    assert all(page.stat().st_size < 2 * 2**20 for page in pages(flights))
    everything = sum(path.stat().st_size for path in flights.path.rglob("*") if path.is_file())
    assert everything < 25 * 2**20


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


def test_every_entry_of_the_contents_leads_somewhere(flights):
    for page in pages(flights):
        text = page.read_text()
        contents = re.search(r'<nav class="contents".*?</nav>', text, re.S)
        if contents:
            anchors = re.findall(r'href="#([^"]+)"', contents[0])
            assert len(anchors) >= 5
            for anchor in anchors:
                assert f'id="{anchor}"' in text, (page.name, anchor)


def test_every_figure_says_what_it_shows(flights):
    for page in pages(flights):
        for image in re.findall(r"<img[^>]*>", page.read_text(), re.S):
            assert re.search(r'alt="[^"]{10,}"', image), page.name


def test_a_narrow_page_does_not_scroll_sideways(flights, tmp_path):
    script = "document.title = document.documentElement.scrollWidth - window.innerWidth"
    for name in ("index.html", STAGES[6].report):
        dom, _, _ = visit(flights.file(name), tmp_path, script, size="500,900")
        assert int(re.search(r"<title>(-?\d+)</title>", dom)[1]) <= 0, name


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
    assert len(pages(run)) == 4
    for page in pages(run):
        dom, console, addresses = visit(page, tmp_path)
        assert "<title>run</title>" not in dom and "<title>1</title>" not in dom
        assert console == [] and addresses == []
