"""Where progress is painted: a widget, an output that is replaced, a terminal, or nowhere.

A sink is opened once, updated now and then, and closed once, always from the thread that runs the
cell. In a notebook what is left in the end is static HTML: a saved widget is only an error message
when the notebook is opened again.
"""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from typing import Any, Protocol, TextIO

from ocinb.display.text import width

_CLEAR = "\r\x1b[2K"


class Panel(Protocol):
    """What is painted."""

    def html(self) -> str:
        """All of it."""

    def text(self) -> str:
        """All of it, as lines of text."""

    def line(self) -> str:
        """The sum of it, in one line."""

    def news(self) -> list[str]:
        """A line for each blob that came to its end since this was last asked."""


class Sink(Protocol):
    """Somewhere to paint."""

    def open(self, panel: Panel) -> None:
        """Begin."""

    def update(self, panel: Panel) -> None:
        """Paint it anew."""

    def close(self, panel: Panel) -> None:
        """Paint it for the last time, and leave it there."""


class Terminal:
    """One tidy line on a terminal; in a log a line for each blob that is done."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._tidy = self._stream.isatty()

    def open(self, panel: Panel) -> None:
        """Nothing is said before something happens."""

    def update(self, panel: Panel) -> None:
        """The line anew, cut to what fits; or what is new."""
        if self._tidy:
            room = shutil.get_terminal_size().columns - 1
            self._write(f"{_CLEAR}{_fitting(panel.line(), room)}")
        else:
            self._write("".join(f"{line}\n" for line in panel.news()))

    def close(self, panel: Panel) -> None:
        """The last line stays."""
        if not self._tidy:
            self.update(panel)
        self._write(f"{_CLEAR if self._tidy else ''}{panel.line()}\n")

    def _write(self, text: str) -> None:
        if text:
            self._stream.write(text)
            self._stream.flush()


class Static:
    """Something to display that is HTML and text."""

    def __init__(self, html: str, text: str) -> None:
        self._html, self._text = html, text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> Any:
        return {"text/html": self._html, "text/plain": self._text}


class Output:
    """An output of the cell that is replaced as a whole; for front ends without widgets."""

    def __init__(self) -> None:
        self._handle: Any = None

    def open(self, panel: Panel) -> None:
        """Show it below the cell."""
        self._show(Static(panel.html(), panel.line()))

    def update(self, panel: Panel) -> None:
        """Replace it."""
        self._replace(Static(panel.html(), panel.line()))

    def close(self, panel: Panel) -> None:
        """Replace it by what stays in the saved notebook."""
        self._replace(Static(panel.html(), panel.text()))

    def _show(self, shown: Any) -> None:
        from IPython.display import display  # noqa: PLC0415  # a kernel is there, so it is loaded

        self._handle = display(shown, display_id=True)  # type: ignore[no-untyped-call]

    def _replace(self, shown: Any) -> None:
        if self._handle is not None:
            self._handle.update(shown)


class Widget(Output):
    """A widget while it moves, static HTML once it has stopped."""

    def __init__(self) -> None:
        super().__init__()
        self._widget: Any = None

    def open(self, panel: Panel) -> None:
        """Show the widget below the cell."""
        import ipywidgets  # noqa: PLC0415  # only where widgets are wanted

        self._widget = ipywidgets.HTML(panel.html())
        self._widget.add_class("jp-RenderedHTMLCommon")  # else its code and tables look different
        self._show(self._widget)

    def update(self, panel: Panel) -> None:
        """Give the widget its new content."""
        self._widget.value = panel.html()

    def close(self, panel: Panel) -> None:
        """Put static HTML in the widget's place."""
        super().close(panel)
        if self._widget is not None:
            self._widget.close()


def sink() -> Sink:
    """Where progress belongs here: below the cell in a notebook, else on stderr."""
    if not in_notebook():
        return Terminal()
    without = "google.colab" in sys.modules or "marimo" in sys.modules
    return Output() if without or find_spec("ipywidgets") is None else Widget()


def in_notebook() -> bool:
    """Whether a kernel runs this; asking loads nothing."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


def _fitting(line: str, room: int) -> str:
    while width(line) > room:
        line = f"{line[:-2]}…"
    return line
