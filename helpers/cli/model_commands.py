"""Commands that use a model: predict, serve, monitor, retrain, promote, rollback."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

import click

from ..base.addresses import is_path, shown
from ..base.user_errors import InputError
from ..examples.known import titles
from ..serving.service_options import OPTIONS
from .command_group import DASK, cli
from .option_lists import with_options

STATE_WORDS = {  # what `pipeline serve` says of a service's state, where there is something to say
    "fallback": "Answers come from",
    "no_compiled_scorer": "The pipeline itself answers",
}


@cli.command()
@click.argument("run")
@click.argument("rows")
@click.option("--out", required=True, metavar="FILE",
              help="Where to write the scored rows: a .csv or .parquet file, here or in storage "
                   "(s3://bucket/scored.parquet).")  # fmt: skip
@click.option("--warnings", is_flag=True,
              help="Add a column `warnings`: what the service would say of a row.")  # fmt: skip
@click.option("--max-unreadable", default="", metavar="SHARE",
              help="Fail (exit code 2, nothing written) where more of a column's cells can't be "
                   "read, such as 1%. [default: where a whole column can't be read]")  # fmt: skip
@click.option("--interval", default="", metavar="LEVEL",
              help="Add an interval (numbers: `prediction_low`, `prediction_high`) or a set "
                   "(classes: `prediction_set`) that holds the truth so often, such as "
                   "0.9.")  # fmt: skip
@click.option("--why", default="", metavar="N",
              help="Add the N strongest reasons of each answer: `why_1`, `why_2` …")  # fmt: skip
@click.option("--abstain-above", default="", metavar="RISK",
              help="Add `abstain`: rows that had better go to a person, so that of the others "
                   "at most this share is wrong, such as 0.05.")  # fmt: skip
@DASK
def predict(run, rows, out, warnings, max_unreadable, interval, why, abstain_above, dask):
    """Score the table ROWS with the model of RUN, and write it with the predictions.

    \b
    Examples:
      pipeline predict mine new_rows.csv --out scored.csv
      pipeline predict models:/mine@champion new_rows.csv --out scored.csv
      pipeline predict mine new_rows.csv --out scored.csv --interval 0.9 --why 3
      pipeline predict mine a_folder --out scored.parquet --dask tcp://10.0.0.5:8786

    RUN is a run, or a model of the registry: models:/NAME@champion, models:/NAME/3.

    ROWS is whatever --data of `pipeline run` takes, with the columns that the model was fitted
    on. The file holds the rows' own columns, `prediction` and, for classes,
    `probability_<class>`. CSV and Parquet files, and folders of Parquet, are read a piece at a
    time, so they may be larger than memory; a command that was stopped goes on where it was. In
    CSV a text that a spreadsheet would run as a formula gets an apostrophe in front.

    A row is checked as the service checks it. One that the service refuses (a cell that can't be
    read as what its column holds, no value at all) has no prediction; such rows are counted by
    column and reason.

    A set is written as `no | yes`. A reason is a sentence (`why_1`: "delay = 35: +0.42"), its
    column (`why_1_column`) and what that adds to the score (`why_1_contribution`); `why_base`
    and the contributions of all columns add up to it. What a model can't say is told, and left out.

    With --dask the workers answer a folder of Parquet, or one large file, part by part. They see
    it, the place of --out and the folder of runs under the same paths. On one machine that gains
    nothing: all cores are at work without it, too.
    """
    gc.disable()  # imported modules are not garbage, and collecting takes time
    from tqdm import tqdm

    from ..scale import dask_cluster
    from ..serving.asked_options import wanted_of
    from ..serving.batch_to_storage import TablePolicy, predict_to

    gc.freeze()
    gc.enable()
    wanted = wanted_of({"interval": interval, "why": why, "abstain_above": abstain_above})
    policy = TablePolicy(warnings, _share(max_unreadable), wanted)
    with (
        dask_cluster.use_cluster(dask, say=click.echo),
        tqdm(unit=" rows", unit_scale=True, disable=None) as bar,
    ):  # no bar without a terminal

        def advance(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        count = predict_to(run, rows, out, advance, bar.write, policy)
    click.echo(f"{count:,} rows scored: {out if is_path(out) else shown(out)}")


def _share(text: str) -> float | None:
    """A share from 0 to 1, of a text such as 1% or 0.01; None for an empty one."""
    if not text:
        return None
    number, percent, rest = text.strip().partition("%")
    with suppress(ValueError):
        share = float(number) / (100 if percent else 1)
        if 0 <= share <= 1 and not rest:
            return share
    raise InputError(f"--max-unreadable is a share, such as 1% or 0.01; it is '{text}'.")


@cli.command()
@click.argument("run")
@with_options(OPTIONS)
def serve(run, **given):
    """Answer predictions of RUN over HTTP, until Ctrl-C.

    \b
    Example:
      pipeline serve mine --port 8000
      pipeline serve mine --shadow mine-2
      curl -X POST localhost:8000/predict -H 'Content-Type: application/json' -d '{"age": 40}'
      pipeline serve models:/mine@champion

    RUN is a run, or a model of the registry: then the service follows the alias and takes up a new
    champion by itself, within seconds.

    /docs in a browser shows what can be asked. Each option may stand in the environment instead
    (--at-once as PIPELINE_SERVE_AT_ONCE). PIPELINE_API_KEY, where set, is required in the header
    X-API-Key. A database's password is best named:
    --log 'postgresql+psycopg://me:${DB_PASSWORD}@host/base'.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads inside a request stall all others
    import uvicorn

    from ..serving.follow_registry import service_of
    from ..serving.http_limits import server_with
    from ..serving.web_app import make_app

    _check_free(given["host"], given["port"])
    service = service_of(run, _service_options(given))
    _tell_state(run, service.state(), f"http://{given['host']}:{given['port']}/docs")
    _tell_open(service.key, given["host"])
    app = make_app(service)
    gc.collect()
    gc.freeze()  # tables and trees that stay for good need not be looked through again and again
    server = server_with(given["head_seconds"], given["stop_seconds"])
    uvicorn.run(app, host=given["host"], port=given["port"], log_level="warning", **server)


def _service_options(given: dict):
    """How a service is started, by the options that were given."""
    from ..serving.served_model import Limits
    from ..serving.start_service import Options

    limits = Limits(
        given["most_bytes"], given["most_rows"], given["seconds"], given["at_once"],
        given["stalled_seconds"], given["most_arriving"],
    )  # fmt: skip
    more = {name: given[name] for name in ("shadow", "check_one_in", "key_field", "access_log")}
    return Options(given["log"], limits, **more)


def _tell_state(run: str, state: dict, address: str) -> None:
    """Say what serves, where, and what is not as it should be."""
    for key, words in STATE_WORDS.items():
        if key in state:
            click.echo(f"{words}: {state[key]}", err=True)
    what = state.get("registered", f"Run {run}")
    click.echo(f"{what}, model {state['model']}: {address}", err=True)


def _check_free(host: str, port: int) -> None:
    """Refuse a port that is in use, before the model is loaded."""
    import socket

    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise InputError(
            f"Port {port} of {host} can't be listened on ({error.strerror}): is another service "
            f"there? --port and --host name others."
        ) from None


def _tell_open(key: str, host: str) -> None:
    """Say where other machines may ask, and nothing keeps them out."""
    if not key and host not in ("127.0.0.1", "::1", "localhost"):
        click.echo(f"No PIPELINE_API_KEY: whoever reaches {host} may ask for predictions, tell "
                   f"outcomes and have the model loaded again.", err=True)  # fmt: skip


@cli.command()
@click.argument("run")
@click.option("--data", default="", metavar="NEW",
              help="Rows that came after training, whatever --data of `pipeline run` takes. "
                   "[default: what the service has answered, from 200 rows on; else what came "
                   f"later of {titles()}, or the held-out rows]")  # fmt: skip
@click.option("--max-drop", type=float, default=None, metavar="X",
              help="How far the main metric may fall; errors and R² as a share of the baseline's "
                   "error. [default: 0.05]")  # fmt: skip
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
    from ..line.run_folder import Run
    from ..line.stage_list import stage
    from ..monitor import monitor_bundle
    from ..run.retraining_due import monitor_new_rows
    from ..run.runner import StageError

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
    for subject, text in seen["summary"].items():
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
@click.option(
    "--min-improvement",
    type=click.FloatRange(min=0),
    default=0.01,
    metavar="X",
    show_default=True,
    help="By how much the new model must be better, on the scale of --max-drop.",
)
@click.option("--no-promote", is_flag=True, help="Keep the champion, whatever the result.")
@click.option("--track/--no-track", default=True, envvar="PIPELINE_TRACK", show_default=True,
              show_envvar=True,
              help="Ask MLflow's registry for the champion, and tell it of the challenger. Without "
                   "it, RUN is the champion and nothing is promoted.")  # fmt: skip
@click.option("--kernels", type=click.Choice(["warm", "stock"]), default="warm", show_default=True,
              help="As for `pipeline run`.")  # fmt: skip
def retrain(run, data, when, every, max_drop, min_improvement, no_promote, track, kernels):
    """Train the model of RUN again when that is due, and put the new one in place if it is better.

    \b
    Examples:
      pipeline retrain mine --data march.csv
      pipeline retrain mine --data march.csv --when calendar --every 30
      pipeline retrain mine --data march.csv --when always --no-promote

    The challenger is a run of its own, RUN-2 and so on, made by the same notebooks from the old
    rows and the earlier part of the new. Both models answer the newer part, which neither has
    seen; the challenger becomes champion only if it is better by more than the noise, and by
    --min-improvement. `pipeline rollback` goes back.

    Exit codes: 0 done, or not due; 1 the challenger failed; 2 the rows can't be used. In each case
    the champion goes on serving.
    """
    from ..run.retraining import train_challenger_run as train_again
    from ..run.retraining_due import RetrainRequest
    from ..run.runner import StageError

    ask = RetrainRequest(
        data, when, every, not no_promote, track, kernels, max_drop, min_improvement
    )
    try:
        train_again(run, ask, say=click.echo)
    except StageError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


@cli.command()
@click.argument("run")
@click.option("--force", is_flag=True, help="Also when it does not pass the verdict.")
def promote(run, force):
    """Make the model of RUN the champion; the one before stays, to go back to.

    \b
    Examples:
      pipeline promote mine_october
      pipeline promote models:/mine@challenger

    It is registered first where it is not yet. A service on models:/NAME@champion takes it up
    within seconds.
    """
    from ..registry import champions, model_versions

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
    from ..registry import champions

    version = champions.rollback(name)
    click.echo(f"Back to: {version}, of run {version.run}")
