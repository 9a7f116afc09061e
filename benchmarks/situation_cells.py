"""Situations of cells: numbers, codes, words, booleans, dates and durations."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from .situation_table import ROWS, Situation

Words = Callable[[pd.Series], pd.Series]


# --- Values -------------------------------------------------------------------------------------


def amounts(random: np.random.Generator) -> pd.Series:
    """Sums of money, some below zero, some above a thousand."""
    return pd.Series(random.normal(2_400, 2_600, ROWS).round(2))


def positive(random: np.random.Generator) -> pd.Series:
    """Sums above zero."""
    return pd.Series(np.abs(random.normal(2_400, 2_600, ROWS)).round(2) + 0.05)


def large(random: np.random.Generator) -> pd.Series:
    """Sums of more than a lakh, here and there."""
    return pd.Series(random.uniform(900, 900_000, ROWS).round(2))


def gappy(random: np.random.Generator) -> pd.Series:
    """Sums with gaps."""
    return amounts(random).mask(random.random(ROWS) < 0.12)


def shares(random: np.random.Generator) -> pd.Series:
    """Shares of one."""
    return pd.Series(random.uniform(0.01, 0.99, ROWS).round(3))


def whole(random: np.random.Generator) -> pd.Series:
    """Whole numbers."""
    return pd.Series(random.integers(1, 9_000, ROWS))


def flags(random: np.random.Generator) -> pd.Series:
    """Yes or no."""
    return pd.Series(np.where(random.random(ROWS) < 0.45, "yes", "no"))


def seconds(random: np.random.Generator) -> pd.Series:
    """Durations in whole minutes and seconds."""
    return pd.Series(random.integers(65, 7_000, ROWS))


def minutes(random: np.random.Generator) -> pd.Series:
    """Durations in seconds that are whole minutes."""
    return pd.Series(random.integers(2, 400, ROWS) * 60)


def days(random: np.random.Generator, first: str = "2019-01-01", span: int = 1_800) -> pd.Series:
    """Days."""
    return pd.Series(pd.Timestamp(first) + pd.to_timedelta(random.integers(0, span, ROWS), "D"))


def moments(random: np.random.Generator) -> pd.Series:
    """Moments of whole minutes."""
    some = pd.to_timedelta(random.integers(0, 2_000_000, ROWS), "min")
    return pd.Series(pd.Timestamp("2019-03-01") + some)


def levels(*words: str, gaps: float = 0.0) -> Callable:
    """Words or codes, a few of them, each often."""

    def draw(random: np.random.Generator) -> pd.Series:
        found = pd.Series(random.choice(words, ROWS))
        return found.mask(random.random(ROWS) < gaps) if gaps else found

    return draw


# --- Forms --------------------------------------------------------------------------------------


def plain(values: pd.Series) -> pd.Series:
    """Numbers as Python writes them, words as they are, days by ISO; gaps are empty."""
    if pd.api.types.is_datetime64_any_dtype(values):
        whole_days = (values == values.dt.normalize()).all()
        return values.dt.strftime("%Y-%m-%d" if whole_days else "%Y-%m-%d %H:%M:%S")
    return values.map(str).mask(values.isna())


def each(write: Callable) -> Words:
    """A form that is written value by value."""
    return lambda values: values.map(write, na_action="ignore").astype("str")


def some(write: Callable, every: int = 3) -> Words:
    """A form of every so-manieth value; the others are plain."""

    def written(values: pd.Series) -> pd.Series:
        odd = each(write)(values)
        return plain(values).where(np.arange(len(values)) % every > 0, odd)

    return written


def dated(form: str) -> Words:
    """Dates by a form."""
    return lambda values: values.dt.strftime(form)


def renamed(**words: str) -> Words:
    """Words as others."""
    return lambda values: values.map(words).mask(values.isna())


def grouped(value: float, thousands: str, point: str) -> str:
    """A number with separators."""
    return f"{value:,.2f}".replace(",", "T").replace(".", point).replace("T", thousands)


def lakh(value: float) -> str:
    """A number with the groups of India: 12,34,567.89."""
    text, cents = f"{value:.2f}".split(".")
    head, tail = text[:-3], text[-3:]
    groups = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return ",".join([*groups, tail]) + f".{cents}"


def behind(value: float, mark: str = "-", plus: str = "") -> str:
    """A number with its sign behind it."""
    return f"{abs(value):.2f}{mark if value < 0 else plus}"


def in_digits(value: float, zero: str) -> str:
    """A number in the digits of another script."""
    return "".join(chr(ord(zero) + int(c)) if c.isdigit() else c for c in f"{value:.2f}")


def clock(value: int, form: str = "m:s") -> str:
    """Seconds as a clock shows them."""
    hours, left = divmod(int(value), 3600)
    minute, second = divmod(left, 60)
    forms = {
        "m:s": f"{int(value) // 60}:{second:02}", "h:m:s": f"{hours}:{minute:02}:{second:02}",
        "h:m": f"{hours}:{minute:02}", "words": f"{hours}h {minute:02}m {second:02}s",
        "iso": f"PT{hours}H{minute}M{second}S",
        "python": f"0 days {hours:02}:{minute:02}:{second:02}",
        "minutes": f"{int(value) // 60} min", "long": f"{hours} hours {minute} minutes",
        "apart": f"{hours}h{minute:02}",
    }  # fmt: skip
    return forms[form]


def mixed_units(values: pd.Series) -> pd.Series:
    """Weights in kilograms, every fourth in grams."""
    grams = each(lambda v: f"{v * 1000:.0f} g")(values)
    kilograms = each(lambda v: f"{v:.2f} kg")(values)
    return kilograms.where(np.arange(len(values)) % 4 > 0, grams)


def months_of(names: str, form: str) -> Words:
    """Dates with the months of a language."""
    words = names.split()
    return each(lambda day: form.format(d=day.day, m=words[day.month - 1], y=day.year))


def _number(name: str, odd: Words, values=amounts, known: str = "clean") -> Situation:
    return Situation(name, "numbers", values, plain, odd, known)


def _code(
    name: str, values, odd: Words = plain, clean: Words = plain, known="clean", trains=True
) -> Situation:
    return Situation(name, "codes and words", values, clean, odd, known, trains=trains)


def _date(name: str, odd: Words, values=days, known: str = "clean") -> Situation:
    return Situation(name, "dates and durations", values, plain, odd, known, column="signal_date")


def _time(name: str, odd: Words, values=seconds) -> Situation:
    return Situation(name, "dates and durations", values, plain, odd, column="signal_time")


FRENCH = "janv. févr. mars avril mai juin juil. août sept. oct. nov. déc."
RUSSIAN = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"

NUMBERS = (
    _number("a decimal comma", each(lambda v: f"{v:.2f}".replace(".", ","))),
    _number("12,345.67", each(lambda v: grouped(v, ",", "."))),
    _number("12.345,67", each(lambda v: grouped(v, ".", ","))),
    _number("CHF 12’345.67", each(lambda v: "CHF " + grouped(v, "’", "."))),
    _number("12 345,67 with a narrow blank", each(lambda v: grouped(v, "\u202f", ","))),
    _number("12'345.67", each(lambda v: grouped(v, "'", "."))),
    _number("12_345.67", each(lambda v: grouped(v, "_", "."))),
    _number("lakhs, 12,34,567.89", each(lakh), large),
    _number("minus behind, 1303.16-", each(behind)),
    _number("minus in brackets, (1,303.16)",
            each(lambda v: f"({-v:,.2f})" if v < 0 else f"{v:,.2f}")),
    _number("CR and DR behind", each(partial(behind, mark=" CR", plus=" DR"))),
    _number("$- for nothing", each(lambda v: "$-" if v < 300 else f"${v:,.2f}"), positive),
    _number("a true minus sign, −12.50", each(lambda v: f"{v:.2f}".replace("-", "−"))),
    _number("€ behind, a comma", each(lambda v: f"{v:.2f} €".replace(".", ",")), positive),
    _number("currency as code, 12.50 EUR", each(lambda v: f"{v:.2f} EUR"), positive),
    _number("percent", each(lambda v: f"{100 * v:.1f}%"), shares),
    _number("percent among shares", some(lambda v: f"{100 * v:.1f} %"), shares),
    _number("scientific, 1.2345E+03", each(lambda v: f"{v:.6E}")),
    _number("thousands as k, 2.40123k", each(lambda v: f"{v / 1000:.5f}k")),
    _number("a unit, 2400.5 kg", each(lambda v: f"{v:.2f} kg"), positive),
    _number("two units, kg and g", mixed_units, positive, "odd"),
    _number("a unit in some cells, 2400.5 kg", some(lambda v: f"{v:.2f} kg", 4), positive),
    _number("full-width digits", each(lambda v: in_digits(v, "\uff10"))),
    _number("Arabic digits", each(lambda v: in_digits(v, "\u0660").replace(".", "\u066b"))),
    _number("Devanagari digits", each(lambda v: in_digits(v, "\u0966"))),
    _number("an apostrophe in front, '12.5", each(lambda v: f"'{v:.2f}")),
    _number('a formula around, ="12.5"', each(lambda v: f'="{v:.2f}"')),
    _number("a plus in front", each(lambda v: f"{v:+.2f}")),
    _number("a letter of status behind, 12.5 p", some(lambda v: f"{v:.2f} p", 5)),
    _number("a star behind, 12.5*", some(lambda v: f"{v:.2f}*", 5)),
    _number("a footnote behind, 12.5[1]", some(lambda v: f"{v:.2f}[1]", 5)),
    _number("about, ~12.5", some(lambda v: f"~{v:.2f}", 5)),
    _number("no-break blanks around", each(lambda v: f"\u00a0{v:.2f}\u00a0")),
    _number("-999 for missing", lambda v: plain(v.fillna(-99999)), gappy),
    _number("#N/A, #DIV/0! for missing", lambda v: plain(v).fillna("#DIV/0!"), gappy),
    _number(". for missing", lambda v: plain(v).fillna("."), gappy),
    _number(": for missing", lambda v: plain(v).fillna(":"), gappy),
    _number("k. A. for missing", lambda v: plain(v).fillna("k. A."), gappy),
    _number("nan, NaN, inf for missing", lambda v: plain(v).fillna("inf"), gappy),
    _number("\\N for missing", lambda v: plain(v).fillna("\\N"), gappy),
    _number("(null) for missing", lambda v: plain(v).fillna("(null)"), gappy),
    _number("not available for missing", lambda v: plain(v).fillna("not available"), gappy),
    _number("whole numbers as 12.0", each(lambda v: f"{v}.0"), whole),
    _number("whole numbers with points, 1.234", each(lambda v: f"{v:,}".replace(",", ".")), whole),
    _number("whole numbers with commas, 1,234", each(lambda v: f"{v:,}"), whole),
    _number("zeros in front, 00123", each(lambda v: f"{v:06}"), whole),
)  # fmt: skip

CODES = (
    _code("codes 1E6, 5E4", levels("1E6", "5E4", "2E3", "7E1", "3E2"), known="odd",
          clean=renamed(**{"1E6": "a", "5E4": "b", "2E3": "c", "7E1": "d", "3E2": "e"})),
    _code("versions 1.10, 1.9", levels("1.10", "1.9", "2.0", "1.1", "1.2"), known="odd",
          clean=renamed(**{"1.10": "a", "1.9": "b", "2.0": "c", "1.1": "d", "1.2": "e"})),
    _code("ZIP codes 02134", levels("02134", "10001", "01970", "30301", "00501"), known="odd",
          clean=renamed(**{"02134": "a", "10001": "b", "01970": "c", "30301": "d", "00501": "e"})),
    _code("ZIP codes robbed of their zeros", levels("02134", "10001", "01970", "30301", "00501"),
          each(lambda v: v.lstrip("0")), trains=False),
    _code("long numbers beside gaps", levels("90071992547409931", "90071992547409933",
          "90071992547409937", gaps=0.1), known="odd",
          clean=renamed(**{"90071992547409931": "a", "90071992547409933": "b",
                           "90071992547409937": "c"})),
    _code("NA among regions", levels("NA", "EMEA", "APAC", "LATAM"), known="odd",
          clean=renamed(NA="x", EMEA="EMEA", APAC="APAC", LATAM="LATAM")),
    _code("None for no garage", levels("None", "Attached", "Detached", "Carport"), known="odd",
          clean=renamed(None_="x", Attached="Attached", Detached="Detached", Carport="Carport",
                        **{"None": "x"})),
    _code("unknown as an answer", levels("unknown", "cellular", "telephone"), known="odd",
          clean=renamed(unknown="x", cellular="cellular", telephone="telephone")),
    _code("TRUE, FALSE and UNKNOWN as words", levels("TRUE", "FALSE", "BOTH"), known="odd",
          clean=renamed(TRUE="x", FALSE="y", BOTH="z")),
    _code("classes 1, 2, 3 as 1.0, 2.0", levels("1", "2", "3", "U"),
          each(lambda v: v if v == "U" else v + ".0")),
    _code("Mar-05 and 1-2 that a spreadsheet made dates", levels("1-2", "3-4", "5-6", "7-8"),
          renamed(**{"1-2": "2-Jan", "3-4": "4-Mar", "5-6": "6-May", "7-8": "8-Jul"})),
    _code("genes MARCH1 as 1-Mar", levels("MARCH1", "SEPT2", "DEC1", "TP53"),
          renamed(MARCH1="1-Mar", SEPT2="2-Sep", DEC1="1-Dec", TP53="TP53")),
    _code("other case and blanks", levels("Rome", "Oslo", "Lima", "Bern"),
          each(lambda v: f" {v.upper()}  ")),
    _code("no-break blanks within", levels("New York", "Los Angeles", "San Jose"),
          each(lambda v: v.replace(" ", "\u00a0"))),
    _code("a soft hyphen, a zero-width blank", levels("Rome", "Oslo", "Lima"),
          each(lambda v: v[:2] + "\u200b" + v[2:])),
    _code("letters and accents apart (NFD)", levels("Köln", "Málaga", "Liège", "Oslo"),
          each(lambda v: unicodedata.normalize("NFD", v))),
    _code("mojibake, KÃ¶ln", levels("Köln", "Málaga", "Liège", "Oslo"),
          each(lambda v: v.encode().decode("cp1252"))),
    _code("HTML entities, R&amp;D", levels("R&D", "Sales", "Q&A", "Legal"),
          each(lambda v: v.replace("&", "&amp;"))),
    _code("curly apostrophes, O’Neill", levels("O'Neill", "D'Arcy", "Smith"),
          each(lambda v: v.replace("'", "’"))),
    _code("another dash, A–1", levels("A-1", "A-2", "B-1"), each(lambda v: v.replace("-", "–"))),
    _code("quotes left in, \"Rome\"", levels("Rome", "Oslo", "Lima"), each(lambda v: f'"{v}"')),
    _code("Cyrillic letters that look Latin", levels("CAB", "BAC", "XYZ"),
          some(lambda v: v.replace("A", "А").replace("C", "С"), 2)),
    _code("Japanese half-width letters", levels("カメラ", "テレビ", "ラジオ"),
          renamed(**{"カメラ": "ｶﾒﾗ", "テレビ": "ﾃﾚﾋﾞ", "ラジオ": "ﾗｼﾞｵ"})),
    _code("full-width letters, ＡＢ１", levels("AB1", "AB2", "CD1"),
          each(lambda v: "".join(chr(ord(c) + 0xFEE0) for c in v))),
    _code("levels never seen", levels("Rome", "Oslo", "Lima", "Bern"),
          each(lambda v: v if v != "Bern" else "Berne")),
    _code("bytes as Python writes them, b'Rome'", levels("Rome", "Oslo", "Lima"),
          each(lambda v: f"b'{v}'")),
    _code("lists of one, ['Rome']", levels("Rome", "Oslo", "Lima"), each(lambda v: f"['{v}']")),
    *(_code(f"yes and no as {yes} and {no or 'empty'}", flags, renamed(yes=yes, no=no))
      for yes, no in (("True", "False"), ("1.0", "0.0"), ("t", "f"), ("Y", "N"), ("-1", "0"),
                      ("ja", "nein"), ("on", "off"), ("✓", "✗"), ("x", ""), ("SIM", "NÃO"),
                      ("VRAI", "FAUX"), ("예", "아니오"))),
)  # fmt: skip

DATES = (
    _date("23/07/2023", dated("%d/%m/%Y")),
    _date("07/23/2023", dated("%m/%d/%Y")),
    _date("23.07.23", dated("%d.%m.%y")),
    _date("20230723", dated("%Y%m%d")),
    _date("23-Jul-23", dated("%d-%b-%y")),
    _date("July 23, 2023", dated("%B %d, %Y")),
    _date("23JUL2023", each(lambda d: d.strftime("%d%b%Y").upper())),
    _date("2023/7/3", each(lambda d: f"{d.year}/{d.month}/{d.day}")),
    _date("French months", months_of(FRENCH, "{d} {m} {y}")),
    _date("Russian months", months_of(RUSSIAN, "{d} {m} {y} г.")),
    _date("2023年7月23日", each(lambda d: f"{d.year}年{d.month}月{d.day}日")),
    _date("a spreadsheet's day numbers",
          each(lambda d: str((d - pd.Timestamp("1899-12-30")).days))),
    _date("day numbers of 1904", each(lambda d: str((d - pd.Timestamp("1904-01-01")).days))),
    _date("epochs in seconds", each(lambda d: str(int(d.timestamp())))),
    _date("epochs in microseconds", each(lambda d: str(int(d.timestamp() * 1_000_000)))),
    _date("epochs in nanoseconds", each(lambda d: str(int(d.timestamp()) * 10**9))),
    _date("epochs as 1.69E+09 floats", each(lambda d: str(float(d.timestamp())))),
    _date("ISO with T and Z", dated("%Y-%m-%dT%H:%M:%SZ"), moments),
    _date("an offset, +02:00", each(lambda d: (d + pd.Timedelta("2h")).strftime(
          "%Y-%m-%dT%H:%M:%S+02:00")), moments),
    _date("12 hours, AM and PM", dated("%m/%d/%Y %I:%M:%S %p"), moments),
    _date("Oracle, 05-MAR-24 10.00.00 AM", each(lambda d: d.strftime(
          "%d-%b-%y %I.%M.%S.000000000 %p").upper()), moments),
    _date("20230723T101500", dated("%Y%m%dT%H%M%S"), moments),
    _date("20230723101500", dated("%Y%m%d%H%M%S"), moments),
    _date("RFC 2822, Sun, 23 Jul 2023", dated("%a, %d %b %Y %H:%M:%S +0000"), moments),
    _date("ctime, Sun Jul 23 10:15:00 2023", dated("%a %b %d %H:%M:%S %Y"), moments),
    _date("Apache log, 23/Jul/2023:10:15:00", dated("%d/%b/%Y:%H:%M:%S +0000"), moments),
    _date("midnight as 24:00", each(lambda d: f"{d - pd.Timedelta('1D'):%Y-%m-%d} 24:00:00")),
    _date("day of the year, 2023-204", dated("%Y-%j")),
    _date("week dates, 2023-W29-7", dated("%G-W%V-%u")),
    _date("quarters, 2023Q3", each(lambda d: f"{d.year}Q{d.quarter}"),
          lambda r: days(r).dt.to_period("Q").dt.start_time),
    _date("quarters, Q3 2023", each(lambda d: f"Q{d.quarter} {d.year}"),
          lambda r: days(r).dt.to_period("Q").dt.start_time),
    _date("months, Jul-23", dated("%b-%y"), lambda r: days(r).dt.to_period("M").dt.start_time),
    _date("months, 202307", dated("%Y%m"), lambda r: days(r).dt.to_period("M").dt.start_time),
    _date("Buddhist years, 23/07/2566", each(lambda d: f"{d:%d/%m}/{d.year + 543}")),
    _date("Japanese years, R5.7.23", each(lambda d: f"R{d.year - 2018}.{d.month}.{d.day}"),
          partial(days, first="2019-06-01")),
    _date("years of Taiwan, 112/07/23", each(lambda d: f"{d.year - 1911}/{d:%m/%d}")),
    _date("births of two digits, 26/03/42", dated("%d/%m/%y"),
          partial(days, first="1930-01-01", span=20_000)),
    _date("three forms in a column", lambda v: pd.concat([dated(f)(v[n::3]) for n, f in
          enumerate(("%Y-%m-%d", "%d.%m.%Y", "%d %B %Y"))]).sort_index()),
    _date("0000-00-00 for missing", lambda v: plain(v).fillna("0000-00-00"),
          lambda r: days(r).mask(r.random(ROWS) < 0.1)),
    _time("durations, 65:03 as m:s", each(clock), seconds),
    _time("durations, 1:05:03", each(partial(clock, form="h:m:s")), seconds),
    _time("durations, 1h 05m 03s", each(partial(clock, form="words")), seconds),
    _time("durations, PT1H5M3S", each(partial(clock, form="iso")), seconds),
    _time("durations, 0 days 01:05:03", each(partial(clock, form="python")), seconds),
    _time("durations, 65 min", each(partial(clock, form="minutes")), minutes),
    _time("durations, 1 hours 5 minutes", each(partial(clock, form="long")), minutes),
    _time("durations, 1h05", each(partial(clock, form="apart")), minutes),
)  # fmt: skip

CELLS = NUMBERS + CODES + DATES
