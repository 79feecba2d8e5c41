"""The log of runs and attempts in the library file. Every function here runs inside the caller's transaction."""

from __future__ import annotations

import sqlite3

from lamarck.records import Attempt, ExitReason, Run, Spend, Task

_SPEND = "calls, prompt_tokens, completion_tokens, usd, spend_seconds, cpu_seconds"
_RUN = f"id, kind, started, exit_reason, seconds, artifact_id, message, task, {_SPEND}"


def begin(connection: sqlite3.Connection, run: Run) -> None:
    """Insert the run with what attempts it brings; a run that is there already is opened again and keeps its own."""
    values = (
        *(run.id, run.kind, run.started, run.exit_reason, run.seconds, run.artifact_id, run.message),
        *(run.task.to_json(), *_spent(run.spend)),
    )
    row = connection.execute(
        f"INSERT INTO runs ({_RUN}) VALUES ({_marks(values)})"  # noqa: S608
        " ON CONFLICT (id) DO UPDATE SET exit_reason = excluded.exit_reason, seconds = excluded.seconds,"
        " artifact_id = excluded.artifact_id, message = excluded.message, task = excluded.task,"
        " calls = excluded.calls, prompt_tokens = excluded.prompt_tokens,"
        " completion_tokens = excluded.completion_tokens, usd = excluded.usd,"
        " spend_seconds = excluded.spend_seconds, cpu_seconds = excluded.cpu_seconds RETURNING seq",
        values,
    ).fetchone()
    for attempt in run.attempts:
        put_attempt(connection, row[0], attempt)


def put_attempt(connection: sqlite3.Connection, seq: int, attempt: Attempt) -> None:
    decision = attempt.verdict.decision if attempt.verdict else None
    values = (seq, attempt.number, attempt.generator, decision, attempt.to_json(), *_spent(attempt.spend))
    connection.execute(
        f"INSERT OR REPLACE INTO attempts (run, number, generator, decision, attempt, {_SPEND})"  # noqa: S608
        f" VALUES ({_marks(values)})",
        values,
    )


def end(
    connection: sqlite3.Connection,
    seq: int,
    *,
    exit_reason: ExitReason,
    spend: Spend,
    seconds: float,
    artifact_id: str | None,
    message: str,
) -> None:
    connection.execute(
        f"UPDATE runs SET (exit_reason, seconds, artifact_id, message, {_SPEND}) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
        " WHERE seq = ?",
        (exit_reason, seconds, artifact_id, message, *_spent(spend), seq),
    )


def read_run(connection: sqlite3.Connection, seq: int, *, attempts: bool) -> Run:
    row = connection.execute(f"SELECT {_RUN} FROM runs WHERE seq = ?", (seq,)).fetchone()  # noqa: S608
    id_, kind, started, exit_reason, seconds, artifact_id, message, task, *spent = row
    calls, prompt_tokens, completion_tokens, usd, spend_seconds, cpu_seconds = spent
    of_run = connection.execute("SELECT attempt FROM attempts WHERE run = ? ORDER BY number", (seq,))
    return Run(
        id=id_,
        kind=kind,
        task=Task.from_json(task),
        started=started,
        attempts=tuple(Attempt.from_json(text) for (text,) in of_run) if attempts else (),
        spend=Spend(
            calls=calls,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            usd=usd,
            seconds=spend_seconds,
            cpu_seconds=cpu_seconds,
        ),
        seconds=seconds,
        exit_reason=ExitReason(exit_reason) if exit_reason else None,
        artifact_id=artifact_id,
        message=message,
    )


def rows_newest_first(connection: sqlite3.Connection, limit: int) -> list[int]:
    rows = connection.execute("SELECT seq FROM runs ORDER BY started DESC, seq DESC LIMIT ?", (limit,))
    return [seq for (seq,) in rows]


def _spent(spend: Spend) -> tuple[float, ...]:
    return (
        spend.calls,
        spend.prompt_tokens,
        spend.completion_tokens,
        spend.usd,
        spend.seconds,
        spend.cpu_seconds,
    )


def _marks(values: tuple[object, ...]) -> str:
    return ", ".join("?" * len(values))
