"""Text files as people have them: dialects, headers, broken lines, several tables in one file."""

import csv
import io
import random

import pandas as pd
import pyarrow as pa
import pytest

from benchmarks.broken_files import broken_file
from helpers.base.user_errors import InputError
from helpers.collect import collect_rows, collection_stage
from helpers.line import stage_work
from helpers.serving import request_body
from helpers.tables import (
    byte_lines,
    cut_lines,
    mend_quotes,
    odd_files,
    set_aside,
    text_blocks,
    text_pieces,
    text_tables,
)
from helpers.tables.dialects import Dialect
from helpers.tables.read_any import read_csv_in_pieces, read_table
from helpers.tables.text_format import AS_FOUND

ROWS = [["4", "2023-02-11", "Turku", "1.5"], ["7", "2023-03-01", "Espoo, north", "2.25"],
        ["9", "2023-03-19", "Oulu", "0.75"], ["12", "2023-05-02", "Vaasa", "3.5"]]  # fmt: skip
NAMES = ["nr", "day", "town", "load"]


@pytest.fixture
def read(tmp_path):
    """Read a text as a file of the name."""

    def read(text: str, behind: str = "", name: str = "a.csv") -> pd.DataFrame:
        (tmp_path / name).write_bytes(text.encode())
        return read_table(str(tmp_path / name) + behind, typed=False)

    return read


def cells(frame: pd.DataFrame) -> list[list[str]]:
    return frame.astype(object).where(frame.notna(), "").to_numpy().tolist()


def said(frame: pd.DataFrame) -> str:
    return " ".join(odd_files.of(frame))


def text_of(rows: list[list[str]], end: str = "\n", **options) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator=end, **options).writerows(rows)
    return written.getvalue()


WAYS = {
    "semicolons": text_of([NAMES, *ROWS], delimiter=";"),
    "tabs": text_of([NAMES, *ROWS], delimiter="\t"),
    "bars": text_of([NAMES, *ROWS], delimiter="|"),
    "blanks": text_of([NAMES, *ROWS], delimiter=" "),
    "carets": text_of([NAMES, *ROWS], delimiter="^"),
    "single quotes": text_of([NAMES, *ROWS], quotechar="'", quoting=csv.QUOTE_ALL),
    "all in quotes": text_of([NAMES, *ROWS], quoting=csv.QUOTE_ALL),
    "a blank behind each comma": text_of([NAMES, *ROWS], quoting=1).replace('",', '", '),
    "CR": text_of([NAMES, *ROWS], "\r"),
    "CRLF": text_of([NAMES, *ROWS], "\r\n"),
    "mixed line ends": text_of([NAMES, *ROWS[:2]], "\r\n") + text_of(ROWS[2:]),
    "a byte order mark": "\ufeff" + text_of([NAMES, *ROWS], quoting=csv.QUOTE_ALL),
    "no line end": text_of([NAMES, *ROWS]).rstrip(),
    "blank lines at the end": text_of([NAMES, *ROWS]) + "\n\n",
    "a delimiter behind each row": text_of([NAMES]) + text_of([[*row, ""] for row in ROWS]),
    "Markdown": "| nr | day | town | load |\n|----|:---:|---|---:|\n"
    + "".join(f"| {' | '.join(row)} |\n" for row in ROWS),
    "remarks above": "# made by hand, twice\n# really, it was, so\n" + text_of([NAMES, *ROWS]),
    "a title above": "Loads of 2023\n\n" + text_of([NAMES, *ROWS]),
    "a padded title": "Loads,,,\n,,,\n" + text_of([NAMES, *ROWS]),
    "the header twice": text_of([NAMES, NAMES, *ROWS]),
    "the header in the middle": text_of([NAMES, *ROWS[:2], NAMES, *ROWS[2:]]),
    "a header with a blank name more": "," + text_of([NAMES, *ROWS]),
    "a header parted otherwise": text_of([NAMES], delimiter=";") + text_of(ROWS),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_the_same_rows_come_out_of_every_way_to_write_them(read, way):
    frame = read(WAYS[way])
    assert frame.columns.tolist() == NAMES
    assert cells(frame) == ROWS


def test_columns_that_blanks_line_up_are_columns(read):
    frame = read("nr  town    load\n4   Turku   1.5\n12  Oulu    10.25\n7   Vaasa   3\n")
    assert frame.to_dict("list") == {
        "nr": ["4", "12", "7"], "town": ["Turku", "Oulu", "Vaasa"], "load": ["1.5", "10.25", "3"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "reason"),
    [("4,2023-01-01,Turku,1.5,x", "5 fields"), ("4,2023-01-01,1.5", "3 fields"), ("?", "1 field"),
     ("4;2023-01-01;Turku;1.5", "1 field")],
)  # fmt: skip
@pytest.mark.parametrize("place", [2, 4, 6])
def test_a_broken_line_is_set_aside_and_said(read, line, reason, place):
    lines = text_of([NAMES, *ROWS, *ROWS]).splitlines()
    lines.insert(place - 1, line)
    frame = read("\n".join(lines))
    assert cells(frame) == [*ROWS, *ROWS]
    [[number, why, text]] = set_aside.of(frame).to_numpy().tolist()
    assert (number, text) == (place, line) and why == f"{reason}, the table has 4"
    assert f"line {place}: {why}" in said(frame)


@pytest.mark.parametrize("seed", range(12))
def test_broken_lines_are_found_and_sound_rows_stay(read, seed):
    made = broken_file(seed)
    frame = read(made.text)
    aside = set_aside.of(frame).set_index("line").reason.to_dict()
    assert cells(frame) == made.rows
    assert {line: why.split(" field")[0] for line, why in aside.items()} == {
        line: str(width) for line, (_, width) in made.broken.items()
    }
    assert len(frame) + len(aside) == len(made.text.splitlines()) - 1


@pytest.mark.parametrize("seed", range(20))
def test_sound_files_are_read_exactly_and_nothing_is_said(read, seed):
    draw = random.Random(seed)
    words = [
        '5" pipe',
        "a, b",
        "plain",
        "two\nlines",
        'said "so", twice',
        "semi; colon",
        "it's",
        "",
    ]
    rows = [[str(n), f"{draw.gauss(0, 9):.2f}", draw.choice(words), draw.choice(["NA", "x y", "-"])]
            for n in range(draw.choice([1, 2, 9, 200]))]  # fmt: skip
    quoting = draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    end = draw.choice(["\n", "\r\n"])
    text = text_of([NAMES, *rows], end, delimiter=draw.choice(",;\t|"), quoting=quoting)
    frame = read(text)
    assert frame.columns.tolist() == NAMES and cells(frame) == rows
    assert not said(frame) and not set_aside.count(frame)


def test_how_many_lines_may_be_broken_can_be_said(read):
    text = text_of([NAMES, *ROWS * 3]) + "a\nb,c\n" * 4 + text_of(ROWS)
    with pytest.raises(
        InputError, match=r"line 14 is no row \(1 field, the table has 4\): 8 lines"
    ):
        read(text)
    assert len(read(text, "?bad_lines=0.5")) == 16
    text = text_of([NAMES, *ROWS * 3]) + "a\nb,c\n" + text_of(ROWS)
    assert set_aside.count(read(text)) == 2
    with pytest.raises(InputError, match="2 lines of 18 are broken"):
        read(text, "?bad_lines=0")


def test_rows_that_lack_last_fields_by_custom_are_filled(read):
    frame = read("a,b,c\n1,2,3\n4,5\n6,7\n8,9,1\n2,3\n")
    assert cells(frame)[1] == ["4", "5", ""] and not set_aside.count(frame)
    assert "3 rows with fewer fields than the header (lines 3, 4, 6)" in said(frame)


@pytest.mark.parametrize(
    "text",
    ["review\nGood, really\nBad, very, bad\nFine, thanks\n", "a b;c d|e\n1 2,3;4\nf|b\nx;y;z,1\n"],
)
def test_lines_that_no_delimiter_parts_are_an_error_and_no_column(read, text):
    with pytest.raises(InputError, match="delimiter"):
        read(text)


def test_a_column_of_its_own_stays_one(read):
    assert cells(read("full name\nAda Lovelace\nAlan Turing\n")) == [
        ["Ada Lovelace"],
        ["Alan Turing"],
    ]
    assert cells(read('text\n"a, b"\nc\n')) == [["a, b"], ["c"]]
    assert len(read("seen\n2024-01-02 10:15\n2024-01-03 11:30\n").columns) == 1
    text = "review\nGood, really\nBad, very, bad\n"
    assert cells(read(text, "?delimiter=none")) == [["Good, really"], ["Bad, very, bad"]]


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ('4,"Turku,1.5', ["4", '"Turku', "1.5"]),
        ('4,Tur"ku,1.5', ["4", 'Tur"ku', "1.5"]),
        ('4,"pipe 24"","wide, long"', ["4", 'pipe 24"', "wide, long"]),
        ('4,""Turku, north",1.5', ["4", '"Turku, north', "1.5"]),
        ('4,"a 5" pipe",1.5', ["4", 'a 5" pipe', "1.5"]),
    ],
)
def test_a_stray_quote_costs_neither_its_row_nor_those_below(read, line, fields):
    rows = [["1", "Oulu", "2.5"], ["2", "Vaasa, east", "3.5"], ["3", "Pori", "1.5"]]
    text = text_of([["nr", "town", "load"], *rows])
    frame = read(text + line + "\n" + text_of(rows))
    assert cells(frame) == [*rows, fields, *rows]


def test_a_missing_delimiter_before_quotes_is_no_row(read):
    rows = [[str(n), f"{n}.5", "big, red", "x"] for n in range(8)]
    text = text_of([NAMES, *rows])
    frame = read(text.replace('4.5,"big, red"', '4.5"big, red"'))
    assert len(frame) == 7 and set_aside.of(frame).line.tolist() == [6]
    assert "quotes" in set_aside.of(frame).reason[0]


def test_quotes_that_can_be_read_in_two_ways_are_not_guessed():
    assert mend_quotes.mended('a,"b,c"d,e', Dialect(), 4) == ["a", '"b', 'c"d', "e"]
    assert mend_quotes.mended('"a","b,"c","d', Dialect(), 9) is None


HEADERS = {
    "1,2.5,Oulu\n2,3.5,Pori\n3,1.5,Oulu\n": 0,
    "2024-01-01,x\n2024-01-02,y\n2024-01-03,z\n": 0,
    "Oulu,red,yes\nPori,red,no\nOulu,blue,no\nPori,red,yes\nOulu,blue,yes\n": 0,
    "country,2019,2020\nA,5,6\nB,7,8\nC,7,1\n": 1,
    "0,1,2,3\n5,3,8,1\n4,4,1,2\n9,1,1,1\n": 1,
    "name,age\nBo,unknown\nAl,32\nCy,33\n": 1,
    "a,b\nc,d\ne,f\n": 1,
    "x,y\n1,2\n": 1,
    "day,1/22/20,1/23/20\nA,3,4\nB,4,5\nC,1,1\n": 1,
    "time,speed,who\ns,m/s,\n1.5,2.0,A\n2.5,1.0,B\n3.5,1.2,A\n": 2,
    ",2023,,2024\nid,Q1,Q2,Q1\n1,5,6,7\n2,6,7,8\n3,1,2,1\n": 2,
}


@pytest.mark.parametrize("text", HEADERS)
def test_the_header_is_told_by_what_stands_below(read, text):
    many = text.count("\n") - len(read(text))
    assert many == HEADERS[text]


def test_what_was_taken_for_the_header_is_said_and_can_be_told(read):
    text = "1,2.5,Oulu\n2,3.5,Pori\n3,1.5,Oulu\n"
    frame = read(text)
    assert frame.columns.tolist() == ["column_1", "column_2", "column_3"]
    assert "has no header" in said(frame) and "?header=1" in said(frame)
    assert read(text, "?header=1").columns.tolist() == ["1", "2.5", "Oulu"]
    assert len(read("a,b\nc,d\n", "?header=none")) == 2
    frame = read(",2023,,2024\nid,Q1,Q2,Q1\n1,5,6,7\n2,6,7,8\n3,1,2,1\n")
    assert frame.columns.tolist() == ["id", "2023 Q1", "2023 Q2", "2024 Q1"]
    assert "The header has 2 rows (lines 1, 2)" in said(frame)


def test_a_header_that_lacks_a_name_gives_none_away(read):
    frame = read(text_of([NAMES[1:], *ROWS]))
    assert frame.columns.tolist() == ["column_1", "column_2", "column_3", "column_4"]
    assert "not known which column is which" in said(frame)
    frame = read("town,load\n1,Oulu,2\n2,Pori,5\n3,Vaasa,4\n")
    assert frame.columns.tolist() == ["column_1", "town", "load"]


@pytest.mark.parametrize(
    "second",
    ["name,age,city\nAl,3,Rome\nBo,4,Oslo\nCy,5,Bern\n",
     "name,age,city,kin,pet\n" + "Al,3,c,d,e\n" * 4,
     "\nwho,when,what,why\nAl,then,tea,thirst\nBo,now,rest,sleep\n"],
)  # fmt: skip
def test_another_table_below_is_set_aside(read, second):
    frame = read(text_of([NAMES, *ROWS * 2]) + second)
    assert cells(frame) == ROWS * 2
    assert "Another table or a footer begins in line 1" in said(frame)
    assert set_aside.of(frame).text.tolist() == second.strip().splitlines()


def test_lines_above_and_below_keep_their_numbers(read):
    frame = read("Loads\nmade 2024\n\n" + text_of([NAMES, *ROWS]) + "\nsum,8\nprinted\n")
    assert cells(frame) == ROWS
    assert set_aside.of(frame).line.tolist() == [1, 2, 10, 11]
    assert set_aside.of(frame).reason.tolist()[0] == "above the header"


def test_lines_in_are_rows_and_lines_set_aside(read):
    text = "Loads\n" + text_of([NAMES, *ROWS * 5]) + "1,2\n" + text_of([NAMES, *ROWS])
    frame = read(text)
    assert len(frame) + set_aside.count(frame) == len(text.splitlines()) - 1  # the header


@pytest.mark.parametrize("behind", ["?delimiter=semi", "?header=0", "?bad_lines=2", "?colour=red"])
def test_what_cannot_be_told_of_a_file_is_one_line(read, behind):
    with pytest.raises(InputError, match="can stand behind its name"):
        read("a,b\n1,2\n", behind)


def test_a_file_may_have_a_question_mark_in_its_name(read):
    assert read("a,b\n1,2\n", name="what?.csv").shape == (1, 2)


def test_a_large_file_comes_in_pieces_as_it_is_read_whole(tmp_path):
    path = tmp_path / "a.csv"
    rows = [[str(n), f'said "{n}", so', "x"] for n in range(1_000)]
    for broken in ("", "1,2\n"):
        path.write_text(text_of([NAMES[:3], *rows]) + broken + text_of(rows))
        pieces = list(read_csv_in_pieces(path, 300))
        assert [len(piece) for piece in pieces] == [300] * 6 + [200]
        assert sum(map(cells, pieces), []) == rows * 2
        assert bool(text_pieces.plain_file(path)) == (not broken)


def test_stage_1_keeps_the_lines_and_the_ledger_adds_up(tmp_path, monkeypatch):
    rows = [[str(n), f"{n % 7}.5", "ab"[n % 2]] for n in range(60)]
    text = "Loads\n" + text_of([["nr", "load", "kind"], *rows]) + "1,2\n"
    (tmp_path / "a.csv").write_text(text + text_of(rows))
    (tmp_path / "later.csv").write_text(text_of([["nr", "load", "kind"], *rows]) + "x\n")
    monkeypatch.setenv("PIPELINE_REPORTS", str(tmp_path / "reports"))
    work = stage_work.start(
        1, run="aside", data=str(tmp_path / "a.csv"), query="", target="kind", task="auto",
        sample="auto", injected_errors="0", test_data=str(tmp_path / "later.csv"), until="",
    )  # fmt: skip
    whole, sources = collect_rows.collect(str(tmp_path / "a.csv"))
    test_data = str(tmp_path / "later.csv")
    entry = collection_stage.finish(work, whole, sources, whole, None, test_data=test_data)
    kept = pd.read_parquet(work.run.file("data/lines_set_aside.parquet"))
    assert kept.source.tolist() == ["data", "data", "test_data"]
    assert kept.line.tolist() == [1, 63, 62]
    assert (entry["rows_in"], entry["rows_out"], entry["set_aside"]) == (183, 180, 3)
    assert "(3 lines set aside)" in entry["headline"]
    told = " ".join(found["message"] for found in work.run.findings)
    assert "line 63: 2 fields, the table has 3" in told and "In test_data: 1 line can't" in told


def test_a_service_refuses_a_body_with_a_broken_line():
    body = text_of([NAMES, *ROWS]) + "1,2\n"
    sound = text_of([NAMES, *ROWS]).encode()
    assert len(request_body.rows_of_table(sound, ".csv", NAMES, 9)[0]) == 4
    with pytest.raises(request_body.Refused, match=r"line 6: 2 fields, .* nothing was answered"):
        request_body.rows_of_table(body.encode(), ".csv", NAMES, 9)


def test_lines_set_aside_are_written_beside_the_result(tmp_path):
    with set_aside.heard() as lines:
        (tmp_path / "rows.csv").write_text(text_of([NAMES, *ROWS]) + "1,2\n")
        read_table(str(tmp_path / "rows.csv"))
    set_aside.write(lines, tmp_path / "scored.csv")
    kept = pd.read_csv(tmp_path / "scored.set_aside.csv")
    assert kept.to_dict("list") == {
        "line": [6], "reason": ["2 fields, the table has 4 (below the last row)"], "text": ["1,2"],
    }  # fmt: skip
    set_aside.write({}, tmp_path / "scored.csv")
    assert not (tmp_path / "scored.set_aside.csv").exists()


def test_one_column_of_sentences_is_said_where_some_have_commas(tmp_path):
    path = tmp_path / "said.csv"
    path.write_text("note\n" + "all is well\n" * 6 + "late, as ever\n" * 3)
    frame = read_table(str(path))
    assert frame.shape == (9, 1)
    assert "3 of its first 10 lines" in " ".join(frame.attrs["oddities"])
    path.write_text("note\n" + "all is well\n" * 6)
    assert "oddities" not in read_table(str(path)).attrs


# --- Blocks -------------------------------------------------------------------------------------


@pytest.fixture(params=[40, 150, 1_000])
def small_blocks(request, monkeypatch):
    """Blocks of so few bytes that every row is near the end of one."""
    monkeypatch.setattr(text_blocks, "BLOCK", request.param)
    monkeypatch.setattr(text_tables, "BLOCK", request.param)
    monkeypatch.setattr(byte_lines, "PIECE", request.param // 2)
    monkeypatch.setattr(cut_lines, "MOST_OF_A_RUN", 3)


@pytest.mark.parametrize("seed", range(40, 46))
def test_blocks_change_nothing(read, small_blocks, seed):
    made = broken_file(seed)
    found = read(made.text)
    assert cells(found) == made.rows
    assert set_aside.of(found).line.tolist() == list(made.broken)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_over_many_lines_are_read_whole_in_blocks(read, small_blocks, end):
    rows = [[str(n), f'said "{n}",{end}twice', f"{n}.5"] for n in range(30)]
    text = text_of([NAMES[:3], *rows], end)
    assert cells(read(text)) == rows
    frame = read(text + f"1,2{end}" + text_of(rows, end))
    assert cells(frame) == rows * 2 and set_aside.count(frame) == 1


def test_a_column_is_one_kind_over_all_blocks(tmp_path, small_blocks):
    late = ["9"] * 200
    columns = {
        "whole": late, "gap": [*late[1:], ""], "fraction": [*late[1:], "2.5"],
        "word": [*late[1:], "x"], "code": [*late[1:], "07"], "hex": [*late[1:], "0x1F"],
        "sku": [*late[2:], "1E6", "5E4"], "power": [*late[2:], "1E6", "2.5E3"],
        "version": ["1.9"] * 199 + ["1.10"], "empty": [""] * 200,
    }  # fmt: skip
    (tmp_path / "a.csv").write_text(text_of([list(columns), *zip(*columns.values(), strict=True)]))
    frame = read_table(str(tmp_path / "a.csv"))
    numbers = ["whole", "gap", "fraction", "power"]
    assert [name for name in frame if frame[name].dtype.kind in "if"] == numbers
    assert [frame[name].iloc[-1] for name in ("word", "code", "hex", "sku", "version")] == [
        "x", "07", "0x1F", "5E4", "1.10"]  # fmt: skip


def test_a_broken_line_costs_its_block_alone(read, monkeypatch):
    """The other blocks are read in one go: their lines are not looked at one by one."""
    monkeypatch.setattr(text_blocks, "BLOCK", 500)
    seen = []
    whole = cut_lines.cut_lines
    monkeypatch.setattr(text_tables, "cut_lines", lambda lines, *more: (
        seen.append(len(lines)), whole(lines, *more))[1])  # fmt: skip
    text = text_of([NAMES, *ROWS * 100])
    assert set_aside.of(read(text + "1,2\n" + text_of(ROWS * 100))).line.tolist() == [402]
    assert len(seen) == 1 and seen[0] < 30


def test_the_header_once_more_is_found_with_blanks_around_its_names(read):
    frame = read(text_of([NAMES, *ROWS]) + " nr ,day, town,load \n" + text_of(ROWS))
    assert cells(frame) == ROWS * 2 and "like the header" in said(frame)


def test_a_cell_over_two_lines_in_single_quotes_is_one_cell(read):
    rows = [[str(n), f"red\nand {n}"] for n in range(9)]
    text = text_of([["nr", "note"], *rows], quotechar="'", quoting=csv.QUOTE_ALL)
    assert cells(read(text)) == rows


@pytest.mark.parametrize("typed", [True, False])
def test_a_row_of_totals_below_a_text_is_set_aside_with_its_line(tmp_path, typed):
    file = tmp_path / "a.csv"
    file.write_text(
        'nr,town,paid\n1,Oslo,"1,200.50"\n2,"Ro\nme",300\n3,Rome,10\nTotal,,"1,510.50"\n\n'
    )
    frame = read_table(str(file), typed=typed)
    assert frame["nr"].tolist() == ([1, 2, 3] if typed else ["1", "2", "3"])
    assert set_aside.of(frame).to_dict("records") == [
        {"line": 6, "reason": "a row of totals", "text": "Total 1,510.50"}]  # fmt: skip
    assert "(‘Total’) holds sums or means of those above" in said(frame)
    (piece,) = read_csv_in_pieces(file, 100)
    assert len(piece) == 3
    assert len(read_table(f"{file}?total=keep")) == 4


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("seed", range(2_000, 2_012))
def test_lines_passed_over_are_those_that_are_sorted_one_by_one(monkeypatch, seed, typed):
    content, found = broken_file(seed).text.encode(), []
    for most in (-1, 0, 3, 1_000):  # -1: no block with an odd line is read at once
        monkeypatch.setattr(text_blocks, "MOST_ODD", most)
        monkeypatch.setattr(text_blocks, "BLOCK", 700)
        found.append(text_tables.read_text(content, AS_FOUND, typed))
    for other in found[1:]:
        pd.testing.assert_frame_equal(found[0], other)
        assert odd_files.of(found[0]) == odd_files.of(other)
        pd.testing.assert_frame_equal(set_aside.of(found[0]), set_aside.of(other))


def test_files_put_behind_one_another_with_their_marks_are_one_table(read):
    text = "\ufeff" + text_of([NAMES, *ROWS])
    found = read(text + text)
    assert cells(found) == ROWS * 2 and "like the header (line 6)" in said(found)


@pytest.mark.parametrize("mark", [" ", ",", "\t"])
def test_names_of_rows_as_r_writes_them_are_a_column(read, mark):
    rows = [[f'"Car {n}"', str(20 + n), f"{n}.5"] for n in range(6)]
    text = "\n".join([mark.join(['"mpg"', '"wt"']), *map(mark.join, rows)])
    found = read(text)
    assert list(found) == ["column_1", "mpg", "wt"] and "writes the names of rows" in said(found)
    assert cells(found) == [[row[0].strip('"'), *row[1:]] for row in rows]


# --- A delivery, whose columns are known ----------------------------------------------------------

LIKE_DATA = ["q1", "q2", "q3"], [["a1", "b2", "c3"]] * 9
OF_MARKS = ["x: y; z", "9: m; n"], [["p: q; r", "7: s; t"]] * 9


@pytest.mark.parametrize("ending", [",", ";", "|", ".xlsx"])
@pytest.mark.parametrize(("names", "rows"), [LIKE_DATA, OF_MARKS])
def test_names_that_are_known_settle_which_line_is_the_header(tmp_path, names, rows, ending):
    frame, file = pd.DataFrame(rows, columns=names), tmp_path / f"a{ending}"
    if ending == ".xlsx":
        frame.to_excel(file, index=False)
    else:
        file = tmp_path / "a.csv"
        frame.to_csv(file, index=False, sep=ending)
    read = read_table(str(file), typed=False, columns=[*names, "other"])
    assert list(read) == names and cells(read) == rows and not odd_files.of(read)


def test_without_such_a_line_all_is_as_ever(read, tmp_path):
    text = text_of([NAMES, *ROWS])
    plain = read(text)
    known = read_table(str(tmp_path / "a.csv"), typed=False, columns=["age", "town"])
    pd.testing.assert_frame_equal(plain, known)
    headless = read(text_of(ROWS * 3))
    known = read_table(str(tmp_path / "a.csv"), typed=False, columns=NAMES)
    assert list(known) == list(headless) and len(known) == 12


def test_pieces_have_the_header_that_is_known(tmp_path):
    file = tmp_path / "a.csv"
    names, rows = LIKE_DATA
    file.write_text(text_of([names, *rows]))
    pieces = list(read_csv_in_pieces(file, 4, columns=names))
    assert [len(piece) for piece in pieces] == [4, 4, 1] and list(pieces[0]) == names


def test_arrow_has_its_own_memory_again_after_reading(read):
    before = pa.default_memory_pool().backend_name
    assert len(read(text_of([NAMES, *ROWS]))) == 4
    with pytest.raises(InputError):
        read("")
    assert pa.default_memory_pool().backend_name == before
