"""A model with the token budget of one task: it counts what an arm uses and gives every call a seed of its own."""

from __future__ import annotations

import threading
import time

from lamarck.api import Message, Model, Reply, Request, TokenCallback, can_continue
from lamarck.errors import LimitSpent
from lamarck.records import content_id

SHORTEST_REPLY = 64  # with fewer generated tokens left than this, no function is worth beginning


class MeteredModel:
    """`inner` within `tokens` generated tokens.

    The seed of a call follows from the benchmark's seed, the task and the number of the call, whatever the arm asks
    for: equal requests of two arms are then the same request, so arms are compared on the same luck, and a bank
    answers both. A reply that was recorded counts with what it cost when it was made. Raises `LimitSpent` when too few
    tokens are left for a reply.
    """

    def __init__(self, inner: Model, *, tokens: int, seed: int, task: str) -> None:
        self._inner = inner
        self._tokens = tokens
        self._seed = seed
        self._task = task
        self.name = inner.name
        self.digest = inner.digest
        self.engine = inner.engine
        self.continues = can_continue(inner)
        self.replies: list[Reply] = []
        self.inside_seconds = 0.0  # wall clock and CPU time that passed in here, to be taken off the arm's own
        self.inside_cpu = 0.0
        self._one_at_a_time = threading.Lock()

    @property
    def generated_tokens(self) -> int:
        return sum(r.completion_tokens for r in self.replies)

    @property
    def seconds(self) -> float:
        """As the replies were made, replayed ones included."""
        return sum(r.seconds for r in self.replies)

    @property
    def cpu_seconds(self) -> float:
        return sum(r.cpu_seconds for r in self.replies)

    def complete(self, request: Request, on_token: TokenCallback | None = None) -> Reply:
        with self._one_at_a_time:  # so that what is left is known before the next call begins
            return self._complete(request, on_token)

    def _complete(self, request: Request, on_token: TokenCallback | None) -> Reply:
        left = self._tokens - self.generated_tokens
        if left < SHORTEST_REPLY:
            raise LimitSpent(f"{self._tokens - left} of {self._tokens} generated tokens are spent", which="tokens")
        sampling = request.sampling.replace(
            max_tokens=min(request.sampling.max_tokens, left), seed=self._seed_of(len(self.replies))
        )
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            reply = self._inner.complete(request.replace(sampling=sampling), on_token)
        finally:
            self.inside_seconds += time.perf_counter() - wall
            self.inside_cpu += time.process_time() - cpu
        self.replies.append(reply)
        return reply.replace(from_cache=False)  # the loop's own count shall hold what it cost, too

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        return self._inner.count_tokens(messages)

    def close(self) -> None:
        """Nothing: the model outlives the task."""

    def _seed_of(self, call: int) -> int:
        return int(content_id("benchmark", self._seed, self._task, call)[:8], 16) & 0x7FFFFFFF
