"""The search alone, for whoever measures it: no model, nothing withheld, nothing kept."""

from __future__ import annotations

from lamarck.assemble import Assembly
from lamarck.generators.search.lessons.lesson import Repair
from lamarck.generators.search.mending import mended
from lamarck.generators.search.search import SearchLimits, SearchReport
from lamarck.records import Candidate, CheckOutcome, Record, SourceFile, Task

_MOST_REFUTED = 40


class Mended(Record, frozen=True, kw_only=True):
    """candidate: passes all given tests in the judge; None: none was found. refuted: seemed to pass and did not.
    edits: what was changed. repairs: what it teaches. broke: why the judge could not judge a candidate, which is
    nobody's failure."""

    candidate: Candidate | None
    report: SearchReport
    refuted: int = 0
    edits: tuple[str, ...] = ()
    repairs: tuple[Repair, ...] = ()
    broke: str = ""


def mend(assembly: Assembly, task: Task, files: tuple[SourceFile, ...], *, limits: SearchLimits) -> Mended:
    """Search for a version of `files` that passes the given tests of `task`. Raises `BadInput` for unusable tests."""
    search = assembly.mender.search(task, files, limits)
    candidates = search.candidates()
    refuted = 0
    try:
        for variant in candidates:
            candidate = mended(variant, files, task.entry_point, ())
            evidence = assembly.tests.run(task, candidate)
            if evidence.outcome is CheckOutcome.ERRORED:
                return Mended(candidate=None, report=search.report(), refuted=refuted, broke=evidence.log or "errored")
            if evidence.outcome is CheckOutcome.PASSED:
                edits = tuple(f"{e.kind}, line {e.line}: {e.what}" for e in variant.edits)
                repairs = search.repairs(variant.texts, kinds=tuple(e.kind for e in variant.edits))
                report = search.report()
                return Mended(candidate=candidate, report=report, refuted=refuted, edits=edits, repairs=repairs)
            refuted += 1
            if refuted >= _MOST_REFUTED:
                break
    finally:
        candidates.close()
    return Mended(candidate=None, report=search.report(), refuted=refuted)
