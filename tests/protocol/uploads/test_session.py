"""An upload that is open, as a value to keep: whole in JSON, and discreet everywhere else."""

from __future__ import annotations

import json
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocinb.errors import InvalidContent
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.media_types import LAYER
from ocinb.protocol import endpoints
from ocinb.protocol.messages import Request, Response
from ocinb.protocol.uploads.session import UploadSession
from tests.protocol.scripted import HOME

BLOB = Descriptor.of(b"x" * 1_000, LAYER)
STATE = f"{HOME}/v2/demo/blobs/uploads/1?_state=canary-3f9%2Fb%2fc==&sig=x+y"
SESSION = UploadSession(STATE, BLOB.digest, 1_000, 400)


def opened(**headers: str) -> UploadSession:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request("POST", f"{HOME}/v2/demo/blobs/uploads/")
    answer = Response(202, {"Location": "/v2/demo/blobs/uploads/1?s=a%2fb", **named})
    return UploadSession.opened(Response(202, answer.headers, request=request), BLOB)


def test_C14_a_session_keeps_its_location_byte_for_byte():
    assert opened().location == f"{HOME}/v2/demo/blobs/uploads/1?s=a%2fb"


@pytest.mark.parametrize(
    ("said", "minimum"),
    [("20971520", 20_971_520), ("1", 1), ("1073741824", 1_073_741_824), ("0", 0), ("-1", 0),
     ("abc", 0), ("", 0), ("1e6", 0), ("1000000000000000", 0), ("1073741825", 0), ("9" * 50, 0)],
)  # fmt: skip
def test_C19_the_least_chunk_is_what_can_be_meant(said, minimum):
    """Case 49."""
    assert opened(OCI_Chunk_Min_Length=said).minimum == minimum


def test_C20_the_latest_location_counts():
    request = Request("PATCH", STATE)
    moved = SESSION.after(Response(202, {"Location": "/elsewhere?s=2"}, request=request))
    assert (moved.location, moved.offset) == (f"{HOME}/elsewhere?s=2", 400)
    assert SESSION.after(Response(202)) is SESSION


def test_it_is_asked_and_cancelled_where_it_is():
    """C22, C24."""
    asked, cancelled = SESSION.status_step(), SESSION.cancel_step()
    assert (asked.request.method, asked.request.url) == ("GET", STATE)
    assert (cancelled.request.method, cancelled.request.url) == ("DELETE", STATE)
    assert (asked.endpoint, cancelled.endpoint) == (
        endpoints.UPLOAD_STATUS,
        endpoints.CANCEL_UPLOAD,
    )
    assert cancelled.request.body.size == 0


def test_K20_what_stands_behind_the_question_mark_is_never_shown():
    assert repr(SESSION) == (
        f"<UploadSession {BLOB.digest.short}, 400 B of 1,000 B at {HOME}/v2/demo/blobs/uploads/1>"
    )
    try:
        raise RuntimeError(SESSION)
    except RuntimeError:
        shown = traceback.format_exc()
    steps = SESSION.status_step(), SESSION.cancel_step()
    for text in (shown, str(SESSION), f"{SESSION}", *map(repr, steps), *map(str, steps)):
        assert "canary" not in text
    unnamed = UploadSession(STATE, None, None)
    assert "without a name" in repr(unnamed)


def test_another_kernel_reads_what_this_one_wrote():
    for session in (SESSION, UploadSession(STATE, None, None), opened(OCI_Chunk_Min_Length="5")):
        assert UploadSession.from_json(session.to_json()) == session
        assert UploadSession.from_json(session.to_json().encode()) == session
    assert json.loads(SESSION.to_json())["location"] == STATE


def test_a_session_is_kept_on_purpose_only():
    """K-20: what stands in its location may be all that somebody needs to write there."""
    with pytest.raises(TypeError, match="to_json"):
        pickle.dumps(SESSION)


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126)),
    st.none() | st.binary().map(Digest.of),
    st.none() | st.integers(0, 2**63 - 1),
    st.integers(0, 2**63 - 1),
)
def test_whatever_the_location_is_it_survives(path, digest, size, offset):
    offset = offset if size is None else min(offset, size)
    session = UploadSession(f"https://r/{path}", digest, size, offset)
    try:
        assert UploadSession.from_json(session.to_json()) == session
    except InvalidContent:
        pytest.fail("what was written could not be read")


def changed(**fields: object) -> str:
    return json.dumps({**json.loads(SESSION.to_json()), **fields})


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", "{", '{"location": 1}', "\ud800",
        *(changed(location=bad) for bad in (
            None, 5, "", "x", "//evil", "file:///etc/passwd", "https://[::1", "/a b\n", "/\u202e",
            "javascript:alert(1)")),
        *(changed(offset=bad) for bad in (-1, 1.5, "5", True, None, 2**64, 1_001)),
        *(changed(size=bad) for bad in (-1, 1.5, "5", True)),
        *(changed(minimum=bad) for bad in (-1, "5")),
    ],
)  # fmt: skip
def test_what_nobody_wrote_is_not_read(text):
    with pytest.raises(InvalidContent):
        UploadSession.from_json(text)


@pytest.mark.parametrize("bad", ["sha256:x", "", 5, [], "md5:" + "0" * 32])
def test_a_digest_that_is_none_is_not_read(bad):
    with pytest.raises(InvalidContent, match="the upload session's digest"):
        UploadSession.from_json(changed(digest=bad))
