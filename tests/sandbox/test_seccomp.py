"""The filter, read by a small interpreter of classic BPF."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.errors import SandboxUnavailable
from lamarck.sandbox.seccomp import _REFUSED, filter_program

ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000


def judge(program: bytes, number: int, arch: int, arguments: tuple[int, ...] = ()) -> int:
    data = struct.pack("=iIQ6Q", number, arch, 0, *(arguments + (0,) * 6)[:6])
    code = list(struct.iter_unpack("=HBBI", program))
    at, value = 0, 0
    while True:
        kind, if_true, if_false, k = code[at]
        at += 1
        if kind == 0x20:
            (value,) = struct.unpack_from("=I", data, k)
        elif kind == 0x06:
            return k
        else:
            is_true = {0x15: value == k, 0x25: value > k, 0x35: value >= k, 0x45: bool(value & k)}[kind]
            at += if_true if is_true else if_false


@pytest.mark.parametrize("machine", ARCHES)
def test_refused_calls(machine: str) -> None:
    program, arch = filter_program(machine), ARCHES[machine]
    column = list(ARCHES).index(machine)
    for name, numbers in _REFUSED.items():
        number = numbers[column]
        if number is not None:
            assert judge(program, number, arch) == ERRNO | errno.EPERM, name
    assert judge(program, 435, arch) == ERRNO | errno.ENOSYS


@pytest.mark.parametrize("machine", ARCHES)
@given(number=st.integers(470, 0x3FFFFFFF))
def test_calls_of_the_future_do_not_exist(machine: str, number: int) -> None:
    assert judge(filter_program(machine), number, ARCHES[machine]) == ERRNO | errno.ENOSYS


@pytest.mark.parametrize("machine", ARCHES)
def test_ordinary_calls_are_allowed(machine: str) -> None:
    # read, write, openat, mmap, execve, futex, wait4, epoll_ctl, memfd_create
    numbers = {
        "x86_64": (0, 1, 257, 9, 59, 202, 61, 233, 319),
        "aarch64": (63, 64, 56, 222, 221, 98, 260, 21, 279),
    }[machine]
    for number in numbers:
        assert judge(filter_program(machine), number, ARCHES[machine]) == ALLOW


@given(arch=st.integers(0, 2**32 - 1).filter(lambda a: a not in ARCHES.values()), number=st.integers(0, 500))
def test_calls_of_another_architecture_kill(arch: int, number: int) -> None:
    for machine in ARCHES:
        assert judge(filter_program(machine), number, arch) == KILL


def test_x32_calls_kill() -> None:
    assert judge(filter_program("x86_64"), 0x40000000 | 101, ARCHES["x86_64"]) == KILL


@given(family=st.integers(0, 2**32 - 1), high=st.integers(0, 2**32 - 1))
def test_socket_families(family: int, high: int) -> None:
    for machine, number, pair in (("x86_64", 41, 53), ("aarch64", 198, 199)):
        program, arch = filter_program(machine), ARCHES[machine]
        argument = (high << 32 | family,)
        expected = ALLOW if family in (1, 2, 10) else ERRNO | errno.EAFNOSUPPORT
        assert judge(program, number, arch, argument) == expected
        assert judge(program, pair, arch, argument) == (ALLOW if family == 1 else ERRNO | errno.EAFNOSUPPORT)


@pytest.mark.parametrize("family", [1, 2, 10, 16, 17, 38, 40])
def test_known_socket_families(family: int) -> None:
    expected = ALLOW if family in (1, 2, 10) else ERRNO | errno.EAFNOSUPPORT
    assert judge(filter_program("x86_64"), 41, ARCHES["x86_64"], (family,)) == expected


@given(high=st.integers(0, 2**32 - 1), request=st.sampled_from([0x5412, 0x541C, 0x5413, 0x5401]))
def test_typing_into_a_terminal_is_refused_whatever_the_high_bits(high: int, request: int) -> None:
    for machine, number in (("x86_64", 16), ("aarch64", 29)):
        found = judge(filter_program(machine), number, ARCHES[machine], (0, high << 32 | request))
        assert found == (ERRNO | errno.EPERM if request in (0x5412, 0x541C) else ALLOW)


@pytest.mark.parametrize("flag", [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000])
def test_clone_makes_processes_and_threads_but_no_namespace(flag: int) -> None:
    thread = 0x3D0F00  # what the C library asks for
    for machine, number in (("x86_64", 56), ("aarch64", 220)):
        program, arch = filter_program(machine), ARCHES[machine]
        assert judge(program, number, arch, (thread,)) == ALLOW
        assert judge(program, number, arch, (17,)) == ALLOW
        assert judge(program, number, arch, (flag | 17,)) == ERRNO | errno.EPERM


def test_an_unknown_processor_is_refused() -> None:
    with pytest.raises(SandboxUnavailable, match="riscv64"):
        filter_program("riscv64")
    assert filter_program("arm64") == filter_program("aarch64")
