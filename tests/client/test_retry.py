"""When it is tried again, and after how long (F-1, F-2, F-3, Q-2)."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from ocinb.client.retry import PASSING, Outcome, Retry
from ocinb.errors import RateLimited, TransferError, TruncatedBody, Unreachable, UntrustedServer
from ocinb.oci.digest import Digest
from ocinb.protocol.messages import Request, Response
from ocinb.protocol.sinks import Memory, Verifier

GET = Request("GET", "/v2/")
NOON = 784_887_151.0  # Tue, 15 Nov 1994 08:12:31 GMT


def policy(**more: object) -> Retry:
    return replace(Retry(sleep=slept.append, now=lambda: NOON, dice=lambda: 1.0), **more)  # type: ignore[arg-type]


slept: list[float] = []


@pytest.fixture(autouse=True)
def _nothing_slept_yet():
    slept.clear()


def run(outcomes: list[Outcome], request: Request = GET, **more: object) -> tuple[Response, int]:
    """The answer in the end, and the number of attempts; the last outcome is repeated."""
    attempts = 0

    def attempt(number: int) -> Response:
        nonlocal attempts
        attempts += 1
        assert number == attempts
        outcome = outcomes[min(attempts, len(outcomes)) - 1]
        if isinstance(outcome, Response):
            return outcome
        raise outcome

    try:
        return policy(**more).run(request, attempt, lambda *told: None), attempts
    except TransferError:
        return Response(0), attempts


@pytest.mark.parametrize("status", sorted(PASSING))
def test_a_passing_trouble_is_tried_again_until_it_is_over(status: int):
    """F-2, Q-3: also what CDNs say, whatever page comes with it."""
    assert run([Response(status), Response(200)]) == (Response(200), 2)


@pytest.mark.parametrize(
    "status", [200, 206, 304, 307, 400, 401, 403, 404, 405, 413, 416, 501, 505]
)
def test_every_other_answer_stands(status: int):
    """F-2."""
    assert run([Response(status)]) == (Response(status), 1)


@pytest.mark.parametrize(
    ("failure", "attempts"),
    [
        (TransferError("broke"), 5),
        (TruncatedBody("half"), 5),
        (Unreachable("refused"), 5),
        (UntrustedServer("tls"), 1),
    ],
)
def test_the_network_is_given_five_chances_and_a_bad_certificate_one(failure, attempts):
    """F-1, F-2."""
    assert run([failure])[1] == attempts


def test_a_body_that_breaks_off_on_its_way_to_who_goes_on_from_there_is_not_just_repeated():
    """F-4: the conversation asks for the rest."""
    sink = Verifier(Memory(5), Digest.of(b"hello"), 5)
    assert run([TruncatedBody("half")], Request("GET", "/v2/", sink=sink))[1] == 1
    assert run([Unreachable("refused")], Request("GET", "/v2/", sink=sink))[1] == 5
    assert run([TruncatedBody("half")], Request("GET", "/v2/", sink=Memory(5)))[1] == 5


def test_an_unknown_name_is_looked_up_twice():
    """F-2."""
    unknown = Unreachable("no host of this name")
    unknown.__context__ = RuntimeError()
    unknown.__context__.__cause__ = socket.gaierror()
    assert run([unknown])[1] == 2


def test_waits_double_up_to_ten_seconds_with_full_jitter():
    """F-1."""
    run([Response(503)], attempts=9)
    assert slept == [0.3, 0.6, 1.2, 2.4, 4.8, 9.6, 10.0, 10.0]
    slept.clear()
    run([Response(503)], dice=lambda: 0.0)
    assert slept == [0.0] * 4


def test_the_sum_of_all_waits_is_bounded():
    """F-1, F-D16: 429 for ever."""
    response, attempts = run([Response(429, {"Retry-After": "25"})])
    assert (response.status, attempts, slept) == (429, 3, [25.0, 25.0])


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "7"},
        {"Retry-After": "Tue, 15 Nov 1994 08:12:38 GMT"},
        {"X-Retry-After": str(int(NOON) + 7)},
        {"Retry-After": "7", "X-Retry-After": str(int(NOON) + 9)},
    ],
    ids=["seconds", "date", "unix time", "both"],
)
def test_the_registry_s_own_wish_decides_how_long(headers):
    """Q-2."""
    run([Response(429, headers), Response(200)])
    assert slept == [7.0]


@pytest.mark.parametrize(
    "wish",
    [
        {"Retry-After": "3600"},
        {"Retry-After": "Tue, 15 Nov 1994 09:12:31 GMT", "Date": "Tue, 15 Nov 1994 08:12:31 GMT"},
        {"X-Retry-After": str(int(NOON) + 3600), "Date": "Tue, 15 Nov 1994 08:12:31 GMT"},
    ],
    ids=["seconds", "date", "unix time"],
)
def test_a_wait_longer_than_a_minute_is_left_to_the_caller(wish):
    """F-1, Q-2: it becomes `RateLimited`, with the seconds."""
    response, attempts = run([Response(429, wish)])
    assert attempts == 1
    error = response.refusal()
    assert isinstance(error, RateLimited)
    assert error.retry_after == 3600


LOST = TransferError("no answer")
PUT_BLOB = Request("PUT", "/v2/a/blobs/uploads/1?digest=sha256:0")


@pytest.mark.parametrize(
    ("request_", "outcome", "again"),
    [
        (Request("POST", "/v2/a/blobs/uploads/"), LOST, True),
        (Request("DELETE", "/v2/a/manifests/v1"), LOST, True),
        (Request("PUT", "https://r/v2/a/b/manifests/v1"), LOST, True),
        (Request("PUT", "https://r/v2/a/b/manifests/v1"), Response(500), True),
        (PUT_BLOB, LOST, False),
        (PUT_BLOB, Response(500), False),
        (PUT_BLOB, Response(429), True),
        (PUT_BLOB, Response(503), True),
        (Request("PATCH", "/v2/a/blobs/uploads/1"), LOST, False),
        (Request("PATCH", "/v2/a/blobs/uploads/1"), Response(500), False),
        (Request("PATCH", "/v2/a/blobs/uploads/1"), Response(429), True),
        (Request("PATCH", "/v2/a/blobs/uploads/1"), Response(503), True),
    ],
)
def test_only_what_may_be_sent_twice_is_sent_twice(request_, outcome, again):
    """F-3."""
    assert (run([outcome], request_)[1] > 1) is again


def test_every_wait_is_told_before_it_begins():
    told: list[tuple[str, float, int]] = []
    answers = iter([Response(502), Response(200)])
    tell: Callable[[str, float, int], None] = lambda *what: told.append(what)  # noqa: E731
    policy().run(GET, lambda number: next(answers), tell)
    assert told == [("the answer was 502", 0.3, 1)]


def test_another_error_is_not_caught():
    def attempt(number: int) -> Response:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        policy().run(GET, attempt, lambda *told: None)
