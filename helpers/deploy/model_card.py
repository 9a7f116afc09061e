"""The model card: what the model predicts, from which rows, how well, and what limits it."""

from __future__ import annotations

from importlib import metadata

import numpy as np
import pandas as pd

from ..base.markdown_text import inert
from ..base.verdicts import passes, was_required
from ..examples import known as examples_known
from ..learning.later_scores import describe_promise
from ..learning.metric_names import PLAIN_NAMES
from ..models.model_ladder import ADDITIVE

READS = {ADDITIVE: " (a sum of one curve a column, which stage 6 draws)"}


def make_card(run: str, about: dict, metrics: dict, y: np.ndarray, refitted: bool) -> dict:
    """The model card (Mitchell et al. 2019): what it predicts, from what, how well, its limits.

    `y` are the labels it was fitted on; their mean, or the share of each class, is the answer of
    last resort.
    """
    return {
        "run": run,
        "question": about["question"],
        "source": about["source"],
        "task": {k: metrics[k] for k in ("task", "target", "classes", "positive")},
        "model": metrics["model"],
        "fitted_on_rows": len(y),
        "refitted_on_all_labelled_rows": refitted,
        "held_out": {
            "rows": metrics["rows"]["test"],
            "main_metric": metrics["main_metric"],
            "scores": metrics["test"],
            "interval": metrics["interval"],
            "promise": metrics.get("promise"),
            "baseline": metrics["baseline"],
            "verdict": metrics["verdict"],
        },
        "certainty": metrics.get("certainty"),
        "baseline_answer": _baseline(metrics, y),
        "limits": _limits(about, metrics),
        "versions": {n: metadata.version(n) for n in ("scikit-learn", "skops", "pandas")},
    }


def _baseline(metrics: dict, y: np.ndarray) -> dict:
    """The answer of a service without a model: the mean, or the most frequent class."""
    if metrics["task"] == "regression":
        return {"prediction": float(np.mean(y)), "probability": None}
    shares = pd.Series(y).astype("str").value_counts(normalize=True)
    known = {label: float(shares.get(label, 0.0)) for label in metrics["classes"]}
    return {"prediction": str(shares.index[0]), "probability": known}


def _limits(about: dict, metrics: dict) -> list[str]:
    """What a user of the model must know, a sentence each."""
    limits = ["It knows only what its training rows show."]
    if about.get("time_column"):
        limits.append("It was tested on rows later than its training rows; it will age.")
    example = examples_known.example(about.get("table", ""))
    limits += example.limits if example else ()
    limits += _limits_of_verdict(metrics["verdict"])
    return limits


def _limits_of_verdict(verdict: str) -> list[str]:
    """What the verdict of stage 6 means for whoever uses the model."""
    if passes(verdict):
        unasked = "Nobody has said what is good enough: ask what its errors cost before deciding."
        return [] if was_required(verdict) else [unasked]
    if was_required(verdict):
        return ["It did not reach its thresholds: do not use it for decisions."]
    return ["It was not better than the baseline: do not use it for decisions."]


def card_text(card: dict) -> str:
    """The card as Markdown."""
    held_out = card["held_out"]
    refit = ", refitted on all labelled rows" if card["refitted_on_all_labelled_rows"] else ""
    paragraphs = [
        f"# Model card: {inert(card['task']['target'])}",
        f"**Question.** {inert(card['question'])}",
        f"**Model.** {inert(card['model'])}{READS.get(card['model'], '')}, fitted on "
        f"{card['fitted_on_rows']:,} rows of "
        f"{inert(card['source'])}{refit}.",
        f"**Verdict.** {inert(held_out['verdict'])}, on {held_out['rows']:,} held-out rows:",
        _scores_as_markdown(held_out),
        *filter(None, [inert(describe_promise(held_out.get("promise")))]),
        *_certainty_as_markdown(card.get("certainty")),
        *_compiled_as_markdown(card.get("compiled")),
        "**Limits.**",
        "\n".join(f"- {inert(limit)}" for limit in card["limits"]),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _certainty_as_markdown(found: dict | None) -> list[str]:
    """How often intervals or sets held the truth of held-out rows, and what that rests on."""
    if found is None:  # a card of before
        return []
    tested = ""
    if "coverage" in found:
        low, high = found["interval"]
        tested = (
            f"What should hold the truth in {found['level']:.0%} of the rows held it in "
            f"{found['coverage']:.1%} of {found['rows']:,} held-out rows "
            f"({low:.1%} to {high:.1%}). "
        )
    return [f"**How sure.** {tested}Assumed: {inert(found['assumption'])}"]


def _compiled_as_markdown(compiled: dict | None) -> list[str]:
    """A sentence that says whether the compiled form answers as the pipeline does."""
    if compiled is None:  # a card of before
        return []
    rows = f"{compiled['rows']:,} rows, unseen levels, extreme numbers and junk among them"
    problems = {"Single rows": compiled["row"], "Many rows": compiled["table"]}
    slow = [f"{what} are answered by the pipeline, because {why}." for what, why in problems.items()
            if why]  # fmt: skip
    agreed = [what.lower() for what, why in problems.items() if not why]
    if agreed:
        slow.append(f"The compiled form agrees within 1e-9 on {rows} ({' and '.join(agreed)}).")
    return [f"**Compiled form.** {inert(' '.join(slow))}"]


def _scores_as_markdown(held_out: dict) -> str:
    """The scores on held-out rows beside the baseline's, a line each."""
    lines = [
        f"| {PLAIN_NAMES[m]} | {value:.3f} | {held_out['baseline'].get(m, float('nan')):.3f} |"
        for m, value in held_out["scores"].items()
    ]
    return "\n".join(["| metric | held out | baseline |", "|---|---|---|", *lines])
