"""Options of a command that are kept as a list elsewhere: each a flag, and in the environment."""

from __future__ import annotations

from collections.abc import Callable

import click


def with_options(options) -> Callable:
    """What gives a command options such as those of `helpers.serving.service_options`."""

    def given(command):
        for option in reversed([one for one in options if one.name]):
            command = _made(option)(command)
        return command

    return given


def _made(option) -> Callable:
    """An option as click has it."""
    more = {"help": option.help, "metavar": option.metavar, "default": option.default}
    more |= {"envvar": option.variable, "show_envvar": True}
    if "[default:" not in option.help and option.default != "":
        more["show_default"] = True
    return click.option(option.flag, **more, type=_type_of(option))


def _type_of(option):
    """The type of an option's value; a number may have a bound."""
    ranges = {int: click.IntRange, float: click.FloatRange}
    kind = ranges.get(type(option.default))
    return kind(min=option.least) if kind else None
