"""Where a request may go: origins, URLs that came off the wire, and the addresses behind names.

A registry may send us anywhere: by redirect, by the realm of a challenge, by the `Location` of an
upload. Such a URL is read by one strict grammar, so that no two parsers can disagree about its
host, and every address its name stands for is looked at before one of them is connected to.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv6Address

from ocinb.errors import InvalidReference, UnexpectedAnswer, Unreachable
from ocinb.text import redacted_url

LONGEST_URL = 8 * 1024
PORTS = {"http": 80, "https": 443}

# ASCII only, no user information, no backslash, no space: what RFC 3986 allows and no more.
_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?)(?::(?P<port>[0-9]{0,5}))?"
    r"(?P<target>(?:[/?][!\"$-\[\]-~]*)?)(?:#[!-~]*)?",
    re.ASCII | re.IGNORECASE,
)

PUBLIC, PRIVATE, LOOPBACK, NEVER = range(4)
_KINDS = ("a public", "a private", "a loopback", "a reserved or link-local")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NEVER = [
    ipaddress.ip_network(network)
    # "this network", and where clouds keep their metadata services outside of link-local
    for network in ("0.0.0.0/8", "192.0.0.192/32", "100.100.100.200/32", "fd00:ec2::254/128")
]

Resolve = Callable[[str, int], list[str]]


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port: what credentials belong to."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """Host and port as the `Host` header has them: the scheme's own port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"

    def includes(self, other: Origin) -> bool:
        """Whether `other` is this one, or the same host by TLS where this one was without (L-8)."""
        with_tls = Origin("https", self.host, 443) if self.port == 80 else self
        return other in (self, with_tls)


@lru_cache(maxsize=128)
def split(url: str) -> tuple[Origin, str]:
    """The origin of `url`, and the target behind it, byte for byte; `InvalidReference` if it is
    not plain http or https."""
    match = _URL.fullmatch(url) if len(url) <= LONGEST_URL else None
    if match is None:
        raise InvalidReference(
            redacted_url(url), "URL", "it must read http(s)://host[:port]/path, in plain ASCII"
        )
    scheme = match["scheme"].lower()
    port = int(match["port"] or PORTS[scheme])
    if not 0 < port < 65_536:
        raise InvalidReference(redacted_url(url), "URL", "a port is a number from 1 to 65535")
    target = match["target"] or "/"
    host = match["host"].lower().strip("[]").rstrip(".")
    return Origin(scheme, host, port), target if target.startswith("/") else f"/{target}"


def upgraded(url: str, home: Origin) -> str:
    """`url`, or the registry's own origin where a proxy made it forget that it speaks TLS (L-4)."""
    origin, target = split(url)
    forgot = origin.scheme == "http" and home.scheme == "https" and origin.host == home.host
    return f"{home}{target}" if forgot and origin.port in (80, home.port) else url


def proxy_for(origin: Origin) -> str | None:
    """The proxy the environment asks for; never one for this machine itself (K-30)."""
    if kind_of_name(origin.host) == LOOPBACK:
        return None
    # Settings, no request; a large module for them, that not everybody needs.
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415, TID251

    if proxy_bypass(origin.netloc):
        return None
    proxies = getproxies()
    proxy = proxies.get(origin.scheme) or proxies.get("all")
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def kind_of_name(host: str) -> int | None:
    """How private `host` is as far as its text tells; None for a name that must be resolved."""
    if host == "localhost" or host.endswith(".localhost"):
        return LOOPBACK
    try:
        return kind_of(host)
    except ValueError:
        return None


def kind_of(address: str) -> int:
    """How private `address` is: `PUBLIC`, `PRIVATE`, `LOOPBACK`, or `NEVER` to be gone to."""
    ip = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    never = ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved
    if ip.is_loopback:
        return LOOPBACK
    if never or any(ip in network for network in _NEVER):
        return NEVER
    inside = not ip.is_global or getattr(ip, "is_site_local", False)  # IPv6's own, of old
    return PRIVATE if inside else PUBLIC


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that some IPv6 ones stand for."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


class Neighbourhood:
    """The addresses that a registry may send us to: public ones, and as private as its own (K-3).

    `home` is the origin the user named; nothing there is questioned. `resolve` tells the addresses
    of a host.
    """

    def __init__(self, home: Origin, resolve: Resolve) -> None:
        self.home, self._resolve = home, resolve

    def addresses(self, url: str) -> list[str]:
        """The addresses to connect to for `url`, checked; none when its name may be used as it is.

        Behind a proxy only addresses written as such can be checked: the proxy resolves names.
        """
        origin, _ = split(url)
        if origin.host == self.home.host:
            return []
        if proxy_for(origin):
            literal = kind_of_name(origin.host)
            self._check(url, PUBLIC if literal is None else literal)
            return []
        found = self._resolved(origin, url)
        for address in found:
            self._check(url, kind_of(address))
        return found

    def _resolved(self, origin: Origin, url: str) -> list[str]:
        try:
            found = self._resolve(origin.host, origin.port)
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise Unreachable(
                f"the registry sent us to {origin.host}, which is unknown here", url=url
            )
        return found

    def _check(self, url: str, kind: int) -> None:
        if kind == PUBLIC or (kind != NEVER and kind <= self._own):
            return
        raise UnexpectedAnswer(
            None, "", f"the registry sent us to {_KINDS[kind]} address, where it has no business",
            url=url,
        )  # fmt: skip

    @cached_property
    def _own(self) -> int:
        try:
            found = self._resolve(self.home.host, self.home.port)
        except (OSError, UnicodeError):
            found = []
        return min((kind_of(address) for address in found), default=PUBLIC)
