"""Lessons through the real sandbox: taught by fixes and runs, replayed, tried on what is stored, shared, dropped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lamarck
from lamarck.errors import BadInput
from lamarck.generators.search.lessons.guide import Guide
from lamarck.settings import LessonSettings, Settings

SUM = "def total(xs):\n    s = 0\n    for i in range(len(xs) - 1):\n        s += xs[i]\n    return s\n"
PRODUCT = "def product(ys):\n    t = 1\n    for k in range(len(ys) - 1):\n        t *= ys[k]\n    return t\n"
SUMS = {"[1]": 1, "[1, 2]": 3, "[]": 0, "[5, 2, 9]": 16, "[7, 7]": 14}
PRODUCTS = {"[2]": 2, "[3, 2]": 6, "[]": 1, "[5, 2, 9]": 90, "[7, 7]": 49}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("LAMARCK_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(home: Path, module: str, code: str, function: str, cases: dict[str, int]) -> None:
    (home / f"{module}.py").write_text(code)
    asserts = "".join(f"    assert {function}({call}) == {value}\n" for call, value in cases.items())
    (home / f"test_{module}.py").write_text(f"from {module} import {function}\n\n\ndef test_it():\n{asserts}")


def test_fixes_teach_lessons_that_help_travel_and_are_dropped(home: Path) -> None:
    write(home, "sums", SUM, "total", SUMS)
    write(home, "products", PRODUCT, "product", PRODUCTS)
    with lamarck.Lamarck(Settings(lessons=LessonSettings(use=True)), library="l.sqlite") as lm:
        lm.fix("sums.py", tests=["test_sums.py"], use_model=False)
        (first,) = lm.lessons.list()
        assert first.rule.before == "_expr1 - 1"
        assert (first.taught, first.replay.tried, first.helps) == (1, 0, False)
        assert first.failures == ("AssertionError",)
        assert lm._assembly.guide().known == ()  # not told before it helped on another failure
        lm.fix("products.py", tests=["test_products.py"], use_model=False)
        (row,) = [r for r in lm.lessons.list() if r.rule == first.rule]
        assert row.helps
        assert row.replay.sooner == 1
        assert [k.rule for k in lm._assembly.guide().known] == [row.rule]
        assert lm.find("total") == ()  # a lesson is no code to reuse
        shown = lm.lessons.show(row.id[:12])
        assert shown.repair.text in {SUM, PRODUCT}
        lm.shelf.export(None, home / "lessons.jsonl", ids=lm.lessons.ids(), licence="MIT")
        assert lm.lessons.drop(row.id).status == "retired"
        assert first.rule not in [r.rule for r in lm.lessons.list()]
        assert lm._assembly.guide().known == Guide().known
        with pytest.raises(BadInput, match=r"not known|starts with"):
            lm.lessons.show("ffffffff")
    with lamarck.Lamarck(Settings(), library="other.sqlite") as lm:
        done = lm.shelf.import_(home / "lessons.jsonl")
        assert {a.outcome for a in done.artifacts} == {"proven"}
        assert row.rule in [r.rule for r in lm.lessons.list()]


def test_learning_can_be_turned_off(home: Path) -> None:
    write(home, "sums", SUM, "total", SUMS)
    with lamarck.Lamarck(Settings(lessons=LessonSettings(learn=False)), library="l.sqlite") as lm:
        assert lm.fix("sums.py", tests=["test_sums.py"], use_model=False).patches
        assert lm.lessons.list() == ()


def test_a_run_that_search_mended_teaches_and_old_failures_are_tried_again(home: Path) -> None:
    script = home / "replies.jsonl"
    write(home, "products", PRODUCT, "product", PRODUCTS)
    stub = '"""Products."""\n\n\ndef product(ys):\n    """The product of some numbers."""\n'
    (home / "products.py").write_text(stub)
    script.write_text(json.dumps({"text": f"```python\n{PRODUCT}```"}) + "\n")
    off = Settings()
    off = off.replace(search=off.search.replace(enabled=False), models=off.models.replace(samples=1, repairs=0))
    with lamarck.Lamarck(off, library="l.sqlite", model=f"scripted:{script}") as lm:
        failed = lm.solve("products.py", tests=["test_products.py"])
        assert failed.exit_reason == "rejected"
    write(home, "sums", SUM, "total", SUMS)
    with lamarck.Lamarck(Settings(), library="l.sqlite") as lm:
        lm.fix("sums.py", tests=["test_sums.py"], use_model=False)
        mended = [a for a in lm.artifacts() if a.kind == "function"]
        assert [a.task.id for a in mended] == [failed.task.id]
        assert "range(len(ys)" in mended[0].candidate.files[0].text
