"""What tests patch in modules that both sides have is patched on the candidate's side too.

`monkeypatch.setattr(time, "sleep", …)`, `mock.patch("builtins.open", …)` and `random.seed(1)` mean the module that the
candidate uses. Patches of the candidate's own modules reach it anyway.
"""

from __future__ import annotations

import random
import sys
import types
from collections.abc import Callable
from typing import Any

from .modules import RemoteModule

# The judge's own: standard streams are followed in another way, and the candidate has its own path and modules.
_OWN = frozenset(
    {("sys", name) for name in ("stdin", "stdout", "stderr", "path", "modules", "meta_path", "path_hooks")}
)


class Patches:
    """ask: the peer's. follows(module name): whether the candidate has that module."""

    def __init__(self, ask: Callable[..., Any], follows: Callable[[str], bool]) -> None:
        self._ask = ask
        self._follows = follows
        self._originals: dict[tuple[str, str], Any] = {}

    def install(self) -> None:
        self._seed()
        self._monkeypatch()
        self._mock()

    def _seed(self) -> None:
        seed = random.seed

        def both(*args: Any, **kwargs: Any) -> None:
            seed(*args, **kwargs)
            if args or kwargs:
                self._ask("seed", *args, **kwargs)

        random.seed = both  # type: ignore[assignment]

    def _monkeypatch(self) -> None:
        from _pytest.monkeypatch import MonkeyPatch

        setattr_, delattr_, undo = MonkeyPatch.setattr, MonkeyPatch.delattr, MonkeyPatch.undo

        def patched_setattr(monkeypatch: Any, *args: Any, **kwargs: Any) -> None:
            setattr_(monkeypatch, *args, **kwargs)
            self._follow(*monkeypatch._setattr[-1])

        def patched_delattr(monkeypatch: Any, *args: Any, **kwargs: Any) -> None:
            known = len(monkeypatch._setattr)
            delattr_(monkeypatch, *args, **kwargs)
            if len(monkeypatch._setattr) > known:
                self._follow(*monkeypatch._setattr[-1])

        def patched_undo(monkeypatch: Any) -> None:
            touched = list(monkeypatch._setattr)
            undo(monkeypatch)
            for each in touched:
                self._follow(*each)

        MonkeyPatch.setattr = patched_setattr  # type: ignore[method-assign,assignment]
        MonkeyPatch.delattr = patched_delattr  # type: ignore[method-assign,assignment]
        MonkeyPatch.undo = patched_undo  # type: ignore[method-assign]

    def _mock(self) -> None:
        import unittest.mock

        kind: Any = unittest.mock._patch  # type: ignore[attr-defined]
        enter, leave = kind.__enter__, kind.__exit__

        def patched_enter(patch: Any) -> Any:
            entered = enter(patch)
            self._follow(patch.target, patch.attribute, patch.temp_original)
            return entered

        def patched_leave(patch: Any, *error: Any) -> Any:
            target, name = getattr(patch, "target", None), patch.attribute
            try:
                return leave(patch, *error)
            finally:
                self._follow(target, name, None)

        kind.__enter__, kind.__exit__ = patched_enter, patched_leave

    def _follow(self, target: Any, name: str, original: Any) -> None:
        """An attribute may have changed: give the candidate's module the same value, or its own back."""
        if not isinstance(target, types.ModuleType) or isinstance(target, RemoteModule):
            return
        key = (target.__name__, name)
        if key in _OWN or not self._follows(target.__name__):
            return
        now = getattr(target, name, None)
        if key not in self._originals:
            self._originals[key] = original
        if now is self._originals[key]:
            del self._originals[key]
            self._ask("unpatch", *key)
        else:
            self._ask("patch", *key, now)


def both_sides_have(shared: frozenset[str], tests: str) -> Callable[[str], bool]:
    """Modules of the standard library, of installed packages, and files given to both sides; not the test files."""

    def have(name: str) -> bool:
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None) or ""
        return name in shared or not file.startswith(tests)

    return have
