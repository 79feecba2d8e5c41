"""The seam to anything that completes text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lamarck.errors import BadInput
from lamarck.records import Record, Sampling, content_id


class Message(Record, frozen=True, kw_only=True):
    role: str  # system | user | assistant
    content: str


class Request(Record, frozen=True, kw_only=True):
    """One completion to make. Every call of a run carries its own `sampling.seed`.

    A last message of the role 'assistant' is the beginning of the reply, for models that continue it, see
    `can_continue`; the reply then holds what comes after.
    """

    messages: tuple[Message, ...]
    sampling: Sampling
    template_version: str = ""


class Reply(Record, frozen=True, kw_only=True):
    """One completion as it came. seconds: wall clock, waiting in a queue not included. prompt_tokens: as they were
    billed; for an embedded model those that it read, not those that it still held from the reply before.

    from_cache: it was recorded before and nothing was spent now; the figures are those of when it was made.
    """

    text: str
    finish: str  # stop | length
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    cpu_seconds: float = 0.0
    usd: float = 0.0
    model: str = ""
    model_digest: str = ""
    engine: str = ""
    from_cache: bool = False
    tokens_estimated: bool = False  # the endpoint did not say how many, so they were estimated from above


TokenCallback = Callable[[str], None]


class Model(Protocol):
    """Completes chat messages.

    Deterministic for equal requests as far as the engine allows. Raises `ModelUnavailable` (and its children) when it
    can't answer; never retries on its own; never returns a partial reply as a whole one (`finish` says 'length' when
    max_tokens cut it). Safe to call from several threads.
    """

    name: str
    digest: str  # SHA-256 of the weights, or of the endpoint's identity
    engine: str  # name and version of what runs it

    def complete(self, request: Request, on_token: TokenCallback | None = None) -> Reply: ...

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        """Prompt tokens that `messages` will cost, at least; exact where a tokenizer is at hand."""

    def close(self) -> None:
        """Free what it holds. The model is not used afterwards."""


def can_continue(model: Model) -> bool:
    """Whether the model goes on with a reply that was begun for it. Most endpoints answer it instead."""
    return bool(getattr(model, "continues", False))


def request_key(model: Model, request: Request) -> str:
    """The exact key of a reply: canonical messages, weights, sampling with its seed, template version.

    Raises `BadInput` for a prompt that is no text.
    """
    return reply_key(model.digest, request)


def reply_key(digest: str, request: Request) -> str:
    """`request_key` where only the digest of the model is known."""
    return _text_id("reply", digest, request)


def prompt_key(messages: tuple[Message, ...]) -> str:
    """The exact key of a prompt, whatever samples from it."""
    return _text_id("prompt", messages)


def _text_id(*parts: object) -> str:
    try:
        return content_id(*parts)
    except UnicodeEncodeError as error:
        raise BadInput("the prompt holds half a surrogate pair, which is no text", "correct its encoding") from error
