from __future__ import annotations

import threading
from pathlib import Path

from library_parts import BrokenEmbedder, HashingEmbedder, an_artifact

from lamarck.assemble import Assembly
from lamarck.library.catching_up import CatchingUp
from lamarck.library.sqlite import SqliteLibrary
from lamarck.settings import Settings


def filled(path: Path, count: int) -> None:
    """A library whose artifacts have no vectors."""
    with SqliteLibrary(path) as library:
        library.save_many([(an_artifact(f"Count penguins {n}", f"x = {n}\n", None), None) for n in range(count)])


def test_everything_gets_its_vector_while_others_work(tmp_path: Path) -> None:
    filled(tmp_path / "library.sqlite", 30)
    with SqliteLibrary(tmp_path / "library.sqlite", embedder=HashingEmbedder()) as library:
        behind = CatchingUp(library, after=0)
        library.save(an_artifact("Paint a wall", "x = 'wall'\n", None))
        behind.wait()
        assert library.stats()["artifacts_with_vector"] == 31
        assert library.problems() == ()
        behind.close()


def test_it_ends_when_it_is_closed_and_when_the_model_is_gone(tmp_path: Path) -> None:
    filled(tmp_path / "library.sqlite", 3)
    with SqliteLibrary(tmp_path / "library.sqlite", embedder=BrokenEmbedder()) as library:
        CatchingUp(library, after=0).wait()
        assert library.stats()["artifacts_with_vector"] == 0

    class Endless:
        begun = threading.Event()

        def embed_some(self, most: int) -> int:
            self.begun.set()
            return most

    endless = CatchingUp(Endless(), after=0)
    assert Endless.begun.wait(30)
    endless.close()
    endless.wait()
    CatchingUp(Endless(), after=1000).close()


def test_a_lamarck_with_an_embedder_begins_by_itself_and_stops_with_it(tmp_path: Path) -> None:
    filled(tmp_path / "library.sqlite", 5)
    assembly = Assembly(
        Settings(), library_path=tmp_path / "library.sqlite", python=None, folder=tmp_path, observers=()
    )
    assembly.__dict__["embedder"] = HashingEmbedder()
    assert assembly.library.stats()["artifacts_found"] == 5
    assert [t.name for t in threading.enumerate()].count("lamarck-embeds") == 1
    assembly.close()
    assert [t.name for t in threading.enumerate()].count("lamarck-embeds") == 0
