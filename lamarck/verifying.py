"""An artifact proven again, and what that changed."""

from __future__ import annotations

from lamarck.checks.verdict import AGREEMENT, REVIEW, changes, decide
from lamarck.generators.search.lessons.keeping import REPLAY
from lamarck.records import Artifact, Record, Verdict
from lamarck.solve import Parts, prove, required_checks

KEPT_IN_VERIFY = frozenset({REVIEW, AGREEMENT, REPLAY})  # decided or told once; nothing measures it again


class Verification(Record, frozen=True, kw_only=True):
    """What proving an artifact again brought. `changes` is empty when everything is as it was."""

    artifact_id: str
    before: Verdict
    after: Verdict
    changes: tuple[str, ...]


def verify(artifact: Artifact, parts: Parts) -> Verification:
    """Measure an artifact's evidence again, without any stored verdict. What a person decided stays decided, and how
    it was chosen among others stays told, and so does on which failures a lesson helped."""
    own_code = artifact.candidate.origin.generator == "user"
    after = prove(artifact.task, artifact.candidate, parts, own_code=own_code, fresh=True)
    if kept := tuple(e for e in artifact.verdict.evidence if e.check in KEPT_IN_VERIFY):
        reviewed = any(e.check == REVIEW for e in kept)
        after = decide(
            artifact.task,
            artifact.candidate.id,
            (*after.evidence, *kept),
            required=(*required_checks(artifact.task, parts), *((REVIEW,) if reviewed else ())),
            accept_claimed="always" if reviewed else parts.accept_claimed,
            own_code=own_code,
        )
    return Verification(
        artifact_id=artifact.id, before=artifact.verdict, after=after, changes=changes(artifact.verdict, after)
    )
