"""The checks in a real browser: in JupyterLab and in a report, by mouse and by keyboard.

Slow, and skipped where Debian's Chromium is not installed.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

from helpers.base.places import REPOSITORY
from helpers.course import lessons
from helpers.line.run_folder import Run
from helpers.line.stage_list import stage
from helpers.pages import stage_page

from .browser import CHROMIUM, opened

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's package chromium"),
]
CELLS = [
    "from helpers.course import lessons",
    'lessons.check("split.latest", answer="")',
    'lessons.guess("split.by_time", of=__import__("pandas").DataFrame({"ROC AUC": [0.71]}))',
    'lessons.challenge("split.whole_days")',
]
OPTIONS = "[...document.querySelectorAll('.quiz details.option')]"
OPEN = f"{OPTIONS}.map(o => o.open)"


def notebook():
    """A notebook with outputs as they are stored."""
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    shown = lessons.check("split.latest")
    data = {"text/html": shown._repr_html_(), "text/plain": repr(shown)}
    cells[1].outputs = [nbformat.v4.new_output("execute_result", data, execution_count=2)]
    kernel = {"name": "python3", "display_name": "Python 3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab that has the notebook; nobody has trusted it."""
    folder = tmp_path_factory.mktemp("lab")
    nbformat.write(notebook(), folder / "n.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--allow-root",
        "--ip=127.0.0.1", "--IdentityProvider.token=", "--ServerApp.password=",
        f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True",
        "--LabApp.news_url=", "--ServerApp.port_retries=0",
    ]  # fmt: skip
    own = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    server = subprocess.Popen(
        command, cwd=folder, env=os.environ | own | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=5).close()
                break
            except OSError:
                assert time.monotonic() < end and server.poll() is None, "no JupyterLab"
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/lab/tree/n.ipynb"
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report's page with a check on it."""
    run = Run("checked")
    run.write_json("about.json", {"table": "flights"})
    made = notebook()
    made.cells = [nbformat.v4.new_markdown_cell("# A page\n\n## A check"), made.cells[1]]
    stage_page.write_stage_page(run, stage(4), made)
    return run.file(stage(4).report).as_uri()


def try_options(page):
    """Click a wrong option, then the right one by keyboard alone; what was open each time."""
    page.click(f"{OPTIONS}[1].querySelector('summary')")
    wrong = page.ask(OPEN)
    page.ask(f"{OPTIONS}[0].querySelector('summary').focus()")
    page.press("Space")
    right = page.ask(OPEN)
    page.press("Tab")
    focus = f"{OPTIONS}[1].querySelector('summary') === document.activeElement"
    return wrong, right, page.ask(focus)


def test_a_report_is_answered_by_mouse_and_by_keyboard(page, tmp_path):
    with opened(tmp_path, page) as shown:
        wrong, right, tabbed = try_options(shown)
        assert (wrong, right) == ([False, True, False], [True, False, False]) and tabbed
        shown.press("Enter")
        assert shown.ask(OPEN) == [False, True, False]
        seen = shown.ask("document.querySelector('.quiz').innerText")
        assert "Random rows sit between" in seen and "Hold out what is" not in seen


CONTRAST = """(() => {
  const rgb = c => c.match(/[\\d.]+/g).map(Number);
  const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e)
    .backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const light = c => { const [r, g, b] = c.slice(0, 3).map(v => v / 255).map(v =>
    v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  return Math.min(...[...document.querySelectorAll('.quiz p, .quiz summary')].map(e => {
    const two = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((a, b) => a - b);
    return (two[1] + 0.05) / (two[0] + 0.05); }));
})()"""


@pytest.mark.parametrize("dark", [False, True])
def test_a_check_is_legible_in_light_and_dark(page, tmp_path, dark):
    with opened(tmp_path, page, dark) as shown:
        assert shown.ask(CONTRAST) >= 4.5


def test_a_check_works_in_jupyterlab_untrusted_and_run(lab, tmp_path):
    with opened(tmp_path, lab) as shown:
        shown.wait("document.querySelectorAll('.jp-OutputArea-output').length > 0")
        seen = shown.ask("document.querySelector('.jp-OutputArea-output').innerText")
        assert "Which rows should be held out?" in seen and "Random ones" in seen
        assert "margin" not in seen, "a style that is shown as text"
        untrusted = "document.querySelectorAll('.jp-OutputArea-output details')"
        shown.click(f"{untrusted}[1].querySelector('summary')")
        assert shown.ask(f"{untrusted}[1].open")
        shown.wait("window.jupyterapp.shell.currentWidget.sessionContext.session !== null")
        shown.wait("window.jupyterapp.shell.currentWidget.sessionContext.isReady")
        shown.ask("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        shown.wait(f"{OPTIONS}.length === 3 && document.querySelectorAll('.quiz').length === 3")
        wrong, right, tabbed = try_options(shown)
        assert (wrong, right) == ([False, True, False], [True, False, False]) and tabbed
        assert shown.ask(CONTRAST) >= 4.5
        shown.ask("window.jupyterapp.commands.execute('apputils:change-theme', "
                  "{theme: 'JupyterLab Dark'})")  # fmt: skip
        shown.wait("document.body.dataset.jpThemeLight === 'false'")
        assert shown.ask(CONTRAST) >= 4.5
        cells = shown.ask("window.jupyterapp.shell.currentWidget.content.model.cells.length")
        assert cells == len(CELLS), "no key has reached the notebook's own shortcuts"
