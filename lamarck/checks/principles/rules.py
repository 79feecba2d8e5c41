"""Seven principles of an application, each as a share of places that keep it, with the places that do not. Pure.

What can be read off code is a sign of a principle and no more: code may keep all seven and be of no use.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lamarck.checks.duplication import copies, tokens_of
from lamarck.checks.principles.words import stems_in, words_of_request
from lamarck.records import AcceptanceKind, Finding, SourceFile, Task

Function = ast.FunctionDef | ast.AsyncFunctionDef
_SNAKE = re.compile(r"_*[a-z0-9]+(?:_[a-z0-9]+)*_*")
_CAMEL = re.compile(r"_*[A-Z][A-Za-z0-9]*")
_LOGS = frozenset({"logging", "structlog", "loguru", "opentelemetry", "sentry_sdk", "prometheus_client", "warnings"})
_OUTSIDE = (
    "socket urllib http requests httpx aiohttp subprocess sqlite3 psycopg psycopg2 sqlalchemy pymongo redis smtplib "
    "ftplib boto3 fastapi flask django starlette sanic grpc kafka pika celery"
)
_TALKS = frozenset(_OUTSIDE.split())
_COMMANDS = frozenset({"argparse", "click", "typer", "fire"})
_BROAD = frozenset({"Exception", "BaseException"})
_LOG_CALLS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print_exc"})
_MARK = re.compile(
    r"(?im)^\s*(?:#|//|/\*|\"\"\"|<!--)?\s*.*?(?:@generated|\bgenerated (?:by|from|with)\b|do not edit).*$"
)
_MAKER = re.compile(r"generated (?:by|with) (?P<name>[\w./-]+)[ ,]+(?:version )?v?(?P<version>\d[\w.+-]*)", re.I)
_DIGEST = re.compile(r"sha256[:=](?P<digest>[0-9a-f]{64})")
_HEAD = 12  # lines in which a file says where it comes from
_LEAST_WORDS = 3


@dataclass(frozen=True)
class Kept:
    """One principle: how many places keep it, of how many; what a place is. of 0: there is nothing that could."""

    principle: str
    good: float
    of: int
    places: str
    broken: tuple[Finding, ...] = ()

    @property
    def share(self) -> float | None:
        return self.good / self.of if self.of else None

    def line(self) -> str:
        if not self.of:
            return f"{self.principle}: nothing to measure: no {self.places}"
        return f"{self.principle}: {self.good:,.0f} of {self.of:,} {self.places} ({self.good / self.of:.0%})"


@dataclass(frozen=True)
class Application:
    """trees: path → tree of every file that parses."""

    task: Task
    files: tuple[SourceFile, ...]
    trees: Mapping[str, ast.Module]
    imports: dict[str, set[str]] = field(default_factory=dict)  # path → dotted names

    def __post_init__(self) -> None:
        self.imports.update({path: set(_imported(tree, path)) for path, tree in self.trees.items()})

    @property
    def modules(self) -> dict[str, str]:
        """Dotted name → path."""
        return {p.removesuffix(".py").removesuffix("/__init__").replace("/", "."): p for p in self.trees}


def style(app: Application) -> Kept:
    """Public functions and classes are named as PEP 8 says, documented, and annotated."""
    good, of, broken = 0, 0, []
    for path, tree in app.trees.items():
        for node in _public(tree.body):
            wants = list(_style_of(node))
            of += 1
            good += not wants
            if wants:
                broken.append(_finding("style", f"{node.name} {' and '.join(wants)}", path, node.lineno))
    return Kept("style", good, of, "public functions and classes named, documented and annotated", tuple(broken))


def no_duplication(app: Application) -> Kept:
    tokens = {f.path: found for f in app.files if (found := tokens_of(f))}
    lines = sum(len({t.line for t in found}) for found in tokens.values())
    copied = list(copies(tokens))
    broken = (
        _finding("duplication", f"{c.lines} lines are the same as at {c.original}:{c.original_line}", c.path, c.line)
        for c in copied
    )
    return Kept(
        "no duplication", max(0, lines - sum(c.lines for c in copied)), lines, "lines not copied", tuple(broken)
    )


def fail_fast(app: Application) -> Kept:
    """No handler takes whatever goes wrong and goes on as if nothing had."""
    good, of, broken = 0, 0, []
    for path, tree in app.trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                hides = _hides(node)
            elif isinstance(node, ast.With | ast.AsyncWith) and (suppressed := _suppressed(node)):
                hides = "suppresses whatever goes wrong" if suppressed & _BROAD else ""
            else:
                continue
            of += 1
            good += not hides
            if hides:
                broken.append(_finding("fail-fast", hides, path, node.lineno))
    return Kept("fail fast", good, of, "handlers of errors that hide none", tuple(broken))


def observability(app: Application) -> Kept:
    """Modules that talk to the outside or catch everything leave a trace that does not go through print."""
    good, of, broken = 0, 0, []
    for path, tree in app.trees.items():
        tops = {name.partition(".")[0] for name in app.imports[path]}
        handlers = [n for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and _caught(n.type) & _BROAD]
        silent = [n for n in handlers if not any(isinstance(x, ast.Raise) for x in ast.walk(n))]
        if not (tops & _TALKS or silent):
            continue
        of += 1
        if tops & _LOGS or any(_logs(n) for n in ast.walk(tree)):
            good += 1
            continue
        what = f"talks to the outside ({', '.join(sorted(tops & _TALKS))})" if tops & _TALKS else "catches everything"
        told = "prints, and no log has it" if _prints(tree) and not tops & _COMMANDS else "leaves no trace in a log"
        broken.append(_finding("observability", f"the module {what} and {told}", path, 1))
    return Kept("observability", good, of, "modules with an outside that log", tuple(broken))


def integration_first(app: Application) -> Kept:
    """Tests reach the modules through one another rather than one by one."""
    names = app.modules
    texts = [a.content for a in app.task.acceptance if a.kind is AcceptanceKind.PYTEST]
    reached: dict[str, set[str]] = {}
    direct: set[str] = set()
    for text in texts:
        try:
            wanted = {p for name in _imported(ast.parse(text), "") if (p := _path_of(name, names)) is not None}
        except (SyntaxError, ValueError, RecursionError):
            continue
        direct |= wanted
        for path in wanted:
            reached[path] = _closure(path, app.imports, names)
    of = [path for path, tree in app.trees.items() if any(isinstance(n, Function) for n in ast.walk(tree))]
    together = set().union(*(found for found in reached.values() if len(found) > 1)) & set(of)
    if not texts:
        return Kept("integration tests first", 0, 0, "given tests")
    broken = (
        _finding(
            "integration-tests",
            "only tests of its own reach it" if path in direct else "no given test reaches it",
            path,
            1,
        )
        for path in of
        if path not in together
    )
    return Kept("integration tests first", len(together), len(of), "modules tested together with others", tuple(broken))


def business_words(app: Application) -> Kept:
    """What the request and its specifications speak of is called so in the code."""
    wanted = words_of_request(app.task)
    if len(wanted) < _LEAST_WORDS:
        return Kept("business words kept", 0, 0, "request or specification in words")
    used = {stem for tree in app.trees.values() for stem in stems_in(tree)}
    lost = [w for stem, w in sorted(wanted.items()) if stem not in used]
    message = f"the request speaks of {', '.join(lost[:8])}{' and more' if lost[8:] else ''}; no name in the code does"
    broken = (_finding("business-words", message, "", 0),) if lost else ()
    return Kept("business words kept", len(wanted) - len(lost), len(wanted), "words of the request in names", broken)


def generator_first(app: Application) -> Kept:
    """A generated file names its generator and version, and is as that made it: what is wrong is mended there."""
    good, of, broken = 0, 0, []
    for file in app.files:
        head = "\n".join(file.text.splitlines()[:_HEAD])
        mark = next((m for m in _MARK.finditer(head) if _is_comment(head, m.start())), None)
        if mark is None:
            continue
        of += 1
        line = head.count("\n", 0, mark.start()) + 1
        wrong = _edited(file.text, head)
        if not wrong and not _MAKER.search(head):
            wrong = "does not say which version of which generator made it"
        good += not wrong
        if wrong:
            broken.append(_finding("generator-first", f"a generated file {wrong}", file.path, line))
    return Kept("fix the generator first", good, of, "generated files that their generator answers for", tuple(broken))


PRINCIPLES = (style, no_duplication, fail_fast, observability, integration_first, business_words, generator_first)


# --- style --------------------------------------------------------------------------------------------------------


def _public(body: Sequence[ast.stmt]) -> Iterator[Function | ast.ClassDef]:
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public([n for n in node.body if not isinstance(n, ast.ClassDef)])


def _style_of(node: Function | ast.ClassDef) -> Iterator[str]:
    if not (_CAMEL if isinstance(node, ast.ClassDef) else _SNAKE).fullmatch(node.name):
        yield "is not named as PEP 8 says"
    short = isinstance(node, Function) and len(node.body) == 1 and node.end_lineno == node.body[0].end_lineno
    if ast.get_docstring(node) is None and not (short and _annotated(node)):
        yield "has no docstring"
    if isinstance(node, Function) and not _annotated(node):
        yield "has no annotations"


def _annotated(node: Function | ast.ClassDef) -> bool:
    if isinstance(node, ast.ClassDef):
        return True
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    wanted = [a for a in arguments if a.arg not in {"self", "cls"}]
    return node.returns is not None and all(a.annotation is not None for a in wanted)


# --- errors -------------------------------------------------------------------------------------------------------


def _caught(node: ast.expr | None) -> set[str]:
    if node is None:
        return {"BaseException"}
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return {ast.unparse(p).rpartition(".")[2] for p in parts}


def _hides(handler: ast.ExceptHandler) -> str:
    """How, where it does."""
    inside = [n for s in handler.body for n in ast.walk(s)]
    if any(isinstance(n, ast.Raise) or _logs(n) for n in inside):
        return ""
    if handler.name and any(isinstance(n, ast.Name) and n.id == handler.name for n in inside):
        return ""  # the error goes on in another form
    broad = bool(_caught(handler.type) & _BROAD)
    idle = all(isinstance(s, ast.Pass | ast.Continue) or _is_constant(s) for s in handler.body)
    if broad:
        return "takes whatever goes wrong and does not say what"
    return "does nothing about an error and says nothing" if idle and isinstance(handler.body[0], ast.Pass) else ""


def _is_constant(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Return | ast.Expr) else node
    return value is None or isinstance(value, ast.Constant)


def _suppressed(node: ast.With | ast.AsyncWith) -> set[str]:
    calls = (i.context_expr for i in node.items if isinstance(i.context_expr, ast.Call))
    return {
        name
        for call in calls
        if ast.unparse(call.func).rpartition(".")[2] == "suppress"
        for argument in call.args
        for name in _caught(argument)
    }


def _logs(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    return node.func.attr in _LOG_CALLS and not isinstance(node.func.value, ast.Constant)


def _prints(tree: ast.Module) -> bool:
    return any(
        isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "print" for n in ast.walk(tree)
    )


# --- modules ------------------------------------------------------------------------------------------------------


def _imported(tree: ast.Module, path: str) -> Iterator[str]:
    """Dotted names, relative ones resolved."""
    package = path.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{a.name}" if stem else a.name for a in node.names)


def _path_of(name: str, names: Mapping[str, str]) -> str | None:
    while name:
        if name in names:
            return names[name]
        name = name.rpartition(".")[0]
    return None


def _closure(path: str, imports: Mapping[str, set[str]], names: Mapping[str, str]) -> set[str]:
    found, waiting = {path}, [path]
    while waiting:
        for name in imports.get(waiting.pop(), ()):
            other = _path_of(name, names)
            if other is not None and other not in found:
                found.add(other)
                waiting.append(other)
    return found


# --- what was generated -------------------------------------------------------------------------------------------


def _is_comment(head: str, at: int) -> bool:
    line = head[at:].lstrip("\n").split("\n", 1)[0].lstrip()
    return line.startswith(("#", '"""', "//", "/*", "<!--"))


def _edited(text: str, head: str) -> str:
    found = _DIGEST.search(head)
    if found is None:
        return ""
    rest = "".join(line for line in text.splitlines(keepends=True) if found["digest"] not in line)
    same = hashlib.sha256(rest.encode()).hexdigest() == found["digest"]
    return "" if same else "was changed by hand: mend its generator, raise its version, and generate it again"


def _finding(principle: str, message: str, path: str, line: int) -> Finding:
    return Finding(rule=principle, message=message, severity="low", path=path, line=line)
