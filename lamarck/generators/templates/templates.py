"""The generator `templates`: programs that are kept for routine requests, as candidates. Costs no token."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from lamarck.budget import Budget
from lamarck.generators.documented import documented
from lamarck.generators.generator import Proposal
from lamarck.generators.templates.asking import read_request
from lamarck.generators.templates.collection import Collection
from lamarck.generators.templates.fitting import variants
from lamarck.generators.templates.template import Template
from lamarck.policy import TEMPLATES, Step
from lamarck.records import Attempt, Candidate, Origin, SourceFile, Spend, Task, make_candidate, tree_hash


class Templates:
    """Proposes the programs of the templates that a task may be asking for, likeliest first. tries: at most so many in
    a run. That one matches only orders the tries; the task's tests decide."""

    name = TEMPLATES

    def __init__(self, collection: Collection, *, tries: int) -> None:
        self._collection = collection
        self._tries = tries

    def propose(self, task: Task, history: tuple[Attempt, ...], step: Step, budget: Budget) -> Proposal | None:
        """The next program that was not tried yet in this run. See `Generator.propose`."""
        tried = {a.candidate.id for a in history if a.candidate and a.generator == self.name}
        if len(tried) >= self._tries:
            return None
        for candidate in self.candidates(task):
            if candidate.id not in tried:
                return Proposal(
                    candidate=candidate, spend=Spend(), note=f"template {candidate.origin.template_version}"
                )
        return None

    def candidates(self, task: Task) -> Iterator[Candidate]:
        """As many as may be tried."""
        return fitted(self._collection.matcher.match(task), task, most=self._tries)


def fitted(templates: list[Template], task: Task, *, most: int) -> Iterator[Candidate]:
    """Candidates of these templates: the likeliest variant of each, then the second ones."""
    request = read_request(task) if templates else None
    if request is None:
        return
    rows = [_of(template, task, variants(template, request)) for template in templates]
    seen: set[str] = set()
    for candidate in (c for row in zip_longest(*rows) for c in row if c is not None):
        tree = tree_hash(candidate.files[0].text) or candidate.id
        if tree not in seen:
            seen.add(tree)
            yield candidate
        if len(seen) >= most:
            return


def _of(template: Template, task: Task, texts: Iterator[tuple[str, dict[str, str]]]) -> Iterator[Candidate]:
    for text, choices in texts:
        chosen = "".join(f" {name}={choice}" for name, choice in choices.items())
        file = documented(SourceFile(path=task.main_path, text=text), task.stubs)
        yield make_candidate(
            files=(file,),
            entry_point=task.entry_point,
            origin=Origin(generator=TEMPLATES, template_version=f"{template.id}@{template.version}{chosen}"),
        )
