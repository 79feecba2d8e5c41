"""Counts and sums over a library, measured and never derived: what something saved is for the reader to subtract."""

from __future__ import annotations

from collections.abc import Mapping

from lamarck.library.connection import Connection
from lamarck.records import ExitReason

FIGURES: Mapping[str, str] = {
    "artifacts_live": "artifacts that are neither retired nor in quarantine",
    "artifacts_found": "of these what searches find: for each task those that no better version answers for",
    "artifacts_retired": "artifacts kept with their evidence and no longer found",
    "artifacts_with_vector": "of these what is also found by meaning",
    "uses": "times an artifact served a later task and was accepted by its tests",
    "requests_recognised": "requests that are remembered with what served them, each word for word and normalised",
    "recognition_hits": "times a remembered request was served again by the same artifact, aligned or as it is",
    "verdicts_cached": "verdicts that stand for runs of equal code, tests, checks and environment",
    "runs": "solves, adds and verifies begun",
    **{f"runs_{reason.value}": f"runs that ended with {reason.value}" for reason in ExitReason},
    "runs_unfinished": "runs still going, or killed",
    "served_by_reuse": "solves whose accepted candidate came from the library",
    "attempts": "candidates tried, accepted or not",
    "model_calls": "calls of models",
    "prompt_tokens": "tokens that models read",
    "completion_tokens": "tokens that models wrote",
    "usd": "US dollars that models charged",
    "spend_seconds": "wall-clock seconds of model calls and checks",
    "cpu_seconds": "CPU seconds, where they were measured",
    "run_seconds": "wall-clock seconds of the runs that ended",
    "bytes": "size of the library file, without its write-ahead log",
}
"""Name → meaning of everything `Library.stats` returns."""

_SPENT = {
    "model_calls": "calls",
    "prompt_tokens": "prompt_tokens",
    "completion_tokens": "completion_tokens",
    "usd": "usd",
    "spend_seconds": "spend_seconds",
    "cpu_seconds": "cpu_seconds",
}
_COUNTS = {
    "artifacts_live": "SELECT count(*) FROM artifacts WHERE status = 'live'",
    "artifacts_found": "SELECT count(*) FROM artifacts WHERE found",
    "artifacts_retired": "SELECT count(*) FROM artifacts WHERE status = 'retired'",
    "artifacts_with_vector": "SELECT count(*) FROM vectors",
    "uses": "SELECT coalesce(sum(served), 0) FROM artifacts",
    "requests_recognised": "SELECT count(*) FROM recognised",
    "recognition_hits": "SELECT coalesce(sum(hits), 0) FROM recognised",
    "verdicts_cached": "SELECT count(*) FROM verdicts",
    "runs": "SELECT count(*) FROM runs",
    "runs_unfinished": "SELECT count(*) FROM runs WHERE exit_reason IS NULL",
    "served_by_reuse": (
        "SELECT count(DISTINCT runs.seq) FROM runs JOIN attempts ON attempts.run = runs.seq WHERE runs.kind = 'solve'"
        " AND runs.exit_reason = 'accepted' AND attempts.generator = 'reuse' AND attempts.decision = 'accepted'"
    ),
    "attempts": "SELECT count(*) FROM attempts",
    "run_seconds": "SELECT coalesce(sum(seconds), 0) FROM runs",
}


def measure(connection: Connection, size: int) -> dict[str, float]:
    """All of `FIGURES`, in their order; size: bytes of the library."""
    figures = {"bytes": float(size)}
    figures |= {name: float(connection.execute(query).fetchone()[0]) for name, query in _COUNTS.items()}
    figures |= {f"runs_{reason.value}": 0.0 for reason in ExitReason}
    ended = "SELECT exit_reason, count(*) FROM runs WHERE exit_reason IS NOT NULL GROUP BY exit_reason"
    figures |= {f"runs_{reason}": float(count) for reason, count in connection.execute(ended)}
    for name, column in _SPENT.items():
        # A run that was killed has no total of its own; its attempts are what it is known to have spent.
        query = (
            f"SELECT (SELECT coalesce(sum({column}), 0) FROM runs WHERE exit_reason IS NOT NULL)"  # noqa: S608
            f" + (SELECT coalesce(sum(a.{column}), 0) FROM attempts a"
            " JOIN runs ON runs.seq = a.run WHERE runs.exit_reason IS NULL)"
        )
        figures[name] = float(connection.execute(query).fetchone()[0])
    return {name: figures[name] for name in FIGURES}
