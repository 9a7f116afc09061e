"""What a text of YAML holds, or one line that says where it is none."""

from __future__ import annotations

from .user_errors import InputError


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
