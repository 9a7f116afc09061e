"""The command line: `pipeline`, also `python -m helpers`. Thin: it only calls the rest."""

from __future__ import annotations

import os
import sys
import traceback

import click

from .base import credentials, extras
from .base.user_errors import InputError, describe_disk_error
from .cli import (  # noqa: F401
    delivery_commands,
    export_commands,
    large_table_commands,
    learner_commands,
    log_commands,
    model_commands,
    review_commands,
    run_commands,
    source_commands,
)
from .cli.command_group import cli
from .run import library_warnings


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
