"""Attempts to get out, run by path inside the sandbox, and outside it as the control that proves they can succeed.

Run with `python -I -S`; imports the standard library alone. Argument: a JSON file with the targets (see probe.py),
which are no words of the command line, since that is what one attempt looks at.
Prints a JSON object: attempt → what it got (a text) or null.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import resource
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

_SECONDS = 2.0


def _stream(family: int, address: Any) -> str | None:
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(address)
        return connection.recv(64).decode() or None


def _datagram(family: int, address: Any, own: Any = None, question: bytes = b"hello") -> str | None:
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.settimeout(_SECONDS)
        if own is not None:
            sender.bind(own)
        sender.connect(address)
        sender.send(question)
        return sender.recv(64).decode(errors="replace") or None


def tcp(targets: dict[str, Any]) -> str | None:
    return _stream(socket.AF_INET, ("127.0.0.1", targets["tcp"]))


def tcp6(targets: dict[str, Any]) -> str | None:
    return _stream(socket.AF_INET6, ("::1", targets["tcp6"]))


def udp(targets: dict[str, Any]) -> str | None:
    return _datagram(socket.AF_INET, ("127.0.0.1", targets["udp"]))


def udp6(targets: dict[str, Any]) -> str | None:
    return _datagram(socket.AF_INET6, ("::1", targets["udp6"]))


def dns(targets: dict[str, Any]) -> str | None:
    """A question for an address, to a resolver that would pass on what is asked."""
    question = b"\x13\x37\x01\x00\x00\x01" + bytes(6) + b"\x06secret\x07invalid\x00\x00\x01\x00\x01"
    return _datagram(socket.AF_INET, ("127.0.0.1", targets["dns"]), question=question)


def abstract_socket(targets: dict[str, Any]) -> str | None:
    return _stream(socket.AF_UNIX, "\0" + targets["abstract"])


def abstract_datagram(targets: dict[str, Any]) -> str | None:
    return _datagram(socket.AF_UNIX, "\0" + targets["abstract_datagram"], own=f"\0lamarck-probe-{os.getpid()}")


def path_socket(targets: dict[str, Any]) -> str | None:
    return _stream(socket.AF_UNIX, targets["path_socket"])


def path_datagram(targets: dict[str, Any]) -> str | None:
    return _datagram(socket.AF_UNIX, targets["path_datagram"], own=f"\0lamarck-probe-{os.getpid()}")


def host_name(targets: dict[str, Any]) -> str | None:
    return f"saw the name {os.uname().nodename}" if os.uname().nodename == targets["host_name"] else None


def vsock(_: dict[str, Any]) -> str | None:
    with socket.socket(40, socket.SOCK_STREAM):
        return "opened a socket to the hypervisor"


def netlink(_: dict[str, Any]) -> str | None:
    with socket.socket(16, socket.SOCK_RAW):
        return "opened a netlink socket"


def raw_socket(_: dict[str, Any]) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP):
        return "opened a raw socket"


def packet_socket(_: dict[str, Any]) -> str | None:
    with socket.socket(17, socket.SOCK_RAW):
        return "opened a packet socket"


def secret_file(targets: dict[str, Any]) -> str | None:
    with open(targets["secret_file"], encoding="utf-8") as stream:
        return stream.read() or None


def secret_by_link(targets: dict[str, Any]) -> str | None:
    """By a symbolic link of one's own."""
    place = os.path.join(_own_folder(targets), f"lamarck-link-{os.getpid()}")
    os.symlink(targets["secret_file"], place)
    try:
        with open(place, encoding="utf-8") as stream:
            return stream.read() or None
    finally:
        os.unlink(place)


def _own_folder(targets: dict[str, Any]) -> str:
    return "/scratch" if os.path.isdir("/scratch") else str(targets["folder"])


def _others(targets: dict[str, Any]) -> list[str]:
    """Processes; outside the one that is there to be looked at, and nobody else's."""
    if targets.get("outside"):
        return [str(targets["holder"])]
    return [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def _first_found(places: Iterator[str], token: str) -> str | None:
    for place in places:
        try:
            if not stat.S_ISREG(os.stat(place).st_mode):
                continue
            with open(place, "rb") as stream:
                found = stream.read(1 << 16)
        except OSError:
            continue
        if token.encode() in found:
            return f"read {place}"
    return None


def secret_by_root(targets: dict[str, Any]) -> str | None:
    """By the root folder of another process."""
    return _first_found((f"/proc/{n}/root{targets['secret_file']}" for n in _others(targets)), targets["token"])


def secret_by_folder(targets: dict[str, Any]) -> str | None:
    """By the working folder of another process."""
    name = os.path.basename(targets["secret_file"])
    return _first_found((f"/proc/{n}/cwd/{name}" for n in _others(targets)), targets["token"])


def secret_by_descriptor(targets: dict[str, Any]) -> str | None:
    """By what another process has open."""
    return _first_found((f"/proc/{n}/fd/{fd}" for n in _others(targets) for fd in range(3, 8)), targets["token"])


def secret_environment(targets: dict[str, Any]) -> str | None:
    """Of any process that can be seen."""
    return _first_found((f"/proc/{n}/environ" for n in _others(targets)), targets["token"])


def secret_command_line(targets: dict[str, Any]) -> str | None:
    return _first_found((f"/proc/{n}/cmdline" for n in _others(targets)), targets["argument"])


def shared_memory(targets: dict[str, Any]) -> str | None:
    """A file that another process put into /dev/shm."""
    return _first_found(iter([f"/dev/shm/{targets['shared_memory']}"]), targets["token"])  # noqa: S108


def message_queue(targets: dict[str, Any]) -> str | None:
    """A System V queue that another process made."""
    return _call("msgget", targets["message_queue"], 0)


def password_hashes(_: dict[str, Any]) -> str | None:
    with open("/etc/shadow", "rb") as stream:
        return "read /etc/shadow" if stream.read(1) else None


def devices(targets: dict[str, Any]) -> str | None:
    for place in ("/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/nvme0n1"):
        try:
            os.close(os.open(place, os.O_RDONLY | os.O_NONBLOCK))
        except OSError:
            continue
        return f"opened {place}"
    place = os.path.join(_own_folder(targets), f"lamarck-device-{os.getpid()}")
    os.mknod(place, 0o600 | stat.S_IFCHR, os.makedev(1, 1))
    os.unlink(place)
    return "made a device"


def kernel_log(_: dict[str, Any]) -> str | None:
    return _call("klogctl", 10, None, 0)  # the size of the buffer


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


def _guard(targets: dict[str, Any]) -> int:
    """The first process of the job's namespace, which is not the job's; outside another process stands for it."""
    return int(targets["holder"]) if targets.get("outside") else 1


def first_process_memory(targets: dict[str, Any]) -> str | None:
    number = _guard(targets)
    for place in (f"/proc/{number}/mem", f"/proc/{number}/task/{number}/mem"):
        try:
            os.close(os.open(place, os.O_RDWR))
            return f"opened {place}"
        except OSError:
            continue
    return None


def first_process_signals(targets: dict[str, Any]) -> str | None:
    number = _guard(targets)
    os.kill(number, signal.SIGSTOP)
    is_stopped, deadline = False, time.monotonic() + _SECONDS / 4
    try:
        while not is_stopped and time.monotonic() < deadline:  # it may take the kernel a moment
            with open(f"/proc/{number}/stat", "rb") as told:
                is_stopped = told.read().rpartition(b")")[2].split()[0] in (b"T", b"t")
    finally:
        os.kill(number, signal.SIGCONT)
    return f"stopped process {number}" if is_stopped else None


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


def mount(targets: dict[str, Any]) -> str | None:
    return _call("mount", b"none", _own_folder(targets).encode(), b"tmpfs", ctypes.c_ulong(0), None)


def remount(_: dict[str, Any]) -> str | None:
    """The root, as one that can be written to."""
    return _call("mount", b"none", b"/", None, ctypes.c_ulong(32 | 4096), None)  # MS_REMOUNT | MS_BIND


def change_root(_: dict[str, Any]) -> str | None:
    return _call("chroot", b"/")


def become_root(_: dict[str, Any]) -> str | None:
    return _call("setresuid", 0, 0, 0)


def rename_machine(_: dict[str, Any]) -> str | None:
    name = os.uname().nodename.encode()
    return _call("sethostname", name, ctypes.c_size_t(len(name)))


def signal_other(targets: dict[str, Any]) -> str | None:
    os.kill(targets["holder"], 0)
    return "may send signals to another process"


def limit_other(targets: dict[str, Any]) -> str | None:
    resource.prlimit(targets["holder"], resource.RLIMIT_CORE)
    return "reached the limits of another process"


def other_memory(_: dict[str, Any]) -> str | None:
    """Of a child, by its number."""
    held = ctypes.create_string_buffer(b"secret")
    child = os.fork()
    if child == 0:
        os.read(os.pipe()[0], 1)
        os._exit(0)
    try:
        place = ctypes.create_string_buffer(len(held))
        vectors = [(ctypes.c_size_t * 2)(ctypes.addressof(each), len(held)) for each in (place, held)]
        number = {"x86_64": 310, "aarch64": 270}[platform.machine()]  # process_vm_readv
        one = ctypes.c_ulong(1)
        return _system_call(number, child, vectors[0], one, vectors[1], one, ctypes.c_ulong(0))
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def bpf(_: dict[str, Any]) -> str | None:
    number = {"x86_64": 321, "aarch64": 280}[platform.machine()]
    attributes = (ctypes.c_uint32 * 16)(2, 4, 4, 1)  # an array of one number
    return _system_call(number, 0, attributes, ctypes.c_uint(64))


def fault_handler(_: dict[str, Any]) -> str | None:
    return _system_call({"x86_64": 323, "aarch64": 282}[platform.machine()], 1)  # userfaultfd


def kernel_module(_: dict[str, Any]) -> str | None:
    number = {"x86_64": 175, "aarch64": 105}[platform.machine()]
    try:
        return _system_call(number, None, ctypes.c_ulong(0), b"")
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOSYS):
            raise
        return "the kernel looked at a module"


def open_by_handle(_: dict[str, Any]) -> str | None:
    """A file by its number in a file system, past every mount: asking for one is refused already."""
    handle = ctypes.create_string_buffer((128).to_bytes(4, sys.byteorder), 136)
    return _call("name_to_handle_at", -100, b"/", handle, ctypes.byref(ctypes.c_int()), 0)


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
    "network": (
        *(tcp, tcp6, udp, udp6, dns, abstract_socket, abstract_datagram, path_socket, path_datagram),
        *(host_name, vsock, netlink, raw_socket, packet_socket),
    ),
    "files": (
        *(secret_file, secret_by_link, secret_by_root, secret_by_folder, secret_by_descriptor, secret_environment),
        *(secret_command_line, shared_memory, message_queue, password_hashes, write_outside, devices),
        *(kernel_log, kernel_setting, first_process_memory, first_process_signals),
    ),
    "privileges": (
        *(privileges, new_user_namespace, cloned_namespace, mount, remount, open_by_handle, rename_machine),
        *(signal_other, limit_other, trace, other_memory, io_uring, keyring, performance_counters, bpf),
        *(fault_handler, kernel_module, terminal_injection, become_root, change_root),
    ),
}


def _stay_apart() -> None:
    """Outside: what an attempt changes (mounts, a name) is to be changed for this process alone."""
    if os.geteuid() == 0 and _libc.unshare(0x00020000 | 0x04000000) == 0:
        _libc.mount(b"none", b"/", None, ctypes.c_ulong(16384 | 1 << 18), None)  # MS_REC | MS_PRIVATE


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        targets = json.load(file)
    if targets.get("outside"):
        _stay_apart()
    found: dict[str, str | None] = {}
    for attempts in ATTEMPTS.values():
        for attempt in attempts:
            if attempt.__name__ in targets["only"]:
                found[attempt.__name__] = _apart(attempt, targets)
    json.dump(found, sys.stdout)


def _apart(attempt: Callable[[dict[str, Any]], str | None], targets: dict[str, Any]) -> str | None:
    """In a process of its own: what one attempt changes is not for the next."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, (attempt(targets) or "").encode()[:4096])
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as stream:
        got = stream.read().decode(errors="replace")
    os.waitpid(child, 0)
    return got or None


if __name__ == "__main__":
    main()
