"""Looking up who is asking: in arguments, in the environment, and in files."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from ocinb.client.access import docker_config
from ocinb.client.access.credentials import Credentials, CredentialsWarning, canonical
from ocinb.client.secret import NOTHING, Secret, hidden

_VARIABLES = ("OCINB_USERNAME", "OCINB_PASSWORD", "OCINB_TOKEN")


class Keychain:
    """The credentials for one registry, looked up when first needed and then kept.

    Called with the name of a repository, it answers with the most specific ones: arguments before
    environment (`OCINB_USERNAME` and `OCINB_PASSWORD`, or `OCINB_TOKEN`, for the host that
    `OCINB_REGISTRY` names and no other) before files, in podman's order and then docker's.
    """

    def __init__(
        self,
        host: str,
        *,
        username: str | None = None,
        password: str | Secret | None = None,
        token: str | Secret | None = None,
        environ: Mapping[str, str] | None = None,
        home: Path | None = None,
    ) -> None:
        password, token = hidden(password) or NOTHING, hidden(token) or NOTHING
        self.host = canonical(host)
        self._given = Credentials(username or "", password, token, source="arguments")
        self._environ = os.environ if environ is None else environ
        self._home = home
        self._lock = threading.Lock()
        self._found: dict[str, Credentials] | None = None

    def __call__(self, repository: str = "") -> Credentials | None:
        """The credentials for `repository`, or None."""
        with self._lock:
            if self._found is None:
                self._found = self._looked_up()
            found = self._found
        return next((found[key] for key in self._keys(repository) if key in found), None)

    def _keys(self, repository: str) -> Iterator[str]:
        """The names credentials may be kept under, the most specific first (A-18)."""
        parts = repository.split("/") if repository else []
        for length in range(len(parts), 0, -1):
            yield "/".join([self.host, *parts[:length]])
        yield self.host

    def _looked_up(self) -> dict[str, Credentials]:
        first = self._given or self._from_environment()
        return {self.host: first} if first else self._from_files()

    def _from_environment(self) -> Credentials | None:
        get = self._variable
        meant_for = get("OCINB_REGISTRY").strip()
        given = [name for name in _VARIABLES if get(name)]
        if given and not meant_for:
            warnings.warn(
                f"{' and '.join(given)} in the environment are not used, since they would go to "
                "every registry: name the one they are for, as in OCINB_REGISTRY=ghcr.io",
                CredentialsWarning,
                stacklevel=2,
            )
        if canonical(meant_for) != self.host:
            return None
        return Credentials(
            get("OCINB_USERNAME"), Secret(get("OCINB_PASSWORD")),
            Secret(get("OCINB_TOKEN")), source="environment",
        )  # fmt: skip

    def _variable(self, name: str) -> str:
        """One of the environment. Tracebacks print local variables: all of it must not be one."""
        return self._environ.get(name, "")

    def _from_files(self) -> dict[str, Credentials]:
        found: dict[str, Credentials] = {}
        for path in docker_config.files(self._variable, self._home):
            for key, credentials in docker_config.entries(path, self.host):
                found.setdefault(key, credentials)
            if self.host in found:
                break  # no helper is run for what is known already
        return found

    def __repr__(self) -> str:
        return f"<Keychain for {self.host}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials do not leave the process")
