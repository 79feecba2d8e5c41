"""A later task is composed of proven functions: offered, bundled, proven whole, and known to depend on them."""

from __future__ import annotations

from pathlib import Path

from lamarck.api import Lamarck, Request, ScriptedModel, Settings
from lamarck.records import ExitReason

PARSE = '''def read_amounts(text: str) -> list[int]:
    """
    Read the whole amounts of a text, one on each line.
    """
    ...
'''
TOTAL = '''def total_of_lines(text: str) -> int:
    """
    Read the whole amounts of a text, one on each line, and add them up.
    """
    ...
'''


def answer(request: Request) -> str:
    asked = request.messages[1].content
    if "def total_of_lines" not in asked:
        return "```python\ndef read_amounts(text):\n    return [int(line) for line in text.split()]\n```"
    calls = "from `proven`" in asked and "def read_amounts(text" in asked
    body = "sum(read_amounts(text))" if calls else "0"
    return f"```python\nfrom proven import read_amounts\n\n\ndef total_of_lines(text):\n    return {body}\n```"


def written(folder: Path, name: str, stub: str, tests: str) -> tuple[Path, Path]:
    (folder / f"{name}.py").write_text(stub)
    (folder / f"test_{name}.py").write_text(tests)
    return folder / f"{name}.py", folder / f"test_{name}.py"


def test_a_later_task_calls_what_an_earlier_one_left(tmp_path: Path) -> None:
    first = written(
        tmp_path,
        "amounts",
        PARSE,
        "from amounts import read_amounts\n\n\ndef test_it():\n    assert read_amounts('1\\n20') == [1, 20]\n"
        "    assert read_amounts('') == []\n",
    )
    second = written(
        tmp_path,
        "totals",
        TOTAL,
        "from totals import total_of_lines\n\n\ndef test_it():\n    assert total_of_lines('1\\n20') == 21\n"
        "    assert total_of_lines('5') == 5\n",
    )
    model = ScriptedModel(answer, name="composer")
    with Lamarck(Settings(), library=tmp_path / "library.sqlite", folder=tmp_path, model=model) as lamarck:
        part = lamarck.solve(first[0], tests=[first[1]])
        whole = lamarck.solve(second[0], tests=[second[1]])
        assert (part.exit_reason, whole.exit_reason) == (ExitReason.ACCEPTED, ExitReason.ACCEPTED)
        assert part.artifact_id is not None
        assert whole.artifact_id is not None
        made = lamarck.show(whole.artifact_id)
        assert made.lineage == (part.artifact_id,)
        assert "proven" not in made.candidate.files[0].text
        assert "calls read_amounts" in whole.attempts[-1].note
        assert lamarck.show(part.artifact_id).usage.served == 1
        assert lamarck.shelf.where(part.artifact_id).dependants == (whole.artifact_id,)
        # A counter-example against the part names what is made of it.
        counter = tmp_path / "test_more.py"
        counter.write_text("from amounts import read_amounts\n\n\ndef test_it():\n    assert read_amounts('-') == []\n")
        told = lamarck.shelf.refute(part.artifact_id, tests=[counter])
        assert told.where.dependants == (whole.artifact_id,)


def test_nothing_is_offered_where_it_is_switched_off(tmp_path: Path) -> None:
    settings = Settings()
    settings = settings.replace(reuse=settings.reuse.replace(blocks=0))
    first = written(
        tmp_path,
        "amounts",
        PARSE,
        "from amounts import read_amounts\n\n\ndef test_it():\n    assert read_amounts('1\\n20') == [1, 20]\n",
    )
    asked: list[str] = []

    def listening(request: Request) -> str:
        asked.append(request.messages[1].content)
        return answer(request)

    with Lamarck(
        settings, library=tmp_path / "library.sqlite", folder=tmp_path, model=ScriptedModel(listening)
    ) as lamarck:
        lamarck.solve(first[0], tests=[first[1]])
        second = written(
            tmp_path,
            "totals",
            TOTAL,
            "from totals import total_of_lines\n\n\ndef test_it():\n    assert total_of_lines('4') == 4\n",
        )
        assert lamarck.solve(second[0], tests=[second[1]]).exit_reason is ExitReason.REJECTED
    assert not any("from `proven`" in text for text in asked)
