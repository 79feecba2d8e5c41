"""A task that is text: a sentence, or a text file with one. The name it mentions, or one made from its words."""

from __future__ import annotations

from pathlib import Path

from lamarck.errors import BadInput
from lamarck.records import Task
from lamarck.tasks.choosing import choose_module
from lamarck.tasks.composing import compose
from lamarck.tasks.given import read_given
from lamarck.tasks.loader import Surroundings
from lamarck.tasks.naming import module_for, name_from_goal
from lamarck.tasks.prose import Mention, mentioned
from lamarck.tasks.reading import TEXT_SUFFIXES, as_path, looks_like_path, read_text

MOST_CHARACTERS = 100_000


class Sentence:
    """Prose. With tests, the module is the one that the tests import and cannot find; else it is named after the
    function. Examples in the text are derived: they are run, and never suffice alone."""

    name = "sentence"

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def accepts(self, source: str, tests: tuple[Path, ...]) -> bool:
        if not looks_like_path(source):
            return True
        path = as_path(source)
        return path.suffix.lower() in TEXT_SUFFIXES and not path.is_dir()

    def load(self, source: str, tests: tuple[Path, ...]) -> Task:
        text = (read_text(as_path(source)) if looks_like_path(source) else source).strip()
        return task_of_text(text, tests, self._surroundings)


def task_of_text(text: str, tests: tuple[Path, ...], surroundings: Surroundings) -> Task:
    if not any(c.isalnum() for c in text):
        raise BadInput("the task is empty", "say what the code should do")
    if len(text) > MOST_CHARACTERS:
        raise BadInput(f"the task has more than {MOST_CHARACTERS:,} characters", "say it shorter, or give a folder")
    mention = mentioned(text)
    if not tests:
        name = mention.entry_point or name_from_goal(text)
        return compose(
            surroundings,
            goal=text,
            module=module_for(name, surroundings.importable),
            stated=Mention(entry_point=name, signature=mention.signature),
            prose=text,
        )
    given = read_given(tests, surroundings)
    chosen = choose_module(given)
    return compose(
        surroundings,
        goal=text,
        module=chosen.module,
        stubs=chosen.stubs,
        support=chosen.support,
        tests=given.acceptance,
        uses=chosen.uses,
        stated=mention,
        prose=text,
    )
