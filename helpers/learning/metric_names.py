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


def shown_score(metric: str, value: float) -> str:
    """A score as text: two decimals; errors in the target's unit with three digits.

    >>> shown_score("roc_auc", 0.7281), shown_score("neg_mean_absolute_error", -0.0234567)
    ('0.73', '-0.0235')
    >>> shown_score("neg_mean_absolute_error", -22356.7)
    '-22,357'
    """
    if not metric.startswith("neg_"):
        return f"{value:.2f}"
    return f"{value:.3g}" if abs(value) < 1_000 else f"{value:,.0f}"
