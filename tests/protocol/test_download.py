"""A download that breaks off goes on from there, and believes no part that is not the right one."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ocinb.errors import (
    DigestMismatch,
    NotARegistry,
    TransferError,
    TransferStalled,
    TruncatedBody,
    UnexpectedAnswer,
    Unreachable,
)
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.media_types import LAYER
from ocinb.protocol.download import MOST_STALLED, PROGRESS, get_blob
from ocinb.protocol.events import Event, Verified
from ocinb.protocol.messages import Response, Sink
from ocinb.protocol.sinks import Memory
from ocinb.protocol.stepper import Stepper
from ocinb.storage.memory import MemoryStore
from ocinb.storage.store import Ingest
from tests.protocol.scripted import answers, ok, refusal, run

CONTENT = bytes(range(100)) * 10
BLOB = Descriptor.of(CONTENT, LAYER)
ASKED = f"GET /v2/demo/blobs/{BLOB.digest}"
BIG = bytes(3 * PROGRESS)
BIG_BLOB = Descriptor.of(BIG, LAYER)
BIG_ASKED = f"GET /v2/demo/blobs/{BIG_BLOB.digest}"


@dataclass(frozen=True)
class Cut:
    """A body that breaks off."""

    content: bytes
    size: int | None = None

    def __iter__(self) -> Iterator[bytes]:
        yield self.content
        raise TruncatedBody("the connection was closed")


def cut(content: bytes, status: int = 200, **headers: str) -> Response:
    return Response(status, named(headers), stream=Cut(content))


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def span(start: int, stop: int, total: int) -> dict[str, str]:
    return {"Content_Range": f"bytes {start}-{stop - 1}/{total}"}


def part(start: int, content: bytes = CONTENT, **headers: str) -> Response:
    """The rest of `content` from `start`."""
    said = {**span(start, len(content), len(content)), **headers}
    return Response(206, named(said), content[start:])


def get(sink: Sink | None = None, blob: Descriptor = BLOB):
    return get_blob("demo", blob, sink or Memory(blob.size))


def ranges(send) -> list[str | None]:
    return [request.headers.get("range") for request in send.asked]


# Going on


def test_FD1_a_body_that_breaks_off_half_way_is_gone_on_with():
    """F-4, D-5: closed ranges, whether they were advertised or not; the hash goes on, too."""
    heard, sink = list[Event](), Memory(BLOB.size)
    send = answers((ASKED, cut(CONTENT[:500])), (ASKED, part(500)))
    assert Stepper(get_blob("demo", BLOB, sink, heard.append), send).finish() == BLOB
    assert sink.content == CONTENT
    assert ranges(send) == [None, "bytes=500-999"]
    assert heard == [Verified(BLOB.digest, BLOB.size)]


def test_FD2_a_body_that_just_ends_too_early_is_gone_on_with():
    """F-6: where no length was said, only the descriptor tells."""
    sink = Memory(BLOB.size)
    send = answers((ASKED, ok(CONTENT[:500])), (ASKED, part(500)))
    Stepper(get(sink), send).finish()
    assert sink.content == CONTENT
    assert ranges(send) == [None, "bytes=500-999"]


def test_L6_it_always_goes_on_at_the_registry_itself():
    """An address it redirected to expires."""
    second = cut(CONTENT[1:3], 206, **span(1, 1000, 1000))
    send = answers((ASKED, cut(CONTENT[:1])), (ASKED, second), (ASKED, part(3)))
    Stepper(get(), send).finish()
    assert {request.url for request in send.asked} == {f"/v2/demo/blobs/{BLOB.digest}"}
    assert ranges(send) == [None, "bytes=1-999", "bytes=3-999"]


def test_a_body_of_which_only_the_end_of_the_message_is_missing_is_whole():
    sink = Memory(BLOB.size)
    run(get(sink), (ASKED, cut(CONTENT)))
    assert sink.content == CONTENT


def test_a_body_of_which_only_the_end_of_the_message_is_missing_may_be_wrong():
    """F-7: there is nothing left to ask for, but all of it."""
    wrong = (ASKED, cut(CONTENT[:-1] + b"!"))
    send = answers(wrong, (ASKED, ok(CONTENT)))
    Stepper(get(), send).finish()
    assert ranges(send) == [None, None]
    assert send.asked[1].headers["cache-control"] == "no-cache"
    assert refusal(DigestMismatch, get(), wrong, wrong).expected == BLOB.digest


def test_what_is_asked_anew_is_no_try_after_a_failure():
    """So nobody waits before it."""
    steps = list[object]()
    wrong = Response(206, {"Content-Range": "bytes 0-1/2"}, b"xy")
    send = answers((ASKED, cut(CONTENT[:9])), (ASKED, wrong), (ASKED, ok(CONTENT)))

    def watched(step):
        steps.append(step.after is not None)
        return send(step)

    Stepper(get(), watched).finish()
    assert steps == [False, True, False]


def test_FD4_three_attempts_that_get_nowhere_are_enough():
    """F-4: the error says how far it came."""
    first = (ASKED, cut(CONTENT[:500]))
    nothing = (ASKED, cut(b"", 206, **span(500, 1000, 1000)))
    error = refusal(TransferStalled, get(), first, nothing, nothing)
    assert isinstance(error, TruncatedBody)
    assert (error.received, error.expected) == (500, 1000)
    assert "stays at 500 of 1,000 bytes after 3 attempts" in str(error)
    assert "the connection was closed" in str(error)


def test_attempts_count_anew_after_a_mebibyte():
    """F-4."""
    step, size = PROGRESS // 2, len(BIG)
    lines = [(BIG_ASKED, cut(BIG[:step]))]
    lines += [
        (BIG_ASKED, cut(BIG[at : at + step], 206, **span(at, size, size)))
        for at in range(step, size - step, step)
    ]
    assert len(lines) > MOST_STALLED
    run(get(blob=BIG_BLOB), *lines, (BIG_ASKED, part(size - step, BIG)))


def test_each_try_says_what_failed_before_it():
    """So that whoever sends it can wait: F-1."""
    steps = list[object]()
    send = answers((ASKED, ok(b"")), (ASKED, cut(CONTENT[:1])), (ASKED, part(1)))

    def watched(step):
        steps.append((step.recovers, step.after and (step.after.reason, step.after.attempt)))
        return send(step)

    Stepper(get(), watched).finish()
    short = f"only 0 of 1,000 bytes of {BLOB.digest.short} came"
    assert steps == [(True, None), (True, (short, 1)), (True, ("the connection was closed", 2))]


def test_without_any_answer_the_same_step_still_waits():
    """That was tried again by whoever sends it; one may try once more."""
    stepper = Stepper(get(), answers((ASKED, Unreachable("down")), (ASKED, ok(CONTENT))))
    waiting = stepper.waiting
    with pytest.raises(Unreachable):
        stepper.finish()
    assert stepper.waiting == waiting
    assert stepper.finish() == BLOB
    with pytest.raises(TransferError, match="down"):
        Stepper(get(), answers((ASKED, Unreachable("down")))).finish()


def test_who_walks_it_sees_the_loss_and_goes_on():
    sink = Memory(BLOB.size)
    stepper = Stepper(get(sink), answers((ASKED, cut(CONTENT[:500])), (ASKED, part(500))))
    with pytest.raises(TruncatedBody):
        stepper.step()
    assert stepper.waiting is not None
    assert stepper.waiting.title.startswith("Go on with blob")
    stepper.step()
    assert (stepper.result, sink.content) == (BLOB, CONTENT)


# What comes in answer to a range


@pytest.mark.parametrize("rest", [ok(CONTENT), ok(CONTENT, Content_Range="bytes 500-999/1000")])
def test_FD5_all_of_it_instead_of_a_part_is_heard_from_the_beginning(rest):
    """D-6: never appended."""
    sink = Memory(BLOB.size)
    run(get(sink), (ASKED, cut(CONTENT[:500])), (ASKED, rest))
    assert sink.content == CONTENT


WRONG_PARTS = [
    "bytes 499-999/1000", "bytes 501-999/1000", "bytes 0-999/1000", "bytes 500-998/1000",
    "bytes 500-999/1001", "bytes 500-1000/1001", "bytes 500-999/*", "bytes */1000",
    "items 500-999/1000", "500-999/1000", "bytes=500-999/1000", "bytes 500-999", "",
    "bytes 500-999/1000, bytes 500-999/1000", "bytes +500-999/1000", "bytes ٥00-999/1000",
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_PARTS)
def test_FD7_another_part_than_the_one_asked_for_is_not_taken(wrong):
    """D-7: unit, first, last and total must be right, before a byte of it is taken."""
    sink = Memory(BLOB.size)
    send = answers(
        (ASKED, cut(CONTENT[:500])),
        (ASKED, Response(206, {"Content-Range": wrong}, CONTENT[500:])),
        (ASKED, ok(CONTENT)),
    )
    Stepper(get(sink), send).finish()
    assert sink.content == CONTENT
    assert ranges(send) == [None, "bytes=500-999", None]


def test_FD7_it_is_begun_anew_once_and_then_an_error():
    wrong = (ASKED, Response(206, {"Content-Range": "bytes 500-999/2000"}, CONTENT[500:]))
    half = (ASKED, cut(CONTENT[:500]))
    error = refusal(UnexpectedAnswer, get(), half, wrong, half, wrong)
    assert "from 500 up to 1,000 were asked for" in str(error)
    assert "bytes 500-999/2000" in str(error)


def test_a_part_that_nobody_asked_for_is_refused():
    refusal(UnexpectedAnswer, get(), (ASKED, part(0)))


def test_FD8_a_range_that_cannot_be_satisfied_is_begun_anew_once():
    """D-8."""
    sink = Memory(BLOB.size)
    half, no = (ASKED, cut(CONTENT[:500])), (ASKED, 416)
    run(get(sink), half, no, (ASKED, ok(CONTENT)))
    assert sink.content == CONTENT
    refusal(UnexpectedAnswer, get(), half, no, half, no)


def test_other_bytes_in_the_rest_are_asked_for_once_more_from_the_beginning():
    """F-7, F-D10."""
    half, lie = (ASKED, cut(CONTENT[:500])), (ASKED, part(500, CONTENT[:-1] + b"!"))
    sink = Memory(BLOB.size)
    send = answers(half, lie, (ASKED, ok(CONTENT)))
    Stepper(get(sink), send).finish()
    assert sink.content == CONTENT
    assert ranges(send) == [None, "bytes=500-999", None]
    assert send.asked[2].headers["cache-control"] == "no-cache"
    error = refusal(DigestMismatch, get(), half, lie, half, lie)
    assert error.expected == BLOB.digest


def test_FD11_a_rest_that_is_too_long_stops_at_the_first_byte_too_many():
    """K-11: and is hostile."""
    longer = Response(206, named(span(500, 1000, 1000)), CONTENT[500:] + b"!")
    sink = Memory(BLOB.size)
    error = refusal(UnexpectedAnswer, get(sink), (ASKED, cut(CONTENT[:500])), (ASKED, longer))
    assert "more than the 1,000 bytes" in str(error)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_a_refusal_half_way_is_a_refusal(status):
    with pytest.raises(Exception, match=str(status)):
        run(get(), (ASKED, cut(CONTENT[:500])), (ASKED, status))


def test_D10_a_web_page_in_place_of_a_blob_is_no_registry_s_answer():
    """However long it is; a blob that is a web page is one."""
    for page in (b"<html>", b"<" * BLOB.size):
        refusal(NotARegistry, get(), (ASKED, ok(page, "text/html")))
    run(get(), (ASKED, ok(CONTENT, "text/html")))


def test_D4_nothing_is_called_right_that_is_not(caplog):
    lie = ok(bytes(len(CONTENT)), Docker_Content_Digest=f"sha256:{'0' * 64}")
    refusal(DigestMismatch, get(), (ASKED, lie), (ASKED, lie))
    assert "is right" not in caplog.text


def test_D4_a_blob_whose_header_lies_is_taken_and_told_of(caplog):
    run(get(), (ASKED, ok(CONTENT, Docker_Content_Digest=str(Digest.of(b"")))))
    assert BLOB.digest in caplog.text


# What is there from before


def begun(content: bytes, algorithm: str = "sha256") -> Ingest:
    """A sink that hashes, with this in it."""
    ingest = MemoryStore().ingest(algorithm)
    if content:
        ingest.write(content)
    return ingest


def kept(ingest: Ingest) -> bytes:
    return b"".join(ingest._written())


def test_what_another_process_left_is_gone_on_with():
    ingest = begun(CONTENT[:300])
    send = answers((ASKED, part(300)))
    Stepper(get(ingest), send).finish()
    assert kept(ingest) == CONTENT
    assert ranges(send) == ["bytes=300-999"]


def test_D8_what_is_complete_is_verified_and_not_asked_for():
    heard = list[Event]()
    run(get_blob("demo", BLOB, begun(CONTENT), heard.append))
    assert heard == [Verified(BLOB.digest, BLOB.size)]


@pytest.mark.parametrize("left", [b"!" * 1000, CONTENT + b"!"], ids=["other", "longer"])
def test_D8_what_is_complete_and_wrong_is_begun_anew(left):
    ingest = begun(left)
    send = answers((ASKED, ok(CONTENT)))
    Stepper(get(ingest), send).finish()
    assert kept(ingest) == CONTENT
    assert ranges(send) == [None]


def test_a_beginning_that_is_wrong_costs_one_more_request():
    """F-7."""
    ingest = begun(b"!" * 300)
    run(get(ingest), (ASKED, part(300)), (ASKED, ok(CONTENT)))
    assert kept(ingest) == CONTENT


def test_a_hash_of_another_algorithm_is_of_no_use():
    ingest = begun(CONTENT[:300], "sha512")
    run(get(ingest), (ASKED, ok(CONTENT)))
    assert kept(ingest) == CONTENT


def test_an_empty_blob_is_asked_for_all_the_same():
    """It may not be there."""
    empty = Descriptor.of(b"", LAYER)
    run(get(begun(b""), empty), (f"GET /v2/demo/blobs/{empty.digest}", ok()))


# What comes encoded


def bare(content: bytes) -> bytes:
    """Deflated without a header."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


PACKED = gzip.compress(CONTENT)
ENCODED = [
    ("gzip", PACKED), ("x-gzip", PACKED), ("GZip ", PACKED), ("deflate", zlib.compress(CONTENT)),
    ("deflate", bare(CONTENT)), ("gzip", gzip.compress(CONTENT[:7]) + gzip.compress(CONTENT[7:])),
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "body"), ENCODED)
@pytest.mark.parametrize("told", [True, False])
def test_FD20_what_a_proxy_compressed_is_decoded(encoding, body, told):
    """D-3."""
    length = {"Content_Length": str(len(body))} if told else {}
    sink = Memory(BLOB.size)
    run(get(sink), (ASKED, ok(body, Content_Encoding=encoding, **length)))
    assert sink.content == CONTENT


STORED = Descriptor.of(PACKED, LAYER)
STORED_ASKED = f"GET /v2/demo/blobs/{STORED.digest}"


def test_FD20_what_is_stored_compressed_and_labelled_so_is_taken_as_it_is():
    """D-3: its own bytes hash to its name."""
    sink = Memory(STORED.size)
    labelled = ok(PACKED, Content_Encoding="gzip", Content_Length=str(len(PACKED)))
    run(get(sink, STORED), (STORED_ASKED, labelled))
    assert sink.content == PACKED


def test_D3_without_a_length_one_guess_may_be_wrong():
    """What decodes to other bytes is taken as it is the second time."""
    sink = Memory(STORED.size)
    labelled = (STORED_ASKED, ok(PACKED, Content_Encoding="gzip"))
    run(get(sink, STORED), labelled, labelled)
    assert sink.content == PACKED


def test_D3_with_the_length_of_the_blob_it_may_be_encoded_all_the_same():
    body = PACKED
    blob = Descriptor.of(CONTENT[:0] + b"x" * len(body), LAYER)
    packed = gzip.compress(b"x" * len(body))
    asked = f"GET /v2/demo/blobs/{blob.digest}"
    lie = ok(packed, Content_Encoding="gzip", Content_Length=str(blob.size))
    sink = Memory(blob.size)
    run(get(sink, blob), (asked, lie), (asked, lie))
    assert sink.content == b"x" * len(body)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"other")), ("gzip", b"no gzip"), ("br", CONTENT + b"!"),
        ("gzip", gzip.compress(CONTENT + b"!")), ("deflate", zlib.compress(b"!") + b"!"),
        ("gzip", PACKED[:-20]), ("gzip", gzip.compress(bytes(10_000_000))), ("gzip, gzip", b"x"),
    ],
)  # fmt: skip
def test_D3_what_is_right_neither_way_is_refused(encoding, body):
    """K-12: no more than the blob's size is kept of it."""
    answer = (ASKED, ok(body, Content_Encoding=encoding))
    sink = Memory(BLOB.size)
    error = refusal(DigestMismatch, get(sink), answer, answer)
    assert "came encoded" in error.hints[0]


def test_D3_encoded_as_nobody_knows_and_right_is_right():
    sink = Memory(BLOB.size)
    run(get(sink), (ASKED, ok(CONTENT, Content_Encoding="br")))
    assert sink.content == CONTENT


def test_K12_a_stream_that_decodes_to_nothing_is_not_read_for_ever():
    taken = 0

    @dataclass(frozen=True)
    class Endless:
        size: int | None = None

        def __iter__(self) -> Iterator[bytes]:
            nonlocal taken
            while True:
                taken += 1
                yield gzip.compress(b"") * 1_000

    endless = Response(200, {"Content-Encoding": "gzip"}, stream=Endless())
    refusal(DigestMismatch, get(), (ASKED, endless), (ASKED, endless))
    assert taken < 100


def test_what_is_encoded_is_not_gone_on_with_but_begun_anew():
    sink = Memory(BLOB.size)
    send = answers(
        (ASKED, cut(PACKED[:100], Content_Encoding="gzip")),
        (ASKED, ok(PACKED, Content_Encoding="gzip")),
    )
    Stepper(get(sink), send).finish()
    assert (sink.content, ranges(send)) == (CONTENT, [None, None])


def test_a_part_that_is_encoded_is_not_taken():
    encoded = part(500, Content_Encoding="gzip")
    run(get(), (ASKED, cut(CONTENT[:500])), (ASKED, encoded), (ASKED, ok(CONTENT)))
