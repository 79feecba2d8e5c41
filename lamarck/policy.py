"""Where to start, when to climb, when to stop. Pure: history in, next step out."""

from __future__ import annotations

from lamarck.records import Attempt, Candidate, CheckOutcome, Decision, Record, content_id, tree_hash

POLICY_VERSION = "2"

# The first reply of a tier is the likeliest one; the later ones have to differ from it. At 0.3 to 0.5 the embedded 1.5B
# model mostly repeats itself (docs/benchmarks.md), which costs tokens and proves nothing new.
TEMPERATURES = (0.1, 0.6, 0.8, 0.8)
ROUND = 16  # fresh samples between two chances of repair: each has the embedded model read two prompts anew
SEARCH = "search"
TEMPLATES = "templates"
_UNASKED = {SEARCH, TEMPLATES}  # generators between whose attempts models are asked as if there were none
_SEARCHED = {"model", "repair", TEMPLATES}
_SHARE_OF_TEMPLATE = 1 / 3  # of its tests, that a template's program passes before a search for a variant is worth it
SEARCHES_OF_ONE = 3  # variants of one attempt that seem to pass and are refused, before the next attempt
MORE = 3  # fresh samples for each other candidate that agreement asks for: small models often write the same again


class Rules(Record, frozen=True, kw_only=True):
    """What the policy may do in one run."""

    reuse: bool = True
    templates: int = 0  # of a run at most; 0: none
    tiers: tuple[str, ...] = ()
    samples: int = 4  # fresh replies per tier
    repairs: int = 1  # repair rounds, on the first reply and again on the best of the others
    search_seconds: float = 0.0  # of all searches of a run together; 0: none
    agreement: int = 1  # different passing candidates to look for before one is chosen; 1: the first is taken


class Step(Record, frozen=True, kw_only=True):
    """One step of a run: who proposes, and with which settings."""

    number: int
    generator: str  # reuse | templates | model | repair | search
    seed: int
    tier: str | None = None
    temperature: float = 0.0
    repair_of: int | None = None  # number of the attempt to repair or to search


def seed_for(run_id: str, number: int) -> int:
    """A seed of its own for every call of a run, the same when the run is resumed. 31 bits."""
    return int(content_id("seed", run_id, number)[:8], 16) & 0x7FFFFFFF


def next_step(
    run_id: str, history: tuple[Attempt, ...], rules: Rules, exhausted: frozenset[str] = frozenset()
) -> Step | None:
    """What to try next, or None when everything that the rules allow was tried.

    history: attempts so far, in order. exhausted: generators that have no more to offer.
    Order: the library; templates; then tier by tier as `_tier_step` says, and after each template or reply that nearly
    passes a search for a variant of it that does, while there are seconds for that; once a model's candidate passes,
    others to compare it with, as `_another` says.
    """
    number = len(history) + 1
    # What is searched or tried in between changes nothing of what models are asked: neither order nor seeds.
    seed = seed_for(run_id, 1 + sum(a.generator not in _UNASKED for a in history))
    if found := passing(history):
        return None if "model" in exhausted else _another(found, history, rules, number, seed)
    if (search := _search(history, rules, number, seed)) is not None and SEARCH not in exhausted:
        return search
    if rules.reuse and "reuse" not in exhausted:
        return Step(number=number, generator="reuse", seed=seed)
    if TEMPLATES not in exhausted and sum(a.generator == TEMPLATES for a in history) < rules.templates:
        return Step(number=number, generator=TEMPLATES, seed=seed)
    for tier in rules.tiers:
        step = _tier_step(tier, tuple(a for a in history if a.tier == tier), rules, number, seed)
        if step is not None and step.generator not in exhausted:
            return step
    return None


def _tier_step(tier: str, mine: tuple[Attempt, ...], rules: Rules, number: int, seed: int) -> Step | None:
    """One tier: the likeliest reply and repairs of it; then rounds of fresh samples, each with repairs of its best.

    The samples of a round stand together so that a model that can write several replies at once may do so.
    """
    fresh = [a for a in mine if a.generator == "model"]
    if fresh and (len(fresh) in {1, rules.samples} or (len(fresh) - 1) % ROUND == 0):
        since = mine[mine.index(fresh[-1]) :]
        if sum(a.generator == "repair" for a in since) < rules.repairs and (worth := _worth_repairing(mine)):
            return _repair(tier, max(worth, key=_share_passed), number, seed)
    if len(fresh) >= rules.samples:
        return None
    temperature = TEMPERATURES[min(len(fresh), len(TEMPERATURES) - 1)]
    return Step(number=number, generator="model", seed=seed, tier=tier, temperature=temperature)


def passing(history: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """What models wrote, or a search mended, that was accepted, or else only waits for a person: among these one is
    chosen. All different, since what was written before is not judged again."""
    judged = [
        a for a in history if a.generator in {"model", "repair", SEARCH} and a.candidate is not None and a.verdict
    ]
    for decision in (Decision.ACCEPTED, Decision.PENDING):
        found = tuple(a for a in judged if a.verdict is not None and a.verdict.decision is decision)
        if found:
            return found
    return ()


def written(history: tuple[Attempt, ...]) -> dict[str, int]:
    """How many replies wrote each passing candidate, by its id: equal syntax trees are one candidate, which a model
    that writes it again and again holds for the likeliest."""
    trees = {a.candidate.id: _trees(a.candidate) for a in passing(history) if a.candidate is not None}
    replies = [_trees(a.candidate) for a in history if a.candidate and a.generator in {"model", "repair"}]
    return {each: max(1, replies.count(tree)) for each, tree in trees.items()}


def _trees(candidate: Candidate) -> tuple[str, ...]:
    return tuple(tree_hash(f.text) or f.text for f in candidate.files)


def _another(
    found: tuple[Attempt, ...], history: tuple[Attempt, ...], rules: Rules, number: int, seed: int
) -> Step | None:
    """A fresh reply of the tier that passed first, while candidates to compare are wanted and not too many were
    tried."""
    tier = next((a.tier for a in reversed(history[: found[0].number]) if a.tier is not None), None)
    fresh = [a for a in history if a.generator == "model" and a.tier == tier]
    more = sum(a.number > found[0].number for a in fresh)
    if len(found) >= rules.agreement or more >= MORE * (rules.agreement - 1) or len(fresh) >= rules.samples:
        return None
    temperature = TEMPERATURES[min(max(1, len(fresh)), len(TEMPERATURES) - 1)]
    return Step(number=number, generator="model", seed=seed, tier=tier, temperature=temperature)


def _search(history: tuple[Attempt, ...], rules: Rules, number: int, seed: int) -> Step | None:
    """A search among variants of the last reply, or of a template's program, where that nearly passes; again while
    those that it brings are refused, until it has no more."""
    if sum(a.spend.seconds for a in history if a.generator == SEARCH) >= rules.search_seconds:
        return None
    for since, attempt in enumerate(reversed(history), 1):
        if attempt.generator != SEARCH:
            near = attempt.generator in _SEARCHED and _nearly_passes(attempt)
            if near and attempt.generator == TEMPLATES:  # nothing says yet that it is what was asked for
                near = _share_passed(attempt) > _SHARE_OF_TEMPLATE
            return Step(number=number, generator=SEARCH, seed=seed, repair_of=attempt.number) if near else None
        if attempt.candidate is None or since >= SEARCHES_OF_ONE:
            return None
    return None


def _nearly_passes(attempt: Attempt) -> bool:
    """Rejected for its tests alone, and small enough to search: some pass, or a single function is at fault."""
    if attempt.candidate is None or attempt.verdict is None or attempt.verdict.decision is not Decision.REJECTED:
        return False
    failed = [e for e in attempt.verdict.evidence if e.outcome is CheckOutcome.FAILED]
    results = [r for e in failed for r in e.results]
    if not results or any(not e.results for e in failed):
        return False
    if any(r.outcome is CheckOutcome.PASSED for r in results):
        return True
    return sum(f.text.count("def ") for f in attempt.candidate.files) == 1


def _repair(tier: str, attempt: Attempt, number: int, seed: int) -> Step:
    return Step(number=number, generator="repair", seed=seed, tier=tier, temperature=0.4, repair_of=attempt.number)


def _share_passed(attempt: Attempt) -> float:
    results = [r for e in (attempt.verdict.evidence if attempt.verdict else ()) for r in e.results]
    return sum(r.outcome is CheckOutcome.PASSED for r in results) / len(results) if results else 0.0


def _worth_repairing(mine: tuple[Attempt, ...]) -> list[Attempt]:
    """Attempts with a candidate and a failure that can be told, which no repair was tried on yet. The last repair is
    among them; security findings are told like any other.
    """
    repaired = {parent for a in mine if a.generator == "repair" and a.candidate for parent in a.candidate.parents}
    return [
        a
        for a in mine
        if a.candidate is not None
        and a.candidate.id not in repaired
        and a.verdict is not None
        and a.verdict.decision is Decision.REJECTED
        and any(e.outcome is CheckOutcome.FAILED for e in a.verdict.evidence)
    ]
