"""Commands beside the work: the course's progress, and the doctor."""

from __future__ import annotations

import sys

import click

from .command_group import cli


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
    from ..base import places
    from ..course import learner_progress
    from ..pages import front_page

    if reset:
        kept = learner_progress.reset()
        front_page.refresh_front_pages()
        click.echo(f"Reset; the old record is in {kept}" if kept else "Nothing was noted yet.")
        return
    course = learner_progress.chapters()
    learner_progress.sum_up()
    for chapter in course:
        _say_chapter(chapter, learner_progress.MARKS)
    met = learner_progress.objectives_met(course)
    click.echo(f"\n{learner_progress.summary(course)} {met} Kept in {places.progress_file()}")


def _say_chapter(chapter, marks: dict[str, str]) -> None:
    click.echo(f"{chapter.title:<26} {chapter.passed} of {len(chapter.items)}")
    for item in chapter.items:
        tries = f"  ({item.tries} tries)" if item.tries > 1 else ""
        click.echo(f"   {marks[item.state]} {item.said}{tries}")


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
    from ..run.doctor import FAIL, findings

    failed = False
    for found in findings(port):
        click.echo(str(found))
        failed = failed or found.state == FAIL
    sys.exit(1 if failed else 0)
