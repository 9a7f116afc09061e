"""The types that a model file may hold, beyond those that skops itself takes for safe."""

# Our own in full: `helpers.code` reads here which code a stored model needs.
TRUSTED = (
    "helpers.calibration.Calibrated",
    "helpers.clean.Cleaner",
    "helpers.encoders.Derive",
    "helpers.encoders.KeepBest",
    "helpers.encoders.DateParts",
    "helpers.encoders.TextToNumbers",
    "helpers.encoders.ImageParts",
    "helpers.encoders.ImageToNumbers",
    "helpers.encoders.ToNumbers",
    "helpers.encoders.ToText",
    "sklearn.model_selection._classification_threshold.FixedThresholdClassifier",
    "sklearn.model_selection._split.KFold",
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "skrub._squashing_scaler.SquashingScaler",
    "skrub._squashing_scaler._MinMaxScaler",
    "sklearn.utils._bunch.Bunch",
    "numpy.dtype",
)
