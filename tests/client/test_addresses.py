"""Where a registry may send us, told by addresses (K-3, K-30)."""

from __future__ import annotations

import pytest

from ocinb.client.addresses import (
    LOOPBACK,
    NEVER,
    PRIVATE,
    PUBLIC,
    Neighbourhood,
    kind_of,
    proxy_for,
    split,
)
from ocinb.client.wire.lookups import resolve
from ocinb.errors import UnexpectedAnswer, Unreachable


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("8.8.8.8", PUBLIC), ("2606:4700::1111", PUBLIC), ("::ffff:8.8.8.8", PUBLIC),
        ("64:ff9b::808:808", PUBLIC),
        ("10.1.2.3", PRIVATE), ("172.16.0.1", PRIVATE), ("192.168.1.1", PRIVATE),
        ("fd12::1", PRIVATE), ("100.64.0.1", PRIVATE), ("::ffff:10.0.0.1", PRIVATE),
        ("64:ff9b::a00:1", PRIVATE), ("2002:a00:1::", PRIVATE), ("fec0::1", PRIVATE),
        ("127.0.0.1", LOOPBACK), ("127.9.9.9", LOOPBACK), ("::1", LOOPBACK),
        ("::ffff:127.0.0.1", LOOPBACK), ("64:ff9b::7f00:1", LOOPBACK),
        ("169.254.169.254", NEVER), ("fe80::1%eth0", NEVER), ("0.0.0.0", NEVER), ("::", NEVER),
        ("0.1.2.3", NEVER), ("224.0.0.1", NEVER), ("ff02::1", NEVER), ("255.255.255.255", NEVER),
        ("192.0.0.192", NEVER), ("100.100.100.200", NEVER), ("fd00:ec2::254", NEVER),
        ("::ffff:169.254.169.254", NEVER), ("64:ff9b::a9fe:a9fe", NEVER),
    ],
)  # fmt: skip
def test_addresses_are_of_four_kinds(address: str, kind: int):
    assert kind_of(address) == kind


def neighbourhood(home: str, **names: list[str]) -> Neighbourhood:
    return Neighbourhood(split(home)[0], lambda host, port: names.get(host.partition(".")[0], []))


@pytest.mark.parametrize(
    ("own", "target", "allowed"),
    [
        (["8.8.8.8"], ["1.1.1.1", "2606:4700::1111"], True),
        (["8.8.8.8"], ["10.0.0.1"], False),
        (["8.8.8.8"], ["1.1.1.1", "127.0.0.1"], False),
        (["10.0.0.1"], ["10.0.0.2"], True),
        (["10.0.0.1"], ["127.0.0.1"], False),
        (["10.0.0.1", "8.8.8.8"], ["10.0.0.2"], False),
        (["127.0.0.1"], ["127.0.0.1"], True),
        (["127.0.0.1"], ["10.0.0.1"], True),
        (["127.0.0.1"], ["169.254.169.254"], False),
        (["10.0.0.1"], ["0.0.0.0"], False),
    ],
)
def test_a_registry_may_send_us_only_as_far_inside_as_it_is_itself(own, target, allowed):
    near = neighbourhood("https://registry.x", registry=own, target=target)
    if allowed:
        assert near.addresses("https://target.y/") == target
    else:
        with pytest.raises(UnexpectedAnswer, match="no business"):
            near.addresses("https://target.y/")


def test_the_host_the_user_named_is_not_questioned():
    assert neighbourhood("http://registry.x:5000").addresses("http://registry.x:5001/") == []


def test_an_unknown_host_we_were_sent_to_is_unreachable():
    with pytest.raises(Unreachable, match=r"target\.y"):
        neighbourhood("https://registry.x").addresses("https://target.y/")


@pytest.mark.parametrize("host", ["0x7f000001", "2130706433", "127.1", "017700000001"])
def test_addresses_in_disguise_are_looked_through(host: str):
    """K-3: text checks are useless, the resolver decides."""
    near = Neighbourhood(split("https://8.8.8.8")[0], resolve)
    with pytest.raises((UnexpectedAnswer, Unreachable)):
        near.addresses(f"https://{host}/")


def test_behind_a_proxy_addresses_written_as_such_are_still_checked(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    near = neighbourhood("https://registry.x", registry=["8.8.8.8"])
    assert near.addresses("https://target.y/") == []
    with pytest.raises(UnexpectedAnswer):
        near.addresses("https://169.254.169.254/")


# Proxies


def test_a_proxy_from_the_environment_is_used_but_never_for_this_machine(monkeypatch):
    """K-30, F-P1."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    assert proxy_for(split("https://ghcr.io/v2/")[0]) == "http://proxy.example:3128"
    assert proxy_for(split("http://ghcr.io/v2/")[0]) == "http://proxy.example:3128"
    for direct in (
        "127.0.0.1",
        "localhost",
        "[::1]",
        "127.8.8.8",
        "app.localhost",
        "a.inside.example",
    ):
        assert proxy_for(split(f"http://{direct}:5000/")[0]) is None
