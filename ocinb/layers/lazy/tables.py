"""Layers listed from a table of contents that comes with them: only that is fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ocinb.errors import InvalidContent, InvalidReference, NotSupported
from ocinb.layers.files import FileList, Listed
from ocinb.layers.lazy.chunks import ChunkReach, Fetch, TableContents
from ocinb.layers.lazy.contents_table import Table
from ocinb.layers.lazy.estargz import read_estargz
from ocinb.layers.lazy.fetched import Fetched
from ocinb.layers.lazy.reach import NoParts, Origin
from ocinb.layers.lazy.soci import SpanReach, read_ztoc
from ocinb.layers.lazy.zstd_chunked import read_zstd_chunked
from ocinb.layers.limits import Limits
from ocinb.oci import annotations as keys
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest

_ROUNDED = "times are whole seconds, and a name of an owner counts for all with its number"
_NAMELESS = "names of owners are not in it"
_UNREAD = (
    "the archive was not read, so nothing says that it is what the config names; each part of a "
    "file is verified when it is read"
)


@dataclass(frozen=True)
class Announced:
    """A table of contents that a descriptor announces: in which format, and with which digest."""

    format: str
    compression: str
    digest: Digest
    read: Callable[[Fetch, Limits], Table]
    lacks: str


def announced(layer: Descriptor) -> Announced | None:
    """The table of contents that comes with `layer`, by its annotations; None without any.

    Raises `InvalidContent` when the digest of it is none.
    """
    said = layer.annotations
    if keys.ESTARGZ_TOC in said:
        digest = _digest(said[keys.ESTARGZ_TOC])

        def estargz(fetch: Fetch, limits: Limits) -> Table:
            return read_estargz(fetch, layer.size, digest, limits)

        return Announced("eStargz", "gzip", digest, estargz, _ROUNDED)
    checksum = _first(said, keys.ZSTD_CHUNKED_CHECKSUMS)
    if not checksum:
        return None
    zstd_digest, position = _digest(checksum), _first(said, keys.ZSTD_CHUNKED_POSITIONS)

    def zstd_chunked(fetch: Fetch, limits: Limits) -> Table:
        return read_zstd_chunked(fetch, layer.size, zstd_digest, position, limits)

    return Announced("zstd:chunked", "zstd", zstd_digest, zstd_chunked, _NAMELESS)


def from_table(
    layer: Descriptor,
    found: Announced,
    origin: Origin,
    name: str,
    limits: Limits | None = None,
) -> FileList:
    """The files of `layer` as its table of contents has them; `name` is for people.

    The table is what the manifest names, and what is read later is what the table says. Raises
    `InvalidContent` for a table that goes against a rule or a limit, `DigestMismatch` for another,
    `NotSupported` without what unpacks it, and `NoParts` where no parts are to be had.
    """
    limits = limits or Limits()
    listing = Fetched(layer.size)
    table = found.read(lambda start, stop: origin.part(start, stop, listing), limits)
    opening = Fetched(layer.size, listing.opening)
    notes = (
        f"listed from its {found.format} table of contents, which the manifest names: "
        f"{listing.opening:,} of {layer.size:,} bytes were fetched; {found.lacks}",
        _UNREAD,
    )
    about = Listed(
        name, found.compression, layer.size, table.content, None, False, None, notes, found.format
    )
    reach = ChunkReach(table, found.compression, _fetch(origin, opening, name), opening)
    return FileList(about, table.found, TableContents(reach, limits, found.digest))


def from_ztoc(
    layer: Descriptor,
    raw: bytes,
    origin: Origin,
    name: str,
    limits: Limits | None = None,
) -> FileList:
    """The files of `layer` as its SOCI index `raw` has them, which the manifest must name.

    Raises `InvalidContent` for an index of another layer, or against a rule or a limit.
    """
    limits = limits or Limits()
    ztoc = read_ztoc(raw, layer.size, limits)
    opening = Fetched(layer.size, len(raw))
    notes = (
        f"listed from its SOCI index, which the manifest names: {len(raw):,} bytes of that were "
        f"fetched, and none of the {layer.size:,} of the layer",
        _UNREAD,
    )
    about = Listed(name, "gzip", layer.size, ztoc.unpacked, None, False, None, notes, "SOCI")
    reach = SpanReach(ztoc, _fetch(origin, opening, name), opening)
    return FileList(about, ztoc.table.found, TableContents(reach, limits, Digest.of(raw)))


def _fetch(origin: Origin, opening: Fetched, name: str) -> Fetch:
    """How parts are fetched when files are opened."""

    def fetch(start: int, stop: int) -> bytes:
        try:
            return origin.part(start, stop, opening)
        except NoParts as error:
            raise NotSupported(
                f"parts of {name} are not to be had any more",
                hints=["list_files() reads all of it, and needs no parts"],
            ) from error

    return fetch


def _first(said: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((said[name] for name in names if name in said), "")


def _digest(said: str) -> Digest:
    try:
        return Digest(said)
    except InvalidReference as error:
        raise InvalidContent(f"the annotation that names a table of contents: {error}") from None
