"""The ways to ask a registry: in this process, as a WSGI application, over a socket.

Whatever is asked, the form of the answer is checked: exact lengths, no body where there must be
none, and refusals with a code of the spec (S30).
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection  # noqa: TID251  # independent of what is tested
from typing import Any
from wsgiref.util import setup_testing_defaults

from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request
from ocinb.registry.app import LocalRegistry
from ocinb.registry.refusals import CODES
from ocinb.registry.wsgi import application
from tests.registry.asking import Streamed


@dataclass(frozen=True)
class Answer:
    """One answer, read to its end."""

    status: int
    headers: Headers
    body: bytes


# Method, URL, headers and body; one that is `Streamed` does not say how long it is.
Ask = Callable[[str, str, dict[str, str], "bytes | Streamed"], Answer]


@dataclass(frozen=True)
class Asker:
    """Asks through one of `WAYS`, in a repository of its own, and looks at the form of answers."""

    way: Ask
    name: str = "conformance/repo1"

    def __call__(
        self, method: str, url: str, body: bytes | Streamed = b"", **headers: str
    ) -> Answer:
        """The answer to a request for `url`; one that is no path is below the repository."""
        url = url if url.startswith("/") else f"/v2/{self.name}/{url}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.way(method, url, named, body)
        assert method != "HEAD" or answer.body == b""
        if answer.status == 204:
            assert answer.body == b""
        elif method != "HEAD":
            assert answer.headers["content-length"] == str(len(answer.body))
            assert answer.status < 400 or _code(answer) in CODES
        return answer


def _code(answer: Answer) -> str:
    assert answer.headers["content-type"] == "application/json"
    (error,) = json.loads(answer.body)["errors"]
    assert error["message"]
    return str(error["code"])


@contextmanager
def by_handle(registry: LocalRegistry) -> Iterator[Ask]:
    """As our own client does in this process."""

    def ask(method: str, url: str, headers: dict[str, str], body: bytes | Streamed) -> Answer:
        response = registry.handle(Request(method, url, headers, body))
        read = response.body if response.stream is None else b"".join(response.stream)
        return Answer(response.status, response.headers, read)

    yield ask


@contextmanager
def by_wsgi(registry: LocalRegistry) -> Iterator[Ask]:
    """As a WSGI server does."""
    app = application(registry.handle)

    def ask(method: str, url: str, headers: dict[str, str], body: bytes | Streamed) -> Answer:
        path, _, query = url.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
        }
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        content = b"".join(body.pieces) if isinstance(body, Streamed) else body
        environ["wsgi.input"] = io.BytesIO(content)
        if isinstance(body, Streamed):
            environ["wsgi.input_terminated"] = True
        else:
            environ["CONTENT_LENGTH"] = str(len(content))
        setup_testing_defaults(environ)
        heard: list[Any] = []

        def start(*said: Any) -> Callable[[bytes], object]:
            heard.append(said)
            return heard.append  # nobody calls it: it is of an older time

        read = b"".join(app(environ, start))
        ((status, pairs),) = heard
        return Answer(int(status[:3]), Headers(pairs), read)

    yield ask


@contextmanager
def by_http(registry: LocalRegistry) -> Iterator[Ask]:
    """As every other client does: over a socket, on one connection, streams in chunks."""
    server = registry.serve()
    connection = HTTPConnection("127.0.0.1", server.port, 20)

    def ask(method: str, url: str, headers: dict[str, str], body: bytes | Streamed) -> Answer:
        sent: Any = body
        if isinstance(body, Streamed):
            sent, headers = iter(body.pieces), {**headers, "Transfer-Encoding": "chunked"}
        connection.request(method, url, sent or None, headers, encode_chunked=True)
        response = connection.getresponse()
        return Answer(response.status, Headers(response.getheaders()), response.read())

    try:
        yield ask
    finally:
        connection.close()


WAYS = {"handle": by_handle, "wsgi": by_wsgi, "http": by_http}
