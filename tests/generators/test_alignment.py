"""Proven code under another name and signature. These are the test's own functions, so they are run right here."""

from __future__ import annotations

from typing import Any

import pytest

from lamarck.generators.alignment import variants
from lamarck.records import SourceFile


def run(text: str, name: str) -> Any:
    namespace: dict[str, Any] = {}
    exec(compile(text, "aligned", "exec"), namespace)
    return namespace[name]


def texts(source: str, have: str, wanted: str, signature: str | None) -> list[str]:
    files = (SourceFile(path="old.py", text=source),)
    found = list(variants(files, have, path="new.py", wanted=wanted, signature=signature))
    assert all(v[0].path == "new.py" for v in found)
    return [v[0].text for v in found]


SUBTRACT = "def subtract(minuend: int, subtrahend: int = 1) -> int:\n    return minuend - subtrahend\n"


def test_same_name_and_parameters_stay_as_they_are() -> None:
    assert texts(SUBTRACT, "subtract", "subtract", "def subtract(minuend, subtrahend=1)")[0] == SUBTRACT


def test_another_name_without_a_signature_is_an_alias() -> None:
    (text,) = texts(SUBTRACT, "subtract", "minus", None)
    assert run(text, "minus")(5) == 4


def test_other_parameter_names_keep_the_order_first() -> None:
    found = texts(SUBTRACT, "subtract", "minus", "def minus(a: int, b: int) -> int")
    assert run(found[0], "minus")(5, 3) == 2
    assert run(found[1], "minus")(5, 3) == -2


def test_parameters_of_the_same_name_find_each_other() -> None:
    found = texts(SUBTRACT, "subtract", "minus", "def minus(subtrahend: int, minuend: int) -> int")
    assert run(found[0], "minus")(3, 5) == 2


def test_types_find_each_other() -> None:
    source = "def repeat(text: str, times: int) -> str:\n    return text * times\n"
    found = texts(source, "repeat", "again", "def again(count: int, what: str) -> str")
    assert run(found[0], "again")(2, "ab") == "abab"


def test_a_default_may_stay_unfilled() -> None:
    found = texts(SUBTRACT, "subtract", "before", "def before(n: int) -> int")
    assert run(found[0], "before")(7) == 6


def test_too_few_or_too_many_parameters_do_not_fit() -> None:
    assert texts("def f(a, b):\n    return a\n", "f", "g", "def g(x)") == []
    assert texts("def f(a):\n    return a\n", "f", "g", "def g(x, y)") == []


def test_the_same_name_with_another_order_keeps_recursion_right() -> None:
    source = "def power(base, exponent):\n    return 1 if exponent == 0 else base * power(base, exponent - 1)\n"
    found = texts(source, "power", "power", "def power(exponent, base)")
    assert run(found[0], "power")(3, 2) == 8


def test_a_method_serves_as_a_function() -> None:
    source = "class Greeter:\n    def greet(self, name: str) -> str:\n        return 'hi ' + name\n"
    found = texts(source, "Greeter", "hello", "def hello(who: str) -> str")
    assert any(run(t, "hello")("you") == "hi you" for t in found if "def hello" in t)


def test_a_class_gets_an_alias() -> None:
    (text,) = texts("class Stack:\n    pass\n", "Stack", "Pile", None)
    assert run(text, "Pile").__name__ == "Stack"


def test_keyword_only_parameters() -> None:
    source = "def cut(text: str, *, width: int) -> str:\n    return text[:width]\n"
    found = texts(source, "cut", "shorten", "def shorten(text: str, width: int) -> str")
    assert run(found[0], "shorten")("abcdef", 3) == "abc"


def test_foreign_annotations_are_left_out() -> None:
    found = texts(SUBTRACT, "subtract", "minus", "def minus(a: Decimal, b: Decimal) -> Decimal")
    assert run(found[0], "minus")(5, 3) == 2


@pytest.mark.parametrize("signature", ["nonsense", "def broken(", "class X"])
def test_a_signature_that_does_not_parse_counts_as_none(signature: str) -> None:
    assert texts(SUBTRACT, "subtract", "minus", signature) == [f"{SUBTRACT}\n\nminus = subtract\n"]


EVENS = (
    "def evens(numbers, most=10):\n    for n in numbers:\n        if n % 2 == 0 and n <= most:\n            yield n\n"
)


@pytest.mark.parametrize(
    ("wanted", "signature"),
    [("even_ones", "def even_ones(values)"), ("even_ones", None), ("evens", "def evens(numbers, most=10)")],
)
@pytest.mark.parametrize(("container", "answer"), [("list", [2, 4]), ("tuple", (2, 4)), ("set", {2, 4})])
def test_what_a_generator_yields_is_put_into_what_is_wanted(
    wanted: str, signature: str | None, container: str, answer: Any
) -> None:
    files = (SourceFile(path="old.py", text=EVENS),)
    found = list(variants(files, "evens", path="new.py", wanted=wanted, signature=signature, container=container))
    assert run(found[0][0].text, wanted)([1, 2, 3, 4, 12]) == answer


def test_only_a_generator_is_put_into_a_container() -> None:
    plain = "def halves(numbers):\n    def each():\n        yield from numbers\n    return [n / 2 for n in each()]\n"
    for source in (plain, SUBTRACT):
        name = source[4 : source.index("(")]
        files = (SourceFile(path="old.py", text=source),)
        (found,) = variants(files, name, path="new.py", wanted="f", signature=None, container="list")
        assert "list(" not in found[0].text
