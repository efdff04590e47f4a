"""From a sink to pieces: in order, bounded, and over at once when nobody reads any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from ocinb.client.moving.pouring import MOST, poured
from ocinb.client.wire.stopping import Stop, current
from ocinb.errors import Cancelled, InvalidContent, NotFound
from ocinb.protocol.messages import Sink
from tests.client.together import no_thread_left


@pytest.fixture(autouse=True)
def nobody_stays() -> Iterator[None]:
    with no_thread_left():
        yield


def writing(*pieces: bytes) -> Callable[[Sink], None]:
    def fetch(sink: Sink) -> None:
        sink.restart()
        for piece in pieces:
            sink.write(memoryview(piece))

    return fetch


def test_pieces_come_as_they_are_written_also_empty_ones_and_none():
    pieces = [bytes([number % 256]) * number for number in range(3_000)]
    assert b"".join(poured(writing(*pieces))) == b"".join(pieces)
    assert list(poured(writing())) == []


def test_no_more_than_two_mebibytes_wait():
    written = 0
    enough = threading.Event()

    def fetch(sink: Sink) -> None:
        nonlocal written
        for _ in range(64):
            sink.write(bytes(256 * 1024))
            written += 256 * 1024
            if written >= MOST:
                enough.set()

    with closing(poured(fetch)) as pieces:
        first = next(pieces)
        assert enough.wait(5)
        assert written <= MOST + 2 * len(first)


def test_what_begins_again_is_passed_on_from_where_it_had_got_to():
    def fetch(sink: Sink) -> None:
        for tried in (b"abc", b"abcde", b"abcdefgh"):
            sink.restart()
            for at in range(0, len(tried), 2):
                sink.write(tried[at : at + 2])

    assert b"".join(poured(fetch)) == b"abcdefgh"


def test_a_second_time_that_is_shorter_than_the_first_is_told():
    def fetch(sink: Sink) -> None:
        for tried in (b"abcdefgh", b"abc"):
            sink.restart()
            sink.write(tried)

    with pytest.raises(InvalidContent, match="shorter than the first"):
        list(poured(fetch))


def test_an_error_comes_after_what_was_written_before_it():
    def fetch(sink: Sink) -> None:
        sink.write(b"abc")
        raise NotFound(404, "", "it is gone")

    pieces = poured(fetch)
    assert next(pieces) == b"abc"
    with pytest.raises(NotFound, match="it is gone"):
        next(pieces)


def test_who_reads_no_further_stops_the_fetching():
    over = threading.Event()

    def fetch(sink: Sink) -> None:
        try:
            while True:
                sink.write(bytes(1024))
        finally:
            over.set()

    pieces = poured(fetch)
    next(pieces)
    del pieces
    assert over.wait(5)


def test_who_reads_no_further_wakes_a_fetching_that_waits():
    def fetch(sink: Sink) -> None:
        sink.write(b"abc")
        stop = current()
        assert stop is not None
        stop.sleep(60)

    pieces = poured(fetch)
    assert next(pieces) == b"abc"
    del pieces


def test_a_reader_that_is_asked_to_stop_stops_while_it_waits():
    stop = Stop()

    def fetch(sink: Sink) -> None:
        stop.set()
        own = current()
        assert own is not None
        own.sleep(60)

    with stop.heard(), pytest.raises(Cancelled):
        list(poured(fetch))


def test_where_no_thread_can_be_started_all_of_it_is_fetched_first(
    monkeypatch: pytest.MonkeyPatch,
):
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    def fetch(sink: Sink) -> None:
        sink.write(b"x" * 1_000_000)
        sink.restart()
        sink.write(b"a" * 500_000)

    monkeypatch.setattr("threading.Thread.start", refuse)
    assert b"".join(poured(fetch)) == b"a" * 500_000
