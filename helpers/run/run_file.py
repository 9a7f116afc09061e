"""The settings of a run in a file: `pipeline run --config`, and what every run writes.

data: mine.csv
target: churned
name: mine
set:
  folds: 5
  split_strategy: time
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import yaml

from ..base import credentials
from ..base.earlier_names import GONE_NAMES, current_name
from ..base.user_errors import InputError, nearest
from ..line.notebook_parameters import known_parameters, of_stage, parse_setting
from ..line.run_folder import Run
from ..line.stage_list import Stage
from .run_request import Request

FILE = "run.yaml"  # in the run folder
OPTIONS = ("data", "query", "target", "name")
SETTINGS = "set"
HEADER = (
    "# What this run was given. To run it again: pipeline run --config and the path of this file\n"
)


def with_file(request: Request, path: str | Path) -> Request:
    """A request completed by the settings in a file; what the request has itself wins.

    A path in the file counts from the working folder, as it does for `--data`. The query is that of
    the file's own source. Raises InputError for a file that can't be read as settings.
    """
    kept = read(path)
    settings = [f"{name}={text}" for name, text in kept.pop(SETTINGS, {}).items()]
    if request.data:
        kept.pop("query", None)
    missing = {name: text for name, text in kept.items() if not getattr(request, name)}
    return replace(request, **missing, settings=(*settings, *request.settings))


def read(path: str | Path) -> dict:
    """The settings in a file: texts by the name of the option, and `set`, a mapping of texts.

    Raises InputError for what is no such file, an unknown key, or a secret that is not a reference.
    """
    content = _parsed(Path(path))
    for key, value in content.items():
        _check_key(path, key, value)
    given = content.pop(SETTINGS, {})
    found = {key: _text(path, key, value) for key, value in content.items()}
    texts = {name: _text(path, name, value) for name, value in given.items()}
    return found | ({SETTINGS: texts} if texts else {})


def _check_key(path: str | Path, key: str, value) -> None:
    """Raise InputError for a key that is unknown, or has a value of the wrong form."""
    if key not in (*OPTIONS, SETTINGS):
        raise InputError(f"'{path}' has an unknown key '{key}'. {_where(key)}")
    if isinstance(value, dict) != (key == SETTINGS):
        wanted = "name: value, one a line" if key == SETTINGS else "a text"
        raise InputError(f"In '{path}', '{key}' is {wanted}; it is '{value}'.")


def _parsed(path: Path) -> dict:
    """The file as a mapping; each value is the text written there (`no` is "no", not False)."""
    content = _content(path)
    if content in (None, ""):
        return {}
    if not isinstance(content, dict):
        raise InputError(f"'{path}' holds no settings: write lines such as 'data: mine.csv'.")
    return content | ({SETTINGS: {}} if content.get(SETTINGS) == "" else {})


def _content(path: Path):
    """What a file of YAML holds; InputError where there is none."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except FileNotFoundError:
        raise InputError(f"There is no file '{path}'. Give the path of a run.yaml.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"'{path}' can't be read as YAML: {reason}") from None


def _where(key: str) -> str:
    """What to do about a key that no option has."""
    if current_name(key) in known_parameters():
        return f"It is a parameter of a notebook: write it below '{SETTINGS}:'."
    return nearest(key, [*OPTIONS, SETTINGS])


def _text(path, key: str, value) -> str:
    """A value as `--set` takes it: a list as text, its parts separated as the parameter asks."""
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, str) for part in parts):
        raise InputError(f"In '{path}', '{key}' is a text or a list of texts; it is '{value}'.")
    text = _mark(key).join(parts)
    if credentials.pasted(text):
        raise InputError(
            f"'{path}' holds a secret in '{key}': write a reference such as ${{DB_PASSWORD}} in "
            f"its place, and set that variable in the environment or in a file .env."
        )
    return text


def _mark(key: str) -> str:
    """What stands between the parts of a list: formulas have commas of their own."""
    named = known_parameters().get(current_name(key))
    return named.mark if named else ", "


def write(run: Run, request: Request, stages: list[Stage]) -> None:
    """Write into the run folder what a run was given, after the request was made whole.

    Settings that were given earlier to stages that do not run now are kept, as their results are.
    """
    here = {parameter.name for stage in stages for parameter in of_stage(stage)}
    earlier = _settings_of(run)
    pairs = map(parse_setting, request.settings)
    given = {current_name(name): text for name, text in pairs if name not in GONE_NAMES}
    settings = {name: text for name, text in earlier.items() if name not in here} | given
    options = {name: getattr(request, name) for name in OPTIONS} | {"name": run.name}
    content = {name: text for name, text in options.items() if text}
    content |= {SETTINGS: settings} if settings else {}
    run.write_text(FILE, HEADER + yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def _settings_of(run: Run) -> dict[str, str]:
    """The settings in the file of a run; none where it is missing or was edited beyond reading."""
    try:
        return read(run.file(FILE)).get(SETTINGS, {})
    except InputError:
        return {}
