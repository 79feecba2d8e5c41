"""Code out of replies as small models write them."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.generators.extraction import extract

FUNCTION = "def double(x):\n    return 2 * x\n"


def code(reply: str, wanted: str | None = "double") -> str:
    found = extract(reply, ("double.py",), wanted)
    assert found is not None
    return found.files[0].text


@pytest.mark.parametrize(
    "reply",
    [
        f"```python\n{FUNCTION}```",
        f"Here it is:\n\n```py\n{FUNCTION}```\nIt doubles x.",
        f"```\n{FUNCTION}\n```",
        f"~~~python\n{FUNCTION}~~~",
        FUNCTION,
        f"Sure! The function:\n{FUNCTION}",
        f"```python\n{FUNCTION}",  # the closing fence is missing
        "  ```python\n  def double(x):\n      return 2 * x\n  ```",  # indented, as in a list
        f"```python\n# double.py\n{FUNCTION}```",
    ],
)
def test_the_function_is_found(reply: str) -> None:
    assert ast.dump(ast.parse(code(reply))) == ast.dump(ast.parse(FUNCTION))


def test_one_block_with_several_files_is_parted_where_a_comment_names_the_next() -> None:
    reply = "```python\n# shop/a.py\nA = 1\n\n# what follows is b\n# shop/b.py\nfrom shop.a import A\n\nB = A\n```"
    found = extract(reply, ("shop/a.py", "shop/b.py"), "B")
    assert found is not None
    assert found.rules == ("split the block",)
    assert [f.path for f in found.files] == ["shop/a.py", "shop/b.py"]
    assert "B = A" in found.files[1].text
    assert "B" not in found.files[0].text
    assert extract(reply, ("shop/a.py", "shop/b.py"), "B", without=frozenset({"split the block"})) is None


def test_the_block_that_defines_what_is_wanted_wins() -> None:
    reply = f"```python\ndef other():\n    pass\n# {'long ' * 50}\n```\nand\n```python\n{FUNCTION}```"
    assert "def double" in code(reply)


def test_helpers_in_another_block_are_joined() -> None:
    reply = "```python\ndef help_(x):\n    return x\n```\n```python\ndef double(x):\n    return 2 * help_(x)\n```"
    assert code(reply).index("def help_") < code(reply).index("def double")


def test_tests_and_examples_are_dropped() -> None:
    reply = (
        f"```python\nimport pytest\nfrom double import double\n{FUNCTION}\n"
        "def test_double():\n    assert double(1) == 2\n\nassert double(2) == 4\n"
        "print(double(3))\nif __name__ == '__main__':\n    print(double(4))\n```"
    )
    assert code(reply).strip() == FUNCTION.strip()


def test_missing_imports_are_added_behind_the_docstring() -> None:
    head = '"""Doc."""\nfrom __future__ import annotations'
    reply = f"```python\n{head}\ndef root(x) -> List[int]:\n    return math.sqrt(x)\n```"
    text = code(reply, "root")
    assert text.index("__future__") < text.index("import math")
    assert "from typing import List" in text
    compile(text, "m", "exec")


def test_local_names_are_not_imported() -> None:
    assert "import" not in code("```python\ndef double(math):\n    return math * 2\n```")


def test_a_truncated_reply_is_cut_to_what_parses() -> None:
    found = extract(f"```python\n{FUNCTION}\ndef half(x):\n    return x /", ("m.py",), "double")
    assert found is not None
    assert "cut the end" in found.rules
    assert "half" not in found.files[0].text


@pytest.mark.parametrize(
    "reply", ["", "I can't do that.", "```python\ndef double(x:\n```", "```python\n# nothing\n```"]
)
def test_no_code_is_none(reply: str) -> None:
    assert extract(reply, ("m.py",), "double") is None


def test_several_files_by_their_names() -> None:
    reply = "```python\n# pkg/b.py\nB = 1\n```\n`pkg/a.py`:\n```python\nfrom pkg.b import B\nA = B\n```"
    found = extract(reply, ("pkg/a.py", "pkg/b.py"), "A")
    assert found is not None
    assert {f.path: "A =" in f.text for f in found.files} == {"pkg/a.py": True, "pkg/b.py": False}


def test_several_files_without_names_go_by_order() -> None:
    found = extract("```python\nA = 1\n```\n```python\nB = 2\n```", ("a.py", "b.py"), "A")
    assert found is not None
    assert [f.text for f in found.files] == ["A = 1\n", "B = 2\n"]


def test_a_missing_file_is_none() -> None:
    assert extract("```python\n# a.py\nA = 1\n```", ("a.py", "b.py"), "A") is None


@given(st.text(max_size=300))
def test_whatever_is_found_parses(reply: str) -> None:
    found = extract(reply, ("m.py",), None)
    if found is not None:
        ast.parse(found.files[0].text)


@given(st.text(alphabet="`~\n dpython:def x()=1", max_size=120))
def test_fences_never_confuse(reply: str) -> None:
    found = extract(reply, ("m.py",), None)
    if found is not None:
        ast.parse(found.files[0].text)
