"""How text and figures are worded for people."""

from __future__ import annotations

import re

# Escape sequences and text direction controls in a model's code or a test's message must not steer a terminal.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str, *, newlines: bool = True) -> str:
    """The text with control characters made visible (`\\x1b`); without newlines: on one line."""
    if not newlines:
        text = " ".join(text.split())
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def shortened(text: str, width: int) -> str:
    """One clean line of at most `width` characters."""
    line = clean(text, newlines=False)
    return line if len(line) <= width else line[: width - 1] + "…"


def headline(text: str, width: int) -> str:
    """The first line of a text that may have several."""
    return shortened(text.strip().split("\n", maxsplit=1)[0], width)


def short_id(identifier: str) -> str:
    """What people see and type."""
    return identifier[:12]


def seconds(value: float) -> str:
    if value < 0:
        return "-" + seconds(-value)
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 119.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def count(number: float, noun: str) -> str:
    """`1 call`, `2 calls`, `1,200 tokens`."""
    return f"{number:,.0f} {noun}" + ("" if number == 1 else "s")


def usd(value: float) -> str:
    return f"${value:.4f}" if value else "$0"


def size(bytes_: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if bytes_ < 1000:
            return f"{bytes_:.0f} {unit}" if unit == "bytes" else f"{bytes_:.1f} {unit}"
        bytes_ /= 1000
    return f"{bytes_:.2f} GB"
