"""Weights and endpoints, as a user sees them: what is there, what has to be fetched, whether it is whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from lamarck.records import Record
from lamarck.settings import Settings


class ModelRow(Record, frozen=True, kw_only=True):
    """Weights that Lamarck knows, or an endpoint of the settings. state: of weights missing, partial, present,
    unchecked or corrupt; of endpoints 'endpoint'. size: bytes; 0 for an endpoint. place: path or address."""

    name: str
    use: str
    state: str
    size: int
    place: str
    licence: str = ""
    is_tier: bool = False


def models_list(settings: Settings) -> tuple[ModelRow, ...]:
    """All weights in the table and all endpoints of the settings. Reads no weights and calls nobody."""
    from lamarck.models.weights import state_of, weights_path
    from lamarck.models.weights_table import WEIGHTS

    tiers = settings.models.tiers
    weights = tuple(
        ModelRow(
            name=w.name,
            use=w.use,
            state=state_of(w.name),
            size=w.size,
            place=str(weights_path(w.name)),
            licence=w.licence,
            is_tier=w.name in tiers,
        )
        for w in WEIGHTS.values()
    )
    return weights + tuple(
        ModelRow(name=name, use=e.model, state="endpoint", size=0, place=e.base_url, is_tier=name in tiers)
        for name, e in settings.endpoints.items()
    )


def models_pull(
    name: str,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    source: Literal["auto", "hub", "index"] = "auto",
    waiting: Callable[[], None] | None = None,
) -> Path:
    """Bring weights to this machine; see `lamarck.models.weights.pull` for what it raises."""
    from lamarck.models.weights import pull

    return pull(name, on_progress=on_progress, source=source, waiting=waiting)


def models_check(name: str, *, on_progress: Callable[[int, int], None] | None = None) -> Path:
    """Hash weights in full. Raises `BadInput`, `ModelUnavailable`, `ModelCorrupt`."""
    from lamarck.models.weights import check

    return check(name, on_progress=on_progress)
