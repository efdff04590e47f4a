"""
Everything ocinb raises; the class says whose fault it is:

* OcinbError
  · InvalidReference      you asked for something that cannot be a reference, tag, digest, platform
  · InvalidContent        the bytes are not the document they claim to be
    · InvalidArchive      an archive that breaks the rules of archives, or a limit on them
  · DigestMismatch        the bytes are not what their name says
  · NotSupported          known, but not something this registry, document or installation offers
  · DiskFull              there is no room for what should be written
  · Cancelled             somebody asked for it to stop
  x RegistryError         the registry answered, and the answer was no
    · AuthenticationError 401: it does not know you, or no token could be had
    · Denied              403: it knows you, and you may not
    · NotFound            404
      · NotHere           the same of a layout or an archive on this machine
    · RateLimited         429, with the seconds to wait when it said so
    · ServerFault         5xx: its own trouble
    · ListingDisabled     it does not list its tags or repositories, or not to you
    · DeleteDisabled      it does not delete such things, or not this way
    · KindRefused         it takes no manifests of this kind
    · NotARegistry        whatever it is, it does not speak the distribution API
    · UnexpectedAnswer    it broke the protocol
  x TransferError         no whole answer arrived
    · Unreachable         no connection: name, network, refusal, time out
    · UntrustedServer     TLS: the certificate is not one to trust
    · TruncatedBody       the answer ended before it was complete
    · TransferStalled     it did so again and again, without getting any further

Messages are made of visible, bounded text (`ocinb.text`); hints are notes. The library underneath
that failed first stays in `__context__`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

from ocinb.drawable import Drawable
from ocinb.text import redacted_url, slug, visible, without_user


class OcinbError(Drawable, Exception):
    """Base class of every error raised here. `hints` say what to do next, each shown as a note."""

    def __init__(self, message: str, *, hints: Iterable[str] = ()) -> None:
        super().__init__(visible(message, lines=True))
        hide_inner_frames()
        self.hints: tuple[str, ...] = ()
        for hint in hints:
            self.hint(hint)

    def hint(self, text: str) -> None:
        """Say one more thing to do next."""
        text = visible(text, lines=True)
        self.hints = (*self.hints, text)
        self.add_note(f"Hint: {text}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross process boundaries whole, whatever their `__init__` asks for."""
        return _revived, (type(self), self.args, self.__dict__)


_INNER = ("ocinb", "contextlib", "h11", "threading", "socket", "ssl", "selectors")


def hide_inner_frames(error: BaseException | None = None) -> None:
    """Mark our frames on the way to an error as IPython and pytest know it: not to be shown.

    They are on the stack, and for an `error` that is on its way already in its traceback. What a
    notebook shows then goes from the cell to the message. Debuggers see all of it.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        _hide_if_inner(frame)
        frame = frame.f_back
    passed = error.__traceback__ if error else None
    while passed is not None:
        _hide_if_inner(passed.tb_frame)
        passed = passed.tb_next


def _hide_if_inner(frame: FrameType) -> None:
    if str(frame.f_globals.get("__name__")).partition(".")[0] in _INNER:
        frame.f_locals["__tracebackhide__"] = True


def _revived(kind: type[OcinbError], args: tuple[Any, ...], state: dict[str, Any]) -> OcinbError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidReference(OcinbError, ValueError):
    """What was typed names nothing: `part` of `text` breaks `rule`."""

    def __init__(self, text: object, part: str, rule: str, *, hints: Iterable[str] = ()) -> None:
        self.text, self.part, self.rule = visible(without_user(str(text)), 200), part, rule
        super().__init__(f"'{self.text}' is not a valid {part}: {rule}", hints=hints)


class InvalidContent(OcinbError, ValueError):
    """A document that is not what it claims to be: bad JSON, wrong shape, out of bounds."""


class InvalidArchive(InvalidContent):
    """An archive that goes against `rule` in or after its entry number `entry`.

    Entries count from 0, `offset` is the byte of the unpacked archive where reading stopped.
    """

    def __init__(
        self,
        message: str,
        *,
        rule: str = "",
        entry: int = 0,
        offset: int = 0,
        hints: Iterable[str] = (),
    ) -> None:
        self.rule, self.entry, self.offset = rule, entry, offset
        super().__init__(message, hints=hints)


class DigestMismatch(OcinbError):
    """Content arrived that does not hash to its name."""

    def __init__(
        self, expected: str, actual: str, *, source: str = "", hints: Iterable[str] = ()
    ) -> None:
        self.expected, self.actual, self.source = expected, actual, source
        came = f" from {source}" if source else ""
        super().__init__(f"asked for {expected}, but what came{came} is {actual}", hints=hints)


class NotSupported(OcinbError):
    """Known, but not something this registry, document or installation offers."""


class DiskFull(OcinbError):
    """There is no room in the folder `path` for the `needed` bytes that are still to come."""

    def __init__(
        self, message: str, *, path: str = "", needed: int = 0, hints: Iterable[str] = ()
    ) -> None:
        self.path, self.needed = path, needed
        super().__init__(message, hints=hints)


class Cancelled(OcinbError):
    """Somebody asked for it to stop."""


class RegistryError(OcinbError):
    """The registry answered, and the answer was no, in its own words.

    `status` is HTTP's, and None when it is no answer that is wrong; `code` and `message` are the
    registry's own, bounded and made visible; `method` and `url` say what was asked, without
    secrets. `retry_after` is the seconds it wants to be left alone, when it said so.
    """

    whose = "the registry refused"

    def __init__(
        self,
        status: int | None,
        code: str = "",
        message: str = "",
        *,
        retry_after: float | None = None,
        method: str = "",
        url: str = "",
        hints: Iterable[str] = (),
    ) -> None:
        self.status, self.code, self.message = status, slug(code), visible(message, 256)
        self.retry_after = retry_after
        self.method, self.url = method, redacted_url(url) if url else ""
        answer = " ".join(filter(None, ("" if status is None else str(status), self.code)))
        said = ": ".join(filter(None, (answer, self.message)))
        asked = f"{self.method} {self.url}".strip()
        super().__init__(" — ".join(filter(None, (self.whose, asked, said))), hints=hints)


class AuthenticationError(RegistryError):
    """401, or no token could be had."""

    whose = "the registry does not know who is asking"


class Denied(RegistryError):
    """403: these credentials, or nobody's, may not do this."""

    whose = "the registry does not allow this"


class NotFound(RegistryError):
    """404."""

    whose = "the registry has no such thing"


class NotHere(NotFound):
    """A layout or an archive on this machine has no such thing; nobody was asked."""

    whose = "it is not there"


class RateLimited(RegistryError):
    """429: asked too often."""

    whose = "the registry says: too many requests"


class ServerFault(RegistryError):
    """5xx: the registry's own trouble."""

    whose = "the registry is in trouble"


class ListingDisabled(RegistryError):
    """This registry does not list its tags or its repositories, or not to whoever asked."""

    whose = "the registry does not list these"


class DeleteDisabled(RegistryError):
    """400 or 405: this registry does not delete such things, or not this way."""

    whose = "the registry does not delete this"


class KindRefused(RegistryError):
    """This registry has what a manifest names, and does not take a manifest of this kind."""

    whose = "the registry takes no manifests of this kind"


class NotARegistry(RegistryError):
    """Something answered, but it does not speak the distribution API."""

    whose = "this host does not look like an OCI registry"


class UnexpectedAnswer(RegistryError):
    """The registry broke the protocol: an answer that no rule allows."""

    whose = "the registry gave an answer that breaks the protocol"


class TransferError(OcinbError):
    """No whole answer arrived; nothing is known of what the registry did with the request.

    `reason` is why, without what was asked: `method` and `url`.
    """

    def __init__(
        self, reason: str, *, method: str = "", url: str = "", hints: Iterable[str] = ()
    ) -> None:
        self.method, self.url = method, redacted_url(url) if url else ""
        self.reason = visible(reason, 256)
        asked = f"{self.method} {self.url}".strip()
        super().__init__(f"{asked}: {reason}" if asked else reason, hints=hints)


class Unreachable(TransferError):
    """No connection: unknown name, dead network, refusal or time out."""


class UntrustedServer(TransferError):
    """TLS could not be agreed on: the certificate is not one to trust."""


class TruncatedBody(TransferError):
    """The answer ended after `received` bytes of `expected`."""

    def __init__(
        self,
        reason: str,
        *,
        received: int = 0,
        expected: int | None = None,
        method: str = "",
        url: str = "",
        hints: Iterable[str] = (),
    ) -> None:
        self.received, self.expected = received, expected
        super().__init__(reason, method=method, url=url, hints=hints)


class TransferStalled(TruncatedBody):
    """A download broke off again and again, and did not get beyond `received` bytes."""
