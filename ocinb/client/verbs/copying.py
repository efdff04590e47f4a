"""Copying: what is somewhere else, with all that belongs to it, comes here as it is."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from ocinb.client.access.account import Account
from ocinb.client.moving import transfer
from ocinb.client.names import the_content
from ocinb.client.remote import Remote, RemoteArtifact, RemoteImage, RemoteIndex
from ocinb.client.source import Wanted
from ocinb.client.verbs.asking import as_somebody
from ocinb.client.verbs.origins import origin_of
from ocinb.client.verbs.pushing import Pushing
from ocinb.oci.platform import Platform
from ocinb.protocol.messages import Conversation
from ocinb.protocol.stepper import Stepper

if TYPE_CHECKING:
    from ocinb.protocol.copying.carry import Asked
    from ocinb.protocol.copying.copied import Copied, CopyPlan
    from ocinb.protocol.copying.copy import Arrival


class Copying(Pushing):
    """Content comes here from anywhere, byte for byte."""

    @as_somebody
    def copy(
        self,
        source: Remote | str,
        *tags: str,
        recursive: bool = False,
        sparse: bool = False,
        platform: str | Platform | None = None,
        mount_from: str | None = None,
        chunk_size: int | None = None,
        tags_at_once: bool | None = None,
        progress: Wanted = None,
        auth: Account | None = None,
    ) -> Copied:
        """Copy what a tag or digest stands for elsewhere, such as `other["v1"]`, with all it names.

        `source` may be in any registry, layout or archive; as text (`"demo/app:v1"`) it is in this
        registry. It gets the `tags`, by default the one it was asked for by. With `recursive`, what
        refers to any of it goes along, and what refers to that: signatures, SBOMs and the like,
        also under cosign's tags; a referrer is what says so itself. `platform` takes one image of
        an index. With `sparse`, what an index names and the source does not have is left out.

        Every manifest stays byte for byte as it is. Blobs that are here are not read there; on the
        same registry they are mounted, from elsewhere they come piece by piece, never through a
        file. Its tags are given last. Returns what became of each manifest and blob; copying again
        goes on where it stopped. All else is as with `push`.

        Raises `NotFound` for what the source does not have, and `InvalidContent` beyond the bounds
        of one copy: 10,000 manifests, or 16 steps from what was asked for.
        """
        asked = self._wanted(source, recursive=recursive, sparse=sparse, platform=platform)
        named, tally = transfer.the_tags(tags or asked.tags), self.tally()
        arrival = self._arrival(
            asked.origin, mount_from, chunk_size, self._tagging(tags_at_once), tally
        )
        conversation = self._copied(asked, named, arrival)
        with self._suggesting_for(source), tally.said("copy again: nothing is sent twice"):
            return self._uploaded(
                lambda: self.converse(conversation),
                progress,
                f"Copy {asked.source} to {self.full_name}",
            )

    def copy_steps(
        self,
        source: Remote | str,
        *tags: str,
        recursive: bool = False,
        sparse: bool = False,
        platform: str | Platform | None = None,
        mount_from: str | None = None,
        chunk_size: int | None = None,
        tags_at_once: bool | None = None,
    ) -> Stepper[Copied]:
        """The same, one request at a time, to either registry; a blob is read as it is sent."""
        asked = self._wanted(source, recursive=recursive, sparse=sparse, platform=platform)
        named = transfer.the_tags(tags or asked.tags)
        arrival = self._arrival(asked.origin, mount_from, chunk_size, self._tagging(tags_at_once))
        return self.converse(self._copied(asked, named, arrival))

    @as_somebody
    def plan_copy(
        self,
        source: Remote | str,
        *tags: str,
        recursive: bool = False,
        sparse: bool = False,
        platform: str | Platform | None = None,
        mount_from: str | None = None,
        progress: Wanted = None,
        auth: Account | None = None,
    ) -> CopyPlan:
        """What `copy` would do now: which manifests and why, which blobs are here, which would be
        mounted, which sent, and how many bytes that are. Both ends are asked; nothing is written.
        """
        asked = self._wanted(source, recursive=recursive, sparse=sparse, platform=platform)
        named, tally = transfer.the_tags(tags or asked.tags), self.tally()
        arrival = self._arrival(asked.origin, mount_from, None, None, tally)
        title = f"Plan to copy {asked.source} to {self.full_name}"
        with self._suggesting_for(source), self.watched(progress, title):
            return self.run(self._planned(asked, named, arrival))

    def plan_copy_steps(
        self,
        source: Remote | str,
        *tags: str,
        recursive: bool = False,
        sparse: bool = False,
        platform: str | Platform | None = None,
        mount_from: str | None = None,
    ) -> Stepper[CopyPlan]:
        """The same, one request at a time."""
        asked = self._wanted(source, recursive=recursive, sparse=sparse, platform=platform)
        named = transfer.the_tags(tags or asked.tags)
        arrival = self._arrival(asked.origin, mount_from, None, None)
        return self.converse(self._planned(asked, named, arrival))

    def _copied(
        self, asked: Asked, tags: tuple[str, ...], arrival: Arrival
    ) -> Conversation[Copied]:
        from ocinb.protocol.copying import carry  # noqa: PLC0415  # few copy

        return carry.copied(asked, self.full_name, tags, arrival.copy, arrival.together)

    def _planned(
        self, asked: Asked, tags: tuple[str, ...], arrival: Arrival
    ) -> Conversation[CopyPlan]:
        from ocinb.protocol.copying import carry  # noqa: PLC0415  # few copy

        return carry.planned(asked, self.full_name, tags, arrival.plan, arrival.together)

    def _wanted(
        self,
        source: Remote | str,
        *,
        recursive: bool,
        sparse: bool,
        platform: str | Platform | None,
    ) -> Asked:
        """What is to be copied, and where to ask for it."""
        from ocinb.protocol.copying.carry import Asked  # noqa: PLC0415  # few copy

        if isinstance(source, str):
            name, reference = the_content(source, self.registry.name)
            home = self.registry[name]
            return Asked(
                origin_of(home), home.at(reference), reference, None, recursive, sparse, platform
            )
        return the_asked(source, recursive=recursive, sparse=sparse, platform=platform)

    def _suggesting_for(self, source: Remote | str) -> AbstractContextManager[None]:
        """Of what is given as text, what is not there is told apart from what is."""
        if not isinstance(source, str):
            return nullcontext()
        return self.registry[the_content(source, self.registry.name)[0]].suggesting()


def the_asked(
    source: Remote,
    *,
    recursive: bool = False,
    sparse: bool = False,
    platform: str | Platform | None = None,
) -> Asked:
    """What is to be copied of content that is bound to where it came from."""
    from ocinb.protocol.copying.carry import Asked  # noqa: PLC0415  # few copy

    if not isinstance(source, (RemoteIndex, RemoteImage, RemoteArtifact)):
        raise TypeError(
            "what is copied is what a tag stands for elsewhere, such as other['v1'], not "
            f"{type(source).__name__}; what was made here is pushed: repository.push(image, 'v1')"
        )
    return Asked(
        origin_of(source.source),
        source.reference,
        source.asked,
        source.document,
        recursive,
        sparse,
        platform,
    )
