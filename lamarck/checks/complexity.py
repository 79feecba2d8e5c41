"""Check 'complexity': cyclomatic and cognitive complexity of every function, maintainability of every file.

Cyclomatic: McCabe 1976, decisions plus one, each operand of `and` and `or` beyond the first counting. Cognitive:
Campbell 2018 (SonarSource), breaks of the linear flow, weighed by how deeply they nest. Maintainability: Oman and
Hagemeister's index without comments, from 0 to 100: 171 - 5.2 ln V - 0.23 G - 16.2 ln L, with Halstead's volume V.
"""

from __future__ import annotations

import ast
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

from lamarck.checks.check import Level
from lamarck.checks.gate import Means
from lamarck.checks.graded import graded, marked, statements_in, trees
from lamarck.checks.waivers import Waivers, is_waived
from lamarck.records import Candidate, Evidence, Finding, Task

MOST_CYCLOMATIC = 12
MOST_COGNITIVE = 20
LEAST_MAINTAINABLE = 20.0  # below it a file is called hard to maintain

Function = ast.FunctionDef | ast.AsyncFunctionDef
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class Measured:
    name: str
    line: int
    cyclomatic: int
    cognitive: int
    statements: int


class ComplexityCheck:
    """Points: the share of statements that stand in functions within both limits."""

    name = "complexity"
    required = False
    level: Level = "quick"
    runs_code = False
    per_file = True

    def __init__(self, waivers: Waivers, *, minimum: float = 8.0) -> None:
        self._waivers = waivers
        self._minimum = minimum

    @property
    def version(self) -> str:
        return f"1+{self._minimum:g}{self._waivers.key}"

    def applies(self, task: Task) -> bool:
        return task.language == "python"

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.perf_counter()
        parsed = trees(candidate.files)
        functions = {path: list(functions_in(tree)) for path, tree in parsed.items()}
        everyone = [f for found in functions.values() for f in found]
        indices = {path: maintainability(tree) for path, tree in parsed.items()}
        findings = marked(
            (f for path in parsed for f in _findings(path, functions[path], indices[path])), self._waivers
        )
        statements = sum(map(statements_in, parsed.values()))
        known = {(f.path, f.line) for f in findings if is_waived(f)}
        beyond = sum(
            f.statements for p, found in functions.items() for f in found if _is_beyond(f) and (p, f.line) not in known
        )
        return graded(
            candidate,
            check=self.name,
            version=self.version,
            points=10.0 * (1 - min(beyond / statements, 1.0)) if statements else None,
            minimum=self._minimum,
            findings=findings,
            measurements={
                "functions": len(everyone),
                "cyclomatic": max((f.cyclomatic for f in everyone), default=0),
                "cognitive": max((f.cognitive for f in everyone), default=0),
                "maintainability": round(min(indices.values(), default=100.0), 1),
            },
            seconds=time.perf_counter() - begin,
        )


def _is_beyond(function: Measured) -> bool:
    return function.cyclomatic > MOST_CYCLOMATIC or function.cognitive > MOST_COGNITIVE


def _findings(path: str, functions: list[Measured], index: float) -> Iterator[Finding]:
    for f in functions:
        for rule, value, most in (
            ("cyclomatic", f.cyclomatic, MOST_CYCLOMATIC),
            ("cognitive", f.cognitive, MOST_COGNITIVE),
        ):
            if value > most:
                message = f"{f.name} has a {rule} complexity of {value}, more than {most}"
                yield Finding(rule=rule, message=message, severity="low", path=path, line=f.line)
    if index < LEAST_MAINTAINABLE:
        message = f"the maintainability index is {index:.0f}, less than {LEAST_MAINTAINABLE:.0f}: split the file"
        yield Finding(rule="maintainability", message=message, severity="low", path=path, line=1)


# --- functions ----------------------------------------------------------------------------------------------------


def functions_in(tree: ast.AST, prefix: str = "") -> Iterator[Measured]:
    """Every function and method, those inside of functions as parts of these."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            name = f"{prefix}{node.name}"
            yield Measured(name, node.lineno, cyclomatic(node), cognitive(node), statements_in(node))
        elif isinstance(node, ast.ClassDef):
            yield from functions_in(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.stmt | ast.ExceptHandler):
            yield from functions_in(node, prefix)


def cyclomatic(function: ast.AST) -> int:
    return 1 + sum(map(_decisions, ast.walk(function)))


def _decisions(node: ast.AST) -> int:
    if isinstance(node, ast.If | ast.IfExp | ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler | ast.Assert):
        return 1
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    if isinstance(node, ast.Match):
        return sum(not _is_wildcard(case) for case in node.cases)
    return 0


def _is_wildcard(case: ast.match_case) -> bool:
    return isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None


def cognitive(function: Function) -> int:
    return sum(_cost(statement, 0, function.name) for statement in function.body)


def _cost(node: ast.AST, depth: int, name: str) -> int:
    """What a node and all below it add, `depth` levels of nesting down. name: of the function, for recursion."""
    own, inner = 0, depth
    if isinstance(node, ast.If):
        return _cost_of_if(node, depth, name, is_elif=False)
    if isinstance(node, (*_LOOPS, ast.ExceptHandler, ast.Match, ast.IfExp)):
        own, inner = 1 + depth, depth + 1
        own += bool(getattr(node, "orelse", None)) and not isinstance(node, ast.IfExp)
    elif isinstance(node, _FUNCTIONS):
        inner = depth + 1
    elif isinstance(node, ast.BoolOp) or _is_call_of(node, name):
        own = 1
    return own + sum(_cost(child, inner, name) for child in ast.iter_child_nodes(node))


def _is_call_of(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _cost_of_if(node: ast.If, depth: int, name: str, *, is_elif: bool) -> int:
    total = 1 if is_elif else 1 + depth
    total += _cost(node.test, depth, name) + sum(_cost(s, depth + 1, name) for s in node.body)
    if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        return total + _cost_of_if(node.orelse[0], depth, name, is_elif=True)
    return total + bool(node.orelse) + sum(_cost(s, depth + 1, name) for s in node.orelse)


# --- files --------------------------------------------------------------------------------------------------------


def maintainability(tree: ast.Module) -> float:
    """0 (hopeless) to 100; 100 for a file without statements."""
    lines = len({n.lineno for n in ast.walk(tree) if isinstance(n, ast.stmt)})
    volume = halstead_volume(tree)
    if lines == 0 or volume <= 0:
        return 100.0
    decisions = 1 + sum(map(_decisions, ast.walk(tree)))
    index = 171 - 5.2 * math.log(volume) - 0.23 * decisions - 16.2 * math.log(lines)
    return max(0.0, min(100.0, 100 * index / 171))


def halstead_volume(tree: ast.AST) -> float:
    """Length times the binary logarithm of the vocabulary; operators with their operands, as radon counts them."""
    operators: list[str] = []
    operands: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.UnaryOp | ast.AugAssign):
            operators.append(type(node.op).__name__)
            operands += map(_operand, [v for v in ast.iter_child_nodes(node) if isinstance(v, ast.expr)])
        elif isinstance(node, ast.BoolOp):
            operators.append(type(node.op).__name__)
            operands += map(_operand, node.values)
        elif isinstance(node, ast.Compare):
            operators += [type(op).__name__ for op in node.ops]
            operands += map(_operand, [node.left, *node.comparators])
    vocabulary = len(set(operators)) + len(set(operands))
    return (len(operators) + len(operands)) * math.log2(vocabulary) if vocabulary > 1 else 0.0


def _operand(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Constant):
        return repr(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    return type(node).__name__


def build(means: Means) -> ComplexityCheck:
    return ComplexityCheck(means.waivers, minimum=means.settings.checks.minimum_score)
