"""The types that a model file may hold, beyond those that skops itself takes for safe."""

import json
from io import BytesIO
from zipfile import ZipFile

# Our own types: by the name below the package that they had when they were first stored, the name
# in full that they have now. A type that moves keeps its old name here, so that models which were
# stored before still load. `helpers.line.code_fingerprint` reads here which code a stored model
# needs.
MOVED = {
    "calibration.Calibrated": "helpers.models.calibrated_model.Calibrated",
    "clean.Cleaner": "helpers.clean.column_cleaner.Cleaner",
    "encoders.Derive": "helpers.features.derived_columns.Derive",
    "encoders.KeepBest": "helpers.features.keep_best.KeepBest",
    "encoders.DateParts": "helpers.features.date_encoder.DateParts",
    "encoders.TextToNumbers": "helpers.features.text_encoder.TextToNumbers",
    "encoders.ImageParts": "helpers.features.image_encoders.ImageParts",
    "encoders.ImageToNumbers": "helpers.features.image_encoders.ImageToNumbers",
    "encoders.ToNumbers": "helpers.features.number_encoder.ToNumbers",
    "encoders.ToText": "helpers.features.category_encoder.ToText",
}
TRUSTED = (
    *sorted({*MOVED.values()}),
    "helpers.features.category_encoder.FormText",
    "helpers.features.form_encoder.FormNumbers",
    "sklearn.model_selection._classification_threshold.FixedThresholdClassifier",
    "sklearn.model_selection._split.KFold",
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "skrub._squashing_scaler.SquashingScaler",
    "skrub._squashing_scaler._MinMaxScaler",
    "sklearn.utils._bunch.Bunch",
    "numpy.dtype",
)
SCHEMA = "schema.json"  # the part of a skops file that names the types


def with_todays_names(stored: bytes) -> bytes:
    """A stored model whose types of ours have the names of today; the same bytes where they have.

    Nothing is loaded and nothing becomes trusted by it: only names that are known here change.
    """
    with ZipFile(BytesIO(stored)) as old:
        schema = old.read(SCHEMA)
        renamed = json.loads(schema, object_hook=_renamed)
        if renamed == json.loads(schema):
            return stored
        parts = {name: old.read(name) for name in old.namelist()}
    return _zipped(parts | {SCHEMA: json.dumps(renamed).encode()})


def _zipped(parts: dict[str, bytes]) -> bytes:
    """A zip file with these parts."""
    new = BytesIO()
    with ZipFile(new, "w") as written:
        for name, content in parts.items():
            written.writestr(name, content)
    return new.getvalue()


def _renamed(state: dict) -> dict:
    """What skops notes of an object, under the name that its type has now."""
    package, _, module = str(state.get("__module__")).partition(".")
    now = MOVED.get(f"{module}.{state.get('__class__')}") if package == "helpers" else None
    if now is None:
        return state
    module, _, name = now.rpartition(".")
    return state | {"__module__": module, "__class__": name}
