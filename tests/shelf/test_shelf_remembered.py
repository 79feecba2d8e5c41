"""A solve remembers what served its request; the setting `reuse.remembered` decides whether."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lamarck.api import Lamarck
from lamarck.records import Run
from lamarck.settings import load_settings

Keep = Callable[..., Run]
CODE = 'def shout(text: str) -> str:\n    """Make a text loud."""\n    return text.upper()\n'
TESTS = "from loud import shout\n\n\ndef test_it():\n    assert shout('a b') == 'A B'\n"


@pytest.mark.parametrize(("remembered", "known"), [(100, True), (0, False)])
def test_what_served_a_request_is_tried_first_the_next_time(
    lamarck: Lamarck, keep: Keep, tmp_path: Path, remembered: int, known: bool
) -> None:
    settings = load_settings(
        flags={"reuse.remembered": remembered, "models.tiers": ("scripted:none",)}, folder=tmp_path
    )[0]
    with lamarck.beside(settings=settings, library=tmp_path / "another.sqlite") as other:
        artifact = keep("loud", CODE, TESTS, into=other).artifact_id
        test = tmp_path / "test_capitals.py"
        test.write_text(TESTS.replace("loud", "capitals"))
        first = other.solve(test)
        assert (first.exit_reason, first.attempts[-1].generator) == ("accepted", "reuse")
        library = other._assembly.library
        assert (library.recognise(first.task) is not None) is known
        again = other.solve(test)
        assert again.artifact_id == first.artifact_id
        assert (library.stats()["recognition_hits"] > 0) is known
        assert library.get(artifact or "").usage.served >= 1
