"""The files of a bundle, written: model, schema, examples, reference and card.

The bundle (`model/`) is all that a service needs: the model, the schema of the rows it takes, the
reference statistics that monitoring compares with, and a card that says what it is good for. It is
read by `helpers.serving.model_bundle`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..base.spacing import evenly_spaced
from ..base.user_errors import InputError
from ..cells.usual_values import usual_levels, usual_numbers
from ..cells.value_forms import OPEN
from ..drift import stored_reference
from ..learning.labelled_data import TEST, Labelled, time_column
from ..learning.predicting import predict
from ..learning.task_kind import compared_answers
from ..line.stage_list import COLUMNS
from ..pipeline import agreement_check, whole_pipeline
from ..pipeline.compiled import Compiled
from ..pipeline.whole_pipeline import model_columns
from ..serving import certainty_files
from ..serving.model_bundle import Bundle, open_bundle, task_of
from .model_card import card_text

FILES = (
    "model.skops",
    "examples.parquet",
    "schema.json",
    "reference.json",
    "certainty.json",
    "certainty.skops",
    "card.json",
    "card.md",
)
EXAMPLES = agreement_check.ROWS  # raw rows that a bundle holds
MOST_BYTES = 20 * 2**20  # of a model file
MOST_LEVELS = 1_000
FEWEST_WHOLE = 50  # numbers, all without a fraction, after which one with a fraction is odd


def make_schema(raw: pd.DataFrame, clean: pd.DataFrame, cleaning: dict, features: dict) -> dict:
    """What a row must look like: each field's kind, an example, its range or levels.

    `raw` and `clean` are the training rows. Ranges and levels are of the cleaned ones, without what
    lies far outside or is `rare`; `left_out` counts such cells (see `helpers.cells.usual_values`).
    Columns that the model does not use are `ignored`.
    """
    fields = {
        name: _field(cleaning["columns"][name], raw[name], clean[name])
        for name in features["columns"]
    }
    return {"fields": fields, "ignored": [c for c in raw.columns if c not in fields]}


def with_sources(work, schema: dict) -> dict:
    """The schema with the source of each field, where the table was joined from several.

    What the service looks up itself, by a row's keys, is written beside it.
    """
    if not (sources := work.about.get("sources")):
        return schema
    source_of = {name: one["source"] for one in sources for name in one["columns"]}
    fields = {name: field | ({"source": source_of[name]} if name in source_of else {})
              for name, field in schema["fields"].items()}  # fmt: skip
    if any(one["carried"] for one in sources):
        rows = work.read_table("lookups")
        with work.writing("model/lookups.parquet") as draft:
            rows.to_parquet(draft, index=False)
    return schema | {"fields": fields, "sources": sources}


def _field(plan: dict, raw: pd.Series, clean: pd.Series) -> dict:
    """A field of the schema, from its raw and its cleaned cells."""
    said, present = {key: plan[key] for key in ("kind", "form") if key in plan}, clean.dropna()
    is_open = plan.get("form") in OPEN
    usual, kept = ({}, present) if is_open else _usual(plan["kind"], present)
    field = said | {"missing": round(float(clean.isna().mean()), 4)} | usual
    if len(kept) < len(present):
        field["left_out"] = len(present) - len(kept)
    if len(kept):
        field["example"] = _plain(raw.loc[kept.index[0]])
    return field


def _usual(kind: str, present: pd.Series) -> tuple[dict, pd.Series]:
    """The range or the levels of the cells that are not missing, and the cells inside them."""
    if kind == "number" and len(present):
        usual = usual_numbers(present)
        ends = [float(usual.min()), float(usual.max())]
        whole = {"whole": True} if len(usual) >= FEWEST_WHOLE and (usual % 1 == 0).all() else {}
        return {"range": ends} | whole, present[present.astype(float).between(*ends)]
    if kind == "category" and present.nunique() <= MOST_LEVELS:
        levels = usual_levels(present)
        rare = sorted(set(present) - set(levels))
        return {"levels": levels, "rare": rare}, present[present.isin(levels)]
    return {}, present


def _plain(value):
    """A cell as JSON has it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value


def write_bundle(
    work, model: Pipeline, schema: dict, card: dict, known: dict, raw: pd.DataFrame, sure=None
) -> dict:
    """Write the files of `model/`, the model first and the card last. Returns sizes in bytes.

    `columns.yaml` of the run goes with them. Of the `raw` rows that it was fitted on, up to 2,000
    are stored too, with the columns of the cleaning plan: a service checks its compiled scorer on
    them, and the domain classifier compares later rows with them. `known` is the reference,
    `sure` the `Certainty` of the answers (None: not known). Raises InputError when the model takes
    more than 20 MB.
    """
    with work.writing("model/model.skops") as draft:
        whole_pipeline.save(model, draft)
        _check_size(draft.stat().st_size)
    examples = _write_examples(work, model, raw)
    card = card | {"compiled": compiled_agreement(model, schema, card, examples)}
    work.write_json("model/schema.json", schema)
    work.write_json("model/reference.json", known)
    if work.run.file(COLUMNS).exists():  # runs of before it was written have none
        work.write_text(f"model/{COLUMNS}", work.read(COLUMNS).read_text(encoding="utf-8"))
    card |= {"model_sha256": work.outputs["model/model.skops"]}
    if sure is not None:
        certainty_files.write_certainty(work, sure, card["model_sha256"])
        card |= {"certainty": (card.get("certainty") or {}) | {"assumption": sure.assumption}}
    work.write_json("model/card.json", card)
    work.write_text("model/card.md", card_text(card))
    written = [name for name in FILES if f"model/{name}" in work.outputs]
    return {name: work.run.file(f"model/{name}").stat().st_size for name in written}


def _write_examples(work, model: Pipeline, raw: pd.DataFrame) -> pd.DataFrame:
    """Write some raw rows, evenly spaced, with the columns of the cleaning plan."""
    names = [name for name in model["clean"].get_feature_names_out() if name in raw]
    examples = raw[names].iloc[evenly_spaced(len(raw), EXAMPLES)]
    with work.writing("model/examples.parquet") as draft:
        examples.to_parquet(draft, index=False)
    return examples


def compiled_agreement(model: Pipeline, schema: dict, card: dict, examples: pd.DataFrame) -> dict:
    """How the compiled form of a model agrees with it on `examples`, for the card.

    `rows` were asked; `row` and `table` say why a single row, or many, are answered by the pipeline
    itself ("" where the compiled form agreed on every row).
    """
    compiled = Compiled(task_of(card), model, list(schema["fields"]))
    asked = agreement_check.questions(examples, agreement_check.affordable(compiled, EXAMPLES))
    found = agreement_check.agreement(compiled, model, examples, EXAMPLES)
    return {"rows": len(asked)} | found


def _check_size(size: int) -> None:
    """Raise InputError when a model file of so many bytes is too large."""
    if size > MOST_BYTES:
        raise InputError(
            f"The model takes {size / 2**20:.0f} MB, more than {MOST_BYTES / 2**20:.0f} MB: "
            f"limit its depth or use another with --set models=…"
        )


def read_bundle(work) -> Bundle:
    """The bundle that the open stage 7 has just written, read back from its files."""
    return open_bundle(work.run)


def held_out_answers(model: Pipeline, rows: Labelled) -> pd.DataFrame:
    """The predictions for the held-out rows, of a model that was not fitted on them."""
    X = rows.of(TEST).X
    return compared_answers(rows.task, *predict(rows.task, model[1:], X))


def make_reference(work, model: Pipeline, rows: Labelled, answers: pd.DataFrame) -> dict:
    """What later rows will be compared with: the cleaned `rows` that the model was fitted on.

    `answers` are the predictions for the held-out rows, of the model before its last fit. `work` is
    the open stage.
    """
    used, when, label = model_columns(model), time_column(work), work.about["label"]
    units = {"units": rows.units, "unit": rows.unit, "answers_unit": rows.of(TEST).unit}
    made = stored_reference.reference_of(
        rows.X, used, answers=answers, time_column=when, label=label, **units
    )
    return stored_reference.as_content(made)
