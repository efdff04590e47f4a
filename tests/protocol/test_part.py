"""A part of a blob is exactly what was asked for, or an error; no more of it is kept."""

from __future__ import annotations

import pytest

from ocinb.errors import (
    InvalidContent,
    NotARegistry,
    NotFound,
    RegistryError,
    TransferStalled,
    TruncatedBody,
    UnexpectedAnswer,
    Unreachable,
)
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.media_types import LAYER
from ocinb.protocol.messages import Response
from ocinb.protocol.part import get_part
from ocinb.protocol.stepper import Stepper
from tests.protocol.scripted import answers, ok, refusal, run
from tests.protocol.test_download import ASKED, BLOB, CONTENT, Cut, cut, named

SIZE, LIMIT = len(CONTENT), 900


def span(start: int, stop: int, total: int | str = SIZE, **headers: str) -> Response:
    said = {"Content_Range": f"bytes {start}-{stop - 1}/{total}", **headers}
    return Response(206, named(said), CONTENT[start:stop])


def get(start: int, stop: int, blob=BLOB, limit: int = LIMIT):
    return get_part("demo", blob, start, stop, limit)


def walked(conversation, *lines):
    """What it comes to, and the ranges it asked for."""
    send = answers(*lines)
    found = Stepper(conversation, send).finish()
    send.all_said()
    return found, [request.headers.get("range") for request in send.asked]


@pytest.mark.parametrize("blob", [BLOB, BLOB.digest], ids=["descriptor", "digest"])
def test_C8_a_closed_range_is_asked_for_and_answered(blob):
    """D-5: what is known of its size, or not, is not asked for."""
    found, ranges = walked(get(100, 200, blob), (ASKED, span(100, 200)))
    assert found == CONTENT[100:200]
    assert ranges == ["bytes=100-199"]


def test_the_end_of_a_blob_ends_a_part():
    """Known before, it is not asked for; else the answer tells."""
    assert walked(get(950, 9_999), (ASKED, span(950, SIZE))) == (CONTENT[950:], ["bytes=950-999"])
    by_digest = get(950, 1_500, BLOB.digest)
    assert walked(by_digest, (ASKED, span(950, SIZE))) == (CONTENT[950:], ["bytes=950-1499"])


@pytest.mark.parametrize("blob", [BLOB, BLOB.digest], ids=["descriptor", "digest"])
def test_D6_of_all_of_it_the_part_is_kept_and_no_more_is_read(blob):
    read = []

    class Noticed(Cut):
        def __iter__(self):
            for at in range(0, SIZE, 50):
                read.append(at)
                yield CONTENT[at : at + 50]

    whole = Response(200, stream=Noticed(b"", SIZE))
    assert run(get(120, 260, blob), (ASKED, whole)) == CONTENT[120:260]
    assert read[-1] == 250


@pytest.mark.parametrize(
    "wrong",
    [
        span(101, 200), span(100, 199), span(0, SIZE), span(100, 200, "*"), span(100, 200, 1_001),
        Response(206, {}, CONTENT[100:200]), span(100, 200, Content_Encoding="gzip"),
        Response(206, {"Content-Range": "items 100-199/1000"}, CONTENT[100:200]), Response(416),
    ],
)  # fmt: skip
def test_D7_another_part_is_not_taken_and_all_of_it_is_asked_for_once(wrong: Response):
    found, ranges = walked(get(100, 200), (ASKED, wrong), (ASKED, ok(CONTENT)))
    assert found == CONTENT[100:200]
    assert ranges == ["bytes=100-199", None]
    refusal(UnexpectedAnswer, get(100, 200), (ASKED, wrong), (ASKED, wrong))


def test_D8_a_part_beyond_the_end_is_told_with_the_size_of_the_blob():
    beyond = Response(416, {"Content-Range": f"bytes */{SIZE}"})
    error = refusal(RegistryError, get(5_000, 5_100, BLOB.digest), (ASKED, beyond))
    assert error.status == 416
    assert error.hints == ("the blob has 1,000 bytes, and ends before byte 5,000",)
    error = refusal(RegistryError, get(5_000, 5_100, BLOB.digest), (ASKED, Response(416)))
    assert error.hints == ("the blob ends before byte 5,000",)
    error = refusal(UnexpectedAnswer, get(5_000, 5_100, BLOB.digest), (ASKED, ok(CONTENT)))
    assert "ends before byte 5,000" in str(error)


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 5), (6, 5), (SIZE, SIZE + 1)])
def test_what_is_no_part_is_refused_before_anything_is_sent(start: int, stop: int):
    with pytest.raises(ValueError, match=r"no part|none from"):
        run(get(start, stop))


@pytest.mark.parametrize("place", ["5", 5.0, True, None])
def test_a_part_goes_from_byte_to_byte(place):
    with pytest.raises(TypeError, match="byte to byte"):
        run(get(place, 9))
    with pytest.raises(TypeError, match="byte to byte"):
        run(get(0, place))


def test_K7_more_than_memory_is_for_is_not_asked_for():
    with pytest.raises(InvalidContent, match="has 901 bytes; at most 900"):
        run(get(0, 901))
    with pytest.raises(InvalidContent):
        run(get(0, 2**62, BLOB.digest))


def test_K11_a_part_longer_than_it_says_is_refused_at_the_first_byte_too_many():
    said = {"Content-Range": f"bytes 100-199/{SIZE}"}
    long = Response(206, said, CONTENT[100:201])
    refusal(UnexpectedAnswer, get(100, 200), (ASKED, long))


def test_F4_a_part_that_breaks_off_is_gone_on_with():
    broken = cut(CONTENT[100:140], 206, Content_Range=f"bytes 100-199/{SIZE}")
    found, ranges = walked(get(100, 200), (ASKED, broken), (ASKED, span(140, 200)))
    assert found == CONTENT[100:200]
    assert ranges == ["bytes=100-199", "bytes=140-199"]


def test_F6_one_that_just_ends_too_early_is_gone_on_with_as_well():
    short = Response(206, {"Content-Range": f"bytes 100-199/{SIZE}"}, CONTENT[100:150])
    assert run(get(100, 200), (ASKED, short), (ASKED, span(150, 200))) == CONTENT[100:200]
    assert run(get(10, 60), (ASKED, ok(CONTENT[:30])), (ASKED, span(30, 60))) == CONTENT[10:60]


def test_one_of_which_only_the_end_of_the_message_is_missing_is_whole():
    said = {"Content_Range": f"bytes 100-199/{SIZE}"}
    assert run(get(100, 200), (ASKED, cut(CONTENT[100:200], 206, **said))) == CONTENT[100:200]


def test_F4_three_attempts_that_get_nowhere_are_enough():
    nothing = cut(b"", 206, Content_Range=f"bytes 100-199/{SIZE}")
    error = refusal(TransferStalled, get(100, 200), *[(ASKED, nothing)] * 3)
    assert (error.received, error.expected) == (0, 100)
    assert isinstance(error.__cause__, TruncatedBody)


def test_without_any_answer_the_same_step_waits():
    refusal(Unreachable, get(100, 200), (ASKED, Unreachable("offline")))


def test_a_part_that_is_all_of_it_is_verified():
    """Then its digest is known."""
    small = Descriptor.of(b"small", LAYER)
    asked = f"GET /v2/demo/blobs/{small.digest}"
    assert walked(get(0, 99, small), (asked, ok(b"small"))) == (b"small", [None])
    assert run(get(0, 99, small), (asked, ok(b"smell")), (asked, ok(b"small"))) == b"small"


def test_of_content_in_the_descriptor_nobody_is_asked():
    there = Descriptor.of(b"small", LAYER, data=b"small")
    assert run(get(1, 3, there)) == b"ma"


def test_D3_of_what_comes_encoded_no_part_can_be_told():
    error = refusal(UnexpectedAnswer, get(100, 200), (ASKED, ok(CONTENT, Content_Encoding="gzip")))
    assert "came encoded (gzip)" in str(error)


def test_D10_a_web_page_is_no_part_of_a_blob():
    refusal(NotARegistry, get(0, 5), (ASKED, ok(b"<html>", "text/html")))


def test_a_blob_that_is_not_there_is_not_found():
    refusal(NotFound, get(0, 5), (ASKED, 404))
