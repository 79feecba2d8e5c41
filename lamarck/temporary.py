"""Temporary folders that do not outlive their process, however it ends.

A process that is killed removes nothing. So each folder is locked by the process that made it, the kernel lets go of
the lock when that process dies, and whoever makes the next one removes what nobody holds any more. A lock needs no
process id, which another process may have by then or another container give to one of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = re.compile(r"lamarck-[a-z]+-[0-9a-f]{16}")
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_TRIES = 100

_lock = threading.Lock()
_swept: set[str] = set()


def temporary_name(kind: str, parent: str | os.PathLike[str] | None = None) -> Path:
    """Where a folder of that kind (small letters) can be made: below `parent`, default the system's place for them."""
    return Path(os.path.realpath(parent or tempfile.gettempdir())) / f"lamarck-{kind}-{secrets.token_hex(8)}"


class TemporaryFolder:
    """A new folder that this user alone can enter, this process's until `remove`, or until it dies.

    path: as `temporary_name` made it. The first one below a folder removes there what dead processes left.
    """

    def __init__(self, path: Path) -> None:
        if _NAME.fullmatch(path.name) is None:
            raise ValueError(f"not a name of a temporary folder: {path.name}")
        self.path = path
        self._owner = os.getpid()
        _sweep_once(str(path.parent))
        self._descriptor = _made_and_locked(path)

    def remove(self) -> None:
        """May be called again; in a process that was forked it only lets go."""
        if self._descriptor < 0:
            return
        if self._owner == os.getpid():
            shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._descriptor)
        self._descriptor = -1


@contextmanager
def temporary_folder(kind: str, parent: str | os.PathLike[str] | None = None) -> Iterator[Path]:
    """A `TemporaryFolder` for as long as the context."""
    folder = TemporaryFolder(temporary_name(kind, parent))
    try:
        yield folder.path
    finally:
        folder.remove()


def sweep(parent: str | os.PathLike[str]) -> tuple[str, ...]:
    """Remove the temporary folders directly below `parent` that are this user's and whose process is gone; their
    names. Follows no link. A file system without locks keeps them."""
    try:
        above = os.open(parent, _OPEN & ~os.O_NOFOLLOW)
    except OSError:
        return ()
    try:
        ours = [name for name in os.listdir(above) if _NAME.fullmatch(name) is not None]
        return tuple(name for name in ours if _remove_unless_held(name, above))
    finally:
        os.close(above)


def _sweep_once(parent: str) -> None:
    with _lock:
        if parent in _swept:
            return
        _swept.add(parent)
    sweep(parent)


def _remove_unless_held(name: str, above: int) -> bool:
    try:
        found = os.open(name, _OPEN, dir_fd=above)
    except OSError:  # a link, no folder, somebody else's, or gone
        return False
    try:
        status = os.fstat(found)
        if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
            return False
        fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(name, ignore_errors=True, dir_fd=above)
    except OSError:
        return False
    finally:
        os.close(found)
    return True


def _made_and_locked(path: Path) -> int:
    """The descriptor that holds the lock. Between making and locking, somebody who sweeps may be faster."""
    for _ in range(_MOST_TRIES):
        path.mkdir(mode=0o700)
        try:
            descriptor = os.open(path, _OPEN)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                path.rmdir()
            continue
        except OSError:  # no locks here: nobody who sweeps can take it either
            return descriptor
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)
    raise FileExistsError(f"{path} is removed again and again")
