"""`lamarck demo`: the loop on the tasks that the repository ships, live, with measured figures."""

from __future__ import annotations

import json as json_module
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamarck.errors import ModelUnavailable
from lamarck.interfaces.terminal import Terminal
from lamarck.temporary import temporary_folder

if TYPE_CHECKING:
    from lamarck.api import Lamarck
    from lamarck.interfaces.progress import Progress
    from lamarck.records import Run

# Enough for a few replies of the embedded model on two cores; a task that needs more is told as unsolved.
SECONDS_A_TASK = 150.0
FRESH = ("11-days-left", "08-backoff", "10-group-words", "19-basket", "18-running-totals")
EMBEDDINGS = "all-minilm-l6-v2-int8"
_SOURCES = {"reuse": "library", "templates": "template"}  # of what was accepted last; all else is a model's


def demo(
    ctx: typer.Context,
    examples: Annotated[
        Path | None,
        typer.Option("--examples", metavar="DIR", help="Where the shipped tasks are; default: the repository's."),
    ] = None,
    pull: Annotated[bool, typer.Option(help="Fetch the weights that are missing, once.")] = True,
) -> int:
    """Add, solve, and get it again from the library: live, on the shipped tasks."""
    from lamarck.interfaces.opening import open_lamarck
    from lamarck.interfaces.progress import Progress

    terminal: Terminal = ctx.obj
    shipped = _examples(examples)
    has_model = _weights(terminal, pull=pull)
    began = time.monotonic()
    with temporary_folder("demo") as folder:
        progress = Progress(terminal, resumable=False)
        with open_lamarck(library=Path(folder) / "library.sqlite", observers=(progress,)) as lamarck:
            show = _Showing(terminal, lamarck, progress, shipped)
            show.sandbox()
            show.own_code()
            if has_model:
                show.fresh_tasks()
            show.again(has_model)
            show.table(time.monotonic() - began)
    return 0 if show.served else 1


class _Showing:
    """One demonstration, part by part. rows: what the table at the end sums up."""

    def __init__(self, terminal: Terminal, lamarck: Lamarck, progress: Progress, examples: Path) -> None:
        self.terminal = terminal
        self.lamarck = lamarck
        self.progress = progress
        self.examples = examples
        self.rows: list[tuple[str, str, Run]] = []
        self.solved: dict[str, Run] = {}
        self.served = 0
        progress.name_of = self._name

    def _name(self, identifier: str) -> str:
        candidate = self.lamarck.show(identifier).candidate
        return candidate.entry_point or candidate.files[0].path

    def _heading(self, text: str) -> None:
        from rich.text import Text

        self.terminal.show(Text(f"\n{text}", style="bold"))

    def sandbox(self) -> None:
        self._heading("1  The sandbox, tried by live escape attempts")
        for row in self.lamarck.sandbox_check():
            self.terminal.show(f"   {row.requirement:<11} {row.enforcement}")

    def own_code(self) -> None:
        self._heading("2  Code that exists already, proven by its tests before it is kept")
        folder = self.examples / "own"
        for entry in _index(folder)["functions"]:
            with self.progress:
                run = self.lamarck.add(folder / entry["file"], tests=[folder / t for t in entry["tests"]])
            self.rows.append((entry["goal"], "your code", run))

    def fresh_tasks(self) -> None:
        self._heading("3  New tasks, solved by the model on this machine and proven by their tests")
        folder = self.examples / "tasks"
        for entry in _index(folder):
            if entry["id"] not in FRESH:
                continue
            try:
                run = self._solve(entry, folder)
            except ModelUnavailable as error:
                self.terminal.note(f"no model: {error.line}")
                return
            if run.artifact_id:
                self.solved[entry["id"]] = run

    def again(self, has_model: bool) -> None:
        self._heading("4  Asked again in other words, with another signature and tests the library has never seen")
        entries = [(self.examples / "inherit", e) for e in _index(self.examples / "inherit") if e["of"] in self.solved]
        entries = [(f, e) for f, e in entries if e["expect"] == "library"]
        if not entries:
            folder = self.examples / "own"
            entries = [(folder, e) for e in _index(folder)["again"]]
            if has_model:
                self.terminal.show(
                    "   none of the tasks above that can be asked again was solved, so a function of part 2 is"
                )
        for folder, entry in entries[:2]:
            run = self._solve(entry, folder)
            if run.exit_reason == "accepted" and run.attempts[-1].generator == "reuse":
                self.served += 1
                self._evidence(run)

    def _solve(self, entry: dict[str, Any], folder: Path) -> Run:
        from rich.text import Text

        from lamarck.interfaces.wording import clean

        self.terminal.show(Text(f"\n   {clean(entry['goal'])}", style="cyan"))
        limits = self.lamarck.settings.limits.for_task().replace(seconds=SECONDS_A_TASK)
        self.progress.limits(limits)
        with self.progress:
            run = self.lamarck.solve(folder / entry["task"], tests=[folder / t for t in entry["tests"]], limits=limits)
        source = _SOURCES.get(run.attempts[-1].generator if run.attempts else "", "model")
        self.rows.append((entry["goal"], source if run.artifact_id else "unsolved", run))
        return run

    def _evidence(self, run: Run) -> None:
        from lamarck.interfaces.ending import show_ending

        show_ending(self.terminal, run, saving=self.lamarck.saving(run))

    def table(self, seconds: float) -> None:
        from lamarck.interfaces import report
        from lamarck.interfaces.wording import seconds as told

        self._heading("What it took")
        rows = [
            (goal, source, str(run.exit_reason), f"{run.spend.tokens:,}", told(run.seconds or 0.0))
            for goal, source, run in self.rows
        ]
        columns = ("task", "from", "verdict", "tokens", "time")
        self.terminal.show(report.listing(columns, rows, right=("tokens", "time")))
        new = [source for _, source, _ in self.rows if source not in {"your code", "library"}]
        by_template = new.count("template")
        self.terminal.show(
            f"\n{new.count('model')} of {len(new)} new tasks solved by the model"
            + (f", {by_template} by a template" if by_template else "")
            + f", {self.served} served from the library, in {told(seconds)}. Nothing of this demonstration is kept."
        )
        self.terminal.show("Your own: lamarck solve TASK --tests FILE    (lamarck --help)")


def _examples(named: Path | None) -> Path:
    from lamarck.errors import BadInput

    folder = named or Path(__file__).resolve().parents[3] / "examples"
    if not (folder / "tasks" / "index.json").is_file():
        raise BadInput(f"{folder}: the shipped tasks are not there", "run it in the repository, or give --examples DIR")
    return folder


def _index(folder: Path) -> Any:
    return json_module.loads((folder / "index.json").read_text(encoding="utf-8"))


def _weights(terminal: Terminal, *, pull: bool) -> bool:
    """Whether the first tier can answer. Missing weights are fetched once, the model's and the embeddings'."""
    from lamarck.api import models_list
    from lamarck.errors import LamarckError
    from lamarck.interfaces.commands.models import pull_with_progress
    from lamarck.settings import load_settings

    rows = {row.name: row for row in models_list(load_settings()[0])}
    tiers = [row for row in rows.values() if row.is_tier]
    if not tiers:
        return True  # a scripted or replayed model, which needs no weights
    for name in (EMBEDDINGS, tiers[0].name):
        row = rows.get(name)
        if row is None or row.state in {"present", "unchecked", "endpoint"}:
            continue
        try:
            if not pull:
                raise LamarckError(f"{name} is not on this machine", f"fetch it with `lamarck models pull {name}`")
            pull_with_progress(terminal, name)
        except LamarckError as error:
            terminal.note(f"without {name}: {error.line}")
            if name == tiers[0].name:
                return False
    return True
