"""How sure a bundle's answers are, as its files `certainty.json` and, where trees tell it,
`certainty.skops`.
"""

from __future__ import annotations

from ..answers.certainty import Certainty
from ..answers.certainty_content import as_content, from_content
from ..base.user_errors import InputError
from ..line.run_folder import Run
from ..pipeline import whole_pipeline

FILE, TREES = "certainty.json", "certainty.skops"


def write_certainty(work, sure: Certainty, model_sha256: str) -> None:
    """Write the files for the model with that hash. `work` is the open stage 7."""
    content, models = as_content(sure)
    if models:
        with work.writing(f"model/{TREES}") as draft:
            whole_pipeline.save(models, draft)
    work.write_json(f"model/{FILE}", content | {"model_sha256": model_sha256, "trees": len(models)})


def read_certainty(folder: Run, name: str, model_sha256: str) -> Certainty | None:
    """What the files say; None where an earlier version wrote none.

    Raises InputError where they were made for another model, or can't be read.
    """
    if not folder.file(f"{name}/{FILE}").exists():
        return None
    content = folder.read_json(f"{name}/{FILE}")
    if content["model_sha256"] != model_sha256:
        raise InputError(
            f"The {FILE} of '{folder.name}' belongs to another model. Make it again: "
            f"`pipeline run --name {folder.name} --stages 7`."
        )
    models = whole_pipeline.load(folder.file(f"{name}/{TREES}"), tuple) if content["trees"] else ()
    return from_content(content, models)
