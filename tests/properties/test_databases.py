"""Databases as strangers may write them: packages, or an error of ours; within bounds (K-12)."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import strategies as st

import ocinb
from ocinb.layers.inspecting import file_capabilities, os_release
from ocinb.layers.inspecting.packages import (
    apk,
    dpkg,
    rpm_berkeley,
    rpm_header,
    rpm_ndb,
    rpm_sqlite,
)
from ocinb.layers.inspecting.packages.reading import packages
from ocinb.layers.limits import Broken
from tests.layers.archives import written
from tests.layers.inspecting.packages.made_by_rpm import BERKELEY, NDB, SQLITE
from tests.properties.strange import for_all

STATUS = b"Package: a\nStatus: install ok installed\nVersion: 1\nInstalled-Size: 1\nSource: b (2)\n"
HEADER = next(rpm_sqlite.blobs(SQLITE))
PARSERS: dict[str, tuple[Callable[[bytes], Iterator[Any]], bytes]] = {
    "dpkg": (dpkg.packages, STATUS + b"\n" + STATUS),
    "apk": (apk.packages, b"P:a\nV:1\nI:7\no:b\n\nP:b\n"),
    "sqlite": (rpm_sqlite.blobs, SQLITE),
    "ndb": (rpm_ndb.blobs, NDB),
    "berkeley": (rpm_berkeley.blobs, BERKELEY),
    "header": (lambda raw: iter([rpm_header.package(raw)]), HEADER),
    "capabilities": (lambda raw: iter([file_capabilities.parse(raw)]), b"\1\0\0\2" + bytes(16)),
    "os-release": (lambda raw: iter([os_release.parse(raw)]), b"ID=x\nNAME=\"a b\"\nX='y'\n"),
}
# Where a byte is changed, and to what: beginnings and tables matter more than what they lead to.
changes = st.lists(
    st.tuples(st.integers(0, 600) | st.integers(0, 2**18), st.integers(0, 255)),
    min_size=1, max_size=8,
)  # fmt: skip


def taken(parse: Callable[[bytes], Iterator[Any]], raw: bytes) -> list[Any]:
    """What is in it, as far as that goes; anything but `Broken` gets through."""
    found: list[Any] = []
    with suppress(Broken):
        found.extend(parse(raw))
    return found


@pytest.mark.parametrize("name", PARSERS)
def test_bytes_that_are_changed_give_packages_or_an_error_of_ours(name: str):
    parse, raw = PARSERS[name]
    assert taken(parse, raw)

    @for_all(changes, st.integers(0, 2**18) | st.none(), examples=120)
    def holds(changed: list[tuple[int, int]], end: int | None) -> None:
        made = bytearray(raw)
        for at, value in changed:
            made[at % len(made)] = value
        found = taken(parse, bytes(made[: end % len(made)] if end is not None else made))
        assert sum(len(each) for each in found if isinstance(each, bytes)) <= len(raw)

    holds()


@pytest.mark.parametrize("name", PARSERS)
def test_rubbish_gives_an_error_of_ours(name: str):
    parse, raw = PARSERS[name]

    @for_all(st.binary(max_size=600), st.sampled_from([0, 16, 100, 512]), examples=80)
    def holds(rubbish: bytes, kept: int) -> None:
        given = raw[:kept] + rubbish
        found = taken(parse, given)
        assert sum(len(each) for each in found if isinstance(each, bytes)) <= len(given)

    holds()


PATHS = (
    "var/lib/dpkg/status", "var/lib/dpkg/status.d/a", "lib/apk/db/installed",
    "var/lib/rpm/Packages", "usr/lib/sysimage/rpm/rpmdb.sqlite", "etc/os-release",
)  # fmt: skip


@for_all(st.lists(st.tuples(st.sampled_from(PATHS), st.binary(max_size=300)), max_size=4))
def test_a_layer_of_rubbish_gives_a_list_that_draws(members: list[tuple[str, bytes]]):
    found = packages(ocinb.list_layer(written(*members)))
    assert len(found.to_frame()) == len(found)
    assert found._repr_html_()
    os_release.os_release(ocinb.list_layer(written(*members)))


_MANY_SLOTS = NDB[:12] + (400).to_bytes(4, "little") + NDB[16:48] + NDB[32:48] * 2**17
HOSTILE: dict[str, tuple[Callable[[bytes], Iterator[Any]], bytes]] = {
    "lines": (dpkg.packages, b"\n" * 2_000_000),
    "colons": (apk.packages, b":" * 2_000_000),
    "one line": (dpkg.packages, b"Package: a\nx" + b" " * 2_000_000),
    "names": (dpkg.packages, b"Package: a\n\n" * 150_000),
    "spaces": (apk.packages, b" \n" * 1_000_000),
    "assignments": (lambda raw: iter([os_release.parse(raw)]), b'A="' + b"\\" * 2_000_000),
    "ndb": (rpm_ndb.blobs, _MANY_SLOTS),
    "pages": (rpm_berkeley.blobs, BERKELEY + BERKELEY[1024:2048] * 2_000),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_two_megabytes_of_anything_cost_little(name: str):
    """K-15: time and memory stay in proportion to what is read."""
    parse, raw = HOSTILE[name]
    begun = time.thread_time()
    taken(parse, raw)
    assert time.thread_time() - begun < 3
    tracemalloc.start()
    try:
        with suppress(Broken):
            for _ in parse(raw):
                pass
        assert tracemalloc.get_traced_memory()[1] < 16 * len(raw) + 4_000_000
    finally:
        tracemalloc.stop()
