"""Choosing the image for a platform: its manifest and config, and no layer."""

from __future__ import annotations

from collections.abc import Iterable

from ocinb.client.access.account import Account
from ocinb.client.names import the_identifier
from ocinb.client.source import Wanted
from ocinb.client.verbs.asking import as_somebody
from ocinb.client.verbs.looking import Looking
from ocinb.oci.config import ImageConfig
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.platform import Platform
from ocinb.protocol import select
from ocinb.protocol.events import Planned
from ocinb.protocol.messages import Conversation
from ocinb.protocol.select import PulledManifest, PulledPlatform
from ocinb.protocol.stepper import Stepper


class Choosing(Looking):
    """Manifests with their configs, for one platform or several."""

    @as_somebody
    def pull_manifest(
        self,
        reference: str,
        platform: str | Platform | None = None,
        *,
        progress: Wanted = None,
        auth: Account | None = None,
    ) -> PulledManifest:
        """The manifest and config of the image that a tag or digest stands for, verified.

        Of an index, `platform` must be there as `index[platform]` finds it, and any image must say
        itself that it is for it; without one, it is the image that a container engine would run
        on this machine. Raises `InvalidReference` naming the platforms there are, and `NotFound`
        naming the nearest tags.
        """
        asked = the_identifier(reference)
        with self.watched(progress, f"Fetch {self.at(asked)}"), self.suggesting():
            return self.pull_manifest_steps(asked, platform).finish()

    def pull_manifest_steps(
        self, reference: str, platform: str | Platform | None = None
    ) -> Stepper[PulledManifest]:
        """The same, one request at a time; what is known already is not asked for."""
        asked, wanted = the_identifier(reference), None if platform is None else _read(platform)
        return self.converse(
            select.pull_manifest(asked, wanted, self.manifest_unless_known, self._planned_config)
        )

    @as_somebody
    def pull_manifests_for_platforms(
        self,
        reference: str,
        platforms: Iterable[str | Platform],
        *,
        progress: Wanted = None,
        auth: Account | None = None,
    ) -> list[PulledPlatform]:
        """The same for several platforms, in their order; the index is asked for once.

        Each platform is tried. Raises `InvalidReference` naming all that are not there, or the
        error for the first image that could not be had, with hints for the others.
        """
        asked = the_identifier(reference)
        with self.watched(progress, f"Fetch {self.at(asked)}"), self.suggesting():
            return self.pull_manifests_for_platforms_steps(asked, platforms).finish()

    def pull_manifests_for_platforms_steps(
        self, reference: str, platforms: Iterable[str | Platform]
    ) -> Stepper[list[PulledPlatform]]:
        """The same, one request at a time."""
        if isinstance(platforms, (str, Platform)):
            raise TypeError("several platforms are given in a list: ['linux/amd64', 'linux/arm64']")
        asked, wanted = the_identifier(reference), [_read(each) for each in platforms]
        return self.converse(
            select.pull_manifests_for_platforms(
                asked, wanted, self.manifest_unless_known, self._planned_config
            )
        )

    def _planned_config(self, config: Descriptor) -> Conversation[ImageConfig]:
        """A config, unless it is known, that whoever watches is told of."""
        if self.known(config.digest) is None:
            self.registry.emit(Planned((config,)))
        return (yield from self.config_unless_known(config))


def _read(platform: str | Platform) -> Platform:
    return platform if isinstance(platform, Platform) else Platform.parse(platform)
