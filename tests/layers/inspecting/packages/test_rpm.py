"""RPM's three databases, as rpm itself wrote them, and as nobody should."""

from __future__ import annotations

import sqlite3
import struct

import pytest

import ocinb
from ocinb.errors import NotSupported
from ocinb.layers.inspecting.packages import rpm_berkeley, rpm_header, rpm_ndb, rpm_sqlite
from ocinb.layers.inspecting.packages.found import PackageList
from ocinb.layers.inspecting.packages.reading import packages
from ocinb.layers.limits import Broken
from tests.layers.archives import written
from tests.layers.inspecting.packages.made_by_rpm import BERKELEY, NDB, SQLITE, TOLD

KINDS = {
    "rpmdb.sqlite": (SQLITE, rpm_sqlite.blobs),
    "Packages.db": (NDB, rpm_ndb.blobs),
    "Packages": (BERKELEY, rpm_berkeley.blobs),
}
HEADER = next(rpm_sqlite.blobs(SQLITE))


def found(*members: tuple[str, bytes]) -> PackageList:
    return packages(ocinb.list_layer(written(*members)))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("folder", ["var/lib/rpm", "usr/lib/sysimage/rpm"])
def test_each_database_gives_what_rpm_says_is_in_it(folder: str, name: str):
    got = found((f"{folder}/{name}", KINDS[name][0]))
    assert got.complete
    assert [
        f"{each.name} {each.version} {each.architecture} {each.installed_size} {each.license} "
        f"{each.source}-{each.source_version}.src.rpm {each.description}"
        for each in got
    ] == list(TOLD)
    (database,) = got.databases
    assert (database.manager, database.count, database.trouble) == ("rpm", 2, "")


def test_changes_that_sqlite_left_beside_it_are_told():
    got = found(("var/lib/rpm/rpmdb.sqlite", SQLITE), ("var/lib/rpm/rpmdb.sqlite-wal", b"x" * 99))
    assert len(got) == 2
    assert "99 bytes of changes" in got.databases[0].trouble


def test_an_empty_log_beside_it_is_nothing():
    got = found(("var/lib/rpm/rpmdb.sqlite", SQLITE), ("var/lib/rpm/rpmdb.sqlite-wal", b""))
    assert got.complete


@pytest.mark.parametrize("name", KINDS)
def test_a_database_that_is_cut_short_is_incomplete(name: str):
    raw = KINDS[name][0]
    got = found((f"var/lib/rpm/{name}", raw[: len(raw) // 2 + 17]))
    assert not got.complete
    assert len(got) < 2


def test_a_file_of_that_name_that_is_something_else_is_said():
    got = found(("var/lib/rpm/Packages", b"hello"))
    assert "SQLite, ndb or Berkeley DB" in got.databases[0].trouble


def test_a_python_without_sqlite_says_so(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sqlite3", None)
    got = found(("var/lib/rpm/rpmdb.sqlite", SQLITE))
    assert "no SQLite" in got.databases[0].trouble
    with pytest.raises(NotSupported):
        list(rpm_sqlite.blobs(SQLITE))


def made(*statements: str) -> bytes:
    """A database that SQLite makes of these statements."""
    connection = sqlite3.connect(":memory:")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    raw = connection.serialize()
    connection.close()
    return raw


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE VIEW Packages AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
         "SELECT i AS hnum, i AS blob FROM n"],
        ["CREATE TABLE other(blob)"],
        ["CREATE TABLE Packages(hnum, other)"],
        ["CREATE TABLE Packages(hnum, blob)", "INSERT INTO Packages VALUES (1, 'text')"],
        ["CREATE TABLE Packages(hnum, made, blob AS (zeroblob(1000000)))",
         "INSERT INTO Packages VALUES (1, 2)"],
    ],
    ids=["an endless view", "another table", "another column", "text", "a computed column"],
)  # fmt: skip
def test_a_table_that_is_not_rpms_is_refused(statements: list[str]):
    with pytest.raises(Broken):
        list(rpm_sqlite.blobs(made(*statements)))


def test_a_virtual_table_is_refused():
    try:
        raw = made("CREATE VIRTUAL TABLE Packages USING fts5(blob)")
    except sqlite3.OperationalError:
        pytest.skip("this SQLite has no fts5")
    with pytest.raises(Broken, match="plain table"):
        list(rpm_sqlite.blobs(raw))


def test_a_header_has_its_values_where_its_index_says():
    tags = rpm_header.tags(HEADER)
    assert tags[rpm_header.NAME] == "openssl-made-libs"
    assert tags[rpm_header.EPOCH] == 1


def header(*values: tuple[int, int, bytes], length: int | None = None) -> bytes:
    """A header of tags with their type and bytes."""
    index, store = b"", b""
    for tag, kind, value in values:
        index += struct.pack(">4I", tag, kind, len(store), 1)
        store += value
    size = len(store) if length is None else length
    return struct.pack(">2I", len(values), size) + index + store


def test_a_large_size_takes_the_place_of_the_small_one():
    blob = header((1000, 6, b"big\0"), (1009, 4, bytes(4)), (5009, 5, struct.pack(">Q", 5 << 32)))
    assert rpm_header.package(blob).installed_size == 5 << 32


def test_a_size_that_no_disk_can_hold_is_none():
    blob = header((1000, 6, b"big\0"), (5009, 5, b"\xff" * 8))
    assert rpm_header.package(blob).installed_size is None


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\0" * 8,
        header((1000, 6, b"no end")),
        header((1000, 6, b"x\0"), length=99),
        header((1001, 6, b"1\0")),
        struct.pack(">2I", 2**32 - 1, 2**32 - 1),
        header((1000, 6, b"a\0"), (1009, 4, b"12")),
        header((1000, 6, b"a" * 100_000 + b"\0")),
    ],
    ids=["empty", "no entries", "no end", "another length", "no name", "huge", "beyond", "long"],
)
def test_a_header_that_is_none_is_refused(blob: bytes):
    with pytest.raises(Broken):
        rpm_header.package(blob)


def test_a_value_of_another_type_is_left_out():
    blob = header((1000, 6, b"a\0"), (1009, 6, b"7\0"), (1014, 4, bytes(4)))
    package = rpm_header.package(blob)
    assert (package.installed_size, package.license) == (None, "")


def test_ndb_a_blob_whose_checksum_is_another_is_refused():
    at = NDB.index(b"openssl-made")
    with pytest.raises(Broken, match="checksum"):
        list(rpm_ndb.blobs(NDB[:at] + b"X" + NDB[at + 1 :]))


def test_ndb_slots_that_all_lead_to_one_blob_are_refused():
    """What is small on disk must not become large in memory."""
    slot = NDB[32:48]
    many = NDB[:32] + slot * 254 + NDB[4096:]
    with pytest.raises(Broken, match="more than the whole"):
        list(rpm_ndb.blobs(many))


def test_berkeley_a_chain_that_goes_round_in_a_circle_is_refused():
    size = 1024
    pages = [bytearray(BERKELEY[at : at + size]) for at in range(0, len(BERKELEY), size)]
    for number, page in enumerate(pages):
        if page[25] == 7:  # overflow: have it lead to itself
            page[16:20] = struct.pack("<I", number)
    with pytest.raises(Broken, match="cannot be"):
        list(rpm_berkeley.blobs(b"".join(pages)))


def test_berkeley_numbers_may_be_in_the_other_order():
    """Machines whose order of bytes is another wrote databases of their own."""
    assert list(rpm_berkeley.blobs(swapped(BERKELEY))) == list(rpm_berkeley.blobs(BERKELEY))


def swapped(raw: bytes, size: int = 1024) -> bytes:
    """The same database as a machine with the other order of bytes writes it."""
    turned = bytearray(raw)

    def turn(at: int, width: int) -> None:
        turned[at : at + width] = turned[at : at + width][::-1]

    for at in (12, 16, 20):
        turn(at, 4)
    for start in range(size, len(raw), size):
        (items,) = struct.unpack_from("<H", raw, start + 20)
        if raw[start + 25] in (2, 13):
            for at in range(start + 26, start + 26 + 2 * items, 2):
                (place,) = struct.unpack_from("<H", raw, at)
                if raw[start + place] == 3:
                    turn(start + place + 4, 4)
                    turn(start + place + 8, 4)
                turn(at, 2)
        turn(start + 16, 4)
        turn(start + 20, 2)
        turn(start + 22, 2)
    return bytes(turned)


def test_berkeley_values_that_stand_on_the_page_itself_are_read():
    key, value = b"\1" + b"\0\0\0\1", b"\1" + header((1000, 6, b"small\0"))
    page = bytearray(512)
    places = [512 - len(key), 512 - len(key) - len(value)]
    page[places[1] :] = value + key
    page[20:26] = struct.pack("<HHBB", 2, places[1], 0, 13)
    page[26:30] = struct.pack("<HH", *places)
    meta = bytearray(512)
    meta[12:24] = struct.pack("<III", rpm_berkeley.MAGIC, 9, 512)
    (blob,) = rpm_berkeley.blobs(bytes(meta + page))
    assert rpm_header.package(blob).name == "small"
