"""Recall: a counter-example takes a version back, and everything that it reached is named."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from lamarck.assemble import Assembly
from lamarck.checks.judge.judge import Subject
from lamarck.errors import BadInput, EnvironmentProblem
from lamarck.library.uses import Whereabouts
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Artifact,
    ArtifactStatus,
    CheckOutcome,
    Decision,
    Record,
    Task,
    TestResult,
    Trust,
    make_task,
)
from lamarck.solve import prove
from lamarck.tasks.uses import uses_of


class Refutation(Record, frozen=True, kw_only=True):
    """refuted: ids that fail the counter-example and were retired, the asked one first; empty: it passes. failures:
    what the counter-example saw. answers: the version that answers now, proven by the counter-example too."""

    artifact_id: str
    refuted: tuple[str, ...]
    failures: tuple[TestResult, ...]
    where: Whereabouts
    answers: str | None
    task: Task


def refute(assembly: Assembly, artifact_id: str, counter: Sequence[Acceptance]) -> Refutation:
    """Run tests that an artifact should pass, and retire it when it does not, with every version and dependant that
    fails them too. The tests join the task of the version that answers then.

    Raises `BadInput` for tests that don't collect or prove nothing: they would refute anything or nothing.
    """
    library = assembly.library
    artifact = library.get(artifact_id)
    where = library.where(artifact.id)
    added = tuple(a.replace(trust=Trust.GIVEN, path=_free_path(a.path, artifact.task)) for a in counter)
    for each in added:
        if each.kind is AcceptanceKind.PYTEST and not _uses(each.content, artifact.task.module):
            raise BadInput(
                f"{each.path}: uses nothing of the module {artifact.task.module}",
                f"import {artifact.candidate.entry_point or 'what it tests'} from {artifact.task.module}",
            )
    asked = _with(artifact.task, added)
    alone = _with(artifact.task.replace(acceptance=()), added)
    assembly.tests.preflight(alone)
    failures = _failures(assembly, alone, artifact)
    if not failures:
        return Refutation(
            artifact_id=artifact.id, refuted=(), failures=(), where=where, answers=artifact.id, task=asked
        )
    refuted = [artifact.id]
    siblings = [v.artifact for v in library.versions(artifact.id) if v.artifact.id != artifact.id]
    dependants = [library.get(id_) for id_ in where.dependants]
    passing: list[Artifact] = []
    for other in {a.id: a for a in (*siblings, *dependants)}.values():
        if other.status is not ArtifactStatus.LIVE:
            continue
        if not _same_interface(other, artifact):
            continue  # the tests can't be asked of it; it is named, for `lamarck verify`
        if _failures(assembly, alone, other):
            refuted.append(other.id)
        elif other.task.goal == artifact.task.goal:
            passing.append(other)
    for id_ in refuted:
        _take_back(assembly, library.get(id_), added)
    for other in passing:
        verdict = prove(_with(other.task, added), other.candidate, assembly.parts)
        if verdict.decision is Decision.ACCEPTED:
            library.save(other.replace(task=_with(other.task, added), verdict=verdict))
    answers = next((v.artifact.id for v in library.versions(artifact.id) if v.answers), None)
    return Refutation(
        artifact_id=artifact.id,
        refuted=tuple(refuted),
        failures=failures,
        where=where,
        answers=answers,
        task=asked,
    )


def _failures(assembly: Assembly, task: Task, artifact: Artifact) -> tuple[TestResult, ...]:
    files = artifact.candidate.files
    if len(files) == 1:
        files = (files[0].replace(path=task.main_path),)
    report = assembly.judge.judge(task, task.tests(Trust.GIVEN), (Subject(label=artifact.id[:12], files=files),))
    if report.broke is not None:
        raise EnvironmentProblem(f"the counter-example could not be run: {report.broke}", "try it again")
    return tuple(r for r in report.subjects[0].results if r.outcome is CheckOutcome.FAILED)


def _uses(test: str, module: str) -> bool:
    """Whether a test file asks anything of the module. One that does not parse is for the judge to tell of."""
    try:
        tree = ast.parse(test)
    except (SyntaxError, ValueError, RecursionError):
        return True
    return bool(uses_of([(tree, "")], module))


def _same_interface(other: Artifact, artifact: Artifact) -> bool:
    return other.candidate.entry_point == artifact.candidate.entry_point and len(other.candidate.files) == 1


def _take_back(assembly: Assembly, artifact: Artifact, added: Sequence[Acceptance]) -> None:
    """Retired, with the evidence that says why."""
    task = _with(artifact.task, added)
    verdict = prove(task, artifact.candidate, assembly.parts)
    assembly.library.save(artifact.replace(task=task, verdict=verdict, status=ArtifactStatus.RETIRED))


def _with(task: Task, added: Sequence[Acceptance]) -> Task:
    fields = {name: getattr(task, name) for name in task.__struct_fields__ if name != "id"}
    return make_task(**(fields | {"acceptance": (*task.acceptance, *added)}))


def _free_path(path: str, task: Task) -> str:
    taken = {a.path for a in task.acceptance} | {s.path for s in task.support}
    folder, _, name = path.rpartition("/")
    number = 1
    while path in taken:
        number += 1
        stem, dot, ending = name.partition(".")
        path = (f"{folder}/" if folder else "") + f"{stem}_{number}{dot}{ending}"
    return path
