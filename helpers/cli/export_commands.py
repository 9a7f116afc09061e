"""The command that writes a run as plain code: export."""

from __future__ import annotations

import click

from .command_group import cli


@cli.command()
@click.argument("run")
@click.option("--to", type=click.Choice(["python", "notebook"]), default="python",
              show_default=True, help="One file, or the same by cells, as a notebook.")  # fmt: skip
@click.option("--out", default="", metavar="FOLDER",
              help="Where to write it: a new folder. [default: RUN_python]")  # fmt: skip
@click.option("--rows", type=click.IntRange(30), default=10_000, show_default=True,
              help="Raw rows that are asked of the run and of what was written.")  # fmt: skip
def export(run, to, out, rows):
    """Write RUN as plain pandas and scikit-learn, without this project.

    \b
    Examples:
      pipeline export mine
      pipeline export mine --to notebook --out mine_notebook

    The folder holds model.py, which reads the source, cleans, makes features, splits, fits, scores,
    saves and predicts as the run does; tables.json where lists are long; requirements.txt; and
    test_model.py, which holds it against the run's answers. It is fitted and compared before it is
    handed over: what differs, and what is left out, is said here and in the head of the file.

    A secret in the source's address is named, never written.
    """
    from ..export import export_folder

    more = None
    if to == "notebook":
        from ..export.notebook_form import write as more
    done = export_folder.export(run, out or f"{run}_{to}", rows, more)
    click.echo(f"{done.folder}: model.py, {done.lines:,} lines")
    for said in done.compared.sentences():
        click.echo(said)
    for name, (own, of_run) in done.compared.scores.items():
        click.echo(f"Held-out {name}, fitted anew: {own:.6f}; the run's: {of_run:.6f}")
    for what in done.left_out:
        click.echo(f"Left out: {what}")
