"""A file that is there whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from lamarck.errors import BadInput, DiskFull, LamarckError


def write_whole(path: Path, text: str) -> Path:
    """All of the text, or nothing: to a temporary file beside `path`, then renamed over it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise _unwritable(path, error) from error
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def _unwritable(path: Path, error: OSError) -> LamarckError:
    what = f"{path}: cannot be written: {error.strerror}"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(what, "free some space or choose another place")
    return BadInput(what, "choose another place; the run log keeps the code")
