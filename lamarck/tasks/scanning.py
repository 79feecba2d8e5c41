"""Finding bracketed groups and Python literals inside prose."""

from __future__ import annotations

import ast
import re

from lamarck.tasks.python_source import parse_python

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w)")
_WORD = re.compile(r"(?:True|False|None)\b")
_STRING = re.compile(r"[bB]?(?:'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")")
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_LONGEST_GROUP = 2000
_DEEPEST = 20  # brackets inside brackets


def closing(text: str, start: int) -> int | None:
    """Index of the bracket that closes the one at `start`, minding strings; None when none does within reason."""
    stack: list[str] = []
    at = start
    while at < min(len(text), start + _LONGEST_GROUP):
        letter = text[at]
        if letter in "'\"":
            string = _STRING.match(text, at)
            if string is None:
                return None
            at = string.end()
            continue
        if letter in _PAIRS:
            if len(stack) == _DEEPEST:
                return None
            stack.append(_PAIRS[letter])
        elif letter in ")]}":
            if not stack or stack.pop() != letter:
                return None
            if not stack:
                return at
        at += 1
    return None


def literal_at(text: str, at: int) -> tuple[str, int] | None:
    """The Python literal that starts at `at` and the index behind it; None when none does."""
    for pattern in (_STRING, _NUMBER, _WORD):
        match = pattern.match(text, at)
        if match is not None:
            return (match[0], match.end()) if is_literal(match[0]) else None
    if at < len(text) and text[at] in _PAIRS:
        end = closing(text, at)
        if end is not None and is_literal(text[at : end + 1]):
            return text[at : end + 1], end + 1
    return None


def is_literal(text: str) -> bool:
    """Whether `text` is one Python literal. A parenthesised string or number counts."""
    try:
        body = parse_python(text.strip()).body
        if len(body) != 1 or not isinstance(body[0], ast.Expr):
            return False
        ast.literal_eval(body[0].value)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return False
    return True
