"""A cgroup for each job, where this machine lets us make one: v1 hierarchies or v2, as root or in a delegated tree."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lamarck.sandbox.warden import CGROUP_PREFIX

PREFIX = CGROUP_PREFIX
_CONTROLLERS = ("memory", "pids", "cpuacct")
_serial = itertools.count()


@dataclass(frozen=True)
class Places:
    """Where job cgroups can be made. v1: controller → folder. v2: the one folder under the name "unified"."""

    folders: tuple[tuple[str, Path], ...]


class JobCgroup:
    """One job's cgroup: limits, counters, and its removal."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self.folders = folders
        self._lock = threading.Lock()
        self._borrowers = 0
        self._is_left = False  # to the last borrower

    @property
    def paths(self) -> list[str]:
        return [str(folder) for folder in self.folders.values()]

    @property
    def limits_processes(self) -> bool:
        return "unified" in self.folders or "pids" in self.folders

    def limit(self, *, memory_bytes: int, processes: int) -> None:
        """Raises `OSError` where the kernel refuses a limit."""
        if "unified" in self.folders:
            folder = self.folders["unified"]
            _write(folder / "memory.max", memory_bytes)
            _write(folder / "pids.max", processes)
            with contextlib.suppress(OSError):  # no swap accounting: nothing to limit
                _write(folder / "memory.swap.max", 0)
            with contextlib.suppress(OSError):  # one victim means the job
                _write(folder / "memory.oom.group", 1)
            return
        both = self.folders["memory"] / "memory.memsw.limit_in_bytes"
        with contextlib.suppress(OSError):  # it may not be the lower one at any time, so a higher one comes first
            _write(both, memory_bytes)
        _write(self.folders["memory"] / "memory.limit_in_bytes", memory_bytes)
        with contextlib.suppress(OSError):
            _write(both, memory_bytes)
        if "pids" in self.folders:
            _write(self.folders["pids"] / "pids.max", processes)

    def take_in(self, pid: int) -> None:
        """Raises `OSError` where the kernel refuses it."""
        for folder in self.folders.values():
            _write(folder / "cgroup.procs", pid)

    def held_bytes(self) -> int:
        """Memory that the kernel could not simply drop, as it could what it keeps of files."""
        is_unified = "unified" in self.folders
        folder = self.folders["unified" if is_unified else "memory"]
        used = int((folder / ("memory.current" if is_unified else "memory.usage_in_bytes")).read_text())
        prefix = "" if is_unified else "total_"
        of_files = sum(_counter(folder / "memory.stat", f"{prefix}{age}_file") for age in ("inactive", "active"))
        return max(0, used - of_files)

    def memory_kills(self) -> int:
        """How many processes the kernel killed for memory."""
        if "unified" in self.folders:
            return _counter(self.folders["unified"] / "memory.events", "oom_kill")
        return _counter(self.folders["memory"] / "memory.oom_control", "oom_kill")

    def memory_limit(self) -> int | None:
        """Bytes; None where there is no limit, or none that can be read."""
        if "unified" in self.folders:
            place = self.folders["unified"] / "memory.max"
        else:
            place = self.folders["memory"] / "memory.limit_in_bytes"
        with contextlib.suppress(OSError, ValueError):
            return int(place.read_text())
        return None

    def cpu_seconds(self) -> float | None:
        if "unified" in self.folders:
            return _counter(self.folders["unified"] / "cpu.stat", "usage_usec") / 1e6
        if "cpuacct" in self.folders:
            with contextlib.suppress(OSError, ValueError):
                return int((self.folders["cpuacct"] / "cpuacct.usage").read_text()) / 1e9
        return None

    def remove(self) -> None:
        """The folder goes once its last process is wholly gone, which may take the kernel some milliseconds; one that
        is lent, when it is given back: its counters say why a job ended."""
        with self._lock:
            self._is_left = True
            if self._borrowers:
                return
        deadline = time.monotonic() + 2
        for folder in self.folders.values():
            while True:
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        break
                    time.sleep(0.001)
                else:
                    break


class LentCgroup(JobCgroup):
    """A cgroup in which many jobs run one after the other, each forked from a process that is in it already: to move
    a process takes the kernel some milliseconds, to fork one nothing. What was used before a job is not the job's."""

    def __init__(self, lender: JobCgroup) -> None:
        super().__init__(lender.folders)
        self._lender: JobCgroup | None = lender
        with lender._lock:
            lender._borrowers += 1
        self._cpu_before: float | None = None  # the lender's own, until a job begins
        self._kills_before = 0

    def begin(self, *, memory_bytes: int, processes: int) -> None:
        """A job is about to begin: from now on is counted. memory_bytes, processes: what it may use. Raises `OSError`
        where the kernel refuses a limit."""
        self._cpu_before = super().cpu_seconds() or 0.0
        self._kills_before = super().memory_kills()
        self.limit(memory_bytes=memory_bytes + self.held_bytes(), processes=processes)

    def memory_kills(self) -> int:
        return super().memory_kills() - self._kills_before

    def cpu_seconds(self) -> float | None:
        used = super().cpu_seconds()
        return None if used is None or self._cpu_before is None else used - self._cpu_before

    def remove(self) -> None:
        """Give it back."""
        lender, self._lender = self._lender, None
        if lender is None:
            return
        with lender._lock:
            lender._borrowers -= 1
            is_last = lender._is_left and not lender._borrowers
        if is_last:
            lender.remove()


def make_cgroup(*, memory_bytes: int, processes: int) -> JobCgroup | None:
    """A new limited cgroup, or None where none that limits memory can be made."""
    places = find_places()
    if places is None:
        return None
    made: dict[str, Path] = {}
    group = JobCgroup(made)
    try:
        for name, parent in places.folders:
            folder = parent / f"{PREFIX}{os.getpid()}-{next(_serial)}"
            folder.mkdir()
            made[name] = folder
        group.limit(memory_bytes=memory_bytes, processes=processes)
    except OSError:
        group.remove()
        return None
    return group


def cgroup_of(pid: int) -> JobCgroup | None:
    """The cgroup that a process is in, where it is one that counts memory and can be read; somebody else made it."""
    mounts = _mounts()
    folders = {}
    for name, path in _memberships(pid).items():
        if name in mounts:
            point, root = mounts[name]
            folder = point / (path.removeprefix(root) if root != "/" else path).strip("/")
            if folder != point and folder.is_dir():
                folders[name] = folder
    if "memory" in folders:
        return JobCgroup({name: folders[name] for name in _CONTROLLERS if name in folders})
    if "unified" in folders and (folders["unified"] / "memory.max").exists():
        return JobCgroup({"unified": folders["unified"]})
    return None


@cache
def find_places() -> Places | None:
    """Where this process may make cgroups, found by making one. Also sweeps what a killed process left there."""
    mine = _memberships()
    mounts = _mounts()
    if "memory" in mounts:
        folders = []
        for controller in _CONTROLLERS:
            folder = _first_usable(_candidates(mounts.get(controller), mine.get(controller)), controller)
            if folder is not None:
                folders.append((controller, folder))
        if any(name == "memory" for name, _ in folders):
            return Places(tuple(folders))
    unified = _first_usable(_candidates(mounts.get("unified"), mine.get("unified")), "unified")
    return None if unified is None else Places((("unified", unified),))


def _candidates(mount: tuple[Path, str] | None, membership: str | None) -> list[Path]:
    """This process's own cgroup and those above it, nearest first."""
    if mount is None or membership is None:
        return []
    point, root = mount
    inside = membership.removeprefix(root) if root != "/" else membership
    own = point / inside.strip("/")
    if not own.is_dir():
        own = point
    return [own, *(p for p in own.parents if p == point or point in p.parents)]


def _first_usable(folders: list[Path], controller: str) -> Path | None:
    for folder in folders:
        trial = folder / f"{PREFIX}{os.getpid()}-trial-{next(_serial)}"
        try:
            trial.mkdir()
        except OSError:
            continue
        try:
            if controller == "unified":
                # without these files the parent hands the controllers down to nobody
                usable = all((trial / f).exists() for f in ("memory.max", "pids.max"))
                # a process may be moved by those who may write to the common ancestor of both cgroups: this one
                usable = usable and os.access(folder / "cgroup.procs", os.W_OK)
            else:
                usable = os.access(trial / "cgroup.procs", os.W_OK)
        finally:
            with contextlib.suppress(OSError):
                trial.rmdir()
        if usable:
            _sweep(folder)
            return folder
    return None


def _sweep(folder: Path) -> None:
    for left in folder.glob(f"{PREFIX}*"):
        owner = left.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            with contextlib.suppress(OSError):
                left.rmdir()


def _memberships(pid: int | str = "self") -> dict[str, str]:
    found: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for name in controllers.split(",") if controllers else ["unified"]:
                found[name] = path
    return found


def _mounts() -> dict[str, tuple[Path, str]]:
    """Controller (or "unified") → where its hierarchy is mounted, and which cgroup that mount shows as its root."""
    found: dict[str, tuple[Path, str]] = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            before, _, after = line.partition(" - ")
            kind, _, options = after.split(" ", 2)
            root, point = before.split(" ")[3:5]
            if kind == "cgroup2":
                found.setdefault("unified", (Path(point), root))
            elif kind == "cgroup":
                for name in _CONTROLLERS:
                    if name in options.split(","):
                        found.setdefault(name, (Path(point), root))
    return found


def _write(path: Path, value: int) -> None:
    path.write_text(str(value))


def _counter(path: Path, name: str) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in path.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return 0
