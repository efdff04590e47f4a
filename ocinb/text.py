"""Text from strangers, made safe to show: visible, bounded and without secrets.

Everything a registry, an image author or a proxy says passes through here before it reaches a
repr, a message, a log line or a page. Escaping for HTML is a separate, later step (`display`).
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

ELLIPSIS = "…"
LONGEST_SHOWN = 2_000

_MARKS = 8  # combining marks in a row; no script needs more, "zalgo" text has hundreds
_BINARY_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
# The only query values that may be shown: the spec's own. Upload state, presigned signatures and
# tokens travel in the others.
_SHOWN_QUERY = {
    "n", "last", "digest", "mount", "from", "tag", "digest-algorithm", "artifactType", "ns",
    "service", "scope",
}  # fmt: skip


def visible(text: object, limit: int = LONGEST_SHOWN, *, lines: bool = False) -> str:
    r"""`text` with everything a terminal or a reader could be fooled by written out.

    Control, bidirectional, zero-width, private and unassigned characters and lone surrogates
    become `\u{…}`; long runs of combining marks and everything past `limit` characters are cut,
    saying how much was left out. With `lines`, line ends and tabs stay.
    """
    shown = str(text)
    left_out = len(shown) - limit
    if left_out > 0:
        shown = shown[:limit]
    if not shown.isascii() or not shown.isprintable():
        shown = _spelled_out(shown, "\n\t" if lines else "")
    return f"{shown}{ELLIPSIS} ({left_out:,} more characters)" if left_out > 0 else shown


def _spelled_out(text: str, kept: str) -> str:
    out: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > _MARKS:
            continue
        harmless = character.isprintable() or category == "Zs" or character in kept
        out.append(character if harmless else f"\\u{{{ord(character):x}}}")
    return "".join(out)


def human_size(count: int) -> str:
    """`count` bytes as a person says it: `31.2 MiB`."""
    amount = float(count)
    for unit in _BINARY_UNITS:
        if abs(amount) < 1023.95 or unit == _BINARY_UNITS[-1]:  # no "1,024.0 KiB"
            break
        amount /= 1024
    return f"{count:,} B" if unit == "B" else f"{amount:,.1f} {unit}"


def some_of(choices: Iterable[str], most: int = 10) -> str:
    """The first `most` of `choices` in one line, with the number of those left out."""
    listed = list(choices)
    shown = ", ".join(visible(choice, 128) for choice in listed[:most]) or "none"
    return shown if len(listed) <= most else f"{shown} {ELLIPSIS} and {len(listed) - most:,} more"


def nearest(wanted: str, choices: Iterable[str], most: int = 10) -> str:
    """What to say to somebody who asked for `wanted` where only `choices` are there."""
    import difflib  # noqa: PLC0415  # only when something is already wrong

    listed = list(choices)
    if not listed:
        return "there are none"
    close = difflib.get_close_matches(wanted[:128], listed[:1_000], n=1)
    guess = f"did you mean {visible(close[0], 128)!r}? " if close else ""
    return f"{guess}there are: {some_of(listed, most)}"


def redacted_url(url: str) -> str:
    """`url` without user information, and with only those query values that the spec defines."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return visible(url.partition("?")[0].rpartition("@")[2], 512)
    pairs = [pair.partition("=") for pair in parts.query.split("&") if pair]
    query = "&".join(
        f"{key}={value if key in _SHOWN_QUERY else ELLIPSIS}" if equals else ELLIPSIS
        for key, equals, value in pairs
    )
    return visible(urlunsplit((parts.scheme, host, parts.path, query, "")), 1_024)


_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?/+", re.IGNORECASE | re.ASCII)
_DIGEST = re.compile(r"@(?:sha\d|md5|blake)[^/]*", re.IGNORECASE | re.ASCII)


def without_user(text: str) -> str:
    """`text`, in which somebody may have put `name:password@` before a host, without that."""
    rest, at, last = text.rpartition("@")
    digest = f"{at}{last}" if _DIGEST.fullmatch(f"{at}{last}") else ""
    user, at, host = (rest if digest else text).rpartition("@")
    scheme = _SCHEME.match(user)
    said = scheme.group() if scheme else ""
    return f"{said}{ELLIPSIS}@{host}{digest}" if at and ":" in user[len(said) :] else text


def short_path(path: str | os.PathLike[str]) -> str:
    """`path` from `~` on where it is in somebody's home: what is shown is also published."""
    shown, home = os.fspath(path), os.path.expanduser("~")
    if shown == home or shown.startswith(home.rstrip(os.sep) + os.sep):
        shown = f"~{shown[len(home.rstrip(os.sep)) :]}"
    return visible(shown, 200)


def slug(text: str) -> str:
    """`text` cut down to what an error code may hold (`[A-Z_]{1,64}`), or nothing."""
    return text if re.fullmatch(r"[A-Z_]{1,64}", text) else ""
