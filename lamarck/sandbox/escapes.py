"""Attempts to get out, run by path inside the sandbox, and outside it as the control that proves they can succeed.

Run with `python -I -S`; imports the standard library alone. Argument: a JSON object with the targets (see probe.py).
Prints a JSON object: attempt → what it got (a text) or null.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import socket
import sys
from collections.abc import Callable
from typing import Any

_SECONDS = 0.5


def tcp(targets: dict[str, Any]) -> str | None:
    with socket.create_connection(("127.0.0.1", targets["tcp"]), _SECONDS) as connection:
        return connection.recv(64).decode() or None


def udp(targets: dict[str, Any]) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.settimeout(_SECONDS)
        sender.connect(("127.0.0.1", targets["udp"]))
        sender.send(b"hello")
        return sender.recv(64).decode() or None


def abstract_socket(targets: dict[str, Any]) -> str | None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SECONDS)
        connection.connect("\0" + targets["abstract"])
        return connection.recv(64).decode() or None


def path_socket(targets: dict[str, Any]) -> str | None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(targets["path_socket"])
        return connection.recv(64).decode() or None


def vsock(_: dict[str, Any]) -> str | None:
    with socket.socket(40, socket.SOCK_STREAM):
        return "opened a socket to the hypervisor"


def netlink(_: dict[str, Any]) -> str | None:
    with socket.socket(16, socket.SOCK_RAW):
        return "opened a netlink socket"


def secret_file(targets: dict[str, Any]) -> str | None:
    with open(targets["secret_file"], encoding="utf-8") as stream:
        return stream.read() or None


def secret_environment(targets: dict[str, Any]) -> str | None:
    """Of any process that can be seen."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        if int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as stream:
                environment = stream.read()
        except OSError:
            continue
        for line in environment.split(b"\0"):
            if line.startswith(targets["secret_name"].encode() + b"="):
                return line.decode()
    return None


def write_outside(targets: dict[str, Any]) -> str | None:
    places = [
        targets["folder"],
        "/",
        "/usr",
        "/etc",
        "/dev",
        "/job",
        os.path.dirname(sys.executable),
        "/proc/1",
        "/sys",
    ]
    for place in places:
        path = os.path.join(place, f"lamarck-probe-{os.getpid()}")
        try:
            with open(path, "wb"):
                pass
        except OSError:
            continue
        os.unlink(path)
        return f"made a file in {place}"
    return None


def kernel_setting(_: dict[str, Any]) -> str | None:
    with open("/proc/sys/kernel/hostname", "r+b", buffering=0) as stream:
        stream.write(stream.read())
    return "wrote to /proc/sys"


def first_process_memory(_: dict[str, Any]) -> str | None:
    for place in ("/proc/1/mem", "/proc/1/task/1/mem"):
        try:
            with open(place, "r+b"):
                return f"opened {place}"
        except OSError:
            continue
    return None


_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: Any) -> str | None:
    """A libc function or, by number, a system call that an unprivileged user must not get."""
    function = getattr(_libc, name)
    if function(*arguments) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return f"{name} was allowed"


def new_user_namespace(_: dict[str, Any]) -> str | None:
    return _call("unshare", 0x10000000)


def cloned_namespace(_: dict[str, Any]) -> str | None:
    """clone3 by number: the C library may hide it."""
    arguments = (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, 17)
    return _system_call(435, ctypes.byref(arguments), ctypes.c_size_t(64))


def mount(_: dict[str, Any]) -> str | None:
    return _call("mount", b"none", b"/scratch", b"tmpfs", ctypes.c_ulong(0), None)


def trace(_: dict[str, Any]) -> str | None:
    """Of a child, which any process without a sandbox may trace."""
    child = os.fork()
    if child == 0:
        os.read(os.pipe()[0], 1)
        os._exit(0)
    try:
        return _call("ptrace", 0x4206, child, None, None)  # PTRACE_SEIZE
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def io_uring(_: dict[str, Any]) -> str | None:
    return _system_call(425, 1, ctypes.create_string_buffer(120))


def keyring(_: dict[str, Any]) -> str | None:
    return _system_call({"x86_64": 250, "aarch64": 219}[platform.machine()], 0, -3, 1)  # KEYCTL_GET_KEYRING_ID


def performance_counters(_: dict[str, Any]) -> str | None:
    number = {"x86_64": 298, "aarch64": 241}[platform.machine()]
    attributes = (ctypes.c_uint32 * 32)(1, 128)  # PERF_TYPE_SOFTWARE, the size of the structure
    return _system_call(number, attributes, 0, -1, -1, 0)


def terminal_injection(_: dict[str, Any]) -> str | None:
    """TIOCSTI, with high bits set as well: the kernel ignores them, a careless filter does not."""
    master, slave = os.openpty()
    try:
        for request in (0x5412, 0x5412 | 1 << 32):
            if _libc.ioctl(slave, ctypes.c_ulong(request), b"x") == 0:
                return "typed into a terminal"
            if ctypes.get_errno() != errno.EPERM:
                return f"the filter let TIOCSTI through to the kernel (errno {ctypes.get_errno()})"
    finally:
        os.close(master)
        os.close(slave)
    return None


def privileges(_: dict[str, Any]) -> str | None:
    with open("/proc/self/status", encoding="ascii") as lines:
        status = {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    held = [key for key in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb") if int(status[key], 16)]
    if held:
        return f"holds capabilities: {', '.join(held)}"
    return None if status["NoNewPrivs"] == "1" else "may gain privileges from set-uid programs"


def _system_call(number: int, *arguments: Any) -> str | None:
    result = _libc.syscall(number, *arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if number == 435 and result == 0:
        os._exit(0)  # the child of clone3
    return f"system call {number} was allowed"


ATTEMPTS: dict[str, tuple[Callable[[dict[str, Any]], str | None], ...]] = {
    "network": (tcp, udp, abstract_socket, path_socket, vsock, netlink),
    "files": (secret_file, secret_environment, write_outside, kernel_setting, first_process_memory),
    "privileges": (
        *(privileges, new_user_namespace, cloned_namespace, mount, trace, io_uring, keyring),
        *(performance_counters, terminal_injection),
    ),
}


def main() -> None:
    targets = json.loads(sys.argv[1])
    found: dict[str, str | None] = {}
    for attempts in ATTEMPTS.values():
        for attempt in attempts:
            if attempt.__name__ in targets["only"]:
                try:
                    found[attempt.__name__] = attempt(targets)
                except OSError:
                    found[attempt.__name__] = None
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
