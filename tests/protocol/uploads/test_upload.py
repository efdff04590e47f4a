"""Uploading a blob in one piece, in one request and as it is read; and giving an upload up."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ocinb.errors import (
    Denied,
    DigestMismatch,
    NotFound,
    NotSupported,
    RegistryError,
    ServerFault,
    TransferError,
    UnexpectedAnswer,
)
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.image import Blob
from ocinb.oci.media_types import LAYER
from ocinb.protocol import endpoints
from ocinb.protocol.messages import Response
from ocinb.protocol.push import push_blob
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.uploads.parts import Once
from ocinb.protocol.uploads.session import UploadSession
from ocinb.protocol.uploads.upload import cancel, post_blob, stream_blob, upload
from tests.protocol.scripted import Line, answers, refusal, run
from tests.protocol.uploading import (
    HEAD,
    LOST,
    OPEN,
    TEN,
    ask,
    cancelled,
    opened,
    patch,
    put,
    took,
)

CHUNKED: list[Line] = [(patch(9), took("0-9")), (put(9), 201)]


def follow(*lines: Line, blob: Blob = TEN):
    run(upload("demo", blob), *lines)


# In one piece


def test_C13_C15_it_is_opened_sent_and_closed_in_two_requests():
    send = answers(opened(), (put(), 201))
    steps = Stepper(upload("demo", TEN), send)
    steps.finish()
    assert [each.step.endpoint for each in steps.taken] == [
        endpoints.OPEN_UPLOAD,
        endpoints.CLOSE_UPLOAD,
    ]


@pytest.mark.parametrize("status", [400, 405, 413, 416])
def test_U4_U5_what_is_not_taken_in_one_piece_goes_in_chunks(status):
    """Case 50."""
    follow(opened(), (put(), status), (cancelled(), 204), opened(9), *CHUNKED)


def test_U5_a_session_that_cannot_be_put_to_need_not_be_cancelled():
    follow(opened(), (put(), 404), opened(9), *CHUNKED)


def test_U4_what_is_taken_neither_way_is_an_error():
    lines = opened(), (put(), 413), (cancelled(), 204), opened(9), (patch(9), 413)
    assert refusal(RegistryError, upload("demo", TEN), *lines).status == 413


def test_F3_a_lost_answer_is_no_loss_when_the_blob_is_there():
    follow(opened(), (put(), LOST), (HEAD, 200))
    follow(opened(), (put(), 500), (HEAD, 200))


def test_F9_what_arrived_by_an_earlier_session_leaves_the_later_one_to_be_cancelled():
    """The first answer was lost, and the registry in trouble when it was asked what came of it."""
    lines = (
        opened(), (put(), LOST), (HEAD, 500), (cancelled(), 404),
        opened(2), (put(2), LOST), (HEAD, 200), (cancelled(2), 204),
    )  # fmt: skip
    follow(*lines)


def test_F9_so_does_the_end_of_one_in_chunks():
    lines = (
        opened(), (put(), LOST), (HEAD, 500), (cancelled(), 404),
        opened(2), (put(2), LOST), (HEAD, 500), (cancelled(2), 404),
        opened(3), (patch(3), took("0-9")), (put(3), LOST), (HEAD, 200), (cancelled(3), 204),
    )  # fmt: skip
    follow(*lines)


def test_F9_what_was_lost_is_sent_again_and_then_in_chunks():
    lines = (
        opened(), (put(), LOST), (HEAD, 404), (cancelled(), LOST),
        opened(2), (put(2), 502), (HEAD, 404), (cancelled(2), 404),
        opened(9), *CHUNKED,
    )  # fmt: skip
    follow(*lines)


def test_F9_and_an_error_in_the_end():
    lines = [
        opened(), (put(), 500), (HEAD, 404), (cancelled(), 204),
        opened(2), (put(2), 500), (HEAD, 404), (cancelled(2), 204),
        opened(3), (patch(3), took("0-9")), (put(3), 500), (HEAD, 404), (ask(3), 404), (HEAD, 404),
    ]  # fmt: skip
    refusal(ServerFault, upload("demo", TEN), *lines)


def test_F11_a_registry_without_room_is_not_asked_again():
    lines = opened(), (put(), 507)
    assert refusal(ServerFault, upload("demo", TEN), *lines).status == 507


def test_F12_a_refusal_is_the_end_and_the_open_upload_is_cancelled():
    send = answers(opened(), (put(), 403), (cancelled(), LOST))
    steps = Stepper(upload("demo", TEN), send)
    with pytest.raises(Denied):
        steps.finish()
    assert steps.waiting is None
    steps.close()
    steps.close()  # once is enough
    send.all_said()


def test_U10_a_registry_that_takes_no_empty_blob_is_explained():
    empty = Blob.of(b"", LAYER)
    end = put().replace(TEN.digest, empty.digest)
    other = put(2).replace(TEN.digest, empty.digest)
    lines = opened(), (end, 400), (cancelled(), 204), opened(2), (other, 400)
    error = refusal(RegistryError, upload("demo", empty), *lines)
    assert "no blob without a byte" in error.hints[-1]


def test_case_52_content_that_has_changed_is_found_out_before_it_is_sent_again():
    """F-U8."""
    wrong = Blob(TEN.descriptor, lambda: [b"012345678X"])
    said = Response(400, body=b'{"errors": [{"code": "DIGEST_INVALID"}]}')
    error = refusal(DigestMismatch, upload("demo", wrong), opened(), (put(), said))
    assert error.source == "here"


def test_case_56_a_redirect_is_no_answer():
    """F-U12: the sender follows those that may be followed."""
    refusal(UnexpectedAnswer, upload("demo", TEN), opened(), (put(), 302))


# In one request

AT_ONCE = f"{OPEN}?digest={TEN.digest}"


def test_C16_one_post_may_be_all():
    send = answers((AT_ONCE, 201))
    steps = Stepper(post_blob("demo", TEN), send)
    steps.finish()
    assert steps.taken[0].step.endpoint is endpoints.SINGLE_POST
    (asked,) = send.asked
    assert (asked.body.size, b"".join(asked.body)) == (10, b"0123456789")
    assert asked.headers["content-type"] == "application/octet-stream"


def test_C16_one_that_only_opens_the_upload_is_gone_on_with():
    run(post_blob("demo", TEN), (AT_ONCE, opened()[1]), (put(), 201))


@pytest.mark.parametrize("status", [400, 404, 405, 413])
def test_C16_where_it_is_not_known_the_blob_is_sent_as_usual(status):
    run(post_blob("demo", TEN), (AT_ONCE, status), opened(), (put(), 201))


def test_U6_another_yes_to_it_is_believed_once_the_blob_is_seen():
    run(post_blob("demo", TEN), (AT_ONCE, 200), (HEAD, 200))


def test_C16_a_refusal_of_it_is_an_error():
    refusal(Denied, post_blob("demo", TEN), (AT_ONCE, 403))


# As it is read


def pieces():
    return iter([b"01234", b"56789"])


class Reading:
    """A `Send` that reads what it is sent, as a real one does, before it says what is scripted."""

    def __init__(self, *lines: Line) -> None:
        self.said = answers(*lines)
        self.bodies: list[bytes] = []

    def __call__(self, step):
        if step.request.method == "PATCH":
            self.bodies.append(b"".join(step.request.body))
        return self.said(step)


def streamed(*lines: Line, content=pieces, size=None) -> list[bytes]:
    send = Reading(*lines)
    found = Stepper(stream_blob("demo", content, LAYER, size), send).finish()
    assert found == Descriptor(LAYER, TEN.digest, 10)
    send.said.all_said()
    return send.bodies


def test_C23_content_nobody_knows_yet_is_hashed_on_its_way():
    send = Reading(opened(), (patch(), took("0-9")), (put(), 201))
    steps = Stepper(stream_blob("demo", pieces, LAYER), send)
    assert steps.finish() == Descriptor(LAYER, TEN.digest, 10)
    body = send.said.asked[1].body
    assert body.size is None
    assert "content-range" not in send.said.asked[1].headers
    assert send.bodies == [b"0123456789"]
    for before, after in pairwise(steps.taken):
        assert before.step.request.method != after.step.request.method


def test_its_size_is_said_when_it_is_known():
    send = Reading(opened(), (patch(), took("0-9")), (put(), 201))
    Stepper(stream_blob("demo", pieces, LAYER, 10), send).finish()
    assert send.said.asked[1].body.size == 10


@pytest.mark.parametrize("has", ["0-9", None, "bytes=0-9"])
def test_it_is_read_once_when_all_goes_well(has):
    streamed(opened(), (patch(), took(has)), (put(), 201), content=Once(pieces()))


@pytest.mark.parametrize("status", [400, 405, 413, 416, 500])
def test_where_it_is_not_taken_so_it_is_read_again_and_sent_in_chunks(status):
    lines = opened(), (patch(), status), (cancelled(), 204), opened(9), *CHUNKED
    assert streamed(*lines) == [b"0123456789"] * 2


def test_what_is_taken_in_part_is_sent_again():
    lines = opened(), (patch(), took("0-4")), (cancelled(), 204), opened(9), *CHUNKED
    streamed(*lines)


def test_F3_after_a_lost_end_the_blob_is_looked_for():
    streamed(opened(), (patch(), took("0-9")), (put(), LOST), (HEAD, 200))
    lines = (
        opened(), (patch(), LOST), (HEAD, 404), (cancelled(), 204), opened(9), *CHUNKED,
    )  # fmt: skip
    streamed(*lines)


def test_an_end_that_is_refused_begins_anew():
    lines = opened(), (patch(), took("0-9")), (put(), 404), opened(9), *CHUNKED
    streamed(*lines)


def test_case_55_what_can_be_read_only_once_says_so():
    """F-U11."""

    class Cut:
        """A `Send` that breaks off in the middle of the body."""

        def __call__(self, step):
            if step.request.method == "PATCH":
                next(iter(step.request.body))
                raise LOST
            return Response(202, {"Location": "/v2/demo/blobs/uploads/1"})

    steps = Stepper(stream_blob("demo", Once(pieces()), LAYER), Cut())
    with pytest.raises(NotSupported, match="read only once") as refused:
        steps.finish()
    assert refused.value.__cause__ is LOST
    assert steps.session is not None  # and `close` cancels it


def test_content_without_a_byte_may_be_streamed_too():
    empty = Blob.of(b"", LAYER)
    lines = opened(), (patch(), took("0-0")), (put().replace(TEN.digest, empty.digest), 201)
    found = Stepper(stream_blob("demo", list, LAYER), Reading(*lines)).finish()
    assert found == empty.descriptor


# Giving up


@pytest.mark.parametrize("answer", [204, 202, 400, 401, 404, 405, 500, LOST])
def test_C24_U14_whatever_becomes_of_a_cancellation_nobody_minds(answer):
    send = answers((HEAD, 404), opened(), (cancelled(), answer))
    steps = Stepper(push_blob("demo", TEN), send)
    steps.step()
    steps.step()
    assert steps.session is not None
    run(cancel(steps.session), (cancelled(), answer))
    steps.close()
    send.all_said()
    assert [steps.session, steps.waiting] == [None, None]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), ZeroDivisionError()])
def test_F12_an_upload_that_is_interrupted_is_still_known(interrupt):
    send = answers(opened(), (patch(), interrupt), (cancelled(), 204))
    steps = Stepper(upload("demo", TEN, 4), send)
    with pytest.raises(type(interrupt)):
        steps.finish()
    assert steps.waiting is not None
    steps.close()
    send.all_said()


def test_what_came_to_its_end_leaves_nothing_to_cancel():
    send = answers((HEAD, 404), opened(), (put(), 201))
    steps = Stepper(push_blob("demo", TEN), send)
    steps.finish()
    steps.close()
    send.all_said()


def test_C24_an_interrupt_of_the_cancellation_itself_is_heard():
    send = answers(opened(), (cancelled(), KeyboardInterrupt()))
    steps = Stepper(upload("demo", TEN), send)
    steps.step()
    with pytest.raises(KeyboardInterrupt):
        steps.close()
    steps.close()


# Walking


def test_F3_a_lost_answer_is_told_to_who_walks_and_the_question_waits_next():
    send = answers(opened(), (put(), LOST), (HEAD, 404), (cancelled(), 204))
    steps = Stepper(upload("demo", TEN), send)
    steps.step()
    with pytest.raises(TransferError):
        steps.step()
    assert steps.waiting is not None
    assert steps.waiting.request.method == "HEAD"
    assert len(steps.taken) == 1
    steps.step()
    assert steps.waiting.title == "Cancel the upload"


def test_a_question_that_cannot_be_sent_waits():
    send = answers(opened(), (put(), LOST), (HEAD, LOST), (HEAD, 200))
    steps = Stepper(upload("demo", TEN), send)
    with pytest.raises(TransferError):
        steps.finish()
    assert steps.waiting is not None
    assert steps.waiting.request.method == "HEAD"
    assert steps.finish() is None


def test_an_upload_that_is_offered_and_is_none_is_opened_anew():
    """U-9: the same way."""
    given = UploadSession.opened(Response(202, {"Location": f"{patch(7)[6:]}"}), TEN.descriptor)
    run(upload("demo", TEN, session=given), (put(7), 404), opened(), (put(), 201))
    refusal(
        NotFound, upload("demo", TEN, 4, given), *[(patch(7), 404), opened(), (patch(), 404),
        opened(3), (put(3), 404)],
    )  # fmt: skip
