"""Warm kernels: fresh as stock ones, fast, the same outputs, and nothing left behind."""

from __future__ import annotations

import inspect
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from jupyter_client.provisioning import LocalProvisioner
from nbclient import NotebookClient

from helpers.kernels import warm_provisioner
from helpers.kernels.warm_provisioner import KernelProcess, WarmProvisioner
from tests.watched_kernel import WatchedKernel

papermill = pytest.importorskip("papermill")

pytestmark = pytest.mark.skipif(not warm_provisioner.can_fork(), reason="this system has no fork")
QUIET = ["--log-level=CRITICAL"]


def notebook(*cells: str):
    made = nbformat.v4.new_notebook()
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    made.cells = [nbformat.v4.new_code_cell(source) for source in cells]
    return made


def outputs(*cells: str, folder: Path, engine="warm", **options) -> list[str]:
    """What each cell prints, run by papermill."""
    source = folder / "source.ipynb"
    nbformat.write(notebook(*cells), source)
    done = papermill.execute_notebook(
        source, folder / "done.ipynb", engine_name=engine, progress_bar=False,
        extra_arguments=QUIET, **options,
    )  # fmt: skip
    return ["".join(o.get("text", "") for o in c.outputs).strip() for c in done.cells]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone_within(pids, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while any(is_running(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(is_running(pid) for pid in pids)


CHANGES = {
    "a variable": ("left = 1", "print('left' in globals())", "False"),
    "an import": (
        "import wave, sys; sys.modules['made_up'] = wave",
        "import sys; print('wave' in sys.modules or 'made_up' in sys.modules)",
        "False",
    ),
    "a patched library": (
        "import pandas; pandas.read_csv = None; pandas.options.display.max_rows = 3",
        "import pandas; print(pandas.read_csv is None, pandas.options.display.max_rows)",
        "False 60",
    ),
    "the environment": (
        "import os; os.environ['LEFT_BEHIND'] = '1'; del os.environ['PATH']",
        "import os; print('LEFT_BEHIND' in os.environ, 'PATH' in os.environ)",
        "False True",
    ),
    "the folder": (
        "import os; os.chdir('/')",
        "import os; print(os.getcwd() == '/')",
        "False",
    ),
    "the path of modules": (
        "import sys; sys.path.insert(0, '/left'); sys.argv.append('left')",
        "import sys; print('/left' in sys.path, 'left' in sys.argv)",
        "False False",
    ),
    "matplotlib's state": (
        "import matplotlib.pyplot as plt; plt.rcParams['figure.dpi'] = 7; plt.style.use('ggplot');"
        " plt.figure(99)",
        "import matplotlib.pyplot as plt; import matplotlib;"
        "print(plt.rcParams['figure.dpi'], plt.get_fignums(), plt.rcParams['axes.facecolor'])",
        "100.0 [] white",
    ),
    "warnings that were silenced": (
        "import warnings; warnings.simplefilter('ignore')",
        "import warnings; print(('ignore', None, Warning, None, 0) in warnings.filters)",
        "False",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_no_notebook_sees_what_another_did(what, tmp_path):
    change, look, untouched = CHANGES[what]
    assert outputs(look, folder=tmp_path) == [untouched]
    assert outputs(change, look, folder=tmp_path)[1] != untouched, "the change must be visible"
    assert outputs(look, folder=tmp_path) == [untouched]


def test_random_numbers_differ_from_kernel_to_kernel_and_follow_a_seed(tmp_path):
    draw = "import random, numpy; print(random.random(), numpy.random.random())"
    first, second = (outputs(draw, folder=tmp_path)[0].split() for _ in range(2))
    assert first[0] != second[0]
    assert first[1] != second[1]
    seeded = "import random, numpy; random.seed(1); numpy.random.seed(1)\n" + draw
    assert outputs(seeded, folder=tmp_path) == outputs(seeded, folder=tmp_path)


def test_each_notebook_has_a_process_of_its_own_that_did_not_import_again(tmp_path):
    look = "import os, sys\nprint(os.getpid(), 'sklearn.ensemble' in sys.modules)"
    (one, known), (two, _) = (outputs(look, folder=tmp_path)[0].split() for _ in range(2))
    assert one != two
    assert known == "True"


def test_helpers_are_not_imported_ahead_so_an_edit_counts_at_once(tmp_path):
    look = "import sys; print([m for m in sys.modules if m.split('.')[0] == 'helpers'])"
    assert outputs(look, folder=tmp_path) == ["[]"]


THREADS = """
import numpy as np, pandas as pd, threading
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
rng = np.random.default_rng(0)
X = rng.normal(size=(4_000, 20)); y = (X @ rng.normal(size=20) > 0).astype(int)
forest = RandomForestClassifier(60, n_jobs=2, random_state=0).fit(X, y)
boosted = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(X, y)
pd.DataFrame(X @ X.T[:, :20]).rename(columns=str).to_parquet('numbers.parquet')
back = pd.read_parquet('numbers.parquet', use_threads=True)
print(forest.score(X, y) > 0.9, boosted.score(X, y) > 0.9, back.shape)
"""


@pytest.mark.slow
def test_threads_work_in_a_forked_kernel(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    for _ in range(2):
        found = outputs(THREADS, folder=tmp_path, cwd=tmp_path, execution_timeout=60)
        assert found == ["True True (4000, 20)"]


@pytest.mark.slow
def test_outputs_are_those_of_a_stock_kernel(tmp_path):
    cells = (
        "import sys, os; print(sys.executable, sys.flags.safe_path, os.getcwd(), sys.path)",
        "import seaborn, sklearn.ensemble, pandas as pd; print(pd.DataFrame({'a': [1, 2]}))",
        "import matplotlib.pyplot as plt, matplotlib; print(matplotlib.get_backend())",
        "print(__name__, sys.modules['__main__'].__dict__ is globals(), sys.argv[0])",
        "import signal; print(signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGCHLD))",
        "import pickle\nclass Own: pass\nprint(type(pickle.loads(pickle.dumps(Own()))).__name__)",
        "print(os.getsid(0) == os.getpid(), os.environ.get('MPLBACKEND'))",
        "print(sorted(os.environ.items()), os.umask(0o022))",
        "os.system('echo from below') and None",
    )
    warm, stock = (
        outputs(*cells, folder=tmp_path, engine=engine, cwd=tmp_path) for engine in ("warm", None)
    )
    assert warm == stock


SETTINGS = """
import json, logging, warnings
import matplotlib, matplotlib.pyplot, numpy, pandas, pyarrow, seaborn, sklearn.ensemble
import scipy.stats, skops.io, sqlalchemy, requests, fastapi, uvicorn, yaml, decimal, locale, sys
def flat(options, name=""):
    for key in dir(options):
        value = getattr(options, key)
        yield from flat(value, name + key + ".") if "Wrapper" in type(value).__name__ else [
            (name + key, repr(value).replace('UTF-8', 'utf-8'))]
print(json.dumps({
    "pandas": dict(flat(pandas.options)),
    "matplotlib": {k: repr(v) for k, v in matplotlib.rcParams.items()},
    "numpy": repr([numpy.get_printoptions(), numpy.geterr()]),
    "sklearn": repr(sklearn.get_config()),
    "pyarrow": repr([pyarrow.cpu_count(), pyarrow.default_memory_pool().backend_name]),
    "warnings": sorted({repr(f[:1] + f[2:3] + f[4:]) for f in warnings.filters}),
    "logging": [logging.getLogger().level, len(logging.getLogger().handlers)],
    "python": repr([decimal.getcontext(), locale.getlocale(), sys.getrecursionlimit(),
                    sys.getswitchinterval(), sys.excepthook is sys.__excepthook__]),
}))
"""


@pytest.mark.slow
def test_libraries_have_the_settings_of_a_stock_kernel(tmp_path):
    warm, stock = (
        json.loads(outputs(SETTINGS, folder=tmp_path, engine=engine)[0].splitlines()[0])
        for engine in ("warm", None)
    )
    for library in stock:
        assert warm[library] == stock[library]


@pytest.mark.slow
def test_a_figure_is_the_same_as_in_a_stock_kernel(tmp_path):
    draw = "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.title('t');"
    pictures = []
    for engine in ("warm", None):
        nbformat.write(notebook(draw), tmp_path / "in.ipynb")
        done = papermill.execute_notebook(
            tmp_path / "in.ipynb", tmp_path / "out.ipynb", engine_name=engine,
            progress_bar=False, extra_arguments=QUIET,
        )  # fmt: skip
        pictures.append([o.data["image/png"] for o in done.cells[0].outputs if "data" in o])
    assert pictures[0] == pictures[1]
    assert len(pictures[0]) == 1


def test_an_error_in_a_cell_is_papermills_own(tmp_path):
    with pytest.raises(papermill.PapermillExecutionError, match="ZeroDivisionError"):
        outputs("1 / 0", folder=tmp_path)


def test_the_kernels_environment_and_folder_are_the_callers(tmp_path, monkeypatch):
    monkeypatch.setenv("CALLED_WITH", "this")
    look = "import os; print(os.environ['CALLED_WITH'], os.getcwd())"
    assert outputs(look, folder=tmp_path, cwd=tmp_path) == [f"this {tmp_path}"]


@pytest.mark.slow
def test_settings_that_are_read_at_import_get_a_fork_server_of_their_own(tmp_path, monkeypatch):
    look = "import matplotlib; print(matplotlib.get_backend().lower())"
    assert "inline" in outputs(look, folder=tmp_path)[0]
    monkeypatch.setenv("MPLBACKEND", "svg")
    assert outputs(look, folder=tmp_path) == ["svg"]


def client(source: str, kernel="warm") -> NotebookClient:
    return NotebookClient(notebook(source), kernel_name=kernel, timeout=60)


def test_nbclient_finds_it_by_the_kernels_name():
    run = client("import sys; print('seaborn' in sys.modules)")
    run.execute()
    assert run.nb.cells[0].outputs[0].text == "True\n"


@pytest.mark.slow
def test_nbval_finds_it_by_the_kernels_name(tmp_path):
    known = notebook("import sys\nprint('seaborn' in sys.modules)")
    known.cells[0].execution_count = 1
    known.cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text="True\n")]
    nbformat.write(known, tmp_path / "known.ipynb")
    done = {
        name: subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval",
             "--nbval-kernel-name", name, str(tmp_path)],
            capture_output=True, text=True, cwd=tmp_path,
        ).returncode
        for name in ("warm", "python3")
    }  # fmt: skip
    assert done == {"warm": 0, "python3": 1}


def test_the_kernel_is_installed_under_the_name_that_the_repository_gives():
    from jupyter_client.kernelspec import KernelSpecManager

    spec = KernelSpecManager().get_kernel_spec("warm")
    assert spec.metadata["kernel_provisioner"]["provisioner_name"] == "warm"


def test_a_kernel_can_be_interrupted_and_goes_on(tmp_path):
    source = (
        "import os, signal, threading\n"
        "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n    import time; time.sleep(30)\nexcept KeyboardInterrupt:\n    print('heard')"
    )
    assert outputs(source, "print('and on')", folder=tmp_path) == ["heard", "and on"]


def test_a_kernel_that_dies_is_noticed(tmp_path):
    from nbclient.exceptions import DeadKernelError

    with pytest.raises(DeadKernelError):
        outputs("import os; os._exit(3)", folder=tmp_path)


@pytest.fixture
def other_fork_server(tmp_path, monkeypatch):
    """A fork server that is broken in the way that the source says, for kernels of this test."""

    def use(source: str) -> None:
        script = tmp_path / "fork_server.py"
        script.write_text(source)
        warm_provisioner.cool_down()
        monkeypatch.setattr(warm_provisioner, "SERVER_SCRIPT", script)

    yield use
    warm_provisioner.cool_down()


LOOK = "import sys; print('seaborn' in sys.modules)"


@pytest.mark.parametrize(
    "broken",
    [
        "raise SystemExit(1)",
        "import os, sys, runpy\n"
        "def no_fork(): raise OSError('no more processes')\n"
        "os.fork = no_fork\n"
        f"sys.argv[0] = {str(warm_provisioner.SERVER_SCRIPT)!r}\n"
        f"runpy.run_path({str(warm_provisioner.SERVER_SCRIPT)!r}, run_name='__main__')",
    ],
    ids=["a fork server that does not start", "a fork that fails"],
)
def test_the_stock_kernel_takes_over(broken, other_fork_server, tmp_path):
    other_fork_server(broken)
    assert outputs(LOOK, folder=tmp_path) == ["False"]


def test_the_stock_kernel_takes_over_where_there_is_no_fork(tmp_path, monkeypatch):
    monkeypatch.setattr(warm_provisioner, "can_fork", lambda: False)
    assert outputs(LOOK, folder=tmp_path) == ["False"]


def test_a_run_leaves_no_process_when_it_ends(tmp_path):
    source = "import os; print(os.getpid(), os.getppid())"
    pids = [int(n) for n in outputs(source, folder=tmp_path)[0].split()]
    assert gone_within(pids[:1], 2)
    assert is_running(pids[1]), "the fork server waits for the next notebook"
    warm_provisioner.cool_down()
    assert gone_within(pids, 2)


CALLER = """
import sys, papermill
papermill.execute_notebook(sys.argv[1], sys.argv[2], engine_name="warm", progress_bar=False)
"""


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_or_killed_run_leaves_no_process(number, tmp_path):
    source = (
        "import os, subprocess, pathlib\n"
        "child = subprocess.Popen(['sleep', '300'])\n"
        f"place = pathlib.Path({str(tmp_path)!r}) / 'pids'\n"
        "place.with_name('draft').write_text(f'{os.getpid()} {os.getppid()} {child.pid}')\n"
        "place.with_name('draft').rename(place)\n"
        "import time; time.sleep(300)"
    )
    nbformat.write(notebook(source), tmp_path / "in.ipynb")
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER, str(tmp_path / "in.ipynb"), str(tmp_path / "out.ipynb")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    pids = _written(tmp_path / "pids", caller)
    caller.send_signal(number)
    caller.wait(timeout=20)
    assert gone_within(pids, 5)


def _written(place: Path, caller: subprocess.Popen, seconds: float = 60) -> list[int]:
    until = time.monotonic() + seconds
    while not place.exists():
        assert caller.poll() is None, "the caller has ended"
        assert time.monotonic() < until
        time.sleep(0.05)
    return [int(pid) for pid in place.read_text().split()]


@pytest.mark.slow
def test_a_killed_fork_server_takes_its_kernels_with_it(tmp_path):
    warm_provisioner.cool_down()
    run = client("import os; print(os.getpid(), os.getppid())")
    with run.setup_kernel():
        run.execute_cell(run.nb.cells[0], 0)
        kernel, server = map(int, run.nb.cells[0].outputs[0].text.split())
        os.kill(server, signal.SIGKILL)
        assert gone_within([kernel], 5)
    assert outputs(LOOK, folder=tmp_path) == ["True"], "the next kernel starts another fork server"


@pytest.mark.slow
def test_nbval_does_not_wait_for_a_kernel_that_has_gone():
    warm_provisioner.cool_down()
    kernel = WatchedKernel("warm")
    said = kernel.execute_cell_input(
        "import os, signal, time; os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)"
    )
    began = time.monotonic()
    with pytest.raises(RuntimeError, match="kernel has gone"):
        kernel.await_reply(said, timeout=600)
    assert time.monotonic() - began < 10
    kernel.stop()


def test_the_provisioner_is_the_local_one_but_for_the_start():
    own = {name for name in vars(WarmProvisioner) if not name.startswith("_")}
    assert own == {"launch_kernel", "shutdown_requested", "kill"}
    stock = WarmProvisioner.__mro__[1]
    assert stock is LocalProvisioner and all(callable(getattr(stock, name)) for name in own)
    used = set(re.findall(r"self\.process\.(\w+)", inspect.getsource(stock)))
    assert {"poll", "wait", "send_signal", "kill", "terminate"} <= used
    of_windows = {"win32_interrupt_event"}
    assert used - of_windows - {"pid"} <= set(vars(KernelProcess))


@pytest.mark.slow
def test_a_kernel_can_be_restarted_as_a_person_would(tmp_path):
    from jupyter_client.manager import start_new_kernel

    manager, asking = start_new_kernel(kernel_name="warm")
    try:
        first = manager.provisioner.pid
        asking.execute_interactive("x = 1", timeout=20)
        manager.restart_kernel(now=True)
        asking.wait_for_ready(timeout=20)
        reply = asking.execute_interactive("x", timeout=20, output_hook=lambda _: None)
        assert reply["content"]["ename"] == "NameError"
        assert manager.provisioner.pid != first
        assert gone_within([first], 2)
    finally:
        asking.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.slow
def test_many_kernels_at_once_keep_apart():
    from concurrent.futures import ThreadPoolExecutor

    from jupyter_client.manager import start_new_kernel

    def ask(number: int) -> str:
        manager, asking = start_new_kernel(kernel_name="warm")
        said = []
        try:
            asking.execute_interactive(
                f"mine = {number}\nimport time; time.sleep(0.2)\nprint(mine)", timeout=30,
                output_hook=lambda m: said.append(m["content"].get("text", "")),
            )  # fmt: skip
        finally:
            asking.stop_channels()
            manager.shutdown_kernel(now=True)
        return "".join(said).strip()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, range(8))) == [str(n) for n in range(8)]


@pytest.mark.parametrize("engine", ["warm", "stock"])
def test_a_parameter_by_its_earlier_name_sets_todays_and_one_line_says_so(tmp_path, caplog, engine):
    made = notebook('embargo: str = ""', "folds: int = 4", "print(embargo, folds)")
    made.cells[0].metadata["tags"] = ["parameters"]
    made.metadata["kernelspec"]["language"] = "python"
    nbformat.write(made, tmp_path / "in.ipynb")
    done = papermill.execute_notebook(
        tmp_path / "in.ipynb", tmp_path / "out.ipynb", parameters={"gap": "7 days", "draws": 9},
        engine_name=engine, progress_bar=False, extra_arguments=QUIET,
    )  # fmt: skip
    assert done.cells[-1].outputs[0].text == "7 days 4\n"
    told = [r.message for r in caplog.records if "now called" in r.message]
    assert told == ["The parameter 'gap' is now called 'embargo'."], "draws: the notebook has none"
