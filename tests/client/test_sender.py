"""Steps sent: authentication, second tries, redirects, and what never leaves the origin."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import socket
import threading
import traceback
from collections.abc import Callable

import pytest

from ocinb.client.access.credentials import Credentials
from ocinb.client.retry import Retry
from ocinb.client.secret import Secret
from ocinb.client.sender import Sender
from ocinb.client.wire.deadlines import Timeouts
from ocinb.errors import (
    AuthenticationError,
    Denied,
    InvalidReference,
    OcinbError,
    RateLimited,
    TransferError,
    UnexpectedAnswer,
)
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.media_types import LAYER
from ocinb.protocol.download import get_blob
from ocinb.protocol.endpoints import PING, SEND_CHUNK
from ocinb.protocol.events import Event, Finished, RequestStarted, Retrying
from ocinb.protocol.messages import Handle, Request, Response, Step
from ocinb.protocol.sinks import Memory
from ocinb.protocol.stepper import Stepper
from tests.client import traces
from tests.client.exchanges import Pieces
from tests.client.scripted import Close, Part, ScriptedServer, answer

CANARY = "canary-3f9"
ADA = Credentials("ada", Secret(CANARY), source="arguments")
AT_ONCE = Retry(sleep=lambda seconds: None)
HOME = "https://registry.example.com"
BEARER = {"WWW-Authenticate": f'Bearer realm="{HOME}/token",service="s"'}


class World:
    """Hosts that answer by script, all in this process; `heard` is every request."""

    def __init__(self, **routes: Response | Callable[[Request], Response]) -> None:
        self.routes, self.heard = routes, []  # type: ignore[var-annotated]

    def __call__(self, request: Request) -> Response:
        self.heard.append(request)
        route = self.routes[request.headers["host"].partition(".")[0]]
        return route if isinstance(route, Response) else route(request)


def sender(handle: Handle | None = None, url: str = HOME, **more: object) -> Sender:
    given = {"handle": handle, "retry": AT_ONCE, "timeouts": Timeouts(2, 2, 2, 2), **more}
    return Sender(url, **given)  # type: ignore[arg-type]


def step(method: str = "GET", url: str = "/v2/a/manifests/v1", **more: object) -> Step:
    return Step("Test", Request(method, url, **more), PING)  # type: ignore[arg-type]


def guarded(request: Request, lets_in: str = "Bearer t1") -> Response:
    """A registry that wants a token, and the realm that gives it."""
    body = b"".join(request.body)
    if request.url.startswith("/token"):
        return Response(200, {}, json.dumps({"token": "t1"}).encode())
    if request.headers.get("authorization") == lets_in:
        return Response(200, {}, body or b"welcome")
    return Response(401, BEARER)


def moved(location: str) -> Callable[[Request], Response]:
    """The same, but whoever is let in is sent elsewhere."""

    def answered(request: Request) -> Response:
        answer = guarded(request)
        return to(location) if answer.body == b"welcome" else answer

    return answered


# Authentication


def test_a_challenge_is_answered_once_and_remembered():
    world = World(registry=guarded)
    send = sender(world, credentials=ADA)
    assert send(step()).body == b"welcome"
    assert send(step()).body == b"welcome"
    asked = [(r.url.partition("?")[0], "authorization" in r.headers) for r in world.heard]
    assert asked == [("/v2/a/manifests/v1", False), ("/token", True),
                     ("/v2/a/manifests/v1", True), ("/v2/a/manifests/v1", True)]  # fmt: skip


def test_cookies_are_not_sent_back():
    """A-17: Harbor sets `sid`, and wants CSRF tokens from who has it."""
    world = World(registry=Response(200, {"Set-Cookie": "sid=1; _gorilla_csrf=2"}))
    send = sender(world)
    send(step())
    send(step())
    assert all("cookie" not in request.headers for request in world.heard)


def test_the_answer_tells_what_was_asked_without_the_authorization():
    response = sender(World(registry=guarded), credentials=ADA)(step())
    assert response.request is not None
    assert response.request.url == f"{HOME}/v2/a/manifests/v1"
    assert "authorization" not in response.request.headers


def test_a_registry_that_refuses_for_ever_is_asked_twice():
    """A-14, F-D22."""
    world = World(registry=lambda r: guarded(r, "nobody"))
    response = sender(world, credentials=ADA)(step())
    assert response.status == 401
    assert [r.url.startswith("/token") for r in world.heard] == [False, True, False]
    assert isinstance(response.refusal(), AuthenticationError)


def test_a_token_for_too_little_is_replaced_by_one_for_what_is_asked_once():
    """A-14: `insufficient_scope` names what is missing; whatever is said then, stands."""

    def wants_more(request: Request) -> Response:
        if request.url.startswith("/token"):
            asked.append(request.url)
            return Response(200, {}, json.dumps({"token": f"t{len(asked)}"}).encode())
        if request.headers.get("authorization") == f"Bearer {enough}":
            return Response(200, {}, b"welcome")
        more = f'{BEARER["WWW-Authenticate"]},scope="repository:a:pull,{len(asked)}"'
        wrong = ',error="insufficient_scope"' if "authorization" in request.headers else ""
        return Response(401, {"WWW-Authenticate": more + wrong})

    asked, enough = list[str](), "t2"
    assert sender(World(registry=wants_more), credentials=ADA)(step()).body == b"welcome"
    assert [url.rpartition("scope=")[2] for url in asked] == [
        "repository:a:pull,0", "repository:a:pull,1",
    ]  # fmt: skip
    asked, enough, world = [], "t9", World(registry=wants_more)
    assert sender(world, credentials=ADA)(step()).status == 401
    assert len(world.heard) == 5


def test_a_ping_that_lets_anybody_in_says_nothing_of_repositories():
    """A-11: GHCR, and the other way round."""

    def only_inside(request: Request) -> Response:
        return Response(200) if request.url == "/v2/" else guarded(request)

    send = sender(World(registry=only_inside))
    assert send(step(url="/v2/")).status == 200
    assert send(step()).body == b"welcome"
    world = World(registry=lambda r: Response(401, BEARER) if r.url == "/v2/" else Response(200))
    send = sender(world)
    assert send(step()).status == 200
    assert len(world.heard) == 1


def test_nobody_is_asked_again_as_nobody_without_being_told():
    """A-12, A-13: a 403 with our credentials is the answer, and no proof that nothing is there."""

    def ghcr(request: Request) -> Response:
        if "authorization" not in request.headers:
            return Response(401, BASIC)
        return Response(403, {}, b'{"errors":[{"code":"DENIED"}]}')

    world = World(registry=ghcr)
    response = sender(world, credentials=ADA)(step())
    assert (response.status, len(world.heard)) == (403, 2)
    assert isinstance(response.refusal(), Denied)


def test_a_token_that_ends_during_a_push_is_replaced_and_the_chunk_sent_again():
    """A-16, F-8: GitLab's live five minutes. What was sent before stays sent."""
    good = ["t1"]

    def registry(request: Request) -> Response:
        if request.url.startswith("/token"):
            return Response(200, {}, json.dumps({"token": good[0]}).encode())
        if request.headers.get("authorization") == f"Bearer {good[0]}":
            return Response(202, {}, b"".join(request.body))
        list(request.body)  # it reads all of it before it refuses
        return Response(401, BEARER)

    world, bodies = World(registry=registry), [Pieces(b"one"), Pieces(b"two"), Pieces(b"three")]
    send = sender(world, credentials=ADA)
    got = list[bytes]()
    for number, body in enumerate(bodies):
        good[0] = f"t{number // 2}"
        got.append(send(step("PATCH", "/v2/a/blobs/uploads/1", body=body)).body)
    assert got == [b"one", b"two", b"three"]
    assert [body.read for body in bodies] == [2, 1, 2]
    assert [r.method for r in world.heard] == [
        "PATCH", "GET", "PATCH", "PATCH", "PATCH", "GET", "PATCH",
    ]  # fmt: skip


def test_wrong_basic_credentials_are_not_sent_twice():
    world = World(registry=Response(401, {"WWW-Authenticate": "Basic realm=x"}))
    send = sender(world, credentials=ADA)
    assert send(step()).status == 401
    assert len(world.heard) == 2
    assert send(step()).status == 401
    assert len(world.heard) == 3


def test_without_credentials_the_refusal_is_the_answer():
    world = World(registry=Response(401, {"WWW-Authenticate": "Basic realm=x"}))
    assert sender(world)(step()).status == 401
    assert len(world.heard) == 1


def test_a_body_is_read_again_after_a_late_challenge():
    """A-16."""
    body = Pieces(b"one", b"two")
    send = sender(World(registry=guarded), credentials=ADA)
    assert send(step("PUT", body=body)).body == b"onetwo"
    assert body.read == 2


def test_an_authorization_somebody_wrote_themselves_is_left_alone():
    world = World(registry=Response(401, BEARER))
    send = sender(world, credentials=ADA)
    assert send(step(headers={"Authorization": "Bearer broken"})).status == 401
    assert [r.headers["authorization"] for r in world.heard] == ["Bearer broken"]


def test_credentials_held_back_from_a_strange_realm_are_named_when_that_is_not_enough():
    """K-2."""
    challenge = {"WWW-Authenticate": 'Bearer realm="https://login.other.org/t"'}
    world = World(registry=Response(401, challenge), login=Response(200, {}, b'{"token": "t"}'))
    with pytest.raises(AuthenticationError) as caught:
        sender(world, credentials=ADA)(step())
    assert any("trust_realms=['login.other.org']" in hint for hint in caught.value.hints)
    assert all("authorization" not in r.headers for r in world.heard[:2])


# Second tries


def test_a_passing_trouble_is_tried_again_and_told():
    """F-1."""
    answers = iter([Response(503), Response(429), Response(200)])
    seen: list[Event] = []
    send = sender(World(registry=lambda r: next(answers)))
    send.observers.append(seen.append)
    assert send(step()).status == 200
    retrying = [event for event in seen if isinstance(event, Retrying)]
    started = [event.exchange for event in seen if isinstance(event, RequestStarted)]
    assert [(event.reason, event.attempt) for event in retrying] == [
        ("the answer was 503", 1),
        ("the answer was 429", 2),
    ]
    assert [event.exchange for event in retrying] == started[:2]


def test_a_rate_limit_that_does_not_pass_is_an_answer_with_its_time():
    """F-D16."""
    world = World(registry=Response(429, {"Retry-After": "3600"}))
    error = sender(world)(step()).refusal()
    assert isinstance(error, RateLimited)
    assert (error.retry_after, len(world.heard)) == (3600, 1)


def test_a_broken_connection_is_tried_again_but_not_for_a_patch():
    """F-2, F-3."""
    with ScriptedServer([Close()], answer(200, b"ok")) as server:
        send = sender(url=server.url)
        assert send(step()).body == b"ok"
        send.close()
    with ScriptedServer([Close()], answer(202)) as server:
        send = sender(url=server.url)
        with pytest.raises(TransferError):
            send(step("PATCH", "/v2/a/blobs/uploads/1", body=b"x"))
        assert len(server.requests) == 1
        send.close()


def test_a_failure_is_told_without_what_its_url_keeps_secret():
    """K-20: in `Retrying`, in `Finished`, and in the error that is raised in the end."""
    half: list[Part] = [answer(200, b"12345", f"Location: /?sig={CANARY}", length=10), Close()]
    seen: list[Event] = []
    with ScriptedServer([Close()], half) as server:
        send = sender(url=server.url, retry=Retry(attempts=2, sleep=lambda seconds: None))
        send.observers.append(seen.append)
        with pytest.raises(TransferError) as caught:
            send(step(url=f"{server.url}/v2/a/blobs/sha256:0?sig={CANARY}"))
        send.close()
    told = [event for event in seen if isinstance(event, Retrying | Finished)]
    assert [type(event) for event in told] == [Finished, Retrying, Finished]
    whys = {told[0].error, told[1].reason}  # type: ignore[union-attr]
    assert whys == {"the connection broke before there was an answer"}
    assert told[2].error.startswith("the answer broke off after 5 of 10 bytes")  # type: ignore[union-attr]
    assert "sig=…" in str(caught.value)
    assert CANARY not in repr(seen) + str(caught.value) + repr(vars(caught.value))


def test_a_truncated_body_starts_over_in_the_sink():
    """F-6."""
    kept = bytearray()

    class Sink:
        def restart(self) -> None:
            kept.clear()

        def write(self, piece: bytes | memoryview) -> None:
            kept.extend(piece)

    half: list[Part] = [answer(200, b"12345", length=10), Close()]
    with ScriptedServer(half, answer(200, b"1234567890")) as server:
        send = sender(url=server.url)
        send(step(sink=Sink()))
        send.close()
    assert kept == b"1234567890"


# Redirects


def to(location: str, status: int = 307) -> Response:
    return Response(status, {"Location": location})


def test_a_redirect_elsewhere_is_a_new_request_without_anything_private():
    """C9, L-1, K-1: no Authorization, no Cookie, no header of ours that a stranger need not see."""
    world = World(
        registry=moved("https://cdn.example.net/b?sig=x%2F"), cdn=Response(200, {}, b"blob")
    )
    send = sender(world, credentials=ADA)
    headers = {"Accept": "*/*", "Range": "bytes=0-3", "Cookie": "c", "X-Custom": "x"}
    response = send(step(url="/v2/a/blobs/sha256:0", headers=headers))
    strange = world.heard[-1]
    assert (response.body, strange.url) == (b"blob", "/b?sig=x%2F")
    assert set(strange.headers) == {"host", "accept", "range", "user-agent", "accept-encoding"}


def test_credentials_are_not_attached_again_on_the_way_back():
    """K-1: A → B → A."""

    def registry(request: Request) -> Response:
        if request.url == "/back":
            return Response(200, {}, b"public")
        return moved("https://cdn.example.net/")(request)

    world = World(registry=registry, cdn=to(f"{HOME}/back"))
    assert sender(world, credentials=ADA)(step()).body == b"public"
    assert "authorization" not in world.heard[-1].headers


def test_a_redirect_within_the_origin_keeps_the_credentials():
    def registry(request: Request) -> Response:
        moved = request.url == "/v2/a/manifests/v1" and "authorization" in request.headers
        return to("/v2/a/manifests/moved") if moved else guarded(request)

    world = World(registry=registry)
    assert sender(world, credentials=ADA)(step()).body == b"welcome"
    assert world.heard[-1].headers["authorization"] == "Bearer t1"


@pytest.mark.parametrize("port", [":8443", ":444"])
def test_another_port_is_another_origin(port: str):
    """L-1: scheme, host and port."""
    away = moved(f"{HOME}{port}/x")
    world = World(registry=lambda r: Response(200) if port in r.headers["host"] else away(r))
    sender(world, credentials=ADA)(step())
    assert "authorization" not in world.heard[-1].headers


def test_http_may_become_https_on_the_same_host_and_keeps_its_credentials():
    """L-8."""

    def registry(request: Request) -> Response:
        return guarded(request)

    answers = iter([to("https://registry.example.com/v2/a/manifests/v1")])
    world = World(registry=lambda r: next(answers, None) or registry(r))
    assert sender(world, "http://registry.example.com", credentials=ADA)(step()).body == b"welcome"


@pytest.mark.parametrize(
    "location",
    ["http://cdn.example.net/", "javascript:alert(1)", "file:///etc/passwd",
     "https://u:p@cdn.example.net/", "https://[::1", r"https://h\@evil/", "https://a b/",
     "https://é.example/", "https://x/" + "y" * 9_000],
)  # fmt: skip
def test_a_redirect_to_no_place_to_go_is_refused(location: str):
    """F-D19: also from TLS to plain HTTP."""
    world = World(registry=to(location))
    with pytest.raises(UnexpectedAnswer):
        sender(world)(step())
    assert len(world.heard) == 1


@pytest.mark.parametrize(("hops", "fine"), [(5, True), (6, False)])
def test_five_redirects_are_followed(hops: int, fine: bool):
    """F-D19, 4.3."""
    left = iter(range(hops))
    world = World(registry=lambda r: next((to(f"/hop{n}") for n in left), Response(200)))
    if fine:
        assert sender(world)(step()).status == 200
    else:
        with pytest.raises(UnexpectedAnswer, match="more than 5 times"):
            sender(world)(step())


def test_a_redirect_without_location_is_the_answer():
    """F-D19."""
    response = sender(World(registry=Response(307)))(step())
    assert isinstance(response.refusal(), UnexpectedAnswer)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST", "DELETE"])
def test_a_redirected_upload_is_not_turned_into_a_get(method: str):
    """L-3, F-U12: many an HTTP client would answer 200 here."""
    world = World(registry=to("/elsewhere", 302))
    response = sender(world)(step(method, body=b"x"))
    assert (response.status, len(world.heard)) == (302, 1)


@pytest.mark.parametrize("status", [307, 308])
def test_a_body_follows_within_the_origin_only(status: int):
    """L-3, F-U11."""
    body = Pieces(b"abc")
    world = World(registry=lambda r: to("/moved", status) if r.url != "/moved" else
                  Response(201, {}, b"".join(r.body)))  # fmt: skip
    assert sender(world)(step("PUT", body=body)).body == b"abc"
    away = World(registry=to("https://cdn.example.net/", status))
    assert sender(away)(step("PUT", body=body)).status == status
    assert len(away.heard) == 1


def test_a_challenge_elsewhere_is_met_as_nobody():
    """L-2: registry.k8s.io sends us to a registry that gives tokens to anybody."""
    realm = 'Bearer realm="https://auth.other.org/token"'
    world = World(
        registry=to("https://mirror.other.org/v2/a/manifests/v1"),
        mirror=lambda r: Response(200, {}, b"here") if "authorization" in r.headers else
            Response(401, {"WWW-Authenticate": realm}),
        auth=Response(200, {}, b'{"token": "anonymous"}'),
    )  # fmt: skip
    assert sender(world, credentials=ADA)(step()).body == b"here"
    assert "authorization" not in world.heard[2].headers
    assert world.heard[3].headers["authorization"] == "Bearer anonymous"


def test_a_download_that_breaks_off_goes_back_to_the_registry_and_not_to_where_it_was_sent():
    """L-6, L-1: what a redirect leads to is good for minutes."""
    content = bytes(range(256)) * 8
    blob, memory = Descriptor.of(content, LAYER), Memory(len(content))
    half: list[Part] = [answer(200, content[:1_000], length=len(content)), Close()]
    ranged = f"Content-Range: bytes 1000-{len(content) - 1}/{len(content)}"
    with (
        ScriptedServer(half) as first,
        ScriptedServer(answer(206, content[1_000:], ranged)) as second,
    ):
        there = [answer(307, b"", f"Location: {each.url}/x?sig=1") for each in (first, second)]
        with ScriptedServer(*there) as server:
            send = sender(url=server.url)
            Stepper(get_blob("a", blob, memory), send).finish()
            send.close()
        assert [heard.line.split()[1] for heard in server.requests] == [
            f"/v2/a/blobs/{blob.digest}", f"/v2/a/blobs/{blob.digest}",
        ]  # fmt: skip
        assert [len(each.requests) for each in (first, second)] == [1, 1]
        assert second.requests[0].headers["range"] == f"bytes=1000-{len(content) - 1}"
    assert memory.content == content


# Locations of uploads


def test_an_upload_elsewhere_gets_the_body_and_no_credentials():
    """K-4."""
    world = World(storage=lambda r: Response(202, {}, b"".join(r.body)))
    send = sender(world, credentials=ADA)
    headers = {"Content-Range": "0-2", "Authorization": "mine", "Content-Type": "a/b"}
    response = send(step("PATCH", "https://storage.other.org/u?_s=x", body=b"abc", headers=headers))
    assert response.body == b"abc"
    assert "authorization" not in world.heard[0].headers
    assert world.heard[0].headers["content-range"] == "0-2"


def test_an_upload_is_not_sent_without_tls_when_the_registry_has_it():
    """K-4."""
    world = World()
    with pytest.raises(UnexpectedAnswer, match="without TLS"):
        sender(world)(step("PATCH", "http://storage.other.org/u", body=b"abc"))


def test_a_location_that_forgot_tls_behind_a_proxy_is_put_right():
    """L-4: distribution #123."""
    world = World(registry=lambda r: guarded(r))
    location = "http://registry.example.com/v2/a/blobs/uploads/1?_s=x%2F"
    response = sender(world, credentials=ADA)(step("PUT", location, body=b"abc"))
    assert response.body == b"abc"
    assert response.request is not None
    assert response.request.url == f"{HOME}/v2/a/blobs/uploads/1?_s=x%2F"


@pytest.mark.parametrize(
    "location",
    [
        "https://registry.example.com/v2/a/blobs/uploads/1?_s=x%2F",
        "https://registry.example.com:443/v2/a/blobs/uploads/1?_s=x%2F",
        "http://registry.example.com:443/v2/a/blobs/uploads/1?_s=x%2F",
        "HTTPS://Registry.Example.com/v2/a/blobs/uploads/1?_s=x%2F",
    ],
)
@pytest.mark.parametrize("home", [HOME, f"{HOME}:443"])
def test_the_usual_port_may_be_written_or_left_out(home: str, location: str):
    """L-4, L-5: oras #177; what stands behind the host is sent byte for byte."""
    world = World(registry=guarded)
    assert sender(world, home, credentials=ADA)(step("PUT", location, body=b"x")).body == b"x"
    assert world.heard[-1].url == "/v2/a/blobs/uploads/1?_s=x%2F"


@pytest.mark.parametrize("url", ["//evil/x", "ftp://evil/", "x", "?a=b"])
def test_a_url_that_is_neither_a_path_nor_http_is_refused(url: str):
    with pytest.raises(UnexpectedAnswer):
        sender(World())(step(url=url))


def test_a_path_that_no_request_line_can_hold_is_a_mistake_of_ours():
    """K-14."""
    with pytest.raises(InvalidReference):
        sender(World())(step(url="/v2/a\r\nX: y/tags/list"))


# Addresses


def test_a_redirect_is_connected_to_where_its_address_was_checked(monkeypatch):
    """K-3: a name that answers differently the second time (rebinding) makes no difference."""
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def once(host, port, *rest, **more):
        if host == "cdn.example.net":
            looked_up.append(host)
            host = "127.0.0.1"
        return real(host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", once)
    with ScriptedServer(answer(200, b"blob")) as cdn:
        there = answer(307, b"", f"Location: http://cdn.example.net:{cdn.port}/b")
        with ScriptedServer(there) as server:
            send = sender(url=server.url)
            assert send(step()).body == b"blob"
            send.close()
        assert cdn.requests[0].headers["host"] == f"cdn.example.net:{cdn.port}"
    assert looked_up == ["cdn.example.net"]


# The rest of its manners


def test_closing_twice_is_fine_and_nothing_is_pickled():
    send = sender(World(), credentials=ADA)
    send.close()
    send.close()
    with pytest.raises(TypeError):
        pickle.dumps(send)


def test_many_threads_share_a_sender():
    """F-13."""
    with ScriptedServer(answer(200, b"x" * 1000)) as server:
        send = sender(url=server.url)
        got: list[int] = []
        threads = [
            threading.Thread(target=lambda: got.extend(send(step()).status for _ in range(20)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        send.close()
    assert got == [200] * 160


def realm_says(answer: Response) -> Handle:
    return lambda r: answer if r.url.startswith("/token") else Response(401, BEARER)


WIRED = "wired-7c1"  # a secret of the registry's own: what signs a URL, an upload's state
ECHO = json.dumps({"token": 7, "said": CANARY}).encode()
BASIC = {"WWW-Authenticate": "Basic realm=x"}
WORLDS: dict[str, dict[str, Response | Callable[[Request], Response]]] = {
    "welcome": {"registry": guarded},
    "refused": {"registry": lambda r: guarded(r, "nobody")},
    "no token": {"registry": realm_says(Response(500, {}, CANARY.encode()))},
    "echo": {"registry": realm_says(Response(200, {}, ECHO))},
    "basic": {"registry": Response(401, BASIC)},
    "away": {"registry": to(f"https://cdn.example.net/?sig={WIRED}"), "cdn": Response(403)},
    "down": {"registry": to(f"http://cdn.example.net/?sig={WIRED}")},
    "crash": {"registry": lambda r: _crash() if "authorization" in r.headers else guarded(r)},
    "state": {"registry": Response(200, {"Set-Cookie": WIRED, "Location": f"/x?_state={WIRED}"})},
}


def _crash() -> Response:
    raise ZeroDivisionError


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize(
    "credentials",
    [ADA, Credentials(token=Secret(CANARY)), Credentials(identity=Secret(CANARY))],
    ids=["password", "token", "identity"],
)
def test_no_secret_appears_in_anything_that_is_shown(world: str, credentials: Credentials, caplog):
    """K-20, F-S1: repr, str, events, errors, their pickles and traces, logs."""
    caplog.set_level(logging.DEBUG)
    seen: list[Event] = []
    send = sender(World(**WORLDS[world]), credentials=credentials)
    send.observers.append(seen.append)
    shown = [repr(send), repr(vars(send)), repr(vars(send._auth)), repr(credentials)]
    told = []
    for url in ("/v2/a/manifests/v1", "/v2/a/blobs/sha256:0"):
        try:
            response = send(step(url=url))
            told += [repr(response), repr(response.request)]
            error: Exception = response.refusal()
        except (OcinbError, ZeroDivisionError) as failure:
            error = failure
            shown.append(traces.told(error))
        told += [repr(error), str(error), *traceback.format_exception(error)]
        told += [pickle.dumps(error).decode("latin-1")]
    shown += [repr(vars(send._auth))]
    told += [repr(seen), *(repr(e.headers.pairs()) for e in seen if isinstance(e, RequestStarted))]
    told += [record.getMessage() for record in caplog.records]
    assert CANARY not in "".join(shown + told)
    assert base64.b64encode(f"ada:{CANARY}".encode()).decode() not in "".join(shown + told)
    assert WIRED not in "".join(told)


def test_the_chunk_s_state_is_not_told():
    """K-20: an upload's `_state` is in the URL, and not in the events."""
    seen: list[Event] = []
    send = sender(World(registry=Response(202)))
    send.observers.append(seen.append)
    url = f"{HOME}/v2/a/blobs/uploads/1?_state={CANARY}"
    send(Step("Send a chunk", Request("PATCH", url, body=b"x"), SEND_CHUNK))
    assert CANARY not in repr(seen)
