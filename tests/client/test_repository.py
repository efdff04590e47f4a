"""A repository as one holds it: naming it, looking into it, and what goes wrong."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import ocinb
from ocinb.client.registry import Registry
from ocinb.client.remote import RemoteArtifact, RemoteImage, RemoteIndex
from ocinb.client.repository import Repository
from ocinb.errors import (
    AuthenticationError,
    Denied,
    DigestMismatch,
    InvalidContent,
    InvalidReference,
    NotARegistry,
    NotFound,
    NotSupported,
    OcinbError,
    RateLimited,
    RegistryError,
    ServerFault,
    TruncatedBody,
    UnexpectedAnswer,
)
from ocinb.oci import media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.protocol.messages import Request, Response
from tests.client.asking import (
    Counted,
    Pieces,
    an_image,
    an_index,
    image,
    in_a_hurry,
    instead,
    opened,
    refusal,
    scripted,
)

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202eevil\r\n\x00"
ABSENT = Digest.of(b"nowhere")


@pytest.fixture
def counted(school) -> Counted:
    return Counted(school.handle, *school.repositories)


@pytest.fixture
def repository(counted: Counted) -> Repository:
    return Repository("demo/app", registry=counted)


# What it is called


@pytest.mark.parametrize(
    ("name", "full", "url"),
    [
        ("alpine", "docker.io/library/alpine", "https://registry-1.docker.io"),
        ("owner/app", "docker.io/owner/app", "https://registry-1.docker.io"),
        ("docker.io/alpine", "docker.io/library/alpine", "https://registry-1.docker.io"),
        ("index.docker.io/library/alpine", "docker.io/library/alpine",
         "https://registry-1.docker.io"),
        ("ghcr.io/owner/app", "ghcr.io/owner/app", "https://ghcr.io"),
        ("localhost:5000/app", "localhost:5000/app", "http://localhost:5000"),
        ("localhost/app", "localhost/app", "http://localhost"),
        ("127.0.0.1:80/a/b/c", "127.0.0.1:80/a/b/c", "http://127.0.0.1:80"),
        ("[::1]:5000/app", "[::1]:5000/app", "http://[::1]:5000"),
        ("[2001:db8::1]/app", "[2001:db8::1]/app", "https://[2001:db8::1]"),
    ],
)  # fmt: skip
def test_names_are_read_as_docker_reads_them(name: str, full: str, url: str):
    repository = Repository(name)
    assert (repository.full_name, repository.registry.base_url) == (full, url)
    assert repr(repository) == f"<Repository {full}>"
    assert repository.expression == f"ocinb.Repository({full!r})"
    assert repository.at("v1") == f"{full}:v1"
    assert repository.at(ABSENT) == f"{full}@{ABSENT}"


def test_within_a_registry_its_name_is_the_path(counted: Counted):
    registry = Registry(counted)
    for repository in (registry["demo/app"], Repository("demo/app", registry=registry)):
        assert (repository.name, repository.full_name) == ("demo/app", "local/demo/app")
        assert repository.registry is registry
    assert repository.expression == "ocinb.Repository('demo/app', registry=school)"


def test_options_are_the_registry_s(tmp_path: Path):
    repository = Repository("r.example:5000/app", plain_http=True)
    assert repository.registry.base_url == "http://r.example:5000"
    assert repository.expression == "ocinb.Repository('r.example:5000/app', plain_http=True)"
    with pytest.raises(TypeError, match=r"insecure.*to the registry"):
        Repository("app", registry=repository.registry, insecure=True)
    with pytest.raises(TypeError, match="unexpected keyword"):
        Repository("app", colour="red")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("alpine:3.20", "write ocinb.Repository('alpine')['3.20']"),
        ("ghcr.io/owner/app:v1", "write ocinb.Repository('ghcr.io/owner/app')['v1']"),
        ("localhost:5000/app:v1", "write ocinb.Repository('localhost:5000/app')['v1']"),
        (f"app@{ABSENT}", f"write ocinb.Repository('app')['{ABSENT}']"),
        (f"app:v1@{ABSENT}", f"write ocinb.Repository('app')['{ABSENT}']"),
        ("localhost:5000", "for the registry there, write ocinb.Registry('localhost:5000')"),
        ("[::1]:5000", "for the registry there, write ocinb.Registry('[::1]:5000')"),
    ],
)
def test_a_name_with_a_tag_or_digest_is_refused_with_what_to_write(name: str, hint: str):
    with pytest.raises(InvalidReference) as caught:
        Repository(name)
    assert caught.value.hints[0] == hint
    expression = hint.rpartition("write ")[2]
    made = eval(re.sub(r"\)\[.*", ")", expression), {"ocinb": ocinb})
    assert made.full_name if "Repository" in hint else made.name


@pytest.mark.parametrize(
    "name", ["", "owner/Case", "a//b", "a/-b", "https://ghcr.io/a/b", "0" * 64, "x" * 300, None, 7]
)
def test_what_names_nothing_is_refused_before_anything_is_sent(name: str):
    with pytest.raises(InvalidReference):
        Repository(name)


@pytest.mark.parametrize("name", ["", "UPPER", "a//b", "a:v1", None, 7])
def test_the_same_goes_for_names_within_a_registry(counted: Counted, name: str):
    with pytest.raises(InvalidReference):
        Repository(name, registry=counted)
    assert counted.asked == []


# Nothing is sent before it is asked


def test_making_drawing_and_naming_ask_nobody(counted: Counted, repository: Repository):
    """K-32."""
    repr(repository), repository._repr_html_(), repository.records(), repository.expression
    repository._ipython_key_completions_()
    assert repository.known(ABSENT) is None
    assert counted.asked == []


@pytest.mark.parametrize(
    "wrong", ["", ".hidden", "-x", "a b", "x" * 129, "sha256:abc", "md5:" + "0" * 32, "ü", None, 0]
)
def test_what_is_neither_tag_nor_digest_is_refused_before_anything_is_sent(
    counted: Counted, repository: Repository, wrong: str
):
    asks: tuple[Callable[[str], object], ...] = (
        repository.__getitem__, repository.manifest, repository.head, repository.manifest_steps,
        lambda old: repository.pull_steps(old, "nowhere"),
        lambda old: repository.tag(old, "new"), lambda old: repository.tag_steps(old, "new"),
        lambda old: repository.pull(old, "nowhere"),
    )  # fmt: skip
    for ask in asks:
        with pytest.raises(InvalidReference):
            ask(wrong)
    assert counted.asked == []


def test_it_is_no_list_of_tags(counted: Counted, repository: Repository):
    with pytest.raises(TypeError, match="not iterable"):
        list(repository)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        "latest" in repository  # type: ignore[misc]  # noqa: B015
    assert counted.asked == []


# Looking


def test_a_tag_is_asked_for_each_time_and_a_digest_once(counted: Counted, repository: Repository):
    index = repository["latest"]
    assert counted.since() == ["GET /v2/demo/app/manifests/latest"]
    assert repository["latest"].digest == index.digest
    assert counted.since() == ["GET /v2/demo/app/manifests/latest"]
    assert repository[index.digest].raw == index.raw
    assert counted.since() == []


def test_a_platform_s_config_is_three_requests_when_cold_and_none_when_warm(
    counted: Counted, repository: Repository
):
    index = an_index(repository)
    assert an_image(index, "linux/arm64").config.platform.architecture == "arm64"
    assert [line.partition(" ")[0] for line in counted.since()] == ["GET"] * 3
    warm = an_image(an_index(repository, index.digest), "linux/arm64")
    assert warm.config is an_image(index, "linux/arm64").config
    assert counted.since() == []


def test_what_a_tag_stands_for_tells_its_kind(repository: Repository, school):
    assert isinstance(repository["latest"], RemoteIndex)
    assert isinstance(an_index(repository)[0], RemoteImage)
    assert isinstance(repository["sbom"], RemoteArtifact)
    assert isinstance(Repository("demo/chart", registry=school)["0.3.0"], RemoteArtifact)


def test_head_tells_digest_type_and_size_or_nothing(counted: Counted, repository: Repository):
    found = repository.head("latest")
    assert found is not None
    assert counted.since() == ["HEAD /v2/demo/app/manifests/latest"]
    document = repository["latest"].document
    assert found == document.descriptor
    assert repository.head("absent") is None
    assert repository.head(ABSENT) is None


def test_all_tags_are_listed_a_page_at_a_time_if_wanted(counted: Counted, repository: Repository):
    assert repr(repository.known_tags) == "None"
    assert list(repository.tags()) == ["1.4", "1.4.2", "latest", "sbom"]
    assert counted.since() == ["GET /v2/demo/app/tags/list"]
    paged = repository.tags(page_size=3)
    assert (tuple(paged), paged.pages, paged.complete) == (
        ("1.4", "1.4.2", "latest", "sbom"), 2, True)  # fmt: skip
    assert len(counted.since()) == 2
    assert repository.known_tags is paged
    assert repository._ipython_key_completions_() == list(paged)
    with pytest.raises(ValueError, match="at least one"):
        repository.tags(page_size=0)
    assert counted.asked == []


def test_tags_that_no_tag_can_be_are_told_apart(school):
    body = json.dumps({"name": "x", "tags": ["v1", HOSTILE, 5, None]}).encode()
    listed = scripted(Response(200, {"Content-Type": "application/json"}, body)).tags()
    assert list(listed) == ["v1"]
    assert all(odd.isprintable() for odd in listed.odd)


def test_what_is_known_is_bounded_and_the_newest_of_it(monkeypatch, school):
    monkeypatch.setattr("ocinb.client.known.MOST_KNOWN", 3_000)
    counted = Counted(school.handle)
    repository = Repository("demo/app", registry=counted)
    index = an_index(repository)
    children = list(index)
    assert repository.known(index.digest) is None
    assert repository.known(children[-1].digest) is not None
    kept = repository.registry.known._documents
    assert sum(document.size for document in kept.values()) <= 3_000


def test_what_is_known_is_bounded_for_all_repositories_of_a_registry_at_once(monkeypatch, school):
    monkeypatch.setattr("ocinb.client.known.MOST_KNOWN", 6_000)
    registry = Registry(school)
    index = an_index(registry["demo/app"])
    assert registry["demo/app"].known(index.digest) is not None
    chart = registry["demo/chart"]["0.3.0"]
    index.load()
    assert registry["demo/chart"].known(chart.digest) is None


def test_what_one_repository_has_is_not_known_of_another(school):
    registry = Registry(school)
    index = an_index(registry["demo/app"])
    other = Repository("demo/chart", registry=registry)
    assert other.known(index.digest) is None
    with pytest.raises(NotFound):
        other[index.digest]


def test_what_is_known_must_still_be_what_its_parent_says(repository: Repository):
    """K-9: size and media type are the parent's to say, whoever fetched it first."""
    child = repository["latest"].document.json["manifests"][0]
    entry = Descriptor.from_json(child, "test")
    repository.manifest(entry.digest, entry)
    for wrong in (
        Descriptor(media_types.INDEX, entry.digest, entry.size),
        Descriptor(entry.media_type, entry.digest, entry.size + 1),
    ):
        with pytest.raises(InvalidContent, match=entry.digest.short):
            repository.manifest(entry.digest, wrong)


# Blobs


def test_a_blob_is_had_by_descriptor_or_by_digest(counted: Counted, repository: Repository):
    layer = an_image(an_index(repository)).layers[0]
    counted.since()
    content = repository.pull_blob(layer.descriptor)
    assert Digest.of(content) == layer.digest
    assert [line.split()[0] for line in counted.since()] == ["GET"]
    assert repository.pull_blob(str(layer.digest)) == content
    assert [line.split()[0] for line in counted.since()] == ["HEAD", "GET"]
    assert layer.read() == content


def test_a_blob_too_large_for_memory_is_refused_before_it_is_fetched(
    counted: Counted, repository: Repository
):
    layer = an_image(an_index(repository)).layers[0]
    counted.since()
    for blob in (layer.descriptor, layer.digest):
        with pytest.raises(InvalidContent, match="at most 1,000"):
            repository.pull_blob(blob, limit=1_000)
    assert [line.split()[0] for line in counted.since()] == ["HEAD"]


def test_a_blob_that_is_not_there_is_not_found(repository: Repository):
    for blob in (ABSENT, Descriptor(media_types.LAYER, ABSENT, 7)):
        with pytest.raises(NotFound) as caught:
            repository.pull_blob(blob)
        assert "by repository" in caught.value.hints[0]
        assert f"http://local/v2/demo/app/blobs/{ABSENT}" in str(caught.value)
    with pytest.raises(InvalidReference):
        repository.pull_blob("latest")


def test_an_empty_blob_is_a_blob():
    empty = Digest.of(b"")
    assert scripted(Response(200, {"Content-Length": "0"}), Response(200)).pull_blob(empty) == b""


def test_a_registry_that_hides_the_size_of_a_blob_must_be_told_it():
    with pytest.raises(UnexpectedAnswer, match="how long"):
        scripted(Response(200, {"Content-Length": "0"})).pull_blob(ABSENT)


def test_whether_a_blob_is_there_is_known_without_fetching_it(
    counted: Counted, repository: Repository
):
    layer = an_image(an_index(repository)).layers[0]
    counted.since()
    assert repository.blob_exists(layer.digest)
    assert not repository.blob_exists(str(ABSENT))
    assert [line.split()[0] for line in counted.since()] == ["HEAD", "HEAD"]
    with pytest.raises(InvalidReference):
        repository.blob_exists("latest")


def test_a_registry_that_refuses_head_is_asked_for_the_first_byte(school):
    """D-2."""
    layer = an_image(an_index(Repository("demo/app", registry=school))).layers[0]
    counted = Counted(instead("HEAD", refusal(405, "UNSUPPORTED"), school.handle))
    repository = opened(counted)
    assert repository.blob_exists(layer.digest)
    assert not repository.blob_exists(ABSENT)
    assert Digest.of(repository.pull_blob(layer.digest)) == layer.digest
    ranges = [asked.headers.get("range") for asked in counted.asked]
    assert ranges == [None, "bytes=0-0", None, "bytes=0-0", None, "bytes=0-0", None]


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthenticationError), (403, Denied), (429, RateLimited)]
)
def test_who_may_not_know_is_not_told_that_a_blob_is_not_there(status, kind):
    """A-13."""
    with pytest.raises(kind):
        scripted(refusal(status, "NO")).blob_exists(ABSENT)


def test_content_that_a_descriptor_embeds_is_not_asked_for(
    counted: Counted, repository: Repository
):
    embedded = Descriptor.of(b"{}", media_types.EMPTY, data=b"{}")
    assert repository.pull_blob(embedded) == b"{}"
    assert counted.asked == []


# Wrong names, and what there is instead


def test_a_wrong_tag_is_answered_with_the_nearest(counted: Counted, repository: Repository):
    with pytest.raises(NotFound) as caught:
        repository["lattest"]
    assert "did you mean 'latest'?" in caught.value.hints[0]
    assert "1.4, 1.4.2, latest, sbom" in caught.value.hints[0]
    assert "GET http://local/v2/demo/app/manifests/lattest" in str(caught.value)
    assert "404 MANIFEST_UNKNOWN" in str(caught.value)
    assert len(counted.since()) == 2
    assert repository.known_tags is not None


def test_a_wrong_old_tag_is_answered_likewise(repository: Repository):
    with pytest.raises(NotFound) as caught:
        repository.tag("lattest", "new")
    assert "did you mean 'latest'?" in caught.value.hints[0]


def test_a_wrong_repository_is_answered_with_the_nearest(counted: Counted):
    with pytest.raises(NotFound) as caught:
        Repository("demo/ap", registry=counted)["latest"]
    assert "did you mean 'demo/app'?" in caught.value.hints[0]
    assert len(counted.asked) == 1


def test_a_wrong_digest_says_where_to_look(counted: Counted, repository: Repository):
    with pytest.raises(NotFound) as caught:
        repository[ABSENT]
    assert "another repository" in caught.value.hints[0]
    assert len(counted.asked) == 1


def test_advice_is_bounded_however_many_tags_there_are():
    tags = [f"{HOSTILE}{n}" for n in range(3)] + [f"v{n:05}" for n in range(2_000)]
    page = json.dumps({"name": "demo/app", "tags": tags}).encode()
    headers = {"Content-Type": "application/json"}

    def handle(request: Request) -> Response:
        if "/tags/" not in request.url:
            return refusal(404, "MANIFEST_UNKNOWN", "no")
        number = len(paging.asked)
        more = f'</v2/demo/app/tags/list?last=p{number}>; rel="next"'
        return Response(200, {**headers, "Link": more}, page)

    paging = Counted(handle, "demo/app")
    repository = Repository("demo/app", registry=paging)
    with pytest.raises(NotFound) as caught:
        repository["v0001"]
    (hint,) = caught.value.hints
    assert "did you mean 'v0" in hint
    assert "1,990 more" in hint
    assert len(hint) < 400
    assert hint.isprintable()
    assert len(paging.asked) == 4
    assert repository.known_tags is None  # three pages are not all


def test_looking_for_advice_never_hides_the_error():
    for answer in (refusal(401, "UNAUTHORIZED"), refusal(500, "X"), Response(200, {}, b"{")):
        with pytest.raises(NotFound, match="MANIFEST_UNKNOWN"):
            scripted(refusal(404, "MANIFEST_UNKNOWN"), answer)["v1"]


def test_a_repository_that_is_not_there_at_all_is_said_to_be(monkeypatch):
    gone = scripted(refusal(404, "MANIFEST_UNKNOWN"), refusal(404, "NAME_UNKNOWN"))
    with pytest.raises(NotFound) as caught:
        gone["v1"]
    assert "there is no repository local/demo/app" in caught.value.hints[0]


def test_nor_are_its_tags(school):
    gone = scripted(refusal(404, "NAME_UNKNOWN"))
    near = Repository("demo/ap", registry=school)
    cases = ((gone, "there is no repository local/demo/app"), (near, "did you mean 'demo/app'?"))
    for repository, hint in cases:
        with pytest.raises(NotFound) as caught:
            repository.tags()
        assert hint in caught.value.hints[-1]


def test_a_push_that_finds_no_repository_is_not_told_to_look_for_content():
    with pytest.raises(NotFound) as caught:
        scripted(refusal(404, ""), refusal(404, "NAME_UNKNOWN")).push(ocinb.sample.app(), "v1")
    assert caught.value.method == "POST"
    assert "not made there before" in caught.value.hints[0]


# What registries say


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (refusal(401, "UNAUTHORIZED", HOSTILE), AuthenticationError, "401 UNAUTHORIZED"),
        (refusal(403, "DENIED", HOSTILE), Denied, "403 DENIED"),
        (refusal(404, "NAME_UNKNOWN", HOSTILE), NotFound, "404 NAME_UNKNOWN"),
        (refusal(429, "TOOMANYREQUESTS", HOSTILE), RateLimited, "429 TOOMANYREQUESTS"),
        (refusal(500, "UNKNOWN", HOSTILE), ServerFault, "500 UNKNOWN"),
        (refusal(503, "UNAVAILABLE", HOSTILE), ServerFault, "503 UNAVAILABLE"),
        (refusal(400, "UNSUPPORTED", HOSTILE), RegistryError, "400 UNSUPPORTED"),
        (refusal(404, HOSTILE, HOSTILE), NotFound, "404"),
        (Response(404, {"Content-Type": "text/html"}, HOSTILE.encode()), NotFound, "404"),
        (Response(418, {}, HOSTILE.encode()), RegistryError, "418"),
        (Response(301, {"Location": "//"}, b""), UnexpectedAnswer, "301"),
        (Response(204), UnexpectedAnswer, "204"),
        (Response(200, {"Content-Type": "text/html"}, HOSTILE.encode()), NotARegistry, "200"),
    ],
)  # fmt: skip
def test_every_no_has_its_class_its_words_and_what_was_asked(answer, kind, said):
    with pytest.raises(kind) as caught:
        scripted(answer)["v1"]
    error = caught.value
    assert type(error) is kind
    assert "GET http://local/v2/demo/app/manifests/v1" in str(error)
    assert said in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 1_000
    assert "\x1b" not in "".join(error.__notes__ if error.hints else ())
    assert "<script>" not in str(error._repr_html_())
    copied = pickle.loads(pickle.dumps(error))
    assert (str(copied), copied.hints, copied.status) == (str(error), error.hints, error.status)
    if error.status in (401, 403, 404, 429, 500, 503) or kind is NotARegistry:
        assert error.hints


def document(text: bytes, **headers: str) -> Response:
    return Response(200, {"Content-Type": media_types.MANIFEST, **headers}, text)


GOOD = image(b"layer").manifest.raw


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (document(b""), InvalidContent),
        (document(b"[]"), InvalidContent),
        (document(b'{"schemaVersion":2}'), InvalidContent),
        (document(b"[" * 100_000), InvalidContent),
        (document(GOOD[:-5]), InvalidContent),
        (document(b'{"schemaVersion":1}'), NotSupported),
        (document(GOOD, **{"Docker-Content-Digest": ABSENT}), DigestMismatch),
        (document(b" " * (4 * 1024 * 1024 + 1)), UnexpectedAnswer),
        (document(GOOD, **{"Content-Encoding": "gzip"}), UnexpectedAnswer),
    ],
)
def test_answers_that_are_no_manifest_are_refused(answer: Response, kind: type[OcinbError]):
    with pytest.raises(kind) as caught:
        scripted(answer)["v1"]
    assert str(caught.value).isprintable()


def test_content_that_is_not_its_digest_s_is_asked_for_once_more_and_then_refused():
    wanted = image(b"x").digest
    counted = Counted(lambda request: document(GOOD), "demo/app")
    with pytest.raises(DigestMismatch) as caught:
        opened(counted)[wanted]
    assert len(counted.asked) == 2
    assert counted.asked[1].headers["cache-control"] == "no-cache"
    assert (caught.value.expected, caught.value.actual) == (wanted, Digest.of(GOOD))
    assert "http://local/v2/demo/app/manifests/sha256:" in str(caught.value)


def test_a_cache_that_errs_once_does_not_matter(repository: Repository, school):
    layer = an_image(an_index(repository)).layers[2]
    lying = instead(
        "GET /v2/demo/app/blobs", Response(200, {}, b"x" * layer.size), school.handle, 1
    )
    assert Digest.of(opened(Counted(lying)).pull_blob(layer.descriptor)) == layer.digest


@pytest.mark.parametrize(
    ("more", "kind"), [(0, DigestMismatch), (1, UnexpectedAnswer), (-1, TruncatedBody)]
)
def test_a_wrong_blob_is_refused_whatever_is_wrong_with_it(repository, school, more, kind):
    layer = an_image(an_index(repository)).layers[2]
    content = b"x" * (layer.size + more)
    lying = instead("GET /v2/demo/app/blobs", Response(200, {}, content), school.handle)
    with pytest.raises(kind) as caught:
        opened(Counted(lying)).pull_blob(layer.descriptor)
    assert layer.digest.short in str(caught.value) or layer.digest in str(caught.value)


def test_a_body_that_breaks_off_is_tried_again_and_then_an_error():
    broken = Response(200, {"Content-Length": "100"}, stream=Pieces(b"x" * 10, size=100))
    with pytest.raises(TruncatedBody, match="10 of 100 bytes") as caught:
        scripted(broken)["v1"]
    assert (caught.value.received, caught.value.expected) == (10, 100)
    assert "try again" in caught.value.hints[0]


def test_trouble_that_passes_is_not_even_noticed(school):
    busy = instead("GET", refusal(503, "UNAVAILABLE"), school.handle, 2)
    assert in_a_hurry(opened(Counted(busy)))["latest"].digest


# Tagging, and one request at a time


def test_tag_gives_another_name_and_is_two_requests(counted: Counted, repository: Repository):
    found = repository.tag("latest", "stable")
    assert [line.split()[0] for line in counted.since()] == ["GET", "PUT"]
    assert repository.head("stable") == found == repository.head("latest")


def test_tag_refuses_a_bad_new_tag_before_anything_is_sent(
    counted: Counted, repository: Repository
):
    for bad in ("", "a b", ABSENT):
        with pytest.raises(InvalidReference):
            repository.tag("latest", bad)
    assert counted.asked == []


def test_steps_send_nothing_until_asked_and_come_to_the_same(
    counted: Counted, repository: Repository
):
    steps = repository.tag_steps("latest", "stable")
    fetch = repository.manifest_steps("latest")
    assert counted.asked == []
    assert repr(steps.waiting).startswith("<Step end-3 ")
    steps.step(expect=200)
    assert counted.since() == ["GET /v2/demo/app/manifests/latest"]
    steps.step()
    assert steps.waiting is None
    assert steps.result == repository.head("stable")
    assert fetch.finish().digest == steps.result.digest
    assert repr(repository.manifest_steps(steps.result.digest).waiting).startswith("<Step end-3 ")


def test_a_step_that_is_refused_says_what_to_do_next(repository: Repository):
    steps = repository.manifest_steps("latest")
    with pytest.raises(NotFound):
        steps.step(edit=lambda request: Request("GET", "/v2/demo/app/manifests/nothing"))
    assert steps.taken[0].response.status == 404


# Closing it


def test_a_registry_it_opened_is_closed_with_it_and_one_it_was_given_is_not(school):
    with Repository("demo/app", registry=school) as repository:
        repository.tags()
    repository.close()
    with pytest.raises(RuntimeError, match="closed"):
        repository.tags()
    registry = Registry(school)
    with Repository("demo/app", registry=registry):
        pass
    assert registry.ping().status == 200


def test_what_is_bound_to_a_registry_stays_in_its_process_and_says_so(school):
    repository = Repository("demo/app", registry=school)
    index = repository["latest"]
    for bound in (repository.registry, repository, index, index.source):
        with pytest.raises(TypeError, match=r"local.* holds connections and credentials"):
            pickle.dumps(bound)
    assert pickle.loads(pickle.dumps(index.document)) == index.document


# In a notebook


CELLS = r"""
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

config = Config()
config.HistoryManager.enabled = False
config.InteractiveShell.colors = "NoColor"
shell = InteractiveShell.instance(config=config)
said = []
for cell in json.loads(sys.argv[1]):
    with capture_output() as captured:
        shell.run_cell(cell)
    said.append(captured.stdout + captured.stderr)
print(json.dumps(said))
"""


@pytest.fixture
def cells(tmp_path: Path) -> Callable[..., list[str]]:
    """What IPython prints for each cell."""

    def run(*sources: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", CELLS, json.dumps(sources)],
            capture_output=True, text=True, check=True, timeout=60,
            env={"IPYTHONDIR": str(tmp_path), "HOME": str(tmp_path), "PATH": ""},
        )  # fmt: skip
        said: list[str] = json.loads(done.stdout.splitlines()[-1])
        return said

    return run


def test_an_error_in_a_cell_is_short_and_nothing_is_lost(cells):
    _, wrong, again, kept = cells(
        "import ocinb\nrepository = ocinb.Repository('demo/app', registry=ocinb.sample.school())",
        "repository['lattest']",
        "%tb",
        "import sys, traceback\nprint(len(traceback.extract_tb(sys.last_traceback)))",
    )
    for shown in (wrong, again):
        assert "NotFound" in shown
        assert "repository['lattest']" in shown
        assert "404 MANIFEST_UNKNOWN" in shown
        assert "Hint: did you mean 'latest'? there are: 1.4, 1.4.2, latest, sbom" in shown
        assert "During handling" not in shown
        assert shown.count("File ") <= 2  # the cell, and where it was raised
    assert int(kept) > 6  # hidden, not gone


def test_so_is_every_error(cells):
    messages = {
        "ocinb.Repository('alpine:3.20')": "write ocinb.Repository('alpine')['3.20']",
        "ocinb.Registry('https://ghcr.io')": "write ocinb.Registry('ghcr.io')",
        "repository['latest']['linux/s390x']": "there are: linux/amd64",
        "repository.pull_blob('sha256:' + '0' * 64)": "is it in this one?",
        "repository.push(ocinb.sample.app(), 'a b')": "is not a valid tag",
        "repository.pull('nothing', 'x')": "there are: 1.4",
    }
    begin = (
        "import ocinb\nrepository = ocinb.Repository('demo/app', registry=ocinb.sample.school())"
    )
    for cell, shown in zip(messages, cells(begin, *messages)[1:], strict=True):
        assert messages[cell] in shown
        assert shown.count("File ") <= 2
        assert "During handling" not in shown


def test_so_is_an_interrupt_a_full_disk_and_a_closed_registry(cells):
    """What is not ours passes through the same frames; nobody wants to see them."""
    begin = """import ocinb
school = ocinb.sample.school()
class Trouble:
    repositories = school.repositories
    def handle(self, request):
        raise self.error
trouble = Trouble()
repository = ocinb.Repository("demo/app", registry=trouble)
"""
    _, interrupt, full, closed = cells(
        begin,
        "trouble.error = KeyboardInterrupt(); repository.pull('latest', 'x')",
        "trouble.error = OSError(28, 'No space left'); repository.push(ocinb.sample.app(), 'v1')",
        "repository.close(); repository.tags()",
    )
    for shown, error in ((interrupt, "Interrupt"), (full, "No space left"), (closed, "closed")):
        assert error in shown
        assert shown.count("/ocinb/") <= 1
        assert shown.count("File ") <= 3
