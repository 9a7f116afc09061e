"""What a run was asked for: its source made whole, its name and its stages found."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from ..base import addresses, credentials
from ..base.user_errors import InputError
from ..cells import column_choices
from ..examples import known as examples_known
from ..line.notebook_parameters import parse_setting
from ..line.run_folder import Run
from ..line.stage_list import STAGES, Stage, parse_stages
from .notebook_execution import WARM


@dataclass(frozen=True)
class Request:
    """What `pipeline run` was asked for."""

    data: str = ""
    query: str = ""
    target: str = ""
    name: str = ""
    stages: str = ""
    settings: tuple[str, ...] = ()
    force: bool = False
    kernels: str = WARM
    track: bool = False


def hidden(request: Request) -> Request:
    """The request with references in place of the secrets that it holds."""
    data, query = credentials.hide(request.data), credentials.hide(request.query)
    settings = tuple(credentials.hide(text) for text in request.settings)
    return replace(request, data=data, query=query, settings=settings)


def complete(request: Request, run: Run) -> Request:
    """A run that exists keeps its source and target where none are given."""
    about = run.about
    if not request.data and about:
        request = replace(request, data=about["address"], query=request.query or about["query"])
    request = replace(request, data=request.data or examples_known.DEFAULT)
    if not request.target and about.get("address") == request.data:
        before = (run.line_of(1) or {}).get("parameters", {})
        request = replace(request, target=before.get("target", about["target"]))
    return request


def with_encoding(request: Request, run: Run) -> Request:
    """The request with the encoding that its file of columns names for stage 1, unless it has one.

    Nothing changes where the run was read in that encoding.
    """
    given = dict(map(parse_setting, request.settings))
    named = "" if "encoding" in given else column_choices.encoding_in(given.get("columns", ""))
    if not named or named == run.about.get("encoding"):
        return request
    return replace(request, settings=(*request.settings, f"encoding={named}"))


def name_for(data: str) -> str:
    """The name of a run that is given none: that of its source.

    >>> name_for("/data/my table.csv")
    'my_table'
    """
    if examples_known.example(data):
        return data
    named = addresses.with_format(addresses.shown(data))[0]
    stem = Path(re.sub("//[^/]*@", "//", named)).stem
    return (
        "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in stem).strip("_-")
        or "table"
    )


def whole_address(data: str) -> str:
    """A source as kernels get it: a path made absolute, an address without its secrets.

    Raises InputError for a path where nothing is.
    """
    if examples_known.example(data):
        return data
    if addresses.is_path(data):
        written = addresses.with_format(data)[1]
        return str(_existing_path(data).resolve()) + f"?{written}" * bool(written)
    data = credentials.hide(data)
    addresses.refuse_pasted_password(data)  # and what is no address at all
    return data


def _existing_path(data: str) -> Path:
    path = addresses.local_path(data)
    if not path.exists():
        from ..tables import read_any

        read_any.read_table(data)  # says what is missing, and what can be given
    return path


def stages_to_run(request: Request, run: Run, data: str) -> list[Stage]:
    """The stages that were asked for; without --stages all that the table has a use for.

    Raises InputError when an earlier stage is missing, or a target comes too late to be read.
    """
    if request.stages:
        return _chosen_stages(request, run)
    example = examples_known.example(data)
    target = request.target or (example.target if example else "")
    lessons = example is not None and example.has_lessons
    return [s for s in STAGES if (target or not s.needs_target) and (lessons or not s.lesson)]


def _chosen_stages(request: Request, run: Run) -> list[Stage]:
    """The stages that --stages names, once the run is ready for them."""
    chosen, known = parse_stages(request.stages), run.about.get("target", "")
    for earlier in range(1, chosen[0].number):
        run.require(earlier)
    has_first = 1 in [stage.number for stage in chosen]
    if request.target and not has_first and request.target != known:
        raise InputError(
            f"--target is read by stage 1, which this run leaves out; run '{run.name}' has "
            f"the target '{known}'. Include stage 1: --stages 1-{chosen[-1].number}."
        )
    return chosen


def refuse_other_source(run: Run, data: str, force: bool = False) -> None:
    """Raise when a run of that name was made from another source."""
    made_from = run.about.get("address", data)
    if credentials.blank(made_from) != credentials.blank(data) and not force:
        raise InputError(
            f"The run '{run.name}' was made from {addresses.shown(made_from)}, not from "
            f"{addresses.shown(data)}. Give another --name, or --force to write over it."
        )
