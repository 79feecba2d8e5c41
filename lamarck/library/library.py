"""The seam to where proven code lives and is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, Protocol

from lamarck.library.filters import Filter
from lamarck.library.tidying import KEEPING, Keeping, Tidied
from lamarck.library.uses import Whereabouts
from lamarck.library.versions import Version
from lamarck.records import Artifact, Attempt, ExitReason, Record, Run, Spend, Task, Verdict

Ranking = Literal["both", "words", "meaning"]


class Hit(Record, frozen=True, kw_only=True):
    """One search result. `score` orders hits of one search and means nothing across searches; reasons say why; words:
    how many of the request's words its text has, as a share; cosine: of what both mean, where both have a vector."""

    artifact: Artifact
    score: float
    words: float = 0.0
    cosine: float | None = None
    reasons: tuple[str, ...] = ()


class Library(Protocol):
    """Artifacts with their evidence, and the log of runs. Every method is one transaction.

    What a method returned from is on disk (`kill -9` loses nothing acknowledged). Several processes may use one
    library. Raises `LibraryLocked`, `LibraryTooNew`, `LibraryCorrupt`, `DiskFull`; `BadInput` for an id that is
    unknown or a prefix that several share.
    """

    # artifacts
    def save(self, artifact: Artifact) -> None:
        """Keep an artifact. Saving the same id again updates task, verdict, lineage and status, never the code."""

    def save_many(self, several: Sequence[tuple[Artifact, bytes | None]]) -> None:
        """As `save`, all in one transaction, each with its vector where that is known."""

    def find(
        self,
        text: str,
        *,
        limit: int = 10,
        signature: str | None = None,
        filter: Filter | None = None,
        by: Ranking = "both",
    ) -> tuple[Hit, ...]:
        """Artifacts for a request, best first: full text and (where there is an embedder) embeddings.

        What is retired, quarantined or answered for by a better version is never found. `signature` prefers; `filter`
        leaves out, by default what its licence bars.
        """

    def get(self, id_or_prefix: str) -> Artifact: ...

    def artifacts(self) -> Iterator[Artifact]:
        """All of them, oldest first."""

    def matching(self, filter: Filter) -> tuple[str, ...]:
        """Ids of all that a filter lets through and searches find, most used first."""

    def versions(self, id_or_prefix: str) -> tuple[Version, ...]:
        """All versions of the code for an artifact's task, oldest first."""

    def record_use(self, artifact_id: str, *, run_id: str = "", seconds: float = 0.0) -> None:
        """Count one use that was accepted."""

    def note_use(self, artifact_id: str, *, accepted: bool, seconds: float, run_id: str = "") -> None:
        """Count one use, soon: kept in memory until the next write."""

    def recognise(self, task: Task) -> str | None:
        """The id of the artifact that served this request before, word for word or in other forms of its words."""

    def learn(self, task: Task, artifact_id: str, *, seconds: float) -> None:
        """Remember which artifact served a request; seconds: what the run took that found it."""

    def forget(self, task: Task | None = None) -> None:
        """One request, because what served it no longer does; or (None) all of them."""

    def record_bundle(
        self, bundle: str, artifact_ids: Sequence[str], *, direction: str, place: str, signer: str
    ) -> None:
        """Remember that artifacts went out or came in with a bundle."""

    def where(self, id_or_prefix: str) -> Whereabouts:
        """Who descends from an artifact, which bundles hold it and which runs used it."""

    def retire(self, artifact_id: str) -> None: ...

    def embed_missing(self, on_progress: Callable[[int, int], None] | None = None) -> int:
        """Give a vector to everything that is found and has none; how many got one."""

    def tidy(
        self,
        keeping: Keeping = KEEPING,
        *,
        trial: bool = False,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Tidied:
        """Drop what can be made again and is old, embed what has no vector, give free space back. trial: only say what
        would go."""

    # runs
    def begin_run(self, run: Run) -> None: ...

    def record_attempt(self, run_id: str, attempt: Attempt) -> None:
        """Append; an attempt with the same number is replaced."""

    def end_run(
        self,
        run_id: str,
        *,
        exit_reason: ExitReason,
        spend: Spend,
        seconds: float,
        artifact_id: str | None = None,
        message: str = "",
    ) -> None: ...

    def get_run(self, id_or_prefix: str) -> Run:
        """With its attempts, by number."""

    def runs(self, *, limit: int = 20) -> tuple[Run, ...]:
        """Newest first, without attempts."""

    # verdicts of equal code, tests, checks and environment
    def cached_verdict(self, key: str) -> Verdict | None: ...

    def cache_verdict(self, key: str, verdict: Verdict) -> None: ...

    # figures
    def stats(self) -> dict[str, float]:
        """Counts and sums over artifacts and runs, measured: see the implementation's docstring for the names."""

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the store, one line each: pages, full text, parts that do not belong together."""

    def close(self) -> None: ...
