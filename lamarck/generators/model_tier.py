"""A model of one tier as a generator: fresh code, and repair with the failure in sight."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from lamarck.budget import Budget
from lamarck.errors import LimitSpent
from lamarck.generators.blocks import bundled, import_line
from lamarck.generators.documented import documented
from lamarck.generators.extraction import extract
from lamarck.generators.generator import Proposal
from lamarck.generators.prompt import STOPS, TEMPLATE_VERSION, candidate_paths, opening, render
from lamarck.library.building_block import Block, block_of
from lamarck.models.model import Message, Model, Reply, Request, TokenCallback, can_continue
from lamarck.policy import Step
from lamarck.records import Artifact, Attempt, Context, Origin, Sampling, Spend, Task, content_id, make_candidate

CONTEXT_TOKENS = 2500  # of the embedded model's 4,096, so that a reply of the default length fits
_SHORTEST_REPLY = 64  # with fewer tokens left than this, no function is worth beginning

OpenTier = Callable[[str], Model]
Style = Literal["lean", "plain"]
Related = tuple[Artifact, ...]
# task, proven functions to offer, the attempt to repair, tokens → pieces
BuildContext = Callable[[Task, Related, Attempt | None, int, Style], Context]


class ModelTier:
    """Proposes what a model writes. One object serves the steps 'model' (fresh) and 'repair' of all tiers.

    open_tier: gives the model of a tier's name; asked once per tier. samples: fresh replies that a tier may be asked
    for in a run. together: how many of them to have written at once, after the first one failed; worth it only where
    there are cores to spare (docs/benchmarks.md). What is written ahead is paid for at once.
    style: "lean" spares the model writing docstrings: the reply is begun with the stub where the model can continue
    one, else code without docstrings is asked for and those of the stub are put back; "plain" shows the stub and waits.
    related: proven functions that may help with a task. They are offered for every other fresh reply, since what helps
    one misleads another: beginning with the first where there are several to compose, with the second where there is
    one. Those that a reply calls are bundled with it.
    """

    name = "model"

    def __init__(
        self,
        open_tier: OpenTier,
        build_context: BuildContext,
        *,
        max_tokens: int,
        samples: int = 1,
        together: int = 1,
        style: Style = "lean",
        related: Callable[[Task], Related] = lambda task: (),
        on_token: TokenCallback | None = None,
    ) -> None:
        self._open_tier = open_tier
        self._build_context = build_context
        self._max_tokens = max_tokens
        self._samples = samples
        self._together = together
        self._style = style
        self._related = related
        self._offered: tuple[str, Related] = ("", ())  # (task, what was found for it)
        self._on_token = on_token
        self._models: dict[str, Model] = {}
        self._ahead: dict[tuple[str, str], deque[Reply]] = {}  # (task, tier) → replies written together with another

    def propose(self, task: Task, history: tuple[Attempt, ...], step: Step, budget: Budget) -> Proposal | None:
        """One call of the step's tier. See `Generator.propose`."""
        model = self.model(step.tier or "")
        failed = next((a for a in history if a.number == step.repair_of), None)
        related = self._related_to(task, history, step)
        blocks = tuple(b for b in map(block_of, related) if b is not None)
        begun = ""
        if failed is None and self._style == "lean" and can_continue(model):
            begun = opening(task, import_line(blocks))
        style: Style = "plain" if begun else self._style
        context = self._build_context(task, related, failed, CONTEXT_TOKENS, style)
        messages = render(task, context, terse=style == "lean")
        if begun:
            messages = (*messages, Message(role="assistant", content=begun))
        if failed is None:
            reply, spend = self._fresh(model, messages, task, history, step, budget)
        else:
            reply = call(model, messages, budget, max_tokens=self._max_tokens, step=step, on_token=self._on_token)
            spend = spend_of(reply)
        return self._read(task, step, context, messages, reply, failed, blocks).replace(spend=spend)

    def _related_to(self, task: Task, history: tuple[Attempt, ...], step: Step) -> Related:
        """What to offer for this reply; for a repair all that was found, so that what its code calls comes along."""
        fresh = sum(a.generator == "model" and a.tier == step.tier for a in history)
        if self._offered[0] != task.id or fresh == 0:
            self._offered = (task.id, self._related(task))
        found = self._offered[1]
        turn = fresh % 2 == (0 if len(found) > 1 else 1)
        return found if turn or step.repair_of is not None else ()

    def _fresh(
        self,
        model: Model,
        messages: tuple[Message, ...],
        task: Task,
        history: tuple[Attempt, ...],
        step: Step,
        budget: Budget,
    ) -> tuple[Reply, Spend]:
        """The next fresh reply, and what is paid now: nothing for one that was written together with an earlier one."""
        fresh = sum(a.generator == "model" and a.tier == step.tier for a in history)
        key = (task.id, step.tier or "")
        if fresh == 0:
            self._ahead.pop(key, None)  # another run of the same task begins
        elif self._ahead.get(key):
            return self._ahead[key].popleft(), Spend()
        count = min(self._together, self._samples - fresh) if fresh else 1
        if count <= 1:
            reply = call(model, messages, budget, max_tokens=self._max_tokens, step=step, on_token=self._on_token)
            return reply, spend_of(reply)
        replies = call_together(
            model, messages, budget, count, max_tokens=self._max_tokens, step=step, on_token=self._on_token
        )
        self._ahead[key] = deque(replies[1:])
        spends = [spend_of(r) for r in replies]
        wall = max(s.seconds for s in spends)  # they ran side by side
        return replies[0], sum(spends, Spend()).replace(seconds=wall)

    def model(self, tier: str) -> Model:
        if tier not in self._models:
            self._models[tier] = self._open_tier(tier)
        return self._models[tier]

    def close(self) -> None:
        for model in self._models.values():
            model.close()
        self._models.clear()

    def _read(
        self,
        task: Task,
        step: Step,
        context: Context,
        messages: tuple[Message, ...],
        reply: Reply,
        failed: Attempt | None,
        blocks: tuple[Block, ...],
    ) -> Proposal:
        begun = messages[-1].content if messages[-1].role == "assistant" else ""
        text = f"{begun}{reply.text}\n```" if begun else reply.text
        stub = task.stubs[0].text if task.stubs else ""
        found = extract(text, candidate_paths(task), task.entry_point, signature=task.signature, stub=stub)
        spend = spend_of(reply)
        if found is None:
            cut = " (cut off at the token limit)" if reply.finish == "length" else ""
            note = f"the reply holds no Python code that parses{cut}"
            return Proposal(candidate=None, spend=spend, context=context, reply=text, note=note)
        origin = Origin(
            generator=step.generator,
            tier=step.tier,
            model=reply.model,
            model_digest=reply.model_digest,
            engine=reply.engine,
            sampling=Sampling(max_tokens=self._max_tokens, temperature=step.temperature, seed=step.seed),
            prompt_hash=content_id(messages),
            template_version=TEMPLATE_VERSION,
        )
        main, used = bundled(found.files[0].text, blocks)
        files = (found.files[0].replace(text=main), *found.files[1:])
        calls = [f"calls {b.name}" for b in used]
        candidate = make_candidate(
            files=tuple(documented(f, task.stubs) for f in files),
            entry_point=task.entry_point,
            origin=origin,
            parents=((failed.candidate.id,) if failed and failed.candidate else ())
            + tuple(b.artifact_id for b in used),
            spend=spend,
        )
        note = ", ".join([*found.rules, *calls])
        return Proposal(candidate=candidate, spend=spend, context=context, reply=text, note=note)


def call(
    model: Model,
    messages: tuple[Message, ...],
    budget: Budget,
    *,
    max_tokens: int,
    step: Step,
    on_token: TokenCallback | None = None,
) -> Reply:
    """One completion within the budget: its worst case is reserved first. Raises `LimitSpent`."""
    return call_together(model, messages, budget, 1, max_tokens=max_tokens, step=step, on_token=on_token)[0]


_SEEDS_APART = 1_000_003  # between the replies of one step, so that each call has a seed of its own


def call_together(
    model: Model,
    messages: tuple[Message, ...],
    budget: Budget,
    count: int,
    *,
    max_tokens: int,
    step: Step,
    on_token: TokenCallback | None = None,
) -> list[Reply]:
    """`count` completions of one prompt side by side, within the budget. Raises `LimitSpent`.

    Fewer are made where the tokens that are left do not do for all. The first failure ends the others.
    """
    prompt_tokens = model.count_tokens(messages)
    count = max(1, min(count, budget.tokens_left // (prompt_tokens + max_tokens)))
    room = min(max_tokens, budget.tokens_left // count - prompt_tokens)
    if room < _SHORTEST_REPLY:
        budget.reserve(tokens=prompt_tokens + max(_SHORTEST_REPLY, 0))
        raise LimitSpent("the tokens that are left do not make a reply", "raise --tokens", which="tokens")
    prices: Mapping[str, float] = getattr(model, "prices", {})
    worst_usd = prompt_tokens * prices.get("prompt", 0.0) + room * prices.get("completion", 0.0)
    budget.reserve(tokens=count * (prompt_tokens + room), usd=count * worst_usd)
    requests = [
        Request(
            messages=messages,
            sampling=Sampling(
                max_tokens=room,
                temperature=step.temperature,
                seed=(step.seed + number * _SEEDS_APART) & 0x7FFFFFFF,
                stop=STOPS if messages[-1].role == "assistant" else (),
            ),
            template_version=TEMPLATE_VERSION,
        )
        for number in range(count)
    ]
    return _Calls(model, on_token).all(requests)


class _Calls:
    """Completions under way. A callback that raises ends them all; what they wrote until then is counted."""

    def __init__(self, model: Model, on_token: TokenCallback | None) -> None:
        self._model = model
        self._on_token = on_token
        self._stop = threading.Event()
        self._pieces = 0

    def all(self, requests: list[Request]) -> list[Reply]:
        try:
            if len(requests) == 1:
                return [self._model.complete(requests[0], on_token=self._heard)]
            with ThreadPoolExecutor(len(requests), thread_name_prefix="lamarck-reply") as pool:
                futures = [pool.submit(self._model.complete, r, self._heard) for r in requests]
                try:
                    return [f.result() for f in futures]
                except BaseException:
                    self._stop.set()
                    raise
        except LimitSpent as error:
            error.tokens = self._pieces
            raise

    def _heard(self, text: str) -> None:
        self._pieces += 1
        if self._stop.is_set():
            raise LimitSpent("another reply was stopped", which="seconds")
        if self._on_token is not None:
            self._on_token(text)


def spend_of(reply: Reply) -> Spend:
    """What a reply cost now; nothing when it had been paid before."""
    if reply.from_cache:
        return Spend()
    return Spend(
        calls=1,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        usd=reply.usd,
        seconds=reply.seconds,
        cpu_seconds=reply.cpu_seconds,
    )
