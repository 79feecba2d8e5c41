"""What --json prints, as plain values: one document per command. Whole records keep the names of `lamarck.records`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamarck.api import Hit, Saving, Verification
    from lamarck.library.versions import Version
    from lamarck.records import Artifact, Attempt, Candidate, Record, Run, Verdict


def whole(record: Record) -> Any:
    """A record with everything in it."""
    import msgspec

    return msgspec.to_builtins(record)


def of_run(
    run: Run,
    candidate: Candidate | None,
    *,
    exit_code: int,
    written: tuple[Path, ...] = (),
    saving: Saving | None = None,
    next_command: str | None = None,
) -> dict[str, Any]:
    """How a run ended. verdict: of the last attempt that has one; files: the code, when there is some to have."""
    verdict = last_verdict(run)
    return {
        "run": run.id,
        "kind": run.kind,
        "exit_reason": None if run.exit_reason is None else str(run.exit_reason),
        "exit_code": exit_code,
        "message": run.message,
        "artifact": run.artifact_id,
        "task": {
            "id": run.task.id,
            "goal": run.task.goal,
            "module": run.task.module,
            "entry_point": run.task.entry_point,
        },
        "files": [] if candidate is None else [whole(file) for file in candidate.files],
        "written": [str(path) for path in written],
        "verdict": None if verdict is None else whole(verdict),
        "attempts": [_of_attempt(attempt) for attempt in run.attempts],
        "spend": whole(run.spend),
        "seconds": run.seconds,
        "saving": None if saving is None else whole(saving),
        "next": next_command,
    }


def last_verdict(run: Run) -> Verdict | None:
    return next((a.verdict for a in reversed(run.attempts) if a.verdict is not None), None)


def _of_attempt(attempt: Attempt) -> dict[str, Any]:
    """Without the prompt and the code, which `lamarck log RUN --json` has."""
    return {
        "number": attempt.number,
        "generator": attempt.generator,
        "tier": attempt.tier,
        "candidate": None if attempt.candidate is None else attempt.candidate.id,
        "decision": None if attempt.verdict is None else str(attempt.verdict.decision),
        "reasons": [] if attempt.verdict is None else list(attempt.verdict.reasons),
        "note": attempt.note,
        "spend": whole(attempt.spend),
    }


def of_hit(hit: Hit) -> dict[str, Any]:
    return {"score": hit.score, "reasons": list(hit.reasons), **of_artifact(hit.artifact)}


def of_version(version: Version) -> dict[str, Any]:
    return {
        "version": version.number,
        "answers": version.answers,
        "why": version.why,
        "status": str(version.artifact.status),
        **of_artifact(version.artifact),
    }


def of_artifact(artifact: Artifact) -> dict[str, Any]:
    """The short form; `lamarck show ID --json` has the whole."""
    return {
        "artifact": artifact.id,
        "goal": artifact.task.goal,
        "module": artifact.task.module,
        "entry_point": artifact.candidate.entry_point,
        "signature": artifact.task.signature,
        "origin": artifact.candidate.origin.generator,
        "kind": artifact.kind,
        "quality": artifact.verdict.quality,
        "licence": artifact.provenance.licence if artifact.provenance else None,
        "created": artifact.created,
        "served": artifact.usage.served,
    }


def of_listed_run(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "kind": run.kind,
        "started": run.started,
        "exit_reason": None if run.exit_reason is None else str(run.exit_reason),
        "goal": run.task.goal,
        "spend": whole(run.spend),
        "seconds": run.seconds,
        "artifact": run.artifact_id,
        "message": run.message,
    }


def of_verification(verification: Verification) -> dict[str, Any]:
    return {
        "artifact": verification.artifact_id,
        "decision": str(verification.after.decision),
        "reasons": list(verification.after.reasons),
        "changes": list(verification.changes),
        "evidence": [whole(e) for e in verification.after.evidence],
    }
