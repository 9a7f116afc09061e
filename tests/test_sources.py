"""Several sources, one recipe: what is joined, what is refused, what is never taken from later."""

import json
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pandas as pd
import pytest

from helpers.base.recipe_files import sources_of
from helpers.base.user_errors import InputError
from helpers.collect import collect_rows
from helpers.tables import from_database, read_any
from helpers.tables.sources import as_of, fuzzy
from helpers.tables.sources.joining import join, read_and_join
from helpers.tables.sources.keys import key_cell, key_codes, key_text
from helpers.tables.sources.lookups import describe_sources, lookup_frame, read_lookups
from helpers.tables.sources.moments import read_moments
from helpers.tables.sources.recipe import recipe_of
from helpers.tables.sources.summaries import summaries

LOANS = pd.DataFrame(
    {
        "loan": [1, 2, 3, 4, 5],
        "book": ["B1", "B2", "B2", "B9", None],
        "reader": [7, 8, 7, 8, 8],
        "asked": pd.date_range("2024-03-01 09:30", periods=5, freq="24h").astype("str"),
    }
)
BOOKS = pd.DataFrame(
    {"id": ["B1", "B2", "B3"], "pages": [90, 400, 10], "lent": [True, False, True]}
)
FINES = pd.DataFrame(
    {
        "reader": [7, 7, 8, 7, 8],
        "at": ["2024-02-27 10:15", "2024-03-01 09:30", "2024-03-02 08:20", "2024-03-09 11:40", "?"],
        "euro": [1.0, 2.0, 3.0, 50.0, 9.0],
    }
)


def made(moment="asked", tables=None, **sources):
    """The join of loans with sources given as mappings."""
    said = {"main": "loans", "sources": {"loans": {"data": "loans.csv"}}}
    said |= {"moment": moment} if moment else {}
    said["sources"] |= {name: {"data": f"{name}.csv"} | one for name, one in sources.items()}
    tables = {"loans": LOANS, "books": BOOKS, "fines": FINES} | (tables or {})
    return join(recipe_of(said), tables)


# --- Joins ----------------------------------------------------------------------------------


def test_rows_stay_once_and_in_place_and_what_did_not_match_is_counted():
    found = made(books={"key": {"book": "id"}})
    assert found.frame["loan"].tolist() == [1, 2, 3, 4, 5]
    assert found.frame["books_pages"].tolist()[:3] == [90, 400, 400]
    assert found.frame["books_lent"].isna().tolist() == [False, False, False, True, True]
    report = found.reports[0]
    assert (report.matched, report.unmatched, report.without_key, report.rows) == (3, 1, 1, 5)
    assert "1 without a partner, 1 without a key" in report.sentence()
    assert found.columns_from == {"books_pages": "books", "books_lent": "books"}


def test_a_key_that_repeats_is_an_error_and_rows_that_came_twice_are_said():
    twice = pd.concat([BOOKS, BOOKS.iloc[[1]]], ignore_index=True)
    found = made(books={"key": {"book": "id"}}, tables={"books": twice})
    assert len(found.frame) == 5 and "1 rows came twice" in found.reports[0].notes[0]
    other = twice.assign(pages=range(4))
    with pytest.raises(InputError, match="books: the key repeats: id = B2 stands in 2 rows"):
        made(books={"key": {"book": "id"}}, tables={"books": other})


def test_a_repeating_key_can_be_summed_up():
    found = made(
        fines={"join": "aggregate", "key": "reader", "aggregate": {"euro": ["sum", "max"]}}
    )
    assert found.frame["fines_euro_sum"].tolist() == [53.0, 12.0, 53.0, 12.0, 12.0]
    assert found.reports[0].multiplied == 5
    assert "later ones too" in found.reports[0].notes[0]


def test_the_nearest_row_in_time_is_never_a_later_one():
    found = made(fines={"join": "nearest", "key": "reader", "time": "at"})
    euro = found.frame["fines_euro"].tolist()
    assert euro == [2.0, 3.0, 2.0, 3.0, 3.0]
    assert "1 times can't be read" in found.reports[0].notes[0]


def test_a_moment_before_the_row_takes_what_was_known_then():
    found = made(
        {"column": "asked", "before": "2 days"},
        fines={"join": "nearest", "key": "reader", "time": "at"},
    )
    euro = found.frame["fines_euro"]
    assert euro.iloc[0] == 1.0 and np.isnan(euro.iloc[1]) and euro.iloc[2] == 2.0


def test_a_window_ends_before_the_moment_and_begins_where_it_says():
    asked = {"join": "window", "key": "reader", "time": "at", "window": "3 days"}
    found = made(fines=asked).frame
    assert found["fines_count"].tolist() == [1, 1, 1, 1, 0]  # not the fine of the moment itself
    assert found["fines_euro_mean"].tolist()[:2] == [1.0, 3.0]
    assert found["fines_hours_since"].iloc[1] == pytest.approx(7 / 6)
    assert found["fines_count"].max() < 3


@pytest.mark.parametrize("seed", range(4))
def test_joins_in_time_agree_with_a_loop_over_all_rows(seed):
    random = np.random.default_rng(seed)
    key, other = random.integers(-1, 3, 40), random.integers(-1, 3, 60)

    def clock(count):
        hours = pd.to_timedelta(random.integers(0, 30, count), unit="h")
        return pd.Series(pd.Timestamp("2024-01-01") + hours)

    moment, at = clock(40), clock(60)
    at[::11] = pd.NaT
    span = pd.Timedelta("9h")
    nearest = as_of.last_known(key, moment, other, at, span)
    order, start, stop = as_of.known_rows(key, moment, other, at, span)
    for row in range(40):
        same = (other == key[row]) & (key[row] >= 0)
        late = moment[row] - at
        before = np.flatnonzero(same & (late > pd.Timedelta(0)) & (late <= span))
        assert set(order[start[row] : stop[row]]) == set(before)
        until = np.flatnonzero(same & (late >= pd.Timedelta(0)) & (late <= span))
        best = at[until].max() if len(until) else None
        assert (nearest[row] == -1) if best is None else (at[nearest[row]] == best)


def test_summaries_agree_with_pandas():
    random = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"x": np.where(random.random(50) < 0.2, np.nan, random.normal(1e6, 1, 50))}
    )
    group = random.integers(0, 5, 50)
    part = as_of.known_rows(np.arange(7), None, group, None)
    found = pd.DataFrame(summaries(frame, {"x": ["sum", "mean", "min", "max", "count"]}, *part))
    wanted = frame["x"].groupby(group).agg(["sum", "mean", "min", "max", "count"]).reindex(range(7))
    for how in ("sum", "mean", "min", "max"):
        assert found[f"x_{how}"].to_numpy() == pytest.approx(wanted[how].to_numpy(), nan_ok=True)
    assert found["count"].tolist() == np.bincount(group, minlength=7).tolist()


# --- Keys and times -------------------------------------------------------------------------


def test_keys_are_equal_however_they_are_stored():
    kinds = (pd.Series([17, 4]), pd.Series([17.0, 4.0]), pd.Series(["17 ", "4.0"]),
             pd.Series([17, 4], dtype="Int64"))  # fmt: skip
    assert {tuple(key_text(one)) for one in kinds} == {("17", "4")}
    assert [key_cell(v) for v in (17, 17.0, " 17", None)] == ["17", "17", "17", ""]
    left, right = key_codes([kinds[0], pd.Series(["a", "b"])], [kinds[1], pd.Series(["b", None])])
    assert right.tolist()[1] == -1 and left[0] != right[0]


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["23.07.2023 14:05", "01.02.2023 15:00"], "2023-07-23 14:05"),
        (["2023-07-23T14:05:00Z", "2023-07-24T14:05:00Z"], "2023-07-23 14:05"),
        (["2023-07-23T14:05:00+02:00"] * 3, "2023-07-23 12:05"),
        ([1690121100, 1690121160], "2023-07-23 14:05"),
        ([1690121100000.0, None], "2023-07-23 14:05"),
        (["2023-07-23 14:05:00.250", "2023-07-23 14:05:01.500"], "2023-07-23 14:05:00.250"),
    ],
)
def test_times_are_read_in_many_forms(cells, first):
    assert read_moments(pd.Series(cells)).at[0] == pd.Timestamp(first)


def test_times_of_a_zone_and_of_none_are_not_compared_in_silence():
    zoned = FINES.assign(at=["2024-02-27T10:15:00Z"] * 5)
    asked = {"join": "nearest", "key": "reader", "time": "at"}
    with pytest.raises(InputError, match="names its time zone and the other does not"):
        made(fines=asked, tables={"fines": zoned})
    found = made({"column": "asked", "zone": "Asia/Tokyo"}, fines=asked, tables={"fines": zoned})
    assert found.reports[0].matched == 5


def test_what_is_stamped_by_the_day_is_known_when_the_day_is_over():
    days = pd.DataFrame(
        {"day": pd.date_range("2024-02-28", periods=6).astype("str"), "sold": range(6)}
    )
    found = made(fines={"join": "nearest", "time": "day"}, tables={"fines": days})
    assert found.frame["fines_sold"].iloc[0] == 1  # of 29 February, not of 1 March
    assert "stands for 1 day" in found.reports[0].notes[0]
    at_once = made(
        fines={"join": "nearest", "time": "day", "known_after": 0}, tables={"fines": days}
    )
    assert at_once.frame["fines_sold"].iloc[0] == 2 and not at_once.reports[0].notes


# --- Names that are written otherwise ---------------------------------------------------------


def test_fuzzy_joins_what_is_sure_and_lists_what_is_not():
    ours = pd.Series(
        ["NORDIC STEEL", "Bergmann & Söhne", "Flat 12", "Riverbend Motors", "Zeta", None]
    )
    theirs = pd.Series(
        ["Nordic Steel", "Bergmann & Sohne", "Flat 13", "Riverbend Motor", "Riverbend Moters"]
    )
    place, doubts = fuzzy.fuzzy_places([ours], [theirs])
    assert place.tolist() == [0, 1, -1, -1, -1, -1]
    assert doubts["value"].tolist() == ["Riverbend Motors"]
    assert doubts["why"].tolist() == ["two are as near"]
    settled, _ = fuzzy.fuzzy_places([ours], [theirs], {"Riverbend Motors": "Riverbend Motor"})
    assert settled.tolist()[3] == 3


def test_fuzzy_over_several_columns_finds_records():
    random = np.random.default_rng(0)
    words = np.array(["anna", "bertil", "carla", "dagny", "emil", "frida", "gustav", "hilda"])
    people = pd.DataFrame({"name": [f"{a} {b}son" for a in words for b in words],
                           "town": random.choice(["Vik", "Mo", "Bo", "Os", "Ny"], 64),
                           "born": random.integers(1930, 2005, 64),
                           "phone": random.choice(10**7, 64, replace=False)})  # fmt: skip
    typed = people.sample(30, random_state=1).reset_index()
    typed.loc[::3, "name"] = typed.loc[::3, "name"].str.replace("son", "sonn")
    place, _ = fuzzy.fuzzy_places([typed[c] for c in people], [people[c] for c in people])
    right = place == typed["index"].to_numpy()
    assert right.mean() > 0.9 and not ((place >= 0) & ~right).any()


# --- Recipes that can't be used, a line each ---------------------------------------------------


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"books": {"key": {"bok": "id"}}}, "the table so far has no column 'bok'.*'book'"),
        ({"books": {"key": {"book": "isbn"}}}, "books has no column 'isbn'"),
        ({"books": {"key": "book", "jion": "exact"}}, "books: 'jion' means nothing.*'join'"),
        ({"books": {"key": "book", "join": "sideways"}}, "join is exact, nearest"),
        ({"books": {}}, None),
        ({"fines": {"join": "nearest", "key": "reader"}}, "needs `time:`"),
        ({"fines": {"join": "window", "key": "reader", "time": "at", "window": "30"}}, "30 days"),
        ({"fines": {"join": "window", "key": "reader", "time": "euro"}}, "times can't be read"),
        ({"books": {"key": {"book": "id"}, "prefix": ""}, "more": {"key": {"book": "id"},
          "prefix": ""}}, "more: the table has a column 'pages' already"),
        ({"books": {"key": "book", "token": "sk-live-3fa9c1d07"}}, "looks like the token itself"),
        ({"books": {"key": {"book": "id"}, "aggregate": {"pages": "median"}}}, "no summary"),
    ],
)  # fmt: skip
def test_a_bad_recipe_is_refused_in_one_clear_line(said, line):
    if line is None:
        with pytest.raises(InputError, match="key says what joins"):
            made(**said)
        return
    with pytest.raises(InputError, match=line) as caught:
        made(tables={"more": BOOKS}, **said)
    assert "\n" not in str(caught.value) and "3fa9c1d07" not in str(caught.value)


def test_a_recipe_that_is_none_or_names_a_missing_file_is_refused(tmp_path):
    path = tmp_path / "sources.yaml"
    for text, line in (
        ("main: [", "this is not valid YAML"), ("a: 1", "below `sources:`"),
        ("main: b\nsources: {a: {data: a.csv}}", "main names the table"),
        ("main: a\nsources: {a: {data: gone.csv}}", "a: There is no file .*gone.csv"),
    ):  # fmt: skip
        path.write_text(text)
        with pytest.raises(InputError, match=line):
            read_any.read_table(str(path))
    with pytest.raises(InputError, match="no such file"):
        read_any.read_table(str(tmp_path / "none.yaml"))


def test_a_join_in_time_needs_a_moment():
    with pytest.raises(InputError, match="needs the moment of a row"):
        made(moment=None, fines={"join": "nearest", "key": "reader", "time": "at"})


# --- Sources of all kinds -----------------------------------------------------------------------


@pytest.fixture
def api():
    """An API in pages that wants a token; yields its address and the headers that it saw."""
    seen = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            seen.append(self.headers.get("Authorization"))
            page = 2 if "page=2" in self.path else 1
            body = {
                "items": [{"reader": 6 + page, "town": "Vik"}],
                "next": 2 if page == 1 else None,
            }
            content = json.dumps(body).encode()
            self.send_response(200 if seen[-1] == "Bearer 4711x" else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/readers", seen
    server.shutdown()
    thread.join()
    server.server_close()


def recipe_in(folder, api_address):
    """A folder with a recipe of six kinds of source."""
    LOANS.to_csv(folder / "loans.csv", index=False)
    with sqlite3.connect(folder / "library.db") as database:
        BOOKS.to_sql("books", database, index=False)
        LOANS.to_sql("other", database, index=False)
    (folder / "page.html").write_text(
        pd.DataFrame({"a": [1]}).to_html()
        + BOOKS[["id"]].assign(shelf=list("xyz")).to_html(index=False)
    )
    (folder / "fines").mkdir()
    known = FINES[FINES["at"] != "?"]
    for reader, rows in known.groupby("reader"):
        rows.to_json(folder / "fines" / f"{reader}.jsonl", orient="records", lines=True)
    LOANS[["loan"]].assign(late=["no", "yes", "no", "no", "yes"]).to_json(
        folder / "labels.json", orient="records"
    )
    (folder / "sources.yaml").write_text(f"""
main: loans
moment: asked
sources:
  loans: {{data: loans.csv}}
  books: {{data: library.db, table: books, key: {{book: id}}}}
  thick: {{data: "sqlite:///library.db", query: "SELECT id, pages FROM books WHERE pages > 50",
          key: {{book: id}}}}
  shelves: {{data: page.html, table: shelf, key: {{book: id}}}}
  readers: {{data: "{api_address}", pages: true, token: LIBRARY_TOKEN, key: reader}}
  fines: {{data: fines, join: window, key: reader, time: at}}
  labels: {{data: labels.json, key: loan, prefix: ""}}
""")
    return folder / "sources.yaml"


def test_sources_of_all_kinds_are_read_and_joined(tmp_path, api, monkeypatch):
    address, seen = api
    monkeypatch.setenv("LIBRARY_TOKEN", "4711x")
    path = recipe_in(tmp_path, address)
    frame, sources = collect_rows.collect(str(path))
    assert len(frame) == 5 and seen[-1] == "Bearer 4711x"
    assert {
        "books_pages",
        "thick_pages",
        "shelves_shelf",
        "readers_town",
        "fines_count",
        "late",
    } <= {*frame}
    kinds = {name: table.attrs["kind"] for name, table in sources.items()}
    assert kinds["books"] == kinds["thick"] == "database" and kinds["fines"] == "sensor files"
    assert kinds["readers"] == "HTTP API"
    about = collect_rows.table_facts(frame, sources, str(path), target="late")
    assert [one["carried"] for one in about["sources"]] == [True, True, True, True, False, True]
    assert "4711x" not in json.dumps(about)
    assert len(sources_of(path)) == 7


def test_a_token_that_is_not_set_is_asked_for_by_its_name_alone(tmp_path, api, monkeypatch):
    monkeypatch.delenv("LIBRARY_TOKEN", raising=False)
    with pytest.raises(InputError, match="readers: token names an environment variable"):
        read_and_join(str(recipe_in(tmp_path, api[0])), read_any.read_table)


def test_a_database_is_opened_for_reading_only(tmp_path):
    with sqlite3.connect(tmp_path / "a.db") as database:
        BOOKS.to_sql("books", database, index=False)
    deletes = "DELETE FROM books RETURNING id"
    with pytest.raises(InputError, match="A query only reads"):
        from_database.read_sql(f"sqlite:///{tmp_path}/a.db", deletes)
    with pytest.raises(InputError, match="readonly"):
        from_database.read_sql(f"sqlite:///{tmp_path}/a.db", f"WITH a AS (SELECT 1) {deletes}")
    assert len(from_database.read_sql(f"sqlite:///{tmp_path}/a.db")) == 3
    with pytest.raises(InputError, match="has no table 'boks'.*'books'"):
        from_database.read_named_table(f"sqlite:///{tmp_path}/a.db", "boks")


# --- Carried with the model -----------------------------------------------------------------------


def test_a_row_with_its_keys_gets_what_training_had():
    found = made(
        books={"key": {"book": "id"}}, fines={"join": "window", "key": "reader", "time": "at"}
    )
    said = describe_sources(found)
    assert [one["carried"] for one in said] == [True, False]
    (lookup,) = read_lookups(lookup_frame(found), said)
    assert lookup.fill({"book": "B2"}) == {"book": "B2", "books_pages": 400, "books_lent": False}
    assert lookup.fill({"book": "B2", "books_pages": 1})["books_pages"] == 1  # what is given stays
    assert lookup.fill({"book": "B8"})["books_pages"] is None
    assert "no row for book = 'B8'" in lookup.missed({"book": "B8"})
    assert "'book', its key, too" in lookup.missed({})
    frame = lookup.fill_frame(LOANS)
    joined = found.frame[["books_pages", "books_lent"]]
    assert frame["books_pages"].tolist()[:3] == joined["books_pages"].tolist()[:3]
    assert frame["books_pages"].isna().equals(joined["books_pages"].isna())


def test_a_huge_number_in_a_narrow_column_is_answered():
    from helpers.features.number_encoder import CompiledNumbers, number_steps

    narrow = pd.DataFrame({"share": np.linspace(0.4, 0.6, 50)})
    steps = number_steps(None, 0).fit(narrow)
    huge = pd.DataFrame({"share": [1e308, -1e308, 0.5]})
    by_pipeline = np.asarray(steps.transform(huge))[:, 0]
    compiled = CompiledNumbers(steps, ["share"])
    by_row = [compiled.row({"share": value})[0] for value in huge["share"]]
    assert np.isfinite(by_pipeline).all() and by_row == pytest.approx(by_pipeline, abs=1e-12)
