"""What a person decides about a run that ended: approved or not, what a call should give, which candidate is meant."""

from __future__ import annotations

from lamarck.asking import LAW, Asking
from lamarck.assemble import Assembly
from lamarck.errors import BadInput
from lamarck.policy import passing, written
from lamarck.records import (
    Artifact,
    Attempt,
    Candidate,
    Decision,
    Difference,
    Evidence,
    ExitReason,
    Run,
    now,
)
from lamarck.solve import judge_again


class Reviewing:
    """Over one library, with what judges its candidates again."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly

    def review(self, run_id: str, *, approve: bool, reason: str = "") -> Run:
        """Decide on a run that ended pending. An approval is evidence, and keeps the code in the library; of a law, it
        puts the test that states it among the given ones."""
        library = self._assembly.library
        run = library.get_run(run_id)
        if run.kind == LAW:
            return Asking(library).answer(run, approve=approve, reason=reason)
        attempt = pending_attempt(run)
        if attempt is None or attempt.candidate is None or attempt.verdict is None:
            raise BadInput(f"run {run.id[:12]} is not pending", "`lamarck log` shows which runs are")
        from lamarck.checks.review import reviewed

        decided = reviewed(run.task, attempt.verdict, attempt.candidate.id, approve=approve, reason=reason)
        library.record_attempt(run.id, attempt.replace(verdict=decided))
        artifact_id = None
        if decided.decision is Decision.ACCEPTED:
            artifact_id = attempt.candidate.id
            library.save(
                Artifact(
                    id=artifact_id,
                    kind="function",
                    task=run.task,
                    candidate=attempt.candidate,
                    verdict=decided,
                    created=now(),
                    cost=run.spend,
                )
            )
        library.end_run(
            run.id,
            exit_reason=ExitReason(decided.decision.value),
            spend=run.spend,
            seconds=run.seconds or 0.0,
            artifact_id=artifact_id,
            message="; ".join(decided.reasons),
        )
        return library.get_run(run.id)

    def answer(
        self,
        run_id: str,
        *,
        equals: str | None = None,
        raises: str | None = None,
        like: int | None = None,
        call: str | None = None,
    ) -> Run:
        """Say what a call should give: a given test of the run's task from now on, by which its candidates are judged
        again. The same run ends accepted with what is chosen now, or rejected, and can be resumed then.

        call: default the smallest one on which the run's candidates differ (`differences`). One of equals (a Python
        expression), raises (the name of an exception) and like (the number of a behaviour, from 1). What the answer
        refutes is retired from the library, unless it was proven for another task since. Raises `BadInput`.
        """
        from lamarck.tasks.answering import with_answer

        library = self._assembly.library
        run = library.get_run(run_id)
        if run.kind != "solve" or not any(a.candidate and a.verdict for a in run.attempts):
            raise BadInput(
                f"run {run.id[:12]} has no candidates to judge again", "`lamarck review list` shows which do"
            )
        known = differences(run)
        if call is None and not known:
            raise BadInput(f"no candidates of run {run.id[:12]} are known to differ", "name a call with --call")
        asked = next((d for d in known if d.call == call), None) if call else known[0]
        if like is not None:
            equals, raises = _as_in(asked, like, equals, raises)
        task = with_answer(run.task, call or known[0].call, equals=equals, raises=raises)
        before = run.artifact_id
        judged = judge_again(run, task, self._assembly.parts)
        if before is not None and _is_refuted(judged, before) and library.get(before).task.id == run.task.id:
            library.retire(before)
        return judged

    def compare(self, run_id: str) -> Evidence:
        """Run the candidates of a run that pass against each other, once more; nothing is kept."""
        run = self._assembly.library.get_run(run_id)
        found = [a.candidate for a in passing(run.attempts) if a.candidate is not None]
        if not found:
            raise BadInput(f"no candidate of run {run.id[:12]} passes", "`lamarck log RUN` shows what they failed")
        command = f"lamarck review compare {run.id[:12]}"
        agreement = self._assembly.agreement
        evidence: Evidence = agreement.compare(
            run.task, found, written=written(run.attempts), replay_command=command
        ).evidence
        return evidence


def differences(run: Run) -> tuple[Difference, ...]:
    """The calls, smallest first, with which candidates that pass everything given did different things in this run."""
    verdict = next((a.verdict for a in reversed(run.attempts) if a.verdict is not None), None)
    return () if verdict is None else tuple(d for e in verdict.evidence for d in e.differences)


def _as_in(
    asked: Difference | None, like: int, equals: str | None, raises: str | None
) -> tuple[str | None, str | None]:
    """(equals, raises) of a behaviour by its number."""
    if equals is not None or raises is not None:
        raise BadInput("--like says it all", "leave --expected and --raises out")
    if asked is None or not 1 <= like <= len(asked.behaviours):
        what = f"there is no behaviour {like}" + (f" of {asked.call}" if asked else "")
        raise BadInput(what, "`lamarck review show RUN` numbers them")
    chosen = asked.behaviours[like - 1]
    if chosen.equals is None and chosen.raises is None:
        raise BadInput(f"{asked.call}: {chosen.shows}: no value that a test could state", "write a test for it")
    return chosen.equals, chosen.raises


def _is_refuted(run: Run, artifact_id: str) -> bool:
    mine = (a.verdict for a in run.attempts if a.candidate and a.candidate.id == artifact_id and a.verdict)
    return any(v.decision is Decision.REJECTED for v in mine)


def final_candidate(run: Run) -> Candidate | None:
    """What an accepted or pending run ended with."""
    for attempt in reversed(run.attempts):
        if attempt.candidate and attempt.verdict and attempt.verdict.decision is not Decision.REJECTED:
            return attempt.candidate
    return None


def pending_attempt(run: Run) -> Attempt | None:
    return next((a for a in reversed(run.attempts) if a.verdict and a.verdict.decision is Decision.PENDING), None)
