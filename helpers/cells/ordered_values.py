"""Texts that have an order: ranges (`18-29`, `65+`), versions (`1.10`), words (low, high)."""

from __future__ import annotations

import re
from collections import Counter

from .codes_like_numbers import are_versions
from .number_formats import parse_beyond, parse_quantity, scaled
from .times_of_day import Found

MOST_RANGES = 100  # different ones: age bands are few, the pages of articles are many
REPEATED = 3  # cells that a range has on average, at least
FEWEST_WORDS = 3  # of a scale, unless its two words are opposite ends
_SPAN = re.compile(r"(.*?\d[\d.,]*\s?[^\d\s]{0,12}?)\s*(?:-|\bto\b|\.\.)\s*(\D{0,4}\d.*)")
_VERSION = re.compile(
    r"(?i)(?:v(?:er|ersion)?\.?\s?)?(\d{1,4}(?:\.\d{1,4}){1,2})((?:-|\.)?(?:a|b|rc|alpha|beta)\.?\d*)?"
)
_INTERVAL = re.compile(r"[\[(\]]\s*(-?[^-,;\s]+)\s*[,;-]\s*(\+?[^-,;\s]+)\s*[\])\[]")
_ENDLESS = ("inf", "infinity", "∞", "")
_OPEN_END = float("inf")

# Words in their order, one scale a line; a bar parts words for the same step.
_SCALES = """
    none, very low, low|lo, medium|moderate|mid|med|middle|average, high|hi, very high, extreme
    minimal|negligible, mild|slight, moderate, severe, critical|very severe
    never, rarely|seldom, sometimes|occasionally, often|frequently|usually, very often, always
    strongly disagree, disagree, neutral|undecided|neither|not sure, agree, strongly agree
    very dissatisfied, dissatisfied, neutral|neither, satisfied, very satisfied
    very unlikely, unlikely, neutral|undecided, likely, very likely
    very poor, poor, fair|average, good, very good, excellent|outstanding
    very bad, bad, ok|okay|average|fair, good, very good, excellent|great
    xxs, xs|extra small, s|small, m|medium, l|large, xl|extra large, xxl|2xl, xxxl|3xl
    tiny, small, medium, large|big, huge|very large
    beginner|novice, intermediate, advanced, expert
    trainee|intern, junior, mid|middle|intermediate, senior, lead|principal
    bronze, silver, gold, platinum, diamond
    child, teenager|teen|adolescent, adult, senior|elderly
    daily, weekly, biweekly|fortnightly, monthly, quarterly, yearly|annually|annual
    first, second, third, fourth, fifth
    1st, 2nd, 3rd, 4th, 5th, 6th, 7th, 8th, 9th, 10th
    slow, medium|moderate, fast, very fast
    not important, slightly important, moderately important|important, very important
    cold, cool, mild|warm, hot
"""


def _ranks_of_scales() -> list[dict[str, int]]:
    """By scale, the step of each of its words."""
    return [
        {
            word: step
            for step, words in enumerate(line.split(","))
            for word in words.strip().split("|")
        }
        for line in _SCALES.strip().splitlines()
    ]


SCALES = _ranks_of_scales()


def ranks_of(words: Counter) -> list[str]:
    """The words of a column in their order, of the scale that has them all; [] where none has.

    Three steps at least, for "high" and "low" by themselves are two names; 2 % of the cells may
    hold another word.

    >>> ranks_of(Counter({"High": 4, "low": 5, "Medium": 1}))
    ['low', 'Medium', 'High']
    """
    if len(words) > 3 * max(map(len, SCALES)):
        return []
    for scale in SCALES:
        known = [word for word in words if word.casefold() in scale]
        steps = {scale[word.casefold()] for word in known}
        cells = sum(words[word] for word in known)
        if len(steps) >= FEWEST_WORDS and cells >= 0.98 * words.total():
            return sorted(known, key=lambda word: (scale[word.casefold()], word))
    return []


def parse_range(text: str, style: str = "point") -> Found | None:
    """A range or an open end in one form: `low-high`, `low+` or `<high`; None for none.

    >>> parse_range("$50,000 - $99,999").value, parse_range("65 and over").value
    ('50000-99999', '65+')
    >>> parse_range("29-18"), parse_range("5")
    (None, None)
    >>> [parse_range(one).value for one in ("[60, 70)", "(17.0, 30.0]", "[65, inf)")]
    ['60-70', '17-30', '65+']
    """
    text = _without_brackets(re.sub("[\u2010-\u2015\u2212]", "-", text))
    if open_end := parse_beyond(text, style):
        value = _number(scaled(open_end[0], _magnitude(open_end[1])))
        return Found(f"<{value}" if open_end[2] == "<" else f"{value}+", True)
    if not (match := _SPAN.fullmatch(text)):
        return None
    low, high = (parse_quantity(part, style) for part in match.groups())
    if not low or not high:
        return None
    return _span(low, high)


def _without_brackets(text: str) -> str:
    """An interval as mathematics (and `pandas.cut`) writes it, `[60, 70)`, as a range."""
    if not (match := _INTERVAL.fullmatch(text)):
        return text
    low, high = match.groups()
    if high.casefold().lstrip("+") in _ENDLESS:
        return f"{low}+"
    return f"<{high}" if low.casefold().lstrip("-") in _ENDLESS else f"{low}-{high}"


def _span(low: tuple[float, str], high: tuple[float, str]) -> Found | None:
    """Two quantities as a range; a k behind the second is of both."""
    low, high = (scaled(value, _magnitude(own or high[1])) for value, own in (low, high))
    return Found(f"{_number(low)}-{_number(high)}", True) if 0 <= low < high else None


def _magnitude(unit: str) -> str:
    """A unit that stands for thousands or more; metres, bytes and tonnes do not."""
    return "" if unit.casefold() in ("m", "b", "t") else unit


def _number(value: float) -> str:
    return f"{value:.12g}"


def ends_of(value: str) -> tuple[float, float]:
    """The low and the high end of a range in its canonical form; an open end is infinite.

    >>> ends_of("18-29"), ends_of("65+"), ends_of("<18")
    ((18.0, 29.0), (65.0, inf), (-inf, 18.0))
    """
    if value.startswith("<"):
        return -_OPEN_END, float(value[1:])
    if value.endswith("+"):
        return float(value[:-1]), _OPEN_END
    low, _, high = value.partition("-")
    return float(low), float(high)


def low_and_middle(value: str) -> tuple[float, float]:
    """The low end and the middle of a range; of an open one, its only end for both.

    >>> low_and_middle("18-30"), low_and_middle("65+")
    ((18.0, 24.0), (65.0, 65.0))
    """
    low, high = ends_of(value)
    if -_OPEN_END in (low, high) or _OPEN_END in (low, high):
        end = high if low == -_OPEN_END else low
        return end, end
    return low, (low + high) / 2


def are_ranges(words: Counter, name: str, found: dict[str, Found]) -> bool:
    """Whether words that mostly read as ranges are bands of one amount: few, each in many cells."""
    spans = [one for one in found.values() if "-" in one.value]
    few = len(words) <= MOST_RANGES and REPEATED * len(words) <= words.total()
    return few and len(spans) >= 2 and 2 * len(spans) >= len(found)


def parse_version(text: str) -> Found | None:
    """A version number without the v in front; None for another text.

    >>> parse_version("v1.10.2").value, parse_version("1.2.3.4")
    ('1.10.2', None)
    """
    match = _VERSION.fullmatch(text)
    if not match:
        return None
    return Found(match[1] + (match[2] or "").casefold(), True)


def order_of_version(value: str) -> float:
    """A number that is larger for a later version; a release comes after its candidates.

    >>> order_of_version("1.10") > order_of_version("1.9.4") > order_of_version("1.9.4-rc1")
    True
    """
    match = _VERSION.fullmatch(value)
    parts = [int(part) for part in match[1].split(".")] + [0]
    number = parts[0] * 1e8 + parts[1] * 1e4 + parts[2]
    return number - (0.5 if match[2] else 0)


def are_version_numbers(words: Counter, name: str, found: dict[str, Found]) -> bool:
    """Whether words that read as versions are such: of three parts, with a v, or so called."""
    of_three = sum(one.value.count(".") == 2 for one in found.values())
    with_v = sum(word[0] in "vV" for word in found)
    return 2 * (of_three + with_v) >= len(words) or are_versions(list(found), name)


RANGE_PARTS = {
    "low": lambda value: low_and_middle(value)[0],
    "middle": lambda value: low_and_middle(value)[1],
}
