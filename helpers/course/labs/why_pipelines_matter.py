"""The lab on pipelines: leaky recipes beside honest ones, over many seeds; the truth is known.

Each recipe makes a small table of which it is known what can be learnt, scores a model once as many
notebooks do and once inside a pipeline, and returns both. The gap is what the mistake flatters by.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import (
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder

SEEDS = 20
SCORING = "roc_auc"
SIMPLE = LogisticRegression(max_iter=500)


def _folds(seed: int) -> StratifiedKFold:
    return StratifiedKFold(5, shuffle=True, random_state=seed)


def _score(model, X, y, cut) -> float:
    return float(cross_val_score(model, X, y, cv=cut, scoring=SCORING).mean())


def _signal(random, rows: int = 120, columns: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of which two say something about the label."""
    X = random.normal(size=(rows, columns)) * random.uniform(1, 50, columns)
    chance = 1 / (1 + np.exp(-(X[:, 0] / X[:, 0].std() - X[:, 1] / X[:, 1].std())))
    return X, (random.random(rows) < chance).astype(int)


def _random_labels(random, rows: int) -> np.ndarray:
    """Random labels, half of each: nothing can be learnt, the true score is 0.5."""
    return random.permutation(np.arange(rows) % 2)


def scaling(seed: int) -> tuple[float, float]:
    """Numbers are scaled by the mean and deviation of all rows."""
    X, y = _signal(np.random.default_rng(seed))
    cut = _folds(seed)
    early = StandardScaler().fit_transform(X)
    model = KNeighborsClassifier(9)
    return _score(model, early, y, cut), _score(make_pipeline(StandardScaler(), model), X, y, cut)


def imputing(seed: int) -> tuple[float, float]:
    """Gaps are filled with the median of all rows."""
    random = np.random.default_rng(seed)
    X, y = _signal(random)
    X[random.random(X.shape) < 0.2] = np.nan
    cut, fill = _folds(seed), SimpleImputer(strategy="median")
    inside = make_pipeline(fill, StandardScaler(), SIMPLE)
    return _score(make_pipeline(StandardScaler(), SIMPLE), fill.fit_transform(X), y, cut), _score(
        inside, X, y, cut
    )


def imputing_by_class(seed: int) -> tuple[float, float]:
    """Gaps are filled with the mean of the rows of the same class."""
    random = np.random.default_rng(seed)
    X, y = random.normal(size=(120, 8)), _random_labels(random, 120)
    X[random.random(X.shape) < 0.3] = np.nan
    early = X.copy()
    for label in (0, 1):
        mean = np.nanmean(X[y == label], axis=0)
        early[y == label] = np.where(np.isnan(X[y == label]), mean, X[y == label])
    cut, model = _folds(seed), RandomForestClassifier(15, min_samples_leaf=3, random_state=seed)
    return _score(model, early, y, cut), _score(make_pipeline(SimpleImputer(), model), X, y, cut)


def selecting(seed: int) -> tuple[float, float]:
    """The twenty best of a thousand columns of noise are chosen on all rows."""
    random = np.random.default_rng(seed)
    X, y = random.normal(size=(100, 1_000)), _random_labels(random, 100)
    cut = _folds(seed)
    early = SelectKBest(k=20).fit_transform(X, y)
    return _score(SIMPLE, early, y, cut), _score(
        make_pipeline(SelectKBest(k=20), SIMPLE), X, y, cut
    )


def target_encoding(seed: int) -> tuple[float, float]:
    """A category of many levels becomes the mean label of its level, own row included."""
    random = np.random.default_rng(seed)
    levels = pd.DataFrame({f"c{i}": random.integers(0, 60, 240).astype(str) for i in range(3)})
    y = _random_labels(random, 240)
    early = levels.apply(lambda column: pd.Series(y).groupby(column).transform("mean"))
    inner = KFold(5, shuffle=True, random_state=seed)
    inside = make_pipeline(TargetEncoder(cv=inner), SIMPLE)
    cut = _folds(seed)
    return _score(SIMPLE, early, y, cut), _score(inside, levels, y, cut)


def oversampling(seed: int) -> tuple[float, float]:
    """The rare class is copied until it is as frequent, then the rows are split."""
    random = np.random.default_rng(seed)
    X, y = random.normal(size=(200, 6)), (np.arange(200) < 20).astype(int)
    more = random.choice(20, 160)
    model = RandomForestClassifier(15, random_state=seed)
    early = _score(model, np.vstack([X, X[more]]), np.concatenate([y, y[more]]), _folds(seed))
    weighed = RandomForestClassifier(15, class_weight="balanced", random_state=seed)
    return early, _score(weighed, X, y, _folds(seed))


def duplicates(seed: int) -> tuple[float, float]:
    """A third of the rows occurs twice, and the copies were not removed."""
    random = np.random.default_rng(seed)
    X, y = random.normal(size=(150, 6)), _random_labels(random, 150)
    again = random.choice(150, 75, replace=False)
    model = KNeighborsClassifier(1)
    early = _score(model, np.vstack([X, X[again]]), np.concatenate([y, y[again]]), _folds(seed))
    return early, _score(model, X, y, _folds(seed))


def shared_entities(seed: int) -> tuple[float, float]:
    """Each patient has six rows and one label; rows of one patient lie in several folds."""
    random = np.random.default_rng(seed)
    patient = np.repeat(np.arange(40), 6)
    X = random.normal(size=(40, 5))[patient] + random.normal(0, 0.3, (240, 5))
    y, model = _random_labels(random, 40)[patient], KNeighborsClassifier(3)
    cutter = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    apart = list(cutter.split(X, y, patient))
    return _score(model, X, y, _folds(seed)), _score(model, X, y, apart)


def random_split_of_time(seed: int) -> tuple[float, float]:
    """Days that follow each other are alike; a random split asks about days between known ones."""
    random = np.random.default_rng(seed)
    mood = pd.Series(random.normal(size=300)).ewm(alpha=0.05, adjust=False).mean()
    y = (mood > mood.median()).to_numpy().astype(int)
    X = np.column_stack([np.arange(300), random.normal(size=300)])
    model = RandomForestClassifier(15, min_samples_leaf=3, random_state=seed)
    chances = []
    for learnt, asked in TimeSeriesSplit(5, test_size=30).split(X):
        chances.append(model.fit(X[learnt], y[learnt]).predict_proba(X[asked])[:, 1])
    return _score(model, X, y, _folds(seed)), float(roc_auc_score(y[150:], np.concatenate(chances)))


def serving_skew(seed: int) -> tuple[float, float]:
    """Training fills gaps with the median; whoever wrote the service fills them with 0."""
    random = np.random.default_rng(seed)
    X, y = _signal(random, 400, 3)
    X += 5 * X.std(axis=0)  # a weight, a length: zero is far outside
    X[random.random(X.shape) < 0.25] = np.nan
    learn, asked = slice(0, 200), slice(200, 400)
    model = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), SIMPLE)
    model.fit(X[learn], y[learn])
    claimed = roc_auc_score(y[asked], model.predict_proba(X[asked])[:, 1])
    served = roc_auc_score(y[asked], model.predict_proba(np.nan_to_num(X[asked]))[:, 1])
    return float(claimed), float(served)


RECIPES: dict[str, Callable[[int], tuple[float, float]]] = {
    "scaling": scaling,
    "imputing (median)": imputing,
    "imputing (mean of the class)": imputing_by_class,
    "selecting columns": selecting,
    "target encoding": target_encoding,
    "oversampling": oversampling,
    "duplicates": duplicates,
    "shared entities": shared_entities,
    "a random split of time": random_split_of_time,
    "another transformation in service": serving_skew,
}


def score_gaps(names: list[str] | None = None, seeds: int = SEEDS) -> pd.DataFrame:
    """For each recipe the mean leaky and honest score, the gap, and the gap's standard error.

    >>> score_gaps(["scaling"], seeds=2).columns.tolist()
    ['leaky', 'honest', 'gap', 'error']
    """
    found = {}
    for name in names or RECIPES:
        scores = np.array([RECIPES[name](seed) for seed in range(seeds)])
        gap = scores[:, 0] - scores[:, 1]
        error = gap.std(ddof=1) / np.sqrt(seeds)
        found[name] = [*scores.mean(axis=0), gap.mean(), error]
    table = pd.DataFrame(found, index=["leaky", "honest", "gap", "error"]).T
    return table.rename_axis("mistake")


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """The gaps as they are shown."""
    text = table[["leaky", "honest"]].map("{:.2f}".format)
    said = zip(table["gap"], table["error"], strict=True)
    return text.assign(gap=[f"{gap + 0:+.3f} ± {error:.3f}" for gap, error in said])


def describe_score_gaps(table: pd.DataFrame) -> str:
    """Which mistakes flatter and which do not, in a sentence."""
    sure = table["gap"] > 3 * table["error"]
    worst = table["gap"].idxmax()
    nil = ", ".join(table.index[table["gap"].abs() < 0.01])
    return (
        f"**{sure.sum()} of {len(table)}** mistakes flatter by more than three standard errors, "
        f"most of all {worst} (+{table['gap'].max():.2f}). Nothing to be measured (under 0.01): "
        f"{nil or 'none'}."
    )
