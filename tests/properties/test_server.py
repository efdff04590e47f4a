"""The embedded registry: whatever it is asked, it answers; whatever it reads, it reads one way."""

from __future__ import annotations

import io
import json
from contextlib import suppress

import pytest
from hypothesis import strategies as st

from ocinb.errors import OcinbError, TransferError
from ocinb.oci.digest import Digest
from ocinb.protocol.messages import Request
from ocinb.registry.app import LocalRegistry
from ocinb.registry.http1 import Chunked, Known, Lines
from ocinb.text import slug
from tests.properties.strange import ODD, for_all, made_of

DIGEST = str(Digest.of(b"{}"))
methods = st.sampled_from(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "", "get"])
paths = made_of(
    "/v2/", "demo/app", "/blobs/", "uploads/", "/manifests/", "/tags/list", "/referrers/", DIGEST,
    "v1", "sha256:", "..", "%2e", "%2F", "%", "?", "n=", "last=", "digest=", "mount=", "from=", "&",
    "_catalog", "5", "-1", "digest-algorithm=sha512", "[", "//",
)  # fmt: skip
headers = st.dictionaries(
    st.sampled_from(["Content-Type", "Content-Range", "Content-Length", "Range", "Accept", "Host",
                     "Authorization", "If-None-Match", "If-Match", "Origin"]),
    made_of("bytes=", "0-0", "-", "5", "/", "*", ",", "application/json", "Basic ", "=="),
    max_size=3,
)  # fmt: skip
bodies = st.sampled_from(
    [b"", b"{}", b"[" * 99, json.dumps({"schemaVersion": 2, "layers": []}).encode(), b"\xff" * 9]
) | st.binary(max_size=20)


@pytest.fixture(scope="module")
def registry():
    with LocalRegistry() as school:
        yield school


@for_all(st.lists(st.tuples(methods, paths, headers, bodies), min_size=1, max_size=4), examples=150)
def test_every_request_is_answered_and_no_answer_is_a_fault(registry, requests):
    for method, path, said, body in requests:
        response = registry.handle(Request(method, path, said, body))
        assert 200 <= response.status < 500
        content = b"".join(response.stream) if response.stream is not None else response.body
        for name, value in response.headers.pairs():
            assert name.isascii()
            assert value.isascii()
            assert value.isprintable()
        if response.status >= 400 and content:
            (error,) = json.loads(content)["errors"]
            assert slug(error["code"]) == error["code"] != ""


@for_all(st.lists(paths, min_size=1, max_size=3))
def test_an_upload_goes_where_the_registry_says_whatever_was_asked(registry, names):
    for name in names:
        response = registry.handle(Request("POST", f"/v2/{name}/blobs/uploads/"))
        if response.status == 202:
            location = response.headers["location"]
            assert location.startswith("/v2/")
            assert registry.handle(Request("DELETE", location)).status == 204


# The socket's side


token = st.from_regex(rb"[!#$%&'*+.^`|~0-9A-Za-z-]{1,9}", fullmatch=True)
value = st.from_regex(rb"[!-~\x80-\xff]([\t -~\x80-\xff]{0,9}[!-~\x80-\xff])?", fullmatch=True)


@for_all(st.dictionaries(token.map(bytes.title), value, max_size=6))
def test_header_lines_are_read_as_they_are_written(fields):
    lines = b"".join(b"%s: %s\r\n" % field for field in fields.items()) + b"\r\n"
    assert Lines()(io.BytesIO(lines)) == fields


pieces = [b"Host", b":", b" ", b"\r\n", b"\n", b"\r", b"Content-Length", b"5", b"\t", b"_", b"\0",
          b"Transfer-Encoding", b"chunked", b"a" * 300, b"\xe9", b"\x85"]  # fmt: skip


@for_all(st.lists(st.sampled_from(pieces) | st.binary(max_size=3), max_size=14).map(b"".join))
def test_any_lines_are_headers_or_refused(raw):
    """K-29: no name with a space, nothing folded, no bare line end in a value."""
    with suppress(ValueError):
        for name, said in Lines()(io.BytesIO(raw + b"\r\n")).items():
            assert name.isascii()
            assert not set(name) & set(b" \t\r\n:_")
            assert not set(said) & set(b"\r\n\0")
            assert said == said.strip(b" \t")


def drained(body: Chunked | Known, size: int) -> bytes:
    out = b""
    while piece := body.read(size):
        out += piece
        assert len(piece) <= size
    return out


@for_all(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.integers(1, 50), st.binary())
def test_a_chunked_body_is_read_to_its_end_and_not_beyond(chunks, size, rest):
    raw = b"".join(b"%x;x=y\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    source = io.BytesIO(raw + rest)
    body = Chunked(source)
    assert drained(body, size) == b"".join(chunks)
    assert body.finished
    assert source.read() == rest
    known = Known(io.BytesIO(b"".join(chunks) + rest), sum(map(len, chunks)))
    assert drained(known, size) == b"".join(chunks)


chunkish = [b"5", b"0", b"\r\n", b"\n", b"hello", b";", b"x", b"0x", b"+5", b" ", b"f" * 16, b"-1"]


@for_all(st.lists(st.sampled_from(chunkish), max_size=12).map(b"".join), st.integers(1, 20))
def test_any_bytes_are_a_chunked_body_or_broken(raw, size):
    """K-29: never both, and never an end that was not said."""
    body = Chunked(io.BytesIO(raw))
    try:
        drained(body, size)
    except (OSError, TransferError):
        assert body.broken
        return
    assert body.finished
    assert b"0\r\n\r\n" in raw


@pytest.mark.parametrize("odd", ODD)
def test_no_odd_character_in_a_place_of_its_own_breaks_it(registry, odd):
    for path in (f"/v2/{odd}/tags/list", f"/v2/demo/manifests/{odd}", f"/v2/demo/blobs/{odd}",
                 f"/v2/demo/blobs/uploads/{odd}", f"/v2/demo/tags/list?n={odd}&last={odd}",
                 f"/v2/demo/referrers/{odd}?artifactType={odd}"):  # fmt: skip
        try:
            response = registry.handle(Request("GET", path))
        except OcinbError as error:
            pytest.fail(f"{path!r}: {error}")
        assert 200 <= response.status < 500
