"""How a run is told when it is over: to people, or as the document of --json."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lamarck.errors import BadInput
from lamarck.interfaces import documents
from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import clean, count, seconds, short_id, shortened, usd

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lamarck.api import Lamarck, Saving
    from lamarck.records import Candidate, Run

UNFINISHED = 1  # no exit reason is on record: the run was killed


def check_out(out: Path | None) -> None:
    """Before anything is paid for: that the code can be written there. Raises `BadInput`."""
    if out is None:
        return
    import tempfile

    folder = out if out.is_dir() else out.absolute().parent
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise BadInput(f"--out {out}: {folder}: {error.strerror}", "choose another place") from error


def end(terminal: Terminal, lamarck: Lamarck, run: Run, *, out: Path | None = None) -> int:
    """Write the code out, tell how the run ended, and return the exit code."""
    from lamarck.api import final_candidate

    run = lamarck.proof.rank_new(run)
    candidate = final_candidate(run)
    written = lamarck.write(run, out) if out is not None and candidate is not None else ()
    saving = lamarck.saving(run)
    code = UNFINISHED if run.exit_reason is None else run.exit_reason.exit_code
    if terminal.json:
        terminal.document(
            documents.of_run(
                run, candidate, exit_code=code, written=written, saving=saving, next_command=next_command(run)
            )
        )
    else:
        if candidate is not None and not written and run.kind == "solve":
            _show_code(terminal, candidate)
        show_ending(terminal, run, written=written, saving=saving)
    return code


def next_command(run: Run) -> str | None:
    """What the user can do now; None when there is nothing left to do."""
    from lamarck.records import Limits

    if run.kind == "solve" and (run.exit_reason is None or run.exit_reason == "interrupted"):
        return f"lamarck resume {short_id(run.id)}"
    if run.exit_reason == "pending":
        return f"lamarck review approve {short_id(run.id)}"
    if run.kind == "solve" and run.exit_reason == "rejected" and any(a.generator == "agreement" for a in run.attempts):
        return f"lamarck resume {short_id(run.id)}"  # an answer refuted all; others may give it
    if run.exit_reason in {"tokens_spent", "seconds_spent", "usd_spent"}:
        name = str(run.exit_reason).removesuffix("_spent")
        more = 2 * getattr(run.task.limits, name) or getattr(Limits(), name) or "MORE"
        return f"lamarck resume {short_id(run.id)} --{name} {more}"
    return None


def show_ending(terminal: Terminal, run: Run, *, written: tuple[Path, ...] = (), saving: Saving | None = None) -> None:
    """Decision, reasons, evidence, isolation, spend, and what comes next."""
    from rich.text import Text

    from lamarck.interfaces import report

    reason = str(run.exit_reason or "unfinished")
    terminal.show(Text.assemble(report.word(reason), (_quality(run), "dim")))
    verdict = documents.last_verdict(run)
    if verdict is not None:
        terminal.show(report.indented(report.evidence_table(verdict)))
        if reason != "accepted":
            for line in report.complaints(verdict):
                terminal.show(report.indented(Text(line, style="red")))
    rows: list[tuple[str, RenderableType | str]] = agreement_of(run)
    if run.message and reason != "accepted":
        rows.append(("why", shortened(run.message, 200)))
    isolated = report.isolation(verdict) if verdict is not None else None
    if isolated is not None:
        rows.append(("isolation", isolated))
    if (source := _reused(run)) is not None:
        rows.append(("from", f"lamarck show {short_id(source)}"))
    rows.append(("spent", report.spent(run.spend, run.seconds)))
    if saving is not None:
        rows.append(("saved", _saved(saving)))
    if run.artifact_id:
        rows.append(("kept", f"lamarck show {short_id(run.artifact_id)}"))
        rows.append(("replay", f"lamarck verify {short_id(run.artifact_id)}"))
    if run.kind == "law" and reason == "accepted":
        rows.append(("given test", clean(_below(run.task.acceptance[0].path))))
    rows += [("written", str(path)) for path in written]
    rows.append(("run", f"lamarck log {short_id(run.id)}"))
    rows += _what_next(run)
    terminal.show(report.indented(report.facts(rows)))


def agreement_of(run: Run) -> list[tuple[str, RenderableType | str]]:
    """What comparing candidates brought, and the question that it leaves to a person."""
    from lamarck.api import differences

    verdict = documents.last_verdict(run)
    logs = [e.log for e in verdict.evidence if e.check == "agreement"] if verdict is not None else []
    rows: list[tuple[str, RenderableType | str]] = [("agreement", shortened(log, 300)) for log in logs]
    if run.kind == "solve" and (known := differences(run)):
        rows.append(("question", shortened(f"what should {known[0].call} give?", 200)))
        rows.append(("answer", f"lamarck review answer {short_id(run.id)} --expected VALUE"))
    return rows


def _what_next(run: Run) -> list[tuple[str, RenderableType | str]]:
    command = next_command(run)
    if command is None:
        return []
    if run.kind == "law" and run.exit_reason == "pending":
        return [
            ("it holds", f"{command}: its test goes into {clean(_below(run.task.acceptance[0].path))}"),
            ("it does not", f"lamarck review reject {short_id(run.id)} --reason TEXT: it is not asked again"),
        ]
    if run.exit_reason == "pending":
        return [
            ("confirm", f"read the code and its tests: lamarck review show {short_id(run.id)}"),
            ("then", f"{command}, or: lamarck review reject {short_id(run.id)} --reason TEXT"),
        ]
    return [("go on", command)]


def _below(path: str) -> str:
    """Relative where it lies below the working folder."""
    import os

    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def _reused(run: Run) -> str | None:
    """The artifact that the accepted code was made from."""
    accepted = (a for a in run.attempts if a.verdict is not None and a.verdict.decision == "accepted")
    attempt = next(accepted, None)
    if attempt is None or attempt.candidate is None or attempt.generator != "reuse":
        return None
    return attempt.candidate.parents[0] if attempt.candidate.parents else None


def _quality(run: Run) -> str:
    verdict = documents.last_verdict(run)
    return f"  quality {verdict.quality:.2f}" if verdict is not None and verdict.quality is not None else ""


def _saved(saving: Saving) -> str:
    """Differences of measured spends; a part in which reuse cost more than it saved is said so."""
    saved, parts = saving.saved, []
    for value, worded in (
        (saved.tokens, count(abs(saved.tokens), "token")),
        (saved.seconds, seconds(abs(saved.seconds))),
        (saved.usd, usd(abs(saved.usd))),
    ):
        if value:
            parts.append(worded if value > 0 else f"{worded} more spent")
    made = f"made for {count(saving.made_for.tokens, 'token')} and {seconds(saving.made_for.seconds)}"
    return f"{' · '.join(parts) or 'nothing'} ({made}; {short_id(saving.artifact_id)})"


def _show_code(terminal: Terminal, candidate: Candidate) -> None:
    from rich.text import Text

    from lamarck.interfaces import report

    if terminal.out.is_terminal:
        terminal.show(Text())  # apart from the steps, which stand on the same screen
    terminal.show(report.code(candidate.files, coloured=terminal.out.is_terminal), Text())
