from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lamarck.errors import BadInput
from lamarck.records import AcceptanceKind, Trust
from lamarck.tasks.loading import load_task

Write = Callable[[dict[str, str]], Path]

LEAP = '''"""About the calendar."""


def is_leap(year: int) -> bool:
    """Whether a year is a leap year in the Gregorian calendar.

    >>> is_leap(2000)
    True
    >>> is_leap(1900)
    False
    """
    ...
'''


def test_a_stub_with_doctests(write: Write) -> None:
    folder = write({"leap.py": LEAP})
    task = load_task(str(folder / "leap.py"))
    assert (task.module, task.entry_point, task.signature) == ("leap", "is_leap", "def is_leap(year: int) -> bool")
    assert task.goal == "About the calendar.\n\nWhether a year is a leap year in the Gregorian calendar."
    assert [(s.path, s.text) for s in task.stubs] == [("leap.py", LEAP)]
    assert [(a.kind, a.trust, a.path, a.content) for a in task.acceptance] == [
        (AcceptanceKind.DOCTEST, Trust.GIVEN, "leap.py", LEAP)
    ]
    assert task.main_path == "leap.py"


@pytest.mark.parametrize("body", ["...", "pass", "raise NotImplementedError", "raise NotImplementedError('later')", ""])
def test_kinds_of_empty_bodies(write: Write, body: str) -> None:
    folder = write({"area.py": f'def area(a, b):\n    """The area."""\n    {body}\n'})
    task = load_task(str(folder / "area.py"))
    assert (task.entry_point, task.goal) == ("area", "The area.")
    assert task.acceptance == ()


def test_several_functions_and_a_class(write: Write) -> None:
    text = (
        'class Stack(list):\n    """A stack."""\n    def push(self, x):\n        """Put x on top.\n\n'
        '        >>> Stack().push(1)\n        1\n        """\n\ndef _hidden(): ...\n\n'
        'def peek(stack):\n    """The top."""\n'
    )
    task = load_task(str(write({"stack.py": text}) / "stack.py"))
    assert (task.entry_point, task.signature) == ("Stack", "class Stack(list)")
    assert task.goal == "`Stack`: A stack.\n\n`peek`: The top."
    assert len(task.acceptance) == 1


def test_the_name_of_the_file_tells_the_main_function(write: Write) -> None:
    text = "def helper(x): ...\ndef bank_total(xs): ...\n"
    assert load_task(str(write({"bank_total.py": text}) / "bank_total.py")).entry_point == "bank_total"


def test_examples_without_an_expectation_are_no_doctest(write: Write) -> None:
    text = 'def f(x):\n    """Do it.\n\n    >>> import math\n    """\n'
    assert load_task(str(write({"f.py": text}) / "f.py")).acceptance == ()


def test_prose_in_a_docstring_is_derived_where_nothing_is_given(write: Write) -> None:
    text = 'def f(x):\n    """Double: f(2) returns 4."""\n'
    (acceptance,) = load_task(str(write({"f.py": text}) / "f.py")).acceptance
    assert acceptance.trust is Trust.DERIVED


def test_comments_are_the_goal_of_a_stub_without_docstrings(write: Write) -> None:
    text = "#!/usr/bin/env python\n# Return the sum of all even numbers.\ndef f(xs):\n    pass  # your code\n"
    assert load_task(str(write({"f.py": text}) / "f.py")).goal == "Return the sum of all even numbers.\nyour code"
    assert load_task(str(write({"g.py": "def g(): ...\ndef h(): ...\n"}) / "g.py")).goal == "Write `g`, `h`."


def test_a_finished_implementation_is_kept_as_given(write: Write) -> None:
    text = 'def f(x):\n    """Twice."""\n    return x * 2\n'
    task = load_task(str(write({"f.py": text}) / "f.py"))
    assert task.stubs[0].text == text


def test_a_stub_with_tests(write: Write) -> None:
    folder = write(
        {
            "shop/cart.py": "def helper(): ...\ndef total(items, *, tax=0): ...\n",
            "tests/test_cart.py": "from cart import total\n\ndef test_total():\n    assert total([1], tax=1) == 2\n",
            "tests/conftest.py": "import pytest\nimport json\n",
            "tests/unused.py": "x = 1\n",
        }
    )
    task = load_task(str(folder / "shop" / "cart.py"), (folder / "tests" / "test_cart.py",))
    assert (task.module, task.entry_point, task.signature) == ("cart", "total", "def total(items, *, tax=0)")
    assert [a.path for a in task.acceptance] == ["test_cart.py"]
    assert [s.path for s in task.support] == ["conftest.py"]
    assert "must provide: total (1 argument; by name: tax)" in task.goal


@pytest.mark.parametrize("init", [True, False])
def test_a_stub_in_a_package_is_called_as_its_tests_call_it(write: Write, init: bool) -> None:
    files = {
        "shop/cart.py": "def total(items): ...\n",
        "test_cart.py": "from shop.cart import total\n\ndef test_total():\n    assert total([]) == 0\n",
    }
    folder = write(files | ({"shop/__init__.py": ""} if init else {}))
    task = load_task(str(folder / "shop" / "cart.py"), (folder / "test_cart.py",))
    assert (task.module, task.main_path) == ("shop.cart", "shop/cart.py")
    alone = load_task(str(folder / "shop" / "cart.py"))
    assert alone.module == ("shop.cart" if init else "cart")


def test_a_package_can_be_the_stub(write: Write) -> None:
    folder = write({"shop/__init__.py": "def total(items): ...\n"})
    task = load_task(str(folder / "shop" / "__init__.py"))
    assert (task.module, task.main_path) == ("shop", "shop/__init__.py")


def test_stubs_that_a_stub_imports_are_written_too_and_finished_files_are_support(write: Write) -> None:
    folder = write(
        {
            "cart.py": "from money import Money\nfrom rates import RATE\nimport json\n\ndef total(): ...\n",
            "money.py": "class Money:\n    def add(self, other): ...\n",
            "rates.py": "from base import BASE\nRATE = BASE\n",
            "base.py": "BASE = 1\n",
        }
    )
    task = load_task(str(folder / "cart.py"))
    assert [s.path for s in task.stubs] == ["cart.py", "money.py"]
    assert [s.path for s in task.support] == ["base.py", "rates.py"]


def test_an_empty_stub_with_tests(write: Write) -> None:
    folder = write({"f.py": "", "test_f.py": "from f import g\n\ndef test_g():\n    assert g(1) == 2\n"})
    task = load_task(str(folder / "f.py"), (folder / "test_f.py",))
    assert (task.module, task.entry_point, task.signature) == ("f", "g", None)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"f.py": "def f(:\n"}, r"f\.py:1: does not parse"),
        ({"f.py": "X = 1\n"}, "defines no public function or class"),
        ({"f.py": ""}, "defines no public function or class"),
        ({"two-fer.py": "def f(): ...\n"}, "'two-fer' cannot be a module's name"),
        ({"json.py": "def f(): ...\n"}, "'json' would hide"),
        ({"pytest.py": "def f(): ...\n"}, "'pytest' would hide"),
        ({"f.py": "import pandas\ndef f(): ...\n"}, r"f\.py:1: the module 'pandas' is neither"),
        ({"f.py": "from .x import y\ndef f(): ...\n"}, "relative import leaves its package"),
        (
            {"f.py": 'def f():\n    """\n    >>> f()\n  1\n    """\n'},
            r"f\.py:1: a doctest below this line is malformed",
        ),
    ],
)
def test_stubs_that_cannot_be_worked_with(write: Write, files: dict[str, str], message: str) -> None:
    folder = write(files)
    with pytest.raises(BadInput, match=message) as caught:
        load_task(str(folder / next(iter(files))))
    assert caught.value.mend


def test_tests_of_something_else_are_refused(write: Write) -> None:
    folder = write(
        {
            "f.py": "def f(): ...\n",
            "test_g.py": "from g import g\n\ndef test_g():\n    assert g()\n",
            "test_none.py": "def test_none():\n    assert 1\n",
            "test_more.py": "from f import f\nimport pandas\n\ndef test_f():\n    assert f()\n",
        }
    )
    for name, message in {
        "test_g.py": r"do not import 'f', but g \(.*test_g\.py:1\)",
        "test_none.py": "do not import 'f'",
        "test_more.py": r"test_more\.py:2: the module 'pandas' is neither",
    }.items():
        with pytest.raises(BadInput, match=message):
            load_task(str(folder / "f.py"), (folder / name,))


def test_packages_of_the_environment_resolve(write: Write) -> None:
    folder = write({"f.py": "import pandas\nimport pandas.core\ndef f(): ...\n"})
    assert load_task(str(folder / "f.py"), importable=frozenset({"pandas"})).module == "f"
