"""What can be asked of a registry as a whole: whether it is one, what it has, what it can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocinb.client.limits import the_page_size
from ocinb.protocol.messages import Conversation, T
from ocinb.protocol.ping import Ping, ping
from ocinb.protocol.referring.referrers_api import ReferrersApi
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.tagging import Tagging

if TYPE_CHECKING:
    from ocinb.client.repository import Repository
    from ocinb.protocol.capabilities import Capabilities
    from ocinb.protocol.catalog import CatalogList


class Overview:
    """A registry, and the last it said of itself."""

    name: str
    referrers_api: ReferrersApi
    tagging: Tagging
    last_ping: Ping | None = None
    known_catalog: CatalogList | None = None
    known_capabilities: Capabilities | None = None

    if TYPE_CHECKING:  # what the registry has

        def __getitem__(self, name: str) -> Repository: ...
        def converse(self, conversation: Conversation[T]) -> Stepper[T]: ...
        @property
        def expression(self) -> str: ...
        @property
        def repositories_seen(self) -> tuple[str, ...]: ...

    def ping(self) -> Ping:
        """Ask whether a registry is there, and what it wants to know first (end-1).

        Raises `NotARegistry` when something else answers, `TransferError` when nothing does.
        """
        return self.ping_steps().finish()

    def ping_steps(self) -> Stepper[Ping]:
        """The same, one request at a time."""
        return self.converse(self._ping())

    def catalog(self, page_size: int | None = None) -> CatalogList:
        """The repositories that it lists, asked for now; `page_size` of them at a time, if given.

        The spec has no such list: many registries have none, or show it to administrators only,
        and it need not have all that is there. Raises `ListingDisabled` then, and never says
        that there are none.
        """
        return self.catalog_steps(page_size).finish()

    def catalog_steps(self, page_size: int | None = None) -> Stepper[CatalogList]:
        """The same, one request at a time."""
        return self.converse(self._catalog(the_page_size(page_size, "repository")))

    def capabilities(
        self, repository: str | None = None, *, scratch: str | None = None
    ) -> Capabilities:
        """What it can do, found out by asking: what the spec promises is not taken for granted.

        Asked is in `repository`, or else in one that is known or listed; nothing is written. Only
        with `scratch`, a repository for trying things out, a few bytes are uploaded, mounted and
        pushed there under the tag `ocinb-probe`, and deleted again as far as the registry deletes;
        the result names what was made and what is left. Stopped half-way, all of it is left.

        What cannot be found out is "unknown", with the reason. Raises `NotARegistry` when something
        else answers, `TransferError` when nothing does, `AuthenticationError` when the registry
        does not even say hello, and `InvalidReference` for what is no repository.
        """
        return self.capabilities_steps(repository, scratch=scratch).finish()

    def capabilities_steps(
        self, repository: str | None = None, *, scratch: str | None = None
    ) -> Stepper[Capabilities]:
        """The same, one request at a time."""
        into = self[scratch].name if scratch is not None else ""
        seen = [name for name in self.repositories_seen if name != into]
        name = self[repository].name if repository is not None else next(iter(seen), "")
        return self.converse(self._capabilities(name, into))

    def _ping(self) -> Conversation[Ping]:
        self.last_ping = yield from ping()
        return self.last_ping

    def _catalog(self, page_size: int | None) -> Conversation[CatalogList]:
        from ocinb.protocol.catalog import list_catalog  # noqa: PLC0415  # few list all there is

        found = yield from list_catalog(self.name, page_size, expression=self.expression)
        self.known_catalog = found
        return found

    def _capabilities(self, repository: str, scratch: str) -> Conversation[Capabilities]:
        # Many probes, that nobody loads who does not ask for them.
        from ocinb.protocol.capabilities import capabilities  # noqa: PLC0415

        found = yield from capabilities(self.name, repository, scratch, api=self.referrers_api)
        self.last_ping, self.known_capabilities = found.ping, found
        if found.several_tags in ("yes", "no"):
            self.tagging.at_once = found.several_tags == "yes"
        return found
