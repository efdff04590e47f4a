"""Trying again what somebody does: one policy with what is sent (`test_retry.py`)."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace

import pytest

import ocinb
from ocinb import errors
from ocinb.client.retry import Retry, is_retriable_error, with_retry
from ocinb.protocol.messages import Response
from ocinb.registry import sample
from tests.client.asking import Counted, an_image, an_index, instead

slept: list[float] = []
POLICY = Retry(base=1.0, sleep=slept.append, dice=lambda: 1.0)


@pytest.fixture(autouse=True)
def _nothing_slept_yet():
    slept.clear()


def failing(*failures: BaseException) -> Callable[[], str]:
    """What fails so, one after the other, and then comes to its end."""
    left = list(failures)

    def function() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return function


def refused(status: int, **more: float) -> errors.RegistryError:
    error = Response(status).refusal()
    for name, value in more.items():
        setattr(error, name, value)
    return error


PASSING: dict[str, BaseException] = {
    # What ocibuild tries again
    "failed_connect": errors.Unreachable("no connection"),
    "timeout": errors.TransferError("no answer in time"),
    "closed": errors.TruncatedBody("the answer ended"),
    "econnreset": ConnectionResetError(errno.ECONNRESET, "reset"),
    **{str(status): refused(status) for status in (429, 500, 502, 503, 504)},
    # F-2: what it forgets
    **{str(status): refused(status) for status in (408, 425, 520, 521, 522, 523, 524, 527)},
    "refused": ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
    "pipe": BrokenPipeError(errno.EPIPE, "pipe"),
    "python's timeout": TimeoutError("too long"),
    "name": socket.gaierror(socket.EAI_AGAIN, "try again"),
    "no route": OSError(errno.EHOSTUNREACH, "no route"),
    "no network": OSError(errno.ENETUNREACH, "no network"),
}
LASTING: dict[str, BaseException] = {
    **{
        str(status): refused(status)
        for status in (400, 401, 403, 404, 405, 413, 416, 501, 505, 301)
    },
    "no status": errors.UnexpectedAnswer(None, message="odd"),
    "certificate": errors.UntrustedServer("not one to trust"),
    "digest": errors.DigestMismatch("sha256:a", "sha256:b"),
    "content": errors.InvalidContent("odd"),
    "reference": errors.InvalidReference("x", "tag", "it is odd"),
    "not supported": errors.NotSupported("schema 1"),
    "cancelled": errors.Cancelled("stop"),
    "disk full": OSError(errno.ENOSPC, "no space"),
    "no file": FileNotFoundError(errno.ENOENT, "none"),
    "tls": ssl.SSLError(1, "handshake"),
    "their certificate": ssl.SSLCertVerificationError(1, "certificate verify failed"),
    "mistake": KeyError("x"),
    "interrupt": KeyboardInterrupt(),
}


@pytest.mark.parametrize("name", PASSING)
def test_F2_what_may_be_over_soon_is_retriable(name: str):
    assert is_retriable_error(PASSING[name])


@pytest.mark.parametrize("name", LASTING)
def test_F2_what_stays_is_not(name: str):
    assert not is_retriable_error(LASTING[name])


def test_what_works_is_called_once_and_its_result_is_returned():
    assert with_retry(failing(), policy=POLICY) == "done"
    assert slept == []


def test_F1_waits_double_and_are_drawn_by_lot():
    """ocibuild waits 1, 2 and 3 seconds, always."""
    trouble = [refused(503) for _ in range(3)]
    assert with_retry(failing(*trouble), policy=POLICY) == "done"
    assert slept == [1.0, 2.0, 4.0]
    slept.clear()
    lots = replace(POLICY, dice=iter([0.5, 0.25, 0.0]).__next__)
    assert with_retry(failing(*trouble), policy=lots) == "done"
    assert slept == [0.5, 0.5, 0.0]


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_it_is_called_once_more_than_it_may_fail_and_the_last_error_is_raised(retries: int):
    failures = [refused(503) for _ in range(retries + 1)]
    with pytest.raises(errors.ServerFault) as caught:
        with_retry(failing(*failures), retries, policy=POLICY)
    assert caught.value is failures[-1]
    assert len(slept) == retries


@pytest.mark.parametrize("name", LASTING)
def test_what_stays_is_raised_at_once(name: str):
    with pytest.raises(type(LASTING[name])):
        with_retry(failing(LASTING[name]), policy=POLICY)
    assert slept == []


@pytest.mark.parametrize("status", [429, 503])
def test_Q2_the_wait_that_the_registry_asks_for_is_kept(status: int):
    error = Response(status, {"Retry-After": "7"}).refusal()
    assert error.retry_after == 7
    assert with_retry(failing(error), policy=POLICY) == "done"
    assert slept == [7.0]


def test_Q2_who_asks_for_too_long_a_wait_is_not_waited_for():
    with pytest.raises(errors.RateLimited):
        with_retry(failing(refused(429, retry_after=3_600)), policy=POLICY)
    assert slept == []


def test_F2_an_unknown_name_is_tried_once_more():
    with pytest.raises(socket.gaierror):
        with_retry(failing(*[socket.gaierror()] * 9), 5, policy=POLICY)
    assert len(slept) == 1


def test_how_often_is_no_negative_number():
    with pytest.raises(ValueError, match="max_retries is -1"):
        with_retry(failing(), -1)


def test_it_takes_up_what_single_requests_gave_up():
    """As ocibuild's own example has it."""
    with sample.school() as school:
        handle = instead("GET /v2/demo/app/blobs/", Response(503), school.handle, times=1)
        registry = ocinb.Registry(Counted(handle), attempts=1)
        repository = registry["demo/app"]
        layer = an_image(an_index(repository)).layers[0]
        found = ocinb.with_retry(lambda: repository.pull_blob(layer.digest), policy=POLICY)
        assert len(found) == layer.size
        assert len(slept) == 1


@pytest.mark.parametrize("retries", ["3", 1.5, True, None])
def test_how_often_is_a_whole_number(retries):
    with pytest.raises(TypeError, match=r"^max_retries is a whole number"):
        with_retry(lambda: pytest.fail("it was called"), retries)
