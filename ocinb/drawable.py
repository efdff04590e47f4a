"""The socket through which values reach a notebook."""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` costs more than the rest of the front door
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Any, ClassVar, Protocol

    import pandas

    class Faces(Protocol):
        """What an outer layer offers: one picture, one text and one table per value."""

        def html(self, value: Any) -> str: ...
        def text(self, value: Any) -> str: ...
        def frame(self, value: Any) -> pandas.DataFrame: ...
        def records(self, value: Any) -> list[dict[str, Any]]: ...
        def report(self, value: Any) -> str: ...
        def svg(self, value: Any) -> str: ...
        def progress(
            self, wanted: Any, title: str
        ) -> AbstractContextManager[Callable[[Any], None]] | None: ...


class Drawable:
    """A value with three faces that say the same: HTML, text and a frame.

    The faces live in an outer layer, which the front door plugs in here as something to call when
    the first one is needed; this layer never imports it. `repr` is always one line, and drawing
    never asks the network for anything.
    """

    __slots__ = ()
    faces: ClassVar[Callable[[], Faces] | None] = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # IPython prefers a class's own __repr__ to a _repr_pretty_ that it inherits.
        cls._repr_pretty_ = Drawable._repr_pretty_  # type: ignore[method-assign]

    def _repr_html_(self) -> str | None:
        return Drawable.faces().html(self) if Drawable.faces else None

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        alone = len(printer.stack) <= 1 and not cycle  # in a list or dict: one line
        printer.text(Drawable.faces().text(self) if alone and Drawable.faces else repr(self))

    def to_frame(self) -> pandas.DataFrame:
        """A pandas DataFrame of this value; columns and dtypes stay the same when it is empty."""
        return self._faces().frame(self)

    def records(self) -> list[dict[str, Any]]:
        """The rows of `to_frame` as plain dicts, without pandas."""
        return self._faces().records(self)

    @staticmethod
    def _faces() -> Faces:
        if Drawable.faces is None:
            raise RuntimeError("import ocinb first: it plugs in what draws values")
        return Drawable.faces()
