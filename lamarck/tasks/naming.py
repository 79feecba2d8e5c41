"""Sensible names for a function and its module when a task states none."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
import unicodedata

from lamarck.tasks.python_source import snake_case


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FALLBACK = "solution"
_MOST_WORDS = 4
_LONGEST = 40
# Words that open a request and say nothing of what the function does.
_OPENING = _words(
    "a an the i we you me my please could can would should want need needs like write implement create make build give "
    "define develop design code provide add python function class method program script module that which to who it "
    "takes take accepts accept given returns return computes compute calculates calculate small simple new one"
)
_ARTICLES = _words("a an the its their his her this these those all each every any some given")
_JOINTS = _words(
    "of in to for from by with without into as and or but if when that which where whose using so on at is are be "
    "than then returns return returning given"
)
_RESERVED = frozenset({"pytest", "_pytest", "conftest", "lamarck", "hypothesis", "sitecustomize", "usercustomize"})


def name_from_goal(goal: str) -> str:
    """A snake_case function name from the first words of a goal that carry meaning; `solution` when none do."""
    folded = (
        unicodedata.normalize("NFKD", re.sub(r"\((?:s|es)\)", "s", goal).casefold()).encode("ascii", "ignore").decode()
    )
    sentence = re.split(r"[.!?](?:\s|$)|\n\s*\n|[:;]\s", folded.strip(), maxsplit=1)[0]
    words = re.findall(r"[A-Za-z][A-Za-z0-9]*|\d+", sentence.replace("'", "").lower())
    while words and words[0] in _OPENING:
        words.pop(0)
    chosen: list[str] = []
    for word in words:
        if word in _JOINTS and len(chosen) >= 2:
            break
        if word not in _ARTICLES:
            chosen.append(word)
        if len(chosen) == _MOST_WORDS:
            break
    while chosen and (chosen[0].isdigit() or chosen[0] in _JOINTS - {"is", "are"}):
        chosen.pop(0)
    while chosen and chosen[-1] in _JOINTS:
        chosen.pop()
    name = "_".join(chosen)[:_LONGEST].strip("_")
    return name if is_name(name) and not hasattr(builtins, name) else FALLBACK


def is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def is_module_name(text: str) -> bool:
    """Whether a dotted name can be a candidate's module."""
    return bool(text) and all(is_name(part) for part in text.split("."))


def is_taken(module: str) -> bool:
    """Whether a module of that name would hide one of the standard library or of the test runner."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top in _RESERVED


def module_for(entry_point: str, importable: frozenset[str]) -> str:
    """The module that holds `entry_point` when nothing names one. Hides no module that can be imported."""
    name = snake_case(entry_point).strip("_") or FALLBACK
    if not is_name(name) or is_taken(name) or name in importable:
        name = f"{name}_task"
    return name
