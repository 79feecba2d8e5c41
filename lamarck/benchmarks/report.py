"""From rows to figures: a summary of every arm, comparisons with the first looping arm, and both as a table."""

from __future__ import annotations

from collections.abc import Sequence

from lamarck.benchmarks.machine import Machine
from lamarck.benchmarks.peers import PEERS, Peer
from lamarck.benchmarks.results import Header, Result
from lamarck.benchmarks.significance import Interval, clopper_pearson, holm, mcnemar, paired_bootstrap
from lamarck.records import Record

_NOT_COMPARED = {"reference", "empty"}
_PREFERRED_BASELINE = "lamarck"


class ArmSummary(Record, frozen=True, kw_only=True):
    """One arm over its finished tasks. Tokens, calls and seconds are means a task."""

    arm: str
    tasks: int
    solved: int
    share: Interval
    wrongly_accepted: int  # passed everything shown, failed what was hidden
    no_candidate: int
    refused: int
    errored: int  # scoring broke: counted as not solved, tried again on resume
    calls: float
    prompt_tokens: float
    generated_tokens: float
    seconds: float
    cpu_seconds: float
    replayed_calls: int
    generated_tokens_per_solved: float | None


class Comparison(Record, frozen=True, kw_only=True):
    """baseline - arm over the tasks that both finished."""

    baseline: str
    arm: str
    tasks: int
    only_baseline: int
    only_arm: int
    difference: Interval  # of the solved shares
    tokens_difference: Interval  # of generated tokens a task
    p: float  # exact McNemar
    p_holm: float  # adjusted for all comparisons of this report


class Report(Record, frozen=True, kw_only=True):
    """seconds, own_share: wall clock of what was run now, replayed replies costing nothing, and the share of it that
    the harness itself took beside arms and scoring; None where nothing was run.
    """

    header: Header
    seed: int
    machine: Machine
    arms: tuple[ArmSummary, ...]
    comparisons: tuple[Comparison, ...]
    peers: tuple[Peer, ...]
    seconds: float | None = None
    own_share: float | None = None


def summarise(header: Header, rows: Sequence[Result], arms: Sequence[str], *, seed: int, machine: Machine) -> Report:
    """Figures of `arms` in that order, over the rows with this seed; arms without a row are left out."""
    by_arm = {arm: {r.task: r for r in rows if r.arm == arm and r.seed == seed} for arm in arms}
    by_arm = {arm: found for arm, found in by_arm.items() if found}
    return Report(
        header=header,
        seed=seed,
        machine=machine,
        arms=tuple(_summary(arm, list(found.values())) for arm, found in by_arm.items()),
        comparisons=_comparisons(by_arm, seed),
        peers=PEERS.get(header.suite, ()),
    )


def _summary(arm: str, rows: list[Result]) -> ArmSummary:
    count = len(rows)
    solved = sum(r.solved for r in rows)
    generated = sum(r.generated_tokens for r in rows)
    return ArmSummary(
        arm=arm,
        tasks=count,
        solved=solved,
        share=clopper_pearson(solved, count),
        wrongly_accepted=sum(bool(r.shown_passed) and r.outcome == "scored" and not r.solved for r in rows),
        no_candidate=sum(r.outcome == "no_candidate" for r in rows),
        refused=sum(r.outcome == "refused" for r in rows),
        errored=sum(r.outcome == "errored" for r in rows),
        calls=sum(r.calls for r in rows) / count,
        prompt_tokens=sum(r.prompt_tokens for r in rows) / count,
        generated_tokens=generated / count,
        seconds=sum(r.seconds for r in rows) / count,
        cpu_seconds=sum(r.cpu_seconds for r in rows) / count,
        replayed_calls=sum(r.replayed_calls for r in rows),
        generated_tokens_per_solved=generated / solved if solved else None,
    )


def _comparisons(by_arm: dict[str, dict[str, Result]], seed: int) -> tuple[Comparison, ...]:
    """`lamarck` against every other arm that proposes something of its own; without it, the first arm."""
    arms = [a for a in by_arm if a not in _NOT_COMPARED]
    if len(arms) < 2:
        return ()
    baseline = _PREFERRED_BASELINE if _PREFERRED_BASELINE in arms else arms[0]
    found = [_compared(baseline, arm, by_arm, seed) for arm in arms if arm != baseline]
    found = [c for c in found if c.tasks]
    adjusted = holm([c.p for c in found])
    return tuple(c.replace(p_holm=p) for c, p in zip(found, adjusted, strict=True))


def _compared(baseline: str, arm: str, by_arm: dict[str, dict[str, Result]], seed: int) -> Comparison:
    tasks = [t for t in by_arm[baseline] if t in by_arm[arm]]
    ours, theirs = [by_arm[baseline][t] for t in tasks], [by_arm[arm][t] for t in tasks]
    only_baseline = sum(a.solved and not b.solved for a, b in zip(ours, theirs, strict=True))
    only_arm = sum(b.solved and not a.solved for a, b in zip(ours, theirs, strict=True))
    nothing = Interval(estimate=0.0, low=0.0, high=0.0)
    p = mcnemar(only_baseline, only_arm)
    return Comparison(
        baseline=baseline,
        arm=arm,
        tasks=len(tasks),
        only_baseline=only_baseline,
        only_arm=only_arm,
        difference=paired_bootstrap([float(r.solved) for r in ours], [float(r.solved) for r in theirs], seed=seed)
        if tasks
        else nothing,
        tokens_difference=paired_bootstrap(
            [float(r.generated_tokens) for r in ours], [float(r.generated_tokens) for r in theirs], seed=seed
        )
        if tasks
        else nothing,
        p=p,
        p_holm=p,
    )


def as_text(report: Report) -> str:
    """The report for a terminal: plain columns, no colour."""
    header = report.header
    head = (
        f"{header.suite}, {header.model or 'no model'}, {header.tokens} generated tokens a task, seed {report.seed}\n"
        f"{report.machine.line()}"
    )
    parts = [head, _columns(_ARM_HEADS, [_arm_cells(a) for a in report.arms])]
    if report.comparisons:
        heads = (f"{report.comparisons[0].baseline} against", *_COMPARISON_HEADS)
        parts.append(_columns(heads, [_comparison_cells(c) for c in report.comparisons]))
    if report.seconds is not None and report.own_share is not None:
        parts.append(f"this run: {report.seconds:.0f} s, of which the harness itself {100 * report.own_share:.1f}%")
    if report.peers:
        peers = "\n".join(f"  {100 * p.share:.1f}%  {p.name} ({p.source}; differs: {p.differs})" for p in report.peers)
        parts.append(f"published elsewhere:\n{peers}")
    return "\n\n".join(parts)


_ARM_HEADS = (
    "arm", "solved", "share [95%]", "accepted wrongly", "none", "refused", "errors",
    "calls", "prompt", "generated", "gen/solved", "s", "CPU s",
)  # fmt: skip
_COMPARISON_HEADS = ("tasks", "only it", "only other", "difference [95%]", "tokens [95%]", "p", "p (Holm)")


def _arm_cells(a: ArmSummary) -> tuple[str, ...]:
    each = a.generated_tokens_per_solved
    return (
        a.arm,
        f"{a.solved}/{a.tasks}",
        _percent(a.share),
        str(a.wrongly_accepted),
        str(a.no_candidate),
        str(a.refused),
        str(a.errored),
        f"{a.calls:.1f}",
        f"{a.prompt_tokens:.0f}",
        f"{a.generated_tokens:.0f}",
        "-" if each is None else f"{each:.0f}",
        f"{a.seconds:.1f}",
        f"{a.cpu_seconds:.1f}",
    )


def _comparison_cells(c: Comparison) -> tuple[str, ...]:
    tokens = c.tokens_difference
    return (
        c.arm,
        str(c.tasks),
        str(c.only_baseline),
        str(c.only_arm),
        _percent(c.difference, signed=True),
        f"{tokens.estimate:+.0f} [{tokens.low:+.0f}, {tokens.high:+.0f}]",
        f"{c.p:.4f}",
        f"{c.p_holm:.4f}",
    )


def _percent(interval: Interval, *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    low, high = f"{100 * interval.low:{sign}.1f}", f"{100 * interval.high:{sign}.1f}"
    return f"{100 * interval.estimate:{sign}.1f}% [{low}, {high}]"


def _columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """First column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = []
    for row in (heads, *rows):
        cells = [c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
