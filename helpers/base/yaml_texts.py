"""What a person's file of YAML holds, or one line that says why it can't be read."""

from __future__ import annotations

from pathlib import Path

from .user_errors import InputError


def text_of(path: str | Path, what: str) -> str:
    """The text of a file that a person may have edited.

    Raises InputError where there is none; `what` says what it should have been.

    >>> text_of("nowhere.yaml", "cleaning plan")
    Traceback (most recent call last):
    helpers.base.user_errors.InputError: There is no readable cleaning plan 'nowhere.yaml'.
    """
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"There is no readable {what} '{path}'.") from None


def yaml_value(text: str | bytes, name: str):
    """The content of a text of YAML; None of an empty one.

    `name` says whose text it is. Raises InputError, with the line where it stands.

    >>> yaml_value("day: {kind: date}", "The file for columns")
    {'day': {'kind': 'date'}}
    >>> yaml_value("day: }", "The plan")
    Traceback (most recent call last):
    helpers.base.user_errors.InputError: The plan is not valid YAML (line 1): correct it.
    """
    import yaml

    # In C where PyYAML was built with it: a cleaning plan may name thousands of values
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text, Loader=loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        raise InputError(f"{name} is not valid YAML{line}: correct it.") from None
