"""What the judge does for a candidate.

A test hands callbacks, fakes, streams and exceptions to the code that it tests, and the candidate may use them as code
does: call them, read and set their public attributes, iterate, compare. Whatever leads from there to the judge itself
(globals, frames, modules, classes of the judge's own, what mocks recorded) is refused; so is everything that no test
handed over, for a candidate can only name what it was told the number of.
"""

from __future__ import annotations

import enum
import io
import sys
import types
from collections.abc import Callable
from typing import Any

from .decoys import Nothing
from .faults import Refused
from .names import SPECIAL, is_hidden
from .handles import handle_of

_ABOUT_FUNCTIONS = frozenset({"__name__", "__qualname__", "__doc__", "__module__", "__annotations__"})
_ABOUT_ANYTHING = frozenset({"__repr__", "__str__", "__format__", "__hash__", "__bool__", "__lt__", "__le__", "__gt__",
                             "__ge__", "__ne__"})  # fmt: skip
_ON_EVERY_INSTANCE = SPECIAL | {"__hash__"}
_STREAMS = frozenset(
    "read readline readlines write writelines seek tell truncate close flush getvalue closed name mode encoding errors "
    "newlines readable writable seekable isatty".split()
)
# Classes of the standard library whose instances exist to be handed over. No event loops: they start processes.
_HANDED_OVER = {
    "asyncio.locks": {"Lock", "Event", "Semaphore", "BoundedSemaphore", "Condition", "Barrier"},
    "asyncio.queues": {"Queue", "PriorityQueue", "LifoQueue"},
    "queue": {"Queue", "PriorityQueue", "LifoQueue", "SimpleQueue"},
    "_queue": {"SimpleQueue"},
    "threading": {"Event", "Condition", "Semaphore", "BoundedSemaphore", "Barrier", "local", "_RLock"},
    "_thread": {"lock", "RLock", "_local", "_localdummy"},
    "types": {"SimpleNamespace", "MappingProxyType"},
    "argparse": {"Namespace"},
    "random": {"Random"},
    "string": {"Template"},
    "array": {"array"},
    "collections": {"ChainMap", "UserDict", "UserList", "UserString"},
    "functools": {"partial", "cached_property"},
    "csv": {"DictReader", "DictWriter"},
    "_csv": {"reader", "writer", "Reader", "Writer"},
    "re": {"Match"},
    "operator": {"itemgetter", "attrgetter", "methodcaller"},
    "itertools": None,
    "builtins": {"dict_items", "dict_keys", "dict_values", "enumerate", "filter", "map", "mappingproxy", "memoryview",
                 "reversed", "zip", "bytes_iterator", "callable_iterator", "dict_itemiterator", "dict_keyiterator",
                 "dict_valueiterator", "list_iterator", "list_reverseiterator", "range_iterator", "set_iterator",
                 "str_ascii_iterator", "str_iterator", "tuple_iterator", "bytearray_iterator", "iterator"},
    "decimal": None,
    "datetime": None,
    "zoneinfo": None,
    "ipaddress": None,
    "_random": None,
}  # fmt: skip
_LOGGING = frozenset(
    "debug info warning warn error exception critical fatal log isEnabledFor getEffectiveLevel name level extra".split()
)
_MOCKS = "unittest.mock"
_ACTING = frozenset({"call", "method", "set", "delete", "next", "send", "throw", "close", "begin", "override"})


class Permission:
    """tests: the folder of the tests and of what they import, with a slash at its end. is_closed: whether the candidate
    has no reason to do anything with the test's own things now."""

    def __init__(self, tests: str, is_closed: Callable[[], bool] = lambda: False) -> None:
        self._tests = tests
        self._is_closed = is_closed
        self.refused: list[str] = []

    def check(self, operation: str, args: list[Any]) -> None:
        """Raises `Refused`."""
        if operation in ("stdin", "progress", "cancel"):
            return
        owner = args[0]
        name = args[1] if len(args) > 1 else None
        if (operation in _ACTING and self._is_closed()) or not self._allows(operation, owner, name):
            what = f"{type(owner).__name__}{f'.{name}' if type(name) is str else ''} ({operation})"
            if owner is not Nothing and type(owner) is not Nothing:  # that one no test handed over
                self.refused.append(what[:200])
            raise Refused(f"what a test handed over can't be used so from another process: {what[:200]}")

    def _allows(self, operation: str, owner: Any, name: Any) -> bool:
        if operation == "override":
            return isinstance(owner, type) and name in owner.__dict__.get("_lamarck_overrides", ())
        if isinstance(owner, types.ModuleType) or _is_of_the_judge(owner) or handle_of(owner) is not None:
            return False
        if operation in ("next", "send", "throw", "close", "begin"):
            return True
        if operation == "call":
            return self._is_callable(owner)
        if operation in ("equal", "fields", "plain", "copy", "deepcopy", "isinstance", "altered"):
            return not isinstance(owner, type | types.FunctionType)
        if operation == "signature":
            return callable(owner)
        if type(name) is not str:
            return False
        if operation == "special":
            allowed = _ON_EVERY_INSTANCE if self._is_handed_over(owner) else _ABOUT_ANYTHING
            return name in allowed and not isinstance(owner, type)
        if operation in ("get", "method"):
            return self._has_public(owner, name)
        if operation in ("set", "delete"):
            return self._may_set(owner, name)
        return False

    def _is_callable(self, owner: Any) -> bool:
        if isinstance(owner, type):
            return self._is_of_tests(owner) or issubclass(owner, BaseException)
        bound_to = getattr(owner, "__self__", None)
        if isinstance(bound_to, types.ModuleType):
            return False
        return bound_to is None or isinstance(bound_to, type) or not _is_of_the_judge(bound_to)

    def _is_of_tests(self, kind: type) -> bool:
        """A class of the test files or of what lies beside them, and no test itself."""
        module = sys.modules.get(kind.__module__)
        file = getattr(module, "__file__", None) or ""
        return file.startswith(self._tests) and not any(each.__module__ == "unittest.case" for each in kind.__mro__)

    def _is_handed_over(self, owner: Any) -> bool:
        kind = type(owner)
        if self._is_of_tests(kind) or isinstance(owner, io.IOBase | BaseException | enum.Enum) or _is_mock(owner):
            return True
        if kind.__module__ not in _HANDED_OVER:
            return any(self._is_of_tests(each) for each in kind.__mro__[:-1])
        names = _HANDED_OVER[kind.__module__]
        return names is None or kind.__name__ in names

    def _has_public(self, owner: Any, name: str) -> bool:
        if isinstance(owner, types.GeneratorType | types.CoroutineType | types.AsyncGeneratorType):
            return False
        if isinstance(owner, types.FunctionType | types.BuiltinFunctionType | types.MethodType):
            return name in _ABOUT_FUNCTIONS or (name in getattr(owner, "__dict__", ()) and not name.startswith("_"))
        if name.startswith("_") or is_hidden(name):
            return False
        if isinstance(owner, io.IOBase):
            return name in _STREAMS
        if type(owner).__module__ == "logging" and type(owner).__name__ in ("Logger", "LoggerAdapter"):
            return name in _LOGGING
        if isinstance(owner, type):
            return self._is_of_tests(owner)
        if _is_mock(owner):
            return name not in _mock_names()
        return self._is_handed_over(owner)

    def _may_set(self, owner: Any, name: str) -> bool:
        if isinstance(owner, type | types.FunctionType | types.MethodType | io.IOBase) or not self._has_public(
            owner, name
        ):
            return False
        return not callable(getattr(type(owner), name, None))


def _is_of_the_judge(value: Any) -> bool:
    """Fixtures, nodes and reports of pytest, and whatever is Lamarck's."""
    module = str(type(value).__module__)
    return module.startswith((str(__package__), "_pytest", "pytest", "pluggy")) and not isinstance(
        value, io.IOBase | BaseException
    )


def _is_mock(value: Any) -> bool:
    mock = sys.modules.get(_MOCKS)
    return mock is not None and isinstance(value, mock.NonCallableMock | mock._Call)


def _mock_names() -> set[str]:
    """What mocks use for themselves: what was called, and the assertions about it."""
    mock = sys.modules[_MOCKS]
    return set(dir(mock.MagicMock())) | {"assert_called", "method_calls", "call_args", "side_effect", "return_value"}
