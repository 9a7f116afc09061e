"""Monitoring by a bundle alone: later rows are compared with the reference in the bundle.

A container, a version of the registry, or a folder that was copied has no run folder. Drift of
columns and predictions, quality and performance are found all the same; the refit, the policies and
the page need the rows of the run.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..base import addresses
from ..base.user_errors import InputError
from ..drift import drift_report
from ..drift.stored_reference import Reference
from ..learning.labelled_data import Labelled
from ..learning.predicting import predict
from ..learning.task_kind import compared_answers, with_metric
from ..learning.units import UnitRule, units_of
from ..line.notebook_parameters import parse_setting
from ..line.run_folder import Run
from ..line.stage_list import LOG
from ..pipeline import delivery_reading
from ..pipeline.whole_pipeline import model_columns
from ..registry.local_copies import Copy
from ..registry.model_versions import Version, is_address, resolve
from ..serving.model_bundle import (
    Bundle,
    check_columns,
    is_bundle_folder,
    load_bundle,
    load_reference,
)
from ..tables import encodings, read_any
from . import (
    interval_coverage,
    monitor_model,
    monitoring_report,
    period_scores,
    production_rows,
    service_log_rows,
    service_traffic,
)
from .production_rows import Production

SETTINGS = {"max_drop": 0.05, "seed": 42}  # as in the notebook of stage 8


def run_of(address: str) -> str:
    """The run that an address belongs to; empty where there is only the bundle."""
    if is_bundle_folder(address):
        return ""
    if not is_address(address):
        return address
    version = resolve(address)
    return version.run if version.run and _is_of(Run(version.run), version) else ""


def _is_of(run: Run, version: Version) -> bool:
    """Whether the folder of a run is there, and its model is still the one of that version."""
    card = run.read_json("model/card.json", {})
    return run.line_of(7) is not None and card.get("model_sha256") == version.model_sha256


def look(address: str, data: str = "", settings=()) -> dict:
    """What stage 8 finds in new rows (`monitoring.json`), by the bundle at an address or folder.

    `data` is a source as `--data` takes it, or "log"; without one it is the service's log.
    `settings` are texts such as "max_drop=0.1". Raises InputError for rows that can't be used.
    """
    chosen, bundle, known = _settings(settings), load_bundle(address), load_reference(address)
    production = later_rows(address, bundle, known, data)
    metrics = metrics_of(bundle)
    drifted = monitor_model.column_drift(production, known.time_column)
    joint = monitor_model.joint_drift(production, known.time_column, int(chosen["seed"]))
    predictions = answers_drift(bundle, known, production)
    changes = monitor_model.quality_changes(production, known.time_column)
    promised = period_scores.promise(production.known.task, metrics, None)
    by_period = period_scores.performance(production, promised)
    covered = interval_coverage.coverage_by_period(production, bundle.certainty)
    expected = pd.DataFrame(columns=["rows"]).rename_axis("period")
    decision = monitor_model.decide(by_period, drifted, metrics, chosen["max_drop"], expected)
    days = service_traffic.by_day(log_folder(address))
    found = drift_report.drift_findings(
        drifted, predictions, joint,
        [*interval_coverage.coverage_findings(covered, bundle.task), *changes,
         *service_traffic.traffic_findings(days)],
    )  # fmt: skip
    seen = monitoring_report.summary(production, decision, by_period, expected, drifted, found,
                                     joint, days, None, None, None, coverage=covered)  # fmt: skip
    seen["summary"]["Drift"] += f" {monitoring_report.describe_prediction_drift(predictions)}"
    seen["summary"]["Drift"] += f" {known.note}" * bool(known.note)
    return seen


def _settings(given) -> dict[str, float]:
    """The settings, typed; raises InputError for an unknown name or a value that is no number."""
    chosen = dict(SETTINGS)
    for name, text in map(parse_setting, given):
        if name not in chosen:
            raise InputError(
                f"For a bundle without its run, only {' and '.join(SETTINGS)} can be set; "
                f"'{name}' can't."
            )
        chosen[name] = _number(name, text)
    return chosen


def _number(name: str, text: str) -> float:
    """The number that a setting's text means; raises InputError for another text."""
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{name} is a number; it is '{text}'.") from None


def later_rows(address: str, bundle: Bundle, known: Reference, data: str = "") -> Production:
    """New rows as they are monitored by a bundle: cleaned by its model, with labels if they came.

    The known rows are the bundle's examples: the domain classifier compares new rows with them.
    """
    raw, origin, times, wrong = _raw_rows(address, bundle, data)
    reading = delivery_reading.of_rows(bundle.model, raw, bundle.fields)
    X = reading.model["clean"].transform(raw)
    examples = bundle.model["clean"].transform(bundle.examples)
    production_rows.check_values(X, examples, model_columns(bundle.model))
    task = with_metric(bundle.task, bundle.card["held_out"]["main_metric"])
    rule = known.units or UnitRule()
    sample = Labelled(
        task, examples, np.full(len(examples), None), np.arange(len(examples)),
        unit=units_of(rule, examples), units=rule,
    )  # fmt: skip
    refused = production_rows.refused_by(reading)
    y = production_rows.labels_of(raw, task, known.label)
    y = production_rows.without_refused(y, refused)
    period = production_rows.periods_for(times, known.time_column, X)
    return Production(
        raw, X, y, period, bundle.model, sample, origin, times=times, reference=known,
        unit=units_of(rule, X), reading=reading,
        new_classes=production_rows.new_classes(raw, task, known.label), wrong_outcomes=wrong,
        refused=refused,
    )  # fmt: skip


def _raw_rows(address: str, bundle: Bundle, data: str) -> tuple:
    """The new rows as they came, where they are from, and when they were answered (a log only)."""
    times, wrong = None, {}
    if data in ("", LOG):
        origin, folder = "what the service has answered", log_folder(address)
        raw, times, wrong = service_log_rows.rows_of_log(folder, bundle.model, bundle.outcomes)
    else:
        addresses.refuse_pasted_password(data)
        likely = encodings.expected(bundle.encoding)
        raw = read_any.read_table(data, typed=False, encoding=likely, columns=bundle.known)
        origin = addresses.shown(data)
        check_columns(bundle, raw.columns)
    production_rows.check_count(raw, origin)
    return raw, origin, times, wrong


def metrics_of(bundle: Bundle) -> dict:
    """The scores on held-out rows from the card, in the form of `metrics.json`."""
    held_out = bundle.card["held_out"]
    return {"main_metric": held_out["main_metric"], "test": held_out["scores"],
            "rows": {"test": held_out["rows"]}, "interval": held_out.get("interval", {}),
            "baseline": held_out.get("baseline", {})}  # fmt: skip


def answers_drift(bundle: Bundle, known: Reference, production: Production) -> pd.DataFrame | None:
    """How far the predictions have drifted from those for held-out rows.

    Those were made by the model before its last fit, so it was fitted on neither rows.
    """
    production = production.answered
    answers = predict(bundle.task, bundle.model[1:], production.X)
    return known.answers_drift(compared_answers(bundle.task, *answers), production.unit)


def log_folder(address: str) -> Run:
    """Where the service of a bundle has its log: in its folder, the run's, or the model's."""
    if not is_address(address):
        return Copy(address, Path(address).expanduser())
    version = resolve(address)
    made = Run(version.run or version.name)
    return made if made.path.is_dir() else Run(version.name)
