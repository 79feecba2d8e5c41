"""Seeded bugs: one mutant at a time in packages with their own tests, mended by search alone.

The mutants are those of the check 'mutation', which was written without a thought of what the search can mend. A third
of the test functions is withheld from the search.
"""

from __future__ import annotations

import ast
import hashlib
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lamarck.api import Lamarck, Settings
from lamarck.benchmarks.machine import Machine, this_machine
from lamarck.benchmarks.rows import appended
from lamarck.checks.mutants import Distinct, Mutant, possible_mutants_of
from lamarck.errors import BadInput
from lamarck.records import (
    CheckOutcome,
    Origin,
    Record,
    SourceFile,
    Task,
    Trust,
    make_candidate,
    make_task,
    tree_hash,
)
from lamarck.sandbox.interpreter import find_interpreter, importable
from lamarck.tasks.part import Part, load_part
from lamarck.temporary import temporary_folder

BUGS = 100
_WITHHELD = 3  # every so many-th test function
_MOST_LINES = 1500  # of a module


class SeededBug(Record, frozen=True, kw_only=True):
    """seen: by the shown tests; the others are no bugs to mend. mended: passes the shown tests. equal: the same tree as
    the original. held: passes the withheld tests, too. rank: of the faulty line among the suspects, from 1; None: not
    among them. tests: how many cases were shown. load: of the machine, when it ended."""

    package: str
    module: str
    line: int
    bug: str
    mutant: str
    seen: bool = True
    mended: bool = False
    equal: bool = False
    held: bool = False
    rank: int | None = None
    edits: tuple[str, ...] = ()
    variants: int = 0
    seconds: float = 0.0
    reason: str = ""
    tests: int = 0
    load: float = 0.0

    @property
    def key(self) -> tuple[str, str, str]:
        return self.package, self.module, self.mutant


class SeededReport(Record, frozen=True, kw_only=True):
    bugs: tuple[SeededBug, ...]
    machine: Machine

    @property
    def right(self) -> int:
        return sum(b.mended and (b.equal or b.held) for b in self.bugs)


def measure_seeded(
    settings: Settings,
    *,
    data: Path | None,
    bugs: int = BUGS,
    seed: int = 0,
    rows: Path | None = None,
    say: Callable[[str], None],
) -> SeededReport:
    """data: a folder of packages, each with code and its tests (`test_*.py`). rows: where bugs are appended; what
    it holds is not measured again. Raises `BadInput`."""
    if data is None or not data.is_dir():
        raise BadInput("the packages are not named", "name a folder of packages with their tests with --data")
    with (
        appended(rows, SeededBug) as (known, keep),
        temporary_folder("bench") as folder,
        Lamarck(settings, library=Path(folder) / "l.sqlite") as lamarck,
    ):
        done = {b.key for b in known}
        found = [b for b in known if b.seen]
        subjects = [s for p in sorted(data.iterdir()) if p.is_dir() for s in _subjects(lamarck, p, say)]
        usable = _Usable(lamarck, say)
        for drawn, mutant in _drawn(subjects, seed):
            if len(found) >= bugs:
                break
            if (drawn.package, drawn.file.path, mutant.id) in done:
                continue
            if (subject := usable.of(drawn)) is None:
                continue
            bug = _try(lamarck, subject, mutant)
            keep(bug)
            if bug.seen:
                found.append(bug)
                end = "right" if bug.equal or bug.held else "passes the shown tests" if bug.mended else bug.reason
                say(f"{len(found)}/{bugs} {bug.package} {bug.module}:{bug.line} {bug.bug}: {end}, {bug.seconds:.1f} s")
        if not found:
            raise BadInput(f"{data}: holds no package whose tests pass", "name a folder of packages with --data")
    return SeededReport(bugs=tuple(found), machine=this_machine())


def seeded_tasks(
    lamarck: Lamarck, data: Path, seed: int, say: Callable[[str], None]
) -> Iterator[tuple[str, Task, Task, tuple[SourceFile, ...]]]:
    """(name, task with the shown tests, task with all, the files with one mutant) without end of what packages give."""
    subjects = [s for p in sorted(data.iterdir()) if p.is_dir() for s in _subjects(lamarck, p, say)]
    usable = _Usable(lamarck, say)
    for drawn, mutant in _drawn(subjects, seed):
        if (subject := usable.of(drawn)) is not None:
            yield (
                f"{subject.package} {subject.file.path} {mutant.id}",
                subject.shown,
                subject.whole,
                subject.with_file(mutant.file),
            )


def seeded_text(report: SeededReport) -> str:
    bugs = report.bugs
    lines = [report.machine.line(), "", "package  bugs  mended  equal or held  faulty line in the first five"]
    packages = sorted({b.package for b in bugs})
    lines += [f"{name}  {_counts([b for b in bugs if b.package == name])}" for name in packages]
    lines.append(f"all  {_counts(bugs)}")
    if times := [b.seconds for b in bugs if b.mended]:
        lines.append(f"median of a fix {statistics.median(times):.1f} s")
    return "\n".join(lines)


def _counts(bugs: tuple[SeededBug, ...] | list[SeededBug]) -> str:
    right = sum(b.mended and (b.equal or b.held) for b in bugs)
    near = sum(b.rank is not None and b.rank <= 5 for b in bugs)
    return f"{len(bugs)}  {sum(b.mended for b in bugs)}  {right}  {near}"


class _Subject(Record, frozen=True, kw_only=True):
    """file: the one that bugs are put into. others: of the package, where only the package as a whole can be imported;
    nobody tells the search that the bug is not in one of them."""

    package: str
    file: SourceFile
    others: tuple[SourceFile, ...]
    shown: Task
    whole: Task

    def with_file(self, file: SourceFile) -> tuple[SourceFile, ...]:
        return (file, *self.others)


def _subjects(lamarck: Lamarck, package: Path, say: Callable[[str], None]) -> Iterator[_Subject]:
    """Every module of a package that has tests of its own name."""
    tests = [p for p in sorted(package.rglob("*.py")) if p.name.startswith("test_") or p.name.endswith("_test.py")]
    for module in sorted(package.rglob("*.py")):
        if module in tests or "test" in module.parent.name or module.stem in {"conftest", "setup"}:
            continue
        stem = package.name.replace("-", "_") if module.stem == "__init__" else module.stem.lstrip("_")
        own = [t for t in tests if t.stem in {f"test_{stem}", f"{stem}_test"}]
        text = module.read_text(encoding="utf-8", errors="replace")
        if not own or text.count("\n") > _MOST_LINES:
            continue
        try:
            part = load_part(
                (module,),
                tuple(own),
                job_limits=lamarck.settings.sandbox.job_limits(),
                importable=importable(find_interpreter(None, Path.cwd())),
            )
        except BadInput as error:
            say(f"{package.name} {module.name}: {error.line}")
            continue
        yield _subject(package.name, part)


def _subject(package: str, part: Part) -> _Subject:
    file = next(f for f in part.files if f.path in part.touched)
    others = tuple(f for f in part.files if f is not file)
    return _Subject(package=package, file=file, others=others, shown=_shown(part.task), whole=part.task)


class _Usable:
    """A module with those of its tests that pass as it is; each is asked once, when its turn comes. Tests that need
    judge and candidate in one process do not, and where most do not, the module is left out."""

    def __init__(self, lamarck: Lamarck, say: Callable[[str], None]) -> None:
        self._lamarck = lamarck
        self._say = say
        self._known: dict[tuple[str, str], _Subject | None] = {}

    def of(self, subject: _Subject) -> _Subject | None:
        key = (subject.package, subject.file.path)
        if key not in self._known:
            try:
                self._known[key], why = self._with_passing(subject)
            except BadInput as error:
                self._known[key], why = None, error.line
            if why:
                self._say(f"{subject.package} {subject.file.path}: {why}")
        return self._known[key]

    def _with_passing(self, subject: _Subject) -> tuple[_Subject | None, str]:
        task = subject.whole
        files = subject.with_file(subject.file)
        original = make_candidate(files=files, entry_point=task.entry_point, origin=Origin(generator="user"))
        evidence = self._lamarck.judge(task, original)
        if evidence.outcome is CheckOutcome.PASSED:
            return subject, ""
        functions = {r.id.partition("[")[0] for r in evidence.results}
        failing = {
            r.id.partition("[")[0]
            for r in evidence.results
            if r.outcome not in {CheckOutcome.PASSED, CheckOutcome.SKIPPED}
        }
        if not failing or 2 * len(failing) > len(functions):
            return None, f"its tests do not pass as they are: {evidence.log.strip()[-200:]}"
        less = _without(task, failing)
        if self._lamarck.judge(less, original).outcome is not CheckOutcome.PASSED:
            return None, "its tests do not pass as they are"
        left_out = f"{len(failing)} of {len(functions)} test functions do not pass as they are and are left out"
        return subject.replace(shown=_shown(less), whole=less), left_out


def _without(task: Task, functions: set[str]) -> Task:
    """functions: ids of test functions, `test_a.py::test_x` or `test_a.py::TestX::test_y`."""

    def is_kept(path: str, holder: ast.Module | ast.ClassDef, node: ast.stmt) -> bool:
        inside = f"{holder.name}::" if isinstance(holder, ast.ClassDef) else ""
        return not (isinstance(node, ast.FunctionDef) and f"{path}::{inside}{node.name}" in functions)

    return _with_tests(task, lambda path, holder: [n for n in holder.body if is_kept(path, holder, n)])


def _with_tests(task: Task, kept: Callable[[str, ast.Module | ast.ClassDef], list[ast.stmt]]) -> Task:
    """The task with what is `kept` of every module and class of its tests."""
    acceptance = []
    for each in task.tests(Trust.GIVEN):
        try:
            tree = ast.parse(each.content)
        except SyntaxError:
            continue
        holders: list[ast.Module | ast.ClassDef] = [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef))]
        for holder in holders:
            holder.body = kept(each.path, holder) or [ast.Pass()]
        acceptance.append(each.replace(content=ast.unparse(tree)))
    fields = {name: getattr(task, name) for name in task.__struct_fields__ if name not in {"id", "acceptance"}}
    return make_task(**fields, acceptance=tuple(acceptance))


def _shown(task: Task) -> Task:
    """The task without every so many-th test function."""
    numbers: dict[str, int] = {}

    def kept(path: str, holder: ast.Module | ast.ClassDef) -> list[ast.stmt]:
        number = numbers.get(path, 0)
        tests = [n for n in holder.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test")]
        withheld = {id(n) for place, n in enumerate(tests, number + 1) if place % _WITHHELD == 0}
        numbers[path] = number + len(tests)
        return [n for n in holder.body if id(n) not in withheld]

    return _with_tests(task, kept)


def _drawn(subjects: list[_Subject], seed: int) -> Iterator[tuple[_Subject, Mutant]]:
    """Mutants in an order that the seed fixes, in turn of each package."""
    by_package: dict[str, list[tuple[str, _Subject, Mutant]]] = {}
    for subject in subjects:
        for mutant in possible_mutants_of(subject.file):
            if mutant.function:
                key = hashlib.sha256(f"{seed}:{subject.package}:{subject.file.path}:{mutant.id}".encode()).hexdigest()
                by_package.setdefault(subject.package, []).append((key, subject, mutant))
    new: dict[tuple[str, str], Distinct] = {}
    queues = [iter(sorted(rows, key=lambda r: r[0])) for rows in by_package.values()]
    while queues:
        for queue in list(queues):
            row = next(queue, None)
            if row is None:
                queues.remove(queue)
                continue
            _, subject, mutant = row
            place = (subject.package, subject.file.path)
            if place not in new:
                new[place] = Distinct(subject.file)
            if new[place](mutant):
                yield subject, mutant


def _try(lamarck: Lamarck, subject: _Subject, mutant: Mutant) -> SeededBug:
    begun = time.monotonic()
    done = lamarck.mend(subject.shown, subject.with_file(mutant.file))
    report = done.report
    ranks = [n for n, s in enumerate(report.suspects, 1) if (s.path, s.line) == (mutant.path, mutant.line)]
    bug = SeededBug(
        package=subject.package,
        module=subject.file.path,
        line=mutant.line,
        bug=f"{mutant.before} -> {mutant.after}",
        mutant=mutant.id,
        seen=report.reason not in {"nothing_fails", "no_tests", "unparseable"},
        mended=done.candidate is not None,
        rank=ranks[0] if ranks else None,
        edits=done.edits,
        variants=report.variants,
        seconds=time.monotonic() - begun,
        reason=str(report.reason),
        tests=report.tests,
        load=round(os.getloadavg()[0], 1),
    )
    if done.candidate is None:
        return bug
    original = {f.path: f.text for f in subject.with_file(subject.file)}
    equal = all(tree_hash(f.text) == tree_hash(original[f.path]) for f in done.candidate.files)
    held = equal or lamarck.judge(subject.whole, done.candidate).outcome is CheckOutcome.PASSED
    return bug.replace(equal=equal, held=held)
