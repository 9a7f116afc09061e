"""The doctor: does this machine have what the series needs? A finding a line, with its fix.

Nothing is fetched or sent; the only things started are a kernel, which is stopped again, and a
socket that listens for a moment.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ..base import extras as base_extras
from ..base import places
from ..base.places import reports_folder
from ..examples.known import EXAMPLES
from ..line.stage_list import STAGES
from .notebook_execution import KERNEL

OK, WARN, FAIL = "OK", "WARN", "FAIL"
PACKAGE = places.DISTRIBUTION
INSTALL_AGAIN = "install this project again: `make setup`, or pip install"
NEEDED_MEMORY, NEEDED_DISK = 3.0, 2.0  # GiB; a run of the example takes 1.5 and 0.05
KERNEL_SECONDS = 30  # a cold disk is slow
SET_UP = "run `make setup`, or install requirements.lock"
OF_EXAMPLES = {file for example in EXAMPLES.values() for _, file in example.files}
DATA_FILES = ("aliases.csv", "what_matters.csv", *sorted(OF_EXAMPLES))


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what to do where it is not well."""

    state: str
    subject: str
    detail: str
    fix: str = ""

    def __str__(self) -> str:
        """One line.

        >>> print(Finding("FAIL", "disk", "0.1 GiB free", "make room"))
        FAIL  disk        0.1 GiB free: make room
        """
        fix = f": {self.fix}" if self.fix and self.state != OK else ""
        return f"{self.state:<5} {self.subject:<11} {self.detail}{fix}"


def findings(port: int = 8000) -> Iterator[Finding]:
    """Every finding, the quick ones first; a stock kernel starts meanwhile."""
    kernel = _BackgroundThread(lambda: _safely("kernel", stock_kernel))
    for subject, look in (
        ("python", python), ("packages", packages), ("extras", extras), ("helpers", helpers),
        ("notebooks", notebooks), ("reports", reports),
        ("disk", disk), ("memory", memory), ("port", lambda: service_port(port)),
        ("chromium", chromium), ("postgresql", postgresql), ("kernel warm", warm_kernel),
    ):  # fmt: skip
        yield _safely(subject, look)
    yield kernel.result()


def _safely(subject: str, look: Callable[[], Finding]) -> Finding:
    """What was found, or that it can't be checked (a package is missing) is a finding too."""
    try:
        return look()
    except ModuleNotFoundError as error:
        detail = base_extras.missing(error.name)
        return Finding(WARN, subject, detail) if detail else _cannot_check(subject, error)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other lines are worth having
        return _cannot_check(subject, error)


def _cannot_check(subject: str, error: Exception) -> Finding:
    detail = f"{type(error).__name__}: {error}".replace("\n", " ")
    return Finding(FAIL, subject, f"can't be checked ({detail})", SET_UP)


class _BackgroundThread:
    """A piece of work in a thread of its own."""

    def __init__(self, work: Callable[[], Finding]):
        self._found: list[Finding] = []
        self._thread = threading.Thread(target=lambda: self._found.append(work()), daemon=True)
        self._thread.start()

    def result(self) -> Finding:
        """What it found, once it has."""
        self._thread.join()
        return self._found[0]


def python(version: tuple = sys.version_info[:3]) -> Finding:
    """Python's version against the declared one."""
    declared = metadata.metadata(PACKAGE)["Requires-Python"]
    from packaging.specifiers import SpecifierSet

    detail = f"{'.'.join(map(str, version))}; {declared} is declared"
    good = SpecifierSet(declared).contains(".".join(map(str, version)))
    return Finding(OK if good else FAIL, "python", detail, "make setup PYTHON=python3.13")


def packages(requires: list[str] | None = None) -> Finding:
    """The declared packages: which are missing, or of another version."""
    declared = metadata.requires(PACKAGE) if requires is None else requires
    own = [r for r in _parsed(declared) if not _extra_of(r)]
    wrong = [text for r in own if (text := _unmet(r))]
    if wrong:
        return Finding(FAIL, "packages", "; ".join(wrong), SET_UP)
    return Finding(OK, "packages", f"{len(own)} declared, all there")


def extras() -> Finding:
    """The optional sets of packages: which are installed whole."""
    there, partly = [], []
    for name in metadata.metadata(PACKAGE).get_all("Provides-Extra") or []:
        own = [r for r in _parsed(metadata.requires(PACKAGE)) if _extra_of(r) == name]
        (partly if any(_unmet(r) for r in own) else there).append(name)
    detail = f"installed: {', '.join(there) or 'none'}"
    if not partly:
        return Finding(OK, "extras", detail)
    return Finding(OK, "extras", f"{detail}; not installed, and not needed: {', '.join(partly)}")


def _parsed(declared: list[str]) -> list:
    from packaging.requirements import Requirement

    found = [Requirement(text) for text in declared]
    return [r for r in found if r.marker is None or r.marker.evaluate({"extra": _extra_of(r)})]


def _extra_of(requirement) -> str:
    found = re.search(r"extra == ['\"]([\w-]+)['\"]", str(requirement.marker or ""))
    return found[1] if found else ""


def _unmet(requirement) -> str:
    """What is wrong with an installed package; "" when it is as declared."""
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement.name} is missing"
    if requirement.specifier.contains(version, prereleases=True):
        return ""
    return f"{requirement.name} is {version}, {requirement.specifier} is declared"


def helpers() -> Finding:
    """Whether `helpers` is this project's everywhere: other packages and folders have that name."""
    fix = "give the other one another name, or keep this project in an environment of its own"
    if others := {*metadata.packages_distributions().get("helpers", ())} - {PACKAGE}:
        detail = f"{', '.join(sorted(others))} installs a package of that name too"
        return Finding(FAIL, "helpers", detail, fix)
    here = PathFinder.find_spec("helpers", [str(Path.cwd())])
    if here and here.origin and Path(here.origin).resolve().parent != places.PACKAGE:
        detail = f"notebooks that are opened in this folder import {here.origin}"
        return Finding(WARN, "helpers", detail, fix)
    return _installed_helpers()


def _installed_helpers() -> Finding:
    """Whether the package that is imported is the one that is installed."""
    if (installed := installed_in()) == places.PACKAGE:
        return Finding(OK, "helpers", str(places.PACKAGE))
    detail = f"imported from {places.PACKAGE}, but installed from {installed}"
    return Finding(WARN, "helpers", detail, "install this one, or leave the folder of the other")


def installed_in() -> Path:
    """The folder of the package that was installed: a clone's, or the wheel's."""
    installed = metadata.distribution(PACKAGE)
    origin = json.loads(installed.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        return Path(url2pathname(urlsplit(origin["url"]).path)).resolve() / "helpers"
    return Path(installed.locate_file("helpers")).resolve()


def notebooks() -> Finding:
    """Whether the notebooks of the stages and the data files that they read are there."""
    wanted = [stage.path for stage in STAGES] + [places.DATA / name for name in DATA_FILES]
    missing = [str(path) for path in wanted if not path.is_file()]
    if missing:
        return Finding(FAIL, "notebooks", f"missing: {', '.join(missing)}", "install it again")
    return Finding(OK, "notebooks", f"{len(STAGES)} in {places.NOTEBOOKS}, with their data files")


def reports() -> Finding:
    """Whether runs can be kept: a file is written into the folder of runs, and taken away."""
    folder = reports_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        fix = "make it writable, or name another folder in PIPELINE_REPORTS"
        return Finding(FAIL, "reports", f"{folder} can't be written to ({error.strerror})", fix)
    return Finding(OK, "reports", f"{folder} can be written to")


def disk(free: float | None = None) -> Finding:
    """Free space, in GiB, where runs are kept."""
    place = next(p for p in (reports_folder(), *reports_folder().parents) if p.exists())
    free = shutil.disk_usage(place).free / 2**30 if free is None else free
    state = OK if free >= NEEDED_DISK else FAIL
    fix = f"make room: a run and its caches need {NEEDED_DISK:g} GiB"
    return Finding(state, "disk", f"{free:.1f} GiB free", fix)


def memory(free: float | None = None) -> Finding:
    """Memory, in GiB, that programs can have now."""
    import psutil

    free = psutil.virtual_memory().available / 2**30 if free is None else free
    fix = (
        f"close other programs, or take fewer rows (--set sample=10000); {NEEDED_MEMORY:g} is safe"
    )
    return Finding(OK if free >= NEEDED_MEMORY else WARN, "memory", f"{free:.1f} GiB free", fix)


def service_port(port: int) -> Finding:
    """Whether `pipeline serve` could listen on its port."""
    with socket.socket() as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind(("127.0.0.1", port))
        except OSError:
            fix = f"stop what listens there, or `pipeline serve RUN --port {port + 1}`"
            return Finding(WARN, "port", f"{port} is taken", fix)
    return Finding(OK, "port", f"{port} is free for `pipeline serve`")


def chromium() -> Finding:
    """The browser, which only tests need."""
    return _program("chromium", shutil.which("chromium") or shutil.which("chromium-browser"))


def postgresql() -> Finding:
    """The database server, which only tests need."""
    servers = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return _program("postgresql", shutil.which("initdb") or (servers or [None])[-1])


def _program(name: str, path) -> Finding:
    fix = f"to run these, apt-get install {name}"
    return Finding(OK if path else WARN, name, str(path or "not found; only tests need it"), fix)


def warm_kernel() -> Finding:
    """Whether Jupyter knows the kernel `warm` and its provisioner."""
    from jupyter_client.kernelspec import KernelSpecManager

    known = KernelSpecManager().find_kernel_specs()
    entry = metadata.entry_points(group="jupyter_client.kernel_provisioners")
    if "warm" not in known or "warm" not in entry.names:
        unknown = "Jupyter does not know it (notebooks run all the same)"
        return Finding(WARN, "kernel warm", unknown, INSTALL_AGAIN)
    if not hasattr(os, "fork"):
        return Finding(WARN, "kernel warm", "this system can't fork", "use --kernels stock")
    entry["warm"].load()
    return Finding(OK, "kernel warm", known["warm"])


def stock_kernel() -> Finding:
    """Start the kernel that the notebooks name, and stop it again."""
    from jupyter_client.manager import start_new_kernel

    logging.getLogger("jupyter_client").setLevel(logging.CRITICAL)
    manager, client = start_new_kernel(
        startup_timeout=KERNEL_SECONDS, kernel_name=KERNEL,
        cwd=str(places.REPOSITORY or Path.cwd()), extra_arguments=["--log-level=CRITICAL"],
    )  # fmt: skip
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return Finding(OK, "kernel", f"{KERNEL} starts and answers")
