"""Models that older versions stored: they load, and answer what they answered then."""

import importlib
import json
import shutil
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest

from helpers.base.places import REPOSITORY
from helpers.base.user_errors import InputError
from helpers.drift import stored_reference
from helpers.pipeline import trusted_types, whole_pipeline
from helpers.pipeline.agreement_check import agreement
from helpers.pipeline.compiled import Compiled
from helpers.serving import local_service, model_bundle
from tests.stored.make import store

STORED = Path(__file__).parent / "stored"
MODELS = sorted(path.parent for path in STORED.glob("*/*/given.json"))
OURS = sorted(set(trusted_types.MOVED.values()))


def test_there_are_models_and_they_are_small():
    assert {"2026_11"} <= {m.parent.name for m in MODELS}
    assert {m.name for m in MODELS} == {"flats", "photos_of_flats"}
    for model in MODELS:
        sizes = [file.stat().st_size for file in model.rglob("*") if file.is_file()]
        assert sum(sizes) < 150_000, model


@pytest.fixture(params=MODELS, ids=lambda folder: folder.name)
def stored(request, tmp_path, monkeypatch) -> Path:
    """A copy of a stored run, in the folder of runs; pictures are where they were."""
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    monkeypatch.chdir(REPOSITORY)
    return Path(shutil.copytree(request.param, tmp_path / request.param.name))


def read(folder: Path, name: str) -> list[dict]:
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def check_same(answers: pd.DataFrame, given: list[dict]) -> None:
    assert len(answers) == len(given) and list(answers) == list(given[0])
    for number, (_, answer) in enumerate(answers.iterrows()):
        assert answer["prediction"] == given[number]["prediction"]
        chances = [name for name in answers if name != "prediction"]
        assert len(chances) == 2
        for name in chances:
            assert abs(answer[name] - given[number][name]) < 1e-9, (number, name)


def test_a_stored_model_answers_a_table_as_it_did(stored):
    asked, given = read(stored, "asked"), read(stored, "given")
    answers = model_bundle.predict_rows(model_bundle.load_bundle(stored.name), pd.DataFrame(asked))
    check_same(answers, given)
    assert {row["prediction"] for row in given} == {"yes", "no"}
    assert len({row["probability_yes"] for row in given}) > 30


def test_a_stored_model_says_that_it_has_no_intervals_and_names_reasons(stored):
    """It was made before there were intervals; reasons need nothing that it has not."""
    bundle, asked = model_bundle.load_bundle(stored.name), pd.DataFrame(read(stored, "asked"))
    with pytest.warns(UserWarning, match="before intervals were"):
        found = model_bundle.predict_rows(bundle, asked.head(3), interval=0.9, why=1)
    assert "prediction_set" not in found and set(found["why_1_column"]) <= set(bundle.known)


def test_a_stored_model_answers_single_rows_as_it_did(stored):
    bundle = model_bundle.load_bundle(stored.name)
    asked, given = read(stored, "asked"), read(stored, "given")
    frames = [model_bundle.predict_rows(bundle, pd.DataFrame([row])) for row in asked]
    check_same(pd.concat(frames, ignore_index=True), given)
    compiled = Compiled(bundle.task, bundle.model, list(bundle.fields))
    found = agreement(compiled, bundle.model, bundle.examples)
    assert found["table"] == ""
    assert (found["row"] == "") == (stored.name == "flats"), found  # pictures have no row form


def test_a_stored_model_is_served_as_it_was(stored):
    asked, given = read(stored, "asked"), read(stored, "given")
    with local_service.serving(model_bundle.load_bundle(stored.name)) as address:
        status, many = local_service.ask(address, asked)
        ones = [local_service.ask(address, row)[1] for row in asked[:9]]
    assert status == 200
    for answer, then in zip([*many, *ones], [*given, *given[:9]], strict=True):
        assert answer["prediction"] == then["prediction"]
        for label, chance in answer["probability"].items():
            assert abs(chance - then[f"probability_{label}"]) < 1e-9


def test_the_stored_models_hold_every_type_of_ours():
    held = {name for folder in MODELS for name in types_in(folder / "model" / "model.skops")}
    first_names = {f"helpers.{name}" for name in trusted_types.MOVED}
    assert held >= first_names


def types_in(model: Path) -> set[str]:
    """The names of types as they stand in a model's file."""
    found = set()

    def note(state: dict) -> dict:
        found.add(f"{state.get('__module__')}.{state.get('__class__')}")
        return state

    with ZipFile(model) as file:
        json.loads(file.read("schema.json"), object_hook=note)
    return found


@pytest.mark.parametrize("name", OURS)
def test_what_is_trusted_of_ours_is_where_it_is_said_to_be(name):
    module, _, own = name.rpartition(".")
    found = getattr(importlib.import_module(module), own)
    assert f"{found.__module__}.{found.__name__}" == name in trusted_types.TRUSTED


def test_a_reference_of_an_older_form_is_refused_in_one_line():
    """Those of November 2026 held too little to compare later rows with."""
    content = read(STORED / "2026_11" / "flats", "model/reference")
    with pytest.raises(InputError, match="reference of flats is of an older form") as caught:
        stored_reference.read_content(content, "flats")
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:Features .* are constant")
def test_another_model_can_be_stored(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path))
    store(tmp_path, "flats", pictures=False)
    asked, given = read(tmp_path / "flats", "asked"), read(tmp_path / "flats", "given")
    check_same(
        model_bundle.predict_rows(model_bundle.load_bundle("flats"), pd.DataFrame(asked)), given
    )


# A name of before: a model as it was stored under names that nobody has any more


def under_old_names(model: Path, old: str) -> None:
    """Rewrite a model's file so that encoders stand in a module of another name."""
    with ZipFile(model) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    text = parts["schema.json"].decode()
    for name in types_in(model):
        if name.endswith(".ToNumbers"):
            module = name.rpartition(".")[0]
            text = text.replace(f'"{module}"', f'"helpers.{old}"')
    assert f'"helpers.{old}"' in text
    with ZipFile(model, "w") as file:
        for name, content in (parts | {"schema.json": text.encode()}).items():
            file.writestr(name, content)


def test_a_model_of_types_that_have_moved_loads_and_answers_the_same(stored, monkeypatch):
    path = stored / "model" / "model.skops"
    under_old_names(path, "attic.old_encoders")
    with pytest.raises(InputError, match="not trusted.*helpers.attic.old_encoders"):
        whole_pipeline.load(path)
    moved = {f"attic.old_encoders.{n.rpartition('.')[2]}": n for n in OURS}
    monkeypatch.setattr(trusted_types, "MOVED", trusted_types.MOVED | moved)
    asked, given = read(stored, "asked"), read(stored, "given")
    model = whole_pipeline.load(path)
    chances = model.predict_proba(pd.DataFrame(asked))[:, 1]
    assert chances == pytest.approx([row["probability_yes"] for row in given], abs=1e-9)


def test_only_names_of_this_package_are_renamed(stored, monkeypatch):
    path = stored / "model" / "model.skops"
    monkeypatch.setattr(
        trusted_types, "MOVED", {"pipeline.Pipeline": "helpers.models.calibrated_model.Calibrated"}
    )
    content = path.read_bytes()
    assert trusted_types.with_todays_names(content) == content


@pytest.mark.parametrize("earlier", trusted_types.MOVED)
def test_a_type_is_found_under_its_earlier_name_as_mlflow_looks_for_it(earlier):
    module, _, name = earlier.rpartition(".")
    found = getattr(importlib.import_module(f"helpers.{module}"), name)
    assert f"{found.__module__}.{found.__name__}" == trusted_types.MOVED[earlier]


def test_other_modules_that_are_not_there_stay_missing():
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("helpers.never_there")


def test_mlflows_own_loader_opens_a_model_that_names_earlier_modules(stored):
    """Without our loader: skops with the names that were trusted when the model was registered."""
    from skops import io

    file = next(stored.rglob("model.skops"))
    trusted = [f"helpers.{name}" for name in trusted_types.MOVED] + list(trusted_types.TRUSTED)
    model = io.load(file, trusted=trusted)
    answers = model.predict(pd.DataFrame(read(stored, "asked")))
    assert len(answers) == len(read(stored, "given"))
