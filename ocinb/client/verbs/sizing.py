"""Sizes over tags: how large what stands behind them is, for each platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocinb.client.access.account import Account
from ocinb.client.names import the_identifier
from ocinb.client.verbs.asking import as_somebody
from ocinb.client.verbs.looking import Looking
from ocinb.oci.platform import Platform
from ocinb.protocol.messages import Conversation
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.together import Together, one_by_one

if TYPE_CHECKING:
    from ocinb.protocol.sizes import TagSizes

MOST = 50  # tags that are looked at unless more are asked for


class Sizing(Looking):
    """How large images are, by what their manifests say: no layer is fetched."""

    @as_somebody
    def sizes(
        self,
        *tags: str,
        platform: str | Platform | None = None,
        most: int = MOST,
        auth: Account | None = None,
    ) -> TagSizes:
        """How many bytes there are to transfer for each tag and platform, how many layers, when it
        was made, and what it shares with the one before it.

        Without `tags`, all are listed and the last `most` as people count are looked at (`v1.10`
        after `v1.9`), but for those made from digests; the value says how many were left out, and
        names those that could not be read. Of indexes, it is all images, or the one for `platform`.
        Manifests are fetched several at a time, configs only where nothing else says the date.
        Raises `NotFound`, naming the nearest tags, for a tag that was asked for by name.
        """
        with self.suggesting():
            return self.run(self._sizes(tags, platform, most, self.registry.together))

    def sizes_steps(
        self, *tags: str, platform: str | Platform | None = None, most: int = MOST
    ) -> Stepper[TagSizes]:
        """The same, one request at a time; what is known by digest is not asked for."""
        return self.converse(self._sizes(tags, platform, most, one_by_one))

    def _sizes(
        self, tags: tuple[str, ...], platform: str | Platform | None, most: int, together: Together
    ) -> Conversation[TagSizes]:
        """What is asked for is checked now."""
        asked = [the_identifier(tag) for tag in tags]
        wanted = Platform.parse(platform) if isinstance(platform, str) else platform
        if most < 1:
            raise ValueError(f"most is {most}; it is a number of tags, at least 1")
        return self._sized(asked, wanted, most, together)

    def _sized(
        self, asked: list[str], platform: Platform | None, most: int, together: Together
    ) -> Conversation[TagSizes]:
        from ocinb.protocol import sizes  # noqa: PLC0415  # few ask for them

        known = list(asked)
        if not asked:
            known = list((yield from self._tags(None)))
        chosen = asked or sizes.latest(known, most)
        return (
            yield from sizes.sizes(
                self.name,
                chosen,
                self.manifest_unless_known,
                self.config_unless_known,
                together,
                platform=platform,
                left_out=len(known) - len(chosen),
                strictly=bool(asked),
            )
        )
