"""Imports of the candidate's modules in the judge: modules of stand-ins."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import builtins
import importlib.util
import opcode
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

from .mirrored import named
from .names import is_hidden
from .routines import RemoteFunction

_LOCAL = frozenset(
    "__name__ __doc__ __package__ __loader__ __spec__ __path__ __file__ __cached__ __builtins__ __class__ "
    "__dict__".split()
)


class RemoteModule(types.ModuleType):
    """A module of the candidate's. Every name is asked for when it is used, so that a change there is seen here."""

    def __getattribute__(self, name: str) -> Any:
        if name in _LOCAL or name.startswith("_lamarck"):
            return types.ModuleType.__getattribute__(self, name)
        if name == "__all__":
            return self._lamarck_public(self._lamarck_ask("public", self.__name__), sys._getframe(1))
        if is_hidden(name) or (name.startswith("__") and name.endswith("__") and name != "__version__"):
            raise AttributeError(name)
        return named(name, self._lamarck_ask("get", self, name))

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _LOCAL or isinstance(value, RemoteModule):
            types.ModuleType.__setattr__(self, name, value)
        else:
            self._lamarck_ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._lamarck_ask("delete", self, name)

    def __dir__(self) -> list[str]:
        return [*_LOCAL, *self._lamarck_ask("dir", self)]


def remote_module(ask: Callable[..., Any], name: str, wanted: frozenset[str] = frozenset()) -> RemoteModule:
    """The stand-in of a module; ask: the peer's. wanted: names that the task defines."""
    module = RemoteModule(name)
    module.__dict__["_lamarck_ask"] = ask
    module.__dict__["_lamarck_public"] = lambda names, frame: _offered(names, frame, wanted)
    return module


def _offered(names: list[str], frame: types.FrameType, wanted: frozenset[str]) -> list[str]:
    """What `from candidate import *` brings: nothing that replaces a built-in, or what the test file has, unless
    the task asks for it."""
    if opcode.opname[frame.f_code.co_code[frame.f_lasti]] not in _STAR:
        return names
    taken = {*frame.f_globals, *dir(builtins)} - wanted
    return [n for n in names if n not in taken and not is_hidden(n) and not n.startswith(_CALLED_BY_PYTEST)]


_STAR = frozenset({"IMPORT_STAR", "CALL_INTRINSIC_1"})
_CALLED_BY_PYTEST = ("pytest", "setup_", "teardown_", "setUp", "tearDown", "load_tests", "__")


class CandidateModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """names: dotted name → whether it is a package; folder: where the files stand on the candidate's side. wanted:
    names that the task defines."""

    def __init__(
        self, ask: Callable[..., Any], names: dict[str, bool], folder: str, wanted: frozenset[str] = frozenset()
    ) -> None:
        self._request = ask
        self._names = names
        self._wanted = wanted
        self._folder = folder
        self.asked = 0  # questions that only found out what is there
        self._foreign: dict[str, RemoteModule] = {}
        self.failed: BaseException | None = None  # what importing the candidate raised

    def _ask(self, operation: str, /, *args: Any) -> Any:
        answer = self._request(operation, *args)
        if operation != "get" or isinstance(answer, type | RemoteFunction | types.ModuleType):
            self.asked += 1
        return answer

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> Any:
        if name not in self._names:
            return None
        is_package = self._names[name]
        spec = importlib.util.spec_from_loader(name, self, is_package=is_package)
        assert spec is not None
        spec.origin = f"{self._folder}/{name.replace('.', '/')}{'/__init__' if is_package else ''}.py"
        spec.has_location = True
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return remote_module(self._ask, spec.name, self._wanted)

    def exec_module(self, module: types.ModuleType) -> None:
        first = not getattr(module.__spec__, "_lamarck_done", False)
        try:
            self._ask("import" if first else "reload", module.__name__)
        except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
            self.failed = error
            raise ImportError(f"importing {module.__name__} raised {type(error).__name__}: {error}") from error
        except Exception as error:
            self.failed = error
            raise
        module.__spec__._lamarck_done = True  # type: ignore[union-attr]

    def module(self, name: str) -> types.ModuleType:
        """The stand-in of a module that the candidate speaks of: its own, or its copy of one that it imported."""
        if name in self._names:
            return importlib.import_module(name)
        if name not in self._foreign:
            self._foreign[name] = remote_module(self._ask, name)
        return self._foreign[name]

    def is_of(self, name: str) -> bool:
        """Whether a module of that name would be the candidate's to bring."""
        return name.partition(".")[0] in {own.partition(".")[0] for own in self._names}

    def install(self) -> None:
        sys.meta_path.insert(0, self)
        for name in self._names:
            sys.modules.pop(name, None)
