"""What two things differ in, as a page of its own that a browser opens."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from ocinb.drawable import Drawable
from ocinb.text import visible

Section: TypeAlias = tuple[str, Callable[[], Drawable]]  # a heading, and what stands below it


class Reported:
    """What can be written as a report: one HTML file that needs nothing else, and runs nothing."""

    __slots__ = ()

    def sections(self) -> Iterable[Section]:
        """What a report says besides the value itself, each part fetched when it is its turn."""
        return ()

    def to_html(self) -> str:
        """The whole report as HTML: a page of its own, light or dark as the reader has it.

        What was not looked at yet is fetched for it. What cannot be read is said in its place.
        """
        return Drawable._faces().report(self)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the report to `path`, which is replaced once all of it is there; see `to_html`."""
        target = Path(path)
        if not target.parent.is_dir():
            raise FileNotFoundError(f"there is no folder {target.parent}")
        content = self.to_html().encode("utf-8", "backslashreplace")
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        return target


def between(a: str, b: str) -> str:
    """What the two sides are called, in one line; of digests alone, their beginnings."""
    return " → ".join(visible(_short(each), 200) for each in (a, b))


def _short(name: str) -> str:
    algorithm, colon, encoded = name.partition(":")
    return f"{algorithm}:{encoded[:12]}" if colon and encoded.isalnum() else name


def _umask() -> int:
    """What this process takes from the modes of new files; asking for it means setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
