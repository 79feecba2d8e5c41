"""Reading what the user named: text of a bounded size, and telling a path from a sentence."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from lamarck.errors import BadInput

MAX_FILE_BYTES = 1_000_000
TEXT_SUFFIXES = frozenset({".md", ".rst", ".txt"})
YAML_SUFFIXES = frozenset({".yaml", ".yml"})
TASK_SUFFIXES = TEXT_SUFFIXES | YAML_SUFFIXES | {".py", ".feature"}
_PATH_STARTS = ("./", "../", "/", "~/")
_LONGEST_PATH = 4096


def read_text(path: Path) -> str:
    """The text of a regular UTF-8 file of at most 1 MB, with plain line ends.

    Raises `BadInput` for anything else: missing, a folder or a device, a loop of links, too large, binary.
    """
    try:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            raise BadInput(f"{path}: is a folder", "name a file")
        if not stat.S_ISREG(info.st_mode):
            raise BadInput(f"{path}: is not a regular file", "name a text file")
        if info.st_size > MAX_FILE_BYTES:
            raise BadInput(
                f"{path}: {info.st_size:,} bytes are more than the {MAX_FILE_BYTES:,} that are read",
                "split the file or leave out what the task does not need",
            )
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise BadInput(f"{path}: no such file", "check the path") from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read: {_reason(error)}", "check the path and its permissions") from error
    if b"\0" in data:
        raise BadInput(f"{path}: is a binary file", "name a text file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadInput(f"{path}:{line}: is not UTF-8 text (byte {error.start})", "save it as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return "a loop of links" if error.errno == errno.ELOOP else (error.strerror or "unknown reason")
    return "not a possible path"


def looks_like_path(source: str) -> bool:
    """Whether `source` means a file or folder rather than a sentence.

    Without a blank: a separator or a known suffix says so, or that such a file is there. With blanks (a sentence may
    speak of km/h or of notes.txt): it starts as paths do, it is there, or it has a known suffix in a folder that is
    there.
    """
    text = source.strip()
    if not text or "\n" in text or "\0" in text or len(text) > _LONGEST_PATH:
        return False
    suffixed = Path(text).suffix.lower() in TASK_SUFFIXES
    if not any(c.isspace() for c in text):
        return os.sep in text or suffixed or _exists(text)
    if text.startswith(_PATH_STARTS) or _exists(text):
        return True
    return suffixed and os.sep in text and os.path.isdir(os.path.dirname(text))


def as_path(source: str) -> Path:
    return Path(source.strip()).expanduser()


def _exists(text: str) -> bool:
    return os.path.lexists(os.path.expanduser(text))
