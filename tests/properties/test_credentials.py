"""Files with credentials, however odd: what can be used is used, the rest is a warning."""

from __future__ import annotations

import base64
import json
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path

from hypothesis import strategies as st

from ocinb.client.access.credentials import Credentials, CredentialsWarning, canonical
from ocinb.client.access.keychain import Keychain
from ocinb.client.access.realms import belongs
from ocinb.client.secret import Secret
from ocinb.errors import InvalidReference
from tests.display.reader import is_harmless
from tests.properties.strange import ANY_TEXT, JSON, changed, for_all, made_of

CANARY = "kanarienvogel"
AUTH = base64.b64encode(f"ada:{CANARY}".encode()).decode()
FILE = {
    "auths": {"r.example": {"auth": AUTH, "username": "ada", "password": CANARY,
                            "identitytoken": CANARY, "registrytoken": CANARY},
              "https://r.example/v1/": {"auth": AUTH}, "r.example/team": {"auth": AUTH},
              "evil-r.example": {"auth": AUTH}},
    "credHelpers": {"other.example": "x"},
    "credsStore": "",
    "HttpHeaders": {"X": "y"},
}  # fmt: skip


def looked_up(content: bytes, repository: str) -> tuple[Credentials | None, list[str]]:
    """What one file says about `r.example`, and the warnings that came with it."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path = Path(folder) / "auth.json"
        path.write_bytes(content)
        path.chmod(0o600)
        environ = {"REGISTRY_AUTH_FILE": str(path), "HOME": folder, "PATH": folder}
        found = Keychain("r.example", environ=environ, home=Path(folder))(repository)
    assert all(warning.category is CredentialsWarning for warning in caught)
    return found, [str(warning.message) for warning in caught]


@for_all(changed(FILE) | JSON, st.sampled_from(["", "team/app", "app"]), examples=150)
def test_any_file_gives_credentials_or_none_and_tells_no_secret(document, repository):
    found, told = looked_up(json.dumps(document).encode(), repository)
    assert all(map(is_harmless, told))
    assert CANARY not in "".join(told) + repr(found)
    assert AUTH not in "".join(told) + repr(found)
    assert found is None or bool(found)


@for_all(st.binary(max_size=60) | made_of("{", "}", '"auths"', ":", "[", "]").map(
    lambda text: text.encode("utf-8", "surrogatepass")))  # fmt: skip
def test_any_bytes_are_a_file_without_credentials(content):
    found, told = looked_up(content, "")
    assert found is None
    assert all(map(is_harmless, told))


names = st.text(st.characters(codec="utf-8", exclude_characters=":\0"), min_size=1, max_size=12)
passwords = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)


@for_all(names, passwords, st.booleans())
def test_name_and_password_come_out_of_a_file_as_they_went_in(name, password, plainly):
    """A-18: whatever characters they have."""
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    entry = {"username": name, "password": password} if plainly else {"auth": pair}
    found, told = looked_up(json.dumps({"auths": {"r.example": entry}}).encode(), "")
    assert told == []
    assert found is not None
    if name == "<token>":
        return
    basic = found.basic()
    assert basic is not None
    assert base64.b64decode(basic.reveal().removeprefix("Basic ")) == f"{name}:{password}".encode()


@for_all(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_any_credentials_can_be_sent_or_are_refused_without_being_shown(name, password, token):
    with suppress(InvalidReference):
        found = Credentials(name, Secret(password), Secret(token))
        basic = found.basic()
        assert basic is None or basic.reveal().isascii()
        assert found.token.reveal().isascii()
        assert is_harmless(repr(found))


keys = st.builds(
    "{}{}{}".format,
    st.sampled_from(["https://", "http://", "HTTPS://", ""]),
    st.sampled_from(["index.docker.io", "registry-1.docker.io", "R.example:5000", "[::1]"]),
    st.sampled_from(["", "/", "/v1/", "/v2", "/v2/", "/team", "/team/app/", "/v2/team"]),
)


@for_all(keys)
def test_the_name_of_a_registry_is_canonical_once_and_for_all(key):
    once = canonical(key)
    assert canonical(once) == once


@for_all(made_of("a", "co", "uk", "example", "com", ".", "azurecr", "io", "127.0.0.1", "[::1]"),
         made_of("a", "co", "uk", "example", "com", ".", "azurecr", "io", "127.0.0.1"))  # fmt: skip
def test_who_belongs_to_a_registry_shares_the_end_of_its_name(realm, registry):
    assert belongs(realm, realm)
    if belongs(realm, registry) and realm != registry:
        assert realm.split(".")[-2:] == registry.split(".")[-2:]
