"""Platforms: spellings and preferences, by vectors made with containerd/platforms."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocinb.errors import InvalidReference
from ocinb.oci.platform import Platform, choose

P = Platform.parse


@pytest.fixture(autouse=True)
def a_usual_machine(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "x86_64")


SPELLED = {
    "linux/amd64": ["linux", "amd64", "LINUX/AMD64", "linux/x86_64", "linux/x86-64",
                    "linux/amd64/v1"],
    "js/amd64": ["js"],
    "darwin/amd64": ["darwin", "macos"],
    "linux/arm": ["arm", "linux/armhf"],
    "linux/arm/v7": ["linux/arm/7", "linux/arm/v7"],
    "linux/arm/v6": ["linux/armel", "linux/arm/6"],
    "linux/386": ["linux/i386", "386", "linux/i386/v2"],
    "linux/arm64": ["linux/aarch64", "arm64"],
    "linux/arm64/v8": ["linux/arm64/8", "linux/arm64/v8", "linux/arm64/v8.0"],
    "linux/arm64/v9": ["linux/arm64/9", "linux/arm64/v9.0", "linux/arm64/9.0"],
    "darwin/arm64": ["macos/arm64"],
    "windows(10.0.20348.169+win32k)/amd64": ["windows(10.0.20348.169+win32k)/amd64"],
    "linux(+erofs)/amd64": ["linux(+erofs)/amd64"],
    "linux(6.1+a+b)/amd64": ["linux(6.1+a+b)/amd64"],
    "linux/amd64/v10": ["linux/amd64/v10"],
    "linux/amd64/foo": ["linux/amd64/foo"],
    "linux/arm/v9": ["linux/arm/v9"],
    "unknown/unknown": ["unknown/unknown"],
}  # fmt: skip
NONE = [
    "", "linux/", "/amd64", "a/b/c/d", "linux/amd64 ", " linux/amd64", "*", "linux/*", "all",
    "linux//v8", "linux/amd64\n", "linux/аmd64", "linux(/amd64", "linux(a b)/amd64", "linux)/amd64",
    "(10.0)/amd64", "windows(10.0", "\x1b[2J", "linux/amd64;id",
]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "meant"), [(typed, meant) for meant, all_ in SPELLED.items() for typed in all_]
)
def test_a_platform_has_many_spellings_and_one_form(typed, meant):
    assert str(P(typed)) == meant
    assert P(meant) == P(typed)
    assert repr(P(typed)) == f"<Platform {meant}>"


@pytest.mark.parametrize("typed", NONE)
def test_what_is_no_platform_is_refused_with_an_example(typed):
    with pytest.raises(InvalidReference, match="os/architecture") as refused:
        P(typed)
    assert "linux/amd64" in refused.value.hints[0]


@pytest.mark.parametrize(
    ("spelled", "normal"),
    [
        ("linux/arm64/v8", "linux/arm64"), ("linux/arm64/v8.2", "linux/arm64/v8.2"),
        ("linux/arm", "linux/arm/v7"), ("linux/arm/7", "linux/arm/v7"),
        ("linux/amd64/v1", "linux/amd64"), ("linux/amd64/v3", "linux/amd64/v3"),
    ],
)  # fmt: skip
def test_two_spellings_of_one_platform_are_equal_when_normalised(spelled, normal):
    assert P(spelled).normalised == P(normal).normalised
    assert str(P(spelled).normalised) == normal


def test_what_a_registry_writes_is_normalised_the_same():
    written = Platform("MacOS", "AArch64", "V8")
    assert written.normalised == Platform("darwin", "arm64")


@pytest.mark.parametrize(
    ("machine", "meant"),
    [
        ("x86_64", "linux/amd64"), ("AMD64", "linux/amd64"), ("arm64", "linux/arm64"),
        ("aarch64", "linux/arm64"), ("riscv64", "linux/riscv64"), ("", "linux/amd64"),
    ],
)  # fmt: skip
def test_containers_of_this_machine_are_linux_on_its_processor(monkeypatch, machine, meant):
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert str(Platform.host()) == meant


# Wanted, and what suits it, best first (`platforms.Only`).
PREFERRED = [
    ("amd64", "amd64 386"),
    ("amd64/v2", "amd64/v2 amd64 386"),
    ("amd64/v3", "amd64/v3 amd64/v2 amd64 386"),
    ("amd64/v4", "amd64/v4 amd64/v3 amd64/v2 amd64 386"),
    ("386", "386"),
    ("arm", "arm/v7 arm/v6 arm/v5"),
    ("arm/v7", "arm/v7 arm/v6 arm/v5"),
    ("arm/v5", "arm/v5"),
    ("arm/v8", "arm/v8 arm/v7 arm/v6 arm/v5"),
    ("arm64", "arm64 arm/v8 arm/v7 arm/v6 arm/v5"),
    ("arm64/v8", "arm64 arm/v8 arm/v7 arm/v6 arm/v5"),
    ("arm64/v8.2", "arm64/v8.2 arm64 arm/v8 arm/v7 arm/v6 arm/v5"),
    ("arm64/v8.9", "arm64/v8.9 arm64/v8.2 arm64 arm/v8 arm/v7 arm/v6 arm/v5"),
    ("arm64/v9", "arm64/v9 arm64/v8.2 arm64 arm/v8 arm/v7 arm/v6 arm/v5"),
    ("arm64/v9.2", "arm64/v9.2 arm64/v9 arm64/v8.2 arm64 arm/v8 arm/v7 arm/v6 arm/v5"),
    ("arm64/v9.7", "arm64/v9.2 arm64/v9 arm64/v8.9 arm64/v8.2 arm64 arm/v8 arm/v7 arm/v6 arm/v5"),
    ("arm64/v9.9", ""),
    ("arm64/foo", ""),
    ("arm64/unknown", ""),
    ("riscv64", "riscv64"),
    ("s390x", "s390x"),
    ("ppc64le", ""),
    ("mips/softfloat", ""),
    ("unknown", ""),
]
THERE = (
    "amd64 amd64/v2 amd64/v3 amd64/v4 386 arm/v5 arm/v6 arm/v7 arm/v8 arm64 arm64/v8.2 arm64/v8.9 "
    "arm64/v9 arm64/v9.2 riscv64 s390x"
).split()
CANDIDATES = [
    *(P(f"linux/{each}") for each in THERE), P("unknown/unknown"), P("darwin/arm64"), None,
]  # fmt: skip


def suiting(wanted: Platform, candidates: list[Platform | None]) -> list[int]:
    """The positions that suit, best first: each is taken away once it was chosen."""
    left, found = list(candidates), []
    while (position := choose(wanted, left)) is not None:
        found.append(position)
        left[position] = None
    return found


@pytest.mark.parametrize(("wanted", "accepted"), PREFERRED)
@pytest.mark.parametrize("order", [1, -1], ids=["as listed", "backwards"])
def test_an_older_variant_suits_and_a_processor_the_wanted_one_can_also_run(
    wanted, accepted, order
):
    there = CANDIDATES[::order]
    found = suiting(Platform("linux", *wanted.split("/")), there)
    names = [str(there[position]).removeprefix("linux/") for position in found]
    assert " ".join(names) == accepted


@pytest.mark.parametrize(
    ("wanted", "accepted"),
    [
        ("amd64/v3", "amd64/v3 amd64/v2 amd64"),
        ("arm64/v9", "arm64/v9 arm64/v8.2 arm64"),
        ("386", "386"),
    ],
)
def test_another_architecture_does_not_suit_when_the_same_one_is_asked_for(wanted, accepted):
    left: list[Platform | None] = list(CANDIDATES)
    names = []
    while (found := choose(P(f"linux/{wanted}"), left, same_architecture=True)) is not None:
        names.append(str(left[found]).removeprefix("linux/"))
        left[found] = None
    assert " ".join(names) == accepted


def test_unknown_suits_nobody_not_even_who_asks_for_it():
    """containerd lets `unknown/unknown` match itself; here it never does."""
    unknown = Platform("unknown", "unknown")
    assert choose(unknown, [unknown]) is None
    assert choose(P("linux/amd64"), [unknown, None, Platform("", "")]) is None
    assert not unknown.is_known
    assert not Platform("", "amd64").is_known


def test_of_equals_the_first_is_taken():
    """image-spec: if several match, the first should be used."""
    assert choose(P("linux/amd64"), [P("linux/arm64"), P("linux/amd64"), P("linux/amd64")]) == 1
    assert choose(P("linux/arm64"), [P("linux/arm64/v8"), P("linux/arm64")]) == 0


VERSIONS = [
    "", "10.0.14393.1066", "10.0.17763.1", "10.0.17763.9999", "10.0.20348.1", "10.0.22621",
    "10.0.25398.1", "10.0.26100.1", "10.0.26101.1", "10.1.26100",
]  # fmt: skip
WINDOWS = [
    ("10.0.14393", ["", "10.0.14393.1066"]),
    ("10.0.17763.5", ["", "10.0.17763.1", "10.0.17763.9999"]),
    ("10.0.20348", ["", "10.0.20348.1"]),
    ("10.0.22621", ["", "10.0.20348.1", "10.0.22621"]),
    ("10.0.25398", ["", "10.0.20348.1", "10.0.22621", "10.0.25398.1"]),
    ("10.0.26100", ["", "10.0.20348.1", "10.0.22621", "10.0.25398.1", "10.0.26100.1"]),
    ("10.0.26101", ["", "10.0.26100.1", "10.0.26101.1"]),
    ("", VERSIONS),
    ("garbage", VERSIONS),
    ("10.0", VERSIONS),
    ("٣.0.1", VERSIONS),
]


@pytest.mark.parametrize(("host", "accepted"), WINDOWS)
def test_windows_runs_its_own_build_and_the_long_term_releases_it_still_can(host, accepted):
    """Several that suit tie, and come in the order of the index."""
    there: list[Platform | None] = [Platform("windows", "amd64", "", each) for each in VERSIONS]
    found = suiting(Platform("windows", "amd64", "", host), there)
    assert [VERSIONS[position] for position in found] == accepted


def test_versions_of_other_systems_do_not_matter():
    assert choose(P("linux(5.4)/amd64"), [P("linux(6.1)/amd64")]) == 0


FEATURES: list[tuple[str, ...]] = [(), ("a",), ("a", "b"), ("c",)]


@pytest.mark.parametrize(
    ("wanted", "accepted"),
    [
        ((), [()]),
        (("a",), [("a",), ()]),
        (("a", "b"), [("a", "b"), ("a",), ()]),
        (("a", "b", "c"), [("a", "b"), ("a",), ("c",), ()]),
    ],
)
def test_an_image_may_ask_for_no_feature_that_is_not_there_and_more_are_better(wanted, accepted):
    there: list[Platform | None] = [Platform("linux", "amd64", "", "", each) for each in FEATURES]
    found = suiting(Platform("linux", "amd64", "", "", wanted), there)
    assert [FEATURES[position] for position in found] == accepted


def test_every_windows_has_win32k_so_it_neither_hinders_nor_helps():
    plain, fancy = Platform("windows", "amd64"), P("windows(+win32k)/amd64")
    assert suiting(plain, [plain, fancy]) == [0, 1]
    assert suiting(plain, [fancy, plain]) == [0, 1]
    assert choose(P("linux/amd64"), [P("linux(+win32k)/amd64")]) is None


@pytest.mark.parametrize(
    "odd",
    [
        {}, {"os": 5, "architecture": None}, {"os.features": "win32k"}, {"os.features": [1, None]},
        {"os": ["linux"], "variant": {}, "os.version": 10.0},
    ],
)  # fmt: skip
def test_what_a_registry_writes_is_read_leniently(odd):
    found = Platform.from_json(odd)
    assert not found.is_known
    assert str(found) == repr(found)[len("<Platform ") : -1]


def test_hostile_platforms_are_shown_harmlessly():
    """K-18."""
    found = Platform.from_json({"os": "\x1b[2Jlinux", "architecture": "\u202e46dma" * 100})
    assert str(found).isascii() is False  # only the ellipsis is not
    assert "\x1b" not in str(found)
    assert "\u202e" not in str(found)
    assert len(repr(found)) < 2_000


@given(st.builds(Platform, *[st.sampled_from(["linux", "arm64", "v8", "1.2"])] * 4))
def test_a_platform_written_as_json_is_read_back_the_same(value):
    assert Platform.from_json(value.to_json()) == value
    assert value.normalised.normalised == value.normalised


@given(st.text(max_size=30) | st.text(alphabet="linuxarm64/v8.()+_", max_size=20))
def test_any_text_is_a_platform_or_refused(text):
    try:
        found = P(text)
    except InvalidReference:
        return
    assert P(str(found)) == found
    assert choose(found, [found]) in (0, None)


@pytest.mark.parametrize("unit", ["a", "/", "(", "a(", "+a", "(+a", ".", "a.", "(1+"])
def test_no_text_takes_longer_than_its_length(unit):
    """K-15."""
    text = (unit * 16_384)[:16_384]
    started = time.perf_counter()
    for hostile in (text, f"{text} ", f"linux({text}", f"linux({text})/"):
        with pytest.raises(InvalidReference):
            P(hostile)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("text", [5, None, b"linux/amd64"])
def test_a_platform_is_text(text: Any):
    with pytest.raises(InvalidReference, match=r"not text$"):
        Platform.parse(text)
