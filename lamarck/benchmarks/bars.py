"""A plot as SVG text, written by hand: one bar for each measured cost, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

_COLOURS = {"asserts": "#0072b2", "pytest": "#d55e00"}  # Okabe and Ito 2008
_OTHER = "#999999"
_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 760, 280, 80, 44, 26
_FONT = 'font-family="system-ui, sans-serif" font-size="12"'


def bars_svg(bars: Sequence[tuple[str, str, float]], *, title: str, unit: str) -> str:
    """bars: (label, sort, value above 0). Sorts have colours and are written beside the labels."""
    values = [value for _, _, value in bars] or [1.0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    width, bottom = _WIDTH - _LEFT - _RIGHT, _TOP + _ROW * len(bars)

    def x(value: float) -> float:
        return round(_LEFT + width * (math.log10(value) - low) / (high - low), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom + 44}" {_FONT}>',
        f'<rect width="{_WIDTH}" height="{bottom + 44}" fill="white"/>',
        f'<text x="12" y="20" font-weight="bold">{escape(title)}</text>',
    ]
    for power in range(low, high + 1):
        at = x(10.0**power)
        parts.append(f'<path d="M{at} {_TOP - 8}V{bottom + 5}" stroke="#ddd"/>')
        parts.append(f'<text x="{at}" y="{bottom + 20}" text-anchor="middle">{10.0**power:g}</text>')
    parts.append(f'<text x="{_LEFT + width / 2}" y="{bottom + 38}" text-anchor="middle">{escape(unit)}</text>')
    for number, (label, sort, value) in enumerate(bars):
        y = _TOP + _ROW * number
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(f"{label}, {sort}")}</text>')
        colour, length = _COLOURS.get(sort, _OTHER), round(x(value) - _LEFT, 1)
        parts.append(f'<rect x="{_LEFT}" y="{y + 2}" width="{length}" height="{_ROW - 8}" fill="{colour}"/>')
        parts.append(f'<text x="{_LEFT + length + 6}" y="{y + 15}">{value:.3g}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
