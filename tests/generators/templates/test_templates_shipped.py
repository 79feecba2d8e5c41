"""The templates that come with Lamarck: enough, whole, each matching what it says and nothing that it refuses."""

from __future__ import annotations

import pytest

from lamarck.budget import Budget
from lamarck.generators.templates.collection import Collection
from lamarck.generators.templates.matching import Matcher
from lamarck.generators.templates.template import Template, fault_of, task_of
from lamarck.generators.templates.templates import Templates, fitted
from lamarck.policy import Step
from lamarck.records import Attempt, Limits

ALL = Collection(None)


def test_there_are_enough_of_them() -> None:
    assert len(ALL.templates) >= 60
    assert len({t.family for t in ALL.templates}) >= 10


@pytest.mark.parametrize("template", ALL.templates, ids=lambda t: t.id)
def test_it_matches_what_it_says(template: Template) -> None:
    assert fault_of(template) is None
    generator = Templates(ALL, tries=3)
    for case in template.serves:
        task = task_of(case)
        assert template in ALL.matcher.match(task), case
        assert list(fitted([template], task, most=1)), case
        found = list(generator.candidates(task))
        assert len({c.id for c in found}) == len(found) <= 3
        assert found == list(generator.candidates(task))
    for case in template.refuses:
        task = task_of(case)
        assert not list(fitted(Matcher((template,)).match(task), task, most=1)), case


def test_each_candidate_is_proposed_once() -> None:
    task = task_of(ALL.get("clamp").serves[0])
    generator = Templates(ALL, tries=3)
    history: list[Attempt] = []
    step = Step(number=1, generator="templates", seed=1)
    while (proposal := generator.propose(task, tuple(history), step, Budget(limits=Limits()))) is not None:
        assert proposal.spend.tokens == 0
        history.append(
            Attempt(number=len(history) + 1, generator="templates", candidate=proposal.candidate, verdict=None)
        )
    ids = [a.candidate.id for a in history if a.candidate]
    assert len(set(ids)) == len(ids) >= 1
