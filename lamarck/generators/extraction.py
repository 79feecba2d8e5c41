"""From a model's reply to the files it holds. Text that does not parse is never a program."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable
from typing import TypeVar

from lamarck.generators.fitting import gathered_methods, named_as_asked, wrapped_body
from lamarck.generators.syntax import tree_of
from lamarck.records import Record, SourceFile

T = TypeVar("T")

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+.-]*)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.M | re.S)
_PATH_COMMENT = re.compile(r"\A\s*#\s*(?:file(?:name)?:\s*)?([\w./-]+\.py)\s*$", re.M)
_CODE_START = re.compile(r"^(?:from|import|def|async def|class|@)\b|^[A-Z_]+ *=", re.M)

# Modules and names that small models use and forget to import, each with the one import that it can mean.
_MODULES = "math re itertools functools collections string json random heapq bisect operator copy statistics time"
_MEMBERS = {
    "typing": "Any List Dict Set Tuple Optional Union Callable Iterable Iterator Sequence Mapping Generator TypeVar",
    "collections": "defaultdict Counter deque OrderedDict namedtuple",
    "dataclasses": "dataclass field",
    "datetime": "datetime date timedelta",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "enum": "Enum auto",
    "pathlib": "Path",
    "abc": "ABC abstractmethod",
    "functools": "reduce wraps lru_cache cmp_to_key partial",
    "itertools": "groupby chain islice product permutations combinations zip_longest",
}
COMMON_IMPORTS = {name: f"import {name}" for name in _MODULES.split()} | {
    name: f"from {module} import {name}" for module, names in _MEMBERS.items() for name in names.split()
}


class Extraction(Record, frozen=True, kw_only=True):
    """The files found in a reply, and which mends were needed to get them."""

    files: tuple[SourceFile, ...]
    rules: tuple[str, ...] = ()


# Every mend by its name, as it stands in `Extraction.rules`; each can be left out, to measure what it wins.
RULES = (
    "no fence",
    "chose the block",
    "joined blocks",
    "files by order",
    "split the block",
    "cut the end",
    "dropped tests and examples",
    "added imports",
    "wrapped the body",
    "gathered the methods",
    "named as asked",
)


def extract(
    reply: str,
    paths: tuple[str, ...],
    wanted: str | None,
    *,
    signature: str | None = None,
    stub: str = "",
    without: frozenset[str] = frozenset(),
) -> Extraction | None:
    """The files `paths` out of a reply, or None when it holds none that parse.

    paths: what has to be written, main file first. wanted: the name that the main file should define. signature: of
    that name, as `def name(…) -> …`. stub: the main file as it was to be completed. without: names of `RULES` that are
    not applied.
    """
    text = reply.encode("utf-8", "replace").decode()  # half a surrogate pair is no text to keep
    rules = _Rules(without)
    blocks = _blocks(text, rules)
    if len(paths) == 1:
        whole = wrapped_body(blocks[0][1], signature) if len(blocks) == 1 else None
        found_code = rules.apply("wrapped the body", whole) or _best_block([b for _, b in blocks], wanted, rules)
        if found_code is None:
            return None
        gathered = rules.apply("gathered the methods", gathered_methods(found_code, stub))
        code = found_code if gathered is None else gathered
        files: tuple[SourceFile, ...] = (SourceFile(path=paths[0], text=_mend(code, paths[0], rules)),)
        files = rules.apply("named as asked", named_as_asked(files, wanted, signature)) or files
        return Extraction(files=files, rules=tuple(rules))
    found = _assign(_one_file_each(blocks, paths, rules), paths, rules)
    if found is None:
        return None
    files = tuple(SourceFile(path=p, text=_mend(found[p], p, rules)) for p in paths)
    return Extraction(files=files, rules=tuple(rules))


class _Rules(list[str]):
    """The mends that were made. without: those that may not be."""

    def __init__(self, without: frozenset[str]) -> None:
        super().__init__()
        self._without = without

    def allow(self, rule: str) -> bool:
        return rule not in self._without

    def apply(self, rule: str, mended: T | None) -> T | None:
        """`mended`, noted, where there is something and the rule is allowed."""
        if mended is None or not self.allow(rule):
            return None
        self.append(rule)
        return mended


def _blocks(reply: str, rules: _Rules) -> list[tuple[str | None, str]]:
    """(path named just before or inside, code) of every fenced block; the whole text when there is no fence."""
    blocks: list[tuple[str | None, str]] = []
    for match in _FENCE.finditer(reply):
        if match[2].lower() in {"bash", "sh", "shell", "console", "text", "json", "yaml", "toml"}:
            continue
        code = textwrap.dedent(match[3])
        inside = _PATH_COMMENT.match(code)
        before = re.search(r"([\w./-]+\.py)\W*\Z", reply[: match.start()].rstrip()[-80:])
        named = inside or before
        blocks.append((named[1] if named else None, code))
    if not blocks and (whole := rules.apply("no fence", _without_prose(reply))) is not None:
        blocks.append((None, whole))
    return blocks


def _without_prose(text: str) -> str:
    start = _CODE_START.search(text)
    return text[start.start() :] if start else text


def _best_block(blocks: list[str], wanted: str | None, rules: _Rules) -> str | None:
    """The block that defines what is wanted, else the largest that defines anything; cut where it was truncated."""
    parsed: list[tuple[bool, int, str]] = []
    for block in blocks:
        code = _parsing_part(block, rules)
        if code is not None and (names := _defined(ast.parse(code))):
            parsed.append((wanted in names, len(code), code))
    if not parsed:
        return None
    best = max(parsed, key=lambda p: (p[0], p[1])) if rules.allow("chose the block") else parsed[0]
    if best is not parsed[0]:
        rules.append("chose the block")
    return _with_missing_blocks(best[2], [p[2] for p in parsed if p is not best], rules)


def _with_missing_blocks(code: str, others: Iterable[str], rules: _Rules) -> str:
    """Put other blocks before `code` when they define names that it uses and lacks."""
    missing = _undefined(ast.parse(code))
    needed = [o for o in others if _defined(ast.parse(o)) & missing]
    if not needed or not rules.allow("joined blocks"):
        return code
    rules.append("joined blocks")
    return "\n\n".join([*needed, code])


def _one_file_each(
    blocks: list[tuple[str | None, str]], paths: tuple[str, ...], rules: _Rules
) -> list[tuple[str | None, str]]:
    """Blocks that hold several of the files, parted where a comment names the next one."""
    parted: list[tuple[str | None, str]] = []
    for name, block in blocks:
        lines = block.splitlines(keepends=True)
        starts = [n for n, line in enumerate(lines) if _names_one(line, paths)]
        if len(starts) < 2 or not rules.allow("split the block"):
            parted.append((name, block))
            continue
        rules.append("split the block")
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            parted.append((lines[start].strip("#` \t\r\n:"), "".join(lines[start:end])))
    return parted


def _names_one(line: str, paths: tuple[str, ...]) -> bool:
    return line.startswith("#") and line.strip("#` \t\r\n:") in paths


def _assign(blocks: list[tuple[str | None, str]], paths: tuple[str, ...], rules: _Rules) -> dict[str, str] | None:
    """Each path its block: by the path that a block names, else in the order asked for."""
    usable = [(name, code) for name, block in blocks if (code := _parsing_part(block, rules)) is not None]
    found: dict[str, str] = {}
    rest: list[str] = []
    for name, code in usable:
        path = next(
            (p for p in paths if name and (p == name or p.endswith("/" + name) or name.endswith("/" + p))), None
        )
        if path and path not in found:
            found[path] = code
        elif name is None:
            rest.append(code)
    for path in paths:
        if path not in found and rest and rules.allow("files by order"):
            rules.append("files by order")
            found[path] = rest.pop(0)
    for path in paths:  # a package's __init__ may stay empty
        if path not in found and path.endswith("__init__.py"):
            found[path] = ""
    return found if len(found) == len(paths) else None


def _parsing_part(block: str, rules: _Rules) -> str | None:
    """The block if it parses, else its longest leading part that does (a truncated reply, prose after code)."""
    if tree_of(block):
        return block
    if not rules.allow("cut the end"):
        return None
    lines = block.splitlines()
    for end in range(len(lines) - 1, max(0, len(lines) - 60), -1):
        part = "\n".join(lines[:end]) + "\n"
        if (tree := tree_of(part)) and _defined(tree):
            rules.append("cut the end")
            return part
    return None


def _defined(tree: ast.Module) -> set[str]:
    """Names of functions, classes and assignments at module level."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def _mend(code: str, path: str, rules: _Rules) -> str:
    """Without the tests and examples that models add, and with the imports that they forget."""
    code = _without_extras(code, path, rules)
    missing = sorted({COMMON_IMPORTS[n] for n in _undefined(ast.parse(code)) if n in COMMON_IMPORTS})
    if missing and rules.allow("added imports"):
        rules.append("added imports")
        code = _after_future_imports(code, "\n".join(missing) + "\n")
    return code.strip("\n") + "\n" if code.strip() else ""


def _without_extras(code: str, path: str, rules: _Rules) -> str:
    tree = ast.parse(code)
    module = path.removesuffix(".py").replace("/", ".")
    dropped = [n for n in tree.body if _is_extra(n, module)]
    if not dropped or len(dropped) == len(tree.body) or not rules.allow("dropped tests and examples"):
        return code
    rules.append("dropped tests and examples")
    lines = code.splitlines()
    for node in reversed(dropped):
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        del lines[first - 1 : node.end_lineno]
    kept = "\n".join(lines) + "\n"
    return kept if tree_of(kept) else code


def _is_extra(node: ast.stmt, module: str) -> bool:
    if isinstance(node, ast.Assert):
        return True
    if isinstance(node, ast.If):
        return "__name__" in {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = node.value.func
        name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
        return name in {"print", "main", "testmod", "run_tests", "check"} or name.startswith("test_")
    if isinstance(node, ast.FunctionDef):
        return node.name.startswith("test_")
    if isinstance(node, ast.ClassDef):
        return any("TestCase" in ast.unparse(base) for base in node.bases)
    if isinstance(node, ast.Import):
        return all(a.name in {"pytest", "unittest", "doctest"} for a in node.names)
    return isinstance(node, ast.ImportFrom) and node.level == 0 and node.module == module


def _undefined(tree: ast.Module) -> set[str]:
    """Names that are read somewhere and bound nowhere: an over-approximation of what is in scope is enough here."""
    import builtins

    bound: set[str] = set(dir(builtins))
    read: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            bound.add(node.name)
    return read - bound


def _after_future_imports(code: str, text: str) -> str:
    """Put `text` behind the module's docstring and `from __future__` lines."""
    tree = ast.parse(code)
    last = 0
    for node in tree.body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (is_docstring or is_future):
            break
        last = node.end_lineno or 0
    lines = code.splitlines(keepends=True)
    return "".join(lines[:last]) + text + "".join(lines[last:])
