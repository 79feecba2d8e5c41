from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lamarck.errors import BadInput
from lamarck.records import Task, Trust
from lamarck.tasks.loading import load_task

Write = Callable[[dict[str, str]], Path]

STACK = '''"""A stack for numbers."""

import math
import unittest

import pytest

from stack import EmptyError, Stack, LIMIT, make


@pytest.fixture
def full():
    return Stack([1, 2])


def test_pop_returns_the_last(full):
    assert full.pop() == 2
    assert full.size == 1


def test_empty():
    """Popping from nothing is an error."""
    with pytest.raises(EmptyError):
        Stack().pop()


class TestMore(unittest.TestCase):
    def setUp(self):
        self.stack = make(3, base=2)

    def test_push(self):
        s = Stack([])
        s.push(LIMIT)
        assert math.isclose(s.top(), LIMIT)
'''


def load(folder: Path, name: str, **more: object) -> Task:
    return load_task(str(folder / name), **more)  # type: ignore[arg-type]


def test_a_test_file_says_what_is_wanted(write: Write) -> None:
    task = load(write({"test_stack.py": STACK}), "test_stack.py")
    assert (task.module, task.entry_point, task.signature) == ("stack", "Stack", None)
    assert task.stubs == ()
    assert task.main_path == "stack.py"
    assert task.goal == (
        "A stack for numbers.\n\n"
        "The tests name:\n- pop returns the last\n- Popping from nothing is an error.\n- push\n\n"
        "The module `stack` must provide: exception EmptyError; class Stack (0 to 1 arguments) with pop, size, push, "
        "top; LIMIT; make (1 argument; by name: base)."
    )
    assert [(a.path, a.trust, a.content) for a in task.acceptance] == [("test_stack.py", Trust.GIVEN, STACK)]


def test_a_file_with_tests_needs_no_special_name(write: Write) -> None:
    folder = write({"checks.py": "from f import f\n\ndef test_f():\n    assert f() == 1\n"})
    assert load(folder, "checks.py").module == "f"
    unit = "import unittest\nfrom f import f\n\nclass C(unittest.TestCase):\n    def test_f(self):\n        f()\n"
    assert load(write({"unit.py": unit}), "unit.py").module == "f"


def test_a_function_called_test_something_may_be_a_stub(write: Write) -> None:
    folder = write({"primality.py": 'def test_primality(n: int) -> bool:\n    """Whether n is prime."""\n'})
    assert load(folder, "primality.py").entry_point == "test_primality"


@pytest.mark.parametrize(
    ("line", "module", "path"),
    [
        ("import f", "f", "f.py"),
        ("import f as g", "f", "f.py"),
        ("from a.b import f", "a.b", "a/b.py"),
        ("import a.b", "a.b", "a/b.py"),
        ("from f import *", "f", "f.py"),
        ("import json, f, pytest, hypothesis", "f", "f.py"),
        ("try:\n    import ujson\nexcept ImportError:\n    ujson = None\nimport f", "f", "f.py"),
    ],
)
def test_the_one_import_that_does_not_resolve(write: Write, line: str, module: str, path: str) -> None:
    task = load(write({"test_f.py": f"{line}\n\ndef test_f():\n    assert 1\n"}), "test_f.py")
    assert (task.module, task.main_path) == (module, path)


def test_imports_inside_functions_count(write: Write) -> None:
    task = load(write({"test_f.py": "def test_f():\n    from f import f\n    assert f()\n"}), "test_f.py")
    assert task.module == "f"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (
            "import f\n\ndef test_a():\n    assert f.add(1, 2) == f.add(3, 0) == f.ZERO + 3\n",
            "add (2 arguments); ZERO.",
        ),
        ("import a.f\n\ndef test_a():\n    assert a.f.go() == 1\n", "go (no arguments)."),
        ("import a.f as m\n\ndef test_a():\n    assert m.go(1) == 1\n", "go (1 argument)."),
        ("from a import f\n\ndef test_a():\n    assert f.go(1)\n", "f."),
        ("from f import *\n\ndef test_a(tmp_path):\n    x = go(1)\n    assert len(x) == 1\n", "go (1 argument)."),
        ("from f import go as g\n\ndef test_a():\n    assert g(*[1])\n", "go."),
        ("from f import Base\n\nclass Mine(Base):\n    pass\n\ndef test_a():\n    assert Mine()\n", "class Base."),
        ("from f import A, B\n\ndef test_a():\n    assert isinstance(1, (A, B))\n", "class A; class B."),
        (
            "from f import E, g\n\ndef test_a():\n    try:\n        g()\n    except E:\n        pass\n",
            "exception E; g (no arguments).",
        ),
    ],
)
def test_what_the_module_must_provide(write: Write, body: str, wanted: str) -> None:
    task = load(write({"test_f.py": body}), "test_f.py")
    assert task.goal.endswith(f"must provide: {wanted}")


def test_the_entry_point_is_the_name_used_most(write: Write) -> None:
    body = "from f import E, a, b\n\ndef test_x():\n    assert a(1) == b(b(b(1)))\n    E, E, E, E, E\n"
    assert load(write({"test_f.py": body}), "test_f.py").entry_point == "b"


def test_a_signature_in_the_docstring_is_known(write: Write) -> None:
    body = '"""`add(a: int, b: int) -> int` adds; `Box(x)` holds."""\nfrom f import {0}\n\ndef test_a():\n    {0}(1)\n'
    task = load(write({"test_f.py": body.format("add")}), "test_f.py")
    assert (task.entry_point, task.signature) == ("add", "def add(a: int, b: int) -> int")
    assert load(write({"test_f.py": body.format("mul")}), "test_f.py").signature is None
    assert load(write({"test_f.py": body.format("Box")}), "test_f.py").signature is None


# --- what stands beside the tests ---------------------------------------------------------------------------------


def test_helpers_conftest_and_data_come_along(write: Write) -> None:
    folder = write(
        {
            "test_f.py": "import f\nimport helpers\nfrom pathlib import Path\n\nHERE = Path(__file__).parent\n\n"
            "def test_f():\n    assert f.f() == (HERE / 'data' / 'one.txt').read_text() + open('two.csv').read()\n",
            "conftest.py": "import fixtures\n",
            "fixtures.py": "from f import f\n",
            "helpers.py": "import deeper.more\n",
            "deeper/__init__.py": "",
            "deeper/more.py": "",
            "data/one.txt": "1",
            "data/other.txt": "2",
            "two.csv": "3",
            "unrelated.py": "import pandas\n",
        }
    )
    task = load(folder, "test_f.py")
    assert [s.path for s in task.support] == [
        "conftest.py", "data/one.txt", "deeper/__init__.py", "deeper/more.py", "fixtures.py", "helpers.py", "two.csv",
    ]  # fmt: skip
    assert "f (no arguments)" in task.goal


def test_tests_in_a_package_keep_their_folder(write: Write) -> None:
    folder = write(
        {
            "tests/__init__.py": "",
            "tests/helpers.py": "X = 1\n",
            "tests/unit/__init__.py": "",
            "tests/unit/test_f.py": "from ..helpers import X\nfrom tests import helpers\nimport f\ndef test_f(): f\n",
        }
    )
    task = load(folder / "tests" / "unit", "test_f.py")
    assert task.module == "f"
    assert [a.path for a in task.acceptance] == ["tests/unit/test_f.py"]
    assert [s.path for s in task.support] == ["tests/__init__.py", "tests/helpers.py", "tests/unit/__init__.py"]


def test_tests_that_name_their_own_folder_keep_it_too(write: Write) -> None:
    folder = write(
        {
            "checks/helpers.py": "X = 1\n",
            "checks/test_f.py": "from checks.helpers import X\nimport f\n\ndef test_f():\n    assert f.f() == X\n",
        }
    )
    task = load(folder / "checks", "test_f.py")
    assert [a.path for a in task.acceptance] == ["checks/test_f.py"]
    assert [s.path for s in task.support] == ["checks/helpers.py"]


def test_several_test_files(write: Write) -> None:
    folder = write(
        {
            "a/test_one.py": "from f import g\n\ndef test_a():\n    assert g(1)\n",
            "b/test_one.py": "from f import h\n\ndef test_b():\n    assert h(1)\n",
            "c/deep/test_two.py": "from f import h\n\ndef test_c():\n    assert h(2)\n",
        }
    )
    task = load(folder, "a/test_one.py", tests=(folder / "b" / "test_one.py", folder / "c"))
    assert [a.path for a in task.acceptance] == ["a/test_one.py", "b/test_one.py", "c/deep/test_two.py"]
    assert "g (1 argument); h (1 argument)." in task.goal


def test_stubs_beside_the_tests_are_what_to_write(write: Write) -> None:
    folder = write(
        {
            "test_cart.py": "from cart import total\nfrom money import M\n\ndef test_t():\n    total(total(1))\n",
            "cart.py": 'def total(x):\n    """The total.\n\n    >>> total(0)\n    0\n    """\n',
            "money.py": "class Money:\n    def add(self): ...\n",
        }
    )
    task = load(folder, "test_cart.py")
    assert [s.path for s in task.stubs] == ["cart.py", "money.py"]
    assert (task.module, task.entry_point, task.signature) == ("cart", "total", "def total(x)")
    assert [a.path for a in task.acceptance] == ["test_cart.py", "cart.py"]


# --- what cannot be worked with -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"test_f.py": "def test_f(:\n"}, r"test_f\.py:1: does not parse"),
        ({"test_f.py": "\n\nx = (\n"}, r"test_f\.py:3: does not parse"),
        ({"test_f.py": ""}, "holds no test functions"),
        ({"test_f.py": "import f\n"}, "holds no test functions"),
        ({"test_f.py": "import f\n\nclass TestF:\n    def check(self): ...\n"}, "holds no test functions"),
        ({"test_f.py": "def test_f():\n    assert 1\n"}, "every module that the tests import is there already"),
        ({"test_f.py": "import g\n\ndef test_f():\n    assert g\n", "g.py": "X = 1\n"}, "is there already"),
        (
            {"test_f.py": "import f\nfrom pandas import x\n\ndef test_f():\n    assert 1\n"},
            r"several modules that are nowhere: f \(.*test_f\.py:1\), pandas \(.*test_f\.py:2\)",
        ),
        ({"test_f.py": "from .f import f\n\ndef test_f():\n    assert 1\n"}, "relative import leaves its package"),
        (
            {"test_f.py": "import g\nimport f\n\ndef test_f():\n    assert 1\n", "g.py": "x = (\n"},
            r"g\.py:1: does not parse",
        ),
        ({"test_f.py": "import f\n\ndef test_f():\n    assert 1\n", "conftest.py": "x = (\n"}, r"conftest\.py:1"),
    ],
)
def test_tests_that_cannot_be_worked_with(write: Write, files: dict[str, str], message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        load(write(files), "test_f.py")
    assert caught.value.mend


def test_a_finished_module_is_named_in_the_mend(write: Write) -> None:
    folder = write({"test_f.py": "import g\n\ndef test_f():\n    assert g\n", "g.py": "X = 1\n"})
    with pytest.raises(BadInput) as caught:
        load(folder, "test_f.py")
    assert caught.value.mend == "name the file to write, for example `lamarck solve g.py --tests test_f.py`"


def test_tests_that_are_not_there_or_no_python(write: Write) -> None:
    folder = write({"notes.txt": "x", "empty/x.py": "", "data.bin": "x"})
    for tests, message in [
        (folder / "test_no.py", "no such file"),
        (folder / "notes.txt", "tests are Python files"),
        (folder / "empty", "holds no test files"),
    ]:
        with pytest.raises(BadInput, match=message):
            load_task("Write f.", (tests,))


def test_data_that_leads_elsewhere_is_refused(write: Write, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.txt"
    secret.write_text("s")
    folder = write({"test_f.py": "import f\n\ndef test_f():\n    assert f.f() == open('data.txt').read()\n"})
    (folder / "data.txt").symlink_to(secret)
    with pytest.raises(BadInput, match="leads out of its folder"):
        load(folder, "test_f.py")


def test_binary_data_is_refused(write: Write) -> None:
    folder = write({"test_f.py": "import f\n\ndef test_f():\n    assert f.f() == open('x.png', 'rb').read()\n"})
    (folder / "x.png").write_bytes(b"\0\1")
    with pytest.raises(BadInput, match=r"x\.png: is a binary file"):
        load(folder, "test_f.py")


def test_the_files_that_a_candidate_writes_never_come_along(write: Write) -> None:
    folder = write({"test_f.py": "import sub\n\ndef test_f():\n    assert sub.run('f.py')\n", "f.py": "SECRET = 1\n"})
    assert load(folder, "test_f.py").support == ()
