"""Which of two versions of a package is newer, as its package manager would say.

deb-version(7) for dpkg; rpm-version(7) for rpm; apk-tools, doc/apk-package.5.scd, for apk.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import zip_longest

_PARTS = re.compile(r"(\d+)|([^\d]+)", re.ASCII)
_RPM = re.compile(r"(\d+)|([A-Za-z]+)|(~+)|(\^+)", re.ASCII)
_APK = re.compile(r"[_-](alpha|beta|pre|rc|cvs|svn|git|hg|p|r)(\d*)|\.?(\d+)|([a-z])", re.ASCII)
# What may come next in a version, the oldest first; in the middle, nothing.
_APK_ORDER = "alpha beta pre rc end r cvs svn git hg p letter number".split()
_LONGEST = 1_000  # characters that are looked at


def newer(manager: str, a: str, b: str) -> int:
    """More than 0 where `b` is newer than `a`, less where it is older, 0 where neither is.

    Managers that are not known compare as dpkg does.
    """
    compare = _COMPARED.get(manager, _dpkg)
    return compare(b[:_LONGEST], a[:_LONGEST])


def _dpkg(a: str, b: str) -> int:
    return _by_epoch(a, b, _debian)


def _rpm(a: str, b: str) -> int:
    return _by_epoch(a, b, _red_hat)


def _apk(a: str, b: str) -> int:
    """Numbers, then a letter, then suffixes, then the revision."""
    end = (_APK_ORDER.index("end"), 0)
    for one, other in zip_longest(_apk_key(a), _apk_key(b), fillvalue=end):
        if one != other:
            return 1 if one > other else -1
    return 0


def _apk_key(version: str) -> list[tuple[int, int]]:
    key = []
    for suffix, count, number, letter in _APK.findall(version):
        word = suffix or ("number" if number else "letter")
        key.append((_APK_ORDER.index(word), ord(letter) if letter else int(count or number or 0)))
    return key


def _by_epoch(a: str, b: str, compare: Callable[[str, str], int]) -> int:
    """Epochs first, then versions, then what stands behind the last dash."""
    (one, first, revision), (other, second, second_revision) = _split(a), _split(b)
    if one != other:
        return 1 if one > other else -1
    return compare(first, second) or compare(revision, second_revision)


def _split(version: str) -> tuple[int, str, str]:
    epoch, colon, rest = version.partition(":")
    number = int(epoch) if colon and epoch.isdecimal() else 0
    upstream, dash, revision = (rest if colon else version).rpartition("-")
    return number, *((upstream, revision) if dash else (revision, ""))


def _debian(a: str, b: str) -> int:
    """Letters by letter, numbers by value, in turns."""
    first, second = _turns(a), _turns(b)
    for one, other in zip_longest(first, second, fillvalue=("", 0)):
        if one != other:
            return 1 if (_letters(one[0]), one[1]) > (_letters(other[0]), other[1]) else -1
    return 0


def _turns(version: str) -> list[tuple[str, int]]:
    """What is no number, then a number, and so on."""
    found = [("", 0)]
    for digits, rest in _PARTS.findall(version):
        if rest:
            found.append((rest, 0))
        else:
            found[-1] = (found[-1][0], int(digits))
    return found


def _letters(text: str) -> list[int]:
    """The order of characters: a tilde before the end, letters before everything else."""
    ranks = [-1 if each == "~" else ord(each) + (0 if each.isalpha() else 256) for each in text]
    return [*ranks, 0]


def _red_hat(a: str, b: str) -> int:
    """Numbers are newer than letters, more is newer than less, but for what a tilde precedes."""
    first, second = _RPM.findall(a), _RPM.findall(b)
    for one, other in zip_longest(map(_rank, first), map(_rank, second), fillvalue=_END):
        if one != other:
            return 1 if one > other else -1
    return 0


_END = (1, 0, "")  # a tilde comes before it, everything else behind


def _rank(part: tuple[str, str, str, str]) -> tuple[int, int, str]:
    digits, letters, tilde, caret = part
    if tilde:
        return (0, 0, "")
    if caret:
        return (2, 0, "")
    return (4, int(digits), "") if digits else (3, 0, letters)


_COMPARED: dict[str, Callable[[str, str], int]] = {"dpkg": _dpkg, "rpm": _rpm, "apk": _apk}
