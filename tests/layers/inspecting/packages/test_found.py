"""Packages as a value: by position, name and pattern, drawn and framed."""

from __future__ import annotations

import pytest

import ocinb
from ocinb.display import faces, frames
from ocinb.errors import InvalidReference
from ocinb.layers.filesystem import FileSystem
from ocinb.layers.inspecting.packages.found import Database, Package, PackageList
from ocinb.layers.inspecting.packages.reading import packages
from tests.display.reader import read
from tests.layers.archives import written

WHERE = "var/lib/dpkg/status"
FOUND = PackageList(
    (
        Package("zlib1g", "1:1.2.13", "amd64", "dpkg", "zlib", installed_size=2_048),
        Package("libc6", "2.36", "i386", "dpkg", "glibc"),
        Package("libc6", "2.36", "amd64", "dpkg", "glibc", license="LGPL-2.1", layer=2),
    ),
    (Database(WHERE, "dpkg", 3),),
)


def test_they_are_sorted_by_name_and_architecture():
    assert [(each.name, each.architecture) for each in FOUND] == [
        ("libc6", "amd64"), ("libc6", "i386"), ("zlib1g", "amd64"),
    ]  # fmt: skip


def test_they_go_by_position_name_pattern_and_slice():
    assert FOUND["libc6"] == FOUND.get("libc6") == FOUND[0]
    assert FOUND[-1].name == "zlib1g"
    assert FOUND.glob("lib*").names == ("libc6", "libc6")
    assert FOUND[1:].names == ("libc6", "zlib1g")
    assert "zlib1g" in FOUND
    assert "zlib" not in FOUND
    assert FOUND.get("zlib") is None
    assert len(FOUND) == 3


def test_a_name_that_is_not_there_is_told_with_some_that_are():
    with pytest.raises(InvalidReference) as caught:
        FOUND["zlib1"]
    assert "zlib1g" in caught.value.hints[0]


def test_one_that_is_missing_from_an_incomplete_list_may_be_installed():
    broken = PackageList((), (Database(WHERE, "dpkg", 0, "it is cut short"),))
    with pytest.raises(InvalidReference) as caught:
        broken["bash"]
    assert any(".databases" in hint for hint in caught.value.hints)


def test_they_are_values():
    assert PackageList(FOUND.packages[::-1], FOUND.databases) == FOUND
    assert len({FOUND, PackageList(FOUND.packages, FOUND.databases)}) == 1
    assert PackageList() != FOUND
    assert FOUND != 1


def test_the_frame_has_its_columns_and_dtypes_also_without_rows():
    full, empty = FOUND.to_frame(), PackageList().to_frame()
    assert list(full.columns) == list(frames.PACKAGE)
    assert list(full.dtypes) == list(empty.dtypes)
    assert list(full["installed_bytes"].fillna(-1)) == [-1, -1, 2_048]
    assert list(full["layer"].fillna(-1)) == [2, -1, -1]
    assert full.attrs["complete"] == "True"
    assert FOUND[0].to_frame()["license"][0] == "LGPL-2.1"


def test_the_picture_says_what_is_there_and_what_could_not_be_read():
    page = read(faces.html(PackageList(FOUND.packages, (Database(WHERE, "dpkg", 3, "cut"),))))
    for said in ("zlib1g", "1:1.2.13", "glibc", WHERE, "incomplete", "cut"):
        assert said in page.text
    assert "no database" in read(faces.html(PackageList())).text


def test_a_layer_without_databases_has_none_and_is_complete():
    got = packages(ocinb.list_layer(written(("etc/passwd", b""))))
    assert got == PackageList()
    assert got.complete


def test_a_database_that_is_too_large_is_told():
    files = ocinb.list_layer(written((WHERE, b"Package: a\nStatus: install ok installed\n")))
    got = packages(files, limit=10)
    assert "at most 10 B are read" in got.databases[0].trouble
    assert not got.complete


def test_databases_of_several_managers_are_all_read():
    got = packages(
        ocinb.list_layer(
            written(
                (WHERE, b"Package: a\nStatus: install ok installed\n"),
                ("lib/apk/db/installed", b"P:b\nV:1\n"),
            )
        )
    )
    assert [(each.name, each.manager) for each in got] == [("a", "dpkg"), ("b", "apk")]
    assert "apk, dpkg" in repr(got)


def test_a_layer_and_an_image_have_them_with_the_layer_that_says_so():
    """The database of the topmost layer that has one counts: it speaks of all below."""
    lower = ocinb.list_layer(written(("lib/apk/db/installed", b"P:a\nV:1\n")))
    upper = ocinb.list_layer(written(("lib/apk/db/installed", b"P:a\nV:2\n\nP:b\nV:1\n")))
    image = FileSystem.of([lower, upper])
    assert [(each.name, each.version, each.layer) for each in image.packages] == [
        ("a", "2", 1), ("b", "1", 1),
    ]  # fmt: skip
    assert [(each.version, each.layer) for each in lower.packages] == [("1", None)]
    assert image.packages is image.packages
