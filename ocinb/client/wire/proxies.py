"""The proxy that the environment asks for, read once and strictly (K-30)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from ocinb.client.addresses import Origin, proxy_for
from ocinb.client.secret import Secret
from ocinb.errors import NotSupported

_PROXY = re.compile(
    r"http://(?:(?P<user>[!-.0-9;-?A-~]*)(?::(?P<password>[!-.0-?A-~]*))?@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?/?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True)
class Proxy:
    """Where a proxy listens, and the header that it wants to see, if any."""

    host: str
    port: int
    secrets: dict[str, Secret]


def proxy_to(origin: Origin) -> Proxy | None:
    """The proxy on the way to `origin`; `NotSupported` for one that cannot be used."""
    if not proxy_for(origin):
        return None
    found = _read(proxy_for(origin) or "")
    if found is None:
        raise NotSupported(
            f"what {origin.scheme.upper()}_PROXY names is no proxy that can be used",
            hints=[
                "it reads http://host:port, or http://user:password@host:port",
                "a proxy that speaks TLS or SOCKS itself is not supported",
            ],
        )
    return found


def _read(url: str) -> Proxy | None:
    # An error here would show the password, as a variable.
    match = _PROXY.fullmatch(url)
    if match is None or not 0 < int(match["port"] or 80) < 65_536:
        return None
    secrets = {}
    if match["user"] is not None:
        pair = b":".join(unquote_to_bytes(match[part] or "") for part in ("user", "password"))
        secrets["Proxy-Authorization"] = Secret(f"Basic {base64.b64encode(pair).decode()}")
    return Proxy(match["host"].lower().strip("[]"), int(match["port"] or 80), secrets)
