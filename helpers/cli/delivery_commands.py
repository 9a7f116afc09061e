"""Commands that say how columns are read: schema, check."""

from __future__ import annotations

import sys

import click

from .command_group import cli


@cli.command()
@click.argument("run")
@click.option("--json", "as_data", is_flag=True, help="As JSON, for what builds on it.")
def schema(run, as_data):
    """Show column by column what the table of RUN held and how it was read.

    \b
    Examples:
      pipeline schema mine
      pipeline schema models:/mine@champion --json

    RUN is a run, a model of the registry, or a folder with a bundle. To read a column otherwise,
    edit columns.yaml in the run's folder and give it again: pipeline run ... --set
    columns=columns.yaml.
    """
    import json

    from ..pages.columns_page import columns_table
    from ..serving.model_bundle import load_columns

    content = load_columns(run)
    if as_data:
        click.echo(json.dumps(content, indent=2, ensure_ascii=False, default=str))
        return
    for row in columns_table(content):
        missing = row["missing words"] and f"missing: {row['missing words']}"
        shares = [f"{row[key]} {key}" for key in ("empty", "unread") if row[key]]
        how = "; ".join(filter(None, [row["read as"], missing, *shares]))
        click.echo(f"{row['column']:<20}  {row['kind']:<9}  {row['held']:.60}")
        click.echo(f"{'':<20}  {how}" if how else "", nl=bool(how))


@cli.command()
@click.argument("run")
@click.argument("rows", required=False, default="")
@click.option("--write", default="", metavar="FILE", help="Write what is expected as a contract.")
@click.option("--as", "form", type=click.Choice(["frictionless", "pandera", "pointblank"]),
              default="frictionless", show_default=True,
              help="The contract's format; the last two need the extra 'contracts'.")  # fmt: skip
def check(run, rows, write, form):
    """Hold the table ROWS against the model of RUN before scoring: a line a difference.

    \b
    Examples:
      pipeline check mine march.csv
      pipeline check mine --write contract.json --as frictionless

    A difference is a column that is missing or new, another form (of dates, decimal signs,
    booleans, codes), numbers out of range, categories never seen, cells that are empty or can't be
    read. RUN and ROWS are as for `pipeline predict`.

    Exit codes: 0 the rows fit; 1 they differ; 2 they can't be read.
    """
    from ..base.files import replacing
    from ..base.user_errors import InputError
    from ..serving import contracts, delivery_check
    from ..serving.model_bundle import load_bundle

    if not rows and not write:
        raise InputError("Give ROWS to check, or --write FILE for a contract.")
    if write:
        from pathlib import Path

        text = contracts.as_contract(load_bundle(run), form)
        with replacing(Path(write).expanduser()) as draft:
            draft.write_text(text, encoding="utf-8")
        click.echo(f"Contract ({form}): {write}")
    if not rows:
        return
    found = delivery_check.check(run, rows)
    for note in found.notes:
        click.echo(f"Note: {note}", err=True)
    for line in found.differences:
        click.echo(line)
    if found.differences:
        sys.exit(1)
    click.echo(f"{rows} fits: {found.rows:,} rows.")
