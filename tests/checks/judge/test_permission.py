"""What a candidate may do with what a test handed over."""

from __future__ import annotations

import asyncio
import contextlib
import io
import queue
import sys
import types
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from lamarck.checks.judge.inside.faults import Refused
from lamarck.checks.judge.inside.permission import Permission

HERE = str(Path(__file__).parent) + "/"


class Fake:
    """As a test would write it."""

    limit = 3

    def __init__(self) -> None:
        self.public = 1
        self._private = 2

    def work(self) -> int:
        return self.limit

    def __len__(self) -> int:
        return 4


class SomeTest(unittest.TestCase):
    __test__ = False


def callback(value: int) -> int:
    return value


callback.note = "x"  # type: ignore[attr-defined]


@pytest.fixture
def permission() -> Permission:
    return Permission(HERE)


def allows(permission: Permission, operation: str, *args: Any) -> bool:
    try:
        permission.check(operation, list(args))
    except (Refused, AttributeError):
        return False
    return True


async def coroutine() -> None: ...


@pytest.mark.parametrize(
    ("operation", "args"),
    [
        ("call", (callback, 1)),
        ("call", (lambda: 1,)),
        ("call", (Fake,)),
        ("call", ([].append, 1)),
        ("call", (Fake().work,)),
        ("call", (mock.Mock(), 1)),
        ("get", (callback, "__name__")),
        ("get", (callback, "note")),
        ("get", (Fake(), "public")),
        ("get", (Fake(), "work")),
        ("get", (Fake, "limit")),
        ("get", (mock.Mock(), "child")),
        ("method", (mock.Mock(), "child", 1)),
        ("method", (Fake(), "work")),
        ("method", (io.StringIO(), "write", "x")),
        ("method", (queue.Queue(), "put", 1)),
        ("method", (asyncio.Event(), "set")),
        ("set", (Fake(), "public", 2)),
        ("set", (Fake(), "fresh", 2)),
        ("special", (Fake(), "__len__")),
        ("special", (Fake(), "__repr__")),
        ("special", (object(), "__repr__")),
        ("next", (iter([]),)),
        ("equal", (Fake(), 1)),
        ("stdin", ("readline", -1)),
        ("signature", (callback,)),
        ("get", (ValueError("x"), "args")),
    ],
)
def test_what_code_does_with_what_it_is_given(permission: Permission, operation: str, args: tuple[Any, ...]) -> None:
    assert allows(permission, operation, *args)
    assert permission.refused == []


@pytest.mark.parametrize(
    ("operation", "args"),
    [
        ("get", (callback, "__globals__")),
        ("get", (callback, "__code__")),
        ("get", (callback, "__closure__")),
        ("get", (callback, "__builtins__")),
        ("set", (callback, "__code__", None)),
        ("set", (callback, "note", 1)),
        ("get", (Fake().work, "__self__")),
        ("get", (Fake().work, "__func__")),
        ("get", (Fake(), "_private")),
        ("get", (Fake(), "__dict__")),
        ("get", (Fake(), "__class__")),
        ("set", (Fake(), "work", None)),
        ("set", (Fake, "limit", 4)),
        ("set", (Fake(), "__class__", int)),
        ("delete", (Fake, "limit")),
        ("unbound", (Fake, "work", Fake())),
        ("inherited", (Fake, "work", Fake())),
        ("special", (Fake(), "__getattribute__", "x")),
        ("special", (Fake(), "__setattr__", "x", 1)),
        ("special", (Fake(), "__reduce__")),
        ("special", (Fake(), "__init__")),
        ("special", (Fake, "__call__")),
        ("special", (object(), "__call__")),
        ("get", (sys, "modules")),
        ("method", (sys, "exit")),
        ("call", (sys,)),
        ("call", (sys.exit, 0)),
        ("call", (exec, "1")),
        ("call", (type, "X", (), {})),
        ("call", (types.FunctionType,)),
        ("get", (types.SimpleNamespace, "__init__")),
        ("get", (SomeTest(), "id")),
        ("set", (SomeTest(), "public", 1)),
        ("get", (mock.Mock(), "called")),
        ("get", (mock.Mock(), "assert_called_once")),
        ("method", (mock.Mock(), "reset_mock")),
        ("method", (mock.MagicMock(), "configure_mock")),
        ("set", (mock.Mock(), "return_value", 1)),
        ("set", (mock.Mock(), "call_count", 1)),
        ("get", ((x for x in ()), "gi_frame")),
        ("get", (io.StringIO(), "buffer")),
        ("get", (asyncio.new_event_loop, "x")),
        ("override", (Fake, "work")),
        ("override", (int, "x")),
        ("dir", (Fake(),)),
        ("get", (Permission(HERE), "refused")),
        ("call", (Permission(HERE).check, "call", [])),
        ("get", (Fake(), 5)),
    ],
)
def test_what_leads_to_the_judge_is_refused(permission: Permission, operation: str, args: tuple[Any, ...]) -> None:
    assert not allows(permission, operation, *args)


def test_event_loops_are_refused(permission: Permission) -> None:
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        for name in ("subprocess_exec", "run_in_executor", "call_soon", "stop"):
            assert not allows(permission, "method", loop, name)
            assert not allows(permission, "get", loop, name)


def test_what_pytest_hands_to_tests_is_refused(
    permission: Permission, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    for owner in (monkeypatch, request, request.config, request.node):
        assert not allows(permission, "get", owner, "config")
        assert not allows(permission, "method", owner, "setattr", "os.getcwd", None)
    assert not allows(permission, "call", monkeypatch.setattr, "os.getcwd", None)


def test_refusals_are_remembered(permission: Permission) -> None:
    allows(permission, "method", sys, "exit")
    assert permission.refused == ["module.exit (method)"]
