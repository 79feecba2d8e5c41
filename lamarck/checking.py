"""`lamarck check`: the whole gate over code that is there already.

The same checks as everywhere, all of a level rather than up to the first that fails, and `solve.prove` for the verdict.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lamarck.asking import Asking, laws_file
from lamarck.assemble import Assembly
from lamarck.checks.check import LEVELS, Level
from lamarck.checks.gate import Changed, build_checks, named
from lamarck.checks.judge.rendering import names_of
from lamarck.checks.review import required_with
from lamarck.checks.stages import StageCache, Staged, scope_of
from lamarck.checks.verdict import decide
from lamarck.checks.waivers import Waivers
from lamarck.errors import BadInput
from lamarck.records import (
    Candidate,
    Decision,
    ExitReason,
    Origin,
    Record,
    Verdict,
    content_id,
    make_candidate,
)
from lamarck.settings import cache_dir, project_file
from lamarck.solve import Parts, prove
from lamarck.tasks.earlier import Earlier, earlier_from, earlier_of, with_contract

if TYPE_CHECKING:
    from lamarck.tasks.code_tree import CodeTree

Say = Callable[[str, int, int], None]  # check, how much of it is done, of how much (0: nobody knows)

MOST_FILES = 5_000


class NotRun(Record, frozen=True, kw_only=True):
    check: str
    why: str


class CheckReport(Record, frozen=True, kw_only=True):
    """What the gate says of one file or folder.

    places: path of a file in the evidence → the path as the user knows it. tests: the test files that were used.
    decides: path at the front of a test's id → its file as the user knows it. changed: the files that --changed found;
    None when all were looked at. not_run: every check of the gate that is not among the evidence, and why. served:
    checks whose kept answers were used. run: where a person can decide, when it is pending. questions: runs that ask
    whether a law holds that the code breaks. command: measures all of it again.
    """

    path: str
    level: Level
    verdict: Verdict
    files: int
    lines: int
    places: dict[str, str]
    tests: tuple[str, ...] = ()
    decides: dict[str, str] = {}
    changed: tuple[str, ...] | None = None
    not_run: tuple[NotRun, ...] = ()
    served: tuple[str, ...] = ()
    run: str | None = None
    questions: tuple[str, ...] = ()
    command: str = ""
    seconds: float = 0.0

    @property
    def exit_reason(self) -> ExitReason:
        return ExitReason(self.verdict.decision.value)


class Checking:
    """The gate of one Lamarck. One instance serves many checks; what it has measured it need not measure again."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._cache = StageCache(cache_dir() / "checks.sqlite")

    def close(self) -> None:
        self._cache.close()

    def check(
        self,
        path: Path,
        *,
        tests: Sequence[Path] | None = None,
        specifications: Sequence[Path] = (),
        level: Level | None = None,
        changed: str | None = None,
        against: str | None = None,
        tested: bool = True,
        fresh: bool = False,
        say: Say | None = None,
    ) -> CheckReport:
        """tests: None finds them (`checks.tests`, else by their names). specifications: besides those. changed: a git
        revision. against: an earlier version of it, a file, a folder or an artifact, whose tests it has to keep.
        tested: False leaves out all that runs the code. fresh: use no kept answers. say: told before each check, and
        within long ones.

        Raises `BadInput` for what cannot be read or tests that decide nothing, `EnvironmentProblem` without a sandbox.
        """
        begin = time.monotonic()
        level = level or self._assembly.settings.checks.level
        difference = _difference(path, changed)
        tree = self._read(path, tests if tested else (), specifications if tested else ())
        earlier = None if against is None else self._earlier(against, tree, path)
        if earlier is not None and tested:
            tree = replace(tree, task=with_contract(tree.task, earlier))
        candidate = make_candidate(files=tree.files, entry_point=tree.task.entry_point, origin=Origin(generator="user"))
        gate = self._gate(tree, level, difference, earlier, fresh=fresh, say=say)
        chosen = (c for c in gate if LEVELS.index(c.level) <= LEVELS.index(level) and (tested or not c.runs_code))
        applicable = tuple(c for c in chosen if c.applies(tree.task))
        parts = self._parts(applicable)
        verdict = prove(tree.task, candidate, parts, own_code=True, fresh=True, thorough=True, tested=tested)
        verdict, run, questions = self._asked(tree, candidate, verdict, parts, difference, tested=tested)
        command = _command(path, tests if tested else None, specifications, level, changed, against, tested=tested)
        order = {check.name: place for place, check in enumerate(applicable)}
        evidence = sorted(verdict.evidence, key=lambda e: order.get(e.check, len(order)))
        verdict = verdict.replace(evidence=tuple(e.replace(replay_command=command) for e in evidence))
        return CheckReport(
            path=str(path),
            level=level,
            verdict=verdict,
            files=len(tree.files),
            lines=sum(len(f.text.splitlines()) for f in tree.files),
            places=tree.places,
            tests=tree.tests,
            decides=_decides(tree),
            changed=None if difference is None else tuple(sorted(os.path.relpath(p) for p in difference.before)),
            not_run=_not_run(gate, applicable, level, tested=tested),
            served=tuple(c.name for c in applicable if c.served),
            run=run,
            questions=questions,
            command=command,
            seconds=time.monotonic() - begin,
        )

    # --- what is looked at

    def _read(self, path: Path, tests: Sequence[Path] | None, specifications: Sequence[Path]) -> CodeTree:
        from lamarck.tasks.code_tree import find_tests, load_tree
        from lamarck.tasks.loader import Surroundings
        from lamarck.tasks.specification import is_specification

        settings = self._assembly.settings
        surroundings = Surroundings(
            limits=settings.limits.for_task(),
            job_limits=settings.sandbox.job_limits(),
            importable=self._assembly.importable,
        )
        for each in specifications:
            if each.exists() and not is_specification(each):
                raise BadInput(
                    f"{each}: is not named like a specification", "call it *.bdd.yaml, *.spec.yaml or *.feature"
                )
        if tests is None:
            tests = self._set_tests() or find_tests(path)
        return load_tree(path, (*tests, *specifications), surroundings)

    def _earlier(self, against: str, tree: CodeTree, path: Path) -> Earlier:
        if os.path.lexists(against):
            return earlier_from(Path(against), tree.files, tree.places, top=path)
        try:
            artifact = self._assembly.library.get(against)
        except BadInput as error:
            raise BadInput(f"{against}: neither a file nor an artifact", "name the earlier version") from error
        return earlier_of(against, artifact.candidate.files, artifact.task.acceptance, tree.files)

    def _set_tests(self) -> tuple[Path, ...]:
        """`checks.tests`, from the folder of the project's settings."""
        file = project_file(self._assembly.folder)
        folder = file.parent if file is not None else self._assembly.folder
        found: list[Path] = []
        for pattern in self._assembly.settings.checks.tests:
            found += sorted(folder.glob(pattern)) or [folder / pattern]
        return tuple(Path(os.path.relpath(p)) for p in found)

    # --- which checks

    def _gate(
        self,
        tree: CodeTree,
        level: Level,
        difference: Changed | None,
        earlier: Earlier | None,
        *,
        fresh: bool,
        say: Say | None,
    ) -> tuple[Staged, ...]:
        """All checks there are, as they are at this level."""
        assembly, settings = self._assembly, self._assembly.settings
        changed = None
        places = {p: os.path.abspath(place) for p, place in tree.places.items()}
        if difference is not None:
            before = {p: difference.before[place] for p, place in places.items() if place in difference.before}
            changed = Changed(revision=difference.revision, before=before)
        top = (project_file(assembly.folder) or assembly.folder / "lamarck.toml").parent
        below = {p: os.path.relpath(place, top) for p, place in places.items()}
        means = replace(
            assembly.means,
            folder=top,
            level=level,
            places=below,
            waivers=Waivers((*settings.trust.waivers, *settings.checks.waivers), below),
            most_files=MOST_FILES,
            changed=changed,
            earlier=earlier,
            progress=say,
            kept=None if fresh else self._cache,
            shared={},
        )
        only = None if changed is None else frozenset(changed.before)
        part = None if only is None else sorted(only)
        scope = scope_of(tree.task, assembly.interpreter.environment_hash, part, places)
        scope = content_id(scope, earlier.files) if earlier is not None else scope
        required = named(settings.checks.required)
        return tuple(
            Staged(
                check,
                self._cache,
                scope=scope,
                required=check.required or check.name in required,
                only=only,
                fresh=fresh,
                begin=None if say is None else lambda name: say(name, 0, 0),
            )
            for check in build_checks(means)
        )

    def _parts(self, checks: tuple[Staged, ...]) -> Parts:
        return Parts(
            library=self._assembly.library,
            checks=checks,
            environment=self._assembly.interpreter.environment_hash,
            accept_claimed=self._assembly.settings.trust.accept_claimed,
            keep_verdicts=False,
        )

    # --- what a person has to decide

    def _asked(
        self,
        tree: CodeTree,
        candidate: Candidate,
        verdict: Verdict,
        parts: Parts,
        difference: Changed | None,
        *,
        tested: bool,
    ) -> tuple[Verdict, str | None, tuple[str, ...]]:
        """The verdict with what a person said already, the run that waits for a decision, and those that ask whether a
        law holds."""
        asking = Asking(self._assembly.library)
        task = tree.task
        before = None
        if difference is not None:
            now = {p: os.path.abspath(place) for p, place in tree.places.items()}
            before = {p: difference.before[place] for p, place in now.items() if place in difference.before}
        file = laws_file(Path(tree.places[task.main_path]), [Path(t) for t in tree.tests])
        heeded = tuple(asking.heeded(task, e, file) if e.check == "properties" else e for e in verdict.evidence)
        said = asking.decided(task, candidate, before) if verdict.decision is Decision.PENDING else None
        if heeded != verdict.evidence or said is not None:
            verdict = decide(
                task,
                candidate.id,
                (*heeded, *(() if said is None else (said,))),
                required=required_with(said, verdict, tuple(c.name for c in parts.checks if c.required)),
                accept_claimed=parts.accept_claimed,
                own_code=True,
                tested=tested,
            )
        run = asking.code(task, candidate, verdict, before) if verdict.decision is Decision.PENDING else None
        broken = next((e for e in verdict.evidence if e.check == "properties" and e.differences), None)
        return verdict, run, () if broken is None else asking.laws(task, candidate, broken, file)


def _not_run(gate: Sequence[Staged], ran: Sequence[Staged], level: Level, *, tested: bool) -> tuple[NotRun, ...]:
    """Every check that is not among the evidence, and why."""
    found: list[NotRun] = []
    for check in gate:
        if check in ran:
            continue
        if LEVELS.index(check.level) > LEVELS.index(level):
            why = f"runs at level {check.level}"
        elif check.runs_code and not tested:
            why = "it runs the code, and no tests were asked for"
        else:
            why = "there is nothing for it to measure here"
        found.append(NotRun(check=check.name, why=why))
    return tuple(found)


def _decides(tree: CodeTree) -> dict[str, str]:
    names = names_of(tree.task.acceptance)
    known = zip(names, (tree.decides.get(a.path) for a in tree.task.acceptance), strict=True)
    return {name: place for name, place in known if place is not None}


def _difference(path: Path, revision: str | None) -> Changed | None:
    """By absolute paths."""
    if revision is None:
        return None
    from lamarck.tasks.revision import changed_since

    return Changed(revision=revision, before=changed_since(revision, path))


def _command(
    path: Path,
    tests: Sequence[Path] | None,
    specifications: Sequence[Path],
    level: str,
    changed: str | None,
    against: str | None,
    *,
    tested: bool,
) -> str:
    words = ["lamarck", "check", str(path), "--level", level]
    for test in tests or ():
        words += ["--tests", str(test)]
    for specification in specifications:
        words += ["--spec", str(specification)]
    words += [] if changed is None else ["--changed", changed]
    words += [] if against is None else ["--against", against]
    words += [] if tested else ["--no-tests"]
    return shlex.join(words)
