"""The steps of a specification as data: what is given, what happens, what is expected.

A sentence means one step or none: what no pattern below reads is an error that shows what can be written. Keys and
sentences come to the same steps, so that YAML and Gherkin decide the same.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from typing import Any

from lamarck.tasks.naming import is_name

Step = dict[str, Any]  # plain data: it is told to the judge as JSON

FORMATS = ("json", "iso_date", "iso_datetime", "uuid", "email", "url", "integer", "number", "hex", "upper", "lower",
           "title", "markdown_table")  # fmt: skip
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "milliseconds": 1e-3,
            "millisecond": 1e-3, "min": 60.0, "minute": 60.0, "minutes": 60.0}  # fmt: skip
_OPERATOR = r"(?P<op><=|>=|==|!=|<|>|≤|≥)"
_NUMBER = r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
_COMPARISON = re.compile(rf"\s*{_OPERATOR}\s*{_NUMBER}\s*(?P<unit>[a-zA-Z%]*)\s*")
_SIGNS = {"≤": "<=", "≥": ">="}
_COUNTS = {"line_count": "lines", "word_count": "words", "character_count": "characters", "item_count": "items",
           "length": "items", "count": "items"}  # fmt: skip
_KINDS_OF_COUNT = {"line": "lines", "word": "words", "character": "characters", "item": "items", "entry": "items",
                   "element": "items"}  # fmt: skip
_FLAGS = {"format_preserved": "format_preserved", "numbers_preserved": "numbers_preserved", "unchanged": "unchanged",
          "no_errors": "no_error"}  # fmt: skip
_SUFFIXES = ("_not_contains", "_contains", "_matches", "_format", "_type", "_equals", "_length", "_count")
_KNOWN_KEYS = ("result", "execution_time", "raises", "message_contains", "result_contains", "result_not_contains",
               "result_matches", "result_equals", "result_type", "result_format", "result_length", *_COUNTS,
               *_FLAGS)  # fmt: skip

SENTENCES = """\
<thing> contains "text" | <thing> does not contain "text" | <thing> matches "pattern" | <thing> is <value> |
<thing> has 3 items | <thing> >= 0.8 | execution time < 2 seconds | all <things> are present | returns <value> |
returns empty <thing> | <thing> is returned | raises ValueError | no errors occurred | <function> is invoked |
failure is logged"""


class NoStep(Exception):
    """What was written is no step: `what` is wrong, `mend` says what can be written."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend


def snake(label: str) -> str:
    """`Text input` as `text_input`."""
    return re.sub(r"\W+", "_", label.strip().lower()).strip("_")


def literal(text: str) -> Any:
    """A value as people write it in a sentence: a Python or JSON literal, else the text itself."""
    text = text.strip()
    known = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in known:
        return known[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


# --- given


def given_sentence(text: str) -> Step:
    """`the text is "Hello"`, `text = "Hello"`, `Text input: "Hello"`. Raises `NoStep`."""
    match = re.fullmatch(
        r"(?:the |a |an )?(?P<label>[\w][\w \-]*?)\s*(?::|=|\bis\b|\bare\b)\s*(?P<value>.+)", text, re.S
    )
    if match is None:
        raise NoStep(f"no input: {text[:80]!r}", 'write `text is "Hello"` or `text: "Hello"`')
    return given(match["label"], literal(match["value"]))


def given(label: str, value: Any) -> Step:
    return {"do": "given", "label": str(label), "name": snake(str(label)), "value": value}


# --- when


_RUNS = re.compile(
    r"(?:the )?(?P<who>.+?) (?:executes|runs|is called|is executed|is run|is invoked|completes)"
    r"(?: (?P<times>\d+) times)?(?: with (?P<with>.+))?",
    re.I | re.S,
)
_FAILS = re.compile(r"(?:the )?(?P<who>.+?) (?:fails|raises an error|is unavailable)", re.I)


def when_sentence(text: str, value: Any = None) -> Step:
    """value: what stands behind the colon, where the sentence is the key of a mapping. Raises `NoStep`."""
    if value is not None and (match := re.fullmatch(r"(?P<head>.+ with )(?P<name>[\w ]+)", text, re.I)):
        step = when_sentence(match["head"].removesuffix(" with "))
        return {**step, "with": {snake(match["name"]): value}}
    if match := _RUNS.fullmatch(text.strip()):
        more = dict(_with(match["with"])) if match["with"] else {}
        return {"do": "call", "function": _function(match["who"]), "with": more, "times": int(match["times"] or 1)}
    if match := _FAILS.fullmatch(text.strip()):
        return {"do": "fail", "label": match["who"].strip()}
    raise NoStep(
        f"nothing happens in {text[:80]!r}", "write `<function> executes`, `… with name: value` or `<function> fails`"
    )


def when_keys(key: str, value: Any) -> Step:
    if key in {"tool_executes", "workflow_executes", "system_executes", "executes"}:
        if value is not True:
            raise NoStep(f"'{key}' is {value!r}, so nothing happens", f"write `{key}: true`")
        return {"do": "call", "function": None, "with": {}, "times": 1}
    if key == "call":
        if not (isinstance(value, str) and all(map(is_name, value.split(".")))):
            raise NoStep("'call' must name a function", "write `call: name`")
        return {"do": "call", "function": value, "with": {}, "times": 1}
    if key == "times":
        if type(value) is not int or not 1 <= value <= 1000:
            raise NoStep("'times' must be a number from 1 to 1000", "write `times: 3`")
        return {"do": "times", "times": value}
    if key == "with":
        if not isinstance(value, dict):
            raise NoStep("'with' must be a mapping of arguments", "write `with: {name: value}`")
        return {"do": "with", "with": value}
    if key == "fails":
        return {"do": "fail", "label": str(value)}
    raise NoStep(f"unknown key '{key}' under 'when'", "the keys are tool_executes, call, times, with, fails")


def _with(text: str) -> Iterator[tuple[str, Any]]:
    for part in re.split(r",\s*(?=\w[\w ]*[:=])| and (?=\w[\w ]*[:=])", text):
        match = re.fullmatch(r"\s*(?P<name>\w[\w ]*?)\s*[:=]\s*(?P<value>.+)", part, re.S)
        if match is None:
            raise NoStep(f"no argument: {part.strip()[:60]!r}", "write `with name: value and other: value`")
        yield snake(match["name"]), literal(match["value"])


def _function(who: str) -> str | None:
    """The function that a sentence is about, None for the specification's own."""
    who = who.strip().strip('`"')
    plain = who.lower() in {"it", "tool", "workflow", "system", "function", "program", "request"}
    return who if is_name(who) and not plain else None


# --- then


def then_key(key: str, value: Any) -> Iterator[Step]:
    """The expectations of one line of a mapping under 'then'. Raises `NoStep`."""
    line = f"{key}: {value!r}"
    if key in _FLAGS:
        if value is not True:
            raise NoStep(f"'{key}' is {value!r}", f"write `{key}: true` or leave it out")
        yield _expect(line, _FLAGS[key])
    elif key == "execution_time":
        yield _time(line, str(value))
    elif key == "raises":
        if not (isinstance(value, str) and is_name(value.rpartition(".")[2])):
            raise NoStep("'raises' must be the name of an exception", "write `raises: ValueError`")
        yield _expect(line, "raises", value=value)
    elif key == "message_contains":
        yield from (_expect(line, "message", value=each) for each in _several(value))
    elif key in _COUNTS:
        yield _count(line, None, _COUNTS[key], value)
    else:
        yield from _about_a_field(key, value, line)


def _about_a_field(key: str, value: Any, line: str) -> Iterator[Step]:
    near = difflib.get_close_matches(key, _KNOWN_KEYS, 1, cutoff=0.85)
    if near and key != near[0]:
        raise NoStep(f"unknown expectation '{key}'", f"did you mean '{near[0]}'?")
    name, what = next(((key.removesuffix(s), s) for s in _SUFFIXES if key.endswith(s) and key != s[1:]), (key, ""))
    on = None if name == "result" else name
    if what in {"_contains", "_not_contains"}:
        yield from (_expect(line, what[1:], on=on, value=each) for each in _several(value))
    elif what == "_matches":
        yield from (_expect(line, "matches", on=on, value=_pattern(each)) for each in _several(value))
    elif what == "_format":
        yield _expect(line, "format", on=on, value=_format(value))
    elif what == "_type":
        yield _expect(line, "type", on=on, value=str(value))
    elif what in {"_length", "_count"}:
        yield _count(line, on, "items", value)
    elif what == "" and (compared := _comparison(value)) is not None:
        yield _expect(line, "compare", on=on, operator=compared[0], value=compared[1])
    else:
        yield _expect(line, "equals", on=on, value=value)


def then_sentence(text: str, value: Any = None) -> Iterator[Step]:
    """The expectations of a sentence. Raises `NoStep`."""
    if value is not None:
        text = f"{text}: {value!r}"
    text = text.strip().rstrip(".")
    yield from _matched(text) if (found := _plain_sentence(text)) is None else found


def _plain_sentence(text: str) -> list[Step] | None:
    if re.fullmatch(
        r"no (?:errors?|exceptions?) (?:occurr?ed|is raised|are raised|occurs?|was raised)"
        r"|(?:the )?(?:execution|workflow|tool|system|it) (?:completes|succeeds|finishes)(?: successfully)?",
        text,
        re.I,
    ):
        return [_expect(text, "no_error")]
    if match := re.fullmatch(r"(?:the )?(?:execution time|time|duration|it takes)\s*(?P<rest>[<≤].+)", text, re.I):
        return [_time(text, match["rest"])]
    if match := re.fullmatch(r"all (?P<what>.+?) are (?:present|there|returned)", text, re.I):
        return [_expect(text, "present", on=match["what"])]
    if match := re.fullmatch(r"(?:it )?returns? (?:an )?empty(?: (?P<what>.+))?", text, re.I):
        return [_expect(text, "empty", on=match["what"])]
    if match := re.fullmatch(r"(?:it )?returns? (?P<value>.+)", text, re.I | re.S):
        return [_expect(text, "equals", value=literal(match["value"]))]
    if match := re.fullmatch(r"(?:it )?raises (?:an? )?(?P<name>[\w.]+)|(?P<other>\w+) is raised", text, re.I):
        return [_expect(text, "raises", value=match["name"] or match["other"])]
    if match := re.fullmatch(
        r"(?:the )?(?P<what>failure|error|it) is logged(?P<more>(?: but| and) (?:doesn't|does not) propagate)?",
        text,
        re.I,
    ):
        return [_expect(text, "logged"), *([_expect(text, "no_error")] if match["more"] else [])]
    if match := re.fullmatch(r"(?:the )?(?P<who>.+?) is (?P<no>not |never )?(?:invoked|called|used)", text, re.I):
        return [_expect(text, "not_invoked" if match["no"] else "invoked", value=match["who"].strip())]
    if re.fullmatch(r"(?:the |an? )?(?P<what>.+?) is returned", text, re.I):
        return [_expect(text, "returned")]
    return None


def _matched(text: str) -> Iterator[Step]:
    """`<subject> <verb> <value>`."""
    quoted = re.compile(
        r"(?:the )?(?P<on>.+?)\s+(?P<verb>does not contain|doesn't contain|contains|matches|equals|has the format"
        r"|is an?\b|is|are|has)\s+(?P<value>.+)",
        re.I | re.S,
    )
    compared = re.fullmatch(rf"(?:the )?(?P<on>[^<>=!≤≥]+?)\s*(?P<rest>{_COMPARISON.pattern})", text, re.I)
    if compared:
        pair = _comparison(compared["rest"])
        assert pair is not None
        yield _expect(text, "compare", on=_subject(compared["on"]), operator=pair[0], value=pair[1])
        return
    match = quoted.fullmatch(text)
    if match is None:
        raise NoStep(f"no expectation: {text[:80]!r}", f"write one of: {' '.join(SENTENCES.split())}")
    on, verb, value = _subject(match["on"]), match["verb"].lower(), match["value"]
    if verb in {"does not contain", "doesn't contain"}:
        yield _expect(text, "not_contains", on=on, value=literal(value))
    elif verb == "contains":
        yield from (_expect(text, "contains", on=on, value=each) for each in _several(literal(value)))
    elif verb == "matches":
        yield _expect(text, "matches", on=on, value=_pattern(literal(value.strip("/"))))
    elif verb == "has the format":
        yield _expect(text, "format", on=on, value=_format(literal(value)))
    elif verb == "has":
        counted = re.fullmatch(r"(?P<how>at least |at most |exactly )?(?P<number>\d+) (?P<what>\w+)", value, re.I)
        if counted is None:
            raise NoStep(f"no count: {value[:60]!r}", "write `has 3 items`, `has at least 2 lines`")
        kind = _KINDS_OF_COUNT.get(counted["what"].lower().removesuffix("ies").removesuffix("s"), "items")
        operator = {"at least": ">=", "at most": "<="}.get((counted["how"] or "").strip().lower(), "==")
        yield _count(text, on, kind, f"{operator} {counted['number']}")
    else:
        yield from _is(text, on, value)


def _is(text: str, on: str | None, value: str) -> Iterator[Step]:
    if value.lower() in {"empty", "not empty"}:
        yield _expect(text, "empty" if value.lower() == "empty" else "not_empty", on=on)
    elif value.lower() in FORMATS:
        yield _expect(text, "format", on=on, value=value.lower())
    else:
        yield _expect(text, "equals", on=on, value=literal(value))


def _subject(text: str) -> str | None:
    text = text.strip()
    return None if text.lower() in {"result", "the result", "output", "the output", "it"} else text


def _expect(line: str, what: str, *, on: str | None = None, **more: Any) -> Step:
    return {"do": "expect", "line": line, "what": what, "on": on, **more}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _comparison(value: Any) -> tuple[str, float] | None:
    match = _COMPARISON.fullmatch(value) if isinstance(value, str) else None
    if match is None or match["unit"] not in {"", "%"}:
        return None
    number = float(match["number"]) / (100 if match["unit"] == "%" else 1)
    return _SIGNS.get(match["op"], match["op"]), number


def _time(line: str, text: str) -> Step:
    match = _COMPARISON.fullmatch(text)
    if match is None or match["op"] not in {"<", "<=", "≤"} or match["unit"].lower() not in _SECONDS:
        raise NoStep(f"no time limit: {text[:40]!r}", 'write `execution_time: "< 2000ms"` or `< 2 s`')
    return _expect(line, "time", value=float(match["number"]) * _SECONDS[match["unit"].lower()])


def _count(line: str, on: str | None, kind: str, value: Any) -> Step:
    if type(value) is int and value >= 0:
        return _expect(line, "count", on=on, kind=kind, operator="==", value=value)
    compared = _comparison(value)
    if compared is None:
        raise NoStep(f"no count: {value!r}", 'write a number, or a comparison as `">= 2"`')
    return _expect(line, "count", on=on, kind=kind, operator=compared[0], value=compared[1])


def _pattern(value: Any) -> str:
    try:
        re.compile(str(value))
    except re.error as error:
        raise NoStep(f"no pattern: {str(value)[:60]!r}: {error}", "write a regular expression of Python") from error
    return str(value)


def _format(value: Any) -> str:
    if value not in FORMATS:
        raise NoStep(f"unknown format {value!r}", f"the formats are {', '.join(FORMATS)}")
    return str(value)
