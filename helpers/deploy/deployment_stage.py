"""Stage 7 as its notebook shows it: the bundle packed, the service asked, each thing one call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from ..answers.fold_answers import read_fold_answers
from ..answers.learn_from_model import certainty_of
from ..learning.labelled_data import Labelled
from ..pages.show import folded, say, together
from ..pipeline import whole_pipeline
from ..serving import local_service
from ..serving.model_bundle import Bundle, predict_rows
from . import bundle_files, deployment_report, model_card, service_proof, what_if


@dataclass(frozen=True)
class Deployed:
    """What was packed: the model and how many rows it was fitted on, the sizes of the files, and
    the bundle as a service reads it.

    `known` are those rows, `raw` the same as they came; `refitted` says whether held-out rows are
    among them.
    """

    model: Pipeline
    known: Labelled
    raw: pd.DataFrame
    refitted: bool
    sizes: dict[str, int]
    bundle: Bundle


def pack(work, labelled: Labelled, cleaning: dict, refit: bool) -> Deployed:
    """Fit the model of stage 5 again on all `labelled` rows (with `refit`), and write its bundle.

    `work` is the open stage 7, `cleaning` the plan that cleans raw rows.
    """
    model = whole_pipeline.load(work.read("data/trained.skops"))
    known = labelled if refit else labelled.of("train")
    answers, trained = bundle_files.held_out_answers(model, labelled), model
    if refit:
        model = whole_pipeline.refit(model, known.X, known.y, cleaning, known)
    raw = work.read_table("raw").iloc[known.row].reset_index(drop=True)
    schema = bundle_files.make_schema(raw, known.X, cleaning, work.read_yaml("features.yaml"))
    schema = bundle_files.with_sources(work, schema)
    schema |= {name: work.about[name] for name in ("encoding",) if name in work.about}
    metrics = work.read_json("metrics.json")
    card = model_card.make_card(work.run.name, work.about, metrics, known.y, refit)
    reference = bundle_files.make_reference(work, model, known, answers)
    sure = certainty_of(labelled, read_fold_answers(work, labelled), model, refit)
    sizes = bundle_files.write_bundle(work, model, schema, card, reference, raw, sure)
    what_if.hand_on(work, what_if.asked_of(work, labelled, known, trained, model, schema, sure))
    return Deployed(model, known, raw, refit, sizes, bundle_files.read_bundle(work))


def show_model(made: Deployed) -> pd.DataFrame:
    """What is deployed, in a small table."""
    return deployment_report.model_facts(made.model, len(made.known.y), made.refitted)


def show_bundle(made: Deployed) -> None:
    """The files with their sizes, the first fields of a row, and the model card."""
    fields = deployment_report.fields_table(made.bundle.schema)
    card = model_card.card_text(made.bundle.card).split("\n", 2)[2]
    together(
        deployment_report.files_table(made.sizes), fields.head(8), say(card),
        folded("Every field of a row", fields),
    )  # fmt: skip


@dataclass(frozen=True)
class Proof:
    """What a running service answered: to odd requests, and to raw rows sent in three ways.

    `wanted` is how many rows were chosen, `rows` are those that it answers.
    """

    bundle: Bundle
    wanted: int
    rows: pd.DataFrame
    cases: pd.DataFrame
    agreement: pd.DataFrame
    state: dict
    speed: dict[str, float]

    @cached_property
    def answers(self) -> pd.DataFrame:
        """What the bundle says of the rows (see `predict_rows`)."""
        return predict_rows(self.bundle, self.rows)


def prove(work, made: Deployed, compared_rows: int) -> Proof:
    """Start the service on this machine, ask it, and stop it.

    `compared_rows` is how many raw rows are scored in three ways: InputError where it is below 1.
    """
    chosen = service_proof.rows_to_compare(len(made.raw), compared_rows)
    rows = service_proof.answerable(made.bundle, made.raw.iloc[chosen])
    odd = service_proof.edge_cases(made.bundle, service_proof.as_record(rows.iloc[0]))
    with local_service.serving(made.bundle) as address:
        cases = service_proof.answers_table(address, odd)
        folder = work.run.file("data")
        agreement = service_proof.prediction_agreement(made.bundle, rows, address, folder)
        state = local_service.ready(address)
        speed = service_proof.speeds(made.bundle, rows, address)
    return Proof(made.bundle, len(chosen), rows, cases, agreement, state, speed)


def show_agreement(proof: Proof) -> None:
    """Whether service, batch file and model give one answer."""
    said = service_proof.describe_agreement(proof.agreement, proof.wanted)
    together(say(said), proof.agreement.drop(columns="largest difference"))


def answers_picture(proof: Proof):
    """The distribution of the answers, with the threshold of the decision where there is one."""
    from ..pages import model_plots

    task, last = proof.bundle.task, proof.answers.columns[-1]
    named = last.removeprefix("probability_")
    label = last if named == last else f"probability of {task.target} = {named}"
    if last == "prediction":
        label = f"predicted {task.target}"
    threshold = _threshold(proof.bundle.model) if task.kind == "binary" else None
    return model_plots.answers(proof.answers[last], label, threshold)


def _threshold(model: Pipeline) -> float:
    """The probability from which on a model of two classes says yes."""
    last = model["model"]
    return last.threshold if isinstance(last, FixedThresholdClassifier) else 0.5


def answer(work, made: Deployed, proof: Proof) -> dict:
    """Close the stage and show its answer; returns the ledger line."""
    size, rows = made.sizes["model.skops"], len(made.known.y)
    headline = deployment_report.headline(made.bundle.card, size, proof.agreement)
    entry = work.finish(rows, rows, headline)
    run = work.run.name
    how = f"Start it with `pipeline serve {run}`, or score a file with `pipeline predict {run} "
    together(say(f"**{headline}**", f"{how}new_rows.csv --out scored.csv`."))
    return entry


def show_speed(proof: Proof):
    """How single rows are scored and how long it takes, to be unfolded."""
    said = service_proof.describe_speeds(proof.state, proof.speed)
    return folded("How fast is a single row? (compiled scorer)", say(said))
