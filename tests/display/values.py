"""A value of every kind, with text of one's choice in every field that can hold some."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import ocinb
from ocinb import errors
from ocinb.client.access.credentials import Credentials
from ocinb.client.layer import RemoteLayer
from ocinb.client.remote import RemoteArtifact, RemoteImage, RemoteIndex
from ocinb.client.secret import Secret
from ocinb.client.several.failures import Failure
from ocinb.client.several.found import Findings, FoundFile, SearchedImage
from ocinb.client.several.shared import SharedLayer, SharedLayers, SharingImage
from ocinb.drawable import Drawable
from ocinb.layers.diffs.comparing import diff_files
from ocinb.layers.diffs.files import FileChange, FilesDiff
from ocinb.layers.diffs.images import ImageDiff
from ocinb.layers.diffs.packages import PackageChange, PackagesDiff
from ocinb.layers.diffs.texts import ContentDiff
from ocinb.layers.entries import Columns, FileEntry
from ocinb.layers.extraction.extracted import Extracted, LeftOut
from ocinb.layers.files import FileList, Listed
from ocinb.layers.filesystem import FileSystem
from ocinb.layers.inspecting.os_release import OsRelease
from ocinb.layers.inspecting.packages.found import Database, Package, PackageList
from ocinb.layers.inspecting.permissions import Finding, PermissionReport
from ocinb.layers.looking.content import Content
from ocinb.layers.treemap import Treemap
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.config import HistoryEntry, ImageConfig, parse_config
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.diffs.fields import Change, FieldsDiff
from ocinb.oci.diffs.history import diff_history
from ocinb.oci.diffs.layers import diff_layers
from ocinb.oci.diffs.platforms import diff_indexes
from ocinb.oci.diffs.regard import Regard
from ocinb.oci.digest import Digest
from ocinb.oci.document import encode
from ocinb.oci.image import Blob, Image, ImageIndex
from ocinb.oci.index import Index
from ocinb.oci.manifest import ArtifactManifest, Manifest
from ocinb.oci.platform import Platform
from ocinb.protocol import endpoints
from ocinb.protocol.capabilities import Capabilities
from ocinb.protocol.catalog import CatalogList
from ocinb.protocol.copying.copied import Copied, CopyBlob, CopyNode, CopyPlan
from ocinb.protocol.delete import Deleted
from ocinb.protocol.fields.challenge import Challenge
from ocinb.protocol.messages import Exchange, Request, Response, Step
from ocinb.protocol.ping import Ping
from ocinb.protocol.probes.findings import Capability
from ocinb.protocol.push import Pushed
from ocinb.protocol.referring.referrers import ReferrerList
from ocinb.protocol.sizes import TagSize, TagSizes
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.tags import TagList
from ocinb.protocol.uploads.session import UploadSession
from ocinb.registry import sample
from ocinb.registry.lessons import Lesson
from ocinb.registry.refusals import Hangup, Refusal
from ocinb.storage.layout import Layout
from ocinb.storage.memory import MemoryStore
from ocinb.storage.store import Store

D = TypeVar("D")
WHEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class Say:
    """Gives each field a text of its own, and remembers which ones it gave."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.said: dict[str, str] = {}

    def __call__(self, field: str) -> str:
        self.said[field] = f"{field}~{self.text}"
        return self.said[field]


def first(app: ImageIndex) -> tuple[Image, Manifest, ImageConfig]:
    """The first image of the sample, its manifest and its config."""
    image = app.children[0]
    assert isinstance(image, Image)
    assert isinstance(image.manifest, Manifest)
    return image, image.manifest, parse_config(b"".join(image.blobs[0]))


def digest(number: int) -> Digest:
    return Digest.of(b"%d" % number)


def platform(say: Say, of: str) -> Platform:
    return Platform(
        say(f"{of}-os"), say(f"{of}-arch"), say(f"{of}-variant"), say(f"{of}-version"),
        (say(f"{of}-feature"),),
    )  # fmt: skip


def descriptor(say: Say, of: str, number: int = 1, **fields: Any) -> Descriptor:
    return Descriptor(
        say(f"{of}-type"),
        digest(number),
        1_234_567,
        {say(f"{of}-key"): say(f"{of}-value")},
        platform(say, of),
        say(f"{of}-artifact"),
        (say(f"{of}-url"),),
        say(f"{of}-data").encode("utf-8", "replace"),
        {say(f"{of}-unknown"): 1},
        **fields,
    )


def document(kind: Callable[..., D], say: Say, *rest: Any) -> D:
    raw = encode({"field": say("raw").encode("utf-8", "replace").decode("utf-8", "replace")})
    return kind(raw, say("type"), Digest.of(raw), {"field": "x"}, *rest)


def manifest(say: Say, config_type: str | None = None) -> Manifest:
    config = descriptor(say, "config", 7)
    return document(
        Manifest, say,
        replace(config, media_type=config_type) if config_type else config,
        (descriptor(say, "layer", 2), descriptor(say, "other", 3)),
        {say("key"): say("value")}, descriptor(say, "subject", 4), say("artifact"),
    )  # fmt: skip


def artifact(say: Say) -> ArtifactManifest:
    return document(
        ArtifactManifest, say, say("artifact"), (descriptor(say, "blob", 2),),
        {say("key"): say("value")}, descriptor(say, "subject", 4),
    )  # fmt: skip


def index(say: Say) -> Index:
    image = descriptor(say, "image", 1)
    attestation = replace(
        descriptor(say, "attestation", 2),
        annotations={
            keys.REFERENCE_TYPE: keys.ATTESTATION_MANIFEST,
            keys.REFERENCE_DIGEST: str(image.digest),
        },
    )
    orphan = replace(
        attestation,
        digest=digest(3),
        annotations={**attestation.annotations, keys.REFERENCE_DIGEST: say("orphan")},
    )
    return document(
        Index, say, (image, attestation, orphan), {say("key"): say("value")},
        descriptor(say, "subject", 4), say("artifact"),
    )  # fmt: skip


def config(say: Say) -> ImageConfig:
    steps = (
        HistoryEntry(say("step"), WHEN, say("step-author"), say("step-comment")),
        HistoryEntry(say("empty-step"), WHEN, empty_layer=True),
        HistoryEntry(comment=say("only-comment")),
    )
    return document(
        ImageConfig, say, platform(say, "platform"), WHEN, say("author"), (f"{say('env')}=1",),
        (say("entrypoint"),), (say("cmd"),), say("user"), say("dir"), say("signal"),
        (say("port"),), (say("volume"),), {say("label"): say("label-value")},
        (digest(5), digest(6)), steps, (say("problem"),),
    )  # fmt: skip


def built(say: Say) -> ocinb.Image:
    """An image that can be built on, with all its config says."""
    said = {
        "os": say("os"),
        "history": [{"created_by": say("step")}],
        "config": {
            "Env": [f"{say('env')}=1"],
            "Labels": {say("label"): say("label-value")},
            "Healthcheck": {"Test": [say("health")]},
        },
    }
    config = Blob.of(encode(said), media_types.CONFIG)
    return ocinb.Image.of(config, [], annotations={say("key"): say("value")})


def request(say: Say, of: str = "request") -> Request:
    headers = {
        "content-type": "text/plain",
        say(f"{of}-header"): "1",
        "accept": say(f"{of}-accept"),
    }
    return Request(say(f"{of}-method"), say(f"{of}-url"), headers, _bytes(say(f"{of}-body")))


def response(say: Say) -> Response:
    headers = {"content-type": "text/plain", "server": say("server"), say("header"): "1"}
    return Response(418, headers, _bytes(say("body")), request=request(say))


def step(say: Say) -> Step:
    return Step(say("title"), request(say), endpoints.GET_BLOB, say("why"))


def stepper(say: Say) -> Stepper[str]:
    def talk():
        yield step(say)
        yield replace(step(say), title=say("next"))
        return say("result")

    walk = Stepper(talk(), lambda _: response(say), clock=lambda: 0.0)
    walk.step()
    return walk


def tags(say: Say) -> TagList:
    return TagList(
        say("repository"), (say("tag"), say("tag2")), 2, False, (say("odd"),), say("note")
    )


def referrers(say: Say) -> ReferrerList:
    return ReferrerList(
        digest(9), (descriptor(say, "referrer"),), 2, False, "api", say("note"), say("wanted"),
        True, (descriptor(say, "refuted", 2),),
    )  # fmt: skip


def capabilities(say: Say) -> Capabilities:
    found = (
        Capability("referrers", say("title"), endpoints.LIST_REFERRERS, "yes", say("evidence")),
        Capability("upload", say("written"), endpoints.OPEN_UPLOAD, "no", say("no"), writes=True),
    )
    where = say("registry"), ping(say), say("repository"), say("scratch")
    return Capabilities(*where, found, (say("made"),), (say("left"),))


def catalog(say: Say) -> CatalogList:
    return CatalogList(
        say("registry"), (say("name"), say("name2")), 2, False, (say("odd"),), say("note"),
        say("expression"),
    )  # fmt: skip


def ping(say: Say) -> Ping:
    return Ping(401, say("version"), (Challenge(say("scheme"), {say("name"): say("value")}),),
                say("server"))  # fmt: skip


def files(say: Say) -> FileList:
    """The listing of a layer that broke off after a link, an attribute and a whiteout."""
    found = Columns()
    found.paths += [say("path"), f".wh.{say('hidden')}"]
    found.types += bytes([2, 7])
    found.known_owners.append((1, 2))
    found.known_names.append((say("user"), say("group")))
    for column in (found.sizes, found.mtimes, found.owners, found.names, found.offsets, found.data):
        column.extend([0, 0])
    found.modes.extend([0o4755, 0])
    found.odd.extend([1, 0])
    found.targets[0], found.xattrs[0] = say("target"), {say("xattr"): b"x"}
    found.settle()
    trouble = errors.InvalidArchive(say("trouble"), rule=say("rule"), entry=2, offset=1_024)
    return FileList(
        Listed(say("layer"), "gzip", 10, 20, digest(1), True, trouble, (say("note"),)), found
    )


def filesystem(say: Say) -> FileSystem:
    """Two layers, of which the upper one has what the lower one has, and another whiteout."""
    lower, upper = files(say), files(say)
    lower.columns.sizes[0] = upper.columns.sizes[0] = 7
    return FileSystem.of([lower, upper], created_by=[say("made")], name=say("image"))


def treemap(say: Say) -> Treemap:
    """Folders in each other with many files of many layers in them, all named alike."""
    path, group = say("path").replace("/", "|"), say("group")
    found = [
        (f"{path}{top}/{path}/{path}{number}", 1_000 + 37 * number, f"{group}{number % 20}")
        for number in range(150)
        for top in ("a", "b")
    ]
    return Treemap.of(say("image"), "layer", lambda: found)


def sizes(say: Say) -> TagSizes:
    """Two tags of an image for the same platform, and one that could not be looked at."""
    one = TagSize(say("tag"), platform(say, "platform"), digest(1), 1_234, 2, WHEN)
    two = replace(one, tag=say("tag2"), size=2_345, shared=1_000, created=None)
    return TagSizes(say("repository"), (one, two), 3, ((say("bad-tag"), say("why")),))


def installed(say: Say) -> PackageList:
    """A package as databases of strangers may have it, and one of those that broke off."""
    package = Package(
        say("package"), say("version"), say("architecture"), "rpm", say("built-from"),
        say("source-version"), 1_234_567, say("licence"), say("about"), say("database"), 1,
    )  # fmt: skip
    return PackageList((package,), (Database(say("database"), "rpm", 1, say("trouble"), 1),))


def permissions(say: Say) -> PermissionReport:
    """One reason to look at a file, of many that are counted."""
    finding = Finding(
        say("path"), "setuid", say("why"), "file", "-rwsr-xr-x", 0o4755, 1, 2, say("user"),
        say("group"),
    )  # fmt: skip
    return PermissionReport((finding,), {"setuid": 20_000}, (say("note"),), say("selection"))


def failures(say: Say) -> Iterator[tuple[str, errors.OcinbError]]:
    text = say("message")
    hints = [say("hint")]
    for kind in (
        errors.OcinbError, errors.InvalidContent, errors.InvalidArchive, errors.NotSupported,
        errors.Cancelled,
    ):  # fmt: skip
        yield kind.__name__, kind(text, hints=hints)
    yield "DiskFull", errors.DiskFull(text, path=text, needed=1, hints=hints)
    yield "InvalidReference", errors.InvalidReference(text, say("part"), say("rule"), hints=hints)
    yield "DigestMismatch", errors.DigestMismatch(text, text, source=text, hints=hints)
    for no in (
        errors.RegistryError, errors.AuthenticationError, errors.Denied, errors.NotFound,
        errors.NotHere, errors.RateLimited, errors.ServerFault, errors.ListingDisabled,
        errors.DeleteDisabled, errors.KindRefused, errors.NotARegistry, errors.UnexpectedAnswer,
    ):  # fmt: skip
        yield no.__name__, no(418, text, text, method=text, url=text, hints=hints)
    yield "Hangup", Hangup(reset=True)
    yield "Refusal", Refusal(404, text, text, method=text, url=text, hints=hints)
    for lost in (
        errors.TransferError, errors.Unreachable, errors.UntrustedServer, errors.TruncatedBody,
        errors.TransferStalled,
    ):  # fmt: skip
        yield lost.__name__, lost(text, method=text, url=text, hints=hints)


def bound(say: Say) -> Iterator[tuple[str, Drawable]]:
    """What is bound to a registry, known and unknown."""
    registry = ocinb.Registry("registry.example")
    registry.last_ping = ping(say)
    registry.known_capabilities, registry.known_catalog = capabilities(say), catalog(say)
    yield "Registry", registry
    yield "fresh Registry", ocinb.Registry("registry.example")
    repository = registry["some/app"]
    yield "fresh Repository", repository
    found = manifest(say, media_types.CONFIG)
    yield "fresh RemoteImage", RemoteImage(repository, "v1", found)
    yield "RemoteArtifact", RemoteArtifact(repository, say("asked"), artifact(say))
    yield "RemoteLayer", RemoteLayer(repository, found.layers[0], 3)
    listing = index(say)
    yield "fresh RemoteIndex", RemoteIndex(repository, say("asked"), listing)
    other = ocinb.Registry("registry.example")["some/app"]
    other.known_tags = tags(say)
    yield "Repository", other
    known = replace(config(say), digest=found.config.digest)
    documents = {known.digest: known, listing.images[0].digest: found}
    other.known = documents.get  # type: ignore[method-assign, assignment]
    yield "RemoteImage", RemoteImage(other, say("asked"), found, platform(say, "remote"))
    yield "RemoteIndex", RemoteIndex(other, say("asked"), listing)


def copied_nodes(say: Say) -> tuple[CopyNode, ...]:
    """One of every outcome, below each other, beside each other and of nothing that is there."""
    blobs = (
        CopyBlob(descriptor(say, "sent", 2), "sent"),
        CopyBlob(descriptor(say, "mounted", 3), "mounted", say("repository")),
        CopyBlob(descriptor(say, "old", 4), "existed"),
        CopyBlob(descriptor(say, "foreign", 5), "left out"),
    )
    root, child = descriptor(say, "root", 1), descriptor(say, "child", 6)
    return (
        CopyNode(root, "asked for", None, "copied", (say("tag"),), blobs, say("note")),
        CopyNode(child, "named", root.digest, "existed"),
        CopyNode(descriptor(say, "sbom", 7), "refers", child.digest, "left out", note=say("note")),
        CopyNode(descriptor(say, "sig", 8), "tagged", digest(99), "merged", (say("sig-tag"),)),
    )


def several(say: Say) -> Iterator[tuple[str, Drawable]]:
    """What was found in several images and what they share, with one that could not be read."""
    names = say("reference"), say("platform")
    file = FoundFile(*names, 1, digest(1), say("path"), "file", 7, "deleted", 2, (say("other"),))
    unknown = replace(file, path=say("path2"), state=None, by=None, also_in=())
    failed = Failure(*names, errors.OcinbError(say("message")), 3)
    lost = replace(failed, error=OSError(say("system")), layer=None)
    searched = SearchedImage(*names, digest(2), 3, 2, 1, complete=False)
    found = Findings(say("pattern"), (file, unknown), (searched,), (failed, lost), 4, 5)
    yield "Findings", found
    yield "empty Findings", Findings(say("pattern"), (), (), (), 0)
    yield "FoundFile", file
    yield "SearchedImage", searched
    yield "Failure", failed
    one = SharingImage(say("name"), *names, digest(1), (digest(2), digest(3)))
    two = replace(one, name=say("name2"), layers=(digest(2),))
    layers = (
        SharedLayer(digest(2), say("type"), 1_000, (one.name, two.name)),
        SharedLayer(digest(3), say("type"), 0, (one.name,)),
    )
    shared = SharedLayers((one, two), layers, (lost,), (say("note"),))
    yield "SharedLayers", shared
    yield "empty SharedLayers", SharedLayers((), ())
    yield "SharingImage", one
    yield "SharedLayer", layers[0]
    yield "LayerTable", shared.layers


def differences(say: Say) -> Iterator[tuple[str, Drawable]]:
    """Two things of each kind that can be compared, which differ in all they say."""
    names = say("a"), say("b")
    ones = Say(say.text), Say(f"other {say.text}")
    manifests = [manifest(one) for one in ones]
    configs = [config(one) for one in ones]
    indexes = [index(one) for one in ones]
    changes = (
        Change(("annotations", say("key")), say("before"), say("after")),
        Change((say("added"),), None, [say("list"), 1]),
        Change((say("removed"),), {say("object"): True}, None),
    )
    yield "FieldsDiff", FieldsDiff("the manifests", *names, changes)
    yield "same FieldsDiff", manifests[0].diff(manifests[0])
    yield "HistoryDiff", diff_history(configs[0], configs[1], Regard(), names)
    ids = configs[0].diff_ids, ()
    yield "LayersDiff", diff_layers(manifests[0].layers, manifests[1].layers[:1], names, ids)
    yield "IndexDiff", diff_indexes(indexes[0], indexes[1], Regard.of(semantic=True))
    listings = files(ones[0]), files(ones[1])
    yield "FilesDiff", diff_files(*listings, Regard(), names)
    entry = listings[0][0]
    moved = FileChange(say("path"), entry, entry, (), say("old"), digest(1), digest(1))
    yield "other FilesDiff", FilesDiff(*names, (moved,), 1, (say("unread"),), 2, complete=False)
    contents = [Content(say("path"), _bytes(one("text")), 1_000) for one in ones]
    yield "ContentDiff", ContentDiff(say("path"), contents[0], contents[1], *names)
    binary = Content(say("path"), b"\0" + _bytes(say("text")), 1_000)
    yield "binary ContentDiff", ContentDiff(say("path"), binary, contents[1], *names)
    package = PackageChange(
        say("package"), say("architecture"), say("manager"), (say("old"),), (say("new"),)
    )
    yield "PackagesDiff", PackagesDiff(*names, (package,), 3, complete=False)
    images = ImageDiff(Image(manifests[0], ()), Image(manifests[1], ()), Regard(), names)
    yield "fresh ImageDiff", images
    looked = ImageDiff(*images.sides, Regard(), names)
    assert len(looked.manifest) + len(looked.layers) == 0  # which have the same digests
    yield "ImageDiff", looked


def every(say: Say) -> Iterator[tuple[str, Drawable]]:
    """A value of every kind, with its name."""
    yield "Reference", ocinb.Reference(say("registry"), say("repository"), say("tag"), digest(1))
    yield "Platform", platform(say, "platform")
    yield "Descriptor", descriptor(say, "it")
    yield "Blob", Blob(descriptor(say, "it"), lambda: [b""])
    yield "Manifest", manifest(say)
    yield "image Manifest", manifest(say, media_types.CONFIG)
    yield "ArtifactManifest", artifact(say)
    yield "Index", index(say)
    yield "ImageConfig", config(say)
    yield "HistoryEntry", config(say).history[0]
    yield "Image", Image(manifest(say), ())
    yield "built Image", built(Say(_bytes(say.text).decode()[:100_000]))  # as JSON may have it
    yield "ImageIndex", ImageIndex(index(say), (Image(manifest(say), ()),))
    yield "TagList", tags(say)
    yield "ReferrerList", referrers(say)
    yield "Capabilities", capabilities(say)
    yield "CatalogList", catalog(say)
    yield "UploadSession", UploadSession(say("location"), digest(1), 1_234, 56, 7)
    yield "Deleted", Deleted("tag", say("reference"), digest(1), False, say("note"))
    yield "FileList", files(say)
    yield "FileEntry", files(say)[0]
    yield "whiteout FileEntry", files(say)[1]
    yield "lone FileEntry", FileEntry(say("path"), "other", mtime=WHEN, device=(8, 1))
    yield "Content", Content(say("path"), _bytes(say("text")), 1_000)
    left = (LeftOut(say("path"), "fifo", "fifos are never made"),)
    yield "Extracted", Extracted(say("folder"), 1, 2, 3, 4, 5, left, {"setuid dropped": 6})
    yield "binary Content", Content(say("path"), b"\0" + _bytes(say("text")), 1_000)
    merged = filesystem(say)
    yield "FileSystem", merged
    yield "part of a FileSystem", merged.all
    yield "LayeredEntry", merged[0]
    yield "LayeredEntry that was taken away", merged.superseded[0]
    yield "LayerShare", merged.layers[0]
    yield "Waste", merged.waste
    yield "WastedPath", merged.waste.paths[0]
    yield "Treemap", treemap(say)
    yield "Treemap by state", merged.treemap("state")
    yield "empty Treemap", merged[:0].treemap()
    yield "TagSizes", sizes(say)
    yield "TagSize", sizes(say)[1]
    yield "PackageList", installed(say)
    yield "Package", installed(say)[0]
    release = {say("name"): say("value"), "PRETTY_NAME": say("pretty"), "ID": say("id")}
    yield "OsRelease", OsRelease(say("path"), release, (say("problem"),))
    yield "PermissionReport", permissions(say)
    yield "Finding", permissions(say)[0]
    yield from differences(say)
    yield from several(say)
    yield "Ping", ping(say)
    yield "Challenge", ping(say).challenges[0]
    yield "Endpoint", endpoints.MOUNT_BLOB
    yield "Request", request(say)
    yield "Response", response(say)
    yield "Step", step(say)
    yield "Exchange", Exchange(step(say), response(say), 0.5, 201)
    yield "Stepper", stepper(say)
    blobs = (
        (descriptor(say, "sent"), "uploaded"),
        (descriptor(say, "old", 2), "existed"),
        (descriptor(say, "mounted", 3), "mounted"),
    )
    yield "Pushed", Pushed(descriptor(say, "root"), (say("tag"),), blobs)  # type: ignore[arg-type]
    copying = (say("source"), say("target"), (say("tag"),), copied_nodes(say), (say("why"),))
    yield "Copied", Copied(*copying)
    yield "CopyPlan", CopyPlan(*copying)
    yield "CopyNode", copied_nodes(say)[0]
    yield (
        "Credentials",
        Credentials(say("user").replace(":", ""), Secret("x"), source=say("source")),
    )
    yield from failures(say)
    yield from bound(say)


def stores(say: Say, folder: Path) -> Iterator[tuple[str, Drawable]]:
    """Places that hold content, named with what they allow; `folder` is made for them."""
    memory = MemoryStore()
    hold(memory, say)
    yield "MemoryStore", memory
    yield "empty MemoryStore", MemoryStore()
    layout = Layout(folder / name(say("folder")))
    yield "empty Layout", Layout(layout.path)
    hold(layout, Say(_bytes(say.text).decode()))  # JSON has no half characters
    yield "Layout", layout
    yield "read Layout", Layout(layout.path)
    yield "layout LocalRepository", ocinb.open(layout.path)
    saved = folder / name(say("archive.tar"))
    ocinb.save(sample.sbom(sample.app()), saved, format="oci-archive")
    yield "Archive", ocinb.open(saved).store
    yield "nameless LocalRepository", ocinb.open(saved)
    cache = ocinb.Cache(folder / name(say("cache")))
    filling = cache.begin(Digest.of(b"x"), 1)
    assert filling is not None
    filling.write(b"x")
    filling.keep()
    yield "Cache", cache
    yield "empty Cache", ocinb.Cache(folder / "nothing")
    local = ocinb.LocalRegistry()
    hold(local._state.repositories.store("demo/app"), say)
    yield "LocalRegistry", local
    yield "LocalRegistry on disk", ocinb.LocalRegistry(folder / name(say("registry")))
    yield "empty LocalRegistry", ocinb.LocalRegistry()
    yield "Lesson", Lesson(local, say("rule"), lambda request, handle: handle(request))


def hold(store: Store, say: Say) -> None:
    """Put hostile names and types into a store, and a tag that can be one."""
    found = descriptor(say, "it")
    store.put_manifest(b"1", replace(found, platform=None), [say("tag"), "v1"])


def name(text: str) -> str:
    """`text` as far as it can name a folder."""
    return _bytes(text).decode().replace("/", "_").replace("\0", "_")[:60]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
