"""Lamarck's own security rules, for what bandit does not look for: code that looks at who calls it, reaches around the
interpreter, changes other modules, or answers to any comparison.

Rules work on names as the file imports them, so an alias hides nothing; a determined author can still hide anything.
The sandbox keeps code from doing harm; these rules keep what is plainly dangerous out of the library.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from lamarck.records import Finding

# Rule → what it says about a name, and the names that must not be used, called or handed on.
_NAMES: dict[str, tuple[str, frozenset[str]]] = {
    "caller-inspection": (
        "looks at the code that calls it",
        frozenset(
            {"sys._getframe", "sys._getframemodulename", "sys._current_frames", "sys.settrace", "sys.setprofile"}
            | {"sys.monitoring", "threading.settrace", "threading.setprofile", "gc.get_objects", "gc.get_referrers"}
            | {"gc.get_referents", "inspect.stack", "inspect.currentframe", "inspect.trace", "inspect.getouterframes"}
            | {"inspect.getinnerframes", "traceback.extract_stack", "traceback.walk_stack", "traceback.format_stack"}
        ),
    ),
    "shell": (
        "hands text to a shell",
        frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "pty.spawn"}),
    ),
    "process": (
        "starts or ends processes",
        frozenset(
            {
                "os._exit",
                "os.abort",
                "os.kill",
                "os.killpg",
                "os.fork",
                "os.forkpty",
                "os.posix_spawn",
                "os.posix_spawnp",
            }
            | {f"os.exec{x}" for x in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")}
            | {f"os.spawn{x}" for x in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")}
        ),
    ),
    "dynamic-code": ("runs text as code", frozenset({"eval", "exec", "builtins.eval", "builtins.exec"})),
    "dynamic-import": (
        "imports what its name does not tell",
        frozenset(
            {"runpy.run_path", "runpy.run_module", "importlib.util.spec_from_file_location", "importlib.machinery"}
        ),
    ),
    "deserialise": (
        "can run code that stands in the data",
        frozenset({"pickle.load", "pickle.loads", "pickle.Unpickler", "marshal.load", "marshal.loads", "shelve.open"}),
    ),
    "mktemp": ("names a file that somebody else may make first", frozenset({"tempfile.mktemp"})),
    "network": ("opens connections", frozenset({"asyncio.open_connection", "asyncio.start_server"})),
}
_RULE_OF = {name: rule for rule, (_, names) in _NAMES.items() for name in names}
_MODULES: dict[str, tuple[str, frozenset[str]]] = {
    "native-code": ("reaches past the interpreter", frozenset({"ctypes", "_ctypes", "cffi"})),
    "network": (
        "opens connections",
        frozenset(
            {"socket", "_socket", "socketserver", "ssl", "http.client", "http.server", "urllib.request", "ftplib"}
            | {
                "smtplib",
                "poplib",
                "imaplib",
                "nntplib",
                "telnetlib",
                "xmlrpc",
                "requests",
                "httpx",
                "aiohttp",
                "urllib3",
            }
        ),
    ),
}
# Rule → names that it forbids, of calls and of modules.
NAMES_BY_RULE = {
    rule: frozenset().union(*(table[rule][1] for table in (_NAMES, _MODULES) if rule in table))
    for rule in {**_NAMES, **_MODULES}
}
_FRAMES = frozenset({"f_back", "f_locals", "f_globals", "f_builtins", "tb_frame", "gi_frame", "cr_frame", "ag_frame"})
_COMPUTED = frozenset({"compile", "builtins.compile", "__import__", "builtins.__import__", "importlib.import_module"})
_RUNNERS = frozenset({"pytest", "_pytest", "unittest", "builtins", "doctest"})
# Attributes of modules that are documented as the caller's to set.
_SETTABLE = frozenset(
    {"sys.stdout", "sys.stderr", "sys.stdin", "sys.argv", "sys.excepthook", "sys.displayhook", "sys.tracebacklimit"}
    | {"warnings.showwarning", "warnings.formatwarning", "threading.excepthook", "logging.raiseExceptions"}
)
_WRITERS = frozenset(
    {"os.remove", "os.unlink", "os.rename", "os.replace", "os.rmdir", "os.removedirs", "os.mkdir", "os.makedirs"}
    | {"os.chmod", "os.truncate", "os.symlink", "os.link", "shutil.rmtree", "shutil.move", "shutil.copy"}
    | {"shutil.copy2", "shutil.copyfile", "shutil.copytree"}
)
_WRITING_METHODS = frozenset({"write_text", "write_bytes", "unlink", "rmdir", "symlink_to", "hardlink_to"})
_OPENERS = frozenset({"open", "io.open", "builtins.open", "codecs.open", "os.open", "pathlib.Path", "os.listdir"}) | {
    "os.scandir", "os.walk", "os.stat", "os.path.exists", "os.path.isfile", "glob.glob", "glob.iglob"
}  # fmt: skip
_SYSTEM = re.compile(r"/(?:proc|sys|etc|job|root|home|run|var|boot|dev)(?:/|\Z)")
_HARMLESS = frozenset({"/dev/null", "/dev/urandom", "/dev/random", "/dev/stdin", "/dev/stdout", "/dev/stderr"})
_OUTSIDE = re.compile(r"/|~|(?:.*/)?\.\.(?:/|\Z)")


def dangers(tree: ast.Module, path: str, *, needs_files: bool) -> tuple[Finding, ...]:
    """Findings in one file. needs_files: the task is about files, so writing them is no finding."""
    reading = _Reading(tree, needs_files=needs_files)
    found = {
        Finding(rule=rule, message=message, severity=severity, confidence=confidence, path=path, line=line)
        for rule, message, severity, confidence, line in reading.findings()
    }
    return tuple(sorted(found, key=lambda f: (f.line, f.rule, f.message)))


_Found = tuple[str, str, str, str, int]


@dataclass
class _Reading:
    tree: ast.Module
    needs_files: bool
    names: dict[str, str] = field(default_factory=dict)  # local name → what it was imported as
    modules: set[str] = field(default_factory=lambda: {"os.path"})  # dotted names that are imported as modules
    own: set[str] = field(default_factory=set)  # names that the file defines at its top level
    nodes: list[ast.AST] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.nodes = list(ast.walk(self.tree))
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    local = alias.asname or alias.name.partition(".")[0]
                    self.names[local] = alias.name if alias.asname else local
                    self.modules |= {alias.name, alias.name.partition(".")[0]}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    self.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        self.own = defined_names(self.tree)

    def findings(self) -> Iterator[_Found]:
        called = {id(n.func) for n in self.nodes if isinstance(n, ast.Call)}
        for node in self.nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield from self._imports(node)
            elif isinstance(node, ast.Call):
                yield from self._calls(node)
            elif isinstance(node, ast.Attribute):
                yield from self._attributes(node, called=id(node) in called)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield from self._reference(node, self._dotted(node), called=id(node) in called)
            elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
                yield from self._changes(node)
            elif isinstance(node, ast.Compare):
                yield from self._compares(node)
            elif isinstance(node, ast.Constant):
                if isinstance(node.value, str) and node.value.startswith("PYTEST_"):
                    yield (
                        "test-detection",
                        f"asks for {node.value[:40]}, which tells whether tests run",
                        *_VETO,
                        node.lineno,
                    )
            elif isinstance(node, ast.ClassDef):
                yield from self._classes(node)

    # --- names

    def _dotted(self, node: ast.AST) -> str:
        """A name as it was imported: `g` after `from sys import _getframe as g` is `sys._getframe`. Empty: no name."""
        parts: list[str] = []
        while True:
            if isinstance(node, ast.Attribute):
                parts.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Call) and _is_getattr(node):
                parts.append(str(node.args[1].value))  # type: ignore[attr-defined]
                node = node.args[0]
            else:
                break
        if not isinstance(node, ast.Name):
            return ""
        if node.id in self.own and node.id not in self.names:
            return ""
        return ".".join([self.names.get(node.id, node.id), *reversed(parts)])

    def _reference(self, node: ast.expr, name: str, *, called: bool) -> Iterator[_Found]:
        rule = _RULE_OF.get(name)
        if rule is None or (called and name in {"eval", "exec"}):  # bandit reads those calls, and spares constants
            return
        yield rule, f"{name} {_NAMES[rule][0]}", *_VETO, node.lineno

    def _imports(self, node: ast.Import | ast.ImportFrom) -> Iterator[_Found]:
        modules = [a.name for a in node.names]
        if isinstance(node, ast.ImportFrom):
            if node.level or not node.module:
                return
            modules = [node.module, *(f"{node.module}.{name}" for name in modules)]
        for rule, (what, names) in _MODULES.items():
            for module in modules:
                if any(module == name or module.startswith(f"{name}.") for name in names):
                    yield rule, f"{module} {what}", *_VETO, node.lineno
                    break
        for module in modules:
            if module.partition(".")[0] in {"pytest", "_pytest"} or module == "unittest.mock":
                yield "test-tools", f"{module} is for tests", "low", "high", node.lineno
                break
            if isinstance(node, ast.ImportFrom) and module in _RULE_OF:
                yield _RULE_OF[module], f"{module} {_NAMES[_RULE_OF[module]][0]}", *_VETO, node.lineno

    def _attributes(self, node: ast.Attribute, *, called: bool) -> Iterator[_Found]:
        yield from self._reference(node, self._dotted(node), called=called)
        if node.attr in _FRAMES:
            yield "caller-inspection", f"{node.attr} leads to the code that calls it", *_VETO, node.lineno
        elif node.attr in {"__globals__", "__builtins__"}:
            yield "introspection", f"{node.attr} reaches other code's names", *_VETO, node.lineno
        elif node.attr == "__subclasses__":
            yield "introspection", "__subclasses__ reaches classes that were not handed over", *_LISTED, node.lineno
        elif node.attr == "__code__" and not isinstance(node.ctx, ast.Load):
            yield "patching", "replaces a function's code", *_VETO, node.lineno

    # --- calls

    def _calls(self, node: ast.Call) -> Iterator[_Found]:
        name = self._dotted(node.func)
        line = node.lineno
        first = node.args[0] if node.args else None
        constant = _text(first)
        if name in _COMPUTED and constant is None:
            rule = "dynamic-code" if name.endswith("compile") else "dynamic-import"
            yield rule, f"{name} on what is computed", *_VETO, line
        elif constant is not None and name.endswith(("__import__", "import_module")):
            for rule, (what, names) in _MODULES.items():
                if constant in names:
                    yield rule, f"{constant} {what}", *_VETO, line
        if name.startswith("subprocess.") and any(k.arg == "shell" and not _is_false(k.value) for k in node.keywords):
            yield "shell", f"{name} with shell=True hands text to a shell", *_VETO, line
        if _is_getattr(node):
            yield from self._getattr(node)
        elif name == "getattr" and len(node.args) > 1 and self._module(node.args[0]):
            yield "introspection", f"takes computed names out of {self._module(node.args[0])}", *_LISTED, line
        if name in {"setattr", "delattr"} and first is not None and (module := self._module(first)):
            yield "patching", f"changes the module {module}, which other code relies on", *_VETO, line
        if (
            name.startswith(("sys.modules.", "sys.meta_path.", "sys.path_hooks."))
            and name.rpartition(".")[2] in _MUTATORS
        ):
            yield "patching", f"{name} changes how modules are found", *_VETO, line
        yield from self._files(node, name, constant)

    def _getattr(self, node: ast.Call) -> Iterator[_Found]:
        """`getattr(x, "name")` is `x.name`."""
        yield from self._reference(node, self._dotted(node), called=False)
        attribute = _text(node.args[1])
        if attribute in _FRAMES:
            yield "caller-inspection", f"{attribute} leads to the code that calls it", *_VETO, node.lineno
        elif attribute in {"__globals__", "__builtins__"}:
            yield "introspection", f"{attribute} reaches other code's names", *_VETO, node.lineno

    def _files(self, node: ast.Call, name: str, constant: str | None) -> Iterator[_Found]:
        if constant is not None and name in _OPENERS and _SYSTEM.match(constant) and constant not in _HARMLESS:
            yield "system-files", f"reads {constant[:60]}, which is none of its business", *_VETO, node.lineno
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        writes = name in _WRITERS or method in _WRITING_METHODS or (name in _OPENERS and _opens_to_write(node))
        if not writes or self.needs_files:
            return
        outside = constant is not None and _OUTSIDE.match(constant) is not None and constant not in _HARMLESS
        where = f"to {constant[:60]}" if constant is not None and name else "files"
        yield (
            "writes-files",
            f"writes {where}, which the task does not ask for",
            *(_VETO if outside else _LISTED),
            node.lineno,
        )

    # --- changes to others

    def _module(self, node: ast.expr) -> str:
        """The dotted name of a module of the standard library or of the test runner; empty for anything else."""
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or root.id not in self.names:
            return "builtins" if isinstance(root, ast.Name) and root.id == "__builtins__" else ""
        name = self._dotted(node)
        top = name.partition(".")[0]
        return name if top in _RUNNERS or (top in sys.stdlib_module_names and name in self.modules) else ""

    def _changes(self, node: ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete) -> Iterator[_Found]:
        targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [node.target]
        for target in targets:
            for part in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
                if isinstance(part, ast.Attribute) and self._dotted(part) not in _SETTABLE:
                    if module := self._module(part.value):
                        what = f"changes {module}.{part.attr}, which other code relies on"
                        yield "patching", what, *_VETO, node.lineno
                elif isinstance(part, ast.Subscript) and self._dotted(part.value) in {"sys.modules", "__builtins__"}:
                    yield "patching", f"changes {self._dotted(part.value)}", *_VETO, node.lineno

    def _compares(self, node: ast.Compare) -> Iterator[_Found]:
        sides = [node.left, *node.comparators]
        looks = any(self._dotted(s) in {"sys.modules", "sys.argv", "os.environ"} for s in sides)
        if looks and any((_text(s) or "").partition(".")[0] in _RUNNERS for s in sides):
            yield "test-detection", "asks whether a test runner is loaded", *_VETO, node.lineno

    def _classes(self, node: ast.ClassDef) -> Iterator[_Found]:
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and method.name == "__eq__":
                statements = [s for s in method.body if not (isinstance(s, ast.Expr) and _text(s.value) is not None)]
                only = statements[0] if len(statements) == 1 else None
                if isinstance(only, ast.Return) and isinstance(only.value, ast.Constant) and only.value.value is True:
                    yield "always-equal", f"{node.name} says that it equals anything", *_VETO, method.lineno


_VETO = ("medium", "high")  # severity, confidence
_LISTED = ("medium", "medium")
_MUTATORS = frozenset({"append", "insert", "extend", "pop", "remove", "clear", "update", "setdefault", "__setitem__"})


def defined_names(tree: ast.Module) -> set[str]:
    """Functions and classes of the top level: a file that defines `eval` means its own."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in tree.body if isinstance(node, kinds)}


def _text(node: ast.AST | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def _is_getattr(node: ast.Call) -> bool:
    named = isinstance(node.func, ast.Name) and node.func.id == "getattr"
    return named and len(node.args) > 1 and _text(node.args[1]) is not None


def _opens_to_write(node: ast.Call) -> bool:
    mode = node.args[1] if len(node.args) > 1 else next((k.value for k in node.keywords if k.arg == "mode"), None)
    text = _text(mode)
    return text is not None and bool(set(text) & set("wax+"))
