"""Commands for what is larger than memory or elsewhere: distinct, push, pull, clean, drift."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import click

from ..base.addresses import is_path, shown
from .command_group import DASK, cli


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
    from ..scale.duckdb_distinct import distinct_rows

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
    from ..scale.push_and_pull import push as send

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
    from ..scale.push_and_pull import pull as fetch

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
    from ..scale import dask_cluster
    from ..serving.parquet_folders import clean_folder

    with dask_cluster.use_cluster(dask, say=click.echo), _counting() as advance:
        count = clean_folder(run, folder, out, advance, click.echo)
    click.echo(f"{count:,} rows cleaned: {out}")


@cli.command()
@click.argument("run")
@click.argument("folder")
@DASK
def drift(run, folder, dask):
    """Say which columns have drifted in a FOLDER of Parquet since RUN was trained, from all rows.

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
    from ..drift import drift_report
    from ..scale import dask_cluster
    from ..serving.parquet_folders import drift_of_folder

    with dask_cluster.use_cluster(dask, say=click.echo), _counting() as advance:
        table = drift_of_folder(run, folder, advance, click.echo)
    click.echo(drift_report.shown(table, most=len(table)).to_string())
    click.echo(f"\n{drift_report.describe_drift(table).replace('**', '')}")


@contextmanager
def _counting():
    """A bar of the rows that are done, where somebody watches; a function that adds to them."""
    from tqdm import tqdm

    with tqdm(unit=" rows", unit_scale=True, disable=None) as bar:
        yield bar.update
