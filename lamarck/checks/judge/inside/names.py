"""Which names may travel instead of the things they name, and which special methods stand-ins imitate."""

from __future__ import annotations

import sys
from typing import Any

# Special methods that a stand-in has when the real class has them. Not among them: what is about the object's own
# life and looks (__init__, __eq__, __hash__, __repr__ …), which every stand-in treats in its own way.
SPECIAL = frozenset(
    "__call__ __len__ __length_hint__ __getitem__ __setitem__ __delitem__ __contains__ __iter__ __next__ __reversed__ "
    "__enter__ __exit__ __aenter__ __aexit__ __aiter__ __anext__ __await__ __bool__ __int__ __float__ __complex__ "
    "__index__ __add__ __radd__ __iadd__ __sub__ __rsub__ __isub__ __mul__ __rmul__ __imul__ __matmul__ __rmatmul__ "
    "__imatmul__ __truediv__ __rtruediv__ __itruediv__ __floordiv__ __rfloordiv__ __ifloordiv__ __mod__ __rmod__ "
    "__imod__ __divmod__ __rdivmod__ __pow__ __rpow__ __ipow__ __lshift__ __rlshift__ __ilshift__ __rshift__ "
    "__rrshift__ __irshift__ __and__ __rand__ __iand__ __or__ __ror__ __ior__ __xor__ __rxor__ __ixor__ __neg__ "
    "__pos__ __abs__ __invert__ __round__ __trunc__ __floor__ __ceil__ __lt__ __le__ __gt__ __ge__ __bytes__ "
    "__fspath__ __missing__ __str__ __repr__ __format__ __ne__ __dir__".split()
)

# Special methods of a class, as its metaclass defines them. Calling, iterating and subscribing every stand-in can do.
OF_CLASSES = SPECIAL - frozenset("__call__ __iter__ __getitem__ __dir__ __ne__ __missing__ __await__ __next__".split())

# Questions that built-in values answer with yes or no, and that change nothing.
PREDICATES = frozenset({"startswith", "endswith", "issubset", "issuperset", "isdisjoint", "__contains__"})

# Names that test runners and mocks look for on whatever they meet. No stand-in asks the other side for them.
NEVER = ("_lamarck", "_pytest", "pytest_", "__tracebackhide__", "pytestmark", "__test__", "__wrapped__", "__array",
         "__attrs_attrs__", "_mock_", "__set_name__", "__unittest_", "__get__", "__set__", "__delete__", "__orig_",
         "__no_type_check__", "__reduce", "__getstate__", "__setstate__", "__getnewargs", "__slots__")  # fmt: skip

# Modules whose classes travel by name in both directions: values, containers, and what type annotations say.
_CLASSES_OF = frozenset(
    "builtins collections collections.abc datetime decimal fractions uuid pathlib pathlib._local numbers types typing "
    "abc enum re zoneinfo ipaddress string".split()
)
_NOT_CLASSES = frozenset({("types", "FunctionType"), ("types", "CodeType"), ("types", "FrameType")})
# Exceptions of these decide about tests; a candidate that raises them is told to have raised something of its own.
# Hypothesis, for one, drops every example on which the tested code raises UnsatisfiedAssumption.
_DECIDING = frozenset(
    "unittest doctest bdb _pytest pytest pluggy hypothesis _hypothesis_pytestplugin _lamarck_inside anyio trio "
    "pytest_asyncio pytest_timeout pytest_mock pytest_subtests nose nose2 testtools twisted behave pytest_bdd".split()
)
# Modules that do more than define things when they are imported.
_ACTING = frozenset(
    "__main__ __hello__ __phello__ antigravity this test idlelib turtle turtledemo lib2to3 tkinter".split()
)


def standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def named_class(kind: type) -> tuple[str, str] | None:
    """(module, qualified name) of a class that both sides have under that name, and that may travel so."""
    if kind in _UNNAMED:
        return "types", _UNNAMED[kind]
    module, name = kind.__module__, kind.__qualname__
    if type(module) is not str or class_named(module, name) is not kind:
        return None
    return module, name


def class_named(module: str, name: str) -> type | None:
    """What `named_class` named, or None for everything that does not travel by name: classes of values, and
    exceptions of the standard library and of installed packages that are loaded."""
    if module == "types" and name in _UNNAMED.values():
        return next(kind for kind, known in _UNNAMED.items() if known == name)
    decides = module.partition(".")[0] in _DECIDING
    found: Any = sys.modules.get(module)
    if found is None and _may_be_imported(module) and not decides:
        try:
            found = __import__(module, fromlist=["_"])
        except ImportError:
            return None
    for part in name.split("."):
        found = getattr(found, part, None)
        if not isinstance(found, type):  # no way through what a module has imported
            return None
    if (module, name) in _NOT_CLASSES or (found.__module__, found.__qualname__) != (module, name):
        return None
    if module in _CLASSES_OF or (module == "numpy" and _is_of_numpy(found)):
        return found
    is_known = standard(module) or _is_installed(sys.modules[module])
    return found if issubclass(found, BaseException) and is_known and not decides else None


_UNNAMED = {type(None): "NoneType", type(NotImplemented): "NotImplementedType", type(Ellipsis): "EllipsisType"}


def _may_be_imported(module: str) -> bool:
    return (standard(module) and _ACTING.isdisjoint(module.split("."))) or module == "numpy"


def _is_of_numpy(kind: type) -> bool:
    """Arrays and their elements' classes."""
    return any(each.__module__ == "numpy" and each.__name__ in ("ndarray", "generic") for each in kind.__mro__)


def _is_installed(module: Any) -> bool:
    return "site-packages" in (getattr(module, "__file__", None) or "")


def is_hidden(name: str) -> bool:
    return name.startswith(NEVER)


def is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
