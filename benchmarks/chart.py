"""The chart: a row of bars for each contender, in SVG that reads well on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from benchmarks.results import Line, Scenario

WIDTH, LABELS, BAR, ROW, TEXT, GAP = 920, 270, 490, 22, 17, 34
_STYLE = """
svg { font: 13px system-ui, sans-serif; background: #fff; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px } .aside { fill: #59636e }
.target { font-size: 12px } .met { fill: #1a7f37 } .missed { fill: #cf222e }
.ours { fill: #0969da } .other { fill: #afb8c1 } .inner { fill: #000; opacity: .22 }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; fill: #e6edf3 } .aside { fill: #9198a1 }
  .met { fill: #3fb950 } .missed { fill: #f85149 }
  .ours { fill: #4493f8 } .other { fill: #484f58 } .inner { fill: #fff }
}"""


def drawn(scenarios: Sequence[Scenario]) -> str:
    """The first column of each scenario as bars; where the second is a transfer time, within."""
    parts, y = [], 24
    for scenario in (each for each in scenarios if each.lines):
        parts += list(_scenario(scenario, y))
        y += 14 + len(scenario.lines) * ROW + len(scenario.targets) * TEXT + GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}">'
    return "\n".join([head, f"<style>{_STYLE}</style>", *parts, "</svg>", ""])


def _scenario(scenario: Scenario, y: int) -> Iterator[str]:
    unit = scenario.columns[0]
    inner = len(scenario.columns) > 1 and scenario.columns[1] == "transfer s"
    aside = f"{unit}{'; shaded: the transfer alone' if inner else ''}; less is better"
    yield f'<text class="title" x="16" y="{y}">{escape(scenario.title)}</text>'
    yield f'<text class="aside" x="{WIDTH - 16}" y="{y}" text-anchor="end">{escape(aside)}</text>'
    longest = max(line.figures[0] or 0 for line in scenario.lines) or 1
    alone = not any(map(_is_ours, scenario.lines))  # what it measures is ours without saying so
    for number, line in enumerate(scenario.lines):
        kind = "ours" if alone or _is_ours(line) else "other"
        yield from _line(line, kind, y + 14 + number * ROW, BAR / longest, inner)
    y += 14 + len(scenario.lines) * ROW + 14
    for number, target in enumerate(scenario.targets):
        kind = {True: "met", False: "missed", None: "aside"}[target.met]
        place = f'x="{LABELS}" y="{y + number * TEXT}"'
        yield f'<text class="target {kind}" {place}>{escape(str(target))}</text>'


def _is_ours(line: Line) -> bool:
    return line.name.startswith(("ocinb", "import ocinb"))


def _line(line: Line, kind: str, y: int, scale: float, inner: bool) -> Iterator[str]:
    value = line.figures[0] or 0
    width = max(value * scale, 1)
    text = f"{value:,.0f}" if isinstance(value, int) or value >= 100 else f"{value:.2f}"
    yield f'<text x="{LABELS - 10}" y="{y + 13}" text-anchor="end">{escape(line.name)}</text>'
    yield f'<rect class="{kind}" x="{LABELS}" y="{y}" width="{width:.1f}" height="17" rx="2"/>'
    told = line.figures[1] if inner else None
    if told is not None:
        within = f'x="{LABELS}" y="{y + 12}" width="{told * scale:.1f}" height="5"'
        yield f'<rect class="inner" {within}/>'
    yield f'<text x="{LABELS + width + 8:.1f}" y="{y + 13}">{text}</text>'
