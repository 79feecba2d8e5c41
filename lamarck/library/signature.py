"""What a function looks like from outside, reduced to what makes two of them interchangeable at first sight."""

from __future__ import annotations

import ast

from lamarck.records import Record

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Shape(Record, frozen=True, kw_only=True):
    """arity: parameters (None: a class); returns: the outline of the result (None: not stated).

    Outlines forget type arguments and capitals: `List[int]` and `list[str]` are both `list`.
    """

    arity: int | None
    returns: str | None

    def fits(self, other: Shape) -> bool:
        """Whether the two take the same number of arguments and don't contradict each other in what they return."""
        if self.arity != other.arity:
            return False
        return self.returns == other.returns or self.returns is None or other.returns is None


def shape_of(signature: str) -> Shape | None:
    """The shape of a signature as people write it: `def f(a: int) -> str`, `f(a, b)`, `(a) -> str`, `class Stack`.

    None when it can't be read as Python.
    """
    text = signature.strip().removesuffix("...").rstrip().removesuffix(":")
    if text.startswith("("):
        text = f"def _{text}"
    elif not text.startswith(("def ", "async def ", "class ")):
        text = f"def {text}"
    definition = next(iter(definitions(f"{text}: ...").values()), None)
    return shape_of_definition(definition) if definition is not None else None


def shape_of_definition(definition: Definition, *, method: bool = False) -> Shape:
    if isinstance(definition, ast.ClassDef):
        return Shape(arity=None, returns="class")
    arguments = definition.args
    arity = len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)
    arity += (arguments.vararg is not None) + (arguments.kwarg is not None)
    if method and not any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in definition.decorator_list):
        arity -= 1
    return Shape(arity=arity, returns=_outline(definition.returns) if definition.returns else None)


def definitions(source: str) -> dict[str, Definition]:
    """Functions and classes of a module, methods as `Class.method`; empty when the source does not parse."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, Definition] = {}
    for node in tree.body:
        if isinstance(node, Definition):
            found[node.name] = node
            if isinstance(node, ast.ClassDef):
                inner = (n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
                found.update({f"{node.name}.{n.name}": n for n in inner})
    return found


def signature_of(definition: Definition) -> str:
    """The line that defines it, with annotations and defaults: `def f(a: int=1) -> str`, `class Stack(list)`."""
    if isinstance(definition, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in definition.bases)
        return f"class {definition.name}({bases})" if bases else f"class {definition.name}"
    returns = f" -> {ast.unparse(definition.returns)}" if definition.returns else ""
    return f"def {definition.name}({ast.unparse(definition.args)}){returns}"


def _outline(annotation: ast.expr) -> str:
    match annotation:
        case ast.Constant(value=None):
            return "none"
        case ast.Constant(value=str(text)):
            try:
                return _outline(ast.parse(text, mode="eval").body)
            except (SyntaxError, ValueError):
                return text
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.lower()
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _union(_outline(left), _outline(right))
        case ast.Subscript(value=value, slice=inner):
            outer = _outline(value)
            if outer == "optional":
                return _union(_outline(inner), "none")
            if outer == "union" and isinstance(inner, ast.Tuple):
                return _union(*(_outline(part) for part in inner.elts))
            return outer
        case _:
            return ast.unparse(annotation)


def _union(*outlines: str) -> str:
    return "|".join(sorted({part for outline in outlines for part in outline.split("|")}))
