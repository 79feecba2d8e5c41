"""`lamarck bench`: arms over the tasks of a suite, scored by hidden tests; figures of Lamarck itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lamarck.interfaces.options import Model
from lamarck.interfaces.terminal import Terminal

if TYPE_CHECKING:
    from lamarck.benchmarks.benchmark import Benchmark, Options
    from lamarck.benchmarks.harness import Progress
    from lamarck.interfaces.commands.figures import Measured
    from lamarck.settings import Settings

Suite = Annotated[
    str,
    typer.Argument(
        metavar="SUITE",
        help="own, routine, composed, humaneval, humanevalfix, mbpp, exercism or quixbugs: arms over tasks; pooled:"
        " the result files of several of them as one. Figures of Lamarck itself: spine: start, library hit, own"
        " overhead, judge, crash rounds; sandbox: cold, warm, plain and docker side by side, mixed jobs, kills;"
        " library: the library at size; retrieval: what a search brings; reuse: 1,000 requests by a Zipf law;"
        " templates: what they serve; lessons: mends with and without them; loop: the same --jobs tasks twice; seeded:"
        " mutants in the packages of a folder, mended by search; replies: what each mend of a reply wins; standards:"
        " what coding standards cost in a prompt; security: recall and false alarms beside ruff and bandit;"
        " performance: gains told from chance, --jobs trials; gate: what checking costs and lets through, with --data"
        " the programs of QuixBugs.",
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The suite's data. Default for own, routine: shipped.", show_default=False),
]
Arms = Annotated[str, typer.Option(metavar="A,B,…", help="What to compare; an unknown name lists the known ones.")]
Limit = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Only N tasks, drawn by the seed. Default: all.", show_default=False),
]
Seed = Annotated[int, typer.Option(metavar="S", help="Of the draw and of the sampling.")]
Replies = Annotated[
    Path | None,
    typer.Option(metavar="BANK", help="Record replies there, and replay those it holds.", show_default=False),
]
Resume = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Append results there, one JSON line each; go on where it ends.", show_default=False
    ),
]
Results = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="A result file to pool. May be given several times.", show_default=False),
]
JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON.", show_default=False)
]
Plot = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write solved against tokens and CPU-seconds, as SVG.", show_default=False),
]
Aider = Annotated[
    Path | None,
    typer.Option(metavar="PROGRAM", help="aider, in an environment of its own, for that arm.", show_default=False),
]
Tokens = Annotated[int, typer.Option(metavar="N", min=1, help="Generated tokens an arm may spend on a task.")]
Rounds = Annotated[
    int, typer.Option(metavar="N", min=0, help="Crash rounds of the spine; killed supervisors of the sandbox.")
]
Jobs = Annotated[int, typer.Option(metavar="N", min=0, help="Mixed jobs of the sandbox.")]
Artifacts = Annotated[int, typer.Option(metavar="N", min=1, help="Functions in the library of that suite.")]
Embed = Annotated[
    int,
    typer.Option(metavar="N", min=0, help="Texts to embed for the suite library that were not before; they are kept."),
]

OnServer = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="URL",
        help="Postgres database without a library, where the suite library is measured as well.",
        show_default=False,
    ),
]


def bench(
    ctx: typer.Context,
    suite: Suite,
    data: Data = None,
    arms: Arms = "reference,empty,raw,best-of-n,lamarck",
    limit: Limit = None,
    seed: Seed = 0,
    replies: Replies = None,
    resume: Resume = None,
    results: Results = None,
    json: JsonFile = None,
    plot: Plot = None,
    model: Model = None,
    aider: Aider = None,
    tokens: Tokens = 1500,
    rounds: Rounds = 10,
    jobs: Jobs = 1000,
    artifacts: Artifacts = 100_000,
    embed: Embed = 10_000,
    server: OnServer = None,
) -> int:
    """Compare ways from a task to code, at equal tokens, on tests that none of them sees."""
    from lamarck.benchmarks.arms import choose_arms
    from lamarck.benchmarks.benchmark import Options
    from lamarck.interfaces.commands.figures import FIGURES, Wanted
    from lamarck.settings import load_settings

    terminal: Terminal = ctx.obj
    terminal.json = False  # here --json names a file, and standard output holds the table
    _check_places(json, plot)
    settings, _ = load_settings(flags={"models.tiers": None if model is None else (model,)})
    if suite in FIGURES:
        wanted = Wanted(
            settings=settings,
            say=terminal.note,
            data=data,
            results=tuple(results or ()),
            arms=choose_arms(arms),
            seed=seed,
            rounds=rounds,
            jobs=jobs,
            artifacts=artifacts,
            embed=embed,
            server=server,
            resume=resume,
        )
        return _figures(terminal, FIGURES[suite](wanted), json=json, plot=plot)
    options = Options(
        suite=suite,
        arms=choose_arms(arms),
        data=data,
        limit=limit,
        seed=seed,
        tokens=tokens,
        results=resume,
        replies=replies,
        aider=aider,
    )
    return _compare(terminal, settings, options, json=json, plot=plot)


def _figures(terminal: Terminal, measured: Measured, *, json: Path | None, plot: Path | None) -> int:
    terminal.text(measured.text + "\n")
    if json is not None:
        _write(json, _indented(measured.report.to_json()))
    if plot is not None:
        if measured.svg is None:
            terminal.note("this suite has no plot")
        else:
            _write(plot, measured.svg())
    return 0


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
