"""Looking at what a repository has: nothing is moved but what is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ocinb.client.access.account import Account
from ocinb.client.limits import the_page_size
from ocinb.client.names import the_identifier
from ocinb.client.verbs.asking import as_somebody
from ocinb.client.verbs.conversing import Conversing
from ocinb.errors import NotFound
from ocinb.oci.config import ImageConfig
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.document import Document
from ocinb.oci.index import Index
from ocinb.oci.manifest import AnyManifest, ArtifactManifest, Manifest
from ocinb.protocol import fetch
from ocinb.protocol.messages import Conversation
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.together import Together, one_by_one

if TYPE_CHECKING:
    from ocinb.protocol.referring.referrers import ReferrerList
    from ocinb.protocol.tags import TagList


class Looking(Conversing):
    """Manifests, configs, tags and referrers, and whether blobs are there."""

    def manifest(self, reference: str, expected: Descriptor | None = None) -> AnyManifest:
        """The manifest or index known as `reference`, a tag or digest, verified.

        With `expected`, size and media type must be as it says. What is known by digest is asked
        for once. Raises `NotFound` naming the nearest tags.
        """
        with self.suggesting():
            return self.run(self.manifest_unless_known(the_identifier(reference), expected))

    def manifest_steps(
        self, reference: str, expected: Descriptor | None = None
    ) -> Stepper[AnyManifest]:
        """Fetching one manifest, one request at a time, also when it is known."""
        return self.converse(fetch.get_manifest(self.name, the_identifier(reference), expected))

    def config(self, config: Descriptor) -> ImageConfig:
        """The image config that `config` points to, verified; asked for once."""
        return self.run(self.config_unless_known(config))

    def config_steps(self, config: Descriptor) -> Stepper[ImageConfig]:
        """Fetching one config, one request at a time, also when it is known."""
        return self.converse(fetch.get_config(self.name, config, self.registry.emit))

    def load(self, entries: Iterable[Descriptor]) -> None:
        """Fetch the manifests of an index's `entries`, and the configs of those that are images:
        several at a time, each once, and known from then on."""
        with self.suggesting():
            self.run(self._load(entries, self.registry.together))

    def load_steps(self, entries: Iterable[Descriptor]) -> Stepper[None]:
        """The same, one request at a time; what is known already is not asked for."""
        return self.converse(self._load(entries, one_by_one))

    def head(self, reference: str) -> Descriptor | None:
        """The descriptor of what a tag or digest stands for, or None when it is not there."""
        return self.head_steps(reference).finish()

    def head_steps(self, reference: str) -> Stepper[Descriptor | None]:
        """The same, one request at a time."""
        return self.converse(fetch.head_manifest(self.name, the_identifier(reference)))

    @as_somebody
    def blob_exists(self, digest: str, *, auth: Account | None = None) -> bool:
        """Whether the blob of this digest is there; it is not fetched."""
        return self.blob_exists_steps(digest).finish()

    def blob_exists_steps(self, digest: str) -> Stepper[bool]:
        """The same, one request at a time."""
        return self.converse(fetch.has_blob(self.name, Digest(digest)))

    def tags(self, page_size: int | None = None) -> TagList:
        """All tags, asked for now; `page_size` of them at a time when it is given."""
        return self.tags_steps(page_size).finish()

    def tags_steps(self, page_size: int | None = None) -> Stepper[TagList]:
        """The same, one request at a time."""
        return self.converse(self._tags(the_page_size(page_size, "tag")))

    def referrers(
        self, reference: str, artifact_type: str | None = None, *, confirm: bool = False
    ) -> ReferrerList:
        """What refers to a tag or digest: signatures, SBOMs and the like, of one type if given.

        These are claims: what a manifest really refers to is its own `subject`. With `confirm`,
        each is fetched, and only those that name it themselves are in the list; the others are its
        `refuted`. On registries without a referrers API, they are looked up under the referrers
        tag. Raises `NotFound` naming the nearest tags.
        """
        steps = self.referrers_steps(reference, artifact_type, confirm=confirm)
        with self.suggesting():
            return steps.finish()

    def referrers_steps(
        self, reference: str, artifact_type: str | None = None, *, confirm: bool = False
    ) -> Stepper[ReferrerList]:
        """The same, one request at a time."""
        from ocinb.protocol.referring import referrers  # noqa: PLC0415  # few ask for them

        asked, api = the_identifier(reference), self.registry.referrers_api
        return self.converse(
            referrers.list_referrers(
                self.name, asked, artifact_type or "", confirm=confirm, api=api
            )
        )

    def manifest_unless_known(
        self, reference: str, expected: Descriptor | None = None
    ) -> Conversation[AnyManifest]:
        """Ask for a manifest, unless it is known by its digest and is what was expected."""
        known = self.known(reference)
        if isinstance(known, (Manifest, Index, ArtifactManifest)) and _agrees(known, expected):
            return known
        found = yield from fetch.get_manifest(self.name, reference, expected)
        return self.registry.known.add(self.name, found)

    def config_unless_known(self, config: Descriptor) -> Conversation[ImageConfig]:
        """Ask for a config, unless it is known."""
        known = self.known(config.digest)
        if isinstance(known, ImageConfig):
            return known
        found = yield from fetch.get_config(self.name, config, self.registry.emit)
        return self.registry.known.add(self.name, found)

    def _tags(self, page_size: int | None) -> Conversation[TagList]:
        """List the tags, and know them from then on."""
        from ocinb.protocol import tags  # noqa: PLC0415  # most know the one they ask for

        try:
            self.known_tags = yield from tags.list_tags(self.name, page_size)
        except NotFound as error:
            if not error.hints:
                error.hint(self._where_else())
            raise
        return self.known_tags

    def _load(self, entries: Iterable[Descriptor], together: Together) -> Conversation[None]:
        each_once = {entry.digest: entry for entry in entries}.values()
        yield from together(self._loaded(entry) for entry in each_once)

    def _loaded(self, entry: Descriptor) -> Conversation[None]:
        manifest = yield from self.manifest_unless_known(entry.digest, entry)
        if isinstance(manifest, Manifest) and manifest.is_image:
            yield from self.config_unless_known(manifest.config)


def _agrees(document: Document, expected: Descriptor | None) -> bool:
    """Whether `document` is what a descriptor announced; if not, fetching it will say so."""
    said = (document.media_type, document.size)
    return expected is None or said == (expected.media_type, expected.size)
