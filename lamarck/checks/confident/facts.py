"""What can be told of a candidate without a model: its syntax tree, its task, and what other checks said. Pure."""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass
from functools import cached_property

from lamarck.checks.agreement.calls import source
from lamarck.checks.agreement.shown import shown_calls
from lamarck.records import SourceFile, Task

Function = ast.FunctionDef | ast.AsyncFunctionDef
_BRANCHES = (ast.If, ast.For, ast.While, ast.ExceptHandler, ast.BoolOp, ast.IfExp, ast.comprehension)
_UNDONE = re.compile(r"\b(?:TODO|FIXME|XXX|not implemented|your code here|placeholder)\b", re.I)


@dataclass(frozen=True)
class Facts:
    """tests_passed, tests_failed: of the given tests; both 0 where none ran. vetoes: security findings that veto."""

    task: Task
    files: tuple[SourceFile, ...]
    tests_passed: int = 0
    tests_failed: int = 0
    vetoes: int = 0

    @cached_property
    def text(self) -> str:
        return next((f.text for f in self.files if f.path == self.task.main_path), self.files[0].text)

    @cached_property
    def tree(self) -> ast.Module | None:
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError):
            return None

    @cached_property
    def function(self) -> Function | None:
        """What the task asks for, where that is a plain function."""
        if self.tree is None:
            return None
        found = [n for n in self.tree.body if isinstance(n, Function)]
        named = [n for n in found if n.name == self.task.entry_point]
        return named[-1] if named else None

    @cached_property
    def body(self) -> list[ast.stmt]:
        """Its statements, without the docstring."""
        if self.function is None:
            return []
        first = self.function.body[0]
        is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        return self.function.body[1:] if is_text else self.function.body

    @cached_property
    def own_nodes(self) -> list[ast.AST]:
        return [] if self.function is None else [n for s in self.body for n in ast.walk(s)]

    @cached_property
    def parameters(self) -> list[str]:
        if self.function is None:
            return []
        arguments = self.function.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        return [a.arg for a in every if a.arg not in {"self", "cls"} and not a.arg.startswith("_")]

    @cached_property
    def unused(self) -> list[str]:
        """Parameters that are never read."""
        read = {n.id for n in self.own_nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        return [name for name in self.parameters if name not in read]

    @cached_property
    def returns(self) -> bool:
        """Whether it gives a value back, at one place at least."""
        kinds = (ast.Yield, ast.YieldFrom)
        return any(isinstance(n, kinds) or (isinstance(n, ast.Return) and n.value is not None) for n in self.own_nodes)

    @cached_property
    def hollow(self) -> bool:
        """Nothing in it but `pass`, a constant, or NotImplementedError."""
        if self.function is None:
            return False
        return all(
            isinstance(s, ast.Pass)
            or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
            or (isinstance(s, ast.Return) and (s.value is None or isinstance(s.value, ast.Constant)))
            or (isinstance(s, ast.Raise) and s.exc is not None and "NotImplemented" in ast.unparse(s.exc))
            for s in self.body
        )

    @cached_property
    def undefined(self) -> bool:
        """Whether a name is read that nothing in the file binds."""
        if self.tree is None:
            return False
        nodes = list(ast.walk(self.tree))
        bound = {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
        bound |= {n.arg for n in nodes if isinstance(n, ast.arg)}
        bound |= {n.name for n in nodes if isinstance(n, Function | ast.ClassDef)}
        bound |= {n.name for n in nodes if isinstance(n, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and n.name}
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                if any(a.name == "*" for a in node.names):
                    return False
                bound |= {a.asname or a.name.partition(".")[0] for a in node.names}
        read = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        return bool(read - bound - set(dir(builtins)) - {"__name__", "__file__", "__doc__"})

    @cached_property
    def branches(self) -> int:
        return sum(isinstance(n, _BRANCHES) for n in self.own_nodes)

    @cached_property
    def loops(self) -> int:
        return sum(isinstance(n, ast.For | ast.While | ast.comprehension) for n in self.own_nodes)

    @cached_property
    def nested_loops(self) -> bool:
        loops = [n for n in self.own_nodes if isinstance(n, ast.For | ast.While)]
        return any(isinstance(n, ast.For | ast.While) for loop in loops for s in loop.body for n in ast.walk(s))

    @cached_property
    def statements(self) -> int:
        return sum(isinstance(n, ast.stmt) for n in self.own_nodes)

    @cached_property
    def undone(self) -> bool:
        return _UNDONE.search(self.text) is not None

    @cached_property
    def asks_for_input(self) -> bool:
        """Reads from the user, which no function that is tested does."""
        calls = (n.func for n in ast.walk(self.tree) if isinstance(n, ast.Call)) if self.tree else ()
        return any(isinstance(f, ast.Name) and f.id == "input" for f in calls)

    @cached_property
    def prints_instead(self) -> bool:
        """Prints, and gives nothing back."""
        prints = any(isinstance(n, ast.Call) and ast.unparse(n.func) == "print" for n in self.own_nodes)
        return prints and not self.returns

    @cached_property
    def knows_examples(self) -> bool:
        """Compares with a value that a test shows as an argument, and answers with a constant then."""
        if self.function is None:
            return False
        values = {source(v) for c in shown_calls(self.task, [self.function.name]) for v in c.values}
        values = {v for v in values if len(v) > 3}
        for node in self.own_nodes:
            if isinstance(node, ast.If) and isinstance(node.test, ast.Compare):
                sides = {ast.unparse(s) for s in (node.test.left, *node.test.comparators)}
                constant = any(isinstance(s, ast.Return) and isinstance(s.value, ast.Constant) for s in node.body)
                if constant and sides & values:
                    return True
        return False

    @cached_property
    def endless(self) -> bool:
        """Calls itself wherever it goes."""
        if self.function is None or not self.body or self.branches:
            return False
        name = self.function.name
        return any(isinstance(n, ast.Call) and ast.unparse(n.func) == name for n in self.own_nodes)

    @cached_property
    def shown(self) -> int:
        """Different calls that the given tests show."""
        return len(shown_calls(self.task, [self.function.name])) if self.function is not None else 0

    @property
    def tested(self) -> bool:
        return self.tests_passed + self.tests_failed > 0

    @property
    def passes(self) -> bool:
        return self.tests_passed > 0 and self.tests_failed == 0
