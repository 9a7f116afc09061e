"""Commands about what a service has logged: outcomes, and how long answers are kept."""

from __future__ import annotations

import re
from pathlib import Path

import click

from ..base.user_errors import InputError
from .command_group import cli


@cli.command()
@click.argument("run")
@click.option("--mend", multiple=True, metavar="TOLD=MEANT",
              help="Replace an outcome in the log; TOLD= takes it out. Several times, "
                   "if need be.")  # fmt: skip
def outcomes(run, mend):
    """Show the outcomes in the log of RUN's service: how many, and which are no class or number.

    \b
    Examples:
      pipeline outcomes mine
      pipeline outcomes mine --mend True=Yes --mend Banana=

    RUN is a run, a model of the registry (models:/NAME@champion), or a folder with a bundle. Wrong
    outcomes are set aside by `monitor` and `retrain`; mended ones count again.
    """
    from ..serving import outcome_mending
    from ..serving.model_bundle import load_bundle

    folder, reader = _log_folder(run), load_bundle(run).outcomes
    if mend:
        mended = outcome_mending.mend(folder, reader, dict(map(_order, mend)))
        click.echo(f"{mended:,} outcomes mended.")
    counts = outcome_mending.outcome_counts(folder)
    _tell_outcomes(counts, outcome_mending.wrong_among(counts, reader), reader)


def _tell_outcomes(counts: dict[str, int], wrong: dict[str, int], reader) -> None:
    click.echo(f"{sum(counts.values()):,} outcomes, {sum(wrong.values()):,} wrong: "
               f"'{reader.task.target}' is {reader.expected}.")  # fmt: skip
    for told, count in wrong.items():
        click.echo(f"  {count:>7,}  '{told:.60}'")


def _order(text: str) -> tuple[str, str]:
    """An outcome as it was told, and as it was meant."""
    told, equals, meant = text.rpartition("=")
    if not equals or not told:
        raise InputError(f"--mend is TOLD=MEANT, such as True=Yes; '{text:.60}' came.")
    return told, meant


def _log_folder(run: str) -> Path:
    """Where the log of a run, a registered model or a bundle lies."""
    from ..line.run_folder import existing_run
    from ..monitor.monitor_bundle import log_folder, run_of

    name = run_of(run)
    return existing_run(name).path if name else log_folder(run).path


class Bytes(click.ParamType):
    """Bytes as people write them: 500MB, 2 GB, 1000000."""

    name = "bytes"

    def convert(self, value, param, ctx) -> int:
        """The number of bytes; 1 kB is 1,000."""
        found = re.fullmatch(r"\s*([\d.]+)\s*([kMGT]?)B?\s*", str(value), re.IGNORECASE)
        try:
            return int(float(found[1]) * 1_000 ** " KMGT".index(found[2].upper() or " "))
        except (TypeError, ValueError):
            self.fail(f"a size such as 500MB or 2GB was expected, and '{value:.40}' came.")


@cli.command("log")
@click.argument("run")
@click.option("--log", "address", default="", envvar="PIPELINE_LOG", show_envvar=True,
              metavar="ADDRESS", help="As for `pipeline serve`.")  # fmt: skip
@click.option("--prune", is_flag=True, help="Take the oldest answers out, as --days or --bytes "
              "say.")  # fmt: skip
@click.option("--days", type=click.FloatRange(min=0, min_open=True), default=None,
              help="Keep the answers of so many days.")  # fmt: skip
@click.option("--bytes", "most_bytes", type=Bytes(), default=None, metavar="SIZE",
              help="Keep the latest answers, as many as take so much room: 2GB.")  # fmt: skip
@click.option("--compact", is_flag=True,
              help="Write a SQLite file anew, too: room that an earlier version's file does not "
                   "give back by itself.")  # fmt: skip
def prediction_log(run, address, prune, days, most_bytes, compact):
    """Show how large the log of RUN's service is; take the oldest answers out of it.

    \b
    Examples:
      pipeline log mine
      pipeline log mine --prune --days 90
      pipeline log mine --prune --bytes 2GB

    Safe beside a service that is running: it goes on writing. What has gone, outcomes included, is
    gone for `monitor` and `retrain`, too.
    """
    if prune != bool(days or most_bytes or compact):
        raise InputError("--prune says what is to be kept: --prune --days 90, --prune --bytes 2GB.")
    from contextlib import closing

    with closing(_opened(run, address)) as log:
        if prune:
            _prune(log, days or 0, most_bytes or 0, compact)
        _tell_log(log)


def _opened(run: str, address: str):
    """The log of a run's service; InputError where there is none."""
    from ..serving.prediction_log import LOG_FILE, PredictionLog

    folder = _log_folder(run)
    if not address and not (folder / LOG_FILE).exists():
        raise InputError(f"There is no log of answers in {folder}: nothing was served there.")
    return PredictionLog(address, folder)


def _prune(log, days: float, most_bytes: int, compact: bool) -> None:
    from tqdm import tqdm

    from ..serving.log_pruning import Retention, prune

    with tqdm(unit=" answers", disable=None) as bar:  # no bar without a terminal
        done = prune(log, Retention(days, most_bytes, compact), lambda n: bar.update(n - bar.n))
    click.echo(f"{done.answers:,} answers taken out; the log takes {_size(done.after)} "
               f"(before: {_size(done.before)}).")  # fmt: skip


def _tell_log(log) -> None:
    """Say what a log holds, since when, how large it is, and how fast it grows."""
    from ..serving.log_room import LogRoom

    room = LogRoom(log)
    answers, used = room.asked("SELECT COUNT(*) FROM predictions"), room.used()
    click.echo(f"{answers:,} answers, {_size(used)} of lines.")
    if answers:
        _tell_growth(room, answers, used)
    if log.is_local and not room.is_shrinkable():
        click.echo("An earlier version made this file: --compact gives its free room back.")


def _tell_growth(room, answers: int, used: int) -> None:
    first, last = (room.asked(f"SELECT {which}(at) FROM predictions") for which in ("MIN", "MAX"))
    days = max((last - first) / 86_400, 1 / 24)
    click.echo(f"From {_when(first)} to {_when(last)} (UTC): {answers / days:,.0f} answers and "
               f"{_size(used / days)} a day.")  # fmt: skip


def _size(size: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "kB", "MB"):
        if size < 1_000:
            return f"{size:,.3g} {unit}"
        size /= 1_000
    return f"{size:,.3g} GB"


def _when(at: float) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"
