"""Text of several lines per package, an empty line after each: what dpkg and apk keep."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping

from ocinb.layers.limits import Broken

PACKAGES = 200_000  # that one database may have
FIELD = 64 * 1024  # bytes of one value

_BLANK = b" \t\r\n"


def stanzas(
    raw: bytes, wanted: Mapping[bytes, str], *, any_case: bool = False
) -> Iterator[dict[str, str]]:
    """What each stanza says of the `wanted` fields, by the names that are given to these.

    With `any_case`, `wanted` has them in small letters. Of a field with several lines it is the
    first; of one that comes again, too. Lines are taken one by one, so what nobody wants costs no
    memory. Raises `Broken` for more than is read.
    """
    found: dict[str, str] = {}
    began, count = False, 0
    for line in io.BytesIO(raw):
        if not line.strip(_BLANK):
            if began:
                yield found
                found, began = {}, False
            continue
        if not began:
            count += 1
            if count > PACKAGES:
                raise Broken(f"at most {PACKAGES:,} packages of a database are read", "it has more")
        began = True
        name, colon, value = line.partition(b":")
        key = wanted.get(name.lower() if any_case else name)
        if colon and key is not None and key not in found:
            found[key] = text(value.strip(_BLANK))
    if began:
        yield found


def text(value: bytes) -> str:
    """A value as text; what is not UTF-8 is replaced."""
    if len(value) > FIELD:
        raise Broken(f"a value has at most {FIELD:,} bytes", f"one has {len(value):,}")
    return value.decode("utf-8", "replace")


def number(value: str, unit: int = 1) -> int | None:
    """`value` as bytes of `unit` each; None when it is no number, or one that no disk can hold."""
    if not (value.isascii() and value.isdigit() and len(value) <= 15):
        return None
    return int(value) * unit
