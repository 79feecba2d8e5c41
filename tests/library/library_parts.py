"""What the tests of the library build their artifacts, runs and vectors with."""

from __future__ import annotations

import hashlib
import math
import random
import struct
from collections.abc import Sequence
from pathlib import Path

from lamarck.errors import ModelUnavailable
from lamarck.library.index_entry import split_words
from lamarck.library.sqlite import SqliteLibrary
from lamarck.records import (
    Artifact,
    ArtifactStatus,
    Attempt,
    CheckOutcome,
    Decision,
    Evidence,
    Origin,
    Run,
    SourceFile,
    Spend,
    Verdict,
    make_candidate,
    make_task,
    now,
)


def noise(characters: int) -> str:
    """Text that does not get much smaller by compressing it."""
    return random.Random(characters).randbytes(characters // 2).hex()


class HashingEmbedder:
    """Words hashed into 256 places: equal words, equal vectors. `synonyms` makes two words one."""

    name = "hashing"
    dimension = 256
    floor = -1.0  # hashed words say nothing about unrelated texts

    def __init__(self, digest: str = "h1", synonyms: dict[str, str] | None = None) -> None:
        self.digest = digest
        self.synonyms = synonyms or {}
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        self.embedded += texts
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> bytes:
        places = [0.0] * self.dimension
        for word in split_words(text) or [""]:
            digest = hashlib.sha256(self.synonyms.get(word, word).encode()).digest()
            places[digest[0]] += 1.0 if digest[1] % 2 else -1.0
        length = math.sqrt(sum(p * p for p in places))
        if length == 0:
            places, length = [1.0] * self.dimension, math.sqrt(self.dimension)
        return struct.pack(f"<{self.dimension}f", *(p / length for p in places))


class BrokenEmbedder(HashingEmbedder):
    """Its weights went away."""

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        raise ModelUnavailable("the weights are gone", "pull them again")


def an_artifact(
    goal: str = "Count the vowels in a text",
    code: str = "def count_vowels(text: str) -> int:\n    return sum(c in 'aeiou' for c in text)\n",
    entry_point: str | None = "count_vowels",
    *,
    created: str | None = None,
    log: str = "",
    status: ArtifactStatus = ArtifactStatus.LIVE,
    lineage: tuple[str, ...] = (),
    signature: str | None = None,
) -> Artifact:
    task = make_task(goal=goal, module="solution", entry_point=entry_point, signature=signature)
    candidate = make_candidate(
        files=(SourceFile(path="solution.py", text=code),), entry_point=entry_point, origin=Origin(generator="user")
    )
    return Artifact(
        id=candidate.id,
        kind="function",
        task=task,
        candidate=candidate,
        verdict=a_verdict(candidate.id, log=log),
        created=created or now(),
        cost=Spend(calls=1, prompt_tokens=100, completion_tokens=20, seconds=1.5),
        lineage=lineage,
        status=status,
    )


def a_verdict(candidate_id: str, *, decision: Decision = Decision.ACCEPTED, log: str = "") -> Verdict:
    evidence = Evidence(
        check="tests",
        check_version="1",
        candidate_id=candidate_id,
        outcome=CheckOutcome.PASSED,
        measurements={"tests": 3.0},
        log=log,
        replay_command="lamarck verify",
    )
    return Verdict(decision=decision, evidence=(evidence,), reasons=("every given test passed",))


def a_run(id_: str, *, kind: str = "solve", started: str | None = None) -> Run:
    task = make_task(goal="Count the vowels in a text", module="solution")
    return Run(id=id_, kind=kind, task=task, started=started or now())


def an_attempt(number: int, *, generator: str = "model", decision: Decision = Decision.ACCEPTED) -> Attempt:
    artifact = an_artifact(code=f"def count_vowels(text: str) -> int:\n    return {number}\n")
    return Attempt(
        number=number,
        generator=generator,
        candidate=artifact.candidate,
        verdict=a_verdict(artifact.id, decision=decision),
        reply="```python\n…```",
        spend=Spend(calls=1, prompt_tokens=10, completion_tokens=5, seconds=0.5),
    )


def numbered(path: Path, count: int, *, embedder: HashingEmbedder | None = None) -> SqliteLibrary:
    """A library of `count` artifacts, each with a word of its own."""
    library = SqliteLibrary(path, embedder=embedder)
    for number in range(count):
        library.save(
            an_artifact(f"Topic{number:04d} of things", f"def f{number}(x):\n    return {number}\n", f"f{number}")
        )
    return library
