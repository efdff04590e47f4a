"""`auth=`: one call as somebody else, over the same connections, and secrets stay hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ocinb
from ocinb.client.access.account import Account
from ocinb.client.repository import Repository
from ocinb.client.secret import Secret
from ocinb.errors import AuthenticationError, InvalidReference, OcinbError
from ocinb.oci.digest import Digest
from ocinb.protocol.events import Event, RequestStarted
from ocinb.protocol.messages import Request, Response
from ocinb.protocol.ping import Ping
from ocinb.registry import lessons, sample
from ocinb.registry.app import LocalRegistry
from tests.client.asking import Counted, image, opened
from tests.client.home import CANARY
from tests.client.scripted import ScriptedServer, answer
from tests.client.traces import told

STUDENT: Account = {"username": "student", "password": "secret"}
APP = image(b"layer")


@pytest.fixture
def counted(school: LocalRegistry) -> Counted:
    """A registry that lets in nobody but the student."""
    return Counted(lessons.locked(school).handle, *school.repositories)


@pytest.fixture
def repository(counted: Counted) -> Repository:
    return opened(counted)


VERBS: dict[str, Callable[[Repository, Account], object]] = {
    "blob_exists": lambda r, auth: r.blob_exists(Digest.of(b"x"), auth=auth),
    "pull_blob": lambda r, auth: r.pull_blob(blob(), progress=False, auth=auth),
    "pull_manifest": lambda r, auth: r.pull_manifest("latest", "linux/amd64", auth=auth),
    "pull_manifests_for_platforms": lambda r, auth: r.pull_manifests_for_platforms(
        "latest", ["linux/amd64"], auth=auth
    ),
    "push": lambda r, auth: r.push(APP, "new", progress=False, auth=auth),
    "push_blob": lambda r, auth: r.push_blob(b"x", progress=False, auth=auth),
    "push_blobs": lambda r, auth: r.push_blobs(*raw(), "new", progress=False, auth=auth),
    "push_blobs_multi": lambda r, auth: r.push_blobs_multi(
        [raw()], "new", progress=False, auth=auth
    ),
    "push_multi": lambda r, auth: r.push_multi([APP], "new", progress=False, auth=auth),
    "push_referrer": lambda r, auth: r.push_referrer(
        b"{}", "application/spdx+json", "latest", progress=False, auth=auth
    ),
    "push_signature": lambda r, auth: r.push_signature(
        b"{}", b"x", "latest", layout="cosign", progress=False, auth=auth
    ),
    "tag_from_digest": lambda r, auth: r.tag_from_digest(sample.app().digest, "new", auth=auth),
}


def blob() -> str:
    return sample.app().children[0].blobs[0].digest  # type: ignore[union-attr]


def raw():
    config, layer = (b"".join(each) for each in APP.blobs)
    return APP.manifest.raw, config, {APP.layers[0].digest: layer}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_of_ocibuild_can_be_said_by_somebody_else(verb: str, repository: Repository):
    said = VERBS[verb]
    with pytest.raises(AuthenticationError):
        said(repository, {})
    said(repository, STUDENT)
    with pytest.raises(AuthenticationError):
        said(repository, {})


def test_without_a_word_it_is_said_by_whom_the_registry_was_opened_for(counted: Counted):
    repository = opened(counted, username="student", password="secret")
    assert repository.as_(None) is repository
    assert repository.registry.as_(None) is repository.registry
    assert repository.blob_exists(blob(), auth=None)
    with pytest.raises(AuthenticationError):
        repository.blob_exists(blob(), auth={})
    assert repository.blob_exists(blob())


@pytest.mark.parametrize(
    "blank",
    [
        {},
        {"token": ""},
        {"username": "", "password": ""},
        {"username": "student", "password": ""},
        {"username": "", "password": "secret"},
        {"token": None, "username": None, "password": None},
        {"token": "", "username": "", "password": ""},
    ],
)
def test_blank_credentials_are_nobody_s(counted: Counted, blank: Account, monkeypatch):
    """ocibuild 0.10.2: what CI leaves empty is not sent; nor is the environment looked into."""
    monkeypatch.setenv("OCINB_REGISTRY", "local")
    monkeypatch.setenv("OCINB_USERNAME", "student")
    monkeypatch.setenv("OCINB_PASSWORD", "secret")
    repository = opened(counted, username="student", password="secret")
    with pytest.raises(AuthenticationError) as caught:
        repository.blob_exists(blob(), auth=blank)
    assert "without credentials" in "".join(caught.value.hints)
    assert not any("authorization" in each.headers for each in counted.asked)


def test_a_token_is_sent_as_it_is_and_before_a_name():
    """ocibuild ignores it in tag_from_digest."""
    heard: list[str] = []

    def handle(request: Request) -> Response:
        heard.append(request.headers.get("authorization", ""))
        challenge = {"WWW-Authenticate": 'Bearer realm="/token"'}
        return Response(200, {"Content-Length": "1"}) if heard[-1] else Response(401, challenge)

    repository = opened(Counted(handle))
    both: Account = {"token": Secret("abc"), "username": "student", "password": "secret"}
    for auth in ({"token": "abc"}, both):
        assert repository.blob_exists(blob(), auth=auth)  # type: ignore[arg-type]
        assert heard == ["", "Bearer abc"]
        heard.clear()


def test_neither_tokens_nor_what_is_known_are_shared(school: LocalRegistry, repository: Repository):
    student = repository.as_(STUDENT)
    digest = student["latest"].digest
    assert student.known(digest)
    assert repository.known(digest) is None
    with pytest.raises(AuthenticationError):
        repository[digest]
    assert student.registry.as_({}).last_ping is None
    assert isinstance(student.registry.ping(), Ping)
    assert repository.registry.last_ping is None


def test_the_connections_are_shared_and_stay_open():
    with ScriptedServer(answer(200, length=1)) as server:
        registry = ocinb.Registry(f"127.0.0.1:{server.port}", plain_http=True)
        repository = registry["demo/app"]
        assert repository.blob_exists(blob())
        with registry.as_({"token": "x"}) as other:
            assert other["demo/app"].blob_exists(blob())
        assert repository.blob_exists(blob())
        registry.close()
        assert {each.connection for each in server.requests} == {1}


def test_whoever_watches_hears_of_it(repository: Repository):
    heard: list[Event] = []
    with repository.registry.watched_by(heard.append):
        repository.blob_exists(blob(), auth=STUDENT)
    assert any(isinstance(each, RequestStarted) for each in heard)


def test_a_push_as_somebody_else_may_mount(counted: Counted):
    repository = opened(counted, "demo/other")
    pushed = repository.push(
        sample.chart(), "v1", mount_from="demo/charts", progress=False, auth=STUDENT
    )
    assert pushed.tags == ("v1",)


# Secrets


WRONG: dict[str, Any] = {
    "text": CANARY,
    "list": [CANARY],
    "unknown name": {"passwort": CANARY},
    "number": {"token": CANARY, "password": 7},
    "pair": {"password": CANARY},
    "no user": {"username": f"{CANARY}:x", "password": CANARY},
    "line end": {"token": f"{CANARY}\n"},
    "bytes": {"token": CANARY.encode()},
}


@pytest.mark.parametrize("verb", ["pull_blob", "blob_exists", "push", "push_referrer", "as_"])
@pytest.mark.parametrize("wrong", [each for each in WRONG if each not in ("list", "bytes")])
def test_K20_what_is_no_account_is_refused_and_not_shown(
    verb: str, wrong: str, repository: Repository
):
    say = VERBS.get(verb, lambda r, auth: r.as_(auth))
    with pytest.raises((OcinbError, TypeError)) as caught:
        say(repository, WRONG[wrong])
    if wrong != "no user":  # a name is no secret
        assert CANARY not in told(caught.value)


@pytest.mark.parametrize("wrong", ["list", "bytes"])
def test_what_is_no_text_is_refused(wrong: str, repository: Repository):
    with pytest.raises(TypeError):
        repository.blob_exists(blob(), auth=WRONG[wrong])


def test_name_and_password_go_together(repository: Repository):
    with pytest.raises(InvalidReference, match="username and password go together"):
        repository.blob_exists(blob(), auth={"username": "student"})


@pytest.mark.parametrize("verb", VERBS)
def test_K20_a_refusal_does_not_show_what_was_sent(verb: str, repository: Repository):
    with pytest.raises(OcinbError) as caught:
        VERBS[verb](repository, {"username": "student", "password": CANARY})
    assert CANARY not in told(caught.value)
