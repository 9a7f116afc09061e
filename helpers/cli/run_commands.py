"""Commands that run notebooks or show what they made: run, explore, status, report, compare."""

from __future__ import annotations

import sys

import click

from ..base.verdicts import passes
from ..examples.known import titles
from .command_group import DASK, cli


@cli.command()
@click.option("--data", default="", metavar="SOURCE",
              help="A CSV, TSV, JSON, JSON lines, Excel, Parquet or Feather file, a folder of "
                   "Parquet files, an http(s) or s3:// address, or a database address "
                   "(sqlite:///shop.db). "
                   f"[default: {titles()}, which ship with it]")  # fmt: skip
@click.option("--query", default="", metavar="SQL", help="What to read from a database.")
@click.option("--target", default="", metavar="COLUMN",
              help="The column to predict. Without one, stages 1 to 3 explore.")  # fmt: skip
@click.option("--name", default="", help="The run's name, a folder in reports/. [default: the "
                                         "source's]")  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE",
              help="Any parameter of any notebook; may be given many times. `pipeline parameters` "
                   "lists them.")  # fmt: skip
@click.option("--config", default="", metavar="FILE",
              help="Settings kept in a file, such as the run.yaml that each run writes into its "
                   "folder; options given here win.")  # fmt: skip
@click.option("--stages", default="", metavar="N-M",
              help="Only some stages, such as 4-6; the earlier ones must have run. `pipeline "
                   "describe` lists them.")  # fmt: skip
@click.option(
    "--gate",
    is_flag=True,
    help="Exit with code 1 when the verdict is no: a requirement is missed, "
    "or without one the model is no better than the baseline.",
)
@click.option("--force", is_flag=True,
              help="Run stages whose results still stand, too; write over a run that was made from "
                   "another source.")  # fmt: skip
@click.option("--kernels", type=click.Choice(["warm", "stock"]), default="warm", show_default=True,
              help="Fork each notebook's kernel from a process that has imported the libraries, "
                   "or start it as Jupyter does.")  # fmt: skip
@click.option("--track/--no-track", default=True, envvar="PIPELINE_TRACK", show_default=True,
              show_envvar=True,
              help="Log what was run to MLflow; register a model that passes.")  # fmt: skip
@DASK
def run(data, query, target, name, settings, config, stages, gate, force, kernels, track, dask):
    """Run the line, or some of its stages, and write its reports.

    A stage whose notebook, code, parameters and inputs are as they were is kept, not run again.

    \b
    Examples:
      pipeline run
      pipeline run --data mine.csv --target churned --name mine
      pipeline run --data sqlite:///shop.db --query "SELECT * FROM orders" --target returned
      pipeline run --set split_strategy=time --stages 4-6
      pipeline run --config reports/mine/run.yaml --set folds=10 --name mine_10
      pipeline run --gate

    A task is found from the target: two values are a binary task, a few are multiclass, many
    numbers are a regression. A password is best named: postgresql://me:${DB_PASSWORD}@host/shop
    reads DB_PASSWORD from the environment or a file .env. One that is pasted is hidden at once, and
    kept nowhere: the next time, the whole address is given again.

    A file for --config is YAML: data, query, target, name, and below `set:` any parameter, a line
    each. Secrets in it are references, as above.

    With --dask the models of stage 5 are tried on a cluster; what comes out is the same to the last
    digit. Workers on other machines see this project and the folder of runs under the same paths.

    MLflow keeps runs and models in a SQLite file in reports/, or where MLFLOW_TRACKING_URI says;
    nothing else leaves this machine.

    Exit codes: 0 done; 1 a stage failed, or with --gate the verdict is no; 2 the request or the
    data can't be used.
    """
    from ..run import run_file
    from ..run.run_request import Request
    from ..run.runner import StageError, run_line
    from ..scale import dask_cluster

    request = Request(data, query, target, name, stages, settings, force, kernels, track)
    if config:
        request = run_file.with_file(request, config)
    try:
        with dask_cluster.use_cluster(dask, say=click.echo):
            made = run_line(request, say=click.echo, warn=lambda text: click.echo(text, err=True))
    except StageError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    click.echo()
    if not made.about.get("target"):
        click.echo("No target was named: give one with --target COLUMN to go on from stage 4.")
    click.echo(f"Front page: {made.file('index.html')}")  # last: a scheduler takes it from there
    judged = made.line_of(6)
    verdict = judged["verdict"] if judged else "not judged"
    if gate and not passes(verdict):
        click.echo(f"The verdict is: {verdict}.", err=True)
        sys.exit(1)


@cli.command()
@click.argument("source")
@click.option("--query", default="", metavar="SQL", help="What to read from a database.")
@click.option("--target", default="", metavar="COLUMN",
              help="A column to hold all others against.")  # fmt: skip
@click.option("--against", default="", metavar="OTHER",
              help="A second table to put beside the first: which columns drift?")  # fmt: skip
@click.option("--name", default="", help="The run's name, a folder in reports/. [default: the "
                                         "source's]")  # fmt: skip
@click.option("--kernels", type=click.Choice(["warm", "stock"]), default="warm", show_default=True,
              help="As for `pipeline run`.")  # fmt: skip
def explore(source, query, target, against, name, kernels):
    """Look at a table: what it holds, what is missing, what goes together, what stands out.

    \b
    Examples:
      pipeline explore mine.csv
      pipeline explore mine.csv --target churned
      pipeline explore march.parquet --against february.parquet
      pipeline explore "sqlite:///shop.db" --query "SELECT * FROM orders"

    SOURCE and OTHER are whatever --data of `pipeline run` takes. One page comes out, to open
    offline or to send on; in JupyterLab, notebooks/explore.ipynb does the same cell by cell.
    """
    from ..run.notebook_execution import EXPLORING, CellError, begin

    begin(kernels, EXPLORING)  # it imports beside us
    from ..run.exploring import Question
    from ..run.exploring import explore as look

    try:
        page = look(Question(source, query, target, against, name, kernels))
    except CellError as error:
        click.echo(f"Error: The notebook {error}", err=True)
        sys.exit(1)
    click.echo(f"Page: {page}")


@cli.command()
@click.argument("run")
def status(run):
    """Say for each stage of RUN whether it is current, and if not, why.

    \b
    Example:
      pipeline status mine

    `pipeline run --name mine` runs what is not. Parameters that were given with --set count as
    they were given; without them they go back to their defaults. The last line names the file that
    holds what was given, for `pipeline run --config`.
    """
    from ..line import freshness
    from ..line.run_folder import existing_run
    from ..pages.stage_page import stages_of
    from ..run.run_file import FILE

    made = existing_run(run)
    stages = stages_of(made)
    found = freshness.status(made, stages)
    for stage in stages:
        why = found[stage.number]
        state = "current" if not why else f"run again: {'; '.join(why)}"
        click.echo(f"{stage.number}  {stage.title:<20}  {state}")
    if made.file(FILE).exists():
        click.echo(f"Settings: pipeline run --config {made.file(FILE)}")


@cli.command()
@click.argument("run")
@click.option("--zip", "packed", is_flag=True, help="Also pack all pages into one file to send.")
def report(run, packed):
    """Make the pages of RUN again from its executed notebooks.

    \b
    Examples:
      pipeline report mine
      pipeline report mine --zip
    """
    from ..line.run_folder import Run, existing_run
    from ..pages import stage_page

    made = Run(run)
    if not made.path.is_dir():
        existing_run(run)
    names = stage_page.remake(made)
    click.echo(f"Made again in {made.path}: {', '.join(names)}")
    if packed:
        path = stage_page.pack(made)
        click.echo(f"To send: {path} ({path.stat().st_size / 2**20:.1f} MiB)")


@cli.command()
@click.argument("run_a")
@click.argument("run_b")
def compare(run_a, run_b):
    """Put two runs side by side: parameters that differ, metrics, curves, findings.

    Which one is better is said of the same held-out rows only, compared row by row.

    \b
    Example:
      pipeline compare mine mine_without_dates
    """
    from ..line.held_out_looks import describe_looks, looks
    from ..line.run_folder import existing_run
    from ..pages.compare_runs import compare as put_side_by_side

    first, second = existing_run(run_a), existing_run(run_b)
    page, reading = put_side_by_side(first, second)
    click.echo(reading)
    click.echo(f"Page: {first.file(page)}")
    if said := describe_looks(looks(first)):
        click.echo(said)


@cli.command()
def parameters():
    """List every parameter of every notebook, for `pipeline run --set`."""
    from ..line.notebook_parameters import SET_ELSEWHERE, of_stage
    from ..line.stage_list import STAGES

    for stage in STAGES:
        own = [p for p in of_stage(stage) if p.name not in SET_ELSEWHERE]
        if own:
            click.echo(f"\n{stage.number}  {stage.title}")
        for p in own:
            click.echo(f"   {p.name + '=' + str(p.default):<28} {p.help}")


@cli.command()
@click.option("--json", "as_data", is_flag=True,
              help="Everything, parameters included, as JSON: for what builds on it.")  # fmt: skip
def describe(as_data):
    """Describe the line: its stages in order, what each asks, reads and hands on.

    \b
    Examples:
      pipeline describe
      pipeline describe --json

    Files are those of a run's folder. A run without a target ends before the first stage that needs
    one. The pipelines in deploy/ are built from this.
    """
    from ..base.files import as_json
    from ..line.line_description import description

    found = description()
    if as_data:
        click.echo(as_json(found), nl=False)
        return
    for stage in found["stages"]:
        _say_stage(stage)


def _say_stage(stage: dict) -> None:
    needs = "; needs a target" if stage["needs_target"] else ""
    click.echo(f"{stage['number']}  {stage['title']}: {stage['asks']}")
    click.echo(f"   notebooks/{stage['notebook']}.ipynb{needs}")
    click.echo(f"   reads   {', '.join(stage['reads']) or 'nothing of the run'}")
    click.echo(f"   writes  {', '.join(stage['writes'])}")
