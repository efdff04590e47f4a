"""dpkg's database, as deb-control(5) and dpkg(1) describe it."""

from __future__ import annotations

import time

import pytest

import ocinb
from ocinb.layers.inspecting.packages.reading import packages
from tests.layers.archives import END, entry, written

STATUS = b"""\
Package: libssl3
Status: install ok installed
Priority: optional
Installed-Size: 6021
Maintainer: Somebody <somebody@example.org>
Architecture: amd64
Multi-Arch: same
Source: openssl (3.0.11-1)
Version: 3.0.11-1~deb12u2
Description: Secure Sockets Layer toolkit - shared libraries
 This package is part of something.
 .
 Package: not-a-field
Homepage: https://www.example.org/

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0

Package: base-files
Status: install ok installed
Architecture: all
Version: 1:12.4
"""


def found(*members: tuple[str, bytes]):
    return packages(ocinb.list_layer(written(*members)))


def test_a_status_file_gives_what_is_installed_sorted_by_name():
    got = found(("var/lib/dpkg/status", STATUS))
    assert got.names == ("base-files", "libssl3")
    assert got.complete
    (database,) = got.databases
    assert (database.path, database.manager, database.count) == ("var/lib/dpkg/status", "dpkg", 2)


def test_a_package_says_all_that_its_stanza_does():
    package = found(("var/lib/dpkg/status", STATUS))["libssl3"]
    assert package.version == "3.0.11-1~deb12u2"
    assert package.architecture == "amd64"
    assert (package.source, package.source_version) == ("openssl", "3.0.11-1")
    assert package.installed_size == 6021 * 1024
    assert package.description == "Secure Sockets Layer toolkit - shared libraries"
    assert package.manager == "dpkg"
    assert package.license == ""


def test_a_package_without_a_source_is_its_own():
    package = found(("var/lib/dpkg/status", STATUS))["base-files"]
    assert (package.source, package.source_version) == ("base-files", "1:12.4")
    assert package.installed_size is None


@pytest.mark.parametrize(
    ("state", "there"),
    [
        ("installed", True), ("triggers-pending", True), ("triggers-awaited", True),
        ("half-configured", True), ("unpacked", True), ("half-installed", False),
        ("config-files", False), ("not-installed", False),
    ],
)  # fmt: skip
def test_a_package_counts_when_its_files_are_there(state: str, there: bool):
    stanza = f"Package: a\nStatus: install ok {state}\nVersion: 1\n"
    assert ("a" in found(("var/lib/dpkg/status", stanza.encode()))) == there


def test_names_of_fields_are_the_same_in_capitals():
    stanza = b"PACKAGE: a\nstatus: install ok installed\nVERSION:1\r\n"
    assert found(("var/lib/dpkg/status", stanza))["a"].version == "1"


def test_an_image_without_dpkg_itself_has_a_file_per_package():
    got = found(
        ("var/lib/dpkg/status.d/base", b"Package: base-files\nVersion: 12\nArchitecture: all\n"),
        ("var/lib/dpkg/status.d/base.md5sums", b"0123  usr/lib/os-release\n"),
        ("var/lib/dpkg/status.d/tzdata", b"Package: tzdata\nVersion: 2024a\nArchitecture: all\n"),
    )
    assert got.names == ("base-files", "tzdata")
    assert got["tzdata"].database == "var/lib/dpkg/status.d/tzdata"
    assert [each.path for each in got.databases] == ["var/lib/dpkg/status.d"]
    assert got.complete


def test_one_broken_file_of_many_is_named_and_the_others_are_kept():
    got = found(
        ("var/lib/dpkg/status.d/base", b"Package: base-files\nVersion: 12\n"),
        ("var/lib/dpkg/status.d/odd", b"\x7fELF"),
    )
    assert got.names == ("base-files",)
    assert not got.complete
    assert "status.d/odd" in got.databases[0].trouble


def test_what_stood_before_a_broken_stanza_is_kept():
    got = found(("var/lib/dpkg/status", STATUS + b"\nVersion: 3\n"))
    assert got.names == ("base-files", "libssl3")
    assert "names its package" in got.databases[0].trouble


def test_a_folder_that_is_a_symlink_is_followed():
    """usr-merged systems keep `lib` in `usr/lib`; the same goes for any folder on the way."""
    files = ocinb.list_layer(
        link(b"var/lib", b"../usr/lib") + entry(b"usr/lib/dpkg/status", STATUS) + END
    )
    assert packages(files).names == ("base-files", "libssl3")


def link(path: bytes, target: bytes) -> bytes:
    from tests.layers.archives import header

    return header(path, 0, b"2", link=target)


def test_a_value_without_end_is_refused_and_costs_no_memory():
    got = found(("var/lib/dpkg/status", STATUS + b"\nPackage: " + b"x" * 100_000 + b"\n"))
    assert got.names == ("base-files", "libssl3")
    assert "at most 65,536 bytes" in got.databases[0].trouble


def test_a_status_file_of_a_megabyte_is_read_well_under_a_second():
    stanza = STATUS.replace(b"libssl3", b"libssl%d") + b"Conffiles:\n /etc/x 0123456789abcdef\n"
    raw = b"\n\n".join(stanza % number for number in range(2_000))
    assert len(raw) > 1_000_000
    files = ocinb.list_layer(written(("var/lib/dpkg/status", raw)))
    begun = time.thread_time()
    assert len(packages(files)) == 4_000
    assert time.thread_time() - begun < 0.5


def test_bytes_that_are_not_utf8_are_replaced():
    stanza = b"Package: a\nStatus: install ok installed\nDescription: caf\xe9\n"
    assert found(("var/lib/dpkg/status", stanza))["a"].description == "caf\ufffd"
