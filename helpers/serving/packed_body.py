"""Bodies that come packed by gzip: unpacked as far as a body may be long, and no further."""

from __future__ import annotations

import zlib

from .refusals import Refused

MOST_MEMBERS = 16  # texts packed apart, one behind the other
WITH_GZIP_HEADER = 31  # of zlib's `wbits`
CUT = "The body can't be unpacked as gzip: was it cut off?"


def unpacked(packed: bytes, most: int) -> bytes | None:
    """What a gzip body holds; None where that is more than `most` bytes. Refuses what is none.

    >>> import gzip
    >>> unpacked(gzip.compress(b"{}"), 100), unpacked(gzip.compress(bytes(5_000)), 100)
    (b'{}', None)
    """
    parts, room = [], most
    for _ in range(MOST_MEMBERS):
        part, packed = _first_member(packed, room + 1)
        parts.append(part)
        room -= len(part)
        if room < 0:
            return None
        if not packed:
            return b"".join(parts)
    raise Refused("not_gzip", f"The body has more than {MOST_MEMBERS} members of gzip.")


def _first_member(packed: bytes, most: int) -> tuple[bytes, bytes]:
    """The first text that was packed, or `most` bytes of it, and what is behind it."""
    member = zlib.decompressobj(WITH_GZIP_HEADER)
    try:
        part = member.decompress(packed, most)
    except zlib.error:
        raise Refused("not_gzip", CUT) from None
    if not member.eof and len(part) < most:
        raise Refused("not_gzip", CUT)
    return part, member.unused_data
