"""Reports: a value and what belongs to it as one HTML file that loads nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ocinb.display.html import long
from ocinb.display.markup import page
from ocinb.display.view import Say, View, Word
from ocinb.errors import InvalidContent, InvalidReference, NotSupported


def whole(value: Any, view: Callable[[Any], View]) -> str:
    """The page of `value` and its sections; `view` says what there is to see of each."""
    title = f"{view(value).title} {' → '.join(_names(value))}"
    return page(title, [long(each) for each in _views(value, view)])


def _views(value: Any, view: Callable[[Any], View]) -> Iterator[View]:
    """The sections first, as the value knows more once they were looked at; it stands above."""
    found = []
    for heading, part in value.sections():
        try:
            found.append(view(part()))
        except (InvalidContent, InvalidReference, NotSupported) as error:
            trouble = Say((Word("It cannot be compared:", tone="warn"), str(error)))
            found.append(View(heading, "", "", (trouble,)))
    yield _overview(view(value)) if found else view(value)
    yield from found


def _overview(view: View) -> View:
    """A value without what its sections show again."""
    return View(view.title, view.name, view.summary, view.blocks[:1])


def _names(value: Any) -> tuple[str, str]:
    names: tuple[str, str] = getattr(value, "names", None) or (value.a, value.b)
    return names
