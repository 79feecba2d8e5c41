"""Mutants: one small edit of a file each, made over its syntax tree, the rest of the text as it was.

The operators are the common ones (DeMillo, Lipton and Sayward 1978, and what mutation tools for Python agree on):
compare and arithmetic operators, `and`, `or` and `not`, constants, returned and assigned values, arguments, loop exits,
deleted statements, methods with a twin. Docstrings, annotations, decorators, imports, `__all__` and f-strings stay.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from lamarck.records import SourceFile
from lamarck.tasks.python_source import parse_python

MUTATORS_VERSION = "1"

_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Div,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
_PAIRS = (
    ("lower", "upper"),
    ("lstrip", "rstrip"),
    ("startswith", "endswith"),
    ("find", "rfind"),
    ("index", "rindex"),
    ("split", "rsplit"),
    ("partition", "rpartition"),
    ("min", "max"),
    ("any", "all"),
    ("ljust", "rjust"),
    ("append", "extend"),
)
_TWINS = {a: b for a, b in _PAIRS} | {b: a for a, b in _PAIRS}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """before and after: the part that was edited, on one line. file: the whole file with the edit. function: the
    qualified name of the function around it, empty at the top level."""

    path: str
    line: int
    column: int
    function: str
    before: str
    after: str
    file: SourceFile

    @property
    def id(self) -> str:
        """Of the edit, wherever in the file its function stands."""
        return hashlib.sha256(f"{self.function}\0{self.before}\0{self.after}".encode()).hexdigest()[:12]

    @property
    def shown(self) -> str:
        after = self.after
        if after.startswith("(") and after.endswith(")") and not self.before.startswith("("):
            after = after[1:-1]
        return f"`{_short(self.before)}` → `{_short(after)}`"


def mutants_of(file: SourceFile) -> list[Mutant]:
    """All of them that parse, each another tree, in the order of the text; none for a file that does not parse."""
    possible = possible_mutants_of(file)
    if not possible:
        return []
    is_new = Distinct(file)
    return [mutant for mutant in possible if is_new(mutant)]


def possible_mutants_of(file: SourceFile) -> list[Mutant]:
    """In the order of the text, before anything is known of what they parse to: quick, for who takes a few of many."""
    try:
        tree = parse_python(file.text)
    except (SyntaxError, RecursionError):
        return []
    maker = _Maker(file)
    maker.visit_body(tree.body, "")
    return sorted(maker.found, key=lambda m: (m.line, m.column, m.after))


class Distinct:
    """Whether a mutant of `file` parses to another tree than the file and than every mutant that was asked before."""

    def __init__(self, file: SourceFile) -> None:
        self._seen = {_code(parse_python(file.text))}

    def __call__(self, mutant: Mutant) -> bool:
        try:
            code = _code(parse_python(mutant.file.text))
        except (SyntaxError, RecursionError, ValueError):
            return False
        is_new = code not in self._seen
        self._seen.add(code)
        return is_new


def _code(tree: ast.Module) -> str:
    """Equal for trees that differ in positions alone."""
    return ast.dump(tree)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"


class _Maker:
    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._starts = [0]
        for line in file.text.encode().split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._data = file.text.encode()
        self.found: list[Mutant] = []
        self._function = ""

    # --- statements

    def visit_body(self, body: list[ast.stmt], function: str) -> None:
        for place, statement in enumerate(body):
            if place == 0 and _is_text(statement):
                continue
            self._function = function
            self._statement(statement, function)

    def _statement(self, node: ast.stmt, function: str) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._definition(node, f"{function}.{node.name}".strip("."))
        elif not _stays(node):
            self._own(node)
            for child in _expressions_of(node):
                self._expression(child)
            for block in ("body", "orelse", "finalbody"):
                self.visit_body(getattr(node, block, []), function)
            for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
                self._function = function
                if getattr(part, "guard", None) is not None:
                    self._expression(part.guard)
                self.visit_body(part.body, function)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, name: str) -> None:
        self._function = name
        if not isinstance(node, ast.ClassDef):
            for default in (*node.args.defaults, *node.args.kw_defaults):
                if default is not None:
                    self._expression(default)
        self.visit_body(node.body, name)

    def _own(self, node: ast.stmt) -> None:
        """Edits of a statement as such."""
        if isinstance(node, ast.Return | ast.Assign | ast.AnnAssign):
            if node.value is not None and not _is_none(node.value):
                self._replace(node.value, "None")
        elif isinstance(node, ast.AugAssign):
            other = _ARITHMETIC.get(type(node.op))
            target, value = ast.unparse(node.target), ast.unparse(node.value)
            if other is not None:
                self._replace(node, ast.unparse(ast.AugAssign(node.target, other(), node.value)))
            self._replace(node, f"{target} = {value}")
        elif isinstance(node, ast.Break):
            self._replace(node, "continue")
        elif isinstance(node, ast.Continue):
            self._replace(node, "break")
        elif isinstance(node, ast.Raise | ast.Delete) or _is_call(node):
            self._replace(node, "pass")
        elif isinstance(node, ast.If | ast.While) and not isinstance(
            node.test, ast.Compare | ast.BoolOp | ast.Constant
        ):
            self._replace(node.test, f"not ({ast.unparse(node.test)})")

    # --- expressions

    def _expression(self, node: ast.AST) -> None:
        if isinstance(node, ast.JoinedStr):
            return  # before Python 3.12 positions inside are not the text's
        self._edits(node)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr | ast.comprehension | ast.keyword | ast.arguments | ast.arg):
                self._expression(child)

    def _edits(self, node: ast.AST) -> None:
        if isinstance(node, ast.Compare):
            for place, op in enumerate(node.ops):
                ops = [*node.ops[:place], _COMPARE[type(op)](), *node.ops[place + 1 :]]
                self._become(node, ast.Compare(node.left, ops, node.comparators))
        elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            self._become(node, ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right))
        elif isinstance(node, ast.BoolOp):
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            self._become(node, ast.BoolOp(other, node.values))
        elif isinstance(node, ast.UnaryOp):
            self._replace(node, f"({ast.unparse(node.operand)})")
        elif isinstance(node, ast.Constant):
            self._constant(node)
        elif isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.IfExp):
            self._become(node, ast.IfExp(node.test, node.orelse, node.body))
        elif isinstance(node, ast.Slice):
            self._slice(node)
        elif isinstance(node, ast.Lambda) and not _is_none(node.body):
            self._replace(node.body, "None")

    def _constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._replace(node, str(not value))
        elif isinstance(value, int | float):
            self._replace(node, repr(value + 1))
        elif isinstance(value, str):
            self._replace(node, repr(f"XX{value}XX") if value else repr("XXXX"))
        elif isinstance(value, bytes):
            self._replace(node, repr(b"XX" + value + b"XX"))

    def _call(self, node: ast.Call) -> None:
        for place, argument in enumerate(node.args):
            if not _is_none(argument) and not isinstance(argument, ast.Starred | ast.GeneratorExp):
                self._replace(argument, "None")
            if len(node.args) > 1:
                self._become(node, ast.Call(node.func, node.args[:place] + node.args[place + 1 :], node.keywords))
        for place, keyword in enumerate(node.keywords):
            if keyword.arg is not None:
                rest = node.keywords[:place] + node.keywords[place + 1 :]
                self._become(node, ast.Call(node.func, node.args, rest))
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _TWINS:
            twin = _TWINS[name]
            function: ast.expr = ast.Name(twin)
            if isinstance(node.func, ast.Attribute):
                function = ast.Attribute(node.func.value, twin)
            self._become(node, ast.Call(function, node.args, node.keywords))

    def _slice(self, node: ast.Slice) -> None:
        for field in ("lower", "upper", "step"):
            if getattr(node, field) is not None:
                less = ast.Slice(node.lower, node.upper, node.step)
                setattr(less, field, None)
                self._replace(node, ast.unparse(less))

    # --- text

    def _become(self, node: ast.expr, other: ast.expr) -> None:
        text = ast.unparse(other)
        self._replace(node, f"({text})" if not isinstance(other, ast.Call) else text)

    def _replace(self, node: ast.stmt | ast.expr, text: str) -> None:
        begin = self._starts[node.lineno - 1] + node.col_offset
        end = self._starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)
        before = self._data[begin:end]
        data = self._data[:begin] + text.encode() + self._data[end:]
        self.found.append(
            Mutant(
                path=self._file.path,
                line=node.lineno,
                column=node.col_offset + 1,
                function=self._function,
                before=before.decode(),
                after=text,
                file=self._file.replace(text=data.decode()),
            )
        )


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_call(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def _stays(node: ast.stmt) -> bool:
    """Statements that are not edited: no test is asked for what they do."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal | ast.Pass | ast.Assert):
        return True
    if isinstance(node, ast.If):
        return bool(_names(node.test) & {"TYPE_CHECKING", "__name__"})
    return bool(_targets(node) & {"__all__", "__slots__", "__version__"})


def _expressions_of(node: ast.stmt) -> Iterator[ast.expr]:
    """What a statement itself evaluates, but for annotations and what it assigns to."""
    for field, value in ast.iter_fields(node):
        if field not in {"annotation", "targets", "target"}:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.expr):
                    yield child
                elif isinstance(child, ast.withitem):
                    yield child.context_expr


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _targets(node: ast.stmt) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {t.id for t in targets if isinstance(t, ast.Name)}


# --- pieces of a file ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """An outermost function or method; or with no name what stands outside of them, their heads too, which run when the
    file is imported. body: the line where the body begins."""

    name: str
    first: int
    body: int
    last: int
    text: str


def pieces_of(file: SourceFile) -> list[Piece]:
    """The functions and methods in the order of the text, then the rest; one nameless piece for what does not parse."""
    try:
        tree = parse_python(file.text)
    except (SyntaxError, RecursionError):
        return [Piece("", 0, 0, 0, file.text)]
    lines = file.text.splitlines()
    found: list[Piece] = []

    def walk(body: list[ast.stmt], prefix: str) -> Iterator[Piece]:
        for node in body:
            if isinstance(node, ast.ClassDef):
                yield from walk(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                last = node.end_lineno or node.lineno
                text = "\n".join(lines[first - 1 : last])
                yield Piece(f"{prefix}{node.name}", first, node.body[0].lineno, last, text)

    found = list(walk(tree.body, ""))
    inside = {n for piece in found for n in range(piece.body, piece.last + 1)}
    rest = "\n".join(line for n, line in enumerate(lines, 1) if n not in inside)
    return [*found, Piece("", 0, 0, 0, rest)]
