"""Texts by which something is reached: phone numbers, e-mail, web addresses, postcodes."""

from __future__ import annotations

import re
from collections import Counter

from .compound_measures import parse_compound
from .key_names import words_of_name
from .known_words import IMAGE_ENDINGS
from .times_of_day import Found

_PHONE = re.compile(
    r"(?:(?:tel|phone|fax|mobile|cell)\b[.:]?\s*)?(\+?[\d(][\d\s().\-/]{5,22}\d)"
    r"(?:\s*(?:x|ext)\.?\s*(\d{1,6}))?",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"(?:\+?1[\s.-]?)?\(?\d{3}\)?[\s./-]{1,2}\d{3}[\s.-]\d{4}")  # 312-555-0100
_ABROAD = re.compile(r"\+\d{1,3}(?:[\s.-]?\(?\d+\)?[\s./-]){2,}\d+")
_MAIL = re.compile(r"(?:mailto:)?([\w.+'-]+@(?:[\w-]+\.)+[A-Za-z]{2,})", re.IGNORECASE)
_WEB = re.compile(
    r"(https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})(:\d+)?(?:/+|([/?#]\S*?))?/?", re.IGNORECASE
)
_ENDINGS = ("com", "org", "net", "edu", "gov", "io", "de", "uk", "fr", "eu", "info", "co")
_DIGITS = re.compile(r"(\d{3,6})(?:\.0+)?(-\d{4})?")
_LETTERED = re.compile(  # of Britain, Canada and the Netherlands
    r"([A-Z]{1,2}\d[A-Z\d]?) ?(\d[A-Z]{2})|([A-Z]\d[A-Z]) ?(\d[A-Z]\d)|(\d{4}) ?([A-Z]{2})",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"[(\[]?(-?\d{1,3}(?:\.\d+)?)(?:°?[,;] ?|°? |°|(?=-))(-?\d{1,3}(?:\.\d+)?)°?[)\]]?"
)
_EXACT = re.compile(r"\d\.\d\d.*\d\.\d\d|[NS].*[EWO]|POINT", re.IGNORECASE)
_POINT = re.compile(r"POINT ?\((-?\d+\.?\d*) (-?\d+\.?\d*)\)", re.IGNORECASE)
_ANGLES = re.compile(r"(\d.*?[NS])[,;\s]+(\d.*?[EWO])", re.IGNORECASE)
OF_PHONES = {"phone", "telephone", "tel", "fax", "mobile", "hotline", "handy", "telefon"}
OF_POSTCODES = {"zip", "zipcode", "postcode", "postal", "plz", "postleitzahl"}
FEWEST_DIGITS, MOST_DIGITS = 7, 15  # of a phone number (ITU-T E.164: at most 15)
SAME_WIDTH = 0.7  # of the different postcodes have as many digits


# --- Phone numbers


def parse_phone(text: str, template: str = "") -> Found | None:
    """A phone number as a `template` writes it, whose nines are digits; None for none.

    >>> parse_phone("(312) 555-0100", "999.999.9999").value, parse_phone("+1 312 555 0100").value
    ('312.555.0100', '+13125550100')
    """
    if not (match := _PHONE.fullmatch(text)):
        return None
    digits = re.sub(r"\D", "", match[1])
    if not FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
        return None
    extension = f" x{match[2]}" if match[2] else ""
    return Found(_as_template(digits, match[1].startswith("+"), template) + extension, True)


def _as_template(digits: str, is_abroad: bool, template: str) -> str:
    own, wanted = digits, template.count("9")
    if wanted == 10 and len(digits) == 11 and digits[0] == "1":
        own = digits[1:]  # the country code of North America
    if len(own) != wanted:
        return f"+{digits}" if is_abroad else digits
    left = iter(own)
    return "".join(next(left) if mark == "9" else mark for mark in template)


def template_of(words: Counter, found: dict[str, Found]) -> dict:
    """How most phone numbers of a column are written: its digits as nines."""
    forms = Counter()
    for word in found:
        if match := _PHONE.fullmatch(word):
            forms[re.sub(r"\d", "9", match[1])] += words[word]
    return {"template": forms.most_common(1)[0][0]}


def are_phones(words: Counter, name: str, found: dict[str, Found]) -> bool:
    """Whether numbers are those of phones: so grouped, or so called."""
    grouped = sum(bool(_GROUPED.fullmatch(w) or _ABROAD.fullmatch(w)) for w in found)
    return 2 * grouped >= len(found) or (grouped and bool(OF_PHONES & words_of_name(name)))


# --- E-mail and web addresses


def parse_mail(text: str) -> Found | None:
    """An e-mail address in small letters; None for another text.

    >>> parse_mail("Ann@Example.ORG").value, parse_mail("ann at example")
    ('ann@example.org', None)
    """
    match = _MAIL.fullmatch(text)
    return Found(match[1].lower(), True) if match else None


def domain_of(value: str) -> str:
    """The domain of an e-mail address.

    >>> domain_of("ann@example.org"), domain_of("example.org")
    ('example.org', 'example.org')
    """
    return value.rpartition("@")[2]


def parse_web(text: str) -> Found | None:
    """A web address, its host in small letters, without a slash at its end; None for another text.

    >>> parse_web("HTTP://Example.org/a/").value, parse_web("see notes.txt")
    ('http://example.org/a', None)
    """
    match = _WEB.fullmatch(text)
    if not match or not (match[1] or match[2].rpartition(".")[2].lower() in _ENDINGS):
        return None
    scheme, host = (match[1] or "").lower(), match[2].lower()
    return Found(f"{scheme}{host}{match[3] or ''}{match[4] or ''}", True)


def host_of(value: str) -> str:
    """The host of a web address, without www.

    >>> host_of("https://www.example.org/a?b=1"), host_of("example.org")
    ('example.org', 'example.org')
    """
    host = re.split("[/?#:]", re.sub("^https?://", "", value), maxsplit=1)[0]
    return host.removeprefix("www.") or value


def are_no_images(words: Counter, name: str, found: dict[str, Found]) -> bool:
    """Whether web addresses are not those of pictures, which have a kind of their own."""
    return sum(w.lower().endswith(IMAGE_ENDINGS) for w in words) <= 0.9 * len(words)


# --- Postcodes


def parse_postcode(text: str, width: int = 0) -> Found | None:
    """A postcode of digits, `width` of them, or with letters, in one form; None for another text.

    >>> parse_postcode("85023.0", 5).value, parse_postcode("2134", 5).value
    ('85023', '02134')
    >>> parse_postcode("sw1a1aa").value, parse_postcode("many")
    ('SW1A 1AA', None)
    """
    if match := _DIGITS.fullmatch(text):
        digits = match[1].zfill(width)
        fits = not width or len(digits) == width
        return Found(digits + (match[2] or ""), True) if fits else None
    match = _LETTERED.fullmatch(text)
    return Found(" ".join(filter(None, match.groups())).upper(), True) if match else None


def width_of(words: Counter, found: dict[str, Found]) -> dict:
    """The digits that most of a column's postcodes have; nothing where they have letters."""
    widths = Counter(len(_DIGITS.fullmatch(word)[1]) for word in found if _DIGITS.fullmatch(word))
    return {"width": widths.most_common(1)[0][0]} if widths else {}


def is_called_postcode(name: str) -> bool:
    """Whether a column is called what postcodes are called.

    >>> is_called_postcode("ZipCode"), is_called_postcode("post_code"), is_called_postcode("post")
    (True, True, False)
    """
    words = words_of_name(name)
    return bool(OF_POSTCODES & words) or {"post", "code"} <= words


def are_postcodes(words: Counter, name: str, found: dict[str, Found]) -> bool:
    """Whether codes are postcodes: so called, and those of digits nearly all of one width."""
    if not is_called_postcode(name):
        return False
    digits = [match[1] for word in found if (match := _DIGITS.fullmatch(word))]
    common = width_of(words, found).get("width", 4)
    same = sum(len(one) == common for one in digits)
    return common >= 4 and same >= SAME_WIDTH * len(digits)


def area_of(value: str) -> str:
    """The area of a postcode: its first three digits, or what stands before its blank.

    >>> area_of("85023"), area_of("SW1A 1AA"), area_of("850")
    ('850', 'SW1A', '850')
    """
    return value[:3] if value[:3].isdigit() else value.partition(" ")[0]


# --- Places


def parse_place(text: str) -> Found | None:
    """Latitude and longitude as two numbers of degrees; None for another text.

    >>> parse_place("(40.70, -74.05)").value, parse_place("40°30'N, 74°15'W").value
    ('40.7, -74.05', '40.5, -74.25')
    >>> parse_place("12.55") is None
    True
    """
    if match := _POINT.fullmatch(text):
        return _place(float(match[2]), float(match[1]))
    if match := _PLACE.fullmatch(text):
        return _place(float(match[1]), float(match[2]))
    if match := _ANGLES.fullmatch(text):
        angles = [parse_compound(part.replace(" ", "")) for part in match.groups()]
        return _place(*(angle[0] for angle in angles)) if all(angles) else None
    return None


def _place(latitude: float, longitude: float) -> Found | None:
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return Found(f"{latitude:.8g}, {longitude:.8g}", True)


PLACE_PARTS = {
    "latitude": lambda value: float(value.split(", ")[0]),
    "longitude": lambda value: float(value.split(", ")[1]),
}


def are_places(words: Counter, name: str, found: dict[str, Found]) -> bool:
    """Whether pairs are places: most are told to a hundredth of a degree, or with N and E."""
    return 2 * sum(bool(_EXACT.search(word)) for word in found) >= len(found)


def are_any(words: Counter, name: str, found: dict[str, Found]) -> bool:
    """That texts of this kind show by themselves what they are."""
    return True
