"""The two verdicts on a model, as stage 6 writes them and every later stage reads them."""

GOOD, NOT_GOOD = "good enough", "not good enough"
