"""An upload on a network that loses what it likes: the right blob in the end, or an error of ours.

The registry is the embedded one. Between it and the conversation sits whatever hypothesis thinks
of: requests and answers that are lost, bodies that are cut, sessions that are forgotten, ranges
that stand still, and a registry that appends whatever comes, in whatever order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ocinb.errors import OcinbError, TransferError
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob
from ocinb.oci.media_types import LAYER
from ocinb.protocol.messages import Body, Request, Response, Step, received
from ocinb.protocol.push import push_blob, resume_blob
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.uploads.session import UploadSession
from ocinb.registry.app import LocalRegistry

FAULTS = ("", "", "request", "answer", "cut", "500", "503", "gone", "still", "0-0", "silent")
TOUCHED = ("PATCH", "PUT")


@dataclass(frozen=True)
class Cut:
    """A body of which only the first bytes come."""

    body: Body
    length: int
    size: int | None = None

    def __iter__(self) -> Iterator[bytes]:
        yield b"".join(self.body)[: self.length]


class Network:
    """A `Send` to an embedded registry, with the next `fault` on the way."""

    def __init__(self, registry: LocalRegistry, *, lax: bool) -> None:
        self.registry, self.lax, self.fault, self.orphans = registry, lax, "", 0

    def __call__(self, step: Step) -> Response:
        fault, self.fault = self.fault, ""
        request = step.request
        self.orphans += request.method == "DELETE" and fault in ("request", "500", "503")
        if self.lax:  # whatever comes is appended
            request = replace(request, headers=request.headers.having(Content_Range=None))
        if fault == "request":
            raise TransferError("the request was lost")
        if fault in ("500", "503"):
            return received(step.request, Response(int(fault)))
        if fault == "gone" and step.session is not None:
            self.registry.handle(Request("DELETE", step.session.location))
        if fault == "cut" and request.method in TOUCHED and request.body.size:
            self.answered(replace(request, body=Cut(request.body, request.body.size // 2)))
            raise TransferError("the connection broke")
        response = self.answered(request)
        if fault == "answer":
            self.orphans += request.method == "POST" and response.status == 202
            raise TransferError("the answer was lost")
        if request.method in TOUCHED or request.method == "GET":
            response = twisted(response, fault)
        return received(step.request, response)

    def answered(self, request: Request) -> Response:
        return self.registry.handle(request)


def twisted(response: Response, fault: str) -> Response:
    """What a registry says of its progress when it says it in its own way."""
    if "range" not in response.headers or fault not in ("still", "0-0", "silent"):
        return response
    said = {"still": "0-1", "0-0": "0-0", "silent": None}[fault]
    return replace(response, headers=response.headers.having(Range=said))


def over(steps: Stepper[Any]) -> bool:
    """Whether it ended in an error."""
    return steps.waiting is None and not hasattr(steps, "result")


class Uploading(RuleBasedStateMachine):
    """One blob on its way, by steps, over kernels."""

    steps: Stepper[Any]

    @initialize(
        content=st.binary(max_size=40),
        piece=st.integers(1, 12),
        chunk=st.none() | st.integers(1, 15),
        lax=st.booleans(),
    )
    def begin(self, content: bytes, piece: int, chunk: int | None, lax: bool) -> None:
        pieces = [content[at : at + piece] for at in range(0, len(content), piece)]
        self.content, self.chunk = content, chunk
        self.blob = Blob(Blob.of(content, LAYER).descriptor, lambda: pieces)
        self.registry = LocalRegistry()
        self.network = Network(self.registry, lax=lax)
        self.steps = Stepper(push_blob("demo", self.blob, chunk_size=chunk), self.network)
        self.failed = False

    @precondition(lambda self: self.steps.waiting is not None)
    @rule(fault=st.sampled_from(FAULTS), steps=st.integers(1, 3))
    def go_on(self, fault: str, steps: int) -> None:
        """Some steps, the last of them with something that goes wrong."""
        for left in reversed(range(steps)):
            if self.steps.waiting is None:
                return
            self.network.fault = "" if left else fault
            try:
                self.steps.step()
            except OcinbError:
                self.failed = over(self.steps)

    @precondition(lambda self: self.steps.session is not None)
    @rule(chunk=st.integers(1, 15))
    def move_to_another_kernel(self, chunk: int) -> None:
        assert self.steps.session is not None
        saved = UploadSession.from_json(self.steps.session.to_json())
        again = resume_blob("demo", saved, self.blob, chunk_size=chunk)
        self.steps, self.failed = Stepper(again, self.network), False

    @precondition(lambda self: self.steps.session is not None or self.steps.waiting is None)
    @rule()
    def begin_anew(self) -> None:
        """With nothing there, and nothing of the last upload."""
        self.steps.close()
        self.registry.handle(Request("DELETE", f"/v2/demo/blobs/{self.blob.digest}"))
        self.steps = Stepper(push_blob("demo", self.blob, chunk_size=self.chunk), self.network)
        self.failed = False

    @invariant()
    def whoever_says_that_it_is_there_is_right(self) -> None:
        if hasattr(self, "steps") and hasattr(self.steps, "result"):
            assert self.there() == self.content

    @invariant()
    def no_other_content_is_ever_there(self) -> None:
        if hasattr(self, "steps"):
            assert self.there() in (None, self.content)
            if "demo" in self.registry.repositories:
                kept = self.registry.store("demo")._content  # type: ignore[attr-defined]
                assert set(kept) <= {self.blob.digest}

    def there(self) -> bytes | None:
        path = f"/v2/demo/blobs/{self.blob.digest}"
        response = self.registry.handle(Request("GET", path))
        if response.status != 200:
            return None
        content = response.body if response.stream is None else b"".join(response.stream)
        assert Digest.of(content) == self.blob.digest
        return content

    def teardown(self) -> None:
        if not hasattr(self, "steps"):
            return
        self.network.fault = ""
        if not self.failed:
            try:
                self.steps.finish()
                assert self.there() == self.content
            except OcinbError:
                pass
        self.steps.close()
        assert len(self.registry._state.sessions) <= self.network.orphans
        again = Stepper(push_blob("demo", self.blob), self.network)
        assert again.finish() in ("existed", "uploaded")
        assert self.there() == self.content


TestUploading = Uploading.TestCase
TestUploading.settings = settings(max_examples=300, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("chunk", [None, 4, 7, 40])
@pytest.mark.parametrize("lax", [False, True])
@pytest.mark.parametrize("fault", sorted({*FAULTS} - {""}))
def test_one_fault_anywhere_still_ends_with_the_blob(chunk, lax, fault):
    """Unless one byte is all that arrives, of which some say `0-0`, as they do of nothing."""
    content = bytes(range(33))
    blob = Blob.of(content, LAYER)
    for place in range(12):
        network = Network(LocalRegistry(), lax=lax)
        steps = Stepper(push_blob("demo", blob, chunk_size=chunk), network)
        taken = 0
        while steps.waiting is not None:
            network.fault = fault if taken == place else ""
            taken += 1
            try:
                steps.step()
            except TransferError:
                continue  # what was lost is sent again, or asked about
            except OcinbError:
                # A sender would try again; who lies and takes everything cannot be helped.
                assert fault in ("500", "503") or (lax and fault == "still"), f"{fault} at {place}"
                break
        steps.close()
        if hasattr(steps, "result"):
            path = f"/v2/demo/blobs/{blob.digest}"
            assert network.registry.handle(Request("HEAD", path)).status == 200
        assert len(network.registry._state.sessions) <= network.orphans
