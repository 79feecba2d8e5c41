"""Rules for weaknesses that come with what code is used for: web handlers, databases, cryptography, XML, archives.

What comes from outside is followed through a function: what it is assigned to, formatted into and concatenated with is
outside too, until something that cleans it is called. Named after what they find; each tells its CWE. Only what is
wrong wherever it stands vetoes; the rest is told with medium confidence.
"""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lamarck.checks.weak_calls import MAYBE, SURE, Call, is_constant, is_secret_name, is_secret_text, weak_calls
from lamarck.records import Finding

_Found = tuple[str, str, str, int]  # rule, message, confidence, line
Function = ast.FunctionDef | ast.AsyncFunctionDef

_WEB = frozenset(
    {"flask", "django", "fastapi", "bottle", "tornado", "aiohttp", "pyramid", "sanic", "starlette", "werkzeug"}
)
_SOURCES = re.compile(
    r"^(?:flask\.)?(?:self\.)?request\.(?:args|form|values|json|data|files|cookies|headers|query|GET|POST|FILES|COOKIES"
    r"|META|get_json|get_data|body|params|query_params|path_params|match_info|url|path|query_string|environ|stream"
    r"|get_argument|arguments)|^input$|^sys\.argv|^(?:self\.)?get_(?:query_|body_)?arguments?|^cgi\.FieldStorage"
    r"|^sys\.stdin"
)
_CLEANS = re.compile(
    r"escape|quote|secure_filename|safe_join|basename|bleach\.clean|clean|sanitize|sanitise|validate|whitelist|allowed"
    r"|is_safe|isdigit|isalnum|escape_filter_chars|url_has_allowed_host|strip_tags"
    r"|^(?:int|float|bool|uuid\.UUID|UUID|len|hash)$",
    re.I,
)
_SQL = re.compile(
    r"\b(?:select\s.+\sfrom|insert\s+into|update\s.+\sset|delete\s+from|drop\s+table|where\s+\S+\s*=)\b"
    r"|\b(?:select|insert|update|delete)\b.*(?:%s|\{|$)",
    re.I | re.S,
)
_QUERIES = frozenset({"execute", "executemany", "executescript", "raw", "extra", "text", "read_sql", "read_sql_query"})
_RANDOM_FOR = re.compile(
    r"token|passw|secret|session|api_?key|otp|salt|nonce|csrf|reset|verif|auth|_iv\b|^iv$|^key$|_key$|captcha|pin\b",
    re.I,
)
_GUARDS = re.compile(
    r"startswith|commonp|is_relative_to|\bin [A-Za-z_.]*(?:ALLOW|WHITE|SAFE|VALID|HOSTS|allow|safe)"
    r"|resolve|abspath|realpath|netloc|hostname|isalnum|fullmatch|match\("
)
_GUARDED = frozenset({"path-traversal", "open-redirect", "server-request"})
_INSIDE = re.compile(r"traceback\.|\bstr\((?:e|ex|err|error|exc)\)|\{(?:e|ex|err|error|exc)\}")


@dataclass(frozen=True)
class _Sink:
    """A place where nothing from outside may go. pattern: of the dotted name. tops: the file imports one of them.
    first: only the first argument counts."""

    rule: str
    message: str
    confidence: str
    pattern: re.Pattern[str]
    tops: frozenset[str] = frozenset()
    first: bool = False


def _sink(rule: str, message: str, pattern: str, sure: str = MAYBE, tops: str = "", *, first: bool = False) -> _Sink:
    return _Sink(rule, message, sure, re.compile(pattern), frozenset(tops.split()), first)


SINKS = (
    _sink("command-injection", "runs a command that comes from outside (CWE-78)",
          r"^(?:os\.(?:system|popen|exec\w+|spawn\w+|startfile)|subprocess\.\w+|commands\.\w+|pty\.spawn)$", SURE),
    _sink("code-injection", "runs text from outside as code (CWE-94)",
          r"^(?:eval|exec|compile|__import__|importlib\.import_module)$", SURE),
    _sink("template-injection", "renders a template from outside (CWE-1336)",
          r"render_template_string$|\.from_string$|(?:^|\.)Template$", SURE),
    _sink("deserialise", "reads objects from outside that can run code (CWE-502)",
          r"^(?:yaml\.(?:unsafe_|full_)?load(?:_all)?|jsonpickle\.decode|(?:c?[Pp]ickle|dill|marshal|_pickle)\.loads?"
          r"|torch\.load|joblib\.load|shelve\.open|pandas\.read_pickle)$", SURE),
    _sink("path-traversal", "opens a path that comes from outside (CWE-22)",
          r"^(?:open|io\.open|codecs\.open|os\.(?:remove|unlink|rmdir|listdir|mkdir|makedirs|open|rename|stat|chmod"
          r"|readlink)|shutil\.\w+|pathlib\.Path|(?:flask\.)?send_file|(?:flask\.)?send_from_directory|tarfile\.open"
          r"|zipfile\.ZipFile)$|\.(?:save|FileResponse)$"),
    _sink("server-request", "asks an address that comes from outside (CWE-918)",
          r"^(?:requests|httpx)\.(?:get|post|put|delete|head|patch|request|options)$|urlopen$|urlretrieve$"
          r"|^http\.client\.HTTPS?Connection$|session\.(?:get|post)$|^aiohttp\."),
    _sink("open-redirect", "redirects to where somebody outside says (CWE-601)",
          r"(?:[Rr]edirect|HttpResponseRedirect)$"),
    _sink("scripting", "answers with what came from outside, unescaped (CWE-79)",
          r"(?:^|\.)(?:make_response|HttpResponse|Response|Markup|mark_safe|HTMLResponse|write)$", tops=" ".join(_WEB)),
    _sink("regex-injection", "searches with a pattern from outside (CWE-1333)",
          r"^re\.(?:compile|search|match|fullmatch|findall|sub|split|finditer)$", first=True),
    _sink("log-injection", "logs what came from outside, line ends included (CWE-117)",
          r"^(?:logging|logger|log|app\.logger|current_app\.logger|self\.logger|self\.log|LOG|LOGGER)\."
          r"(?:debug|info|warning|warn|error|critical|exception|log)$"),
    _sink("ldap-injection", "builds an LDAP filter or name from outside (CWE-90)",
          r"\.(?:search|search_s|search_ext|search_st|simple_bind_s|bind_s)$", tops="ldap ldap3"),
    _sink("xpath-injection", "builds an XPath from outside (CWE-643)",
          r"\.(?:xpath|XPath|find|findall|iterfind)$", tops="lxml xml"),
    _sink("setting-injection", "sets attributes that somebody outside names (CWE-915)", r"^setattr$"),
    _sink("header-injection", "sends a header from outside (CWE-113)", r"\.(?:add_header|set_cookie|putheader)$"),
)  # fmt: skip


def weaknesses(tree: ast.Module, path: str) -> tuple[Finding, ...]:
    """Findings in one file, in the order of its lines. Nothing is run."""
    reading = _Reading(tree)
    found = {
        Finding(rule=rule, message=message, severity="medium", confidence=sure, path=path, line=line)
        for rule, message, sure, line in reading.findings()
    }
    return tuple(sorted(found, key=lambda f: (f.line, f.rule, f.message)))


class _Reading:
    """One file: what its names mean, then one function after the other."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.names: dict[str, str] = {}
        tops: set[str] = set()
        self.nodes = list(ast.walk(tree))
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    tops.add(top)
                    self.names[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                tops.add(node.module.partition(".")[0])
                for alias in node.names:
                    self.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        self.tops = frozenset(tops)
        self.is_web = bool(self.tops & _WEB)
        self.text = ast.unparse(tree)

    def findings(self) -> Iterator[_Found]:
        yield from _Flow(self, list(_outside_functions(self.tree.body)), None).findings()
        for node in self.nodes:
            if isinstance(node, Function):
                yield from _Flow(self, list(_outside_functions(node.body)), node).findings()
        for node in self.nodes:
            if isinstance(node, ast.Call):
                words = {k.arg: k.value for k in node.keywords if k.arg}
                yield from weak_calls(Call(node, self.dotted(node.func), self.tops, self.is_web, self.text, words))
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                yield from self._assigned(node)
            elif isinstance(node, ast.Compare):
                yield from self._compared(node)
            elif isinstance(node, ast.Attribute):
                yield from _named(node)
            elif isinstance(node, Function):
                yield from self._defined(node)

    def dotted(self, node: ast.AST | None) -> str:
        """A name as it was imported, what is called or taken out on the way left out: `a.b(1)["c"].d` is a.b.d."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
            if isinstance(node, ast.Attribute):
                parts.append(node.attr)
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name):
            parts.append(self.names.get(node.id, node.id))
        return ".".join(reversed(parts))

    def _assigned(self, node: ast.Assign | ast.AnnAssign) -> Iterator[_Found]:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            name, line = _name_of(target), node.lineno
            if is_secret_name(name) and is_secret_text(node.value):
                yield "hard-coded-secret", f"a secret stands in the code: {name} (CWE-798)", MAYBE, line
            if (name in {"check_hostname", "verify"} and is_constant(node.value, False)) or (
                name == "verify_mode" and node.value is not None and ast.unparse(node.value).endswith("CERT_NONE")
            ):
                yield "unverified", "believes any certificate (CWE-295)", SURE, line
            if name == "WTF_CSRF_ENABLED" and is_constant(node.value, False):
                yield "forged-request", "takes requests that other pages made (CWE-352)", SURE, line
            if name in {"DEBUG", "debug"} and is_constant(node.value, True) and self.is_web:
                yield "debugging", "offers a debugger to whoever asks (CWE-489)", MAYBE, line
            if name and _RANDOM_FOR.search(name) and self._is_guessable([node.value] if node.value else []):
                yield "weak-random", "a secret that can be guessed (CWE-330)", MAYBE, line

    def _is_guessable(self, nodes: Iterable[ast.AST]) -> bool:
        calls = (self.dotted(n.func) for node in nodes for n in ast.walk(node) if isinstance(n, ast.Call))
        return any(re.match(r"(?:random|numpy\.random)\.(?!SystemRandom)\w+$", c) for c in calls)

    def _compared(self, node: ast.Compare) -> Iterator[_Found]:
        sides = [node.left, *node.comparators]
        if not any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            return
        if any(is_secret_name(_name_of(s)) for s in sides) and any(is_secret_text(s) for s in sides):
            yield "hard-coded-secret", "compares with a secret that stands in the code (CWE-798)", MAYBE, node.lineno
        digests = any(re.search(r"digest|hmac|signature", ast.unparse(s), re.I) for s in sides)
        constant = any(isinstance(s, ast.Constant) for s in sides)
        if digests and not constant and self.tops & {"hmac", "hashlib"}:
            yield "timing", "compares a digest so that its parts can be guessed (CWE-208)", MAYBE, node.lineno

    def _defined(self, node: Function) -> Iterator[_Found]:
        if any(ast.unparse(d).endswith("csrf_exempt") for d in node.decorator_list):
            yield "forged-request", "takes requests that other pages made (CWE-352)", MAYBE, node.lineno
        if _RANDOM_FOR.search(node.name) and self._is_guessable(node.body):
            yield "weak-random", "a secret that can be guessed (CWE-330)", MAYBE, node.lineno
        arguments = [*node.args.posonlyargs, *node.args.args]
        for argument, default in zip(reversed(arguments), reversed(node.args.defaults), strict=False):
            if is_secret_name(argument.arg) and is_secret_text(default):
                yield "hard-coded-secret", f"a secret stands in the code: {argument.arg} (CWE-798)", MAYBE, node.lineno


_BINDING = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr, ast.For, ast.withitem)


def _outside_functions(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """Every node of statements but for those of the functions in them; statement by statement, then by depth."""
    for statement in body:
        waiting: deque[ast.AST] = deque([statement] if not isinstance(statement, Function) else [])
        while waiting:
            node = waiting.popleft()
            yield node
            waiting.extend(n for n in ast.iter_child_nodes(node) if not isinstance(n, Function))


class _Flow:
    """One function (or the file's top level): what in it comes from outside, and where that goes."""

    def __init__(self, reading: _Reading, nodes: list[ast.AST], function: Function | None) -> None:
        self.reading = reading
        self.nodes = nodes
        self.handler = function is not None and self._is_handler(function)
        self.outside: set[str] = set()  # names that hold what came from outside
        self.built_sql: set[str] = set()
        if function is not None and self.handler:
            arguments = (*function.args.args, *function.args.kwonlyargs)
            self.outside = {a.arg for a in arguments if a.arg not in {"self", "cls", "request"}}
        binding = [n for n in nodes if isinstance(n, _BINDING)]
        for _ in range(3):  # until what is assigned later is known earlier
            for node in binding:
                self._follow(node)

    def _is_handler(self, function: Function) -> bool:
        if not self.reading.is_web:
            return False
        words = " ".join(ast.unparse(d) for d in function.decorator_list)
        first = function.args.args[0].arg if function.args.args else ""
        routed = re.search(r"route|\.(?:get|post|put|delete|patch)\b|expose|view", words) is not None
        return routed or first == "request" or function.name in {"get", "post", "put", "delete"}

    def findings(self) -> Iterator[_Found]:
        tests = (n for n in self.nodes if isinstance(n, ast.If | ast.Assert | ast.IfExp))
        guarded = bool(_GUARDS.search(" ".join(map(ast.unparse, tests))))
        for node in self.nodes:
            if isinstance(node, ast.Call):
                yield from (f for f in self._sinks(node) if not (guarded and f[0] in _GUARDED))
                yield from self._queries(node)
            elif isinstance(node, ast.Return) and self.handler:
                yield from self._returned(node)
            elif isinstance(node, ast.Assign) and self.handler:
                yield from self._headers(node)

    def _follow(self, node: ast.AST) -> None:
        targets: list[ast.expr] = []
        value: ast.expr | None = None
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
            targets, value = [node.target], node.value
        elif isinstance(node, ast.For):
            targets, value = [node.target], node.iter
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            targets, value = [node.optional_vars], node.context_expr
        if value is None:
            return
        names = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        if self._is_outside(value):
            self.outside |= names
        if _is_built(value) and _SQL.search(_constant_text(value)):
            self.built_sql |= names

    def _is_outside(self, node: ast.AST | None) -> bool:
        if isinstance(node, ast.Call):
            name = self.reading.dotted(node.func)
            if _SOURCES.match(name):
                return True
            inner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
            arguments = (*inner, *node.args, *(k.value for k in node.keywords))
            return not _CLEANS.search(name) and any(map(self._is_outside, arguments))
        if isinstance(node, ast.Name):
            return node.id in self.outside
        if isinstance(node, ast.Attribute | ast.Subscript):
            return bool(_SOURCES.match(self.reading.dotted(node))) or self._is_outside(node.value)
        if node is None or isinstance(node, ast.Compare | ast.Constant | ast.Lambda):
            return False
        return any(self._is_outside(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))

    def _sinks(self, node: ast.Call) -> Iterator[_Found]:
        arguments = (*node.args, *(k.value for k in node.keywords))
        if not any(map(self._is_outside, arguments)):
            return
        name = self.reading.dotted(node.func)
        for sink in SINKS:
            here = sink.pattern.search(name) and (not sink.tops or sink.tops & self.reading.tops)
            if here and (not sink.first or self._is_outside(arguments[0])):
                yield sink.rule, sink.message, sink.confidence, node.lineno

    def _queries(self, node: ast.Call) -> Iterator[_Found]:
        first = node.args[0] if node.args else None
        name = self.reading.dotted(node.func).rpartition(".")[2]
        if first is None or name not in _QUERIES:
            return
        outside = self._is_outside(first)
        built = _is_built(first) and bool(_SQL.search(_constant_text(first)))
        if built or outside or (isinstance(first, ast.Name) and first.id in self.built_sql):
            yield "sql-injection", "builds SQL out of values (CWE-89)", SURE if outside else MAYBE, node.lineno

    def _returned(self, node: ast.Return) -> Iterator[_Found]:
        value = node.value
        first = value.elts[0] if isinstance(value, ast.Tuple) and value.elts else value
        if first is None:
            return
        is_text = isinstance(first, ast.JoinedStr | ast.BinOp | ast.Name)
        if isinstance(first, ast.Call) and isinstance(first.func, ast.Attribute):
            is_text = first.func.attr in {"format", "join", "replace"}
        if is_text and self._is_outside(first):
            yield "scripting", "answers with what came from outside, unescaped (CWE-79)", MAYBE, node.lineno
        if _INSIDE.search(ast.unparse(first)):
            yield "exposed-error", "tells whoever asks how it failed inside (CWE-209)", MAYBE, node.lineno

    def _headers(self, node: ast.Assign) -> Iterator[_Found]:
        target = node.targets[0]
        if not (isinstance(target, ast.Subscript) and self._is_outside(node.value)):
            return
        if re.search(r"(?:headers|response|resp|rsp)$", ast.unparse(target.value)):
            yield "header-injection", "sends a header from outside (CWE-113)", MAYBE, node.lineno


def _named(node: ast.Attribute) -> Iterator[_Found]:
    if node.attr == "MODE_ECB":
        yield "weak-cipher", "a mode that shows equal blocks (CWE-327)", MAYBE, node.lineno
    if re.search(r"^PROTOCOL_(?:SSLv[23]|TLSv1(?:_1)?)$", node.attr):
        yield "old-protocol", "a protocol that can be broken (CWE-327)", SURE, node.lineno


def _name_of(node: ast.expr) -> str:
    """What an expression is called by its last part: `self.password`, `settings["password"]`."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_built(node: ast.expr) -> bool:
    """Text that is put together with something that is no constant."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(v, ast.FormattedValue) for v in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        parts = (node.left, node.right)
        return any(isinstance(p, ast.Constant) and isinstance(p.value, str) for p in parts) or any(
            map(_is_built, parts)
        )
    formats = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
    return formats and isinstance(node, ast.Call) and bool(node.args or node.keywords)


def _constant_text(node: ast.expr) -> str:
    return " ".join(n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str))
