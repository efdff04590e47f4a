"""The verbs of an image that say how it is run and what it is, each giving a new image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, Unpack

from ocinb.errors import NotSupported
from ocinb.layers.files import FileList
from ocinb.layers.filesystem import FileSystem
from ocinb.layers.listing import list_layer
from ocinb.layers.making import basing, configuring
from ocinb.layers.making.configuring import Words
from ocinb.layers.merged.image_files import filesystem
from ocinb.oci import image, media_types
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.diffs.regard import Switches
from ocinb.oci.document import encode_sorted
from ocinb.oci.image import Blob
from ocinb.oci.manifest import Manifest, parse_manifest
from ocinb.oci.platform import Platform

if TYPE_CHECKING:
    from ocinb.layers.diffs.images import Comparable, ImageDiff


@dataclass(frozen=True, repr=False)
class Configured(image.Image):
    """An image whose config and annotations can be said anew; see `ocinb.Image`."""

    _own_command: bool = field(default=False, repr=False, compare=False)

    def entrypoint(self, *words: Words) -> Self:
        """With another entrypoint: `entrypoint("/app/run", "-v")`, or a list; none without words.

        A command that comes from the base goes, as in a Dockerfile; one that was set here stays.
        """
        command = {} if self._own_command else {"Cmd": None}
        given = configuring.words(words, "the entrypoint") or None
        return self._changed(configuring.running(self._json, Entrypoint=given, **command))

    def cmd(self, *words: Words) -> Self:
        """With another command, or arguments of the entrypoint; none without words."""
        given = configuring.words(words, "the command") or None
        return replace(self._changed(configuring.running(self._json, Cmd=given)), _own_command=True)

    def env(self, names: str | Mapping[str, str], value: str | None = None) -> Self:
        """With environment variables: `env("A", "1")` or `env({"A": "1"})`; those of these names
        get the new values."""
        values = configuring.pairs(names, value, "an environment variable")
        return self._changed(configuring.with_environment(self._json, values))

    def workdir(self, path: str) -> Self:
        """With another folder to start in, an absolute one."""
        path = configuring.absolute(path, "the working directory", self._json)
        return self._changed(configuring.running(self._json, WorkingDir=path))

    def user(self, user: int | str) -> Self:
        """Run as another user: a number, a name, or `user:group`."""
        return self._changed(configuring.running(self._json, User=configuring.user(user)))

    def expose(self, *ports: int | str) -> Self:
        """With more ports that are listened on: `expose(80, "53/udp")`; tcp without a word."""
        named = map(configuring.port, ports)
        return self._changed(configuring.with_members(self._json, "ExposedPorts", named))

    def volume(self, *paths: str) -> Self:
        """With more folders whose content is not part of the image."""
        named = [configuring.absolute(each, "a volume", self._json) for each in paths]
        return self._changed(configuring.with_members(self._json, "Volumes", named))

    def label(self, names: str | Mapping[str, str], value: str | None = None) -> Self:
        """With labels, which are in the config: `label("team", "blue")`, or a mapping."""
        values = configuring.pairs(names, value, "a label")
        return self._changed(configuring.with_labels(self._json, values))

    def annotation(self, names: str | Mapping[str, str], value: str | None = None) -> Self:
        """With annotations, which are in the manifest: `annotation("key", "value")`, or a
        mapping."""
        values = configuring.pairs(names, value, "an annotation")
        annotations = {**self.manifest.annotations, **values}
        return self._changed(self._json, annotations)

    def healthcheck(
        self,
        test: Words | None,
        *,
        interval: float | None = None,
        timeout: float | None = None,
        start_period: float | None = None,
        start_interval: float | None = None,
        retries: int | None = None,
    ) -> Self:
        """With a check whether it is well: a line for the shell or a list of words, times in
        seconds. None is for no check, also where the base has one."""
        check = configuring.health(
            test, retries, interval=interval, timeout=timeout, start_period=start_period,
            start_interval=start_interval,
        )  # fmt: skip
        return self._changed(configuring.running(self._json, Healthcheck=check))

    def stop_signal(self, signal: int | str) -> Self:
        """Stopped by another signal: `"SIGQUIT"`, or a number."""
        given = configuring.signal(signal)
        return self._changed(configuring.running(self._json, StopSignal=given))

    def platform(self, platform: str | Platform) -> Self:
        """For another platform, such as `"linux/arm64/v8"`: the variant and the version of the
        system are what it says, too."""
        return self._changed(configuring.with_platform(self._json, basing.one(platform)))

    @cached_property
    def files(self) -> FileSystem:
        """Its files as a container sees them, with what lower layers had and others took away.

        Listed when first asked for, then kept; for that, the layers of a base are read where they
        are. Raises `NotSupported` for what is no image, and where a layer is not here.
        """
        config, named = self.config, self.manifest.layers
        here = {each.digest: each for each in self.layers}
        missing = [each for each in named if each.digest not in here]
        if missing or not isinstance(self.manifest, Manifest) or config is None:
            what = f"without its layer {missing[0].digest}" if missing else "no image"
            raise NotSupported(f"{self!r} is {what}: there is no file system")

        def listed(position: int) -> FileList:
            digest = named[position].digest
            diff_id = dict(enumerate(config.diff_ids)).get(position)
            return list_layer(here[digest], digest=digest, diff_id=diff_id)

        return filesystem("", named, config, listed)

    @property
    def known_files(self) -> FileSystem | None:
        """The same when they were listed before, else None; asks nobody."""
        known: FileSystem | None = vars(self).get("files")
        return known

    def diff(self, other: Comparable, **switches: Unpack[Switches]) -> ImageDiff:
        """This image and another one, or that of an index for its platform, side by side.

        `semantic=True` overlooks times, order and names; for all switches see
        `ocinb.oci.diffs.regard.Regard`. Nothing is read before it is asked for.
        """
        from ocinb.layers.diffs.images import ImageDiff, compare  # noqa: PLC0415  # few compare

        found = compare(self, other, **switches)
        assert isinstance(found, ImageDiff)  # one of the two is an image
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {name: kept for name, kept in vars(self).items() if name != "files"}

    @property
    def _json(self) -> Mapping[str, Any]:
        if self.config is None or not isinstance(self.manifest, Manifest):
            raise NotSupported(f"{self!r} has no image config here: nothing can be built on it")
        return self.config.json

    @classmethod
    def _made(
        cls,
        config: Mapping[str, Any],
        layers: tuple[Descriptor, ...],
        blobs: tuple[Blob, ...],
        annotations: Mapping[str, str],
    ) -> Self:
        """The image of a config and layers, of which those that are pushed are among the `blobs`;
        names in its documents are sorted."""
        own = Blob.of(encode_sorted(config), media_types.CONFIG)
        document = {
            "schemaVersion": 2,
            "mediaType": media_types.MANIFEST,
            "config": own.descriptor.to_json(),
            "layers": [each.to_json() for each in layers],
            **({"annotations": dict(annotations)} if annotations else {}),
        }
        manifest = parse_manifest(encode_sorted(document), media_types.MANIFEST)
        assert isinstance(manifest, Manifest)  # its own media type says so
        return cls(manifest, (own, *blobs))

    def _changed(
        self,
        config: Mapping[str, Any],
        annotations: Mapping[str, str] | None = None,
        more: tuple[Blob, ...] = (),
    ) -> Self:
        """The image with another config or other annotations, and with `more` layers on top."""
        layers = (*self.manifest.layers, *(each.descriptor for each in more))
        annotations = self.manifest.annotations if annotations is None else annotations
        made = self._made(config, layers, (*self.layers, *more), annotations)
        return replace(made, _own_command=self._own_command)
