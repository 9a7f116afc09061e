"""Known vulnerabilities of what is installed, by pip-audit: `make audit`. It needs a network."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig


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


def main() -> None:
    """Ask, and say what came; exit code 1 where something is known to be vulnerable."""
    uv, installed = f"{sysconfig.get_path('scripts')}/uv", sysconfig.get_path("purelib")
    command = [uv, "tool", "run", "--quiet", "pip-audit", "--progress-spinner", "off",
               "--skip-editable", "--format", "json", "--path", installed]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    try:
        lines, asked, of = found(json.loads(done.stdout))
    except ValueError:
        why = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        print(f"Not audited: pip-audit could not be had, or not ask ({why}).")
        return
    print(*lines, sep="\n", end="\n" if lines else "")
    if not asked:
        print(f"Not audited: of {of} packages the index knows no vulnerabilities to ask for.")
    else:
        print(f"{asked} of {of} packages asked about: {len(lines)} known vulnerabilities.")
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
