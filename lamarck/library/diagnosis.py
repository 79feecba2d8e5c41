"""The state of a library file, for whoever asks what this machine can do."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from lamarck.errors import LamarckError
from lamarck.library.library import Library
from lamarck.library.schema import MIGRATIONS
from lamarck.records import Diagnosis


def diagnose_library(path: Path, opened: Callable[[], Library]) -> Diagnosis:
    """One row. A file that is not there yet is not made. opened: gives the open library of that file."""
    if not path.exists():
        folder = path.absolute().parent
        while not folder.exists():
            folder = folder.parent
        writable = os.access(folder, os.W_OK | os.X_OK)
        return Diagnosis(
            name="library",
            ok=writable,
            found=f"{path}, made when it is first needed" if writable else f"nothing may be written in {folder}",
            mend="" if writable else "set LAMARCK_HOME to a folder of yours, or give --library PATH",
        )
    try:
        library = opened()
        problems, figures = library.problems(), library.stats()
    except LamarckError as error:
        return Diagnosis(name="library", ok=False, found=str(error), mend=error.mend)
    counts = f"{figures['artifacts_live']:,.0f} artifacts, {figures['runs']:,.0f} runs"
    return Diagnosis(
        name="library",
        ok=not problems,
        found=f"{path}, form {len(MIGRATIONS)}, {'; '.join(problems) or 'sound'}, {counts}",
        mend="restore it from a backup beside it" if problems else "",
    )
