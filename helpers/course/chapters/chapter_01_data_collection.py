"""Questions, guess and challenges of the notebook: stage 1, data collection."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pandas as pd

from ..grading import Challenge, Choice, Compute, Guess, Mistake, first_fault


def _timetable(rows: int = 400) -> pd.DataFrame:
    """Made-up flights of one year, some by planes that no registry has."""
    place = pd.Series(range(rows))
    return pd.DataFrame({
        "month": place % 12 + 1, "carrier": place.mod(5).map(dict(enumerate("ABCDE"))),
        "flight": 1_000 + place, "tailnum": "N" + (place * 7 % 90).astype("str"),
        "arr_delay": (place * 37 % 101 - 40).where(place % 50 != 3),
    })  # fmt: skip


def _examine_one_month(one_month, of=None) -> str:
    """All flights of the month that is asked for, all columns, the value apart from the query."""
    flights = _timetable()
    with closing(sqlite3.connect(":memory:")) as database:
        flights.to_sql("flights", database, index=False)
        faults = (
            first_fault(MONTH_FAULTS, given=one_month(database, month), every=len(flights),
                        wanted=flights[flights["month"] == month]) for month in (7, 1, 12)
        )  # fmt: skip
        return next(filter(None, faults), "") or _pasted_in(one_month, database)


def _pasted_in(one_month, database) -> str:
    """Whether a text in place of the month is taken as a part of the query."""
    try:
        stolen = one_month(database, "7 OR 1=1")
    except (sqlite3.Error, pd.errors.DatabaseError, TypeError, ValueError):
        return ""
    if stolen is None or not len(stolen):
        return ""
    return (
        "A text in place of the month became a part of the query and changed what it asks. How "
        "does a value travel beside a query?"
    )


MONTH_FAULTS = {
    "Return a DataFrame; you return {given.__class__.__name__}.": lambda it: (
        not isinstance(it.given, pd.DataFrame)
    ),
    "All months are there. Where does the query say which one is asked for?": lambda it: (
        len(it.given) == it.every
    ),
    "Not all columns of the flights are there, or there are others.": lambda it: (
        set(it.given) != set(it.wanted)
    ),
    "No flight is found. Is the month compared as a number?": lambda it: it.given.empty,
    "Those are flights of another month than the one that is asked for.": lambda it: (
        set(it.given["month"]) != set(it.wanted["month"])
    ),
    "Some flights of the month are missing. Is there a limit in the query?": lambda it: (
        len(it.given) < len(it.wanted)
    ),
    "Some flights are there twice.": lambda it: len(it.given) > len(it.wanted),
}


def _examine_with_planes(with_planes, of=None) -> str:
    """A left join that keeps each flight in its place, and refuses planes that come twice."""
    flights = _timetable(60)
    planes = pd.DataFrame({"tailnum": [f"N{n}" for n in range(0, 120, 2)], "seats": range(60)})
    joined = with_planes(flights.copy(), planes.copy())
    seats = flights["tailnum"].map(planes.set_index("tailnum")["seats"])
    return first_fault(JOIN_FAULTS, joined=joined, flights=flights, seats=seats) or _joined_twice(
        with_planes, flights, planes
    )


MORE_FLIGHTS = "The registry was delivered twice, and your flights became more without a word."
ONE_TAKEN = (
    "A registry that holds two entries of one plane went through, and one of them was taken "
    "without a word. Which of the two is right? Let it be an error."
)


def _joined_twice(with_planes, flights: pd.DataFrame, planes: pd.DataFrame) -> str:
    """What became of planes that were delivered twice: it has to be an error."""
    doubled = pd.concat([planes, planes.assign(seats=planes["seats"] + 1)])
    try:
        twice = with_planes(flights.copy(), doubled)
    except Exception:  # noqa: BLE001 - pandas' MergeError, or one of the learner's own
        return ""
    return MORE_FLIGHTS if len(twice) > len(flights) else ONE_TAKEN


JOIN_FAULTS = {
    "Return the flights as a DataFrame with the columns of the planes beside their own.":
        lambda it: (
            not isinstance(it.joined, pd.DataFrame) or not {"seats", "flight"} <= set(it.joined)
        ),
    "Flights by planes that the registry lacks are gone. They will be asked about, too.":
        lambda it: len(it.joined) == it.seats.count(),
    "There are more rows than flights: some rows are planes that have not flown.": lambda it: (
        len(it.joined) > len(it.flights)
    ),
    "Some flights are missing.": lambda it: len(it.joined) < len(it.flights),
    "The flights are no longer in their order.": lambda it: (
        it.joined["flight"].tolist() != it.flights["flight"].tolist()
    ),
    "A plane that nobody knows has a number of seats. What is unknown stays missing.":
        lambda it: it.joined["seats"].count() > it.seats.count(),
    "Some flights have the seats of another plane.": lambda it: (
        (it.joined["seats"].to_numpy() != it.seats.to_numpy()) & it.seats.notna().to_numpy()
    ).any(),
}  # fmt: skip


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


TOO_MANY_CALLS = "The server was called more than fifty times for a few pages. When do you give up?"


def _examine_pages(read_all, of=None) -> str:
    """All rows of all pages, three attempts a page, and an error when these fail."""
    pages = [[1, 2, 3], [4, 5, 6], [7], [8, 9]]
    try:
        return (
            _calm_server(read_all, pages)
            or _busy_server(read_all, pages)
            or _closed_server(read_all, pages)
        )
    except _TooManyCallsError:
        return TOO_MANY_CALLS


def _calm_server(read_all, pages: list[list[int]]) -> str:
    given = list(read_all(_Server(pages, {})))
    return first_fault(ROWS_FAULTS, given=given, wanted=sum(pages, []))


def _busy_server(read_all, pages: list[list[int]]) -> str:
    try:
        busy = list(read_all(_Server(pages, {0: 1, 2: 2})))
    except ConnectionError:
        return "A server that was busy once or twice stopped you. What would a second call do?"
    if busy != sum(pages, []):
        return "A page at which the server was busy is missing, or twice in the result."
    return ""


def _closed_server(read_all, pages: list[list[int]]) -> str:
    try:
        read_all(_Server(pages, {1: 99}))
    except ConnectionError:
        return ""
    return "A page could not be read at all, and your function returned as if all were well."


ROWS_FAULTS = {
    "": lambda it: it.given == it.wanted,
    "You return a list of pages; one list of rows is asked for.": lambda it: (
        it.given and all(isinstance(row, list) for row in it.given)
    ),
    "The first page is missing. Where do pages begin?": lambda it: it.given == it.wanted[3:],
    "You read the first page only.": lambda it: it.given == it.wanted[:3],
    "You stopped too early. Is a page that is shorter than others the last one?": lambda it: (
        it.given == it.wanted[: len(it.given)]
    ),
    "Rows are missing, twice in the result, or in another order.": bool,
}


CHALLENGES = {
    "collect.one_month": Challenge(
        "Write a function `one_month(database, month)` that gives a DataFrame of all "
        "flights of that month, with all columns, from the table `flights` of an open SQLite "
        "database. The month is a number that someone typed into a form: whatever was typed, it "
        "must not change what the query asks.",
        _examine_one_month,
        makes="one_month",
        solution="""
def one_month(database, month):
    import pandas as pd

    sql = "SELECT * FROM flights WHERE month = :month"
    return pd.read_sql(sql, database, params={"month": month})
""",
        why="The value travels beside the query, so it is a value whatever it holds.",
        level="warm-up",
        hints=(
            "It is the first query of the notebook, with one thing less.",
            "`:month` stands for a value in the query; the third argument of the call says what "
            "it is.",
        ),
    ),
    "collect.with_planes": Challenge(
        "Write a function `with_planes(flights, planes)` that gives the flights, each "
        "with what the registry `planes` knows of its `tailnum`. Every flight stays, in its place, "
        "also where its plane is unknown. A registry that holds a plane twice must be an error, "
        "not a surprise.",
        _examine_with_planes,
        makes="with_planes",
        solution="""
def with_planes(flights, planes):
    return flights.merge(planes, on="tailnum", how="left", validate="m:1")
""",
        why="Each flight is there once, with its plane where that is known, and a registry with "
        "two entries of a plane stops the line here.",
        hints=(
            "Which kind of join keeps rows that have no partner?",
            "One argument of `merge` says how many rows of each side may share a key.",
        ),
    ),
    "collect.pages": Challenge(
        "An API gives its rows in pages. Write a function `read_all(fetch)` that "
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
        level="stretch",
        hints=(
            "Write the loop over pages first, without any error. What ends it?",
            "Then put the call into a function of its own, which tries a few times and raises "
            "what the last attempt raised.",
        ),
    ),
}


QUESTIONS = {
    "collect.kappa": Choice(
        "Two labellers judged the same 35 spellings. Why is their agreement given as Cohen's "
        "kappa, not as the share of equal labels?",
        {
            "a": "Kappa takes away the agreement that chance alone would give.",
            "b": "Kappa is the larger one of the two figures whenever labels are rare.",
            "c": "The share of equal labels is only defined for three labellers or more.",
        },
        "a",
        "Where one label is common, two labellers who guess agree often; kappa discounts that.",
        {
            "b": "Kappa is never above the share of equal labels; compare the two.",
            "c": "A share of equal labels can be counted for two; what does it flatter?",
        },
        hints=(
            "Suppose nine makers in ten were Boeing, and both labellers had written Boeing "
            "without looking.",
            "How often would those two have agreed, and what would that agreement be worth?",
        ),
    ),
    "collect.no_partner": Choice(
        "Some flights find no plane in the registry. An inner join would leave them out. Why are "
        "they kept?",
        {
            "a": "A model gets better with every row, whatever stands in it.",
            "b": "An inner join would also double the flights of known planes.",
            "c": "Flights by unknown planes will be asked about in service, too.",
        },
        "c",
        "Rows that were left out for convenience are a part of the world that the model never "
        "met, and no score on the rest would show it.",
        {
            "a": "More rows of what? Rows that do not represent the question do not help.",
            "b": "It doubles nothing where each plane is there once; what would it leave out?",
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
            Mistake(
                lambda raw: float((raw["late"] == False).mean()),  # noqa: E712
                "Those are on time, and that is a label, too.",
            ),
            Mistake(
                lambda raw: float(raw["late"].notna().mean()),
                "Those have a label. The question is about the others.",
            ),
            Mistake(
                lambda raw: float(raw["late"].dropna().astype(bool).mean()),
                "Those are the late ones among flights with a label: `mean` leaves gaps out.",
            ),
            Mistake(
                lambda raw: 0.0,
                "A missing value is equal to nothing, not even to itself: `==` finds none.",
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
        result=lambda late: 100 * abs(late["doubled"] - late["before"]),
        form="{:.1f}",
        most=100,
    ),
}
