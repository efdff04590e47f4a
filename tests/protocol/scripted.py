"""A registry that only exists in a script: what is asked, line by line, and the answers.

    sent = answers(("HEAD /v2/demo/blobs/sha256:…", 404), ("POST /v2/demo/blobs/uploads/", opened))
    Stepper(push_blob("demo", blob), sent).finish()

Each step is checked against the next line: method and URL, and that it is what it says it is. As
with the real sender, the answer knows what was asked in the end, and where.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias, TypeVar

import pytest

from ocinb.errors import OcinbError
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Conversation, Request, Response, Step, received
from ocinb.protocol.stepper import Stepper

HOME = "https://registry.example"
Answer: TypeAlias = "Response | int | BaseException"
Line: TypeAlias = "tuple[str, Answer]"
T = TypeVar("T")
E = TypeVar("E", bound=OcinbError)


class Answers:
    """A `Send` that follows a script; `asked` are the requests that came."""

    def __init__(self, lines: tuple[Line, ...], home: str) -> None:
        self._lines, self._home = list(lines), home
        self.asked: list[Request] = []

    def __call__(self, step: Step) -> Response:
        request = step.request
        said = f"{request.method} {request.url}"
        assert self._lines, f"nobody expected {said}"
        expected, answer = self._lines.pop(0)
        assert said == expected
        assert step.title
        assert step.why
        assert step.endpoint.method == request.method
        if "<session>" not in step.endpoint.template and request.url.startswith("/"):
            assert step.endpoint.pattern.fullmatch(request.url.partition("?")[0])
        self.asked.append(request)
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, int):
            answer = Response(answer)
        if request.url.startswith("/"):
            request = replace(request, url=f"{self._home}{request.url}")
        return received(request, answer)

    def all_said(self) -> None:
        """The script must be at its end."""
        assert not self._lines, f"never asked: {self._lines[0][0]}"


def answers(*lines: Line, home: str = HOME) -> Answers:
    """A registry that expects these lines and gives these answers; a number is a bare status."""
    return Answers(lines, home)


def run(conversation: Conversation[T], *lines: Line) -> T:
    """What the conversation comes to, when it is answered so and asks nothing else."""
    send = answers(*lines)
    result = Stepper(conversation, send).finish()
    send.all_said()
    return result


def refusal(kind: type[E], conversation: Conversation[object], *lines: Line) -> E:
    """The error it ends in, when it is answered so and asks nothing else."""
    send = answers(*lines)
    with pytest.raises(kind) as refused:
        Stepper(conversation, send).finish()
    send.all_said()
    assert type(refused.value) is kind
    return refused.value


def ok(body: bytes = b"", media_type: str = "", **headers: str) -> Response:
    """200 with a body; `Docker_Content_Digest="…"` and the like are headers."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    if media_type:
        said["Content-Type"] = media_type
    return Response(200, Headers(said), body)
