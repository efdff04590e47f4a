"""Text that is never shown."""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """A text that is never shown: not by repr, str or format, not copied, not pickled."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; keep it out of variables, which tracebacks may print."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "Secret(hidden)" if self._text else "Secret()"

    __str__ = __repr__

    def __format__(self, specification: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        raise TypeError("a secret is no key of a dict and no member of a set")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets do not leave the process")


NOTHING = Secret()


def hidden(text: str | Secret | None) -> Secret | None:
    """What somebody gave, hidden before anything can go wrong; None stays None."""
    return Secret(text) if isinstance(text, str) else text
