"""Credentials: found in what was typed, kept in the environment, passed on by reference, masked.

What goes into a notebook, a ledger or a log is `${PIPELINE_SECRET_…}`, never the secret: that one
is in the environment of this process and its kernels alone. The name is made of the address without
its secrets, so that the same address is the same source, whatever the password is by now.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from .places import REPOSITORY

PREFIX = "PIPELINE_SECRET_"
NAMED = "PIPELINE_SECRETS"  # in the environment: the variables that addresses name in secret places
MASK = "***"
SHORTEST, SHORTEST_GUESS = 4, 8  # characters: what is shorter may be a word of any text
ENV_FILE = ".env"

SECRET_NAME = re.compile(
    r"passw|passphrase|^pass$|pwd|token|secret|signature|credential|odbc_connect|^key$|^sig|^auth"
    r"|jwt|bearer|session[-_]?id"
    r"|(api|access|account|subscription|private|app)[-_]?key",
    re.IGNORECASE,
)
# Variables that hold secrets by their names; PWD and OLDPWD are folders
SECRET_VARIABLE = re.compile(
    r"PASSWORD$|PASSWD$|_PWD$|_PASS$|TOKEN$|SECRET$|SECRET_|_KEY$|APIKEY$", re.IGNORECASE
)
REFERENCE = re.compile(r"\$\{(\w+)\}")
OWN = re.compile(rf"\$\{{{PREFIX}\w+\}}")
SETTLED = ("PATH", "PYTHON", "LD_", "DYLD_")  # a file beside a table may not change what runs

# As long as schemes are, so that a text without any is looked through once; one slash is a typo
SCHEME = r"[a-z][\w+.-]{0,30}(?:::[a-z][\w+.-]{0,30}){0,4}:(?://|(?<=\w\w:)/)"
ADDRESS = re.compile(rf"((?:-{{0,2}}[\w-]+=)*)({SCHEME}.*)", re.IGNORECASE | re.DOTALL)
WITHIN = re.compile(rf"{SCHEME}[^\s'\"<>|)]+", re.IGNORECASE)
# What fsspec reads through, as in zip://a.csv::https://host/b.zip
CHAIN = re.compile(rf"(?:[a-z][\w+.-]{{0,30}}(?:://[^:@\s]*)?::)+(?={SCHEME})", re.IGNORECASE)
# A token in place of the user, as GitHub and Stripe have it
TOKEN_AS_USER = re.compile(r"^(https?://)([^:/?#@\s]+)(?=(?::(?:x-oauth-basic)?)?@)", re.IGNORECASE)
# The password ends at the last @, though it may hold some: of a web address at the last before its
# path, of any other at the last of all. Digits and a slash are a port, and an @ behind it no end.
PASSWORD = re.compile(
    rf"^((?:(https?://)|{SCHEME})[^:/?#@\s]*:)(?!\d{{1,5}}(?:[/?#]|$))"
    r"((?(2)[^/?#]*|(?:[^?]|\?(?!\w+=))*)|[^@]*)(?=@)",
    re.IGNORECASE | re.DOTALL,
)
ASKED = re.compile(r"([?&;#]([^=&;#\s]+)=)([^&#\s]*)")
QUOTED = re.compile(
    r"((?:\b(?:\w+_)?(?:password|passwd|pwd|token|secret|api_?key|access_key)[\"`]?\s*(?:=>|=|:)"
    r"|\bidentified\s+by)\s*')"
    r"([^']+)(?=')",
    re.IGNORECASE,
)
# As drivers' own connection strings and HTTP headers have it
PAIR = re.compile(
    r"((?:^|(?<=[\s'\";,]))(?:password|passwd|pwd|accountkey|sharedaccesskey|api_?key|secret)="
    r"|\bauthorization['\"]?\s*[:=]\s*['\"]?(?:bearer|basic)\s+)(?![=\s])([^\s'\";,]+)",
    re.IGNORECASE,
)
# Tokens that are known by their form: GitHub, GitLab, Slack, OpenAI and its like, Stripe, Google,
# JWT
TOKEN = re.compile(
    r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}"
    r"|(?<=hooks\.slack\.com/services/)\w[\w/]+|[rs]k_(?:live|test)_\w{16,}|sk-[\w-]{20,}|AIza[\w-]{30,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+)"
)

Put = Callable[[str, Callable[[str], str]], str]  # a secret as written, how to decode it -> instead


def hide(text: str) -> str:
    """A text in which each pasted secret is a reference; the environment has it from then on.

    `text` is an address, or anything else that a user types, such as SQL. What is named already
    (`${DB_PASSWORD}`) stays as it is.

    >>> hide("postgresql://me:${DB_PASSWORD}@db.example/shop")
    'postgresql://me:${DB_PASSWORD}@db.example/shop'
    >>> hidden = hide("postgresql://me:s3cret@db.example/shop")
    >>> hidden
    'postgresql://me:${PIPELINE_SECRET_D02C8FB9}@db.example/shop'
    >>> os.environ.pop("PIPELINE_SECRET_D02C8FB9")
    's3cret'
    """
    count, owner = 0, ADDRESS.fullmatch(text)
    blanked = blank(owner[2] if owner else text)

    def put(secret: str, decode: Callable[[str], str]) -> str:
        nonlocal count
        count += 1
        if named := REFERENCE.fullmatch(secret):
            _note(named[1])
            return secret
        name = PREFIX + hashlib.sha256(f"{count} {blanked}".encode()).hexdigest()[:8].upper()
        os.environ[name] = decode(secret)
        return f"${{{name}}}"

    return _replace(text, put)


def pasted(text: str) -> bool:
    """Whether a text holds a secret in the clear; what it names instead is masked from now on."""
    in_the_clear = []

    def put(secret: str, _) -> str:
        if named := REFERENCE.fullmatch(secret):
            _note(named[1])
        else:
            in_the_clear.append(secret)
        return secret

    _replace(text, put)
    return bool(in_the_clear)


def blank(text: str) -> str:
    """A text whose secrets, pasted or named, are masked; equal for the same source.

    >>> blank("mysql://me:a/b@db.example/shop?ssl_key=x")
    'mysql://me:***@db.example/shop?ssl_key=x'
    >>> blank("https://h.example:8080/a@b.csv?page=2&api_key=123")
    'https://h.example:8080/a@b.csv?page=2&api_key=***'
    """
    return OWN.sub(MASK, _replace(text, lambda *_: MASK))


def _replace(text: str, put: Put) -> str:
    if whole := ADDRESS.fullmatch(text):
        return whole[1] + _in_address(whole[2], put)
    text = WITHIN.sub(lambda found: _in_address(found[0], put), text)
    for form in (QUOTED, PAIR):
        text = form.sub(lambda found: found[1] + put(found[2], str), text)
    return TOKEN.sub(lambda found: put(found[0], str), text)


def _in_address(text: str, put: Put) -> str:
    def asked(found: re.Match) -> str:
        if not found[3] or not SECRET_NAME.search(unquote(found[2])):
            return found[0]
        return found[1] + put(found[3], unquote_plus)

    head = through[0] if (through := CHAIN.match(text)) else ""
    text = text[len(head) :]
    text = TOKEN_AS_USER.sub(lambda found: found[1] + put(found[2], unquote), text)
    text = PASSWORD.sub(lambda found: found[1] + (found[3] and put(found[3], unquote)), text)
    return head + TOKEN.sub(lambda found: put(found[0], str), ASKED.sub(asked, text))


def _note(name: str) -> None:
    """Note a variable that an address names in a secret place; kernels inherit it."""
    names = os.environ.get(NAMED, "").split(",")
    if name not in names:
        os.environ[NAMED] = ",".join(filter(None, [*names, name]))


def known() -> dict[str, str]:
    """The secrets in the environment in each form that a text may hold, and what stands instead.

    The longest come first. They are those that were pasted, that addresses name or variables hold
    in an address, and by their names the others (`AWS_SECRET_ACCESS_KEY`). Very short ones, and a
    short word or number, may stand in any text: they are masked behind a user's name alone.
    """
    values, guessed = _secrets_of_environment()
    values = {v for v in values if v and not REFERENCE.search(v)}
    common = {v for v in values if _is_common(v)}
    kept = (values - common) | {v for v in guessed if len(v) >= SHORTEST_GUESS}
    found = {form: MASK for value in kept for form in _forms(value)}
    found |= {f":{form}@": f":{MASK}@" for value in common for form in (value, quote(value))}
    return dict(sorted(found.items(), key=lambda pair: len(pair[0]), reverse=True))


def _secrets_of_environment() -> tuple[set[str], set[str]]:
    """The values that are secrets surely, and those whose variable's name says so."""
    sure = set(os.environ.get(NAMED, "").split(","))
    values, guessed = set(), set()
    for name, value in os.environ.items():
        if name.startswith(PREFIX) or name in sure:
            values.add(value)
        elif SECRET_VARIABLE.search(name):
            guessed.add(value)
        elif "://" in value:  # MLFLOW_TRACKING_URI, PIPELINE_LOG, a proxy
            values |= _secrets_in(value)
    return values, guessed


def _secrets_in(address: str) -> set[str]:
    """The secrets in an address, as written and decoded."""
    found = set()

    def take(secret: str, decode: Callable[[str], str]) -> str:
        found.update({secret, decode(secret)})
        return secret

    _replace(address, take)
    return found


def _is_common(value: str) -> bool:
    """Whether a secret may be a word or number of any text: masked there, it would spoil it."""
    is_word = value.isascii() and (value.isdigit() or value.isalpha())
    is_word = is_word and value in (value.lower(), value.title())
    return len(value) < SHORTEST or (is_word and len(value) < SHORTEST_GUESS)


def _forms(value: str) -> set[str]:
    from markupsafe import escape

    quoted = {quote(value), quote(value, safe=""), quote_plus(value)}
    small = {re.sub("%..", lambda code: code[0].lower(), form) for form in quoted}
    twice = {quote(form, safe="") for form in quoted}
    written = json.dumps(value)[1:-1]
    return quoted | small | twice | _in_base64(value) | {
        value, html.escape(value), str(escape(value)), repr(value)[1:-1], written,
        json.dumps(written)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1],
    }  # fmt: skip


def _in_base64(value: str) -> set[str]:
    """The letters that a value alone decides in Base64, wherever it stands in what is encoded.

    That is how a header has a password: `Basic` and the user, a colon and the password.
    """
    content, found = value.encode("utf-8", "surrogateescape"), set()
    for before in range(3):
        whole = base64.b64encode(bytes(before) + content).decode().rstrip("=")
        first, last = (0, 2, 3)[before], (before + len(content)) * 8 // 6
        found |= {whole[first:last], whole[first:last].translate(str.maketrans("+/", "-_"))}
    return {form for form in found if len(form) >= SHORTEST_GUESS}


def mask(text: str) -> str:
    """A text without any secret: those that are known, and those in whatever address it holds.

    What is only named stays.

    >>> mask("no route to postgresql://me:s3cret@db.example/shop")
    'no route to postgresql://me:***@db.example/shop'
    """
    return mask_known(
        _replace(text, lambda secret, _: secret if REFERENCE.fullmatch(secret) else MASK)
    )


def mask_known(content):
    """Text, or lists and mappings of it, without the secrets that are known."""
    values = known()
    return _masked(content, values) if values else content


def _masked(content, values: dict[str, str]):
    if isinstance(content, str):
        for value, instead in values.items():
            content = content.replace(value, instead)
        return content
    if isinstance(content, dict):
        return {_masked(name, values): _masked(part, values) for name, part in content.items()}
    if isinstance(content, (list, tuple)):
        return [_masked(part, values) for part in content]
    return content


class MaskedStream:
    """A text stream that writes no known secret; in all else the stream that it is made of."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text, masked; returns the length of what was given."""
        self._stream.write(mask_known(text))
        return len(text)

    def writelines(self, lines) -> None:
        """Write several texts, masked."""
        self.write("".join(lines))

    def __getattr__(self, name: str):
        return getattr(self._stream, name)


@contextmanager
def masked_streams():
    """Mask what is written to standard output and error: messages, logs, tracebacks."""
    import sys

    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(MaskedStream, before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def read_env_file() -> None:
    """Put the variables of `.env`, in this folder or the repository, into the environment.

    What is set there already stays. Variables that decide which code runs are not taken.
    """
    for folder in filter(None, (Path.cwd(), REPOSITORY)):
        if (folder / ENV_FILE).is_file():
            from dotenv import dotenv_values

            for name, value in dotenv_values(folder / ENV_FILE, interpolate=False).items():
                if value is not None and not name.upper().startswith(SETTLED):
                    os.environ.setdefault(name, value)
