"""Known vulnerabilities of what is installed, by pip-audit: `make audit`. It needs a network."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path


def found(report: dict) -> tuple[list[str], int, int]:
    """What pip-audit found, a line each; how many packages it could ask about, of how many.

    >>> found({"dependencies": [{"name": "a", "version": "1", "vulns": [
    ...     {"id": "X-1", "fix_versions": ["2"]}]}, {"name": "b", "skip_reason": "not found"}]})
    (['a 1: X-1, mended in 2'], 1, 2)
    """
    asked = [one for one in report["dependencies"] if "skip_reason" not in one]
    lines = [
        f"{one['name']} {one['version']}: {each['id']}, mended in "
        f"{', '.join(each['fix_versions']) or 'no version yet'}"
        for one in asked
        for each in one["vulns"]
    ]
    return lines, len(asked), len(report["dependencies"])


def pip_audit(folder: str) -> list[str]:
    """The command pip-audit, in an environment of its own: by uv, or without it by pip."""
    uv = Path(sysconfig.get_path("scripts"), "uv")
    if uv.exists():
        return [str(uv), "tool", "run", "--quiet", "pip-audit"]
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([f"{folder}/bin/python", "-m", "pip", "install", "--quiet",
                    "--disable-pip-version-check", "pip-audit"], capture_output=True)  # fmt: skip
    return [f"{folder}/bin/pip-audit"]


def ask() -> dict | str:
    """The report of pip-audit on what is installed; or why there is none, in words."""
    options = ["--progress-spinner", "off", "--skip-editable", "--format", "json",
               "--path", sysconfig.get_path("purelib")]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        try:
            command = [*pip_audit(folder), *options]
            done = subprocess.run(command, capture_output=True, text=True, timeout=900)
            return json.loads(done.stdout)
        except FileNotFoundError:
            return "neither uv nor pip could install it"
        except ValueError:
            return (done.stderr.strip().splitlines() or ["no answer"])[-1]


def main() -> None:
    """Ask, and say what came; exit code 1 where something is known to be vulnerable."""
    report = ask()
    if isinstance(report, str):
        print(f"Not audited: pip-audit could not be had, or not ask ({report}).")
        return
    lines, asked, of = found(report)
    print(*lines, sep="\n", end="\n" if lines else "")
    if not asked:
        print(f"Not audited: of {of} packages the index knows no vulnerabilities to ask for.")
    else:
        print(f"{asked} of {of} packages asked about: {len(lines)} known vulnerabilities.")
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
