"""Patterns, rules, replay and what a guide proposes: pure, nothing is run."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.generators.search.edits.edit import applied
from lamarck.generators.search.edits.source import Source
from lamarck.generators.search.edits.table import KINDS
from lamarck.generators.search.lessons.guide import Guide, Known, weights_by_use
from lamarck.generators.search.lessons.learning import more_general, rules_of
from lamarck.generators.search.lessons.lesson import Lesson, Repair, Rule
from lamarck.generators.search.lessons.patterns import filled, generalised, key, matched
from lamarck.generators.search.lessons.replay import recorded, repair_id, replay
from lamarck.generators.search.lessons.showing import with_lessons
from lamarck.records import Attempt, Context, Origin, SourceFile, make_candidate

SUM = "def total(xs):\n    s = 0\n    for i in range(len(xs) - 1):\n        s += xs[i]\n    return s\n"
PRODUCT = "def product(ys):\n    t = 1\n    for k in range(len(ys) - 1):\n        t *= ys[k]\n    return t\n"


def repair(before: str, old: str, new: str, name: str = "") -> Repair:
    assert old in before
    functions = (name,) if name else ()
    return Repair(
        before=(SourceFile(path="m.py", text=before),), path="m.py", after=before.replace(old, new), functions=functions
    )


def rule(before: str, after: str, role: str = "") -> Rule:
    return Rule(before=before, after=after, role=role, form="expression")


NAMES = st.sampled_from(["a", "b", "items", "n"])
CODE = st.recursive(
    NAMES | st.integers(0, 9).map(str),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "<", "//"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda e: f"len({e})"),
        st.tuples(NAMES, inner).map(lambda t: f"{t[0]}[{t[1]}]"),
    ),
    max_leaves=6,
)


def tree(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@given(CODE, CODE, CODE, CODE)
def test_both_are_instances_of_what_generalises_them(b1: str, a1: str, b2: str, a2: str) -> None:
    found = generalised((tree(b1), tree(a1)), (tree(b2), tree(a2)))
    if found is None:
        return
    before, after = found
    for old, new in ((b1, a1), (b2, a2)):
        bindings = matched(before, tree(old))
        assert bindings is not None
        assert key(filled(after, bindings)) == key(tree(new))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("len(xs) - 1", "len(xs)", "_expr1 - 1 → _expr1"),
        ("s += xs[i]", "s -= xs[i]", "_name1 += _expr2 → _name1 -= _expr2"),
        ("return s", "return s / len(xs)", None),
        ("s = 0", "s = 1", "0 → 1"),
    ],
)
def test_a_repair_teaches_a_rule_without_its_names(old: str, new: str, expected: str | None) -> None:
    rules = [r.text for r in rules_of(repair(SUM, old, new))]
    assert (expected in rules) if expected else all("xs" not in r for r in rules)


def test_code_that_was_written_anew_teaches_nothing() -> None:
    assert rules_of(Repair(before=(SourceFile(path="m.py", text=SUM),), path="m.py", after=PRODUCT)) == ()
    assert rules_of(Repair(before=(SourceFile(path="m.py", text=SUM),), path="m.py", after="def (")) == ()


def test_two_rules_become_one_that_holds_both() -> None:
    one, other = rule("range(_name1 - 1)", "range(_name1)"), rule("range(_expr1 - 2)", "range(_expr1)")
    (general,) = more_general(one, [other])
    assert general.text == "range(_expr1 - _value2) → range(_expr1)"
    assert more_general(rule("_name1 < 0", "_name1 <= 0"), [rule("len(_name1)", "_name1")]) == ()


def test_a_guide_proposes_the_edit_where_the_pattern_stands() -> None:
    source = Source(PRODUCT)
    ((_, function),) = source.functions()
    guide = Guide(known=(Known(rule=rule("_expr1 - 1", "_expr1"), worth=2.0, failures=frozenset({"AssertionError"})),))
    (edit,) = guide.edits(source, function, frozenset({"AssertionError"}))
    assert applied(source.data, edit.replacements).decode() == PRODUCT.replace("len(ys) - 1", "len(ys)")
    (other,) = guide.edits(source, function, frozenset({"IndexError"}))
    assert other.worth < edit.worth == 2.0


def test_a_bare_pattern_is_tried_only_where_it_was_learned() -> None:
    source = Source("def f(a, b):\n    c = a\n    return a\n")
    ((_, function),) = source.functions()
    known = Known(rule=rule("_name1", "_name1 + 1", "Return.value"))
    texts = [
        applied(source.data, e.replacements).decode()
        for e in Guide(known=(known,)).edits(source, function, frozenset())
    ]
    assert texts == ["def f(a, b):\n    c = a\n    return a + 1\n"]


def test_a_name_that_only_the_repair_knew_is_each_name_in_sight() -> None:
    source = Source("def f(a, b):\n    return a[0]\n")
    ((_, function),) = source.functions()
    known = Known(rule=rule("_name1[0]", "_name1[_name2]"))
    made = {e.what.partition(" → ")[2] for e in Guide(known=(known,)).edits(source, function, frozenset())}
    assert made == {"a[a]", "a[b]"}


def test_replay_tells_what_helps_on_others_and_what_delays_them() -> None:
    fence = repair(SUM, "len(xs) - 1", "len(xs)", "total")
    same = repair(PRODUCT, "len(ys) - 1", "len(ys)", "product")
    another = repair(PRODUCT, "t = 1", "t = 2", "product")
    found = [r for r in map(recorded, (fence, same, another)) if r is not None]
    learned = rule("_expr1 - 1", "_expr1")
    told = replay(learned, found, [repair_id(fence)])
    assert told.tried == 2
    assert told.sooner == 1
    assert told.gain > 0
    assert told.helps
    alone = replay(learned, found[:1], [repair_id(fence)])
    assert (alone.tried, alone.helps) == (0, False)
    delaying = replay(rule("_expr1 * 2", "_expr1"), found, [])
    assert delaying.tried == 0
    assert (told + alone).gain == told.gain


def test_weights_move_with_use_and_only_so_far() -> None:
    assert weights_by_use(()) == pytest.approx(dict(KINDS))
    used = weights_by_use(["comparison"] * 50)
    assert used["comparison"] == pytest.approx(2 * KINDS["comparison"])
    assert used["operator"] == pytest.approx(KINDS["operator"] / 2)


def test_a_lesson_is_code_that_is_read_and_never_run() -> None:
    lesson = Lesson(rule=rule("_expr1 - 1", "_expr1"), repair=repair(SUM, "s = 0", "s = 1"), teachers=("x",))
    assert Lesson.from_code(lesson.as_code()) == lesson
    for bad in ("print(1)", "LESSON = open('x')", "LESSON = 'x'", ""):
        with pytest.raises(ValueError, match=r".*"):
            Lesson.from_code(bad)


def test_a_prompt_shows_what_fits_the_code_that_failed() -> None:
    guide = Guide(known=(Known(rule=rule("_expr1 - 1", "_expr1")), Known(rule=rule("_expr1 * 9", "_expr1"))))
    files = (SourceFile(path="m.py", text=PRODUCT),)
    made = make_candidate(files=files, entry_point="product", origin=Origin(generator="model"))
    failed = Attempt(number=1, generator="model", candidate=made, verdict=None)
    bare = Context(task_id="t", pieces=(), policy_version="p")
    (piece,) = with_lessons(bare, guide, failed).pieces
    assert piece.source == "failure"
    assert piece.text.splitlines()[1:] == ["- len(ys) - 1 became len(ys)"]
    assert with_lessons(bare, Guide(), failed) == bare
