"""Credentials in the files of docker and podman, and from helpers (A-18, K-22)."""

from __future__ import annotations

import base64
import sys

import pytest

from ocinb.client.access import helper_program
from ocinb.client.access.credentials import CredentialsWarning, canonical
from tests.client.home import CANARY, DOCKER, PODMAN, SAYS, Home, auth, posix


def test_podman_s_files_come_before_docker_s(home: Home):
    found = []
    home.write(DOCKER, {"auths": {"r.io": {"auth": auth("docker")}}})
    found.append(home.find("r.io").username)
    home.write(PODMAN, {"auths": {"r.io": {"auth": auth("podman")}}})
    found.append(home.find("r.io").username)
    home.environ["XDG_RUNTIME_DIR"] = str(home.folder / "run")
    home.write("run/containers/auth.json", {"auths": {"r.io": {"auth": auth("runtime")}}})
    found.append(home.find("r.io").username)
    mine = home.write("mine.json", {"auths": {"r.io": {"auth": auth("mine")}}})
    home.environ["REGISTRY_AUTH_FILE"] = str(mine)
    found.append(home.find("r.io").username)
    other = home.write("other/config.json", {"auths": {"o.io": {"auth": auth()}}})
    home.environ["DOCKER_CONFIG"] = str(other.parent)
    assert home.find("o.io").source.endswith("other/config.json")
    assert found == ["docker", "podman", "runtime", "mine"]


@pytest.mark.parametrize(
    "key",
    ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io", "https://index.docker.io/v2"],
)  # fmt: skip
@pytest.mark.parametrize("host", ["docker.io", "registry-1.docker.io", "index.docker.io"])
def test_docker_hub_has_many_names(home: Home, key: str, host: str):
    """A-18, A-19."""
    home.write(DOCKER, {"auths": {key: {"auth": auth()}}})
    assert home.find(host).username == "ada"


def test_keys_may_have_scheme_path_and_port(home: Home):
    """A-18."""
    home.write(DOCKER, {"auths": {"https://r.io:5000/v2/": {"auth": auth()}}})
    assert home.find("r.io:5000")
    assert home.find("r.io") is None
    assert canonical("HTTPS://R.io/Org/App/") == "r.io/Org/App"


@pytest.mark.parametrize(
    "host", ["evil-docker.io", "docker.io.evil", "io", "xghcr.io", "ghcr.io.x"]
)
def test_a_host_is_matched_whole_and_never_by_its_end(home: Home, host: str):
    """K-22, CVE-2021-41092."""
    home.write(DOCKER, {"auths": {"docker.io": {"auth": auth()}, "ghcr.io": {"auth": auth()}}})
    assert home.find(host) is None


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"auth": auth(), "identitytoken": CANARY}, "identity"),
        ({"auth": auth("<token>")}, "identity"),
        ({"registrytoken": CANARY}, "token"),
        ({"username": "ada", "password": CANARY}, "password"),
        ({"auth": auth()[:8] + "\n" + auth()[8:]}, "password"),
        ({"auth": auth(password=CANARY + "\0\0")}, "password"),
    ],
)
def test_entries_hold_passwords_or_tokens(home: Home, entry: dict[str, str], field: str):
    home.write(DOCKER, {"auths": {"r.io": entry}})
    assert getattr(home.find("r.io"), field).reveal() == CANARY


# Files that are not as they should be


BAD = {
    "no JSON": "{",
    "a list": "[]",
    "auths is a list": {"auths": []},
    "the entry is a string": {"auths": {"r.io": "x"}},
    "no base64": {"auths": {"r.io": {"auth": "&&&"}}},
    "no colon": {"auths": {"r.io": {"auth": base64.b64encode(b"ada").decode()}}},
    "not UTF-8": {"auths": {"r.io": {"auth": base64.b64encode(b"\xff:x").decode()}}},
    "helpers is a string": {"credHelpers": "x"},
    "too big": " " * (1024 * 1024) + "{}",
    "twice": '{"auths": {}, "auths": {}}',
    **{f"helper {name!r}": {"credsStore": name}
       for name in ("../../x", "a;id", "a b", "x" * 65, 7, ["a"])},
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_named_and_nobody_is_asking(home: Home, what: str):
    """K-22: an error one can read, not a crash; never another registry's credentials."""
    file = home.write(DOCKER, BAD[what])
    with pytest.warns(CredentialsWarning) as caught:
        assert home.find("r.io") is None
    assert str(file) in str(caught[0].message)


def test_a_bad_file_does_not_hide_the_next(home: Home):
    home.write(PODMAN, "{")
    home.write(DOCKER, {"auths": {"r.io": {"auth": auth()}}})
    with pytest.warns(CredentialsWarning):
        assert home.find("r.io")


def test_a_folder_in_place_of_a_file_is_a_warning(home: Home):
    (home.folder / DOCKER).mkdir(parents=True)
    with pytest.warns(CredentialsWarning, match="cannot be read"):
        assert home.find("r.io") is None


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_a_file_that_others_can_read_is_used_with_a_warning(home: Home):
    home.write(DOCKER, {"auths": {"r.io": {"auth": auth()}}}).chmod(0o644)
    with pytest.warns(CredentialsWarning, match="chmod 600") as caught:
        assert home.find("r.io")
    assert CANARY not in str(caught[0].message)


# Helpers


@posix
def test_a_helper_is_told_the_registry_and_gives_name_and_secret(home: Home):
    home.helper("x", SAYS)
    home.write(DOCKER, {"credsStore": "x"})
    found = home.find("ghcr.io")
    assert (found.username, found.source) == ("ghcr.io", "docker-credential-x")


@posix
def test_docker_hub_is_known_to_helpers_by_its_old_url(home: Home):
    home.helper(
        "x", 'told = sys.stdin.read(); print(\'{"Username": "\'+told[8:23]+\'", "Secret": "s"}\')'
    )
    home.write(DOCKER, {"credsStore": "x"})
    assert home.find("docker.io").username == "index.docker.io"


@posix
def test_the_helper_for_the_host_comes_before_the_store_and_that_before_entries(home: Home):
    home.helper("own", SAYS)
    home.helper("all", SAYS)
    entry = {"r.io": {"auth": auth("entry")}, "q.io": {"auth": auth("entry")}}
    home.write(DOCKER, {"credHelpers": {"r.io": "own"}, "credsStore": "all", "auths": entry})
    assert home.find("r.io").source == "docker-credential-own"
    assert home.find("q.io").source == "docker-credential-all"


@posix
def test_a_helper_that_knows_nothing_leaves_the_entries(home: Home):
    home.helper("x", "print('credentials not found in native keychain'); sys.exit(1)")
    home.write(DOCKER, {"credsStore": "x", "auths": {"r.io": {"auth": auth()}}})
    assert home.find("r.io").username == "ada"
    assert home.find("q.io") is None


@posix
def test_a_helper_may_give_an_identity_token(home: Home):
    home.helper("x", 'print(\'{"Username": "<token>", "Secret": "s"}\')')
    home.write(DOCKER, {"credsStore": "x"})
    assert home.find("r.io").identity.reveal() == "s"


def test_a_missing_helper_is_a_warning_and_no_credentials(home: Home):
    """K-22, CVE-2021-41092."""
    home.write(DOCKER, {"credsStore": "gone", "auths": {"docker.io": {"auth": auth()}}})
    with pytest.warns(CredentialsWarning, match="docker-credential-gone, which is not installed"):
        assert home.find("r.io") is None


@posix
@pytest.mark.parametrize(
    "script",
    ["time.sleep(60)", "print('x' * 10**6)", "os.system('sleep 60 &'); time.sleep(60)"],
)
def test_a_helper_that_hangs_or_never_stops_talking_is_stopped(
    home: Home, script: str, monkeypatch
):
    """K-22."""
    monkeypatch.setattr(helper_program, "SECONDS", 0.5)
    monkeypatch.setenv("PATH", home.environ["PATH"] + ":/usr/bin:/bin")
    home.helper("x", script)
    home.write(DOCKER, {"credsStore": "x"})
    with pytest.warns(CredentialsWarning, match="no usable answer"):
        assert home.find("r.io") is None


@posix
def test_a_helper_s_complaints_are_not_shown(home: Home, capfd):
    home.helper("x", f"sys.stderr.write('{CANARY}'); print('{CANARY}'); sys.exit(1)")
    home.write(DOCKER, {"credsStore": "x"})
    assert home.find("r.io") is None
    assert CANARY not in "".join(capfd.readouterr())
