"""Platforms: what an image runs on, and which image of an index suits a wish.

Fields: image-spec, image-index.md#image-index-property-descriptions. Normal forms and the order of
preference are containerd's (`platforms.Normalize`, `platforms.Only`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ocinb.drawable import Drawable
from ocinb.errors import InvalidReference
from ocinb.text import visible

_WORD = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_OS = re.compile(
    r"(?P<os>[A-Za-z0-9_.-]+)(?:\((?P<version>[A-Za-z0-9_.-]*)(?P<features>(?:\+[A-Za-z0-9_.-]+)*)\))?",
    re.ASCII,
)
_VARIANT = re.compile(r"v(\d{1,2})(?:\.(\d{1,2}))?", re.ASCII)
_SYSTEMS = set(
    "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 "
    "solaris wasip1 windows zos macos".split()
)
_ARCHITECTURES = set(
    "386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le "
    "mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm".split()
)
# Spelled as → (architecture, variant that the spelling stands for)
_SPELLINGS = {
    "i386": ("386", ""),
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", ""),
    "armel": ("arm", "v6"),
}
# What a variant is called when nothing is said.
_IMPLIED = {("arm", ""): "v7", ("arm64", "v8"): "", ("amd64", "v1"): ""}
_WINDOWS_SERVERS = (20348, 26100)  # long-term releases that later hosts still run


@dataclass(frozen=True)
class Platform(Drawable):
    """Operating system and processor that content is for; written `os/architecture/variant`."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""
    os_features: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Platform:
        """What `text` names: `linux/arm64/v8`, `amd64`, `windows(10.0.20348)/amd64`, …

        Other spellings (`x86_64`, `aarch64`, `macos`) become the usual ones; of a single word the
        rest is taken from this machine. Raises `InvalidReference`.
        """
        if not isinstance(text, str):
            raise InvalidReference(text, "platform", f"it is {type(text).__name__}, not text")
        parts = text.split("/")
        system = _OS.fullmatch(parts[0])
        if len(parts) > 3 or not system or not all(map(_WORD.fullmatch, parts[1:])):
            raise _no_platform(text)
        if len(parts) == 1:
            return _from_word(text, system["os"].lower())
        architecture, variant = _spelled(parts[1], parts[2] if len(parts) == 3 else "")
        name = system["os"].lower()
        return cls(
            "darwin" if name == "macos" else name,
            architecture,
            variant,
            system["version"] or "",
            tuple(filter(None, (system["features"] or "").split("+"))),
        )

    @classmethod
    def host(cls) -> Platform:
        """What containers on this machine are: linux, on its processor."""
        import platform  # noqa: PLC0415  # few ask for what suits this machine

        architecture, variant = _spelled(platform.machine().lower() or "amd64", "")
        return cls("linux", architecture, variant)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Platform:
        """A platform as a registry wrote it: nothing is refused, odd fields count as empty."""
        features = value.get("os.features")
        return cls(
            _text(value.get("os")),
            _text(value.get("architecture")),
            _text(value.get("variant")),
            _text(value.get("os.version")),
            tuple(map(_text, features)) if isinstance(features, list) else (),
        )

    def to_json(self) -> dict[str, Any]:
        """The object that stands for it in an index."""
        fields = {
            "architecture": self.architecture,
            "os": self.os,
            "os.version": self.os_version,
            "os.features": list(self.os_features),
            "variant": self.variant,
        }
        return {k: v for k, v in fields.items() if v or k in ("architecture", "os")}

    @property
    def normalised(self) -> Platform:
        """The form that two spellings of one platform share."""
        architecture, variant = _spelled(self.architecture.lower(), self.variant.lower())
        variant = _IMPLIED.get((architecture, variant), variant)
        system = self.os.lower()
        return replace(
            self,
            os="darwin" if system == "macos" else system,
            architecture=architecture,
            variant=variant,
        )

    @property
    def is_known(self) -> bool:
        """False for `unknown/unknown`, which marks what is not an image at all."""
        return "unknown" not in (self.os, self.architecture) and bool(self.os)

    def __str__(self) -> str:
        version = "+".join(filter(None, (self.os_version, *self.os_features)))
        if self.os_features and not self.os_version:
            version = f"+{version}"
        system = f"{self.os}({version})" if version else self.os
        return visible("/".join(filter(None, (system, self.architecture, self.variant))), 128)

    def __repr__(self) -> str:
        return f"<Platform {self}>"


def choose(
    wanted: Platform, candidates: Sequence[Platform | None], *, same_architecture: bool = False
) -> int | None:
    """The position of the candidate that suits `wanted` best, or None when none does.

    An older variant of the same processor suits, and a processor that the wanted one can also run
    (386 on amd64, arm on arm64) unless `same_architecture`. Of equals the first is taken, as
    image-spec asks; `unknown/unknown` never suits.
    """
    order = {key: rank for rank, key in enumerate(_preference(wanted.normalised))}
    best: tuple[int, int, int] | None = None
    for position, candidate in enumerate(candidates):
        if candidate is None or not candidate.is_known or not _system_suits(wanted, candidate):
            continue
        normal = candidate.normalised
        if same_architecture and normal.architecture != wanted.normalised.architecture:
            continue
        rank = order.get((normal.architecture, normal.variant))
        if rank is not None:
            score = (rank, -len(_features(candidate)), position)
            best = score if best is None else min(best, score)
    return None if best is None else best[2]


def _preference(wanted: Platform) -> list[tuple[str, str]]:
    """Architectures and variants that a `wanted` (normalised) platform runs, best first."""
    architecture, variant = wanted.architecture, wanted.variant
    if architecture == "amd64":
        return [*_amd64(variant), ("386", "")]
    if architecture == "arm":
        return _arm(variant)
    if architecture == "arm64":
        own = _arm64(variant)
        return [*own, *_arm("v8")] if own else []
    return [(architecture, variant)]


def _amd64(variant: str) -> list[tuple[str, str]]:
    match = _VARIANT.fullmatch(variant or "v1")
    if not match or match[2]:
        return [("amd64", variant)]
    return [("amd64", f"v{n}" if n > 1 else "") for n in range(int(match[1]), 0, -1)]


def _arm(variant: str) -> list[tuple[str, str]]:
    match = _VARIANT.fullmatch(variant)
    if not match or match[2] or not 5 <= int(match[1]) <= 8:
        return [("arm", variant)]
    return [("arm", f"v{n}") for n in range(int(match[1]), 4, -1)]


def _arm64(variant: str) -> list[tuple[str, str]]:
    match = _VARIANT.fullmatch(variant or "v8")
    major, minor = (int(match[1]), int(match[2] or 0)) if match else (0, 0)
    if major == 8 and minor <= 9:
        return _minors(8, minor)
    if major == 9 and minor <= 7:  # Armv9.x has all of Armv8.(x+5)
        return [*_minors(9, minor), *_minors(8, min(minor + 5, 9))]
    return []


def _minors(major: int, minor: int) -> list[tuple[str, str]]:
    least = "" if major == 8 else f"v{major}"
    return [("arm64", f"v{major}.{n}" if n else least) for n in range(minor, -1, -1)]


def _system_suits(wanted: Platform, candidate: Platform) -> bool:
    system = wanted.normalised.os
    if system != candidate.normalised.os or not _features(candidate) <= set(wanted.os_features):
        return False
    return system != "windows" or _windows_suits(wanted.os_version, candidate.os_version)


def _features(candidate: Platform) -> set[str]:
    """What `candidate` asks of a system; every Windows has win32k."""
    always = {"win32k"} if candidate.normalised.os == "windows" else set()
    return set(candidate.os_features) - always


def _windows_suits(host: str, image: str) -> bool:
    """A container needs its host's build, or a long-term release that the host still runs."""
    ours, theirs = _windows_version(host), _windows_version(image)
    if ours is None or theirs is None:
        return True
    if ours[:2] != theirs[:2]:
        return False
    if ours[2] < _WINDOWS_SERVERS[0]:
        return ours[2] == theirs[2]
    oldest = max(build for build in _WINDOWS_SERVERS if build <= ours[2])
    if ours[2] == oldest and oldest != _WINDOWS_SERVERS[0]:
        oldest = max(build for build in _WINDOWS_SERVERS if build < ours[2])
    return oldest <= theirs[2] <= ours[2]


def _windows_version(text: str) -> tuple[int, int, int] | None:
    match = re.match(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:\.|$)", text, re.ASCII)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _from_word(text: str, word: str) -> Platform:
    if word in _SYSTEMS:
        system = "darwin" if word == "macos" else word
        return replace(Platform.host(), os=system)
    architecture, variant = _spelled(word, "")
    if architecture in _ARCHITECTURES:
        return Platform("linux", architecture, variant)
    raise _no_platform(text)


def _spelled(architecture: str, variant: str) -> tuple[str, str]:
    """The usual spelling of an architecture and its variant."""
    architecture = architecture.lower()
    if architecture in _SPELLINGS:
        architecture, implied = _SPELLINGS[architecture]
        variant = "" if architecture == "386" else variant or implied
    variant = variant.lower()
    if architecture in ("arm", "arm64") and variant[:1].isdigit():
        variant = f"v{variant}"
    if architecture in ("arm64", "amd64"):
        variant = variant.removesuffix(".0")
    return architecture, "" if (architecture, variant) == ("amd64", "v1") else variant


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _no_platform(text: object) -> InvalidReference:
    return InvalidReference(
        text, "platform", "it must read os/architecture or os/architecture/variant",
        hints=["for example linux/amd64 or linux/arm/v7"],
    )  # fmt: skip
