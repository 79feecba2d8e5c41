"""Rules for weaknesses: the samples that come with Lamarck, and what must not be flagged."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.benchmarks.security import Sample, own_samples
from lamarck.checks.security import SecurityCheck
from lamarck.checks.verdict import vetoes
from lamarck.checks.weaknesses import weaknesses
from lamarck.records import CheckOutcome, Finding, Origin, SourceFile, make_candidate, make_task

SAMPLES = {sample.id: sample for sample in own_samples()}


def found(text: str) -> tuple[Finding, ...]:
    return weaknesses(ast.parse(text), "sample.py")


@pytest.mark.parametrize("sample", [s for s in SAMPLES.values() if s.insecure], ids=lambda s: s.id)
def test_a_bad_sample_is_told_with_its_weakness(sample: Sample) -> None:
    assert any("CWE-" in f.message for f in found(sample.text))


@pytest.mark.parametrize("sample", [s for s in SAMPLES.values() if not s.insecure], ids=lambda s: s.id)
def test_a_good_one_is_not(sample: Sample) -> None:
    assert found(sample.text) == ()


WEB = "from flask import Flask, request\napp = Flask(__name__)\n@app.route('/x')\ndef x():\n"


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (
            "    a = request.args['a']\n    b = f'ls {a}'\n    c = b.strip()\n    import os\n    os.system(c)\n",
            "command-injection",
        ),
        ("    for a in request.form.getlist('a'):\n        open('/srv/' + a)\n", "path-traversal"),
        ("    with open(request.args['a']) as f:\n        return f.read()\n", "path-traversal"),
        ("    q = 'SELECT * FROM t WHERE a = ' + request.args['a']\n    db.execute(q)\n", "sql-injection"),
    ],
)
def test_what_comes_from_outside_is_followed(body: str, rule: str) -> None:
    assert rule in {f.rule for f in found(WEB + body)}


@pytest.mark.parametrize(
    "body",
    [
        "    a = int(request.args['a'])\n    open('/srv/' + str(a))\n",
        "    from os.path import basename\n    a = basename(request.args['a'])\n    open('/srv/' + a)\n",
        "    a = 'fixed'\n    open('/srv/' + a)\n",
    ],
)
def test_what_was_cleaned_is_not(body: str) -> None:
    assert found(WEB + body) == ()


@pytest.mark.parametrize(
    "text",
    [
        "def read(path):\n    return open(path).read()\n",
        "import hashlib\nprint(hashlib.md5(b'', usedforsecurity=False))\n",
        "import random\ndef shuffle(items):\n    random.shuffle(items)\n",
        "password = ''\ntoken = None\nsecret = '<your secret>'\n",
        "import subprocess\ndef run(words):\n    return subprocess.run(words)\n",
    ],
)
def test_ordinary_code_is_left_alone(text: str) -> None:
    assert found(text) == ()


def test_what_is_only_likely_is_told_and_vetoes_nothing() -> None:
    task = make_task(goal="x", module="m")
    text = SAMPLES["own/digest/bad"].text
    candidate = make_candidate(
        files=(SourceFile(path="m.py", text=text),), entry_point=None, origin=Origin(generator="user")
    )
    evidence = SecurityCheck().run(task, candidate)
    mine = [f for f in evidence.findings if f.rule == "weak-hash"]
    assert mine
    assert not any(map(vetoes, mine))
    sure = [f for f in found(SAMPLES["own/tls/bad"].text) if f.rule == "unverified"]
    assert all(map(vetoes, sure))
    assert evidence.outcome in {CheckOutcome.PASSED, CheckOutcome.FAILED}


@given(st.sampled_from(sorted(SAMPLES)), st.integers(0, 30))
def test_any_part_of_a_file_is_read(name: str, lines: int) -> None:
    text = "\n".join(SAMPLES[name].text.splitlines()[:lines])
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    weaknesses(tree, "sample.py")
