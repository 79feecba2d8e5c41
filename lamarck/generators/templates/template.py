"""A template: a program with a declared scope and its own tests. It is text: no template is ever run on the host."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from lamarck.errors import BadInput
from lamarck.generators.syntax import tree_of
from lamarck.records import Acceptance, AcceptanceKind, Example, Record, SourceFile, Task, make_task

SUFFIX = ".toml"
_MARK = re.compile(r"\s*#\?((?: \w+=\w+(?:\|\w+)*)+)\s*$")
_PUBLIC = re.compile(r"^(?:async )?(?:def|class) ([A-Za-z]\w*)", re.M)
_RAISES = re.compile(r"^(.*\S)\s+raises\s+(\w+)$", re.S)

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Case(Record, frozen=True, kw_only=True):
    """A request: one that a template has to serve, or one that it must leave alone.

    goal: in words; default the stub's docstring. signature: `def f(a, b) -> c`. stub: the file to write. examples:
    `f(1) == 2` or `f(0) raises ValueError`. tests: a pytest file that imports the module.
    """

    goal: str = ""
    signature: str | None = None
    stub: str = ""
    module: str = "answer"
    examples: tuple[str, ...] = ()
    tests: str = ""


class Template(Record, frozen=True, kw_only=True, dict=True):
    """What a template's file says. `id` is `family/name`, from its place.

    asks: each a few words that a request for it has, `|` between alternatives; one of them has to fit. never: the same
    for requests that differ in essentials. synonyms: other names of the program's definitions, methods and parameters.
    options: name → choice → regular expressions that a request for this choice holds; the first choice is the default,
    and a line of the program that ends in `#? name=choice` stands only in programs of that choice (`a|b`: of either;
    several options: all have to be so).
    """

    id: str
    version: int
    summary: str
    asks: tuple[str, ...]
    program: str
    never: tuple[str, ...] = ()
    synonyms: dict[str, tuple[str, ...]] = {}
    options: dict[str, dict[str, tuple[str, ...]]] = {}
    serves: tuple[Case, ...]
    refuses: tuple[Case, ...]
    source: str = "shipped"

    @property
    def family(self) -> str:
        return self.id.partition("/")[0]

    @cached_property
    def choices(self) -> dict[str, str]:
        """The default of every option."""
        return {name: next(iter(values)) for name, values in self.options.items()}

    def text(self, choices: dict[str, str]) -> str:
        """The program with these choices."""
        key = tuple(choices.values()) if choices.keys() == self.options.keys() else None
        text = self._texts.get(key) if key is not None else None
        if text is None:
            lines = [line for line, when in self._lines if all(choices.get(name) in of for name, of in when)]
            text = "\n".join(lines).strip() + "\n"
            if key is not None:
                self._texts[key] = text
        return text

    @cached_property
    def _texts(self) -> dict[tuple[str, ...], str]:
        return {}

    @cached_property
    def _lines(self) -> list[tuple[str, list[tuple[str, list[str]]]]]:
        """Every line without its mark, and the choices in which it stands."""
        found = []
        for line in self.program.splitlines():
            mark = _MARK.search(line)
            found.append((line, []) if mark is None else (line[: mark.start()], _conditions(mark[1])))
        return found

    @property
    def names(self) -> list[str]:
        """Of what the program defines in public, in any choice."""
        return _PUBLIC.findall(self.program)

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """Public definitions of the default program, in order; the first that is no exception is what it is about."""
        tree = tree_of(self.text(self.choices))
        found = [n for n in (tree.body if tree else []) if isinstance(n, Definition) and not n.name.startswith("_")]
        return {n.name: n for n in found}


def _conditions(text: str) -> list[tuple[str, list[str]]]:
    return [(name, of.split("|")) for name, _, of in (part.partition("=") for part in text.split())]


def is_exception(node: Definition) -> bool:
    if not isinstance(node, ast.ClassDef):
        return False
    bases = [b.id for b in node.bases if isinstance(b, ast.Name)]
    return any(b.endswith(("Error", "Exception", "Warning")) for b in bases)


def read_template(path: Path, *, family: str, source: str = "shipped") -> Template:
    """Raises `BadInput` that names the file, the fault and the mend."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read as text", "check the path") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path}: not valid TOML: {error}", "correct the line it names") from error
    values = {**values, "id": f"{family}/{path.stem}", "source": source}
    try:
        template: Template = msgspec.convert(values, Template)
    except msgspec.ValidationError as error:
        raise BadInput(f"{path}: {error}", "`lamarck templates show text/slugify` shows a whole template") from error
    if source != "shipped" and (fault := fault_of(template)):  # those that come with Lamarck are proven by its tests
        raise BadInput(f"{path}: {fault}", "correct it; `lamarck templates test` tells whether it works then")
    return template


def fault_of(template: Template) -> str | None:
    """What is wrong with a template before anything of it is run; None: nothing."""
    for name, values in template.options.items():
        if not values:
            return f"option '{name}' has no choices"
        for choice in values:
            if tree_of(template.text({**template.choices, name: choice})) is None:
                return f"the program with {name}={choice} is no Python"
    found = [m for line in template.program.splitlines() if (m := _MARK.search(line))]
    marks = {name for m in found for name, _ in _conditions(m[1])}
    if unknown := marks - template.options.keys():
        return f"the program speaks of an option '{min(unknown)}' that is not declared"
    if tree_of(template.text(template.choices)) is None:
        return "the program is no Python"
    if all(is_exception(d) for d in template.definitions.values()):
        return "the program defines nothing public"
    if not template.serves or not template.refuses:
        return "it needs at least one request that it serves and one that it refuses"
    if not all(c.examples or c.tests or ">>>" in c.stub for c in template.serves):
        return "each request that it serves needs examples or tests"
    return None


def task_of(case: Case) -> Task:
    """The task that a user who asks for this would give. Raises `BadInput` for examples that are no Python."""
    acceptance: list[Acceptance] = []
    if case.examples:
        content = msgspec.json.encode([_example(e) for e in case.examples], order="sorted").decode()
        acceptance.append(Acceptance(kind=AcceptanceKind.EXAMPLES, content=content, path="examples.json"))
    if case.tests:
        path = f"test_{case.module}.py"
        acceptance.append(Acceptance(kind=AcceptanceKind.PYTEST, content=case.tests, path=path))
    path = f"{case.module}.py"
    if ">>>" in case.stub:
        acceptance.append(Acceptance(kind=AcceptanceKind.DOCTEST, content=case.stub, path=path))
    fields: dict[str, Any] = {"goal": case.goal, "signature": case.signature, "entry_point": None}
    if case.stub:
        nodes = [n for n in ast.parse(case.stub).body if isinstance(n, Definition) and not is_exception(n)]
        node = nodes[0]
        fields["entry_point"] = node.name
        fields["goal"] = case.goal or ast.get_docstring(node) or ""
        fields["stubs"] = (SourceFile(path=path, text=case.stub),)
        if not isinstance(node, ast.ClassDef):
            returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
            fields["signature"] = f"def {node.name}({ast.unparse(node.args)}){returns}"
    elif case.signature:
        found = re.match(r"(?:async )?(?:def|class) (\w+)", case.signature)
        fields["entry_point"] = found[1] if found else None
    elif case.examples:
        found = re.match(r"\w+", case.examples[0])
        fields["entry_point"] = found[0] if found else None
    return make_task(module=case.module, acceptance=tuple(acceptance), **fields)


def _example(text: str) -> Example:
    if found := _RAISES.match(text):
        return Example(call=found[1], raises=found[2])
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise BadInput(f"example {text!r} is no Python", "write `f(1) == 2` or `f(0) raises ValueError`") from error
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
        return Example(call=ast.unparse(node.left), equals=ast.unparse(node.comparators[0]))
    raise BadInput(f"example {text!r} states no result", "write `f(1) == 2` or `f(0) raises ValueError`")
