"""Temporary files that both sides can use: they lie in the folder that both have, and are for both of them, who are
different users."""

from __future__ import annotations

import os
import sys
from typing import Any


def share_temporary_files(work: str) -> None:
    """work: the folder that both sides have. `tempfile` makes private files and folders; what else a program makes
    keeps the mode that it asks for."""
    folder = f"{work}/tmp/temporary"
    os.makedirs(folder, exist_ok=True)
    os.environ["TMPDIR"] = folder
    if (tempfile := sys.modules.get("tempfile")) is not None:
        tempfile.tempdir = None
    make_file, make_folder = os.open, os.mkdir

    def open_for_both(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_CREAT and mode == 0o600 and _is_tempfile(sys._getframe(1)):
            mode = 0o666
        return make_file(path, flags, mode, dir_fd=dir_fd)

    def mkdir_for_both(path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        make_folder(path, 0o777 if mode == 0o700 and _is_tempfile(sys._getframe(1)) else mode, dir_fd=dir_fd)

    open_for_both.__name__, mkdir_for_both.__name__ = "open", "mkdir"
    os.open, os.mkdir = open_for_both, mkdir_for_both


def _is_tempfile(frame: Any) -> bool:
    tempfile = sys.modules.get("tempfile")
    return tempfile is not None and frame.f_globals is vars(tempfile)
