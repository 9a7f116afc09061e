"""Row form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RowForm = Callable[[dict], np.ndarray]


class NoRowFormError(Exception):
    """A fitted step for which there is no one-row form; says which."""
