"""The quick ways of reading numbers and dates say what the slow ones say."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from helpers.cells import column_numbers, number_formats
from helpers.cells.date_formats import DATE_FORMATS, _day_of, _pattern

IN_DIGITS = [form for form in DATE_FORMATS if _pattern(form)]
PART = st.integers(0, 40).map(str) | st.sampled_from(
    ["05", "1999", "2024", "24", " 7", "٣", "0", "x"]
)


def by_strptime(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None


def quickly(text: str, form: str) -> datetime | None:
    try:
        return _day_of(text, form)
    except ValueError:
        return None


def test_most_formats_of_days_are_read_quickly():
    assert {"%d/%m/%Y", "%Y%m%d", "%m/%d/%y", "%d.%m.%y"} <= set(IN_DIGITS)
    assert not {"iso", "%d %b %Y", "%Y-%m"} & set(IN_DIGITS)


@given(st.lists(PART, min_size=1, max_size=4), st.sampled_from(["/", "-", ".", ""]),
       st.sampled_from(IN_DIGITS))  # fmt: skip
def test_a_day_is_what_strptime_reads(parts, sign, form):
    text = sign.join(parts)
    assert quickly(text, form) == by_strptime(text, form)


@given(
    st.dates(datetime(1900, 1, 1).date(), datetime(2100, 1, 1).date()), st.sampled_from(IN_DIGITS)
)
def test_every_day_that_a_format_writes_is_read(day, form):
    text = day.strftime(form)
    assert quickly(text, form) == by_strptime(text, form) is not None


@given(st.from_regex(r"[+-]?[0-9]{1,7}([.,][0-9]{0,4}){0,2}( ?kg|%)?", fullmatch=True),
       st.sampled_from(["point", "comma"]))  # fmt: skip
def test_a_number_is_what_it_is_with_a_space_before_it(text, style):
    """A space in front is not read the quick way."""
    assert number_formats.parse_quantity(text, style) == number_formats.parse_quantity(
        f" {text}", style
    )


NUMBERS = ["1.5", "1,5", "1.234", "1,234", "12", "7", "x", "2,50", "3.25kg", "3,25kg"]


@given(st.dictionaries(st.sampled_from(NUMBERS), st.integers(1, 9), min_size=1))
def test_the_decimal_sign_is_the_one_that_reads_most_cells(cells):
    from collections import Counter

    words = Counter(cells)
    read = {
        style: number_formats.share_read(
            words, lambda w, s=style: number_formats.parse_quantity(w, s)
        )
        for style in ("point", "comma")
    }
    style = column_numbers._best_style(words)[0]
    if not column_numbers.are_thousands(words):
        assert style == ("comma" if read["comma"] > read["point"] else "point")
