"""A request that found its handler: what it asks for, and the state it asks it of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from ocinb.errors import NotSupported
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest, hasher
from ocinb.oci.reference import check_repository
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request, Response
from ocinb.registry.quota import Quota
from ocinb.registry.refusals import refuse
from ocinb.registry.repositories import Repositories
from ocinb.registry.sessions import Sessions
from ocinb.registry.writing import Writing
from ocinb.storage.store import Store


@dataclass(frozen=True)
class Claim:
    """That a manifest refers to `subject`, and the entry that stands for it in a listing."""

    subject: Digest
    entry: Descriptor


@dataclass(frozen=True)
class State:
    """Everything a registry remembers.

    `sparse` says whether a manifest may name content that is not there, `deletes` whether anything
    but an upload can be deleted; `lock` is held while one thing is checked and another changed
    because of it; `claims` holds what was read of manifests, None for those without a subject.
    """

    repositories: Repositories
    sessions: Sessions
    quota: Quota
    writing: Writing
    sparse: bool = False
    deletes: bool = True
    lock: Lock = field(default_factory=Lock)
    claims: dict[Digest, Claim | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A request, the places its path filled (decoded once), and its query."""

    request: Request
    places: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    state: State

    @property
    def name(self) -> str:
        """The repository asked for; refused when it cannot be one."""
        return check_repository(self.places["name"])

    @property
    def existing(self) -> Store:
        """The content of that repository; refused when there is none."""
        return self.state.repositories.existing(self.name)

    @property
    def store(self) -> Store:
        """The same for a request that brings the first of it."""
        return self.state.repositories.store(self.name)

    def parameter(self, name: str) -> str:
        """The first value of `name` in the query; empty when it has none."""
        return self.query.get(name, ("",))[0]


def check_deletes(state: State) -> None:
    """Refuse to delete tags, manifests and blobs alike, where that is switched off (S29)."""
    if not state.deletes:
        allowed = {"Allow": "GET, HEAD, PUT"}
        raise refuse("UNSUPPORTED", "this registry deletes nothing", headers=allowed)


def verifiable(text: str) -> Digest:
    """`text` as a digest that content can be checked against; refused otherwise (S10)."""
    digest = Digest(text)
    check_algorithm(digest.algorithm)
    return digest


def check_algorithm(algorithm: str) -> str:
    """`algorithm` when digests of it can be computed; refused otherwise."""
    try:
        hasher(algorithm)
    except NotSupported as error:
        raise refuse("DIGEST_INVALID", str(error)) from None
    return algorithm


def created(location: str, digest: Digest, **more: str) -> Response:
    """The answer to what is now there."""
    named = {name.replace("_", "-"): value for name, value in more.items() if value}
    headers = {"Location": location, "Docker-Content-Digest": digest, **named}
    return Response(201, Headers(headers))
