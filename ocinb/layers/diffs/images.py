"""Two images side by side: what they say and what they hold, each part when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any, Protocol, TypeAlias, Unpack, cast

from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference, NotSupported
from ocinb.layers.diffs.comparing import diff_files
from ocinb.layers.diffs.files import Files, FilesDiff
from ocinb.layers.diffs.packages import PackagesDiff, diff_packages
from ocinb.oci.config import ImageConfig
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.diffs.fields import FieldsDiff, diff_documents
from ocinb.oci.diffs.history import HistoryDiff, diff_history
from ocinb.oci.diffs.layers import LayersDiff, diff_layers
from ocinb.oci.diffs.platforms import IndexDiff, Indexed, diff_indexed, name_of
from ocinb.oci.diffs.regard import Regard, Switches
from ocinb.oci.diffs.reporting import Reported, Section, between
from ocinb.oci.digest import Digest
from ocinb.oci.index import Index
from ocinb.oci.manifest import ArtifactManifest, Manifest

# What of a manifest is looked at apart: its layers, and the digest and size of its config.
_APART = frozenset({("layers",), ("blobs",), ("config", "digest"), ("config", "size")})
_CONFIG_APART = frozenset({("history",), ("rootfs", "diff_ids")})


class Side(Protocol):
    """An image or artifact, in a registry or here."""

    @property
    def document(self) -> Manifest | ArtifactManifest: ...


Comparable: TypeAlias = Side | Indexed  # what can stand on either side of a comparison


def compare(a: Comparable, b: Comparable, **switches: Unpack[Switches]) -> ImageDiff | IndexDiff:
    """Two images or artifacts, two indexes, or an image and that of an index for its platform.

    Raises `InvalidReference` where the index has none for it, naming those it has, and `TypeError`
    for what is none of these.
    """
    regard = Regard.of(**switches)
    if not hasattr(b, "document"):
        raise TypeError(
            "an image is compared with another one or an index, such as repository['v1'] or an "
            f"ocinb.Image, not with {type(b).__name__}"
        )
    if isinstance(a.document, Index) and isinstance(b.document, Index):
        return diff_indexed(a, b, regard)
    one = cast("Side", _chosen(a, b) if isinstance(a.document, Index) else a)
    other = cast("Side", _chosen(b, a) if isinstance(b.document, Index) else b)
    return ImageDiff(one, other, regard, (name_of(one), name_of(other)))


def _chosen(index: Any, image: Any) -> Any:
    """What `index` has for the platform of `image`."""
    config = getattr(image, "config", None)
    if not isinstance(config, ImageConfig):
        what = f"it has images for platforms, and {image!r} is for none"
        raise InvalidReference(name_of(index), "side of this comparison", what)
    return index.child(index.document.for_platform(config.platform, same_architecture=True))


class ImageDiff(Reported, Drawable):
    """Two images, or artifacts, side by side.

    `manifest` asks nobody. `config`, `history` and `layers` fetch the two configs, unless they are
    the same or known. `files` and `packages` fetch and list the layers, of which those that both
    have need no comparison. What was fetched once is kept, and drawing fetches nothing.
    """

    def __init__(self, a: Side, b: Side, regard: Regard, names: tuple[str, str]) -> None:
        self.sides = a, b
        self.regard, self.names = regard, names

    @property
    def identical(self) -> bool:
        """Whether the manifests are the same bytes, and so is all they name."""
        return self._digests[0] == self._digests[1]

    @cached_property
    def manifest(self) -> FieldsDiff:
        """What the manifests say, but for layers and config, which have their own parts."""
        a, b = self._documents
        return diff_documents("the manifests", a, b, self.regard, names=self.names, apart=_APART)

    @cached_property
    def config(self) -> FieldsDiff:
        """What the configs say, but for history and layers, which have their own parts."""
        configs = None if self._same_config else self._configs
        if configs is None:
            return FieldsDiff("the configs", *self.names, identical=self._same_config)
        return diff_documents(
            "the configs", *configs, self.regard, names=self.names, apart=_CONFIG_APART
        )

    @cached_property
    def history(self) -> HistoryDiff:
        """The steps of their builds."""
        configs = None if self._same_config else self._configs
        if configs is None:
            return HistoryDiff(*self.names, identical=self._same_config)
        return diff_history(*configs, self.regard, self.names)

    @cached_property
    def layers(self) -> LayersDiff:
        """Their layers; of artifacts, their blobs."""
        a, b = (each.layers for each in self._documents)
        ids = ((), ()) if _digests(a) == _digests(b) else self._diff_ids
        return diff_layers(a, b, self.names, ids)

    @cached_property
    def files(self) -> FilesDiff:
        """Their merged file systems; see `Regard` for what of a file counts.

        Raises `NotSupported` for what has no files, and as `layer.files` does.
        """
        return diff_files(*self._files, self.regard, self.names)

    @cached_property
    def packages(self) -> PackagesDiff:
        """What is installed in them, as far as databases of dpkg, apk and rpm say."""
        from ocinb.layers.inspecting.packages.reading import packages  # noqa: PLC0415  # reading them takes much

        a, b = map(packages, self._files)
        return diff_packages(a, b, self.names, complete=a.complete and b.complete)

    @property
    def same(self) -> bool:
        """Whether they are the same, so far as is minded: see `Regard`.

        When everything is minded, they are the same if their digests are, and nothing is fetched.
        Else what they say and the files in them count, however they are divided into layers.
        """
        if self.identical or self.regard.strict:
            return self.identical
        return all(part.same for part in (self.manifest, self.config, self.history, self.files))

    @property
    def known(self) -> dict[str, Drawable]:
        """The parts that were looked at so far, by name; asks nobody."""
        return {name: vars(self)[name] for name in PARTS if name in vars(self)}

    def sections(self) -> Iterator[Section]:
        """What a report says: all parts there are, each fetched when it is its turn."""
        named = self._documents
        images = all(isinstance(each, Manifest) and each.is_image for each in named)
        for name in PARTS if images else ("manifest", "layers"):
            yield name.capitalize(), partial(getattr, self, name)

    @property
    def _documents(self) -> tuple[Manifest | ArtifactManifest, Manifest | ArtifactManifest]:
        return self.sides[0].document, self.sides[1].document

    @property
    def _digests(self) -> tuple[Digest, Digest]:
        return self._documents[0].digest, self._documents[1].digest

    @property
    def _same_config(self) -> bool:
        a, b = (each.config.digest if isinstance(each, Manifest) else None
                for each in self._documents)  # fmt: skip
        return a is not None and a == b

    @cached_property
    def _configs(self) -> tuple[ImageConfig, ImageConfig] | None:
        """Both configs; None where one side has none."""
        a, b = (getattr(each, "config", None) for each in self.sides)
        return (a, b) if isinstance(a, ImageConfig) and isinstance(b, ImageConfig) else None

    @property
    def _diff_ids(self) -> tuple[Sequence[Digest], Sequence[Digest]]:
        configs = self._configs
        return (configs[0].diff_ids, configs[1].diff_ids) if configs else ((), ())

    @property
    def _files(self) -> tuple[Files, Files]:
        return _files_of(self.sides[0]), _files_of(self.sides[1])

    def __bool__(self) -> bool:
        return not self.same

    def __repr__(self) -> str:
        sides = between(*self.names)
        known = ", ".join(self.known)
        return f"<ImageDiff {sides}{': ' if known else ''}{known}>"


PARTS = ("manifest", "config", "history", "layers", "files", "packages")


def _files_of(side: Any) -> Files:
    files: Files | None = getattr(side, "files", None)
    if files is None:
        raise NotSupported(f"{side!r} has no file system")
    return files


def _digests(layers: Sequence[Descriptor]) -> list[Digest]:
    return [each.digest for each in layers]
