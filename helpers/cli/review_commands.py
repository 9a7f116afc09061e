"""The command that asks a person: review."""

from __future__ import annotations

import time

import click

from .command_group import cli


@cli.command()
@click.argument("run")
@click.option("--port", default=0, type=click.IntRange(0, 65_535), show_default=True,
              help="The port on this machine; 0: any free one.")  # fmt: skip
@click.option("--browser/--no-browser", default=True, show_default=True,
              help="Open the page, or print its address alone.")  # fmt: skip
def review(run, port, browser):
    """Ask what the cleaning of RUN is unsure of: one question for all cells alike.

    \b
    Examples:
      pipeline review mine
      pipeline review mine --no-browser --port 8765

    The question whose answer settles most cells comes first. Answer with y, n or a value; each
    answer becomes a rule, is applied at once, stands in the run's review.csv, and can be undone
    (u). Stage 2 is out of date then: the next `pipeline run` of it takes the answers. Labels that
    look wrong are asked about once stage 5 has run. The page is served on this machine alone;
    Ctrl-C ends it.
    """
    from ..line.run_folder import existing_run
    from ..review.reviewed_run import Review
    from ..run.run_lock import alone

    with alone(existing_run(run)):
        asked = Review(run)
        _serve(asked, port, browser)
        said = len(asked.session.answers)
    click.echo(f"{said:,} answer{'s' * (said != 1)} in {asked.run.file('review.csv')}")


def _serve(asked, port: int, browser: bool) -> None:
    """Serve the page of a review until it is ended."""
    from ..review.review_server import serving

    with serving(asked, port) as server:
        click.echo(f"Review: {server.address}")
        click.echo("Ctrl-C ends it.")
        if browser:
            click.launch(server.address)
        _wait()


def _wait() -> None:
    """Wait until a person ends it."""
    try:
        while True:
            time.sleep(3_600)
    except KeyboardInterrupt:
        click.echo()
