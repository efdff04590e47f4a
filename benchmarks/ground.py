"""Where the contenders meet: settings, registries over one folder, and content made when needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from benchmarks.contender import Contender, Race, Run, race
from benchmarks.content import (
    INDEX,
    MANIFEST,
    MIB,
    Image,
    Layer,
    described,
    digest_of,
    encoded,
    layer,
    layout,
)
from benchmarks.server import Server, serving
from benchmarks.storage import Storage

ARCHITECTURES = ("amd64", "arm64", "s390x")


@dataclass(frozen=True)
class Settings:
    """How much of it: bytes of the one big blob, the layers of an image, small requests, bytes of a
    folder, paths of an image, rounds."""

    size: int = 1024 * MIB
    layers: int = 20
    layer_size: int = 50 * MIB
    requests: int = 1_000
    folder: int = 1024 * MIB
    paths: int = 100_000
    rounds: int = 3

    def quick(self) -> Settings:
        """Less of everything, for a look: start-up weighs more in it."""
        return replace(
            self,
            size=256 * MIB,
            layer_size=12 * MIB,
            requests=300,
            folder=64 * MIB,
            paths=20_000,
            rounds=min(self.rounds, 2),
        )


@dataclass
class Ground:
    """A scratch folder on a real disk, and what is in it."""

    settings: Settings
    scratch: Path
    _open: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def storage(self) -> Storage:
        """What the registries hold."""
        return Storage(self.scratch / "storage")

    @cached_property
    def plain(self) -> Server:
        """The registry over http."""
        return self._open.enter_context(serving(self.scratch / "plain", self.storage))

    @cached_property
    def tls(self) -> Server:
        """The same content over TLS."""
        return self._open.enter_context(serving(self.scratch / "tls", self.storage, tls=True))

    @cached_property
    def big(self) -> Image:
        """An image of one big layer: `bench/big:v1`."""
        return self._image("big", 1, self.settings.size)

    @cached_property
    def small(self) -> Image:
        """An image of one layer of 64 MiB: `bench/small:v1`."""
        return self._image("small", 1, 64 * MIB)

    @cached_property
    def many(self) -> Image:
        """An image of many layers: `bench/many:v1`."""
        return self._image("many", self.settings.layers, self.settings.layer_size)

    @cached_property
    def big_layout(self) -> Path:
        """The big image as an OCI image layout."""
        return layout(self.scratch / "big-layout", self.big, "v1")

    @cached_property
    def manifests(self) -> Path:
        """A file that lists the digests of many small manifests in `bench/manifests`."""
        one, listed = self._layer("shared", 4_096), []
        for number in range(self.settings.requests):
            image = Image.of((one,), architecture=f"number{number}")
            self.storage.add_image("bench/manifests", image, "v1" if number == 0 else "")
            listed.append(digest_of(image.manifest))
        file = self.scratch / "manifests"
        file.write_text("\n".join(listed))
        return file

    @cached_property
    def family(self) -> tuple[bytes, tuple[Image, ...]]:
        """An index, `bench/family:v1`, of images that share a layer and have one of their own."""
        shared = self._layer("base", MIB)
        images = tuple(
            Image.of((shared, self._layer(name, MIB)), architecture=name) for name in ARCHITECTURES
        )
        entries = [
            described(image.manifest, MANIFEST)
            | {"platform": {"os": "linux", "architecture": architecture}}
            for architecture, image in zip(ARCHITECTURES, images, strict=True)
        ]
        index = encoded({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
        for image in images:
            self.storage.add_image("bench/family", image)
        self.storage.add_manifest("bench/family", index, "v1")
        return index, images

    def race(
        self,
        contenders: Sequence[Contender],
        check: Callable[[Path, Run], str],
        *,
        before: Callable[[], object] = lambda: None,
        ca: Path | None = None,
    ) -> Race:
        """Run them, as many rounds as the settings say."""
        rounds = self.settings.rounds
        return race(contenders, rounds, self.scratch, ca=ca, before=before, check=check)

    def _image(self, name: str, layers: int, size: int) -> Image:
        made = [self._layer(f"{name}-{number}", size, number) for number in range(layers)]
        image = Image.of(tuple(made))
        self.storage.add_image(f"bench/{name}", image, "v1")
        return image

    def _layer(self, name: str, size: int, seed: int = 0) -> Layer:
        return layer(self.scratch / f"layer-{name}", size, seed or sum(name.encode()))


@contextmanager
def laid_out(settings: Settings, scratch: Path) -> Iterator[Ground]:
    """A ground in `scratch`; its registries stop at the end."""
    with ExitStack() as opened:
        yield Ground(settings, scratch, opened)
