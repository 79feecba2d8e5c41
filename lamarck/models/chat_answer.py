"""What an endpoint sent, read as a chat completion. Pure, and ready for nonsense."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_LONGEST_EXCERPT = 80


@dataclass
class ChatAnswer:
    """A completion, or the `problem` why it is none. Token counts are None where the endpoint did not state them."""

    text: str = ""
    finish: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    problem: str = ""


def read_whole(data: bytes) -> ChatAnswer:
    """The answer to a request that did not ask for a stream."""
    answer = ChatAnswer()
    body = _object(data.decode("utf-8", "replace"))
    if body is None:
        answer.problem = f"it answered no JSON object but {_excerpt(data)}"
        return answer
    _add(answer, body, "message")
    return _judged(answer)


class EventReader:
    """The answer to a request that asked for a stream, line by line (server-sent events)."""

    def __init__(self) -> None:
        self._answer = ChatAnswer()

    def add(self, line: str) -> str:
        """The text that this line brought."""
        field, _, value = line.partition(":")
        value = value.strip()
        if field != "data" or not value or value == "[DONE]":
            return ""
        body = _object(value)
        if body is None:
            self._answer.problem = f"its stream holds {_excerpt(value.encode())}"
            return ""
        before = len(self._answer.text)
        _add(self._answer, body, "delta")
        return self._answer.text[before:]

    def end(self) -> ChatAnswer:
        """The whole. A stream without a finish reason broke off."""
        answer = _judged(self._answer)
        if not answer.problem and not answer.finish:
            answer.problem = "its stream ended before the reply did"
        return answer


def _add(answer: ChatAnswer, body: dict[str, Any], part: str) -> None:
    usage = body.get("usage")
    if isinstance(usage, dict):
        prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
        if _is_count(prompt) and _is_count(completion):
            answer.prompt_tokens, answer.completion_tokens = prompt, completion
    if body.get("error"):
        error = body["error"]
        message = error.get("message") if isinstance(error, dict) else error
        answer.problem = f"it answered with an error: {_excerpt(str(message).encode())}"
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, dict):
        return
    said = first.get(part)
    content = said.get("content") if isinstance(said, dict) else None
    answer.text += content if isinstance(content, str) else ""
    finish = first.get("finish_reason")
    answer.finish = finish if isinstance(finish, str) and finish else answer.finish


def _judged(answer: ChatAnswer) -> ChatAnswer:
    if answer.problem:
        return answer
    if answer.finish == "content_filter":
        answer.problem = "its content filter withheld the reply"
    elif not answer.text.strip():
        answer.problem = "its reply holds no text"
    return answer


def _object(text: str) -> dict[str, Any] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _excerpt(data: bytes) -> str:
    text = " ".join(data[: 4 * _LONGEST_EXCERPT].decode("utf-8", "replace").split())
    return repr(text[:_LONGEST_EXCERPT]) if text else "nothing"
