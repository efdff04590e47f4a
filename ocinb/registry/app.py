"""The embedded registry: an OCI registry that is an object.

`handle` is all of it. `wsgi.py` and `server.py` put it before other clients; in this process it is
asked directly.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ocinb.drawable import Drawable
from ocinb.errors import Cancelled, NotSupported, OcinbError
from ocinb.protocol.messages import Request, Response
from ocinb.registry import refusals, routes
from ocinb.registry.call import State
from ocinb.registry.quota import Quota, the_limit
from ocinb.registry.repositories import Repositories
from ocinb.registry.sessions import Sessions
from ocinb.registry.writing import Writing
from ocinb.storage.partial import is_full
from ocinb.storage.store import Store
from ocinb.text import short_path

if TYPE_CHECKING:
    from ocinb.registry.server import Server

_WITHOUT_BODY = (204, 304)


class LocalRegistry(Drawable):
    """An OCI registry in this process, in memory or in a folder.

    In a folder, each repository is an OCI image layout of its name, which other tools read, too;
    uploads that are not finished are kept there for the next registry on it. One registry at a time
    writes to a folder, others can open it `read_only`; `NotSupported` is raised otherwise.

    With `sparse`, manifests may name content that is not there; without `deletes`, no tag, manifest
    or blob can be deleted; `limit` is how many bytes it may hold in all, unfinished uploads
    included. Safe to ask from many threads.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        sparse: bool = False,
        deletes: bool = True,
        limit: int | None = None,
        read_only: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = None if path is None else Path(path)
        self.sparse, self.deletes, self.limit = sparse, deletes, the_limit(limit)
        self._servers: list[Server] = []
        if self.path and (self.path / "oci-layout").exists():
            raise NotSupported(
                f"{short_path(self.path)} is an image layout itself",
                hints=["give the folder above it: a registry holds one layout per repository"],
            )
        writing = Writing(self.path, read_only=read_only)
        repositories, sessions = Repositories(self.path), Sessions(clock)
        quota = Quota(limit, lambda: repositories.size, lambda: sessions.size)
        self._state = State(repositories, sessions, quota, writing, sparse, deletes)
        if writing.allowed:
            self._adopt_unfinished()

    def handle(self, request: Request) -> Response:
        """Answer one request; whatever is wrong with it is said in the answer."""
        try:
            response = routes.answer(request, self._state)
        except Cancelled:  # it was the body that raised it, and whoever sends that wants to hear it
            raise
        except OcinbError as error:
            response = refusals.answer(error)
        except OSError as error:
            if not is_full(error):
                raise
            response = refusals.answer(refusals.no_room(error))
        return _complete(response, request.method)

    def _adopt_unfinished(self) -> None:
        """Open the upload sessions again that another process left in the folder."""
        for name, left, ingest in self._state.repositories.unfinished():
            idle = max(time.time() - left.touched, 0.0)
            self._state.sessions.adopt(left.key, name, ingest, idle)

    @property
    def read_only(self) -> bool:
        """Whether it refuses to write: opened so, or closed on a folder others may have by now."""
        return not self._state.writing.allowed

    @property
    def repositories(self) -> tuple[str, ...]:
        """The names of the repositories that hold something, sorted."""
        return self._state.repositories.names()

    def store(self, name: str) -> Store:
        """What the repository `name` holds; raises `RegistryError` when there is none."""
        return self._state.repositories.existing(name)

    def serve(self, host: str = "127.0.0.1", port: int = 0, *, exposed: bool = False) -> Server:
        """Let other clients in by HTTP, on a free port of this machine unless told otherwise.

        Anybody who reaches the port may read and write: a `host` that is not this machine's own
        loopback needs `exposed`.
        """
        from ocinb.registry.server import Server  # noqa: PLC0415  # a browser tab has no sockets

        server = Server(self.handle, host, port, exposed=exposed)
        self._servers.append(server)
        return server

    def close(self) -> None:
        """Stop serving, and let another registry have the folder; then it can only be read.

        What was pushed stays. So do unfinished uploads in a folder; in memory they are forgotten.
        """
        while self._servers:
            self._servers.pop().close()
        self._state.sessions.close()
        if self.path is not None:
            self._state.writing.release("this registry was closed; open its folder again")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        place = "in memory" if self.path is None else f"in {short_path(self.path)}"
        count = len(self.repositories)
        kind = ", read only" if self.read_only else ""
        counted = f"{count} {'repository' if count == 1 else 'repositories'}"
        return f"<LocalRegistry {place}: {counted}{kind}>"


def _complete(response: Response, method: str) -> Response:
    """`response` with its exact length, and without a body where there must be none."""
    if response.status in _WITHOUT_BODY:
        return replace(response, body=b"", stream=None)
    if "content-length" not in response.headers:
        headers = response.headers.having(Content_Length=str(len(response.body)))
        response = replace(response, headers=headers)
    return replace(response, body=b"", stream=None) if method == "HEAD" else response
