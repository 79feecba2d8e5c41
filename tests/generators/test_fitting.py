"""Right code in the wrong shape, and code that has to stay as it is."""

from __future__ import annotations

import ast

import pytest

from lamarck.generators.extraction import RULES, extract
from lamarck.generators.fitting import gathered_methods, named_as_asked, wrapped_body
from lamarck.records import SourceFile

SIGNATURE = "def double(x: int) -> int"
STUB = '''class Counter(Base):
    """Counts."""

    def up(self):
        pass

    def down(self):
        pass
'''


@pytest.mark.parametrize("body", ["return 2 * x", "    y = x + x\n    return y\n", "for i in range(x):\n    yield i"])
def test_a_body_gets_its_head(body: str) -> None:
    whole = wrapped_body(body, SIGNATURE)
    assert whole is not None
    function = ast.parse(whole).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert function.name == "double"


@pytest.mark.parametrize("code", ["def double(x):\n    return x", "x = 1", "return (", "double = 1", ""])
def test_only_a_body_does(code: str) -> None:
    assert wrapped_body(code, SIGNATURE) is None
    assert wrapped_body("return 1", None) is None
    assert wrapped_body("return 1", "class Double") is None


def test_methods_get_their_class() -> None:
    code = (
        "import math\n\ndef up(self):\n    self.n = 1\n\n@property\ndef n2(self):\n    return 2\n\n"
        "def helper(x):\n    return x\n"
    )
    whole = gathered_methods(code, STUB)
    assert whole is not None
    module = ast.parse(whole)
    found = next(n for n in module.body if isinstance(n, ast.ClassDef))
    assert ast.unparse(found.bases[0]) == "Base"
    assert [n.name for n in found.body if isinstance(n, ast.FunctionDef)] == ["up", "n2"]
    assert [n.name for n in module.body if isinstance(n, ast.FunctionDef)] == ["helper"]


@pytest.mark.parametrize(
    ("code", "stub"),
    [
        ("class Counter:\n    pass\n", STUB),
        ("def up(x):\n    return x\n", STUB),
        ("def other(self):\n    return 1\n", STUB),
        ("def up(self):\n    return 1\n", "def up():\n    pass\n"),
        ("def up(self):\n    return 1\n", STUB + "\n\nclass Other:\n    pass\n"),
        ("def up(self:\n", STUB),
    ],
)
def test_other_code_is_not_gathered(code: str, stub: str) -> None:
    assert gathered_methods(code, stub) is None


@pytest.mark.parametrize(
    ("code", "ends"),
    [
        ("def doubled(n):\n    return 2 * n\n", "return doubled(x)"),
        ("def Double(n):\n    return n\n\n\ndef other():\n    pass\n", "return Double(x)"),
        ("class Solution:\n    def double(self, x):\n        return 2 * x\n", "return Solution().double(x)"),
    ],
)
def test_another_name_is_given_the_one_asked_for(code: str, ends: str) -> None:
    found = named_as_asked((SourceFile(path="double.py", text=code),), "double", SIGNATURE)
    assert found is not None
    assert found[0].text.rstrip().endswith(ends)


@pytest.mark.parametrize(
    "code",
    [
        "def double(n):\n    return n\n",
        "double = lambda n: n\n",
        "def one(n):\n    return n\n\n\ndef two(n):\n    return n\n",
        "def _private(n):\n    return n\n",
        "x = 1\n",
    ],
)
def test_a_name_that_is_there_or_two_that_could_be_meant(code: str) -> None:
    assert named_as_asked((SourceFile(path="double.py", text=code),), "double", SIGNATURE) is None


def test_every_rule_can_be_left_out() -> None:
    replies = {
        "no fence": "def double(x):\n    return 2 * x\n",
        "chose the block": "```python\na = 1\n```\n```python\ndef double(x):\n    return 2 * x\n```",
        "joined blocks": "```python\ndef h(x):\n    return x\n```\n```python\ndef double(x):\n    return h(x)\n```",
        "cut the end": "```python\ndef double(x):\n    return 2 * x\n\ndef more(:\n```",
        "dropped tests and examples": "```python\ndef double(x):\n    return 2 * x\n\nprint(double(1))\n```",
        "added imports": "```python\ndef double(x):\n    return math.floor(2 * x)\n```",
        "wrapped the body": "```python\n    return 2 * x\n```",
        "gathered the methods": "```python\ndef up(self):\n    return 1\n```",
        "named as asked": "```python\ndef doubled(x):\n    return 2 * x\n```",
    }
    for rule, reply in replies.items():
        wanted, stub = (None, STUB) if rule == "gathered the methods" else ("double", "")
        with_it = extract(reply, ("double.py",), wanted, signature=SIGNATURE, stub=stub)
        without = extract(reply, ("double.py",), wanted, signature=SIGNATURE, stub=stub, without=frozenset({rule}))
        assert with_it is not None
        assert rule in with_it.rules
        assert without is None or (rule not in without.rules and without.files != with_it.files)
    two = "```python\nx = 1\n```\n```python\ny = 2\n```"
    assert extract(two, ("a.py", "b.py"), None) is not None
    assert extract(two, ("a.py", "b.py"), None, without=frozenset({"files by order"})) is None
    assert {*replies, "files by order", "split the block"} == set(RULES)
