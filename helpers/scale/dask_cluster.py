"""Dask: the same work as tasks for several processes, on this machine or on many.

A task is a function and small arguments: it reads what it works on from the folder of runs, which
every worker sees under the same path, and hands back a small result. So a worker that dies costs
its tasks' time: Dask gives them to another. Results come in the order in which the work was given,
so that they are those of the plain loop.

The command line opens a cluster and names it in the environment (`PIPELINE_DASK`), where the
kernels of the notebooks find it. It is no parameter of a stage: where something is worked out makes
no difference to what comes out.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from ..base.places import reports_folder
from ..base.user_errors import InputError
from ..line import code_fingerprint

LOCAL = "local"
ADDRESS = "PIPELINE_DASK"
RETRIES = 5  # of a task whose worker dies or loses what it needs
SECONDS = 10  # for a scheduler to answer
AHEAD = 2  # tasks given for each thread: one at work, one ready


@contextmanager
def use_cluster(asked: str, say: Callable[[str], None] = print) -> Iterator[None]:
    """Name a cluster for all that runs inside: that at an address, or "local" for one of our own.

    A local one has a process a core. `say` is told where its dashboard is. Nothing is asked for
    with an empty text.
    """
    if not asked:
        yield
        return
    with _scheduler(asked) as address, _named_in_environment(address):
        try:
            say(_describe_workers(_client(address)))
            yield
        finally:
            _close(address)


@contextmanager
def _named_in_environment(address: str) -> Iterator[None]:
    """Name a scheduler in the environment for a block."""
    before = os.environ.get(ADDRESS)
    os.environ[ADDRESS] = address
    try:
        yield
    finally:
        del os.environ[ADDRESS]
        if before is not None:
            os.environ[ADDRESS] = before


@contextmanager
def _scheduler(asked: str) -> Iterator[str]:
    """The address of a scheduler: the one that was asked for, or that of a cluster of our own."""
    if asked != LOCAL:
        yield asked
        return
    distributed = _distributed()
    import dask

    # Workers sample themselves a hundred times a second for the dashboard's profile page.
    without_profile = dask.config.set({"distributed.worker.profile.enabled": False})
    with without_profile, distributed.LocalCluster(**_own_cluster()) as cluster:
        yield cluster.scheduler_address


def _own_cluster() -> dict:
    """A process a core, on this machine alone."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    place = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    return {"n_workers": cores, "threads_per_worker": 1, "silence_logs": "ERROR", **place}


def _distributed():
    """The package, or one line that says how to get it."""
    try:
        import distributed
    except ModuleNotFoundError:
        raise InputError(
            "--dask needs the package distributed, which is not installed: run "
            '`make setup-scale`, or `pip install "pipeline-notebooks[dask]"`.'
        ) from None
    return distributed


@lru_cache(maxsize=1)
def _client(address: str):
    """A connection to a scheduler, one a process; InputError if there is no usable worker."""
    client = _connected(address)
    try:
        _check(client, address)
    except InputError:
        client.close()
        raise
    return client


def _connected(address: str):
    distributed = _distributed()
    try:
        return distributed.Client(address, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"No Dask scheduler answers at '{address}' ({_line(error)}): give the address that "
            f"`dask scheduler` printed, such as tcp://10.0.0.5:8786, or --dask local."
        ) from None


def _check(client, address: str) -> None:
    """Raise unless there are workers that can do our work."""
    try:
        client.wait_for_workers(1, timeout=SECONDS)
        _check_versions(client)
        _check_workers(client)
    except TimeoutError:
        raise InputError(
            f"The Dask scheduler at '{address}' has no workers: start some with "
            f"`dask worker {address} --nthreads 1`."
        ) from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _check_versions(client) -> None:
    """Raise unless all workers have our Python: objects of one don't open in another."""
    ours = sys.version_info[:2]
    for worker, theirs in client.run(_python).items():
        if tuple(theirs) != ours:
            raise InputError(
                f"The Dask worker {worker} runs Python {'.'.join(map(str, theirs))}, this command "
                f"{'.'.join(map(str, ours))}: start the workers in the project's own environment."
            )


def _python() -> tuple[int, int]:
    return sys.version_info[:2]


def _check_workers(client) -> None:
    """Raise unless all workers have this project's code and see the folder of runs as we do."""
    folder = reports_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for worker, found in _seen_by_workers(client, folder).items():
        if why := _unfit(found, folder):
            raise InputError(f"The Dask worker {worker} {why}")


def _seen_by_workers(client, folder: Path) -> dict:
    """By worker what it finds of a file that is in the folder for a moment."""
    token = folder / f".seen-{uuid.uuid4().hex}"
    token.touch()
    try:
        return client.run(_look, str(token), on_error="return")
    finally:
        token.unlink()


NO_PROJECT = "can't import this project ({}): start it in the project's own environment."
NOT_SHARED = (
    "does not see {0}: the folder of runs must be shared, under the same path (start it with "
    "PIPELINE_REPORTS={0})."
)


def _unfit(found: tuple | Exception, folder: Path) -> str:
    """Why a worker that found this can't do our work, and what to do; "" where it can."""
    if isinstance(found, Exception):
        return NO_PROJECT.format(_line(found))
    is_there, theirs, reports = found
    if not is_there or reports != str(folder):
        return NOT_SHARED.format(folder)
    if theirs != _code():
        return "has another version of this project's code: give it the same, and start it again."
    return ""


def _look(token: str) -> tuple[bool, str, str]:
    return Path(token).exists(), _code(), str(reports_folder())


def _code() -> str:
    """A hash of this package's modules, those of its sub-packages included."""
    found = hashlib.sha256()
    for module_path, file in sorted(code_fingerprint.sources().items()):
        found.update("/".join(module_path).encode() + file.read_bytes())
    return found.hexdigest()


def _describe_workers(client) -> str:
    workers = client.scheduler_info(n_workers=-1)["workers"]
    threads = sum(worker["nthreads"] for worker in workers.values())
    return (
        f"Dask: {len(workers)} workers with {threads} threads in all; "
        f"dashboard: {client.dashboard_link}"
    )


def _close(address: str) -> None:
    if _client.cache_info().currsize:
        _client(address).close()
        _client.cache_clear()


class Cluster:
    """What runs tasks elsewhere, and the folder in which their input lies while it is open."""

    def __init__(self, client, folder: Path):
        self._client, self.folder = client, folder

    def map(self, function: Callable, calls: Iterable[tuple]) -> Iterator:
        """The results of `function(*call)` for each call, in their order.

        No more calls are drawn than keep the workers busy, so that they may stop when time runs
        out; a slow task at the front blocks no worker. What a task raises is raised here.
        """
        from distributed import wait

        given, calls, more = deque(), iter(calls), True
        try:
            while given or more:
                open_tasks = [task for task in given if not task.done()]
                while more and len(open_tasks) < self._most():
                    more = (call := next(calls, None)) is not None
                    if more:
                        task = self._client.submit(function, *call, retries=RETRIES, pure=False)
                        open_tasks.append(task)
                        given.append(task)
                if given and given[0].done():
                    yield given.popleft().result()
                elif given:
                    with self._client.as_current():
                        wait(open_tasks, return_when="FIRST_COMPLETED")
        finally:
            self._client.cancel(list(given), force=True)

    def _most(self) -> int:
        return AHEAD * max(1, sum(self._client.nthreads().values()))


def current() -> bool:
    """Whether the environment names a cluster."""
    return bool(os.environ.get(ADDRESS))


@contextmanager
def current_cluster() -> Iterator[Cluster]:
    """The cluster that the environment names, with a shared folder that is gone afterwards."""
    client = _client(os.environ[ADDRESS])
    folder = reports_folder() / ".dask" / uuid.uuid4().hex
    folder.mkdir(parents=True)
    try:
        yield Cluster(client, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def map_tasks(function: Callable, calls: Iterable[tuple]) -> Iterator:
    """The results of `function(*call)`, in order: from the cluster where one is named, or here."""
    if not current():
        yield from (function(*call) for call in calls)
        return
    with current_cluster() as workers:
        yield from workers.map(function, calls)


def check_visible(*paths: Path | str) -> None:
    """Raise, in a task, unless this machine sees the paths that it is to work on."""
    for path in paths:
        if not Path(path).exists():
            raise InputError(
                f"The machine {platform.node()} does not see '{path}': with --dask, what is read "
                f"and written must be in folders that all workers share, under the same paths."
            )
