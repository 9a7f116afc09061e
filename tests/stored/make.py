"""Store two models of today: `python -m tests.stored.make NAME` writes them to a new folder here.

They hold every class of ours that a model file can hold. With them go rows and the answers that
were given when they were stored; `tests/test_stored.py` asks every folder for them again, so that
what was deployed yesterday is answered the same tomorrow. A folder is never written anew.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier

from helpers.base import places
from helpers.clean import clean_rows, cleaning_plan, column_cleaner
from helpers.deploy import bundle_files, model_card
from helpers.drift import stored_reference
from helpers.features import feature_plan
from helpers.learning.label_column import draft_label
from helpers.learning.labelled_data import Labelled
from helpers.learning.task_kind import encode, find_task
from helpers.line import run_folder, stage_work
from helpers.models.calibrated_model import Calibrated
from helpers.pipeline import whole_pipeline
from helpers.serving import local_service, model_bundle

HERE = Path(__file__).parent
ROWS, ASKED = 400, 40
TOWNS = [f"{start}{end}" for start in ("Nor", "Sud", "Lang", "Alt", "Hohen", "Klein", "Rot", "Wal")
         for end in ("dorf", "heim", "burg", "see")]  # fmt: skip
WORDS = ["quiet", "sunny", "damp", "broken", "garden", "view", "noisy", "street", "new", "old"]


def table(folder: Path, pictures: bool, seed: int = 11) -> pd.DataFrame:
    """Raw rows as text, with what a cleaner mends; `let` is what is to be told."""
    random = np.random.default_rng(seed)
    pick = random.choice
    size, rent = random.normal(60, 15, ROWS).round(1), random.normal(900, 200, ROWS).round()
    seen = pd.Timestamp("2025-03-01") + pd.to_timedelta(random.integers(0, 300, ROWS), unit="D")
    town = pick(TOWNS, ROWS)
    chance = 1 / (1 + np.exp((rent / size - 15) / 2 + 0.3 * (seen.month.to_numpy() > 8)))
    raw = pd.DataFrame(
        {
            "size": [f"{m} m" if i % 7 else f"{m * 100:.0f} cm" for i, m in enumerate(size)],
            "rent": [f"€{r:,.0f}" if i % 5 else "n/a" for i, r in enumerate(rent)],
            "heating": pick(["gas", "Gas", "oil", "OIL ", "electric"], ROWS),
            "town": town,
            "state": [_state(t) if i % 15 else "" for i, t in enumerate(town)],
            "seen": seen.strftime("%Y-%m-%d"),
            "free": (seen + pd.Timedelta(days=9)).strftime("%d %b %Y"),
            "lift": pick(["yes", "no", "Y", ""], ROWS),
            "says": [" ".join(pick(WORDS, 5)) for _ in range(ROWS)],
            "let": np.where(random.random(ROWS) < chance, "yes", "no"),
        }
    )
    if pictures:
        return raw[["size", "let"]].assign(photo=_pictures(folder, raw["let"], random))
    return raw


def _state(town: str) -> str:
    return ("north", "south", "east")[TOWNS.index(town) % 3]


def _pictures(folder: Path, label: pd.Series, random) -> list[str]:
    """Paths of 16 small pictures, those of one label brighter; as they are from the repository."""
    (folder / "photos").mkdir(parents=True)
    paths = []
    for number in range(16):
        pixels = random.integers(0, 120, (12, 12, 3)) + 100 * (number % 2)
        path = folder / "photos" / f"{number}.png"
        Image.fromarray(pixels.astype("uint8")).save(path)
        paths.append(path.relative_to(places.REPOSITORY).as_posix())
    numbers = 2 * random.integers(0, 8, len(label)) + (label == "yes")
    return [paths[number] for number in numbers]


def store(folder: Path, name: str, pictures: bool) -> None:
    """Fit a model, write it as stage 7 does, and beside it rows with the answers of today."""
    raw = table(folder, pictures)
    about = {"target": "let", "task": "auto", "question": "Will it be let?", "source": "made up"}
    cleaning = cleaning_plan.draft_plan(raw, about)
    rows = column_cleaner.Cleaner(cleaning).fit(raw).transform(raw)
    label = clean_rows.clean_label(raw, "let", draft_label(raw["let"]))[0]
    task = find_task(label, "let")
    derive = "" if pictures else "a_metre=rent/size"
    plan = feature_plan.plan_features(
        rows.assign(let=label), cleaning, about, derive=derive, keep=12
    )
    inner = FixedThresholdClassifier(
        LogisticRegression(max_iter=2000), threshold=0.4, pos_label=task.positive
    )
    plan["task"] = task.kind
    known = Labelled(task, rows, encode(label, task), np.arange(ROWS))
    model = Calibrated(inner, 1.2, (0.1, -0.1))
    fitted = whole_pipeline.fit(cleaning, plan, model, known.X, known.y)
    metrics = {
        **{"task": task.kind, "target": "let", "classes": list(task.classes)},
        **{"positive": task.positive, "model": "linear", "rows": {"train": ROWS, "test": 80}},
        **{"test": {"roc_auc": 0.8}, "interval": {"roc_auc": [0.7, 0.9]}},
        **{"main_metric": task.main_metric, "baseline": {"roc_auc": 0.5}, "verdict": "good enough"},
    }
    work = stage_work.Work(7, run_folder.Run(name), {})
    schema = bundle_files.make_schema(raw, rows, cleaning, plan)
    card = model_card.make_card(name, about, metrics, known.y, True)
    reference = stored_reference.as_content(
        stored_reference.reference_of(rows, whole_pipeline.model_columns(fitted))
    )
    bundle_files.write_bundle(work, fitted, schema, card, reference, raw.head(100))
    work.finish(ROWS, ROWS, "done")
    bundle = model_bundle.load_bundle(name)
    asked = raw.drop(columns="let").head(ASKED)
    given = model_bundle.predict_rows(bundle, asked)
    (work.run.path / "asked.json").write_text(local_service.as_json(asked).replace("},{", "},\n{"))
    (work.run.path / "given.json").write_text(local_service.as_json(given).replace("},{", "},\n{"))


if __name__ == "__main__":
    new = HERE / sys.argv[1]
    new.mkdir()
    os.environ["PIPELINE_REPORTS"] = str(new)
    store(new, "flats", pictures=False)
    store(new, "photos_of_flats", pictures=True)
