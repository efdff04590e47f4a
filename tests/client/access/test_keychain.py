"""Who is asking, and which of many places that is taken from (A-18)."""

from __future__ import annotations

import warnings

import pytest

from ocinb.client.access.credentials import CredentialsWarning
from ocinb.client.access.keychain import Keychain
from tests.client.home import CANARY, DOCKER, PODMAN, SAYS, Home, auth, posix


def test_arguments_come_before_the_environment_and_that_before_files(home: Home):
    home.write(DOCKER, {"auths": {"ghcr.io": {"auth": auth("file")}}})
    assert home.find("ghcr.io").username == "file"
    home.environ |= {"OCINB_USERNAME": "environment", "OCINB_PASSWORD": "x"}
    home.environ |= {"OCINB_REGISTRY": "ghcr.io"}
    assert home.find("ghcr.io").username == "environment"
    assert home.find("ghcr.io", username="me", password="x").source == "arguments"
    assert home.find("ghcr.io", token="x").token


@pytest.mark.parametrize(
    "blank", [{}, {"username": "", "password": ""}, {"username": "a"}, {"token": ""}]
)
def test_blank_credentials_are_none(home: Home, blank: dict[str, str]):
    home.environ |= {"OCINB_USERNAME": "", "OCINB_PASSWORD": "", "OCINB_TOKEN": ""}
    home.write(DOCKER, {"auths": {"ghcr.io": {}, "quay.io": {"auth": ""}}})
    assert home.find("ghcr.io", **blank) is None
    assert home.find("quay.io") is None


def test_the_environment_is_meant_for_the_host_it_names_and_no_other(home: Home):
    home.environ |= {"OCINB_TOKEN": "x", "OCINB_REGISTRY": "https://GHCR.io/"}
    assert home.find("ghcr.io").source == "environment"
    home.environ["OCINB_USERNAME"] = "a:b"  # whatever is wrong with it is that host's business
    for host in ("evil-ghcr.io", "ghcr.io.evil", "io", "quay.io"):
        assert home.find(host) is None


@pytest.mark.parametrize("name", ["OCINB_USERNAME", "OCINB_PASSWORD", "OCINB_TOKEN"])
@pytest.mark.parametrize("registry", [None, "", " "])
def test_an_environment_that_names_no_host_is_meant_for_none(
    home: Home, name: str, registry: str | None
):
    """Else the first registry a notebook names would be told what is another's."""
    home.environ |= {name: CANARY} | ({} if registry is None else {"OCINB_REGISTRY": registry})
    home.write(DOCKER, {"auths": {"ghcr.io": {"auth": auth("file")}}})
    with pytest.warns(CredentialsWarning, match=rf"{name}.* not used.*OCINB_REGISTRY=") as caught:
        assert home.find("ghcr.io").username == "file"
    assert CANARY not in str(caught[0].message)


def test_that_the_environment_names_no_host_is_said_once(home: Home):
    home.environ |= {"OCINB_USERNAME": "ada", "OCINB_PASSWORD": CANARY}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for host in ("ghcr.io", "quay.io"):
            chain = Keychain(host, environ=home.environ, home=home.folder)
            assert [chain(name) for name in ("a", "b")] == [None, None]
        assert home.find("ghcr.io", token="x").source == "arguments"
    assert [warning.category for warning in caught] == [CredentialsWarning]


def test_the_most_specific_path_wins(home: Home):
    """A-18."""
    entries = {"quay.io": "all", "quay.io/org": "org", "quay.io/org/app": "app"}
    home.write(PODMAN, {"auths": {key: {"auth": auth(name)} for key, name in entries.items()}})
    chain = Keychain("quay.io", environ=home.environ, home=home.folder)
    names = {repository: getattr(chain(repository), "username", None) for repository in
             ("", "else", "org", "org/x", "organic/x", "org/app", "org/app/deep")}  # fmt: skip
    assert names == {"": "all", "else": "all", "org": "org", "org/x": "org",
                     "organic/x": "all", "org/app": "app", "org/app/deep": "app"}  # fmt: skip


@posix
def test_helpers_and_files_are_asked_once(home: Home):
    home.helper("x", f"open('{home.folder}/asked', 'a').write('x')\n" + SAYS)
    home.write(DOCKER, {"credsStore": "x"})
    chain = Keychain("r.io", environ=home.environ, home=home.folder)
    assert not (home.folder / "asked").exists()
    for name in ("a", "b", ""):
        chain(name)
    assert (home.folder / "asked").read_text() == "x"


def test_nothing_is_warned_about_when_there_is_nothing(home: Home):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert home.find("r.io") is None
