"""The arms of a benchmark: ways from a task to one candidate, each within the same budget of generated tokens."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from lamarck.api import Request
from lamarck.benchmarks.aider import aider
from lamarck.benchmarks.arm import Arm, Bench, Proposed, passed_share
from lamarck.errors import BadInput, LimitSpent
from lamarck.records import (
    Attempt,
    Candidate,
    CheckOutcome,
    Decision,
    ExitReason,
    Limits,
    Run,
    Sampling,
    SourceFile,
    Trust,
)

SAMPLES = 64  # of best-of-n: more than the budget pays for, so that the budget is what ends a task
TEMPERATURE = 0.5  # of the second and later samples of best-of-n; the first is greedy
_UNBOUNDED = Limits(tokens=10**9, seconds=3600.0, usd=0.0)  # the metered model is what limits tokens
_FENCED = re.compile(r"^[ \t]*```[^\n]*\n(.*?)^[ \t]*```[ \t]*$", re.M | re.S)


def reference(bench: Bench) -> Proposed:
    """The suite's own solution: what it does not solve, nobody can be blamed for."""
    return Proposed(candidate=bench.candidate(bench.built.problem.reference, "reference"))


def empty(bench: Bench) -> Proposed:
    """Every function of the stub with a body that returns None: what it solves, the tests do not test."""
    paths = tuple(f.path for f in bench.task.stubs) or (bench.task.main_path,)
    texts = {f.path: f.text for f in bench.task.stubs}
    name = bench.task.entry_point or "answer"
    default = f"def {name}(*args, **kwargs):\n    return None\n"
    files = tuple(SourceFile(path=p, text=hollow(texts.get(p, "")) or default) for p in paths)
    return Proposed(candidate=bench.candidate(files, "empty"))


def hollow(source: str) -> str:
    """`source` with `return None` as the body of every function; empty when it defines none or does not parse."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in functions:
        function.body = [ast.Return(value=ast.Constant(value=None))]
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n" if functions else ""


def raw(bench: Bench) -> Proposed:
    """One greedy call with the plain prompt, the stub as it stands; the first fenced block as it stands."""
    try:
        files = _ask(bench, temperature=0.0)
    except LimitSpent as error:
        return Proposed(candidate=None, note=error.line)
    if files is None:
        return Proposed(candidate=None, note="the reply holds no fenced block")
    return Proposed(candidate=bench.candidate(files, "raw"))


def best_of_n(bench: Bench) -> Proposed:
    """Samples of the same prompt until one passes every given test or the budget is spent; no repair, no mending.

    The best of them by given tests is what it ends with, the earliest of equals. A first sample that passes is taken at
    once: later ones could only equal it.
    """
    best: Candidate | None = None
    best_share = -1.0
    note = ""
    for number in range(SAMPLES):
        try:
            files = _ask(bench, temperature=TEMPERATURE if number else 0.0)
        except LimitSpent as error:
            note = error.line
            break
        if files is None:
            continue
        candidate = bench.candidate(files, "best-of-n")
        if not bench.task.tests(Trust.GIVEN):
            return Proposed(candidate=candidate, note="no given tests to choose by: the first sample")
        evidence = bench.lamarck.judge(bench.task, candidate)
        if evidence.outcome is CheckOutcome.ERRORED:
            return Proposed(candidate=None, broke=evidence.log)
        share = passed_share(evidence)
        if share > best_share:
            best, best_share = candidate, share
        if share == 1.0:
            break
    return Proposed(candidate=best, accepted=best_share == 1.0, note=note)


def _ask(bench: Bench, *, temperature: float) -> tuple[SourceFile, ...] | None:
    """The files of one reply: its fenced blocks in the order in which files were asked for, None when they lack."""
    assert bench.model is not None
    sampling = Sampling(max_tokens=bench.settings.models.max_tokens, temperature=temperature)
    plain = bench.settings.models.replace(prompt="plain")
    messages = bench.lamarck.prompt(bench.task, bench.settings.replace(models=plain))
    reply = bench.model.complete(Request(messages=messages, sampling=sampling))
    paths = tuple(f.path for f in bench.task.stubs) or (bench.task.main_path,)
    blocks = _FENCED.findall(reply.text)
    if len(blocks) < len(paths):
        return None
    return tuple(SourceFile(path=p, text=b) for p, b in zip(paths, blocks, strict=False))


def search(bench: Bench) -> Proposed:
    """Small edits of the stub's own code until one passes every given test; no model."""
    if not bench.task.tests(Trust.GIVEN):
        return Proposed(candidate=None, note="no given tests to search by")
    done = bench.lamarck.mend(bench.task, bench.task.stubs)
    report = done.report
    if done.broke:
        return Proposed(candidate=None, broke=done.broke)
    places = ", ".join(f"{s.path}:{s.line}" for s in report.suspects[:5])
    pace = report.milliseconds_a_variant
    note = f"{report.reason} after {report.variants} variants" + (f", {pace:.1f} ms each" if pace else "")
    note += f"; suspects {places}" if places else ""
    note += f"; {'; '.join(done.edits)}" if done.edits else ""
    if report.reason == "nothing_fails":  # the stub itself passes what is given
        return Proposed(candidate=bench.candidate(bench.task.stubs, "search"), accepted=True, note=note)
    return Proposed(candidate=done.candidate, accepted=done.candidate is not None, note=note)


def fix(bench: Bench) -> Proposed:
    """What `lamarck fix` does: the search, which costs no token; where it finds nothing, the loop with the model."""
    found = search(bench)
    if found.accepted or found.broke:
        return found
    asked = lamarck_with()(bench)
    return asked.replace(note=f"{found.note}; then {asked.note}")


def without_search(bench: Bench) -> Proposed:
    settings = bench.settings.replace(search=bench.settings.search.replace(enabled=False))
    return lamarck_with()(replace(bench, settings=settings))


def without_templates(bench: Bench) -> Proposed:
    settings = bench.settings.replace(templates=bench.settings.templates.replace(enabled=False))
    return lamarck_with()(replace(bench, settings=settings))


def lamarck_with(*, inherits: bool = False, **changes: object) -> Callable[[Bench], Proposed]:
    """The loop as it is set, with an empty library and these model settings changed; its best candidate, whatever the
    verdict. inherits: with one library for all tasks instead, which holds what was accepted for the earlier ones.
    """

    def run(bench: Bench) -> Proposed:
        models = bench.settings.models.replace(**changes)
        settings = bench.settings.replace(models=models)
        folder = bench.shared if inherits else bench.folder
        folder.mkdir(exist_ok=True)
        with bench.lamarck.beside(settings=settings, library=folder / "library.sqlite", model=bench.model) as lamarck:
            done = lamarck.solve(bench.task, limits=_UNBOUNDED)
        broken = [
            e for a in done.attempts if a.verdict for e in a.verdict.evidence if e.outcome is CheckOutcome.ERRORED
        ]
        attempt = best_attempt(done)
        return Proposed(
            broke=broken[0].log if broken else "",
            candidate=attempt.candidate if attempt else None,
            accepted=done.exit_reason is ExitReason.ACCEPTED,
            note=f"{done.exit_reason} after {len(done.attempts)} attempts"
            + _templates_tried(done)
            + _inherited(done, attempt),
        )

    return run


def _templates_tried(run: Run) -> str:
    """Which templates matched, and what became of them: hits and wrong hits of a suite are counted from this."""
    tried = [
        f"{a.candidate.origin.template_version} {a.verdict.decision if a.verdict else 'not run'}"
        for a in run.attempts
        if a.generator == "templates" and a.candidate is not None
    ]
    return f"; template {', '.join(tried)}" if tried else ""


def _inherited(run: Run, attempt: Attempt | None) -> str:
    """What of the library was offered to the model, and what the candidate calls."""
    asked = next((a.context for a in run.attempts if a.context is not None), None)
    pieces = [p for p in asked.pieces if p.source == "library"] if asked is not None else []
    offered = ", ".join(p.kind.rpartition(":")[2] for p in pieces)
    calls = [n for n in (attempt.note.split(", ") if attempt else []) if n.startswith("calls ")]
    reused = "; reused" if attempt is not None and attempt.generator == "reuse" else ""
    return (f"; offered {offered}" if offered else "") + (f"; {', '.join(calls)}" if calls else "") + reused


def best_attempt(run: Run) -> Attempt | None:
    """Accepted before pending before rejected; of equals the one that passed more given tests, then the one that was
    chosen among several, then the earliest.
    """
    order = {Decision.ACCEPTED: 2, Decision.PENDING: 1, Decision.REJECTED: 0}

    def worth(attempt: Attempt) -> tuple[int, float, bool]:
        assert attempt.verdict is not None
        given = [e for e in attempt.verdict.evidence if e.trust is Trust.GIVEN and e.results]
        share = max((passed_share(e) for e in given), default=0.0)
        return (order[attempt.verdict.decision], share, attempt.generator == "agreement")

    judged = [a for a in run.attempts if a.candidate is not None and a.verdict is not None]
    return max(judged, key=worth, default=None)


ARMS: Mapping[str, Arm] = {
    "reference": Arm(run=reference, asks=False),
    "empty": Arm(run=empty, asks=False),
    "raw": Arm(run=raw),
    "search": Arm(run=search, asks=False),
    "best-of-n": Arm(run=best_of_n),
    "lamarck": Arm(run=lamarck_with()),
    "fix": Arm(run=fix),
    "lamarck-library": Arm(run=lamarck_with(inherits=True)),
    "aider": Arm(run=aider),
    # One setting changed, everything else as in `lamarck`.
    "lamarck-no-search": Arm(run=without_search),
    "lamarck-no-repair": Arm(run=lamarck_with(repairs=0)),
    "lamarck-no-resample": Arm(run=lamarck_with(samples=1)),
    "lamarck-plain-prompt": Arm(run=lamarck_with(prompt="plain")),
    "lamarck-standards": Arm(run=lamarck_with(standards="compressed")),
    "lamarck-full-standards": Arm(run=lamarck_with(standards="full")),
    "lamarck-agreement": Arm(run=lamarck_with(agreement=3, agreement_below=0)),
    "lamarck-agreement-5": Arm(run=lamarck_with(agreement=5, agreement_below=0)),
    "lamarck-no-templates": Arm(run=without_templates),
    "lamarck-two-repairs": Arm(run=lamarck_with(repairs=2)),
}


def choose_arms(names: str) -> tuple[str, ...]:
    """The arms of a comma-separated list, each once, in that order. Raises `BadInput` for an unknown one."""
    chosen = tuple(dict.fromkeys(n.strip() for n in names.split(",") if n.strip()))
    unknown = [n for n in chosen if n not in ARMS]
    if unknown or not chosen:
        what = f"no arm is called '{unknown[0]}'" if unknown else "no arms are named"
        raise BadInput(what, f"choose of {', '.join(ARMS)}")
    return chosen
