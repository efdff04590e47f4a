"""Files of layers written to disk: many to a folder, in one pass over each layer, or one to a path.

Entries that are not to be written, and why, stand in what is returned. When it fails or is
interrupted, everything that was written is removed again.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ocinb.errors import InvalidContent
from ocinb.layers.entries import FileEntry
from ocinb.layers.extraction.extracted import Extracted
from ocinb.layers.extraction.folder import Folder, check_room, room
from ocinb.layers.extraction.plan import Source, planned
from ocinb.layers.extraction.writing import File, Writing
from ocinb.layers.limits import Quota
from ocinb.text import human_size, short_path

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def extract(
    found: Iterable[FileEntry],
    folder: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    keep_modes: bool = False,
    quota: Quota | None = None,
) -> Extracted:
    """Write these entries below `folder`, each layer they are from read once; what came of it.

    Files, folders and symlinks are
    written, hard links as links between them; nothing leaves the folder, and owners and extended
    attributes stay aside. What is there already stays, without `overwrite`. Permissions are those
    of the archive less setuid, setgid, sticky and the umask, and their owner may always write, or
    with `keep_modes` exactly those of the archive. Raises `InvalidContent` beyond `quota`,
    `DiskFull`, `NotSupported` where the system cannot keep links out, and what reading a layer
    raises; everything that was written is removed then, but what it replaced does not come back.
    """
    quota = quota or Quota()
    plan = planned(found, quota.entries)
    plan.check(quota)
    where = Path(folder)
    with Folder(where, overwrite=overwrite) as target, room(where, plan.bytes):
        check_room(where, plan.stored)
        writing = Writing(plan, target, keep_modes=keep_modes)
        writing.all()
        return writing.extracted(short_path(where))


def save(
    source: Source,
    position: int,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    quota: Quota | None = None,
) -> int:
    """Write the content of one entry to `path`; how many bytes it has.

    It is there when it is whole and verified. Raises `FileExistsError` for what is there already,
    without `overwrite`, `InvalidContent` beyond `quota`, `DiskFull`, and what reading a layer
    raises.
    """
    where, size = Path(path), source.size(position)
    most = (quota or Quota()).bytes
    if size > most:
        raise InvalidContent(
            f"it has {human_size(size)}; at most {human_size(most)} are written",
            hints=[f"quota=Quota(bytes={size}) writes all of it"],
        )
    if not overwrite and os.path.lexists(where):
        raise FileExistsError(f"{short_path(where)} is there already; overwrite=True replaces it")
    temporary = where.with_name(f".ocinb-{secrets.token_hex(8)}")
    with room(where.parent, size):
        file = os.open(temporary, _NEW, 0o666)
        try:
            try:
                source.stream([position], File(file))
            finally:
                os.close(file)
            os.replace(temporary, where)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    return size
