"""How two listings are compared: by path, by what entries say, and by the digests of content."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

from ocinb.layers.diffs.files import FileChange, Files, FilesDiff
from ocinb.layers.entries import FileEntry
from ocinb.layers.files import FileList
from ocinb.layers.filesystem import FileSystem
from ocinb.oci.diffs.regard import Regard
from ocinb.oci.digest import Digest

_READ = ("file", "other")  # what has content of its own


def diff_files(a: Files, b: Files, regard: Regard, names: tuple[str, str]) -> FilesDiff:
    """What the two have differently.

    Paths are compared as they are written, with no link followed; of one that comes again in a
    layer, the last entry counts. Files whose layers have the same digest and that stand at the
    same place in it are the same without a look. Content is hashed in one pass over each layer
    that has files of the same path and size; see `Regard` for what is read.
    """
    if _identical(a, b):
        return FilesDiff(*names, compared=len(a), identical=True, regard=regard, sides=(a, b))
    return _Comparison(a, b, regard).diff(names)


def _identical(a: Files, b: Files) -> bool:
    """Whether both are all of the same layers."""
    if a is b:
        return True
    if a.selection or b.selection:
        return False
    if isinstance(a, FileList) and isinstance(b, FileList):
        return _same(a, b)
    if isinstance(a, FileSystem) and isinstance(b, FileSystem):
        lists, others = a.merged.lists, b.merged.lists
        return len(lists) == len(others) and all(map(_same, lists, others))
    return False


def _same(a: FileList, b: FileList) -> bool:
    """Whether both list the same archive."""
    return a.columns is b.columns or (a.diff_id is not None and a.diff_id == b.diff_id)


class _Side:
    """The entries of one side by path: each made when it is needed, as there may be a million."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.numbers = {path.lstrip("/") or ".": n for n, path in enumerate(files.paths)}

    def place(self, path: str) -> tuple[FileList, int]:
        """The layer that has this path, and the position in it."""
        number = self.numbers[path]
        if isinstance(self.files, FileList):
            return self.files, self.files.positions[number]
        layer, position = self.files.merged.place(self.files.numbers[number])
        return self.files.merged.lists[layer], position

    def entry(self, path: str) -> FileEntry:
        """The entry itself."""
        return self.files[self.numbers[path]]

    def paths(self) -> list[str]:
        """All paths in their order."""
        return sorted(self.numbers, key=self.numbers.__getitem__)


class _Comparison:
    """One comparison as it goes on."""

    def __init__(self, a: Files, b: Files, regard: Regard) -> None:
        self._regard = regard
        self._a, self._b = _Side(a), _Side(b)
        self._known: dict[tuple[int, int], bool] = {}  # which layers are the same
        self._found: dict[str, FileChange] = {}
        self._doubtful: list[str] = []  # of the same size: only content can tell
        self._unread: list[str] = []
        self._digests = _Digests()

    def diff(self, names: tuple[str, str]) -> FilesDiff:
        both = self._a.numbers.keys() & self._b.numbers.keys()
        for path in both:
            if not self._is_shared(path):
                self._compare(path, self._a.entry(path), self._b.entry(path))
        gone = sorted(self._a.numbers.keys() - both)
        come = sorted(self._b.numbers.keys() - both)
        self._found |= {path: FileChange(path, self._a.entry(path), None) for path in gone}
        self._found |= {path: FileChange(path, None, self._b.entry(path)) for path in come}
        if self._regard.contents is True:
            self._want_moved(gone, come)
        self._read()
        if self._regard.contents is True:
            self._find_moved(gone, come)
        files = self._a.files, self._b.files
        return FilesDiff(
            *names,
            tuple(self._found[path] for path in sorted(self._found)),
            len(both),
            tuple(sorted(self._unread)),
            self._reordered(),
            complete=files[0].complete and files[1].complete,
            regard=self._regard,
            sides=files,
        )

    def _is_shared(self, path: str) -> bool:
        """Whether both have it from the same place in the same layer: it need not be looked at."""
        (one, position), (other, there) = self._a.place(path), self._b.place(path)
        if position != there:
            return False
        key = id(one.columns), id(other.columns)
        if key not in self._known:
            self._known[key] = _same(one, other)
        return self._known[key]

    def _compare(self, path: str, a: FileEntry, b: FileEntry) -> None:
        aspects = _aspects(a, b, self._regard)
        if aspects:
            self._found[path] = FileChange(path, a, b, aspects)
        readable = a.type == b.type and a.type in _READ and a.size == b.size > 0
        if readable and self._regard.contents is not False:
            self._doubtful.append(path)
            self._digests.want(*self._a.place(path))
            self._digests.want(*self._b.place(path))

    def _read(self) -> None:
        """Hash what has to be hashed, each layer once, and see what of it differs."""
        self._digests.read()
        for path in self._doubtful:
            before, after = self._of(self._a, path), self._of(self._b, path)
            if before is None or after is None:
                self._unread.append(path)
            elif before != after or path in self._found:
                self._note(path, before, after)

    def _note(self, path: str, before: Digest, after: Digest) -> None:
        aspects = self._found[path].aspects if path in self._found else ()
        if before != after:
            aspects = (*aspects, "content")
        entries = self._a.entry(path), self._b.entry(path)
        self._found[path] = FileChange(path, *entries, aspects, "", before, after)

    def _want_moved(self, gone: list[str], come: list[str]) -> None:
        """Have those read of which there is one of the same size on the other side."""
        sizes = self._sizes(gone) & self._sizes(come) - {0}
        for side, paths in ((self._a, gone), (self._b, come)):
            for path in paths:
                if self._size(path) in sizes:
                    self._digests.want(*side.place(path))

    def _sizes(self, paths: list[str]) -> set[int | None]:
        return {self._size(path) for path in paths} - {None}

    def _size(self, path: str) -> int | None:
        entry = self._found[path].before or self._found[path].after
        return entry.size if entry is not None and entry.type in _READ else None

    def _find_moved(self, gone: list[str], come: list[str]) -> None:
        """Pair what was removed with what was added, where the content is the same."""
        left: dict[Digest, list[str]] = defaultdict(list)
        for path in reversed(gone):
            digest = self._of(self._a, path)
            if digest is not None:
                left[digest].append(path)
        for path in come:
            digest = self._of(self._b, path)
            if digest is not None and left.get(digest):
                self._move(left[digest].pop(), path, digest)

    def _move(self, old: str, path: str, digest: Digest) -> None:
        before, after = self._a.entry(old), self._b.entry(path)
        aspects = _aspects(before, after, self._regard)
        del self._found[old]
        self._found[path] = FileChange(path, before, after, aspects, old, digest, digest)

    def _of(self, side: _Side, path: str) -> Digest | None:
        return self._digests.get(*side.place(path))

    def _reordered(self) -> int:
        """How many of the entries that both layers have do not come in the same order."""
        layers = isinstance(self._a.files, FileList) and isinstance(self._b.files, FileList)
        if not self._regard.order or not layers:
            return 0
        numbers = self._b.numbers
        there = [numbers[path] for path in self._a.paths() if path in numbers]
        return len(there) - _longest_rising(there)


def _longest_rising(numbers: Sequence[int]) -> int:
    lowest: list[int] = []
    for each in numbers:
        at = bisect_left(lowest, each)
        lowest[at : at + 1] = [each]
    return len(lowest)


def _aspects(a: FileEntry, b: FileEntry, regard: Regard) -> tuple[str, ...]:
    """What two entries say differently; their content is another matter."""
    hashed = a.type in _READ and b.type in _READ
    found = {
        "type": a.type != b.type,
        "mode": a.mode != b.mode,
        "owner": regard.owners and (a.uid, a.gid) != (b.uid, b.gid),
        "names": regard.names and (a.user, a.group) != (b.user, b.group),
        "size": hashed and a.size != b.size,
        "time": regard.times and a.mtime != b.mtime,
        "target": a.target != b.target,
        "device": a.device != b.device,
        "attributes": a.xattrs != b.xattrs,
        "content": hashed and a.size != b.size,
    }
    return tuple(name for name, differs in found.items() if differs)


class _Digests:
    """The digests of entries, found in one pass over each layer that has some of them."""

    def __init__(self) -> None:
        self._wanted: dict[int, tuple[FileList, set[int]]] = {}
        self._found: dict[int, dict[int, Digest]] = {}

    def want(self, layer: FileList, position: int) -> None:
        """Have this one read with the others."""
        self._wanted.setdefault(id(layer), (layer, set()))[1].add(position)

    def read(self) -> None:
        """Pour each layer once."""
        for key, (layer, positions) in self._wanted.items():
            self._found[key] = layer.digests(positions)

    def get(self, layer: FileList, position: int) -> Digest | None:
        return self._found.get(id(layer), {}).get(position)
