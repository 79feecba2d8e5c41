"""The side that trusts the other one: the candidate, whose judge has no reason to lie to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .handles import handle_of


class Trusting:
    """An `Examiner` that takes every answer as it comes."""

    def equal(self, one: Any, other: Any) -> Any:
        mine, theirs = handle_of(one), handle_of(other)
        assert mine is not None
        if theirs is not None and mine.number == theirs.number:
            return True
        return mine.ask("equal", one, other)

    def examined(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        return method

    def instance(self, cls: type, instance: Any, ask: Callable[[Any], Any]) -> bool:
        return ask(instance) is True

    def predicate(self, one: Any, name: str, found: Any) -> Any:
        return found
