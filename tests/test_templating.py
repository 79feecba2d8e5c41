"""Templates through the real sandbox, a project's own among them; and what a run does with one that fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lamarck
from lamarck.errors import BadInput
from lamarck.generators.templates.collection import Collection
from lamarck.records import ExitReason
from lamarck.settings import SearchSettings, Settings, TemplateSettings

FAMILIES = sorted({t.family for t in Collection(None).templates})
OWN = """version = 1
summary = "A price with tax"
asks = ["price tax"]
program = '''
def with_tax(price: float) -> float:
    return price * 1.25
'''
[[serves]]
goal = "A price with tax"
signature = "def with_tax(price)"
examples = ["with_tax(100) == 125.0"]
[[refuses]]
goal = "A price"
signature = "def discount(price)"
"""
STUB = '''def with_tax(price: float) -> float:
    """The price with tax.

    >>> with_tax(100)
    RESULT
    """
'''


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("LAMARCK_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def opened(home: Path, *replies: str, templates: bool = True) -> lamarck.Lamarck:
    script = home / "replies.jsonl"
    script.write_text("".join(json.dumps({"text": r}) + "\n" for r in replies))
    settings = Settings(search=SearchSettings(enabled=False), templates=TemplateSettings(enabled=templates))
    return lamarck.Lamarck(settings, model=f"scripted:{script}")


def own_template(home: Path, text: str = OWN) -> None:
    place = home / ".lamarck" / "templates" / "shop" / "with_tax.toml"
    place.parent.mkdir(parents=True)
    place.write_text(text)


@pytest.mark.parametrize("family", FAMILIES)
def test_they_pass_their_own_tests(home: Path, family: str) -> None:
    with opened(home) as lm:
        names = [t.id for t in lm.templates.list() if t.family == family]
        results = lm.templates.test(names)
    assert [r for r in results if r.fault] == []
    assert sum(r.serves for r in results) >= len(names)


def test_one_that_fits_needs_no_model(home: Path) -> None:
    own_template(home)
    (home / "tax.py").write_text(STUB.replace("RESULT", "125.0"))
    with opened(home) as lm:
        run = lm.solve(home / "tax.py")
    assert run.exit_reason is ExitReason.ACCEPTED
    assert [a.generator for a in run.attempts] == ["templates"]
    assert run.spend.calls == 0


def test_one_that_fails_falls_through_and_what_mended_it_is_remembered(home: Path) -> None:
    own_template(home)
    (home / "tax.py").write_text(STUB.replace("RESULT", "110.0"))
    replies = [
        "```python\ndef with_tax(price):\n    return price * 1.25\n```",
        "```python\ndef with_tax(price):\n    return price + 10.0\n```",
    ]
    with opened(home, *replies) as lm:
        first = lm.solve(home / "tax.py")
        second = lm.solve(home / "tax.py")
    with opened(home, *replies, templates=False) as lm:
        other = lm.beside(settings=lm.settings, library=home / "other.sqlite")
        without = other.solve(home / "tax.py")
        other.close()
    assert [a.generator for a in first.attempts] == ["templates", "model", "repair"]
    assert first.attempts[0].verdict is not None
    assert any("tests" in reason for reason in first.attempts[0].verdict.reasons)
    assert first.exit_reason is ExitReason.ACCEPTED
    assert [a.generator for a in second.attempts] == ["reuse"]
    assert second.artifact_id == first.artifact_id
    assert [a.generator for a in without.attempts] == ["model", "repair"]
    assert [a.reply for a in without.attempts] == [a.reply for a in first.attempts[1:]]


def test_the_given_tests_choose_the_options(home: Path) -> None:
    by_rate = {"high": 1.25, "higher": 1.5, "low": 1.1}
    rates = "".join(f"    return price * {by}  #? rate={name}\n" for name, by in by_rate.items())
    options = "[options.rate]\nhigh = []\nhigher = []\nlow = []\n[[serves]]"
    own_template(home, OWN.replace("    return price * 1.25\n", rates).replace("[[serves]]", options))
    stub = STUB.replace("RESULT", "110.0").replace("with_tax(100)", "round(with_tax(100), 2)")
    (home / "tax.py").write_text(stub)
    with opened(home) as lm:
        run = lm.solve(home / "tax.py")
        likeliest = lm.templates.candidates(lm.task(home / "tax.py"))[0]
    assert run.exit_reason is ExitReason.ACCEPTED
    assert [a.generator for a in run.attempts] == ["templates"]
    assert run.attempts[0].candidate is not None
    assert str(run.attempts[0].candidate.origin.template_version).endswith("rate=low")
    assert str(likeliest.origin.template_version).endswith("rate=high")


def test_a_template_is_added_when_it_is_proven(home: Path) -> None:
    draft = home / "drafts" / "shop" / "with_tax.toml"
    draft.parent.mkdir(parents=True)
    draft.write_text(OWN)
    with opened(home) as lm:
        place, results = lm.templates.add(draft)
        assert place == home / ".lamarck" / "templates" / "shop" / "with_tax.toml"
        assert len(results) == 2
        draft.write_text(OWN.replace("== 125.0", "== 1.0"))
        with pytest.raises(BadInput, match="1 of its 2 requests fail"):
            lm.templates.add(draft)
    with opened(home) as lm:
        assert lm.templates.show("with_tax").source != "shipped"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = ", "not valid TOML"),
        (OWN.replace("version = 1\n", ""), "version"),
        (OWN.replace("def with_tax(price: float)", "def with_tax(price: float"), "no Python"),
        (OWN.replace("1.25\n", "1.25  #? style=long\n"), "option 'style'"),
        (OWN.partition("[[refuses]]")[0].replace("[[serves]]", "[[refuses]]"), "serves"),
    ],
)
def test_a_faulty_template_is_told(home: Path, text: str, said: str) -> None:
    own_template(home, text)
    with opened(home) as lm, pytest.raises(BadInput, match=said) as found:
        lm.templates.list()
    assert "with_tax.toml" in str(found.value)


def test_a_folder_outside_the_project_is_refused(home: Path) -> None:
    settings = Settings(templates=TemplateSettings(folder="../elsewhere"))
    with lamarck.Lamarck(settings, model="scripted:none.jsonl") as lm, pytest.raises(BadInput, match="inside"):
        lm.templates.list()
