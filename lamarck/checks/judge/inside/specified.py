"""The steps of a specification, taken in the judge: what is given, one call, and what is expected of it."""

from __future__ import annotations

import datetime
import inspect
import json
import operator
import re
import uuid
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from .failure import Told, shown

_OPERATORS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")
# What people call a language, and what results call it.
_LANGUAGES = {
    "arabic": "ar", "bulgarian": "bg", "chinese": "zh", "croatian": "hr", "czech": "cs", "danish": "da", "dutch": "nl",
    "english": "en", "estonian": "et", "finnish": "fi", "french": "fr", "german": "de", "greek": "el", "hebrew": "he",
    "hindi": "hi", "hungarian": "hu", "irish": "ga", "italian": "it", "japanese": "ja", "korean": "ko", "latvian": "lv",
    "lithuanian": "lt", "norwegian": "no", "polish": "pl", "portuguese": "pt", "romanian": "ro", "russian": "ru",
    "slovak": "sk", "slovenian": "sl", "spanish": "es", "swedish": "sv", "turkish": "tr", "ukrainian": "uk",
}  # fmt: skip
_PATTERNS = {
    "email": r"[^@\s]+@[^@\s]+\.[^@\s.]+",
    "url": r"[a-z][a-z0-9+.\-]*://[^\s]+",
    "integer": r"[-+]?\d+",
    "number": r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?",
    "hex": r"(?:0x)?[0-9a-fA-F]+",
    "markdown_table": r"\|.+\|\s*\n\|[\s:|-]+\|\s*(?:\n\|.*\|\s*)*",
}


class Scene:
    """One behaviour under way. module: the candidate's; target: the function that the specification is about. After
    the last step comes `end`."""

    def __init__(
        self, module: Any, target: str, names: Mapping[str, str], watched: list[str], monkeypatch: Any, capsys: Any
    ) -> None:
        self.module = module
        self.target = target
        self.names = {key.lower(): value for key, value in names.items()}
        self.watched = watched  # labels of functions of which it is asked whether they are invoked
        self.monkeypatch = monkeypatch
        self.capsys = capsys
        self.given: list[dict[str, Any]] = []
        self.broken: set[str] = set()  # functions that are made to fail
        self.invoked: dict[str, int] = {}
        self.done = False
        self.line = ""
        self.call = ""
        self.result: Any = None
        self.error: BaseException | None = None
        self.excused = False
        self.seconds = 0.0
        self.arguments: dict[str, Any] = {}
        self.before: dict[str, Any] = {}
        self.printed = ""
        self.later: list[dict[str, Any]] = []  # what the call still has to wait for

    def take(self, step: dict[str, Any]) -> None:
        if step["do"] == "given":
            self.given.append(step)
        elif step["do"] == "fail":
            self.broken.add(self._function_named(step["label"]))
        elif step["do"] == "call":
            self.later.append(step)
        else:
            self._expect(step)

    # --- the call

    def _function_named(self, label: str) -> str:
        """A function by its name, or by the label of what is given: `Primary tool` as it was given above."""
        for step in self.given:
            if step["label"].strip().lower() == label.strip().lower() and isinstance(step["value"], str):
                step["names_function"] = True
                return step["value"]
        return label.strip().strip("`")

    def end(self) -> None:
        """Nothing that was not expected may have been raised, and something has to have been expected."""
        if not self.done:
            raise Told("nothing was expected")
        if self.error is not None and not self.excused:
            self._refuse_error()

    def _happen(self) -> None:
        self.done = True
        watched = {name for label in self.watched if hasattr(self.module, name := self._function_named(label))}
        calls = self.later or [{"function": None, "with": {}, "times": 1}]
        for step in calls:
            name = step["function"] or self.target
            function = self._callable(name)
            for other in sorted(watched | self.broken):
                self._watch(other)
            self.arguments = {s["name"]: s["value"] for s in self.given if not s.get("names_function")}
            self.arguments.update(step["with"])
            self.arguments = self._fitted(function, self.arguments)
            self.before = json.loads(json.dumps(self.arguments))
            told = ", ".join(f"{key}={value!r}" for key, value in self.arguments.items())
            self.call = f"{name}({told})"
            self.capsys.readouterr()
            for _ in range(step["times"]):
                begin = perf_counter()
                try:
                    self.result = function(**self.arguments)
                except Exception as error:  # what it raises is what was asked about
                    self.error = error
                self.seconds = max(self.seconds, perf_counter() - begin)
            out = self.capsys.readouterr()
            self.printed = out.out + out.err

    def _callable(self, name: str) -> Any:
        found: Any = self.module
        for part in name.split("."):
            try:
                found = getattr(found, part)
            except AttributeError as error:
                raise Told(f"there is no function {name} in {self.module.__name__}", expression=name) from error
        return found

    def _fitted(self, function: Any, arguments: dict[str, Any]) -> dict[str, Any]:
        """By the names of the parameters; a label that none is called fits the one it shares a word with."""
        try:
            parameters = inspect.signature(function).parameters
        except (TypeError, ValueError):
            return arguments
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            return arguments
        fitted: dict[str, Any] = {}
        for name, value in arguments.items():
            if name not in parameters:
                words = set(name.split("_"))
                near = [p for p in parameters if p not in arguments and p not in fitted
                        and (words & set(p.split("_")) or any(_alike(p, word) for word in words))]  # fmt: skip
                if len(near) == 1:
                    name = near[0]
            fitted[name] = value
        return fitted

    def _watch(self, name: str) -> None:
        if name in self.invoked:
            return
        original = self._callable(name)
        self.invoked[name] = 0
        broken = name in self.broken

        def watched(*args: Any, **kwargs: Any) -> Any:
            self.invoked[name] += 1
            if broken:
                raise RuntimeError(f"{name} fails, as the specification says")
            return original(*args, **kwargs)

        self.monkeypatch.setattr(self.module, name, watched)

    # --- what is expected

    def _expect(self, step: dict[str, Any]) -> None:
        self.line = step["line"]
        if not self.done:
            self._happen()
        if step["what"] in {"invoked", "not_invoked"}:
            return self._invoked(step)
        if step["what"] == "raises":
            return self._raised(step["value"])
        if step["what"] == "message":
            return self._said(step["value"])
        if self.error is not None:
            self._refuse_error()
        getattr(self, f"_is_{step['what']}")(step)

    def _refuse_error(self) -> None:
        text = f"{type(self.error).__name__}: {self.error}"
        raise Told(
            f"{self.call} raised {text}", expression=self.call, expected=self.line, exception=text
        ) from self.error

    def _fail(self, expected: str, got: Any) -> None:
        told = got if isinstance(got, str) and got.startswith("it ") else shown(got)
        raise Told(f"{self.call}: expected {expected}, got {told}", expression=self.call, expected=expected, got=told)

    def _raised(self, name: str) -> None:
        self.excused = True
        if self.error is None:
            self._fail(f"{name} raised", self.result)
        kinds = {kind.__name__ for kind in type(self.error).__mro__}
        if name.rpartition(".")[2] not in kinds:
            self._fail(f"{name} raised", self.error)

    def _said(self, text: Any) -> None:
        self.excused = True
        if self.error is None:
            self._fail(f"an error that says {text!r}", self.result)
        if str(text) not in str(self.error):
            self._fail(f"an error that says {text!r}", str(self.error))

    def _invoked(self, step: dict[str, Any]) -> None:
        name = self._function_named(step["value"])
        times = self.invoked.get(name)
        if times is None:
            raise Told(f"there is no function {name} in {self.module.__name__}", expression=self.line)
        if (times == 0) is (step["what"] == "invoked"):
            self._fail(self.line, f"it was called {times} times")

    def _is_no_error(self, step: dict[str, Any]) -> None:
        """An error has failed it already."""

    def _is_returned(self, step: dict[str, Any]) -> None:
        result = self.result
        parts = result.values() if isinstance(result, Mapping) else result if isinstance(result, list | tuple) else ()
        if result is None or any(part is None for part in parts):
            self._fail(self.line, result)

    def _is_logged(self, step: dict[str, Any]) -> None:
        if not self.printed.strip():
            self._fail("something logged", "it printed and logged nothing")

    def _is_time(self, step: dict[str, Any]) -> None:
        if self.seconds >= step["value"]:
            self._fail(f"less than {step['value']:g} s", f"it took {self.seconds:.3f} s")

    def _is_unchanged(self, step: dict[str, Any]) -> None:
        for name, value in self.arguments.items():
            if value != self.before[name]:
                self._fail(f"{name} unchanged, {self.before[name]!r}", value)

    def _is_equals(self, step: dict[str, Any]) -> None:
        found = self._about(step["on"])
        if not _equal(found, step["value"]):
            self._fail(f"{step['on'] or 'the result'} == {step['value']!r}", found)

    def _is_contains(self, step: dict[str, Any]) -> None:
        found = self._about(step["on"])
        if not _holds(found, step["value"]):
            self._fail(f"{step['on'] or 'the result'} that contains {step['value']!r}", found)

    def _is_not_contains(self, step: dict[str, Any]) -> None:
        found = self._about(step["on"])
        if _holds(found, step["value"]):
            self._fail(f"{step['on'] or 'the result'} without {step['value']!r}", found)

    def _is_matches(self, step: dict[str, Any]) -> None:
        found = self._about(step["on"])
        if re.search(step["value"], _text(found), re.S) is None:
            self._fail(f"{step['on'] or 'the result'} that matches {step['value']!r}", found)

    def _is_type(self, step: dict[str, Any]) -> None:
        found = self._about(step["on"])
        names = {kind.__name__ for kind in type(found).__mro__ if kind is not object}
        if isinstance(found, bool):
            names.discard("int")
        if step["value"] not in names:
            self._fail(f"a {step['value']}", found)

    def _is_format(self, step: dict[str, Any]) -> None:
        found = self._about(step["on"])
        if not _has_format(_text(found), step["value"]):
            self._fail(f"{step['on'] or 'the result'} with the format {step['value']}", found)

    def _is_compare(self, step: dict[str, Any]) -> None:
        found = self._about(step["on"])
        if isinstance(found, bool) or not isinstance(found, int | float):
            self._fail(f"a number {step['operator']} {step['value']:g}", found)
        if not _OPERATORS[step["operator"]](found, step["value"]):
            self._fail(f"{step['on'] or 'the result'} {step['operator']} {step['value']:g}", found)

    def _is_count(self, step: dict[str, Any]) -> None:
        found = self._about(step["on"])
        kind = step["kind"]
        if kind == "items" and not hasattr(found, "__len__"):
            self._fail("something that has a length", found)
        count = {"lines": lambda: len(_text(found).splitlines()), "words": lambda: len(_text(found).split()),
                 "characters": lambda: len(_text(found)), "items": lambda: len(found)}[kind]()  # fmt: skip
        if not _OPERATORS[step["operator"]](count, step["value"]):
            self._fail(f"{step['operator']} {step['value']:g} {kind}", f"it has {count}: {shown(found)}")

    def _is_empty(self, step: dict[str, Any]) -> None:
        found = self._about(step["on"], may_miss=True)
        if not _is_empty(found):
            self._fail("nothing", found)

    def _is_not_empty(self, step: dict[str, Any]) -> None:
        found = self._about(step["on"])
        if _is_empty(found):
            self._fail("something", found)

    def _is_present(self, step: dict[str, Any]) -> None:
        found = self._about(step["on"], may_miss=True)
        if _is_empty(found):
            self._fail(self.line, found)
        values = list(found.values()) if isinstance(found, Mapping) else found
        if isinstance(values, list | tuple) and any(_is_empty(each) for each in values):
            self._fail(self.line, found)
        asked = [v for v in self.arguments.values() if isinstance(v, list)]
        if len(asked) == 1 and isinstance(found, Mapping | list | tuple):
            missing = [k for k in asked[0] if k not in found] if isinstance(found, Mapping) else []
            if missing or len(found) < len(asked[0]):
                self._fail(f"{self.line}: one for each of {asked[0]!r}", found)

    def _is_format_preserved(self, step: dict[str, Any]) -> None:
        for text in self._texts():
            if _shape(text) != _shape(_text(self._about(None))):
                self._fail("the same lines, indents and line ends as the input", self._about(None))

    def _is_numbers_preserved(self, step: dict[str, Any]) -> None:
        wanted = sorted(number for text in self._texts() for number in _NUMBERS.findall(text))
        if sorted(_NUMBERS.findall(_text(self._about(None)))) != wanted:
            self._fail(f"the numbers {', '.join(wanted) or 'of the input (none)'}", self._about(None))

    def _texts(self) -> list[str]:
        """The texts that were given; short codes as `fr` are none."""
        texts = [v for v in self.before.values() if isinstance(v, str)]
        return [max(texts, key=len)] if texts else []

    # --- the part of the result that a line is about

    def _about(self, on: str | None, *, may_miss: bool = False) -> Any:
        result = self.result
        if on is None:
            return result["result"] if isinstance(result, Mapping) and "result" in result else result
        name = re.sub(r"\W+", "_", on.strip().lower()).strip("_").removeprefix("the_")
        if isinstance(result, Mapping):
            key = self._key(name, result)
            if key is None:  # one level deeper: {"translations": {"fr": …}}
                inner = [v for v in result.values() if isinstance(v, Mapping)]
                for each in inner:
                    if (key := self._key(name, each)) is not None:
                        return each[key]
            else:
                return result[key]
        elif name.isidentifier() and not isinstance(result, str | bytes | int | float | list | tuple | set | None):
            try:
                return getattr(result, name)
            except AttributeError:
                pass
        if may_miss:
            return result
        has = f" (it has {', '.join(map(str, result))})" if isinstance(result, Mapping) else ""
        raise Told(
            f"{self.call}: the result has nothing called {on!r}{has}", expression=self.call, expected=self.line,
            got=shown(result),
        )  # fmt: skip

    def _key(self, name: str, mapping: Mapping[Any, Any]) -> Any:
        if name in mapping:
            return name
        lower = {str(key).lower(): key for key in mapping}
        if name in lower:
            return lower[name]
        for word in name.split("_"):
            for called in (self.names.get(word), word, _LANGUAGES.get(word)):
                if called is not None and called.lower() in lower:
                    return lower[called.lower()]
        return None


def _alike(parameter: str, word: str) -> bool:
    """`languages` and `langs`, `target` and `targets`."""
    return len(word) > 3 and (parameter.startswith(word[:4]) or word.startswith(parameter[:4]) and len(parameter) > 3)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _equal(found: Any, expected: Any) -> bool:
    """As YAML means it: lists and tuples alike; a number is no truth value."""
    if isinstance(found, bool) is not isinstance(expected, bool) and isinstance(found, bool | int | float):
        return False
    if isinstance(found, tuple) and isinstance(expected, list):
        found = list(found)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(_equal, found, expected))
    if isinstance(expected, float) and isinstance(found, int | float):
        return bool(found == expected) or abs(found - expected) <= 1e-9 * max(abs(found), abs(expected))
    return bool(found == expected)


def _holds(found: Any, wanted: Any) -> bool:
    if isinstance(found, Mapping | list | tuple | set | frozenset):
        if any(_equal(each, wanted) for each in found):
            return True
        values = found.values() if isinstance(found, Mapping) else found
        return isinstance(wanted, str) and any(isinstance(v, str) and wanted in v for v in values)
    return str(wanted) in _text(found)


def _is_empty(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, Mapping):
        return all(_is_empty(each) for each in value.values())
    if isinstance(value, list | tuple | set):
        return all(_is_empty(each) for each in value)
    return isinstance(value, str | bytes) and not value.strip()


def _has_format(text: str, name: str) -> bool:
    if name in _PATTERNS:
        return re.fullmatch(_PATTERNS[name], text.strip(), re.I) is not None
    if name in {"upper", "lower", "title"}:
        return bool(getattr(text, f"is{name}")())
    readers = {"json": json.loads, "iso_date": datetime.date.fromisoformat, "uuid": uuid.UUID,
               "iso_datetime": datetime.datetime.fromisoformat}  # fmt: skip
    try:
        readers[name](text)
    except ValueError:
        return False
    return True


def _shape(text: str) -> list[tuple[int, bool]]:
    """Of every line: how far it is indented, and whether there is anything in it."""
    return [(len(line) - len(line.lstrip()), bool(line.strip())) for line in text.split("\n")]
