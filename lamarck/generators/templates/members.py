"""The members of a template's class that stand for those that a request asks for."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, MutableMapping

from lamarck.generators.templates.parameters import own_parameters
from lamarck.generators.templates.template import Template
from lamarck.generators.templates.usual import same_member

_STRANGE = 2  # members of other names than a template knows
_BRINGS: dict[str, type] = {"MutableMapping": MutableMapping, "Mapping": Mapping, "dict": dict, "list": list}


def served_by(
    wanted: dict[str, ast.arguments | None],
    methods: dict[str, ast.FunctionDef | ast.AsyncFunctionDef],
    attributes: Collection[str],
    template: Template,
    definition: ast.ClassDef,
    order: int,
) -> dict[str, str] | None:
    """The program's member for each that is asked for: by name, by other names, and at last by the number of its
    parameters, the likeliest of which `order` counts through; None where one is missing."""
    served: dict[str, str] = {}
    strange: list[str] = []
    for name in wanted:
        found = _member(name, methods, attributes, template, {*wanted, *served.values()})
        if found is not None and found not in served.values():
            served[name] = found
        elif name != "__init__" and name not in _inherited(definition):
            strange.append(name)
    if len(strange) > _STRANGE or len(strange) * 2 > len(wanted) - 1:
        return None
    for name in strange:
        free = [
            m
            for m in methods
            if not m.startswith("_") and m not in served.values() and m not in wanted
            and _as_many(wanted[name], methods[m])
        ]  # fmt: skip
        if not free:
            return None
        served[name] = free[order % len(free)]
    return served


def _as_many(asked: ast.arguments | None, method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it takes as many arguments as are asked for, where that is known."""
    if asked is None:
        return True
    wanted, own = own_parameters(asked), own_parameters(method.args)
    return len(own) - len(method.args.defaults) <= len(wanted) <= len(own)


def _member(name: str, methods: dict[str, ast.FunctionDef | ast.AsyncFunctionDef], attributes: Collection[str],
            template: Template, wanted: Collection[str]) -> str | None:  # fmt: skip
    """The program's name for a member of instances. wanted: all that are asked for."""
    if name in methods or name in attributes:
        return name
    public = [m for m in (*methods, *attributes) if not m.startswith("_")]
    named = next((m for m in public if name in template.synonyms.get(m, ())), None)
    return named or next((m for m in public if m not in wanted and same_member(m, name)), None)


def _inherited(definition: ast.ClassDef) -> set[str]:
    """Public members that its bases bring."""
    bases = {_base_name(b) for b in definition.bases}
    return {m for b in bases for m in dir(_BRINGS.get(b, object)) if not m.startswith("_")}


def _base_name(base: ast.expr) -> str:
    inner = base.value if isinstance(base, ast.Subscript) else base
    return inner.id if isinstance(inner, ast.Name) else ""
