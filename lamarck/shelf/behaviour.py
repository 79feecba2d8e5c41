"""Search by what code does: the artifacts that pass given tests, nearest candidates first tried.

What passes is shown in clusters that behave alike on generated inputs, so that ten ways of writing one thing are one
answer, and two things that the tests can't tell apart are two.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from lamarck.assemble import Assembly
from lamarck.checks.judge.judge import Subject
from lamarck.errors import BadInput
from lamarck.generators.reuse import aligned, query
from lamarck.generators.telling import container_of
from lamarck.library.filters import Filter
from lamarck.library.signature import shape_of
from lamarck.records import Artifact, Candidate, CheckOutcome, Example, Record, Task, Trust, make_candidate, make_task
from lamarck.tasks.composing import examples_acceptance

Progress = Callable[[int, int], None]  # artifacts tried, and how many pass

_NEAR = 50  # that a search by words and meaning brings, before everything else of the right shape
_VARIANTS = 3
_TOGETHER = 8  # candidates judged in one go


class Behaving(Record, frozen=True, kw_only=True):
    """An artifact that passes. adapted: its code had to be given another name or order of parameters first; `candidate`
    is what passed."""

    artifact: Artifact
    candidate: Candidate
    adapted: bool
    tests: int


class Behaviours(Record, frozen=True, kw_only=True):
    """clusters: best first. tried: artifacts; not_tried: those that the budget left out."""

    clusters: tuple[tuple[Behaving, ...], ...]
    tried: int
    not_tried: int
    seconds: float
    told: str = ""


def task_of_examples(examples: Sequence[str], goal: str = "") -> Task:
    """`f(1, 2) == 3` or `f(0) raises ValueError` each, all of one function. Raises `BadInput`."""
    read = [_example(text) for text in examples]
    names = {name for name, _ in read}
    if len(names) != 1:
        raise BadInput(f"the examples call {', '.join(sorted(names))}", "give examples of one function")
    (name,) = names
    return make_task(
        goal=goal or name.replace("_", " "),
        module="solution",
        entry_point=name,
        acceptance=(examples_acceptance([example for _, example in read], Trust.GIVEN),),
    )


def _example(text: str) -> tuple[str, Example]:
    call, raises = text, None
    if " raises " in text:
        call, _, raises = text.rpartition(" raises ")
    try:
        node = ast.parse(call.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        node = None
    equals = None
    if raises is None and isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
        equals, node = ast.unparse(node.comparators[0]), node.left
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    if not is_call or (equals is None and not (raises or "").strip().isidentifier()):
        raise BadInput(f"{text}: is no example", "write `f(1, 2) == 3` or `f(0) raises ValueError`")
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    return node.func.id, Example(call=ast.unparse(node), equals=equals, raises=raises.strip() if raises else None)


def find_behaving(
    assembly: Assembly,
    task: Task,
    *,
    filter: Filter,
    limit: int = 10,
    seconds: float = 60.0,
    on_progress: Progress | None = None,
) -> Behaviours:
    """Artifacts that pass the given tests of `task`; it stops at `limit` of them or when `seconds` are up.

    Raises `BadInput` for tests that prove nothing, `EnvironmentProblem` where nothing can be run.
    """
    began = time.monotonic()
    assembly.tests.preflight(task)
    ids = _nearest_first(assembly, task, filter)
    passing: list[Behaving] = []
    tried = 0
    for begin in range(0, len(ids), _TOGETHER):
        some = ids[begin : begin + _TOGETHER]
        if time.monotonic() - began > seconds or len(passing) >= limit:
            break
        passing += _passing(assembly, task, [assembly.library.get(id_) for id_ in some])
        tried += len(some)
        if on_progress is not None:
            on_progress(tried, len(passing))
    clusters, told = _clustered(assembly, task, passing[:limit])
    return Behaviours(
        clusters=clusters,
        tried=tried,
        not_tried=len(ids) - tried,
        seconds=time.monotonic() - began,
        told=told,
    )


def _nearest_first(assembly: Assembly, task: Task, wanted: Filter) -> list[str]:
    """Near in words and meaning; then everything that could be called that way, most used first."""
    near = assembly.library.find(query(task), limit=_NEAR, signature=task.signature, filter=wanted)
    shape = wanted.shape or (shape_of(task.signature) if task.signature else None)
    others = assembly.library.matching(wanted.replace(shape=shape))
    return list(dict.fromkeys([*(hit.artifact.id for hit in near), *others]))


def _passing(assembly: Assembly, task: Task, artifacts: Sequence[Artifact]) -> Iterator[Behaving]:
    """In the order of the artifacts, each by the first of its alignments that passes."""
    container = container_of(task)
    several = [(a, c) for a in artifacts for c in islice(aligned(a, task, container), _VARIANTS)]
    if not several:
        return
    subjects = tuple(Subject(label=str(number), files=c.files) for number, (_, c) in enumerate(several))
    report = assembly.judge.judge(task, task.tests(Trust.GIVEN), subjects)
    seen: set[str] = set()
    for (artifact, candidate), subject in zip(several, report.subjects, strict=False):
        if subject.passed and artifact.id not in seen:
            seen.add(artifact.id)
            passed = sum(r.outcome is CheckOutcome.PASSED for r in subject.results)
            adapted = candidate.files[0].text.strip() != artifact.candidate.files[0].text.strip()
            yield Behaving(artifact=artifact, candidate=candidate, adapted=adapted, tests=passed)


def _clustered(
    assembly: Assembly, task: Task, passing: Sequence[Behaving]
) -> tuple[tuple[tuple[Behaving, ...], ...], str]:
    """By what they do on generated inputs; one that can't be compared stands alone."""
    if len(passing) < 2:
        return tuple((each,) for each in passing), ""
    by_code: dict[str, list[Behaving]] = {}
    for each in passing:
        by_code.setdefault(each.candidate.id, []).append(each)
    compared = [_as_function(same[0].candidate) for same in by_code.values()]
    comparison = assembly.agreement.compare(task, compared)
    ids = {candidate.id: id_ for candidate, id_ in zip(compared, by_code, strict=True)}
    grouped = [tuple(ids[each] for each in group) for group in comparison.groups if group]
    alone = [(id_,) for id_ in by_code if not any(id_ in group for group in grouped)]
    clusters = [tuple(each for id_ in group for each in by_code[id_]) for group in (*grouped, *alone)]
    order = {id(each): place for place, each in enumerate(passing)}
    clusters.sort(key=lambda cluster: min(order[id(each)] for each in cluster))
    return tuple(clusters), comparison.evidence.log


def _as_function(candidate: Candidate) -> Candidate:
    """Where the wanted name is another name of a function, a function of that name: only those are compared."""
    main, name = candidate.files[0], candidate.entry_point
    try:
        body = ast.parse(main.text).body
    except (SyntaxError, ValueError, RecursionError):
        return candidate
    last = body[-1] if body else None
    if not isinstance(last, ast.Assign) or not isinstance(last.value, ast.Name) or ast.unparse(last.targets[0]) != name:
        return candidate
    source = next((n for n in body if isinstance(n, ast.FunctionDef) and n.name == last.value.id), None)
    if source is None:
        return candidate
    arguments = source.args
    passed = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    passed += [f"*{arguments.vararg.arg}"] if arguments.vararg else []
    passed += [f"{a.arg}={a.arg}" for a in arguments.kwonlyargs]
    passed += [f"**{arguments.kwarg.arg}"] if arguments.kwarg else []
    text = main.text.rstrip().rpartition("\n")[0]
    adapter = f"def {name}({ast.unparse(arguments)}):\n    return {source.name}({', '.join(passed)})\n"
    files = (main.replace(text=f"{text.rstrip()}\n\n\n{adapter}"), *candidate.files[1:])
    return make_candidate(files=files, entry_point=name, origin=candidate.origin, parents=candidate.parents)
