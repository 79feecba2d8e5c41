"""Replies that were recorded before: replayed alone, or in front of a model that answers the rest."""

from __future__ import annotations

from collections.abc import Mapping

from lamarck.errors import BadInput, ModelUnavailable
from lamarck.models.bank import Bank
from lamarck.models.model import Message, Model, Reply, Request, TokenCallback, can_continue, request_key
from lamarck.models.prices import prices_of
from lamarck.models.tokens import estimate_tokens


class ReplayedModel:
    """Answers from a bank and from nothing else. Raises `ModelUnavailable` for a request it has not seen.

    The bank holds the replies of one model; `BadInput` otherwise. owns_bank: close it with the model.
    """

    engine = "replay"

    def __init__(self, bank: Bank, *, owns_bank: bool = False) -> None:
        found = bank.models()
        if len(found) != 1:
            held = ", ".join(f"{name} ({digest[:12]})" for name, digest in found) or "none"
            raise BadInput(
                f"{bank.path}: a bank to replay holds the replies of one model; it holds {held}",
                "record one with a single model, or import the replies of one into a new bank",
            )
        self.name, self.digest = found[0]
        self._bank = bank
        self._owns_bank = owns_bank

    @property
    def continues(self) -> bool:
        """Whether the model that was recorded did."""
        return self._bank.holds_continued()

    def complete(self, request: Request, on_token: TokenCallback | None = None) -> Reply:
        reply = self._bank.get(request_key(self, request))
        if reply is None:
            raise ModelUnavailable(
                f"{self._bank.path} holds no reply of {self.name} to this request",
                "record it with the model itself, or ask what was asked then",
            )
        if on_token is not None:
            on_token(reply.text)
        return reply

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        """As it was counted when the replies were recorded, else estimated."""
        return self._bank.count(self.digest, messages, estimate_tokens)

    def close(self) -> None:
        if self._owns_bank:
            self._bank.close()


class RecordingModel:
    """`inner` with a bank in front: a reply is on disk before anybody sees it, and is never paid for again.

    Equal requests are answered from the bank, with `from_cache` set. Two processes that ask the same at the same time
    may both pay, and both get the reply that was recorded first.
    """

    def __init__(self, inner: Model, bank: Bank) -> None:
        self._inner = inner
        self._bank = bank
        self.name = inner.name
        self.digest = inner.digest
        self.engine = inner.engine

    @property
    def continues(self) -> bool:
        return can_continue(self._inner)

    @property
    def prices(self) -> Mapping[str, float]:
        """US dollars a token: 'prompt' and 'completion'; empty where the model is free."""
        return prices_of(self._inner)

    def complete(self, request: Request, on_token: TokenCallback | None = None) -> Reply:
        key = request_key(self, request)
        known = self._bank.get(key)
        if known is not None:
            if on_token is not None:
                on_token(known.text)
            return known
        reply = self._inner.complete(request, on_token)
        self._bank.put(key, request, reply)
        return reply

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        return self._bank.count(self.digest, messages, self._inner.count_tokens)

    def close(self) -> None:
        """Close the model; the bank is its opener's."""
        self._inner.close()
