"""The pages for people: every command, option, parameter, target, path and link in them is real."""

import re
import shlex
from pathlib import Path

import click
import pytest

from helpers.__main__ import cli
from helpers.base.places import REPOSITORY
from helpers.line.notebook_parameters import of_stage
from helpers.line.stage_list import STAGES

PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "AGENTS.md")),
    *sorted((REPOSITORY / "docs").glob("*.md")),
]
IN_A_BLOCK = re.compile(r"^    (?:\.venv/bin/)?pipeline ([a-z].*)$", re.MULTILINE)
IN_A_SENTENCE = re.compile(r"`pipeline ([a-z][^`]*)`")
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
PLACES = ("helpers/", "notebooks/", "tests/", "docs/", "deploy/", "benchmarks/", "data/", ".ci/")
MADE = ("notebooks/clean_copies", "data/raw.parquet", "data/split.parquet")  # by a command, a run
README_LINES = 100


def lines_of(page: Path) -> list[str]:
    """The lines of a page."""
    return page.read_text(encoding="utf-8").splitlines()


def commands(page: Path) -> list[list[str]]:
    """The commands of `pipeline` in a page, in words, without comments and what follows them."""
    text = page.read_text(encoding="utf-8")
    found = IN_A_BLOCK.findall(text) + IN_A_SENTENCE.findall(text)
    return [shlex.split(re.split(" #| [|&]{2} ", one)[0]) for one in found if "…" not in one]


def refused(words: list[str]) -> str:
    """What is wrong with a command, or nothing."""
    command = cli.commands.get(words[0])
    if command is None:
        return f"There is no pipeline {words[0]}."
    options = {name for one in command.params for name in one.opts + one.secondary_opts}
    unknown = [w for w in words[1:] if w.startswith("-") and w.partition("=")[0] not in options]
    return f"pipeline {words[0]} has no {unknown}." if unknown else ""


def settings(words: list[str]) -> set[str]:
    """The names that a command gives after --set."""
    return {
        value.partition("=")[0]
        for word, value in zip(words, words[1:], strict=False)
        if word == "--set" and "=" in value
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_is_there(page):
    assert [said for words in commands(page) if (said := refused(words))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_is_a_parameter_of_a_notebook(page):
    known = {parameter.name for stage in STAGES for parameter in of_stage(stage)}
    assert set().union(*map(settings, commands(page))) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_target_of_make_is_there(page):
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    there = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"(?:^    |`|&& )make ([a-z-]+)\b(?!…)", text, re.MULTILINE)) <= there


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_path_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    linked = [page.parent / target for target in LINK.findall(text) if ":" not in target]
    named = [
        REPOSITORY / code
        for code in CODE.findall(text)
        if code.startswith(PLACES) and re.fullmatch(r"[\w./-]+", code) and not code.startswith(MADE)
    ]
    assert [str(place) for place in [*linked, *named] if not place.exists()] == []


def test_the_readme_fits_two_screens_and_leads_to_every_page():
    readme = lines_of(REPOSITORY / "README.md")
    assert len(readme) <= README_LINES
    linked = set(LINK.findall("\n".join(readme)))
    assert {f"docs/{page.name}" for page in (REPOSITORY / "docs").glob("*.md")} <= linked


def test_the_check_sees_what_is_not_there(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("    pipeline run --date x  # all\n\nAnd `pipeline serv mine`.\n")
    assert [bool(refused(words)) for words in commands(page)] == [True, True]
    assert isinstance(cli, click.Group) and refused(["run", "--data", "x"]) == ""
