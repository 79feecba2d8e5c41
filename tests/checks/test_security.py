from __future__ import annotations

import logging
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamarck.checks.bandit_scan import ScanBroke, scan
from lamarck.checks.security import SecurityCheck
from lamarck.checks.stages import StageCache
from lamarck.checks.verdict import vetoes
from lamarck.checks.waivers import Waivers
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Candidate,
    CheckOutcome,
    Evidence,
    Origin,
    SourceFile,
    Task,
    make_candidate,
    make_task,
)

USER = Origin(generator="user")


def task(tests: str = "def test_f():\n    assert f(1) == 1\n") -> Task:
    given_tests = Acceptance(kind=AcceptanceKind.PYTEST, content=tests, path="test_it.py")
    return make_task(goal="Write f.", module="it", acceptance=(given_tests,))


def candidate(*texts: str) -> Candidate:
    files = tuple(SourceFile(path=f"it{n or ''}.py", text=text) for n, text in enumerate(texts))
    return make_candidate(files=files, entry_point="f", origin=USER)


def run(
    text: str, *, waived: frozenset[str] = frozenset(), tests: str = "def test_f():\n    assert f(1)\n"
) -> Evidence:
    return SecurityCheck(Waivers(f"{rule}: known" for rule in waived)).run(task(tests), candidate(text))


def vetoing(evidence: Evidence) -> set[str]:
    return {f.rule for f in evidence.findings if vetoes(f)}


# --- what is kept out ---------------------------------------------------------------------------------------------

DANGEROUS = [
    ("def f(x):\n    return eval(x)\n", "B307"),
    ("def f(x):\n    exec(x)\n", "B102"),
    ("def f(x):\n    return compile(x, 'a', 'eval')\n", "dynamic-code"),
    ("run = eval\ndef f(x):\n    return run(x)\n", "dynamic-code"),
    ("def f(x):\n    return list(map(eval, x))\n", "dynamic-code"),
    ("import builtins\ndef f(x):\n    return builtins.eval(x)\n", "dynamic-code"),
    ("def f(x):\n    return __import__(x)\n", "dynamic-import"),
    ("import importlib\ndef f(x):\n    return importlib.import_module(x)\n", "dynamic-import"),
    ("import importlib\ndef f():\n    return importlib.import_module('socket')\n", "network"),
    ("import os\ndef f(x):\n    os.system(x)\n", "B605"),
    ("import os\ndef f():\n    os.system('ls')\n", "shell"),
    ("from os import system as s\ndef f():\n    s('ls')\n", "shell"),
    ("import subprocess\ndef f(x):\n    subprocess.run(x, shell=True)\n", "B602"),
    ("import subprocess\ndef f(x, sh):\n    subprocess.run(x, shell=sh)\n", "B602"),
    ("import subprocess\ndef f(x):\n    return subprocess.getoutput(x)\n", "B605"),
    ("import pickle\ndef f(x):\n    return pickle.loads(x)\n", "B301"),
    ("import pickle\nload = pickle.loads\ndef f(x):\n    return load(x)\n", "deserialise"),
    ("import marshal\ndef f(x):\n    return marshal.loads(x)\n", "B302"),
    ("import yaml\ndef f(x):\n    return yaml.load(x)\n", "B506"),
    ("import tempfile\ndef f():\n    return tempfile.mktemp()\n", "B306"),
    ("import socket\ndef f():\n    return socket.socket()\n", "network"),
    ("from urllib import request\ndef f(u):\n    return request.urlopen(u)\n", "network"),
    ("import ctypes\ndef f():\n    return ctypes.CDLL(None)\n", "native-code"),
    ("import sys\ndef f():\n    return sys._getframe(1)\n", "caller-inspection"),
    ("from sys import _getframe as g\ndef f():\n    return g(1)\n", "caller-inspection"),
    ("import sys\ndef f():\n    return getattr(sys, '_getframe')(1)\n", "caller-inspection"),
    ("import inspect\ndef f():\n    return inspect.stack()\n", "caller-inspection"),
    ("import inspect\ndef f():\n    return inspect.currentframe().f_back.f_locals\n", "caller-inspection"),
    ("import gc\ndef f():\n    return gc.get_objects()\n", "caller-inspection"),
    ("import sys\ndef f(t):\n    sys.settrace(t)\n", "caller-inspection"),
    ("def f(e):\n    return e.__traceback__.tb_frame\n", "caller-inspection"),
    ("import os\ndef f():\n    return 'PYTEST_CURRENT_TEST' in os.environ\n", "test-detection"),
    ("import sys\ndef f():\n    return 1 if 'pytest' in sys.modules else 2\n", "test-detection"),
    ("import pytest\npytest.raises = None\ndef f(): ...\n", "patching"),
    ("import unittest\nunittest.TestCase.assertEqual = print\ndef f(): ...\n", "patching"),
    ("import builtins\nbuiltins.len = lambda x: 3\ndef f(): ...\n", "patching"),
    ("import math\ndef f():\n    math.pi = 3\n", "patching"),
    ("import os.path\ndef f():\n    os.path.exists = print\n", "patching"),
    ("import builtins\ndef f():\n    setattr(builtins, 'len', print)\n", "patching"),
    ("import sys\ndef f():\n    sys.modules['json'] = None\n", "patching"),
    ("import sys\ndef f():\n    sys.modules.pop('json')\n", "patching"),
    ("import sys\ndef f(x):\n    sys.meta_path.insert(0, x)\n", "patching"),
    ("def f(g):\n    g.__code__ = f.__code__\n", "patching"),
    ("def f(g):\n    return g.__globals__\n", "introspection"),
    ("import os\ndef f():\n    os._exit(0)\n", "process"),
    ("import os\ndef f():\n    os.fork()\n", "process"),
    ("class A:\n    def __eq__(self, other):\n        '''Yes.'''\n        return True\n", "always-equal"),
    ("def f():\n    return open('/proc/self/maps').read()\n", "system-files"),
    ("from pathlib import Path\ndef f():\n    return Path('/job/tests').name\n", "system-files"),
    ("def f():\n    open('/elsewhere/x', 'w')\n", "writes-files"),
    ("def f():\n    open('../x', mode='a')\n", "writes-files"),
]


@pytest.mark.parametrize(("text", "rule"), DANGEROUS, ids=[f"{rule}-{n}" for n, (_, rule) in enumerate(DANGEROUS)])
def test_dangerous_code_is_vetoed_by_name(text: str, rule: str) -> None:
    evidence = run(text)
    assert evidence.outcome is CheckOutcome.FAILED
    assert rule in vetoing(evidence)
    assert evidence.measurements["vetoes"] >= 1


@pytest.mark.parametrize(("text", "rule"), DANGEROUS, ids=[f"{rule}-{n}" for n, (_, rule) in enumerate(DANGEROUS)])
def test_a_waiver_by_name_is_on_record_and_waives_nothing_else(text: str, rule: str) -> None:
    before = run(text)
    after = run(text, waived=frozenset({rule}))
    assert vetoing(after) == vetoing(before) - {rule}
    assert any(f.rule == rule and f.message.startswith("waived: ") for f in after.findings)
    assert "waived" in after.log
    assert len(after.findings) == len(before.findings)
    assert after.check_version != before.check_version


# --- what honest code does ----------------------------------------------------------------------------------------

HONEST = {
    "random": "import random\ndef f(x):\n    return random.choice(x)\n",
    "assert": "def f(x):\n    assert x > 0\n    return x\n",
    "md5 for a checksum": "import hashlib\ndef f(x):\n    return hashlib.md5(x, usedforsecurity=False).hexdigest()\n",
    "try except pass": "def f(x):\n    try:\n        return int(x)\n    except ValueError:\n        pass\n",
    "subprocess import": "import subprocess\ndef f(x):\n    return x\n",
    "subprocess without a shell": "import subprocess\ndef f(x):\n    return subprocess.run([x], check=True)\n",
    "literal_eval": "import ast\ndef f(x):\n    return ast.literal_eval(x)\n",
    "re.compile": "import re\nP = re.compile('a')\ndef f(x):\n    return P.match(x)\n",
    "its own eval": "def eval(x):\n    return x + 1\ndef f(x):\n    return eval(x)\n",
    "its own compile": "class compile:\n    pass\ndef f(x):\n    return compile(x)\n",
    "a method called exec": "class A:\n    def exec(self, x):\n        return x\ndef f(a, x):\n    return a.exec(x)\n",
    "signature": "import inspect\ndef f(g):\n    return inspect.signature(g)\n",
    "currying": "def f(g):\n    return g.__code__.co_argcount\n",
    "equality": "class A:\n    def __eq__(self, o):\n        return isinstance(o, A)\n",
    "own attributes": "class A:\n    def __init__(self):\n        self.x = 1\n",
    "own module": "import it2\ndef f():\n    it2.count = 1\n",
    "redirected output": "import sys, io\ndef f():\n    sys.stdout = io.StringIO()\n",
    "logging": "import logging\nlogging.getLogger(__name__).setLevel('INFO')\n",
    "decimal context": "import decimal\ndef f():\n    decimal.getcontext().prec = 10\n",
    "constant import": "import importlib\ndef f():\n    return importlib.import_module('json')\n",
    "path as text": "def f(p):\n    return p.startswith('/etc/') or p == '/proc/x'\n",
    "dev null": "def f():\n    return open('/dev/null')\n",
    "urllib.parse": "from urllib.parse import urlparse\ndef f(u):\n    return urlparse(u)\n",
    "http status": "from http import HTTPStatus\ndef f(n):\n    return HTTPStatus(n).phrase\n",
    "string replace": "def f(x):\n    return x.replace('a', 'b')\n",
    "reading": "def f(p):\n    with open(p) as file:\n        return file.read()\n",
    "own tests": "import unittest\ndef f(x):\n    return x\nif __name__ == '__main__':\n    unittest.main()\n",
    "sys.modules of itself": "import sys\ndef f():\n    return sys.modules[__name__]\n",
    "password in a name": "def f(password=''):\n    return len(password) > 8\n",
    "sql text": "def f(t):\n    return 'SELECT * FROM x WHERE y = ' + t\n",
    "generator": "def f(n):\n    yield from range(n)\n",
    "threads": "import threading\ndef f(g):\n    threading.Thread(target=g).start()\n",
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_code_passes(name: str) -> None:
    evidence = run(HONEST[name])
    assert vetoing(evidence) == set()
    assert evidence.outcome is CheckOutcome.PASSED


def test_what_does_not_veto_is_still_listed() -> None:
    evidence = run(HONEST["random"])
    assert [f.rule for f in evidence.findings] == ["B311"]
    assert "B311" in evidence.log


def test_writing_files_is_listed_unless_the_task_is_about_files() -> None:
    text = "def f(name):\n    with open(name, 'w') as file:\n        file.write('x')\n"
    assert "writes-files" in {f.rule for f in run(text).findings}
    assert "writes-files" not in {f.rule for f in run(text, tests="def test_f(tmp_path):\n    f(tmp_path)\n").findings}


def test_one_danger_is_told_once() -> None:
    evidence = run("import os\ndef f(x):\n    os.system(x)\n")
    assert [f.rule for f in evidence.findings if vetoes(f)] == ["B605"]


def test_vetoes_come_first() -> None:
    evidence = run("import random\ndef f(x):\n    random.seed(1)\n    return eval(x)\n")
    assert [vetoes(f) for f in evidence.findings] == sorted((vetoes(f) for f in evidence.findings), reverse=True)


def test_code_cannot_waive_its_own_findings() -> None:
    assert run("def f(x):\n    return eval(x)  # nosec\n").outcome is CheckOutcome.FAILED


def test_waivers_know_no_case() -> None:
    assert run("def f(x):\n    return eval(x)\n", waived=frozenset({"b307"})).outcome is CheckOutcome.PASSED


@pytest.mark.parametrize(
    "text",
    ["def f(:\n", "x = '\0'", "x = " + "(" * 500, "x=1" + "+1" * 2000, "x=a" + ".a" * 2500, "#" * 300_000],
)
def test_what_cannot_be_read_is_the_candidates_fault(text: str) -> None:
    evidence = run(text)
    assert evidence.outcome is CheckOutcome.FAILED
    assert vetoing(evidence) == {"unreadable"}


def test_every_file_is_scanned() -> None:
    evidence = SecurityCheck().run(task(), candidate("def f(x):\n    return x\n", "def g(x):\n    return eval(x)\n"))
    assert [(f.path, f.line) for f in evidence.findings if vetoes(f)] == [("it1.py", 2)]


def test_evidence_can_be_measured_again() -> None:
    one, two = (run("import random\nx = random.random()\n") for _ in range(2))
    assert one.replace(seconds=0.0) == two.replace(seconds=0.0)
    assert one.replay_command == f"lamarck verify {one.candidate_id[:12]}"
    assert "bandit" in one.check_version
    assert one.environment == ""


def test_scanning_leaves_no_trace_in_the_process(caplog: pytest.LogCaptureFixture) -> None:
    filters, writer = list(warnings.filters), warnings.formatwarning
    handlers = list(logging.getLogger().handlers)
    run("import os\nos.system('x')\n'\\d'\n")
    assert warnings.filters == filters
    assert warnings.formatwarning is writer
    assert logging.getLogger().handlers == handlers
    assert caplog.records == []


def test_a_scanner_that_breaks_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str, path: str) -> None:
        raise ScanBroke("a test of bandit's: boom")

    monkeypatch.setattr("lamarck.checks.security.scan", broken)
    evidence = run("def f(x):\n    return x\n")
    assert evidence.outcome is CheckOutcome.ERRORED
    assert "boom" in evidence.log


def test_a_bandit_test_that_breaks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from bandit.plugins import injection_shell

    def broken(*_: object) -> None:
        raise KeyError("lost")

    monkeypatch.setattr(injection_shell, "has_shell", broken)
    with pytest.raises(ScanBroke, match="lost"):
        scan("import subprocess\nsubprocess.run('x', shell=True)\n", "it.py")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gets_an_outcome(text: str) -> None:
    assert run(text).outcome in {CheckOutcome.PASSED, CheckOutcome.FAILED}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([t for t, _ in DANGEROUS] + list(HONEST.values())), min_size=1, max_size=3))
def test_one_dangerous_file_is_enough(texts: list[str]) -> None:
    dangerous = {t for t, _ in DANGEROUS}
    evidence = SecurityCheck().run(task(), candidate(*texts))
    assert (evidence.outcome is CheckOutcome.FAILED) == any(t in dangerous for t in texts)


def test_what_is_known_of_a_file_is_not_looked_for_again_and_says_the_same() -> None:
    kept = StageCache(None)
    files = (
        SourceFile(path="a.py", text="import os\n"),
        SourceFile(path="b.py", text="def f(t):\n    return eval(t)\n"),
    )
    both = make_candidate(files=files, entry_point=None, origin=Origin(generator="user"))
    task = make_task(goal="Do.", module="a")
    first, second, plain = (
        c.run(task, both) for c in (SecurityCheck(kept=kept), SecurityCheck(kept=kept), SecurityCheck())
    )
    assert [f.path for f in first.findings if f.rule == "B307"] == ["b.py"]
    assert first.replace(seconds=0) == second.replace(seconds=0) == plain.replace(seconds=0)
    waived = SecurityCheck(Waivers(["B307: the text is ours"]), kept=kept).run(task, both)
    assert waived.outcome == "passed"
