"""A template's program under the names and signatures that a request asks for, or None where essentials differ."""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lamarck.generators.syntax import tree_of
from lamarck.generators.templates import kinds
from lamarck.generators.templates.asking import Asked, Request, words_of
from lamarck.generators.templates.members import served_by
from lamarck.generators.templates.parameters import Fitted, fit_parameters, own_parameters
from lamarck.generators.templates.program import Program, names_bound, program_of
from lamarck.generators.templates.template import Definition, Template, is_exception

_FUTURE = "from __future__ import annotations"
_LONG = 100
_BUILTINS = frozenset(dir(builtins))


@dataclass
class _Work:
    """A program under edit. edits: (start, end, text) in bytes of its source."""

    program: Program
    edits: list[tuple[int, int, str]] = field(default_factory=list)

    def at(self, line: int, column: int) -> int:
        return self.program.starts[line - 1] + column

    def replace(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword, text: str, length: int | None = None) -> None:
        begin = self.at(node.lineno, node.col_offset)
        end = begin + length if length is not None else self.at(node.end_lineno or 0, node.end_col_offset or 0)
        self.edits.append((begin, end, text))

    def drop_lines(self, first: int, last: int) -> None:
        self.edits.append((self.program.starts[first - 1], self.program.starts[last], ""))

    def result(self) -> str:
        text = self.program.source
        dropped = [(begin, end) for begin, end, instead in self.edits if not instead]
        for begin, end, instead in sorted(set(self.edits), reverse=True):
            if not any(b <= begin and end <= e and (b, e) != (begin, end) for b, e in dropped):
                text = text[:begin] + instead.encode() + text[end:]
        return text.decode()


def fit(template: Template, request: Request, choices: dict[str, str], order: int = 0) -> str | None:
    """The text of the candidate's main file; deterministic. order: see `fit_parameters`."""
    program = program_of(template.text(choices))
    if program is None or (misfit := (template.id, order, program.skeleton)) in request.misfits:
        return None
    asked = [request]
    if any(a.stated for a in request.asked):  # words may state a part of the parameters
        asked.append(replace(request, asked=[a.as_called for a in request.asked]))
    is_misfit = True
    for each in asked:
        plans = _plans(template, each, program, order)
        is_misfit &= plans is None
        if plans is not None and (text := _fit(template, each, program, plans)) is not None:
            return text
    if is_misfit:
        request.misfits.add(misfit)
    return None


def _fit(template: Template, request: Request, program: Program, plans: list[_Plan]) -> str | None:
    work = _Work(program)
    for plan in plans:
        name = plan.asked.name
        is_free = name == plan.definition.name or name not in program.needed
        if not is_free or not _carry_out(work, plan, request):
            return None
        _rename_everywhere(work, plan.definition, name)
    if not _fit_exceptions(work, template, request, program.definitions):
        return None
    text = work.result()
    if request.exceptions or request.raised:
        text = _raising(text, request, program.definitions)
    text = _assembled(_importing(text, request), request)
    return text if tree_of(text) is not None else None


def _definitions(
    template: Template, request: Request, program: Program, order: int
) -> list[tuple[Asked, Definition]] | None:
    """Every definition that is asked for with the one of the program that serves it; by their order where several are
    asked for under names of their own. order: see `fit_parameters`."""
    usable = {n: d for n, d in program.definitions.items() if not is_exception(d)}
    taken: list[tuple[Asked, Definition]] = []
    for number, asked in enumerate(request.asked):
        free = {n: d for n, d in usable.items() if d not in [t for _, t in taken] and _same_sort(asked, d)}
        found = next((d for n, d in free.items() if asked.name in (n, *template.synonyms.get(n, ()))), None)
        if found is None:
            words = set(words_of(asked.name))
            found = next((d for n, d in free.items() if program.words[n] == words), None)
        if found is None and number == 0 and len(request.asked) == 1:
            found = next((d for n, d in usable.items()), None)
            found = found if found is not None and _same_sort(asked, found) else None
        if found is None and len(request.asked) == len(usable):
            left = [d for d in free.values() if not _is_named(template, d, request)]
            found = left[order % len(left)] if left else None
        if found is None:
            return None
        taken.append((asked, found))
    return taken


def _is_named(template: Template, definition: Definition, request: Request) -> bool:
    """Whether one of what is asked for has its name."""
    return any(a.name in (definition.name, *template.synonyms.get(definition.name, ())) for a in request.asked)


def _same_sort(asked: Asked, definition: Definition) -> bool:
    if asked.is_class != isinstance(definition, ast.ClassDef):
        return False
    is_async = isinstance(definition, ast.AsyncFunctionDef)
    return asked.is_class or asked.arguments is None or asked.is_async == is_async


# --- one definition


@dataclass
class _Plan:
    """How a definition comes to serve what is asked for. headers: each function with its parameters; renamed: its
    members' names → those that are asked for."""

    asked: Asked
    definition: Definition
    headers: list[tuple[ast.FunctionDef | ast.AsyncFunctionDef, Fitted]]
    renamed: dict[str, str]


def _plans(template: Template, request: Request, program: Program, order: int) -> list[_Plan] | None:
    """One for each definition that is asked for, by headers alone; None where one does not fit."""
    mapped = _definitions(template, request, program, order)
    plans: list[_Plan] = []
    for asked, definition in mapped or ():
        planned = _of_class if isinstance(definition, ast.ClassDef) else _of_function
        plan = planned(template, asked, definition, program, order)
        if plan is None:
            return None
        plans.append(plan)
    return None if mapped is None else plans


def _of_function(
    template: Template, asked: Asked, definition: Definition, program: Program, order: int
) -> _Plan | None:
    assert not isinstance(definition, ast.ClassDef)
    results = kinds.of_annotation(definition.returns)
    if asked.returns is not None and not kinds.agree(kinds.of_annotation(asked.returns), results):
        return None
    if not all(kinds.holds(results, c.result) for c in asked.calls if c.result != "NoneType"):
        return None
    fitted = fit_parameters(definition.args, asked.arguments, asked.calls, template.synonyms, order=order)
    return None if fitted is None else _Plan(asked, definition, [(definition, fitted)], {})


def _of_class(template: Template, asked: Asked, definition: Definition, program: Program, order: int) -> _Plan | None:
    assert isinstance(definition, ast.ClassDef)
    methods = {n.name: n for n in definition.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    attributes = program.attributes(definition)
    wanted: dict[str, ast.arguments | None] = {"__init__": None, **asked.members}
    served = served_by(wanted, methods, attributes, template, definition, order)
    if served is None:
        return None
    plan = _Plan(asked, definition, [], {found: name for name, found in served.items() if found != name})
    for name, arguments in wanted.items():
        if name not in served:
            if name == "__init__" and (own_parameters(arguments) or any(c.positional for c in asked.calls)):
                return None
            continue
        method = methods.get(served[name])
        if method is None:
            continue
        calls = asked.calls if name == "__init__" else []
        fitted = fit_parameters(method.args, arguments, calls, template.synonyms, skip=1, order=order)
        if fitted is None:
            return None
        plan.headers.append((method, fitted))
    return None if set(plan.renamed.values()) & (methods.keys() | attributes) else plan


def _carry_out(work: _Work, plan: _Plan, request: Request) -> bool:
    if plan.asked.documented:
        _drop_docstring(work, plan.definition)
    asked = None if isinstance(plan.definition, ast.ClassDef) else plan.asked
    if not all(_rewrite(work, function, fitted, asked, request) for function, fitted in plan.headers):
        return False
    if isinstance(plan.definition, ast.ClassDef):
        _rename_members(work, plan.definition, plan.renamed)
    return True


def _rename_members(work: _Work, definition: ast.ClassDef, renamed: dict[str, str]) -> None:
    for node in work.program.within(definition):
        if isinstance(node, ast.Attribute) and node.attr in renamed:
            if isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}:
                end = work.at(node.end_lineno or 0, node.end_col_offset or 0)
                work.edits.append((end - len(node.attr), end, renamed[node.attr]))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in renamed:
            work.edits.append((*_name_of(work, node), renamed[node.name]))


def _name_of(work: _Work, node: Definition) -> tuple[int, int]:
    """Where the name stands after `def` or `class`."""
    begin = work.at(node.lineno, node.col_offset)
    found = re.compile(rb"(?:async\s+)?(?:def|class)\s+").match(work.program.source, begin)
    assert found is not None
    return found.end(), found.end() + len(node.name.encode())


def _drop_docstring(work: _Work, node: Definition) -> None:
    if ast.get_docstring(node) is not None and len(node.body) > 1:
        first, after = node.body[0], node.body[1]
        last = min([after.lineno, *(d.lineno for d in getattr(after, "decorator_list", []))]) - 1
        work.drop_lines(first.lineno, max(last, first.end_lineno or first.lineno))


def _rewrite(
    work: _Work,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    fitted: Fitted,
    asked: Asked | None,
    request: Request,
) -> bool:
    """The function under the wanted parameters: its header anew, its body with the names changed."""
    if not fitted.changed and (asked is None or asked.returns is None):
        return True
    if fitted.reordered and any(
        isinstance(n, ast.Name) and n.id == function.name for n in work.program.within(function)
    ):
        return False  # it calls itself by position
    names = _settled(work.program.inside(function), fitted.renamed)
    if names is None:
        return False
    for node in work.program.inside(function):
        _rename(work, node, names, function.name)
    known = _BUILTINS | request.kept_names | work.program.bound
    returns = function.returns
    if asked is not None and asked.returns is not None and _names_in(asked.returns) <= known:
        returns = asked.returns
    _header(work, function, fitted.header(known, _names_in), returns)
    return True


def _rename(work: _Work, node: ast.AST, names: dict[str, str], function: str) -> None:
    """Where a node speaks of a parameter that has another name now."""
    if isinstance(node, ast.Name) and node.id in names:
        work.replace(node, names[node.id])
    elif isinstance(node, ast.arg) and node.arg in names:
        work.replace(node, names[node.arg], len(node.arg))
    elif isinstance(node, ast.Nonlocal) and set(node.names) & names.keys():
        work.replace(node, f"nonlocal {', '.join(names.get(n, n) for n in node.names)}")
    elif isinstance(node, ast.Call) and _called(node) == function:
        for keyword in node.keywords:
            if keyword.arg in names:
                work.replace(keyword, names[keyword.arg], len(keyword.arg))


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _settled(inside: list[ast.AST], renamed: dict[str, str]) -> dict[str, str] | None:
    """Old name → new name, with locals moved out of the way; None where a name that is needed would be hidden."""
    stored: set[str] = set()
    used: set[str] = set()
    for node in inside:
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else stored).add(node.id)
        elif isinstance(node, ast.arg):
            stored.add(node.arg)
        elif isinstance(node, Definition):
            used.add(node.name)
    names = dict(renamed)
    for new in renamed.values():
        if new in renamed:
            continue  # it is renamed itself
        if new in stored:
            names[new] = f"{new}_"
        elif new in used:
            return None
    return names


def _header(
    work: _Work, function: ast.FunctionDef | ast.AsyncFunctionDef, arguments: str, returns: ast.expr | None
) -> None:
    begin = _name_of(work, function)[1]
    first = function.body[0]
    line = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", []))])
    end = work.at(line, 0)
    tail = f" -> {ast.unparse(returns)}" if returns is not None else ""
    text = f"({arguments}){tail}:\n"
    if function.col_offset + len(function.name) + len(text) > _LONG:
        pad = " " * (function.col_offset + 4)
        text = f"(\n{pad}{arguments}\n{' ' * function.col_offset}){tail}:\n"
    work.edits.append((begin, end, text))


def _names_in(node: ast.expr) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _rename_everywhere(work: _Work, definition: Definition, name: str) -> None:
    old = definition.name
    if old == name:
        return
    begin, end = _name_of(work, definition)
    work.edits.append((begin, end, name))
    for node in work.program.within(work.program.tree):
        if isinstance(node, ast.Name) and node.id == old and not _in_header(work, node):
            work.replace(node, name)


def _in_header(work: _Work, node: ast.Name) -> bool:
    place = work.at(node.lineno, node.col_offset)
    return any(begin <= place < end for begin, end, _ in work.edits)


# --- exceptions and the whole file


def _fit_exceptions(work: _Work, template: Template, request: Request, definitions: dict[str, Definition]) -> bool:
    own = {n: d for n, d in definitions.items() if is_exception(d)}
    wanted = [e for e in request.exceptions if e not in own]
    free = [d for n, d in own.items() if n not in request.exceptions]
    for name in wanted if own else []:
        found = next((d for d in free if name in template.synonyms.get(d.name, ())), None)
        if found is None and len(free) == len(wanted) == 1:
            found = free[0]
        if found is None:
            return False
        free.remove(found)
        _rename_everywhere(work, found, name)
        if name in request.kept_names:
            work.drop_lines(found.lineno, found.end_lineno or found.lineno)
    for name in own.keys() & request.kept_names:
        work.drop_lines(own[name].lineno, own[name].end_lineno or own[name].lineno)
    return bool(own) or len(wanted) <= 1


def _raising(text: str, request: Request, definitions: dict[str, Definition]) -> str:
    """With the one exception that is expected, where the program raises another one everywhere."""
    expected = request.exceptions or [r for r in request.raised if hasattr(builtins, r)]
    raised = set(re.findall(r"\braise (\w+)\(", text))
    if len(expected) != 1 or raised != {"ValueError"} or expected[0] in raised:
        return text
    name = expected[0]
    text = re.sub(r"\braise ValueError\(", f"raise {name}(", text)
    is_known = hasattr(builtins, name) or name in request.kept_names or name in definitions
    if not is_known:
        text = _after_imports(text, f'class {name}(ValueError):\n    """What was given cannot be used."""\n')
    return text


def _assembled(text: str, request: Request) -> str:
    lines = [line for line in text.splitlines() if line != _FUTURE]
    kept_imports = [k for k in request.kept if k.startswith(("import ", "from ")) and k not in lines and k != _FUTURE]
    kept_rest = [k for k in request.kept if not k.startswith(("import ", "from "))]
    head = [_FUTURE, "", *kept_imports] if _FUTURE in text or kept_imports else []
    whole = "\n".join([*head, *"\n".join(lines).strip().splitlines()]).strip() + "\n"
    return _after_imports(whole, "\n\n\n".join(kept_rest) + "\n") if kept_rest else _tidy(whole)


def _importing(text: str, request: Request) -> str:
    """With the modules of the standard library that a wanted default speaks of."""
    given = [a for each in request.asked for a in (each.arguments, *each.members.values()) if a is not None]
    if not any(isinstance(d, ast.Attribute) for a in given for d in (*a.defaults, *a.kw_defaults)):
        return text
    tree = tree_of(text)
    if tree is None:
        return text
    headers = [n.args for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    defaults = [d for a in headers for d in (*a.defaults, *a.kw_defaults) if isinstance(d, ast.Attribute)]
    bound = names_bound(tree) | request.kept_names
    named = {n for d in defaults for n in _names_in(d)} - bound
    missing = sorted(named & sys.stdlib_module_names)
    return _with_imports(text, missing) if missing else text


def _with_imports(text: str, names: list[str]) -> str:
    lines = text.splitlines()
    place = 1 + lines.index(_FUTURE) if _FUTURE in lines else 0
    return "\n".join([*lines[:place], "", *(f"import {n}" for n in names), *lines[place:]]) + "\n"


def _after_imports(text: str, block: str) -> str:
    tree = tree_of(text)
    if tree is None:
        return text  # which `_fit` refuses
    last = max((n.end_lineno or 0 for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)), default=0)
    lines = text.splitlines()
    return _tidy("\n".join([*lines[:last], "", block.rstrip(), "", "", *lines[last:]]) + "\n")


def _tidy(text: str) -> str:
    return re.sub(r"\n{4,}", "\n\n\n", text)


def hinted(template: Template, request: Request) -> dict[str, str]:
    """The choices that the request's words and tests hint at."""
    found: dict[str, str] = {}
    for name, values in template.options.items():
        for choice, hints in values.items():
            if any(re.search(h, request.text, re.I) for h in hints):
                found[name] = choice
                break
    return found


def neighbours(template: Template, choices: dict[str, str]) -> list[dict[str, str]]:
    """These choices with one of them changed."""
    return [
        {**choices, name: choice}
        for name, values in template.options.items()
        for choice in values
        if choice != choices[name]
    ]


def variants(template: Template, request: Request) -> Iterator[tuple[str, dict[str, str]]]:
    """Fitted programs, the choices that the request hints at first; then with one option changed each."""
    first = template.choices | hinted(template, request)
    seen: set[str] = set()
    for choices in (first, *neighbours(template, first)):
        text = fit(template, request, choices)
        if text is not None and text not in seen:
            seen.add(text)
            yield text, choices
