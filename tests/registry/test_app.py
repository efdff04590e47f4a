from __future__ import annotations

import json
import threading

import pytest

from ocinb.errors import NotSupported, RegistryError
from ocinb.oci.digest import Digest
from ocinb.protocol import endpoints
from ocinb.protocol.messages import Request
from ocinb.registry.app import LocalRegistry
from ocinb.registry.guard import guarded
from ocinb.storage.layout import Layout
from tests.registry.asking import (
    BLOB,
    MANIFEST,
    NAME,
    ask,
    code,
    push_blob,
    push_manifest,
    put_manifest,
)


@pytest.mark.parametrize("url", ["/v2/", "/v2", "http://127.0.0.1:1/v2/"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_S1_it_is_a_registry(registry, url, method):
    response = ask(registry, method, url)
    assert response.status == 200
    assert response.headers["docker-distribution-api-version"] == "registry/2.0"


@pytest.mark.parametrize(
    "url",
    ["", "/", "/v1/", "/v2/demo", "/v2/demo/app/", "/v2//blobs/x", "//v2/", "http://[bad/v2/"],
)
def test_an_address_that_is_none_is_refused(registry, url):
    assert ask(registry, "GET", url).status in (400, 404)


@pytest.mark.parametrize(
    "name",
    ["Demo", "demo//app", "demo/App", "a..b", "%2e%2e", "..", "demo/%00", "a\\b", "a%5Cb", "a%2Fb",
     "a%252Fb", "x" * 256, "demo app", "%D0%B0", "demo%0A", "~root"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", "tags/list"),
        ("GET", "manifests/v1"),
        ("GET", f"blobs/{NAME}"),
        ("PUT", "manifests/v1"),
        ("POST", "blobs/uploads/"),
        ("POST", f"blobs/uploads/?digest={NAME}"),
    ],
)
def test_a_name_that_is_none_is_refused_everywhere(tmp_path, name, method, rest):
    """K-28"""
    registry = LocalRegistry(tmp_path / "registry")
    response = ask(registry, method, f"/v2/{name}/{rest}", MANIFEST.raw)
    assert code(response) in ("400 NAME_INVALID", "404 UNSUPPORTED")
    assert list(tmp_path.rglob("*")) == [tmp_path / "registry", tmp_path / "registry/.ocinb-lock"]


@pytest.mark.parametrize("name", ["demo/blobs", "blobs", "a/index.json", "oci-layout/a", "con"])
def test_a_name_that_would_hide_in_another_repository_is_refused_on_disk(tmp_path, name):
    response = ask(LocalRegistry(tmp_path), "POST", f"/v2/{name}/blobs/uploads/")
    assert code(response) == "400 NAME_INVALID"
    assert ask(LocalRegistry(), "POST", f"/v2/{name}/blobs/uploads/").status == 202


@pytest.mark.parametrize(
    ("method", "url", "allowed"),
    [
        ("POST", "/v2/", "GET, HEAD"),
        ("OPTIONS", "/v2/demo/app/manifests/v1", "GET, HEAD, PUT, DELETE"),
        ("POST", "/v2/demo/app/tags/list", "GET, HEAD"),
        ("PUT", "/v2/demo/app/blobs/uploads/", "POST"),
    ],
)
def test_S30_what_is_not_possible_is_405_and_says_what_is(registry, method, url, allowed):
    response = ask(registry, method, url)
    assert code(response) == "405 UNSUPPORTED"
    assert set(allowed.split(", ")) <= set(response.headers["allow"].split(", "))


def test_too_many_parameters_are_not_read(registry):
    assert ask(registry, "GET", "/v2/?" + "a=1&" * 5_000).status == 400


def test_hostile_text_is_bounded_in_the_answer(registry):
    response = ask(registry, "GET", f"/v2/{'<script>' * 10_000}/tags/list")
    assert len(response.body) < 2_000
    assert response.headers["content-type"] == "application/json"


def test_repositories_are_those_that_hold_something(registry):
    assert registry.repositories == ()
    ask(registry, "POST", "/v2/only/begun/blobs/uploads/")
    ask(registry, "GET", "/v2/only/asked/tags/list")
    push_blob(registry, "demo/app")
    push_blob(registry, "demo")
    push_blob(registry, "a/b/c/d")
    assert registry.repositories == ("a/b/c/d", "demo", "demo/app")


def test_asking_for_what_is_not_there_is_not_remembered(registry):
    for n in range(100):
        ask(registry, "GET", f"/v2/nowhere/{n}/tags/list")
    assert not registry._state.repositories._stores


def test_a_store_is_handed_out_by_name(registry):
    push_manifest(registry, "demo/app")
    assert registry.store("demo/app").tags() == ("v1",)
    with pytest.raises(RegistryError, match="NAME_UNKNOWN"):
        registry.store("demo/other")


def test_a_registry_on_disk_is_found_again(tmp_path):
    push_manifest(LocalRegistry(tmp_path), "demo/app")
    push_manifest(LocalRegistry(tmp_path), "demo")
    again = LocalRegistry(tmp_path)
    assert again.repositories == ("demo", "demo/app")
    assert ask(again, "GET", "/v2/demo/app/manifests/v1").body == MANIFEST.raw


def test_a_repository_that_another_tool_adds_is_served_at_once(tmp_path):
    registry = LocalRegistry(tmp_path)
    layout = Layout(tmp_path / "late/comer")
    layout.put_manifest(MANIFEST.raw, MANIFEST.descriptor, ["v1"])
    assert registry.repositories == ("late/comer",)
    assert ask(registry, "GET", "/v2/late/comer/manifests/v1").status == 200


def test_a_broken_repository_is_its_own_trouble_and_says_so(tmp_path):
    """G-25"""
    registry = LocalRegistry(tmp_path)
    push_manifest(registry, "demo/app")
    push_manifest(registry, "demo/fine")
    (tmp_path / "demo/app/index.json").write_text("broken")
    response = ask(registry, "GET", "/v2/demo/app/manifests/v1")
    assert response.status == 500
    assert b"index.json" in response.body
    assert ask(registry, "GET", "/v2/demo/fine/manifests/v1").status == 200
    assert ask(registry, "POST", f"/v2/new/blobs/uploads/?mount={NAME}").status == 201


def test_a_repository_behind_a_link_is_not_discovered(tmp_path):
    push_manifest(LocalRegistry(tmp_path / "outside"), "demo/app")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside/linked").symlink_to(tmp_path / "outside/demo")
    assert LocalRegistry(tmp_path / "inside").repositories == ()


def test_a_layout_is_not_a_registry(tmp_path):
    push_manifest(LocalRegistry(tmp_path), "demo")
    with pytest.raises(NotSupported, match="image layout itself") as caught:
        LocalRegistry(tmp_path / "demo")
    assert "folder above" in caught.value.hints[0]


def test_mounts_on_disk_share_one_file(tmp_path):
    registry = LocalRegistry(tmp_path)
    push_blob(registry, "demo/base")
    ask(registry, "POST", f"/v2/demo/app/blobs/uploads/?mount={NAME}")
    files = [tmp_path / name / "blobs/sha256" / NAME.encoded for name in ("demo/base", "demo/app")]
    assert files[0].samefile(files[1])


def test_many_threads_push_and_pull_at_once(registry):
    failures = []

    def work(number):
        content = BLOB + bytes([number])
        for n in range(5):
            digest = push_blob(registry, "demo/app", content)
            got = ask(registry, "GET", f"/v2/demo/app/blobs/{digest}").body
            put = put_manifest(registry, "demo/app", f"t{number}-{n}", MANIFEST.raw)
            if got != content or put.status != 201:
                failures.append((number, n))

    push_manifest(registry, "demo/app")
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    body = ask(registry, "GET", "/v2/demo/app/tags/list").body
    assert len(json.loads(body)["tags"]) == 41


def test_S2_every_endpoint_of_the_spec_answers_as_the_spec_says(registry):
    """S32: and sends nobody elsewhere."""
    places = {"name": "demo/app", "digest": Digest.of(b"x"), "reference": "x", "session": "x"}
    push_manifest(registry, "demo/app")
    for endpoint in endpoints.ENDPOINTS:
        response = ask(registry, endpoint.method, endpoint.path(None, **places))
        assert response.status in (*endpoint.success, *endpoint.failure, 400)
        assert response.status != 405
        assert not 300 <= response.status < 400


def test_repr_is_one_useful_line(registry, tmp_path):
    push_blob(registry, "demo/app")
    place = f"in {registry.path}" if registry.path else "in memory"
    assert repr(registry) == f"<LocalRegistry {place}: 1 repository>"


HOSTS = {"127.0.0.1:5000", "localhost:5000"}


@pytest.mark.parametrize("host", ["evil.com", "127.0.0.1", "127.0.0.1:5001", "", "evil.com:5000"])
def test_another_host_is_421(host):
    """G-20: a name made to point here (DNS rebinding) tells on itself."""
    handle = guarded(LocalRegistry().handle, HOSTS)
    assert code(handle(Request("GET", "/v2/", {"Host": host}))) == "421 DENIED"


def test_no_host_at_all_is_421():
    assert guarded(LocalRegistry().handle, HOSTS)(Request("GET", "/v2/")).status == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:5000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_web_pages_are_403_and_get_no_cors_headers(headers, method):
    """G-20, K-27"""
    handle = guarded(LocalRegistry().handle, HOSTS)
    response = handle(Request(method, "/v2/", {"Host": "localhost:5000", **headers}))
    assert code(response) == "403 DENIED"
    assert not any("access-control" in name for name in response.headers)


@pytest.mark.parametrize(
    "headers", [{}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}]
)
def test_clients_and_the_address_bar_are_let_in(headers):
    handle = guarded(LocalRegistry().handle, HOSTS)
    assert handle(Request("GET", "/v2/", {"Host": "LOCALHOST:5000", **headers})).status == 200
