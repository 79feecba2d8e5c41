"""The stub's docstrings come back into replies that were written without them."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.context.stubs import bare
from lamarck.generators.documented import documented
from lamarck.records import SourceFile, tree_hash

STUB = '''def double(x: int) -> int:
    """Twice x.

    >>> double(2)
    4
    """
    raise NotImplementedError


class Counter:
    """Counts."""

    def up(self) -> None:
        """One more.

        No limit.
        """
'''


def with_docs(code: str, stub: str = STUB, path: str = "m.py") -> str:
    return documented(SourceFile(path=path, text=code), (SourceFile(path="m.py", text=stub),)).text


def test_a_function_gets_its_docstring_back() -> None:
    text = with_docs("import math\n\n\ndef double(x):  # fast\n    # twice\n    return 2 * x\n")
    node = ast.parse(text).body[1]
    assert isinstance(node, ast.FunctionDef)
    assert ast.get_docstring(node) == "Twice x.\n\n>>> double(2)\n4"
    assert text.startswith("import math\n\n\ndef double(x):  # fast\n")


def test_methods_in_another_order_and_indentation() -> None:
    text = with_docs("class Counter:\n  def down(self):\n    pass\n  def up(self):\n    self.n = 1\n")
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.ClassDef)
    down, up = (n for n in node.body if isinstance(n, ast.FunctionDef))
    assert ast.get_docstring(node) == "Counts."
    assert ast.get_docstring(up) == "One more.\n\nNo limit."
    assert ast.get_docstring(down) is None


@pytest.mark.parametrize(
    "code",
    [
        'def double(x):\n    """Its own."""\n    return x\n',
        "def double(x): return 2 * x\n",
        "def other(x):\n    return x\n",
        "double = lambda x: 2 * x\n",
        "def double(x:\n",
        "def double(\n    x,\n): return 1\n",
    ],
)
def test_what_has_no_place_for_one_stays(code: str) -> None:
    assert with_docs(code) == code


def test_only_the_stub_of_the_same_path_speaks() -> None:
    code = "def double(x):\n    return 2 * x\n"
    assert with_docs(code, path="other.py") == code
    assert with_docs(code, stub="def double(:\n") == code


@given(
    st.lists(
        st.sampled_from(['"""Says."""', '"""Says\n    more."""', "'''a\n\n    b\n    '''", "r'raw \\d'"]), max_size=4
    ),
    st.sampled_from(
        ["    return a", "    @deco\n    def inner():\n        return 1\n    return inner", "    x = '''\n  text\n'''"]
    ),
)
def test_bare_code_with_its_docstrings_is_what_the_stub_was(docs: list[str], body: str) -> None:
    stub = "".join(f"def f{n}(a):\n    {doc}\n{body}\n\n\n" for n, doc in enumerate(docs))
    code = bare(stub).code
    text = with_docs(code, stub)
    assert tree_hash(text) == tree_hash(code)
    for one, other in zip(ast.parse(stub).body, ast.parse(text).body, strict=True):
        assert isinstance(one, ast.FunctionDef)
        assert isinstance(other, ast.FunctionDef)
        assert ast.get_docstring(one) == ast.get_docstring(other)
