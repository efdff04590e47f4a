"""How content bound to a registry looks: what is known of it, and how to ask for more.

Nothing is fetched for a picture; what was not fetched yet is said with the Python that fetches it.
"""

from __future__ import annotations

from typing import TypeAlias

from ocinb.client.access.credentials import Credentials
from ocinb.client.layer import RemoteLayer
from ocinb.client.remote import RemoteArtifact, RemoteImage, RemoteIndex
from ocinb.client.repository import Repository
from ocinb.display import frames, parts
from ocinb.display.answers import tag_blocks, tags_summary
from ocinb.display.frames import Rows, rows
from ocinb.display.indexes import Known, Lookup, index_blocks, index_summary
from ocinb.display.manifests import (
    config_facts,
    config_folds,
    content_blocks,
    manifest_facts,
    summary,
    title,
)
from ocinb.display.parts import code, dim
from ocinb.display.tables import described, index_rows, manifest_rows
from ocinb.display.values import descriptor_facts, embedded
from ocinb.display.view import Block, Cell, Facts, Fold, Say, View, Word, view
from ocinb.oci.descriptor import Descriptor
from ocinb.protocol.tags import TagList

_Bound: TypeAlias = RemoteIndex | RemoteImage | RemoteArtifact


@view.register
def _repository(value: Repository) -> View:
    tags = value.known_tags
    if tags is None:
        said: tuple[Block, ...] = (
            Facts([("tags", parts.not_loaded(f"{value.expression}.tags()"))]),
        )
        return View("Repository", code(value.full_name), "", (*said, *_tag_commands(value)))
    example = f"{value.expression}[{_example(tags)!r}]" if tags.tags else ""
    one: tuple[Block, ...] = (Say((dim("one of them:"), code(example))),) if example else ()
    blocks = (*tag_blocks(tags), *one, *_tag_commands(value))
    return View("Repository", code(value.full_name), tags_summary(tags), blocks)


@view.register
def _remote_index(value: RemoteIndex) -> View:
    load = f"{value.expression}.load()"
    blocks = (
        *index_blocks(value.index, _lookup(value), load),
        _elsewhere(value, ("crane", "manifest"), ("oras", "manifest fetch")),
        parts.raw(value.index),
    )
    return View("Image index", parts.reference(value.reference), index_summary(value.index), blocks)


@view.register
def _remote_image(value: RemoteImage) -> View:
    config, manifest = value.known_config, value.manifest
    platform: tuple[Cell, ...] = ()
    if value.platform is not None:
        platform = (Word(str(value.platform), kind="code", tone="strong"),)
    if config is None:
        about: list[tuple[Cell, Cell]] = [
            ("config read", parts.not_loaded(f"{value.expression}.config"))
        ]
    else:
        about = config_facts(config)[1:]  # the heading says the platform
    blocks = (
        Facts([*manifest_facts(manifest), ("layers", _stacked(value)), *about]),
        *content_blocks(manifest, config),
        *(config_folds(config) if config else ()),
        *parts.annotated(manifest.annotations),
        _elsewhere(value, ("crane", "manifest"), ("crane", "config"), ("oras", "manifest fetch")),
        *((parts.raw(config, "Raw config"),) if config else ()),
        parts.raw(manifest, "Raw manifest"),
    )
    return View("Image", parts.reference(value.reference), (*platform, *summary(manifest)), blocks)


def _stacked(value: RemoteImage) -> Cell:
    """The layers in build order as they are transferred, with what is wasted once that is known."""
    files = value.known_files
    wasted = [each.wasted_compressed for each in files.layers] if files else [0] * len(value.layers)
    return parts.stacked(
        [
            (layer.descriptor.size, min(lost, layer.descriptor.size), f"layer {layer.position}")
            for layer, lost in zip(value.layers, wasted, strict=True)
        ]
    )


@view.register
def _remote_artifact(value: RemoteArtifact) -> View:
    manifest = value.manifest
    blocks = (
        Facts(manifest_facts(manifest)),
        *content_blocks(manifest),
        *parts.annotated(manifest.annotations),
        _elsewhere(value, ("crane", "manifest"), ("oras", "pull")),
        parts.raw(manifest),
    )
    return View(title(manifest), parts.reference(value.reference), summary(manifest), blocks)


@view.register
def _remote_layer(value: RemoteLayer) -> View:
    found = value.descriptor
    lines = (
        parts.crane("blob", value.reference),
        parts.oras("blob fetch --output -", value.reference),
    )
    folds = (*parts.annotated(found.annotations), *parts.commands(*lines), *embedded(found))
    name = (code(found.digest.short), parts.kind(found.media_type), parts.size(found.size))
    facts = [*descriptor_facts(found), ("files", _files(value))]
    return View(f"Layer {value.position}", name, "", (Facts(facts), *folds))


def _files(value: RemoteLayer) -> Cell:
    """How many there are once they were listed, and until then how to list them."""
    files = value.known_files
    if files is None:
        return parts.not_loaded(".files")
    return (parts.counted(len(files), "entry", "entries"), dim("in .files"))


@view.register
def _credentials(value: Credentials) -> View:
    kinds = [kind for kind in ("password", "token", "identity") if getattr(value, kind)]
    facts = Facts(
        [
            ("user", code(value.username) if value.username else ""),
            ("has", ", ".join(kinds) or "nothing"),
            ("found in", Word(value.source) if value.source else ""),
        ]
    )
    return View("Credentials", "", dim("· secrets are not shown"), (facts,))


@rows.register
def _repository_rows(value: Repository) -> Rows:
    attrs = {**value.origin, "complete": value.known_tags.complete if value.known_tags else False}
    return Rows(frames.TAG, ({"tag": tag} for tag in value.known_tags or ()), attrs)


@rows.register
def _remote_index_rows(value: RemoteIndex) -> Rows:
    return Rows(frames.INDEX, index_rows(value.index, _lookup(value)), _attrs(value))


@rows.register
def _remote_image_rows(value: RemoteImage) -> Rows:
    found = manifest_rows(value.manifest, value.known_config)
    return Rows(frames.MANIFEST, found, _attrs(value))


@rows.register
def _remote_artifact_rows(value: RemoteArtifact) -> Rows:
    return Rows(frames.MANIFEST, manifest_rows(value.manifest), _attrs(value))


@rows.register
def _remote_layer_rows(value: RemoteLayer) -> Rows:
    return Rows(frames.DESCRIPTOR, [described(value.descriptor)], {**value.source.origin})


@rows.register
def _credentials_rows(value: Credentials) -> Rows:
    return Rows(frames.VALUE, [{"type": "Credentials", "value": repr(value)}])


def _lookup(remote: RemoteIndex) -> Lookup:
    """What is known of an entry without asking anybody."""

    def known(entry: Descriptor) -> Known:
        child = remote.known(entry)
        config = child.known_config if isinstance(child, RemoteImage) else None
        return (child.document if child else None, config)

    return known


def _attrs(value: _Bound) -> dict[str, str]:
    return {**value.source.origin, "reference": value.reference, "digest": value.digest}


def _tag_commands(repository: Repository) -> tuple[Fold, ...]:
    name = repository.full_name
    return parts.commands(
        ("Python", repository.expression), parts.crane("ls", name), parts.oras("repo tags", name)
    )


def _elsewhere(value: _Bound, *verbs: tuple[str, str]) -> Fold:
    """The same in Python and for other tools: as it was asked for, and pinned by digest."""
    tools = {"crane": parts.crane, "oras": parts.oras}
    pinned = f"{value.source.expression}[{str(value.digest)!r}]"
    lines = [tools[tool](verb, value.pinned) for tool, verb in verbs]
    again = ("pinned", pinned if pinned != value.expression else "")
    here = parts.skopeo("inspect --raw", value.reference)
    return parts.commands(("Python", value.expression), again, *lines, here)[0]


def _example(tags: TagList) -> str:
    return "latest" if "latest" in tags else tags.tags[-1]
