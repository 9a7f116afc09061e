"""Written attempts: what beginners wrote, wrong, and the misconception that each of them meets.

They stand in `tests/attempts/`, a file a notebook, each with words of the reply that has to come.
"""

from pathlib import Path
from types import FunctionType

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import cohen_kappa_score

from helpers.course.grading import CORRECT, UNTOUCHED, Compute
from helpers.course.questions import CHALLENGES, QUESTIONS

FILES = sorted((Path(__file__).parent / "attempts").glob("*.yaml"))
READ = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in FILES}
ATTEMPTS = [
    (name, one["wrote"], one["reply"])
    for questions in READ.values()
    for name, tried in questions.items()
    for one in tried
]


def flowers() -> list:
    return [np.zeros(120), np.zeros(30), np.zeros(120), np.zeros(30)]


def raw() -> pd.DataFrame:
    late = [True] * 5 + [False] * 11 + [None] * 2 + [False] * 2
    return pd.DataFrame({"late": late, "gust": [None] * 15 + [20.0] * 5, "dest": "LAX"})


def changes() -> pd.DataFrame:
    kinds = ["missing word"] * 2 + ["outlier"] * 3 + ["spelling"] * 5
    after = [None] * 4 + list("abcdef")
    return pd.DataFrame({"kind": kinds, "before": [None, *"ghijklmno"], "after": after})


def by_hour() -> pd.DataFrame:
    """Flights at half past each hour, a hundred an hour; those late grow in number by the hour."""
    hours = np.repeat(np.arange(5, 24), 100)
    late = np.tile(np.arange(100), 19) < np.array([4 + (h - 5) ** 1.4 for h in hours])
    when = pd.Timestamp("2013-05-01 00:30") + pd.to_timedelta(hours, unit="h")
    return pd.DataFrame({"scheduled": when, "late": late})


def folded() -> pd.DataFrame:
    late = np.arange(800) % 100 < np.repeat([10, 14, 20, 40], 200)
    return pd.DataFrame({"fold": np.repeat(range(4), 200), "late": late})


def scores() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "random forest": [0.67, 0.68, 0.72, 0.74],
            "logistic regression": [0.65, 0.67, 0.705, 0.71],
        }
    )


def answers() -> pd.DataFrame:
    return pd.DataFrame({"probability_True": np.linspace(0, 0.8, 251) ** 1.5})


def temperatures() -> tuple[pd.Series, pd.Series]:
    draw = np.random.default_rng(0)
    return pd.Series(draw.normal(60, 10, 2_000)), pd.Series(draw.normal(66, 9, 1_000))


def gusts() -> pd.DataFrame:
    gust = [20.0] * 8 + [None] * 20
    return pd.DataFrame({"wind_gust": gust, "late": [1, 1, 1, 0, 1, 0, 0, 1] + [1] * 6 + [0] * 14})


def gaps() -> pd.DataFrame:
    table = {"gap": [0.5, 0.4, 0.001, 0.001], "error": [0.1, 0.01, 0.005, 0.2]}
    return pd.DataFrame(table, index=["copies", "choice", "scale", "none"])


def labels() -> pd.DataFrame:
    a = ["BOEING"] * 9 + ["AIRBUS"] * 8 + ["BOMBARDIER"] * 3
    b = ["BOEING"] * 9 + ["AIRBUS"] * 8 + ["BOMBARDIER"] + ["CANADAIR"] * 2
    return pd.DataFrame({"labeller_a": a, "labeller_b": b, "settled": a})


def winds() -> tuple[pd.DataFrame, dict]:
    """Directions, two of them impossible, and the same once limits are set."""
    cleaned = pd.DataFrame({"wind_dir": [10.0, 350.0, 9e5, -20.0, None, 90.0, 180.0, 270.0]})
    again = cleaned.where(cleaned["wind_dir"].between(0, 360).to_frame("wind_dir"))
    return cleaned, {"cleaned": cleaned, "again": again}


def pairs() -> pd.DataFrame:
    return pd.DataFrame(
        {"random rows": [0.70, 0.68, 0.75, 0.77], "earlier rows": [0.69, 0.66, 0.66, 0.71]}
    )


def two_services() -> tuple[tuple, dict]:
    place, right = np.arange(40), np.linspace(0.05, 0.75, 40)
    theirs = right + np.select([place % 5 == 0, place % 7 == 0], [0.04, -0.15])
    return (right, theirs), {"right": right, "theirs": theirs}


COUNTS = pd.DataFrame([[1_300, 240], [180, 380]])
# What a check is asked of, and the names that its notebook has for it
ASKED_OF = {
    "start.one_flower": lambda: (flowers(), {"parts": flowers()}),
    "collect.no_label": lambda: (raw(), {"raw": raw()}),
    "collect.agreement": lambda: (
        labels(), {"labels": labels(), "cohen_kappa_score": cohen_kappa_score}),
    "clean.edited": winds,
    "deploy.apart": two_services,
    "clean.taken_away": lambda: (changes(), {"changes": changes()}),
    "features.evening": lambda: (
        by_hour(), {"known": by_hour(), "hour": by_hour()["scheduled"].dt.hour}),
    "split.late_share": lambda: (folded(), {"known": folded()}),
    "split.flatters": lambda: (pairs(), {"pairs": pairs()}),
    "train.lead": lambda: (
        scores(), {"first": scores().iloc[:, 0], "second": scores().iloc[:, 1]}),
    "evaluate.cost": lambda: (COUNTS, {"counts": COUNTS.to_numpy()}),
    "deploy.called_late": lambda: (answers(), {"said": answers()}),
    "monitor.psi": lambda: (
        temperatures(), dict(zip("abcd", in_groups(4) + in_groups(10), strict=True))),
    "explore.gust": lambda: (gusts(), {"table": gusts(), "calm": gusts()["wind_gust"].isna()}),
    "labs.surest": lambda: (gaps(), {"every": gaps()}),
}  # fmt: skip


def in_groups(n: int) -> list[np.ndarray]:
    """The shares of old and new rows in n groups that hold as many old ones each."""
    old, new = temperatures()
    edges = old.quantile(np.arange(1, n) / n)
    return [np.bincount(np.searchsorted(edges, t), minlength=n) / len(t) for t in (old, new)]


def verdict(name: str, wrote: str):
    """What the grading says to an attempt."""
    if name in CHALLENGES:
        names = {"np": np, "pd": pd}
        exec(wrote, names)
        functions = [n for n in names.values() if isinstance(n, FunctionType)]
        return CHALLENGES[name].grade(names.get(CHALLENGES[name].makes, functions[-1]))
    of, names = ASKED_OF[name]()
    return QUESTIONS[name].grade(eval(wrote, {"np": np, "pd": pd} | names), of)


@pytest.mark.parametrize(("name", "wrote", "reply"), ATTEMPTS)
def test_a_wrong_answer_meets_the_misconception_behind_it(name, wrote, reply):
    found = verdict(name, wrote)
    assert found.state not in (CORRECT, UNTOUCHED) and reply in found.reason, found
    assert (CHALLENGES | QUESTIONS)[name].why not in found.reason


def test_there_are_a_hundred_attempts_of_every_notebook_and_every_computed_check():
    assert len(ATTEMPTS) >= 100 and len({wrote for _, wrote, _ in ATTEMPTS}) == len(ATTEMPTS)
    tried = {name for name, _, _ in ATTEMPTS}
    assert {name for name, asked in QUESTIONS.items() if isinstance(asked, Compute)} <= tried
    assert set(ASKED_OF) == tried & set(QUESTIONS)
