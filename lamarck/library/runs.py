"""The log of runs and attempts in the library file. Every function here runs inside the caller's transaction."""

from __future__ import annotations

from lamarck.library.connection import Connection
from lamarck.records import Attempt, Run, Spend

_SPENT = "calls, prompt_tokens, completion_tokens, usd, spend_seconds, cpu_seconds"
_OF_NEW = ", ".join(f"{name} = excluded.{name}" for name in _SPENT.split(", "))
_PUT_RUN = f"""
    INSERT INTO runs (id, kind, started, exit_reason, seconds, record, {_SPENT})
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        exit_reason = excluded.exit_reason, seconds = excluded.seconds, record = excluded.record,
        {_OF_NEW}
    RETURNING seq
"""  # noqa: S608 - made of the constant above
_PUT_ATTEMPT = f"""
    INSERT INTO attempts (run, number, generator, decision, record, {_SPENT})
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (run, number) DO UPDATE SET
        generator = excluded.generator, decision = excluded.decision, record = excluded.record, {_OF_NEW}
"""  # noqa: S608


def put_run(connection: Connection, run: Run) -> None:
    """Insert or replace what is known of the run; attempts that it brings are put, others that are there stay."""
    record = run.replace(attempts=()).to_json()
    values = (run.id, run.kind, run.started, run.exit_reason, run.seconds, record, *_spent(run.spend))
    (seq,) = connection.execute(_PUT_RUN, values).fetchone()
    for attempt in run.attempts:
        put_attempt(connection, seq, attempt)


def put_attempt(connection: Connection, seq: int, attempt: Attempt) -> None:
    decision = attempt.verdict.decision if attempt.verdict else None
    values = (seq, attempt.number, attempt.generator, decision, attempt.to_json(), *_spent(attempt.spend))
    connection.execute(_PUT_ATTEMPT, values)


def read_run(connection: Connection, seq: int, *, attempts: bool) -> Run:
    (record,) = connection.execute("SELECT record FROM runs WHERE seq = ?", (seq,)).fetchone()
    run = Run.from_json(record)
    if not attempts:
        return run
    rows = connection.execute("SELECT record FROM attempts WHERE run = ? ORDER BY number", (seq,))
    return run.replace(attempts=tuple(Attempt.from_json(text) for (text,) in rows))


def rows_newest_first(connection: Connection, limit: int) -> list[int]:
    rows = connection.execute("SELECT seq FROM runs ORDER BY started DESC, seq DESC LIMIT ?", (limit,))
    return [seq for (seq,) in rows]


def _spent(spend: Spend) -> tuple[float, ...]:
    tokens = (spend.prompt_tokens, spend.completion_tokens)
    return (spend.calls, *tokens, spend.usd, spend.seconds, spend.cpu_seconds)
