"""A model of one tier as a generator: fresh code, and repair with the failure in sight."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lamarck.budget import Budget
from lamarck.errors import LimitSpent
from lamarck.generators.extraction import extract
from lamarck.generators.generator import Proposal
from lamarck.generators.prompt import TEMPLATE_VERSION, candidate_paths, render
from lamarck.models.model import Message, Model, Reply, Request, TokenCallback
from lamarck.policy import Step
from lamarck.records import Attempt, Context, Origin, Sampling, Spend, Task, content_id, make_candidate

CONTEXT_TOKENS = 2500  # of the embedded model's 4,096, so that a reply of the default length fits
_SHORTEST_REPLY = 64  # with fewer tokens left than this, no function is worth beginning

OpenTier = Callable[[str], Model]
BuildContext = Callable[[Task, Attempt | None, int], Context]  # task, the attempt to repair, tokens → pieces


class ModelTier:
    """Proposes what a model writes. One object serves the steps 'model' (fresh) and 'repair' of all tiers.

    open_tier: gives the model of a tier's name; asked once per tier. reserve_usd: what a reply could cost at most, by
    tier; 0 where a model is free.
    """

    name = "model"

    def __init__(
        self,
        open_tier: OpenTier,
        build_context: BuildContext,
        *,
        max_tokens: int,
        on_token: TokenCallback | None = None,
    ) -> None:
        self._open_tier = open_tier
        self._build_context = build_context
        self._max_tokens = max_tokens
        self._on_token = on_token
        self._models: dict[str, Model] = {}

    def propose(self, task: Task, history: tuple[Attempt, ...], step: Step, budget: Budget) -> Proposal | None:
        """One call of the step's tier. See `Generator.propose`."""
        model = self.model(step.tier or "")
        failed = next((a for a in history if a.number == step.repair_of), None)
        context = self._build_context(task, failed, CONTEXT_TOKENS)
        messages = render(task, context)
        reply = call(model, messages, budget, max_tokens=self._max_tokens, step=step, on_token=self._on_token)
        return self._read(task, step, context, messages, reply, failed)

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
    ) -> Proposal:
        found = extract(reply.text, candidate_paths(task), task.entry_point)
        spend = spend_of(reply)
        if found is None:
            cut = " (cut off at the token limit)" if reply.finish == "length" else ""
            note = f"the reply holds no Python code that parses{cut}"
            return Proposal(candidate=None, spend=spend, context=context, reply=reply.text, note=note)
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
        candidate = make_candidate(
            files=found.files,
            entry_point=task.entry_point,
            origin=origin,
            parents=(failed.candidate.id,) if failed and failed.candidate else (),
            spend=spend,
        )
        return Proposal(
            candidate=candidate, spend=spend, context=context, reply=reply.text, note=", ".join(found.rules)
        )


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
    prompt_tokens = model.count_tokens(messages)
    room = min(max_tokens, budget.tokens_left - prompt_tokens)
    if room < _SHORTEST_REPLY:
        budget.reserve(tokens=prompt_tokens + max(_SHORTEST_REPLY, 0))
        raise LimitSpent("the tokens that are left do not make a reply", "raise --tokens", which="tokens")
    prices: Mapping[str, float] = getattr(model, "prices", {})
    worst_usd = prompt_tokens * prices.get("prompt", 0.0) + room * prices.get("completion", 0.0)
    budget.reserve(tokens=prompt_tokens + room, usd=worst_usd)
    sampling = Sampling(max_tokens=room, temperature=step.temperature, seed=step.seed)
    return model.complete(
        Request(messages=messages, sampling=sampling, template_version=TEMPLATE_VERSION), on_token=on_token
    )


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
