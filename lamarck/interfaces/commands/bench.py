"""`lamarck bench`: arms over the tasks of a suite, scored by hidden tests; figures of the spine and of the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lamarck.interfaces.options import Model
from lamarck.interfaces.terminal import Terminal

if TYPE_CHECKING:
    from lamarck.benchmarks.benchmark import Benchmark, Options
    from lamarck.benchmarks.harness import Progress
    from lamarck.settings import Settings

SPINE = "spine"
SANDBOX = "sandbox"
REPLIES = "replies"


def bench(
    ctx: typer.Context,
    suite: Annotated[
        str,
        typer.Argument(
            metavar="SUITE",
            help="own, humaneval, humanevalfix, mbpp, exercism or quixbugs; spine: start, library hit, own overhead,"
            " judge, crash rounds; sandbox: cold, warm, plain and docker side by side, mixed jobs, kills; replies: what"
            " each mend of a reply wins.",
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The suite's data. Default for own: the shipped tasks.", show_default=False),
    ] = None,
    arms: Annotated[
        str, typer.Option(metavar="A,B,…", help="What to compare; an unknown name lists the known ones.")
    ] = "reference,empty,raw,best-of-n,lamarck",
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Only N tasks, drawn by the seed. Default: all.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="Of the draw and of the sampling.")] = 0,
    replies: Annotated[
        Path | None,
        typer.Option(metavar="BANK", help="Record replies there, and replay those it holds.", show_default=False),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Append results there, one JSON line each; go on where it ends.", show_default=False
        ),
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON.", show_default=False)
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write solved against tokens and seconds, as SVG.", show_default=False),
    ] = None,
    model: Model = None,
    tokens: Annotated[
        int, typer.Option(metavar="N", min=1, help="Generated tokens an arm may spend on a task.")
    ] = 1500,
    rounds: Annotated[
        int, typer.Option(metavar="N", min=0, help="Crash rounds of the spine; killed supervisors of the sandbox.")
    ] = 10,
    jobs: Annotated[int, typer.Option(metavar="N", min=0, help="Mixed jobs of the sandbox.")] = 1000,
) -> int:
    """Compare ways from a task to code, at equal tokens, on tests that none of them sees."""
    from lamarck.settings import load_settings

    terminal: Terminal = ctx.obj
    terminal.json = False  # here --json names a file, and standard output holds the table
    _check_places(json, plot)
    settings, _ = load_settings(flags={"models.tiers": None if model is None else (model,)})
    if suite == SPINE:
        return _spine(terminal, settings, rounds=rounds, json=json)
    if suite == SANDBOX:
        return _sandbox(terminal, settings, jobs=jobs, kills=rounds, json=json, plot=plot)
    if suite == REPLIES:
        return _replies(terminal, settings, data, json=json)
    from lamarck.benchmarks.arms import choose_arms
    from lamarck.benchmarks.benchmark import Options

    options = Options(
        suite=suite,
        arms=choose_arms(arms),
        data=data,
        limit=limit,
        seed=seed,
        tokens=tokens,
        results=resume,
        replies=replies,
    )
    return _compare(terminal, settings, options, json=json, plot=plot)


def _compare(terminal: Terminal, settings: Settings, options: Options, *, json: Path | None, plot: Path | None) -> int:
    from lamarck.benchmarks.benchmark import Benchmark

    with Benchmark(options, settings) as benchmark:
        try:
            benchmark.run(lambda progress: terminal.note(progress_line(progress)))
        except KeyboardInterrupt:
            if benchmark.rows():
                _tell(terminal, benchmark, json=json, plot=plot)
            if options.results is not None:
                terminal.note(f"what is finished is in {options.results}; the same command goes on from there")
            raise
        _tell(terminal, benchmark, json=json, plot=plot)
    return 0


def _tell(terminal: Terminal, benchmark: Benchmark, *, json: Path | None, plot: Path | None) -> None:
    from lamarck.benchmarks.plot import plot_svg
    from lamarck.benchmarks.report import as_text

    report = benchmark.report()
    terminal.text(as_text(report) + "\n")
    if json is not None:
        _write(json, _indented(report.to_json()))
    if plot is not None:
        header = report.header
        title = f"{header.suite}, {header.model}, {header.tokens} generated tokens a task at most"
        _write(plot, plot_svg(benchmark.rows(), [a.arm for a in report.arms], title=title))


def _spine(terminal: Terminal, settings: Settings, *, rounds: int, json: Path | None) -> int:
    from lamarck.benchmarks.spine import measure_spine, spine_text

    report = measure_spine(settings, rounds=rounds, say=terminal.note)
    terminal.text(spine_text(report) + "\n")
    if json is not None:
        _write(json, _indented(report.to_json()))
    return 0


def _replies(terminal: Terminal, settings: Settings, data: Path | None, *, json: Path | None) -> int:
    from lamarck.benchmarks.replies import measure_replies, read_corpus, replies_text
    from lamarck.errors import BadInput

    if data is None:
        raise BadInput("the replies are not named", "name a file of them with --data, such as examples/replies.jsonl")
    report = measure_replies(read_corpus(data), settings, say=terminal.note)
    terminal.text(replies_text(report) + "\n")
    if json is not None:
        _write(json, _indented(report.to_json()))
    return 0


def _sandbox(
    terminal: Terminal, settings: Settings, *, jobs: int, kills: int, json: Path | None, plot: Path | None
) -> int:
    from lamarck.benchmarks.bars import bars_svg
    from lamarck.benchmarks.sandboxes import measure_sandboxes, sandboxes_text

    report = measure_sandboxes(settings, jobs=jobs, kills=kills, say=terminal.note)
    terminal.text(sandboxes_text(report) + "\n")
    if json is not None:
        _write(json, _indented(report.to_json()))
    if plot is not None:
        bars = [(c.way, c.job, c.milliseconds["p50"]) for c in report.costs if not c.missing]
        title = "One job" if report.machine.load is None else f"One job, load {report.machine.load:g}"
        _write(plot, bars_svg(bars, title=title, unit="milliseconds, median"))
    return 0


def progress_line(progress: Progress) -> str:
    result = progress.result
    end = "solved" if result.solved else "not solved" if result.outcome == "scored" else result.outcome
    line = f"{progress.done}/{progress.total} {result.task} {result.arm}: {end}, {result.seconds:.1f} s"
    if result.generated_tokens:
        line += f", {result.generated_tokens} tokens"
    if progress.seconds_left is not None and progress.done < progress.total:
        line += f"; about {_duration(progress.seconds_left)} left"
    return line


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _check_places(json: Path | None, plot: Path | None) -> None:
    """Told before hours of work, not after."""
    from lamarck.errors import BadInput

    if plot is not None and plot.suffix.lower() != ".svg":
        raise BadInput(f"{plot}: plots are SVG", "name a file that ends in .svg")
    for path in (json, plot):
        if path is not None and not path.absolute().parent.is_dir():
            raise BadInput(f"{path}: its folder is not there", "make the folder first")


def _indented(text: str) -> str:
    import json

    return json.dumps(json.loads(text), indent=2) + "\n"


def _write(path: Path, text: str) -> None:
    from lamarck.errors import DiskFull

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DiskFull(f"{path}: cannot be written: {error.strerror}", "check the folder and its space") from error
