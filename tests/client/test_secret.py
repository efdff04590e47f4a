"""Secrets are shown by nothing (K-20)."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import ocinb
from ocinb.client.access.credentials import Credentials
from ocinb.client.access.keychain import Keychain
from ocinb.client.retry import Retry
from ocinb.client.secret import Secret
from ocinb.client.sender import Sender
from ocinb.errors import InvalidReference, OcinbError
from ocinb.protocol.endpoints import PING
from ocinb.protocol.messages import Request, Step
from tests.client.home import CANARY, DOCKER, Home, auth
from tests.client.scripted import ScriptedServer, answer
from tests.client.traces import told


def test_a_secret_is_shown_by_nothing():
    """K-20."""
    secret = Secret(CANARY)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>20}", "%s" % secret, repr([secret])]  # noqa: UP031
    assert CANARY not in "".join(shown)
    assert not hasattr(secret, "__dict__")
    assert secret.reveal() == CANARY


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_neither_pickled_nor_copied(protocol: int):
    """K-20."""
    secret = Secret(CANARY)
    with pytest.raises(TypeError):
        pickle.dumps(secret, protocol)
    assert copy.copy(secret) is secret
    assert copy.deepcopy(secret) is secret


def test_secrets_compare_and_blank_ones_are_false():
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")
    with pytest.raises(TypeError):
        hash(Secret("a"))


# Tracebacks that print every local variable


WRONG: dict[str, tuple[Callable[..., object], dict[str, object]]] = {
    "host": (partial(ocinb.Registry, "bad host"), {"username": "ada"}),
    "no user": (partial(ocinb.Registry, "ghcr.io"), {}),
    "colon": (partial(ocinb.Registry, "ghcr.io"), {"username": "a:b"}),
    "kind": (partial(ocinb.Registry, 5), {"username": "ada"}),  # type: ignore[arg-type]
    "repository": (partial(ocinb.Repository, "ghcr.io/BAD"), {"username": "ada"}),
    "repository's user": (partial(ocinb.Repository, "ghcr.io/a"), {"username": "a:b"}),
    "both": (partial(ocinb.Repository, "a"), {"registry": ocinb.Registry("ghcr.io")}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_password_given_is_no_variable_of_a_traceback(wrong: str):
    """K-20: it may come from getpass, while the rest of the call is wrong."""
    make, given = WRONG[wrong]
    with pytest.raises((OcinbError, TypeError)) as caught:
        make(**given, password=CANARY)
    assert CANARY not in told(caught.value)


@pytest.mark.parametrize(
    "entry",
    [{"auth": auth()}, {"auth": auth()[:9]}, {"auth": "c2hvcnQ="}, {"password": CANARY}, CANARY,
     {"registrytoken": f"{CANARY}\n"}],
    ids=["whole", "broken", "no colon", "plain", "no object", "line end"],
)  # fmt: skip
@pytest.mark.parametrize("store", ["../x", "x"])
def test_a_file_of_credentials_is_no_variable_of_a_traceback(home: Home, entry: object, store: str):
    """K-20: warnings may be errors, and a cell is stopped while a helper keeps it waiting."""
    document = {"auths": {"r.io": entry}, "credsStore": store, "HttpHeaders": {"X": CANARY}}
    home.write(DOCKER, document).chmod(0o644)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning) as caught:
            home.find("r.io")
    for secret in (CANARY, auth(), auth()[:9], "short"):
        assert secret not in told(caught.value)


def test_the_environment_is_no_variable_of_a_traceback(monkeypatch: pytest.MonkeyPatch):
    """K-20: it holds more secrets than ours."""
    monkeypatch.setenv("OCINB_REGISTRY", "ghcr.io")
    monkeypatch.setenv("OCINB_USERNAME", "a:b")
    for name in ("OCINB_PASSWORD", "SOMEBODY_ELSES"):
        monkeypatch.setenv(name, CANARY)
    with pytest.raises(InvalidReference, match="colon") as caught:
        Keychain("ghcr.io")()
    assert CANARY not in told(caught.value)


# Secrets that cannot be sent


@pytest.mark.parametrize("kind", ["password", "token", "identity"])
@pytest.mark.parametrize(
    "odd", ["\udce9", "\n", "\0", "é", " x"], ids=["no text", "line end", "nul", "é", "space"]
)
def test_what_cannot_be_sent_is_refused_without_being_shown(kind: str, odd: str):
    """K-14, K-20: an error of the library would show it; line ends stay when files are read."""
    secret: dict[str, Any] = {kind: Secret(CANARY + odd)}
    if kind != "token" and odd != "\udce9":
        assert Credentials("ada", **secret)  # these are encoded before they are sent
        return
    with pytest.raises(InvalidReference, match=f"not a valid {kind}") as caught:
        Credentials("ada", **secret)
    assert CANARY not in told(caught.value)


@pytest.mark.parametrize(
    "odd", ["\r\nX-Evil: 1", "\0", "é", " x"], ids=["header", "nul", "é", "space"]
)
def test_a_token_that_no_header_can_hold_is_none(odd: str, caplog):
    """K-14, K-20: the library's error, and its log, would show it."""
    caplog.set_level(logging.DEBUG)
    challenge = answer(401, b"", 'WWW-Authenticate: Bearer realm="/token"')
    token = answer(200, json.dumps({"token": CANARY + odd}).encode())
    with ScriptedServer(challenge, token, answer(200)) as server:
        send = Sender(server.url, retry=Retry(attempts=1))
        with pytest.raises(OcinbError, match="without a token") as caught:
            send(Step("Ask", Request("GET", "/v2/a/tags/list"), PING))
        send.close()
        assert len(server.requests) == 2
    assert CANARY not in told(caught.value) + caplog.text
