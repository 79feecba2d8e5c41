"""A program under the names and parameters that are asked for, and nothing where essentials differ."""

from __future__ import annotations

import ast

import msgspec
import pytest

from lamarck.generators.templates.asking import read_request, stem, words_of
from lamarck.generators.templates.fitting import fit, variants
from lamarck.generators.templates.matching import Matcher
from lamarck.generators.templates.template import Case, Template, task_of

SCALE = Template(
    id="numbers/scale",
    version=1,
    summary="A number times a factor",
    asks=("scale number|value",),
    never=("down",),
    program='''
from __future__ import annotations


def scale(value: float, factor: float = 2.0) -> float:
    """The value times the factor."""
    result = value * factor
    if result < 0:
        raise ValueError("negative")
    return result  #? round=no
    return round(result)  #? round=yes
''',
    synonyms={"value": ("amount", "x"), "factor": ("by",)},
    options={"round": {"no": (), "yes": ("round",)}},
    serves=(Case(goal="Scale a number.", signature="def scale(value)", examples=("scale(1) == 2",)),),
    refuses=(Case(goal="Scale a number down.", signature="def scale(value)"),),
)

BOX = Template(
    id="structures/box",
    version=1,
    summary="A box of items",
    asks=("box",),
    program='''
from __future__ import annotations


class BoxFull(Exception):
    """No more fits."""


class Box:
    def __init__(self, capacity: int = 3) -> None:
        self.capacity = capacity
        self._items: list[object] = []

    def put(self, item: object) -> None:
        if self.is_full():
            raise BoxFull("full")
        self._items.append(item)

    def is_full(self) -> bool:
        return len(self._items) >= self.capacity
''',
    synonyms={"put": ("add",), "capacity": ("size",)},
    serves=(Case(goal="A box", signature="class Box", examples=("Box(1).is_full() == False",)),),
    refuses=(Case(goal="A mailbox", signature="class Mailbox"),),
)


def fitted(template: Template, **case: object) -> str | None:
    request = read_request(task_of(msgspec.convert(case, Case)))
    return None if request is None else fit(template, request, template.choices)


def header(text: str | None, name: str) -> str:
    assert text is not None
    nodes = ast.parse(text).body
    found = next(n for n in nodes if isinstance(n, ast.FunctionDef) and n.name == name)
    return ast.unparse(found.args)


def test_names_order_and_defaults_are_those_that_are_asked_for() -> None:
    text = fitted(SCALE, signature="def grow(by: int, amount: float = 3)")
    assert header(text, "grow") == "by: int, amount: float=3"
    assert text is not None
    assert "result = amount * by" in text


def test_what_is_not_asked_for_keeps_its_default() -> None:
    assert header(fitted(SCALE, signature="def scale(x)"), "scale") == "x: float, *, factor: float=2.0"


def test_a_local_makes_room_for_a_parameter() -> None:
    text = fitted(SCALE, signature="def scale(result, factor)")
    assert text is not None
    assert "result_ = result * factor" in text


@pytest.mark.parametrize(
    "case",
    [
        {"signature": "def scale(value, factor, offset)"},
        {"signature": "def scale()"},
        {"signature": "def scale(value: str)"},
        {"signature": "def scale(value) -> dict"},
        {"signature": "async def scale(value)"},
        {"signature": "class Scale"},
        {"signature": "def scale(*values)"},
        {"examples": ["scale('a') == 'aa'"]},
        {"examples": ["scale(1, 2, 3) == 6"]},
        {"examples": ["scale(1, unit=2) == 6"]},
        {"tests": "from answer import scale, unscale\n\ndef test_it():\n    assert unscale(scale(1)) == 1\n"},
    ],
)
def test_it_is_left_alone_where_essentials_differ(case: dict[str, object]) -> None:
    assert fitted(SCALE, goal="Scale a number.", **case) is None


def test_arguments_that_a_test_expects_to_be_refused_tell_nothing() -> None:
    tests = "import pytest\nfrom answer import scale\n\ndef test_it():\n    assert scale(1) == 2\n"
    tests += "    with pytest.raises(TypeError):\n        scale('a', 'b', 'c')\n"
    assert fitted(SCALE, signature="def scale(value)", tests=tests) is not None


def test_the_exception_that_is_expected_is_raised() -> None:
    text = fitted(SCALE, signature="def scale(value)", examples=["scale(1) == 2", "scale(-1) raises ArithmeticError"])
    assert text is not None
    assert 'raise ArithmeticError("negative")' in text


def test_an_exception_of_the_stub_takes_the_place_of_one_of_another_name() -> None:
    stub = "class NoRoomIsLeft(Exception):\n    pass\n\n\n"
    stub += "class Box:\n    def __init__(self, capacity=3):\n        ...\n\n    def put(self, item):\n        ...\n"
    tests = "from answer import Box, NoRoomIsLeft\n\ndef test_it():\n    Box(1).put(2)\n"
    text = fitted(BOX, stub=stub, tests=tests)
    assert text is not None
    module = ast.parse(text)
    assert [n.name for n in module.body if isinstance(n, ast.ClassDef)] == ["NoRoomIsLeft", "Box"]
    assert "BoxFull" not in text
    assert "raise NoRoomIsLeft(" in text


def test_an_exception_of_the_stub_is_used() -> None:
    stub = "class TooSmall(Exception):\n    pass\n\n\n"
    stub += 'def scale(value):\n    """Scale a number.\n\n    >>> scale(1)\n    2\n    """\n'
    tests = "import pytest\nfrom answer import TooSmall, scale\n\ndef test_it():\n    with pytest.raises(TooSmall):\n"
    text = fitted(SCALE, stub=stub, tests=tests + "        scale(-1)\n")
    assert text is not None
    assert "raise TooSmall(" in text
    assert text.count("class TooSmall") == 1


def test_members_of_a_class_get_their_names() -> None:
    tests = "import pytest\nfrom answer import Crate, CrateFull\n\ndef test_it():\n    crate = Crate(size=1)\n"
    tests += "    crate.add(1)\n    with pytest.raises(CrateFull):\n        crate.add(2)\n"
    text = fitted(BOX, tests=tests, signature="class Crate")
    assert text is not None
    assert "class Crate:" in text
    assert "def add(self, item" in text
    assert "raise CrateFull(" in text
    assert (
        "def __init__(self, size: int" in text or "capacity" not in text.partition("def add")[0].partition("(self,")[2]
    )


def test_a_member_that_is_not_there_is_left_alone() -> None:
    tests = "from answer import Box\n\ndef test_it():\n    box = Box(1)\n    assert box.weigh() == 2\n"
    assert fitted(BOX, tests=tests, signature="class Box") is None


def test_choices_follow_what_is_said() -> None:
    request = read_request(task_of(Case(goal="Scale a number and round it.", signature="def scale(value)")))
    assert request is not None
    found = list(variants(SCALE, request))
    assert [choices["round"] for _, choices in found] == ["yes", "no"]
    assert "return round(result)" in found[0][0]


@pytest.mark.parametrize(
    ("goal", "name", "matches"),
    [
        ("Scale a number.", "scale", True),
        ("Return numbers that are scaled.", "f", True),
        ("Scale a number down.", "scale", False),  # ruled out
        ("Scale a number.", "rolling_scale", False),  # a word that nobody explains
        ("Return the sum. It is not trimmed. Later, numbers are scaled.", "f", False),  # not in the beginning
    ],
)
def test_words_decide_what_matches(goal: str, name: str, matches: bool) -> None:
    task = task_of(Case(goal=goal, signature=f"def {name}(value)"))
    assert bool(Matcher((SCALE,)).match(task)) is matches


@pytest.mark.parametrize(
    ("goal", "cases", "matches"),
    [
        ("Scale a number.", 3, True),
        ("Scale a number.", 2, False),  # too few to tell
        ("Scale a number down.", 3, False),
        ("Scale it.", 3, False),  # one word of the phrase
    ],
)
def test_a_name_of_its_own_needs_cases(goal: str, cases: int, matches: bool) -> None:
    examples = tuple(f"resize_thing({n}) == {2 * n}" for n in range(cases))
    task = task_of(Case(goal=goal, signature="def resize_thing(value)", examples=examples))
    assert bool(Matcher((SCALE,)).match(task)) is matches


def test_words_are_compared_by_their_stems() -> None:
    assert stem("entries") == stem("entry")
    assert stem("caching") == stem("cache")
    assert words_of("HTTPResponse_code2") == (*words_of("http response code"), "2")
