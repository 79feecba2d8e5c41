"""Composition: proven functions of the library offered to a model as imports, and bundled with what it writes.

A model that is told what exists already writes calls instead of code. What it calls becomes part of its module, so that
the candidate stands alone and is proven whole; the artifacts it is made of become its parents.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Sequence

from lamarck.generators.prompt import PROVEN
from lamarck.generators.syntax import tree_of
from lamarck.library.building_block import Block, block_of
from lamarck.library.library import Library
from lamarck.records import Artifact, Task, tree_hash

_PARTS = 6  # of a goal that are searched for, beside the whole
_EACH = 4  # hits that are looked at for each of them
_SHORTEST = 3  # words of a part worth a search
_PART = re.compile(r"[.;:\n]|, (?:then|and) | then | and ")


class Blocks:
    """Chooses what to offer for a task. most: at most so many; least: the score of a hit from which it may help."""

    def __init__(self, library: Library, *, most: int, least: float) -> None:
        self._library = library
        self._most = most
        self._least = least

    def for_task(self, task: Task) -> tuple[Artifact, ...]:
        """Nearest first, by the task's goal and by each of its parts; none that has the name of the task's own, and
        none that makes what the task is given already."""
        if not self._most:
            return ()
        best: dict[str, tuple[float, Artifact]] = {}
        for text in parts_of(task.goal):
            for hit in self._library.find(text, limit=_EACH):
                score = max(hit.score, best.get(hit.artifact.id, (0.0,))[0])
                best[hit.artifact.id] = (score, hit.artifact)
        chosen: dict[str, Artifact] = {}
        for score, artifact in sorted(best.values(), key=lambda b: (-b[0], b[1].id)):
            block = block_of(artifact) if score >= self._least else None
            if block is not None and block.name != task.entry_point and not _makes_what_is_given(block, task):
                chosen.setdefault(block.name, artifact)
        return tuple(chosen.values())[: self._most]


def _makes_what_is_given(block: Block, task: Task) -> bool:
    """Whether a block's result is of the type of one of the task's parameters, and its own parameters are of others:
    the reader of orders has nothing to do where orders come in. Told for types with a content alone, not for `str`.
    """
    given, (parameters, result) = _types(task.signature or "")[0], _types(block.shown)
    return "[" in result and result in given and not parameters & given


def _types(signature: str) -> tuple[frozenset[str], str]:
    """(types of the parameters, type of the result) as they are written."""
    tree = tree_of(signature if "\n" in signature else f"{signature.strip().rstrip(':')}: ...")
    function = tree.body[0] if tree is not None and tree.body else None
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return frozenset(), ""
    written = [a.annotation for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    parameters = frozenset(ast.unparse(a) for a in written if a is not None)
    return parameters, ast.unparse(function.returns) if function.returns else ""


def parts_of(goal: str) -> tuple[str, ...]:
    """The goal, and its sentences and halves of sentences: a task made of steps names each of them."""
    parts = [p.strip() for p in _PART.split(goal)]
    worth = [p for p in parts if len(p.split()) >= _SHORTEST and p != goal.strip()]
    return tuple(dict.fromkeys([goal, *worth[:_PARTS]]))


def import_line(blocks: Sequence[Block]) -> str:
    return f"from {PROVEN} import {', '.join(b.name for b in blocks)}\n" if blocks else ""


def bundled(code: str, blocks: Sequence[Block]) -> tuple[str, tuple[Block, ...]]:
    """`code` with the source of every block that it calls in place of the import, and these blocks.

    What can't be brought together (two meanings of one name) stays out; the code then fails its tests and says why.
    """
    tree = tree_of(code)
    if tree is None:
        return code, ()
    aliases = _aliases(tree)
    bare = _without(code, [n for n in ast.walk(tree) if _imports_blocks(n)])
    tree = tree_of(bare)
    if tree is None:
        return code, ()
    wanted = _free_names(tree)
    parts, used = _Parts(tree), []
    for block in blocks:
        names = {block.name} | {n for n, real in aliases.items() if real == block.name}
        own = parts.taken.get(block.name)
        written_again = own is not None and own == _definition_of(block)
        if written_again or (names & wanted and parts.take(block)):
            used.append(block)
    renamed = [f"{alias} = {real}" for alias, real in aliases.items() if alias != real and alias in wanted]
    return parts.before(bare, renamed), tuple(used)


def _imports_blocks(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == PROVEN and node.level == 0


def _aliases(tree: ast.Module) -> dict[str, str]:
    return {a.asname or a.name: a.name for n in ast.walk(tree) if _imports_blocks(n) for a in n.names}  # type: ignore[attr-defined]


def _without(code: str, nodes: Iterable[ast.AST]) -> str:
    lines = code.splitlines()
    for node in sorted(nodes, key=lambda n: -n.lineno):  # type: ignore[attr-defined]
        lines[node.lineno - 1 : node.end_lineno] = []  # type: ignore[attr-defined]
    return "\n".join(lines).strip("\n") + "\n"


def _free_names(tree: ast.Module) -> set[str]:
    """Names that are read somewhere and bound nowhere."""
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    bound |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    return read - bound - {name for node in tree.body for name in _bound_by(node)} - set(dir(builtins))


def _bound_by(node: ast.stmt) -> list[str]:
    """The names that a statement of a module binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(a.asname or a.name).partition(".")[0] for a in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]


def _said(node: ast.stmt) -> str:
    """What a statement says, whatever its docstring and its layout."""
    return tree_hash(ast.unparse(node)) or ""


def _definition_of(block: Block) -> str | None:
    found = (n for n in ast.parse(block.source).body if block.name in _bound_by(n))
    return next((_said(n) for n in found), None)


class _Parts:
    """What has been brought together so far, beside the code that calls it."""

    def __init__(self, tree: ast.Module) -> None:
        self.taken = {name: _said(node) for node in tree.body for name in _bound_by(node)}
        self._imports: list[str] = []
        self._texts: list[str] = []

    def take(self, block: Block) -> bool:
        """Bring what the block needs of its module; False, and nothing is brought, when a name means something else."""
        needed = _closure(block)
        brought: list[tuple[str, bool]] = []
        names: dict[str, str] = {}
        for node in needed:
            segment = ast.get_source_segment(block.source, node) or ast.unparse(node)
            decorators = getattr(node, "decorator_list", [])
            text = "".join(f"@{ast.unparse(d)}\n" for d in decorators) + segment
            said = _said(node)
            bound = _bound_by(node)
            known = [self.taken[n] for n in bound if n in self.taken]
            if any(k != said for k in known):
                return False
            names |= dict.fromkeys(bound, said)
            if len(known) < len(bound) or not bound:
                brought.append((text, isinstance(node, ast.Import | ast.ImportFrom)))
        self.taken |= names
        self._imports += [text for text, is_import in brought if is_import and text not in self._imports]
        self._texts += [text for text, is_import in brought if not is_import]
        return True

    def before(self, code: str, renamed: Sequence[str]) -> str:
        """The code with all of it between its imports and what comes after them."""
        if not self._imports and not self._texts:
            return code
        lines = code.splitlines()
        place = 0
        for node in ast.parse(code).body:
            if not isinstance(node, ast.Import | ast.ImportFrom) and not (place == 0 and _is_docstring(node)):
                break
            place = node.end_lineno or 0
        future = [text for text in self._imports if "__future__" in text]
        imports = [text for text in self._imports if "__future__" not in text]
        head, rest = "\n".join([*lines[:place], *imports]), "\n".join(lines[place:]).strip("\n")
        if future and "from __future__" not in code:
            head = f"{future[0]}\n{head}" if not _is_docstring(ast.parse(code).body[0]) else head
        texts = [head, *self._texts, *(["\n".join(renamed)] if renamed else []), rest]
        return "\n\n\n".join(t for t in texts if t.strip()) + "\n"


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _closure(block: Block) -> list[ast.stmt]:
    """The statements of the block's module that its function needs, in their order."""
    body = ast.parse(block.source).body
    by_name = {name: node for node in body for name in _bound_by(node)}
    needed: set[int] = set()
    open_names = [block.name]
    while open_names:
        node = by_name.get(open_names.pop())
        if node is None or id(node) in needed:
            continue
        needed.add(id(node))
        open_names += [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    future = [n for n in body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    return [n for n in body if id(n) in needed or n in future]
