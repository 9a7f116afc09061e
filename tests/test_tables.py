import json
import socket
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest
from sqlalchemy import make_url

from helpers.base import addresses
from helpers.base.user_errors import InputError
from helpers.tables import file_formats, from_database, from_web, read_any
from helpers.tables.read_any import read_table

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
    assert file_formats.READABLE in text and "ends in" in text


@pytest.mark.parametrize("ending", ["parquet", "json", "jsonl"])
def test_a_broken_file_is_refused_by_name_and_kind(write, ending):
    text = refusal(write(f"a.{ending}", "this is not such a file"))
    assert text.startswith(f"'a.{ending}' can't be read as {ending.upper()}")


def test_what_only_ends_like_excel_is_refused(write):
    text = refusal(write("a.xlsx", "this is not such a file"))
    assert text.startswith("'a.xlsx' is not an Excel file of the .xlsx kind")


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_half_a_file_is_refused(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    FRAME.to_excel(path, index=False) if kind == "xlsx" else FRAME.to_parquet(path)
    path.write_bytes(path.read_bytes()[:200])
    assert "can't be read" in refusal(str(path))


@pytest.mark.parametrize("content", ["[1, 2]", '"text"', '["a"]'])
def test_json_that_is_no_list_of_objects_is_refused(write, content):
    assert "list of objects" in refusal(write("a.json", content))


def test_a_folder_without_parquet_is_refused(tmp_path):
    assert "no Parquet file" in refusal(str(tmp_path))


def test_a_folder_of_broken_parquet_is_refused(write, tmp_path):
    write("a.parquet", "not parquet")
    assert "can't be read as Parquet" in refusal(str(tmp_path))


def test_a_misspelt_target_names_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'word'"):
        read_any.check_target(FRAME, "wrod")
    read_any.check_target(FRAME, "word")


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
    assert from_database.read_sql(database, query, {"word": "None"})["x"].tolist() == [2]
    assert from_database.read_sql(database, query, {"word": "' OR '1'='1"}).empty


def test_a_query_can_not_change_the_database(shop, tmp_path):
    refusal(f"sqlite:///{tmp_path}/shop.db", "DELETE FROM orders")
    refusal(f"sqlite:///{tmp_path}/shop.db", "DELETE FROM orders RETURNING x")
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
        addresses.refuse_pasted_password(f"{scheme}://me:s3cret@db.example/shop")
    assert "environment variable" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "source",
    ["a.csv", "sqlite:///a.db", "postgresql://me@h/shop", "postgresql://me:${DB_PASSWORD}@h/shop"],
)
def test_an_address_without_a_pasted_password_is_taken(source):
    addresses.refuse_pasted_password(source)


def test_a_database_with_a_pasted_password_is_not_even_tried():
    assert "plain text" in refusal("postgresql://me:s3cret@127.0.0.1:1/shop")


def test_an_address_is_shown_without_password_and_query():
    assert addresses.shown("https://me:pw@h.example:8080/a.csv?token=t#f") == (
        "https://me:***@h.example:8080/a.csv"
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
    assert len(web.asked) == from_web.MOST_ATTEMPTS


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
    assert from_web.read_pages(web.address + "/pages")["x"].tolist() == [1, 2, 3]
    assert len(web.asked) == 3


def test_the_table_of_a_web_page_is_read_and_na_stays_text(web):
    frame = from_web.read_web_table(web.address + "/page.html")
    assert frame["word"].tolist() == FRAME["word"].tolist()


# --- Where a table came from ----------------------------------------------------------------


def test_a_stamp_says_where_a_table_came_from_and_when():
    frame = FRAME.copy()
    read_any.stamp(frame, "file", "a.csv")
    assert frame.attrs["kind"] == "file" and frame.attrs["address"] == "a.csv"
    assert pd.Timestamp(frame.attrs["time"]).tz is None


def test_the_readings_of_all_stations_are_read(tmp_path):
    for station in ("A", "B"):
        line = json.dumps({"station": station, "wind": 3})
        (tmp_path / f"{station}.jsonl").write_text(line + "\n" + line + "\n")
    assert from_web.read_sensors(tmp_path)["station"].tolist() == ["A", "A", "B", "B"]


# --- Defects that were mended ---------------------------------------------------------------


def test_latin_1_with_a_late_accent_is_read(write):
    plain = "".join(f"street {n},{n}\n" for n in range(20_000))
    cities = ["Málaga", "Córdoba", "Zürich", "Orléans"]
    last = "".join(f"{city},1\n" for city in cities)
    content = ("city,n\n" + plain + last).encode("latin-1")
    assert read_table(write("a.csv", content))["city"].tolist()[-4:] == cities


def test_a_variable_that_is_not_set_is_refused_by_name(monkeypatch):
    monkeypatch.delenv("NOT_SET_HERE", raising=False)
    for source in ("sqlite:///${NOT_SET_HERE}/a.db", "postgresql://me:${NOT_SET_HERE}@127.0.0.1/x"):
        assert "NOT_SET_HERE is not set" in refusal(source)
    assert "NOT_SET_HERE is not set" in refusal("http://127.0.0.1:1/a.csv?token=${NOT_SET_HERE}")


@pytest.mark.parametrize("password", ["p@ss/w:rd?#%41", "${HOME}", "a b", "é@", "%40"])
def test_a_password_reaches_the_driver_unharmed(monkeypatch, password):
    monkeypatch.setenv("DB_PASSWORD", password)
    monkeypatch.setenv("DB_HOST", "db.example")
    url = addresses.filled(make_url("postgresql://me:${DB_PASSWORD}@${DB_HOST}/shop?application=x"))
    assert (url.username, url.password, url.host) == ("me", password, "db.example")
    assert (url.database, dict(url.query)) == ("shop", {"application": "x"})
    assert make_url(url.render_as_string(hide_password=False)).password == password


def test_a_folder_with_odd_marks_from_the_environment_reaches_sqlite(tmp_path, monkeypatch):
    folder = tmp_path / "p@ss?#x"
    folder.mkdir()
    database = sqlite3.connect(folder / "a.db")
    database.execute("CREATE TABLE t AS SELECT 5 AS x")
    database.close()
    monkeypatch.setenv("ODD_FOLDER", str(folder))
    assert read_table("sqlite:///${ODD_FOLDER}/a.db")["x"].tolist() == [5]


@pytest.mark.parametrize(
    "query", ["SELECT x FRM orders", "SELECT gone FROM orders", "SELECT * FROM gone", "SELECT '"]
)
def test_sql_that_is_wrong_is_refused(shop, tmp_path, query):
    assert "could not be read" in refusal(f"sqlite:///{tmp_path}/shop.db", query)


def test_a_query_without_its_values_is_refused(shop, tmp_path):
    assert "could not be read" in refusal(
        f"sqlite:///{tmp_path}/shop.db", "SELECT x FROM orders WHERE word = :word"
    )


@pytest.mark.parametrize("name", ["a.csv", "."])
def test_a_query_for_a_file_is_refused(write, tmp_path, name):
    write("a.csv", "x\n1\n")
    assert "--query is for a database" in refusal(str(tmp_path / name), "SELECT 1")


@pytest.mark.parametrize(
    "source",
    [
        "http://[::1/a.csv",
        "https://[broken/a.csv",
        "postgresql://[::1/shop",
        "postgresql://host:port/shop",
        "://",
        "://x",
        "sqlite://",
        "sqlite:///",
        "http://",
        "http:///a.csv",
        "HTTP://[x/a.csv",
        "not a scheme://x",
        "http://127.0.0.1:99999/a.csv",
    ],
)
def test_a_malformed_address_is_refused(source):
    refusal(source)


@pytest.mark.parametrize(
    "query",
    [
        "token=abc",
        "key=abc",
        "api_key=abc",
        "apikey=abc",
        "password=abc",
        "pwd=abc",
        "client_secret=abc",
        "sig=abc",
        "x=1&access_token=abc",
    ],
)
def test_a_secret_in_the_query_of_an_address_is_refused_and_not_repeated(query):
    with pytest.raises(InputError) as caught:
        addresses.refuse_pasted_password(f"https://h.example/a.csv?{query}")
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize("query", ["", "page=2", "token=${MY_TOKEN}", "keyboard=qwerty", "key="])
def test_an_address_without_a_secret_in_its_query_is_taken(query):
    addresses.refuse_pasted_password(f"https://h.example/a.csv?{query}")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"a": 1}', {"a": [1]}),
        ('{"a": 1, "b": "x"}', {"a": [1], "b": ["x"]}),
        ('{"a": [1, 2]}', {"a": [1, 2]}),
        ('{"a": [1, 2], "b": ["x", "y"]}', {"a": [1, 2], "b": ["x", "y"]}),
        ('{"a": 1}\n{"a": 2}\n', {"a": [1, 2]}),
    ],
)
def test_an_object_of_json_is_a_row_or_a_mapping_of_columns(write, content, expected):
    assert read_table(write("a.json", content)).to_dict("list") == expected


@pytest.mark.parametrize("content", ["5", "null", "true", "[[1, 2]]", '{"a": [1, 2], "b": [1]}'])
def test_other_json_is_refused(write, content):
    refusal(write("a.json", content))


def test_a_folder_with_other_files_in_it_is_read(tmp_path):
    for part in ("year=2020", "year=2021"):
        (tmp_path / part).mkdir()
        FRAME.to_parquet(tmp_path / part / "a.parquet")
    (tmp_path / "notes.txt").write_text("stray")
    (tmp_path / "year=2020" / "_SUCCESS").write_text("")
    frame = read_table(str(tmp_path))
    assert frame["x"].tolist() == [1, 2, 3] * 2
    assert frame["year"].astype(int).tolist() == [2020] * 3 + [2021] * 3


def test_a_delimiter_at_the_end_of_every_row_is_taken(write):
    for content in ("x,y\n1,2,\n3,4,\n", "x;y\r\n1;2;\r\n3;4;\r\n"):
        frame = read_table(write("a.csv", content))
        assert frame.to_dict("list") == {"x": [1, 3], "y": [2, 4]}


def test_empty_last_fields_are_no_trailing_delimiter(write):
    frame = read_table(write("a.csv", "x,y\n1,\n2,\n"))
    assert frame["x"].tolist() == [1, 2] and frame["y"].isna().all()


@pytest.mark.parametrize(
    "values", [["02134", "10001"], ["1234567890123456", "1234567890123457"], ["007", "8"]]
)
def test_codes_of_digits_stay_text(write, values):
    frame = read_table(write("a.csv", "code\n" + "\n".join(values) + "\n"))
    assert frame["code"].tolist() == values


def test_numbers_with_zeros_stay_numbers(write):
    frame = read_table(write("a.csv", "a,b\n0,0.5\n10,-0.25\n"))
    assert frame.to_dict("list") == {"a": [0, 10], "b": [0.5, -0.25]}


def test_text_in_excel_stays_text_and_numbers_stay_numbers(tmp_path):
    frame = pd.DataFrame({"zip": ["02134", "10001"], "n": [1, 2], "h": [0.5, None]})
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    found = read_table(str(tmp_path / "a.xlsx"))
    assert found["zip"].tolist() == ["02134", "10001"] and found["n"].tolist() == [1, 2]
    assert found["h"].tolist()[:1] == [0.5] and found["h"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("name;text\na;one, two, three\nb;four, five, six\n", ["name", "text"]),
        ("a b,c\n1 2,3\n4 5,6\n", ["a b", "c"]),
        ("day|n\n1,5|2\n2,5|3\n", ["day", "n"]),
        ("x;y,z\na;b,c\nd;e,f\n", ["x;y", "z"]),
        ('t,u\n"a;b;c",1\n"d;e;f",2\n', ["t", "u"]),
        ("only\none\ntwo\n", ["only"]),
    ],
)
def test_the_delimiter_is_the_one_that_parts_all_rows_alike(write, content, columns):
    assert read_table(write("a.csv", content)).columns.tolist() == columns


def test_the_cells_of_a_file_may_stay_text(write, tmp_path):
    path = write("a.csv", "x,y\n1,\n2.50,b\n")
    frame = read_table(path, typed=False)
    assert frame["x"].tolist() == ["1", "2.50"] and frame["y"].isna().tolist() == [True, False]
    FRAME.to_parquet(tmp_path / "a.parquet")
    assert read_table(str(tmp_path / "a.parquet"), typed=False)["x"].tolist() == [1, 2, 3]


def test_a_text_is_filled_from_the_environment(monkeypatch):
    monkeypatch.setenv("ONE_NAME", "${OTHER}")
    assert addresses.from_environment("a${ONE_NAME}b") == "a${OTHER}b"
    assert addresses.from_environment("$ONE_NAME ${} $") == "$ONE_NAME ${} $"


@pytest.mark.parametrize("query", [
    "DROP TABLE orders", "ATTACH '{}/new.db' AS z", "DELETE FROM orders RETURNING x",
    "PRAGMA journal_mode = WAL", "VACUUM INTO '{}/copy.db'", "CREATE TABLE made (x)",
    "/* SELECT */ INSERT INTO orders VALUES (2, '')", "-- SELECT\nUPDATE orders SET x = 3",
    "SELECT x FROM orders; DROP TABLE orders",
    "WITH gone AS (SELECT x FROM orders) DELETE FROM orders",
])  # fmt: skip
def test_a_query_changes_nothing(shop, tmp_path, query):
    before = (tmp_path / "shop.db").read_bytes()
    refusal(f"sqlite:///{tmp_path}/shop.db", query.format(tmp_path))
    assert (tmp_path / "shop.db").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["shop.db"]


@pytest.mark.parametrize("query", [
    "select x from orders", "-- the first\n  SELECT x FROM orders", "VALUES (1)",
    "/* a\n * b */ SELECT x FROM orders", "WITH one AS (SELECT x FROM orders) SELECT x FROM one",
])  # fmt: skip
def test_a_query_that_reads_is_asked(shop, tmp_path, query):
    assert read_table(f"sqlite:///{tmp_path}/shop.db", query).iloc[0, 0] == 1
