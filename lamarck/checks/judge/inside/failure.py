"""Why a test failed, in parts that a person or a prompt can use. Texts alone, all of them cut to a length."""

from __future__ import annotations

import ast
import reprlib
from typing import Any

from .faults import Dishonest, Ended, TimeUp
from .handles import handle_of

MOST_CHARACTERS = 2_000

_short = reprlib.Repr()
_short.maxlist = _short.maxtuple = _short.maxdict = _short.maxset = _short.maxdeque = 12
_short.maxstring = _short.maxlong = _short.maxother = 300
_short.maxlevel = 5


class Told(AssertionError):
    """Raised by tests that Lamarck wrote itself (of doctests): they know the parts."""

    def __init__(self, message: str, **parts: Any) -> None:
        super().__init__(message)
        self.parts = parts


def clip(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def shown(value: Any) -> str:
    """A repr for people. What a candidate answers for its own objects may fail."""
    try:
        return clip(repr(value))
    except (Ended, TimeUp):
        return f"<{type(value).__name__}>"
    except Exception as error:  # repr is the candidate's code here
        return f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"


class Calls:
    """The last call of a candidate's function in the running test, for the report of its failure."""

    def __init__(self) -> None:
        self.last: str | None = None
        self.depth = 0

    def note(self, operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if operation == "call":
            name, rest = getattr(args[0], "__name__", None) or type(args[0]).__name__, args[1:]
        elif operation == "method":
            name, rest = f"{type(args[0]).__name__}.{args[1]}", args[2:]
        else:
            return
        told = [_brief(each) for each in rest] + [f"{key}={_brief(value)}" for key, value in kwargs.items()]
        self.last = clip(f"{name}({', '.join(told)})")


def _brief(value: Any) -> str:
    """Without asking the candidate for anything."""
    if handle_of(value) is not None or not _is_plain(value):
        return f"<{type(value).__name__}>"
    try:
        return _short.repr(value)
    except ValueError:  # a number of more than 4,300 digits
        return f"<{type(value).__name__}>"


def _is_plain(value: Any, deep: int = 0) -> bool:
    kind = type(value)
    if kind in (list, tuple, set, frozenset, dict):
        return deep < 5 and all(_is_plain(each, deep + 1) for each in list(value)[:12])
    return kind.__module__ in ("builtins", "datetime", "decimal", "fractions", "pathlib", "uuid")


def parts_of(
    info: Any, tests: str, main_file: str, compared: tuple[str, str, str] | None, calls: Calls
) -> dict[str, Any]:
    """info: pytest's ExceptionInfo. tests: the folder of the tests. main_file: the candidate's. compared: operator and
    texts of the two sides of the comparison that failed last."""
    error = info.value
    told: dict[str, Any] = {"message": clip(info.exconly(tryshort=True))}
    if isinstance(error, Ended):
        told["message"] = clip(f"the candidate can't be asked any more: {error}")
    elif isinstance(error, TimeUp):
        told["message"] = str(error)
    statement = None
    for entry in reversed(info.traceback):
        if str(entry.path).startswith(tests):
            statement = str(entry.statement).strip()
            told |= {"line": entry.lineno + 1, "expression": clip(statement)}
            break
    if calls.last is not None:
        told["inputs"] = calls.last
    if isinstance(error, Told):
        told["message"] = clip(str(error))
        told |= {name: clip(part) if type(part) is str else part for name, part in error.parts.items()}
        error = error.__cause__ or error
    if isinstance(error, Told):
        return told
    if isinstance(error, AssertionError) and not isinstance(error, Dishonest) and handle_of(error) is None:
        told |= _sides(info, compared, statement)
    elif not isinstance(error, Ended | TimeUp):
        told["exception"] = clip(f"{type(error).__name__}: {shown_text(error)}")
    frames = getattr(error, "_lamarck_frames", None) or ()
    lines = [line for file, line, _ in frames if file == main_file]
    if lines:
        told["candidate_line"] = lines[-1]
    return told


def shown_text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # __str__ is the candidate's code here
        return ""


def _sides(info: Any, compared: tuple[str, str, str] | None, statement: str | None) -> dict[str, str]:
    """What was expected and what came: of unittest's methods by their parameters, else of the comparison."""
    for entry in reversed(info.traceback):
        local = entry.frame.f_locals
        if str(entry.path).endswith("unittest/case.py") and "first" in local and "second" in local:
            return _told(statement, shown(local["first"]), shown(local["second"]), left_first=True)
    if compared is not None and compared[0] in ("==", "is"):
        return _told(statement, compared[1], compared[2], left_first=False)
    return {}


def _told(statement: str | None, left: str, right: str, *, left_first: bool) -> dict[str, str]:
    """The side with the call is what came. Without any, or with two, the left one, as most people write it."""
    got, expected = (right, left) if _calls_on_the_right(statement) else (left, right)
    return {"got": got, "expected": expected}


def _calls_on_the_right(statement: str | None) -> bool:
    try:
        tree = ast.parse((statement or "").strip())
    except (SyntaxError, ValueError, RecursionError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.comparators) == 1:
            return _has_call(node.comparators[0]) and not _has_call(node.left)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "").startswith("assert") and len(node.args) >= 2:
            return _has_call(node.args[1]) and not _has_call(node.args[0])
    return False


def _has_call(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Call) for each in ast.walk(node))
