"""What the events of a transfer add up to."""

from __future__ import annotations

from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.protocol import endpoints
from ocinb.protocol.events import (
    BytesMoved,
    Event,
    Finished,
    Mounted,
    Planned,
    RequestStarted,
    ResponseReceived,
    Retrying,
    Skipped,
    Verified,
)
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request, Step
from ocinb.protocol.progress.ledger import Ledger
from ocinb.protocol.uploads.session import UploadSession
from tests.protocol.transfers import ONE, PLAN, TWO, fetched, started


def state_of(*events: Event) -> list[tuple[str, int, str]]:
    ledger = Ledger()
    for event in (PLAN, *events):
        ledger(event)
    return [(entry.state, entry.done, entry.note) for entry in ledger.entries.values()]


def test_a_blob_is_fetched_and_verified():
    events = fetched(1, ONE, 400)
    assert state_of(*events) == [("fetched", 400, ""), ("waiting", 0, "")]
    assert state_of(*events, Verified(ONE.digest, ONE.size))[0] == ("done", 1_000, "")


def test_a_blob_is_asked_about_and_then_sent():
    head: list[Event] = [
        started(1, ONE, "HEAD"),
        ResponseReceived(1, 404, Headers()),
        Finished(1, 0.1),
    ]
    assert state_of(*head)[0] == ("asked", 0, "")
    put: list[Event] = [started(2, ONE, "PUT"), BytesMoved(2, "up", 700, 1_000)]
    assert state_of(*head, *put)[0] == ("sent", 700, "")


def chunk(number: int, offset: int, length: int, done: int, method: str = "PATCH") -> list[Event]:
    """A chunk on its way: only its upload knows which blob it is of."""
    session = UploadSession("http://r/v2/a/blobs/uploads/1?s=x", ONE.digest, ONE.size, offset)
    request = Request(method, session.location)
    step = Step("Send", request, endpoints.SEND_CHUNK, session=session)
    return [
        RequestStarted(number, step, method, "http://r/v2/a/blobs/uploads/1", Headers(), length),
        BytesMoved(number, "up" if method == "PATCH" else "down", done, length),
    ]


def test_each_chunk_counts_from_where_it_begins():
    assert state_of(*chunk(1, 0, 400, 400))[0] == ("sent", 400, "")
    assert state_of(*chunk(1, 0, 400, 400), *chunk(2, 400, 400, 100))[0] == ("sent", 500, "")


def test_a_chunk_that_is_sent_again_begins_where_it_began():
    lost = [*chunk(1, 400, 400, 300), Retrying(1, "lost", 2.0, 1)]
    assert state_of(*lost)[0] == ("again", 400, "in 2.0 s: lost")


def test_a_question_about_the_upload_moves_nothing_of_the_blob():
    asked = chunk(2, 400, 0, 5, "GET")
    assert state_of(*chunk(1, 0, 400, 400), *asked)[0] == ("asked", 400, "")


def test_what_was_there_or_taken_over_need_not_be_moved():
    assert state_of(Skipped(ONE.digest, 1_000), Mounted(TWO.digest, 3_000, "other/repo")) == [
        ("there", 1_000, ""),
        ("mounted", 3_000, "other/repo"),
    ]


def test_a_retry_begins_anew_and_says_why():
    failed = [
        *fetched(1, ONE, 400),
        Finished(1, 0.2, "broken off"),
        Retrying(1, "broken off", 2.0, 1),
    ]
    assert state_of(*failed)[0] == ("again", 0, "in 2.0 s: broken off")
    assert state_of(*failed, *fetched(2, ONE, 100))[0] == ("fetched", 100, "")


def test_the_body_of_a_refusal_does_not_count_as_the_blob():
    events: list[Event] = [started(1, ONE), ResponseReceived(1, 503, Headers())]
    assert state_of(*events, BytesMoved(1, "down", 900, 900))[0] == ("asked", 0, "")


def test_the_answer_to_an_upload_does_not_count_as_the_blob():
    events: list[Event] = [started(1, ONE, "PUT"), BytesMoved(1, "up", 1_000, 1_000)]
    assert state_of(*events, BytesMoved(1, "down", 2, 2))[0] == ("sent", 1_000, "")


def test_after_a_redirect_it_is_still_the_same_blob():
    events: list[Event] = [
        started(1, ONE, url="https://cdn.example/opaque"),
        ResponseReceived(1, 200, Headers()),
        BytesMoved(1, "down", 5, 1_000),
    ]
    assert state_of(*events)[0][:2] == ("fetched", 5)


def test_strange_blobs_and_requests_nobody_asked_for_are_no_trouble():
    token = RequestStarted(9, None, "GET", "https://auth.example/token", Headers(), None)
    other = Descriptor.of(b"z", media_types.LAYER)
    events: list[Event] = [token, BytesMoved(9, "down", 5, 5), Finished(9, 1.0)]
    events += [*fetched(1, other, 1), Verified(other.digest, 1), BytesMoved(77, "up", 1, None)]
    assert state_of(*events) == [("waiting", 0, ""), ("waiting", 0, "")]


def test_plans_are_added_up_and_each_blob_counts_once():
    third = Descriptor.of(b"z", media_types.LAYER)
    again = state_of(Verified(ONE.digest, 1_000), Planned((third, ONE)))
    assert again == [("done", 1_000, ""), ("waiting", 0, ""), ("waiting", 0, "")]


def test_what_goes_on_from_the_middle_counts_from_there_and_says_so():
    """F-4: the rest of a blob is asked for by `Range`; who sends all of it begins anew."""
    path = f"/v2/a/blobs/{ONE.digest}"
    request = Request("GET", path, Headers({"Range": "bytes=600-999"}))
    step = Step("Go on", request, endpoints.GET_BLOB)
    begun = RequestStarted(2, step, "GET", f"http://r{path}", Headers(), None)
    went_on: list[Event] = [begun, ResponseReceived(2, 206, Headers())]
    assert state_of(*fetched(1, ONE, 600), *went_on)[0] == ("asked", 600, "from 600 B")
    moved = BytesMoved(2, "down", 100, 400)
    assert state_of(*went_on, moved)[0] == ("fetched", 700, "from 600 B")
    assert state_of(begun, ResponseReceived(2, 200, Headers()), moved)[0] == ("fetched", 100, "")
    assert state_of(*went_on, moved, Verified(ONE.digest, 1_000))[0] == ("done", 1_000, "")


def test_what_moved_is_what_went_over_the_wire():
    ledger = Ledger()
    again = [Retrying(1, "lost", 1.0, 1), *fetched(2, ONE, 300), Verified(ONE.digest, 1_000)]
    for event in (PLAN, *fetched(1, ONE, 400), *again, Skipped(TWO.digest, 3_000)):
        ledger(event)
    assert (ledger.moved, ledger.done) == (700, 4_000)


def test_of_several_things_at_once_the_first_is_named_and_the_others_are_counted():
    ledger = Ledger()
    assert ledger.now == ""
    for number, blob in enumerate((ONE, TWO, ONE), 1):
        ledger(started(number, blob))
    assert ledger.now == f"GET {ONE.digest.short} and 2 more at once"
    ledger(Finished(1, 0.1))
    assert ledger.now == f"GET {TWO.digest.short} and 1 more at once"
    ledger(Finished(2, 0.1))
    ledger(RequestStarted(9, None, "GET", "https://auth.example/token", Headers(), None))
    assert ledger.now == f"GET {ONE.digest.short}"
    ledger(Finished(3, 0.1))
    assert ledger.now == f"GET {ONE.digest.short}", "until something else begins"


def test_several_at_once_do_not_get_into_each_other_s_way():
    mixed = [*fetched(1, ONE, 100), *fetched(2, TWO, 2_000), BytesMoved(1, "down", 500, 1_000)]
    mixed += [Finished(2, 0.1), Retrying(2, "lost", 1.0, 1), Verified(ONE.digest, 1_000)]
    assert state_of(*mixed) == [("done", 1_000, ""), ("again", 0, "in 1.0 s: lost")]


def test_who_waits_to_be_tried_again_when_another_fails_has_not_failed():
    ledger = Ledger()
    waiting = [*fetched(2, TWO, 2_000), Finished(2, 0.1, "lost"), Retrying(2, "lost", 1.0, 1)]
    for event in (PLAN, *fetched(1, ONE, 100), *waiting, Finished(1, 0.1, "refused")):
        ledger(event)
    ledger.end("failed")
    one, two = ledger.entries.values()
    assert (one.state, one.note) == ("failed", "refused")
    assert (two.state, two.note) == ("cancelled", "")


def test_when_one_fails_those_that_were_stopped_for_it_are_cancelled_and_not_failed():
    third = Descriptor.of(b"z", media_types.LAYER)
    ledger = Ledger()
    mixed = [PLAN, Planned((third,)), *fetched(1, ONE, 100), *fetched(2, TWO, 200)]
    for event in (
        *mixed,
        Finished(1, 0.1, "disk full"),
        Finished(2, 0.1, "as asked", stopped=True),
    ):
        ledger(event)
    ledger.end("failed")
    said = [(entry.state, entry.note) for entry in ledger.entries.values()]
    assert said == [("failed", "disk full"), ("cancelled", ""), ("not begun", "")]


def test_the_question_that_cancels_an_upload_does_not_hide_that_it_was_stopped():
    ledger = Ledger()
    cancel = UploadSession("http://r/v2/a/blobs/uploads/1", ONE.digest, ONE.size, 400).cancel_step()
    for event in (
        PLAN, *chunk(1, 0, 400, 400), Finished(1, 0.1, "as asked", stopped=True),
        RequestStarted(2, cancel, "DELETE", "http://r/x", Headers(), None),
        ResponseReceived(2, 204, Headers()), Finished(2, 0.1),
    ):  # fmt: skip
        ledger(event)
    ledger.end("failed")
    assert ledger.entries[ONE.digest].state == "cancelled"
