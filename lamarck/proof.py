"""What an artifact's evidence says, measured again or completed: `verify`, `renew` and `rank`.

Code is kept once what is required of it passed. What only ranks it is measured afterwards, so that nobody waits for it:
coverage by its given tests, laws that it keeps, and its time against the task's first accepted version. Quality is
there once all of that is (`checks.verdict.quality`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from lamarck.assemble import Assembly
from lamarck.checks.check import Check
from lamarck.checks.gate import GATE, Means, build_checks
from lamarck.checks.verdict import quality
from lamarck.checks.waivers import Waivers, is_waived
from lamarck.errors import BadInput
from lamarck.records import Artifact, ArtifactStatus, Decision, Run
from lamarck.settings import Level
from lamarck.solve import Parts
from lamarck.tasks.earlier import Earlier
from lamarck.verifying import KEPT_IN_VERIFY, Verification, verify

RANKED = ("coverage", "properties", "performance")
FIRST = "the task's first accepted version"

Told = Callable[[Verification, int, int], None]


class Proof:
    """Of the artifacts of one library."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly

    def verify(self, artifact_id: str) -> Verification:
        """Run an artifact's checks again, with no stored verdict, and say what changed.

        The user's own code keeps the project's waivers that its evidence is on record with, as far as the project
        still has them; for what a model wrote `trust.waivers` alone count.
        """
        artifact = self._assembly.library.get(artifact_id)
        return verify(artifact, self._parts(artifact))

    def stale(self) -> tuple[str, ...]:
        """Ids of what was proven with another interpreter or other packages than today's: what is found, and what this
        library put into quarantine because it did not hold."""
        today = self._assembly.interpreter.environment_hash
        return tuple(
            artifact.id
            for artifact in self._assembly.library.artifacts()
            if _is_renewed(artifact)
            and any(
                e.environment not in {"", today} for e in artifact.verdict.evidence if e.check not in KEPT_IN_VERIFY
            )
        )

    def renew(self, ids: Sequence[str], told: Told | None = None) -> tuple[Verification, ...]:
        """Prove artifacts again where they run now, each by all that it has evidence of. What holds gets the new
        evidence; what does not is quarantined: found no more, kept with the new evidence, and stale once more as soon
        as the environment is another one."""
        done: list[Verification] = []
        for number, id_ in enumerate(ids, start=1):
            artifact = self._assembly.library.get(id_)
            try:
                verification = self.verify(id_)
            except BadInput as error:
                raise BadInput(f"{id_[:12]}: {error}", error.mend) from error
            holds = verification.after.decision is Decision.ACCEPTED
            status = ArtifactStatus.LIVE if holds else ArtifactStatus.QUARANTINED
            self._assembly.library.save(artifact.replace(verdict=verification.after, status=status))
            done.append(verification)
            if told is not None:
                told(verification, number, len(ids))
        return tuple(done)

    def rank(self, artifact_id: str) -> Artifact:
        """Measure what is missing of an artifact's quality, and keep it; its decision stays what it is. Quality stays
        absent where one of its parts cannot be measured: no given tests, no law that its examples propose."""
        library = self._assembly.library
        artifact = library.get(artifact_id)
        checks = self._ranking(artifact, replace(self._assembly.means, shared={}), RANKED)
        new = [check.run(artifact.task, artifact.candidate) for check in checks if check.applies(artifact.task)]
        kept = [e for e in artifact.verdict.evidence if e.check not in {n.check for n in new}]
        evidence = tuple(sorted((*kept, *new), key=lambda e: (e.check, e.to_json())))
        ranked = artifact.replace(verdict=artifact.verdict.replace(evidence=evidence, quality=quality(evidence)))
        library.save(ranked)
        return ranked

    def rank_new(self, run: Run) -> Run:
        """The same run; where it kept new code, with its quality. What was reused is ranked by `rank` alone."""
        last = run.attempts[-1] if run.attempts else None
        if not self._assembly.settings.checks.rank or run.artifact_id is None or last is None or last.candidate is None:
            return run
        if last.generator == "reuse" or last.candidate.id != run.artifact_id:  # a hit is not to be waited for
            return run
        ranked = last.replace(verdict=self.rank(run.artifact_id).verdict)
        self._assembly.library.record_attempt(run.id, ranked)
        return run.replace(attempts=(*run.attempts[:-1], ranked))

    def unranked(self) -> tuple[str, ...]:
        """Ids of the functions without a quality that were never measured for one, oldest first."""
        return tuple(
            a.id
            for a in self._assembly.library.artifacts()
            if a.kind == "function"
            and a.verdict.quality is None
            and not {e.check for e in a.verdict.evidence} & set(RANKED)
        )

    # --- which checks

    def _parts(self, artifact: Artifact) -> Parts:
        """The loop's, with every check of the gate that the artifact has evidence of."""
        assembly = self._assembly
        own = {check.name for check in assembly.checks}
        versions = {e.check: e.check_version for e in artifact.verdict.evidence if e.check in GATE}
        waivers = self._waivers(artifact)
        if versions.keys() <= own and waivers is None:
            return assembly.parts
        level: Level = "deep" if "+all" in versions.get("mutation", "") else "standard"
        means = replace(assembly.means, level=level, shared={}, waivers=waivers or assembly.means.waivers)
        return replace(assembly.parts, checks=self._ranking(artifact, means, own | versions.keys()))

    def _ranking(self, artifact: Artifact, means: Means, names: Iterable[str]) -> tuple[Check, ...]:
        """Checks by name; time is compared with the task's first version, and nothing else is."""
        versions = self._assembly.library.versions(artifact.id)
        first = versions[0].artifact if versions else artifact
        earlier = Earlier(name=FIRST, files={f.path: f.text for f in first.candidate.files})
        if len(artifact.candidate.files) == len(first.candidate.files) == 1:
            earlier = replace(earlier, files={artifact.candidate.files[0].path: first.candidate.files[0].text})
        built = build_checks(means, names=names)
        timed = {c.name: c for c in build_checks(replace(means, earlier=earlier), names=("performance",))}
        return tuple(timed.get(check.name, check) for check in built)

    def _waivers(self, artifact: Artifact) -> Waivers | None:
        """The project's, where the user's own code was accepted with them."""
        findings = [f for e in artifact.verdict.evidence for f in e.findings if is_waived(f)]
        if artifact.candidate.origin.generator != "user" or not findings:
            return None
        settings = self._assembly.settings
        return Waivers((*settings.trust.waivers, *settings.checks.waivers), known=findings)


def _is_renewed(artifact: Artifact) -> bool:
    """Live, or quarantined by what was measured here; what was imported and not proven yet is `import`'s to prove."""
    if artifact.status is ArtifactStatus.QUARANTINED:
        return artifact.verdict.decision is not Decision.ACCEPTED
    return artifact.status is ArtifactStatus.LIVE
