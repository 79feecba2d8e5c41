"""What the rows of a library are written and read through, whatever database holds them.

SQL that goes through it is understood by SQLite and by Postgres alike: `?` for a parameter, `ON CONFLICT` for what
may be there already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from lamarck.library.index_entry import IndexEntry


class Rows(Protocol):
    """What a statement brought."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """One open transaction."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Rows: ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Rows: ...


class Transactions(Protocol):
    """One database, entered by one transaction at a time. Raises the children of `LibraryUnavailable`."""

    def read(self) -> AbstractContextManager[Any]:
        """One snapshot: what others commit meanwhile is not seen."""

    def write(self) -> AbstractContextManager[Any]:
        """All or nothing, and on the disk when it returns; writers take turns."""

    def close(self) -> None: ...


class SearchIndex(Protocol):
    """Full text and vectors of artifacts, which every database holds in its own way. For each row at most one of each;
    putting replaces. Every method runs inside the caller's transaction."""

    def put_words(self, connection: Any, seq: int, entry: IndexEntry) -> None: ...

    def drop_words(self, connection: Any, seq: int) -> None: ...

    def put_vector(self, connection: Any, seq: int, digest: str, vector: bytes) -> None:
        """vector: float32, little-endian, of length 1; digest: of the model that made it."""

    def drop_vector(self, connection: Any, seq: int) -> None: ...

    def vectors_of(self, connection: Any, seqs: Sequence[int]) -> dict[int, tuple[str, bytes]]:
        """(digest, vector) of those rows that have one."""


Progress = Callable[[int, int], None]
"""Gets how much is done, and of how much."""
