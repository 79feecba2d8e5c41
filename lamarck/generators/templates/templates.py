"""The generator `templates`: programs that are kept for routine requests, as candidates. Costs no token."""

from __future__ import annotations

from collections.abc import Iterator

from lamarck.budget import Budget
from lamarck.generators.documented import documented
from lamarck.generators.generator import Proposal
from lamarck.generators.templates.asking import read_request
from lamarck.generators.templates.choosing import Choosing
from lamarck.generators.templates.collection import Collection
from lamarck.generators.templates.fitting import variants
from lamarck.generators.templates.template import Template
from lamarck.policy import TEMPLATES, Step
from lamarck.records import Attempt, Candidate, Origin, SourceFile, Spend, Task, make_candidate


class Templates:
    """Proposes the programs of the templates that a task may be asking for, likeliest first. tries: at most so many in
    a run. That one matches only orders the tries; the task's tests decide. choosing: runs many programs on the given
    tests ahead, and lets those through that pass, or the one that comes nearest; None: the likeliest are proposed."""

    name = TEMPLATES

    def __init__(self, collection: Collection, *, tries: int, choosing: Choosing | None = None) -> None:
        self.collection = collection
        self._tries = tries
        self._choosing = choosing
        self._last: tuple[str, tuple[Candidate, ...]] | None = None  # of one task

    def propose(self, task: Task, history: tuple[Attempt, ...], step: Step, budget: Budget) -> Proposal | None:
        """The next program that was not tried yet in this run. See `Generator.propose`."""
        tried = {a.candidate.id for a in history if a.candidate and a.generator == self.name}
        if len(tried) >= self._tries:
            return None
        for candidate in self._chosen(task):
            if candidate.id not in tried:
                return Proposal(
                    candidate=candidate, spend=Spend(), note=f"template {candidate.origin.template_version}"
                )
        return None

    def _chosen(self, task: Task) -> tuple[Candidate, ...]:
        if self._last is None or self._last[0] != task.id:
            self._last = (task.id, tuple(self.screened(task)))
        return self._last[1]

    def screened(self, task: Task, templates: list[Template] | None = None) -> Iterator[Candidate]:
        """Those that the given tests chose, at most as many as may be tried; as `candidates` where nothing chooses.
        templates: default those that match."""
        templates = self.collection.matcher.match(task) if templates is None else templates
        request = read_request(task) if templates and self._choosing is not None else None
        found = None
        if self._choosing is not None and request is not None:
            found = self._choosing.chosen(templates, task, request)
        if found is None:
            yield from self.candidates(task)
            return
        for rendering in found[: self._tries]:
            yield _candidate(rendering.template, task, rendering.text, rendering.choices)

    def candidates(self, task: Task) -> Iterator[Candidate]:
        """The likeliest by words and parameters, at most as many as may be tried. Nothing is run."""
        return fitted(self.collection.matcher.match(task), task, most=self._tries)


def fitted(templates: list[Template], task: Task, *, most: int) -> Iterator[Candidate]:
    """Candidates of these templates: the likeliest variant of each, then the second ones."""
    request = read_request(task) if templates else None
    if request is None:
        return
    rows = [_of(template, task, variants(template, request)) for template in templates]
    seen: set[str] = set()
    for candidate in _in_turn(rows):
        if candidate.id not in seen:
            seen.add(candidate.id)
            yield candidate
        if len(seen) >= most:
            return


def _in_turn(rows: list[Iterator[Candidate]]) -> Iterator[Candidate]:
    """The first of each, then the second of each; nothing is rendered before it is asked for."""
    while rows:
        left: list[Iterator[Candidate]] = []
        for row in rows:
            if (candidate := next(row, None)) is not None:
                left.append(row)
                yield candidate
        rows = left


def _of(template: Template, task: Task, texts: Iterator[tuple[str, dict[str, str]]]) -> Iterator[Candidate]:
    for text, choices in texts:
        yield _candidate(template, task, text, choices)


def _candidate(template: Template, task: Task, text: str, choices: dict[str, str]) -> Candidate:
    chosen = "".join(f" {name}={choice}" for name, choice in choices.items())
    file = documented(SourceFile(path=task.main_path, text=text), task.stubs)
    return make_candidate(
        files=(file,),
        entry_point=task.entry_point,
        origin=Origin(generator=TEMPLATES, template_version=f"{template.id}@{template.version}{chosen}"),
    )
