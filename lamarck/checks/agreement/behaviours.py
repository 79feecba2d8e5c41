"""What candidates did with calls: asked for by a test file that the judge runs, compared and worded here."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from lamarck.checks.agreement.calls import Call, source
from lamarck.checks.judge.judge import SubjectReport

TESTS_PATH = "test_agreement_of_candidates.py"
_TESTS = """\
import pytest
from _lamarck_inside.behaviour import tell
import {module} as MODULE

CALLS = [
{calls}
]


@pytest.mark.parametrize("first", range(0, len(CALLS), {together}))
def test_behaviour(first):
    tell(MODULE, CALLS[first : first + {together}], {longest})
"""
_LONGEST_TOLD = 500
_TOGETHER = 4  # calls of one test: what they did has to fit into the report of its failure
_PARTS = ("got", "expected", "expression", "exception")  # as `judge/inside/behaviour.py` spreads it
_NOISE = 1e-9  # relative and absolute: below that, floats that differ are told as one
_LONGEST_SHOWN = 120


def tests_of(calls: Sequence[Call], module: str, *, longest: int = _LONGEST_TOLD) -> str:
    """A pytest file whose tests tell what the calls did (see `judge/inside/behaviour.py`). longest: characters of one
    value; what is longer is told by its hash."""
    lines = []
    for call in calls:
        kwargs = ", ".join(f"{source(name)}: {source(value)}" for name, value in call.kwargs)
        lines.append(f"    ({call.function!r}, lambda: ({source(call.args)}, {{{kwargs}}})),")
    return _TESTS.format(module=module, calls="\n".join(lines), together=_TOGETHER, longest=longest)


@dataclass(frozen=True)
class Did:
    """What one call did; values are tagged as `judge/inside/behaviour.py` says. ended: why the candidate could not be
    asked any more (died, hung …), and nothing else then.
    changed: places of arguments with what became of them. again: the second time it did the same."""

    returned: Any = None
    raised: str | None = None
    ended: str | None = None
    changed: tuple[tuple[int, Any], ...] = ()
    again: bool = True


class _Done(msgspec.Struct):
    returned: Any = None
    raised: str | None = None
    changed: list[tuple[int, Any]] = []


class _Told(msgspec.Struct):
    did: _Done
    again: bool


_decoder = msgspec.json.Decoder(list[_Told])
_NUMBER = re.compile(r"\[(\d+)\]$")


def read(report: SubjectReport, count: int) -> tuple[Did | None, ...]:
    """What one candidate did with each of `count` calls; None from the first one on that it could not be asked any
    more, or where what it did could not be told."""
    found: list[Did | None] = [None] * count
    for result in report.results:
        number = _NUMBER.search(result.id)
        told = "".join(getattr(result.failure, part) or "" for part in _PARTS) if result.failure else ""
        try:
            done = _decoder.decode(told)
        except msgspec.MsgspecError:  # another failure, or a value that is no Unicode
            continue
        for place, each in enumerate(done, int(number[1]) if number else count):
            if place < count:
                found[place] = Did(
                    returned=each.did.returned,
                    raised=each.did.raised,
                    changed=tuple(each.did.changed),
                    again=each.again,
                )
    if report.stop is not None and report.import_error is None:
        asked = max((number + 1 for number, did in enumerate(found) if did is not None), default=0)
        if asked < count:
            found[asked] = Did(ended=report.stop.partition(":")[0])
    return tuple(found)


# --- comparing


def same(one: Did, other: Did) -> bool:
    """Whether two calls did the same, as far as a test with `==` could ever tell: 1, 1.0 and True are one value, and
    floats may differ by noise; a list and a tuple, or two classes of exceptions, are two things."""
    if one.raised != other.raised or len(one.changed) != len(other.changed):
        return False
    if not _same(one.returned, other.returned):
        return False
    return all(a[0] == b[0] and _same(a[1], b[1]) for a, b in zip(one.changed, other.changed, strict=True))


def _same(one: Any, other: Any) -> bool:
    mine, theirs = _number(one), _number(other)
    if mine is not None and theirs is not None:
        return _close(mine, theirs)
    if not (isinstance(one, list) and isinstance(other, list)):
        return type(one) is type(other) and bool(one == other)
    if one[0] != other[0] or len(one) != len(other):
        return False
    if one[0] in _OF_VALUES:
        return len(one[1]) == len(other[1]) and all(map(_same, one[1], other[1]))
    if one[0] == "d":
        return len(one[1]) == len(other[1]) and all(
            _same(key, key2) and _same(value, value2)
            for (key, value), (key2, value2) in zip(one[1], other[1], strict=True)
        )
    if one[0] == "o" and isinstance(one[-1], list) and isinstance(other[-1], list):
        return (
            one[:-1] == other[:-1]
            and len(one[-1]) == len(other[-1])
            and all(
                name == name2 and _same(value, value2)
                for (name, value), (name2, value2) in zip(one[-1], other[-1], strict=True)
            )
        )
    return bool(one == other)


_OF_VALUES = {"l": "[{}]", "t": "({})", "s": "{{{}}}", "it": "iter([{}])"}


def _number(told: Any) -> int | float | None:
    if isinstance(told, int | float):
        return told
    if isinstance(told, list) and told[0] == "i":
        return int(told[1], 16)
    return float(told[1]) if isinstance(told, list) and told[0] == "f" else None


def _close(one: int | float, other: int | float) -> bool:
    if one == other:
        return True
    if isinstance(one, int) and isinstance(other, int):
        return False
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    try:
        return math.isclose(one, other, rel_tol=_NOISE, abs_tol=_NOISE)
    except OverflowError:  # an integer beyond all floats
        return False


# --- wording


def shown(did: Did) -> str:
    """`[1, 2]`, `raises KeyError`, `None, leaving [] of argument 1`, cut to a length."""
    text = f"raises {did.raised}" if did.raised is not None else _python(did.returned)
    for place, value in did.changed:
        text += f", leaving {_python(value)} of argument {place + 1}"
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def expected(did: Did) -> str | None:
    """A Python expression that equals what was returned, where there is one that any test can evaluate."""
    if did.raised is not None or not _is_plain(did.returned):
        return None
    return _python(did.returned)


def _python(told: Any) -> str:
    if not isinstance(told, list):
        return repr(told)
    tag, *rest = told
    if tag == "i":
        return repr(int(rest[0], 16)) if len(rest[0]) < 1_000 else rest[0]
    if tag == "f":
        return rest[0] if rest[0].lstrip("-") not in ("inf", "nan") else f"float({rest[0]!r})"
    if tag == "b":
        return repr(bytes.fromhex(rest[0]))
    if tag == "s" and not rest[0]:
        return "set()"
    if tag in _OF_VALUES:
        inner = ", ".join(map(_python, rest[0]))
        return _OF_VALUES[tag].format(inner + "," if tag == "t" and len(rest[0]) == 1 else inner)
    if tag == "d":
        return "{" + ", ".join(f"{_python(key)}: {_python(value)}" for key, value in rest[0]) + "}"
    if tag == "…":
        return "a value too long to show"
    if isinstance(rest[-1], list):
        return f"{rest[0]}({', '.join(f'{name}={_python(value)}' for name, value in rest[-1])})"
    return str(rest[-1]) if len(rest) == 2 else f"<{rest[0]}>"


def _is_plain(told: Any) -> bool:
    if not isinstance(told, list):
        return True
    if told[0] in ("l", "t", "s"):
        return all(map(_is_plain, told[1]))
    if told[0] == "d":
        return all(_is_plain(key) and _is_plain(value) for key, value in told[1])
    return told[0] in ("i", "f", "b")
