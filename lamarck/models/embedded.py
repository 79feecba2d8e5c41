"""A model that runs inside this process."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from lamarck.errors import BadInput, LamarckError, ModelUnavailable
from lamarck.models.engine import Chunk, Engine, check_engine, engine_version, usable_seed
from lamarck.models.model import Message, Reply, Request, TokenCallback, prompt_key
from lamarck.models.tokens import estimate_tokens
from lamarck.models.turnstile import Turnstile, Waiting
from lamarck.models.weights import verify

_SPARE_PLACES = 1  # so that a repair's prompt does not drive out the one that the next samples need; 120 MB
_EXIT_SECONDS = 10.0  # how long closing waits for the batch under way


class EmbeddedModel:
    """llama.cpp in this process on one file of weights.

    weights: a GGUF file with the SHA-256 `digest`. threads: 0 takes all cores. parallel: requests in flight at once,
    from as many threads; with 1, equal requests get equal replies on one machine; with more, requests that are batched
    together change each other's last bits, and so at times each other's texts. context: tokens of prompt and reply
    together. lock_file: processes that name the same file infer one after the other; None minds nobody. waiting:
    called when a request begins to wait for another process.

    Loads at the first completion. Ctrl-C, or whatever `on_token` raises, ends a generation within one batch (64 tokens
    of the prompt, or one of the reply). `Reply.cpu_seconds` is the CPU time of this process during the call where
    `parallel` is 1, else 0.0: it can't be told whose it was. `Reply.prompt_tokens` counts what was read: a prompt that
    a place still holds costs one token, as it costs no time.
    """

    continues = True

    def __init__(
        self,
        weights: Path,
        *,
        name: str,
        digest: str,
        threads: int = 0,
        parallel: int = 1,
        context: int = 4096,
        lock_file: Path | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self.name = name
        self.digest = digest
        self.engine = engine_version() or "xllamacpp"
        self.waited_seconds = 0.0  # all that requests have waited for a place or for another process
        self._weights = weights
        self._threads = threads
        self._parallel = parallel
        self._context = context
        self._waiting = waiting
        self._turnstile = Turnstile(lock_file)
        self._loading = threading.Lock()
        self._room = _Room(parallel)
        self._close = weakref.finalize(self, _Room.close, self._room)  # at exit, too

    def complete(self, request: Request, on_token: TokenCallback | None = None) -> Reply:
        """See `Model.complete`. Raises `BadInput` for a prompt that is longer than the context."""
        engine = self._loaded()
        place = self._enter(prompt_key(request.messages))
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            call = _Call(engine, place, request, leave=self._leave)
            self._room.begin(call)
        except BaseException:
            self._leave(place)
            raise
        end = call.follow(on_token)
        return Reply(
            text=end.text,
            finish="length" if end.finish == "length" else "stop",
            prompt_tokens=end.prompt_tokens,
            completion_tokens=end.completion_tokens,
            seconds=time.perf_counter() - wall,
            cpu_seconds=time.process_time() - cpu if self._parallel == 1 else 0.0,
            model=self.name,
            model_digest=self.digest,
            engine=self.engine,
        )

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        """Exact once the weights are loaded, before that estimated from above."""
        engine = self._room.engine
        return estimate_tokens(messages) if engine is None else engine.count_tokens(_plain(messages))

    def close(self) -> None:
        """End what is under way (it raises `ModelUnavailable` in its thread) and free the weights."""
        self._close()

    def _loaded(self) -> Engine:
        with self._loading:
            self._room.check_open()
            if self._room.engine is None:
                check_engine()
                verify(self._weights, name=self.name, digest=self.digest)
                places = self._parallel + _SPARE_PLACES
                engine = Engine(self._weights, threads=self._threads, places=places, context=self._context)
                self._room.furnish(engine)
            assert self._room.engine is not None
            return self._room.engine

    def _enter(self, prompt: str) -> _Place:
        """A place of this process, and this process's turn."""
        begin = time.monotonic()
        place = self._room.take(prompt)
        try:
            self._turnstile.enter(waiting=self._waiting, stop=self._room.check_open)
        except BaseException:
            self._room.give_back(place)
            raise
        self.waited_seconds += time.monotonic() - begin
        return place

    def _leave(self, place: _Place) -> None:
        self._turnstile.leave()
        self._room.give_back(place)


@dataclass(eq=False)
class _Place:
    """Where one request at a time runs. wanted: the prompt of that request; read: the prompt that is in its cache."""

    number: int
    wanted: str = ""
    read: str | None = None


class _Room:
    """What the threads of this process share: the weights, the places, and the calls under way."""

    def __init__(self, parallel: int) -> None:
        self.engine: Engine | None = None
        self._free = [_Place(n) for n in range(parallel + _SPARE_PLACES)]  # the one that was used last stands last
        self._calls: set[_Call] = set()
        self._changed = threading.Condition()
        self._closed = False

    def check_open(self) -> None:
        if self._closed:
            raise ModelUnavailable("the model was closed", "open it again")

    def furnish(self, engine: Engine) -> None:
        with self._changed:
            if not self._closed:
                self.engine = engine
                return
        engine.close()
        self.check_open()

    def take(self, prompt: str) -> _Place:
        """A free place: one that has read this prompt if there is one, else the longest unused; waits for it."""
        with self._changed:
            while len(self._free) <= _SPARE_PLACES:
                self._changed.wait()
                self.check_open()
            place = next((p for p in self._free if p.read == prompt), self._free[0])
            self._free.remove(place)
            place.wanted = prompt
            return place

    def give_back(self, place: _Place) -> None:
        with self._changed:
            self._free.append(place)
            self._changed.notify()

    def begin(self, call: _Call) -> None:
        with self._changed:
            self.check_open()
            self._calls = {c for c in self._calls if c.thread.is_alive()}
            self._calls.add(call)
            call.thread.start()

    def close(self) -> None:
        """Stop all calls and free the weights, unless a call does not end: memory in use must not be freed."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for call in self._calls:
            call.stopped.set()
        for call in self._calls:
            call.thread.join(_EXIT_SECONDS)
        if self.engine is not None and not any(c.thread.is_alive() for c in self._calls):
            self.engine.close()


@dataclass
class _End:
    text: str = ""
    finish: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    error: LamarckError | None = None


class _Call:
    """One completion in a thread of its own, because llama.cpp's does not listen to Ctrl-C; see `follow`."""

    def __init__(self, engine: Engine, place: _Place, request: Request, *, leave: Callable[[_Place], None]) -> None:
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, name=f"lamarck-place-{place.number}", daemon=True)
        self._engine = engine
        self._place = place
        self._request = request
        self._leave = leave
        self._end = _End()
        self._reads = False  # whether the prompt had to be read for this call
        self._told: SimpleQueue[str | None] = SimpleQueue()

    def follow(self, on_token: TokenCallback | None) -> _End:
        """Tell `on_token` what comes, in the caller's thread, until the end. Whatever is raised here stops the call."""
        try:
            while (piece := self._told.get()) is not None:
                if on_token is not None:
                    on_token(piece)
        except BaseException:
            self.stopped.set()
            raise
        if self._end.error is not None:
            raise self._end.error
        return self._end

    def _run(self) -> None:
        try:
            if self._place.read != self._place.wanted:
                self._reads = True
                self._place.read = None
                self._engine.stream(self._body(max_tokens=0, cache_prompt=False), self._receive_prompt)
                if not self.stopped.is_set() and self._end.error is None:
                    self._place.read = self._place.wanted
            if self._place.read is not None:
                self._engine.stream(self._generation(), self._receive)
            if self._end.error is None and not self._end.finish:
                self._end.error = ModelUnavailable("the model was closed", "open it again")
        except LamarckError as error:
            self._end.error = error
        finally:
            self._leave(self._place)
            self._told.put(None)

    def _generation(self) -> dict[str, Any]:
        sampling = self._request.sampling
        return self._body(
            max_tokens=sampling.max_tokens,
            cache_prompt=True,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=40,  # llama.cpp's own defaults, fixed here so that a later version answers alike
            min_p=0.05,
            seed=usable_seed(sampling.seed),
            stop=list(sampling.stop),
        )

    def _body(self, **more: Any) -> dict[str, Any]:
        return {
            "messages": _plain(self._request.messages),
            "id_slot": self._place.number,
            "return_progress": True,  # so that a prompt can be stopped while it is read
            "stream_options": {"include_usage": True},
            **more,
        }

    def _receive_prompt(self, chunk: Chunk) -> bool:
        return self._failed(chunk) or self.stopped.is_set()

    def _receive(self, chunk: Chunk) -> bool:
        if self._failed(chunk) or self.stopped.is_set():
            return True
        for choice in chunk.get("choices", ()):
            piece = choice.get("delta", {}).get("content")
            if piece:
                self._end.text += piece
                self._told.put(piece)
            self._end.finish = choice.get("finish_reason") or self._end.finish
        if usage := chunk.get("usage"):
            self._end.prompt_tokens = (
                usage["prompt_tokens"] if self._reads else 1
            )  # the last one is read for each reply
            self._end.completion_tokens = usage["completion_tokens"]
        return False

    def _failed(self, chunk: Chunk) -> bool:
        error = chunk.get("error")
        if error is None:
            return False
        if error.get("type") == "exceed_context_size_error":
            self._end.error = BadInput(
                f"the prompt has {error.get('n_prompt_tokens')} tokens and the model reads {error.get('n_ctx')}",
                "make the task or its tests shorter",
            )
        else:
            self._end.error = ModelUnavailable(f"llama.cpp failed: {error.get('message')}", "try again")
        return True


def _plain(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    return [{"role": m.role, "content": m.content} for m in messages]
