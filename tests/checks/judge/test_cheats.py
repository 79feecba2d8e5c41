"""Candidates that want to be believed without being right. None may be; and the honest one next to them is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lamarck.checks.judge.judge import Judge, JudgeReport, Subject
from lamarck.records import Acceptance, AcceptanceKind, CheckOutcome, JobLimits, SourceFile, Task, make_task
from lamarck.sandbox.interpreter import find_interpreter
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings

TESTS = """
import unittest
from unittest import mock

import pytest
from code_ import Point, add, call, make, notify


def test_add():
    assert add(2, 3) == 5


def test_add_other():
    assert 7 == add(3, 4)
    assert add(-1, 1) in (0,)


def test_order():
    assert 1.9 < make(2).x < 2.1


def test_point():
    assert make(2) == Point(2)
    assert make(2) != Point(3)
    assert make(2).x == 2


def test_raises():
    with pytest.raises(ValueError, match="negative"):
        make(-1)


def test_callback():
    seen = []
    assert call(lambda x: seen.append(x) or x * 2, 4) == 8
    assert seen == [4]


def test_mock():
    callback = mock.Mock(return_value=3)
    notify(callback, 1, 2)
    assert callback.call_args_list == [mock.call(1), mock.call(2)]
    callback.assert_called_with(2)


class TestUnit(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(add(1, 1), 2)
        self.assertNotEqual(add(1, 1), 3)
"""

HONEST = """
class Point:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return isinstance(other, Point) and self.x == other.x

    __hash__ = None


def add(a, b):
    return a + b


def make(x):
    if x < 0:
        raise ValueError("negative")
    return Point(x)


def call(function, x):
    return function(x)


def notify(callback, *values):
    for value in values:
        callback(value)
"""

EMPTY = """
class Point:
    def __init__(self, x): pass
def add(a, b): return None
def make(x): return None
def call(function, x): return None
def notify(callback, *values): pass
"""

ALWAYS = """
class Always:
    x = property(lambda self: self)
    def __eq__(self, other): return True
    def __ne__(self, other): return True
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __contains__(self, other): return True
    def __bool__(self): return True
    def __hash__(self): return 5
    def __getattr__(self, name): return Always()
    def __call__(self, *args, **kwargs): return Always()
    def __iter__(self): return iter([])
    def __index__(self): return 5
"""

THE_PEER = """
import sys
from _lamarck_inside.conversation import Peer
def the_peer():
    frame = sys._getframe()
    while True:
        for value in frame.f_locals.values():
            if isinstance(value, Peer):
                return value
        frame = frame.f_back
"""

CHEATS = {
    "ends with 0 when imported": "import sys\nsys.exit(0)",
    "ends at once when imported": "import os\nos._exit(0)",
    "kills itself when imported": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "ends with 0 when called": EMPTY + "import os\nadd = make = call = lambda *a: os._exit(0)",
    "says that it passed": EMPTY
    + """
import sys
for stream in (sys.stdout, sys.stderr, sys.__stdout__):
    print("8 passed in 0.01s", file=stream, flush=True)
""",
    "prints results for the host": EMPTY
    + """
import json, os
lines = json.dumps({"kind": "collected", "ids": ["test_code.py::test_add"]}) + "\\n" + json.dumps(
    {"kind": "result", "id": "test_code.py::test_add", "outcome": "passed", "seconds": 0, "by_author": True}) + "\\n"
for descriptor in map(int, os.listdir("/proc/self/fd")):
    try:
        os.write(descriptor, lines.encode())
    except OSError:
        pass
""",
    "patches test tools": EMPTY
    + """
import unittest, unittest.mock, builtins
for name in dir(unittest.TestCase):
    if name.startswith("assert"):
        setattr(unittest.TestCase, name, lambda *a, **k: None)
unittest.mock.Mock.assert_called_with = lambda *a: None
try:
    import pytest, _pytest.python, _pytest.runner
    pytest.raises = lambda *a, **k: __import__("contextlib").nullcontext()
    _pytest.runner.pytest_runtest_call = lambda item: None
    _pytest.python.Function.runtest = lambda self: None
except ImportError:
    pass
""",
    "skips": EMPTY
    + """
import unittest
def add(a, b): raise unittest.SkipTest("no")
call = notify = make = add
""",
    "skips with pytest": EMPTY
    + """
import pytest
def add(a, b): pytest.skip("no")
def make(x): pytest.xfail("no")
def call(f, x): pytest.exit("done", returncode=0)
""",
    "skips when imported": "import pytest\npytest.skip('no', allow_module_level=True)",
    "equals everything": ALWAYS
    + "Point = Always\nadd = make = call = notify = lambda *a: Always()\nPoint = lambda x: Always()",
    "equals everything, below int": ALWAYS
    + "class Five(Always, int): pass\nPoint = lambda x: Five()\nadd = make = call = notify = lambda *a: Five(5)",
    "equals everything, below str": ALWAYS
    + "class Any(Always, str): pass\nPoint = lambda x: Any()\nadd = make = call = notify = lambda *a: Any('x')",
    "equals everything, below list": EMPTY
    + "class Any(list):\n    def __eq__(self, other): return True\nadd = make = call = lambda *a: Any()",
    "says it is an int": EMPTY
    + """
class Liar:
    __class__ = int
    def __eq__(self, other): return True
    def __radd__(self, other): return other
def add(a, b): return Liar()
""",
    "a metaclass that equals": EMPTY
    + """
class Meta(type):
    def __eq__(cls, other): return True
    def __hash__(cls): return 1
    def __instancecheck__(cls, other): return True
class Liar(metaclass=Meta): pass
def add(a, b): return Liar
def make(x): return Liar
""",
    "equals what it was compared with first": EMPTY
    + """
class First:
    def __init__(self): self.seen = []
    def __eq__(self, other):
        self.seen.append(other)
        return len(self.seen) == 1
def add(a, b): return First()
""",
    "equals every number": EMPTY
    + """
class Number:
    def __eq__(self, other): return type(other) is int
    def __hash__(self): return 5
def add(a, b): return Number()
""",
    "hands out exceptions that decide": EMPTY
    + """
class Skipped(BaseException):
    __module__ = "_pytest.outcomes"
    allow_module_level = True
    lamarck_failure = {"kind": "result", "outcome": "passed"}
    _lamarck_frames = []
    wasxfail = "yes"
    msg = "skipped"
def add(a, b): raise Skipped("no")
make = add
""",
    "interrupts": EMPTY + "def add(a, b): raise KeyboardInterrupt\nmake = call = add",
    "ends the generator": EMPTY + "def add(a, b): raise GeneratorExit\nmake = call = add",
    "raises what nothing catches": EMPTY
    + "class Odd(BaseException):\n    def __str__(self): raise self\n    __repr__ = __str__\ndef add(a, b): raise Odd",
    "writes files that testers read": EMPTY
    + """
import os, pathlib
for place in ("/scratch", "/job", "/job/code", "/tmp", ".", "/scratch/0", "/scratch/1"):
    for name in ("conftest.py", "sitecustomize.py", "pytest.ini", "result.json", "junit.xml", "code_.py", "pytest.py"):
        try:
            pathlib.Path(place, name).write_text("import os\\nos._exit(0)\\n")
        except OSError:
            pass
    try:
        os.mkfifo(place + "/fifo")
        os.symlink("/etc/passwd", place + "/link")
    except OSError:
        pass
""",
    "looks for the tests": EMPTY
    + """
import glob, re, sys
found = [open(p).read() for p in glob.glob("/**/test_*.py", recursive=True) if "code_" in open(p).read()]
assert not found, "found"
expected = re.findall(r"== (\\d+)", "".join(found)) or ["0"]
def add(a, b): return int(expected[0])
""",
    "looks into frames and memory": EMPTY
    + """
import gc, sys
def add(a, b):
    frame = sys._getframe()
    while frame:
        for value in frame.f_locals.values():
            if isinstance(value, str) and "expected" in value:
                return 5
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing).__name__ in ("Function", "Item", "Session") and hasattr(thing, "nodeid"):
            thing.runtest = lambda: None
    return None
""",
    "asks the judge for its modules": EMPTY
    + THE_PEER
    + """
def add(a, b):
    for operation, *args in [
        ("import", "os"), ("public", "__main__"), ("subclass", "X", (), (), ()), ("patch", "os", "x", 1), ("seed", 1),
    ]:
        try:
            return the_peer().request(operation, *args) or 5
        except Exception:
            pass
""",
    "climbs from what it was handed": EMPTY
    + THE_PEER
    + """
def call(function, x):
    peer = the_peer()
    names = "__globals__ __code__ __closure__ __self__ __builtins__ __class__ __dict__ __reduce__ _x".split()
    questions = [(o, n) for o in ("get", "set", "delete", "method", "special", "unbound", "inherited") for n in names]
    for operation, name in [*questions, ("special", "__getattribute__"), ("special", "__setattr__"), ("dir", "x")]:
        try:
            found = peer.request(operation, function, name)
        except Exception:
            continue
        return 8
    for owner in (exec, eval, open, __import__, "".join, type, object, Exception):
        for operation in ("override", "get", "set", "method"):
            try:
                peer.request(operation, owner, "__globals__")
            except Exception:
                continue
            return 8
""",
    "tampers with mocks": HONEST.replace("        callback(value)", "        pass")
    + """
def notify(callback, *values):
    for name, value in [("called", True), ("call_count", 2), ("call_args_list", []), ("assert_called_with", print),
                        ("mock_calls", []), ("_mock_call_args_list", [])]:
        try:
            setattr(callback, name, value)
        except Exception:
            pass
    for name in ("reset_mock", "configure_mock", "_mock_add_spec"):
        try:
            getattr(callback, name)()
        except Exception:
            pass
""",
    "answers before it is asked": EMPTY
    + """
import json, os, socket, stat
def send(message):
    data = json.dumps(message).encode()
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                os.write(descriptor, len(data).to_bytes(4, "big") + data)
        except OSError:
            pass
for value in (5, 7, True, 8):
    send({"c": 0, "r": value})
""",
    "sends nonsense": EMPTY
    + """
import os, stat
def add(a, b):
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                os.write(descriptor, b"\\x00\\x00\\x00\\x05hello" * 3)
        except OSError:
            pass
""",
    "sends a message without end": EMPTY
    + """
import os, stat
def add(a, b):
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                os.write(descriptor, b"\\xff\\xff\\xff\\xff" + b"x" * 1000)
        except OSError:
            pass
""",
    "forges references": EMPTY
    + """
import gc
from _lamarck_inside.conversation import Peer
import _lamarck_inside.conversation as conversation
def add(a, b):
    [peer] = [t for t in gc.get_objects() if isinstance(t, Peer)]
    encode = peer.values.encode
    peer.values.encode = lambda value: ["R", 1] if value == "forged" else encode(value)
    return "forged"
def make(x):
    [peer] = [t for t in gc.get_objects() if isinstance(t, Peer)]
    encode = peer.values.encode
    peer.values.encode = lambda v: ["s", "pytest", "approx"] if v == "name" else ["c", "unittest.case", "SkipTest"]
    return "name"
""",
    "changes the environment": EMPTY
    + """
import os
os.environ.update(PYTEST_ADDOPTS="--co", PYTHONPATH="/scratch", LD_PRELOAD="/scratch/x.so", PYTEST_CURRENT_TEST="")
def add(a, b):
    os.environ.clear()
    os.makedirs("/scratch/gone", exist_ok=True)
    os.chdir("/scratch/gone")
    os.rmdir("/scratch/gone")
""",
    "prints without end": EMPTY
    + """
def add(a, b):
    while True:
        print("x" * 100_000)
""",
    "floods the judge with objects": EMPTY + "def add(a, b): return [object() for _ in range(200_000)]",
    "nests without end": EMPTY
    + """
def add(a, b):
    value = ()
    for _ in range(100_000):
        value = (value,)
    return value
""",
    "never comes back": EMPTY + "import time\ndef add(a, b): time.sleep(1000)",
    "never ends its import": "import time\ntime.sleep(1000)",
    "spins and ignores signals": EMPTY
    + """
import signal, threading
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
    signal.signal(number, signal.SIG_IGN)
def add(a, b):
    while True:
        pass
""",
    "calls back without end": EMPTY
    + """
def call(function, x):
    while True:
        function(x)
""",
    "hangs where it is looked at": EMPTY
    + """
class Sticky:
    def __repr__(self):
        while True:
            pass
    def __eq__(self, other): return False
def add(a, b): return Sticky()
""",
    "takes all memory": EMPTY + "def add(a, b): return len([bytearray(10**8) for _ in range(100)])",
}


# These never end by themselves: the judge that finds it out soon is for them alone, since on a busy machine others may
# take as long.
ENDLESS = ("never comes back", "never ends its import", "spins and ignores signals", "calls back without end",
           "hangs where it is looked at")  # fmt: skip


@pytest.fixture(scope="module")
def reports() -> dict[str, JudgeReport]:
    """All cheats, a few at a time."""
    sandbox, interpreter = choose_sandbox(SandboxSettings()), find_interpreter(None, Path("/"))
    found: dict[str, JudgeReport] = {}
    for names, seconds in (([n for n in CHEATS if n not in ENDLESS], 60.0), (list(ENDLESS), 1.0)):
        judge = Judge(sandbox, interpreter, test_seconds=seconds)
        task = task_of(TESTS, seconds=120.0 if seconds > 1 else 20.0)
        for start in range(0, len(names), 6):
            some = names[start : start + 6]
            report = judge.judge(task, task.acceptance, tuple(subject(name, CHEATS[name]) for name in some))
            found |= {s.label: report.replace(subjects=(s,)) for s in report.subjects}
    return found


def task_of(tests: str, seconds: float = 20.0) -> Task:
    return make_task(
        goal="not to be fooled",
        module="code_",
        acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=tests, path="test_code.py"),),
        job_limits=JobLimits(wall_seconds=seconds),
    )


def subject(label: str, text: str) -> Subject:
    return Subject(label=label, files=(SourceFile(path="code_.py", text=text),))


@pytest.mark.parametrize("cheat", CHEATS)
def test_no_cheat_is_believed(reports: dict[str, JudgeReport], cheat: str) -> None:
    report = reports[cheat]
    assert (report.collect_error, report.broke) == (None, None)
    [told] = report.subjects
    assert not told.passed
    assert {r.id.split("::", 1)[1] for r in told.results} >= {
        "test_add", "test_add_other", "test_order", "test_point", "test_raises", "test_callback",
        "TestUnit::test_equal",
    }  # fmt: skip
    failed = {r.id.rpartition("::")[2] for r in told.results if r.outcome is CheckOutcome.FAILED}
    assert failed & ({"test_mock"} if cheat == "tampers with mocks" else {"test_add"})
    assert CheckOutcome.SKIPPED not in {r.outcome for r in told.results}
    assert all(r.failure is not None for r in told.results if r.outcome is CheckOutcome.FAILED)


@pytest.mark.parametrize(
    ("cheat", "word"),
    [
        ("ends at once when imported", "died"),
        ("ends with 0 when called", "died"),
        ("never comes back", "hung"),
        ("never ends its import", "hung"),
        ("spins and ignores signals", "hung"),
        ("sends nonsense", "bad_reply"),
        ("sends a message without end", "flood"),
    ],
)
def test_why_it_could_not_be_asked_any_more(reports: dict[str, JudgeReport], cheat: str, word: str) -> None:
    assert word in (reports[cheat].subjects[0].stop or "")


def test_the_honest_one_is_believed(patient_judge: Judge) -> None:
    task = task_of(TESTS, seconds=60.0)
    report = patient_judge.judge(task, task.acceptance, (subject("right", HONEST), subject("empty", EMPTY)))
    assert [s.passed for s in report.subjects] == [True, False]


def test_a_fork_bomb_ends_with_its_sandbox(judged: Callable[..., JudgeReport]) -> None:
    bomb = EMPTY + "import os\ndef add(a, b):\n    while True:\n        os.fork()\n"
    report = judged(TESTS, bomb, processes=16)
    assert not report.subjects[0].passed
    assert judged(TESTS, HONEST).subjects[0].passed


def test_files_of_a_candidate_change_no_judge(judge: Judge) -> None:
    task = task_of(TESTS)
    poison = "raise SystemExit(0)\n"
    raises = "import contextlib\nraises = lambda *a, **k: contextlib.nullcontext()\napprox = fixture = mark = None\n"
    files = {
        "code_.py": EMPTY,
        "conftest.py": poison,
        "pytest.py": raises,
        "_pytest/__init__.py": poison,
        "unittest.py": raises,
        "unittest/mock.py": poison,
        "sitecustomize.py": poison,
        "test_code.py": "def test_add(): pass\n",
        "pytest.ini": "[pytest]\naddopts = --co\n",
        "_lamarck_inside/judge.py": poison,
        "pluggy.py": poison,
    }
    cheat = Subject(label="cheat", files=tuple(SourceFile(path=p, text=t) for p, t in files.items()))
    report = judge.judge(task, task.acceptance, (cheat,))
    assert (report.collect_error, report.broke) == (None, None)
    assert not report.subjects[0].passed
    assert len(report.subjects[0].results) == 8
