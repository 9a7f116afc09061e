"""The command line: `pipeline`, also `python -m helpers`. Thin: it only calls the rest."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path

import click

from .base import credentials, extras
from .base.addresses import is_path, shown
from .base.user_errors import InputError, describe_disk_error
from .examples.known import titles
from .run import library_warnings

DASK = click.option(
    "--dask", default="", metavar="ADDRESS",
    help="Work on a Dask cluster: the address of its scheduler (tcp://10.0.0.5:8786), or local for "
         "processes of our own.")  # fmt: skip
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="pipeline-notebooks")
def cli():
    """From a raw table to production predictions, one notebook a stage.

    \b
    pipeline run                                            the table that ships with it
    pipeline run --data mine.csv --target churned           your own table
    pipeline explore mine.csv --target churned              look at a table, in seconds
    pipeline status mine                                    what stands, and what has to run again
    pipeline predict mine new_rows.csv --out scored.csv     score new rows
    pipeline serve mine                                     answer over HTTP
    pipeline monitor mine --data march.csv                  is the model still right?
    pipeline retrain mine --data march.csv                  train it again, if that is better
    pipeline promote mine-2                                 let its model serve; rollback: back
    pipeline progress                                       the course: which checks you passed
    pipeline doctor                                         does this machine have what it takes?

    Each run is a folder in reports/; open its index.html first.
    """


@cli.command()
@click.option("--data", default="", metavar="SOURCE",
              help="A CSV, TSV, JSON, JSON lines, Excel or Parquet file, a folder of Parquet "
                   "files, an http(s) or s3:// address, or a database address (sqlite:///shop.db). "
                   f"[default: {titles()}, which ship with it]")  # fmt: skip
@click.option("--query", default="", metavar="SQL", help="What to read from a database.")
@click.option("--target", default="", metavar="COLUMN",
              help="The column to predict. Without one, stages 1 to 3 explore.")  # fmt: skip
@click.option("--name", default="", help="The run's name, a folder in reports/. [default: the "
                                         "source's]")  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE",
              help="Any parameter of any notebook; may be given many times. `pipeline parameters` "
                   "lists them.")  # fmt: skip
@click.option("--stages", default="", metavar="N-M",
              help="Only some stages, such as 4-6; the earlier ones must have run. `pipeline "
                   "describe` lists them.")  # fmt: skip
@click.option("--gate", is_flag=True, help="Exit with code 1 when the verdict is no.")
@click.option("--force", is_flag=True,
              help="Run stages whose results still stand, too; write over a run that was made from "
                   "another source.")  # fmt: skip
@click.option("--kernels", type=click.Choice(["warm", "stock"]), default="warm", show_default=True,
              help="Fork each notebook's kernel from a process that has imported the libraries, "
                   "or start it as Jupyter does.")  # fmt: skip
@click.option("--track/--no-track", default=True, envvar="PIPELINE_TRACK", show_default=True,
              show_envvar=True,
              help="Log what was run to MLflow; register a model that is good enough.")  # fmt: skip
@DASK
def run(data, query, target, name, settings, stages, gate, force, kernels, track, dask):
    """Run the line, or some of its stages, and write its reports.

    A stage whose notebook, code, parameters and inputs are as they were is kept, not run again.

    \b
    Examples:
      pipeline run
      pipeline run --data mine.csv --target churned --name mine
      pipeline run --data sqlite:///shop.db --query "SELECT * FROM orders" --target returned
      pipeline run --set split_strategy=time --stages 4-6
      pipeline run --gate

    A task is found from the target: two values are a binary task, a few are multiclass, many
    numbers are a regression. A password is best named: postgresql://me:${DB_PASSWORD}@host/shop
    reads DB_PASSWORD from the environment or a file .env. One that is pasted is hidden at once, and
    kept nowhere: the next time, the whole address is given again.

    With --dask the models of stage 5 are tried on a cluster; what comes out is the same to the last
    digit. Workers on other machines see this project and the folder of runs under the same paths.

    MLflow keeps runs and models in a SQLite file in reports/, or where MLFLOW_TRACKING_URI says;
    nothing else leaves this machine.

    Exit codes: 0 done; 1 a stage failed, or with --gate the verdict is no; 2 the request or the
    data can't be used.
    """
    from .run.run_request import Request
    from .run.runner import StageError, run_line
    from .scale import dask_cluster

    request = Request(data, query, target, name, stages, settings, force, kernels, track)
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
    if gate and verdict != "good enough":
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
    from .run.notebook_execution import EXPLORING, CellError, begin

    begin(kernels, EXPLORING)  # it imports beside us
    from .run.exploring import Question
    from .run.exploring import explore as look

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
    they were given; without them they go back to their defaults.
    """
    from .line import freshness
    from .line.run_folder import existing_run
    from .pages.stage_page import stages_of

    made = existing_run(run)
    stages = stages_of(made)
    found = freshness.status(made, stages)
    for stage in stages:
        why = found[stage.number]
        state = "current" if not why else f"run again: {'; '.join(why)}"
        click.echo(f"{stage.number}  {stage.title:<20}  {state}")


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
    from .line.run_folder import Run
    from .pages import stage_page

    made = Run(run)
    if not made.path.is_dir():
        from .line.run_folder import existing_run

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

    \b
    Example:
      pipeline compare mine mine_without_dates
    """
    from .line.run_folder import existing_run
    from .pages.compare_runs import compare as put_side_by_side

    first, second = existing_run(run_a), existing_run(run_b)
    page = put_side_by_side(first, second)
    click.echo(f"Page: {first.file(page)}")


@cli.command()
@click.argument("run")
@click.argument("rows")
@click.option("--out", required=True, metavar="FILE",
              help="Where to write the scored rows: a .csv or .parquet file, here or in storage "
                   "(s3://bucket/scored.parquet).")  # fmt: skip
@DASK
def predict(run, rows, out, dask):
    """Score the table ROWS with the model of RUN, and write it with the predictions.

    \b
    Examples:
      pipeline predict mine new_rows.csv --out scored.csv
      pipeline predict models:/mine@champion new_rows.csv --out scored.csv
      pipeline predict mine a_folder --out scored.parquet --dask tcp://10.0.0.5:8786

    RUN is a run, or a model of the registry: models:/NAME@champion, models:/NAME/3.

    ROWS is whatever --data of `pipeline run` takes, with the columns that the model was fitted
    on. The file holds the rows' own columns, `prediction` and, for classes,
    `probability_<class>`. CSV and Parquet files, and folders of Parquet, are read a piece at a
    time, so they may be larger than memory; a command that was stopped goes on where it was. In
    CSV a text that a spreadsheet would run as a formula gets an apostrophe in front.

    With --dask the workers answer a folder of Parquet, or one large file, part by part. They see
    it, the place of --out and the folder of runs under the same paths. On one machine that gains
    nothing: all cores are at work without it, too.
    """
    gc.disable()  # imported modules are not garbage, and collecting takes time
    from tqdm import tqdm

    from .scale import dask_cluster
    from .serving.batch_prediction import predict_to

    gc.freeze()
    gc.enable()
    with (
        dask_cluster.use_cluster(dask, say=click.echo),
        tqdm(unit=" rows", unit_scale=True, disable=None) as bar,
    ):  # no bar without a terminal

        def advance(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        count = predict_to(run, rows, out, advance)
    click.echo(f"{count:,} rows scored: {out if is_path(out) else shown(out)}")


@cli.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER",
              help="The folder to make, of Parquet files.")  # fmt: skip
@click.option("--memory", default="1GB", show_default=True, metavar="SIZE",
              help="What it may hold in memory; the rest is spilled beside --out.")  # fmt: skip
def distinct(source, out, memory):
    """Write the distinct rows of SOURCE, a folder of Parquet files larger than memory.

    \b
    Example:
      pipeline distinct deliveries --out deliveries_once --memory 2GB

    Rows are the same when all their cells are; their order is not kept. A table that fits in memory
    needs none of this: stage 2 sets exact duplicates aside. DuckDB does the work: pip install
    ".[duckdb]".
    """
    from .scale.duckdb_distinct import distinct_rows

    found = distinct_rows(source, out, memory)
    click.echo(
        f"{found['rows_in']:,} rows in = {found['rows_out']:,} distinct + "
        f"{found['set_aside']:,} copies set aside: {out}"
    )


@cli.command()
@click.argument("run")
@click.argument("address")
@click.option("--force", is_flag=True, help="Write over another run that is there.")
def push(run, address, force):
    """Copy the finished RUN to ADDRESS: a folder, or storage that fsspec knows.

    \b
    Examples:
      pipeline push mine s3://bucket/runs/mine
      pipeline push mine /mnt/share/mine

    Whole or nothing: its manifest is written last. What is there unchanged is not copied again. The
    log of what a service has answered stays here. Credentials come from the environment, as the
    storage's own tools have them (AWS_ACCESS_KEY_ID …, AWS_ENDPOINT_URL for other servers than
    Amazon's).
    """
    from .scale.push_and_pull import push as send

    with _bytes_bar() as advance:
        told = send(run, address, force, advance)
    _say_copied(told, f"{run} -> {address if is_path(address) else shown(address)}")


@cli.command()
@click.argument("address")
@click.option("--name", default="", help="The run's name here. [default: the one it was pushed as]")
@click.option("--force", is_flag=True, help="Write over another run of that name.")
def pull(address, name, force):
    """Copy the run at ADDRESS, which `pipeline push` put there, into the folder of runs.

    \b
    Examples:
      pipeline pull s3://bucket/runs/mine
      pipeline pull /mnt/share/mine --name theirs

    Every file is checked against its hash, and the run appears whole, or not at all.
    """
    from .scale.push_and_pull import pull as fetch

    with _bytes_bar() as advance:
        told = fetch(address, name, force, advance)
    _say_copied(told, f"{address if is_path(address) else shown(address)} -> {told['run']}")


@contextmanager
def _bytes_bar():
    """A bar of bytes on a terminal; yields the function that updates it how far it is."""
    from tqdm import tqdm

    with tqdm(unit="B", unit_scale=True, disable=None) as bar:

        def advance(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield advance


def _say_copied(told: dict, way: str) -> None:
    kept = told["files"] - told["copied"]
    click.echo(
        f"{told['files']} files, {told['bytes'] / 1e6:.1f} MB, {kept} of them unchanged: {way}"
    )


@cli.command()
@click.argument("run")
@click.argument("folder")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER",
              help="Where to write the cleaned rows: a new folder.")  # fmt: skip
@DASK
def clean(run, folder, out, dask):
    """Clean a FOLDER of Parquet files by the plan of RUN, part by part.

    \b
    Examples:
      pipeline clean mine deliveries/ --out cleaned/
      pipeline clean mine deliveries/ --out cleaned/ --dask tcp://10.0.0.5:8786

    Row for row, as the model of RUN would see them; the folder may be larger than memory. A command
    that was stopped continues where it stopped.
    """
    from .scale import dask_cluster
    from .serving.parquet_folders import clean_folder

    with dask_cluster.use_cluster(dask, say=click.echo), _counting() as advance:
        count = clean_folder(run, folder, out, advance)
    click.echo(f"{count:,} rows cleaned: {out}")


@cli.command()
@click.argument("run")
@click.argument("folder")
@DASK
def drift(run, folder, dask):
    """Say which columns have moved in a FOLDER of Parquet since RUN was trained, from all its rows.

    \b
    Examples:
      pipeline drift mine deliveries/
      pipeline drift mine deliveries/ --dask local
      pipeline drift models:/mine@champion deliveries/

    RUN is a run, a model of the registry, or a folder with a bundle: nothing else of the run is
    needed.

    The folder may be larger than memory: its parts are counted one by one, and what comes of the
    sum is what comes of the whole. `pipeline monitor` tells more, of rows that fit into memory.
    """
    from .drift import drift_report
    from .scale import dask_cluster
    from .serving.parquet_folders import drift_of_folder

    with dask_cluster.use_cluster(dask, say=click.echo), _counting() as advance:
        table = drift_of_folder(run, folder, advance)
    click.echo(drift_report.shown(table, most=len(table)).to_string())
    click.echo(f"\n{drift_report.describe_drift(table).replace('**', '')}")


@contextmanager
def _counting():
    """A bar of the rows that are done, where somebody watches; a function that adds to them."""
    from tqdm import tqdm

    with tqdm(unit=" rows", unit_scale=True, disable=None) as bar:
        yield bar.update


@cli.command()
@click.argument("run")
@click.option("--port", default=8000, show_default=True, help="The port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--log", default="", metavar="ADDRESS",
              help="Where answers are logged: a database address, or off. [default: the address in "
                   "PIPELINE_LOG, where `pipeline monitor` reads it too; else SQLite in the run's "
                   "folder]")  # fmt: skip
@click.option("--at-once", default=128, show_default=True, help="Requests; more get a 503.")
@click.option("--most-rows", default=10_000, show_default=True, help="Rows in one request.")
@click.option("--most-bytes", default=32 * 2**20, show_default=True, help="Bytes of a body.")
@click.option("--seconds", default=30.0, show_default=True, help="The longest time for a request.")
@click.option(
    "--shadow",
    default="",
    metavar="RUN",
    help="A run whose model is asked the same rows; the log alone sees its answers.",
)
def serve(run, port, host, log, at_once, most_rows, most_bytes, seconds, shadow):
    """Answer predictions of RUN over HTTP, until Ctrl-C.

    \b
    Example:
      pipeline serve mine --port 8000
      pipeline serve mine --shadow mine-2
      curl -X POST localhost:8000/predict -H 'Content-Type: application/json' -d '{"age": 40}'
      pipeline serve models:/mine@champion

    RUN is a run, or a model of the registry: then the service follows the alias and takes up a new
    champion by itself, within seconds.

    /docs in a browser shows what can be asked. The environment variable PIPELINE_API_KEY, where
    set, is required in the header X-API-Key. A database's password is best named:
    --log 'postgresql+psycopg://me:${DB_PASSWORD}@host/base'.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads inside a request stall all others
    import gc

    import uvicorn

    from .serving.follow_registry import service_of
    from .serving.served_model import Limits
    from .serving.start_service import Options
    from .serving.web_app import make_app

    limits = Limits(most_bytes, most_rows, seconds, at_once)
    service = service_of(run, Options(log, limits, shadow))
    state = service.state()
    for said in ("answers from", "no compiled scorer"):
        if said in state:
            click.echo(f"{said.capitalize()}: {state[said]}", err=True)
    what = state.get("registered", f"Run {run}")
    click.echo(f"{what}, model {state['model']}: http://{host}:{port}/docs", err=True)
    app = make_app(service)
    gc.collect()
    gc.freeze()  # tables and trees that stay for good need not be looked through again and again
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)


@cli.command()
@click.argument("run")
@click.option("--data", default="", metavar="NEW",
              help="Rows that came after training, whatever --data of `pipeline run` takes. "
                   "[default: what the service has answered, from 200 rows on; else what came "
                   f"later of {titles()}, or the held-out rows]")  # fmt: skip
@click.option("--max-drop", type=float, default=None, metavar="X",
              help="How far the main metric may fall. [default: 0.05]")  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE",
              help="Any other parameter of stage 8.")  # fmt: skip
@click.option("--gate", is_flag=True, help="Exit with code 1 when retraining is due.")
@click.option("--kernels", type=click.Choice(["warm", "stock"]), default="warm", show_default=True,
              help="As for `pipeline run`.")  # fmt: skip
def monitor(run, data, max_drop, settings, gate, kernels):
    """Look at rows that came after RUN was trained: is its model still right?

    \b
    Examples:
      pipeline monitor mine --data march.csv
      pipeline monitor mine --data march.csv --gate || pipeline retrain mine --data march.csv
      pipeline monitor models:/mine@champion --data march.csv
      pipeline monitor /srv/model --data march.csv

    RUN is a run, a model of the registry, which stands for the run that made it, or a folder with a
    bundle (a copy of a run's model/). Where the run's folder is gone, the rows are held against the
    reference in the bundle; there is no page then.

    Runs stage 8 and says what has drifted, what the rows are like, how the model does (or, while
    there are no labels, how it probably does), and whether to train again.

    Exit codes: 0 done; 1 the stage failed, or with --gate retraining is due; 2 the rows can't be
    used.
    """
    from .line.run_folder import Run
    from .line.stage_list import stage
    from .monitor import monitor_bundle
    from .run.retraining_due import monitor_new_rows
    from .run.runner import StageError

    if max_drop is not None:
        settings = (*settings, f"max_drop={max_drop}")
    made = monitor_bundle.run_of(run)
    try:
        seen = (
            monitor_new_rows(made, data, settings, kernels=kernels) if made
            else monitor_bundle.look(run, data, settings)
        )  # fmt: skip
    except StageError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    for subject, text in seen["said"].items():
        click.echo(f"{subject:<12} {text}")
    if made:
        click.echo(f"{'Page':<12} {Run(made).file(stage(8).report)}")
    if gate and seen["decision"] == "retrain":
        click.echo(f"Retraining is due: {seen['reason']}.", err=True)
        sys.exit(1)


@cli.command()
@click.argument("run")
@click.option("--data", default="", metavar="NEW", help="As for `pipeline monitor`.")
@click.option("--when", type=click.Choice(["due", "drift", "performance", "calendar", "always"]),
              default="due", show_default=True,
              help="What makes it due: the decision of stage 8, a column that drifts, a score that "
                   "fell, the model's age, or nothing at all.")  # fmt: skip
@click.option("--every", type=click.FloatRange(min=0), default=None, metavar="DAYS",
              help="The age at which the model is trained again in any case. [default: 30 with "
                   "--when calendar]")  # fmt: skip
@click.option("--max-drop", type=float, default=None, metavar="X",
              help="As for `pipeline monitor`.")  # fmt: skip
@click.option("--no-promote", is_flag=True, help="Keep the champion, whatever the result.")
@click.option("--track/--no-track", default=True, envvar="PIPELINE_TRACK", show_default=True,
              show_envvar=True,
              help="Ask MLflow's registry for the champion, and tell it of the challenger. Without "
                   "it, RUN is the champion and nothing is promoted.")  # fmt: skip
@click.option("--kernels", type=click.Choice(["warm", "stock"]), default="warm", show_default=True,
              help="As for `pipeline run`.")  # fmt: skip
def retrain(run, data, when, every, max_drop, no_promote, track, kernels):
    """Train the model of RUN again when that is due, and put the new one in place if it is better.

    \b
    Examples:
      pipeline retrain mine --data march.csv
      pipeline retrain mine --data march.csv --when calendar --every 30
      pipeline retrain mine --data march.csv --when always --no-promote

    The challenger is a run of its own, RUN-2 and so on, made by the same notebooks from the old
    rows and the earlier part of the new. Both models answer the newer part, which neither has
    seen; the challenger becomes champion only if it is better by more than the noise. `pipeline
    rollback` goes back.

    Exit codes: 0 done, or not due; 1 the challenger failed; 2 the rows can't be used. In each case
    the champion goes on serving.
    """
    from .run.retraining import train_challenger_run as train_again
    from .run.retraining_due import RetrainRequest
    from .run.runner import StageError

    ask = RetrainRequest(data, when, every, not no_promote, track, kernels, max_drop)
    try:
        train_again(run, ask, say=click.echo)
    except StageError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


@cli.command()
@click.argument("run")
@click.option("--force", is_flag=True, help="Also when its verdict is not good enough.")
def promote(run, force):
    """Make the model of RUN the champion; the one before stays, to go back to.

    \b
    Examples:
      pipeline promote mine_october
      pipeline promote models:/mine@challenger

    It is registered first where it is not yet. A service on models:/NAME@champion takes it up
    within seconds.
    """
    from .registry import champions, model_versions

    is_known = model_versions.is_address(run)
    version = model_versions.resolve(run) if is_known else champions.register(run, force)
    click.echo(f"Promoted: {champions.set_champion(version.name, version)}, of run {version.run}")


@cli.command()
@click.argument("name")
def rollback(name):
    """Go back to the champion that the model NAME had before.

    \b
    Example:
      pipeline rollback mine

    NAME is the model's, which is that of the run it was first made by.
    """
    from .registry import champions

    version = champions.rollback(name)
    click.echo(f"Back to: {version}, of run {version.run}")


@cli.command()
def parameters():
    """List every parameter of every notebook, for `pipeline run --set`."""
    from .line.notebook_parameters import SET_ELSEWHERE, of_stage
    from .line.stage_list import STAGES

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
    from .base.files import as_json
    from .line.line_description import description

    found = description()
    if as_data:
        click.echo(as_json(found), nl=False)
        return
    for stage in found["stages"]:
        needs = "; needs a target" if stage["needs_target"] else ""
        click.echo(f"{stage['number']}  {stage['title']}: {stage['asks']}")
        click.echo(f"   notebooks/{stage['notebook']}.ipynb{needs}")
        click.echo(f"   reads   {', '.join(stage['reads']) or 'nothing of the run'}")
        click.echo(f"   writes  {', '.join(stage['writes'])}")


@cli.command()
@click.option("--reset", is_flag=True, help="Start again; the old record is kept beside it.")
def progress(reset):
    """Show which checks and challenges of the course you have passed.

    \b
    Examples:
      pipeline progress
      pipeline progress --reset

    Answers count that were given in a notebook's code. They are kept in reports/progress.json, or
    where PIPELINE_PROGRESS says, and are sent nowhere.
    """
    from .base import places
    from .course import learner_progress
    from .pages import stage_page

    if reset:
        kept = learner_progress.reset()
        stage_page.refresh_front_pages()
        click.echo(f"Reset; the old record is in {kept}" if kept else "Nothing was noted yet.")
        return
    course = learner_progress.chapters()
    learner_progress.sum_up()
    for chapter in course:
        click.echo(f"{chapter.title:<26} {chapter.passed} of {len(chapter.items)}")
        for item in chapter.items:
            tries = f"  ({item.tries} tries)" if item.tries > 1 else ""
            click.echo(f"   {learner_progress.MARKS[item.state]} {item.name}{tries}")
    click.echo(f"\n{learner_progress.summary(course)} Kept in {places.progress_file()}")


@cli.command()
@click.option("--port", default=8000, show_default=True, help="The port of `pipeline serve`.")
def doctor(port):
    """Check this machine for what the series needs: a line each, with the fix where one is due.

    \b
    Example:
      pipeline doctor

    OK: as it should be. WARN: an extra that something optional needs. FAIL: the series will not
    run; exit code 1.
    """
    from .run.doctor import FAIL, findings

    failed = False
    for found in findings(port):
        click.echo(str(found))
        failed = failed or found.state == FAIL
    sys.exit(1 if failed else 0)


def main() -> None:
    """Run the command line; an error that the user can fix is one line and exit code 2."""
    library_warnings.never_fail()
    credentials.read_env_file()
    _hide_secrets()
    with credentials.masked_streams():
        try:
            _run()
        except Exception:  # a bug: show all details except secrets
            traceback.print_exc()
            sys.exit(1)


def _hide_secrets() -> None:
    """Put references in place of the secrets that were typed.

    Every user of a machine may read the command lines of its processes, so this one begins anew
    with another.
    """
    typed = sys.argv[1:]
    hidden = [credentials.hide(word) for word in typed]
    if hidden == typed:
        return
    sys.argv[1:] = hidden
    before = sys.orig_argv[: len(sys.orig_argv) - len(typed)]
    if sys.orig_argv == [*before, *typed] and hasattr(os, "fork"):
        os.execv(sys.executable, [*before, *hidden])


def _run() -> None:
    try:
        cli(standalone_mode=False)
    except InputError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. What is finished is kept; run the command again to go on.", err=True)
        sys.exit(130)
    except ModuleNotFoundError as error:
        if not extras.missing(error.name):
            raise
        click.echo(f"Error: {extras.missing(error.name)}", err=True)
        sys.exit(2)
    except OSError as error:
        if not describe_disk_error(error):
            raise
        click.echo(f"Error: {describe_disk_error(error)}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
