"""From the name of a model to the model."""

from __future__ import annotations

from pathlib import Path

from lamarck.errors import BadInput
from lamarck.models.bank import Bank
from lamarck.models.model import Model
from lamarck.models.replayed import RecordingModel, ReplayedModel
from lamarck.models.turnstile import Waiting
from lamarck.models.weights_table import GENERATORS, WEIGHTS
from lamarck.settings import Settings, cache_dir, home

SCRIPTED = "scripted:"
REPLAY = "replay:"


def open_model(name: str, settings: Settings, *, bank: Bank | None, waiting: Waiting | None = None) -> Model:
    """The model that `name` names: embedded weights, an endpoint of the settings, `scripted:PATH` or `replay:PATH`.

    bank: where replies are recorded and found again; None records nothing. Nothing is loaded or called before the
    first completion. waiting: called when an embedded model begins to wait for another process. Raises `BadInput` for
    a name that is none, with those there are.
    """
    if name.startswith(REPLAY):
        path = Path(name.removeprefix(REPLAY)).expanduser()
        if not path.is_file():
            raise BadInput(f"{path}: no such bank of replies", "name a file that was recorded or exported")
        return ReplayedModel(Bank.of_lines(path) if path.suffix in {".jsonl", ".gz"} else Bank(path), owns_bank=True)
    model = _open(name, settings, waiting)
    return model if bank is None else RecordingModel(model, bank)


def _open(name: str, settings: Settings, waiting: Waiting | None) -> Model:
    if name.startswith(SCRIPTED):
        from lamarck.models.scripted import ScriptedModel

        return ScriptedModel.of_file(Path(name.removeprefix(SCRIPTED)).expanduser(), name=name)
    if name in settings.endpoints:
        from lamarck.models.endpoint import EndpointModel
        from lamarck.models.ledger import DailyLedger, LedgeredModel

        model = EndpointModel(settings.endpoints[name], name)
        if not any(model.prices.values()):
            return model
        ledger = DailyLedger(home() / "ledger.sqlite")
        return LedgeredModel(model, ledger, limit=settings.limits.daily_usd)
    if name in GENERATORS:
        from lamarck.models.embedded import EmbeddedModel
        from lamarck.models.weights import weights_path

        return EmbeddedModel(
            weights_path(name),
            name=name,
            digest=WEIGHTS[name].sha256,
            threads=settings.models.threads,
            parallel=settings.models.parallel,
            lock_file=cache_dir() / "inference.lock",
            waiting=waiting,
        )
    there = ", ".join((*GENERATORS, *settings.endpoints, f"{SCRIPTED}FILE", f"{REPLAY}FILE"))
    raise BadInput(f"no model is called '{name}'", f"there are {there}")
