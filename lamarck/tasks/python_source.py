"""What Python source says about itself, read from its syntax tree. Nothing is imported or run."""

from __future__ import annotations

import ast
import contextlib
import io
import threading
import tokenize
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from lamarck.errors import BadInput

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_T = TypeVar("_T")
_warnings_lock = threading.Lock()  # `catch_warnings` swaps a global


def parse_python(text: str) -> ast.Module:
    """The syntax tree as Python would read the file. Raises `SyntaxError`, and nothing else, for what it would not."""
    return _quietly(lambda: ast.parse(text.encode()))


def compile_python(text: str) -> None:
    """Compile, and drop the code object. Raises `SyntaxError` for whatever Python would not accept."""
    _quietly(lambda: compile(text.encode(), "<candidate>", "exec", dont_inherit=True))


def _quietly(read: Callable[[], _T]) -> _T:
    """`read()` without the warnings that odd source makes the compiler print, and with one kind of error."""
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read()
        except (RecursionError, MemoryError) as error:
            raise SyntaxError("nested too deeply") from error
        except (ValueError, LookupError) as error:  # null bytes, surrogates, an unknown encoding
            raise SyntaxError(str(error)) from error


def parsed(text: str, name: str) -> ast.Module:
    """`parse_python` for the user's own files. Raises `BadInput` with file and line."""
    try:
        return parse_python(text)
    except SyntaxError as error:
        where = f"{name}:{error.lineno}" if error.lineno else name
        raise BadInput(f"{where}: does not parse: {error.msg}", "correct the line it names") from error


def public_definitions(tree: ast.Module) -> dict[str, Definition]:
    """Public functions and classes of the module's top level, in order; the last of equal names wins."""
    return {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }


def signature_of(node: Definition) -> str | None:
    """One line that is Python once `: ...` is appended: `def f(a: int) -> str`, `class Stack(Base)`.

    None for one that nests too deeply to be written out.
    """
    ellipsis: list[ast.stmt] = [ast.Expr(ast.Constant(...))]
    fields = {name: value for name, value in ast.iter_fields(node) if name not in {"body", "decorator_list"}}
    header = type(node)(**fields, body=ellipsis, decorator_list=[], lineno=1, col_offset=0)
    try:
        text = ast.unparse(header)
    except RecursionError:
        return None
    return " ".join(text[: text.rindex(":\n")].split("\n"))


def snake_case(name: str) -> str:
    """`BankAccount` → `bank_account`, `HTTPServer` → `http_server`."""
    words: list[str] = []
    for i, letter in enumerate(name):
        starts = letter.isupper() and i and (not name[i - 1].isupper() or (i + 1 < len(name) and name[i + 1].islower()))
        words.append(f"_{letter}" if starts and name[i - 1] != "_" else letter)
    return "".join(words).lower()


# --- what is still to be written ----------------------------------------------------------------------------------


def is_hollow(function: Function) -> bool:
    """Whether the body holds nothing but a docstring, `...`, `pass` or `raise NotImplementedError`."""
    return all(_does_nothing(statement) for statement in function.body)


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Raise):
        raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
    return False


def is_unwritten(tree: ast.Module) -> bool:
    """Whether the module is a stub: it has functions or methods, and every one that is meant to do something is hollow.

    Abstract and overloaded functions and those of protocols are hollow by design and say nothing.
    """
    meant = list(_meant_functions(tree.body))
    return bool(meant) and all(is_hollow(function) for function in meant)


def _meant_functions(body: Sequence[ast.stmt]) -> Iterator[Function]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if not _decorators(node) & {"abstractmethod", "overload"}:
                yield node
        elif isinstance(node, ast.ClassDef) and "Protocol" not in {_last_name(b) for b in node.bases}:
            yield from _meant_functions(node.body)


def _decorators(node: Function) -> set[str]:
    return {_last_name(d) for d in node.decorator_list}


def _last_name(node: ast.expr) -> str:
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


# --- docstrings, doctests and comments ----------------------------------------------------------------------------


def docstrings(tree: ast.Module) -> Iterator[tuple[ast.Module | Definition, str]]:
    """Every docstring of the module, its classes and its functions, with the node that it stands in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield node, text


def has_doctests(tree: ast.Module, name: str) -> bool:
    """Whether any docstring holds an example that states what it expects. Raises `BadInput` for malformed ones."""
    import doctest

    parser = doctest.DocTestParser()
    found = False
    for node, text in docstrings(tree):
        try:
            examples = parser.get_examples(text)
        except ValueError as error:
            line = getattr(node, "lineno", 1)
            raise BadInput(
                f"{name}:{line}: a doctest below this line is malformed: {error}", "correct its indentation"
            ) from error
        found = found or any(example.want.strip() for example in examples)
    return found


def without_doctests(docstring: str) -> str:
    """The prose of a docstring."""
    import doctest

    try:
        parts = doctest.DocTestParser().parse(docstring)
    except ValueError:
        return docstring.strip()
    text = "\n".join(part.strip("\n") for part in parts if isinstance(part, str) and part.strip())
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def comments(text: str) -> str:
    """The comments of a file as text, for a stub that explains itself in comments instead of docstrings."""
    found: list[str] = []
    with contextlib.suppress(tokenize.TokenError, SyntaxError):  # what was read until then is all there is to show
        found.extend(
            token.string.lstrip("#").strip()
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.COMMENT and not token.string.startswith("#!")
        )
    return "\n".join(found).strip()
