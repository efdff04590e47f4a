"""What `Drawable` is plugged into: one picture, one text and one table for every value.

What draws a value is imported with the first value of its kind, so that looking at a manifest from
disk loads neither the HTTP client nor pandas. Drawing asks nobody anything and never raises.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ocinb.display import frames
from ocinb.display.html import page
from ocinb.display.painting import in_notebook
from ocinb.display.text import plain
from ocinb.display.view import Say, View, Word, view

if TYPE_CHECKING:
    import pandas

    from ocinb.display.progress import Progress

# Where values of a part of the package, or of a module, are drawn: in modules that register with
# `view` and `rows`.
_DRAWN_IN = {
    "ocinb.oci": ("indexes", "manifests", "values", "tables"),
    "ocinb.errors": ("errors",),
    "ocinb.protocol": ("wire", "answers", "copies", "referrers", "capabilities", "uploads"),
    "ocinb.client": (
        "registries",
        "remote",
    ),
    "ocinb.protocol.sizes": ("sizes",),
    "ocinb.client.local": ("local",),
    "ocinb.client.several.failures": ("several",),
    "ocinb.client.several.found": ("several",),
    "ocinb.client.several.shared": ("sharing",),
    "ocinb.oci.diffs.fields": ("diffs",),
    "ocinb.oci.diffs.history": ("diffs",),
    "ocinb.oci.diffs.layers": ("diffs",),
    "ocinb.oci.diffs.platforms": ("diffs",),
    "ocinb.layers": ("files", "file_tables"),
    "ocinb.layers.diffs.files": ("file_diffs",),
    "ocinb.layers.diffs.images": ("file_diffs",),
    "ocinb.layers.diffs.packages": ("file_diffs",),
    "ocinb.layers.diffs.texts": ("file_diffs",),
    "ocinb.layers.filesystem": ("filesystems", "filesystem_tables"),
    "ocinb.layers.merged.layered": ("filesystems", "filesystem_tables"),
    "ocinb.layers.treemap": ("treemaps",),
    "ocinb.layers.merged.waste": ("filesystems", "filesystem_tables"),
    "ocinb.layers.inspecting.os_release": ("packages",),
    "ocinb.layers.inspecting.packages.found": ("packages",),
    "ocinb.layers.inspecting.permissions": ("permissions",),
    "ocinb.registry": ("stores",),
    "ocinb.registry.server": ("serving",),  # apart: it loads sockets
    "ocinb.storage": ("stores",),
}
_log = logging.getLogger("ocinb.display")


def html(value: Any) -> str:
    """`value` as HTML for a notebook."""
    return _drawn(page, value)


def text(value: Any) -> str:
    """`value` as lines of text."""
    return _drawn(plain, value)


def frame(value: Any) -> pandas.DataFrame:
    """`value` as a frame; see `frames` for the columns."""
    _learn(type(value))
    return frames.frame(frames.rows(value))


def records(value: Any) -> list[dict[str, Any]]:
    """The rows of `frame` without pandas."""
    _learn(type(value))
    return frames.records(frames.rows(value))


def report(value: Any) -> str:
    """`value`, and all the sections of its report, as a page of its own."""
    from ocinb.display.reports import whole  # noqa: PLC0415  # most write none

    return whole(value, _view)


def svg(value: Any) -> str:
    """The picture of `value`, of which there is one, as SVG."""
    from ocinb.display.pictures.treemaps import drawing  # noqa: PLC0415  # few are drawn

    return drawing(value, titles=True)


def progress(wanted: bool | None, title: str) -> Progress | None:
    """A panel that observes a transfer, as a context manager that gives the observer, or None.

    Without a word (None), there is one in a notebook and nowhere else.
    """
    if not (in_notebook() if wanted is None else wanted):
        return None
    from ocinb.display.progress import Progress  # noqa: PLC0415  # most want none

    return Progress(title)


def _drawn(face: Callable[[View], str], value: Any) -> str:
    try:
        _learn(type(value))
        return face(view(value))
    except Exception as error:
        _log.debug("could not draw a %s", type(value).__name__, exc_info=True)
        trouble = Say(("It could not be drawn:", Word(f"{type(error).__name__}: {error}")), "warn")
        return face(View(type(value).__name__, Word(_repr(value), kind="code"), "", (trouble,)))


def _view(value: Any) -> View:
    _learn(type(value))
    return view(value)


_learned: set[type] = set()


def _learn(kind: type) -> None:
    """Import what draws values of this type, for each class it is made of."""
    if kind in _learned:
        return
    for each in kind.__mro__:
        module = each.__module__
        for part in {".".join(module.split(".")[:2]), module}:
            for name in _DRAWN_IN.get(part, ()):
                import_module(f"ocinb.display.{name}")
    _learned.add(kind)


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception:
        return object.__repr__(value)
