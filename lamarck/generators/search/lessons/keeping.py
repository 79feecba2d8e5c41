"""Lessons in the library: artifacts of kind `lesson`, whose code is the mended code with `lamarck_lesson.py` beside it.

So what proves a lesson is what proves any artifact: the mended code passes the tests that it was mended for. Whether
the lesson helps is another question, which the evidence `replay` answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from lamarck.generators.search.lessons.guide import Guide, Known, weights_by_use
from lamarck.generators.search.lessons.learning import more_general, rules_of
from lamarck.generators.search.lessons.lesson import LESSON_FILE, LESSONS_VERSION, Lesson, Repair, Rule
from lamarck.generators.search.lessons.replay import Recorded, Replay, recorded, replay
from lamarck.library.filters import Filter
from lamarck.library.library import Library
from lamarck.records import (
    Artifact,
    Candidate,
    CheckOutcome,
    Evidence,
    Origin,
    SourceFile,
    Task,
    Verdict,
    make_candidate,
    make_task,
    now,
)

REPLAY = "replay"
_MOST = 300  # lessons that are read, most used first
_HURTS = -4.0  # bits that a lesson may cost before it has helped once


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A lesson as it stands in the library."""

    artifact: Artifact
    lesson: Lesson
    replay: Replay | None  # None: on nothing yet

    @property
    def helps(self) -> bool:
        return self.replay is not None and self.replay.helps


def lesson_in(artifact: Artifact) -> Lesson | None:
    """None where the artifact holds none, or one that this version does not read."""
    text = next((f.text for f in artifact.candidate.files if f.path == LESSON_FILE), None)
    if artifact.kind != "lesson" or text is None:
        return None
    try:
        lesson = Lesson.from_code(text)
        _ = lesson.rule.trees
    except (msgspec.MsgspecError, SyntaxError, ValueError, IndexError):
        return None
    return lesson


def kept_in(library: Library) -> tuple[Kept, ...]:
    """All lessons that are live, most used first."""
    found = []
    for id_ in library.matching(Filter(kind="lesson", tags=("lesson",), licences=None))[:_MOST]:
        artifact = library.get(id_)
        if (lesson := lesson_in(artifact)) is not None:
            found.append(Kept(artifact=artifact, lesson=lesson, replay=_replayed(artifact.verdict)))
    return tuple(found)


def guide_of(kept: Sequence[Kept]) -> Guide:
    """What a search is told: the rules that were shown to help, each once, and how often each kind of edit worked."""
    best: dict[str, Kept] = {}
    for each in kept:
        known = best.get(each.lesson.rule.text)
        if each.helps and (known is None or _gain(each) > _gain(known)):
            best[each.lesson.rule.text] = each
    rules = tuple(
        Known(
            rule=k.lesson.rule,
            worth=k.replay.worth if k.replay else 1.0,
            failures=frozenset(k.lesson.failures),
            id=k.artifact.id,
        )
        for k in sorted(best.values(), key=_gain, reverse=True)
    )
    repairs = {k.lesson.teachers[-1] if k.lesson.teachers else k.artifact.id: k.lesson.repair for k in kept}
    kinds = [kind for repair in repairs.values() for kind in repair.kinds]
    return Guide(known=rules, weights=weights_by_use(kinds))


def _gain(kept: Kept) -> float:
    return kept.replay.gain if kept.replay else 0.0


class Keeping:
    """Learning, and what follows from it for what was learned before."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def learn(self, repair: Repair, task: Task, candidate: Candidate, verdict: Verdict) -> tuple[Kept, ...]:
        """Keep what a repair teaches: its rules, and those that it and earlier ones are cases of. Earlier lessons are
        replayed on it: one that no longer helps is dropped. Returns what is new, most general last."""
        new = recorded(repair)
        if new is None:
            return ()
        known = kept_in(self._library)
        if any(new.id in k.lesson.teachers for k in known):
            return ()
        self._again(known, new)
        repairs = [*_repairs(known), new]
        failures = tuple(sorted(repair.failures))
        lessons = [Lesson(rule=r, repair=new.repair, failures=failures, teachers=(new.id,)) for r in rules_of(repair)]
        lessons += _generalised(lessons, known, new.repair)
        found = []
        for lesson in lessons:
            kept = _kept(lesson, task, candidate, verdict, replay(lesson.rule, repairs, lesson.teachers))
            self._library.save(kept.artifact)
            found.append(kept)
        return tuple(found)

    def _again(self, known: Iterable[Kept], new: Recorded) -> None:
        """Lessons that were kept, on one more repair."""
        for each in known:
            before = each.replay or Replay()
            more = replay(each.lesson.rule, [new], each.lesson.teachers, worths=(before.worth,))
            if not more.tried:
                continue
            after = before + more
            artifact = each.artifact
            verdict = artifact.verdict.replace(evidence=_with_replay(artifact.verdict, artifact.id, after))
            self._library.save(artifact.replace(verdict=verdict))
            if (before.helps and not after.helps) or after.gain < _HURTS:
                self._library.retire(artifact.id)


def _repairs(known: Iterable[Kept]) -> list[Recorded]:
    found: dict[str, Recorded] = {}
    for each in known:
        if (one := recorded(each.lesson.repair)) is not None:
            found.setdefault(one.id, one)
    return list(found.values())


def _generalised(lessons: Sequence[Lesson], known: Sequence[Kept], repair: Repair) -> list[Lesson]:
    """Of each new rule with each that is known."""
    rules = {k.lesson.rule.text for k in known} | {lesson.rule.text for lesson in lessons}
    found: dict[str, Lesson] = {}
    for lesson in lessons:
        for other in known:
            for rule in more_general(lesson.rule, [other.lesson.rule]):
                if rule.text in rules:
                    continue
                before = found.get(rule.text, lesson)
                found[rule.text] = Lesson(
                    rule=rule,
                    repair=repair,
                    failures=tuple(sorted({*before.failures, *other.lesson.failures})),
                    teachers=tuple(dict.fromkeys((*other.lesson.teachers, *before.teachers))),
                )
    return list(found.values())


def _kept(lesson: Lesson, task: Task, candidate: Candidate, verdict: Verdict, found: Replay) -> Kept:
    files = (*candidate.files, SourceFile(path=LESSON_FILE, text=lesson.as_code()))
    made = make_candidate(
        files=files,
        entry_point=candidate.entry_point,
        origin=Origin(generator="lessons", template_version=LESSONS_VERSION),
        parents=(candidate.id,),
    )
    artifact = Artifact(
        id=made.id,
        kind="lesson",
        task=_task(task, lesson.rule),
        candidate=made,
        verdict=verdict.replace(evidence=_with_replay(verdict, made.id, found)),
        created=now(),
    )
    return Kept(artifact=artifact, lesson=lesson, replay=found)


def _task(task: Task, rule: Rule) -> Task:
    """The task that was mended, under a name of its own: a lesson is no other version of the code."""
    ours = {"id", "goal", "tags", "stubs"}
    fields = {name: getattr(task, name) for name in task.__struct_fields__ if name not in ours}
    stubs = (*(task.stubs or (SourceFile(path=task.main_path, text=""),)), SourceFile(path=LESSON_FILE, text=""))
    return make_task(**fields, goal=f"Lesson: {rule.text}\n{task.goal}", tags=("lesson",), stubs=stubs)


def _with_replay(verdict: Verdict, candidate_id: str, found: Replay) -> tuple[Evidence, ...]:
    outcome = CheckOutcome.PASSED if found.helps else CheckOutcome.FAILED if found.tried else CheckOutcome.SKIPPED
    evidence = Evidence(
        check=REPLAY,
        check_version=LESSONS_VERSION,
        candidate_id=candidate_id,
        outcome=outcome,
        measurements={
            "tried": found.tried,
            "sooner": found.sooner,
            "later": found.later,
            "gain": found.gain,
            "worth": found.worth,
        },
        log=f"on {found.tried} failures: sooner in {found.sooner}, later in {found.later}, {found.gain:+.1f} bits",
    )
    return (*(e for e in verdict.evidence if e.check != REPLAY), evidence)


def _replayed(verdict: Verdict) -> Replay | None:
    for evidence in verdict.evidence:
        if evidence.check == REPLAY:
            m = evidence.measurements
            return Replay(
                tried=int(m["tried"]),
                sooner=int(m["sooner"]),
                later=int(m["later"]),
                gain=float(m["gain"]),
                worth=float(m["worth"]),
            )
    return None
