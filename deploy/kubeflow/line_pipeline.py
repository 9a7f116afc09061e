"""The line as a Kubeflow pipeline: a component a stage, made from the description of the line.

Each component has the stage's parameters as typed inputs and hands on the packed run folder, the
stage's page, the front page, and what the stage makes as the artefact that it is: a table, the
metrics, the model.
"""

from __future__ import annotations

import inspect
import linecache
from contextlib import ExitStack

from kfp import dsl
from kfp.dsl import base_component

from helpers.line.line_description import description
from helpers.scale.kubeflow_pod import METRICS, MODEL

IMAGE = "pipeline-notebooks-python:latest"
TYPES = {"str": str, "int": int, "float": float, "bool": bool}
SOURCE = """\
def {name}(
    {inputs},
    folder: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
    front_page: dsl.Output[dsl.HTML],
    made: dsl.Output[dsl.{kind}],
) -> bool:
    from helpers.scale import kubeflow_pod

    values = dict({values})
    outputs = dict(folder=folder, page=page, front_page=front_page, made=made)
    return kubeflow_pod.work({number}, values, {before}, outputs)
"""


def line_pipeline(image: str = IMAGE, **given) -> base_component.BaseComponent:
    """The pipeline, whose steps run in that image; `given` are other defaults of its parameters.

    Without a target it ends before the first stage that needs one, and when the verdict is no
    before what comes after the verdict.
    """
    stages = [stage for stage in description()["stages"] if not stage["lesson"]]
    parameters = parameters_of(stages, given)
    components = [component(stage, image, is_first=stage is stages[0]) for stage in stages]

    def line(*channels):  # kfp gives them by place, in the order of the signature
        values = dict(zip(parameters, channels, strict=True))
        with ExitStack() as conditions:
            task, had_target = None, False
            for stage, make in zip(stages, components, strict=True):
                if stage["needs_target"] and not had_target:
                    conditions.enter_context(dsl.If(goes_on(task), name="has a target"))
                own = {p["name"]: values[p["name"]] for p in stage["parameters"]}
                own |= {"before": task.outputs["folder"]} if task else {}
                task, had_target = make(**own), stage["needs_target"]
                task.set_display_name(stage["title"])
                task.set_caching_options(False)  # an address says nothing of what is there today
                task.set_retry(2, backoff_duration="10s", backoff_factor=2)
                if stage["writes"][0] == METRICS:
                    conditions.enter_context(dsl.If(goes_on(task), name="is good enough"))

    line.__signature__ = inspect.Signature(
        [
            inspect.Parameter(
                name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=parameter["default"],
                annotation=TYPES[parameter["type"]],
            )
            for name, parameter in parameters.items()
        ]
    )
    told = "\n".join(f"    {name}: {p['help']}" for name, p in parameters.items())
    line.__doc__ = f"From a raw table to a model that is watched.\n\nArgs:\n{told}\n"
    return dsl.pipeline(name="line", display_name="The line")(line)


def goes_on(task: dsl.PipelineTask):
    """The condition that the line goes on after that task.

    kfp 2.17's local runner finds no output in a condition but the one that has no name of its own.
    """
    return task.outputs["Output"] == True  # noqa: E712 (kfp makes a condition of it)


def parameters_of(stages: list[dict], given: dict) -> dict[str, dict]:
    """The stages' parameters, each once, with the defaults that were given."""
    found = {}
    for stage in stages:
        for p in stage["parameters"]:
            default = given.get(p["name"], p["default"])
            found.setdefault(p["name"], p | {"default": default})
    if unknown := sorted(set(given) - set(found)):
        raise ValueError(f"No parameter of these stages: {', '.join(unknown)}.")
    return found


def component(stage: dict, image: str, is_first: bool) -> base_component.BaseComponent:
    """The component of a stage. kfp sends a function's source, so the source is what is made."""
    inputs = [f"{p['name']}: {p['type']}" for p in stage["parameters"]]
    inputs += [] if is_first else ["before: dsl.Input[dsl.Artifact]"]
    source = SOURCE.format(
        name=stage["name"],
        inputs=",\n    ".join(inputs),
        kind=artefact_of(stage["writes"][0]),
        values=", ".join(f"{p['name']}={p['name']}" for p in stage["parameters"]),
        number=stage["number"],
        before="None" if is_first else "before.path",
    )
    file = f"<stage {stage['number']}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    names = {"dsl": dsl, "__name__": f"stage_{stage['number']}"}
    exec(compile(source, file, "exec", dont_inherit=True), names)  # real types, not their names
    # The image has kfp; a pod needs no network to start
    return dsl.component(names[stage["name"]], base_image=image, install_kfp_package=False)


def artefact_of(file: str) -> str:
    """The kind of artefact that a file of the run folder is.

    >>> [artefact_of(f) for f in ("data/raw.parquet", "metrics.json", "model/card.md", "a.json")]
    ['Dataset', 'Metrics', 'Model', 'Artifact']
    """
    if file == METRICS:
        return "Metrics"
    if file.startswith(MODEL) or file.endswith(".skops"):
        return "Model"
    return "Dataset" if file.endswith(".parquet") else "Artifact"
