"""Bundles: artifacts with their evidence in one file, to share.

JSON lines. The first line is the manifest: for every artifact its id, licence, the SHA-256 of its line and what proved
it; the SHA-256 of the manifest's line names the bundle, and a signature signs that line, so it speaks for everything. A
signature is a file beside it, `BUNDLE.sig`, made and checked by OpenSSH's `ssh-keygen -Y` with a key that people have
anyway. It says who vouches for the evidence; whether the code is right is proven again where it is brought in.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from lamarck.errors import BadInput, DiskFull, EnvironmentProblem
from lamarck.records import Artifact, Record, make_candidate, make_task, now
from lamarck.temporary import temporary_folder

FORMAT = 1
_LARGEST = 1 << 30  # bytes of a bundle that is read
_NAMESPACE = "lamarck-bundle"
_SECONDS = 60.0


class Proof(Record, frozen=True, kw_only=True):
    """One check of an artifact's evidence, as whoever made the bundle measured it."""

    check: str
    version: str
    outcome: str
    trust: str
    assurance: str
    environment: str


class Entry(Record, frozen=True, kw_only=True):
    id: str
    goal: str
    licence: str
    source: str
    sha256: str
    proofs: tuple[Proof, ...]


class Manifest(Record, frozen=True, kw_only=True):
    format: int
    made: str
    by: str
    entries: tuple[Entry, ...]


class Bundle(Record, frozen=True, kw_only=True):
    """A bundle that was read and checked. id: SHA-256 of its manifest. signer: who signed it, "" nobody."""

    id: str
    manifest: Manifest
    artifacts: tuple[Artifact, ...]
    signer: str = ""
    signer_known: bool = False


def write_bundle(path: Path, artifacts: Sequence[Artifact], *, licence: str, by: str) -> Bundle:
    """licence: of what is the user's own. All of the file, or nothing. Raises `DiskFull` and `BadInput`."""
    lines = [artifact.to_json() for artifact in artifacts]
    entries = tuple(_entry(artifact, line, licence) for artifact, line in zip(artifacts, lines, strict=True))
    manifest = Manifest(format=FORMAT, made=now(), by=by, entries=entries)
    head = manifest.to_json()
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in (head, *lines)))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise DiskFull(f"{path}: cannot be written: {error.strerror}", "choose another place with --out") from error
    finally:
        part.unlink(missing_ok=True)
    _signature(path).unlink(missing_ok=True)  # of what stood there before
    return Bundle(id=_sha256(head), manifest=manifest, artifacts=tuple(artifacts))


def _entry(artifact: Artifact, line: str, licence: str) -> Entry:
    provenance = artifact.provenance
    return Entry(
        id=artifact.id,
        goal=artifact.task.goal,
        licence=provenance.licence if provenance else licence,
        source=provenance.source if provenance else "",
        sha256=_sha256(line),
        proofs=tuple(
            Proof(
                check=e.check,
                version=e.check_version,
                outcome=str(e.outcome),
                trust=str(e.trust or ""),
                assurance=str(e.assurance or ""),
                environment=e.environment,
            )
            for e in artifact.verdict.evidence
        ),
    )


def read_bundle(path: Path, signers: Path | None = None) -> Bundle:
    """Check everything before anything is used. signers: who is known, in OpenSSH's form of allowed signers.

    Raises `BadInput` for what is no bundle, was changed after it was made, or is signed wrongly; `EnvironmentProblem`
    when it is signed and there is no `ssh-keygen` to check it.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise BadInput(f"{path}: is larger than a bundle may be", "ask for a smaller one")
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}", "check the path") from error
    head, *rest = lines
    try:
        manifest = Manifest.from_json(head)
    except msgspec.DecodeError as error:
        told = re.search(rb'"format":\s*(\d+)', head)
        if told and int(told[1]) > FORMAT:
            raise BadInput(f"{path}: a later version of Lamarck made it", "upgrade Lamarck") from error
        raise BadInput(f"{path}: is no bundle", "`lamarck export` makes them") from error
    if manifest.format != FORMAT:
        raise BadInput(f"{path}: a later version of Lamarck made it", "upgrade Lamarck")
    signer, known = _checked_signature(path, head, signers)
    texts = [line for line in rest if line]
    if len(texts) != len(manifest.entries):
        raise _tampered(path, f"it holds {len(texts)} artifacts, its manifest {len(manifest.entries)}")
    artifacts = tuple(_artifact(path, e, line) for e, line in zip(manifest.entries, texts, strict=True))
    return Bundle(
        id=hashlib.sha256(head).hexdigest(), manifest=manifest, artifacts=artifacts, signer=signer, signer_known=known
    )


def _artifact(path: Path, entry: Entry, line: bytes) -> Artifact:
    if hashlib.sha256(line).hexdigest() != entry.sha256:
        raise _tampered(path, f"the artifact {entry.id[:12]} is not the one that its manifest names")
    try:
        artifact = Artifact.from_json(line)
    except msgspec.DecodeError as error:
        raise BadInput(f"{path}: the artifact {entry.id[:12]} cannot be read ({error})", "upgrade Lamarck") from error
    candidate = artifact.candidate
    told = make_candidate(files=candidate.files, entry_point=candidate.entry_point, origin=candidate.origin)
    fields = {name: getattr(artifact.task, name) for name in artifact.task.__struct_fields__ if name != "id"}
    if not artifact.id == candidate.id == told.id == entry.id or make_task(**fields).id != artifact.task.id:
        raise _tampered(path, f"the artifact {entry.id[:12]} does not have the code or the task that its id says")
    return artifact


def _tampered(path: Path, why: str) -> BadInput:
    return BadInput(f"{path}: was changed after it was made: {why}", "get it anew from where it comes")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- signatures


def _signature(path: Path) -> Path:
    return path.with_name(path.name + ".sig")


def sign_bundle(path: Path, key: Path) -> Path:
    """Sign the manifest with an OpenSSH key, or with the agent that holds it; the signature lies beside the bundle.

    Raises `BadInput` when the key can't be used, `EnvironmentProblem` without `ssh-keygen`.
    """
    with path.open("rb") as file:
        head = file.readline().rstrip(b"\n")
    with temporary_folder("bundle") as folder:
        message = Path(folder) / "manifest"
        message.write_bytes(head)
        arguments = ["-Y", "sign", "-q", "-f", str(key.expanduser()), "-n", _NAMESPACE, str(message)]
        code, said = _ssh_keygen(arguments, b"")
        if code:
            raise BadInput(
                f"{key}: does not sign: {said}", "name an OpenSSH key with --sign, such as ~/.ssh/id_ed25519"
            )
        _signature(path).write_bytes(message.with_name("manifest.sig").read_bytes())
    return _signature(path)


def _checked_signature(path: Path, head: bytes, signers: Path | None) -> tuple[str, bool]:
    """(who signed it, whether `signers` names them); raises for a signature that is not of this manifest."""
    signature = _signature(path)
    if not signature.exists():
        if signers is not None:
            raise BadInput(f"{path}: is not signed", "leave --signers out, or get it from somebody who signs")
        return "", False
    common = ["-n", _NAMESPACE, "-s", str(signature)]
    code, said = _ssh_keygen(["-Y", "check-novalidate", *common], head)
    if code:
        raise _tampered(path, f"its signature is not of this manifest ({said})")
    key = re.search(r"(\S+) key (SHA256:\S+)", said)
    name = f"{key[1]} {key[2]}" if key else "an unnamed key"
    if signers is None:
        return name, False
    code, who = _ssh_keygen(["-Y", "find-principals", "-f", str(signers), "-s", str(signature)], head)
    principal = who.splitlines()[0].strip() if not code and who else ""
    if principal:
        verify = ["-Y", "verify", "-f", str(signers), "-I", principal, *common]
        code, said = _ssh_keygen(verify, head)
    if code or not principal:
        raise BadInput(f"{path}: is signed by {name}, whom {signers} does not name", "add them, or do not trust it")
    return f"{principal} ({name})", True


def _ssh_keygen(arguments: list[str], given: bytes) -> tuple[int, str]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise EnvironmentProblem("ssh-keygen is missing, which makes and checks signatures", "install OpenSSH's client")
    try:
        done = subprocess.run([program, *arguments], input=given, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise EnvironmentProblem("ssh-keygen did not answer", "a key with a passphrase needs ssh-agent") from error
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace").strip()
