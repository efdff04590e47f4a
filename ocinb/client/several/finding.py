"""`ocinb.find`: files by path in several images, each distinct layer fetched and listed once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from ocinb.client.layer import RemoteLayer
from ocinb.client.limits import the_concurrency
from ocinb.client.moving.crew import USUAL
from ocinb.client.moving.jobs import side_by_side
from ocinb.client.registry import Embedded, Registry
from ocinb.client.several.failures import Failure
from ocinb.client.several.found import Findings, FoundFile, SearchedImage
from ocinb.client.several.references import Named, Target, asked_about, labels
from ocinb.client.several.working import Trouble, attempted
from ocinb.client.source import Ranged, Wanted
from ocinb.client.verbs.conversing import watched
from ocinb.errors import NotSupported
from ocinb.layers.entries import TYPES
from ocinb.layers.files import FileList
from ocinb.layers.looking.globs import matcher
from ocinb.layers.merged.image_files import filesystem
from ocinb.layers.merged.merging import NOBODY, STATES, Stack
from ocinb.oci.digest import Digest
from ocinb.oci.media_types import is_foreign
from ocinb.oci.platform import Platform
from ocinb.text import visible

MOST = 100_000  # files that are kept


def find(
    references: Named | Iterable[Named],
    pattern: str | re.Pattern[str],
    *,
    platform: str | Platform | None = None,
    regex: bool = False,
    merged: bool = True,
    registry: Registry | Embedded | None = None,
    concurrency: int = USUAL,
    progress: Wanted = None,
) -> Findings:
    """The files whose paths fit `pattern` in several images, and what became of each in its image.

    Images are named by text (`"docker.io/library/alpine:3.20"`; within `registry`, if that is
    given), or are what a tag stands for; of what `ocinb.open` gives, it is all there is. Of an
    index, it is the image for `platform`, by default for this machine, or each with `"all"`.
    `pattern` is one of a shell (`"**/libssl*"`), as in `FileSystem.glob`, or with `regex` an
    expression that is found somewhere in the path.

    Each distinct layer is fetched, verified and listed once, `concurrency` of them at a time, and
    not at all where its registry's memory or cache has it listed; so a second question costs no
    layer when it is about the same objects or names the same `Registry`. Without `merged`, layers
    are told as they are: no config is fetched, and nobody says what became of a file.

    What cannot be read is in `.failures`, and the others are told all the same. Raises `TypeError`
    for what names no image, `InvalidReference` for a bad platform, `re.error` for a bad expression.
    """
    fits = _fitting(pattern, regex=regex)
    size = the_concurrency(concurrency)
    text = pattern if isinstance(pattern, str) else pattern.pattern
    with (
        watched(progress, f"Index layers to find {visible(text, 80)}"),
        asked_about(references, platform, registry, size=size, configs=merged) as (found, missing),
    ):
        return _Search(found, fits, merged=merged).findings(text, missing, size)


def _fitting(pattern: str | re.Pattern[str], *, regex: bool) -> Callable[[str], object]:
    if isinstance(pattern, re.Pattern) or regex:
        return re.compile(pattern).search
    return matcher(pattern)


class _Search:
    """One search: what each layer holds, and where in it the files are that fit."""

    def __init__(
        self, targets: Sequence[Target], fits: Callable[[str], object], *, merged: bool
    ) -> None:
        self._targets, self._fits, self._merged = targets, fits, merged
        self._held: dict[Digest, list[RemoteLayer]] = defaultdict(list)
        self._holders: dict[Digest, dict[str, None]] = defaultdict(dict)  # in order, each once
        self._labels = labels(targets)
        for target, label in zip(targets, self._labels, strict=True):
            for layer in target.image.layers:
                self._held[layer.digest].append(layer)
                self._holders[layer.digest][label] = None
        self._lists: Mapping[Digest, FileList | Trouble] = {}
        self._matches: dict[Digest, tuple[int, ...]] = {}
        self._kept: list[FoundFile] = []
        self._left_out = 0

    def findings(self, pattern: str, missing: Sequence[Failure], size: int) -> Findings:
        """All that is found; with what is `missing` already, and what cannot be read besides."""
        jobs = [partial(_listed, layers) for layers in self._held.values()]
        self._lists = dict(zip(self._held, side_by_side(jobs, size), strict=True))
        self._matches = {digest: self._fitting(files) for digest, files in self._lists.items()}
        images, failures = [], [*missing]
        for target, label in zip(self._targets, self._labels, strict=True):
            trouble = list(self._trouble(target))
            rows = attempted(partial(self._rows, target, label))
            if isinstance(rows, Trouble):  # its layers are not those that its config names
                failures.append(Failure(target.reference, target.platform, rows))
                continue
            failures += trouble
            images.append(_searched(target, rows, complete=not trouble))
            self._keep(rows)
        return Findings(
            pattern, tuple(self._kept), tuple(images), tuple(failures), len(self._held),
            self._left_out,
        )  # fmt: skip

    def _keep(self, rows: Sequence[FoundFile]) -> None:
        some = rows[: MOST - len(self._kept)]
        self._kept += some
        self._left_out += len(rows) - len(some)

    def _fitting(self, files: FileList | Trouble) -> tuple[int, ...]:
        """The positions of those that fit, in order of path."""
        if isinstance(files, Trouble):
            return ()
        paths = files.columns.paths
        found = [at for at, path in enumerate(paths) if self._fits(path.lstrip("/") or ".")]
        return tuple(sorted(found, key=paths.__getitem__))

    def _trouble(self, target: Target) -> Iterator[Failure]:
        """Which layers of an image could not be read to their ends."""
        for layer in target.image.layers:
            files = self._lists[layer.digest]
            why = files if isinstance(files, Trouble) else files.trouble
            if why is not None:
                yield Failure(target.reference, target.platform, why, layer.position)

    def _rows(self, target: Target, label: str) -> list[FoundFile]:
        layers = target.image.layers
        if not any(self._matches[each.digest] for each in layers):
            return []
        stack = self._stack(target) if self._merged and self._can_be_merged(target) else None
        rows = [
            self._row(target, label, layer, at, stack)
            for layer in layers
            for at in self._matches[layer.digest]
        ]
        return sorted(rows, key=lambda each: (each.path, each.layer))

    def _can_be_merged(self, target: Target) -> bool:
        return not any(
            isinstance(self._lists[each.digest], Trouble) for each in target.image.layers
        )

    def _stack(self, target: Target) -> Stack:
        image = target.image

        def list_of(position: int) -> FileList:
            files = self._lists[image.layers[position].digest]
            assert isinstance(files, FileList)
            return files

        named = image.manifest.layers
        return filesystem(target.reference, named, image.config, list_of).merged.stack

    def _row(
        self, target: Target, label: str, layer: RemoteLayer, at: int, stack: Stack | None
    ) -> FoundFile:
        files = self._lists[layer.digest]
        assert isinstance(files, FileList)
        columns = files.columns
        number = stack.starts[layer.position] + at if stack is not None else 0
        by = stack.by[number] if stack is not None else NOBODY
        return FoundFile(
            target.reference,
            target.platform,
            layer.position,
            layer.digest,
            columns.paths[at].lstrip("/") or ".",
            TYPES[columns.types[at]],
            columns.sizes[at],
            STATES[stack.states[number]] if stack is not None else None,
            None if by == NOBODY else by,
            self._others(layer.digest, label),
        )

    def _others(self, digest: Digest, label: str) -> tuple[str, ...]:
        return tuple(each for each in self._holders[digest] if each != label)


def _listed(layers: Sequence[RemoteLayer]) -> FileList | Trouble:
    """The files of a layer from whoever has it; what the first of them failed with, if all did."""
    first: Trouble | None = None
    for layer in sorted(layers, key=_cost):
        found = attempted(partial(_files, layer))
        if not isinstance(found, Trouble):
            return found
        first = first or found
    assert first is not None
    return first


def _cost(layer: RemoteLayer) -> int:
    """Whether a layer is listed already, is on this machine, or must be fetched."""
    if not isinstance(layer.source, Ranged):
        return 1
    return 0 if layer.source.indexes.get(layer.descriptor) is not None else 2


def _files(layer: RemoteLayer) -> FileList:
    if layer.descriptor.urls and is_foreign(layer.descriptor.media_type):
        raise NotSupported(f"{layer.reference} is fetched elsewhere: its urls say where")
    return layer.files


def _searched(target: Target, rows: Sequence[FoundFile], *, complete: bool) -> SearchedImage:
    return SearchedImage(
        target.reference,
        target.platform,
        target.image.digest,
        len(target.image.layers),
        len(rows),
        sum(each.seen for each in rows),
        complete,
    )
