"""Mutants: one small edit of a file each, made over its syntax tree, the rest of the text as it was.

The operators are the common ones (DeMillo, Lipton and Sayward 1978, and what mutation tools for Python agree on):
compare and arithmetic operators, `and`, `or` and `not`, constants, returned, yielded and assigned values, arguments,
filters, loop exits, exceptions caught, cases, deleted statements and operands, functions with a twin. Docstrings,
annotations, decorators, imports, `__all__` and f-strings stay. Of the seven things that an ordering can become these
three are tried whose death implies the others' (Kaminski, Ammann and Offutt 2013): `<` becomes `<=`, `!=` and `False`.
Operands are deleted because few mutants of that kind are as strong as many of others (Delamaro, Offutt, Ammann 2014).

Left out is what usually says the same: `!=` for the bound of a `while` or of a length, whole numbers that say again
what another operator says, `rsplit` without a limit.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from lamarck.records import SourceFile
from lamarck.tasks.python_source import parse_python

MUTATORS_VERSION = "2"

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
_BESIDE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.NotEq,
    ast.Gt: ast.NotEq,
    ast.LtE: ast.Eq,
    ast.GtE: ast.Eq,
}
_SELDOM = (ast.Lt, ast.Gt, ast.Eq, ast.Is, ast.In)  # as a condition; the others are usual
# `x < 3` becomes `x <= 3`, for whole numbers `x < 4`: its bound is moved the other way. Left and right operand.
_MOVED: dict[type[ast.cmpop], tuple[int, int]] = {
    ast.Lt: (1, -1),
    ast.LtE: (-1, 1),
    ast.Gt: (-1, 1),
    ast.GtE: (1, -1),
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
    ("partition", "rpartition"),
    ("min", "max"),
    ("any", "all"),
    ("ljust", "rjust"),
    ("append", "extend"),
    ("removeprefix", "removesuffix"),
    ("floor", "ceil"),
    ("bisect_left", "bisect_right"),
    ("issubset", "issuperset"),
    ("union", "intersection"),
)
_TWINS = {a: b for a, b in _PAIRS} | {b: a for a, b in _PAIRS} | {"popleft": "pop", "appendleft": "append"}
_LIMITED = {"split": "rsplit", "rsplit": "split"}  # the same without a limit
_UNDONE = {"sorted": "list", "reversed": "iter", "abs": ""}  # functions of one value that may as well be left alone


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """before and after: the part that was edited. file: the whole file with the edit. function: the qualified name of
    the function or class around it, empty at the top level. statement: the line where the statement around it begins;
    of a default the function's first one. early: it is in no function, so it runs when the file is imported."""

    path: str
    line: int
    column: int
    function: str
    statement: int
    early: bool
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
        if after != "()" and after.startswith("(") and after.endswith(")") and not self.before.startswith("("):
            after = after[1:-1]
        return f"`{_short(self.before)}` → `{_short(after)}`"


def possible_mutants_of(file: SourceFile) -> list[Mutant]:
    """In the order of the text, none for a file that does not parse; before anything is known of what they parse to
    (`Distinct`): quick, for who takes a few of many."""
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
        self._statement_line = 0
        self._early = True
        self._in_while = False
        self._moved: set[int] = set()  # operands of an ordering, which are edited with it

    # --- statements

    def visit_body(self, body: list[ast.stmt], function: str) -> None:
        for place, statement in enumerate(body):
            if place == 0 and _is_text(statement):
                continue
            self._function = function
            self._statement_line = statement.lineno
            self._statement(statement, function)

    def _statement(self, node: ast.stmt, function: str) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._definition(node, f"{function}.{node.name}".strip("."))
            return
        if _stays(node):
            return
        self._own(node)
        self._in_while = isinstance(node, ast.While)
        for child in _expressions_of(node):
            self._expression(child)
        self._in_while = False
        parts = (*getattr(node, "handlers", ()), *getattr(node, "cases", ()))
        for part in parts:
            self._part(part)
        for block in ("body", "orelse", "finalbody"):
            self.visit_body(getattr(node, block, []), function)
        for part in parts:
            self.visit_body(part.body, function)

    def _part(self, part: ast.ExceptHandler | ast.match_case) -> None:
        """The head of a handler or a case: what it no longer catches."""
        if isinstance(part, ast.match_case):
            if part.guard is None:
                self._replace(part.pattern, f"{ast.unparse(part.pattern)} if False")
            else:
                self._replace(part.guard, "False")
                self._expression(part.guard)
        elif isinstance(part.type, ast.Tuple) and len(part.type.elts) > 1:
            for place in range(len(part.type.elts)):
                rest = part.type.elts[:place] + part.type.elts[place + 1 :]
                self._replace(part.type, ast.unparse(ast.Tuple(rest)) if len(rest) > 1 else ast.unparse(rest[0]))
        elif part.type is not None:
            self._replace(part.type, "()")

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, name: str) -> None:
        self._function = name
        early = self._early
        if not isinstance(node, ast.ClassDef):
            self._early = False  # a default matters where the function is called
            self._statement_line = _first_line(node)
            for default in (*node.args.defaults, *node.args.kw_defaults):
                if default is not None:
                    self._expression(default)
        self.visit_body(node.body, name)
        self._early = early

    def _own(self, node: ast.stmt) -> None:
        """Edits of a statement as such."""
        if isinstance(node, ast.Return) and node.value is None:
            self._replace(node, "pass")
        elif isinstance(node, ast.Return | ast.Assign | ast.AnnAssign):
            if node.value is not None:
                self._replace(node.value, "''" if _is_none(node.value) else "None")
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
            self._replace(node, "pass")
        elif isinstance(node, ast.Raise | ast.Delete) or _is_call(node):
            self._replace(node, "pass")
        elif isinstance(node, ast.If | ast.While):
            self._negate(node.test)

    # --- expressions

    def _expression(self, node: ast.AST) -> None:
        if isinstance(node, ast.JoinedStr):
            return  # before Python 3.12 positions inside are not the text's
        self._edits(node)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr | ast.comprehension | ast.keyword | ast.arguments | ast.arg):
                self._expression(child)

    def _edits(self, node: ast.AST) -> None:
        match node:
            case ast.Compare():
                self._compare(node)
            case ast.BinOp():
                self._bin_op(node)
            case ast.BoolOp():
                self._bool_op(node)
            case ast.UnaryOp():
                self._replace(node, f"({ast.unparse(node.operand)})")
            case ast.Constant():
                self._constant(node)
            case ast.Call():
                self._call(node)
            case ast.IfExp():
                self._become(node, ast.IfExp(node.test, node.orelse, node.body))
            case ast.Subscript():
                self._less(node.slice.operand if isinstance(node.slice, ast.UnaryOp) else node.slice)
            case ast.Slice():
                self._slice(node)
            case _:
                self._parts(node)

    def _parts(self, node: ast.AST) -> None:
        """Expressions that are edited by a part of theirs."""
        if isinstance(node, ast.comprehension):
            for test in node.ifs:
                self._replace(test, "True")
                self._negate(test)
        elif isinstance(node, ast.Lambda) and not _is_none(node.body):
            self._replace(node.body, "None")
        elif isinstance(node, ast.Yield) and node.value is not None and not _is_none(node.value):
            self._replace(node.value, "None")
        elif isinstance(node, ast.YieldFrom):
            self._replace(node.value, "()")

    def _bin_op(self, node: ast.BinOp) -> None:
        other = _ARITHMETIC.get(type(node.op))
        if other is None or _is_text_format(node):
            return
        self._become(node, ast.BinOp(node.left, other(), node.right))
        for operand in (node.left, node.right):
            self._become(node, operand)
        self._less(node.left)
        if not (isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod) and _is_one(node.right)):
            self._less(node.right)

    def _compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for place, op in enumerate(node.ops):
            left, right = operands[place], operands[place + 1]
            others = [_COMPARE[type(op)]]
            if type(op) in _BESIDE and not self._in_while and not _is_length(left) and not _is_length(right):
                others.append(_BESIDE[type(op)])
            for other in others:
                ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
                self._become(node, ast.Compare(node.left, ops, node.comparators))
            for operand, by in zip((left, right), _MOVED.get(type(op), ()), strict=False):
                self._moved.add(id(operand))
                self._by(operand, by)
        if len(node.ops) > 1:
            self._become(node, ast.Compare(node.left, node.ops[:-1], node.comparators[:-1]))
            self._become(node, ast.Compare(node.comparators[0], node.ops[1:], node.comparators[1:]))
        elif not self._in_while:
            self._replace(node, str(not isinstance(node.ops[0], _SELDOM)))

    def _bool_op(self, node: ast.BoolOp) -> None:
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self._become(node, ast.BoolOp(other, node.values))
        for place in range(len(node.values)):
            rest = node.values[:place] + node.values[place + 1 :]
            self._become(node, ast.BoolOp(node.op, rest) if len(rest) > 1 else rest[0])

    def _negate(self, test: ast.expr) -> None:
        """Whose operator is not turned around anyway."""
        if not isinstance(test, ast.Compare | ast.BoolOp | ast.Constant):
            self._replace(test, f"not ({ast.unparse(test)})")

    def _constant(self, node: ast.Constant) -> None:
        value = node.value
        if id(node) in self._moved:
            return
        if isinstance(value, bool):
            self._replace(node, str(not value))
        elif isinstance(value, int | float):
            self._replace(node, repr(value + 1))
        elif isinstance(value, str):
            self._replace(node, repr(f"XX{value}XX") if value else repr("XXXX"))
        elif isinstance(value, bytes):
            self._replace(node, repr(b"XX" + value + b"XX"))

    def _less(self, node: ast.expr) -> None:
        """Off by one to the other side, where one more and one less are two mistakes."""
        self._by(node, -1)

    def _by(self, node: ast.expr, step: int) -> None:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            self._replace(node, repr(node.value + step))

    def _call(self, node: ast.Call) -> None:
        for place, argument in enumerate(node.args):
            if not _is_none(argument) and not isinstance(argument, ast.Starred | ast.GeneratorExp):
                self._replace(argument, "None")
            self._less(argument)
            if len(node.args) > 1:
                self._become(node, ast.Call(node.func, node.args[:place] + node.args[place + 1 :], node.keywords))
        for place, keyword in enumerate(node.keywords):
            if keyword.arg is not None:
                rest = node.keywords[:place] + node.keywords[place + 1 :]
                self._become(node, ast.Call(node.func, node.args, rest))
        self._twin(node)

    def _twin(self, node: ast.Call) -> None:
        method = isinstance(node.func, ast.Attribute)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        alone = len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred)
        twin = _TWINS.get(name)
        if name in _LIMITED and len(node.args) + len(node.keywords) > 1:
            twin = _LIMITED[name]
        elif name in _UNDONE and alone and not method:
            twin = _UNDONE[name]
        if twin == "":
            self._become(node, node.args[0])
        elif twin is not None:
            function = ast.Attribute(node.func.value, twin) if isinstance(node.func, ast.Attribute) else ast.Name(twin)
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

    def _replace(self, node: ast.stmt | ast.expr | ast.pattern, text: str) -> None:
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
                statement=self._statement_line or node.lineno,
                early=self._early,
                before=before.decode(),
                after=text,
                file=self._file.replace(text=data.decode()),
            )
        )


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Of what it does."""
    return next((s for s in node.body if not _is_text(s)), node.body[0]).lineno


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_call(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value.value if isinstance(value, ast.Await) else value, ast.Call)


def _is_text_format(node: ast.BinOp) -> bool:
    """`"%s" % value`, which divides nothing."""
    return isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


def _is_length(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"


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
