"""The folder of an export: the file, its tables, what it needs, and a test; written whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pandas as pd

from ..base.files import replacing_folder
from ..base.user_errors import InputError
from . import compare_export, reading_part, whole_file
from .compare_export import Compared
from .file_draft import TABLES
from .python_text import names_in
from .run_to_export import RunToExport, open_run

PACKAGES = {  # by a name in the file the package to install
    "pd": "pandas", "np": "numpy", "joblib": "joblib", "SquashingScaler": "skrub",
    "OSA": "rapidfuzz", "create_engine": "sqlalchemy",
}  # fmt: skip
TESTED = 600  # rows that lie beside the test
PATCH = "training_cells.csv"


@dataclass(frozen=True)
class Done:
    """What was written: the folder, the lines of the file, what it leaves out, how it compares."""

    folder: Path
    lines: int
    left_out: list[str]
    compared: Compared


def export(
    name: str, out: str = "", rows: int = compare_export.ROWS,
    more: Callable[[RunToExport, Path], None] | None = None,
) -> Done:  # fmt: skip
    """Write the export of a finished run into the new folder `out`; `rows` raw rows are compared.

    `more` writes further files into the draft of the folder. Raises InputError where the run is not
    finished, its files were edited, or the folder is there already.
    """
    folder = Path(out or f"{name}_python").expanduser().absolute()
    if folder.exists():
        raise InputError(f"'{folder}' is there already, and nothing was written: name another "
                         f"folder with --out.")  # fmt: skip
    made = open_run(name)
    with replacing_folder(folder) as draft:
        done = _write(made, draft, folder, rows)
        if more is not None:
            more(made, draft)
    return done


def _write(made: RunToExport, draft: Path, folder: Path, rows: int) -> Done:
    """Write all files into a draft of the folder."""
    found = whole_file.write(made)
    _write_file(draft, found)
    apart = compare_export.cells_apart(made, compare_export.load(draft))
    if len(apart):
        apart.to_csv(draft / PATCH, index=False)
    if found.needs_rows:
        made.raw.to_parquet(draft / reading_part.ROWS)
    found = whole_file.write(made, patched=bool(len(apart)))
    _write_file(draft, found)
    module = compare_export.load(draft)
    compared, model = compare_export.compare(made, module, rows)
    found = whole_file.write(made, bool(len(apart)), compared.sentences())
    _write_file(draft, found)
    _write_test(made, draft, module, model)
    (draft / "requirements.txt").write_text(requirements(found.text), encoding="utf-8")
    return Done(folder, len(found.text.splitlines()), found.left_out, compared)


def _write_file(draft: Path, found: whole_file.Exported) -> None:
    """Write the file and its tables."""
    (draft / "model.py").write_text(found.text, encoding="utf-8")
    if found.tables:
        said = json.dumps(found.tables, ensure_ascii=False, indent=0, separators=(",", ": "))
        (draft / TABLES).write_text(said + "\n", encoding="utf-8")


def requirements(text: str) -> str:
    """The packages that a file uses, with the versions that it was compared with."""
    used = names_in(text)
    named = {package for name, package in PACKAGES.items() if name in used}
    named |= {"scikit-learn"} | ({"pyarrow"} if "read_parquet" in text else set())
    lines = [f"{package}=={metadata.version(package)}" for package in sorted(named)]
    return "\n".join([*lines, "pytest  # for test_model.py alone", ""])


# --- The test ------------------------------------------------------------------------------------

TEST = '''"""Holds model.py against the answers that the run gave: `pytest test_model.py`."""

from pathlib import Path

import model
import numpy as np
import pandas as pd

HERE = Path(__file__).parent
APART = {apart}  # rows that were answered otherwise when this was written


def test_model_answers_as_the_run_did():
    rows = pd.read_csv(HERE / "test_rows.csv", dtype="str", keep_default_na=False)
    expected = pd.read_csv(HERE / "test_answers.csv", {keep})
    fitted, scores = model.train(model.read())
    found = model.predict(rows, fitted)
    numbers = expected.select_dtypes("number").columns
    near = np.isclose(found[numbers], expected[numbers], rtol=1e-9, atol=1e-9).all(axis=1)
    same = near & (found["prediction"].astype("str") == expected["prediction"].astype("str"))
    assert (~same).sum() <= APART
{scores}'''
NUMBERS = '''"""Holds model.py against the answers that the run gave: `pytest test_model.py`."""

from pathlib import Path

import model
import numpy as np
import pandas as pd

HERE = Path(__file__).parent
APART = {apart}  # rows that were answered otherwise when this was written


def test_model_answers_as_the_run_did():
    rows = pd.read_csv(HERE / "test_rows.csv", dtype="str", keep_default_na=False)
    expected = pd.read_csv(HERE / "test_answers.csv")["prediction"]
    fitted, scores = model.train(model.read())
    found = model.predict(rows, fitted)["prediction"]
    assert (~np.isclose(found, expected, rtol=1e-9, atol=1e-9)).sum() <= APART
{scores}'''


def _write_test(made: RunToExport, draft: Path, module, model) -> None:
    """Write raw rows, the run's answers to them, and the test that compares."""
    from ..learning.predicting import predict
    from ..serving.model_bundle import answers_frame

    rows = compare_export.asked_rows(made, TESTED)
    rows.to_csv(draft / "test_rows.csv", index=False)
    rows = pd.read_csv(draft / "test_rows.csv", dtype="str", keep_default_na=False)
    expected = predict(made.bundle.task, made.bundle.model, rows)
    answers_frame(made.bundle.task, *expected).to_csv(draft / "test_answers.csv", index=False)
    given = compare_export.answers_of(made, module.predict(rows, model))
    apart = compare_export.differing(given, expected)
    main = made.metrics.get("main_metric", "")
    score = made.metrics.get("test", {}).get(main)
    said = f'    assert abs(scores["{main}"] - {score!r}) < 1e-6\n' if score is not None else ""
    template = NUMBERS if made.bundle.task.is_regression else TEST
    text = template.format(apart=apart, keep="keep_default_na=False", scores=said)
    (draft / "test_model.py").write_text(text, encoding="utf-8")
