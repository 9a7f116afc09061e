"""Promises of reading, each broken once: which test fails then? A part of READING.md.

python -m benchmarks.promises_kept [WORDS...]    all of them, or those with a word in their name

In a run of pytest of its own the function that keeps a promise is replaced by one that returns at
once, what it would return where there is nothing to do. The fast tests of its subject must fail.
"""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass

import pandas as pd

BREAK = "BREAK_A_PROMISE"  # the variable that says which one to break
PYTEST = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not slow"]


def _first(one, *_, **__):
    return one


def _nothing(value=None):
    return lambda *_, **__: value


def _known_long_before(source, table, moment):
    times = pd.to_datetime(table[source.time])
    return times - pd.Timedelta("365D"), []


@dataclass(frozen=True)
class Promise:
    """A promise, the function that keeps it (`module:name`), its tests, what takes its place."""

    says: str
    function: str
    tests: str
    instead: object = _first


PROMISES = [
    Promise("a word that looks missing is a label", "learning.label_column:_label_words", "labels"),
    Promise("such a class is asked about", "learning.label_findings:_that_look_missing", "labels",
            _nothing({})),
    Promise("a broken line is set aside with its number", "tables.set_aside:note", "lines"),
    Promise("how many lines may be broken", "tables.sort_lines:_too_many", "lines",
            _nothing(False)),
    Promise("header over two or three rows", "tables.header_rows:is_more_header", "lines",
            _nothing(False)),
    Promise("no header is found", "tables.header_rows:is_data", "lines", _nothing(False)),
    Promise("a model's names are the header of later rows", "tables.header_rows:names", "lines",
            _nothing(False)),
    Promise("quotes that break the rules are repaired", "tables.mend_quotes:mended", "lines",
            _nothing()),
    Promise("totals below a table are no rows", "tables.total_rows:_labelled", "lines",
            _nothing(0)),
    Promise("codes 1E6 stay codes", "cells.codes_like_numbers:_are_codes_with_e", "number_forms",
            _nothing(False)),
    Promise("versions stay versions", "cells.codes_like_numbers:are_versions", "number_forms",
            _nothing(False)),
    Promise("minus behind, brackets", "cells.number_formats:_parse_marked", "number_forms",
            _nothing()),
    Promise("durations m:s", "cells.durations:clock_of", "number_forms", _nothing("")),
    Promise("births of two digits", "cells.date_formats:in_century", "dates_together"),
    Promise("date columns follow one another", "cells.dates_together:_with_order",
            "dates_together", _nothing({})),
    Promise("code pages by their letters", "tables.letter_likelihood:evidence", "encodings",
            _nothing(0.0)),
    Promise("joiners of words and emoji stay", "cells.tidy_text:tidy", "forms_found",
            lambda text: re.sub("[\u200c\u200d]", "", text).strip()),
    Promise("JSON rows by key", "tables.json_shapes:_of_mappings", "shapes", _nothing(())),
    Promise("a saved index is left out", "tables.saved_index:without_saved_index", "shapes"),
    Promise("1.0 and 0.0 for booleans", "cells.other_forms:_read_boolean", "forms", _nothing()),
    Promise("ZIP codes get their zeros back", "cells.other_forms:_code_reader", "forms",
            _nothing()),
    Promise("a unit that training did not name is said", "cells.other_forms:_why_no_number",
            "forms", _nothing("")),
    Promise("a delivery's own order of dates", "cells.delivery_forms:_fit_dates", "forms",
            lambda words, plan, span: (plan, "")),
    Promise("what did not read is said", "cells.form_tally:sentences", "forms", _nothing([])),
    Promise("monitoring: unread, not empty", "monitor.reading_findings:explained", "forms"),
    Promise("MLflow's warnings", "registry.pyfunc_loader:ReadingModel._said", "registry",
            _nothing([])),
    Promise("pipeline check", "serving.delivery_check:differences", "contracts", _nothing([])),
    Promise("envelopes", "serving.request_body:_inside", "envelopes"),
    Promise("unknown fields only are refused", "serving.request_body:_refuse_unknown", "envelopes",
            _nothing()),
    Promise("papermill's YAML lists", "line.notebook_parameters:_as_text", "parameters"),
    Promise("letters that no font has are text", "pages.figure_style:_letters_missing", "scripts",
            lambda: nullcontext(_nothing(False))),
    Promise("nothing later than the row's moment", "tables.sources.joining:_known_at", "sources",
            _known_long_before),
    Promise("many to one is checked", "tables.sources.joining:_refuse_repeats", "sources",
            _nothing()),
    Promise("a random target is dealt out anew", "collect.join_gain:with_random_target",
            "draft_sources"),
]  # fmt: skip


def break_one(says: str) -> None:
    """Break a promise, before a test imports what keeps it."""
    promise = next(one for one in PROMISES if one.says == says)
    module, _, path = promise.function.partition(":")
    *owners, name = path.split(".")
    owner = importlib.import_module(f"helpers.{module}")
    for one in owners:
        owner = getattr(owner, one)
    assert hasattr(owner, name), f"no {promise.function}"
    instead = promise.instead
    setattr(owner, name, (lambda self, *a, **k: instead(*a, **k)) if owners else instead)


def broken(promise: Promise) -> dict:
    """A row of the table: the promise, the function, and the first test that fails ("": none)."""
    run = [*PYTEST, "-p", "benchmarks.promises_kept", f"tests/test_{promise.tests}.py"]
    said = subprocess.run(run, check=False, capture_output=True, text=True,
                          env=os.environ | {BREAK: promise.says}).stdout  # fmt: skip
    failed = re.search(r"^(?:FAILED|ERROR) (\S+?)(\[| - |$)", said, re.MULTILINE)
    module, _, name = promise.function.partition(":")
    place = f"{module.replace('.', '/')}.py: {name}"
    return {"promise": promise.says, "broken": place, "test": failed[1] if failed else ""}


def measured(words: tuple[str, ...] = ()) -> list[dict]:
    """What became of all promises, or of those with a word in their name."""
    asked = [one for one in PROMISES if not words or any(word in one.says for word in words)]
    return [broken(one) for one in asked]


if os.environ.get(BREAK):  # as a plugin of pytest, which is loaded first
    break_one(os.environ[BREAK])

if __name__ == "__main__":
    for row in measured(tuple(sys.argv[1:])):
        print(f"{row['promise']:50} {row['test'] or 'NO TEST FAILS'}", flush=True)
