"""Every setting, typed, with its default and meaning; and how the sources of settings are laid over each other.

flag > `LAMARCK_*` > the project's `lamarck.toml` > the user's `$XDG_CONFIG_HOME/lamarck/lamarck.toml` > default.
A project's file is somebody else's word: it may tighten, never loosen trust, enable endpoints or allow spending.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from lamarck.errors import BadInput
from lamarck.records import JobLimits, Limits, Record

AcceptClaimed = Literal["ask", "always", "never"]


def _described(text: str, **limits: Any) -> Any:
    return msgspec.Meta(description=text, **limits)


class LimitSettings(Record, frozen=True, kw_only=True):
    tokens: Annotated[int, _described("prompt and generated tokens a run may use", ge=0)] = 8000
    seconds: Annotated[float, _described("wall-clock seconds a run may take", ge=0)] = 300.0
    usd: Annotated[float, _described("money a run may spend, US dollars", ge=0)] = 0.0
    daily_usd: Annotated[float, _described("money all runs of this user may spend in a UTC day", ge=0)] = 0.0

    def for_task(self) -> Limits:
        return Limits(tokens=self.tokens, seconds=self.seconds, usd=self.usd)


class SandboxSettings(Record, frozen=True, kw_only=True):
    backend: Annotated[Literal["auto", "bubblewrap"], _described("which isolation to use")] = "auto"
    allow_degraded: Annotated[
        bool, _described("run although a requirement is only partly enforced; the evidence records it")
    ] = False
    memory_mb: Annotated[int, _described("memory of one job, MiB", ge=64, le=2048)] = 2048
    cpu_seconds: Annotated[float, _described("CPU seconds of one job", gt=0, le=300)] = 300.0
    wall_seconds: Annotated[float, _described("wall-clock seconds of one check", gt=0, le=300)] = 60.0
    processes: Annotated[int, _described("processes and threads of one job", ge=1, le=64)] = 64

    def job_limits(self) -> JobLimits:
        return JobLimits(
            memory_mb=self.memory_mb,
            cpu_seconds=self.cpu_seconds,
            wall_seconds=self.wall_seconds,
            processes=self.processes,
        )


class TrustSettings(Record, frozen=True, kw_only=True):
    accept_claimed: Annotated[
        AcceptClaimed, _described("whether evidence measured in the candidate's own process is enough")
    ] = "ask"


class LibrarySettings(Record, frozen=True, kw_only=True):
    path: Annotated[str, _described("the library file; empty: library.sqlite in LAMARCK_HOME")] = ""
    lock_seconds: Annotated[float, _described("how long to wait for another process", gt=0)] = 10.0


class ReuseSettings(Record, frozen=True, kw_only=True):
    enabled: Annotated[bool, _described("try proven code from the library first")] = True
    candidates: Annotated[int, _described("how many library artifacts to try on a task's tests", ge=0, le=50)] = 5


class ModelSettings(Record, frozen=True, kw_only=True):
    tiers: Annotated[
        tuple[str, ...], _described("models to climb, smallest first: embedded names or [endpoints] names")
    ] = ("qwen2.5-coder-1.5b",)
    max_tokens: Annotated[int, _described("generated tokens of one reply", ge=16)] = 768
    samples: Annotated[int, _described("fresh replies per tier before climbing", ge=1)] = 4
    repairs: Annotated[int, _described("repair rounds on one candidate", ge=0, le=2)] = 1
    threads: Annotated[int, _described("CPU threads of the embedded model; 0: all cores", ge=0)] = 0
    parallel: Annotated[int, _described("requests of the embedded model in flight at once", ge=1, le=16)] = 1


class EndpointSettings(Record, frozen=True, kw_only=True):
    """One OpenAI-compatible endpoint. Only the user's own file, environment or flags may define one."""

    base_url: Annotated[str, _described("address of the API, ending in /v1")]
    model: Annotated[str, _described("the model's name there")]
    api_key_env: Annotated[str, _described("environment variable that holds the key; empty: none")] = ""
    usd_per_million_prompt: Annotated[
        Annotated[float, msgspec.Meta(ge=0)] | None, _described("price; absent: looked up")
    ] = None
    usd_per_million_completion: Annotated[
        Annotated[float, msgspec.Meta(ge=0)] | None, _described("price; absent: looked up")
    ] = None
    timeout_seconds: Annotated[float, _described("how long one call may take", gt=0)] = 120.0


class Settings(Record, frozen=True, kw_only=True):
    """The whole file."""

    limits: LimitSettings = LimitSettings()
    sandbox: SandboxSettings = SandboxSettings()
    trust: TrustSettings = TrustSettings()
    library: LibrarySettings = LibrarySettings()
    reuse: ReuseSettings = ReuseSettings()
    models: ModelSettings = ModelSettings()
    endpoints: dict[str, EndpointSettings] = {}


class Source(Record, frozen=True, kw_only=True):
    """Where the value of a key came from, for `lamarck config show`."""

    key: str
    origin: str


def home() -> Path:
    """Where libraries, ledgers and run logs live: `LAMARCK_HOME`, else `$XDG_DATA_HOME/lamarck`."""
    named = os.environ.get("LAMARCK_HOME")
    if named:
        return Path(named).expanduser()
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data).expanduser() if data else Path.home() / ".local" / "share") / "lamarck"


def cache_dir() -> Path:
    """Where weights and other things live that can be fetched again: `$XDG_CACHE_HOME/lamarck`."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache).expanduser() if cache else Path.home() / ".cache") / "lamarck"


def user_file() -> Path:
    config = os.environ.get("XDG_CONFIG_HOME")
    return (Path(config).expanduser() if config else Path.home() / ".config") / "lamarck" / "lamarck.toml"


def project_file(start: Path) -> Path | None:
    """The nearest `lamarck.toml` at or above `start`."""
    for folder in (start, *start.parents):
        if (folder / "lamarck.toml").is_file():
            return folder / "lamarck.toml"
    return None


def load_settings(
    *,
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> tuple[Settings, tuple[Source, ...]]:
    """Settings from all sources, and where each value that is no default came from.

    flags: dotted key → value, None left out. environ: default `os.environ`. folder: where to look for the project's
    file, default the working folder. Raises `BadInput` naming file and key for anything unknown or out of range.
    """
    layers: list[tuple[str, dict[str, Any]]] = []
    if user_file().is_file():
        layers.append((str(user_file()), _read(user_file())))
    project = project_file((folder or Path.cwd()).resolve())
    if project is not None and project != user_file():
        layers.append((str(project), _read(project)))
    layers.append(("environment", _from_environment(os.environ if environ is None else environ)))
    layers.append(("flag", _nested({k: v for k, v in (flags or {}).items() if v is not None})))

    merged: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for origin, values in layers:
        before = _convert(merged, origin)
        candidate = _merge(merged, values)
        after = _convert(candidate, origin)
        if project is not None and origin == str(project):
            _refuse_loosening(before, after, origin)
        merged = candidate
        sources.update((key, origin) for key in _leaves(values))
    return _convert(merged, "settings"), tuple(Source(key=k, origin=v) for k, v in sorted(sources.items()))


def schema() -> dict[str, Any]:
    """JSON schema of the settings file."""
    return msgspec.json.schema(Settings)


def validate_file(path: Path) -> Settings:
    """The settings that one file alone would give. Raises `BadInput`."""
    return _convert(_read(path), str(path))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path}: not valid TOML: {error}", "correct the line it names") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {error}", "check the file and its permissions") from error


def _convert(values: dict[str, Any], origin: str) -> Settings:
    try:
        return msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        message = str(error)
        unknown = re.search(r"unknown field `(\w+)`", message)
        place = (re.search(r"at `\$\.?([^`]*)`", message) or ["", ""])[1]
        if unknown:
            key = ".".join(x for x in (place, unknown[1]) if x)
            raise BadInput(f"{origin}: unknown setting '{key}'", "see `lamarck config schema` for the names") from error
        raise BadInput(
            f"{origin}: setting '{place}': {message.split(' - at ', maxsplit=1)[0]}", "see `lamarck config schema`"
        ) from error


# Keys that are files' names, not settings, and the ones that name places.
_NOT_SETTINGS = {"LAMARCK_HOME"}


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """`LAMARCK_LIMITS_TOKENS=100` sets `limits.tokens`; lists are comma-separated."""
    values: dict[str, Any] = {}
    for name, text in environ.items():
        if not name.startswith("LAMARCK_") or name in _NOT_SETTINGS:
            continue
        section, _, key = name.removeprefix("LAMARCK_").lower().partition("_")
        kind = _field_types().get(f"{section}.{key}")
        if kind is None:
            raise BadInput(f"environment: unknown setting '{name}'", "see `lamarck config schema` for the names")
        value: Any = tuple(x.strip() for x in text.split(",") if x.strip()) if kind is tuple else text
        try:
            values.setdefault(section, {})[key] = msgspec.convert(value, kind, strict=False)
        except msgspec.ValidationError as error:
            raise BadInput(f"environment: {name}={text}: {error}", "see `lamarck config schema`") from error
    return values


def _field_types() -> dict[str, Any]:
    kinds: dict[str, Any] = {}
    for section in msgspec.structs.fields(Settings):
        if section.name == "endpoints":
            continue
        for field in msgspec.structs.fields(section.type):
            default = field.default
            kinds[f"{section.name}.{field.name}"] = type(default)
    return kinds


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in flat.items():
        section, _, name = key.partition(".")
        values.setdefault(section, {})[name] = value
    return values


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _leaves(values: Mapping[str, Any], prefix: str = "") -> list[str]:
    keys: list[str] = []
    for key, value in values.items():
        keys += _leaves(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [f"{prefix}{key}"]
    return keys


_CLAIMED_ORDER = {"never": 0, "ask": 1, "always": 2}


def _refuse_loosening(before: Settings, after: Settings, origin: str) -> None:
    """A project's file may tighten only: see the module's docstring."""
    loosened = {
        "trust.accept_claimed": _CLAIMED_ORDER[after.trust.accept_claimed]
        > _CLAIMED_ORDER[before.trust.accept_claimed],
        "sandbox.allow_degraded": after.sandbox.allow_degraded and not before.sandbox.allow_degraded,
        "sandbox.backend": after.sandbox.backend != before.sandbox.backend,
        "limits.usd": after.limits.usd > before.limits.usd,
        "limits.daily_usd": after.limits.daily_usd > before.limits.daily_usd,
        "endpoints": after.endpoints != before.endpoints,
        "models.tiers": any(t in after.endpoints for t in set(after.models.tiers) - set(before.models.tiers)),
        "library.path": after.library.path != before.library.path and Path(after.library.path).is_absolute(),
    }
    for key, is_looser in loosened.items():
        if is_looser:
            raise BadInput(
                f"{origin}: a project's file may not set '{key}' that way "
                "(it would loosen trust, enable an endpoint or spend)",
                f"set it in {user_file()}, in the environment or by a flag",
            )
