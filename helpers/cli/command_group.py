"""The command group `pipeline`, and the options that several commands share."""

from __future__ import annotations

import click

from .. import __version__

DASK = click.option(
    "--dask", default="", metavar="ADDRESS",
    help="Work on a Dask cluster: the address of its scheduler (tcp://10.0.0.5:8786), or local for "
         "processes of our own.")  # fmt: skip
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.version_option(__version__)
def cli():
    """From a raw table to production predictions, one notebook a stage.

    \b
    pipeline run                                            the table that ships with it
    pipeline run --data mine.csv --target churned           your own table
    pipeline sources a.csv b.db --target churned            several tables: how they join
    pipeline explore mine.csv --target churned              look at a table, in seconds
    pipeline status mine                                    what stands, and what has to run again
    pipeline schema mine                                    how each column was read
    pipeline review mine                                    answer what the cleaning is unsure of
    pipeline check mine new_rows.csv                        does a delivery fit? (before scoring)
    pipeline predict mine new_rows.csv --out scored.csv     score new rows
    pipeline serve mine                                     answer over HTTP
    pipeline monitor mine --data march.csv                  is the model still right?
    pipeline export mine                                    plain pandas, without this project
    pipeline retrain mine --data march.csv                  train it again, if that is better
    pipeline promote mine-2                                 let its model serve; rollback: back
    pipeline progress                                       the course: which checks you passed
    pipeline doctor                                         does this machine have what it takes?

    Each run is a folder in reports/; open its index.html first.
    """
