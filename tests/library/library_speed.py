"""How long opening, saving and finding take, by the size of the library.

    python tests/library/library_speed.py --artifacts 1000 10000

Artifacts have goals of a dozen words out of 2,000 and 4 kB of evidence; vectors are 384 random floats. Prints one
JSON line for every size, with and without vectors: medians in milliseconds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from library_parts import an_artifact

from lamarck.library.sqlite import SqliteLibrary

WORDS = [
    f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("n", "r", "st", "lm", "nd", "x", "ck", "mp")
] * 5
REPEATS = 30


class RandomEmbedder:
    """Unit vectors of chance, the same for the same text; costs next to nothing, so that the library is measured."""

    name, digest, dimension, floor = "random", "r1", 384, -1.0

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        import numpy as np

        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") for text in texts]
        raw = [np.random.default_rng(seed).standard_normal(self.dimension) for seed in seeds]
        return [(r / np.linalg.norm(r)).astype("<f4").tobytes() for r in raw]


def measure(folder: Path, artifacts: int, *, vectors: bool) -> dict[str, float | int | bool]:
    embedder = RandomEmbedder() if vectors else None
    path = folder / f"{artifacts}{'v' if vectors else 'w'}.sqlite"
    chance = random.Random(artifacts)
    with SqliteLibrary(path, embedder=embedder) as library:
        for number in range(artifacts):
            _save(library, chance, number)
        saves = _milliseconds(lambda n: _save(library, chance, artifacts + n))
        finds = _milliseconds(lambda n: library.find(_words(chance, 8), limit=5, signature="def f(x: int) -> int"))
        again = SqliteLibrary(path, embedder=embedder)
        begin = time.perf_counter()
        again.find(_words(chance, 8), limit=5)
        first = (time.perf_counter() - begin) * 1000
        again.close()
        fresh = _milliseconds(lambda n: (_save(library, chance, -n - 1), library.find(_words(chance, 8), limit=5)))
    opens = _milliseconds(lambda n: SqliteLibrary(path, embedder=embedder).close())
    return {
        "artifacts": artifacts,
        "vectors": vectors,
        "open_ms": opens,
        "save_ms": saves,
        "find_ms": finds,
        "first_find_ms": round(first, 2),
        "save_then_find_ms": fresh,
        "megabytes": round(path.stat().st_size / 1e6, 1),
    }


def _save(library: SqliteLibrary, chance: random.Random, number: int) -> None:
    name = "_".join(_words(chance, 2).split()) + str(abs(number))
    code = f"def {name}(x: int) -> int:\n    return {number}\n"
    library.save(an_artifact(_words(chance, 12), code, name, log="evidence " * 450))


def _words(chance: random.Random, count: int) -> str:
    return " ".join(f"{chance.choice(WORDS)}{chance.choice('abcd')}" for _ in range(count))


def _milliseconds(work: Callable[[int], object]) -> float:
    taken = []
    for number in range(REPEATS):
        begin = time.perf_counter()
        work(number)
        taken.append((time.perf_counter() - begin) * 1000)
    return round(statistics.median(taken), 2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--artifacts", type=int, nargs="+", default=[1000, 10_000])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for artifacts in arguments.artifacts:
            for vectors in (False, True):
                print(json.dumps(measure(Path(folder), artifacts, vectors=vectors)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
