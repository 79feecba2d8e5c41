"""The library as a whole, for whoever keeps one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lamarck.assemble import Assembly
from lamarck.library.filters import Filter
from lamarck.library.tidying import Tidied
from lamarck.library.uses import Whereabouts
from lamarck.library.versions import Version
from lamarck.records import Artifact, Task
from lamarck.shelf.behaviour import Behaviours, Progress, find_behaving, task_of_examples


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

    def collect_garbage(self, on_progress: Callable[[int, int], None] | None = None) -> Tidied:
        """Drop what can be made again, embed what has no vector, give free space back. Nothing proven goes."""
        return self._assembly.library.tidy(on_progress)

    def embed_missing(self, on_progress: Callable[[int, int], None] | None = None) -> int:
        """Give a vector to everything that is found and has none; how many got one."""
        return self._assembly.library.embed_missing(on_progress)
