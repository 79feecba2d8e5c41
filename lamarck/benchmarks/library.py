"""The embedded library at size: open, search, filtered search, insert, and whether the fast search finds what a full
comparison finds."""

from __future__ import annotations

import importlib.util
import random
import time
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamarck.benchmarks.corpus import Corpus, Embedded, as_artifact, quantiles, unlike
from lamarck.benchmarks.machine import Machine, this_machine
from lamarck.errors import BadInput
from lamarck.library.embedding import Embedder, MiniLmEmbedder
from lamarck.library.filters import Filter
from lamarck.library.index_entry import index_entry
from lamarck.library.numbers import one_thread
from lamarck.library.place import Server, place_of
from lamarck.library.sqlite import SqliteLibrary
from lamarck.library.vectors import sidecar_path
from lamarck.models.weights import weights_path
from lamarck.records import Artifact, Record
from lamarck.temporary import temporary_folder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from lamarck.library.postgres.library import PostgresLibrary

    AnyLibrary = SqliteLibrary | PostgresLibrary

Say = Callable[[str], None]
_BATCH = 1000
_QUERIES = 200
_OPENS = 20
_LIMIT = 10
_DEPTH = 50  # neighbours that are compared with those of a full comparison
_TENTH = "a tenth"
_FILTERED = Filter(tags=(_TENTH,), licences=None)


class ServerFigures(Record, frozen=True, kw_only=True):
    """The same library moved to a server. milliseconds: as in `LibraryFigures`; cpu is of this process alone.
    moved_a_second: artifacts with their vectors, compared afterwards."""

    milliseconds: Mapping[str, Mapping[str, float]]
    moved_a_second: float
    recall: float | None
    recall_filtered: float | None
    problems: tuple[str, ...]


class LibraryFigures(Record, frozen=True, kw_only=True):
    """milliseconds: what → p50, p95 and most of the wall clock, and cpu, the median of CPU time, which says on a busy
    machine what an idle one would take. recall: of the `_DEPTH` nearest of a full comparison in float32. real: how
    many vectors are those of the texts; the others lie between two of these."""

    machine: Machine
    artifacts: int
    vectors: int
    real: int
    milliseconds: Mapping[str, Mapping[str, float]]
    inserts_a_second: float
    recall: float | None
    recall_filtered: float | None
    file_mb: float
    sidecar_mb: float
    problems: tuple[str, ...]
    server: ServerFigures | None = None


def measure_library(
    artifacts: int,
    *,
    data: Path | None,
    seed: int,
    embed: int,
    say: Say,
    corpus: Path | None = None,
    server: str | None = None,
) -> LibraryFigures:
    """Fill a library in a temporary folder and measure it. embed: how many texts to embed that were not before. server:
    URL of a database without a library; this one is moved there and measured again.

    Raises `BadInput` when the sources hold fewer functions, or the database holds something else.
    """
    one_thread()
    place = None if server is None else place_of(server)
    if isinstance(place, Path):
        raise BadInput(f"{server} is no server", "name one as postgresql://user@host:port/database")
    source = Corpus(artifacts, data=data, folder=corpus)
    if (found := source.build(say)) < artifacts:
        raise BadInput(
            f"the standard library and what is installed hold {found:,} functions with docstrings, not {artifacts:,}",
            "name a folder of further sources or wheels with --data, or ask for fewer with --artifacts",
        )
    embedder = open_embedder()
    vectors, real = _vectors(source, artifacts, embedder, embed, seed, say) if embedder else (None, 0)
    with temporary_folder("bench") as folder:
        return _Measuring(Path(folder) / "library.sqlite", source, vectors, embedder, seed, say).all(real, place)


def open_embedder() -> Embedder | None:
    """The embedder of this machine, where its weights and engine are."""
    weights = weights_path("all-minilm-l6-v2-int8")
    engine = all(importlib.util.find_spec(m) for m in ("numpy", "onnxruntime", "tokenizers"))
    return MiniLmEmbedder(weights) if engine and weights.is_file() else None


def _vectors(source: Corpus, wanted: int, embedder: Embedder, embed: int, seed: int, say: Say) -> tuple[Any, int]:
    import numpy as np

    cache = Embedded(embedder)
    texts = [index_entry(as_artifact(f, n)).meaning for n, f in enumerate(source.functions())]
    missing = [n for n, text in enumerate(texts) if cache.get(text) is None]
    dice = random.Random(seed)  # noqa: S311 - a sample
    if chosen := dice.sample(missing, min(embed, len(missing))):
        cache.embed([texts[n] for n in chosen], say)
    known = {n: vector for n, text in enumerate(texts) if (vector := cache.get(text)) is not None}
    if not known:
        return None, 0
    real = np.frombuffer(b"".join(known.values()), dtype="<f4").reshape(len(known), embedder.dimension)
    matrix = unlike(real, wanted, seed)
    matrix[list(known)] = real
    return matrix, len(known)


class _Measuring:
    def __init__(
        self, path: Path, source: Corpus, vectors: Any, embedder: Embedder | None, seed: int, say: Say
    ) -> None:
        self._path = path
        self._source = source
        self._vectors: npt.NDArray[np.float32] | None = vectors
        self._embedder = embedder if vectors is not None else None
        self._dice = random.Random(seed)  # noqa: S311 - a sample
        self._say = say
        self._told = 0.0

    def all(self, real: int, server: Server | None) -> LibraryFigures:
        inserts = self._fill()
        ids = {artifact.id: n for n, artifact in enumerate(self._source.artifacts())}  # of equal code, the last
        self._kept = sorted(ids.values())
        queries, self._others = self._queries(), self._queries()
        milliseconds: dict[str, dict[str, float]] = {}
        with self._open() as library:
            milliseconds["first search, no sidecar"] = quantiles([self._timed(library, queries[0])])
        milliseconds["open"] = quantiles([self._opened() for _ in range(_OPENS)])
        with self._open() as library:
            milliseconds["first search"] = quantiles([self._timed(library, queries[0])])
            milliseconds |= self._searched(library, queries)
            recall, recall_filtered = self._recalls(library, queries)
            problems = library.problems()
            figures = library.stats()
        beside = sidecar_path(self._path)
        return LibraryFigures(
            machine=this_machine(),
            artifacts=int(figures["artifacts_live"]),
            vectors=int(figures["artifacts_with_vector"]),
            real=real,
            milliseconds=milliseconds,
            inserts_a_second=inserts,
            recall=recall,
            recall_filtered=recall_filtered,
            file_mb=self._path.stat().st_size / 1e6,
            sidecar_mb=beside.stat().st_size / 1e6 if beside.exists() else 0.0,
            problems=problems,
            server=None if server is None else self._on_server(server, queries),
        )

    def _on_server(self, server: Server, queries: list[tuple[str, bytes | None]]) -> ServerFigures:
        from lamarck.library.moving import move
        from lamarck.library.postgres.library import PostgresLibrary

        with PostgresLibrary(server, statement_seconds=600, embedder=self._embedder) as library, self._open() as source:
            wanted = source.stats()["artifacts_live"]
            if there := library.stats()["artifacts_live"]:
                raise BadInput(f"{server.name} holds {there:,.0f} artifacts already", "name an empty database")
            began = time.perf_counter()
            move(source, library, self._moved)
            moved = wanted / (time.perf_counter() - began)
            milliseconds = self._searched(library, queries)
            recall, recall_filtered = self._recalls(library, queries)
            return ServerFigures(
                milliseconds=milliseconds,
                moved_a_second=moved,
                recall=recall,
                recall_filtered=recall_filtered,
                problems=library.problems(),
            )

    def _moved(self, what: str, done: int, of: int) -> None:
        if time.monotonic() - self._told > 10 or done == of:
            self._told = time.monotonic()
            self._say(f"{what}: {done:,} of {of:,}")

    def _searched(self, library: AnyLibrary, queries: list[tuple[str, bytes | None]]) -> dict[str, dict[str, float]]:
        """Each way of searching, after as many searches of its kind for something else, as in a process that lives."""
        ways: dict[str, tuple[bool, bool, Filter | None]] = {
            "search": (True, True, None),
            "search with a filter to 10%": (True, True, _FILTERED),
            "search by words alone": (True, False, None),
        }
        if self._vectors is not None:
            ways["search by meaning alone"] = (False, True, None)
            ways["search by meaning with that filter"] = (False, True, _FILTERED)
        milliseconds = {}
        for way, (by_words, by_meaning, filter) in ways.items():
            for asked in (self._others, queries):
                each = [(text if by_words else "", vector if by_meaning else None) for text, vector in asked]
                milliseconds[way] = quantiles([self._timed(library, q, filter) for q in each])
        return milliseconds

    def _recalls(
        self, library: AnyLibrary, queries: list[tuple[str, bytes | None]]
    ) -> tuple[float | None, float | None]:
        if self._vectors is None:
            return None, None
        self._say("comparing with a full comparison")
        return self._recall(library, queries, None), self._recall(library, queries, _FILTERED)

    def _open(self) -> SqliteLibrary:
        return SqliteLibrary(self._path, embedder=self._embedder)

    def _opened(self) -> tuple[float, float]:
        began, cpu = time.perf_counter(), time.process_time()
        library = self._open()
        taken = time.perf_counter() - began, time.process_time() - cpu
        library.close()
        return taken

    def _fill(self) -> float:
        """Inserts a second, of the time in the library alone: making the artifacts is not counted."""
        inside, told, count = 0.0, 0.0, 0
        numbered = enumerate(self._source.functions())
        with self._open() as library:
            while batch := [self._with_tags(as_artifact(f, n), n) for n, f in islice(numbered, _BATCH)]:
                several = [
                    (artifact, None if self._vectors is None else self._vectors[count + n].tobytes())
                    for n, artifact in enumerate(batch)
                ]
                began = time.perf_counter()
                library.save_many(several)
                inside += time.perf_counter() - began
                count += len(batch)
                if time.monotonic() - told > 10:
                    told = time.monotonic()
                    self._say(f"{count:,} of {self._source.wanted:,} inserted, {count / inside:,.0f} a second")
        return count / inside

    @staticmethod
    def _with_tags(artifact: Artifact, number: int) -> Artifact:
        if number % 10:
            return artifact
        return artifact.replace(task=artifact.task.replace(tags=(*artifact.task.tags, _TENTH)))

    def _queries(self) -> list[tuple[str, bytes | None]]:
        """Beginnings of what functions say of themselves, with the vector of that function a little turned."""
        chosen = sorted(self._dice.sample(range(self._source.wanted), min(_QUERIES, self._source.wanted)))
        texts = {n: f.goal for n, f in enumerate(self._source.functions()) if n in set(chosen)}
        queries: list[tuple[str, bytes | None]] = []
        for number in chosen:
            words = texts[number].split()[:12]
            queries.append((" ".join(words), self._near(number)))
        return queries

    def _near(self, number: int) -> bytes | None:
        if self._vectors is None:
            return None
        import numpy as np

        dice: Any = np.random.default_rng(number)
        noise = dice.standard_normal(self._vectors.shape[1]).astype(np.float32)
        row: Any = self._vectors[number]
        turned: Any = row + noise * np.float32(0.03)
        return bytes((turned / np.linalg.norm(turned)).astype("<f4").tobytes())

    @staticmethod
    def _timed(
        library: AnyLibrary, query: tuple[str, bytes | None], filter: Filter | None = None
    ) -> tuple[float, float]:
        began, cpu = time.perf_counter(), time.process_time()
        library.find_near(*query, limit=_LIMIT, filter=filter or Filter(licences=None))
        return time.perf_counter() - began, time.process_time() - cpu

    def _recall(self, library: AnyLibrary, queries: list[tuple[str, bytes | None]], wanted: Filter | None) -> float:
        """Share of the `_DEPTH` best cosines of a full comparison in float32 that the search found, ties apart."""
        import numpy as np

        assert self._vectors is not None
        matrix = self._vectors[self._kept] if wanted is None else self._vectors[[n for n in self._kept if not n % 10]]
        found = of = 0
        for _, vector in queries:
            assert vector is not None
            everything = matrix @ np.frombuffer(vector, dtype="<f4")
            enough = np.sort(everything)[-_DEPTH]
            near = library.nearest(vector, _DEPTH, wanted or Filter(licences=None))
            found += sum(cosine >= enough - 1e-6 for _, cosine in near)
            of += _DEPTH
        return float(found / of)


def library_text(figures: LibraryFigures) -> str:
    lines = [
        f"{figures.artifacts:,} artifacts, {figures.vectors:,} vectors ({figures.real:,} of their texts, the others"
        " between two of these)",
        figures.machine.line(),
        "",
        *_table(figures.milliseconds),
        "",
        f"inserts a second, in batches of {_BATCH:,}: {figures.inserts_a_second:,.0f}",
        *_recall_lines(figures.recall, figures.recall_filtered),
        f"library file: {figures.file_mb:.0f} MB; sidecar, which can be deleted: {figures.sidecar_mb:.0f} MB",
        "problems: " + ("; ".join(figures.problems) or "none"),
    ]
    if (server := figures.server) is not None:
        lines += ["", "on the server", *_table(server.milliseconds), ""]
        lines.append(f"moved there, compared afterwards: {server.moved_a_second:,.0f} a second")
        lines += _recall_lines(server.recall, server.recall_filtered)
        lines.append("problems: " + ("; ".join(server.problems) or "none"))
    return "\n".join(lines)


def _table(milliseconds: Mapping[str, Mapping[str, float]]) -> list[str]:
    return [f"{'milliseconds':36} {'p50':>8} {'p95':>8} {'most':>8} {'CPU p50':>8}"] + [
        f"{what:36} {values['p50']:8.1f} {values['p95']:8.1f} {values['most']:8.1f} {values['cpu']:8.1f}"
        for what, values in milliseconds.items()
    ]


def _recall_lines(recall: float | None, filtered: float | None) -> list[str]:
    if recall is None:
        return []
    return [
        f"recall of the {_DEPTH} nearest against a full comparison: {recall:.4f}",
        f"the same with a filter to 10%: {filtered:.4f}",
    ]
