"""What the first process of a warm job does to itself: a view of its own, no capability, limits, the filter.

It was cloned into new process, mount, network, IPC and host-name namespaces. What bubblewrap does for a cold job
outside, this does inside, with the same result, which the pool tests before it trusts it: see `pool.py`.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import resource
import socket
import struct
from typing import Any

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION = 0x20080522
CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS = 0x00020000, 0x02000000, 0x04000000
CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = 0x08000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
MS_REC, MS_PRIVATE = 16384, 1 << 18
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
LANDLOCK_SCOPES = 3  # abstract unix sockets and signals (Linux 6.12)
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
SIGCHLD, SIGKILL = 17, 9
CLONE = {"x86_64": 56, "aarch64": 220, "arm64": 220}

NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET
SHARED = "/opt/lamarck/shared"  # the folders that jobs share, until they are covered

libc = ctypes.CDLL(None, use_errno=True)
_holding_the_lock = ctypes.PyDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind)]
    _checked(libc.mount(*texts, ctypes.c_ulong(flags), None if data is None else data.encode()), f"mount {target}")


def fork_into(namespaces: int) -> int:
    """`os.fork`, with the child in new namespaces: one fork fewer than `unshare` takes, which leaves the process
    namespace to the child of the child. The interpreter is told as `os.fork` tells it."""
    api = ctypes.pythonapi
    api.PyOS_BeforeFork()
    pid = _holding_the_lock.syscall(
        ctypes.c_long(CLONE[platform.machine()]), ctypes.c_ulong(namespaces | SIGCHLD), None, None, None, None
    )
    (api.PyOS_AfterFork_Child if pid == 0 else api.PyOS_AfterFork_Parent)()
    return int(_checked(pid, "clone"))


def harden(spec: dict[str, Any], files: list[bytes]) -> None:
    """spec: what `pool.forked_specification` wrote. files: the job's, and last the filter. Raises `OSError`."""
    _checked(libc.unshare(CLONE_NEWCGROUP), "unshare")  # now that it is in the job's own
    _own_view(spec, files[:-1])
    _raise_loopback()
    for which, soft, hard in spec["rlimits"]:
        ceiling = resource.getrlimit(which)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)  # noqa: PLW2901
        resource.setrlimit(which, (soft, hard))
    _drop_capabilities()
    confine(files[-1])
    set_dumpable(False)


def confine(program: bytes) -> None:
    """No new privileges, no signal beyond the job, and the system-call filter `program`. Raises `OSError`."""
    _checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    _scope_with_landlock()
    _filter(program)


def set_dumpable(value: bool) -> None:
    """Whether a process of the same user may look into this one's memory, where it sees it at all."""
    _checked(libc.prctl(PR_SET_DUMPABLE, int(value), 0, 0, 0), "prctl")


def die_with_parent() -> None:
    _checked(libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "prctl")


def _own_view(spec: dict[str, Any], files: list[bytes]) -> None:
    """Everything that a job may write is new; what it reads of the system is what bubblewrap showed."""
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    own = MS_NOSUID | MS_NODEV
    temporary = f"size={spec['temporary_mb']}m,mode=1777"
    shown = [(place, os.open(place, os.O_PATH | os.O_CLOEXEC)) for place in spec["under_temporary"]]
    _mount("tmpfs", "/tmp", "tmpfs", own, temporary)  # noqa: S108  the job's own
    _mount("tmpfs", "/dev/shm", "tmpfs", own, temporary)  # noqa: S108
    for place, fd in shown:  # as they were, read-only: a mount keeps that
        _make_place(place, is_folder=os.path.isdir(f"/proc/self/fd/{fd}"))
        _mount(f"/proc/self/fd/{fd}", place, None, MS_BIND | MS_REC)
        os.close(fd)
    _mount("tmpfs", "/scratch", "tmpfs", own, f"size={max(spec['scratch_mb'] << 20, 4096)},mode=0777")
    for name, folder in spec["shared"].items():
        os.mkdir(f"/scratch/{name}")
        _mount(f"{SHARED}/{folder}", f"/scratch/{name}", None, MS_BIND)
    _mount("tmpfs", SHARED, "tmpfs", own | MS_RDONLY, "size=4096,mode=0555")
    if files:
        _mount("tmpfs", "/job", "tmpfs", own, "mode=0755")
        _write_files(spec["files"], files)
        _mount("tmpfs", "/job", None, own | MS_REMOUNT | MS_RDONLY, "mode=0755")
    _mount("proc", "/proc", "proc", own | MS_NOEXEC)
    # this very process: a job runs as the same user
    _mount("tmpfs", "/proc/1", "tmpfs", own | MS_RDONLY, "size=4096,mode=0555")


def _make_place(place: str, *, is_folder: bool) -> None:
    os.makedirs(place if is_folder else os.path.dirname(place), exist_ok=True)
    if not is_folder:
        os.close(os.open(place, os.O_CREAT | os.O_RDONLY | os.O_CLOEXEC, 0o444))


def _write_files(paths: list[str], contents: list[bytes]) -> None:
    os.umask(0o022)
    made = {"/job"}
    for path, content in zip(paths, contents, strict=True):
        place = f"/job/{path}"
        folder = os.path.dirname(place)
        if folder not in made:
            os.makedirs(folder, exist_ok=True)
            made.add(folder)
        fd = os.open(place, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o444)
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        os.close(fd)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def _scope_with_landlock() -> None:
    """Where the kernel has it: no signal and no abstract socket beyond the job, even were a namespace to fail."""
    attributes = struct.pack("=QQQ", 0, 0, LANDLOCK_SCOPES)
    ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset >= 0:
        _checked(libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock")
        os.close(ruleset)


def _drop_capabilities() -> None:
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break  # beyond the last one that this kernel knows
    header = struct.pack("=Ii", CAPABILITY_VERSION, 0)
    _checked(libc.capset(header, bytes(24)), "capset")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _filter(program: bytes) -> None:
    described = _Program(len(program) // 8, program)
    _checked(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(described), 0, 0), "seccomp")
