"""Where things are: notebooks, data files, templates, sources, runs; in a clone or installed.

A clone has them in the folders of the repository. A wheel has notebooks and data files inside the
package (`pyproject.toml` puts them there), keeps runs in the working folder, and what it can make
again in the user's cache.
"""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path

DISTRIBUTION = "pipeline-notebooks"
PACKAGE = Path(__file__).resolve().parents[1]
SHIPPED = PACKAGE / "shipped"  # in a wheel alone


REPOSITORY = None if SHIPPED.is_dir() else PACKAGE.parent
NOTEBOOKS = (REPOSITORY or SHIPPED) / "notebooks"
DATA = (REPOSITORY or SHIPPED) / "data"
TEMPLATES = PACKAGE / "pages" / "templates"


def reports_folder() -> Path:
    """Where runs are kept: what PIPELINE_REPORTS names, else `reports/`.

    That is in the repository, from whichever folder the command is given; in the working folder
    where the package is installed without a clone.
    """
    named = os.environ.get("PIPELINE_REPORTS")
    return Path(named or (REPOSITORY or Path.cwd()) / "reports").resolve()


def sources_folder() -> Path:
    """Where the example's sources are laid out, which can be made again.

    In `data/sources` of the repository; in the user's cache, by version, without a clone.
    """
    if REPOSITORY:
        return DATA / "sources"
    from platformdirs import user_cache_path

    return user_cache_path(DISTRIBUTION, False, metadata.version(DISTRIBUTION)) / "sources"


def progress_file() -> Path:
    """Where a learner's progress is kept: in the folder of runs, or what PIPELINE_PROGRESS names.

    Beside it lies what front pages show of it (see `progress_summary_file`).
    """
    named = os.environ.get("PIPELINE_PROGRESS")
    return Path(named).expanduser().resolve() if named else reports_folder() / "progress.json"


def progress_summary_file() -> Path:
    """What the course writes and front pages read: a `reading`, and `rows` of a table."""
    file = progress_file()
    return file.with_name(f"{file.stem}_summary.json")
