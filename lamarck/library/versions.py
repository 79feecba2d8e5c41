"""Which of several proven programs answers for a task.

The key of a task is stable: it stays when tests are added to the task. A version never changes; a better one answers in
its place, and every version stays, with what made it better. Of two versions neither of which was proven by all tests
of the other, both answer: what one proves says nothing about the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from lamarck.records import Artifact, CheckOutcome, Record, Task, Trust, content_id

_CLEARLY = 0.005  # of quality; less is noise of the measured parts


class Version(Record, frozen=True, kw_only=True):
    """One version of the code for a task. number: from 1, oldest first. why: what made it better, or why it does not
    answer."""

    artifact: Artifact
    number: int
    answers: bool
    why: str


def task_key(task: Task) -> str:
    """32 hex digits for what is wanted, whatever tests, stubs and limits go with it."""
    goal = " ".join(task.goal.split()).casefold()
    return content_id("task-key", goal, task.entry_point, task.signature, task.language)[:32]


def given_tests(task: Task) -> frozenset[str]:
    """What decides on a task, each test file as one."""
    return frozenset(content_id(a.kind, a.content, a.path) for a in task.tests(Trust.GIVEN))


def betterment(new: Artifact, old: Artifact) -> str | None:
    """What makes `new` the better answer to everything that `old` answers; None when nothing measured does.

    Both are of one task key. The new one has to be proven by all given tests of the old one.
    """
    new_tests, old_tests = given_tests(new.task), given_tests(old.task)
    if not old_tests <= new_tests or not new_tests:
        return None
    if more := len(new_tests) - len(old_tests):
        return f"proven by {more} more test file{'s' if more > 1 else ''}"
    mine, other = new.verdict.quality, old.verdict.quality
    if mine is not None and other is not None:
        return f"quality {mine:.2f} after {other:.2f}" if mine > other + _CLEARLY else None
    passed, before = _passed(new), _passed(old)
    if passed > before:
        return f"passes {passed} tests after {before}"
    if new.candidate.origin.generator == "user" and new.created > old.created:
        return "the user's own code, added later"
    return None


def _passed(artifact: Artifact) -> int:
    results = (r for e in artifact.verdict.evidence if e.trust is Trust.GIVEN for r in e.results)
    return sum(r.outcome is CheckOutcome.PASSED for r in results)


def answering(versions: Sequence[Artifact]) -> dict[str, str]:
    """id → why it does not answer, for those of one task key that another one answers for. `versions`: live ones,
    oldest first; the same versions give the same answer whatever came between."""
    silent: dict[str, str] = {}
    for place, version in enumerate(versions):
        for other in versions[place + 1 :]:
            if (why := betterment(other, version)) is not None:
                silent[version.id] = f"{other.id[:12]} is better: {why}"
                break
        else:
            for other in versions[:place]:
                if _as_good(other, version) and other.id not in silent:
                    silent[version.id] = f"{other.id[:12]} came first, and nothing measured says that this is better"
                    break
    return silent


def _as_good(earlier: Artifact, later: Artifact) -> bool:
    """Whether the earlier one is proven by all that the later one is."""
    tests = given_tests(later.task)
    return bool(tests) and tests <= given_tests(earlier.task) and betterment(later, earlier) is None
