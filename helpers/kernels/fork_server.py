"""The process that kernels are forked from: it has the heavy libraries imported, and runs nothing.

`helpers.kernels.warm_provisioner` starts this file as a script of its own (`BOOT`), so nothing
of the caller's `__main__` is in it. It only imports: it starts no thread of its own, draws no
figure and opens no event loop, so each fork begins like a fresh interpreter that has already
imported. The helpers themselves are not imported: an edit counts from the next kernel on.

Both ends speak over socket pairs, never over a name in the file system. On the *control* socket
comes one byte with the end of a new *kernel* socket. On that comes the request (four bytes of
length, JSON, and the descriptors of stdin, stdout and stderr); back go lines: `pid N`, `ready`
when the kernel listens, `exit N` when it has ended, or `error TEXT`. Whoever closes a kernel
socket ends that kernel; whoever closes the control socket ends the fork server and all its kernels.

Why not `multiprocessing.forkserver`, which preloads modules and forks too: it has one server and
one list of modules a process (here two: `LIBRARIES`, `FOR_EXPLORING`); its children import the
caller's `__main__`, keep the server's stdin, stdout and stderr, and live on when the caller is
killed. A kernel needs the caller's descriptors, a fresh `__main__`, and an end with its owner.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import sys
import threading
import time
import types
import warnings

# The fork server is run by path, and without the folder that Python then puts first: a stock kernel
# has no such entry, and the names of helpers would hide modules of Python's own.
BOOT = """
import runpy, sys
sys.path[:] = filter(None, sys.path)
runpy.run_path(sys.argv[2], run_name="__main__")
"""
# What the notebooks import, and what a kernel itself needs. A module that is missing is skipped.
# Not matplotlib_inline: it looks for its kernel when it is imported.
LIBRARIES = (
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "ipykernel.debugger",
    "IPython.display",
    "numpy", "scipy.stats", "pandas", "pyarrow.parquet", "pyarrow.compute", "pyarrow.dataset",
    "matplotlib.pyplot", "matplotlib.backends.backend_agg", "seaborn", "PIL.Image",
    "sklearn.calibration", "sklearn.compose", "sklearn.datasets", "sklearn.dummy",
    "sklearn.ensemble", "sklearn.feature_extraction.text", "sklearn.impute",
    "sklearn.inspection", "sklearn.linear_model", "sklearn.metrics", "sklearn.model_selection",
    "sklearn.pipeline", "sklearn.preprocessing", "joblib",
    "threadpoolctl", "skops.io", "yaml", "jinja2", "requests",
    "sqlalchemy", "sqlalchemy.dialects.sqlite", "sqlite3", "lxml.html", "openpyxl", "fastapi",
    "uvicorn", "uvicorn.protocols.http.h11_impl", "uvicorn.lifespan.on", "pydantic",
    "http.server", "concurrent.futures", "filelock", "anyio._backends._asyncio",
)  # fmt: skip
FOR_EXPLORING = (  # what `pipeline explore` needs, without the seconds that all of them take
    *LIBRARIES[:5], "numpy", "pandas", "pyarrow.parquet", "pyarrow.compute", "yaml",
    "matplotlib.figure", "matplotlib.backends.backend_svg", "seaborn", "rapidfuzz", "ftfy",
)  # fmt: skip
EXPLORING, ADOPTING = "exploring", "adopting"  # what a fork server is started for
HEADER = struct.Struct("!I")
INLINE = "module://matplotlib_inline.backend_inline"  # what ipykernel sets before matplotlib comes


class ForkServer:
    """The loop of the process: forks on request, reports exits, ends unused kernels."""

    def __init__(self, control: socket.socket):
        self.control = control
        self.kernels: dict[socket.socket, int] = {}
        self.selector = selectors.DefaultSelector()
        self.wakeup, self._wakes = socket.socketpair()
        for end in (self.wakeup, self._wakes):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakes.fileno(), warn_on_full_buffer=False)
        for end in (control, self.wakeup):
            self.selector.register(end, selectors.EVENT_READ)

    def serve(self, once: bool = False) -> dict | None:
        """Serve until the control socket closes; returns in each forked child, with its request.

        With `once` it lets go of the libraries after the first kernel.
        """
        while True:
            if once:
                self.let_go()
            for key, _ in self.selector.select():
                if key.fileobj is not self.control:
                    self._look_after(key.fileobj)
                    continue
                child = self._accept()
                if child is None:  # the owner has gone
                    self._end_all()
                    return None
                if child:
                    return child

    def _look_after(self, end: socket.socket) -> None:
        """Reap kernels that have ended; end one whose owner has closed its socket."""
        if end is self.wakeup:
            with contextlib.suppress(BlockingIOError):
                self.wakeup.recv(4096)
            self._reap()
        elif end in self.kernels and not _peek(end):
            self._end(end)

    def _accept(self) -> dict | None:
        """Take an order; {} in the server, the request in the child, None when the owner left."""
        try:
            word, descriptors, _, _ = socket.recv_fds(self.control, 1, 1)
        except OSError:
            return None
        return self._serve_kernel(socket.socket(fileno=descriptors[0])) if word else None

    def _serve_kernel(self, kernel: socket.socket) -> dict:
        request = _receive(kernel)
        if request is None:
            kernel.close()
            return {}
        return self._fork_for(kernel, request)

    def _fork_for(self, kernel: socket.socket, request: dict) -> dict:
        """Fork a kernel; {} in the fork server, the request in the child."""
        pid = _fork_or_tell(kernel)
        if pid == 0:
            self._leave()
            return request | {"socket": kernel}
        for descriptor in request["descriptors"]:
            os.close(descriptor)
        if pid:
            _tell(kernel, f"pid {pid}")
            self._keep(kernel, pid)
        return {}

    def _keep(self, kernel: socket.socket, pid: int) -> None:
        self.kernels[kernel] = pid
        self.selector.register(kernel, selectors.EVENT_READ)

    def let_go(self) -> None:
        """Start this process anew without the libraries: it keeps its kernels, and forks on.

        A kernel writes to most pages that it shares with the fork server, so that each soon has its
        own; where only one kernel is wanted, half of that memory is for nothing.
        """
        if not self.kernels:
            return
        for end in (self.control, *self.kernels):
            end.set_inheritable(True)
        kept = [f"{end.fileno()}:{pid}" for end, pid in self.kernels.items()]
        os.execv(sys.executable, [sys.executable, "-c", BOOT, str(self.control.fileno()),
                                  __file__, ADOPTING, *kept])  # fmt: skip

    def adopt(self, kept: list[str]) -> None:
        """Take over kernels that this process forked before it was started anew."""
        for descriptor, pid in (pair.split(":") for pair in kept):
            kernel = socket.socket(fileno=int(descriptor))
            kernel.set_inheritable(False)
            self._keep(kernel, int(pid))
        self._reap()

    def _leave(self) -> None:
        """In a child: drop everything that belongs to the fork server."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.selector.close()
        for end in (self.control, self.wakeup, self._wakes, *self.kernels):
            end.close()

    def _reap(self) -> None:
        for kernel, pid in list(self.kernels.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                self._forget(kernel)
                _tell(kernel, f"exit {os.waitstatus_to_exitcode(status)}")
                kernel.close()

    def _end(self, kernel: socket.socket) -> None:
        pid = self._forget(kernel)
        kernel.close()
        _kill_group(pid)
        os.waitpid(pid, 0)

    def _end_all(self) -> None:
        for kernel in list(self.kernels):
            self._end(kernel)

    def _forget(self, kernel: socket.socket) -> int:
        self.selector.unregister(kernel)
        return self.kernels.pop(kernel)


def _peek(end: socket.socket) -> bytes:
    """Empty when the other side has closed it; nobody sends anything after the request."""
    try:
        return end.recv(1, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return b"still open"
    except OSError:
        return b""


def _receive(kernel: socket.socket) -> dict | None:
    """The request on a kernel socket, with its three descriptors; None when it does not come."""
    kernel.settimeout(10)
    try:
        head, descriptors, _, _ = socket.recv_fds(kernel, HEADER.size, 3)
        body = _receive_all(kernel, HEADER.unpack(head)[0])
    except (OSError, struct.error):
        return None
    kernel.settimeout(None)
    return json.loads(body) | {"descriptors": descriptors}


def _receive_all(kernel: socket.socket, size: int) -> bytes:
    """So many bytes; OSError where the other side leaves before."""
    body = bytearray()
    while len(body) < size:
        part = kernel.recv(65536)
        if not part:
            raise ConnectionError("the request ends too early")
        body += part
    return bytes(body)


def _tell(kernel: socket.socket, line: str) -> None:
    with contextlib.suppress(OSError):  # the other side may have gone
        kernel.sendall(f"{line}\n".encode())


def _fork_or_tell(kernel: socket.socket) -> int | None:
    """As `os.fork`; where it fails, None, and the other side is told."""
    try:
        return _fork()
    except OSError as error:
        _tell(kernel, f"error {error}")
        kernel.close()
        return None


def _fork() -> int:
    with warnings.catch_warnings():
        # Python 3.12 warns of forks beside threads. Those here are OpenBLAS's, idle, and it makes
        # them anew in the child (pthread_atfork).
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _kill_group(pid: int) -> None:
    """End a kernel with all that it started; its process group exists once it has begun."""
    for attempt in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            attempt(pid, signal.SIGKILL)


def import_libraries(names=LIBRARIES) -> dict[str, str]:
    """Import what kernels will want; returns the variables that the libraries set meanwhile."""
    before = dict(os.environ)
    os.environ.setdefault("MPLBACKEND", INLINE)
    with _as_in_a_notebook():
        for name in names:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    gc.collect()
    gc.freeze()  # else every collection in a child would copy these pages
    return {name: value for name, value in os.environ.items() if name not in before}


@contextlib.contextmanager
def _as_in_a_notebook():
    """pandas asks at import whether it is in a notebook, and shows tables accordingly."""
    builtins.get_ipython = lambda: types.SimpleNamespace(kernel=None)
    yield
    del builtins.get_ipython


def become_kernel(request: dict, set_by_libraries: dict[str, str]) -> None:
    """In a child: take on the caller's folder, environment and streams, then be its kernel."""
    server = os.getppid()
    _take_on(request, set_by_libraries)
    _run_kernel(request, server)
    _leave_at_once()


def _take_on(request: dict, set_by_libraries: dict[str, str]) -> None:
    """Be as the caller's own process: its streams, environment, time zone, folder and arguments."""
    os.setsid()
    _take_streams(request["descriptors"])
    os.environ.clear()
    os.environ.update(set_by_libraries | request["environment"])
    time.tzset()
    os.chdir(request["folder"])
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # `random` does so by itself after a fork
    sys.argv = [request["launcher"], *request["arguments"]]


def _take_streams(descriptors: list[int]) -> None:
    """Have these for stdin, stdout and stderr."""
    for stream, descriptor in enumerate(descriptors):
        os.dup2(descriptor, stream)
        os.close(descriptor)


def _run_kernel(request: dict, server: int) -> None:
    """Be a kernel until it is shut down."""
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    # The kernel leaves when its parent does; its parent is the fork server, not the caller.
    app.initialize([*request["arguments"], f"--IPKernelApp.parent_handle={server}"])
    _tell(request["socket"], "ready")
    app.start()
    # The thread that heard the request to shut down still answers it. Closing the app meanwhile
    # leaves the two waiting for each other for ten seconds (seen in one exit of six).
    app.control_thread.join(timeout=0.5)


def _leave_at_once() -> None:
    """Do what Python does at exit, but for taking a thousand modules apart (a quarter second)."""
    threading._shutdown()  # waits for threads that are not daemons
    atexit._run_exitfuncs()
    for stream in (sys.__stdout__, sys.__stderr__):
        stream.flush()
    os._exit(0)


def main() -> None:
    """Import, then serve; in a child, be a kernel."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the caller
    control, _, purpose, *kept = sys.argv[1:]
    adopts, once = purpose == ADOPTING, purpose == EXPLORING
    names = () if adopts else FOR_EXPLORING if once else LIBRARIES
    set_by_libraries = import_libraries(names)
    server = ForkServer(socket.socket(fileno=int(control)))
    server.adopt(kept)
    request = server.serve(once)
    if request:
        become_kernel(request, set_by_libraries)


if __name__ == "__main__":
    main()
