"""What lies in a file is sent from there, and arrives as if it had been read."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ocinb.client.wire.stretches import LONGEST
from ocinb.client.wire.transport import Transport
from ocinb.errors import InvalidContent
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.file_part import FilePart
from ocinb.oci.given import blob_of
from ocinb.oci.image import Blob
from ocinb.protocol.events import BytesMoved
from ocinb.protocol.messages import Request
from ocinb.protocol.uploads.parts import Parts
from tests.client.exchanges import Pieces
from tests.client.scripted import CERTIFICATE, ScriptedServer, answer

CONTENT = bytes(range(256)) * 8192 + b"and a bit"  # more than one piece


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "blob"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Where the stretches began that the system was asked to send."""
    starts: list[int] = []
    real = os.sendfile

    def sendfile(out: int, into: int, start: int, count: int) -> int:
        starts.append(start)
        return real(out, into, start, count)

    monkeypatch.setattr(os, "sendfile", sendfile)
    return starts


needs_sendfile = pytest.mark.skipif(not hasattr(os, "sendfile"), reason="there is no sendfile here")


@needs_sendfile
def test_a_blob_that_is_a_file_is_sent_by_the_system(line: Transport, file: Path, sent: list[int]):
    body = blob_of(file, "application/octet-stream")
    with ScriptedServer(answer(201)) as server:
        line.exchange(Request("PUT", f"{server.url}/x", body=body))
        assert server.requests[0].body == CONTENT
        assert server.requests[0].headers["content-length"] == str(len(CONTENT))
    assert sent


@needs_sendfile
def test_a_part_of_such_a_blob_is_too(line: Transport, file: Path, sent: list[int]):
    parts = Parts(blob_of(file, "application/octet-stream"))
    with ScriptedServer(answer(201), answer(201)) as server:
        for start, stop in ((7, 300_000), (300_000, len(CONTENT))):
            line.exchange(Request("PATCH", f"{server.url}/x", body=parts.part(start, stop)))
        first, second = (heard.body for heard in server.requests)
    assert (first, second) == (CONTENT[7:300_000], CONTENT[300_000:])
    assert min(sent) == 7


@needs_sendfile
def test_over_tls_it_is_read(file: Path, sent: list[int]):
    certificate = file.with_suffix(".pem")
    certificate.write_text(CERTIFICATE)
    with ScriptedServer(answer(201), tls=True) as server:
        line = Transport(ca=certificate)
        line.exchange(Request("PUT", f"{server.url}/x", body=blob_of(file, "a/b")))
        assert server.requests[0].body == CONTENT
        line.close()
    assert not sent


def test_what_the_system_cannot_send_is_read(line: Transport, file: Path, monkeypatch):
    def sendfile(*args: int) -> int:
        raise OSError(errno.EINVAL, "not this file system")

    monkeypatch.setattr(os, "sendfile", sendfile, raising=False)
    with ScriptedServer(answer(201)) as server:
        line.exchange(Request("PUT", f"{server.url}/x", body=blob_of(file, "a/b")))
        assert server.requests[0].body == CONTENT


def test_progress_is_told_as_for_any_other_body(line: Transport, file: Path):
    def moved(body: object) -> list[int]:
        events: list[BytesMoved] = []

        def note(event: object) -> None:
            if isinstance(event, BytesMoved) and event.direction == "up":
                events.append(event)

        line.observers.append(note)
        with ScriptedServer(answer(201)) as server:
            line.exchange(Request("PUT", f"{server.url}/x", body=body))  # type: ignore[arg-type]
        line.observers.remove(note)
        return [event.done for event in events]

    pieces = [CONTENT[at : at + LONGEST] for at in range(0, len(CONTENT), LONGEST)]
    assert moved(blob_of(file, "a/b")) == moved(Pieces(*pieces))


def test_a_file_that_became_shorter_is_an_error_of_ours(line: Transport, file: Path):
    body = blob_of(file, "a/b")
    file.write_bytes(CONTENT[:1000])
    with ScriptedServer(answer(201)) as server, pytest.raises(InvalidContent, match="change"):
        line.exchange(Request("PUT", f"{server.url}/x", body=body))


def test_a_file_that_is_gone_is_named(line: Transport, file: Path):
    body = blob_of(file, "a/b")
    file.unlink()
    with ScriptedServer(answer(201)) as server, pytest.raises(InvalidContent, match=file.name):
        line.exchange(Request("PUT", f"{server.url}/x", body=body))


def test_only_what_is_nothing_but_a_file_is_one(file: Path):
    descriptor = Descriptor("a/b", Digest.of(CONTENT), len(CONTENT))
    assert Blob.in_file(descriptor, file).file == FilePart(file, 0, len(CONTENT))
    assert Blob(descriptor, lambda: (CONTENT,)).file is None
    assert b"".join(Blob.in_file(descriptor, file)) == CONTENT


def test_a_file_of_another_size_is_refused_at_once(file: Path):
    with pytest.raises(InvalidContent, match=f"{len(CONTENT):,}"):
        Blob.in_file(Descriptor("a/b", Digest.of(CONTENT), 5), file)
