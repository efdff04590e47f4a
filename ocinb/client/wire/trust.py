"""Which servers are believed to be who they say they are (K-30)."""

from __future__ import annotations

import functools
import os
import ssl
from pathlib import Path

import certifi

from ocinb.errors import InvalidContent


def context(ca: str | os.PathLike[str] | None, *, insecure: bool) -> ssl.SSLContext:
    """What to trust: `ca`, and what the environment names or else the usual authorities.

    Made once for all registries, since loading certificates takes a while.
    """
    files = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    return _context(None if ca is None else os.fspath(ca), insecure, files)


@functools.lru_cache(maxsize=16)
def _context(
    ca: str | None, insecure: bool, files: tuple[str | None, str | None]
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    if insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context
    _load(context, files[0] or files[1] or certifi.where())
    if ca is not None:
        _load(context, ca)
    return context


def _load(context: ssl.SSLContext, where: str) -> None:
    """Trust the certificates of a file or folder."""
    try:
        if Path(where).is_dir():
            context.load_verify_locations(capath=where)
        else:
            context.load_verify_locations(cafile=where)
    except OSError as error:
        raise InvalidContent(f"{where} holds no certificates to trust: {error}") from None
