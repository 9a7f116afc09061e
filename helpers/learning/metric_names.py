"""The metrics of each task under scikit-learn's names, and what people call them."""

MAIN_METRIC = {"binary": "roc_auc", "multiclass": "f1_macro", "regression": "r2"}
METRICS = {
    "binary": ("roc_auc", "average_precision", "accuracy", "precision", "recall", "f1", "log_loss"),
    "multiclass": ("accuracy", "f1_macro", "precision_macro", "recall_macro", "log_loss"),
    "regression": ("r2", "neg_mean_absolute_error", "neg_root_mean_squared_error"),
}
PLAIN_NAMES = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "log_loss": "log loss",
    "f1_macro": "macro F1",
    "precision_macro": "macro precision",
    "recall_macro": "macro recall",
    "r2": "R²",
    "neg_mean_absolute_error": "mean absolute error (negative)",
    "neg_root_mean_squared_error": "root mean squared error (negative)",
}
LESS_IS_BETTER = ("log_loss",)
