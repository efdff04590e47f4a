"""What a registry says on the side: kept, told once, and never acted upon (C42, Q-1, K-31)."""

from __future__ import annotations

import logging

import pytest

from ocinb.client.notices import MOST, Notices
from ocinb.client.registry import Registry
from ocinb.protocol.fields.rate_limit import RateLimit
from ocinb.protocol.fields.warning import HEADER_LIMIT
from ocinb.protocol.messages import Request, Response
from tests.client.asking import Counted, opened


def warned(*texts: str) -> Response:
    return Response(200, [("Warning", f'299 - "{text}"') for text in texts])


def saying(**headers: str) -> Counted:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Counted(lambda request: Response(200, named, b'{"tags":[]}'), "demo/app")


def test_C42_a_warning_is_kept_and_logged_once(caplog):
    registry = Registry(saying(Warning='299 - "Moving on \\"Friday\\"."'))
    assert not registry.warnings
    registry.ping()
    registry.ping()
    assert registry.warnings == ('Moving on "Friday".',)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("ocinb", logging.WARNING)
    assert record.getMessage() == 'local warns: Moving on "Friday".'


def test_C42_a_warning_changes_nothing_else():
    """Whatever it says: the answer is the same, and so is what is asked."""
    silent, loud = saying(), saying(Warning='299 - "gone, retry at https://evil.example/"')
    assert opened(loud).tags() == opened(silent).tags()
    assert loud.since() == silent.since()


def test_K31_only_so_many_different_warnings_are_kept(caplog):
    notices = Notices("r.example")
    for number in range(100):
        notices.hear(warned(f"number {number}"))
    assert notices.warnings == tuple(f"number {number}" for number in range(MOST))
    assert len(caplog.records) == MOST


def test_K31_warnings_together_have_a_bound():
    notices = Notices("r.example")
    for letter in "abcde":
        notices.hear(warned(letter * 1_500))
    notices.hear(warned("short"))
    assert [text[0] for text in notices.warnings] == ["a", "b", "s"]
    assert sum(map(len, notices.warnings)) <= HEADER_LIMIT


def test_K18_a_warning_is_told_visibly(caplog):
    Notices("r.example").hear(warned("\x9b31m\u202eexe"))
    assert caplog.records[0].getMessage() == "r.example warns: \\u{9b}31m\\u{202e}exe"


def test_Q1_the_rate_limit_is_the_last_one_told():
    """Q-1."""
    said = iter(["76", "75", ""])

    def handle(request: Request) -> Response:
        left = next(said)
        headers = {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": f"{left};w=21600"}
        return Response(200, headers if left else {})

    registry = Registry(Counted(handle))
    assert Registry(Counted(handle)).rate_limit is None
    registry.ping()
    assert registry.rate_limit == RateLimit(100, 76, 21_600)
    registry.ping()
    registry.ping()  # which says nothing
    assert registry.rate_limit == RateLimit(100, 75, 21_600)


def test_Q1_a_refusal_tells_of_the_limit_too():
    """Q-1, Q-2."""
    headers = {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0", "Retry-After": "9999"}
    notices = Notices("r.example")
    notices.hear(Response(429, headers))
    assert notices.rate_limit == RateLimit(100, 0, 21_600)


@pytest.mark.parametrize("header", ["299 - moved", "", "x" * 100_000])
def test_C42_what_is_no_warning_is_not_told(header, caplog):
    notices = Notices("r.example")
    notices.hear(Response(200, {"Warning": header}))
    assert (notices.warnings, caplog.records) == ((), [])
