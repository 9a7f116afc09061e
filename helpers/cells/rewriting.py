"""Rules by which cells of one form are written in another: "{number} oz" becomes "{number}".

A rule is a pair of texts. The first names a form: letters and signs as they stand (small or large),
`{number}`, `{word}` or `{text}` for what differs from cell to cell, `{number2}` for the second. The
second says what such a cell becomes. "…x…" stands for a text that holds x anywhere: each x in it is
replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial

FIELDS = {"number": r"\d+(?:[.,]\d+)*", "word": r"[^\W\d_]+", "text": r".+?"}
FIELD = re.compile(r"\{((?:number|word|text)\d*)\}")
TOKEN = re.compile(rf"{FIELDS['number']}|[^\W\d_]+|\s+|.")
NUMBER, WORD = re.compile(FIELDS["number"]), re.compile(FIELDS["word"])
ANYWHERE = "…"
SHOWN = {"number": "12", "word": "abc", "text": "…"}


def form_of(text: str, words: bool = False) -> str:
    """The form of a text: its numbers as fields, and with `words` its words, too.

    >>> form_of("12.0 oz"), form_of("12.0 oz", words=True)
    ('{number} oz', '{number} {word}')
    """
    counts = {"number": 0, "word": 0}
    return "".join(_as_field(token, counts, words) for token in TOKEN.findall(text))


def _as_field(token: str, counts: dict[str, int], words: bool) -> str:
    """A token, or the field that stands for it."""
    if token.isspace():
        return " "
    is_word = words and WORD.fullmatch(token)
    kind = "number" if NUMBER.fullmatch(token) else "word" if is_word else ""
    if not kind:
        return token
    counts[kind] += 1
    return f"{{{kind}{counts[kind] if counts[kind] > 1 else ''}}}"


@lru_cache(maxsize=4_096)
def matcher(form: str) -> re.Pattern:
    """What matches the texts of a form.

    >>> bool(matcher("{number} oz").fullmatch("16 OZ"))
    True
    """
    parts = FIELD.split(form)
    pattern = "".join(_part(part, is_field=bool(place % 2)) for place, part in enumerate(parts))
    return re.compile(pattern, re.IGNORECASE)


def _part(part: str, is_field: bool) -> str:
    if is_field:
        return f"(?P<{part}>{FIELDS[part.rstrip('0123456789')]})"
    return re.sub(r"(?:\\ )+", r"\\s+", re.escape(part))


def rule_from(form: str, before: str, after: str) -> str | None:
    """What texts of a form become, learnt from one of them; None where the text has another form.

    What stands in both is taken over, in the order in which it comes; all else is as typed.

    >>> rule_from("{number} oz", "12.0 oz", "12.0"), rule_from("{word}, {word2}", "Po, Li", "Li Po")
    ('{number}', '{word2} {word}')
    """
    found = matcher(form).fullmatch(before)
    if not found:
        return None
    left = {name: text for name, text in found.groupdict().items() if text}
    return "".join(_taken_over(token, left) for token in TOKEN.findall(after))


def _taken_over(token: str, left: dict[str, str]) -> str:
    """The field that has a token's text, which is used up; else the token."""
    name = next((name for name, text in left.items() if text == token), None)
    if name is None:
        return token
    del left[name]
    return f"{{{name}}}"


def replacement(before: str, after: str, signs: str) -> str | None:
    """What stands in place of some signs where one text was made of another; None where that is
    not all that differs, or differs from place to place.

    >>> replacement("S#nch#z", "Snchz", "#"), replacement("S#n", "S_n", "#")
    ('', '_')
    """
    parts = re.split(f"[{re.escape(signs)}]+", before)
    pattern = re.escape(parts[0])
    for number, part in enumerate(parts[1:]):
        pattern += ("(?P<new>.*?)" if not number else "(?P=new)") + re.escape(part)
    found = re.fullmatch(pattern, after) if len(parts) > 1 else None
    return found and found["new"]


def rewriter(rules: dict[str, str]) -> Callable[[str], str]:
    """What writes a text by the first rule whose form it has; as it is where none has.

    >>> rewriter({"{number} oz": "{number}", "…#…": ""})("16 oz")
    '16'
    """
    whole = [(matcher(form), after) for form, after in rules.items() if not is_anywhere(form)]
    parts = [(form.strip(ANYWHERE), after) for form, after in rules.items() if is_anywhere(form)]
    return partial(_rewritten, whole, parts)


def _rewritten(whole: list[tuple], parts: list[tuple], text: str) -> str:
    for pattern, after in whole:
        if found := pattern.fullmatch(text):
            return _filled(after, found.groupdict())
    for part, after in parts:
        while part in text and part not in after:
            text = text.replace(part, after)
    return text


def is_anywhere(form: str) -> bool:
    """Whether a form is a text that may stand anywhere: "…x…"."""
    return len(form) > 2 and form.startswith(ANYWHERE) and form.endswith(ANYWHERE)


def _filled(template: str, values: dict[str, str]) -> str:
    return FIELD.sub(lambda field: values.get(field[1]) or "", template).strip()


def shown(form: str) -> str:
    """A form as a person reads it, letters and digits for its fields.

    >>> shown("{word}-{number}"), shown("{text} St.")
    ('abc-12', '… St.')
    """
    return FIELD.sub(lambda field: SHOWN[field[1].rstrip("0123456789")], form)


def pattern_of(rules: dict[str, str]) -> str:
    """One regular expression for all texts that some rules may change."""
    whole = [_bare(form) for form in rules if not is_anywhere(form)]
    anywhere = [f".*{re.escape(f.strip(ANYWHERE))}.*" for f in rules if is_anywhere(f)]
    return "(?is)" + "|".join(f"(?:{one})" for one in [*whole, *anywhere])


def _bare(form: str) -> str:
    """The pattern of a form without the names of its fields: they may stand once in a pattern."""
    return re.sub(r"\(\?P<\w+>", "(?:", matcher(form).pattern)
