"""What was looked at before: a period is judged when it is new, and again once it has doubled.

Judging the same rows at each look would give chance as many tries as there are looks. A look at the
very rows of the last one is that look again, so `pipeline monitor` and then `pipeline retrain` come
to the same decision. The looks are kept in `monitoring.json`, under `looks`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .production_rows import UNDATED, UNNAMED, Production

GROWN = 2.0  # times as many rows as when it was judged last: the period is judged again


def marks_of(production: Production) -> dict[str, dict]:
    """For each period its labelled rows: how many (`rows`), and a mark of their content.

    None where the held-out rows stand in for later ones.
    """
    if production.is_held_out:
        return {}
    judged = production.at(production.labelled)
    text = judged.raw.astype("str")
    content = pd.util.hash_pandas_object(text, index=False).to_numpy()
    return {
        name: {"rows": int(chosen.sum()), "mark": str(np.sum(content[chosen], dtype=np.uint64))}
        for name in np.unique(judged.period)
        if name != UNDATED and (chosen := judged.period == name).any()
    }


def read_looks(work) -> list[dict]:
    """The looks that a run has kept of the model that is in it now. `work` is the open stage 8."""
    kept = (work.run.read_json("monitoring.json") or {}).get("looks", [])
    return [look for look in kept if look["model"] == _model(work)]


def times_looked(looks: list[dict], marks: dict[str, dict]) -> dict[str, int]:
    """How many times each period has been judged, this look included; 0: it was judged already.

    `looks` are the earlier ones, `marks` those of the periods now.

    >>> old, new = {"rows": 60, "mark": "a"}, {"rows": 70, "mark": "b"}
    >>> times_looked([{"periods": {"2024-01": old}}], {"2024-01": old, "2024-02": new})
    {'2024-01': 0, '2024-02': 1}
    """
    earlier = [look["periods"] for look in looks if look["periods"] != marks]
    return {name: _times(name, mark, earlier) for name, mark in marks.items()}


def _times(name: str, mark: dict, earlier: list[dict]) -> int:
    """How many times a period has been judged, this time included; 0: it needn't be."""
    if any(mark == other for periods in earlier for other in periods.values()):
        return 0
    if name == UNNAMED:  # other rows under the same name
        return 1
    judged = 0, 0.0
    for periods in earlier:
        rows = periods.get(name, {"rows": 0})["rows"]
        judged = (judged[0] + 1, rows) if rows and rows >= GROWN * judged[1] else judged
    return judged[0] + 1 if mark["rows"] >= GROWN * judged[1] else 0


def with_this_look(work, marks: dict[str, dict]) -> list[dict]:
    """The looks with this one last; nothing is added by a look at the rows of an earlier one."""
    looks = read_looks(work)
    if not marks or any(look["periods"] == marks for look in looks):
        return looks
    return [*looks, {"model": _model(work), "periods": marks}]


def _model(work) -> str:
    """The mark of the model that is in the run now."""
    return work.run.read_json("model/card.json", {}).get("model_sha256", "")
