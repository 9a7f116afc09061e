"""Warm kernels: each notebook gets a freshly forked process that has already imported.

Jupyter starts kernels through *provisioners*. This one, named `warm`, asks a fork server (a process
that imported the heavy libraries once, see `fork_server.py`) for a fork instead of starting an
interpreter. Whatever starts kernels can use it, and no notebook changes:

    papermill --engine warm in.ipynb out.ipynb      papermill's engine, see `warm_engine.py`
    papermill -k warm in.ipynb out.ipynb            or by the kernel's name
    pytest --nbval --nbval-kernel-name warm notebooks

Where there is no fork (Windows), or it fails, the stock kernel is started, with the same outputs.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from jupyter_client.provisioning import LocalProvisioner

from .fork_server import BOOT, HEADER

SERVER_SCRIPT = Path(__file__).with_name("fork_server.py")
LAUNCHER = "ipykernel_launcher"
START_SECONDS = 60  # a fork server imports for some seconds on a busy machine
READ_AT_IMPORT = ("PYTHON", "OMP_", "OPENBLAS_", "MKL_", "MPL", "KMP_", "GOMP_", "LD_", "NPY_",
                  "ARROW_", "SKLEARN_", "JOBLIB_", "LOKY_")  # fmt: skip
EXIT_SECONDS = 2.0  # a kernel that was asked to leave has this long before it is signalled


class NoWarmKernelError(Exception):
    """The fork server can't give a kernel; the stock one will do."""


class KernelProcess:
    """A forked kernel, with the part of `subprocess.Popen` that Jupyter uses.

    `poll` and `wait` give the exit code, negative for a signal, as Popen does.
    """

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket):
        self._connection = connection
        self._pending = b""
        self.returncode: int | None = None
        self.pid = int(self._expect("pid"))

    def wait_ready(self, timeout: float) -> None:
        """Wait until the kernel listens."""
        self._expect("ready", timeout)

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        if self.returncode is None:
            with contextlib.suppress(BlockingIOError):
                self._read_exit(timeout=0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended."""
        if self.returncode is None:
            try:
                self._read_exit(timeout)
            except TimeoutError:
                raise subprocess.TimeoutExpired(LAUNCHER, timeout) from None
        return self.returncode

    async def gone(self, timeout: float) -> None:
        """Wait for the exit without polling; return all the same when the time is up."""
        if self.returncode is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self.wait, timeout)

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def _expect(self, word: str, timeout: float = START_SECONDS) -> str:
        try:
            line = self._read_line(timeout)
        except OSError as error:
            raise NoWarmKernelError(f"the fork server is silent: {error}") from None
        found, _, rest = line.partition(" ")
        if found != word:
            raise NoWarmKernelError(f"the fork server says: {line or 'nothing'}")
        return rest

    def _read_exit(self, timeout: float | None) -> None:
        line = self._read_line(timeout)
        while line == "ready":
            line = self._read_line(timeout)
        word, _, code = line.partition(" ")
        # Silence means that the fork server itself has died, and its kernels with it.
        self.returncode = int(code) if word == "exit" else -signal.SIGKILL
        self._connection.close()

    def _read_line(self, timeout: float | None) -> str:
        self._connection.settimeout(timeout)
        while b"\n" not in self._pending:
            part = self._connection.recv(4096)
            if not part:
                return ""
            self._pending += part
        line, self._pending = self._pending.split(b"\n", 1)
        return line.decode()


class _ServerProcess:
    """This process's fork server: started when first wanted, gone when this process goes."""

    def __init__(self, environment: dict[str, str], purpose: str = ""):
        self._control, theirs = socket.socketpair()
        silent = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", BOOT, str(theirs.fileno()), str(SERVER_SCRIPT), purpose],
                env=environment, pass_fds=[theirs.fileno()], start_new_session=True, **silent,
            )  # fmt: skip
        self._lock = threading.Lock()

    def fork(self, request: dict, streams: list[int]) -> KernelProcess:
        """A new kernel for the request, with those descriptors as stdin, stdout and stderr."""
        connection, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                socket.send_fds(self._control, [b"k"], [theirs.fileno()])
            _send(connection, json.dumps(request).encode(), streams)
        except OSError as error:
            connection.close()
            raise NoWarmKernelError(f"the fork server has gone: {error}") from None
        return KernelProcess(connection)

    @property
    def is_alive(self) -> bool:
        """Whether the fork server runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the fork server and all its kernels."""
        self._control.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _send(connection: socket.socket, body: bytes, streams: list[int]) -> None:
    """Send a request with its descriptors, its length first."""
    socket.send_fds(connection, [HEADER.pack(len(body))], streams)
    connection.sendall(body)


_fork_servers: dict[tuple, _ServerProcess] = {}
_starting = threading.Lock()


def can_fork() -> bool:
    """Whether this system can give warm kernels: it forks, and sends descriptors over sockets."""
    return hasattr(os, "fork") and hasattr(socket, "send_fds") and sys.platform != "win32"


def warm_up(environment: dict[str, str] | None = None, purpose: str = "") -> None:
    """Start this process's fork server now, so that it imports while the caller does other things.

    For the purpose "exploring" it imports less; a kernel that wants more imports it by itself.
    """
    if can_fork():
        _fork_server({**os.environ, **(environment or {})}, purpose)


def cool_down() -> None:
    """End this process's fork servers and their kernels; the next kernel starts a new one."""
    with _starting:
        while _fork_servers:
            _fork_servers.popitem()[1].close()


atexit.register(cool_down)


def _fork_server(environment: dict[str, str], purpose: str = "") -> _ServerProcess:
    """The fork server whose libraries were imported as this environment wants them."""
    key = _import_settings(environment)
    with _starting:
        owner = _fork_servers.get(key)
        if owner is None or not owner.is_alive:
            owner = _fork_servers[key] = _ServerProcess(environment, purpose)
    return owner


def _import_settings(environment: dict[str, str]) -> tuple:
    """What decides how libraries import: their variables, and which versions are installed."""
    variables = sorted(i for i in environment.items() if i[0].startswith(READ_AT_IMPORT))
    folders = [Path(p) for p in sys.path if p.endswith("-packages")]
    installed = [folder.stat().st_mtime_ns for folder in folders if folder.is_dir()]
    return (os.getpid(), *variables, *installed)


class WarmProvisioner(LocalProvisioner):
    """Starts a kernel as a fork of the fork server; in all else Jupyter's local provisioner."""

    async def launch_kernel(self, cmd: list[str], **kwargs):
        """Fork a kernel for the command `python -m ipykernel_launcher …`, or start it plainly."""
        try:
            if not can_fork():
                raise NoWarmKernelError("this system can't fork")
            process = await asyncio.to_thread(_forked, cmd, kwargs)
        except (NoWarmKernelError, OSError) as reason:
            self.log.info("No warm kernel (%s): starting a stock one.", reason)
            return await super().launch_kernel(cmd, **kwargs)
        self.process, self.pid, self.pgid = process, process.pid, process.pid
        self.cwd = kwargs.get("cwd") or Path.cwd()
        return self.connection_info

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Wait for the kernel's own exit, which Jupyter would else poll for."""
        if isinstance(self.process, KernelProcess):
            await self.process.gone(EXIT_SECONDS)

    async def kill(self, restart: bool = False) -> None:
        """End the kernel at once, and wait until it has ended."""
        process = self.process
        await super().kill(restart)
        if isinstance(process, KernelProcess):
            await process.gone(EXIT_SECONDS)


def _forked(cmd: list[str], options: dict) -> KernelProcess:
    """A kernel for a command, forked and ready."""
    if cmd[1:3] != ["-m", LAUNCHER] or not _same_interpreter(cmd[0]):
        raise NoWarmKernelError(f"{cmd[0]} is not this interpreter, or starts no IPython kernel")
    environment = dict(options.get("env") or os.environ)
    request = {
        "arguments": cmd[3:],
        "launcher": _launcher(),
        "environment": environment | {"JPY_PARENT_PID": str(os.getpid())},
        "folder": str(options.get("cwd") or Path.cwd()),
    }
    process = _fork_with_streams(_fork_server(environment), request, options)
    process.wait_ready(START_SECONDS)
    return process


def _fork_with_streams(server: _ServerProcess, request: dict, options: dict) -> KernelProcess:
    """A kernel with the streams that were asked for; no input and our own output by default."""
    with Path(os.devnull).open() as nothing:
        defaults = {"stdin": nothing.fileno(), "stdout": 1, "stderr": 2}
        streams = [_descriptor(options.get(name), own) for name, own in defaults.items()]
        return server.fork(request, streams)


def _same_interpreter(name: str) -> bool:
    return Path(name).absolute() == Path(sys.executable).absolute()


def _launcher() -> str:
    from importlib.util import find_spec

    return find_spec(LAUNCHER).origin


def _descriptor(stream, default: int) -> int:
    """The descriptor of a stream as Popen takes it: None, a number or a file."""
    if stream is None:
        return default
    if stream in (subprocess.PIPE, subprocess.STDOUT):
        raise NoWarmKernelError("a pipe was asked for")
    if stream == subprocess.DEVNULL:
        raise NoWarmKernelError("the null device was asked for by number")
    return stream if isinstance(stream, int) else stream.fileno()
