"""`make test-pythons`: every Python of this machine, from 3.11 on, set up from the lock and tested.

What is committed is cloned into a temporary folder for each, where `make setup test` runs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from packaging.version import Version

from helpers.base.places import REPOSITORY

OLDEST = Version("3.11")


def pythons() -> dict[str, str]:
    """The newest CPython of each minor version that can make an environment: version and path."""
    usable = {version: path for path in candidates() if (version := _version(path))}
    newest = {Version(v).release[:2]: v for v in sorted(usable, key=Version) if _is_new_enough(v)}
    return {version: usable[version] for version in newest.values()}


def candidates() -> list[str]:
    """Programs called python3.11 and so on, on the path and where pyenv keeps its own."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += (Path.home() / ".pyenv" / "versions").glob("*/bin")
    found = [path for folder in folders if folder.is_dir() for path in folder.glob("python3.*")]
    return sorted(str(path) for path in found if re.fullmatch(r"python3\.\d+", path.name))


def _is_new_enough(version: str) -> bool:
    return Version(version) >= OLDEST


def _version(python: str) -> str:
    """The version of a Python; "" for one that does not start, or is of an environment."""
    code = "import ensurepip, platform, sys; sys.prefix == sys.base_prefix or sys.exit(1); " \
           "print(platform.python_version())"  # fmt: skip
    asked = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return asked.stdout.strip() if asked.returncode == 0 else ""


def passes(python: str) -> bool:
    """Whether the fast ring passes with a Python, in a clone of its own."""
    with tempfile.TemporaryDirectory(prefix="python-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", REPOSITORY, clone], check=True)
        done = subprocess.run(["make", "setup", "test", f"PYTHON={python}"], cwd=clone)
    return done.returncode == 0


def main() -> int:
    """Test with each, one after the other; returns 1 when one fails."""
    ended = {}
    for version, python in pythons().items():
        began = time.monotonic()
        good = passes(python)
        ended[version] = good
        said = "passes" if good else "FAILS"
        sys.stdout.write(f"Python {version} {said} ({time.monotonic() - began:.0f} s)\n")
        sys.stdout.flush()
    sys.stdout.write(f"{sum(ended.values())} passed, {len(ended) - sum(ended.values())} failed\n")
    return 0 if ended and all(ended.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
