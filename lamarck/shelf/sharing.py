"""Bundles out and in. What comes in is quarantined until this machine has proven it."""

from __future__ import annotations

import getpass
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

from lamarck.assemble import Assembly
from lamarck.errors import BadInput
from lamarck.library.bundle import Bundle, Entry, read_bundle, sign_bundle, write_bundle
from lamarck.library.filters import Filter
from lamarck.library.licences import UNKNOWN, is_free, licence_named
from lamarck.records import Artifact, ArtifactStatus, Decision, Provenance, Record
from lamarck.solve import prove

Told = Callable[[str, int, int], None]  # artifact, how many are done, of how many


class Imported(Record, frozen=True, kw_only=True):
    """What became of one artifact of a bundle. outcome: proven | quarantined | barred | known."""

    artifact_id: str
    goal: str
    outcome: str
    why: str = ""


class Import(Record, frozen=True, kw_only=True):
    bundle: str
    signer: str
    signer_known: bool
    artifacts: tuple[Imported, ...]


def export(
    assembly: Assembly,
    query: str | None,
    out: Path,
    *,
    ids: Sequence[str] = (),
    limit: int = 100,
    licences: Sequence[str] = (),
    licence: str = "",
    key: Path | None = None,
) -> Bundle:
    """Artifacts for a request, or by their ids, or (with neither) everything that is found, as a bundle at `out`.

    Raises `BadInput` when nothing is left to export, or an id's licence bars it.
    """
    library = assembly.library
    wanted = Filter(licences=tuple(licences))
    chosen: list[Artifact] = [library.get(id_) for id_ in ids]
    for artifact in chosen:
        stated = artifact.provenance.licence if artifact.provenance else None
        if not is_free(stated, frozenset(licences)):
            raise BadInput(
                f"{artifact.id[:12]} is under the licence {stated}, which not everybody may use freely",
                f"if you may share it, add --allow-licence '{stated}'",
            )
        if artifact.status is not ArtifactStatus.LIVE:
            raise BadInput(f"{artifact.id[:12]} is {artifact.status}", "only what is live is shared")
    if query is not None:
        chosen += [hit.artifact for hit in library.find(query, limit=limit, filter=wanted)]
    if query is None and not ids:
        chosen = [library.get(id_) for id_ in library.matching(wanted)]
    artifacts = list({artifact.id: artifact for artifact in chosen}.values())
    if not artifacts:
        raise BadInput(
            "nothing in the library fits, so there is nothing to export", "`lamarck find` shows what there is"
        )
    stated_licence = licence_named(licence) if licence else UNKNOWN
    if not out.absolute().parent.is_dir():
        raise BadInput(f"{out}: its folder is not there", "make the folder first")
    bundle = write_bundle(out, artifacts, licence=stated_licence, by=f"{getpass.getuser()}@{platform.node()}")
    signer = ""
    if key is not None:
        sign_bundle(out, key)
        signer = read_bundle(out).signer
    library.record_bundle(bundle.id, [a.id for a in artifacts], direction="exported", place=str(out), signer=signer)
    return bundle.replace(signer=signer)


def import_(
    assembly: Assembly,
    path: Path,
    *,
    signers: Path | None = None,
    licences: Sequence[str] = (),
    proving: bool = True,
    told: Told | None = None,
) -> Import:
    """Bring a bundle in: checked whole, then kept in quarantine, then proven one by one by this library's own checks.

    What is known here stays as it is. Called again it goes on with what is still in quarantine.
    """
    bundle = read_bundle(path, signers)
    library = assembly.library
    entries = {e.id: e for e in bundle.manifest.entries}
    done: dict[str, Imported] = {}
    waiting: list[Artifact] = []
    for artifact in bundle.artifacts:
        entry = entries[artifact.id]
        known = _known(assembly, artifact.id)
        if known is not None and known.status is not ArtifactStatus.QUARANTINED:
            done[artifact.id] = _imported(artifact, "known", str(known.status))
        elif not is_free(entry.licence, frozenset(licences)):
            why = f"its licence is {entry.licence}; --allow-licence '{entry.licence}' brings it in"
            done[artifact.id] = _imported(artifact, "barred", why)
        else:
            waiting.append(_quarantined(artifact, entry, bundle))
    library.save_many([(artifact, None) for artifact in waiting])
    library.record_bundle(
        bundle.id, [a.id for a in waiting], direction="imported", place=str(path), signer=bundle.signer
    )
    for number, artifact in enumerate(waiting, start=1):
        if proving:
            done[artifact.id] = _proven(assembly, artifact)
        else:
            done[artifact.id] = _imported(artifact, "quarantined", "not proven here yet")
        if told is not None:
            told(done[artifact.id].outcome, number, len(waiting))
    return Import(
        bundle=bundle.id,
        signer=bundle.signer,
        signer_known=bundle.signer_known,
        artifacts=tuple(done[a.id] for a in bundle.artifacts),
    )


def _known(assembly: Assembly, artifact_id: str) -> Artifact | None:
    try:
        return assembly.library.get(artifact_id)
    except BadInput:
        return None


def _quarantined(artifact: Artifact, entry: Entry, bundle: Bundle) -> Artifact:
    origin = artifact.candidate.origin.replace(generator="import")
    source = entry.source or f"bundle {bundle.id[:12]} of {bundle.manifest.by}"
    place = artifact.provenance.place if artifact.provenance else ""
    return artifact.replace(
        status=ArtifactStatus.QUARANTINED,
        candidate=artifact.candidate.replace(origin=origin),
        usage=type(artifact.usage)(),
        provenance=Provenance(source=source, licence=entry.licence, place=place),
    )


def _proven(assembly: Assembly, artifact: Artifact) -> Imported:
    try:
        verdict = prove(artifact.task, artifact.candidate, assembly.parts, fresh=True)
    except BadInput as error:  # its tests prove nothing here
        return _imported(artifact, "quarantined", error.line)
    accepted = verdict.decision is Decision.ACCEPTED
    status = ArtifactStatus.LIVE if accepted else ArtifactStatus.QUARANTINED
    assembly.library.save(artifact.replace(verdict=verdict, status=status))
    return _imported(artifact, "proven" if accepted else "quarantined", "" if accepted else "; ".join(verdict.reasons))


def _imported(artifact: Artifact, outcome: str, why: str = "") -> Imported:
    return Imported(artifact_id=artifact.id, goal=artifact.task.goal, outcome=outcome, why=why)
