"""How an export reads the raw rows: from the source, where pandas reads it as the run did.

Otherwise the rows as they were collected lie beside the file, and its head says why.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from ..base.addresses import is_path
from ..base.credentials import MASK
from . import plain_cells
from .file_draft import Draft
from .python_text import comment_lines, literal
from .run_to_export import RunToExport

ROWS = "rows.parquet"
READERS = {  # by the ending of a file what reads it, as Python and as a function
    ".csv": 'pd.read_csv(SOURCE, dtype="str", keep_default_na=False)',
    ".tsv": 'pd.read_csv(SOURCE, sep="\\t", dtype="str", keep_default_na=False)',
    ".parquet": "pd.read_parquet(SOURCE)",
}
SECRET = "SOURCE_ADDRESS"  # the variable that holds an address whose secret is not known here


def write(made: RunToExport, draft: Draft) -> bool:
    """Write `SOURCE` and the function `read`; whether the rows have to lie beside the file."""
    address, query = made.about.get("address", ""), made.about.get("query", "")
    if is_database(address):
        draft.constants.append(_database_source(address, query))
        draft.functions.append(_function("pd.read_sql(QUERY, create_engine(SOURCE))"))
        return False
    text = plain_reading(address, made.raw, made.needed, made.target)
    if text:
        draft.constants.append(f"SOURCE = {literal(address)}")
        draft.functions.append(_function(text))
        return False
    said = "The rows as the run collected them: its source has no plain reading in one line"
    draft.constants.append("\n".join([*comment_lines(said), f'SOURCE = HERE / "{ROWS}"']))
    draft.functions.append(_function("pd.read_parquet(SOURCE)"))
    return True


def _function(text: str) -> str:
    return f'def read():\n    """The raw rows, every cell as it was written."""\n    return {text}'


def is_database(address: str) -> bool:
    """Whether an address is that of a database, which SQLAlchemy opens.

    >>> is_database("postgresql://me:${PW}@host/shop"), is_database("rows.csv")
    (True, False)
    """
    scheme = urlsplit(address).scheme if "://" in address else ""
    return bool(scheme) and scheme.partition("+")[0] in (
        "sqlite", "postgresql", "postgres", "mysql", "mariadb", "mssql", "oracle", "duckdb",
    )  # fmt: skip


def _database_source(address: str, query: str) -> str:
    """The constants of a database: secrets are named, never written."""
    if MASK in address:
        said = f"The address holds a secret: it is read from the environment variable {SECRET}"
        source = f'os.environ["{SECRET}"]'
    elif "$" in address:
        said = "Secrets are read from the environment, by the names in the address"
        source = f"os.path.expandvars({literal(address)})"
    else:
        said, source = "", literal(address)
    lines = [*(comment_lines(said) if said else []), f"SOURCE = {source}"]
    wanted = query if " " in query.strip() else f'SELECT * FROM "{query}"'
    return "\n".join([*lines, f"QUERY = {literal(wanted)}"])


def plain_reading(address: str, raw: pd.DataFrame, needed: list[str], target: str) -> str:
    """The line of pandas that reads a file as the run did; "" where none does."""
    path = Path(address).expanduser() if address and is_path(address) else None
    text = READERS.get(path.suffix.lower(), "") if path is not None and path.is_file() else ""
    if not text:
        return ""
    try:
        found = eval(text, {"pd": pd, "SOURCE": path})  # noqa: S307 - one of three lines above
    except Exception:  # noqa: BLE001 - whatever it fails of, this is no plain file
        return ""
    return text if _are_same(found, raw, [*needed, target]) else ""


def _are_same(found: pd.DataFrame, raw: pd.DataFrame, columns: list[str]) -> bool:
    """Whether two readings of a file hold the same cells in the columns that are used."""
    if len(found) != len(raw) or not set(columns) <= set(map(str, found.columns)):
        return False
    return all(_same_cells(found[name], raw[name]) for name in columns)


def _same_cells(one: pd.Series, other: pd.Series) -> bool:
    """Whether cells say the same: as texts, or as numbers; an empty one is missing."""
    ours, theirs = (
        column.astype("object").map(plain_cells.to_text, na_action="ignore").replace("", np.nan)
        for column in (one, other)
    )
    same = (ours == theirs) | (ours.isna() & theirs.isna())
    rest = ~same.fillna(False).to_numpy(dtype=bool)
    numbers = [pd.to_numeric(some[rest], errors="coerce").to_numpy() for some in (ours, theirs)]
    return bool((numbers[0] == numbers[1]).all())
