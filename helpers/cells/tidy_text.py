"""One value at a time: what a text says, as a number, a date, a yes or no, or nothing at all.

Everything here depends on the value and the named format alone, so that a row is read the same
by itself, in a batch of a million and behind the API.
"""

from __future__ import annotations

import re
import unicodedata

from .typeset_numbers import kept_apart

_SIGNED = re.compile(
    r"\w[+#*<>]|(?<!\w)[-+#*<>!~]\w|\w-(?!\w)|\s[-+#*<>](\s|$)"
)  # A+ and A-, C# and C++, -x and x
# Letters of a number, a date or a code: a longer cell is text, and patterns take long over it
LONGEST = 400
DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_QUOTES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc\u00b4`", "'") | dict.fromkeys("\u201c\u201d", '"')
)
_UNSEEN = str.maketrans(dict.fromkeys("\u200b\u2060\ufeff\u00ad"))
# Joiners (zero width) belong to words of scripts that join letters, and between emoji.
_JOINED = (
    "\u0600-\u0eff\u1000-\u109f\u1780-\u18af\ufb50-\ufefc\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
)
_VIRAMAS = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
_STRAY = re.compile(
    f"(?<![{_JOINED}])[\u200c\u200d]+|(?<![{_VIRAMAS}])[\u200c\u200d]+(?![{_JOINED}\u200c\u200d])"
)
# Letters of two scripts that look the same: a word that has both was typed with a wrong keyboard
_LOOKS = ("ABCEHIKMOPTXaceiopxyjs", "АВСЕНІКМОРТХасеіорхујѕ")
_TO_LATIN, _TO_CYRILLIC = str.maketrans(*_LOOKS[::-1]), str.maketrans(*_LOOKS)
_CYRILLIC, _LATIN, _WORD = (re.compile(p) for p in ("[\u0400-\u04ff]", "[A-Za-z]", r"\w+"))
TIDY_ASCII = r"[!-~]+( [!-~]+)*"  # what is tidy as it stands
_BLANKS = re.compile(r"[ \t\r\n]+")
# The first byte of a UTF-8 letter read as a letter of its own, followed by what its second became.
_MOJIBAKE = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac"
    "\u2122]"
)


def tidy(text: str) -> str:
    """Text in one Unicode form (NFKC), with single spaces, none at the ends, no invisible letters.

    >>> tidy(" New\u00a0 York ")
    'New York'
    """
    if text.isascii():
        return " ".join(text.split())
    if _MOJIBAKE.search(text) and repair_encoding(text) != text:
        return _BLANKS.sub(" ", text).strip(
            " "
        )  # one form would take ó (Ã³) for Ã3, à (Ã and a space)
    seen = text.translate(_UNSEEN)
    seen = _STRAY.sub("", seen) if "\u200c" in seen or "\u200d" in seen else seen
    seen = unicodedata.normalize("NFKC", kept_apart(seen))
    return " ".join(_in_one_script(seen).split())


def _in_one_script(text: str) -> str:
    """Words of Latin letters without Cyrillic ones that look the same, and the other way round.

    >>> _in_one_script("A\u0421ME"), _in_one_script("\u041coc\u043a\u0432\u0430 x")
    ('ACME', 'Москва x')
    """
    if not (_CYRILLIC.search(text) and _LATIN.search(text)):
        return text
    return _WORD.sub(lambda word: _of_one_script(word[0]), text)


def _of_one_script(word: str) -> str:
    for wrong, alike in ((_CYRILLIC, _TO_LATIN), (_LATIN, _TO_CYRILLIC)):
        strange = wrong.findall(word)
        if 0 < len(strange) < sum(map(str.isalpha, word)) and all(ord(c) in alike for c in strange):
            return word.translate(alike)
    return word


def repair_encoding(text: str) -> str:
    """Text that was read in the wrong encoding, as it was meant; any other as it is.

    >>> repair_encoding("S\u00c3\u00a3o Paulo"), repair_encoding("S\u00e3o Paulo")
    ('São Paulo', 'São Paulo')
    """
    if text.isascii() or not _MOJIBAKE.search(text):
        return text
    from ftfy import fix_encoding  # imported where needed: few tables do

    return fix_encoding(text)


def fingerprint(text: str) -> str:
    """A key that spellings of one thing share: case, accents and spaces do not count, nor, without
    digits and signs, punctuation and a turn at a comma (after OpenRefine's fingerprint method,
    which forgets the order of all words; JFK-LAX is not LAX-JFK).

    >>> fingerprint("York, new") == fingerprint("New  York")
    True
    >>> fingerprint("1.5") == fingerprint("15")
    False
    """
    plain = tidy(text).casefold().replace("\u200c", "")
    if not plain.isascii():
        plain = without_accents(plain.translate(DASHES).translate(_QUOTES))
    if any(mark.isdigit() for mark in plain) or _SIGNED.search(plain):
        return plain
    if plain.count(",") == 1:
        plain = " ".join(reversed(plain.split(",")))
    return " ".join("".join(mark if _in_a_word(mark) else " " for mark in plain).split()) or plain


def without_accents(text: str) -> str:
    """Latin letters without their accents; marks of other scripts make another letter and stay."""
    bare, base = [], ""
    for mark in unicodedata.normalize("NFD", text):
        if "\u0300" <= mark <= "\u036f" and "a" <= base <= "z":
            continue
        bare.append(mark)
        base = mark
    return unicodedata.normalize("NFC", "".join(bare))


def _in_a_word(mark: str) -> bool:
    return mark.isalnum() or mark == "_" or unicodedata.category(mark)[0] == "M"
