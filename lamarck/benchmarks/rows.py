"""Rows of a measurement in a file: one JSON line each, appended as they are measured, and read again to go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from lamarck.errors import BadInput, DiskFull
from lamarck.records import Record

R = TypeVar("R", bound=Record)


@contextmanager
def appended(path: Path | None, kind: type[R]) -> Iterator[tuple[list[R], Callable[[R], None]]]:
    """(the rows that the file holds, how to append one). None keeps nothing. A line that was cut short is dropped.

    Raises `BadInput` for a file of something else, `DiskFull`.
    """
    if path is None:
        yield [], lambda row: None
        return
    known: list[R] = []
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            path.write_text(whole, encoding="utf-8")
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                known.append(kind.from_json(line))
            except msgspec.MsgspecError as error:
                raise BadInput(f"{path}: line {number} is no row of this benchmark", "name another file") from error
        with path.open("a", encoding="utf-8") as file:

            def keep(row: R) -> None:
                file.write(row.to_json() + "\n")
                file.flush()

            yield known, keep
    except (OSError, UnicodeDecodeError) as error:
        raise DiskFull(f"{path}: cannot be read or written: {error}", "choose another file for --resume") from error
