"""Run the Kubeflow pipeline on this machine, without a cluster: each component is a process."""

import sys
import tempfile
from pathlib import Path

import click
from kfp import local
from line_pipeline import line_pipeline

from helpers.base.user_errors import InputError
from helpers.line.notebook_parameters import read_settings
from helpers.line.run_folder import Run
from helpers.line.stage_list import STAGES
from helpers.run.run_request import name_for, whole_address
from helpers.scale import kubeflow_pod


@click.command()
@click.option("--data", required=True, metavar="SOURCE", help="As for `pipeline run`.")
@click.option("--target", default="", metavar="COLUMN", help="As for `pipeline run`.")
@click.option("--name", default="", help="The run's name. [default: the source's]")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE",
              help="Any other parameter; may be given many times.")  # fmt: skip
def main(data, target, name, settings):
    """Run the pipeline here, and put the run folder that it makes into reports/.

    \b
    Example:
      python deploy/kubeflow/run_local.py --data mine.csv --target churned
    """
    try:
        run = run_here(data, target, name, settings)
    except InputError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except RuntimeError as error:
        click.echo(f"Error: {' '.join(str(error).split())}", err=True)
        sys.exit(1)
    click.echo(f"Front page: {run.file('index.html')}")


def run_here(data: str, target: str, name: str, settings: tuple[str, ...]) -> Run:
    """Run the pipeline in processes of this environment; the run that came out.

    What kfp writes between the steps goes into a folder that is deleted at the end.
    """
    values = read_settings(list(settings), list(STAGES))
    run = Run(name or name_for(data))
    if run.path.exists():
        raise InputError(f"There is a run '{run.name}' already: give another name with --name.")
    values |= {"run": run.name, "data": whole_address(data), "target": target}
    with tempfile.TemporaryDirectory(prefix="pipeline-kubeflow-") as folder:
        runner = local.SubprocessRunner(use_venv=False)
        local.init(runner, pipeline_root=f"{folder}/outputs", workspace_root=f"{folder}/workspace")
        line_pipeline()(**values)
        run.path.parent.mkdir(parents=True, exist_ok=True)
        kubeflow_pod.unpack(last_folder(Path(folder)), run.path.parent)
    return run


def last_folder(outputs: Path) -> Path:
    """The packed run folder of the last stage that ran."""
    found = [path for s in STAGES for path in outputs.rglob(f"{s.name}/folder")]
    return found[-1]


if __name__ == "__main__":
    main()
