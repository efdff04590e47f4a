"""The repositories that a registry holds: a store for each, in memory or in folders."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from ocinb.errors import InvalidReference, OcinbError
from ocinb.oci.reference import check_repository
from ocinb.registry.refusals import refuse
from ocinb.storage.arriving import Unfinished
from ocinb.storage.layout import Layout
from ocinb.storage.memory import MemoryStore
from ocinb.storage.store import Ingest, Store

# A repository's folder may hold another's, so no part of a name may be one of a layout's own
# files; the others are devices on Windows, whatever folder they are in.
_RESERVED = {
    "blobs", "index.json", "oci-layout", "con", "prn", "aux", "nul",
    *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)),
}  # fmt: skip
_DEEPEST = 32


class Repositories:
    """Stores by name; one that nobody wrote to yet does not count as there."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._stores: dict[str, Layout | MemoryStore] = {}
        self._lock = Lock()

    def names(self) -> tuple[str, ...]:
        """The repositories that hold something, sorted; folders are looked through anew."""
        found = set(_layouts(self.folder)) if self.folder else set()
        with self._lock:
            found.update(name for name, store in self._stores.items() if not store.empty)
        return tuple(sorted(found))

    @property
    def size(self) -> int:
        """Bytes of all that they hold, as far as it can be read."""
        total = 0
        for name in self.names():
            with contextlib.suppress(OcinbError, OSError):
                total += self._known(name).size
        return total

    def existing(self, name: str) -> Store:
        """The store of `name`; refused when nothing was ever put there."""
        store = self._known(name)
        if store.empty:
            raise refuse("NAME_UNKNOWN", f"there is no repository {name}")
        return _readable(name, store)

    def store(self, name: str) -> Store:
        """The store of `name`, made when it is not there."""
        with self._lock:
            store = self._stores[name] = self._stores.get(name) or self._opened(name)
        return _readable(name, store)

    def begin(self, name: str, key: str, algorithm: str) -> Ingest:
        """A place for an upload to `name`; in a folder it is kept under `key` for `unfinished`."""
        store = self.store(name)
        return store.begin(key, algorithm) if isinstance(store, Layout) else store.ingest(algorithm)

    def unfinished(self) -> Iterator[tuple[str, Unfinished, Ingest]]:
        """The uploads that another process left, with the names of their repositories.

        What it left that nobody can go on with is cleared away.
        """
        for name in _names_below(self.folder) if self.folder else ():
            with contextlib.suppress(OcinbError, OSError):
                store = self._known(name)
                if isinstance(store, Layout):
                    yield from ((name, *found) for found in store.unfinished())

    def _known(self, name: str) -> Layout | MemoryStore:
        with self._lock:
            store = self._stores.get(name) or self._opened(name)
            if not store.empty:
                self._stores[name] = store
        return store

    def _opened(self, name: str) -> Layout | MemoryStore:
        check_repository(name)
        if self.folder is None:
            return MemoryStore()
        if reserved := _RESERVED.intersection(name.split("/")):
            raise refuse("NAME_INVALID", f"{reserved.pop()} cannot be part of a name on disk")
        try:
            return Layout(self.folder / name)
        except (OcinbError, OSError) as error:
            raise _unreadable(name, error) from error


def _readable(name: str, store: Store) -> Store:
    """`store`; a broken layout is the registry's own trouble, not a mistake of whoever asks."""
    try:
        store.resolve("")
        return store
    except (OcinbError, OSError) as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: Exception) -> OcinbError:
    return refuse("NAME_UNKNOWN", f"repository {name} cannot be read: {error}", status=500)


def _layouts(folder: Path) -> Iterator[str]:
    """The names of the layouts below `folder`."""
    return (name for name in _names_below(folder) if (folder / name / "oci-layout").exists())


def _names_below(folder: Path) -> Iterator[str]:
    """The names of all folders below `folder` that can be repositories; links are not followed."""
    for place, folders, _ in os.walk(folder):
        parts = Path(place).relative_to(folder).parts
        folders[:] = [] if len(parts) >= _DEEPEST else set(folders).difference(_RESERVED)
        if parts and _is_name("/".join(parts)):
            yield "/".join(parts)


def _is_name(text: str) -> bool:
    try:
        return bool(check_repository(text))
    except InvalidReference:
        return False
