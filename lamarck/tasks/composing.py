"""From what a loader read to a `Task`: the part that all forms share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from lamarck.errors import BadInput
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Example,
    JobLimits,
    Limits,
    SourceFile,
    Task,
    Trust,
    make_task,
)
from lamarck.tasks.choosing import entry_point_of
from lamarck.tasks.given import merged
from lamarck.tasks.loader import Surroundings
from lamarck.tasks.naming import is_module_name, is_taken
from lamarck.tasks.prose import Mention
from lamarck.tasks.prose_examples import examples_in
from lamarck.tasks.python_source import Definition, has_doctests, parsed, public_definitions, signature_of, snake_case
from lamarck.tasks.uses import Use, provided


def compose(
    surroundings: Surroundings,
    *,
    goal: str,
    module: str,
    stubs: tuple[SourceFile, ...] = (),
    support: tuple[SourceFile, ...] = (),
    tests: tuple[Acceptance, ...] = (),
    uses: tuple[Use, ...] = (),
    stated: Mention | None = None,
    examples: Sequence[Example] = (),
    prose: str = "",
    finished: bool = False,
    constraints: tuple[str, ...] = (),
    tags: tuple[str, ...] = (),
    limits: Limits | None = None,
    job_limits: JobLimits | None = None,
) -> Task:
    """The task, with the doctests of its stubs among what decides.

    stubs: main file first. uses: what the given tests use of the module. stated: the name and signature that the user
    stated; the name yields to the tests, and the signature goes with its name. examples: given. prose: where derived
    examples are looked for. finished: the stubs are an answer, so only their places belong into the task. Raises
    `BadInput` when parts contradict.
    """
    stated = stated or Mention()
    _check_module(module)
    defined = definitions_of(stubs[0]) if stubs else {}
    entry_point = entry_point_of(uses, tuple(defined), stated.entry_point or named_like(module, defined))
    signature = stated.signature if entry_point == stated.entry_point else None
    if signature is None and entry_point in defined:
        signature = signature_of(defined[entry_point])
    if not goal.strip():
        goal = f"Write the module {module}."
    acceptance = [*tests, *doctests_of(stubs)]
    if examples:
        acceptance.append(examples_acceptance(examples, Trust.GIVEN))
    if derived := examples_in(prose, entry_point) if entry_point else ():
        acceptance.append(examples_acceptance(derived, Trust.DERIVED))
    task = make_task(
        goal="\n\n".join(x for x in (goal.strip(), provided(module, uses)) if x),
        module=module,
        signature=signature,
        entry_point=entry_point,
        stubs=tuple(s.replace(text="") for s in stubs) if finished else stubs,
        support=support,
        acceptance=tuple(acceptance),
        constraints=constraints,
        limits=limits or surroundings.limits,
        job_limits=job_limits or surroundings.job_limits,
        tags=tags,
    )
    _check_places(task, tests)
    return task


def _check_module(module: str) -> None:
    if not is_module_name(module):
        raise BadInput(f"'{module}' cannot be a module's name", "use letters, digits and underscores")
    if is_taken(module):
        raise BadInput(
            f"a module called '{module}' would hide the one of the standard library or of the test runner", "rename it"
        )


def _check_places(task: Task, tests: tuple[Acceptance, ...]) -> None:
    written = {s.path for s in task.stubs} or {task.main_path}
    for kept, what in (({a.path for a in tests}, "a test file"), ({s.path for s in task.support}, "a support file")):
        for path in sorted(written & kept):
            raise BadInput(f"{path} is the file to write and {what} at once", "rename one of them")


def definitions_of(stub: SourceFile) -> dict[str, Definition]:
    return public_definitions(parsed(stub.text, stub.path))


def named_like(module: str, defined: Iterable[str]) -> str | None:
    """The name that a module is named after: `two_fer` in `two_fer`, `BankAccount` in `bank_account`."""
    wanted = module.rpartition(".")[2]
    return next((name for name in defined if wanted in {name, snake_case(name)}), None)


def doctests_of(stubs: Iterable[SourceFile]) -> Iterable[Acceptance]:
    for stub in stubs:
        if has_doctests(parsed(stub.text, stub.path), stub.path):
            yield Acceptance(kind=AcceptanceKind.DOCTEST, content=stub.text, path=stub.path)


def examples_acceptance(examples: Sequence[Example], trust: Trust) -> Acceptance:
    path = "examples.json" if trust is Trust.GIVEN else f"{trust}_examples.json"
    content = msgspec.json.encode(list(examples), order="sorted").decode()
    return Acceptance(kind=AcceptanceKind.EXAMPLES, content=content, path=path, trust=trust)


def support_without(files: Iterable[SourceFile], stubs: Iterable[SourceFile]) -> tuple[SourceFile, ...]:
    """Support files, less those that the candidate writes."""
    written = {s.path for s in stubs}
    return merged(f for f in files if f.path not in written)
