"""Mends for right code in the wrong shape: a body alone, methods without their class, another name.

Each answers None where it does not apply, so that nothing is guessed when there are two readings.
"""

from __future__ import annotations

import ast
import textwrap
from itertools import islice

from lamarck.generators.alignment import variants
from lamarck.generators.syntax import tree_of
from lamarck.records import SourceFile

_TRIED = 12


def wrapped_body(code: str, signature: str | None) -> str | None:
    """The function of `signature` (`def f(x) -> int`) around statements that stand alone and return."""
    if not signature or not signature.startswith(("def ", "async def ")):
        return None
    tree = tree_of(textwrap.dedent(code))
    if tree is None or any(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for n in tree.body):
        return None
    if not any(isinstance(n, ast.Return | ast.Yield | ast.YieldFrom) for n in ast.walk(tree)):
        return None
    body = textwrap.indent(textwrap.dedent(code).strip("\n"), "    ")
    whole = f"{signature.rstrip().rstrip(':')}:\n{body}\n"
    return whole if tree_of(whole) else None


def gathered_methods(code: str, stub: str) -> str | None:
    """Methods that stand alone, put into the one class of the stub that has them. Imports stay before it."""
    tree, wanted = tree_of(code), tree_of(stub)
    if tree is None or wanted is None:
        return None
    classes = [n for n in wanted.body if isinstance(n, ast.ClassDef)]
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    if len(classes) != 1 or not functions or any(isinstance(n, ast.ClassDef) for n in tree.body):
        return None
    names = {n.name for n in classes[0].body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    methods = [f for f in functions if f.args.args and f.args.args[0].arg in {"self", "cls"}]
    if not methods or not {m.name for m in methods} & names:
        return None
    lines = code.splitlines()
    inside: list[str] = []
    for method in methods:
        first = min([method.lineno, *(d.lineno for d in method.decorator_list)])
        inside += [textwrap.indent("\n".join(lines[first - 1 : method.end_lineno]), "    "), ""]
    taken = {n for m in methods for n in range(_first_line(m), (m.end_lineno or m.lineno) + 1)}
    outside = [line for number, line in enumerate(lines, 1) if number not in taken]
    bases = ", ".join(ast.unparse(b) for b in classes[0].bases)
    header = f"class {classes[0].name}({bases}):" if bases else f"class {classes[0].name}:"
    whole = "\n".join([*outside, "", header, *inside]).strip("\n") + "\n"
    return whole if tree_of(whole) else None


def named_as_asked(
    files: tuple[SourceFile, ...], wanted: str | None, signature: str | None
) -> tuple[SourceFile, ...] | None:
    """The one function or class that was written, under the name and signature that were asked for."""
    tree = tree_of(files[0].text)
    if wanted is None or tree is None:
        return None
    written = [n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    bound = {t.id for n in ast.walk(tree) if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    if wanted in written or wanted in bound:
        return None
    public = [name for name in written if not name.startswith("_")]
    if not public:
        return None
    same = [name for name in public if name.lower().replace("_", "") == wanted.lower().replace("_", "")]
    if len(public) > 1 and len(same) != 1:
        return None
    have = same[0] if same else public[0]
    aligned = list(islice(variants(files, have, path=files[0].path, wanted=wanted, signature=signature), _TRIED))
    if signature and signature.startswith(("def ", "async def ")):  # then a class is not it, but a method of it may be
        defines = f"def {wanted}("
        aligned = [a for a in aligned if defines in a[0].text.rpartition("\n\n\n")[2]]
        aligned.sort(key=lambda a: f".{wanted}(" not in a[0].text)
    return aligned[0] if aligned else None


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])
