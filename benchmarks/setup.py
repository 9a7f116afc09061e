"""`make bench-setup`: how long a newcomer waits for `make setup`, by uv and by pip; SETUP.md.

The committed state is cloned into a temporary folder and set up there by its own Makefile: the
environment, uv itself, all packages of the lock with their hashes, the project. First with empty
caches, as on a new machine, then again with what the first time has left in them.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from .__main__ import machine
from .measure import REPOSITORY, run, seconds_of

HERE = Path(__file__).resolve().parent
RAW, REPORT = HERE / "setup.json", HERE / "SETUP.md"
INSTALLERS = ("uv", "pip")
GOAL_SECONDS, GOAL_SHARE = 30, 1 / 6  # on an idle machine of two cores; of pip's time
# Python compiles a module when it is first imported; pip does that for all of them beforehand.
# Where Python may not write what it compiled, uv does so, too: few machines are so.
WRITES_BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}
FIRST_IMPORT = "import pandas, sklearn.ensemble, seaborn, mlflow, papermill, nbconvert, fastapi"


def measure(folder: Path) -> dict:
    """Seconds and load of each set-up, in turn, with empty caches and with full ones."""
    clone = folder / "clone"
    run(["git", "clone", "--quiet", REPOSITORY, clone])
    found: dict = {"machine": machine(), "packages": packages()}
    for cached in ("nothing cached", "all cached"):
        found[cached] = {name: set_up(clone, name, folder / "caches") for name in INSTALLERS}
    return found


def set_up(clone: Path, installer: str, caches: Path) -> dict:
    """Set up a clone anew by one installer, and import the libraries for the first time."""
    shutil.rmtree(clone / ".venv", ignore_errors=True)
    own = {"UV_CACHE_DIR": str(caches / "uv"), "PIP_CACHE_DIR": str(caches / "pip")}
    own |= WRITES_BYTECODE
    load = os.getloadavg()[0]
    seconds = seconds_of(["make", "setup", f"INSTALLER={installer}"], clone, **own)
    first = seconds_of([clone / ".venv" / "bin" / "python", "-c", FIRST_IMPORT], clone, **own)
    again = seconds_of([clone / ".venv" / "bin" / "python", "-c", FIRST_IMPORT], clone, **own)
    return {"seconds": seconds, "load": load, "first_import": first, "later_import": again}


def packages() -> int:
    """How many entries the lock has."""
    return (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").count("==")


def report(raw: dict) -> str:
    """The page, made from what was measured alone."""
    new, again = raw["nothing cached"], raw["all cached"]
    on = raw["machine"]
    share = new["uv"]["seconds"] / new["pip"]["seconds"]
    reached = new["uv"]["seconds"] < GOAL_SECONDS and share <= GOAL_SHARE
    rows = [
        _row("all of `make setup`, nothing cached", new, "seconds"),
        _row("the same again, with what is cached", again, "seconds"),
        _row("the first import of the large libraries", new, "first_import"),
        _row("a later one", new, "later_import"),
        _row("load of the machine at its start (2 cores)", new, "load", unit=""),
    ]
    return f"""# Setting up

Written by `make bench-setup`; raw numbers in `setup.json`. Measured on {on["day"]}: {on["machine"]},
Python {on["python"]}. A fresh clone is set up by its own Makefile: the environment, uv itself
(installed by pip from the index, by its hash), the {raw["packages"]} entries of `requirements.lock`,
each by its hash, and the project.

| | uv | pip |
|---|---|---|
{chr(10).join(rows)}

By uv it takes **{new["uv"]["seconds"]:.0f} s**, {share:.2f} of pip's time in the same run. The goal is
under {GOAL_SECONDS} s on an idle machine of two cores and at most a sixth of pip's time: it is
{"reached" if reached else "not reached in this run"}. pip compiles every module to bytecode while it
installs; uv leaves that to the first import, which takes
{new["uv"]["first_import"] - new["pip"]["first_import"]:.0f} s longer, once. (Under
`PYTHONDONTWRITEBYTECODE` it would take longer each time, so there uv compiles at once, too.)
"""  # noqa: E501 - lines of Markdown, shorter once they are filled in


def _row(title: str, measured: dict, name: str, unit: str = " s") -> str:
    cells = [f"{measured[installer][name]:.1f}{unit}" for installer in INSTALLERS]
    return f"| {title} | {' | '.join(cells)} |"


def main() -> None:
    """Measure and write both files."""
    with tempfile.TemporaryDirectory(prefix="setup-") as folder:
        raw = measure(Path(folder))
    RAW.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
    REPORT.write_text(report(raw), encoding="utf-8")


if __name__ == "__main__":
    main()
