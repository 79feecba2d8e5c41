"""A plot as SVG text, written by hand: tasks solved within a spend, one step line an arm."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from lamarck.benchmarks.results import Result

_COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#e69f00",
    "#000000",
    "#999999",
)  # Okabe and Ito 2008
_DASHES = ("", "7 3", "2 3", "9 3 2 3")  # so that arms can be told apart without colour
_WIDTH, _HEIGHT = 460, 320  # of one panel
_LEFT, _TOP, _RIGHT, _BOTTOM = 52, 14, 20, 46
_FONT = 'font-family="system-ui, sans-serif" font-size="12"'

Spend = Callable[[Result], float]


def plot_svg(rows: Sequence[Result], arms: Sequence[str], *, title: str) -> str:
    """Two panels side by side: share of tasks solved within x generated tokens, and within x CPU-seconds, a
    task.

    A line ends at the largest spend of its arm. rows: of one seed, one for each arm and task.
    """
    panels = (
        ("generated tokens a task", lambda r: float(r.generated_tokens)),
        ("CPU-seconds a task", lambda r: r.cpu_seconds),
    )
    shown = [a for a in arms if any(r.arm == a for r in rows)]
    legend = 34 + 18 * math.ceil(len(shown) / 4)
    height = _HEIGHT + legend
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _WIDTH} {height}" {_FONT}>',
        f'<rect width="{2 * _WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{_LEFT}" y="20" font-weight="bold">{escape(title)}</text>',
        *(_legend_entry(i, arm) for i, arm in enumerate(shown)),
    ]
    for number, (label, spend) in enumerate(panels):
        parts.append(f'<g transform="translate({number * _WIDTH} {legend})">')
        parts += _panel(rows, shown, label, spend)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def steps(rows: Sequence[Result], spend: Spend) -> list[tuple[float, float]]:
    """(spend, share of all rows solved within it), rising; begins at (0, 0) and ends at the largest spend."""
    points = [(0.0, 0.0)]
    solved = 0
    for row in sorted((r for r in rows if r.solved), key=spend):
        solved += 1
        points.append((spend(row), solved / len(rows)))
    points.append((max((spend(r) for r in rows), default=0.0), solved / max(1, len(rows))))
    return points


def _legend_entry(number: int, arm: str) -> str:
    x, y = _LEFT + 210 * (number % 4), 38 + 18 * (number // 4)
    return (
        f'<path d="M{x} {y}h26" fill="none" {_stroke(number)}/>'
        f'<text x="{x + 32}" y="{y + 4}">{escape(arm)}</text>'
    )  # fmt: skip


def _panel(rows: Sequence[Result], arms: Sequence[str], label: str, spend: Spend) -> list[str]:
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    ticks = round_ticks(max((spend(r) for r in rows), default=1.0))

    def x(value: float) -> float:
        return round(_LEFT + width * value / ticks[-1], 1)

    def y(share: float) -> float:
        return round(_TOP + height * (1 - share), 1)

    parts = []
    for percent in range(0, 101, 20):
        at = y(percent / 100)
        parts.append(f'<path d="M{_LEFT} {at}h{width}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 4}" text-anchor="end">{percent}%</text>')
    for tick in ticks:
        at = x(tick)
        parts.append(f'<path d="M{at} {_TOP + height}v5" stroke="#333"/>')
        parts.append(f'<text x="{at}" y="{_TOP + height + 18}" text-anchor="middle">{tick:g}</text>')
    parts.append(f'<path d="M{_LEFT} {_TOP}v{height}h{width}" fill="none" stroke="#333"/>')
    middle = _LEFT + width / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">solved within x {escape(label)}</text>')
    for number, arm in enumerate(arms):
        points = steps([r for r in rows if r.arm == arm], spend)
        path = f"M{x(points[0][0])} {y(points[0][1])}"
        path += "".join(f"H{x(at)}V{y(share)}" for at, share in points[1:])
        parts.append(f'<path d="{path}" fill="none" {_stroke(number)}><title>{escape(arm)}</title></path>')
    return parts


def _stroke(number: int) -> str:
    dash = _DASHES[number % len(_DASHES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'stroke="{_COLOURS[number % len(_COLOURS)]}" stroke-width="2"{dashed}'


def round_ticks(largest: float) -> list[float]:
    """Four to seven evenly spaced round values from 0 to at least `largest`."""
    if largest <= 0:
        return [0.0, 1.0]
    rough = largest / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    return [round(i * step, 10) for i in range(math.ceil(largest / step * 0.999) + 1)]
