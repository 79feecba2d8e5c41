"""From the flags of a command to an open Lamarck."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamarck.api import Lamarck, Observer


def open_lamarck(
    *,
    library: Path | str | None = None,
    python: str | None = None,
    model: str | None = None,
    tokens: int | None = None,
    seconds: float | None = None,
    usd: float | None = None,
    allow_degraded: bool | None = None,
    backend: str | None = None,
    observers: Sequence[Observer] = (),
) -> Lamarck:
    """Flags over environment over files over defaults; None is a flag that was not given. Raises `BadInput`."""
    from lamarck.api import Lamarck
    from lamarck.settings import load_settings

    flags: dict[str, Any] = {
        "limits.tokens": tokens,
        "limits.seconds": seconds,
        "limits.usd": usd,
        "models.tiers": None if model is None else (model,),
        "sandbox.allow_degraded": allow_degraded,
        "sandbox.backend": backend,
    }
    settings, _ = load_settings(flags=flags)
    return Lamarck(settings, library=library, python=python, observers=observers)
