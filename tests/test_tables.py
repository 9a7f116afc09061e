import json
import socket
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest

from helpers import tables
from helpers.errors import InputError
from helpers.tables import read_table

FRAME = pd.DataFrame({"x": [1, 2, 3], "word": ["NA", "None", "n/a"]})


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write


@pytest.fixture
def shop(tmp_path):
    database = sqlite3.connect(tmp_path / "shop.db")
    database.execute("CREATE TABLE orders (x INTEGER, word TEXT)")
    database.executemany("INSERT INTO orders VALUES (?, ?)", FRAME.values.tolist())
    database.commit()
    yield database
    database.close()


def refusal(source, query=""):
    with pytest.raises(InputError) as caught:
        read_table(source, query)
    text = str(caught.value)
    assert "\n" not in text
    return text


# --- Files ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", FRAME.to_csv(index=False)),
        ("a.CSV", FRAME.to_csv(index=False)),
        ("a.tsv", FRAME.to_csv(index=False, sep="\t")),
        ("a.tab", FRAME.to_csv(index=False, sep="\t")),
        ("semicolon.csv", FRAME.to_csv(index=False, sep=";")),
        ("pipe.txt", FRAME.to_csv(index=False, sep="|")),
        ("tabs.csv", FRAME.to_csv(index=False, sep="\t")),
        ("utf16.csv", FRAME.to_csv(index=False).encode("utf-16")),
        ("bom.csv", FRAME.to_csv(index=False).encode("utf-8-sig")),
        ("windows.csv", FRAME.to_csv(index=False, lineterminator="\r\n")),
        ("blank_first.csv", "\n\n" + FRAME.to_csv(index=False)),
        ("spaced.csv", FRAME.to_csv(index=False).replace("x,word", " x , word ")),
        ("a.json", FRAME.to_json(orient="records")),
        ("wrapped.json", json.dumps({"count": 3, "items": FRAME.to_dict("records")})),
        ("by_column.json", FRAME.to_json(orient="columns")),
        ("bom.json", FRAME.to_json(orient="records").encode("utf-8-sig")),
        ("a.jsonl", FRAME.to_json(orient="records", lines=True)),
        ("a.ndjson", FRAME.to_json(orient="records", lines=True)),
    ],
)
def test_a_text_file_is_read_and_na_stays_text(write, name, content):
    frame = read_table(write(name, content))
    assert frame[["x", "word"]].to_dict("list") == FRAME.to_dict("list")


def test_excel_is_read_and_na_stays_text(tmp_path):
    FRAME.to_excel(tmp_path / "a.xlsx", index=False)
    assert read_table(str(tmp_path / "a.xlsx")).to_dict("list") == FRAME.to_dict("list")


def test_parquet_is_read_and_na_stays_text(tmp_path):
    FRAME.to_parquet(tmp_path / "a.parquet")
    assert read_table(str(tmp_path / "a.parquet")).to_dict("list") == FRAME.to_dict("list")


def test_a_folder_of_parquet_files_is_one_table(tmp_path):
    FRAME.to_parquet(tmp_path / "a.parquet")
    FRAME.to_parquet(tmp_path / "b.parquet")
    frame = read_table(str(tmp_path))
    assert frame["x"].tolist() == [1, 2, 3, 1, 2, 3]
    assert frame.index.tolist() == list(range(6))


def test_the_index_of_a_parquet_file_is_kept_as_a_column(tmp_path):
    FRAME.set_index("word").to_parquet(tmp_path / "a.parquet")
    assert read_table(str(tmp_path / "a.parquet")).columns.tolist() == ["word", "x"]


def test_a_decimal_comma_stays_as_the_source_has_it(write):
    frame = read_table(write("a.csv", "x;y\n1,5;a\n2,25;b\n"))
    assert frame.to_dict("list") == {"x": ["1,5", "2,25"], "y": ["a", "b"]}


def test_latin_1_is_read_as_what_it_says(write):
    content = "city,n\nMálaga,1\nCórdoba,2\nZürich,3\nOrléans,4\n".encode("latin-1")
    cities = read_table(write("a.csv", content))["city"].tolist()
    assert cities == ["Málaga", "Córdoba", "Zürich", "Orléans"]


def test_an_empty_field_alone_is_missing(write):
    frame = read_table(write("a.csv", "x,y\n1,\n2,NULL\n"))
    assert frame["y"].isna().tolist() == [True, False]


def test_commas_and_line_ends_inside_quotes_stay_in_the_cell(write):
    frame = read_table(write("a.csv", 'x,y\n1,"a, b"\n2,"c\nd"\n'))
    assert frame["y"].tolist() == ["a, b", "c\nd"]


def test_numbers_too_long_for_a_float_stay_text(write):
    frame = read_table(write("a.csv", "code\n12345678901234567890123\n1\n"))
    assert frame["code"].tolist() == ["12345678901234567890123", "1"]


def test_nested_json_becomes_columns_and_lists_become_text(write):
    content = '[{"a": {"b": 1}, "c": [1, 2]}, {"a": {"b": 2}}]'
    frame = read_table(write("a.json", content))
    assert frame["a.b"].tolist() == [1, 2]
    assert frame["c"].iloc[0] == "[1, 2]"


def test_leading_zeros_in_json_text_stay(write):
    assert read_table(write("a.json", '[{"zip": "02134"}]'))["zip"].tolist() == ["02134"]


@pytest.mark.parametrize("header", ["x,x,x", "x,,x", ",,"])
def test_columns_get_distinct_names_and_none_is_blank(write, header):
    frame = read_table(write("a.csv", f"{header}\n1,2,3\n"))
    assert frame.shape == (1, 3)
    assert frame.columns.is_unique and all(frame.columns)


def test_names_that_repeat_after_trimming_are_numbered(tmp_path):
    FRAME.set_axis(["x", " x"], axis=1).to_parquet(tmp_path / "a.parquet")
    assert read_table(str(tmp_path / "a.parquet")).columns.tolist() == ["x", "x.2"]


def test_whatever_is_read_can_be_written_as_parquet(write, tmp_path):
    content = '[{"a": 1, "b": [1], "c": true}, {"a": "x", "b": null, "c": null}]'
    frame = read_table(write("a.json", content))
    frame.to_parquet(tmp_path / "out.parquet")
    assert frame["a"].tolist() == ["1", "x"]
    assert str(frame["c"].dtype) == "boolean"


# --- What can't be used ---------------------------------------------------------------------


def test_a_missing_file_is_refused_with_what_to_give(tmp_path):
    assert "There is no file" in refusal(str(tmp_path / "none.csv"))


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_file_is_refused(write, content):
    assert "is empty" in refusal(write("a.csv", content))


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "x,y\n"), ("a.tsv", "x\ty"), ("a.json", "[]")]
)
def test_a_table_without_rows_is_refused(write, name, content):
    assert "at least one row" in refusal(write(name, content))


def test_a_parquet_file_without_rows_is_refused(tmp_path):
    FRAME.head(0).to_parquet(tmp_path / "a.parquet")
    assert "0 rows" in refusal(str(tmp_path / "a.parquet"))


def test_nul_bytes_are_no_text(write):
    assert "is not text" in refusal(write("a.csv", b"x,y\n1,\x00\x01\n"))


@pytest.mark.parametrize("name", ["a.docx", "a.xls", "noending"])
def test_a_wrong_ending_is_refused_with_the_right_ones(write, name):
    text = refusal(write(name, "x,y\n1,2\n"))
    assert tables.READABLE in text and "ends in" in text


@pytest.mark.parametrize("ending", ["xlsx", "parquet", "json", "jsonl"])
def test_a_broken_file_is_refused_by_name_and_kind(write, ending):
    text = refusal(write(f"a.{ending}", "this is not such a file"))
    assert text.startswith(f"'a.{ending}' can't be read as {ending.upper()}")


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_half_a_file_is_refused(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    FRAME.to_excel(path, index=False) if kind == "xlsx" else FRAME.to_parquet(path)
    path.write_bytes(path.read_bytes()[:200])
    assert "can't be read" in refusal(str(path))


@pytest.mark.parametrize("content", ["[1, 2]", '"text"', '["a"]'])
def test_json_that_is_no_list_of_objects_is_refused(write, content):
    assert "list of objects" in refusal(write("a.json", content))


def test_a_line_with_more_fields_than_the_header_is_refused(write):
    assert "line 3" in refusal(write("a.csv", "x,y\n1,2\n1,2,3\n"))


def test_a_folder_without_parquet_is_refused(tmp_path):
    assert "no Parquet file" in refusal(str(tmp_path))


def test_a_folder_of_broken_parquet_is_refused(write, tmp_path):
    write("a.parquet", "not parquet")
    assert "can't be read as Parquet" in refusal(str(tmp_path))


def test_a_misspelt_target_names_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'word'"):
        tables.check_target(FRAME, "wrod")
    tables.check_target(FRAME, "word")


# --- Databases ------------------------------------------------------------------------------


def test_the_only_table_of_a_database_is_read(shop, tmp_path):
    frame = read_table(f"sqlite:///{tmp_path}/shop.db")
    assert frame.to_dict("list") == FRAME.to_dict("list")


def test_a_query_chooses_the_rows(shop, tmp_path):
    frame = read_table(f"sqlite:///{tmp_path}/shop.db", "SELECT x FROM orders WHERE x > 1")
    assert frame["x"].tolist() == [2, 3]


def test_the_values_of_a_query_are_never_part_of_its_text(shop, tmp_path):
    query = "SELECT x FROM orders WHERE word = :word"
    database = f"sqlite:///{tmp_path}/shop.db"
    assert tables.read_sql(database, query, {"word": "None"})["x"].tolist() == [2]
    assert tables.read_sql(database, query, {"word": "' OR '1'='1"}).empty


def test_a_query_can_not_change_the_database(shop, tmp_path):
    refusal(f"sqlite:///{tmp_path}/shop.db", "DELETE FROM orders")
    read_table(f"sqlite:///{tmp_path}/shop.db", "DELETE FROM orders RETURNING x")
    assert shop.execute("SELECT count(*) FROM orders").fetchone() == (3,)


def test_a_name_in_an_address_is_filled_from_the_environment(shop, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_FOLDER", str(tmp_path))
    assert len(read_table("sqlite:///${SHOP_FOLDER}/shop.db")) == 3


def test_several_tables_without_a_query_are_refused_by_name(shop, tmp_path):
    shop.execute("CREATE TABLE customers (x)")
    text = refusal(f"sqlite:///{tmp_path}/shop.db")
    assert "2 tables" in text and "customers" in text and "--query" in text


def test_a_database_without_tables_asks_for_a_query(tmp_path):
    sqlite3.connect(tmp_path / "none.db").execute("VACUUM").connection.close()
    assert "0 tables (none)" in refusal(f"sqlite:///{tmp_path}/none.db")


def test_a_sqlite_file_that_is_not_there_is_refused_and_not_made(tmp_path):
    assert "There is no SQLite file" in refusal(f"sqlite:///{tmp_path}/none.db")
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_database_is_refused(write):
    assert "could not be read" in refusal(f"sqlite:///{write('a.db', 'hello ' * 500)}")


def test_a_query_without_rows_is_refused(shop, tmp_path):
    query = "SELECT x FROM orders WHERE x > 9"
    assert "0 rows" in refusal(f"sqlite:///{tmp_path}/shop.db", query)


def test_an_unknown_kind_of_database_is_refused():
    assert "could not be read" in refusal("nosuch://host/shop")


@pytest.mark.parametrize("scheme", ["postgresql", "mysql+pymysql", "https"])
def test_a_pasted_password_is_refused_and_not_repeated(scheme):
    with pytest.raises(InputError) as caught:
        tables.refuse_pasted_password(f"{scheme}://me:s3cret@db.example/shop")
    assert "environment variable" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "source",
    ["a.csv", "sqlite:///a.db", "postgresql://me@h/shop", "postgresql://me:${DB_PASSWORD}@h/shop"],
)
def test_an_address_without_a_pasted_password_is_taken(source):
    tables.refuse_pasted_password(source)


def test_a_database_with_a_pasted_password_is_not_even_tried():
    assert "plain text" in refusal("postgresql://me:s3cret@127.0.0.1:1/shop")


def test_an_address_is_shown_without_user_password_and_query():
    assert tables.shown("https://me:pw@h.example:8080/a.csv?token=t#f") == (
        "https://h.example:8080/a.csv"
    )


# --- Web addresses --------------------------------------------------------------------------


class _Files(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802
        self.server.asked.append(self.path)
        path = self.path.partition("?")[0]
        status, kind, content = self.server.files.get(path, (404, "text/plain", b"no"))
        if path == "/busy.csv" and len(self.server.asked) <= 2:
            status, content = 503, b"busy"
        if path == "/pages":
            number = int(self.path.partition("page=")[2])
            page = {"items": [{"x": number}], "next": number + 1 if number < 3 else None}
            status, kind, content = 200, "application/json", json.dumps(page).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def web():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    server.asked, text = [], FRAME.to_csv(index=False).encode()
    server.files = {
        "/a.csv": (200, "application/octet-stream", text),
        "/busy.csv": (200, "text/csv", text),
        "/always_busy.csv": (503, "text/plain", b"busy"),
        "/export": (200, "text/csv; charset=utf-8", text),
        "/api": (200, "application/json", FRAME.to_json(orient="records").encode()),
        "/page.html": (200, "text/html; charset=utf-8", FRAME.to_html(index=False).encode()),
        "/empty.csv": (200, "text/csv", b""),
    }
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    server.address = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", ["/a.csv", "/export", "/api", "/a.csv?page=1"])
def test_a_file_behind_an_address_is_read_by_its_ending_or_type(web, path):
    assert read_table(web.address + path).to_dict("list") == FRAME.to_dict("list")


def test_a_busy_server_is_asked_again(web):
    assert len(read_table(web.address + "/busy.csv")) == 3
    assert web.asked == ["/busy.csv"] * 3


def test_a_server_that_stays_busy_is_given_up_after_four_attempts(web):
    assert "after up to 4 attempts" in refusal(web.address + "/always_busy.csv")
    assert len(web.asked) == tables.MOST_ATTEMPTS


def test_a_file_that_is_not_there_is_asked_for_once(web):
    assert "status 404" in refusal(web.address + "/none.csv")
    assert len(web.asked) == 1


def test_a_web_page_is_no_table(web):
    assert "is a web page" in refusal(web.address + "/page.html")


def test_an_empty_answer_is_refused(web):
    assert "is empty" in refusal(web.address + "/empty.csv")


def test_an_address_where_nobody_listens_is_refused_without_its_query():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = refusal(f"http://127.0.0.1:{port}/a.csv?page=s3cret")
    assert "gave no table" in text and "s3cret" not in text


def test_a_name_in_a_web_address_is_filled_and_not_shown(web, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "s3cret")
    assert "s3cret" not in refusal(web.address + "/none.csv?token=${MY_TOKEN}")
    assert web.asked == ["/none.csv?token=s3cret"]


def test_all_pages_of_an_api_are_read(web):
    assert tables.read_pages(web.address + "/pages")["x"].tolist() == [1, 2, 3]
    assert len(web.asked) == 3


def test_the_table_of_a_web_page_is_read_and_na_stays_text(web):
    frame = tables.read_web_table(web.address + "/page.html")
    assert frame["word"].tolist() == FRAME["word"].tolist()


# --- Where a table came from ----------------------------------------------------------------


def test_a_stamp_says_where_a_table_came_from_and_when():
    frame = FRAME.copy()
    tables.stamp(frame, "file", "a.csv")
    assert frame.attrs["kind"] == "file" and frame.attrs["address"] == "a.csv"
    assert pd.Timestamp(frame.attrs["time"]).tz is None


def test_the_readings_of_all_stations_are_read(tmp_path):
    for station in ("A", "B"):
        line = json.dumps({"station": station, "wind": 3})
        (tmp_path / f"{station}.jsonl").write_text(line + "\n" + line + "\n")
    assert tables.read_sensors(tmp_path)["station"].tolist() == ["A", "A", "B", "B"]
