"""Registries that want to know who is asking: by Basic authentication, and by tokens."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ocinb
from ocinb.errors import AuthenticationError, Denied
from ocinb.oci.image import Content
from tests.peers import registries
from tests.peers.clients import Clients, Failed
from tests.peers.registries import Running

pytestmark = pytest.mark.peers

USER, PASSWORD, WRONG = "student", "correct horse", "battery staple"
HASHED = "$2b$04$ngo9adxvhxT2tw0WxENny.suV0CSXaKWiGlK4seZCaGsWb94K2mIO"  # bcrypt of PASSWORD
MEMBERS = ["students"]


@pytest.fixture(scope="module")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("basic")
    users = folder / "htpasswd"
    users.write_text(f"{USER}:{HASHED}\n")
    auth = {"htpasswd": {"realm": "the lab", "path": str(users)}}
    with registries.distribution(folder, auth=auth) as registry:
        yield registry


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("token")
    users = folder / "users.yml"
    rules = [
        {"repo": "demo/*", "members": MEMBERS, "access": ["read", "write"]},
        {"repo": "public/*", "members": MEMBERS, "access": ["read", "write"]},
        {"repo": "public/*", "anonymous": True, "access": ["read"]},
    ]
    groups = {name: {"members": [USER]} for name in MEMBERS}
    users.write_text(
        json.dumps({"users": {USER: {"cred": HASHED}}, "groups": groups, "acls": rules})
    )
    with registries.olareg(
        folder,
        lambda _: f"--auth-token-opaque={users}",
        lambda port: f"--external-url=http://{registries.LOOPBACK}:{port}",
    ) as registry:
        yield registry


@pytest.fixture(params=["basic", "token"])
def locked(request: pytest.FixtureRequest) -> Running:
    """Each of them in turn."""
    running: Running = request.getfixturevalue(request.param)
    return running


def test_the_right_password_as_an_argument_opens_the_door(
    locked: Running, contents: dict[str, Content], clients: Clients
) -> None:
    assert_comes_back(locked, contents, "argument", username=USER, password=PASSWORD)
    reference = f"{locked.host}/demo/argument:v1"
    with pytest.raises(Failed):
        clients.skopeo("inspect", "--raw", f"docker://{reference}")
    credentials = f"--creds={USER}:{PASSWORD}"
    raw = clients.skopeo("inspect", "--raw", credentials, f"docker://{reference}")
    assert ocinb.Digest.of(raw.encode()) == contents["chart"].digest


def test_the_right_password_in_the_environment_opens_the_door(
    locked: Running, contents: dict[str, Content], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCINB_REGISTRY", locked.host)
    monkeypatch.setenv("OCINB_USERNAME", USER)
    monkeypatch.setenv("OCINB_PASSWORD", PASSWORD)
    assert_comes_back(locked, contents, "environment")


def test_the_right_password_in_docker_s_file_opens_the_door(
    locked: Running,
    contents: dict[str, Content],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"auths": {locked.host: {"auth": auth}}}))
    config.chmod(0o600)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert_comes_back(locked, contents, "file")


@pytest.mark.parametrize("password", [WRONG, None], ids=["wrong password", "nobody"])
def test_whoever_is_unknown_is_told_so_without_the_password(
    locked: Running, contents: dict[str, Content], password: str | None
) -> None:
    username = USER if password else None
    with ocinb.Registry(locked.host, username=username, password=password) as registry:
        repository = registry["demo/closed"]
        for ask in (
            repository.tags,
            lambda: repository["v1"],
            lambda: repository.push(contents["chart"], "v1", progress=False),
        ):
            with pytest.raises(AuthenticationError) as caught:
                ask()
            told = "".join(traceback.format_exception(caught.value))
            told += repr(caught.value.__dict__) + repr(registry)
            assert WRONG not in told
            assert base64.b64encode(f"{USER}:{WRONG}".encode()).decode() not in told


def test_nobody_may_read_what_is_public_but_not_write_it(
    token: Running, contents: dict[str, Content]
) -> None:
    chart = contents["chart"]
    with ocinb.Registry(token.host, username=USER, password=PASSWORD) as registry:
        registry["public/chart"].push(chart, "v1", progress=False)
    with ocinb.Registry(token.host) as registry:
        assert registry["public/chart"]["v1"].digest == chart.digest
        with pytest.raises((AuthenticationError, Denied)):
            registry["public/chart"].push(contents["sbom"], "v2", progress=False)


def assert_comes_back(
    running: Running, contents: dict[str, Content], name: str, **credentials: Any
) -> None:
    """Whoever has `credentials` may push and pull."""
    chart = contents["chart"]
    with ocinb.Registry(running.host, **credentials) as registry:
        registry[f"demo/{name}"].push(chart, "v1", progress=False)
    with ocinb.Registry(running.host, **credentials) as registry:
        assert registry[f"demo/{name}"]["v1"].digest == chart.digest
        assert [*registry[f"demo/{name}"].tags()] == ["v1"]
