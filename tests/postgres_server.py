"""A real PostgreSQL server that tests start in a folder of its own, and stop."""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


BIN = FOLDERS[0] if FOLDERS else Path(shutil.which("initdb") or "/none").parent


class Postgres:
    """A server of its own in a folder; it may not run as root, so root lends it another name."""

    def __init__(self, folder: Path):
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        self.user = "postgres" if os.getuid() == 0 else getpass.getuser()
        if os.getuid() == 0:
            shutil.chown(folder, self.user)
        self.do("initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "me")
        self.start()

    def do(self, command: str, *arguments: str) -> None:
        who = ["runuser", "-u", self.user, "--"] if os.getuid() == 0 else []
        done = subprocess.run([*who, str(BIN / command), *arguments], capture_output=True,
                              text=True, cwd="/", timeout=60)  # fmt: skip
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        self.do("pg_ctl", "-D", f"{self.folder}/data", "-o", options, "-w", "-l",
                f"{self.folder}/log", "start")  # fmt: skip

    def stop(self) -> None:
        self.do("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")

    @property
    def address(self) -> str:
        return f"postgresql+psycopg://me@127.0.0.1:{self.port}/postgres"


@pytest.fixture(scope="module")
def postgres():
    # Not in pytest's folder: each pytest that starts, in whichever terminal, shuts others out of it
    with tempfile.TemporaryDirectory(prefix="pipeline-postgres-") as folder:
        server = Postgres(Path(folder))
        yield server
        server.stop()
