"""The library as a whole, for whoever keeps one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lamarck.assemble import Assembly
from lamarck.errors import BadInput
from lamarck.library.bundle import Bundle
from lamarck.library.filters import Filter
from lamarck.library.moving import Moved, Told, move
from lamarck.library.place import name_of, place_of
from lamarck.library.tidying import KEEPING, Keeping, Tidied
from lamarck.library.uses import Whereabouts
from lamarck.library.versions import Version
from lamarck.records import Acceptance, AcceptanceKind, Artifact, Task
from lamarck.shelf import calling, recall, sharing
from lamarck.shelf.behaviour import Behaviours, Progress, find_behaving, task_of_examples
from lamarck.shelf.calling import Called
from lamarck.shelf.harvesting import Harvest, harvest
from lamarck.shelf.recall import Refutation
from lamarck.shelf.sharing import Import


class Shelf:
    """What `Lamarck.shelf` offers. Everything raises as the library and the sandbox do."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly

    # --- found by what it does

    @staticmethod
    def task_of_examples(examples: Sequence[str], goal: str = "") -> Task:
        return task_of_examples(examples, goal)

    def find_behaving(
        self,
        task: Task,
        *,
        filter: Filter | None = None,
        limit: int = 10,
        seconds: float = 60.0,
        on_progress: Progress | None = None,
    ) -> Behaviours:
        """The artifacts that pass the given tests of a task, in clusters that behave alike."""
        return find_behaving(
            self._assembly, task, filter=filter or Filter(), limit=limit, seconds=seconds, on_progress=on_progress
        )

    # --- called

    def call(self, artifact_id: str, call: str, *, fresh: bool = False) -> Called:
        """`f(1, [2])` by proven code, in the sandbox; what a pure function returned is kept. See `calling.call`."""
        return calling.call(self._assembly, artifact_id, call, fresh=fresh)

    # --- versions

    def versions(self, artifact_id: str) -> tuple[Version, ...]:
        """All versions of the code for an artifact's task, oldest first, with what made each better."""
        return self._assembly.library.versions(artifact_id)

    def where(self, artifact_id: str) -> Whereabouts:
        """Who descends from an artifact, which bundles hold it, which runs used it."""
        return self._assembly.library.where(artifact_id)

    def retire(self, artifact_id: str) -> Artifact:
        """It stays with its evidence, and is found and served no more."""
        library = self._assembly.library
        artifact = library.get(artifact_id)
        library.retire(artifact.id)
        return library.get(artifact.id)

    # --- shared

    def export(
        self,
        query: str | None,
        out: Path,
        *,
        ids: Sequence[str] = (),
        limit: int = 100,
        licences: Sequence[str] = (),
        licence: str = "",
        key: Path | None = None,
    ) -> Bundle:
        """A bundle of artifacts with their evidence, checksums and licences; see `sharing.export`."""
        return sharing.export(
            self._assembly, query, out, ids=ids, limit=limit, licences=licences, licence=licence, key=key
        )

    def import_(
        self,
        bundle: Path,
        *,
        signers: Path | None = None,
        licences: Sequence[str] = (),
        proving: bool = True,
        told: Callable[[str, int, int], None] | None = None,
    ) -> Import:
        """Bring a bundle in: quarantined until proven here. See `sharing.import_`."""
        return sharing.import_(self._assembly, bundle, signers=signers, licences=licences, proving=proving, told=told)

    # --- moved

    def move(self, target: Path | str, *, told: Told = lambda what, done, of: None) -> Moved:
        """Everything into another library, a file or a server, and compared; see `moving.move`."""
        place, here = place_of(target), self._assembly.library_place
        if name_of(place) == name_of(here):
            raise BadInput("the library is there already", "name another place")
        library = self._assembly.open_library(place)
        try:
            return move(self._assembly.library, library, told)
        finally:
            library.close()

    def let_read(self, role: str) -> str:
        """Let a role of the server read this library, and nothing more; the library's name. Raises `BadInput`."""
        from lamarck.library.postgres.library import PostgresLibrary

        library = self._assembly.library
        if not isinstance(library, PostgresLibrary):
            raise BadInput(
                "only a library on a server has roles", "name one with --library postgresql://user@host/database"
            )
        library.let_read(role)
        return library.name

    # --- harvested

    def harvest(
        self,
        package: str,
        *,
        limit: int | None = None,
        licences: Sequence[str] = (),
        told: Callable[[str, str, int, int], None] | None = None,
    ) -> Harvest:
        """Keep the tested functions of an installed package, a wheel or a repository; see `harvesting.harvest`."""
        return harvest(self._assembly, package, limit=limit, licences=licences, told=told)

    # --- recalled

    def refute(self, artifact_id: str, *, tests: Sequence[Path] = (), examples: Sequence[str] = ()) -> Refutation:
        """Try a counter-example, and take back what fails it; see `recall.refute`. Raises `BadInput`."""
        artifact = self._assembly.library.get(artifact_id)
        counter: tuple[Acceptance, ...] = ()
        if examples:
            counter += task_of_examples(examples).acceptance
        for path in tests:
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise BadInput(f"{path}: cannot be read as text", "check the path") from error
            counter += (Acceptance(kind=AcceptanceKind.PYTEST, content=text, path=path.name),)
        if not counter:
            raise BadInput("without a counter-example nothing is refuted", "give --test FILE or --example 'f(1) == 2'")
        return recall.refute(self._assembly, artifact.id, counter)

    # --- kept in order

    def collect_garbage(
        self,
        *,
        keeping: Keeping = KEEPING,
        trial: bool = False,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Tidied:
        """Drop what can be made again, embed what has no vector, give free space back. Nothing proven goes. trial: only
        say what would."""
        return self._assembly.library.tidy(keeping, trial=trial, on_progress=on_progress)

    def embed_missing(self, on_progress: Callable[[int, int], None] | None = None) -> int:
        """Give a vector to everything that is found and has none; how many got one."""
        return self._assembly.library.embed_missing(on_progress)
