"""The one estimator: cleaner, features and model in one scikit-learn Pipeline; raw rows in.

The same object is evaluated, deployed, asked in batches and asked by the API, so there is no
second road to a prediction. Its file (skops) holds data, not code, and is loaded only when every
type in it is known here.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
from joblib import parallel_config
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from ..base.user_errors import InputError
from ..clean.column_cleaner import Cleaner
from ..features.feature_plan import without_columns
from ..learning.inner_folds import units_kept_whole
from ..learning.labelled_data import Labelled
from .feature_steps import make_features
from .trusted_types import TRUSTED, with_todays_names


def learner(features: dict, model, seed: int = 42) -> Pipeline:
    """Features and model, unfitted: learns from cleaned rows. `features` is the feature plan."""
    return Pipeline([("features", features_of(features, seed)), ("model", clone(model))])


def features_of(plan: dict, seed: int = 42) -> Pipeline:
    """The features of a feature plan, unfitted: cleaned rows in, numbers out."""
    return make_features(plan, seed)


def plan_without(plan: dict, names: list[str]) -> dict:
    """A feature plan without some columns, and without what is derived from them."""
    return without_columns(plan, names)


def with_cleaner(cleaning: dict, fitted: Pipeline) -> Pipeline:
    """A fitted learner with the frozen cleaning plan in front of it: predicts from raw rows."""
    cleaner = Cleaner(cleaning).fit(pd.DataFrame())
    return Pipeline([("clean", cleaner), *fitted.steps])


def fit(
    cleaning: dict,
    features: dict,
    model,
    clean: pd.DataFrame,
    y,
    seed: int = 42,
    units: Labelled | None = None,
) -> Pipeline:
    """The whole pipeline, fitted on n cleaned rows and their n labels.

    `units`: the same rows as `Labelled`, whose units stay whole in the target encoder's inner folds
    (None: each row is its own).
    """
    return with_cleaner(cleaning, _fit(learner(features, model, seed), clean, y, units))


def refit(
    model: Pipeline,
    clean: pd.DataFrame,
    y,
    cleaning: dict | None = None,
    units: Labelled | None = None,
) -> Pipeline:
    """A pipeline like a fitted one, fitted anew on other cleaned rows; the feature plan stays.

    So does the cleaning plan, unless another is given. `units` is as for `fit`.
    """
    fresh = _fit(clone(model[1:]), clean, y, units)
    if cleaning is not None:
        return with_cleaner(cleaning, fresh)
    return Pipeline([("clean", model["clean"]), *fresh.steps])


def _fit(unfitted: Pipeline, clean: pd.DataFrame, y, units: Labelled | None) -> Pipeline:
    """Fitted on all cores. The trees are the same as on one, and the file says nothing of cores."""
    with parallel_config("threading", n_jobs=-1), units_kept_whole(unfitted, units):
        return unfitted.fit(clean, y)


def save(model: Pipeline | tuple, path: Path) -> None:
    """Write a pipeline, or a tuple of fitted models, to a compressed skops file."""
    from skops import io

    io.dump(model, path, compression=zipfile.ZIP_DEFLATED, compresslevel=6)


def load(path: Path, kind: type = Pipeline):
    """Read a pipeline, or what else is stored as one is (a `kind`, such as a tuple of models).

    Refuses a file that is not of that kind, or that holds a type not known here: InputError.
    """
    name = Path(path).name
    try:
        model = _loaded(Path(path))
    except InputError:
        raise
    except Exception as error:  # a broken zip, JSON or array: each has errors of its own
        raise InputError(
            f"The model file {name} can't be read ({type(error).__name__}): make it "
            f"again with `pipeline run --stages 5-7`."
        ) from None
    if not isinstance(model, kind):
        raise InputError(f"The file {name} holds no model: make it again.")
    return model


def _loaded(path: Path):
    """What a file of skops holds; InputError where a type in it is not known here."""
    from skops import io
    from skops.io.exceptions import UntrustedTypesFoundException

    stored = with_todays_names(path.read_bytes())
    try:
        return io.loads(stored, trusted=list(TRUSTED))  # looks at every type before it makes one
    except UntrustedTypesFoundException:
        unknown = [t for t in io.get_untrusted_types(data=stored) if t not in TRUSTED]
        raise InputError(
            f"The model file {path.name} holds types that are not trusted "
            f"({', '.join(unknown[:5])}), so it was not loaded."
        ) from None


def model_columns(model: Pipeline) -> list[str]:
    """The columns that the model uses, of those that its cleaner gives (not the derived ones)."""
    used = {c for _, _, columns in model["features"]["encode"].transformers for c in columns}
    return [c for c in model["features"].feature_names_in_ if c in used]
