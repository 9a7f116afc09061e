"""The command that drafts a recipe of several tables: sources."""

from __future__ import annotations

from pathlib import Path

import click

from ..base.files import write_text
from ..base.user_errors import InputError
from .command_group import cli


@cli.command()
@click.argument("tables", nargs=-1, required=True)
@click.option("--out", default="sources.yaml", show_default=True, metavar="FILE",
              help="Where to write the recipe.")  # fmt: skip
@click.option("--main", default="", metavar="NAME",
              help="The table whose rows stay. [default: the one with the target, else the "
                   "first]")  # fmt: skip
@click.option("--target", default="", metavar="COLUMN",
              help="The column to predict: what does each join add?")  # fmt: skip
@click.option("--before", default="", metavar="SPAN",
              help="How long before its time a row is asked about, such as 1h or '2 "
                   "days'.")  # fmt: skip
@click.option("--drop", default="", metavar="COLUMNS",
              help="Columns that are not known at that moment, with commas between.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write over a recipe that is there.")
def sources(tables, out, main, target, before, drop, force):
    """Draft the recipe that joins several TABLES into one, and say what each join does.

    \b
    Examples:
      pipeline sources orders.csv shop.db visits/ --target returned
      pipeline sources jobs.csv sensors/ machines.csv --before 1h --out jobs.yaml
      pipeline run --data sources.yaml --target returned

    TABLES are files, SQLite files or database addresses (all of their tables), web addresses, or
    folders of JSON lines. Keys are found by containment: the values of one column are keys of
    another table, more often than chance would have it. Times are found by name and order; nothing
    later than the moment of a row is ever joined. Sources are opened for reading only.

    With --target each join's gain on the folds is said, beside its gain for a random target, the
    zero. Held-out rows are not asked; the recipe does not depend on it. docs/sources.md says what
    can be changed in the file.
    """
    from ..collect.draft_recipe import draft, find_sources, read_sources
    from ..tables.sources.joining import join
    from ..tables.sources.recipe import recipe_of

    path = Path(out).expanduser()
    _check_out(path, force)
    entries = find_sources(list(tables), path.parent)
    frames = read_sources(entries, path.parent)
    made = draft(entries, frames, main, target, before)
    recipe = recipe_of(made.content, path.parent)
    by_entry = {n: frames[n] if n in frames else _table_of(n, made.content, entries, frames)
                for n in made.content["sources"]}  # fmt: skip
    joined = join(recipe, by_entry)
    write_text(path, made.text())
    for line in _report(joined, made, target, [n.strip() for n in drop.split(",") if n.strip()]):
        click.echo(line)
    click.echo(f"Recipe: {path}")
    more = f" --target {target}" if target else ""
    click.echo(f"Read it, change what you know better, then: pipeline run --data {path}{more}")


def _check_out(path: Path, force: bool) -> None:
    """Raise InputError where the recipe can't be written."""
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise InputError(f"--out ends in .yaml; it is '{path.name}'.")
    if not path.parent.is_dir():
        raise InputError(f"The folder '{path.parent}' for --out does not exist: make it first.")
    if path.exists() and not force:
        raise InputError(f"'{path}' is there already: give another --out, or --force.")


def _table_of(entry: str, content: dict, entries: dict, frames: dict):
    """The table of an entry that stands for one of several joins of it."""
    said = content["sources"][entry]
    return next(frames[n] for n, one in entries.items() if one.items() <= said.items())


def _report(joined, made, target: str, drop: list[str]):
    """What each join does, a line each, with what it adds."""
    yield f"Main: {made.content['main']}, {len(joined.frame):,} rows, {_asked(made.content)}"
    found = _gains(joined, target, drop) if target else {}
    for one in joined.reports:
        yield f"{one.sentence()}{found.get(one.source, '')}"
        yield from (f"   {note.removeprefix(f'{one.source}: ')}" for note in one.notes)
    yield from (f"Not joined: {said}" for said in made.left_out)
    if "" in found:
        yield found[""]


def _asked(content: dict) -> str:
    """When a row is asked about, in words."""
    said = content.get("moment")
    if not said:
        return "without a time"
    return f"asked about at {said['column']}" + (
        f" less {said['before']}" if "before" in said else ""
    )


def _gains(joined, target: str, drop: list[str]) -> dict[str, str]:
    """By source what it adds, in words; under "" what is to be said of the main table."""
    from ..collect.join_gain import gains
    from ..learning.metric_names import PLAIN_NAMES

    alone, found = gains(joined, target, drop)
    said = {}
    for one in found:
        sure = "" if one.is_beyond_chance else ", no more than chance"
        said[one.source] = (f" Adds {one.adds:+.3f} {PLAIN_NAMES[one.metric]} ({one.zero:+.3f} ± "
                            f"{one.noise:.3f} to a random target{sure}).")  # fmt: skip
    metric = PLAIN_NAMES[found[0].metric] if found else ""
    if found:
        said[""] = f"{joined.recipe.main.name} alone: {metric} {alone:.3f} on the folds."
        if alone > 0.98:
            said[""] += (
                " Too good: name what is known only afterwards with --drop, or nothing adds."
            )
    return said
