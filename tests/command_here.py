"""The command line in this process, as most tests of it ask: libraries and kernels start once."""

import contextlib
import io
import os
import sys
from subprocess import CompletedProcess
from unittest import mock

from helpers.__main__ import main


def pipeline_here(*arguments, cwd=".", **environment) -> CompletedProcess:
    """What `pipeline` with these arguments prints, and its exit code."""
    words, code = ["pipeline", *map(str, arguments)], 0
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", words),
        mock.patch.dict(os.environ, {"COLUMNS": "100"} | environment),
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return CompletedProcess(words, code, out.getvalue(), err.getvalue())
