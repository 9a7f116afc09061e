"""The options of `pipeline serve`, each as a flag and in the environment.

`python -m helpers.serving.service_options` writes them, and the refusals, into docs/serve.md.
Nothing heavy is imported: the command line shows the options before it knows what will be asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..base.marked_text import put_between
from .refusals import REFUSALS

PREFIX = "PIPELINE_SERVE_"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "serve.md"
COMMAND = "python -m helpers.serving.service_options"


@dataclass(frozen=True)
class Option:
    """An option: `name` as a flag has it ("" for one of the environment alone), its default."""

    name: str
    default: str | int | float | bool
    help: str
    least: float | None = None  # of a number
    metavar: str | None = None
    elsewhere: str = ""  # a variable that is not named after the flag

    @property
    def variable(self) -> str:
        """The variable of the environment."""
        return self.elsewhere or PREFIX + self.name.upper().replace("-", "_")

    @property
    def flag(self) -> str:
        """The flag as it is typed; "" where there is none."""
        switch = f"--{self.name}/--no-{self.name}"
        return switch if isinstance(self.default, bool) else f"--{self.name}" if self.name else ""


OPTIONS = (
    Option("port", 8000, "The port to listen on.", 0),
    Option("host", "127.0.0.1", "The address to listen on."),
    Option("log", "", "Where answers are logged: a database address, or off. [default: SQLite in "
           "the run's folder]", metavar="ADDRESS", elsewhere="PIPELINE_LOG"),
    Option("access-log", False, "A line of JSON for each request on standard output."),
    Option("key-field", "client_key", "The field of a row that holds the client's own key.",
           metavar="NAME"),
    Option("at-once", 128, "Requests that are answered at once; more get a 503.", 1),
    Option("most-rows", 10_000, "Rows in one request.", 1),
    Option("most-bytes", 32 * 2**20, "Bytes of a body, unpacked.", 1),
    Option("most-arriving", 256 * 2**20, "Bytes of all bodies that are not complete yet.", 1),
    Option("seconds", 30.0, "The longest time for a request.", 0),
    Option("stalled-seconds", 10.0, "The longest time without a byte of a body.", 0),
    Option("head-seconds", 10.0, "The longest time for the head of a request.", 0),
    Option("stop-seconds", 10.0, "The longest time to stop.", 1),
    Option("shadow", "", "A run whose model is asked the same rows; the log alone sees its "
           "answers.", metavar="RUN"),
    Option("check-one-in", 1_000, "One answer in N is asked again of the whole pipeline "
           "afterwards (/metrics counts what differs); 0: none.", 0, metavar="N"),
    Option("", "", "The key that is required in the header X-API-Key.",
           elsewhere="PIPELINE_API_KEY"),
    Option("", "", "More names that the service goes by, with commas between; * for any.",
           elsewhere="PIPELINE_HOSTS"),
    Option("", 10_000, "Letters of a cell.", elsewhere="PIPELINE_MOST_LETTERS"),
)  # fmt: skip


def table() -> str:
    """The options as a table in Markdown."""
    lines = ["| option | in the environment | without it | |", "|---|---|---|---|"]
    return "\n".join([*lines, *map(_row, OPTIONS)])


def _row(option: Option) -> str:
    flag = f"`{option.flag}`" if option.flag else ""
    said = option.help.partition(" [default:")[0]
    return f"| {flag} | `{option.variable}` | {_shown(option.default)} | {said} |"


def _shown(value) -> str:
    """A default as people read it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:,}" if isinstance(value, int) and value > 9_999 else str(value)


def codes() -> str:
    """The codes of refusals as a table in Markdown."""
    lines = ["| status | code | |", "|---|---|---|"]
    rows = [f"| {status} | `{code}` | {said} |" for code, (status, said) in REFUSALS.items()]
    return "\n".join([*lines, *rows])


def page_with_tables(page: str) -> str:
    """The page on the service with both tables as they are now."""
    page = put_between(page, f"{COMMAND} (options)", table())
    return put_between(page, f"{COMMAND} (codes)", codes())


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
