"""The reuse workload's figures, out of its rows alone: counts, what was saved, and the plot of cumulated cost.

The tokens are those of the scripted model (words of at most six letters; over 1,456 recorded replies the embedded
Qwen2.5-Coder-1.5B counts 0.96 tokens for each). What they would have taken and cost is reckoned from measured prices:
seconds as that model took on one core over the same replies, money as a provider charges for a small model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from itertools import accumulate

from lamarck.benchmarks.machine import Machine, this_machine
from lamarck.benchmarks.plot import round_ticks
from lamarck.benchmarks.significance import clopper_pearson
from lamarck.records import Record

CACHE_AT = 0.8
_SECONDS = (0.0248, 0.0496)  # a prompt token, a generated token: least squares over docs/results/*.replies.jsonl.gz
_USD = (0.15e-6, 0.60e-6)  # the same at the list price of gpt-4o-mini, as genai-prices has it
_AGAIN = {"repeat", "changed signature", "paraphrase"}


class Row(Record, frozen=True, kw_only=True):
    """One request. served: by library, model or nobody. right: by withheld tests, None where nothing was served or
    these could not be run.
    refused: candidates of the library that given tests refused. recognised: and served so. The tokens are those that
    the model took now; seconds: wall clock of the request without the model's own, proof included."""

    number: int
    task: str
    kind: str
    text: str
    signature: str
    served: str
    right: bool | None
    refused: int
    recognised: bool
    prompt_tokens: int
    completion_tokens: int
    seconds: float


class Cost(Record, frozen=True, kw_only=True):
    """Tokens, seconds (the model's and those of proof) and dollars of all requests in one way."""

    tokens: int
    seconds: float
    usd: float


class KindFigures(Record, frozen=True, kw_only=True):
    """The requests of one kind. wrong: of what the library served, by withheld tests."""

    kind: str
    requests: int
    served: int
    wrong: int
    refused: int
    recognised: int


class ReuseFigures(Record, frozen=True, kw_only=True):
    """repeats: requests of tasks that were solved before; served: those that the library answered; least: the lower end
    of its 95% interval (Clopper-Pearson). wrong: all answers that fail withheld tests, wrong_served the library's.
    cost: without reuse, with the library, of an oracle that never pays twice and knows what to serve unproven. lines:
    cumulated dollars after each request."""

    machine: Machine
    requests: int
    tasks: int
    repeats: int
    served: int
    least: float
    wrong_served: int
    wrong: int
    kinds: tuple[KindFigures, ...]
    recognised: int
    cost: dict[str, Cost]
    proof_seconds: float
    cache_served: int | None
    cache_wrong: int | None
    lines: dict[str, tuple[float, ...]]


def figures_of(rows: Sequence[Row], *, cache: tuple[int, int] | None) -> ReuseFigures:
    """cache: (served, wrong) of the similarity cache over the same requests."""
    solved: set[str] = set()
    repeats: list[Row] = []
    for row in rows:
        if row.task in solved:
            repeats.append(row)
        elif row.served != "nobody":
            solved.add(row.task)
    served = sum(r.served == "library" for r in repeats)
    wrong = [r for r in rows if r.right is False]
    ways = _ways(rows)
    return ReuseFigures(
        machine=this_machine(),
        requests=len(rows),
        tasks=len({r.task for r in rows}),
        repeats=len(repeats),
        served=served,
        least=clopper_pearson(served, len(repeats)).low if repeats else 0.0,
        wrong_served=sum(r.served == "library" for r in wrong),
        wrong=len(wrong),
        kinds=tuple(_kind(kind, rows) for kind in dict.fromkeys(sorted(r.kind for r in rows))),
        recognised=sum(r.recognised for r in rows),
        cost={way: _total(costs) for way, costs in ways.items()},
        proof_seconds=sum(r.seconds for r in rows),
        cache_served=cache[0] if cache else None,
        cache_wrong=cache[1] if cache else None,
        lines={way: tuple(accumulate(c.usd for c in costs)) for way, costs in ways.items()},
    )


def _kind(kind: str, rows: Sequence[Row]) -> KindFigures:
    mine = [r for r in rows if r.kind == kind]
    return KindFigures(
        kind=kind,
        requests=len(mine),
        served=sum(r.served == "library" for r in mine),
        wrong=sum(r.served == "library" and r.right is False for r in mine),
        refused=sum(r.refused for r in mine),
        recognised=sum(r.recognised for r in mine),
    )


def _ways(rows: Sequence[Row]) -> dict[str, list[Cost]]:
    """What each request costs: without reuse the price of the task's first answer by the model, every time; a task that
    the library served at once costs the mean of the others then, since nobody was paid for it."""
    prices = {r.task: (r.prompt_tokens, r.completion_tokens) for r in reversed(rows) if r.completion_tokens}
    count = max(len(prices), 1)
    mean = (sum(p for p, _ in prices.values()) // count, sum(c for _, c in prices.values()) // count)
    # What proving a right answer once takes, without the candidates of the library that were tried before it.
    alone = sorted(r.seconds for r in rows if not r.refused) or [0.0]
    proof = alone[len(alone) // 2]
    ways: dict[str, list[Cost]] = {"without": [], "lamarck": [], "oracle": []}
    seen: set[str] = set()
    for row in rows:
        price = prices.get(row.task, mean)
        ways["without"].append(_cost(*price, proof))
        ways["lamarck"].append(_cost(row.prompt_tokens, row.completion_tokens, row.seconds))
        ways["oracle"].append(_cost(0, 0, 0.0) if row.task in seen else _cost(*price, proof))
        seen.add(row.task)
    return ways


def _cost(prompt: int, completion: int, proof: float) -> Cost:
    return Cost(
        tokens=prompt + completion,
        seconds=proof + prompt * _SECONDS[0] + completion * _SECONDS[1],
        usd=prompt * _USD[0] + completion * _USD[1],
    )


def _total(costs: Sequence[Cost]) -> Cost:
    return Cost(
        tokens=sum(c.tokens for c in costs), seconds=sum(c.seconds for c in costs), usd=sum(c.usd for c in costs)
    )


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "—"


def reuse_text(f: ReuseFigures) -> str:
    again = sum(k.requests for k in f.kinds if k.kind in _AGAIN)
    lines = [
        f"{f.requests} requests over {f.tasks} tasks, {again} of them asked for again",
        f.machine.line(),
        "",
        f"repeats of solved tasks served from the library  {f.served} of {f.repeats} ({_share(f.served, f.repeats)},"
        f" at least {f.least:.1%})",
        f"served by the library, and wrong by withheld tests  {f.wrong_served}",
        f"wrong in all, by withheld tests  {f.wrong}",
        f"recognised without a search, and served so  {f.recognised} ({_share(f.recognised, f.requests)})",
        "",
        f"{'requests':20} {'n':>5} {'served':>7} {'wrong':>6} {'refused before':>15} {'recognised':>11}",
        *(f"{k.kind:20} {k.requests:5} {k.served:7} {k.wrong:6} {k.refused:15} {k.recognised:11}" for k in f.kinds),
        "",
        f"{'way':20} {'tokens':>9} {'saved':>7} {'seconds':>9} {'saved':>7} {'dollars':>9} {'saved':>7}",
        *(_way_line(_SAID[way], cost, f.cost["without"]) for way, cost in f.cost.items()),
        f"seconds hold {f.proof_seconds:.0f} s of proof with the library, as measured now; the model's are reckoned at"
        f" {_SECONDS[0] * 1000:.1f} and {_SECONDS[1] * 1000:.1f} ms a token, dollars at {_USD[0] * 1e6:g} and"
        f" {_USD[1] * 1e6:g} a million",
    ]
    if f.cache_served is not None:
        lines.append(f"a similarity cache at {CACHE_AT}: {f.cache_served} served, {f.cache_wrong} of them wrong")
    return "\n".join(lines)


def _way_line(name: str, cost: Cost, without: Cost) -> str:
    def saved(value: Callable[[Cost], float]) -> str:
        return _share(value(without) - value(cost), value(without))

    return (
        f"{name:20} {cost.tokens:9,} {saved(lambda c: c.tokens):>7} {cost.seconds:9,.0f}"
        f" {saved(lambda c: c.seconds):>7} {cost.usd:9.4f} {saved(lambda c: c.usd):>7}"
    )


_COLOURS = {"without": "#d55e00", "lamarck": "#0072b2", "oracle": "#009e73"}
_SAID = {"without": "without reuse", "lamarck": "with the library", "oracle": "an oracle"}


def reuse_svg(f: ReuseFigures) -> str:
    """Cumulated dollars over the requests, a line an arm, each named where it ends."""
    width, height, left, top, right = 640, 360, 70, 20, 130
    ticks = round_ticks(max(values[-1] for values in f.lines.values()))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + left + right} {height + top + 60}"'
        ' font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{width + left + right}" height="{height + top + 60}" fill="white"/>',
    ]
    for tick in ticks:
        y = top + height * (1 - tick / ticks[-1])
        parts.append(f'<path d="M{left} {y:.1f}h{width}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{100 * tick:.3g}</text>')
    ends: list[float] = []
    for arm, values in f.lines.items():
        points = [
            (left + width * (n + 1) / len(values), top + height * (1 - v / ticks[-1])) for n, v in enumerate(values)
        ]
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{joined}" fill="none" stroke="{_COLOURS[arm]}" stroke-width="2"/>')
        place = points[-1][1] + 4
        while any(abs(place - other) < 14 for other in ends):  # two lines that end together
            place += 14
        ends.append(place)
        parts.append(f'<text x="{left + width + 6}" y="{place:.1f}" fill="{_COLOURS[arm]}">{escape(_SAID[arm])}</text>')
    for n in range(0, f.requests + 1, max(1, f.requests // 5)):
        x = left + width * n / f.requests
        parts.append(f'<text x="{x:.1f}" y="{top + height + 18}" text-anchor="middle">{n}</text>')
    middle = left + width / 2
    parts.append(f'<text x="{middle}" y="{top + height + 40}" text-anchor="middle">requests</text>')
    parts.append(
        f'<text x="16" y="{top + height / 2}" text-anchor="middle"'
        f' transform="rotate(-90 16 {top + height / 2})">US cents, cumulated</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"
