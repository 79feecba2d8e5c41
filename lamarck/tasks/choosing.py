"""Which module a candidate writes, when the tests alone have to tell."""

from __future__ import annotations

from dataclasses import dataclass

from lamarck.errors import BadInput
from lamarck.records import SourceFile
from lamarck.tasks.given import Given, LocalModule, merged
from lamarck.tasks.uses import Use, main_name, uses_of


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The module to write, the stubs that stand for it (none: a new file), the support, and what the tests use."""

    module: str
    stubs: tuple[SourceFile, ...]
    support: tuple[SourceFile, ...]
    uses: tuple[Use, ...]


def choose_module(given: Given) -> Chosen:
    """The stubs beside the tests, else the one import that does not resolve. Raises `BadInput` naming the choices."""
    stubs = [m for m in given.local if m.unwritten]
    if stubs:
        refuse_unresolved(given)
        rest = [m.file for m in given.local if not m.unwritten]
        by_use = sorted(stubs, key=lambda m: -sum(u.times for u in uses_of(given.trees, m.module)))
        main = by_use[0].module
        return Chosen(
            module=main,
            stubs=tuple(placed(m) for m in by_use),
            support=merged(given.support, rest),
            uses=uses_of(given.trees, main),
        )
    if not given.unresolved:
        raise BadInput("every module that the tests import is there already", _which_stub(given))
    if len(given.unresolved) > 1:
        names = ", ".join(f"{name} ({place})" for name, place in sorted(given.unresolved.items()))
        raise BadInput(
            f"the tests import several modules that are nowhere: {names}",
            "install those that are packages (--python names the environment) or give a stub for each one to write",
        )
    module = next(iter(given.unresolved))
    return Chosen(module=module, stubs=(), support=given.all_support(), uses=uses_of(given.trees, module))


def refuse_unresolved(given: Given) -> None:
    """Raises `BadInput` for the first import that is neither to be written, nor installed, nor beside the tests."""
    for module, place in sorted(given.unresolved.items()):
        raise BadInput(
            f"{place}: the module '{module}' is neither in the environment nor beside the tests",
            "install it (--python names the environment), or put it beside the tests",
        )


def _which_stub(given: Given) -> str:
    tests = " ".join(a.path for a in given.acceptance)
    if given.local:
        path = given.local[0].file.path
        return f"name the file to write, for example `lamarck solve {path} --tests {tests}`"
    return "import the module to write in the tests, or name its stub: `lamarck solve STUB.py --tests …`"


def placed(local: LocalModule) -> SourceFile:
    """A stub where its module's name puts it."""
    own = "/__init__.py" if local.file.path.endswith("__init__.py") else ".py"
    return local.file.replace(path=local.module.replace(".", "/") + own)


def entry_point_of(uses: tuple[Use, ...], defined: tuple[str, ...] = (), preferred: str | None = None) -> str | None:
    """The name that the task is about: the preferred one where the tests use it or it is defined, else by use."""
    used = {u.name for u in uses}
    if preferred is not None and (preferred in used or preferred in defined or not (used or defined)):
        return preferred
    known = tuple(u for u in uses if u.name in defined) if defined else uses
    return main_name(known or uses) or (defined[0] if defined else preferred)
