"""Functions that people wrote, as artifacts of a large library: harvested as text, nothing of them is run.

They are no proven code and no library is offered with them: they make a library as large and as varied as one of many
years. Harvest and embeddings lie in a folder of the cache and are continued where they ended.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lamarck.library.embedding import Embedder
from lamarck.library.harvest import Collection, Harvested, collection, functions_of, installed
from lamarck.records import (
    Artifact,
    CheckOutcome,
    Decision,
    Evidence,
    Origin,
    Provenance,
    SourceFile,
    Trust,
    Verdict,
    make_candidate,
    make_task,
)
from lamarck.settings import cache_dir

Say = Callable[[str], None]
_KEY = 16  # bytes of a text's hash
_TELLING = 5  # words
_BATCH = 64  # texts embedded between two writes
_TOLD_EVERY = 10.0  # seconds


class Corpus:
    """At least `wanted` functions, where the sources hold so many; `functions` in an order that is always the same.

    data: a folder of further sources, such as unpacked repositories and wheels, beside the standard library and what is
    installed.
    """

    def __init__(self, wanted: int, *, data: Path | None = None, folder: Path | None = None) -> None:
        self.wanted = wanted
        self.data = data
        self.folder = folder or cache_dir() / "bench" / "corpus"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._functions = self.folder / "functions.jsonl"
        self._done = self.folder / "done.json"

    def build(self, say: Say) -> int:
        """Harvest what is missing; how many there are."""
        done: list[str] = json.loads(self._done.read_text()) if self._done.exists() else []
        count, seen = self._known(len(done) > 0)
        told = time.monotonic()
        for found in self._collections():
            if count >= self.wanted:
                break
            if found.name in done:
                continue
            fresh = []
            for function in functions_of(found):
                digest = hashlib.sha256(f"{function.doc}\0{function.source}".encode(errors="replace")).digest()[:12]
                if digest not in seen:
                    seen.add(digest)
                    fresh.append(function)
            with self._functions.open("a", encoding="utf-8") as file:
                file.writelines(f.to_json() + "\n" for f in fresh)
            done.append(found.name)
            self._done.write_text(json.dumps(done))
            count += len(fresh)
            if time.monotonic() - told > _TOLD_EVERY:
                told = time.monotonic()
                say(f"{count:,} of {self.wanted:,} functions harvested, last of {found.name}")
        return min(count, self.wanted)

    def _known(self, begun: bool) -> tuple[int, set[bytes]]:
        """How many functions stand in the file, and what they are; a line that a killed process cut off is dropped."""
        if not begun:
            self._functions.unlink(missing_ok=True)
            return 0, set()
        whole = self._functions.read_bytes()
        if not whole.endswith(b"\n"):
            whole = whole[: whole.rfind(b"\n") + 1]
            self._functions.write_bytes(whole)
        seen: set[bytes] = set()
        for line in whole.splitlines():
            function = Harvested.from_json(line)
            seen.add(hashlib.sha256(f"{function.doc}\0{function.source}".encode(errors="replace")).digest()[:12])
        return len(seen), seen

    def _collections(self) -> Iterator[Collection]:
        yield from installed()
        if self.data is not None:
            for entry in sorted(self.data.iterdir()):
                if entry.is_dir() or entry.suffix == ".whl":
                    yield collection(str(entry))

    def functions(self) -> Iterator[Harvested]:
        with self._functions.open(encoding="utf-8") as file:
            for number, line in enumerate(file):
                if number >= self.wanted:
                    return
                yield Harvested.from_json(line)

    def artifacts(self) -> Iterator[Artifact]:
        for number, function in enumerate(self.functions()):
            yield as_artifact(function, number)


class Embedded:
    """Vectors of texts that were embedded before, in a file that only grows; a killed process loses a batch at most."""

    def __init__(self, embedder: Embedder, folder: Path | None = None) -> None:
        self._embedder = embedder
        folder = folder or cache_dir() / "bench"
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"vectors-{embedder.digest[:12]}.bin"
        self._size = _KEY + embedder.dimension * 4
        self._known: dict[bytes, bytes] = {}
        if self._path.exists():
            content = self._path.read_bytes()
            for begin in range(0, len(content) - self._size + 1, self._size):
                self._known[content[begin : begin + _KEY]] = content[begin + _KEY : begin + self._size]

    def get(self, text: str) -> bytes | None:
        return self._known.get(_key(text))

    def embed(self, texts: Sequence[str], say: Say = lambda _: None) -> list[bytes]:
        """One vector a text, in order; those that are not known are made, with the time that is left."""
        missing = list(dict.fromkeys(text for text in texts if _key(text) not in self._known))
        began, told = time.monotonic(), time.monotonic()
        with self._path.open("ab") as file:
            file.truncate(len(self._known) * self._size)
            for begin in range(0, len(missing), _BATCH):
                batch = missing[begin : begin + _BATCH]
                for text, vector in zip(batch, self._embedder.embed(batch), strict=True):
                    self._known[_key(text)] = vector
                    file.write(_key(text) + vector)
                file.flush()
                if time.monotonic() - told > _TOLD_EVERY:
                    told, done = time.monotonic(), begin + len(batch)
                    left = (told - began) * (len(missing) - done) / done
                    say(f"{done:,} of {len(missing):,} texts embedded, about {left / 60:.0f} min left")
        return [self._known[_key(text)] for text in texts]


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="replace")).digest()[:_KEY]


def as_artifact(function: Harvested, number: int) -> Artifact:
    """As it would lie in a library. Its evidence says that nothing was run."""
    task = make_task(
        goal=function.goal,
        module="solution",
        entry_point=function.name,
        signature=function.signature,
        tags=(function.package.partition("==")[0],),
    )
    candidate = make_candidate(
        files=(SourceFile(path="solution.py", text=function.source),),
        entry_point=function.name,
        origin=Origin(generator="harvest"),
    )
    evidence = Evidence(
        check="tests",
        check_version="0",
        candidate_id=candidate.id,
        outcome=CheckOutcome.SKIPPED,
        trust=Trust.GIVEN,
        log="harvested as text to make a large library; not run",
    )
    return Artifact(
        id=candidate.id,
        kind="function",
        task=task,
        candidate=candidate,
        verdict=Verdict(decision=Decision.PENDING, evidence=(evidence,), reasons=("never run",)),
        created=f"2026-01-01T00:00:{number / 1e5:09.6f}+00:00",
        provenance=Provenance(source=function.package, licence=function.licence, place=function.place),
    )


def unlike(vectors: Any, count: int, seed: int) -> Any:
    """`count` further unit vectors, each between two real ones and a little beside them: as crowded as the real ones,
    where embedding all of a corpus would take too long."""
    import numpy as np

    dice = np.random.default_rng(seed)
    one, other = dice.integers(len(vectors), size=(2, count))
    share = dice.uniform(0.2, 0.8, size=(count, 1)).astype(np.float32)
    noise = dice.standard_normal((count, vectors.shape[1])).astype(np.float32) * np.float32(0.02)
    mixed = vectors[one] * share + vectors[other] * (1 - share) + noise
    return (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype("<f4")


def quantiles(seconds: Sequence[tuple[float, float]]) -> dict[str, float]:
    """p50, p95 and the largest of (wall clock, CPU time), and the median of the latter, in milliseconds."""
    ordered = sorted(wall for wall, _ in seconds)
    return {
        "p50": 1000 * ordered[len(ordered) // 2],
        "p95": 1000 * ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))],
        "most": 1000 * ordered[-1],
        "cpu": 1000 * sorted(cpu for _, cpu in seconds)[len(seconds) // 2],
    }


def distractors(source: Corpus, count: int) -> list[Artifact]:
    """`count` functions that say in at least five words what they do, drawn by the hash of where they stand: always the
    same ones, of all packages."""
    drawn = [
        (hashlib.sha256(f"{function.package}::{function.place}".encode()).digest(), function)
        for function in source.functions()
        if len(function.goal.split()) >= _TELLING and not function.name.startswith("__")
    ]
    drawn.sort(key=lambda pair: pair[0])
    return [as_artifact(function, number) for number, (_, function) in enumerate(drawn[:count])]
