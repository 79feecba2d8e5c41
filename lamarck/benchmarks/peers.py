"""Published figures of others on the same sets: beside ours, with their source and what differs."""

from __future__ import annotations

from collections.abc import Mapping

from lamarck.records import Record


class Peer(Record, frozen=True, kw_only=True):
    name: str
    share: float
    source: str
    differs: str


PEERS: Mapping[str, tuple[Peer, ...]] = {
    "exercism": tuple(
        Peer(
            name=f"aider 0.59, Qwen2.5-Coder-1.5B, {attempt} try",
            share=share,
            source="aider's leaderboard for code editing",
            differs="133 exercises, not these; its own prompts and edit formats",
        )
        for attempt, share in (("first", 0.286), ("second", 0.316))
    ),
    "humaneval": (
        Peer(
            name="Qwen2.5-Coder-1.5B-Instruct, greedy",
            share=0.707,
            source="EvalPlus leaderboard, HumanEval",
            differs="all 164 tasks, unquantised weights, EvalPlus's prompt and extraction",
        ),
    ),
    "mbpp": (
        Peer(
            name="Qwen2.5-Coder-1.5B-Instruct, greedy",
            share=0.692,
            source="EvalPlus leaderboard, MBPP",
            differs="all 378 tasks, unquantised weights, EvalPlus's prompt and extraction",
        ),
    ),
}
