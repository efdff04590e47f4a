"""Realms: which of them may be given credentials (K-2)."""

from __future__ import annotations

import pytest

from ocinb.client.access.realms import Form, belongs
from tests.client.home import CANARY


@pytest.mark.parametrize(
    ("realm", "registry"),
    [
        ("registry.example.com", "registry.example.com"),
        ("auth.docker.io", "registry-1.docker.io"),
        ("auth.docker.io", "registry.hub.docker.com"),
        ("gitlab.com", "registry.gitlab.com"),
        ("auth.example.com", "registry.example.com"),
        ("example.com", "registry.example.com"),
        ("auth.acme.co.uk", "registry.acme.co.uk"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_credentials_may_go_to_the_same_house(realm: str, registry: str):
    assert belongs(realm, registry)


@pytest.mark.parametrize(
    ("realm", "registry"),
    [
        ("evil.com", "registry.example.com"),
        ("evil.com", "example.com"),
        ("evil-example.com", "registry.example.com"),
        ("registry.example.com.evil.com", "registry.example.com"),
        ("evil.co.uk", "registry.co.uk"),
        ("evil.com.au", "acme.com.au"),
        ("evil.azurecr.io", "acme.azurecr.io"),
        ("evil.github.io", "acme.github.io"),
        ("x.dkr.ecr.eu-west-1.amazonaws.com", "y.dkr.ecr.eu-west-1.amazonaws.com"),
        ("europe-docker.pkg.dev", "us-docker.pkg.dev"),
        ("10.0.0.1", "10.0.0.2"),
        ("7.0.0.1", "127.0.0.1"),
        ("localhost", "registry.localhost"),
        ("registry", "auth"),
    ],
)
def test_credentials_may_not_go_to_strangers(realm: str, registry: str):
    assert not belongs(realm, registry)
    assert belongs(realm, registry, {realm})


def test_a_form_with_a_secret_is_not_shown():
    """K-20."""
    form = Form([("refresh_token", CANARY)])
    assert CANARY not in repr(form) + repr(vars(form))
    assert form.size == len(b"".join(form))
