"""apk's database, as Alpine describes it ("Installed Database V2")."""

from __future__ import annotations

import pytest

import ocinb
from ocinb.layers.inspecting.packages.reading import packages
from tests.layers.archives import END, entry, header, written

INSTALLED = b"""\
C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=
P:busybox
V:1.36.1-r15
A:x86_64
S:508720
I:946176
T:Size optimized toolbox of many common UNIX utilities
U:https://busybox.example/
L:GPL-2.0-only
o:busybox
m:Somebody <somebody@example.org>
t:1701788486
c:d1b6f274f29076967826e0ecf6ebcaa5d360272f
D:so:libc.musl-x86_64.so.1
p:cmd:busybox=1.36.1-r15
F:bin
R:busybox
a:0:0:755
Z:Q1O2wD+Df0tXGMNIZEUHgLPmGTQrc=
F:var

C:Q1
P:ssl_client
V:1.36.1-r15
A:x86_64
I:not-a-number
o:busybox
"""


@pytest.mark.parametrize("path", ["lib/apk/db/installed", "usr/lib/apk/db/installed"])
def test_an_installed_file_gives_its_packages(path: str):
    got = packages(ocinb.list_layer(written((path, INSTALLED))))
    assert got.names == ("busybox", "ssl_client")
    package = got["busybox"]
    assert (package.version, package.architecture) == ("1.36.1-r15", "x86_64")
    assert package.installed_size == 946_176
    assert package.license == "GPL-2.0-only"
    assert package.description.startswith("Size optimized")
    assert got["ssl_client"].source == "busybox"
    assert got["ssl_client"].installed_size is None
    assert [(each.path, each.manager) for each in got.databases] == [(path, "apk")]


def test_capitals_and_small_letters_are_different_fields():
    got = packages(ocinb.list_layer(written(("lib/apk/db/installed", b"p:x\nP:y\nv:0\nV:1\n"))))
    assert [(each.name, each.version) for each in got] == [("y", "1")]


def test_a_merged_usr_is_not_counted_twice():
    archive = header(b"lib", 0, b"2", link=b"usr/lib")
    archive += entry(b"usr/lib/apk/db/installed", INSTALLED) + END
    got = packages(ocinb.list_layer(archive))
    assert got.names == ("busybox", "ssl_client")
    assert len(got.databases) == 1


def test_what_is_no_database_is_said():
    got = packages(ocinb.list_layer(written(("lib/apk/db/installed", b"\0\1\2"))))
    assert not got.complete
    assert len(got) == 0
