"""Input/output examples that a text states: `f(2) returns 4`, `f('a') == 'b'`, `for 3 gives 9`, `>>> f(1)`.

Only literals count, on both sides, and only where the text goes on in a way that leaves one reading: "f(2) returns 4 or
5" states nothing. What is read here is derived, so it never suffices alone.
"""

from __future__ import annotations

import ast
import re

from lamarck.records import Example
from lamarck.tasks.prose import MOST_PROSE, SAYS, calls
from lamarck.tasks.python_source import parse_python
from lamarck.tasks.scanning import is_literal, literal_at

_FOR = re.compile(r"\b(?:for|given)\s+(?:the\s+)?(?:input\s+|argument\s+)?`?", re.IGNORECASE)
_FOR_SAYS = re.compile(
    r"`?,?\s+(?:it\s+|the\s+function\s+)?(?:(?:gives|returns|yields)|(?:should|must)\s+(?:give|return|yield))\s+`?"
)
_ENDS = re.compile(r"`?(?:\s*\Z|[.,;:!?)](?=\s|\Z)|\s*\n|\s+(?:and|but|while|whereas|because|since|as|so)\b)")
_RAISES = re.compile(r"\s*(?:an?\s+)?`?([A-Za-z_]\w*(?:Error|Exception|Exit|Iteration|Interrupt|Warning))\b")
_MOST_EXAMPLES = 50


def examples_in(text: str, entry_point: str) -> tuple[Example, ...]:
    """The examples, in order, without repetitions; those that contradict each other are left out altogether."""
    text = text[:MOST_PROSE]
    found = [*_prompted(text), *_spoken(text, entry_point), *_for_inputs(text, entry_point)]
    by_call: dict[str, set[Example]] = {}
    for example in found:
        by_call.setdefault(example.call, set()).add(example)
    unique = dict.fromkeys(e for e in found if len(by_call[e.call]) == 1)
    return tuple(unique)[:_MOST_EXAMPLES]


def _prompted(text: str) -> list[Example]:
    """`>>> f(1)` with the value or the exception below."""
    if ">>>" not in text:
        return []
    import doctest

    on_own_lines = re.sub(r"[ \t]*`*>>>", "\n>>>", text)
    try:
        shown = doctest.DocTestParser().get_examples(on_own_lines)
    except ValueError:
        return []
    found: list[Example] = []
    for example in shown:
        call = _plain_call(example.source.strip())
        if call is None:
            continue
        want = example.want.strip()
        if example.exc_msg is not None:
            found.append(Example(call=call, raises=example.exc_msg.split(":")[0].strip().rsplit(".")[-1]))
        elif want and is_literal(want):
            found.append(Example(call=call, equals=want))
    return [e for e in found if e.raises is None or e.raises.isidentifier()]


def _spoken(text: str, entry_point: str) -> list[Example]:
    """`f(2) returns 4`, `f(2) == 4`, `f(3) -> 9`, `f(-1) raises ValueError`."""
    found: list[Example] = []
    for mention in calls(text):
        call = _plain_call(text[mention.start : mention.end])
        says = SAYS.match(text, mention.end) if call is not None and mention.name == entry_point else None
        if call is None or says is None:
            continue
        if "raise" in says[0]:
            if (exception := _RAISES.match(text, says.end())) is not None:
                found.append(Example(call=call, raises=exception[1]))
        elif (value := _value_at(text, says.end())) is not None:
            found.append(Example(call=call, equals=value))
    return found


def _for_inputs(text: str, entry_point: str) -> list[Example]:
    """`for 3 gives 9`, `given "ab", it returns "ba"`: one argument."""
    found: list[Example] = []
    for opening in _FOR.finditer(text):
        given = literal_at(text, opening.end())
        says = _FOR_SAYS.match(text, given[1]) if given is not None else None
        if given is not None and says is not None and (value := _value_at(text, says.end())) is not None:
            argument = given[0]
            call = _plain_call(f"{entry_point}({argument})")
            if call is not None:
                found.append(Example(call=call, equals=value))
    return found


def _value_at(text: str, at: int) -> str | None:
    """The literal at `at`, where the text then ends, pauses or goes on with another clause."""
    at += text.startswith("`", at)
    value = literal_at(text, at)
    return value[0] if value is not None and _ENDS.match(text, value[1]) else None


def _plain_call(source: str) -> str | None:
    """`source` in one spelling, when it is a call of a plain name with literals as arguments."""
    try:
        body = parse_python(source).body
    except SyntaxError:
        return None
    node = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return None
    values = [*node.args, *(k.value for k in node.keywords)]
    if any(k.arg is None for k in node.keywords):
        return None
    try:
        for value in values:
            ast.literal_eval(value)
        return ast.unparse(node)
    except (ValueError, TypeError, RecursionError, MemoryError, SyntaxError):
        return None
