"""The colours of pictures: pale ones with dark text, and in the dark dark ones with pale text.

An SVG in a page knows no variables of the page; it follows the reader's colour scheme.
"""

from __future__ import annotations

from colorsys import hls_to_rgb

COLOURS = 12
_FIRST, _STEP = 210, 47  # degrees; neighbours are far from each other
_TEXT = "text{font:11px system-ui,sans-serif;fill:#111}"
_LINES = ".b,.f{stroke:#fff}.n{fill:none}.f{fill:#8883}.w{fill:url(#w)}.h{fill:none;stroke:#111a}"
_DARK = "text{fill:#eee}.b,.f{stroke:#111}.h{stroke:#eeea}"


def style(kinds: int) -> str:
    """The rules for a picture with so many kinds of boxes."""
    pale = "".join(f".g{each}{{fill:{_colour(each, 0.80, 0.60)}}}" for each in range(kinds))
    dark = "".join(f".g{each}{{fill:{_colour(each, 0.28, 0.35)}}}" for each in range(kinds))
    return f"{_TEXT}{_LINES}{pale}@media(prefers-color-scheme:dark){{{_DARK}{dark}}}"


def _colour(number: int, light: float, strong: float) -> str:
    hue = (_FIRST + number * _STEP) % 360 / 360
    return "#" + "".join(f"{round(each * 255):02x}" for each in hls_to_rgb(hue, light, strong))
