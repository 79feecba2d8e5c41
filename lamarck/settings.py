"""Every setting, typed, with its default and meaning; and how the sources of settings are laid over each other.

flag > `LAMARCK_*` > the project's `lamarck.toml` > the user's `$XDG_CONFIG_HOME/lamarck/lamarck.toml` > default.
A project's file is somebody else's word: it may tighten, never loosen trust, enable endpoints or allow spending.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
import msgspec.inspect

from lamarck.errors import BadInput
from lamarck.records import JobLimits, Limits, Record

Prompt = Literal["lean", "plain"]
Standards = Literal["none", "compressed", "full"]
Level = Literal["quick", "standard", "deep"]
AcceptClaimed = Literal["ask", "always", "never"]
Backend = Literal["auto", "bubblewrap", "docker", "podman"]


def _described(text: str, **limits: Any) -> Any:
    return msgspec.Meta(description=text, **limits)


class LimitSettings(Record, frozen=True, kw_only=True):
    tokens: Annotated[int, _described("prompt and generated tokens a run may use", ge=0, le=10**9)] = 8000
    seconds: Annotated[float, _described("wall-clock seconds a run may take", ge=0, le=604_800)] = 300.0
    usd: Annotated[float, _described("money a run may spend, US dollars", ge=0, le=10**6)] = 0.0
    daily_usd: Annotated[float, _described("money all runs of this user may spend in a UTC day", ge=0, le=10**6)] = 0.0

    def for_task(self) -> Limits:
        return Limits(tokens=self.tokens, seconds=self.seconds, usd=self.usd)


class SandboxSettings(Record, frozen=True, kw_only=True):
    backend: Annotated[
        Backend, _described("what isolates: auto takes what holds best here (`lamarck sandbox check --backend NAME`)")
    ] = "auto"
    image: Annotated[
        str, _described("the container image, which has to be there: `lamarck sandbox image` makes it")
    ] = "lamarck-sandbox:1"
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
    waivers: Annotated[
        tuple[str, ...], _described("findings accepted in every run: 'RULE [PATH]: reason'; not in a project's file")
    ] = ()


class CheckSettings(Record, frozen=True, kw_only=True):
    """Of `lamarck check`. What keeps code out of the library (parse, security, given tests) is not set here."""

    level: Annotated[Level, _described("which checks run")] = "standard"
    required: Annotated[
        tuple[str, ...], _described("checks that have to pass besides parse, security and the given tests")
    ] = ()
    tests: Annotated[
        tuple[str, ...], _described("test files or folders, relative to the settings file; empty: found by their names")
    ] = ()
    waivers: Annotated[tuple[str, ...], _described("findings accepted in this project: 'RULE [PATH]: reason'")] = ()
    minimum_score: Annotated[
        float, _described("of 10, for lint, format, types, complexity and duplication", ge=0, le=10)
    ] = 8.0
    minimum_coverage: Annotated[float, _described("share of branches that the given tests take", ge=0, le=1)] = 0.85
    minimum_mutation: Annotated[float, _described("share of mutants that the given tests kill", ge=0, le=1)] = 0.7
    mutants: Annotated[int, _described("mutants tried at standard; deep tries all", ge=1, le=100_000)] = 30
    rank: Annotated[bool, _described("measure the quality of code that is new to the library, once it is accepted")] = (
        True
    )
    model_review: Annotated[
        bool, _described("at deep, ask the first tier's model where confident rules are not sure; advice alone")
    ] = False


class LibrarySettings(Record, frozen=True, kw_only=True):
    path: Annotated[
        str,
        _described(
            "a file, or postgresql://user@host/database without a password; empty: library.sqlite in LAMARCK_HOME"
        ),
    ] = ""
    lock_seconds: Annotated[float, _described("seconds to wait for another process", gt=0, le=3600)] = 10.0
    statement_seconds: Annotated[
        float, _described("seconds that one statement may take on a server", gt=0, le=86_400)
    ] = 60.0


class ReuseSettings(Record, frozen=True, kw_only=True):
    enabled: Annotated[bool, _described("try proven code from the library first")] = True
    candidates: Annotated[int, _described("how many library artifacts to try on a task's tests", ge=0, le=50)] = 10
    fewest_bits: Annotated[
        float, _described("that given tests have to tell before what is no near request is tried; 0: always", ge=0)
    ] = 7.0
    blocks: Annotated[int, _described("proven functions to offer a model as imports; 0: none", ge=0, le=20)] = 6
    blocks_from: Annotated[
        float, _described("how near one has to be to a step of the task to be offered, as the search scores it", ge=0)
    ] = 0.45
    remembered: Annotated[
        int, _described("forms of requests to remember with what served them; 0: search every time", ge=0, le=10**7)
    ] = 10_000


class TemplateSettings(Record, frozen=True, kw_only=True):
    enabled: Annotated[bool, _described("try templates before any model")] = True
    tries: Annotated[int, _described("templates and variants of them to try on a task's tests", ge=1, le=10)] = 3
    runs: Annotated[
        int, _described("programs of templates to run on the given tests, to choose; 0: the likeliest", ge=0, le=500)
    ] = 120
    seconds: Annotated[float, _described("of choosing among the programs of templates, for a task", gt=0, le=120)] = (
        15.0
    )
    folder: Annotated[str, _described("the project's own templates, relative to its folder: family/name.toml")] = (
        ".lamarck/templates"
    )


class SearchSettings(Record, frozen=True, kw_only=True):
    enabled: Annotated[bool, _described("mend by search what a model nearly got right, at no token")] = True
    seconds: Annotated[
        float, _described("wall-clock seconds of all searches of a run together, or of one fix", gt=0, le=250)
    ] = 30.0
    fewest_cases: Annotated[int, _described("cases that given tests must show before the loop searches", ge=0)] = 3


class LessonSettings(Record, frozen=True, kw_only=True):
    learn: Annotated[bool, _described("keep what a repair that worked teaches, as lessons in the library")] = True
    use: Annotated[bool, _described("let lessons that helped on recorded failures order the search, and add edits")] = (
        False
    )
    prompts: Annotated[bool, _described("show a model that repairs what lessons of like failures changed")] = False


class ModelSettings(Record, frozen=True, kw_only=True):
    tiers: Annotated[
        tuple[str, ...], _described("models to climb, smallest first: embedded names or [endpoints] names")
    ] = ("qwen2.5-coder-1.5b",)
    max_tokens: Annotated[int, _described("generated tokens of one reply", ge=16)] = 768
    samples: Annotated[int, _described("fresh replies per tier before climbing", ge=1)] = 24
    repairs: Annotated[int, _described("repair rounds on one candidate", ge=0, le=2)] = 1
    prompt: Annotated[
        Prompt, _described('"lean": docstrings apart from the stub, replies without them; "plain": the stub as it is')
    ] = "lean"
    standards: Annotated[
        Standards,
        _described(
            'coding standards in a prompt: "compressed": what the gate asks of this task, 30 lines; "full": all'
        ),
    ] = "none"
    agreement: Annotated[
        int, _described("different passing candidates to compare on generated inputs; 1: take the first", ge=1, le=16)
    ] = 1
    agreement_below: Annotated[
        int, _described("compare only where the tests show fewer different calls than this; 0: always", ge=0)
    ] = 10
    threads: Annotated[int, _described("CPU threads of the embedded model; 0: all cores", ge=0)] = 0
    parallel: Annotated[int, _described("requests of the embedded model in flight at once", ge=1, le=16)] = 1


class EndpointSettings(Record, frozen=True, kw_only=True):
    """One OpenAI-compatible endpoint. Only the user's own file may define one."""

    base_url: Annotated[str, _described("address of the API, ending in /v1")]
    model: Annotated[str, _described("the model's name there")]
    api_key_env: Annotated[str, _described("environment variable that holds the key; empty: none")] = ""
    usd_per_million_prompt: Annotated[
        Annotated[float, msgspec.Meta(ge=0)] | None, _described("price; absent: looked up")
    ] = None
    usd_per_million_completion: Annotated[
        Annotated[float, msgspec.Meta(ge=0)] | None, _described("price; absent: looked up")
    ] = None
    timeout_seconds: Annotated[float, _described("seconds that one call may take", gt=0, le=3600)] = 120.0


class Settings(Record, frozen=True, kw_only=True):
    """The whole file."""

    limits: LimitSettings = LimitSettings()
    sandbox: SandboxSettings = SandboxSettings()
    trust: TrustSettings = TrustSettings()
    checks: CheckSettings = CheckSettings()
    library: LibrarySettings = LibrarySettings()
    reuse: ReuseSettings = ReuseSettings()
    templates: TemplateSettings = TemplateSettings()
    search: SearchSettings = SearchSettings()
    lessons: LessonSettings = LessonSettings()
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
    project = _project(folder)
    merged: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for origin, values in _layers(project, os.environ if environ is None else environ, flags or {}):
        candidate = _merge(merged, values)
        refuse_password(str(candidate.get("library", {}).get("path", "")))
        if found := _problems(candidate):
            raise BadInput(f"{origin}: {found[0]}", "see `lamarck config schema`")
        if project is not None and origin == str(project):
            _refuse_loosening(_settings(merged), _settings(candidate), origin)
        merged = candidate
        sources.update((key, origin) for key in _leaves(values))
    return _settings(merged), tuple(Source(key=k, origin=v) for k, v in sorted(sources.items()))


_PASSWORD = re.compile(r"//[^/?#]*:[^/?#]*@|[?&]password=", re.IGNORECASE)


def refuse_password(url: str) -> None:
    """Raises `BadInput` for the URL of a server that holds a password: settings are shown, and arguments are seen."""
    if url.lower().startswith(("postgres:", "postgresql:")) and _PASSWORD.search(url):
        raise BadInput(
            "the library's URL holds a password, which would be shown with the settings",
            "leave it out, and set PGPASSWORD or put it into ~/.pgpass",
        )


def _project(folder: Path | None) -> Path | None:
    """The project's file, unless that is the user's own."""
    found = project_file((folder or Path.cwd()).resolve())
    return None if found is not None and found == user_file().absolute() else found


def _layers(
    project: Path | None, environ: Mapping[str, str], flags: Mapping[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """Origin and values of every source, weakest first."""
    files = [user_file()] if user_file().is_file() else []
    if project is not None:
        files.append(project)
    return [
        *((str(file), _read(file)) for file in files),
        ("environment", _from_environment(environ)),
        ("flag", _nested({k: v for k, v in flags.items() if v is not None})),
    ]


def schema() -> dict[str, Any]:
    """JSON schema of the settings file."""
    return msgspec.json.schema(Settings)


class Key(Record, frozen=True, kw_only=True):
    """One key of the settings file. type: worded for people, `integer ≥ 0`."""

    section: str
    key: str
    type: str
    meaning: str
    default: Any = None
    required: bool = False

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"

    def value_in(self, settings: Settings) -> Any:
        first, _, second = self.section.partition(".")
        section = getattr(settings, first)
        return getattr(section[second] if second else section, self.key)


def keys(settings: Settings) -> tuple[Key, ...]:
    """Every key that these settings have a value for, in the order of the file."""
    found: list[Key] = []
    for section in msgspec.structs.fields(Settings):
        if section.name != "endpoints":
            found += _keys_of(section.name, section.type)
    for name in settings.endpoints:
        found += _keys_of(f"endpoints.{name}", EndpointSettings)
    return tuple(found)


def endpoint_keys() -> tuple[Key, ...]:
    """The keys of any endpoint."""
    return tuple(_keys_of("endpoints.NAME", EndpointSettings))


def _keys_of(section: str, kind: type) -> list[Key]:
    fields = msgspec.inspect.type_info(kind).fields  # type: ignore[attr-defined]
    return [
        Key(
            section=section,
            key=field.name,
            type=_worded(field.type.type),
            meaning=field.type.extra_json_schema["description"],
            default=None if field.required else field.default,
            required=field.required,
        )
        for field in fields
    ]


def _worded(kind: Any) -> str:
    """A type of a setting for people."""
    inspect = msgspec.inspect
    if isinstance(kind, inspect.UnionType):
        return next(_worded(k) for k in kind.types if not isinstance(k, inspect.NoneType))
    if isinstance(kind, inspect.LiteralType):
        return " | ".join(str(v) for v in kind.values)
    if isinstance(kind, inspect.BoolType):
        return "true | false"
    if isinstance(kind, inspect.VarTupleType):
        return "list of strings"
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        bounds = (("> ", kind.gt), ("≥ ", kind.ge), ("≤ ", kind.le))
        limits = ", ".join(f"{sign}{bound:,}" for sign, bound in bounds if bound is not None)
        return f"{'integer' if isinstance(kind, inspect.IntType) else 'number'} {limits}"
    return "string"


def problems(path: Path) -> tuple[str, ...]:
    """What is wrong with one settings file, a line each, with the file's name; empty: nothing."""
    try:
        return tuple(f"{path}: {problem}" for problem in _problems(_read(path)))
    except BadInput as error:
        return (error.line,)


def problems_in_use(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> tuple[str, ...]:
    """What is wrong with the user's file, the project's file and the environment, a line each."""
    project = _project(folder)
    files = [file for file in (user_file(), project) if file is not None and file.is_file()]
    found = [problem for file in files for problem in problems(file)]
    if not found:  # only now can one be laid over the other
        try:
            load_settings(environ=environ, folder=folder)
        except BadInput as error:
            found.append(error.line)
    return tuple(found)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path}: not valid TOML: {error}", "correct the line it names") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not UTF-8 text", "save it as UTF-8") from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}", "check the path and its permissions") from error


def _settings(values: Mapping[str, Any]) -> Settings:
    return msgspec.convert(values, Settings)


def _problems(values: Mapping[str, Any]) -> list[str]:
    """What keeps `values` from being settings, by the names that the user wrote."""
    sections = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    found: list[str] = []
    for section, content in values.items():
        if section not in sections:
            found.append(_unknown(section, tuple(sections)))
        elif not isinstance(content, Mapping):
            found.append(f"'{section}' must be a table, [{section}]")
        elif section != "endpoints":
            found += _problems_of(section, content, sections[section])
        else:
            for name, endpoint in content.items():
                place = f"endpoints.{name}"
                is_table = isinstance(endpoint, Mapping)
                found += (
                    _problems_of(place, endpoint, EndpointSettings)
                    if is_table
                    else [f"'{place}' must be a table, [{place}]"]
                )
    return found


def _problems_of(section: str, content: Mapping[str, Any], kind: type) -> list[str]:
    known = {key.key: key for key in _keys_of(section, kind)}
    hints = get_type_hints(kind, include_extras=True)
    found = [_unknown(f"{section}.{name}", tuple(f"{section}.{k}" for k in known)) for name in content.keys() - known]
    for name in content.keys() & known.keys():
        try:
            msgspec.convert(content[name], hints[name])
        except msgspec.ValidationError:
            found.append(f"setting '{section}.{name}' must be {known[name].type}, not {_quoted(content[name])}")
    found += [f"setting '{section}.{k.key}' is missing" for k in known.values() if k.required and k.key not in content]
    return sorted(found)


def _quoted(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _unknown(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    return f"unknown setting '{name}'" + (f" (did you mean '{near[0]}'?)" if near else "")


# Variables that name places, not settings.
_NOT_SETTINGS = {"LAMARCK_HOME"}


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """`LAMARCK_LIMITS_TOKENS=100` sets `limits.tokens`; lists are comma-separated."""
    values: dict[str, Any] = {}
    known = {f"LAMARCK_{key.section}_{key.key}".upper(): key for key in keys(Settings())}
    for name, text in environ.items():
        if not name.startswith("LAMARCK_") or name in _NOT_SETTINGS:
            continue
        if name not in known:
            raise BadInput(f"environment: {_unknown(name, tuple(known))}", "see `lamarck config schema` for the names")
        key = known[name]
        hint = _hint(key)
        is_list = isinstance(key.default, tuple)
        value: Any = tuple(x.strip() for x in text.split(",") if x.strip()) if is_list else text
        try:
            values.setdefault(key.section, {})[key.key] = msgspec.convert(value, hint, strict=False)
        except msgspec.ValidationError as error:
            raise BadInput(
                f"environment: {name} must be {key.type}, not {_quoted(text)}", "see `lamarck config schema`"
            ) from error
    return values


def _hint(key: Key) -> Any:
    section = next(f.type for f in msgspec.structs.fields(Settings) if f.name == key.section)
    return get_type_hints(section, include_extras=True)[key.key]


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
    known_tiers = set(before.models.tiers)
    loosened = {
        "trust.accept_claimed": _CLAIMED_ORDER[after.trust.accept_claimed]
        > _CLAIMED_ORDER[before.trust.accept_claimed],
        "trust.waivers": after.trust.waivers != before.trust.waivers,
        "sandbox.allow_degraded": after.sandbox.allow_degraded and not before.sandbox.allow_degraded,
        "sandbox.backend": after.sandbox.backend != before.sandbox.backend,
        "sandbox.image": after.sandbox.image != before.sandbox.image,
        "limits.usd": after.limits.usd > before.limits.usd,
        "limits.daily_usd": after.limits.daily_usd > before.limits.daily_usd,
        "endpoints": after.endpoints != before.endpoints,
        "models.tiers": any(
            tier in after.endpoints or ":" in tier  # a file of replies anywhere on this machine
            for tier in set(after.models.tiers) - known_tiers
        ),
        # A library holds verdicts that may stand for a run, so somebody else's library is somebody else's judgement.
        "library.path": after.library.path != before.library.path,
    }
    for key, is_looser in loosened.items():
        if is_looser:
            raise BadInput(
                f"{origin}: a project's file may not set '{key}' that way "
                "(it would loosen trust, enable an endpoint or spend)",
                f"set it in {user_file()}, in the environment or by a flag",
            )
