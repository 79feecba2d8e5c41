"""Lessons for those who keep some: listed, shown, dropped, taught, tried on what is stored, shared."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from lamarck.assemble import Assembly
from lamarck.errors import BadInput, LamarckError
from lamarck.generators.search.edits.edit import applied
from lamarck.generators.search.edits.source import Source
from lamarck.generators.search.edits.table import run_when_called
from lamarck.generators.search.lessons.guide import edits_by
from lamarck.generators.search.lessons.keeping import Keeping, Kept, kept_in, lesson_in
from lamarck.generators.search.lessons.lesson import Repair, Rule
from lamarck.generators.search.lessons.replay import Replay
from lamarck.library.filters import Filter
from lamarck.records import (
    Artifact,
    Attempt,
    Candidate,
    CheckOutcome,
    Decision,
    ExitReason,
    Origin,
    Record,
    Run,
    SourceFile,
    Task,
    Trust,
    Verdict,
    make_candidate,
)
from lamarck.solve import prove

_RUNS = 200  # of the log that are looked through, newest first
_MOST_TRIALS = 6  # of each sort, for one lesson
_MOST_STORED = 500


class LessonRow(Record, frozen=True, kw_only=True):
    """One lesson. taught: by how many repairs. helps: whether searches are told of it. id: of the newest artifact."""

    id: str
    rule: Rule
    failures: tuple[str, ...]
    taught: int
    replay: Replay
    status: str
    repair: Repair
    source: str = ""

    @property
    def helps(self) -> bool:
        return self.status == "live" and self.replay.helps


class Trial(Record, frozen=True, kw_only=True):
    """A lesson on a copy of stored code. where: `run` (a failure that nobody mended) or `artifact`. outcome: `mended`
    (its tests accept the copy now), `refused` (they tell the two apart: the code is right as it is), `untold` (the
    tests of an artifact pass both) or `no` (still failing)."""

    where: str
    id: str
    edit: str
    outcome: str


class Learned(Record, frozen=True, kw_only=True):
    lessons: tuple[LessonRow, ...] = ()
    trials: tuple[Trial, ...] = ()


class Lessons:
    """What `Lamarck.lessons` offers."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly

    # --- looked at

    def list(self) -> tuple[LessonRow, ...]:
        """Each rule once, those that helped most first."""
        groups: dict[str, list[Kept]] = {}
        for kept in kept_in(self._assembly.library):
            groups.setdefault(kept.lesson.rule.text, []).append(kept)
        rows = [
            _row(max(group, key=_gain), len({t for k in group for t in k.lesson.teachers})) for group in groups.values()
        ]
        return tuple(sorted(rows, key=lambda r: (-r.replay.gain, r.rule.text)))

    def show(self, identifier: str) -> LessonRow:
        """By the id of its artifact, or how that begins. Raises `BadInput`."""
        artifact = self._assembly.library.get(identifier)
        lesson = lesson_in(artifact)
        if lesson is None:
            raise BadInput(f"{identifier} is no lesson but a {artifact.kind}", "`lamarck lessons list` shows lessons")
        known = next((r for r in self.list() if r.rule.text == lesson.rule.text), None)
        if known is not None and artifact.status == "live":
            return known.replace(id=artifact.id, repair=lesson.repair)
        return _row(Kept(artifact=artifact, lesson=lesson, replay=None), len(lesson.teachers))

    def drop(self, identifier: str) -> LessonRow:
        """Searches are told no more of it, by whatever repair it was taught."""
        row = self.show(identifier)
        for kept in kept_in(self._assembly.library):
            if kept.lesson.rule.text == row.rule.text:
                self._assembly.library.retire(kept.artifact.id)
        return row.replace(status="retired")

    def ids(self) -> tuple[str, ...]:
        """Of all artifacts that hold a live lesson: what `shelf.export` takes."""
        return tuple(k.artifact.id for k in kept_in(self._assembly.library))

    # --- taught

    def learn(
        self, repair: Repair, task: Task, candidate: Candidate, verdict: Verdict, *, trying: bool = True
    ) -> Learned:
        """Keep what a repair teaches, and try it on a copy of what is stored."""
        new = Keeping(self._assembly.library).learn(repair, task, candidate, verdict)
        trials = [t for kept in new for t in self._tried(kept)] if trying else []
        return Learned(lessons=tuple(_row(k, len(k.lesson.teachers)) for k in new), trials=tuple(trials))

    def learn_from(self, run: Run) -> Learned:
        """What a solve teaches that was accepted after a repair: by search or by a model."""
        pair = _repaired(run)
        if pair is None:
            return Learned()
        failed, done = pair
        assert failed.candidate is not None
        assert done.candidate is not None
        assert done.verdict is not None
        before = {f.path: f.text for f in failed.candidate.files}
        learned = Learned()
        for file in done.candidate.files:
            if file.path.endswith(".py") and before.get(file.path) not in {None, file.text}:
                repair = Repair(
                    before=failed.candidate.files,
                    path=file.path,
                    after=file.text,
                    failures=_failures(failed),
                    kinds=(),
                    by="search" if done.generator == "search" else "model",
                    template=_template(failed),
                )
                more = self.learn(repair, run.task, done.candidate, done.verdict)
                learned = Learned(lessons=learned.lessons + more.lessons, trials=learned.trials + more.trials)
        return learned

    # --- tried

    def _tried(self, kept: Kept) -> Iterator[Trial]:
        yield from self._on_failures(kept)
        yield from self._on_artifacts(kept)

    def _on_failures(self, kept: Kept) -> Iterator[Trial]:
        """Failures in the log that nobody mended: what is accepted now is kept in the library."""
        library = self._assembly.library
        number = 0
        for short in library.runs(limit=_RUNS):
            if short.kind != "solve" or short.exit_reason is not ExitReason.REJECTED or number >= _MOST_TRIALS:
                continue
            run = library.get_run(short.id)
            failed = next((a.candidate for a in reversed(run.attempts) if a.candidate and a.verdict), None)
            for edit, files in _copies(kept.lesson.rule, failed.files if failed else ()):
                number += 1
                made = _candidate(files, failed)
                verdict = self._proved(run.task, made)
                if verdict is None:
                    continue
                if verdict.decision is Decision.ACCEPTED:
                    kind = Artifact(
                        id=made.id, kind="function", task=run.task, candidate=made, verdict=verdict, created=run.started
                    )
                    library.save(kind)
                outcome = "mended" if verdict.decision is Decision.ACCEPTED else "no"
                yield Trial(where="run", id=run.id, edit=edit, outcome=outcome)
                if number >= _MOST_TRIALS or outcome == "mended":
                    break

    def _on_artifacts(self, kept: Kept) -> Iterator[Trial]:
        """Proven code that looks like what failed: its own tests say whether it is the same mistake."""
        library = self._assembly.library
        number = 0
        for id_ in library.matching(Filter(licences=None))[:_MOST_STORED]:
            if number >= _MOST_TRIALS:
                return
            artifact = library.get(id_)
            if artifact.kind != "function" or artifact.id in kept.artifact.candidate.parents:
                continue
            for edit, files in _copies(kept.lesson.rule, artifact.candidate.files):
                number += 1
                verdict = self._proved(artifact.task, _candidate(files, artifact.candidate))
                if verdict is not None:
                    outcome = "untold" if verdict.decision is Decision.ACCEPTED else "refused"
                    yield Trial(where="artifact", id=artifact.id, edit=edit, outcome=outcome)
                break

    def _proved(self, task: Task, candidate: Candidate) -> Verdict | None:
        try:
            return prove(task, candidate, self._assembly.parts)
        except LamarckError:
            return None  # its tests cannot be run any more: nothing is learned from it


def _copies(rule: Rule, files: Sequence[SourceFile]) -> Iterator[tuple[str, tuple[SourceFile, ...]]]:
    """(what was changed, all files) for each place where a rule fits; nothing stored is touched."""
    for file in files:
        if not file.path.endswith(".py"):
            continue
        try:
            source = Source(file.text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for _, function in source.functions():
            nodes: list[ast.AST] = [n for n in run_when_called(function) if n is not function]
            for edit in edits_by(rule, source, function, [n for n in nodes if not source.is_quoted(n)]):
                text = applied(source.data, edit.replacements).decode()
                yield edit.what, tuple(f.replace(text=text) if f is file else f for f in files)


def _candidate(files: tuple[SourceFile, ...], before: Candidate | None) -> Candidate:
    assert before is not None
    return make_candidate(
        files=files, entry_point=before.entry_point, origin=Origin(generator="lessons"), parents=(before.id,)
    )


def _repaired(run: Run) -> tuple[Attempt, Attempt] | None:
    """(the attempt that failed, the one that was accepted and made from it)."""
    if run.exit_reason is not ExitReason.ACCEPTED:
        return None
    done = next((a for a in run.attempts if a.candidate and a.candidate.id == run.artifact_id and a.verdict), None)
    if done is None or done.candidate is None or done.generator not in {"search", "repair"}:
        return None
    parents = done.candidate.parents
    failed = next((a for a in run.attempts if a.candidate and a.candidate.id in parents and a.verdict), None)
    return (failed, done) if failed is not None else None


def _failures(attempt: Attempt) -> tuple[str, ...]:
    """Kinds of what failed, as a search has them."""
    found: set[str] = set()
    for evidence in attempt.verdict.evidence if attempt.verdict else ():
        if evidence.trust is not Trust.GIVEN:
            continue
        for result in evidence.results:
            if result.outcome is CheckOutcome.FAILED:
                said = (result.failure.exception if result.failure else None) or "AssertionError"
                found.add(said.partition(":")[0].partition("(")[0].strip())
    return tuple(sorted(found))


def _template(attempt: Attempt) -> str:
    if attempt.generator != "templates" or attempt.candidate is None:
        return ""
    return str(attempt.candidate.origin.template_version).partition("@")[0]


def _gain(kept: Kept) -> float:
    return kept.replay.gain if kept.replay else 0.0


def _row(kept: Kept, taught: int) -> LessonRow:
    provenance = kept.artifact.provenance
    return LessonRow(
        id=kept.artifact.id,
        rule=kept.lesson.rule,
        failures=kept.lesson.failures,
        taught=taught,
        replay=kept.replay or Replay(),
        status=str(kept.artifact.status),
        repair=kept.lesson.repair,
        source=provenance.source if provenance else "",
    )
