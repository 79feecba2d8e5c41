"""Giving live functions the code of a variant: whoever imported a function before runs the variant from then on."""

from __future__ import annotations
import __future__

import gc
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
        old = dict(_codes(self._compiled(file, line, before)))
        new = dict(_codes(self._compiled(file, line, after)))
        for key, code in old.items():
            if key not in new:
                continue  # a nested function that the variant does without
            for function in self._alive.get((file, code.co_qualname, code.co_firstlineno), ()):
                if function.__code__.co_freevars != new[key].co_freevars:
                    raise NotApplicable(code.co_qualname)
                function.__code__ = new[key]

    def _compiled(self, file: str, line: int, text: str) -> types.CodeType:
        flags = self._flags.get(file, 0)
        code: types.CodeType = compile("\n" * (line - 1) + text, file, "exec", flags=flags, dont_inherit=True)
        return code


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
