"""Names and signatures that a text mentions. Reads, and guesses only where one reading is possible."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lamarck.tasks.naming import is_name
from lamarck.tasks.python_source import parse_python, signature_of
from lamarck.tasks.scanning import closing

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_DEF = re.compile(rf"\b((?:async\s+)?def)\s+({_NAME})\s*(?=\()")
_CALLED = re.compile(
    rf"\b(?:function|class|generator|iterator|decorator|exception|coroutine)\s+(?:that\s+is\s+)?"
    rf"(?:called|named)\s+[`'\"“]?({_NAME})",
    re.IGNORECASE,
)
_CLASS = re.compile(rf"`class\s+({_NAME})")
_CALL = re.compile(rf"(?<![\w.`])(`?)({_NAME})(?=\()")
_TICKED = re.compile(rf"`({_NAME})`\s+(?:function|class)\b|\b(?:function|class)\s+`({_NAME})`", re.IGNORECASE)
_FILLERS = frozenset({"that", "which", "to", "it", "a", "an", "the", "so", "with", "after", "by"})
_ORDERS = frozenset({"O", "o", "Theta", "Omega"})  # O(n) is no function
_MOST_STOPS = 50
MOST_PROSE = 20_000  # characters that are searched for names and examples
SAYS = re.compile(
    r"`?\s*(?:(?:should|must|will)\s+(?:return|give|be|equal|yield|raise)\b|(?:returns|gives|yields|equals|is|raises"
    r"|evaluates\s+to)\b|===?|=>|->|→|=)\s*"
)


@dataclass(frozen=True, kw_only=True)
class Mention:
    """What a text says about the name of what it wants. signature: as `signature_of` writes it."""

    entry_point: str | None = None
    signature: str | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """Something in a text that looks like a call. start, end: of `name(arguments)` in the text."""

    name: str
    arguments: str
    ticked: bool
    start: int
    end: int


def mentioned(text: str) -> Mention:
    """The function or class that a text asks for by name; the clearest way of naming it wins."""
    text = text[:MOST_PROSE]
    for match in _DEF.finditer(text):
        signature = _header(text, match[2], match.end(), " ".join(match[1].split()))
        if signature is not None:
            return Mention(entry_point=match[2], signature=signature)
    for match in _CALLED.finditer(text):
        if is_name(match[1]) and match[1].lower() not in _FILLERS:
            return Mention(entry_point=match[1], signature=_stated_signature(text, match[1]))
    if (match_class := _CLASS.search(text)) is not None:
        return Mention(entry_point=match_class[1])
    for call in calls(text):
        if _is_wanted(text, call):
            return Mention(entry_point=call.name, signature=_stated_signature(text, call.name))
    for match in _TICKED.finditer(text):
        if is_name(match[1] or match[2]):
            return Mention(entry_point=match[1] or match[2])
    return Mention()


def calls(text: str) -> Iterator[Call]:
    """Everything in a text that looks like a call of a plain name."""
    for match in _CALL.finditer(text):
        end = closing(text, match.end()) if is_name(match[2]) else None
        if end is not None:
            yield Call(
                name=match[2],
                arguments=text[match.end() + 1 : end].strip(),
                ticked=bool(match[1]),
                start=match.start(2),
                end=end + 1,
            )


def _is_wanted(text: str, call: Call) -> bool:
    """Whether a call names the function that is wanted, and is no `len(x)`, no `O(n)` and no `word(s)`."""
    if hasattr(builtins, call.name) or call.name in _ORDERS:
        return False
    if call.ticked or "_" in call.name or SAYS.match(text, call.end):
        return True
    return bool(call.arguments) and call.arguments not in {"s", "es", "ies", "n't"}


def _stated_signature(text: str, name: str) -> str | None:
    """The signature that `name(a, b)` or `name(a: int) -> str` states. A call with values states none, nor does the
    call of a class."""
    if name[:1].isupper():
        return None
    for call in calls(text):
        if call.name == name and call.arguments:
            signature = _header(text, name, call.start + len(name), "def")
            if signature is not None:
                return signature
    return None


def _header(text: str, name: str, bracket: int, keyword: str) -> str | None:
    """The signature whose parameter list opens at `bracket`, with the longest return annotation that is Python."""
    end = closing(text, bracket)
    if end is None:
        return None
    header = f"{keyword} {name}{text[bracket : end + 1]}"
    arrow = re.compile(r"[ \t]*->[ \t]*").match(text, end + 1)
    if arrow is not None:
        rest = text[arrow.end() :].split("\n", 1)[0].split("`", 1)[0]
        stops = [m.start() for m in re.finditer(r"[\s,.;:)]", rest)]
        for stop in sorted({len(rest), *stops}, reverse=True)[:_MOST_STOPS]:
            if (signature := parsed_header(f"{header} -> {rest[:stop]}")) is not None:
                return signature
    return parsed_header(header)


def parsed_header(header: str) -> str | None:
    """`def f(a) -> b` or `class C` in one spelling; None when it is no Python, or returns a value instead of a type."""
    try:
        body = parse_python(f"{header}: ...").body
    except SyntaxError:
        return None
    node = body[0] if len(body) == 1 else None
    if isinstance(node, ast.ClassDef):
        return signature_of(node)
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    returns = node.returns
    if isinstance(returns, ast.Constant) and not isinstance(returns.value, str | None):
        return None  # `f(x) -> 9` is an example
    return signature_of(node)
