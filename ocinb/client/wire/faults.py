"""What a failure means: from h11's and the system's errors to ours, by a table."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from typing import NamedTuple

import h11

from ocinb.client.wire.connection import HungUp, NotTaken
from ocinb.client.wire.deadlines import Timeouts
from ocinb.client.wire.dialing import NotConnected, ProxyRefused, TooSlow
from ocinb.client.wire.pools import NoneFree
from ocinb.errors import TransferError, Unreachable, UntrustedServer
from ocinb.protocol.messages import Request
from ocinb.text import visible

OF_ASKING = (OSError, UnicodeError, h11.ProtocolError)


class _Fault(NamedTuple):
    kind: type[TransferError]
    reason: str
    hints: tuple[str, ...] = ()


_DEAD = ("is the network up, and is a proxy needed (HTTPS_PROXY, NO_PROXY)?",)
_UNTRUSTED = (
    "give the certificate of its authority: Registry(..., ca='authority.pem')",
    "for a test registry of your own: Registry(..., insecure=True)",
)
_PLAIN = ("if it speaks plain HTTP, say so: Registry(..., plain_http=True)",)
_SLOW = (
    "it waited {waited:g} seconds; for a registry that needs longer: "
    "Registry(..., timeout={more:g})",
)
_UNKNOWN = _Fault(Unreachable, "no host of this name is known", ("check how it is spelled", *_DEAD))
_BROKE = _Fault(
    TransferError,
    "the connection broke before there was an answer",
    ("is this the port of a registry, and does it speak TLS? plain_http= says which",),
)

# What went wrong at the bottom decides; the first row that fits one of the causes is it.
_FAULTS: tuple[tuple[type[BaseException], str, _Fault], ...] = (
    (ssl.SSLCertVerificationError, "", _Fault(
        UntrustedServer, "its certificate is not one to trust ({said})", _UNTRUSTED)),
    (ssl.SSLError, "WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|HTTP_REQUEST|UNKNOWN_PROTOCOL",
        _Fault(UntrustedServer, "it does not speak TLS on this port", _PLAIN)),
    (ssl.SSLEOFError, "", _BROKE),
    (ssl.SSLError, "", _Fault(UntrustedServer, "TLS could not be agreed on ({said})")),
    (socket.gaierror, "", _UNKNOWN),
    (UnicodeError, "", _UNKNOWN),
    (ConnectionRefusedError, "", _Fault(
        Unreachable, "nothing listens there", ("is it running, and is that its port?",))),
    (ProxyRefused, "", _Fault(Unreachable, "the proxy refused: {said}", (
        "see the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY",))),
    (TooSlow, "", _Fault(Unreachable, "no connection in time", _DEAD)),
    (NotConnected, "", _Fault(Unreachable, "no connection ({said})", _DEAD)),
    (NoneFree, "", _Fault(Unreachable, "too many requests at once, none came free")),
    (NotTaken, "", _Fault(TransferError, "it stopped taking what was sent")),
    (TimeoutError, "", _Fault(TransferError, "no answer in time", _SLOW)),
    (HungUp, "", _BROKE),
    (h11.RemoteProtocolError, "unexpectedly closed", _BROKE),
    (h11.RemoteProtocolError, "illegal request line", _Fault(
        TransferError, "what came back is no text, perhaps TLS",
        ("if this port speaks TLS, say so: Registry(..., plain_http=False)",))),
    (h11.RemoteProtocolError, "", _Fault(
        TransferError, "what came back is not HTTP", ("is this the port of a registry?",))),
    (h11.LocalProtocolError, "", _Fault(TransferError, "this request cannot be sent as HTTP")),
    (BaseException, "", _BROKE),
)  # fmt: skip


def fault(failure: Exception, request: Request, timeouts: Timeouts) -> TransferError:
    """What this failure of the library, or of what is below it, means to somebody who waited as
    long as `timeouts` say."""
    kind, reason, hints = _row(failure)
    waited = timeouts.whole if str(failure) else min(timeouts.read, timeouts.whole)
    hints = tuple(hint.format(waited=waited, more=2 * waited) for hint in hints)
    return kind(reason, method=request.method, url=request.url, hints=hints)


def _row(failure: BaseException) -> _Fault:
    causes = list(_causes(failure))
    for kind, pattern, fault in _FAULTS:
        for cause in causes:
            if isinstance(cause, kind) and re.search(pattern, str(cause)):
                return fault._replace(reason=fault.reason.format(said=_said(cause)))
    return _BROKE


def _said(cause: BaseException) -> str:
    """The words of the cause: a certificate's, the system's, else the library's."""
    words = getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or str(cause)
    return visible(words, 128)


def _causes(failure: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = failure
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
