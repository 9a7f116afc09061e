"""How well a text fits a language: by how often each letter comes in it, and beside which others.

A text that was read in the wrong code page has letters that its language lacks, signs inside words
and capitals behind small letters.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache, lru_cache

from .code_pages import CODE_PAGES, CodePage

MOST_WORDS = 500
STRANGE = -7.5  # a letter that the language does not have (natural logarithm of its likelihood)
PLAIN = -2.8  # an ASCII letter in a word: in some encodings it is half of another letter
SYMBOLS = "–’€°“”„«»£©‘…—•§²³µ±®½¼¾·×¿¡ºª№™¥、。・「」（），：；！？ー　"  # noqa: RUF001
INSIDE = "’'·-–‘ʼ・"  # noqa: RUF001 - what stands between the letters of a word
COMMON = "是否男女有无無不的一二三人中大小上下年月日高低好東南西北"  # of all East Asian texts
ASCII_PART = r"[0'A-Za-z-]*"
WORD = re.compile(rf"{ASCII_PART}(?:[^\x00-\x7f]{ASCII_PART})+")


def words_of(text: str) -> Counter[str]:
    """The different words with letters outside ASCII, and how often each comes.

    >>> words_of("Oslo,Łódź,12 Łódź")
    Counter({'Łódź': 2})
    """
    plain = re.sub(r"[0-9]+", "0", text)
    return Counter(dict(Counter(WORD.findall(plain)).most_common(MOST_WORDS)))


def evidence(words: Counter[str], page: CodePage) -> float:
    """The log-likelihood of words under the language of a page that fits best, less its prior.

    A word that comes a hundred times is hardly more evidence than one that comes once.

    >>> czech, french = (Counter([word]) for word in ("růže", "forêt"))
    >>> west, central = CODE_PAGES[:2]
    >>> evidence(czech, central) > evidence(czech, west), evidence(french, west) > -10
    (True, False)
    """
    weights = {word: 1 + math.log(count) for word, count in words.items()}
    fits = [
        sum(weight * _of_word(word, likely) for word, weight in weights.items())
        for likely in _likelihoods(page.name)
    ]
    return max(fits) - page.seldom


@lru_cache(maxsize=100_000)
def _of_word(word: str, likely: Likely) -> float:
    """The log-likelihood of a word's letters outside ASCII, each beside its neighbours."""
    around = f" {word} "
    return sum(
        likely(mark) + _misfit(before, mark, after)
        for before, mark, after in zip(around, around[1:], around[2:], strict=False)
        if mark > "\x7f"
    ) + PLAIN * sum(mark.isascii() and mark.isalpha() for mark in word)


def _misfit(before: str, mark: str, after: str) -> float:
    """What a letter's neighbours say against it: 0 for nothing, else below."""
    if not mark.isalpha() and not 0x300 <= ord(mark) <= 0x36F and not _is_asian(mark):
        between = before.isalpha() and after.isalpha() and mark not in INSIDE
        return -4.0 if between and not _has_no_case(before) else 0.0
    loss = 0.0
    if mark.isupper() and before.islower():
        loss -= 5.0
    if mark.islower() and before.isupper() and after.isupper():
        loss -= 3.0
    if (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha()):
        loss -= 0.0 if _is_latin(mark) or _is_asian(mark) else 4.0
    if not before.isalpha() and not after.isalpha() and not _is_ideograph(mark):
        loss -= 3.0  # a letter by itself
    if before.isdigit() or after.isdigit():
        loss -= 2.0
    if {before.lower(), mark.lower()} <= VOWELS:
        loss -= 2.0
    return loss - 4.0 * ((mark, after) in NEVER or (before, mark) in NEVER)


VOWELS = set("áàâäãåéèêëíìîïóòôöõúùûüýă")
# In Icelandic, þ never ends a word and ð never begins one: there another language was meant
NEVER = {("þ", " "), (" ", "ð"), (" ", "Ð")}


def _has_no_case(mark: str) -> bool:
    return mark.lower() == mark.upper()


def _is_latin(mark: str) -> bool:
    return ord(mark) < 0x250 or 0x1E00 <= ord(mark) < 0x1F00 or 0x300 <= ord(mark) <= 0x36F


def _is_ideograph(mark: str) -> bool:
    return _is_asian(mark) and not "\uff61" <= mark <= "\uff9f"


def _is_asian(mark: str) -> bool:
    return 0x2E80 <= ord(mark) <= 0xD7FF or 0xF900 <= ord(mark) <= 0xFAFF or ord(mark) > 0xFF00


class Likely:
    """The log-likelihood of a character, by the letters of a language (or of several)."""

    def __init__(self, shares: dict[str, float]):
        self._known = {mark: math.log(0.97 * share) for mark, share in shares.items()}
        for rank, mark in enumerate(SYMBOLS):
            self._known.setdefault(mark, -3.5 - 0.1 * rank)

    def __call__(self, mark: str) -> float:
        """How likely a character is, as a natural logarithm."""
        lower = "i" if mark == "İ" else mark.lower()
        if mark == "İ":
            return self._known.get("ı", STRANGE) - 1.0
        if lower in self._known:
            return self._known[lower]
        code = ord(mark)
        return -14.0 if code < 0xA0 or 0xE000 <= code < 0xF900 else STRANGE - 2 * (code > 0x24F)


def _shares(letters: str) -> dict[str, float]:
    """The share of each letter, by its rank."""
    weights = [1 / (rank + 1.5) for rank in range(len(letters))]
    return {mark: weight / sum(weights) for mark, weight in zip(letters, weights, strict=True)}


@cache
def _likelihoods(name: str) -> tuple[Likely, ...]:
    """The languages of a page one by one, and all of them in one file."""
    page = next(page for page in CODE_PAGES if page.name == name)
    if not page.languages:
        return (_Asian(name),)
    each = [_shares(letters) for letters in page.languages.values()]
    marks = set().union(*each)
    mixed = {mark: sum(one.get(mark, 0) for one in each) / len(each) for mark in marks}
    return tuple(map(Likely, [*each, mixed]))


class _Asian(Likely):
    """Characters of East Asia: common ones are those of the first level of their standard."""

    LEVELS = {  # a standard's codec, the first bytes of its common characters, their number
        "cp932": ("euc_jp", 0xB0, 0xCF, 2965),
        "euc_jp": ("euc_jp", 0xB0, 0xCF, 2965),
        "gb18030": ("gb2312", 0xB0, 0xD7, 3755),
        "cp950": ("big5", 0xA4, 0xC6, 5401),
        "big5hkscs": ("big5", 0xA4, 0xC6, 5401),
        "cp949": ("euc_kr", 0xB0, 0xC8, 2350),
    }

    def __init__(self, name: str):
        super().__init__({})
        self._name = name
        self._codec, self._first, self._last, many = self.LEVELS[name]
        self._common = -math.log(many / 4)  # a few hundred of them make most of a text

    def __call__(self, mark: str) -> float:
        """How likely a character is, as a natural logarithm."""
        if 0x3040 <= ord(mark) <= 0x30FF:
            return -4.0 if self._name in ("cp932", "euc_jp") else -11.0
        if 0xFF61 <= ord(mark) <= 0xFF9F:
            return -4.2  # katakana of half width: one byte in Shift-JIS
        if not _is_asian(mark):
            return super().__call__(mark) - 2.0
        return self._by_level(mark)

    def _by_level(self, mark: str) -> float:
        if mark in COMMON:
            return -3.5
        if mark in self._known:
            return self._known[mark]
        try:
            first = mark.encode(self._codec)[0]
        except UnicodeEncodeError:
            return -16.0
        return self._common if self._first <= first <= self._last else -12.0
