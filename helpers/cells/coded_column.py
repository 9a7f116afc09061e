"""A column as codes: its different values once, and for each cell which of them it holds.

Values come again and again in a table. What is done with a value (reading it, looking it up, asking
what others say of it) is done once; what is left for each row is a step in an array.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute


class EncodedColumn:
    """n cells as `codes` into `values`, a Series; -1 is missing. Values may be missing, too.

    >>> EncodedColumn.of(pd.Series(["a", None, "a"])).codes.tolist()
    [0, -1, 0]
    """

    def __init__(self, codes: np.ndarray, values: pd.Series):
        self.codes = codes
        self.values = values

    @classmethod
    def of(cls, column: pd.Series) -> EncodedColumn:
        """The codes of a column."""
        codes, values = pd.factorize(column)
        return cls(codes, pd.Series(values, dtype=column.dtype))

    @classmethod
    def of_cells(cls, column: EncodedColumn | pd.Series) -> EncodedColumn:
        """A column that may be coded already."""
        return column if isinstance(column, EncodedColumn) else cls.of(column)

    @classmethod
    def of_arrow(cls, column: pa.DictionaryArray) -> EncodedColumn:
        """The codes of an Arrow column that has them already."""
        codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
        return cls(codes, pd.Series(column.dictionary, dtype="str"))

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def codes_and_texts(self) -> tuple[np.ndarray, list[str]]:
        """The cells' texts as codes (-1 is missing), and the texts that they stand for.

        Two values with the same text share a code.
        """
        from .as_texts import texts

        places, distinct = pd.factorize(texts(self.values))
        return self.by_value(places, -1), distinct.tolist()

    def by_value(self, found, missing) -> np.ndarray:
        """For each cell what was found for its value; `missing` where the cell is empty."""
        return np.append(found, np.array([missing], dtype=np.asarray(found).dtype))[self.codes]

    def isna(self) -> np.ndarray:
        """Which cells are missing."""
        return self.by_value(self.values.isna().to_numpy(), True)

    def floats(self) -> np.ndarray:
        """The cells as floats; missing is NaN."""
        return self.by_value(self.values.to_numpy(dtype="float64", na_value=np.nan), np.nan)

    def with_cells(self, rows: np.ndarray, cells) -> EncodedColumn:
        """The column with other values in some rows."""
        more, distinct = pd.factorize(pd.Series(cells, dtype=self.values.dtype))
        codes = self.codes.copy()
        codes[rows] = np.where(more < 0, -1, more + len(self.values))
        added = pd.Series(distinct, dtype=self.values.dtype)
        return EncodedColumn(codes, pd.concat([self.values, added], ignore_index=True))

    def column(self, index: pd.Index | None = None, name=None) -> pd.Series:
        """The column as a Series."""
        return pd.Series(
            self.values.array.take(self.codes, allow_fill=True), index=index, name=name
        )


def is_in(texts: pd.Series, values) -> np.ndarray:
    """Which texts are among some values; as `Series.isin`, without a look at each value.

    >>> is_in(pd.Series(["a", "b"], dtype="str"), ["b"]).tolist()
    [False, True]
    """
    if not values or not len(texts):
        return np.zeros(len(texts), dtype=bool)
    asked = pa.array(texts, type=pa.large_string())
    found = compute.is_in(asked, value_set=pa.array(list(values), type=pa.large_string()))
    return found.to_numpy(zero_copy_only=False)


Columns = dict[str, EncodedColumn | pd.Series]
