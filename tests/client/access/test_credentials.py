"""Credentials: shown without what is secret, sent as UTF-8 (A-18, K-20)."""

from __future__ import annotations

import base64
import dataclasses
import pickle

import pytest

from ocinb.client.access.credentials import Credentials
from ocinb.client.access.keychain import Keychain
from ocinb.client.secret import Secret
from ocinb.errors import InvalidReference
from tests.client.home import CANARY


def test_credentials_show_who_and_where_from_and_no_more():
    found = Credentials("ada", Secret(CANARY), source="arguments")
    assert repr(found) == "<Credentials of ada (password) from arguments>"
    assert CANARY not in str(dataclasses.asdict(found))
    with pytest.raises(TypeError):
        pickle.dumps(found)
    with pytest.raises(TypeError):
        pickle.dumps(Keychain("ghcr.io", username="ada", password=CANARY))


def test_a_user_name_with_a_colon_is_refused_and_others_are_sent_as_utf_8():
    """A-18."""
    with pytest.raises(InvalidReference, match="colon"):
        Credentials("a:b", Secret("c"))
    basic = Credentials("ädä", Secret("pä:ß")).basic()
    assert basic is not None
    assert base64.b64decode(basic.reveal().removeprefix("Basic ")).decode() == "ädä:pä:ß"
