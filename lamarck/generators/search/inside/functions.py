"""Giving live functions the code of a variant: whoever imported a function before runs the variant from then on."""

from __future__ import annotations
import __future__

import ast
import gc
import sys
import types
from collections.abc import Iterator

_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag

Key = tuple[str, int]  # qualified name, and which of those of that name


class NotApplicable(Exception):
    """The variant changes more than the bodies of functions."""


class Functions:
    """All functions of some files that are alive now. Make it once, when everything is imported."""

    def __init__(self, files: set[str]) -> None:
        self._alive: dict[tuple[str, str, int], list[types.FunctionType]] = {}
        self._flags: dict[str, int] = {}
        for found in gc.get_objects():
            if isinstance(found, types.FunctionType) and found.__code__.co_filename in files:
                code = found.__code__
                self._alive.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), []).append(found)
                self._flags[code.co_filename] = code.co_flags & _FUTURE

    def change(self, file: str, line: int, before: str, after: str) -> None:
        """`before` and `after`: one statement of the module, which begins in that line. Raises `NotApplicable`, and
        `SyntaxError` for what does not compile."""
        statement = ast.parse(after).body[0]
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            self._assign(file, self._compiled(file, line, after))
            return
        old = dict(_codes(self._compiled(file, line, before)))
        new = dict(_codes(self._compiled(file, line, after)))
        defaults = dict(zip(_heads(ast.parse(before).body), _heads(ast.parse(after).body), strict=False))
        for key, code in old.items():
            if key not in new:
                continue  # a nested function that the variant does without
            for function in self._alive.get((file, code.co_qualname, code.co_firstlineno), ()):
                if function.__code__.co_freevars != new[key].co_freevars:
                    raise NotApplicable(code.co_qualname)
                function.__code__ = new[key]
        for one, other in defaults.items():
            if one.text != other.text:
                self._default(file, line, one, other)

    def _assign(self, file: str, code: types.CodeType) -> None:
        """A statement of the module, run again: who imported the name before keeps what it was."""
        for module in list(sys.modules.values()):
            if getattr(module, "__file__", None) == file:
                exec(code, module.__dict__)  # noqa: S102  in a sandbox, where all of the variant runs

    def _default(self, file: str, line: int, one: _Head, other: _Head) -> None:
        """Other defaults for the parameters of a function."""
        if one.name != other.name:
            raise NotApplicable(one.name)
        for function in self._alive.get((file, one.name, one.line + line - 1), ()):
            values = [eval(e, function.__globals__) for e in other.defaults]  # noqa: S307  as above
            named = {name: eval(e, function.__globals__) for name, e in other.named.items()}  # noqa: S307
            function.__defaults__ = tuple(values) or None
            function.__kwdefaults__ = named or None

    def _compiled(self, file: str, line: int, text: str) -> types.CodeType:
        flags = self._flags.get(file, 0)
        code: types.CodeType = compile("\n" * (line - 1) + text, file, "exec", flags=flags, dont_inherit=True)
        return code


class _Head:
    """The head of a function. line: of its first decorator or `def`, in the statement that it was parsed from."""

    def __init__(self, node: ast.FunctionDef | ast.AsyncFunctionDef, prefix: str) -> None:
        self.name = prefix + node.name
        self.line = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        self.defaults = [ast.unparse(d) for d in node.args.defaults]
        pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        self.named = {a.arg: ast.unparse(d) for a, d in pairs if d is not None}
        self.text = repr((self.defaults, self.named))


def _heads(body: list[ast.stmt], prefix: str = "") -> Iterator[_Head]:
    """Of functions and methods that no other function holds."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _Head(node, prefix)
        elif isinstance(node, ast.ClassDef):
            yield from _heads(node.body, f"{prefix}{node.name}.")


def _codes(code: types.CodeType) -> Iterator[tuple[Key, types.CodeType]]:
    """Every function in compiled code, in the order of its lines."""
    seen: dict[str, int] = {}
    waiting = [code]
    while waiting:
        for constant in waiting.pop().co_consts:
            if isinstance(constant, types.CodeType):
                waiting.append(constant)
                if constant.co_flags & 0x2:  # a function has fast locals, the body of a class has not
                    number = seen[constant.co_qualname] = seen.get(constant.co_qualname, 0) + 1
                    yield (constant.co_qualname, number), constant
