from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.errors import BadInput
from lamarck.records import AcceptanceKind, JobLimits, Limits, Task, Trust
from lamarck.tasks.loading import load_task
from lamarck.tasks.yaml_examples import source_of

Write = Callable[[dict[str, str]], Path]

FULL = """\
goal: Return the n-th Fibonacci number.
signature: "def fib(n: int) -> int"
module: numbers_of.fib
examples:
  - call: fib(10)
    equals: 55
  - input: 11
    output: 89
  - args: [12]
    output: 144
  - args: {n: 13}
    output: 233
  - call: fib(-1)
    raises: ValueError
constraints: [no recursion, "at most O(n)"]
limits: {tokens: 500, seconds: 1.5, memory_mb: 99999, wall_seconds: 2}
tags: math
"""


def load(write: Write, text: str, **files: str) -> Task:
    folder = write({"task.yaml": text, **{name.replace("__", "."): body for name, body in files.items()}})
    return load_task(str(folder / "task.yaml"))


def stated(task: Task) -> list[str]:
    (acceptance,) = (a for a in task.acceptance if a.kind is AcceptanceKind.EXAMPLES)
    examples = json.loads(acceptance.content)
    return [
        f"{e['call']} " + (f"== {e['equals']}" if e["raises"] is None else f"raises {e['raises']}") for e in examples
    ]


def test_every_key(write: Write) -> None:
    task = load(write, FULL)
    assert task.goal == "Return the n-th Fibonacci number."
    assert (task.module, task.entry_point, task.signature) == ("numbers_of.fib", "fib", "def fib(n: int) -> int")
    assert task.main_path == "numbers_of/fib.py"
    assert stated(task) == [
        "fib(10) == 55", "fib(11) == 89", "fib(12) == 144", "fib(n=13) == 233", "fib(-1) raises ValueError",
    ]  # fmt: skip
    assert [(a.trust, a.path) for a in task.acceptance] == [(Trust.GIVEN, "examples.json")]
    assert task.constraints == ("no recursion", "at most O(n)")
    assert task.tags == ("math",)


def test_limits_are_only_lowered(write: Write) -> None:
    task = load(write, FULL)
    assert task.limits == Limits(tokens=500, seconds=1.5)
    assert task.job_limits == JobLimits(wall_seconds=2.0)
    folder = write({"task.yaml": "goal: x\nlimits: {tokens: 100000, usd: 5}\n"})
    assert load_task(str(folder / "task.yaml"), limits=Limits(tokens=9)).limits == Limits(tokens=9)


@pytest.mark.parametrize(
    ("text", "entry", "module"),
    [
        ("goal: Count vowels.", "count_vowels", "count_vowels"),
        ("goal: Count vowels.\nname: vowels", "vowels", "vowels"),
        ("goal: Count vowels.\nsignature: vowels(text)", "vowels", "vowels"),
        ("goal: C\nexamples:\n- {call: vowels(1), equals: 1}\n- {call: set(vowels(2)), raises: E}", "vowels", "vowels"),
        ("goal: Keep.\nexamples:\n- call: Stack().push(1)\n  equals: 1", "Stack", "stack"),
        ("goal: Write `vowels(text)`.", "vowels", "vowels"),
        ("goal: Count.\nname: BankAccount", "BankAccount", "bank_account"),
        ("goal: Count.\nmodule: words.counting\nname: f", "f", "words.counting"),
        ("goal: Count.\nsignature: 'class Stack(list):'", "Stack", "stack"),
    ],
)  # fmt: skip
def test_where_the_name_comes_from(write: Write, text: str, entry: str, module: str) -> None:
    task = load(write, text + "\n")
    assert (task.entry_point, task.module) == (entry, module)


def test_examples_in_the_goal_are_derived_where_none_are_given(write: Write) -> None:
    task = load(write, "goal: |\n  Write `f(x)`.\n  f(2) returns 4.\n")
    assert [a.trust for a in task.acceptance] == [Trust.DERIVED]
    assert stated(task) == ["f(2) == 4"]
    given_too = load(write, "goal: |\n  Write `f(x)`.\n  f(2) returns 4.\nexamples: [{input: 1, output: 1}]\n")
    assert [a.trust for a in given_too.acceptance] == [Trust.GIVEN]


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        ("{input: yes, output: 2024-01-01}", "f('yes') == '2024-01-01'"),
        ("{input: 010, output: '1'}", "f('010') == '1'"),
        ("{input: 1:30, output: 0x1f}", "f('1:30') == '0x1f'"),
        ("{input: true, output: null}", "f(True) == None"),
        ("{input: ~, output: }", "f(None) == None"),
        ("{input: [1, 2.5, a], output: {a: [1], 2: b}}", "f([1, 2.5, 'a']) == {'a': [1], 2: 'b'}"),
        ("{input: -7, output: 1e3}", "f(-7) == 1000.0"),
        ("{input: .inf, output: -.inf}", "f(float('inf')) == float('-inf')"),
        ("{input: !!binary aGk=, output: \"a\\nb\"}", "f(b'hi') == 'a\\nb'"),
        ("{args: [], output: 0}", "f() == 0"),
        ("{args: {a: 1, b: x}, output: 0}", "f(a=1, b='x') == 0"),
        ("{call: 'f( 1,2 )', equals: '[3, (4,)]'}", "f(1, 2) == [3, (4,)]"),
        ("{call: f(1), equals: \"'text'\"}", "f(1) == 'text'"),
        ("{call: f(1), equals: [1]}", "f(1) == [1]"),
        ("{call: f(1), equals: int}", "f(1) == int"),
        ("{call: list(f(1)), equals: Point(1)}", "list(f(1)) == Point(1)"),
    ],
)  # fmt: skip
def test_values_of_examples(write: Write, example: str, expected: str) -> None:
    assert stated(load(write, f"goal: x\nname: f\nexamples:\n- {example}\n")) == [expected]


yaml_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(yaml_values)
def test_values_become_python_that_means_them(value: object) -> None:
    import ast

    text = source_of(value)
    if "inf" not in text:
        assert ast.literal_eval(text) == value
    else:
        ast.parse(text, mode="eval")


# --- files --------------------------------------------------------------------------------------------------------


def test_tests_stubs_and_support(write: Write) -> None:
    folder = write(
        {
            "t/task.yml": "goal: Totals.\ntests: tests/test_cart.py\nfiles: [cart.py, money.py, rates.json, base.py]\n",
            "t/tests/test_cart.py": "from cart import total\nimport money\ndef test_t():\n    total(money)\n",
            "t/cart.py": 'def total(m):\n    """The total.\n\n    >>> total(1)\n    1\n    """\n',
            "t/money.py": "class Money:\n    def add(self): ...\n",
            "t/rates.json": "{}",
            "t/base.py": "BASE = 1\n",
        }
    )
    task = load_task(str(folder / "t" / "task.yml"))
    assert (task.module, task.entry_point, task.signature) == ("cart", "total", "def total(m)")
    assert [s.path for s in task.stubs] == ["cart.py", "money.py"]
    assert [s.path for s in task.support] == ["base.py", "rates.json"]
    assert [(a.path, a.kind) for a in task.acceptance] == [
        ("tests/test_cart.py", AcceptanceKind.PYTEST),
        ("cart.py", AcceptanceKind.DOCTEST),
    ]


def test_tests_alone_name_the_module(write: Write) -> None:
    task = load(
        write, "goal: Go.\ntests: [test_f.py]\n", test_f__py="from f import go\n\ndef test_f():\n    assert go(1)\n"
    )
    assert (task.module, task.entry_point) == ("f", "go")
    assert "must provide: go (1 argument)" in task.goal


def test_the_modules_own_finished_file_is_what_to_write(write: Write) -> None:
    task = load(
        write, "goal: Go.\nmodule: f\nfiles: [f.py, g.py]\n", f__py="def go():\n    return 1\n", g__py="X = 1\n"
    )
    assert ([s.path for s in task.stubs], [s.path for s in task.support]) == (["f.py"], ["g.py"])


def test_several_modules_are_several_files(write: Write) -> None:
    test = "from shop.cart import total\nfrom shop.money import M\n\ndef test_t():\n    assert total(M)\n"
    task = load(write, "goal: Shop.\nmodule: [shop.cart, shop.money]\ntests: [test_t.py]\n", test_t__py=test)
    assert [(s.path, s.text) for s in task.stubs] == [("shop/cart.py", ""), ("shop/money.py", "")]
    assert (task.module, task.entry_point) == ("shop.cart", "total")


def test_further_tests_are_added(write: Write) -> None:
    folder = write(
        {
            "a/task.yaml": "goal: Go.\ntests: [test_f.py]\n",
            "a/test_f.py": "from f import go\n\ndef test_f():\n    assert go(1)\n",
            "b/test_more.py": "import f\n\ndef test_g():\n    assert f.stop()\n",
        }
    )
    task = load_task(str(folder / "a" / "task.yaml"), (folder / "b" / "test_more.py",))
    assert [a.path for a in task.acceptance] == ["test_f.py", "test_more.py"]
    assert "stop (no arguments)" in task.goal


# --- what cannot be worked with -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"task\.yaml: is empty"),
        ("# nothing\n", "is empty"),
        ("just text\n", r"task\.yaml:1: is no mapping"),
        ("- a\n", r"task\.yaml:1: is no mapping"),
        ("name: f\n", "has no 'goal'"),
        ("goal: ''\n", "task.yaml:1: 'goal' must be text"),
        ("goal: 5\n", "'goal' must be text"),
        ("goal: [a]\n", "'goal' must be text"),
        ("goal: x\n\nname: [\n", r"task\.yaml:4:1: "),
        ("goal: x\n  name: f\n", r"task\.yaml:2:\d+: mapping values"),
        ("goal: x\n\tname: f\n", r"task\.yaml:2:\d+: "),
        ("goal: x\nsame: 1\n", r"task\.yaml:2: unknown key 'same'; did you mean 'name'\?|unknown key 'same'"),
        ("goal: x\nexample: []\n", "unknown key 'example'; did you mean 'examples'"),
        ("goal: x\n1: y\n", "unknown key '1'"),
        ("goal: x\nname: f\ngoal: y\n", r"task\.yaml:3: 'goal' stands on line 1 already"),
        ("goal: x\nexamples:\n- {call: f(1), call: f(2), equals: 1}\n", r":3: 'call' stands on line 3 already"),
        ("goal: &a x\nname: *a\n", r"task\.yaml:2:7: anchors and aliases"),
        ("goal: !!python/object:os.system x\n", r":1:7: unknown tag"),
        ("goal: !mine x\n", "unknown tag !mine"),
        ("goal: x\n---\ngoal: y\n", r"task\.yaml:2:1: "),
        ("goal: \x01\n", r"task\.yaml:1: "),
        ("goal: " + "[" * 100, "nested deeper than 50 levels"),
        ("goal: x\n? [a]\n: b\n", r":2: a list or a mapping cannot be a key"),
        ("goal: x\nname: 'not a name'\n", "'not a name' cannot be a name"),
        ("goal: x\nsignature: 'f(('\n", r":2: 'signature' is no Python"),
        ("goal: x\nname: f\nsignature: g(x)\n", "'signature' is of 'g', and 'name' is 'f'"),
        ("goal: x\nmodule: a-b\n", "'a-b' cannot be a module's name"),
        ("goal: x\nmodule: json\n", "'json' would hide"),
        ("goal: x\nconstraints: {a: b}\n", "'constraints' must be a list of texts"),
        ("goal: x\ntags: [[a]]\n", "'tags' must be a list of texts"),
        ("goal: x\nlimits: 5\n", "'limits' must be a mapping"),
        ("goal: x\nlimits:\n  tokens: many\n", r":3: 'tokens' must be a number"),
        ("goal: x\nlimits: {tokens: -1}\n", "'tokens' must be a number of at least 0"),
        ("goal: x\nlimits: {tokens: true}\n", "'tokens' must be a number"),
        ("goal: x\nlimits: {token: 1}\n", "unknown key 'token'; did you mean 'tokens'"),
        ("goal: x\ntests: [test_no.py]\n", r":2: 'test_no.py' is not there"),
        ("goal: x\nfiles: [../../etc/passwd]\n", "lies outside the folder"),
        ("goal: x\nfiles: [/etc/passwd]\n", "lies outside the folder"),
        ("goal: x\nexamples: 5\n", "'examples' must be a list"),
        ("goal: x\nexamples: [5]\n", "an example must be a mapping"),
        ("goal: x\nexamples: [{call: f(1)}]\n", "needs exactly one of equals, output, raises"),
        ("goal: x\nexamples: [{output: 1}]\n", "needs exactly one of call, input, args"),
        ("goal: x\nexamples: [{input: 1, args: [1], output: 1}]\n", "one of call, input, args, not input and args"),
        ("goal: x\nexamples: [{input: 1, output: 1, raises: E}]\n", "not output and raises"),
        ("goal: x\nexamples:\n- input: 1\n  result: 1\n", r":4: unknown key 'result' in an example"),
        ("goal: x\nexamples: [{call: 'f(', equals: 1}]\n", "'call' is no Python expression"),
        ("goal: x\nexamples: [{call: 5, equals: 1}]\n", "'call' is no Python expression"),
        ("goal: x\nexamples: [{call: f(1), equals: Hello World}]\n", "'equals' is no Python expression; for"),
        ("goal: x\nexamples: [{call: f(1), equals: Hello}]\n", "'Hello' a name in it; for plain text"),
        ("goal: x\nexamples: [{call: f(1), raises: 5}]\n", "'raises' must be the name of an exception"),
        ("goal: x\nexamples: [{args: 5, output: 1}]\n", "'args' must be a list or a mapping"),
        ("goal: x\nexamples: [{args: {a b: 1}, output: 1}]\n", "must be names of parameters"),
        ("goal: x\nexamples: [{input: .nan, output: 1}]\n", "nan equals nothing"),
        ("goal: x\nexamples:\n- {call: f(1), output: 1}\n- {call: f( 1 ), equals: 2}\n", ":4: contradicts .* line 3"),
    ],
)  # fmt: skip
def test_documents_that_cannot_be_worked_with(write: Write, text: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        load(write, text)
    import re

    assert re.search(message, caught.value.line), caught.value.line
    assert caught.value.mend
    assert "\n" not in caught.value.line


def test_links_out_of_the_folder_are_refused(write: Write, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.txt"
    secret.write_text("s")
    folder = write({"task.yaml": "goal: x\nfiles: [data.txt]\n"})
    (folder / "data.txt").symlink_to(secret)
    with pytest.raises(BadInput, match="leads out of its folder"):
        load_task(str(folder / "task.yaml"))


def test_the_schema_in_the_documentation_works(write: Write) -> None:
    from lamarck.tasks import yaml_task

    lines = (yaml_task.__doc__ or "").splitlines()
    text = "\n".join(line[4:] for line in lines if line.startswith("    ") and not line.startswith("    tests:"))
    task = load(write, text, fib__py="def fib(n): ...\n", data__json="{}")
    assert task.entry_point == "fib"
    assert len(stated(task)) == 4
