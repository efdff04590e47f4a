"""What a registry warns of: `Warning: 299 - "text"` (distribution-spec, spec.md#warnings).

Of the general grammar (RFC 7234, section 5.5) only this one form counts: a client must ignore the
others. Read from left to right, and no further than it makes sense.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ocinb.text import visible

HEADER_LIMIT = 4 * 1024  # characters of an answer's warnings that are read (K-31)

# 299 SP "-" SP quoted-string, which holds no control characters; the pieces exclude each other.
# Said by what they exclude, they are compiled in no time.
_WARNING = re.compile(
    r'299 - "((?:[^\x00-\x08\n-\x1f"\\\x7f]|\\[^\x00-\x08\n-\x1f\x7f])*)"(?=[ \t]*(?:,|$))',
    re.ASCII,
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_BETWEEN = re.compile(r"[ \t,]*")


def warnings(headers: Iterable[str]) -> tuple[str, ...]:
    """The texts of these `Warning` headers, in order and each once, made visible.

    They are for people to read: nothing may be decided by them (C42).
    """
    found: dict[str, None] = {}
    left = HEADER_LIMIT
    for header in headers:
        if len(header) <= left:  # half a warning is none
            found.update(dict.fromkeys(filter(None, _texts(header))))
        left = max(0, left - len(header))
    return tuple(found)


def _texts(header: str) -> Iterator[str]:
    """What stands between the quotes, up to the first thing that is no such warning."""
    at = 0
    while match := _WARNING.match(header, _after_separators(header, at)):
        yield visible(_QUOTED_PAIR.sub(r"\1", match[1]).strip())
        at = match.end()


def _after_separators(header: str, at: int) -> int:
    between = _BETWEEN.match(header, at)
    return between.end() if between else at
