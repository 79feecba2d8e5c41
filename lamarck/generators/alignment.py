"""Giving proven code the name and signature that a task asks for.

An alignment is a guess like any other candidate: the task's tests decide whether the parameters were mapped rightly.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from itertools import permutations

from lamarck.generators.syntax import tree_of
from lamarck.records import SourceFile

_FEW_PARAMETERS = 3  # up to here every order of the parameters is worth a try


def variants(
    files: tuple[SourceFile, ...],
    have: str | None,
    *,
    path: str,
    wanted: str | None,
    signature: str | None,
    container: str | None = None,
) -> Iterator[tuple[SourceFile, ...]]:
    """Versions of `files` that may answer under the wanted name and signature, likeliest first.

    files: main file first. have: its entry point. path: where the task's main file stands. signature: as
    `def name(…) -> …`, or None when the task does not state one. container: `list`, `tuple` or `set`, where the task
    wants one: what a generator yields is put into it. Nothing is yielded when it cannot fit at all.
    """
    main = files[0]
    moved = (SourceFile(path=path, text=main.text), *files[1:])
    tree = tree_of(main.text)
    if tree is None:
        return
    if wanted is None or have is None:
        yield moved
        return
    if len(files) > 1 and wanted == have:
        yield moved  # modules that import each other stay as they are
        return
    defined = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    source = defined.get(have)
    seen: set[str] = set()
    if container is not None and not (isinstance(source, ast.FunctionDef) and _yields(source)):
        container = None
    for text in _texts(main.text, defined, source, wanted, signature, container):
        if text not in seen:
            seen.add(text)
            yield (SourceFile(path=path, text=text), *files[1:])


_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _texts(
    text: str,
    defined: dict[str, _Definition],
    source: _Definition | None,
    wanted: str,
    signature: str | None,
    container: str | None,
) -> Iterator[str]:
    target = _parse_signature(signature)
    if container is None and wanted in defined and (target is None or _same_parameters(defined[wanted], target)):
        yield text
    if source is None:
        return
    if target is None and container is not None and isinstance(source, ast.FunctionDef):
        target = ast.FunctionDef(name=wanted, args=source.args, body=[], decorator_list=[], returns=None)
    if target is None or isinstance(source, ast.ClassDef):
        if wanted != source.name:
            yield f"{text.rstrip()}\n\n\n{wanted} = {source.name}\n"
        if isinstance(source, ast.ClassDef) and target is not None:
            yield from _from_methods(text, source, wanted, target)
        return
    inner = source.name
    if inner == wanted:
        inner = f"_proven_{wanted}"
        text = _renamed(text, wanted, inner)
    for arguments in _mappings(source.args, target.args):
        call = f"{inner}({arguments})"
        call = call if container is None else f"{container}({call})"
        yield f"{text.rstrip()}\n\n\n{_adapter(wanted, target, call)}\n"


def _yields(function: ast.FunctionDef) -> bool:
    """Whether calling it gives a generator."""
    inner = [n for n in ast.walk(function) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
    nested = {id(n) for each in inner if each is not function for n in ast.walk(each)}
    return any(isinstance(n, ast.Yield | ast.YieldFrom) and id(n) not in nested for n in ast.walk(function))


def _from_methods(text: str, source: ast.ClassDef, wanted: str, target: ast.FunctionDef) -> Iterator[str]:
    """A function where the proven code has a method of a class that needs no arguments."""
    methods = [n for n in source.body if isinstance(n, ast.FunctionDef)]
    init = next((m for m in methods if m.name == "__init__"), None)
    if init is not None and len(init.args.args) - len(init.args.defaults) > 1:
        return
    for method in methods:
        if method.name.startswith("_") or method.decorator_list:
            continue
        own = ast.arguments(
            posonlyargs=[], args=method.args.args[1:], vararg=method.args.vararg, kwonlyargs=method.args.kwonlyargs,
            kw_defaults=method.args.kw_defaults, kwarg=method.args.kwarg, defaults=method.args.defaults,
        )  # fmt: skip
        for arguments in _mappings(own, target.args):
            yield f"{text.rstrip()}\n\n\n{_adapter(wanted, target, f'{source.name}().{method.name}({arguments})')}\n"


def _parse_signature(signature: str | None) -> ast.FunctionDef | None:
    if not signature:
        return None
    tree = tree_of(signature.strip().rstrip(":").removeprefix("async ") + ": ...")
    node = tree.body[0] if tree else None
    return node if isinstance(node, ast.FunctionDef) else None


def _same_parameters(definition: _Definition, target: ast.FunctionDef) -> bool:
    if isinstance(definition, ast.ClassDef):
        return False
    mine, other = _names(definition.args), _names(target.args)
    return mine == other and len(definition.args.defaults) == len(target.args.defaults)


def _names(arguments: ast.arguments) -> list[str]:
    return [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _mappings(have: ast.arguments, want: ast.arguments) -> Iterator[str]:
    """Argument lists for a call of the proven function out of the wanted parameters."""
    positional = [*have.posonlyargs, *have.args]
    needed = len(positional) - len(have.defaults)
    given = [*want.posonlyargs, *want.args, *want.kwonlyargs]
    star = [f"*{want.vararg.arg}"] if want.vararg else []
    if star and not have.vararg:
        return
    if not needed <= len(given) <= len(positional) + len(have.kwonlyargs) and not have.vararg:
        return
    keyword_only = {a.arg for a in have.kwonlyargs}
    orders: list[tuple[ast.arg, ...]] = [tuple(given)]
    if len(given) <= _FEW_PARAMETERS and not star:
        orders = sorted(permutations(given), key=lambda order: _unlikeliness(positional, order))
    for order in orders:
        parts = [a.arg for a in order[: len(positional)] if a.arg not in keyword_only]
        extra = [a.arg for a in order if a.arg not in parts]
        if any(name not in keyword_only for name in extra):
            continue
        yield ", ".join([*parts, *star, *(f"{name}={name}" for name in extra)])


def _unlikeliness(have: list[ast.arg], order: tuple[ast.arg, ...]) -> tuple[int, int, int]:
    """Fewer names that stand in the wrong place, fewer annotations that differ, fewer moves from the given order."""
    pairs = list(zip(have, order, strict=False))
    have_names = {a.arg for a in have}
    names = sum(a.arg != b.arg and b.arg in have_names for a, b in pairs)
    types = sum(_annotation(a) != _annotation(b) for a, b in pairs if a.annotation and b.annotation)
    positions = [a.col_offset for a in order]
    moves = sum(x > y for i, x in enumerate(positions) for y in positions[i + 1 :])
    return names, types, moves


def _annotation(argument: ast.arg) -> str:
    return ast.unparse(argument.annotation) if argument.annotation else ""


def _adapter(wanted: str, target: ast.FunctionDef, call: str) -> str:
    arguments = ast.unparse(_plain(target.args))
    returns = f" -> {ast.unparse(target.returns)}" if target.returns and _is_builtin(target.returns) else ""
    return f"def {wanted}({arguments}){returns}:\n    return {call}"


def _plain(arguments: ast.arguments) -> ast.arguments:
    """Without annotations that name something the module may not have imported."""
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if argument is not None and argument.annotation and not _is_builtin(argument.annotation):
            argument.annotation = None
    return arguments


def _is_builtin(annotation: ast.expr) -> bool:
    return all(hasattr(builtins, n.id) for n in ast.walk(annotation) if isinstance(n, ast.Name)) and not any(
        isinstance(n, ast.Attribute) for n in ast.walk(annotation)
    )


def _renamed(text: str, name: str, to: str) -> str:
    """`text` with the module's function `name` renamed everywhere (recursive calls too)."""
    lines = text.splitlines(keepends=True)
    places: list[tuple[int, int]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and node.id == name:
            places.append((node.lineno, node.col_offset))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            line = lines[node.lineno - 1].encode()
            places.append((node.lineno, line.index(name.encode(), node.col_offset + 3)))
    for lineno, column in sorted(places, reverse=True):
        line = lines[lineno - 1].encode()
        lines[lineno - 1] = (line[:column] + to.encode() + line[column + len(name.encode()) :]).decode()
    return "".join(lines)
