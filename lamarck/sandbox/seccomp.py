"""The system-call filter of a job, as a classic BPF program for x86_64 and aarch64.

A deny list on purpose: candidates may use any pure or native library. What is refused is what reaches out of the
namespaces, adds kernel surface that no honest test needs, or hides memory from the accounting. Everything that was
added to Linux after the last call known here answers ENOSYS, so that a newer kernel does not widen the sandbox.
"""

from __future__ import annotations

import errno
import platform
import struct
from dataclasses import dataclass

from lamarck.errors import SandboxUnavailable

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL = 0x15
_JUMP_GREATER = 0x25
_JUMP_AT_LEAST = 0x35
_JUMP_ANY_BIT = 0x45
_RETURN = 0x06

_ALLOW = 0x7FFF0000
_KILL_PROCESS = 0x80000000
_ERRNO = 0x00050000

_NUMBER, _ARCH, _ARGUMENT = 0, 4, 16  # offsets into struct seccomp_data; each argument has 8 bytes

AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
_TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. NEWTIME shares a bit with clone's exit signal and
# is reachable through unshare and clone3 alone.
_NAMESPACE_FLAGS = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000

_X32_BIT = 0x40000000
_LAST_KNOWN = 469  # file_setattr

# name: (x86_64, aarch64); None where the architecture lacks it. Numbers from 424 on are the same everywhere.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # mounts and namespaces
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "statmount": (457, 457),
    "listmount": (458, 458),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    # kernel surface
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "modify_ldt": (154, None),
    "iopl": (172, None),
    "ioperm": (173, None),
    "vhangup": (153, 58),
    # the machine
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "syslog": (103, 116),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    # memory that neither a resident-set sum nor a tmpfs size sees
    "shmget": (29, 194),
    "memfd_secret": (447, 447),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
}
_FOR_NAMESPACES = ("mount", "unshare")


@dataclass(frozen=True)
class _Architecture:
    column: int  # in _REFUSED
    audit: int
    clone: int
    clone3: int
    socket: int
    socketpair: int
    ioctl: int
    personality: int


_ARCHITECTURES = {
    "x86_64": _Architecture(0, 0xC000003E, clone=56, clone3=435, socket=41, socketpair=53, ioctl=16, personality=135),
    "aarch64": _Architecture(
        1, 0xC00000B7, clone=220, clone3=435, socket=198, socketpair=199, ioctl=29, personality=92
    ),
}


def filter_program(machine: str | None = None, *, makes_namespaces: bool = False) -> bytes:
    """The filter as an array of `struct sock_filter`, ready for `bwrap --seccomp`.

    machine: as `platform.machine()` says; default this one. makes_namespaces: for the process of Lamarck's own that
    warm jobs are forked from; each of them takes on the full filter. Raises `SandboxUnavailable` for any other machine
    than x86_64 and aarch64.
    """
    machine = machine or platform.machine()
    arch = _ARCHITECTURES.get({"arm64": "aarch64", "amd64": "x86_64"}.get(machine, machine))
    if arch is None:
        raise SandboxUnavailable(
            f"there is no system-call filter for the processor '{machine}'", "use a machine with x86_64 or aarch64"
        )
    code = [
        _statement(_LOAD, _ARCH),
        _jump(_JUMP_EQUAL, arch.audit, 1, 0),  # a 32-bit call would mean other numbers
        _statement(_RETURN, _KILL_PROCESS),
        _statement(_LOAD, _NUMBER),
    ]
    if arch.column == 0:
        code += [_jump(_JUMP_AT_LEAST, _X32_BIT, 0, 1), _statement(_RETURN, _KILL_PROCESS)]
    code += [_jump(_JUMP_GREATER, _LAST_KNOWN, 0, 1), _refusal(errno.ENOSYS)]
    # glibc falls back to clone, whose flags a filter can read
    code += [_jump(_JUMP_EQUAL, arch.clone3, 0, 1), _refusal(errno.ENOSYS)]
    for name, numbers in _REFUSED.items():
        number = numbers[arch.column]
        if number is not None and not (makes_namespaces and name in _FOR_NAMESPACES):
            code += [_jump(_JUMP_EQUAL, number, 0, 1), _refusal(errno.EPERM)]
    if not makes_namespaces:
        code += _argument_rule(arch.clone, [_jump(_JUMP_ANY_BIT, _NAMESPACE_FLAGS, 0, 1), _refusal(errno.EPERM)])
    # AF_VSOCK reaches the hypervisor through any network namespace
    code += _argument_rule(arch.socket, _only((AF_UNIX, AF_INET, AF_INET6), errno.EAFNOSUPPORT))
    code += _argument_rule(arch.socketpair, _only((AF_UNIX,), errno.EAFNOSUPPORT))
    code += _argument_rule(arch.personality, _only((0, 0xFFFFFFFF), errno.EPERM))
    # The kernel looks at the low 32 bits of the request alone; so does this (CVE-2019-10063 compared all 64).
    injection: list[bytes] = []
    for request in _TERMINAL_INJECTION:
        injection += [_jump(_JUMP_EQUAL, request, 0, 1), _refusal(errno.EPERM)]
    code += _argument_rule(arch.ioctl, injection, argument=1)
    code.append(_statement(_RETURN, _ALLOW))
    return b"".join(code)


def _argument_rule(number: int, rule: list[bytes], argument: int = 0) -> list[bytes]:
    """When the call is `number`: load the low half of an argument, judge it by `rule`, else allow."""
    body = [_statement(_LOAD, _ARGUMENT + 8 * argument), *rule, _statement(_RETURN, _ALLOW)]
    return [_jump(_JUMP_EQUAL, number, 0, len(body)), *body]


def _only(allowed: tuple[int, ...], refusal: int) -> list[bytes]:
    code: list[bytes] = []
    for value in allowed:
        code += [_jump(_JUMP_EQUAL, value, 0, 1), _statement(_RETURN, _ALLOW)]
    return [*code, _refusal(refusal)]


def _refusal(number: int) -> bytes:
    return _statement(_RETURN, _ERRNO | number)


def _statement(code: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, 0, 0, value)


def _jump(code: int, value: int, if_true: int, if_false: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
