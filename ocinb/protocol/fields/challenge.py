"""What a registry wants to hear before it answers: the `WWW-Authenticate` header, read.

The grammar is RFC 9110, section 11.6.1. One header may hold several challenges, one challenge
several parameters, and both are separated by commas; a name followed by `=` is a parameter, any
other name begins a challenge. Read by hand and from left to right, so that no header takes longer
than its length: the obvious regular expression is quadratic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ocinb.drawable import Drawable
from ocinb.text import visible

HEADER_LIMIT = 16 * 1024  # characters of a header that are read
PREFERRED = ("bearer", "basic")  # the schemes we can answer, the better one first

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))", re.ASCII)
_SPACE = re.compile(r"[ \t]*")
_BETWEEN = re.compile(r"[ \t,]*")


@dataclass(frozen=True)
class Challenge(Drawable):
    """One way in: its `scheme` in lower case, and `parameters` with lower-case names."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """The parameter `name`, or nothing."""
        return self.parameters.get(name, "")

    def __repr__(self) -> str:
        said = " ".join(filter(None, (visible(self.scheme, 80), visible(self.get("realm"), 80))))
        return f"<Challenge {said}>"


def challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Every challenge in these `WWW-Authenticate` headers, in order; what is no challenge is
    skipped."""
    found: list[tuple[str, dict[str, str]]] = []
    left = HEADER_LIMIT
    for header in headers:
        for name, value in _Reader(header[:left]).words():
            if value is None:
                found.append((name, {}))
            elif found:
                _add(found[-1][1], name, value)
        left = max(0, left - len(header))
    return tuple(Challenge(scheme, parameters) for scheme, parameters in found)


def preferred(offered: Iterable[Challenge]) -> Challenge | None:
    """The challenge to answer: Bearer before Basic, None when it is neither."""
    by_scheme: dict[str, Challenge] = {}
    for challenge in offered:
        by_scheme.setdefault(challenge.scheme, challenge)
    return next((by_scheme[scheme] for scheme in PREFERRED if scheme in by_scheme), None)


def _add(parameters: dict[str, str], name: str, value: str) -> None:
    """Names occur once, the RFC says; some registries repeat `scope`, and mean all of them."""
    if name == "scope" and name in parameters:
        parameters[name] += f" {value}"
    else:
        parameters.setdefault(name, value)


class _Reader:
    """A header, and how far it has been read."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def words(self) -> Iterator[tuple[str, str | None]]:
        """A parameter as name and value, a scheme as name and None; names in lower case."""
        while True:
            self._skip(_BETWEEN)
            if self.at >= len(self.text):
                return
            name = self._take(_TOKEN).lower()
            if not name:
                self.at += 1  # nothing of ours
            elif self._equals():
                yield name, self._value()
            else:
                yield name, None
                if self._take(_SPACE):  # a token68 has none in it, so nothing is tried twice
                    self._take(_TOKEN68)  # Negotiate and its like carry one; we never need it

    def _equals(self) -> bool:
        """Whether a `=` follows, perhaps after spaces; if so it is behind us now."""
        space = _SPACE.match(self.text, self.at)
        after = space.end() if space else self.at
        if not self.text.startswith("=", after):
            return False
        self.at = after + 1
        return True

    def _value(self) -> str:
        self._skip(_SPACE)
        if self.text.startswith('"', self.at):
            return self._quoted()
        return self._take(_TOKEN)

    def _quoted(self) -> str:
        """A quoted string without its quotes; one that never ends goes to the end."""
        out: list[str] = []
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != '"':
            if self.text[self.at] == "\\":
                self.at += 1
            out.append(self.text[self.at : self.at + 1])
            self.at += 1
        self.at += 1
        return "".join(out)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._take(pattern)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match.group()
