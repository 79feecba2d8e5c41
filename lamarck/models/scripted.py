"""A model that says what it was told to say: for tests, for demonstrations, and for trying the loop without a model."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from lamarck.errors import BadInput, ModelUnavailable
from lamarck.models.model import Message, Reply, Request, TokenCallback
from lamarck.records import Record, content_id

_TOKEN = re.compile(r"\s*\w{1,6}|\s*[^\w\s]|\s+\Z")

Answer = Callable[[Request], str]


class Line(Record, frozen=True, kw_only=True):
    """One line of a script. With `match` (a regular expression, searched in the last message) it answers every request
    that fits; without, it answers one request, in the order of the file."""

    text: str
    match: str | None = None


class ScriptedModel:
    """Answers from a script; its tokens are words, so that counts are the same everywhere.

    replies: texts given in order, lines of a script, or a function of the request. Raises `ModelUnavailable` when the
    script has nothing left to say. With texts in order, equal requests get the next text, not the same.
    """

    engine = "script"

    def __init__(self, replies: Sequence[str | Line] | Answer, *, name: str = "scripted") -> None:
        self.name = name
        self._lock = threading.Lock()
        self._answer: Answer | None = None
        self._lines: tuple[Line, ...] = ()
        self._next = 0
        if callable(replies):
            self._answer = replies
            self.digest = content_id("scripted", name)
        else:
            self._lines = tuple(Line(text=r) if isinstance(r, str) else r for r in replies)
            self._patterns = [None if line.match is None else re.compile(line.match) for line in self._lines]
            self.digest = content_id("scripted", self._lines)

    @classmethod
    def of_file(cls, path: Path, *, name: str) -> ScriptedModel:
        """The script in a JSON lines file. Raises `BadInput` naming the line that is none."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{path}: cannot be read: {error}", 'name a file of lines like {"text": "…"}') from error
        lines = []
        for number, raw in enumerate(text.splitlines(), start=1):
            if not raw.strip():
                continue
            try:
                line = Line.from_json(raw)
                re.compile(line.match or "")
            except (msgspec.ValidationError, msgspec.DecodeError, re.error) as error:
                raise BadInput(
                    f"{path}, line {number}: {error}",
                    'write {"text": "…"} or {"match": "regular expression", "text": "…"}',
                ) from error
            lines.append(line)
        return cls(lines, name=name)

    def complete(self, request: Request, on_token: TokenCallback | None = None) -> Reply:
        text, finish = _cut(self._text(request), request.sampling.max_tokens, request.sampling.stop)
        tokens = _TOKEN.findall(text)
        if on_token is not None:
            for token in tokens:
                on_token(token)
        return Reply(
            text=text,
            finish=finish,
            prompt_tokens=self.count_tokens(request.messages),
            completion_tokens=len(tokens),
            seconds=0.0,
            model=self.name,
            model_digest=self.digest,
            engine=self.engine,
        )

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        return sum(len(_TOKEN.findall(m.content)) + 1 for m in messages)

    def close(self) -> None:
        """Nothing is held."""

    def _text(self, request: Request) -> str:
        if self._answer is not None:
            return self._answer(request)
        asked = request.messages[-1].content if request.messages else ""
        for line, pattern in zip(self._lines, self._patterns, strict=True):
            if pattern is not None and pattern.search(asked):
                return line.text
        with self._lock:
            while self._next < len(self._lines):
                line = self._lines[self._next]
                self._next += 1
                if line.match is None:
                    return line.text
        raise ModelUnavailable(f"{self.name} has no reply left for this request", "add a line to its script")


def _cut(text: str, max_tokens: int, stop: tuple[str, ...]) -> tuple[str, str]:
    """The text up to a stop or the limit, and how it ended."""
    stops = [place for place in (text.find(s) for s in stop if s) if place >= 0]
    if stops:
        text = text[: min(stops)]
    tokens = _TOKEN.findall(text)
    if len(tokens) > max_tokens:
        return "".join(tokens[:max_tokens]), "length"
    return text, "stop"
