"""Secrets are shown by nothing (K-20)."""

from __future__ import annotations

import copy
import pickle

import pytest

from ocinb.client.secret import Secret
from tests.client.home import CANARY


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
