"""Commands about what a service has logged: outcomes."""

from __future__ import annotations

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
