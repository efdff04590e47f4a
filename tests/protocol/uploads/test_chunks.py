"""A blob sent in chunks: a registry is believed only so far, and what is lost is asked about."""

from __future__ import annotations

import pytest

from ocinb.errors import (
    Denied,
    InvalidContent,
    NotFound,
    RegistryError,
    ServerFault,
    TransferError,
    UnexpectedAnswer,
)
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob
from ocinb.oci.media_types import LAYER
from ocinb.protocol.messages import Response
from ocinb.protocol.push import push_blob, resume_blob
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.uploads import chunks
from ocinb.protocol.uploads.session import UploadSession
from ocinb.protocol.uploads.upload import upload
from tests.protocol.scripted import HOME, Line, answers, refusal, run
from tests.protocol.uploading import (
    HEAD,
    LOST,
    TEN,
    ask,
    at,
    cancelled,
    opened,
    patch,
    put,
    sent,
    took,
)

MIB = 1024 * 1024


def follow(*lines: Line, size: int = 4, blob: Blob = TEN) -> list[tuple[str, bytes]]:
    """The chunks of an upload that comes to its end."""
    send = answers(*lines)
    Stepper(upload("demo", blob, size), send).finish()
    send.all_said()
    return sent(send)


ALL = [("0-3", b"0123"), ("4-7", b"4567"), ("8-9", b"89")]
DONE = (put(), 201)


def test_C18_C21_chunks_go_in_order_and_the_digest_closes():
    lines = opened(), (patch(), took("0-3")), (patch(), took("0-7")), (patch(), took("0-9")), DONE
    assert follow(*lines) == ALL


def test_C18_each_chunk_says_what_it_is():
    send = answers(opened(), (patch(), took("0-9")), DONE)
    Stepper(upload("demo", TEN, 100), send).finish()
    _, chunk, end = send.asked
    assert chunk.headers["content-type"] == "application/octet-stream"
    assert (chunk.body.size, end.body.size) == (10, 0)
    assert b"".join(chunk.body) == b"".join(chunk.body)  # a late 401 sends it again


def test_a_blob_that_fills_its_last_chunk_and_one_without_a_byte():
    assert follow(opened(), (patch(), took("0-4")), (patch(), took("0-9")), DONE, size=5) == [
        ("0-4", b"01234"), ("5-9", b"56789"),
    ]  # fmt: skip
    empty = Blob.of(b"", LAYER)
    assert follow(opened(), (f"PUT {at()}?digest={empty.digest}", 201), blob=empty) == []


def test_C20_each_chunk_goes_to_where_the_last_answer_said():
    lines = (
        opened(),
        (patch(), Response(202, {"Location": "/two?_state=a%2fb", "Range": "0-4"})),
        (f"PATCH {HOME}/two?_state=a%2fb", Response(202, {"Location": "/three", "Range": "0-9"})),
        (f"PUT {HOME}/three?digest={TEN.digest}", 201),
    )
    follow(*lines, size=5)


@pytest.mark.parametrize("least", ["6", "9"])
def test_C19_the_registry_s_least_chunk_is_honoured(least):
    """F-U5, case 49."""
    lines = (
        opened(OCI_Chunk_Min_Length=least), (patch(), took(None)), (patch(), took("0-9")), DONE,
    )  # fmt: skip
    assert len(follow(*lines)[0][1]) == int(least)


@pytest.mark.parametrize("least", ["0", "-1", "abc", "1000000000000000"])
def test_C19_a_least_chunk_that_cannot_be_meant_is_ignored(least):
    """F-U5, case 49."""
    lines = (
        opened(OCI_Chunk_Min_Length=least), (patch(), took("0-4")), (patch(), took("0-9")), DONE,
    )  # fmt: skip
    assert len(follow(*lines, size=5)[0][1]) == 5


# What was taken


def test_C21_of_a_chunk_that_was_taken_in_part_the_rest_is_sent():
    """F-U2, case 46."""
    lines = opened(), (patch(), took("0-5")), (patch(), took("0-9")), DONE
    assert follow(*lines, size=8) == [("0-7", b"01234567"), ("6-9", b"6789")]


def test_a_registry_that_has_more_than_it_was_sent_is_not_believed():
    """F-U2, case 46."""
    lines = opened(), (patch(), took("0-4"))
    error = refusal(UnexpectedAnswer, upload("demo", TEN, 4), *lines)
    assert "it has 5 bytes, but was sent 4" in str(error)
    lost = opened(), (patch(), LOST), (ask(), took("0-9", 204))
    refusal(UnexpectedAnswer, upload("demo", TEN, 4), *lost)


@pytest.mark.parametrize("said", [None, "", "nonsense"])
def test_U7_who_does_not_say_how_far_it_is_took_it_all(said):
    lines = opened(), (patch(), took(said)), (patch(), took(said)), (patch(), took(said)), DONE
    assert follow(*lines) == ALL


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_U3_another_yes_to_a_chunk_is_a_yes(status):
    lines = opened(), (patch(), took("0-4", status)), (patch(), took("0-9", status)), DONE
    assert len(follow(*lines, size=5)) == 2


def test_U3_a_range_that_stands_still_is_asked_about_once():
    """As ECR's does: ours is trusted once, then end-13 is asked, and then left alone."""
    lines = (
        opened(),
        (patch(), took("0-1", 201)),
        (patch(), took("0-1", 201)),
        (patch(), took("0-1", 201)), (ask(), took("0-5", 204)),
        (patch(), took("0-1", 201)),
        (patch(), took("0-1", 201)),
        DONE,
    )  # fmt: skip
    assert [said for said, _ in follow(*lines, size=2)] == ["0-1", "2-3", "4-5", "6-7", "8-9"]


def test_U3_where_end_13_stands_still_too_a_gap_would_have_been_refused():
    lines = (
        opened(),
        (patch(), took("0-3", 201)),
        (patch(), took("0-3", 201)),
        (patch(), took("0-3", 201)), (ask(), took("0-3", 204)),
        DONE,
    )  # fmt: skip
    assert follow(*lines) == ALL


def test_U3_a_chunk_that_was_really_not_taken_is_sent_again():
    """C22: the next one is refused, and tells."""
    lines = (
        opened(),
        (patch(), took("0-3")),
        (patch(), took("0-3")),
        (patch(), took("0-3", 416)), (ask(), took("0-3", 204)),
        (patch(), took("0-7")), (patch(), took("0-9")), DONE,
    )  # fmt: skip
    assert follow(*lines) == [ALL[0], ALL[1], ALL[2], ALL[1], ALL[2]]


# What was lost


def test_C22_F9_after_a_lost_answer_it_goes_on_from_where_the_registry_is():
    """F-U3, case 47."""
    lines = (
        opened(), (patch(), took("0-3")), (patch(), LOST), (ask(), took("0-5", 204)),
        (patch(), took("0-9")), DONE,
    )  # fmt: skip
    assert follow(*lines) == [ALL[0], ALL[1], ("6-9", b"6789")]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_F2_the_registry_s_own_trouble_is_a_lost_answer(status):
    lines = opened(), (patch(), status), (ask(), took("0-3", 204)), (patch(), took("0-9")), DONE
    assert follow(*lines, size=6) == [("0-5", b"012345"), ("4-9", b"456789")]


def test_C22_a_chunk_out_of_order_is_asked_about():
    lines = (
        opened(), (patch(), took("0-3")), (patch(), took("0-1", 416)),
        (ask(), Response(204, {"Location": "/v2/demo/blobs/uploads/2", "Range": "0-1"})),
        (patch(2), took("0-5")), (patch(2), took("0-9")), (put(2), 201),
    )  # fmt: skip
    assert follow(*lines)[2] == ("2-5", b"2345")


@pytest.mark.parametrize("said", ["0-0", "0--1", "bytes=0--1", None])
def test_U7_after_a_lost_first_chunk_nothing_said_is_nothing_there(said):
    """F-U9, case 53."""
    lines = opened(), (patch(), LOST), (ask(), took(said, 204)), (patch(), took("0-9")), DONE
    assert follow(*lines, size=10) == [("0-9", b"0123456789")] * 2


def test_U7_what_is_not_said_is_what_was_said_before():
    """Case 53."""
    lines = (
        opened(), (patch(), took("0-4")), (patch(), LOST), (ask(), took(None, 204)),
        (patch(), took("0-9")), DONE,
    )  # fmt: skip
    assert follow(*lines, size=5)[1:] == [("5-9", b"56789")] * 2


def test_U7_0_0_is_one_byte_where_nothing_is_refused():
    lines = (
        opened(), (patch(), LOST), (ask(), took("0-0", 204)),
        (patch(), took("0-0", 416)), (ask(), took("0-0", 204)),
        (patch(), took("0-9")), DONE,
    )  # fmt: skip
    assert [said for said, _ in follow(*lines, size=10)] == ["0-9", "0-9", "1-9"]


def test_U7_0_0_is_still_nothing_when_the_same_is_lost_again():
    """As it is when the source of what is sent has died: it is that which is told, and no 416."""
    lost = ((patch(), LOST), (ask(), took("0-0", 204)))
    lines = opened(), *lost, *lost, *lost, (patch(), took("0-9")), DONE
    assert [said for said, _ in follow(*lines, size=10)] == ["0-9"] * 4
    ending = opened(), *lost * chunks.TRIES, (patch(), LOST)
    assert refusal(TransferError, upload("demo", TEN, 10), *ending) is LOST


def test_F9_a_session_that_is_gone_begins_anew():
    """F-U3, case 47."""
    lines = (
        opened(), (patch(), took("0-4")), (patch(), LOST), (ask(), 404), (HEAD, 404),
        opened(2), (patch(2), took("0-4")), (patch(2), 404),
        opened(3), (patch(3), took("0-4")), (patch(3), took("0-9")), (put(3), 201),
    )  # fmt: skip
    follow(*lines, size=5)


def test_F9_olareg_says_400_of_a_session_that_is_gone():
    gone = Response(400, body=b'{"errors": [{"code": "BLOB_UPLOAD_UNKNOWN"}]}')
    lines = (
        opened(), (patch(), took("0-4")), (patch(), gone),
        opened(2), (patch(2), took("0-4")), (patch(2), LOST), (ask(2), gone), (HEAD, 404),
        opened(3), (patch(3), took("0-4")), (patch(3), took("0-9")), (put(3), 201),
    )  # fmt: skip
    follow(*lines, size=5)


def test_F9_and_that_at_most_twice():
    lines: list[Line] = [
        line
        for number in (1, 2, 3)
        for line in (opened(number), (patch(number), took("0-4")), (patch(number), 404))
    ]
    refusal(NotFound, upload("demo", TEN, 5), *lines)


@pytest.mark.parametrize("status", [405, 501])
def test_a_registry_that_does_not_tell_how_far_it_is_begins_anew(status):
    lines = (
        opened(), (patch(), took("0-4")), (patch(), LOST), (ask(), status), (cancelled(), 405),
        opened(2), (patch(2), took("0-4")), (patch(2), took("0-9")), (put(2), 201),
    )  # fmt: skip
    follow(*lines, size=5)


def test_a_chunk_that_never_arrives_is_an_error_in_the_end():
    once: list[Line] = [(patch(), LOST), (ask(), took("0--1", 204))]
    lines = opened(), *once * chunks.TRIES, (patch(), LOST)
    assert refusal(TransferError, upload("demo", TEN, 4), *lines) is LOST


def test_each_byte_more_is_a_new_chance():
    lines: list[Line] = [opened()]
    for end in range(9):
        lost: list[Line] = [(patch(), LOST), (ask(), took(f"0-{end - 1}", 204))]
        lines += lost * 3 if end != 1 else []
        lines += [(patch(), took(f"0-{end}"))]
    follow(*lines, (patch(), took("0-9")), DONE, size=1)


@pytest.mark.parametrize(("status", "kind"), [(401, RegistryError), (403, Denied)])
def test_who_may_not_is_told_at_once(status, kind):
    lines = opened(), (patch(), status)
    with pytest.raises(kind):
        Stepper(upload("demo", TEN, 4), answers(*lines)).finish()


def test_a_question_that_is_refused_is_an_error():
    lines = opened(), (patch(), LOST), (ask(), 403)
    refusal(Denied, upload("demo", TEN, 4), *lines)
    lines = opened(), (patch(), LOST), (ask(), 500)
    refusal(ServerFault, upload("demo", TEN, 4), *lines)


# The end


def test_F3_a_lost_end_is_no_loss_when_the_blob_is_there():
    lines = opened(), (patch(), took("0-9")), (put(), LOST), (HEAD, 200)
    follow(*lines, size=10)


def test_F3_a_lost_end_is_said_again_when_the_upload_is_still_open():
    lines = (
        opened(),
        (patch(), took("0-9")),
        (put(), 502),
        (HEAD, 404),
        (ask(), took("0-9", 204)),
        DONE,
    )
    follow(*lines, size=10)


def test_F3_a_lost_end_of_an_upload_that_is_gone_begins_anew():
    lines = (
        opened(), (patch(), took("0-9")), (put(), LOST), (HEAD, 404), (ask(), 404), (HEAD, 404),
        opened(2), (patch(2), took("0-9")), (put(2), 201),
    )  # fmt: skip
    follow(*lines, size=10)


def test_C23_an_end_that_comes_too_early_is_416_and_goes_on():
    lines = (
        opened(), (patch(), took(None)), (put(), took("0-4", 416)), (ask(), took("0-4", 204)),
        (patch(), took("0-9")), DONE,
    )  # fmt: skip
    assert follow(*lines, size=10)[1] == ("5-9", b"56789")


@pytest.mark.parametrize("status", [200, 202, 204])
def test_U6_another_yes_to_the_end_is_believed_once_the_blob_is_seen(status):
    follow(opened(), (patch(), took("0-9")), (put(), status), (HEAD, 200), size=10)


def test_a_digest_that_was_refused_is_tried_once_more_in_one_piece():
    """F-U8, case 52."""
    said = Response(400, body=b'{"errors": [{"code": "DIGEST_INVALID"}]}')
    lines = (
        opened(),
        (patch(), took("0-9")),
        (put(), said),
        (cancelled(), 204),
        opened(2),
        (put(2), said),
    )
    error = refusal(RegistryError, upload("demo", TEN, 10), *lines)
    assert error.code == "DIGEST_INVALID"


# What is too much


def big(size: int = 5 * MIB) -> Blob:
    return Blob.of(bytes(size), LAYER)


@pytest.mark.parametrize("status", [413, 416])
def test_U2_a_chunk_that_is_too_large_is_halved(status):
    blob = big(4 * MIB)
    lines = (
        opened(), (patch(), status), (patch(), status), (patch(), took(f"0-{MIB - 1}")),
        (patch(), took(f"0-{2 * MIB - 1}")), (patch(), took(f"0-{3 * MIB - 1}")),
        (patch(), took(f"0-{4 * MIB - 1}")),
        (f"PUT {at()}?digest={blob.digest}", 201),
    )  # fmt: skip
    sizes = [len(body) // MIB for _, body in follow(*lines, size=8 * MIB, blob=blob)]
    assert sizes == [4, 2, 1, 1, 1, 1]


def test_U2_a_later_one_too_once_the_registry_says_it_took_nothing_of_it():
    blob = big(4 * MIB)
    had = took(f"0-{2 * MIB - 1}", 204)
    lines = (
        opened(), (patch(), took(f"0-{2 * MIB - 1}")), (patch(), 413), (ask(), had),
        (patch(), took(f"0-{3 * MIB - 1}")), (patch(), took(f"0-{4 * MIB - 1}")),
        (f"PUT {at()}?digest={blob.digest}", 201),
    )  # fmt: skip
    follow(*lines, size=2 * MIB, blob=blob)


def test_U2_below_a_mebibyte_the_blob_goes_in_one_piece():
    send = answers(opened(), (patch(), 416), (cancelled(), 404), opened(2), (put(2), 201))
    Stepper(upload("demo", TEN, 4), send).finish()
    assert b"".join(send.asked[-1].body) == b"0123456789"


def test_C19_U2_no_chunk_gets_smaller_than_the_registry_s_own_least():
    blob = big()
    least = str(5 * MIB)
    lines = (
        opened(OCI_Chunk_Min_Length=least), (patch(), 413), (cancelled(), 204),
        opened(2), (f"PUT {at(2)}?digest={blob.digest}", 201),
    )  # fmt: skip
    follow(*lines, size=8 * MIB, blob=blob)


@pytest.mark.parametrize("status", [400, 405, 501])
def test_U1_F9_where_there_are_no_chunks_the_blob_goes_in_one_piece(status):
    follow(opened(), (patch(), status), (cancelled(), 405), opened(2), (put(2), 201))


def test_U1_F9_a_session_that_is_gone_need_not_be_cancelled():
    follow(opened(), (patch(), 404), opened(2), (put(2), 201))


def test_where_neither_way_is_taken_it_is_an_error():
    lines = opened(), (patch(), 405), (cancelled(), LOST), opened(2), (put(2), 413)
    assert refusal(RegistryError, upload("demo", TEN, 4), *lines).status == 413


# Going on elsewhere


def resume(session: UploadSession, *lines: Line) -> list[tuple[str, bytes]]:
    send = answers(*lines)
    assert Stepper(resume_blob("demo", session, TEN), send).finish() == TEN.descriptor
    send.all_said()
    return sent(send)


SAVED = UploadSession(at(), TEN.digest, 10, 4)


def test_C22_another_kernel_goes_on_from_where_the_registry_is():
    assert resume(SAVED, (ask(), took("0-6", 204)), (patch(), took("0-9")), DONE) == [
        ("7-9", b"789")
    ]
    assert resume(SAVED, (ask(), took(None, 204)), (patch(), took("0-9")), DONE) == [
        ("4-9", b"456789")
    ]


def test_an_upload_that_only_had_to_be_closed_is_closed():
    assert resume(SAVED, (ask(), took("0-9", 204)), DONE) == []


def test_an_upload_that_is_over_left_the_blob_or_begins_anew():
    assert resume(SAVED, (ask(), 404), (HEAD, 200)) == []
    lines = (ask(), 404), (HEAD, 404), opened(2), (patch(2), took("0-9")), (put(2), 201)
    assert resume(SAVED, *lines) == [("0-9", b"0123456789")]


def test_the_session_of_another_blob_is_not_gone_on_with():
    other = Blob.of(b"other", LAYER)
    for session in (SAVED, UploadSession(at(), None, 10)):
        with pytest.raises(ValueError, match="of another blob"):
            Stepper(resume_blob("demo", session, other), answers())


def test_a_step_shows_which_upload_is_open_so_that_it_can_be_kept():
    send = answers((HEAD, 404), opened(), (patch(), took("0-3")), (cancelled(), 204))
    steps = Stepper(push_blob("demo", TEN, chunk_size=4), send)
    seen = []
    for _ in range(3):
        steps.step()
        seen.append(steps.session and steps.session.offset)
    assert seen == [None, 0, 4]
    kept = steps.session
    assert kept is not None
    assert (kept.location, kept.digest, kept.size) == (at(), TEN.digest, 10)
    steps.close()
    send.all_said()


def test_a_chunked_push_announces_and_asks_as_any_other():
    lines = (HEAD, 404), opened(), (patch(), took("0-9")), DONE
    assert run(push_blob("demo", TEN, chunk_size=100), *lines) == "uploaded"
    assert run(push_blob("demo", TEN, chunk_size=100), (HEAD, 200)) == "existed"


def test_a_chunk_is_never_whole_in_memory_and_the_blob_is_read_once():
    pieces, read = [b"x" * 1_000] * 10, list[int]()

    def content():
        for number, piece in enumerate(pieces):
            read.append(number)
            yield piece

    blob = Blob(Blob.of(b"".join(pieces), LAYER).descriptor, content)

    def send(step):
        if step.request.method == "PATCH":
            taken = [len(piece) for piece in step.request.body]
            assert max(taken) <= 1_000
            return took(None)
        location = {"Location": "/v2/demo/blobs/uploads/1"}
        return Response(202, location) if step.request.method == "POST" else Response(201)

    Stepper(upload("demo", blob, 2_500), send).finish()
    assert read == list(range(10))


def test_content_that_is_not_what_it_says_is_found_out_here():
    """Case 52: nothing is gained by sending it again."""
    wrong = Blob(Blob.of(b"0123456789", LAYER).descriptor, lambda: [b"012345678X"])
    said = Response(400, body=b'{"errors": [{"code": "DIGEST_INVALID"}]}')
    lines = opened(), (patch(), took("0-9")), (put(), said)
    with pytest.raises(Exception, match=str(Digest.of(b"012345678X"))) as failed:
        run(upload("demo", wrong, 10), *lines)
    assert not isinstance(failed.value, InvalidContent)
