"""What the judge's own process may not open while tests run, by the kernel's word.

A check of a path before it is opened can be outrun: between the two a candidate that works in the background puts a
link where its file was. Landlock decides when the file is opened, on the file that is.
"""

from __future__ import annotations

import ctypes
import os
import struct

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_FILE, _WRITE_FILE = 1 << 2, 1 << 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
# Of /proc, which has what this process holds, nothing but what describes the machine.
_OF_PROC = ("cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "sys", "uptime", "version", "vmstat")


def close_files(closed: set[str], folder: str) -> bool:
    """For good, in this process and those that it forks: of `folder` the files `closed` (absolute paths) cannot be
    opened, nor what /proc tells about processes; everything else as before. False where the kernel has no Landlock."""
    libc = ctypes.CDLL(None, use_errno=True)
    handled = _READ_FILE | _WRITE_FILE
    ruleset = libc.syscall(_CREATE_RULESET, struct.pack("=Q", handled), ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return False
    try:
        for place in _allowed(closed, folder):
            _allow(libc, ruleset, place, handled)
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allowed(closed: set[str], folder: str) -> list[str]:
    """Every place outside of `folder` and /proc, and every file in it that is not closed."""
    top = "/" + folder.strip("/").partition("/")[0]
    places = [f"/{name}" for name in os.listdir("/") if f"/{name}" not in (top, "/proc")]
    places += [f"/proc/{name}" for name in _OF_PROC]
    for parent, _, names in os.walk(top):
        places += [path for name in names if (path := f"{parent}/{name}") not in closed]
    return places


def _allow(libc: ctypes.CDLL, ruleset: int, place: str, access: int) -> None:
    try:
        fd = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    rule = struct.pack("=Qi", access, fd)
    libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    os.close(fd)
