"""Currencies."""

from __future__ import annotations

CURRENCIES = {"$": "usd us$", "€": "eur euro euros", "£": "gbp", "¥": "jpy", "₹": "inr"}


CURRENCY_PATTERN = r"[$€£¥₹]|USD|EUR|GBP"
