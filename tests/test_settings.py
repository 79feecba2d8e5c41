"""Which source wins, what a project's file may not do, and how a mistake is told."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lamarck
from lamarck.errors import BadInput
from lamarck.settings import (
    Settings,
    cache_dir,
    endpoint_keys,
    home,
    keys,
    load_settings,
    problems,
    problems_in_use,
    project_file,
    schema,
    user_file,
)


@pytest.fixture(scope="module", autouse=True)
def _nothing_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [k for k in os.environ if k.startswith("LAMARCK_")]:
            patch.delenv(name)
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty homes below `tmp_path`, and a project's folder, which is the working folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path


def users(places: Path, text: str) -> Path:
    path = places / "config" / "lamarck" / "lamarck.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def projects(places: Path, text: str) -> Path:
    path = places / "project" / "lamarck.toml"
    path.write_text(text)
    return path


ENDPOINT = '[endpoints.cloud]\nbase_url = "https://api.example.com/v1"\nmodel = "m"\n'


# --- which source wins


def test_defaults_are_those_that_the_manual_names(places: Path) -> None:
    settings, sources = load_settings()
    assert settings == Settings()
    assert sources == ()
    limits = settings.limits
    assert (limits.tokens, limits.seconds, limits.usd, limits.daily_usd) == (8000, 300.0, 0.0, 0.0)
    assert settings.trust.accept_claimed == "ask"
    assert settings.sandbox.allow_degraded is False


def test_each_source_wins_over_the_ones_below_it(places: Path) -> None:
    user = users(places, "[limits]\ntokens = 1\nseconds = 1\n[models]\nsamples = 1\nrepairs = 1\n")
    project = projects(places, "[limits]\ntokens = 2\n[models]\nsamples = 2\nrepairs = 2\n")
    environ = {"LAMARCK_MODELS_SAMPLES": "3", "LAMARCK_LIMITS_TOKENS": "3", "HOME": "/"}
    settings, sources = load_settings(flags={"limits.tokens": 4, "limits.usd": None}, environ=environ)
    assert settings.limits.seconds == 1
    assert settings.models.repairs == 2
    assert settings.models.samples == 3
    assert settings.limits.tokens == 4
    assert settings.limits.usd == 0
    assert {s.key: s.origin for s in sources} == {
        "limits.tokens": "flag",
        "limits.seconds": str(user),
        "models.repairs": str(project),
        "models.samples": "environment",
    }


def test_the_projects_file_is_found_from_below(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = projects(places, "[limits]\ntokens = 5\n")
    below = places / "project" / "a" / "b"
    below.mkdir(parents=True)
    assert project_file(below) == path
    assert load_settings(folder=below)[0].limits.tokens == 5
    monkeypatch.chdir(below)
    assert load_settings()[0].limits.tokens == 5


def test_the_users_own_file_is_no_project_file(places: Path) -> None:
    path = users(places, "[limits]\nusd = 3\n")
    assert load_settings(folder=path.parent)[0].limits.usd == 3


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("LAMARCK_LIMITS_TOKENS", "12", "limits.tokens", 12),
        ("LAMARCK_LIMITS_SECONDS", "1.5", "limits.seconds", 1.5),
        ("LAMARCK_LIMITS_DAILY_USD", "2", "limits.daily_usd", 2.0),
        ("LAMARCK_SANDBOX_ALLOW_DEGRADED", "true", "sandbox.allow_degraded", True),
        ("LAMARCK_SANDBOX_ALLOW_DEGRADED", "0", "sandbox.allow_degraded", False),
        ("LAMARCK_TRUST_ACCEPT_CLAIMED", "never", "trust.accept_claimed", "never"),
        ("LAMARCK_MODELS_TIERS", "a, b", "models.tiers", ("a", "b")),
        ("LAMARCK_MODELS_TIERS", "", "models.tiers", ()),
        ("LAMARCK_LIBRARY_PATH", "/x/y", "library.path", "/x/y"),
    ],
)
def test_a_variable_sets_a_key(places: Path, name: str, text: str, key: str, value: object) -> None:
    settings, _ = load_settings(environ={name: text})
    assert next(k for k in keys(settings) if k.name == key).value_in(settings) == value


def test_every_key_has_a_variable(places: Path) -> None:
    for key in keys(Settings()):
        value = key.default
        text = ",".join(value) if isinstance(value, tuple) else str(value).lower() if value != "" else ""
        variable = f"LAMARCK_{key.section}_{key.key}".upper()
        settings, sources = load_settings(environ={variable: text})
        assert key.value_in(settings) == value
        assert [(s.key, s.origin) for s in sources] == [(key.name, "environment")]


def test_lamarck_home_is_a_place_and_no_setting(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home() == places / "data" / "lamarck"
    monkeypatch.setenv("LAMARCK_HOME", str(places / "elsewhere"))
    assert home() == places / "elsewhere"
    assert load_settings()[0] == Settings()
    assert cache_dir() == places / "cache" / "lamarck"
    assert user_file() == places / "config" / "lamarck" / "lamarck.toml"


# --- mistakes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[limits]\ntoken = 3\n", "unknown setting 'limits.token' (did you mean 'limits.tokens'?)"),
        ("[nonsense]\nx = 3\n", "unknown setting 'nonsense'"),
        ("top = 3\n", "unknown setting 'top'"),
        ("limits = 3\n", "'limits' must be a table, [limits]"),
        ('[limits]\ntokens = "many"\n', "setting 'limits.tokens' must be integer ≥ 0, ≤ 1,000,000,000, not 'many'"),
        ("[limits]\ntokens = -1\n", "setting 'limits.tokens' must be integer ≥ 0, ≤ 1,000,000,000, not -1"),
        ("[limits]\nseconds = inf\n", "setting 'limits.seconds' must be number ≥ 0, ≤ 604,800, not inf"),
        ("[limits]\nusd = nan\n", "setting 'limits.usd' must be number ≥ 0, ≤ 1,000,000, not nan"),
        ("[sandbox]\nallow_degraded = 1\n", "setting 'sandbox.allow_degraded' must be true | false, not 1"),
        ('[trust]\naccept_claimed = "yes"\n', "setting 'trust.accept_claimed' must be always | ask | never, not 'yes'"),
        ("[models]\ntiers = [1]\n", "setting 'models.tiers' must be list of strings, not [1]"),
        ("[endpoints]\ncloud = 3\n", "'endpoints.cloud' must be a table, [endpoints.cloud]"),
        ('[endpoints.cloud]\nmodel = "m"\n', "setting 'endpoints.cloud.base_url' is missing"),
        (ENDPOINT + 'key = "s"\n', "unknown setting 'endpoints.cloud.key'"),
        (ENDPOINT + "timeout_seconds = 0\n", "'endpoints.cloud.timeout_seconds' must be number > 0, ≤ 3,600, not 0"),
    ],
)
def test_a_mistake_is_told_by_its_key(places: Path, text: str, said: str) -> None:
    path = users(places, text)
    with pytest.raises(BadInput) as caught:
        load_settings()
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)
    assert problems(path) and said in problems(path)[0]


def test_all_problems_of_a_file_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('a = 1\n[limits]\ntokens = "x"\nfoo = 1\n[endpoints.e]\nbase_url = 3\n')
    assert problems(path) == (
        f"{path}: unknown setting 'a'",
        f"{path}: setting 'limits.tokens' must be integer ≥ 0, ≤ 1,000,000,000, not 'x'",
        f"{path}: unknown setting 'limits.foo'",
        f"{path}: setting 'endpoints.e.base_url' must be string, not 3",
        f"{path}: setting 'endpoints.e.model' is missing",
    )


def test_a_file_that_is_no_toml_names_the_line(places: Path) -> None:
    path = users(places, "[limits]\ntokens = = 3\n")
    with pytest.raises(BadInput, match=r"not valid TOML.*line 2"):
        load_settings()
    assert len(problems(path)) == 1


def test_a_file_that_is_no_text_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe")
    assert "is not UTF-8 text" in problems(path)[0]
    assert "cannot be read: No such file" in problems(tmp_path / "none.toml")[0]
    assert "cannot be read: Is a directory" in problems(tmp_path)[0]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("LAMARCK_LIMITS_TOKEN", "3", "unknown setting 'LAMARCK_LIMITS_TOKEN' (did you mean 'LAMARCK_LIMITS_TOKENS'?)"),
        ("LAMARCK_XYZ", "3", "unknown setting 'LAMARCK_XYZ'"),
        ("LAMARCK_LIMITS_TOKENS", "many", "LAMARCK_LIMITS_TOKENS must be integer ≥ 0, ≤ 1,000,000,000, not 'many'"),
        ("LAMARCK_LIMITS_TOKENS", "-1", "LAMARCK_LIMITS_TOKENS must be integer"),
        ("LAMARCK_TRUST_ACCEPT_CLAIMED", "sure", "must be always | ask | never, not 'sure'"),
        ("LAMARCK_ENDPOINTS_CLOUD_BASE_URL", "https://x", "unknown setting 'LAMARCK_ENDPOINTS_CLOUD_BASE_URL'"),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(places: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_settings(environ={name: text})
    assert str(caught.value).startswith("environment: ")
    assert said in str(caught.value)


def test_a_wrong_flag_is_told(places: Path) -> None:
    with pytest.raises(BadInput, match=r"flag: setting 'limits.tokens' must be integer"):
        load_settings(flags={"limits.tokens": -1})


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4))
def test_whatever_a_value_is_it_is_accepted_or_told(value: object) -> None:
    try:
        load_settings(flags={"limits.tokens": value}, environ={}, folder=Path("/"))
    except BadInput as error:
        assert "limits.tokens" in str(error)
        assert "\n" not in error.line


# --- what a project's file may not do


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[trust]\naccept_claimed = "always"\n', "trust.accept_claimed"),
        ("[sandbox]\nallow_degraded = true\n", "sandbox.allow_degraded"),
        ('[sandbox]\nbackend = "docker"\n', "sandbox.backend"),
        ('[sandbox]\nimage = "theirs:1"\n', "sandbox.image"),
        ("[limits]\nusd = 0.01\n", "limits.usd"),
        ("[limits]\ndaily_usd = 1\n", "limits.daily_usd"),
        (ENDPOINT, "endpoints"),
        ('[library]\npath = "mine.sqlite"\n', "library.path"),
        ('[library]\npath = "~/x.sqlite"\n', "library.path"),
        ('[models]\ntiers = ["scripted:replies.jsonl"]\n', "models.tiers"),
        ('[models]\ntiers = ["replay:/somewhere.sqlite"]\n', "models.tiers"),
    ],
)
def test_a_projects_file_loosens_nothing(places: Path, text: str, key: str) -> None:
    path = projects(places, text)
    with pytest.raises(BadInput) as caught:
        load_settings()
    assert str(caught.value).startswith(f"{path}: ")
    assert f"'{key}'" in str(caught.value)
    assert caught.value.mend.startswith(f"set it in {user_file()}")
    path.unlink()
    users(places, text)
    load_settings()  # the user may


def test_a_projects_file_cannot_choose_an_endpoint_of_the_users(places: Path) -> None:
    users(places, ENDPOINT)
    projects(places, '[models]\ntiers = ["cloud"]\n')
    with pytest.raises(BadInput, match=r"models\.tiers"):
        load_settings()


def test_a_projects_file_cannot_change_an_endpoint_of_the_users(places: Path) -> None:
    users(places, ENDPOINT + '[models]\ntiers = ["cloud"]\n')
    projects(places, '[endpoints.cloud]\nbase_url = "https://evil.example.com/v1"\n')
    with pytest.raises(BadInput, match=r"'endpoints'"):
        load_settings()


def test_a_projects_file_may_tighten(places: Path) -> None:
    users(
        places, '[limits]\nusd = 2\n[trust]\naccept_claimed = "always"\n[sandbox]\nallow_degraded = true\n' + ENDPOINT
    )
    projects(
        places,
        '[limits]\nusd = 1\ntokens = 100\n[trust]\naccept_claimed = "never"\n[sandbox]\nallow_degraded = false\n'
        "memory_mb = 128\n",
    )
    settings, _ = load_settings()
    assert (settings.limits.usd, settings.limits.tokens) == (1, 100)
    assert settings.trust.accept_claimed == "never"
    assert settings.sandbox.allow_degraded is False
    assert settings.sandbox.memory_mb == 128


def test_what_is_in_use_is_checked_as_a_whole(places: Path) -> None:
    assert problems_in_use() == ()
    user, project = users(places, "x = 1\n"), projects(places, "y = 1\n")
    assert problems_in_use() == (f"{user}: unknown setting 'x'", f"{project}: unknown setting 'y'")
    user.write_text("")
    project.write_text("[limits]\nusd = 1\n")
    assert len(problems_in_use()) == 1
    project.write_text("")
    assert "LAMARCK_NO" in problems_in_use(environ={"LAMARCK_NO": "1"})[0]


# --- the keys themselves


def test_every_key_is_explained_and_in_the_schema() -> None:
    definitions = schema()["$defs"]
    described = {name: set(d.get("properties", {})) for name, d in definitions.items()}
    for key in keys(Settings()) + endpoint_keys():
        assert key.meaning
        assert key.type.strip()
        assert any(key.key in names for names in described.values())


def test_every_key_is_used() -> None:
    """A key that nothing reads would be a promise that nothing keeps."""
    root = Path(lamarck.__file__).parent
    code = "\n".join(path.read_text() for path in root.rglob("*.py") if path.name != "settings.py")
    settings_code = (root / "settings.py").read_text()
    for key in keys(Settings()) + endpoint_keys():
        through_method = re.search(rf"=self\.{key.key}\b", settings_code)  # for_task, job_limits
        assert through_method or re.search(rf"\.{key.key}\b", code), f"nothing reads {key.name}"


def test_the_limits_reach_the_task_and_the_job() -> None:
    settings = Settings.from_json('{"limits": {"tokens": 5, "seconds": 6, "usd": 7}, "sandbox": {"memory_mb": 100}}')
    limits = settings.limits.for_task()
    assert (limits.tokens, limits.seconds, limits.usd) == (5, 6, 7)
    assert settings.sandbox.job_limits().memory_mb == 100
