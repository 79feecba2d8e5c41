"""Patches on disk: all files or none, and the way back."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from lamarck.errors import BadInput, DiskFull
from lamarck.records import Record, content_id, now

_UNDONE = "undone"


class Patch(Record, frozen=True, kw_only=True):
    """One file before and after. path: as the user wrote it; before: None for a file that was not there."""

    path: str
    before: str | None
    after: str


class Applied(Record, frozen=True, kw_only=True):
    """What was written, and what stood there: enough to take it back. Paths are absolute."""

    id: str
    at: str
    patches: tuple[Patch, ...]


def apply(patches: tuple[Patch, ...], folder: Path) -> Applied:
    """Write every file, or none; the way back is in `folder` before the first one is changed.

    Raises `BadInput` when a file is not what it was when the patch was made, `DiskFull` when it cannot be written.
    """
    patches = tuple(p.replace(path=str(Path(p.path).absolute())) for p in patches)
    for patch in patches:
        _refuse_change(patch.path, patch.before, "run the same command again")
    applied = Applied(id=content_id(patches, now())[:12], at=now(), patches=patches)
    _write_all({folder / f"{applied.id}.json": applied.to_json()})
    _write_all({Path(p.path): p.after for p in patches})
    return applied


def revert(identifier: str, folder: Path) -> Applied:
    """Put back what stood there before. Raises `BadInput` when nothing of that name was applied, or a file has changed
    since."""
    found = sorted(folder.glob(f"{identifier}*.json")) if identifier.isalnum() else []
    if len(found) != 1:
        what = "no patch" if not found else "more than one patch"
        raise BadInput(f"{what} is called '{identifier}'", "`lamarck fix --apply` names each patch that it writes")
    try:
        applied = Applied.from_json(found[0].read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise BadInput(f"{found[0]}: cannot be read: {error}", "restore the files from your version control") from error
    for patch in applied.patches:
        _refuse_change(patch.path, patch.after, "take the patch out by hand")
    _write_all({Path(p.path): p.before for p in applied.patches})
    found[0].rename(found[0].with_suffix(f".{_UNDONE}"))
    return applied


def _refuse_change(path: str, expected: str | None, mend: str) -> None:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text: str | None = file.read()
    except FileNotFoundError:
        text = None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {error}", "check the file") from error
    if text is not None and expected is not None:
        text, expected = text.replace("\r\n", "\n"), expected.replace("\r\n", "\n")
    if text != expected:
        raise BadInput(f"{path}: has changed meanwhile", mend)


def _write_all(texts: dict[Path, str | None]) -> None:
    """Everything is written beside its place first and renamed then; what was renamed goes back when one fails. None
    removes a file."""
    ready: list[tuple[Path, Path | None]] = []
    done: list[tuple[Path, bytes | None]] = []
    try:
        for path, text in texts.items():
            ready.append((path, None if text is None else _beside(path, text)))
        for path, new in ready:
            old = path.read_bytes() if path.exists() else None
            done.append((path, old))
            if new is None:
                path.unlink(missing_ok=True)
            else:
                os.replace(new, path)
    except BaseException as error:
        for path, old in reversed(done):
            path.unlink(missing_ok=True) if old is None else path.write_bytes(old)
        for _, new in ready:
            if new is not None:
                new.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise DiskFull(f"{error.filename}: cannot be written: {error.strerror}", "check the folder") from error
        raise


def _beside(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o644
    crlf = path.exists() and b"\r\n" in path.read_bytes()
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\r\n" if crlf else "\n") as file:
        file.write(text.replace("\r\n", "\n"))
        file.flush()
        os.fsync(file.fileno())
    os.chmod(name, mode)
    return Path(name)
