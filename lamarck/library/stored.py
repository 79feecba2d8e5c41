"""What a library does whatever database holds it: one transaction a call, embedding outside of it, uses in batches."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import Self

from lamarck.errors import BadInput, ModelUnavailable
from lamarck.library import artifacts, runs, uses
from lamarck.library.connection import Connection, SearchIndex, Transactions
from lamarck.library.embedding import Embedder, embedded, of_length
from lamarck.library.figures import measure
from lamarck.library.filters import Filter, condition
from lamarck.library.identity import row_of
from lamarck.library.index_entry import IndexEntry, index_entry
from lamarck.library.library import Hit, Ranking
from lamarck.library.recognition import Recognition
from lamarck.library.rewording import request_vector
from lamarck.library.search import Found, Request, request_terms
from lamarck.library.signature import shape_of
from lamarck.library.tidying import KEEPING, Keeping, Tidied, drop_stale
from lamarck.library.uses import Use, Whereabouts
from lamarck.library.versions import Version
from lamarck.records import Artifact, ArtifactStatus, Attempt, ExitReason, Run, Spend, Task, Verdict, now

_MOST_NOTED = 256  # uses kept in memory
_BATCH = 32  # artifacts embedded between two commits of `embed_missing`
_PUT_BUNDLE = (
    "INSERT INTO bundles (bundle, artifact, direction, place, signer, at) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (bundle, artifact, direction) DO UPDATE SET"
    " place = excluded.place, signer = excluded.signer, at = excluded.at"
)
_PUT_VERDICT = (
    "INSERT INTO verdicts (key, stored, record) VALUES (?, ?, ?)"
    " ON CONFLICT (key) DO UPDATE SET stored = excluded.stored, record = excluded.record"
)


class StoredLibrary(ABC):
    """`Library` over the transactions and the search index of one database."""

    def __init__(
        self, transactions: Transactions, index: SearchIndex, *, embedder: Embedder | None, recognised: int
    ) -> None:
        self._transactions = transactions
        self._index = index
        self._embedder = embedder
        self._recognition = Recognition(recognised)
        self._noted: list[Use] = []
        self._asked: tuple[str, bytes] | None = None  # the last request that was embedded, and its vector
        self._noting = threading.Lock()

    @property
    def transactions(self) -> Transactions:
        return self._transactions

    @property
    def index(self) -> SearchIndex:
        return self._index

    @abstractmethod
    def _search(self, connection: Connection, request: Request) -> list[Found]:
        """At most `request.limit`, best first, with their reasons."""

    def filling(self) -> AbstractContextManager[None]:
        """While much comes in at once; what is quicker made whole at the end is left out until then."""
        return nullcontext()

    def tidy(
        self,
        keeping: Keeping = KEEPING,
        *,
        trial: bool = False,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Tidied:
        """Drop what can be made again and is old, embed what has no vector, give free space back; or, as a trial, only
        say what would go."""
        with self._transactions.read() as connection:
            before = after = self._bytes(connection)
            dropped = drop_stale(connection, keeping, trial=True)
        embedded = 0
        if not trial:
            with self._write() as connection:
                dropped = drop_stale(connection, keeping)
            embedded = self.embed_missing(on_progress)
            self._give_back()
            with self._transactions.read() as connection:
                after = self._bytes(connection)
        return Tidied(
            embedded=embedded,
            verdicts=dropped.verdicts,
            attempts=dropped.attempts,
            requests=dropped.requests,
            characters=dropped.characters,
            bytes_before=before,
            bytes_after=after,
            is_trial=trial,
        )

    @abstractmethod
    def _give_back(self) -> None:
        """Free space, where the database does not do so by itself."""

    @abstractmethod
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the store, one line each."""

    @property
    def reads_only(self) -> bool:
        """Whether nothing can be stored, because this role may not."""
        return False

    @abstractmethod
    def _bytes(self, connection: Connection) -> int:
        """What it takes on the disk."""

    def close(self) -> None:
        """Raises as a write does when noted uses can't be written; the library is closed all the same."""
        try:
            self.write_uses()
        finally:
            self._transactions.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # artifacts

    def save(self, artifact: Artifact) -> None:
        """Keep an artifact with its full text and its vector, in one transaction.

        Saving the same id again updates task, verdict, lineage and status, never code, kind, age, cost or use. When the
        embedding model is unavailable the artifact is kept without a vector; `embed_missing` adds it later.
        """
        _refuse_other_id(artifact)
        entry = index_entry(artifact)
        vector = self._vector_for(artifact, entry)
        with self._write() as connection:
            artifacts.save_artifact(connection, self._index, artifact, entry, vector)

    def save_many(self, several: Sequence[tuple[Artifact, bytes | None]]) -> None:
        """Keep artifacts in one transaction, each with its vector of this embedder's model, where that is known; the
        others get theirs from `embed_missing`. As `save` otherwise."""
        entries = [index_entry(artifact) for artifact, _ in several]
        digest = self._embedder.digest if self._embedder else ""
        with self._write() as connection:
            for (artifact, vector), entry in zip(several, entries, strict=True):
                _refuse_other_id(artifact)
                known = (digest, vector) if vector is not None and digest else None
                artifacts.save_artifact(connection, self._index, artifact, entry, known)

    def find(
        self,
        text: str,
        *,
        limit: int = 10,
        signature: str | None = None,
        filter: Filter | None = None,
        by: Ranking = "both",
    ) -> tuple[Hit, ...]:
        """Artifacts for a request, best first, each with the reasons that people read.

        `signature` (as `def f(a: int) -> str`, `f(a)`, `(a) -> str` or `class C`) prefers those of the same shape; it
        excludes none. `filter` excludes; by default only what its licence bars. `by`: rank by words alone, by meaning
        alone, or by both. Raises `ModelUnavailable` and `ModelCorrupt` where the embedder does.
        """
        if limit <= 0:
            return ()
        text = text.encode(errors="replace").decode()  # arguments of a command line can hold bytes that are no text
        vector = None if by == "words" else self._vector_of_request(text)
        return self.find_near(text if by != "meaning" else "", vector, limit=limit, signature=signature, filter=filter)

    def find_near(
        self,
        text: str,
        vector: bytes | None,
        *,
        limit: int = 10,
        signature: str | None = None,
        filter: Filter | None = None,
    ) -> tuple[Hit, ...]:
        """As `find`, for a request whose vector (of `rewording.request_vector`) is known."""
        request = Request(
            terms=request_terms(text),
            limit=limit,
            vector=vector,
            floor=self._embedder.floor if self._embedder else 0.0,
            shape=shape_of(signature) if signature else None,
            filter=filter or Filter(),
        )
        with self._transactions.read() as connection:
            found = self._search(connection, request)
            known = artifacts.read_artifacts(connection, [f.seq for f in found])
        return tuple(
            Hit(artifact=known[f.seq], score=f.score, words=f.has, cosine=f.cosine, reasons=f.reasons) for f in found
        )

    def get(self, id_or_prefix: str) -> Artifact:
        """By its id or its first four or more characters. Raises `BadInput`."""
        with self._transactions.read() as connection:
            return artifacts.read_artifact(connection, row_of(connection, "artifact", id_or_prefix))

    def artifacts(self) -> Iterator[Artifact]:
        """All that are there now, oldest first, each as it is when its turn comes; other work may go on between."""
        with self._transactions.read() as connection:
            rows = artifacts.rows_by_age(connection)
        return self._each(rows)

    def _each(self, rows: list[int]) -> Iterator[Artifact]:
        for seq in rows:
            with self._transactions.read() as connection:
                artifact = artifacts.read_artifact(connection, seq)
            yield artifact

    def record_use(self, artifact_id: str, *, run_id: str = "", seconds: float = 0.0) -> None:
        with self._write() as connection:
            seq = row_of(connection, "artifact", artifact_id)
            use = Use(artifact_id=artifact_id, at=now(), run_id=run_id, seconds=seconds)
            uses.count_use(connection, seq, use)

    def note_use(self, artifact_id: str, *, accepted: bool, seconds: float, run_id: str = "") -> None:
        """As `record_use` for whoever can't wait for a disk: written with the next write, at the latest by `close`."""
        with self._noting:
            use = Use(artifact_id=artifact_id, at=now(), accepted=accepted, seconds=seconds, run_id=run_id)
            self._noted.append(use)
            full = len(self._noted) >= _MOST_NOTED
        if full:
            self.write_uses()

    def write_uses(self) -> None:
        """What was noted, in one transaction."""
        if self._noted:
            with self._write():
                pass

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """A write transaction that takes along what was noted; when it fails, it stays noted."""
        with self._noting:
            noted = tuple(self._noted)
        with self._transactions.write() as connection:
            uses.count_uses(connection, noted)
            yield connection
        with self._noting:
            del self._noted[: len(noted)]

    def recognise(self, task: Task) -> str | None:
        """The id of the artifact that served this request before, word for word or in other forms of its words."""
        with self._transactions.read() as connection:
            return self._recognition.artifact_for(connection, task)

    def learn(self, task: Task, artifact_id: str, *, seconds: float) -> None:
        """Remember which artifact served a request; seconds: what the run took that found it."""
        if not self._recognition.size:
            return
        with self._write() as connection:
            self._recognition.served(connection, task, artifact_id, seconds)

    def forget(self, task: Task | None = None) -> None:
        """One request, because what served it no longer does; or (None) all of them."""
        with self._write() as connection:
            if task is None:
                self._recognition.clear(connection)
            else:
                self._recognition.forget(connection, task)

    def record_bundle(
        self, bundle: str, artifact_ids: Sequence[str], *, direction: str, place: str, signer: str
    ) -> None:
        """Remember that artifacts went out or came in with a bundle (SHA-256 of its manifest)."""
        rows = [(bundle, id_, direction, place, signer, now()) for id_ in artifact_ids]
        with self._write() as connection:
            connection.executemany(_PUT_BUNDLE, rows)

    def where(self, id_or_prefix: str) -> Whereabouts:
        """Who descends from an artifact, which bundles hold it and which runs used it."""
        with self._transactions.read() as connection:
            return uses.whereabouts(connection, row_of(connection, "artifact", id_or_prefix))

    def matching(self, filter: Filter) -> tuple[str, ...]:
        """Ids of all that a filter lets through and searches find, most used first."""
        where, values = condition(filter)
        query = f"SELECT id FROM artifacts WHERE found AND {where} ORDER BY served DESC, seq"  # noqa: S608 - our own SQL
        with self._transactions.read() as connection:
            return tuple(id_ for (id_,) in connection.execute(query, values))

    def versions(self, id_or_prefix: str) -> tuple[Version, ...]:
        """All versions of the code for an artifact's task, oldest first."""
        with self._transactions.read() as connection:
            seq = row_of(connection, "artifact", id_or_prefix)
            (key,) = connection.execute("SELECT key FROM artifacts WHERE seq = ?", (seq,)).fetchone()
            return tuple(artifacts.versions_of(connection, key))

    def retire(self, artifact_id: str) -> None:
        """Keep it and its evidence, and find it no more. Saving it again as live brings it back."""
        with self._write() as connection:
            artifacts.retire_artifact(connection, self._index, row_of(connection, "artifact", artifact_id))

    def embed_missing(self, on_progress: Callable[[int, int], None] | None = None) -> int:
        """Give a vector to every live artifact that has none of this embedder's model; how many got one.

        Needed once after an embedder appears or its model changes. Committed batch by batch, so an interrupted call
        is continued by the next. `on_progress(done, total)` is called after each batch.
        """
        if self._embedder is None:
            return 0
        done = 0
        with self._transactions.read() as connection:
            total = artifacts.count_without_vector(connection, self._embedder.digest)
        while some := self.embed_some(_BATCH):
            done += some
            if on_progress:
                on_progress(done, total)
        return done

    def embed_some(self, most: int) -> int:
        """As `embed_missing`, of at most so many, in one transaction; 0 when none is left."""
        if self._embedder is None or self.reads_only:
            return 0
        digest = self._embedder.digest
        while True:
            with self._transactions.read() as connection:
                batch = artifacts.without_vector(connection, digest, most)
            if not batch:
                return 0
            vectors = embedded(self._embedder, [meaning for _, meaning in batch])
            made = [(seq, text, vector) for (seq, text), vector in zip(batch, vectors, strict=True)]
            with self._write() as connection:
                if added := artifacts.add_vectors(connection, self._index, digest, made):
                    return added

    def _vector_for(self, artifact: Artifact, entry: IndexEntry) -> tuple[str, bytes] | None:
        """Made before the write lock is taken, since embedding takes longer than everything else in a save."""
        if self._embedder is None or artifact.status is not ArtifactStatus.LIVE:
            return None
        digest = self._embedder.digest
        with self._transactions.read() as connection:
            if artifacts.has_vector_for(connection, artifact.id, entry.meaning, digest):
                return None
        try:
            return digest, embedded(self._embedder, [entry.meaning])[0]
        except ModelUnavailable:
            return None  # what was proven is kept; the next search says what is wrong with the model

    def _vector_of_request(self, text: str) -> bytes | None:
        if self._embedder is None or not text.strip():
            return None
        with self._transactions.read() as connection:
            if not artifacts.has_vectors(connection, self._embedder.digest):
                return None  # loading the model would find nothing
        asked = self._asked  # a search that goes deeper asks the same again
        if asked is None or asked[0] != text:
            asked = self._asked = (text, of_length(self._embedder, request_vector(self._embedder, text)))
        return asked[1]

    # runs

    def begin_run(self, run: Run) -> None:
        """Log a run. One that is there already is opened again and keeps the attempts it has."""
        with self._write() as connection:
            runs.put_run(connection, run)

    def record_attempt(self, run_id: str, attempt: Attempt) -> None:
        with self._write() as connection:
            runs.put_attempt(connection, row_of(connection, "run", run_id), attempt)

    def end_run(
        self,
        run_id: str,
        *,
        exit_reason: ExitReason,
        spend: Spend,
        seconds: float,
        artifact_id: str | None = None,
        message: str = "",
    ) -> None:
        with self._write() as connection:
            run = runs.read_run(connection, row_of(connection, "run", run_id), attempts=False)
            ended = run.replace(
                exit_reason=exit_reason, spend=spend, seconds=seconds, artifact_id=artifact_id, message=message
            )
            runs.put_run(connection, ended)

    def get_run(self, id_or_prefix: str) -> Run:
        """By its id or its first four or more characters, with its attempts by number. Raises `BadInput`."""
        with self._transactions.read() as connection:
            return runs.read_run(connection, row_of(connection, "run", id_or_prefix), attempts=True)

    def runs(self, *, limit: int = 20) -> tuple[Run, ...]:
        with self._transactions.read() as connection:
            rows = runs.rows_newest_first(connection, limit)
            return tuple(runs.read_run(connection, seq, attempts=False) for seq in rows)

    # verdicts of equal code, tests, checks and environment

    def cached_verdict(self, key: str) -> Verdict | None:
        with self._transactions.read() as connection:
            row = connection.execute("SELECT record FROM verdicts WHERE key = ?", (key,)).fetchone()
            return Verdict.from_json(row[0]) if row else None

    def cache_verdict(self, key: str, verdict: Verdict) -> None:
        """Keep it under a key that names everything it depends on; the same key again replaces it."""
        with self._write() as connection:
            connection.execute(_PUT_VERDICT, (key, now(), verdict.to_json()))

    # figures

    def stats(self) -> dict[str, float]:
        """Counts and sums; `lamarck.library.figures.FIGURES` says what each name means."""
        with self._transactions.read() as connection:
            return measure(connection, self._bytes(connection))


def _refuse_other_id(artifact: Artifact) -> None:
    if artifact.id != artifact.candidate.id:
        raise BadInput(
            f"artifact {artifact.id[:12]} holds candidate {artifact.candidate.id[:12]}",
            "an artifact's id is its candidate's",
        )
