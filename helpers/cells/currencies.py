"""The currencies: the one list of them, from which number formats and units are made.

To add a currency, add a line to `CURRENCIES`.
"""

from __future__ import annotations

import re

# How a column with this currency is written in its plan: other spellings, in lower case; the first
# is the ISO 4217 code
CURRENCIES = {
    "$": "usd us$",
    "€": "eur euro euros",
    "£": "gbp",
    "¥": "jpy",
    "₹": "inr rs rs.",
    "CHF": "chf sfr fr fr.",
    "kr": "sek nok dkk kr.",
    "zł": "pln zl",
    "Kč": "czk",
    "R$": "brl",
    "A$": "aud au$",
    "C$": "cad ca$",
    "₽": "rub",
    "₺": "try tl",
    "₩": "krw",
    "₪": "ils",
    "元": "cny rmb",
}


def in_front(currencies: dict[str, str]) -> str:
    """A pattern of what may stand in front of an amount: signs, codes, codes with a sign.

    >>> in_front({"€": "eur euro euros", "£": "gbp"})
    'EUR|GBP|£|€'
    """
    marks = set(currencies)
    for others in currencies.values():
        marks |= {name.upper() for name in others.split() if not name.isalpha() or len(name) == 3}
    return "|".join(re.escape(mark) for mark in sorted(marks, key=lambda m: (-len(m), m)))


CURRENCY_PATTERN = in_front(CURRENCIES)
