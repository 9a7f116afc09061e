"""What a service answers instead of predictions: a code for programs, a sentence for people.

The sentence may be worded anew at any time; the codes stay. `REFUSALS` is all of them:
`/openapi.json` and docs/serve.md are made from it.
"""

from __future__ import annotations

from ..base.user_errors import InputError

REFUSALS = {  # by code: the status, and what it means
    "not_http": (400, "What came is no HTTP request"),
    "body_cut_off": (400, "The connection was closed before the body was complete"),
    "wrong_key": (401, "The header X-API-Key is missing or wrong"),
    "other_site": (403, "The request comes from a page of another site"),
    "not_found": (404, "There is no such address"),
    "wrong_method": (405, "The address is asked in another way: `Allow` says how"),
    "body_too_slow": (408, "The body came too slowly"),
    "head_too_slow": (408, "The head of the request came too slowly"),
    "no_log": (409, "The service keeps no log, so there is nothing to add outcomes to"),
    "not_reloaded": (409, "The model stays as it was: the new one can't be loaded"),
    "body_too_large": (413, "The body is too large, as it came or unpacked"),
    "content_type": (415, "A content type that is not read, or none"),
    "content_encoding": (415, "A content encoding other than gzip"),
    "charset": (415, "A charset that is not known, or that the body is not in"),
    "unknown_host": (421, "The service does not go by that name: see PIPELINE_HOSTS"),
    "head_too_large": (431, "The head of the request is too large"),
    "not_gzip": (422, "The body is said to be gzip, and can't be unpacked"),
    "not_json": (422, "The body can't be read as JSON"),
    "not_rows": (422, "The body holds no rows: a row is an object, rows are a list of objects"),
    "not_a_table": (422, "The body can't be read as a table of CSV or Parquet"),
    "row_count": (422, "There are no rows, or more than one request may hold"),
    "unknown_fields": (422, "A row has no field that the model knows, or too many others"),
    "cell_unreadable": (422, "A cell can't be read as what its field holds"),
    "cell_unusable": (422, "A cell is no single value that a table can hold"),
    "cell_too_long": (422, "A cell has too many letters"),
    "empty_row": (422, "A row has no value in any field that the model uses"),
    "client_key": (422, "The client's own key of a row is no text or whole number, or too long"),
    "option": (422, "An option of the address (`interval`, `why`, `abstain_above`) can't be so"),
    "outcome": (422, "An outcome is no class that the model knows, or no number"),
    "rows": (422, "The rows can't be answered: the sentence says why"),
    "internal": (500, "A fault of the service: the request's id is on its error output"),
    "busy": (503, "Too many requests, or bodies, at once: ask again"),
    "too_slow": (503, "The rows took too long: send fewer, or ask again"),
    "stopping": (503, "The service is stopping: ask again"),
    "log_unavailable": (503, "The log can't be written to: ask again"),
}


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """A request that is answered with one of the `REFUSALS`; it may name a row and a field.

    >>> error = Refused("busy", "128 requests are in progress: try again.")
    >>> error.status, error.retry, told(error)["code"]
    (503, True, 'busy')
    """

    def __init__(self, code: str, detail: str, row: int | None = None, field: str | None = None):
        super().__init__(detail)
        self.code, self.detail, self.row, self.field = code, detail, row, field

    @property
    def status(self) -> int:
        """The status of the answer."""
        return REFUSALS[self.code][0]

    @property
    def retry(self) -> bool:
        """Whether the same request may be answered later."""
        return self.status == 503


class RowsError(InputError):
    """Rows that can't be answered, of a request or of a file: `code` is one of the `REFUSALS`."""

    row, field = None, None

    def __init__(self, code: str, text: str):
        super().__init__(text)
        self.code = code


class RowError(RowsError):
    """A row that can't be answered, and the field that is why.

    >>> str(RowError("cell_unusable", 4, "age", "nan is not a usable number."))
    "Row 4, field 'age': nan is not a usable number."
    """

    def __init__(self, code: str, row: int, field: str, text: str):
        super().__init__(code, f"Row {row}, field '{field}': {text}")
        self.row, self.field = row, field


def told(error: Exception) -> dict:
    """A refusal as clients get it: `code`, `detail`, and `row` and `field`, or null for them.

    >>> told(InputError("There is no such column."))["code"]
    'rows'
    """
    where = {name: getattr(error, name, None) for name in ("row", "field")}
    return {"code": getattr(error, "code", "rows"), "detail": str(error), **where}
