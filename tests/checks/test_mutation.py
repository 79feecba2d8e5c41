"""Mutants as edits of a text, and what becomes of them under the given tests."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.checks.gate import Changed, Means, build_checks
from lamarck.checks.mutants import Distinct, Mutant, possible_mutants_of
from lamarck.checks.mutation import MutationCheck
from lamarck.checks.pieces import pieces_of
from lamarck.checks.stages import StageCache
from lamarck.checks.waivers import Waivers
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Candidate,
    CheckOutcome,
    Evidence,
    Origin,
    SourceFile,
    Task,
    make_candidate,
    make_task,
)
from lamarck.settings import CheckSettings

CODE = '''"""Ages."""


def adult(age: int) -> bool:
    """From eighteen on."""
    return age >= 18


def steps(limit: int) -> int:
    """How many steps of two."""
    count = 0
    while limit > 0:
        limit -= 2
        count += 1
    return count
'''
STRONG = """from ages import adult, steps


def test_adult():
    assert [adult(n) for n in (17, 18, 19)] == [False, True, True]


def test_steps():
    assert [steps(n) for n in (-1, 0, 1, 2, 3, 4)] == [0, 0, 1, 1, 2, 2]
"""
WEAK = "from ages import adult\n\n\ndef test_adult():\n    assert adult(30)\n    assert not adult(3)\n"


def mutants_of(file: SourceFile) -> list[Mutant]:
    possible = possible_mutants_of(file)
    if not possible:
        return []
    is_new = Distinct(file)
    return [m for m in possible if is_new(m)]


def edits(text: str) -> list[tuple[str, str]]:
    return [(m.before, m.after) for m in mutants_of(SourceFile(path="x.py", text=text))]


@pytest.mark.parametrize(
    ("line", "edit"),
    [
        ("a < b", ("a < b", "(a <= b)")),
        ("a is None", ("a is None", "(a is not None)")),
        ("a in b", ("a in b", "(a not in b)")),
        ("a + b", ("a + b", "(a - b)")),
        ("a // b", ("a // b", "(a / b)")),
        ("a and b", ("a and b", "(a or b)")),
        ("not a", ("not a", "(a)")),
        ("f(a, 1)", ("1", "2")),
        ("f(a, 1)", ("f(a, 1)", "f(1)")),
        ("f(a, 1)", ("a", "None")),
        ("f(k=a)", ("f(k=a)", "f()")),
        ("True", ("True", "False")),
        ("'ä'", ("'ä'", "'XXäXX'")),
        ("a[1:b]", ("1:b", ":b")),
        ("a.lower()", ("a.lower()", "a.upper()")),
        ("min(a)", ("min(a)", "max(a)")),
        ("a if b else c", ("a if b else c", "(c if b else a)")),
        ("lambda: a", ("a", "None")),
        ("a < b", ("a < b", "(a != b)")),
        ("a < b", ("a < b", "False")),
        ("a >= b", ("a >= b", "(a == b)")),
        ("a >= b", ("a >= b", "True")),
        ("a < b < c", ("a < b < c", "(a < b)")),
        ("a < b < c", ("a < b < c", "(b < c)")),
        ("a < 3", ("3", "2")),
        ("a <= 3", ("3", "4")),
        ("3 < a", ("3", "4")),
        ("a + b", ("a + b", "(a)")),
        ("a - 1", ("1", "0")),
        ("a[0]", ("0", "-1")),
        ("a[-1]", ("1", "0")),
        ("a and b and c", ("a and b and c", "(a and c)")),
        ("[a for a in b if a]", ("a", "True")),
        ("[a for a in b if a]", ("a", "not (a)")),
        ("sorted(a)", ("sorted(a)", "list(a)")),
        ("abs(a)", ("abs(a)", "(a)")),
        ("a.popleft()", ("a.popleft()", "a.pop()")),
        ("a.split(b, 1)", ("a.split(b, 1)", "a.rsplit(b, 1)")),
    ],
)
def test_operators_of_expressions(line: str, edit: tuple[str, str]) -> None:
    assert edit in edits(f"x = 'äöü'; y = {line}\n")


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        ("def f(a):\n    return a\n", ("a", "None")),
        ("def f(a=1):\n    pass\n", ("1", "2")),
        ("a += 2\n", ("a += 2", "a -= 2")),
        ("a += 2\n", ("a += 2", "a = 2")),
        ("while a:\n    break\n", ("break", "continue")),
        ("while a:\n    break\n", ("a", "not (a)")),
        ("raise ValueError\n", ("raise ValueError", "pass")),
        ("f()\n", ("f()", "pass")),
        ("async def g():\n    await f()\n", ("await f()", "pass")),
        ("for a in b:\n    continue\n", ("continue", "pass")),
        ("def f(a):\n    return\n", ("return", "pass")),
        ("def f(a):\n    return None\n", ("None", "''")),
        ("a = None\n", ("None", "''")),
        ("def f(a):\n    yield a\n", ("a", "None")),
        ("def f(a):\n    yield from a\n", ("a", "()")),
        ("try:\n    pass\nexcept KeyError:\n    pass\n", ("KeyError", "()")),
        ("try:\n    pass\nexcept (KeyError, OSError):\n    pass\n", ("(KeyError, OSError)", "OSError")),
        ("match a:\n    case 1 | 2:\n        pass\n", ("1 | 2", "1 | 2 if False")),
        ("match a:\n    case b if b > 1:\n        pass\n", ("b > 1", "False")),
    ],
)
def test_operators_of_statements(text: str, edit: tuple[str, str]) -> None:
    assert edit in edits(text)


@pytest.mark.parametrize(
    "text",
    [
        '"""A docstring."""\n',
        "import os\n",
        "def f(a: 'text' = None) -> 'text':\n    '''Doc.'''\n",
        "x: int\n",
        "@f(1)\ndef g(): ...\n",
        "__all__ = ['a']\n",
        "if TYPE_CHECKING:\n    a = 1\n",
        "assert a > 1\n",
        "f'{1 + 1}'\n",
        "def f(:\n",
    ],
)
def test_what_stays_as_it_is(text: str) -> None:
    assert edits(text) == []


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("while a < b:\n    pass\n", "(a != b)"),  # counters: the same
        ("x = len(a) > 0\n", "(len(a) != 0)"),
        ("x = a < 3\n", "4"),  # for whole numbers `a <= 3`
        ("x = a.split()\n", "a.rsplit()"),
        ("x = a.split(b)\n", "a.rsplit(b)"),
        ("x = a / 1\n", "0"),
        ("x = 'a %s' % 1\n", "(1)"),
        ("x = sorted(a, key=b)\n", "list(a, key=b)"),
    ],
)
def test_edits_that_say_the_same_or_nothing_are_left_out(text: str, after: str) -> None:
    assert after not in [made for _, made in edits(text)]


def test_a_mutant_knows_its_statement_and_whether_it_runs_on_import() -> None:
    text = "A = 1\nclass B:\n    c = (\n  2\n    )\n    def m(self, d=3):\n        return (\n  4\n        )\n"
    found = {m.before: (m.line, m.statement, m.early) for m in mutants_of(SourceFile(path="x.py", text=text))}
    assert found == {"1": (1, 1, True), "2": (4, 3, True), "3": (6, 7, False), "4": (8, 7, False)}


NAMES = st.sampled_from("abc")
EXPRESSIONS = st.recursive(
    NAMES | st.integers(0, 9).map(str) | st.sampled_from(["'é'", "None", "True"]),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(["+", "*", "<", "==", "and", "or", "in"]), part).map(
            lambda p: f"({' '.join(p)})"
        ),
        part.map(lambda p: f"f({p}, k={p})"),
        part.map(lambda p: f"(not {p})"),
        part.map(lambda p: f"(\n  {p}\n)"),
    ),
    max_leaves=6,
)


@given(st.lists(EXPRESSIONS, min_size=1, max_size=3))
def test_every_mutant_is_one_edit_that_parses_and_is_another_program(values: list[str]) -> None:
    text = "def f(a, b):\n    '''Ü.'''\n" + "".join(f"    x = {value}\n" for value in values) + "    return x\n"
    found = mutants_of(SourceFile(path="x.py", text=text))
    trees = [ast.dump(ast.parse(m.file.text)) for m in found]
    assert len({*trees, ast.dump(ast.parse(text))}) == len(found) + 1
    for mutant in found:
        assert mutant.before in text
        assert len(mutant.file.text) - len(text) == len(mutant.after) - len(mutant.before)
        assert 3 <= mutant.statement <= mutant.line <= len(text.splitlines())
        assert not mutant.early
        assert mutant.function == "f"


def test_pieces_are_functions_and_methods_and_the_rest() -> None:
    text = "import os\n\n\n@cache\ndef f():\n    def g(): ...\n\n\nclass A:\n    x = 1\n\n    def m(self): ...\n"
    found = pieces_of(SourceFile(path="x.py", text=text))
    assert [(p.name, p.first, p.body, p.last) for p in found] == [("f", 4, 6, 6), ("A.m", 12, 12, 12), ("", 0, 0, 0)]
    assert "x = 1" in found[-1].text
    assert "def f" in found[-1].text
    assert "def g" not in found[-1].text


# --- the check


def task(tests: str) -> Task:
    return make_task(
        goal="Ages.",
        module="ages",
        stubs=(SourceFile(path="ages.py", text=""),),
        acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=tests, path="test_ages.py"),),
    )


def code(text: str = CODE) -> Candidate:
    return make_candidate(
        files=(SourceFile(path="ages.py", text=text),), entry_point=None, origin=Origin(generator="user")
    )


def check(means: Means, **changes: object) -> MutationCheck:
    own = replace(means, **{"shared": {}, "level": "deep", **changes})  # type: ignore[arg-type]
    (found,) = build_checks(own, level=own.level, names=("mutation",))
    assert isinstance(found, MutationCheck)
    return found


def figures(evidence: Evidence) -> tuple[float, float, float]:
    return tuple(evidence.measurements[k] for k in ("killed", "survived", "not_run"))  # type: ignore[return-value]


def test_strong_tests_kill_and_the_matrix_says_which(means: Means) -> None:
    evidence = check(means).run(task(STRONG), code())
    assert evidence.outcome is CheckOutcome.PASSED, evidence.log
    assert evidence.measurements["mutation_score"] > 0.9, evidence.log
    assert "`age >= 18` → `age > 18`: killed by test_ages.py::test_adult" in evidence.log
    assert evidence.measurements["hung"] >= 1  # `limit -= 2` → `limit += 2`
    again = check(means).run(task(STRONG), code())
    assert again.replace(seconds=0) == evidence.replace(seconds=0)


def test_weak_tests_leave_survivors_that_name_the_missing_test(means: Means) -> None:
    evidence = check(means).run(task(WEAK), code())
    assert evidence.outcome is CheckOutcome.FAILED
    told = [(f.rule, f.line, f.message) for f in evidence.findings]
    missing = "a test is missing that notices `age >= 18` → `age > 18`; 1 run this line"
    assert any((rule, line) == ("survivor", 6) and message.startswith(missing) for rule, line, message in told)
    assert {f.line for f in evidence.findings if f.rule == "unreached"} == {11, 12, 13, 14, 15}


def test_where_the_tests_fail_nothing_can_be_told(means: Means) -> None:
    evidence = check(means).run(task(STRONG), code(CODE.replace("18", "21")))
    assert evidence.outcome is CheckOutcome.SKIPPED
    assert "do not pass" in evidence.log


def test_a_sample_is_part_of_all_and_always_the_same(means: Means) -> None:
    settings = means.settings.replace(checks=CheckSettings(mutants=5))
    first, second = (check(means, level="standard", settings=settings).run(task(WEAK), code()) for _ in range(2))
    assert first.measurements["tried"] == 5
    assert first.measurements["of"] > 10
    assert first.log == second.log


def test_only_what_a_change_concerns_is_tried_again(means: Means) -> None:
    kept = StageCache(None)
    tried: list[int] = []

    def note(name: str, done: int, of: int) -> None:
        tried.append(of - done)

    before = check(means, kept=kept, progress=note).run(task(STRONG), code())
    assert tried[0] == before.measurements["tried"]
    tried.clear()
    assert check(means, kept=kept, progress=note).run(task(STRONG), code()).log == before.log
    assert tried == []
    changed = CODE.replace("    return age >= 18", "    return not age < 18")
    after = check(means, kept=kept, progress=note).run(task(STRONG), code(changed))
    assert 0 < tried[0] < after.measurements["tried"] / 2
    fresh = check(means).run(task(STRONG), code(changed))
    assert after.log == fresh.log


def test_only_changed_functions_are_mutated(means: Means) -> None:
    old = CODE.replace("return age >= 18", "return age > 17")
    evidence = check(means, changed=Changed(revision="HEAD", before={"ages.py": old})).run(task(STRONG), code())
    assert {line.split(":")[1] for line in evidence.log.splitlines()[2:]} == {"6"}


def test_a_waived_survivor_counts_no_more(means: Means) -> None:
    waived = Waivers(["survivor: equivalent", "unreached: not ours"])
    evidence = check(means, waivers=waived).run(task(WEAK), code())
    assert evidence.outcome is CheckOutcome.PASSED
    assert evidence.measurements["mutation_score"] == 1.0
    assert figures(evidence)[1] > 0


def test_without_given_tests_it_does_not_apply(means: Means) -> None:
    assert not check(means).applies(make_task(goal="x", module="ages"))


def test_a_survivor_names_a_call_that_would_notice_it(means: Means) -> None:
    evidence = check(means).run(task(WEAK), code())
    noticed = {d.call: [b.shows for b in d.behaviours] for d in evidence.differences}
    assert noticed["adult(18)"] == ["True", "False"]
    told = next(f.message for f in evidence.findings if "`age > 18`" in f.message)
    assert "adult(18) would: True, and so edited False" in told


EARLY = '''"""Rooms."""

LIMIT = 10


class Box:
    """A box."""

    size = 3

    def room(self, factor: int = 2) -> int:
        """How much goes in."""
        return (
            self.size
            * factor
            + LIMIT
        )


def unused(value: int = 1) -> int:
    """Nobody asks."""
    return value
'''


def early(test: str, means: Means, **changes: object) -> dict[str, set[str]]:
    """Line → what became of its mutants: killed, survived, not run."""
    tests = f"from ages import Box\n\n\ndef test_box():\n    assert {test}\n"
    evidence = check(means, **changes).run(task(tests), code(EARLY))
    found: dict[str, set[str]] = {}
    for row in evidence.log.splitlines()[2:]:
        place, _, fate = row.rpartition(": ")
        found.setdefault(place.split(":")[1], set()).add(fate.partition(" by")[0])
    return found


def test_what_runs_on_import_and_what_spans_lines_is_tried_too(means: Means) -> None:
    assert early("Box().room() == 16", means) == {
        "3": {"killed"},  # a constant
        "9": {"killed"},  # an attribute of a class
        "11": {"killed"},  # a default
        "14": {"killed"},  # further down in a statement
        "20": {"not run"},  # a default of what nobody calls
        "22": {"not run"},
    }
    changed = Changed(revision="HEAD", before={"ages.py": EARLY.replace("LIMIT = 10", "LIMIT = 9")})
    assert early("Box().room() == 16", means, changed=changed) == {"3": {"killed"}}
