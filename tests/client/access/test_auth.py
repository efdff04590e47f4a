"""Earning tokens: which realm gets what, and what it may answer (A, K-2, K-20, F-8)."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from ocinb.client.access.auth import Auth, Grant, asks_for_more
from ocinb.client.access.credentials import Credentials
from ocinb.client.addresses import split
from ocinb.client.registry import Registry
from ocinb.client.repository import Repository
from ocinb.client.secret import Secret
from ocinb.errors import AuthenticationError
from ocinb.protocol.events import Event, RequestStarted
from ocinb.protocol.messages import Request, Response
from ocinb.registry import lessons
from ocinb.registry.app import LocalRegistry

CANARY = "canary-3f9"
HOME = "https://registry.example.com"
REALM = "https://auth.example.com/token"
ADA = Credentials("ada", Secret(CANARY), source="arguments")
PULL = Request("GET", f"{HOME}/v2/org/app/manifests/v1")


class Script:
    """What the realm is asked, and what it answers."""

    def __init__(self, *answers: Response | Callable[[Request], Response]) -> None:
        self.answers = list(answers) or [token("t1")]
        self.asked: list[tuple[Request, Secret | None]] = []

    def __call__(self, request: Request, authorization: Secret | None) -> Response:
        self.asked.append((request, authorization))
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return answer if isinstance(answer, Response) else answer(request)

    def query(self, number: int = -1) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.asked[number][0].url).query)


def token(text: str, **more: object) -> Response:
    return Response(200, {}, json.dumps({"token": text, **more}).encode())


def refusal(challenge: str = f'Bearer realm="{REALM}",service="hub"') -> Response:
    return Response(401, {"WWW-Authenticate": challenge} if challenge else {})


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def auth(script: Script, credentials: Credentials | None = ADA, **more: object) -> Auth:
    given = {"credentials": lambda repository: credentials, **more}
    return Auth(split(HOME)[0], script, **given)  # type: ignore[arg-type]


def authorization(grant: Grant | None) -> str:
    return grant.authorization.reveal() if grant else ""


# Scopes


def test_the_challenge_s_scope_is_asked_for_else_the_least():
    """A-4."""
    script = Script()
    auth(script).answer(
        PULL, refusal(f'Bearer realm="{REALM}",scope="repository:x:pull,push"'), None
    )
    auth(script).answer(PULL, refusal(), None)
    assert script.query(0)["scope"] == ["repository:x:pull,push"]
    assert script.query(1) == {"service": ["hub"], "scope": ["repository:org/app:pull"]}


def test_a_mount_asks_for_both_repositories_in_one_token():
    """A-6."""
    script = Script()
    mount = Request("POST", f"{HOME}/v2/a/blobs/uploads/?mount=sha256:0&from=b")
    auth(script).answer(
        mount, refusal(f'Bearer realm="{REALM}",scope="repository:a:push,pull"'), None
    )
    assert script.query()["scope"] == ["repository:a:push,pull", "repository:b:pull"]


def test_a_delete_that_is_not_understood_is_asked_for_as_everything():
    """A-7: Quay fails on `delete`, distribution insists on it."""
    script = Script(Response(400), token("t"))
    grant = auth(script).answer(Request("DELETE", f"{HOME}/v2/a/manifests/v1"), refusal(), None)
    assert [script.query(n)["scope"] for n in (0, 1)] == [
        ["repository:a:delete"],
        ["repository:a:*"],
    ]
    assert authorization(grant) == "Bearer t"


def test_a_mount_that_may_not_read_its_source_is_still_an_upload():
    """A-5, A-6: a realm that gives no token for both scopes is asked for the first alone."""
    script = Script(Response(403), token("t"))
    mount = Request("POST", f"{HOME}/v2/a/blobs/uploads/?mount=sha256:0&from=b")
    grant = auth(script).answer(mount, refusal(), None)
    assert [script.query(n)["scope"] for n in (0, 1)] == [
        ["repository:a:pull,push", "repository:b:pull"],
        ["repository:a:pull,push"],
    ]
    assert authorization(grant) == "Bearer t"


def test_cancelling_an_upload_needs_what_deleting_needs():
    """A-7."""
    script = Script()
    auth(script).answer(Request("DELETE", f"{HOME}/v2/a/blobs/uploads/1"), refusal(), None)
    assert script.query()["scope"] == ["repository:a:delete"]


def test_the_catalogue_has_a_scope_that_some_challenges_leave_out():
    """A-4: gcr.io."""
    script = Script()
    auth(script).answer(Request("GET", f"{HOME}/v2/_catalog?n=5"), refusal(), None)
    assert script.query()["scope"] == ["registry:catalog:*"]


@pytest.mark.parametrize(
    ("challenge", "more"),
    [
        ('error="insufficient_scope",scope="repository:a:pull,push"', True),
        ('error="insufficient_scope",scope="repository:org/app:pull"', False),
        ('error="insufficient_scope"', False),
        ('error="invalid_token",scope="repository:a:pull,push"', False),
        ('scope="repository:a:pull,push"', False),
    ],
)
def test_a_good_token_for_too_little_is_told_from_one_that_is_not_good(challenge: str, more: bool):
    """A-14."""
    grant = auth(Script()).answer(PULL, refusal(), None)
    again = refusal(f'Bearer realm="{REALM}",{challenge}')
    assert asks_for_more(again, grant) is more
    assert not asks_for_more(again, None)
    assert not asks_for_more(Response(401), grant)


# Tokens


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"token": "a"}, "a"),
        ({"access_token": "b"}, "b"),
        ({"token": "a", "access_token": "b"}, "a"),
        ({"token": "", "access_token": "b"}, "b"),
        ({"token": None, "access_token": " b\n"}, "b"),
    ],
)
def test_a_token_has_one_of_two_names(document: dict[str, str | None], expected: str):
    """A-1."""
    script = Script(Response(200, {}, json.dumps(document).encode()))
    assert authorization(auth(script).answer(PULL, refusal(), None)) == f"Bearer {expected}"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"<html>", b'{"token": ""}', b'{"token": 7}', b'{"token": ["x"]}',
     b"\xff", b"[" * 9_999],
)  # fmt: skip
def test_an_answer_without_a_token_names_the_realm_and_echoes_nothing(body: bytes):
    """A-1, F-D23."""
    said = body.replace(b"7", CANARY.encode())
    with pytest.raises(
        AuthenticationError, match=r"no token for .* from auth\.example\.com"
    ) as caught:
        auth(Script(Response(200, {}, said))).answer(PULL, refusal(), None)
    assert CANARY not in str(caught.value)
    assert caught.value.__context__ is None


def test_an_error_about_a_token_says_what_it_was_wanted_for():
    push = Request("POST", f"{HOME}/v2/demo/app/blobs/uploads/")
    asked = "no token for demo/app (pull, push) from auth.example.com: it answered 403"
    with pytest.raises(AuthenticationError, match=re.escape(asked)):
        auth(Script(*[Response(403)] * 2)).answer(push, refusal(), None)


@pytest.mark.parametrize("status", [302, 307, 400, 401, 403, 500, 502])
def test_a_realm_that_refuses_or_redirects_is_an_error_that_echoes_nothing(status: int):
    """F-D23, ggcr #2292: a token request follows nothing."""
    script = Script(Response(status, {"Location": "https://evil/"}, CANARY.encode()))
    with pytest.raises(AuthenticationError, match=f"it answered {status}") as caught:
        auth(script).answer(PULL, refusal(), None)
    assert CANARY not in str(caught.value)
    assert "arguments" in caught.value.hints[0]
    assert len(script.asked) == 1


def test_an_answer_of_more_than_64_kib_is_never_read_whole():
    """4.3."""
    script = Script()
    auth(script).answer(PULL, refusal(), None)
    assert script.asked[0][0].limit == 64 * 1024


@pytest.mark.parametrize(
    ("lives", "good", "stale"), [(None, 54, 56), (5, 54, 56), (300, 294, 296), ("x", 54, 56)]
)
def test_a_token_is_used_until_shortly_before_its_end(lives: object, good: float, stale: float):
    """A-3, F-8: 60 s at least, renewed 5 s early, before the registry has to refuse it."""
    clock, more = Clock(), {} if lives is None else {"expires_in": lives}
    script = Script(token("t1", **more), token("t2", **more))
    known = auth(script, clock=clock)
    assert known.known(PULL) is None
    known.answer(PULL, refusal(), None)
    clock.now += good
    assert authorization(known.known(PULL)) == "Bearer t1"
    clock.now += stale - good
    assert authorization(known.known(PULL)) == "Bearer t2"
    assert len(script.asked) == 2


def test_a_token_is_kept_for_each_scope():
    script = Script(token("t1"), token("t2"))
    known = auth(script)
    known.answer(PULL, refusal(), None)
    push = Request("PUT", PULL.url)
    assert known.known(push) is None
    known.answer(push, refusal(), None)
    assert authorization(known.known(PULL)) == "Bearer t1"
    assert authorization(known.known(push)) == "Bearer t2"


def test_many_threads_that_need_one_token_ask_once():
    """F-13."""

    def slowly(request: Request) -> Response:
        time.sleep(0.05)
        return token("t1")

    script = Script(slowly)
    known = auth(script)
    got: list[Grant | None] = []
    threads = [
        threading.Thread(target=lambda: got.append(known.answer(PULL, refusal(), None)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [authorization(grant) for grant in got] == ["Bearer t1"] * 8
    assert len(script.asked) == 1


def test_a_token_that_was_refused_is_replaced():
    """A-16."""
    script = Script(token("t1"), token("t2"))
    known = auth(script)
    first = known.answer(PULL, refusal(), None)
    assert authorization(known.answer(PULL, refusal(), first)) == "Bearer t2"


# Who is told what


def test_name_and_password_go_to_the_realm_by_get_with_basic():
    """A-2."""
    script = Script()
    auth(script).answer(PULL, refusal(), None)
    request, basic = script.asked[0]
    assert request.method == "GET"
    assert basic is not None
    assert base64.b64decode(basic.reveal()[6:]).decode() == f"ada:{CANARY}"


def test_nobody_asks_without_credentials():
    """A-11."""
    script = Script()
    assert authorization(auth(script, None).answer(PULL, refusal(), None)) == "Bearer t1"
    assert script.asked[0][1] is None


def test_an_identity_token_is_exchanged_by_post():
    script = Script(Response(200, {}, b'{"access_token": "t"}'))
    grant = auth(script, Credentials(identity=Secret(CANARY))).answer(PULL, refusal(), None)
    request, basic = script.asked[0]
    assert (request.method, basic, authorization(grant)) == ("POST", None, "Bearer t")
    assert parse_qs(b"".join(request.body).decode()) == {
        "grant_type": ["refresh_token"],
        "service": ["hub"],
        "client_id": ["ocinb"],
        "scope": ["repository:org/app:pull"],
        "refresh_token": [CANARY],
    }
    assert CANARY not in repr(request)


@pytest.mark.parametrize("answer", [400, 401, 404, 405, 200])
def test_a_realm_that_knows_no_post_is_asked_by_get(answer: int):
    """A-2: GCR 404, Artifactory 401, ACR 400, HTML with 200."""
    script = Script(Response(answer, {}, b"<html>"), token("t"))
    grant = auth(script, Credentials(identity=Secret(CANARY))).answer(PULL, refusal(), None)
    assert [request.method for request, _ in script.asked] == ["POST", "GET"]
    assert authorization(grant) == "Bearer t"


def test_a_token_of_ours_is_sent_as_it_is():
    script = Script()
    grant = auth(script, Credentials(token=Secret(CANARY))).answer(PULL, refusal(), None)
    assert authorization(grant) == f"Bearer {CANARY}"
    assert script.asked == []


def test_basic_is_answered_with_name_and_password_for_everything():
    """A-15: ECR."""
    known = auth(Script())
    grant = known.answer(PULL, refusal("Basic realm=x"), None)
    assert authorization(grant).startswith("Basic ")
    assert known.known(Request("PUT", f"{HOME}/v2/other/manifests/v1")) == grant
    assert auth(Script(), None).answer(PULL, refusal("Basic realm=x"), None) is None


def test_one_registry_may_want_a_token_to_read_and_a_password_to_write():
    """A-15: each request is met by its own challenge, which is remembered with its scope."""
    known, push = auth(Script()), Request("PUT", PULL.url)
    known.answer(PULL, refusal(), None)
    known.answer(push, refusal("Basic realm=x"), known.known(push))
    assert authorization(known.known(PULL)) == "Bearer t1"
    assert authorization(known.known(push)).startswith("Basic ")


def test_basic_credentials_of_one_repository_are_not_sent_to_another():
    """A-18: credentials may be kept for a part of a registry."""
    ours = {"a/b": Credentials("alice", Secret("1")), "c/d": Credentials("bob", Secret("2"))}
    known = Auth(split(HOME)[0], Script(), credentials=ours.get)
    alice = known.answer(
        Request("GET", f"{HOME}/v2/a/b/manifests/v1"), refusal("Basic realm=x"), None
    )
    bob = known.known(Request("GET", f"{HOME}/v2/c/d/manifests/v1"))
    assert authorization(alice) != authorization(bob)
    assert known.known(Request("GET", f"{HOME}/v2/e/f/manifests/v1")) is None


@pytest.mark.parametrize("challenge", ["", "Negotiate", "Digest realm=x"])
def test_a_challenge_that_is_missing_is_looked_for_at_the_door(challenge: str):
    """A-10: gcr.io."""
    script = Script(refusal(), token("t"))
    grant = auth(script).answer(PULL, refusal(challenge), None)
    assert script.asked[0][0].url == f"{HOME}/v2/"
    assert authorization(grant) == "Bearer t"


def test_without_any_challenge_there_is_nothing_to_give():
    assert auth(Script(Response(200))).answer(PULL, refusal(""), None) is None


def test_a_realm_may_be_relative_and_have_a_query_of_its_own():
    """A-9."""
    script = Script()
    auth(script).answer(PULL, refusal('Bearer realm="/token?service=own&x=1",service="hub"'), None)
    assert script.asked[0][0].url.startswith(f"{HOME}/token?")
    assert script.query() == {"service": ["own"], "x": ["1"], "scope": ["repository:org/app:pull"]}


def test_a_realm_may_shout():
    """A-9: schemes and hosts are told without regard to case."""
    script = Script()
    said = refusal('BEARER REALM="HTTPS://AUTH.Example.com/token"')
    grant = auth(script).answer(PULL, said, None)
    assert script.asked[0][1] is not None
    assert authorization(grant) == "Bearer t1"


def test_docker_hub_is_asked_for_a_token_where_it_gives_them():
    """A-19: name, API and realm are three hosts; the credentials go to the last two."""
    script = Script()
    hub = Auth(split("https://registry-1.docker.io")[0], script, credentials=lambda name: ADA)
    challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'
    request = Request("GET", "https://registry-1.docker.io/v2/library/alpine/manifests/latest")
    grant = hub.answer(request, refusal(challenge), None)
    assert script.query() == {
        "service": ["registry.docker.io"],
        "scope": ["repository:library/alpine:pull"],
    }
    assert script.asked[0][1] is not None
    assert (authorization(grant), grant.withheld if grant else "?") == ("Bearer t1", "")


def test_a_realm_that_refuses_wrong_credentials_may_have_a_token_for_nobody():
    """A-12: GHCR answers 403 DENIED. Nobody is asked as somebody else; the error says how to."""
    script = Script(Response(403, {}, b'{"errors":[{"code":"DENIED"}]}'), token("t"))
    with pytest.raises(AuthenticationError) as caught:
        auth(script).answer(PULL, refusal(), None)
    assert len(script.asked) == 1
    assert "anonymous=True" in caught.value.hints[0]


# Realms, by K-2


def test_a_stranger_s_realm_is_asked_as_nobody_and_the_error_says_how_to_trust_it():
    script = Script(Response(401))
    with pytest.raises(AuthenticationError) as caught:
        auth(script).answer(PULL, refusal('Bearer realm="https://login.evil.org/t"'), None)
    assert script.asked[0][1] is None
    assert any("trust_realms=['login.evil.org']" in hint for hint in caught.value.hints)


def test_a_stranger_s_realm_may_give_a_token_to_anybody_and_that_is_remembered():
    grant = auth(Script()).answer(PULL, refusal('Bearer realm="https://login.evil.org/t"'), None)
    assert grant is not None
    assert (authorization(grant), grant.withheld) == ("Bearer t1", "login.evil.org")


def test_a_realm_the_user_trusts_gets_the_credentials():
    script = Script()
    known = auth(script, trust_realms=["Login.Other.org"])
    grant = known.answer(PULL, refusal('Bearer realm="https://login.other.org/t"'), None)
    assert script.asked[0][1] is not None
    assert grant is not None
    assert grant.withheld == ""


@pytest.mark.parametrize(
    "realm",
    [
        "", "file:///etc/passwd", "gopher://x/", "javascript:alert(1)", "https://user:pw@evil/",
        r"https://registry.example.com\@evil/", "http://①②⑦.0.0.1/", "https://", "http://[::1",
        "https://evil /", "https://a/" + "x" * 70_000, "data:text/html,x", "http://auth.example.com/",
        "https://evil:99999/", "https://evil:0/",
    ],
)  # fmt: skip
def test_a_realm_that_is_no_place_to_go_is_not_gone_to(realm: str):
    script = Script()
    with pytest.raises(AuthenticationError):
        auth(script).answer(PULL, refusal(f'Bearer realm="{realm}"'), None)
    assert script.asked == []


def test_who_is_told_that_a_token_is_asked_for_may_ask_for_something_himself():
    """An observer that calls the client would otherwise wait for the one that waits for it."""
    school = LocalRegistry()
    Repository("demo/app", registry=school).push_blob(b"there")
    registry = Registry(lessons.locked(school, "ada", CANARY), username="ada", password=CANARY)
    found: list[object] = []

    def ask(event: Event) -> None:
        if isinstance(event, RequestStarted) and "token" in event.url and not found:
            found.append(None)
            found.append(registry["demo/app"].tags())

    def work() -> None:
        with registry.watched_by(ask):
            found.append(registry["demo/app"].tags())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    assert len(found) == 3


def test_who_may_not_wait_has_a_token_of_his_own():
    busy, over = threading.Event(), threading.Event()

    def slow(request: Request) -> Response:
        busy.set()
        over.wait(5)
        return token("slow")

    script = Script(slow, token("fast"))
    asked = auth(script, may_wait=lambda: threading.current_thread().name != "told")
    had: list[Grant | None] = []

    def earn() -> None:
        had.append(asked.answer(PULL, refusal(), None))

    first = threading.Thread(target=earn)
    first.start()
    assert busy.wait(5)
    told = threading.Thread(target=earn, name="told")
    told.start()
    told.join(2)
    assert not told.is_alive()
    assert len(had) == 1
    over.set()
    first.join(5)
    assert len(script.asked) == 2


def test_F13_a_fork_waits_for_nobody_it_left_behind(monkeypatch):
    """Whoever was asking for a token when this process was forked does not ask in the child."""
    busy, over = threading.Event(), threading.Event()

    def slow(request: Request) -> Response:
        busy.set()
        over.wait(5)
        return token("slow")

    asked = auth(Script(slow, token("fast")))
    first = threading.Thread(target=asked.answer, args=(PULL, refusal(), None))
    first.start()
    assert busy.wait(5)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    child = threading.Thread(target=asked.answer, args=(PULL, refusal(), None))
    child.start()
    child.join(2)
    assert not child.is_alive()
    over.set()
    first.join(5)
