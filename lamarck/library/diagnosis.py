"""The state of a library file, for whoever asks what this machine can do."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from lamarck.errors import LamarckError
from lamarck.library.place import Server
from lamarck.library.schema import MIGRATIONS
from lamarck.library.stored import StoredLibrary
from lamarck.records import Diagnosis


def diagnose_library(place: Path | Server, opened: Callable[[], StoredLibrary]) -> Diagnosis:
    """One row. A file that is not there yet is not made. opened: gives the open library of that place."""
    if isinstance(place, Path) and not place.exists():
        folder = place.absolute().parent
        while not folder.exists():
            folder = folder.parent
        writable = os.access(folder, os.W_OK | os.X_OK)
        return Diagnosis(
            name="library",
            ok=writable,
            found=f"{place}, made when it is first needed" if writable else f"nothing may be written in {folder}",
            mend="" if writable else "set LAMARCK_HOME to a folder of yours, or give --library PATH",
        )
    try:
        library = opened()
        problems, figures = library.problems(), library.stats()
    except LamarckError as error:
        return Diagnosis(name="library", ok=False, found=str(error), mend=error.mend)
    if isinstance(place, Path):
        name, mend = f"{place}, form {len(MIGRATIONS)}", "restore it from a backup beside it"
    else:
        name, mend = f"{place.name}, Postgres", "restore a backup of the server"
    if library.reads_only:
        name += ", only to be read by this role"
    counts = f"{figures['artifacts_live']:,.0f} artifacts, {figures['runs']:,.0f} runs"
    return Diagnosis(
        name="library",
        ok=not problems,
        found=f"{name}, {'; '.join(problems) or 'sound'}, {counts}, {_searched(figures)}",
        mend=mend if problems else "",
    )


def _searched(figures: Mapping[str, float]) -> str:
    """How they are found."""
    vectors, found = figures["artifacts_with_vector"], figures["artifacts_found"]
    if not found or vectors >= found:
        return "all found by words and meaning" if found else "none to find"
    if not vectors:
        return "found by words alone"
    return f"{found - vectors:,.0f} found by words alone until they are embedded"
