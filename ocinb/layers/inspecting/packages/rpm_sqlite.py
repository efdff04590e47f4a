"""RPM's database since 2020: one table of SQLite with a header in each row.

SQLite reads it from memory, without a file, and is told to do nothing but that: no views, triggers,
functions or virtual tables that a stranger may have left in it (sqlite.org, "Defense Against The
Dark Arts").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ocinb.errors import NotSupported
from ocinb.layers.inspecting.packages.stanzas import PACKAGES
from ocinb.layers.limits import Broken

if TYPE_CHECKING:
    import sqlite3

MAGIC = b"SQLite format 3\0"
_VERSIONS = slice(18, 20)  # how it is written and read: 2 is with a log beside, 1 without
_BLOB = 16 * 1024 * 1024  # bytes of one header
_STEPS, _PER_MIB = 10_000, 40  # of SQLite's machine between looks, and looks per MiB of database
_READ = ("Packages", "sqlite_master")
_PLAIN = re.compile(r"CREATE TABLE\b", re.IGNORECASE)
_RULE = "a database of rpm is a sound one of SQLite with a table Packages"


def blobs(raw: bytes) -> Iterator[bytes]:
    """The headers in the database; raises `Broken` where it is none or is damaged.

    What is still in a log beside the file is not part of it.
    """
    try:
        import sqlite3  # noqa: PLC0415  # some builds of Python do without
    except ImportError:
        raise NotSupported("this Python has no SQLite, in which the database is") from None
    if len(raw) < 512:
        raise Broken(_RULE, f"this has {len(raw)} bytes")
    connection = sqlite3.connect(":memory:")
    try:
        yield from _read(connection, raw)
    except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as error:
        raise Broken(_RULE, f"SQLite says: {error}") from None
    finally:
        connection.close()


def _read(connection: sqlite3.Connection, raw: bytes) -> Iterator[bytes]:
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    image = bytearray(raw)
    image[_VERSIONS] = b"\1\1"  # in memory there is no log beside it
    connection.deserialize(image)
    _restrict(connection, len(raw))
    named = "SELECT type, sql FROM sqlite_master WHERE name = 'Packages'"
    for kind, made in connection.execute(named):
        if kind != "table" or not isinstance(made, str) or not _PLAIN.match(made):
            raise Broken(_RULE, "what has this name is no plain table")
    left = len(raw)  # no row is there twice
    for count, (blob,) in enumerate(connection.execute("SELECT blob FROM Packages")):
        if not isinstance(blob, bytes):
            raise Broken(_RULE, "a row holds something else than a header")
        left -= len(blob)
        if left < 0 or count >= PACKAGES:
            raise Broken(_RULE, "its rows hold more than the whole of it")
        yield blob


def _restrict(connection: sqlite3.Connection, size: int) -> None:
    """Allow nothing but reading that table, for as long as its size is worth."""
    import sqlite3  # noqa: PLC0415  # it is there: there is a connection

    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _BLOB)
    looks = iter(range(_PER_MIB * (16 + size // 1024**2)))
    connection.set_progress_handler(lambda: next(looks, None) is None, _STEPS)

    def allowed(action: int, what: str | None, *_: str | None) -> int:
        reads = action == sqlite3.SQLITE_READ and what in _READ
        plain = reads or action == sqlite3.SQLITE_SELECT
        return sqlite3.SQLITE_OK if plain else sqlite3.SQLITE_DENY

    connection.set_authorizer(allowed)
