"""Which manifests a store knows, and which tags point to them: the content of an `index.json`.

An OCI image layout keeps one entry per tag, with the tag in an annotation; a manifest without a tag
has an entry without it (image-spec, image-layout.md#indexjson-file). Pure: a change makes a new
catalogue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ocinb.errors import InvalidContent, InvalidReference
from ocinb.oci import media_types
from ocinb.oci.annotations import REF_NAME
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.reference import check_tag


@dataclass(frozen=True)
class Catalogue:
    """Manifests by digest, and the names that point to them.

    Names are whatever stands in the annotation; foreign layouts hold some that are no tags.
    `rest` keeps what was read and not understood, `document` the other fields of the file.
    """

    manifests: Mapping[Digest, Descriptor] = field(default_factory=dict)
    names: Mapping[str, Descriptor] = field(default_factory=dict)
    rest: tuple[Any, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Catalogue:
        """What an `index.json` says. Of two entries with one name the first counts."""
        entries = document.get("manifests")
        if not isinstance(entries, list):
            raise InvalidContent("index.json has no list of manifests")
        manifests: dict[Digest, Descriptor] = {}
        names: dict[str, Descriptor] = {}
        rest: list[Any] = []
        for entry in entries:
            manifest = _understood(entry)
            name = manifest.annotations.get(REF_NAME) if manifest else None
            if manifest is None or name in names:
                rest.append(entry)
                continue
            manifests.setdefault(manifest.digest, _nameless(manifest))
            if name is not None:
                names[name] = manifest
        others = {key: value for key, value in document.items() if key != "manifests"}
        return cls(manifests, names, tuple(rest), others)

    def to_json(self) -> dict[str, Any]:
        """The `index.json` that says the same."""
        named = {manifest.digest for manifest in self.names.values()}
        nameless = [each for digest, each in self.manifests.items() if digest not in named]
        entries = [each.to_json() for each in (*self.names.values(), *nameless)]
        head = {"schemaVersion": 2, "mediaType": media_types.INDEX, **self.document}
        return {**head, "manifests": [*entries, *self.rest]}

    def tags(self) -> tuple[str, ...]:
        """Those names that are tags, in the order of their bytes."""
        return tuple(sorted(filter(_is_tag, self.names)))

    def having(self, manifest: Descriptor, tags: Iterable[str]) -> Catalogue:
        """The same with `manifest` in it, and `tags` pointing to it."""
        bare = _nameless(manifest)
        tagged = {tag: _named(bare, tag) for tag in tags}
        return replace(
            self,
            manifests={**self.manifests, bare.digest: bare},
            names={**self.names, **tagged},
            rest=_others(self.rest, tagged),
        )

    def without_tag(self, tag: str) -> Catalogue:
        """The same without `tag`; its manifest stays."""
        names = {name: each for name, each in self.names.items() if name != tag}
        return replace(self, names=names, rest=_others(self.rest, {tag}))

    def without(self, digest: Digest) -> Catalogue:
        """The same without the manifest `digest` and the names that point to it."""
        gone = {name for name, each in self.names.items() if each.digest == digest}
        return replace(
            self,
            manifests={each: found for each, found in self.manifests.items() if each != digest},
            names={name: each for name, each in self.names.items() if name not in gone},
            rest=tuple(entry for entry in _others(self.rest, gone) if _digest(entry) != digest),
        )


def _others(rest: Iterable[Any], names: Collection[str]) -> tuple[Any, ...]:
    return tuple(entry for entry in rest if _name(entry) not in names)


def _digest(entry: Any) -> Any:
    return entry.get("digest") if isinstance(entry, dict) else None


def _understood(entry: Any) -> Descriptor | None:
    try:
        return Descriptor.from_json(entry, "an entry of index.json")
    except InvalidContent:
        return None


def _name(entry: Any) -> str | None:
    annotations = entry.get("annotations") if isinstance(entry, dict) else None
    name = annotations.get(REF_NAME) if isinstance(annotations, dict) else None
    return name if isinstance(name, str) else None


def _named(manifest: Descriptor, tag: str) -> Descriptor:
    return replace(manifest, annotations={**manifest.annotations, REF_NAME: tag})


def _nameless(manifest: Descriptor) -> Descriptor:
    others = {key: value for key, value in manifest.annotations.items() if key != REF_NAME}
    return replace(manifest, annotations=others)


def _is_tag(name: str) -> bool:
    try:
        return bool(check_tag(name))
    except InvalidReference:
        return False
