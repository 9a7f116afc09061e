"""Dates as people write them, in the plain form that a format reads: `5 mars 2024` as `5 Mar 2024`.

Months have names in a dozen languages; a weekday, an ordinal (`5th`), small words (`5 de mayo de
2024`), characters (`2024年3月5日`) and a time in front are no part of the date.
"""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST_DATE = 60  # letters
_NAMES = {
    "Jan": "january januar januari janvier enero janeiro gennaio styczeń stycznia январь января "
           "ocak leden ledna jan janv ene gen sty янв oca",
    "Feb": "february februar februari février fevrier febrero fevereiro febbraio luty lutego "
           "февраль февраля şubat února feb févr fév fev lut фев февр şub",
    "Mar": "march märz maerz maart mars marzo março marco marzec marca март марта mart března mar "
           "mär mrz mrt",
    "Apr": "april avril abril aprile kwiecień kwietnia апрель апреля nisan dubna apr avr abr kwi "
           "апр nis",
    "May": "may mai mei mayo maio maggio maj maja май мая mayıs května mag",
    "Jun": "june juni juin junio junho giugno czerwiec czerwca июнь июня haziran června jun giu "
           "cze июн haz",
    "Jul": "july juli juillet julio julho luglio lipiec lipca июль июля temmuz července jul juil "
           "lug lip июл tem",
    "Aug": "august augustus augusti août aout agosto sierpień sierpnia август августа ağustos "
           "srpna aug ago sie авг ağu",
    "Sep": "september septembre septiembre setembro settembre wrzesień września сентябрь сентября "
           "eylül září sep sept set wrz сен сент eyl",
    "Oct": "october oktober octobre octubre outubro ottobre październik października октябрь "
           "октября ekim října oct okt out ott paź окт eki",
    "Nov": "november novembre noviembre novembro listopada ноябрь ноября kasım listopadu nov lis "
           "ноя нояб kas",
    "Dec": "december dezember décembre decembre diciembre dezembro dicembre grudzień grudnia "
           "декабрь декабря aralık prosince dec dez déc dic gru дек ara",
}  # fmt: skip
MONTHS = {name: month for month, names in _NAMES.items() for name in names.split()}
_SMALL = re.compile(r"(?i)\b(?:de|del|di|of|the|den|der|le|el|il|г|года|r|roku)\b\.?")
_TIME = re.compile(
    r"(\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,6})?)?(?:\s*[AaPp]\.?[Mm]\.?)?"
    r"(?:\s*(?:Z|GMT|UTC|[+-]\d{2}:?\d{2}))?)"
)
_CHARACTERS = str.maketrans({"年": "/", "月": "/", "日": " ", "년": "/", "월": "/", "일": " "})
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|er|e|º|ª|\.)(?![^\W\d])")
_WORD = re.compile(r"[^\W\d_]+")
_DAY_FIRST = re.compile(r"(\d{1,2})[\s.,/-]*([A-Z][a-z]{2})[\s.,'/-]*(\d{4}|\d{2})")
_MONTH_FIRST = re.compile(r"([A-Z][a-z]{2})[\s.,]*(\d{1,2})[\s,]+(\d{4})")
_MONTH_ALONE = re.compile(r"([A-Z][a-z]{2})[\s.,'-]*(\d{4})")
_QUARTER = re.compile(r"(\d{4})[ -]?[Qq]([1-4])|[Qq]([1-4])[ /-]?(\d{4})")
_OF_LOGS = re.compile(r"(\d\d/[A-Z][a-z]{2}/\d{4}):(\d\d:\d\d:\d\d)(?= |$)")
_OF_ORACLE = re.compile(
    r"(?i)(\d{1,2}-[a-z]{3}-\d{2,4}) (\d{1,2})\.(\d\d)\.(\d\d)(?:\.\d+)?(?= |$)"
)
_DOTTED = re.compile(r"(\d{4})\.\s?(\d{1,2})\.\s?(\d{1,2})\.?")


@lru_cache(maxsize=8_192)
def in_plain_form(text: str) -> str:
    """A date in the form that a format reads, a time behind it; other texts as they are.

    >>> in_plain_form("29. Juni 2023"), in_plain_form("Tue, 5 Mar 2024 10:00 GMT")
    ('29 Jun 2023', '5 Mar 2024 10:00 GMT')
    >>> in_plain_form("2024年3月5日"), in_plain_form("9:30 05/03/2024"), in_plain_form("Mayfair 3")
    ('2024/3/5', '05/03/2024 9:30', 'Mayfair 3')
    """
    if len(text) > LONGEST_DATE or not any(mark.isdigit() for mark in text):
        return text
    if quarter := _QUARTER.fullmatch(text):
        return _first_month(*filter(None, quarter.groups()))
    return _day_first(_OF_ORACLE.sub(r"\1 \2:\3:\4", _OF_LOGS.sub(r"\1 \2", text)))


def _day_first(text: str) -> str:
    """A date in plain form, its time behind it; other texts as they are."""
    clock = _TIME.search(text)
    day = text.replace(clock[0], " ", 1).strip(" ,T") if clock else text
    plain = _plain_day(day)
    if plain == day and not (clock and text.startswith(clock[0])):
        return text
    return f"{plain} {clock[0]}" if clock else plain


def _first_month(one: str, other: str) -> str:
    """The first month of a quarter, which is named before its year or after it."""
    year, number = sorted((one, other), key=len, reverse=True)
    return f"{year}/{3 * int(number) - 2}"


def _plain_day(day: str) -> str:
    if dotted := _DOTTED.fullmatch(day):
        return ".".join(dotted.groups())
    if not day.isascii() and (drawn := day.translate(_CHARACTERS)) != day:
        return "/".join(part.strip() for part in drawn.split("/"))
    words = [word for word in _WORD.findall(day) if word.casefold() in MONTHS]
    if len(words) != 1:
        return day
    numbers = _ORDINAL.sub(" ", _SMALL.sub(" ", day))
    named = numbers.replace(words[0], MONTHS[words[0].casefold()], 1)
    return _in_order(named) or day


def _in_order(named: str) -> str:
    """Day, month and year, or month and year, of a text with a month's short name."""
    if match := _DAY_FIRST.search(named):
        day, month, year = match.groups()
    elif match := _MONTH_FIRST.search(named):
        month, day, year = match.groups()
    elif match := _MONTH_ALONE.fullmatch(named.strip(" .,")):
        return " ".join(match.groups())
    else:
        return ""
    mark = " " if len(year) == 4 else "-"
    return mark.join((day, month, year)) if _stands_alone(match, mark == "-") else ""


def _stands_alone(match: re.Match, is_short: bool) -> bool:
    """Whether a date has nothing beside it but the name of a weekday."""
    before = match.string[: match.start()].strip(" .,")
    behind = match.string[match.end() :].strip(" .,")
    return not behind and (not before or (not is_short and _is_weekday(before)))


def _is_weekday(before: str) -> bool:
    """Whether what stands before a date is one word, which may be its weekday (segunda-feira)."""
    return bool(_WORD.fullmatch(before.replace("-", "")))
