"""Stage 2, cleaning: the plan, the repairs and their log, the review list, rows set aside.

May import: base, cells, line, tables, learning, examples, pages.
"""


def __getattr__(name: str):
    """The cleaner under its earlier name, `helpers.clean.Cleaner`, for models stored with it."""
    if name == "Cleaner":
        from .column_cleaner import Cleaner

        return Cleaner
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
