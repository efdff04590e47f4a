"""An upload on disk against a model of it: whatever is asked, in any order, and over restarts."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ocinb.oci.digest import Digest
from ocinb.registry.app import LocalRegistry
from tests.registry.asking import Streamed, ask, code, open_upload

PIECES = st.binary(min_size=1, max_size=12)
NAME = "demo/app"


class Session(RuleBasedStateMachine):
    """One session at a time: while it is `open`, `written` is what its registry must have."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.registry = LocalRegistry(self.folder)
        self.location, self.written, self.open = "", b"", False
        self.stored: set[Digest] = set()

    def patch(self, body, start=None, stop=None):
        stated = {} if start is None else {"Content_Range": f"{start}-{stop - 1}"}
        return ask(self.registry, "PATCH", self.location, body, **stated)

    def has(self, digest: Digest) -> bool:
        return ask(self.registry, "HEAD", f"/v2/{NAME}/blobs/{digest}").status == 200

    @precondition(lambda self: not self.open)
    @rule(algorithm=st.sampled_from(["sha256", "sha512"]))
    def begin(self, algorithm):
        query = f"?digest-algorithm={algorithm}"
        self.location = open_upload(self.registry, NAME, query)
        self.written, self.open = b"", True

    @precondition(lambda self: self.open)
    @rule(piece=PIECES, ranged=st.booleans(), streamed=st.booleans())
    def send_the_next_piece(self, piece, ranged, streamed):
        start = len(self.written)
        bounds = (start, start + len(piece)) if ranged else ()
        answer = self.patch(Streamed(piece) if streamed else piece, *bounds)
        self.written += piece
        assert (answer.status, answer.headers["range"]) == (202, f"0-{len(self.written) - 1}")

    @precondition(lambda self: self.open)
    @rule(piece=PIECES, off=st.integers(-20, 20).filter(bool))
    def send_another_piece(self, piece, off):
        start = max(len(self.written) + off, 0)
        if start != len(self.written):
            assert self.patch(piece, start, start + len(piece)).status == 416

    @precondition(lambda self: self.open)
    @rule(piece=PIECES, off=st.integers(-5, 5).filter(bool), streamed=st.booleans())
    def send_a_piece_of_another_length(self, piece, off, streamed):
        start, size = len(self.written), max(len(piece) + off, 1)
        if size != len(piece):
            body = Streamed(piece) if streamed else piece
            assert code(self.patch(body, start, start + size)) == "400 SIZE_INVALID"

    @precondition(lambda self: self.open)
    @rule(piece=st.binary(max_size=12), algorithm=st.sampled_from(["sha256", "sha512"]))
    def end(self, piece, algorithm):
        content = self.written + piece
        digest = Digest.of(content, algorithm)
        answer = ask(self.registry, "PUT", f"{self.location}?digest={digest}", piece)
        assert answer.status == 201
        got = ask(self.registry, "GET", f"/v2/{NAME}/blobs/{digest}")
        assert got.body == content
        self.stored.add(digest)
        self.open = False

    @precondition(lambda self: self.open)
    @rule(piece=st.binary(max_size=12))
    def end_as_something_else(self, piece):
        wrong = Digest.of(self.written + piece + b"!")
        answer = ask(self.registry, "PUT", f"{self.location}?digest={wrong}", piece)
        assert code(answer) == "400 DIGEST_INVALID"
        assert wrong in self.stored or not self.has(wrong)
        self.open = False

    @precondition(lambda self: self.open)
    @rule()
    def cancel(self):
        assert ask(self.registry, "DELETE", self.location).status == 204
        self.open = False

    @rule()
    def restart(self):
        self.registry.close()
        self.registry = LocalRegistry(self.folder)

    @invariant()
    def it_says_how_far_it_came(self):
        if not self.location:
            return
        answer = ask(self.registry, "GET", self.location)
        assert answer.status == (204 if self.open else 404)
        if self.open:
            assert answer.headers["range"] == f"0-{max(len(self.written) - 1, 0)}"

    @invariant()
    def nothing_else_is_left_in_the_folder(self):
        left = [path for path in self.folder.rglob(".*") if path.name != ".ocinb-lock"]
        assert len(left) == self.open

    def teardown(self):
        assert all(map(self.has, self.stored))
        self.registry.close()
        shutil.rmtree(self.folder)


TestSession = Session.TestCase
TestSession.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
