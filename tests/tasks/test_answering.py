"""A person's answer becomes a given example of the task."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lamarck.errors import BadInput
from lamarck.records import Task, Trust, make_task
from lamarck.tasks.answering import with_answer


@pytest.fixture
def task() -> Task:
    return make_task(goal="g", module="m", entry_point="f", tags=("kept",))


def examples(task: Task) -> list[dict[str, Any]]:
    (acceptance,) = task.acceptance
    assert acceptance.trust is Trust.GIVEN
    return [{k: v for k, v in e.items() if v is not None} for e in json.loads(acceptance.content)]


def test_values_and_exceptions(task: Task) -> None:
    answered = with_answer(task, " f([0]) ", equals=" [] ")
    assert answered.id != task.id
    assert answered.tags == task.tags
    assert examples(answered) == [{"call": "f([0])", "equals": "[]"}]
    both = with_answer(answered, "f(1)", raises="ValueError")
    assert examples(both) == [{"call": "f([0])", "equals": "[]"}, {"call": "f(1)", "raises": "ValueError"}]


def test_the_later_answer_counts(task: Task) -> None:
    for equals in ("1", "0.5"):
        first = with_answer(task, "f(1)", equals=equals)
        assert examples(with_answer(first, "f(1)", equals="2")) == [{"call": "f(1)", "equals": "2"}]
        assert examples(with_answer(first, "f(1)", raises="KeyError")) == [{"call": "f(1)", "raises": "KeyError"}]
        assert len(examples(with_answer(first, "f(1)", equals="2.5"))) == 1


def test_floats_have_room_for_noise(task: Task) -> None:
    (example,) = examples(with_answer(task, "f(1)", equals="-0.3"))
    assert example == {"call": "math.isclose(f(1), -0.3, rel_tol=1e-09, abs_tol=1e-09)", "equals": "True"}


@pytest.mark.parametrize(
    ("call", "equals", "raises"),
    [
        ("f(1)", None, None),
        ("f(1)", "1", "ValueError"),
        ("f", "1", None),
        ("f(", "1", None),
        ("f(1)", "[1", None),
        ("f(1)", None, "not a name"),
    ],
)
def test_what_is_no_answer(task: Task, call: str, equals: str | None, raises: str | None) -> None:
    with pytest.raises(BadInput):
        with_answer(task, call, equals=equals, raises=raises)
