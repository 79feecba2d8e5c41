"""Looking at a job from outside, through /proc and the file system: what it uses right now."""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from lamarck.sandbox.warden import children

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MOST_FILES = 10_000  # in one folder that a job can write to
_PRIVATE = ("tmp", "dev/shm", "scratch")


@dataclass(frozen=True, kw_only=True)
class Usage:
    memory_bytes: int
    cpu_seconds: float
    processes: int  # with threads


def descendants(pid: int) -> list[int]:
    """`pid` first."""
    found, frontier = [], [pid]
    while frontier:
        parent = frontier.pop()
        found.append(parent)
        frontier += children(parent)
    return found


def processes_called(name: str) -> list[int]:
    """By the first word of their command lines."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(name.encode() + b"\0"):
                found.append(int(pid))
    return found


def usage_of(pid: int, inner: int) -> Usage:
    """What `pid` (bubblewrap), its inner process and all of its descendants use. Memory includes memory files and what
    the job's tmpfs folders hold. CPU time of those that ended is counted where their parents waited for them."""
    memory, ticks, threads = 0, 0, 0
    memory_files: dict[tuple[int, int], int] = {}
    tmpfs: dict[int, int] = {}  # by device
    inside = set(descendants(inner)[1:]) if inner else set()  # whose root is the job's, not the host's
    for each in descendants(pid) if pid else []:
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{each}/stat").read_bytes().rpartition(b")")[2].split()
            ticks += sum(map(int, fields[11:15]))  # own and waited-for, user and system
            threads += int(fields[17])
            memory += int(Path(f"/proc/{each}/statm").read_bytes().split()[1]) * _PAGE
        memory_files |= _memory_files(each)
        if each in inside:
            tmpfs |= _tmpfs(each)
    memory += sum(memory_files.values()) + sum(tmpfs.values())
    return Usage(memory_bytes=memory, cpu_seconds=ticks / _TICKS, processes=threads)


def _tmpfs(pid: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for folder in _PRIVATE:
        with contextlib.suppress(OSError):
            place = f"/proc/{pid}/root/{folder}"
            used = os.statvfs(place)
            if used.f_blocks:
                found[os.stat(place).st_dev] = (used.f_blocks - used.f_bfree) * used.f_frsize
    return found


def _memory_files(pid: int) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    with contextlib.suppress(OSError):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            place = f"/proc/{pid}/fd/{fd}"
            with contextlib.suppress(OSError):
                if os.readlink(place).startswith("/memfd:"):
                    status = os.stat(place)
                    found[status.st_dev, status.st_ino] = status.st_blocks * 512
    return found


def overflows(inner: int) -> bool:
    """Whether a tmpfs of the job whose inner process is `inner` holds too many files (which cost kernel memory that
    no size counts), or its private scratch is full."""
    for pid in children(inner) if inner else ():
        for folder in _PRIVATE:
            with contextlib.suppress(OSError):
                found = os.statvfs(f"/proc/{pid}/root/{folder}")
                if found.f_files - found.f_ffree > _MOST_FILES:
                    return True
                if folder == "scratch" and found.f_blocks and found.f_bavail == 0:
                    return True
        return False  # all see the same
    return False


def exceeds(folder: Path, limit: int) -> bool:
    """Whether what lies below `folder` takes more than `limit` bytes or more than 10,000 entries. Follows no link."""
    total, entries = 0, 0
    frontier = [str(folder)]
    while frontier:
        with contextlib.suppress(OSError), os.scandir(frontier.pop()) as listed:
            for entry in listed:
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    total += status.st_blocks * 512
                    entries += 1
                    if stat.S_ISDIR(status.st_mode):
                        frontier.append(entry.path)
                if total > limit or entries > _MOST_FILES:
                    return True
    return False
