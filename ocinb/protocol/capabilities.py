"""What a registry can do, found out by asking it: registries differ, whatever the spec says.

Without a scratch repository nothing is written. Each probe may fail without the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference
from ocinb.protocol import endpoints
from ocinb.protocol.messages import Conversation
from ocinb.protocol.ping import Ping, ping
from ocinb.protocol.probes.findings import (
    READING,
    WRITING,
    Capability,
    Findings,
    Seen,
    Verdict,
)
from ocinb.protocol.probes.manifests import clean_up, probe_manifests
from ocinb.protocol.probes.reading import probe_reads
from ocinb.protocol.probes.uploads import Traces, probe_uploads
from ocinb.protocol.referring.referrers_api import ReferrersApi
from ocinb.text import nearest, visible

NAMES = tuple(each.name for each in (*READING, *WRITING))


@dataclass(frozen=True)
class Capabilities(Drawable):
    """What a registry can do, as shown by one repository and, if writing was allowed, by another.

    Each of `capabilities` says how it is known. Its name is an attribute, too, for its verdict:
    `found.referrers == "yes"`; the others are "no", "unknown" and "not asked". `made` names what
    was pushed into the repository `scratch`, `left` what could not be deleted there again.
    """

    registry: str
    ping: Ping
    repository: str = ""
    scratch: str = ""
    capabilities: tuple[Capability, ...] = ()
    made: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Capability]:
        return iter(self.capabilities)

    def __len__(self) -> int:
        return len(self.capabilities)

    def __getitem__(self, name: str) -> Capability:
        """The capability of this name, with how it is known."""
        for each in self.capabilities:
            if each.name == name:
                return each
        raise InvalidReference(
            name, "capability", "nobody asks for it", hints=[nearest(str(name), NAMES)]
        )

    def __getattr__(self, name: str) -> Verdict:
        if name not in NAMES:
            raise AttributeError(f"{type(self).__name__} has no {name!r}")
        return self[name].verdict

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *NAMES})

    def __repr__(self) -> str:
        counts = [
            f"{sum(each.verdict == verdict for each in self)} {verdict}"
            for verdict in ("yes", "no", "unknown", "not asked")
        ]
        return f"<Capabilities of {visible(self.registry, 80)}: {', '.join(counts)}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(NAMES)


def capabilities(
    registry: str,
    repository: str = "",
    scratch: str = "",
    *,
    api: ReferrersApi | None = None,
) -> Conversation[Capabilities]:
    """Find out what `registry` can do.

    Reading is tried in `repository`, or the first of the catalog; writing in `scratch`, and not at
    all without that. `api` is told of the referrers API. Raises `NotARegistry` when there is none,
    and `TransferError` when nothing answers; what goes wrong later is only "unknown".
    """
    found, traces, seen = Findings(), Traces(scratch), Seen(repository)
    door = yield from ping()
    found.note("api", "yes", _at_the_door(door))
    seen = yield from probe_reads(found, registry, repository, api or ReferrersApi())
    if scratch:
        if (yield from probe_uploads(found, traces, seen)):
            yield from probe_manifests(found, traces)
        yield from clean_up(found, traces)
    found.unless_known(NAMES, "not asked", "it takes a scratch repository to write into")
    left = tuple(traces.left)
    return Capabilities(registry, door, seen.name, scratch, found.all(), traces.made, left)


def _at_the_door(door: Ping) -> str:
    schemes = ", ".join(each.scheme for each in door.challenges if each.scheme)
    said = [str(door.status), door.version, f"asks for {schemes}" if schemes else ""]
    return f"GET {endpoints.PING.template} → {', '.join(filter(None, said))}"
