"""Filters leave out exactly what they say, whatever the ranking would prefer."""

from __future__ import annotations

from pathlib import Path

import pytest
from library_parts import HashingEmbedder, an_artifact

from lamarck.library.filters import Filter
from lamarck.library.signature import shape_of
from lamarck.library.sqlite import SqliteLibrary
from lamarck.records import Artifact, Provenance

LICENCES = (None, "MIT", "GPL", "unknown")


def varied(number: int) -> Artifact:
    """Quality rises with the number; kinds, tags, signatures and licences go round."""
    kind = ("function", "tool", "workflow")[number % 3]
    parameters = ", ".join(f"a{n}: int" for n in range(number % 4))
    returns = ("int", "str")[number % 2]
    code = f"def count{number}({parameters}) -> {returns}:\n    return {number}\n"
    artifact = an_artifact(f"Count things, way {number}", code, f"count{number}")
    licence = LICENCES[number % 4]
    return artifact.replace(
        kind=kind,
        task=artifact.task.replace(tags=("even",) * (number % 2 == 0) + ("third",) * (number % 3 == 0)),
        verdict=artifact.verdict.replace(quality=number / 40 if number % 5 else None),
        provenance=None if licence is None else Provenance(source="things==1.0", licence=licence),
    )


@pytest.fixture(params=["words", "meaning too"])
def library(request: pytest.FixtureRequest, library_path: Path):
    embedder = HashingEmbedder() if request.param == "meaning too" else None
    with SqliteLibrary(library_path, embedder=embedder) as opened:
        opened.save_many([(varied(number), None) for number in range(40)])
        opened.embed_missing()
        yield opened


EVERY = {"licences": None}


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        (Filter(**EVERY), lambda n: True),
        (Filter(), lambda n: n % 4 in {0, 1}),
        (Filter(licences=("GPL",)), lambda n: n % 4 != 3),
        (Filter(min_quality=0.5, **EVERY), lambda n: n >= 20 and n % 5),
        (Filter(kind="tool", **EVERY), lambda n: n % 3 == 1),
        (Filter(tags=("even", "third"), **EVERY), lambda n: n % 6 == 0),
        (Filter(tags=("never",), **EVERY), lambda n: False),
        (Filter(shape=shape_of("f(a, b)"), **EVERY), lambda n: n % 4 == 2),
        (Filter(shape=shape_of("(a, b, c) -> str"), **EVERY), lambda n: n % 4 == 3),
        (Filter(shape=shape_of("(a, b, c) -> int"), **EVERY), lambda n: False),
        (Filter(min_quality=0.2, kind="function", tags=("even",)), lambda n: n >= 8 and n % 5 and n % 12 == 0),
    ],
)
def test_a_filter_lets_through_all_that_fit_and_nothing_else(library, wanted: Filter, passes) -> None:
    found = {hit.artifact.candidate.entry_point for hit in library.find("count things", limit=100, filter=wanted)}
    assert found == {f"count{n}" for n in range(40) if passes(n)}


def test_quality_is_told_and_orders_equals(library) -> None:
    hits = library.find("count things", limit=100, filter=Filter(min_quality=0.4, **EVERY))
    assert all(any(reason == f"quality {hit.artifact.verdict.quality:.2f}" for reason in hit.reasons) for hit in hits)
    assert len(hits) > 10


def test_what_a_filter_lets_through_follows_every_write(library_path: Path) -> None:
    wanted = Filter(tags=("wanted",))

    def saved(library: SqliteLibrary, number: int) -> None:
        artifact = an_artifact("Count penguins", f"x = {number}\n", None)
        library.save(artifact.replace(task=artifact.task.replace(tags=("wanted",))))

    with SqliteLibrary(library_path) as one, SqliteLibrary(library_path) as other:
        saved(one, 1)
        assert len(one.find("penguins", filter=wanted)) == 1
        saved(one, 2)
        assert len(one.find("penguins", filter=wanted)) == 2
        saved(other, 3)
        assert len(one.find("penguins", filter=wanted)) == 3
        one.retire(one.find("penguins", filter=wanted)[0].artifact.id)
        assert len(other.find("penguins", filter=wanted)) == len(one.find("penguins", filter=wanted)) == 2
