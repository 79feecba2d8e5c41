"""Which lines of some files a test runs."""

from __future__ import annotations

import sys
import threading
import types
from typing import Any


class Tracer:
    def __init__(self, files: set[str]) -> None:
        self._files = files
        self.lines: dict[str, set[int]] = {}

    def __enter__(self) -> Tracer:
        threading.settrace(self._called)
        sys.settrace(self._called)
        return self

    def __exit__(self, *_: Any) -> None:
        sys.settrace(None)
        threading.settrace(None)

    def _called(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        file = frame.f_code.co_filename
        if file not in self._files:
            return None
        lines = self.lines.setdefault(file, set())

        def ran(frame: types.FrameType, event: str, argument: Any) -> Any:
            if event == "line":
                lines.add(frame.f_lineno)
            return ran

        return ran
