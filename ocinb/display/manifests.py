"""How manifests, artifacts and configs look."""

from __future__ import annotations

from ocinb.display import history, parts
from ocinb.display.indexes import document_facts
from ocinb.display.parts import code, counted, digest, dim, kind, listed, moment, size
from ocinb.display.view import Block, Cell, Facts, Fold, Row, Table, View, Word, view
from ocinb.errors import OcinbError
from ocinb.oci import annotations as keys
from ocinb.oci import media_types
from ocinb.oci.config import HistoryEntry, ImageConfig
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.image import Image
from ocinb.oci.manifest import ArtifactManifest, Manifest


def manifest_facts(manifest: Manifest | ArtifactManifest) -> list[tuple[Cell, Cell]]:
    """Digest, type, size and what it is about."""
    facts = [*document_facts(manifest), ("size", _total(manifest))]
    if title(manifest) == "Artifact":
        facts.append(("artifact type", parts.media_type(manifest.artifact_type)))
    if isinstance(manifest, Manifest):
        facts.append(("config", pointed(manifest.config)))
    return [*facts, ("subject", pointed(manifest.subject))]


def pointed(descriptor: Descriptor | None) -> tuple[Cell, ...]:
    """A descriptor in one line."""
    if descriptor is None:
        return ()
    return (
        code(descriptor.digest), size(descriptor.size), kind(descriptor.media_type)
    )  # fmt: skip


def content_blocks(
    manifest: Manifest | ArtifactManifest, config: ImageConfig | None = None
) -> tuple[Block, ...]:
    """The layers of an image with the steps that made them, or the files of an artifact."""
    if isinstance(manifest, Manifest) and manifest.is_image:
        return history.steps(config, manifest.layers)
    return _files(manifest.layers, sum(blob.size for blob in manifest.layers))


def config_facts(config: ImageConfig) -> list[tuple[Cell, Cell]]:
    """How a container of this image is run."""
    return [
        ("platform", Word(str(config.platform), kind="code", tone="strong")),
        ("created", moment(config.created)),
        ("author", Word(config.author)  if config.author else ""),
        ("entrypoint", _words(config.entrypoint)),
        ("command", _words(config.cmd)),
        ("user", code(config.user) if config.user else ""),
        ("working directory", code(config.working_dir) if config.working_dir else ""),
        ("ports", listed(config.exposed_ports)),
        ("volumes", listed(config.volumes)),
        ("stop signal", code(config.stop_signal) if config.stop_signal else ""),
        ("health check", _health(config)),
    ]  # fmt: skip


def config_folds(config: ImageConfig) -> tuple[Block, ...]:
    """Environment, labels, and what is wrong with a config."""
    return (
        *parts.problems(config.problems),
        *parts.words_of("Environment", config.env, ("name", "value")),
        *parts.annotated(config.labels, "Labels"),
    )


def title(manifest: Manifest | ArtifactManifest) -> str:
    """What kind of thing a manifest is."""
    if isinstance(manifest, Manifest) and manifest.is_image:
        return "Image"
    if isinstance(manifest, Manifest) and manifest.is_attestation:
        return "Attestations"
    return "Artifact"


def summary(manifest: Manifest | ArtifactManifest) -> tuple[Cell, ...]:
    """How much there is of it."""
    what = "layer" if title(manifest) == "Image" else "blob"
    kinds: tuple[Cell, ...] = ()
    if title(manifest) == "Artifact":
        kinds = (dim("·"), kind(manifest.artifact_type))
    return (*kinds, dim(f"· {counted(len(manifest.layers), what)},"), size(manifest.total_size))


@view.register(Manifest)
@view.register(ArtifactManifest)
def _manifest(value: Manifest | ArtifactManifest) -> View:
    blocks = (
        Facts(manifest_facts(value)),
        *content_blocks(value),
        *parts.annotated(value.annotations),
        parts.raw(value),
    )
    return View(f"{title(value)} manifest", code(value.digest.short), summary(value), blocks)


@view.register
def _config(value: ImageConfig) -> View:
    blocks = (
        Facts([("digest", code(value.digest)), *config_facts(value)]),
        *history.told(value),
        *config_folds(value),
        *_diff_ids(value),
        parts.raw(value),
    )
    said = dim(f"· {counted(len(value.diff_ids), 'layer')}")
    return View("Image config", code(str(value.platform)), said, blocks)


@view.register
def _entry(value: HistoryEntry) -> View:
    facts = Facts(
        [
            ("created", moment(value.created)),
            ("author", Word(value.author) if value.author else ""),
            ("comment", Word(value.comment) if value.comment else ""),
            ("layer", "none" if value.empty_layer else "one"),
        ]
    )
    return View("Build step", history.line_of(value), "", (facts, *history.entry_blocks(value)))


@view.register
def _image(value: Image) -> View:
    manifest, config = value.manifest, _config_of(value)
    about = config_facts(config) if config else []
    blocks = (
        Facts([*manifest_facts(manifest), *about]),
        *content_blocks(manifest, config),
        *(config_folds(config) if config else ()),
        *parts.annotated(manifest.annotations),
        *((parts.raw(config, "Raw config"),) if config else ()),
        parts.raw(manifest, *(("Raw manifest",) if config else ())),
    )
    said = (*summary(manifest), dim("· ready to be pushed"))
    return View(title(manifest), code(value.digest.short), said, blocks)


def _config_of(value: Image) -> ImageConfig | None:
    """Its config where it can be read; an image that is no good can still be looked at."""
    try:
        return value.config
    except OcinbError:
        return None


def _total(manifest: Manifest | ArtifactManifest) -> tuple[Cell, ...]:
    return (size(manifest.total_size), dim("to transfer; the manifest alone"), size(manifest.size))


def _health(config: ImageConfig) -> Cell:
    """The command of docker's health check, which the image-spec only reserves a name for."""
    inner = config.json.get("config")
    check = inner.get("Healthcheck") if isinstance(inner, dict) else None
    test = check.get("Test") if isinstance(check, dict) else None
    if not isinstance(test, list) or not all(isinstance(word, str) for word in test):
        return ""
    return dim("none") if test == ["NONE"] else _words(tuple(test))


def _words(words: tuple[str, ...]) -> Cell:
    """An argument vector, as Python and Dockerfiles write it."""
    return code(f"[{', '.join(map(_quoted, words))}]") if words else ""


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _files(blobs: tuple[Descriptor, ...], whole: int) -> tuple[Block, ...]:
    if not blobs:
        return ()
    many = len(blobs) > 1

    def row(numbered: tuple[int, Descriptor]) -> Row:
        position, blob = numbered
        predicate = blob.annotations.get(keys.PREDICATE_TYPE, "")
        said = media_types.PREDICATES.get(predicate, predicate)
        name = blob.annotations.get(keys.TITLE, "") or said
        shown = Word(name, title=predicate, kind="code") if name else dim("no title")
        return Row(
            (str(position), shown, size(blob.size), *parts.share(blob.size, whole, many),
             digest(blob.digest), kind(blob.media_type))
        )  # fmt: skip

    columns = ("blob", "title", "size", *(("share",) if many else ()), "digest", "type")
    table = Table(columns, tuple(enumerate(blobs)), row, right=("blob", "size"))
    return (Fold(("Content", dim(f"({len(blobs)})")), (table,), open=True),)


def _diff_ids(config: ImageConfig) -> tuple[Block, ...]:
    if not config.diff_ids:
        return ()
    table = Table(
        ("layer", "digest of the uncompressed layer"),
        tuple(enumerate(config.diff_ids)),
        lambda numbered: Row((str(numbered[0]), code(numbered[1]))),
        right=("layer",),
        all_of_it=".diff_ids",
    )
    return (Fold(("Uncompressed layers", dim(f"({len(config.diff_ids)})")), (table,)),)
