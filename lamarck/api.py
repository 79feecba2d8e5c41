"""What users import: Lamarck from Python, the same as from the command line.

    import lamarck

    with lamarck.Lamarck() as lm:
        run = lm.solve("slugify.py", tests=["test_slugify.py"])
        print(run.exit_reason, lm.code(run))

Whatever it raises on purpose is a `lamarck.errors.LamarckError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from lamarck.assemble import Assembly
from lamarck.checking import Checking, CheckReport, Say
from lamarck.errors import BadInput
from lamarck.fixing.fixing import Fixing, FixReport
from lamarck.fixing.step import Mended, mend
from lamarck.generators.search.search import SearchLimits
from lamarck.lessons import Lessons
from lamarck.library.filters import Filter
from lamarck.library.library import Hit
from lamarck.library.place import name_of
from lamarck.model_rows import ModelRow, models_check, models_list, models_pull
from lamarck.models.model import Message, Model, Reply, Request, TokenCallback, can_continue
from lamarck.models.scripted import ScriptedModel
from lamarck.proof import Proof
from lamarck.records import (
    Artifact,
    Candidate,
    Decision,
    Diagnosis,
    Evidence,
    ExitReason,
    Limits,
    Origin,
    Record,
    Run,
    SourceFile,
    Spend,
    Task,
    make_candidate,
)
from lamarck.reviewing import Reviewing, differences, final_candidate, pending_attempt
from lamarck.sandbox.sandbox import ProbeRow
from lamarck.settings import Level, Settings, load_settings
from lamarck.shelf.shelf import Shelf
from lamarck.solve import Observer, add, solve
from lamarck.templating import Templating
from lamarck.verifying import Verification
from lamarck.writing import write_whole

__all__ = [
    "CheckReport",
    "Filter",
    "Hit",
    "Lamarck",
    "Lessons",
    "Message",
    "Model",
    "ModelRow",
    "Observer",
    "ProbeRow",
    "Reply",
    "Request",
    "Saving",
    "ScriptedModel",
    "SearchLimits",
    "Settings",
    "Shelf",
    "Templating",
    "TokenCallback",
    "Verification",
    "can_continue",
    "differences",
    "final_candidate",
    "load_settings",
    "models_check",
    "models_list",
    "models_pull",
    "pending_attempt",
]


class Saving(Record, frozen=True, kw_only=True):
    """What reuse saved: the measured spend of the run that made the code, less the measured spend of this one."""

    artifact_id: str
    made_for: Spend
    served_for: Spend
    saved: Spend


class Lamarck:
    """One user's library, sandbox and models. Use it as a context manager, or call `close`.

    settings: default all sources (see `lamarck.settings.load_settings`). library: of its own, a file or
    `postgresql://user@host/database` without a password. python:
    the interpreter whose packages the code may use. folder: the project (its `lamarck.toml`, its `.venv`), default the
    working folder. model: use this one instead of the settings' tiers, by its name or the model itself, which
    is closed with it. replies: where those of named models are recorded and found again. observers get every event,
    read-only.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        library: Path | str | None = None,
        python: str | None = None,
        folder: Path | None = None,
        model: str | Model | None = None,
        replies: Path | str | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        folder = (folder or Path.cwd()).resolve()
        chosen = settings or load_settings(folder=folder)[0]
        if model is not None:
            name = model if isinstance(model, str) else model.name
            chosen = chosen.replace(models=chosen.models.replace(tiers=(name,)))
        self._assembly = Assembly(
            chosen,
            library_path=library or None,
            python=python,
            folder=folder,
            observers=tuple(observers),
            model=None if isinstance(model, str) else model,
            replies=Path(replies).expanduser() if replies else None,
        )

    def beside(self, *, settings: Settings, library: Path | str, model: Model | None = None) -> Lamarck:
        """Another library, settings and model over the same sandbox and interpreter. Close it before this one."""
        if model is not None:
            settings = settings.replace(models=settings.models.replace(tiers=(model.name,)))
        other = object.__new__(Lamarck)
        other._assembly = self._assembly.beside(settings, library_path=library, model=model)
        return other

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if "_checking" in self.__dict__:
            self._checking.close()
        self._assembly.close()

    @cached_property
    def _reviewing(self) -> Reviewing:
        return Reviewing(self._assembly)

    @cached_property
    def _checking(self) -> Checking:
        return Checking(self._assembly)

    @property
    def settings(self) -> Settings:
        return self._assembly.settings

    @property
    def library_name(self) -> str:
        """The file of the library, or who it is on which server."""
        return name_of(self._assembly.library_place)

    # --- tasks in, proven code out

    def task(
        self, source: str | Path | Task, *, tests: Sequence[Path | str] = (), limits: Limits | None = None
    ) -> Task:
        """Read a task: a sentence, a stub, a test file, a YAML file or a folder. Raises `BadInput`."""
        limits = limits or self.settings.limits.for_task()
        if isinstance(source, Task):
            return source.replace(limits=limits)
        from lamarck.tasks.loading import load_task

        return load_task(
            str(source),
            tuple(Path(t) for t in tests),
            limits=limits,
            job_limits=self.settings.sandbox.job_limits(),
            importable=self._assembly.importable,
        )

    def solve(
        self, source: str | Path | Task, *, tests: Sequence[Path | str] = (), limits: Limits | None = None
    ) -> Run:
        """Get proven code for a task; see `lamarck.solve.solve` for what it raises."""
        task = self.task(source, tests=tests, limits=limits)
        self._assembly.expect(task)
        run = solve(task, self._assembly.parts)
        if self.settings.lessons.learn:
            self.lessons.learn_from(run)
        return run

    def add(self, files: Sequence[Path | str] | Path | str, *, tests: Sequence[Path | str], goal: str = "") -> Run:
        """Prove code that exists already, and keep it when its tests accept it."""
        paths = [files] if isinstance(files, Path | str) else list(files)
        if not tests:
            raise BadInput("code without tests cannot be proven", "give the tests with --tests FILE")
        from lamarck.tasks.loading import load_existing

        task, sources = load_existing(
            tuple(Path(p) for p in paths),
            tuple(Path(t) for t in tests),
            goal=goal,
            limits=self.settings.limits.for_task(),
            job_limits=self.settings.sandbox.job_limits(),
            importable=self._assembly.importable,
        )
        candidate = make_candidate(files=sources, entry_point=task.entry_point, origin=Origin(generator="user"))
        return add(task, candidate, self._assembly.parts)

    def check(
        self,
        path: Path | str,
        *,
        tests: Sequence[Path | str] | None = None,
        specifications: Sequence[Path | str] = (),
        level: Level | None = None,
        changed: str | None = None,
        against: str | None = None,
        tested: bool = True,
        fresh: bool = False,
        say: Say | None = None,
    ) -> CheckReport:
        """The whole gate over a file or folder of yours; nothing is kept. See `lamarck.checking.Checking.check`."""
        given = None if tests is None else tuple(Path(t) for t in tests)
        return self._checking.check(
            Path(path),
            tests=given,
            specifications=tuple(Path(s) for s in specifications),
            level=level,
            changed=changed,
            against=against,
            tested=tested,
            fresh=fresh,
            say=say,
        )

    def fix(
        self,
        files: Sequence[Path | str] | Path | str,
        *,
        tests: Sequence[Path | str] = (),
        fails: Sequence[str] = (),
        use_model: bool = True,
        seconds: float | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> FixReport:
        """A patch for code that fails its tests; nothing is written. See `lamarck.fixing.fixing.Fixing.fix`."""
        paths = [files] if isinstance(files, Path | str) else list(files)
        fixing = Fixing(self._assembly)
        given = tuple(Path(t) for t in tests)
        chosen = tuple(Path(p) for p in paths)
        learn = self.lessons.learn if self.settings.lessons.learn else None
        return fixing.fix(chosen, given, fails=fails, use_model=use_model, seconds=seconds, say=say, learn=learn)

    def resume(self, run_id: str, *, limits: Limits | None = None) -> Run:
        """Go on with a run that was killed, interrupted or stopped at a limit. What it paid for is not paid again."""
        run = self._assembly.library.get_run(run_id)
        if run.kind != "solve":
            raise BadInput(f"run {run.id[:12]} is no solve but a {run.kind}", "only a solve can be resumed")
        if run.exit_reason in {ExitReason.ACCEPTED, ExitReason.PENDING}:
            raise BadInput(f"run {run.id[:12]} ended {run.exit_reason}", "there is nothing to resume")
        task = run.task.replace(limits=limits or run.task.limits)
        return solve(task, self._assembly.parts, resumed=run)

    def review(self, run_id: str, *, approve: bool, reason: str = "") -> Run:
        """Decide on a run that ended pending; see `Reviewing.review`."""
        return self._reviewing.review(run_id, approve=approve, reason=reason)

    def answer(
        self,
        run_id: str,
        *,
        equals: str | None = None,
        raises: str | None = None,
        like: int | None = None,
        call: str | None = None,
    ) -> Run:
        """Say what a call should give: a given test of the run's task from now on; see `Reviewing.answer`."""
        return self._reviewing.answer(run_id, equals=equals, raises=raises, like=like, call=call)

    def compare(self, run_id: str) -> Evidence:
        """Run the candidates of a run that pass against each other, once more; nothing is kept."""
        return self._reviewing.compare(run_id)

    # --- what is known

    def find(self, text: str, *, limit: int = 10, filter: Filter | None = None) -> tuple[Hit, ...]:
        """Proven code for a request in words, best first; `filter` leaves out, by default what its licence bars."""
        return self._assembly.library.find(text, limit=limit, filter=filter)

    @property
    def templates(self) -> Templating:
        """The programs that are tried before any model."""
        return Templating(self._assembly)

    @property
    def lessons(self) -> Lessons:
        """What repairs that worked have taught."""
        return Lessons(self._assembly)

    @property
    def shelf(self) -> Shelf:
        """The library as a whole: search by behaviour, versions, bundles, harvest, recall."""
        return Shelf(self._assembly)

    def show(self, artifact_id: str) -> Artifact:
        return self._assembly.library.get(artifact_id)

    def artifacts(self) -> Iterator[Artifact]:
        return self._assembly.library.artifacts()

    def verify(self, artifact_id: str) -> Verification:
        """Run an artifact's checks again, with no stored verdict, and say what changed."""
        return self.proof.verify(artifact_id)

    @property
    def proof(self) -> Proof:
        """What evidence says, measured again (`verify`) or completed by what only ranks (`rank`)."""
        return Proof(self._assembly)

    def log(self, *, limit: int = 20) -> tuple[Run, ...]:
        return self._assembly.library.runs(limit=limit)

    def run(self, run_id: str) -> Run:
        """One run with its attempts."""
        return self._assembly.library.get_run(run_id)

    def stats(self) -> dict[str, float]:
        """Measured counts and sums; see `docs/` for the names."""
        return self._assembly.library.stats()

    def saving(self, run: Run) -> Saving | None:
        """What this run saved by reuse; None when nothing was reused or the first spend was not measured."""
        accepted = next((a for a in run.attempts if a.verdict and a.verdict.decision is Decision.ACCEPTED), None)
        if accepted is None or accepted.generator != "reuse" or accepted.candidate is None:
            return None
        source = self._assembly.library.get(accepted.candidate.parents[0])
        if source.candidate.origin.generator == "user":
            return None  # nobody measured what the user's own code cost
        return Saving(artifact_id=source.id, made_for=source.cost, served_for=run.spend, saved=source.cost - run.spend)

    # --- single steps of the loop, for whoever measures it

    def judge(self, task: Task, candidate: Candidate) -> Evidence:
        """Run the given tests of `task` on a candidate, and nothing else: no verdict, nothing kept."""
        evidence: Evidence = self._assembly.tests.run(task, candidate)
        return evidence

    def mend(
        self,
        task: Task,
        files: Sequence[SourceFile],
        *,
        seconds: float | None = None,
        limits: SearchLimits | None = None,
    ) -> Mended:
        """Search alone for a version of files that passes the given tests; seconds: default the setting."""
        chosen = limits or SearchLimits(seconds=self.settings.search.seconds if seconds is None else seconds)
        return mend(self._assembly, task, tuple(files), limits=chosen)

    def prompt(self, task: Task, settings: Settings | None = None) -> tuple[Message, ...]:
        """What the loop asks a model first for this task, under these settings or its own."""
        return self._assembly.prompt(task, settings or self.settings)

    def open_model(self, name: str | None = None) -> Model:
        """The model of a tier, by default of the first one. The caller closes it. Raises `ModelUnavailable`."""
        return self._assembly.open_tier(name or self._assembly.first_tier)

    def library_problems(self) -> tuple[str, ...]:
        """What is wrong with the library file, one line each: pages, full text, parts that do not belong together."""
        return self._assembly.library.problems()

    # --- models and machine

    @property
    def sandbox_name(self) -> str:
        """Of the backend that runs jobs here. Raises `SandboxUnavailable`."""
        return self._assembly.sandbox.name

    def sandbox_check(self) -> tuple[ProbeRow, ...]:
        """One row per requirement, found by trying to break out. Raises `SandboxUnavailable`."""
        return self._assembly.sandbox.probe()

    def doctor(self) -> tuple[Diagnosis, ...]:
        """One row per part: versions, platform, sandbox, interpreter, models, library, disk."""
        from lamarck.assemble import diagnose

        return diagnose(self._assembly)

    # --- code out

    @staticmethod
    def code(run: Run) -> str:
        """The text of the main file that the run ended with; empty when there is none."""
        candidate = final_candidate(run)
        return candidate.files[0].text if candidate else ""

    @staticmethod
    def write(run: Run, out: Path) -> tuple[Path, ...]:
        """Write what the run ended with: one file at `out`, several below the folder `out`. Atomic per file."""
        candidate = final_candidate(run)
        if candidate is None:
            raise BadInput("the run has no code to write", "see `lamarck log` for why")
        if len(candidate.files) == 1 and not out.is_dir():
            return (write_whole(out, candidate.files[0].text),)
        return tuple(write_whole(out / f.path, f.text) for f in candidate.files)
