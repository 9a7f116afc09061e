"""Parameters and files that had another name before: the earlier one goes on working."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

EARLIER_NAMES = {
    "mess": "injected_errors",
    "gap": "embargo",
    "cost_false_alarm": "cost_false_positive",
    "cost_miss": "cost_false_negative",
    "asks": "compared_rows",
}

# Parameters that nothing needs any more: whoever still gives one is told, and goes on.
GONE_NAMES = dict.fromkeys(("resamples", "draws"), "intervals are found without drawing rows")

EARLIER_FILES = {"data/answer_key.parquet": "data/mess_key.parquet"}  # of a run folder


def current_name(name: str) -> str:
    """What a parameter is called now.

    >>> current_name("gap"), current_name("folds")
    ('embargo', 'folds')
    """
    return EARLIER_NAMES.get(name, name)


def with_current_names(given: Mapping) -> dict:
    """Parameters by name, under the names that they have now; where both are given, the new one.

    Those that are gone are left out.

    >>> with_current_names({"gap": "7 days", "folds": 4})
    {'embargo': '7 days', 'folds': 4}
    """
    renamed = {current_name(name): value for name, value in given.items() if name in EARLIER_NAMES}
    stayed = {n: value for n, value in given.items() if n not in {*EARLIER_NAMES, *GONE_NAMES}}
    return renamed | stayed


def stored_name(folder: Path, name: str) -> str:
    """The name under which a run folder holds a file: the earlier one where only that is there.

    >>> stored_name(Path("no-such-run"), "data/raw.parquet")
    'data/raw.parquet'
    """
    earlier = EARLIER_FILES.get(name)
    if earlier and not (folder / name).exists() and (folder / earlier).exists():
        return earlier
    return name


def rename_notice(name: str) -> str:
    """One line that says what has become of a parameter.

    >>> rename_notice("gap"), rename_notice("draws")[:43]
    ("The parameter 'gap' is now called 'embargo'.", "The parameter 'draws' is no longer needed: ")
    """
    if name in GONE_NAMES:
        return f"The parameter '{name}' is no longer needed: {GONE_NAMES[name]}."
    return f"The parameter '{name}' is now called '{current_name(name)}'."


def with_current_keys(content: Mapping, earlier: Mapping[str, str]) -> dict:
    """A JSON object that an earlier version has stored, under the keys of today.

    `earlier` maps an earlier key to the one of today.

    >>> with_current_keys({"said": "kept", "at": "noon"}, {"said": "message"})
    {'message': 'kept', 'at': 'noon'}
    """
    return {earlier.get(key, key): value for key, value in content.items()}
