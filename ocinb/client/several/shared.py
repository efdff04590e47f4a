"""What several images have in common: bytes of layers that any two share, and all of them do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import overload

from ocinb.client.several.failures import Failure, completeness
from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference
from ocinb.oci.digest import Digest
from ocinb.text import human_size, nearest, visible


@dataclass(frozen=True)
class SharingImage(Drawable):
    """An image that is compared; `name` tells it from the others, `layers` has each layer once."""

    name: str
    reference: str
    platform: str
    digest: Digest
    layers: tuple[Digest, ...]

    def __repr__(self) -> str:
        return f"<SharingImage {visible(self.name, 512)}: {len(self.layers)} layers>"


@dataclass(frozen=True)
class SharedLayer(Drawable):
    """A layer, its bytes as it is transferred, and the names of the images it is in."""

    digest: Digest
    media_type: str
    size: int
    images: tuple[str, ...]

    def __repr__(self) -> str:
        held = f"{len(self.images):,} images" if len(self.images) > 1 else "1 image"
        return f"<SharedLayer {self.digest.short} {human_size(self.size)} in {held}>"


class LayerTable(Drawable):
    """The distinct layers of several images, those first that are in most of them."""

    def __init__(self, layers: tuple[SharedLayer, ...]) -> None:
        self._layers = layers

    @property
    def size(self) -> int:
        """Bytes of all of them, each once."""
        return sum(each.size for each in self._layers)

    @overload
    def __getitem__(self, wanted: int) -> SharedLayer: ...
    @overload
    def __getitem__(self, wanted: slice) -> LayerTable: ...
    def __getitem__(self, wanted: int | slice) -> SharedLayer | LayerTable:
        found = self._layers[wanted]
        return LayerTable(found) if isinstance(found, tuple) else found

    def __iter__(self) -> Iterator[SharedLayer]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __repr__(self) -> str:
        return f"<LayerTable {len(self):,} layers, {human_size(self.size)}>"


class SharedLayers(Drawable):
    """Several images side by side: `shared[0, 1]` are the bytes of layers that two share.

    `shared["a:1", "b:2"]` is the same by name. Bytes are those of layers as they are transferred,
    a layer that an image has twice counting once; manifests and configs are not counted. `layers`
    has each distinct one, `failures` the images that could not be read and why, `notes` what
    manifests contradict each other in.
    """

    def __init__(
        self,
        images: tuple[SharingImage, ...],
        layers: tuple[SharedLayer, ...],
        failures: tuple[Failure, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> None:
        self.images = images
        self.layers = LayerTable(layers)
        self.failures = failures
        self.notes = notes
        self._sizes = {each.digest: each.size for each in layers}

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each image, in the order they were given."""
        return tuple(each.name for each in self.images)

    @cached_property
    def matrix(self) -> tuple[tuple[int, ...], ...]:
        """The bytes each two images share; where an image meets itself, all of its own."""
        held = [{*each.layers} for each in self.images]
        return tuple(
            tuple(self._total(a & b) if a is not b else self._total(a) for b in held) for a in held
        )

    @cached_property
    def unique(self) -> tuple[int, ...]:
        """The bytes of each image that no other one has."""
        lone = {each.digest for each in self.layers if len(each.images) == 1}
        return tuple(self._total(lone.intersection(each.layers)) for each in self.images)

    @property
    def common(self) -> int:
        """The bytes that all of them share; of a single image, all it has."""
        count = len(self.images)
        return sum(each.size for each in self.layers if len(each.images) == count)

    @property
    def together(self) -> int:
        """The bytes of all of them, each layer stored once."""
        return self.layers.size

    @property
    def apart(self) -> int:
        """The bytes of all of them, each image stored on its own."""
        return sum(each.size * len(each.images) for each in self.layers)

    @property
    def saved(self) -> int:
        """The bytes that sharing saves."""
        return self.apart - self.together

    @property
    def complete(self) -> bool:
        """Whether every image could be read."""
        return not self.failures

    @property
    def completeness(self) -> str:
        """The same in words: `7 of 8 images, 1 could not be read`."""
        return completeness(len(self.images), self.failures)

    def __getitem__(self, pair: tuple[int | str, int | str]) -> int:
        """The bytes that two of them share, by position or name.

        Raises `InvalidReference` for a name that is none of theirs.
        """
        try:
            first, second = pair
        except (TypeError, ValueError):
            raise TypeError("two images are asked about: shared[0, 1], or by their names") from None
        return self.matrix[self._position(first)][self._position(second)]

    __iter__ = None  # else Python would ask for the pairs 0, 1, 2, …
    __contains__ = None

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        stored = f"{human_size(self.together)} together, {human_size(self.apart)} apart"
        return f"<SharedLayers {self.completeness}: {stored}>"

    def _total(self, digests: set[Digest]) -> int:
        return sum(map(self._sizes.__getitem__, digests))

    def _position(self, wanted: int | str) -> int:
        if isinstance(wanted, int):
            return wanted
        if wanted in self.names:
            return self.names.index(wanted)
        raise InvalidReference(
            wanted, "image of these", "none has the name", hints=[nearest(wanted, self.names)]
        )

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.names)[:500]
