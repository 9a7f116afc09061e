"""Text of the data inside Markdown: shown as it is, never a link, a picture or a tag."""

from __future__ import annotations

import re

CODE = re.compile(r"(?<!`)(`+)(?!`) ?(.+?) ?(?<!`)\1(?!`)")
# As entities: a backslash would itself be undone by one that stands before it
SIGNS = {sign: f"&#{ord(sign)};" for sign in "[]`$\\"} | {"&": "&amp;", "<": "&lt;"}
MARKS = SIGNS | {sign: f"&#{ord(sign)};" for sign in "*_~"}  # in code they are no marks
ADDRESS = re.compile(r":(?=//)|\.(?<=\bwww\.)", re.IGNORECASE)  # of these Jupyter makes links


def inert(sentence: str) -> str:
    """A sentence with values of the data, as Markdown that shows them and follows none.

    Bold text and code are as they were; links, pictures and tags are the letters they are made of.

    >>> inert("**Late** depends on [x](a.html) and `a_b[0]`")
    '**Late** depends on &#91;x&#93;(a.html) and <code>a&#95;b&#91;0&#93;</code>'
    >>> inert("<b>, http://host & www.host")
    '&lt;b>, http&#58;//host &amp; www&#46;host'
    """
    parts, start = [], 0
    for code in CODE.finditer(sentence):
        parts += [_plain(sentence[start : code.start()]), f"<code>{_plain(code[2], MARKS)}</code>"]
        start = code.end()
    return "".join([*parts, _plain(sentence[start:])])


def _plain(text: str, signs: dict[str, str] = SIGNS) -> str:
    shown = "".join(signs.get(sign, sign) for sign in text)
    return ADDRESS.sub(lambda sign: f"&#{ord(sign[0])};", shown)
