"""A registry as one holds it: what it is called, where it is, and that it waits to be asked."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ocinb
from ocinb.client.advice import advice
from ocinb.client.registry import Registry
from ocinb.client.repository import Repository
from ocinb.errors import (
    AuthenticationError,
    Cancelled,
    Denied,
    InvalidReference,
    NotARegistry,
    NotFound,
    RateLimited,
    ServerFault,
)
from ocinb.protocol.events import Event, Finished, RequestStarted, Skipped
from ocinb.protocol.messages import Request, Response
from ocinb.registry.app import LocalRegistry
from ocinb.storage import files
from tests.client.asking import Counted, in_a_hurry, opened, refusal, scripted
from tests.client.traces import told

CANARY = "kanarienvogel"


# What it is called, and where it is


@pytest.mark.parametrize(
    ("where", "name", "url"),
    [
        ("docker.io", "docker.io", "https://registry-1.docker.io"),
        ("index.docker.io", "docker.io", "https://registry-1.docker.io"),
        ("ghcr.io", "ghcr.io", "https://ghcr.io"),
        ("registry.example:5000", "registry.example:5000", "https://registry.example:5000"),
        ("localhost", "localhost", "http://localhost"),
        ("localhost:5000", "localhost:5000", "http://localhost:5000"),
        ("127.0.0.1:5000", "127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("127.8.9.1", "127.8.9.1", "http://127.8.9.1"),
        ("[::1]:5000", "[::1]:5000", "http://[::1]:5000"),
        ("[2001:db8::1]", "[2001:db8::1]", "https://[2001:db8::1]"),
        ("localhost.example", "localhost.example", "https://localhost.example"),
        ("10.0.0.1:5000", "10.0.0.1:5000", "https://10.0.0.1:5000"),
    ],
)
def test_a_host_is_asked_by_https_unless_it_is_this_machine(where: str, name: str, url: str):
    registry = Registry(where)
    assert (registry.name, registry.base_url) == (name, url)
    assert not registry.is_local
    assert repr(registry) == f"<Registry {name} at {url}>"


def test_plain_http_may_be_asked_for_and_refused():
    assert Registry("r.example", plain_http=True).base_url == "http://r.example"
    assert Registry("localhost:5000", plain_http=False).base_url == "https://localhost:5000"


def test_an_embedded_registry_is_local_and_is_asked_without_a_network(school):
    registry = Registry(school)
    assert registry.is_local
    assert registry.name == "local"
    assert registry.ping().status == 200
    assert registry.repositories_seen == ("demo/app", "demo/chart")


@pytest.mark.parametrize(
    ("where", "better"),
    [
        ("https://ghcr.io", "ocinb.Registry('ghcr.io')"),
        ("https://ghcr.io/", "ocinb.Registry('ghcr.io')"),
        ("http://localhost:5000", "ocinb.Registry('localhost:5000')"),
        ("http://r.example:5000/", "ocinb.Registry('r.example:5000', plain_http=True)"),
        ("ghcr.io/owner/app", "ocinb.Registry('ghcr.io')['owner/app']"),
        ("https://quay.io/owner/app/", "ocinb.Registry('quay.io')['owner/app']"),
    ],
)
def test_a_url_or_path_is_refused_with_what_to_write_instead(where: str, better: str):
    with pytest.raises(InvalidReference) as caught:
        Registry(where)
    assert f"write {better}" in caught.value.hints


@pytest.mark.parametrize("where", ["", "bad host", "host:0", "host:99999", "-x.io", "a..b", "[::1"])
def test_what_is_no_host_is_refused(where: str):
    with pytest.raises(InvalidReference, match="not a valid registry"):
        Registry(where)


@pytest.mark.parametrize("where", [None, 5000, b"ghcr.io", object()])
def test_what_is_neither_host_nor_registry_is_a_type_error(where: object):
    with pytest.raises(TypeError, match="host"):
        Registry(where)  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [Registry, Repository])
def test_one_that_could_not_be_made_still_has_a_repr(make: type[Registry | Repository]):
    """Whatever prints the variables of a traceback calls it."""
    half: Any = make.__new__(make)
    assert make.__name__ in repr(half)
    with pytest.raises(InvalidReference) as caught:
        make("bad host/!")
    assert make.__name__ in told(caught.value)


def test_that_anybody_is_trusted_is_shown():
    """K-30."""
    careless = Registry("r.example", insecure=True)
    assert repr(careless) == "<Registry r.example at https://r.example, whoever that is>"
    assert "whoever" in (careless._repr_html_() or "")
    assert "whoever" not in repr(Registry("r.example"))


def test_its_expression_makes_it_again_with_the_options_that_matter(tmp_path: Path):
    for expression in (
        "ocinb.Registry('ghcr.io')",
        "ocinb.Registry('r.example', plain_http=True)",
        "ocinb.Registry('localhost:5000', plain_http=False)",
        f"ocinb.Registry('r.example', ca={str(tmp_path)!r}, insecure=True)",
        "ocinb.Registry('r.example', trust_realms=['auth.example', 'r2.example'])",
    ):
        assert eval(expression, {"ocinb": ocinb}).expression == expression
    assert Registry("r.example", ca=tmp_path).expression.endswith(f"ca={str(tmp_path)!r})")
    assert Registry("localhost", plain_http=True).expression == "ocinb.Registry('localhost')"


# Its repositories


def test_a_repository_is_made_once_and_nobody_is_asked(school):
    counted = Counted(school.handle, *school.repositories)
    registry = Registry(counted)
    assert registry["demo/app"] is registry["demo/app"]
    assert registry["demo/app"].registry is registry
    assert counted.asked == []


def test_a_repository_that_was_made_by_its_name_is_the_registry_s_own(school):
    registry = Registry("ghcr.io", trust_realms=("auth.example",))
    made = Repository("owner/app", registry=registry)
    assert registry.repositories_seen == ("owner/app",)
    assert registry["owner/app"] is made
    assert Repository("owner/app", registry=registry).name == made.name
    assert registry["owner/app"] is made
    assert made.expression == "ocinb.Repository('ghcr.io/owner/app', trust_realms=['auth.example'])"
    alone = Repository("quay.io/owner/app")
    assert alone.registry["owner/app"] is alone
    with pytest.raises(InvalidReference):
        Repository("owner/APP", registry=registry)
    assert registry.repositories_seen == ("owner/app",)


def test_docker_hub_s_own_repositories_are_in_library():
    hub = Registry("docker.io")
    assert hub["alpine"].full_name == "docker.io/library/alpine"
    assert hub["alpine"] is hub["library/alpine"]
    assert hub["docker.io/alpine"] is hub["index.docker.io/library/alpine"] is hub["alpine"]
    assert hub["owner/app"].full_name == "docker.io/owner/app"
    assert Registry("quay.io")["alpine"].full_name == "quay.io/alpine"
    assert hub.repositories_seen == ("library/alpine", "owner/app")
    assert hub._ipython_key_completions_() == ["library/alpine", "owner/app"]


def test_a_tag_in_a_repository_s_name_belongs_behind_it(school):
    with pytest.raises(InvalidReference) as caught:
        Registry("ghcr.io")["owner/app:v1"]
    assert caught.value.hints[-1] == "write ocinb.Registry('ghcr.io')['owner/app']['v1']"
    digest = "sha256:" + "0" * 64
    with pytest.raises(InvalidReference) as caught:
        Repository(f"demo/app:v1@{digest}", registry=school)
    assert caught.value.hints[-1] == f"write ocinb.Registry(school)['demo/app'][{digest!r}]"


def test_it_is_no_list_of_repositories():
    registry = Registry("ghcr.io")
    with pytest.raises(TypeError, match="not iterable"):
        list(registry)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        "owner/app" in registry  # type: ignore[misc]  # noqa: B015
    with pytest.raises(InvalidReference, match="int, not text"):
        registry[0]  # type: ignore[index]


def test_many_threads_get_the_same_repository(school):
    registry, found = Registry(school), []
    threads = [threading.Thread(target=lambda: found.append(registry["demo/app"]))
               for _ in range(16)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1


# Asking whether it is there


def test_a_ping_is_one_request_and_is_remembered(school):
    counted = Counted(school.handle)
    registry = Registry(counted)
    assert repr(registry.last_ping) == "None"
    assert registry.ping().status == 200
    assert registry.last_ping is not None
    assert counted.since() == ["GET /v2/"]


def test_a_web_page_is_no_registry():
    page = Response(200, {"Content-Type": "text/html"}, b"<html>\x1b[31m\xe2\x80\xae Welcome")
    with pytest.raises(NotARegistry) as caught:
        Registry(Counted(lambda request: page)).ping()
    assert "http://local/v2/" in str(caught.value)
    assert caught.value.hints
    assert str(caught.value).isprintable()


def test_a_ping_that_wants_to_know_who_asks_is_an_answer():
    locked = Response(401, {"WWW-Authenticate": 'Basic realm="school"'})
    ping = Registry(Counted(lambda request: locked)).ping()
    assert ping.status == 401
    assert ping.challenges[0].scheme == "basic"


def test_a_name_may_have_its_registry_before_it_but_no_other():
    assert Registry("ghcr.io")["ghcr.io/x/y"].full_name == "ghcr.io/x/y"
    assert Registry("ghcr.io")["quay.io/x/y"].full_name == "ghcr.io/quay.io/x/y"  # of a cache
    assert Registry("localhost:5000")["localhost:5000/x"].full_name == "localhost:5000/x"
    assert Registry(LocalRegistry())["local/x"].full_name == "local/local/x"


# Errors say what to do next


def test_who_asks_as_nobody_is_told_how_to_log_in():
    with pytest.raises(AuthenticationError) as caught:
        scripted(refusal(401, "UNAUTHORIZED", "who are you"))["v1"]
    assert caught.value.hints[0].endswith("give username= and password=, or token=")
    assert "401 UNAUTHORIZED: who are you" in str(caught.value)


def test_who_asks_a_registry_elsewhere_may_also_log_in_there():
    error = AuthenticationError(401, method="GET", url="https://ghcr.io/v2/demo/app/tags/list")
    said = advice(error, "ghcr.io", "ocinb.Registry('ghcr.io')", None)
    assert said.endswith("or token=, or log in with docker login ghcr.io")


def test_credentials_that_are_refused_are_named_by_their_source_alone():
    locked = refusal(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="school"')
    repository = opened(Counted(lambda request: locked), username="ada", password=CANARY)
    with pytest.raises(AuthenticationError) as caught:
        repository["v1"]
    assert "credentials from arguments" in caught.value.hints[0]
    assert CANARY not in f"{caught.value!r} {caught.value} {caught.value.hints}"


def test_who_shows_the_wrong_credentials_is_told_how_to_show_none():
    """A-12: GHCR refuses public content to them, with 403 and no challenge. Asking as nobody
    instead is for the user to decide, and takes one word."""

    def ghcr(request: Request) -> Response:
        if request.url.startswith("/token"):
            return Response(200, {}, b'{"token":"t"}')
        if "authorization" in request.headers:
            return refusal(403, "DENIED")
        return Response(401, {"WWW-Authenticate": 'Bearer realm="/token"'})

    def public(request: Request) -> Response:
        return Response(200, {}, b'{"tags":["v1"]}')

    with pytest.raises(Denied) as caught:
        opened(Counted(ghcr), username="ada", password=CANARY).tags()
    assert "credentials from arguments" in caught.value.hints[0]
    assert "Registry(..., anonymous=True)" in caught.value.hints[0]
    assert opened(Counted(public), anonymous=True).tags().tags == ("v1",)


def test_A12_anonymous_is_anonymous(monkeypatch: pytest.MonkeyPatch):
    """Neither the environment nor files are looked at."""
    monkeypatch.setenv("OCINB_REGISTRY", "ghcr.io")
    monkeypatch.setenv("OCINB_TOKEN", CANARY)
    assert Registry("ghcr.io")._keychain is not None
    registry = Registry("ghcr.io", anonymous=True)
    assert registry._keychain is None
    assert registry.expression == "ocinb.Registry('ghcr.io', anonymous=True)"
    assert registry._sender._auth._credentials("owner/app") is None
    for account in ({"username": "ada", "password": CANARY}, {"token": CANARY}):
        with pytest.raises(InvalidReference, match="without any") as caught:
            Registry("ghcr.io", anonymous=True, **account)  # type: ignore[arg-type]
        assert CANARY not in str(caught.value)


@pytest.mark.parametrize(("status", "code"), [(401, "UNAUTHORIZED"), (403, "DENIED")])
def test_who_may_not_look_is_not_told_that_nothing_is_there(status: int, code: str):
    """A-13: Hub says 401 of what does not exist, GHCR 403; head() is None after a 404 alone."""
    repository = scripted(refusal(status, code))
    questions: list[Callable[[], object]] = [
        repository.tags,
        lambda: repository.head("v1"),
        lambda: repository.manifest("v1"),
        lambda: repository.referrers("v1"),
    ]
    for ask in questions:
        with pytest.raises((AuthenticationError, Denied)) as caught:
            ask()
        assert "is it there at all?" in caught.value.hints[0]
    assert scripted(Response(404)).head("v1") is None


def test_an_abuse_limit_in_plain_text_is_a_rate_limit():
    """Q-2: without JSON, without a time; and no storm of second tries."""
    text = b"toomanyrequests: You have reached your pull rate limit.\n"
    counted = Counted(lambda request: Response(429, {"Content-Type": "text/plain"}, text))
    with pytest.raises(RateLimited, match="reached your pull rate limit") as caught:
        in_a_hurry(Repository("demo/app", registry=counted)).tags()
    assert caught.value.retry_after is None
    assert "wait a while" in caught.value.hints[0]
    assert len(counted.asked) == 5


def test_a_wall_around_a_registry_is_shown_and_not_understood():
    """Q-4: geo-blocks and CloudFront."""
    wall = b"<html>\x1b[2JThe Amazon CloudFront distribution is configured to block" + b"." * 9_999
    with pytest.raises(Denied) as caught:
        scripted(Response(403, {"Content-Type": "text/html"}, wall)).tags()
    assert "\\u{1b}[2JThe Amazon CloudFront" in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("where", ["/v2/", "/v2/demo/app/tags/list"])
def test_what_is_no_registry_is_said_with_what_to_check(where: str):
    """Q-5: a wrong port, or a registry under a path of its own."""
    counted = Counted(lambda request: Response(404, {"Content-Type": "text/html"}, b"<h1>No"))
    repository = in_a_hurry(Repository("demo/app", registry=counted))
    with pytest.raises((NotARegistry, NotFound)) as caught:
        repository.registry.ping() if where == "/v2/" else repository.tags()
    assert ("check the host and port" if where == "/v2/" else "no registry") in str(
        caught.value.hints
    )


def test_the_wait_that_a_registry_asks_for_is_said():
    repository = scripted(refusal(429, "TOOMANYREQUESTS", "slow down", Retry_After="3600"))
    with pytest.raises(RateLimited) as caught:
        repository.tags()
    assert caught.value.retry_after == 3600
    assert "wait 3600 seconds" in caught.value.hints[0]


def test_a_registry_in_trouble_is_nobody_else_s_fault():
    repository = scripted(Response(502, {"Content-Type": "text/html"}, b"<h1>Bad gateway</h1>"))
    with pytest.raises(ServerFault, match="502: <h1>Bad gateway") as caught:
        repository.registry.ping()
    assert "try again later" in caught.value.hints[0]


@pytest.mark.parametrize("served", [True, False])
def test_F11_a_full_disk_is_the_same_answer_in_process_and_over_http(tmp_path, monkeypatch, served):
    def full(file, piece) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_all", full)
    with LocalRegistry(tmp_path) as local:
        registry = Registry(local.serve().host if served else local)
        with pytest.raises(ServerFault, match="507 SIZE_INVALID: the disk of") as caught:
            Repository("demo/app", registry=registry).push_blob(b"content")
    (hint,) = caught.value.hints
    assert "make room on the registry's disk" in hint


# Watching it


def test_observers_hear_every_request_while_they_watch(school):
    registry, heard = Registry(school), list[Event]()
    registry.ping()
    with registry.watched_by(heard.append):
        registry.ping()
    registry.ping()
    assert sum(isinstance(event, RequestStarted) for event in heard) == 1
    assert isinstance(heard[-1], Finished)


def test_what_is_emitted_reaches_all_who_watch(school):
    registry = Registry(school)
    first, second = list[Event](), list[Event]()
    event = Skipped(ocinb.Digest.of(b"x"), 1)
    with registry.watched_by(first.append, second.append):
        registry.emit(event)
    registry.emit(event)
    assert first == second == [event]


def test_watching_may_be_nested_and_ends_one_at_a_time(school):
    registry, heard = Registry(school), list[Event]()
    with registry.watched_by(heard.append):
        with registry.watched_by(heard.append):
            registry.ping()
        twice = len(heard)
        registry.ping()
    assert len(heard) == twice + twice // 2


def test_an_observer_that_fails_spoils_nothing_but_one_that_cancels_is_obeyed(school, caplog):
    registry = Registry(school)

    def fail(event: Event) -> None:
        raise ValueError("the bar is broken")

    def cancel(event: Event) -> None:
        raise Cancelled("enough")

    with registry.watched_by(fail):
        assert registry.ping().status == 200
    assert "the bar is broken" in caplog.text
    with registry.watched_by(cancel), pytest.raises(Cancelled, match="enough"):
        registry.ping()
    assert registry.ping().status == 200


# Closing it


def test_closing_twice_is_fine_and_then_it_says_that_it_is_closed(school):
    with Registry(school) as registry:
        image = registry["demo/app"]["latest"]
    registry.close()
    with pytest.raises(RuntimeError, match="closed"):
        registry.ping()
    assert registry["demo/app"][image.digest].raw == image.raw  # what is known stays


# Secrets


def test_no_face_of_it_shows_credentials(monkeypatch: pytest.MonkeyPatch):
    """Canaries in every argument that holds a secret."""
    events = list[Event]()
    locked = refusal(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="school"')
    counted = Counted(lambda request: locked)
    for options in ({"username": "ada", "password": CANARY}, {"token": CANARY}):
        repository = in_a_hurry(opened(counted, **options))
        registry = repository.registry
        with registry.watched_by(events.append), pytest.raises(AuthenticationError) as caught:
            repository["v1"]
        shown = [registry, repository, registry._sender, registry._keychain, registry.last_ping,
                 vars(registry), vars(repository), events, caught.value, caught.value.__notes__,
                 vars(caught.value), registry.expression, repository.expression,
                 registry.converse(iter(()))]  # type: ignore[arg-type]  # fmt: skip
        assert CANARY not in "".join(f"{each!r}{each}" for each in shown)
        for drawn in (registry, repository, caught.value):
            assert CANARY not in f"{drawn._repr_html_()}{drawn.records()}"
    sent = "".join(value for asked in counted.asked for value in asked.headers.values())
    assert "Basic" in sent  # they were sent where they belong


def test_it_does_not_leave_the_process_and_errors_do(school):
    registry = Registry(school, token=CANARY)
    with pytest.raises(TypeError):
        pickle.dumps(registry)
    with pytest.raises(TypeError):
        copy.deepcopy(registry._sender)
    repository = registry["demo/ap"]
    with pytest.raises(ocinb.errors.NotFound) as caught:
        repository["latest"]
    error = pickle.loads(pickle.dumps(caught.value))
    assert (type(error), str(error), error.hints) == (
        type(caught.value), str(caught.value), caught.value.hints)  # fmt: skip
    assert error.__notes__ == caught.value.__notes__
    assert (error.status, error.code, error.url) == (404, "NAME_UNKNOWN", caught.value.url)


@pytest.mark.parametrize("options", [{"username": "ada"}, {"password": CANARY}])
def test_half_a_pair_of_credentials_is_refused_without_telling_it(options):
    with pytest.raises(InvalidReference, match="go together") as caught:
        Registry("ghcr.io", **options)
    assert CANARY not in str(caught.value)


def test_environment_credentials_go_to_the_registry_they_are_for_and_to_no_other(monkeypatch):
    monkeypatch.setenv("OCINB_TOKEN", CANARY)
    monkeypatch.setenv("OCINB_REGISTRY", "ghcr.io")
    chains = [Registry(host)._keychain for host in ("ghcr.io", "quay.io")]
    assert [bool(chain and chain()) for chain in chains] == [True, False]


def test_an_embedded_registry_is_sent_no_credentials_that_were_not_given(school, monkeypatch):
    monkeypatch.setenv("OCINB_TOKEN", CANARY)
    monkeypatch.setenv("OCINB_REGISTRY", "local")
    counted = Counted(school.handle)
    Registry(counted).ping()

    def secret(request: Request) -> bool:
        return "authorization" in request.headers

    assert not any(map(secret, counted.asked))
