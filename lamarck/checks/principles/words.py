"""The words of a request, and whether code calls things by them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from lamarck.records import AcceptanceKind, Task

_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]{2,}(?![a-z])")
_ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ied", "es", "ed", "s", "e", "y")
# Words that every request has, whatever it is about.
_COMMON = """a able about above accept accepted add after all also an and any api app application are as at be been
before below between both but by call called can code contain contains could create data default do does each either
else empty error every expect expected fail false field file first for format from function get give given gives greater
has have if implement in input int integer into invalid is it its json key last least less like list make may method
missing module more most must name named names new no none not number numbers object of on one only or other output over
parameter parameters pass per python raise raises read request result return returned returns same set should some
string sure system take takes task test than that the their them then there these they this to true two type types under
up update use used uses valid value values version want wants was way what when where which while whose will with within
without work would write you your workflow tool given patterns pattern thresholds counts times none yaml feature
scenario background example examples outline"""
_EVERYWHERE = frozenset(_COMMON.split())
_LONGEST = 40  # characters of a text that may be the name of a field, a column or a route


def words_of_request(task: Task) -> dict[str, str]:
    """Stem → word, of what the goal and the specifications speak of, common words apart."""
    texts = [task.goal] if not task.goal.startswith("The code of ") else []
    texts += [a.content for a in task.acceptance if a.kind is AcceptanceKind.BDD]
    words = {w.lower() for text in texts for w in _WORD.findall(text)}
    return {stem_of(w): w for w in sorted(words) if len(w) > 2 and w not in _EVERYWHERE}


def stems_in(tree: ast.Module) -> Iterator[str]:
    """Of the words in the names that code gives to things."""
    for node in ast.walk(tree):
        for word in _WORD.findall(_name(node).replace("_", " ")):
            yield stem_of(word.lower())


def stem_of(word: str) -> str:
    """The word without the endings that say number or time: enough to find `orders` in `order_total`."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < _LONGEST:
        return node.value
    return getattr(node, {ast.arg: "arg", ast.Name: "id", ast.Attribute: "attr"}.get(type(node), ""), "")
