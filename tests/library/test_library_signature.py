from __future__ import annotations

import keyword
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamarck.library.index_entry import split_words
from lamarck.library.signature import Shape, definitions, shape_of, shape_of_definition, signature_of


@pytest.mark.parametrize(
    ("signature", "arity", "returns"),
    [
        ("def f(a: int, b: str = 'x') -> str", 2, "str"),
        ("def f(a, b):", 2, None),
        ("def f(a) -> int: ...", 1, "int"),
        ("async def f() -> None", 0, "none"),
        ("f(a, *rest, key=None, **more)", 4, None),
        ("(x: float) -> list[int]", 1, "list"),
        ("f(x) -> List[str]", 1, "list"),
        ("f(x) -> typing.Dict[str, int]", 1, "dict"),
        ("f(x) -> Optional[int]", 1, "int|none"),
        ("f(x) -> None | int", 1, "int|none"),
        ("f(x) -> Union[str, int, None]", 1, "int|none|str"),
        ("f(x) -> 'list[Node]'", 1, "list"),
        ("f(x) -> '('", 1, "("),
        ("class Stack", None, "class"),
        ("class Stack(Base):", None, "class"),
    ],
)
def test_signatures_as_people_write_them(signature: str, arity: int | None, returns: str | None) -> None:
    assert shape_of(signature) == Shape(arity=arity, returns=returns)


@pytest.mark.parametrize("text", ["", "takes a list and gives a number", "f(", "(a, a b)", "x = 1", "\x00"])
def test_what_is_no_signature_has_no_shape(text: str) -> None:
    assert shape_of(text) is None


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [
        ("f(a) -> int", "g(b) -> int", True),
        ("f(a) -> int", "g(b)", True),
        ("f(a) -> int", "g(b) -> str", False),
        ("f(a)", "g(a, b)", False),
        ("class A", "class B", True),
        ("class A", "f(a)", False),
    ],
)
def test_shapes_fit_when_they_take_as_many_and_do_not_contradict(one: str, other: str, fits: bool) -> None:
    first, second = shape_of(one), shape_of(other)
    assert first is not None
    assert second is not None
    assert first.fits(second) is fits
    assert second.fits(first) is fits


def test_methods_do_not_count_self() -> None:
    source = "class A:\n    def f(self, x): ...\n    @staticmethod\n    def g(x): ...\n    async def h(self): ...\n"
    found = definitions(source)
    assert set(found) == {"A", "A.f", "A.g", "A.h"}
    arities = {name: shape_of_definition(d, method="." in name).arity for name, d in found.items()}
    assert arities == {"A": None, "A.f": 1, "A.g": 1, "A.h": 0}


names = st.from_regex(r"[a-z]{1,6}", fullmatch=True).filter(lambda name: not keyword.iskeyword(name))


@given(st.lists(names, unique=True, max_size=5), st.sampled_from(["int", "list[str]", "None", "str | None"]), names)
@settings(max_examples=60, deadline=None)
def test_the_line_that_is_shown_has_the_shape_of_the_code(parameters: list[str], returns: str, name: str) -> None:
    source = f"def {name}({', '.join(parameters)}) -> {returns}:\n    return 1\n"
    definition = definitions(source)[name]
    shape = shape_of_definition(definition)
    assert shape.arity == len(parameters)
    assert shape_of(signature_of(definition)) == shape


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("parseHTTPDate", ["parse", "http", "date"]),
        ("parse_http_date", ["parse", "http", "date"]),
        ("__init__", ["init"]),
        ("base64 SHA256sum", ["base64", "sha256sum"]),
        ("don't, stop: (now)", ["don", "t", "stop", "now"]),
        ("Größe naïve", ["größe", "naïve"]),
        ("", []),
    ],
)
def test_identifiers_are_split_into_words(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@given(st.text(alphabet=string.printable, max_size=60))
@settings(max_examples=100, deadline=None)
def test_splitting_what_was_split_changes_nothing(text: str) -> None:
    once = split_words(text)
    assert split_words(" ".join(once)) == once
