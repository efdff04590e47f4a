"""JSON from strangers, read strictly and within bounds.

image-spec asks for I-JSON (RFC 7493): UTF-8, no duplicate names, no lone surrogates. Python's
decoder lets all of those through, accepts NaN, and recurses with the document; Go clients match
names without regard to case, so two names that differ only in case would be read differently by
different clients. All of this is refused here, in one place, as `InvalidContent`.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from ocinb.errors import InvalidContent

MANIFEST_LIMIT = 4 * 1024 * 1024  # bytes; what distribution, zot and oras accept, too
DEEPEST = 64
MOST_BRACKETS = 500_000
_INTEGER_DIGITS = 19  # 2**63-1 has nineteen
_LARGEST = 2**63 - 1
_STRINGS = re.compile(rb'"(?:[^"\\]+|\\.)*"?', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
# Names that decide what a document means, as the specs write them. Case is folded as Go folds it:
# the long s and the Kelvin sign count as letters, too.
KNOWN_NAMES = {
    name.casefold(): name
    for name in (
        "schemaVersion mediaType artifactType config layers blobs manifests subject annotations "
        "digest size urls data platform architecture os variant rootfs diff_ids history"
    ).split()
}


def parse(raw: bytes, what: str, limit: int = MANIFEST_LIMIT) -> Any:
    """The value that `raw` spells; `what` names the document in errors."""
    if len(raw) > limit:
        raise InvalidContent(f"{what} has {len(raw):,} bytes; at most {limit:,} are read")
    _check_depth(raw, what)
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_finite,
        )
        if _SURROGATE.search(raw):  # perhaps half a character, perhaps a harmless pair
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        return value
    except UnicodeEncodeError:
        raise InvalidContent(f"{what} holds half a character (a lone surrogate)") from None
    except UnicodeDecodeError:
        raise InvalidContent(f"{what} is not UTF-8") from None
    except InvalidContent as error:
        raise InvalidContent(f"{what}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise InvalidContent(f"{what} is not JSON: {error}") from None


def parse_object(raw: bytes, what: str, limit: int = MANIFEST_LIMIT) -> dict[str, Any]:
    """The same, when nothing but an object will do."""
    value = parse(raw, what, limit)
    if not isinstance(value, dict):
        raise InvalidContent(f"{what} is a JSON {_name(value)}, not an object")
    return value


def _check_depth(raw: bytes, what: str) -> None:
    """Bounded before the decoder recurses: its own limit depends on the caller's stack."""
    if raw.count(b"{") + raw.count(b"[") <= DEEPEST:
        return
    brackets = _STRINGS.sub(b"", raw).translate(None, _NOT_BRACKETS)
    if len(brackets) > 2 * MOST_BRACKETS:
        raise InvalidContent(f"{what} has more than {MOST_BRACKETS:,} objects and lists")
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in b"{[" else -1
        if depth > DEEPEST:
            raise InvalidContent(f"{what} is nested more than {DEEPEST} deep")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise InvalidContent("a name stands twice in one object")
    seen: set[str] = set()
    for name in value:
        meant = KNOWN_NAMES.get(name.casefold())
        if meant in seen:
            raise InvalidContent(f"{meant} stands twice in one object, once in another case")
        if meant:
            seen.add(meant)
    return value


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise InvalidContent("a number is out of range")
    return number


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _INTEGER_DIGITS or abs(int(digits)) > _LARGEST:
        raise InvalidContent("a number is out of range")
    return int(digits)


def _refuse_constant(name: str) -> Any:
    raise InvalidContent(f"{name} is not JSON")


def _name(value: Any) -> str:
    names = {list: "list", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")
