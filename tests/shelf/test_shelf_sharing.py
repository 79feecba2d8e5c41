"""Bundles: what is refused, what is quarantined, what is proven."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lamarck.api import Filter, Lamarck
from lamarck.errors import BadInput
from lamarck.library.bundle import read_bundle
from lamarck.records import Artifact, ArtifactStatus, Provenance, Run

Keep = Callable[..., Run]
CODE = 'def shout(text: str) -> str:\n    """Make a text loud."""\n    return text.upper()\n'
TESTS = "from loud import shout\n\n\ndef test_it():\n    assert shout('a b') == 'A B'\n"


@pytest.fixture
def bundle(lamarck: Lamarck, keep: Keep, tmp_path: Path) -> Path:
    keep("loud", CODE, TESTS)
    path = tmp_path / "loud.jsonl"
    lamarck.shelf.export("loud text", path, licence="MIT License")
    return path


@pytest.fixture
def other(lamarck: Lamarck, tmp_path: Path) -> Iterator[Lamarck]:
    """Somebody else's library."""
    with lamarck.beside(settings=lamarck.settings, library=tmp_path / "other.sqlite") as opened:
        yield opened


def changed(bundle: Path, change: Callable[[Artifact], Artifact]) -> Path:
    """As somebody would make a bundle who knows its form."""
    from lamarck.library.bundle import write_bundle

    artifacts = [change(a) for a in read_bundle(bundle).artifacts]
    write_bundle(bundle, artifacts, licence="MIT", by="mallory")
    return bundle


def test_what_comes_in_is_proven_and_says_where_it_is_from(lamarck: Lamarck, bundle: Path, other: Lamarck) -> None:
    (done,) = other.shelf.import_(bundle).artifacts
    assert (done.outcome, done.why) == ("proven", "")
    (hit,) = other.find("loud text")
    kept = hit.artifact
    assert kept.candidate.origin.generator == "import"
    assert kept.provenance is not None
    assert kept.provenance.licence == "MIT"
    assert kept.provenance.source.startswith("bundle ")
    mine = lamarck.show(kept.id)
    assert kept.verdict.evidence[-1].seconds != mine.verdict.evidence[-1].seconds, "measured here"
    assert [b.direction for b in other.shelf.where(kept.id).bundles] == ["imported"]
    assert [b.direction for b in lamarck.shelf.where(kept.id).bundles] == ["exported"]
    assert other.shelf.import_(bundle).artifacts[0].outcome == "known"


def test_what_is_not_proven_here_is_found_by_nobody(bundle: Path, other: Lamarck) -> None:
    (done,) = other.shelf.import_(bundle, proving=False).artifacts
    assert done.outcome == "quarantined"
    assert other.show(done.artifact_id).status is ArtifactStatus.QUARANTINED
    assert other.find("loud text") == ()
    assert other.shelf.find_behaving(other.shelf.task_of_examples(["f('a') == 'A'"])).tried == 0
    assert other.library_problems() == ()
    assert other.shelf.import_(bundle).artifacts[0].outcome == "proven", "the next time goes on"
    assert len(other.find("loud text")) == 1


def test_evidence_of_others_is_no_evidence_here(bundle: Path, other: Lamarck) -> None:
    """Right in form, with an accepted verdict, and wrong."""
    from lamarck.records import make_candidate

    def wrong(artifact: Artifact) -> Artifact:
        files = tuple(f.replace(text=f.text.replace("upper", "lower")) for f in artifact.candidate.files)
        candidate = make_candidate(
            files=files, entry_point=artifact.candidate.entry_point, origin=artifact.candidate.origin
        )
        return artifact.replace(id=candidate.id, candidate=candidate)

    (done,) = other.shelf.import_(changed(bundle, wrong)).artifacts
    assert done.outcome == "quarantined"
    assert other.find("loud text") == ()
    assert other.show(done.artifact_id).status is ArtifactStatus.QUARANTINED
    assert other.show(done.artifact_id).verdict.decision == "rejected", "the evidence is ours now"


def test_every_change_of_a_bundle_is_seen(bundle: Path, other: Lamarck) -> None:
    whole = bundle.read_text()
    head, line, _ = whole.split("\n")
    code = json.loads(line)["id"]
    changes = {
        "the code": whole.replace("text.upper()", "text.lower()"),
        "the verdict": whole.replace('"outcome":"passed"', '"outcome":"failed"'),
        "an artifact less": head + "\n",
        "an artifact more": whole + line + "\n",
        "cut off": whole[: len(head) + 200],
        "another id": whole.replace(code, "0" * 64),
        "nothing": "",
        "no bundle": "hello\n" + line,
    }
    for what, text in changes.items():
        bundle.write_text(text)
        with pytest.raises(BadInput, match=r"was changed after it was made|is no bundle"):
            other.shelf.import_(bundle)
        assert other.stats()["artifacts_live"] == 0, what
    bundle.write_text(whole.replace('"format":1', '"format":2'))
    with pytest.raises(BadInput, match="later version"):
        other.shelf.import_(bundle)
    assert list(other.artifacts()) == []


@pytest.mark.parametrize("licence", ["GPL", "unknown"])
def test_what_not_everybody_may_use_goes_neither_out_nor_in(
    lamarck: Lamarck, bundle: Path, other: Lamarck, tmp_path: Path, licence: str
) -> None:
    assert (
        other.shelf.import_(changed(bundle, lambda a: a.replace(provenance=Provenance(source="x==1", licence=licence))))
        .artifacts[0]
        .outcome
        == "barred"
    )
    assert list(other.artifacts()) == []
    (done,) = other.shelf.import_(bundle, licences=[licence]).artifacts
    assert done.outcome == "proven"
    assert other.find("loud text") == (), "kept, and not served"
    assert len(other.find("loud text", filter=Filter(licences=(licence,)))) == 1
    again = tmp_path / "again.jsonl"
    with pytest.raises(BadInput, match="nothing to export"):
        other.shelf.export("loud text", again)
    with pytest.raises(BadInput, match=f"under the licence {licence}"):
        other.shelf.export(None, again, ids=[done.artifact_id])
    assert not again.exists()
    other.shelf.export("loud text", again, licences=[licence])
    assert read_bundle(again).manifest.entries[0].licence == licence


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="no ssh-keygen here")
def test_a_signature_says_who_and_is_of_this_bundle(
    lamarck: Lamarck, bundle: Path, other: Lamarck, tmp_path: Path
) -> None:
    for name in ("ada", "eve"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    lamarck.shelf.export("loud text", bundle, licence="MIT", key=tmp_path / "ada")
    signers, strangers = tmp_path / "signers", tmp_path / "strangers"
    signers.write_text(f"ada@example.org {(tmp_path / 'ada.pub').read_text()}")
    strangers.write_text(f"eve@example.org {(tmp_path / 'eve.pub').read_text()}")
    unknown = other.shelf.import_(bundle, proving=False)
    assert unknown.signer.startswith("ED25519 SHA256:")
    assert not unknown.signer_known
    with pytest.raises(BadInput, match="does not name"):
        other.shelf.import_(bundle, signers=strangers)
    known = other.shelf.import_(bundle, signers=signers)
    assert known.signer.startswith("ada@example.org (")
    assert known.signer_known
    signature = bundle.with_name(bundle.name + ".sig")
    kept = signature.read_bytes()
    changed(bundle, lambda a: a)
    assert not signature.exists(), "a signature of what stood there before goes"
    with pytest.raises(BadInput, match="is not signed"):
        other.shelf.import_(bundle, signers=signers)
    signature.write_bytes(kept)
    with pytest.raises(BadInput, match="its signature is not of this manifest"):
        other.shelf.import_(bundle)
    with pytest.raises(BadInput, match="does not sign"):
        lamarck.shelf.export("loud text", bundle, key=tmp_path / "nobody")
