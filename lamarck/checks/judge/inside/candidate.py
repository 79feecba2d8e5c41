"""The candidate's process: imports what the judge asks for and answers. Nothing here decides anything.

The candidate's code shares this process and could rewrite all of it: that gives it nothing but other answers.
"""

from __future__ import annotations

import gc
import importlib
import os
import random
import sys
import types
from collections.abc import Callable
from typing import Any

from .awaiting import awaited
from .faults import Ended
from .frames import Stream
from .operations import for_both_sides
from .conversation import Peer
from .handles import Ask
from .probes import install as install_probes
from .standins import Standins
from .subclasses import Twins
from .surroundings import CandidateSurroundings
from .temporary import share_temporary_files
from .trusting import Trusting

_exit = os._exit


def run(spec: dict[str, Any]) -> None:
    """spec: descriptor, folder (of the code), shared (module names), sites (folders of packages), work (folder to
    work in), first (modules to import before anybody asks), probes (descriptor, size, files; see `probes.install`)."""
    surroundings = CandidateSurroundings()
    peer = Peer(
        Stream(spec["descriptor"]),
        surroundings,
        leads=False,
        shared=frozenset(spec["shared"]),
        permit=None,
        standins=_standins,
        function_named=_function_named,
    )
    surroundings.encode = peer.values.encode
    peer.operations = for_both_sides() | Twins(peer.request, peer.described.adopt).operations() | Modules().operations()
    surroundings.install(peer.request)
    os.umask(0)
    os.makedirs(spec["work"], exist_ok=True)
    os.chdir(spec["work"])
    share_temporary_files(spec["work"])
    sys.path[:] = [spec["folder"], *sys.path]
    sys.argv[:] = [""]
    random.seed(spec["seed"])
    if (probes := spec.get("probes")) is not None:
        install_probes(probes["descriptor"], probes["size"], probes["files"])
    gc.freeze()
    for name in spec["first"]:
        _import_quietly(name)
    surroundings.follow_log()
    try:
        peer.serve()
    except Ended:
        _exit(0)


def _standins(ask: Ask, decode: Callable[[Any], Any]) -> Standins:
    return Standins(ask, decode, examiner=Trusting(), awaited=awaited, module=importlib.import_module)


def _function_named(module: str, name: str) -> Any:
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


_failed: dict[str, BaseException] = {}


def _import_quietly(name: str) -> None:
    """The time until the judge asks is used. A module is imported once: what that raised is raised again."""
    try:
        importlib.import_module(name)
    except BaseException as error:
        _failed[name] = error


_MISSING = object()


class Modules:
    """What the judge asks of modules and classes: imports, and patches that are taken back."""

    def __init__(self) -> None:
        self._originals: dict[tuple[int, str], tuple[Any, Any]] = {}  # (id of the owner, name) → owner, its own value

    def operations(self) -> dict[str, Callable[..., Any]]:
        return {
            "set": self._set,
            "delete": self._delete,
            "import": self._import,
            "reload": lambda name: importlib.reload(sys.modules[name]) and None,
            "public": self._public,
            "patch": self._patch,
            "unpatch": self._unpatch,
            "seed": random.seed,
        }

    @staticmethod
    def _import(name: str) -> None:
        if name in _failed:
            raise _failed[name]
        importlib.import_module(name)

    @staticmethod
    def _public(name: str) -> list[str]:
        module = sys.modules[name]
        listed = getattr(module, "__all__", None)
        return [str(n) for n in (listed if listed is not None else [n for n in vars(module) if not n.startswith("_")])]

    def _set(self, owner: Any, name: str, value: Any) -> None:
        if isinstance(owner, type | types.ModuleType):
            self._originals.setdefault((id(owner), name), (owner, owner.__dict__.get(name, _MISSING)))
        setattr(owner, name, value)

    def _delete(self, owner: Any, name: str) -> None:
        """For a module or class: what was set is taken back, as tools that patch mean it; there they can't see, from
        the other side, that it had a value of its own before."""
        _, original = self._originals.pop((id(owner), name), (owner, _MISSING))
        if original is _MISSING:
            delattr(owner, name)
        else:
            setattr(owner, name, original)

    def _patch(self, module: str, name: str, value: Any) -> None:
        self._set(importlib.import_module(module), name, value)

    def _unpatch(self, module: str, name: str) -> None:
        owner = sys.modules[module]
        if (id(owner), name) in self._originals:
            self._delete(owner, name)
