"""Units of measurement: how they are spelt, and exact factors between those of one dimension.

Factors are exact by definition: the international yard and pound (1959: 1 yd = 0.9144 m, 1 lb =
0.45359237 kg), the US gallon (231 cubic inches), the nautical mile (1,852 m), the thermochemical
calorie (4.184 J, as on labels of food), NIST SP 811. A library for units (pint, 6 MB with what it
needs) knows thousands more; columns hold these. tests/test_unit_factors.py compares with it.
"""

from __future__ import annotations

import re
from functools import cache

from .currencies import CURRENCIES

DIGITS = 6  # significant digits of a converted value

# dimension: unit: (factor to the dimension's base, its other spellings)
DIMENSIONS = {
    "mass": {
        "kg": (1, "kgs kilo kilos kilogram kilograms"),
        "g": (0.001, "gr gram grams gm gms gramme grammes"),
        "mg": (1e-6, "milligram milligrams"),
        "μg": (1e-9, "mcg microgram micrograms"),
        "t": (1000, "tonne tonnes"),
        "lb": (0.45359237, "lbs pound pounds"),
        "oz": (0.028349523125, "ounce ounces"),
        "stone": (6.35029318, "stones"),
    },
    "length": {
        "m": (1, "metre metres meter meters"),
        "km": (1000, "kms kilometre kilometres kilometer kilometers"),
        "cm": (0.01, "centimetre centimetres centimeter centimeters"),
        "mm": (0.001, "millimetre millimetres millimeter millimeters"),
        "mi": (1609.344, "mile miles"),
        "yd": (0.9144, "yard yards"),
        "ft": (0.3048, "foot feet"),
        "in": (0.0254, "inch inches"),
        "nmi": (1852, ""),
    },
    "speed": {
        "m/s": (1, "mps"),
        "km/h": (1 / 3.6, "kmh kph"),
        "mph": (0.44704, "mi/h"),
        "kn": (1852 / 3600, "kt kts knot knots"),
    },
    "volume": {
        "l": (1, "litre litres liter liters ltr lit"),
        "dl": (0.1, "decilitre deciliter"),
        "cl": (0.01, "centilitre centiliter"),
        "ml": (0.001, "millilitre millilitres milliliter milliliters"),
        "fl oz": (0.0295735295625, "floz flounce"),
        "pint": (0.473176473, ""),
        "qt": (0.946352946, "quart"),
        "cup": (0.2365882365, ""),
        "tbsp": (0.01478676478125, "tablespoon"),
        "tsp": (0.00492892159375, "teaspoon"),
        "gal": (3.785411784, "gallon gallons"),
        "m³": (1000, "m3"),
    },
    "time": {
        "s": (1, "sec secs second seconds"),
        "ms": (0.001, "millisecond milliseconds"),
        "min": (60, "mins minute minutes"),
        "h": (3600, "hr hrs hour hours"),
        "d": (86400, "day days"),
        "weeks": (604800, "week"),
        "months": (None, "month"),
        "years": (None, "year yr yrs"),
    },
    "temperature": {"°C": (1, "c degc celsius"), "°F": (5 / 9, "f degf fahrenheit"),
                    "K": (1, "kelvin")},
    "area": {
        "m²": (1, "m2 sqm sqmetre sqmeter"),
        "km²": (1e6, "km2"),
        "ha": (1e4, "hectare hectares"),
        "sqft": (0.09290304, "ft2 ft² sqfeet sqfoot"),
        "acres": (4046.8564224, "acre"),
    },
    "pressure": {
        "hPa": (1, "mbar millibar millibars"),
        "Pa": (0.01, "pascal"),
        "kPa": (10, "kilopascal"),
        "mmHg": (1.33322387415, ""),
        "atm": (1013.25, ""),
        "bar": (1000, "bars"),
        "psi": (68.94757293168361, ""),
    },
    "power": {"W": (1, "watt watts"), "kW": (1000, "kilowatt kilowatts"), "MW": (1e6, "megawatt"),
              "hp": (745.6998715822702, "bhp horsepower")},
    "energy": {"kWh": (1, ""), "MWh": (1000, ""), "kJ": (1 / 3600, "kilojoule"),
               "kcal": (4.184 / 3600, ""), "cal": (4.184e-3 / 3600, "")},
    "data": {"B": (1, "byte bytes"), "kB": (1e3, "kilobyte"), "MB": (1e6, "megabyte"),
             "GB": (1e9, "gigabyte"), "TB": (1e12, "terabyte")},
    "frequency": {"Hz": (1, ""), "kHz": (1e3, ""), "MHz": (1e6, ""), "GHz": (1e9, "")},
    "voltage": {"V": (1, "volt volts"), "kV": (1e3, "kilovolt")},
    "displacement": {"cc": (1, "cm3 cm³")},
    "share": {"%": (1, "percent pct"), "ppm": (1e-4, ""), "fraction": (100, "")},
    "level": {"dB": (1, "")},
    "angle": {"°": (1, "deg degree degrees")},
    "count": {"pcs": (1, "pc piece pieces"), "seats": (1, "seat")},
}  # fmt: skip
FRACTION = "fraction"  # of shares such as 0.012, where others are written in per cent
FEWEST_LETTERS = 5  # of a word that is cut off: "centi" of centimetre, but not "cent"
_TWO_WORDS = re.compile(
    r"(?i)([+-]?[\d.,]+ ?)(fl|fluid|sq|square|deg|degrees?)\.? ?"
    r"(oz|ounces?|feet|foot|ft|met[er]{2}s?|m|km|c|f|celsius|fahrenheit)\b\.?"
)
_FIRST = {"fluid": "fl", "square": "sq", "deg": "", "degree": "", "degrees": ""}
_ZERO = {"°C": 273.15, "°F": 459.67 * 5 / 9, "K": 0.0}  # in kelvin, where the scale has its zero


@cache
def _spellings() -> dict[str, str]:
    found = {}
    for table in DIMENSIONS.values():
        for unit, (_, others) in table.items():
            found |= dict.fromkeys([unit.casefold(), *others.split()], unit)
    for sign, others in CURRENCIES.items():
        found |= dict.fromkeys([sign.casefold(), *others.split()], sign)
    return found


@cache
def known(unit: str) -> str:
    """A unit in its usual spelling, also of a plural or a long word cut off; "" for no unit.

    >>> known("Ounces"), known("lbs."), known("USD"), known("patients")
    ('oz', 'lb', '$', '')
    >>> known("Cms"), known("kilogr"), known("cent")
    ('cm', 'kg', '')
    """
    word, every = unit.strip().removesuffix(".").casefold(), _spellings()
    singular = word[:-1] if len(word) > 2 and word.endswith("s") else word
    return every.get(word) or every.get(singular) or _cut_off(word)


def _cut_off(word: str) -> str:
    """The one unit whose name begins so; "" where there is none, or several."""
    if len(word) < FEWEST_LETTERS:
        return ""
    found = {unit for name, unit in _spellings().items() if name.startswith(word)}
    return found.pop() if len(found) == 1 else ""


def in_one_word(text: str) -> str:
    """A quantity whose unit has two words, with the unit in one; other texts as they are.

    >>> in_one_word("12 fl. oz."), in_one_word("90 sq ft"), in_one_word("20 degrees C")
    ('12 floz', '90 sqft', '20 C')
    """
    if not (match := _TWO_WORDS.match(text)):
        return text
    first = match[2].casefold()
    return f"{match[1]}{_FIRST.get(first, first)}{match[3]}{text[match.end() :]}"


@cache
def dimension(unit: str) -> str:
    """What a unit measures: "mass", "length" …; "" for a currency or an unknown unit."""
    return next((name for name, table in DIMENSIONS.items() if known(unit) in table), "")


def is_currency(unit: str) -> bool:
    """Whether a unit is money.

    >>> is_currency("EUR"), is_currency("kg"), is_currency("")
    (True, False, False)
    """
    return known(unit) in CURRENCIES


def can_convert(unit: str, into: str) -> bool:
    """Whether values in one unit can be told in another.

    >>> can_convert("lb", "kg"), can_convert("lb", "km"), can_convert("$", "€")
    (True, False, False)
    """
    same = dimension(unit) and dimension(unit) == dimension(into)
    return bool(same) and None not in (_factor(unit), _factor(into))


def _factor(unit: str) -> float | None:
    return DIMENSIONS[dimension(unit)][known(unit)][0]


def convert(value: float, unit: str, into: str) -> float:
    """A value in another unit of the same dimension, to six significant digits.

    >>> convert(1, "lb", "kg"), convert(212, "°F", "°C"), convert(3, "kg", "kg")
    (0.453592, 100.0, 3)
    """
    if known(unit) == known(into):
        return value
    zero, into_zero = _ZERO.get(known(unit), 0.0), _ZERO.get(known(into), 0.0)
    found = (value * _factor(unit) + zero - into_zero) / _factor(into)
    return float(f"{found:.{DIGITS}g}")
