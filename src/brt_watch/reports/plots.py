"""Plots as SVG, without a library: hours of operation from left to right, hatched where nothing was captured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from statistics import median

from brt_watch.transform.compiled import project_vars

FIRST_HOUR, END_HOUR = 3, 27
WIDTH, HEIGHT = 760, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 20, 30
HATCH = (
    '<pattern id="sem-dados" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" class="hatch-ground"/><line x1="0" y1="0" x2="0" y2="6" class="hatch"/></pattern>'
)


def hour_text(hour: int) -> str:
    """Return the clock time of an hour of operation."""
    return f"{hour % 24:02d}h"


@dataclass
class Frame:
    """A plot over the hours of a service day; `top` is the highest value shown."""

    top: float
    unit: str
    captured: dict[int, int]
    bottom: float = 0.0
    parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:  # noqa: D105 (draws the axes)
        for hour in range(FIRST_HOUR, END_HOUR):
            if not self.captured.get(hour):
                x = self.x(hour)
                self.parts.append(
                    f'<rect x="{x:.1f}" y="{TOP}" width="{self.x(hour + 1) - x:.1f}" height="{HEIGHT - TOP - BOTTOM}" '
                    f'fill="url(#sem-dados)"><title>{hour_text(hour)}: sem dados</title></rect>'
                )
        for value in _ticks(self.bottom, self.top):
            y = self.y(value)
            self.parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
            self.parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" class="tick end">{value:g}</text>')
        for hour in range(FIRST_HOUR, END_HOUR, 3):
            place = f"{self.x(hour):.1f}"
            self.parts.append(f'<text x="{place}" y="{HEIGHT - 10}" class="tick hour">{hour_text(hour)}</text>')
        self.parts.append(f'<text x="{LEFT}" y="{TOP - 7}" class="tick">{escape(self.unit)}</text>')

    def x(self, hour: float) -> float:
        """Return the position of an hour."""
        return LEFT + (hour - FIRST_HOUR) / (END_HOUR - FIRST_HOUR) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return the position of a value, within the frame."""
        share = (min(max(value, self.bottom), self.top) - self.bottom) / (self.top - self.bottom)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def bar(self, begin: float, end: float, low: float, high: float, kind: str, title: str) -> None:
        """Add a bar between two values."""
        x, y = self.x(begin), self.y(high)
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{self.x(end) - x:.1f}" height="{max(0.5, self.y(low) - y):.1f}" '
            f'class="{kind}"><title>{escape(title)}</title></rect>'
        )

    def dot(self, hour: float, value: float, kind: str, title: str) -> None:
        """Add a dot; a value above the frame is a triangle at its upper edge."""
        x, y = self.x(hour), self.y(value)
        shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2"'
        if value > self.top:
            shape = f'<path d="M{x - 3:.1f} {y + 5:.1f}h6l-3 -5z"'
        self.parts.append(f'{shape} class="{kind}"><title>{escape(title)}</title></{shape[1:].split()[0]}>')

    def level(self, begin: float, end: float, value: float, kind: str) -> None:
        """Add a level line."""
        y = self.y(value)
        self.parts.append(
            f'<line x1="{self.x(begin):.1f}" x2="{self.x(end):.1f}" y1="{y:.1f}" y2="{y:.1f}" class="{kind}"/>'
        )

    def svg(self, label: str) -> str:
        """Return the plot."""
        return (
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
            f"<defs>{HATCH}</defs>{''.join(self.parts)}</svg>"
        )


def nice_top(values: Iterable[float]) -> float:
    """Return a round number above the values."""
    highest = max([*values, 1.0])
    for top in (5, 10, 15, 20, 30, 40, 60, 90, 120, 180, 240, 480, 960):
        if highest <= top:
            return float(top)
    return highest


def _ticks(bottom: float, top: float) -> Iterator[float]:
    """Yield round numbers from the bottom to the top, six at most."""
    step = next((each for each in (1, 2, 5, 10, 20, 30, 60, 120, 240) if (top - bottom) / each <= 5), 480)
    number = math.ceil(bottom / step)
    while number * step <= top:
        yield float(number * step)
        number += 1


@dataclass(frozen=True)
class Cell:
    """A speed of a stretch in an hour."""

    hour: int
    row: int
    value: float
    buses: int


def speed_table(names: Sequence[str], cells: Sequence[Cell]) -> str:
    """Return the speeds as a table of stretches by hours, coloured from slow to fast, grey where few buses ran."""
    known = {(each.row, each.hour): each for each in cells}
    hours = range(min(each.hour for each in cells), max(each.hour for each in cells) + 1)
    # With fewer buses a speed means little. Read here: every command would take longer to start.
    fewest = int(project_vars()["trecho_minimo_passagens"])
    head = "".join(f"<th scope=col>{hour_text(hour)}" for hour in hours)
    lines = []
    for row, name in enumerate(names):
        of_row = [each.value for each in cells if each.row == row]
        middle = f"{median(of_row):.0f}" if of_row else ""
        body = "".join(_speed_cell(known.get((row, hour)), fewest) for hour in hours)
        lines.append(f"<tr><th scope=row>{escape(name)}<td class=mid>{middle}{body}")
    return (
        f"<div class=scroll><table class=speeds><thead><tr><th scope=col>Trecho<th scope=col>Dia{head}</thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _speed_cell(cell: Cell | None, fewest: int) -> str:
    if cell is None:
        return "<td>"
    title = f"{cell.value:.0f} km/h, {cell.buses} ônibus"
    if cell.buses < fewest:
        return f'<td class=few title="{title}: poucos dados">{cell.value:.0f}'
    return f'<td class="s{min(5, int(cell.value // 10))}" title="{title}">{cell.value:.0f}'
