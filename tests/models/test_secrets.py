from __future__ import annotations

import base64
import json
import string
import sysconfig
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamarck.models.secrets import find_secret, looks_random

LETTERS = string.ascii_letters + string.digits
mixed = st.text(alphabet=LETTERS, min_size=40, max_size=40)

# Put together here, so that this file holds nothing that a scanner of repositories would report.
TELLING = {
    "an AWS access key": "AKIA" + "QYLPMN5HFIQ7R2XZ",
    "a GitHub token": "ghp_" + "x7Kd" * 9,
    "a GitLab token": "glpat-" + "aB3dE6gH9jK2mN5pQ8sT",
    "a Slack token": "xoxb-" + "123456789012-abcdefABCDEF",
    "a Stripe key": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "a Google API key": "AIza" + "SyA1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tU1v",
    "a Hugging Face token": "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZ01234567",
    "an npm token": "npm_" + "a1b2c3d4e5f6" * 3,
    "a package index token": "pypi-" + "AgEIcHlwaS5vcmcCJ" * 4,
    "an API key": "sk-proj-" + "aB3dE6gH9jK2mN5pQ8sT1vW4",
    "a password in an address": "postgres://app:" + "x9Kq7vLp2Rt4" + "@db.internal/main",
    "a bearer token": "Authorization: Bearer " + "aB3dE6gH9jK2mN5pQ8sT1vW4",
    "a secret that is assigned": 'db_password = "' + "x9$Kq!7vLp#2" + '"',
    "a JSON web token": ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "HS256", "typ": "JWT"}, {"sub": "1234567890", "admin": True}, "signature-of-it")
    ),
    "a private key": "-----BEGIN RSA PRIVATE " + "KEY-----\n" + "MIIEowIBAAKCAQEA7bq2" * 4 + "\n",
}


@pytest.mark.parametrize("kind", TELLING)
def test_every_kind_is_found_and_named(kind: str) -> None:
    text = f"def connect():\n    # for the tests\n    return open_it({TELLING[kind]!s})\n"
    assert find_secret(text, {}) == kind


@pytest.mark.parametrize(
    "text",
    [
        'config = {"api_key": "%s"}',
        "os.environ['SECRET_TOKEN'] = '%s'",
        'CLIENT_SECRET: str = "%s"',
        'setPassword(password="%s")',
        'ACCESS_KEY: "%s"',
        'connect(apikey = b"%s")',
    ],
)
def test_the_forms_of_an_assignment(text: str) -> None:
    assert find_secret(text % "h7Gk2Lp9Qr4Zx1", {}) == "a secret that is assigned"


@given(mixed, st.text(max_size=40), st.text(max_size=40))
def test_a_token_is_found_wherever_it_stands(token: str, before: str, after: str) -> None:
    assert find_secret(f"{before} ghp_{token} {after}", {}) is not None


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=12, max_size=40), st.text(), st.text())
def test_a_value_of_the_environment_is_found_word_for_word(value: str, before: str, after: str) -> None:
    kind = find_secret(before + value + after, {"MY_TOKEN": value})
    assert kind == "the value of the environment variable MY_TOKEN"


@given(mixed)
def test_the_finding_never_holds_the_value(token: str) -> None:
    found = find_secret(f'token = "{token}"', {"A_KEY": token})
    assert found is not None
    assert token not in found


def test_short_values_and_other_variables_are_no_secrets() -> None:
    environ = {"SHORT_KEY": "elevenchars", "EDITOR": "a-long-editor-name", "KEYBOARD": "a-long-keyboard-name"}
    assert find_secret(" ".join(environ.values()), environ) is None


@given(st.text())
@example("sk-" + "-" * 30)
@example("-----BEGIN PRIVATE KEY-----" * 50)
@example("password" * 2000)
@example("token=" * 2000)
def test_any_text_is_read(text: str) -> None:
    kind = find_secret(text, {})
    assert kind is None or kind in TELLING


ORDINARY = {
    "a reader of keys": 'if line.startswith("-----BEGIN PRIVATE KEY-----"):\n    key = read_until(END)',
    "a header in a message": 'raise ValueError("expected -----BEGIN RSA PRIVATE KEY----- at the top of the file")',
    "an example of a vendor": 'AWS_ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE"',
    "a password of a test": 'assert login(user="ada", password="correct-horse-battery") is True',
    "a placeholder": 'API_KEY = "your-api-key-goes-here-123"',
    "a format": 'secret = "{prefix}-{value:04d}-{suffix}"',
    "a lookup": 'token = os.environ["GITHUB_TOKEN"]',
    "a name of a key": 'PRIMARY_KEY = "user_id_and_created_at_2024"',
    "a dictionary of tokens": 'TOKENS = {"LPAREN": "left_parenthesis", "IDENT": "identifier_name"}',
    "a package name": "pip install scikit-learn; see sk-learn-contrib-projects-and-more",
    "a slug": 'slug = "sk-learn-is-a-machine-learning-library"',
    "an address in a doctest": ">>> parse('postgres://user:password@localhost:5432/db')",
    "a login in an address": ">>> split_url('http://user:pass1234@example.com/path?x=1')",
    "a date": 'auth_token_expires = "2024-01-31T12:00:00"',
    "a version": 'token_version = "v1.22.333-beta.4"',
    "a uuid field": 'uuid = "123e4567-e89b-12d3-a456-426614174000"',
    "a digest": 'expected = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
    "a cipher": 'assert caesar("The quick brown fox", key=13) == "Gur dhvpx oebja sbk"',
    "base64 of a test": 'assert encode(b"any carnal pleasure") == "YW55IGNhcm5hbCBwbGVhc3VyZQ=="',
    "an alphabet": 'KEY_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"',
    "a keyboard row": 'KEYS_ROW = ("qwertyuiop[]", "asdfghjkl;")',
    "a regular expression": r"""TOKEN = re.compile(r"\s*(?:(\d+)|(.))")""",
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_code_passes(name: str) -> None:
    assert find_secret(ORDINARY[name], {}) is None


def test_the_standard_library_passes() -> None:
    """Real code, of many hands: nothing in it is a secret, so whatever is found would refuse an honest prompt."""
    files = [p for p in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")) if p.stat().st_size < 200_000]
    assert len(files) > 100
    found = {p.name: kind for p in files if (kind := find_secret(p.read_text(encoding="utf-8"), {}))}
    assert found == {}


@pytest.mark.parametrize("value", ["h7Gk2Lp9Qr4Zx1", "x9$Kq!7vLp#2", "0a1b2c3d4e5f6a7b8c9d"])
def test_random_values(value: str) -> None:
    assert looks_random(value)


@pytest.mark.parametrize(
    "value", ["correct-horse-battery", "aaaaaaaaaaaaaaaa", "internationalization", "user_2024_01_31", "abcdefghij12345"]
)
def test_chosen_values(value: str) -> None:
    assert not looks_random(value)
