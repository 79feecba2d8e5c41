"""Which models can answer on this machine, told without loading or calling one."""

from __future__ import annotations

import importlib.util
import os

from lamarck.models.engine import engine_version
from lamarck.models.weights import state_of, weights_path
from lamarck.models.weights_table import GENERATORS, WEIGHTS
from lamarck.records import Diagnosis
from lamarck.settings import EndpointSettings, Settings

_EMBEDDING_PACKAGES = ("numpy", "onnxruntime", "tokenizers")


def diagnose_models(settings: Settings) -> tuple[Diagnosis, ...]:
    """One row for each tier, then the endpoints that are no tier."""
    tiers = settings.models.tiers
    if not tiers:
        none = Diagnosis(
            name="model", ok=False, needed=False, found="models.tiers is empty", mend="see `lamarck models list`"
        )
        return (none, *_other_endpoints(settings))
    return (*(_tier(name, settings) for name in tiers), *_other_endpoints(settings))


def _tier(name: str, settings: Settings) -> Diagnosis:
    if name in GENERATORS:
        return _embedded(name)
    if name in settings.endpoints:
        return _endpoint(name, settings.endpoints[name], needed=True)
    kind, _, path = name.partition(":")
    if kind in {"scripted", "replay"}:
        return Diagnosis(
            name=f"model {name}",
            ok=os.path.isfile(os.path.expanduser(path)),
            found=f"file {path}",
            mend="" if os.path.isfile(os.path.expanduser(path)) else "name a file that exists in models.tiers",
        )
    return Diagnosis(name=f"model {name}", ok=False, found="no model is called so", mend="see `lamarck models list`")


def _embedded(name: str) -> Diagnosis:
    state, engine = state_of(name), engine_version()
    weights = f"weights {state}" + ("" if state == "missing" else f" at {weights_path(name)}")
    mends = []
    if engine is None:
        mends.append("pip install 'lamarck-dse[local]'")
    if state in {"missing", "partial", "corrupt"}:
        mends.append(f"lamarck models pull {name} ({WEIGHTS[name].size / 1e6:,.0f} MB)")
    return Diagnosis(
        name=f"model {name}", ok=not mends, found=f"{engine or 'no engine'}, {weights}", mend=" and ".join(mends)
    )


def _other_endpoints(settings: Settings) -> tuple[Diagnosis, ...]:
    others = {name: e for name, e in settings.endpoints.items() if name not in settings.models.tiers}
    return tuple(_endpoint(name, endpoint, needed=False) for name, endpoint in others.items())


def _endpoint(name: str, endpoint: EndpointSettings, *, needed: bool) -> Diagnosis:
    """Its key is only looked for, and the endpoint is not called."""
    key = endpoint.api_key_env
    has_key = not key or bool(os.environ.get(key, "").strip())
    has_package = importlib.util.find_spec("openai") is not None
    mends = [] if has_package else ["pip install 'lamarck-dse[endpoints]'"]
    if not has_key:
        mends.append(f"export {key}=…")
    said = "needs no key" if not key else f"{key} is {'set' if has_key else 'not set'}"
    return Diagnosis(
        name=f"endpoint {name}",
        ok=not mends,
        needed=needed,
        found=f"{endpoint.model} at {endpoint.base_url}, {said}, not called",
        mend=" and ".join(mends),
    )


def diagnose_embeddings(weights: str) -> Diagnosis:
    """Whether the library can be searched by meaning. Not needed: words find proven code too."""
    missing = [package for package in _EMBEDDING_PACKAGES if importlib.util.find_spec(package) is None]
    state = state_of(weights)
    mends = ["pip install 'lamarck-dse[embeddings]'"] if missing else []
    if state in {"missing", "partial", "corrupt"}:
        mends.append(f"lamarck models pull {weights} ({WEIGHTS[weights].size / 1e6:,.0f} MB)")
    found = f"{weights}, weights {state}"
    if mends:
        lacks = f"no {', '.join(missing)}" if missing else f"weights {state}"
        found = f"full text only: {lacks}"
    return Diagnosis(name="embeddings", ok=not mends, needed=False, found=found, mend=" and ".join(mends))
