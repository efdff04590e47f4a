"""Is there a registry at all? (end-1, C12)"""

from __future__ import annotations

import pytest

from ocinb.errors import (
    Denied,
    NotARegistry,
    RateLimited,
    RegistryError,
    ServerFault,
    UnexpectedAnswer,
)
from ocinb.protocol.messages import Response
from ocinb.protocol.ping import Ping, ping
from tests.protocol.scripted import ok, refusal, run

ASKED = "GET /v2/"


def test_200_is_a_registry_whatever_else_it_says():
    """C11, C12."""
    assert run(ping(), (ASKED, 200)) == Ping(200)
    assert run(ping(), (ASKED, ok(b"{}", "application/json"))).status == 200
    assert run(ping(), (ASKED, ok(b"true", "text/plain"))).status == 200


def test_401_is_a_registry_that_wants_to_know_who_is_asking():
    """C12, A-8."""
    answer = Response(401, {"WWW-Authenticate": 'Bearer realm="https://a/t",service="s"'})
    found = run(ping(), (ASKED, answer))
    assert found.status == 401
    assert [challenge.scheme for challenge in found.challenges] == ["bearer"]
    assert run(ping(), (ASKED, 401)).challenges == ()


def test_what_it_says_of_itself_is_kept_and_made_visible():
    """K-18."""
    version, server = "registry/2.0", "\x1b[2Jnginx" + "x" * 1_000
    answer = ok(Docker_Distribution_API_Version=version, Server=server)
    found = run(ping(), (ASKED, answer))
    assert found.version == "registry/2.0"
    assert "\x1b" not in found.server
    assert len(found.server) < 150


@pytest.mark.parametrize(
    "answer",
    [
        404,
        Response(404, {"Content-Type": "text/html"}, b"<html>"),
        ok(b"<html>hello", "text/html; charset=utf-8"),
        ok(b"<html>hello", "Application/XHTML+xml"),
    ],
)
def test_a_web_page_or_404_is_no_registry(answer):
    """C12, D-10, Q-5."""
    error = refusal(NotARegistry, ping(), (ASKED, answer))
    assert "does not look like an OCI registry" in str(error)
    assert "https://registry.example/v2/" in str(error)
    assert "check the host and port" in error.hints[0]


def test_of_a_web_page_80_characters_are_shown_made_visible():
    """D-10, K-18."""
    error = refusal(NotARegistry, ping(), (ASKED, ok(b"\x1b[2J<h1>" + b"x" * 9_999, "text/html")))
    assert "<h1>xxx" in str(error)
    assert "\x1b" not in str(error)
    assert "x" * 81 not in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, Denied), (429, RateLimited), (500, ServerFault), (503, ServerFault),
        (400, RegistryError), (204, UnexpectedAnswer), (302, UnexpectedAnswer),
    ],
)  # fmt: skip
def test_any_other_status_proves_nothing_and_is_what_it_is(status, kind):
    """C12."""
    assert refusal(kind, ping(), (ASKED, status)).status == status
