"""Questions, guess and challenge of the notebook: stage 1, data collection."""

from __future__ import annotations

from ..grading import Challenge, Choice, Compute, Guess, Mistake, per_cent


class _Server:
    """Pages of rows, behind a server that is busy at some calls and refuses to be hammered."""

    def __init__(self, pages: list[list[int]], busy: dict[int, int]):
        self.pages, self.busy, self.calls = pages, dict(busy), 0

    def __call__(self, page: int) -> list[int]:
        self.calls += 1
        if self.calls > 50:
            raise _TooManyCallsError
        if self.busy.get(page, 0):
            self.busy[page] -= 1
            raise ConnectionError("busy")
        return list(self.pages[page]) if page < len(self.pages) else []


class _TooManyCallsError(BaseException):
    """Too many calls; no `except Exception` of a learner's catches it."""


def _examine_pages(read_all, of=None) -> str:
    """All rows of all pages, three attempts a page, and an error when these fail."""
    pages = [[1, 2, 3], [4, 5, 6], [7], [8, 9]]
    wanted = sum(pages, [])
    try:
        calm = read_all(_Server(pages, {}))
        if list(calm) != wanted:
            return _what_rows_lack(list(calm), wanted)
        try:
            busy = list(read_all(_Server(pages, {0: 1, 2: 2})))
        except ConnectionError:
            return "A server that was busy once or twice stopped you. What would a second call do?"
        if busy != wanted:
            return "A page at which the server was busy is missing, or twice in the result."
        try:
            read_all(_Server(pages, {1: 99}))
        except ConnectionError:
            return ""
        return "A page could not be read at all, and your function returned as if all were well."
    except _TooManyCallsError:
        return "The server was called more than fifty times for a few pages. When do you give up?"


def _what_rows_lack(given: list, wanted: list) -> str:
    if given and all(isinstance(row, list) for row in given):
        return "You return a list of pages; one list of rows is asked for."
    if given == wanted[:3]:
        return "You read the first page only."
    if given == wanted[: len(given)]:
        return "You stopped too early. Is a page that is shorter than others the last one?"
    return "Rows are missing, twice in the result, or in another order."


CHALLENGES = {
    "collect.pages": Challenge(
        "**Challenge.** An API gives its rows in pages. Write a function `read_all(fetch)` that "
        "returns the rows of all pages as one list. `fetch(0)`, `fetch(1)` and so on give a list "
        "of rows each, an *empty* list after the last page; pages differ in length. Now and then "
        "`fetch` raises `ConnectionError`: ask for a page up to three times, then let the error "
        "through. (A real client would pause between two attempts; here none is needed.)",
        _examine_pages,
        makes="read_all",
        solution="""
def read_all(fetch):
    def ask(page, attempts=3):
        try:
            return fetch(page)
        except ConnectionError:
            if attempts == 1:
                raise
            return ask(page, attempts - 1)

    rows, page = [], 0
    while batch := ask(page):
        rows, page = rows + batch, page + 1
    return rows
""",
        why="Every row is there, a busy moment costs nothing, and a page that can't be read is an "
        "error, not a gap.",
        hints=(
            "Write the loop over pages first, without any error. What ends it?",
            "Then put the call into a function of its own, which tries a few times and raises "
            "what the last attempt raised.",
        ),
    ),
}


QUESTIONS = {
    "collect.kappa": Choice(
        (
            "Two labellers judged the same 35 spellings. Why is their agreement given as Cohen's "
            "kappa, not as the share of equal labels?"
        ),
        {
            "a": "Kappa takes away the agreement that chance alone would give.",
            "b": "Kappa is always larger.",
            "c": "The share needs more than two labellers.",
        },
        "a",
        "Where one label is common, two labellers who guess agree often; kappa discounts that.",
        {
            "b": "Kappa is never above the share of equal labels; compare the two.",
            "c": "A share of equal labels can be counted for two; what does it flatter?",
        },
        hints=(
            (
                "Suppose nine makers in ten were Boeing, and both labellers had written Boeing "
                "without looking."
            ),
            "How often would those two have agreed, and what would that agreement be worth?",
        ),
    ),
    "collect.no_partner": Choice(
        "Some flights find no plane in the registry. An inner join would leave them out. Why are "
        "they kept?",
        {
            "a": "A model always gets better with more rows.",
            "b": "An inner join can't be done in pandas with several keys.",
            "c": "Flights by unknown planes will be asked about in service, too.",
        },
        "c",
        "Rows that were left out for convenience are a part of the world that the model never "
        "met, and no score on the rest would show it.",
        {
            "a": "More rows of what? Rows that do not represent the question do not help.",
            "b": "It can; the question is what would be missing afterwards.",
        },
        hints=(
            "Think of whoever asks the finished model. Can they choose the plane?",
            "Compare the flights in the table with those that will be asked about: which of them "
            "would there be in one and not in the other?",
        ),
    ),
    "collect.no_label": Compute(
        'Which share of the rows has no label at all, neither late nor on time? `raw["late"]` '
        "holds True, False or a missing value.",
        how='`raw["late"].isna().mean()`',
        expected=lambda raw: float(raw["late"].isna().mean()),
        why="Nobody knows whether these would have been late: they can neither teach nor be used "
        "to examine, so the next station sets them aside and says how many.",
        hints=(
            "A missing value is neither True nor False; pandas has a method that asks for it.",
            "`isna()` gives True where a value is missing; what is the mean of True and False?",
        ),
        mistakes=(
            Mistake(
                lambda raw: float(1 - raw["late"].sum() / len(raw)),
                "You counted all that is not True. Is a flight that arrived on time without label?",
            ),
            Mistake(
                lambda raw: float(raw["late"].sum() / len(raw)),
                "Those are the late ones; their label is known.",
            ),
            Mistake(
                lambda raw: float(raw["late"].isna().sum()),
                "That counts them. Out of how many rows?",
            ),
            Mistake(
                lambda raw: float(raw.isna().to_numpy().mean()),
                "You looked at all columns; only one of them holds the label.",
            ),
        ),
        within=0.001,
        form="{:.3f}",
    ),
}

GUESSES = {
    "collect.twice": Guess(
        "Before you look: by how many percentage points will the share of late flights move when "
        "the planes' file is joined twice over?",
        result=lambda twice: abs(per_cent(twice["late"].iloc[1]) - per_cent(twice["late"].iloc[0])),
        form="{:.1f}",
    ),
}
