"""What tests may not do with what a candidate gave them, because they run in the judge's process.

A test reads a file whose path the candidate chose, evaluates a text that it returned, unpickles its bytes or starts a
program that it wrote: there the candidate would act inside the judge. So, while tests run,

- the test files can't be read (a candidate could name one as its output, which holds what is expected);
- `eval` and `exec` in a test take the test's own texts, and of others only what builds values;
- no program is started, no code runs that lies where the candidate can write, and pickles bring values only.

What is refused raises `Refused`, which says so in the test's failure.
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable
from typing import Any

from .evaluating import is_harmless
from .faults import Refused
from .landlock import close_files
from .names import class_named

_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn", "os.startfile")
_LIBRARIES = ("ctypes.dlopen", "sqlite3.load_extension", "sqlite3.enable_load_extension", "marshal.loads",
              "code.__new__")  # fmt: skip
_PICKLED = frozenset({("copyreg", "_reconstructor"), ("copyreg", "__newobj__"), ("_codecs", "encode")})


class Guards:
    """tests: the folder of the tests, with a slash at its end. files: absolute paths of the test files. writable:
    folders that the candidate can write. shared: modules that both sides have."""

    def __init__(self, tests: str, files: list[str], writable: tuple[str, ...], shared: frozenset[str]) -> None:
        self._tests = tests
        self._files = {os.path.realpath(file): file for file in files}
        self._writable = writable
        self._shared = shared
        self._texts: set[str] | None = None
        self._armed = False
        self._checks: dict[str, Callable[..., None]] = {
            "open": self._open,
            "compile": self._compile,
            "exec": self._exec,
            "pickle.find_class": self._find_class,
            **dict.fromkeys(_PROGRAMS, self._program),
            **dict.fromkeys(_LIBRARIES, self._library),
        }
        self.refused: list[str] = []

    def install(self) -> None:
        """Once and for good: Python knows no way to take an audit hook back."""
        checks = self._checks

        def hook(event: str, args: tuple[Any, ...]) -> None:
            check = checks.get(event)
            if check is not None and self._armed:
                self._armed = False  # checking opens and compiles on its own
                try:
                    check(*args)
                finally:
                    self._armed = True

        sys.addaudithook(hook)

    def arm(self) -> None:
        """Tests run from now on. What they were collected from is known by then."""
        self._armed = True

    def close_tests(self) -> None:
        """For good: the test files are not opened any more, whatever link leads to them. Their lines are remembered."""
        import linecache

        for file in (*self._files.values(), *self._files):
            linecache.getlines(file)
        self._own_texts()
        close_files(set(self._files), self._tests)

    def disarm(self) -> None:
        self._armed = False

    def _refuse(self, what: str) -> None:
        self.refused.append(what)
        raise Refused(f"{what}: the judge's process does nothing that a candidate chose")

    # --- files

    def _open(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str):
            return
        real = os.path.realpath(path)
        if real in self._files and not _is_for_reports(self._tests):
            self._refuse(f"reading {os.path.basename(real)} while it runs")
        leads_out = not real.startswith(self._writable)
        if leads_out and os.path.abspath(path).startswith(self._writable):
            self._refuse(f"following a link from {path} out of where the candidate can write")

    # --- code

    def _compile(self, source: Any, filename: Any) -> None:
        frame = _caller()
        if source is None or frame is None or not frame.f_code.co_filename.startswith(self._tests):
            return
        text = source.decode("utf-8", "replace") if isinstance(source, bytes) else source
        if not isinstance(text, str):
            self._refuse("compiling a syntax tree in a test")
        elif text not in self._own_texts() and not is_harmless(text, frame):
            self._refuse("evaluating a text that the test did not write")

    def _own_texts(self) -> set[str]:
        """Every text in the test files."""
        if self._texts is None:
            import ast
            import linecache

            self._texts = set()
            for file in self._files.values():
                tree = ast.parse("".join(linecache.getlines(file)))
                self._texts |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and type(n.value) is str}
        return self._texts

    def _exec(self, code: Any) -> None:
        name = getattr(code, "co_filename", "")
        if (
            isinstance(code, types.CodeType)
            and name.startswith("/")
            and (real := os.path.realpath(name)).startswith(self._writable)
            and not _is_shown_read_only(real)
        ):
            self._refuse(f"running {name}, which the candidate could have written")

    def _find_class(self, module: Any, name: Any) -> None:
        file = getattr(sys.modules.get(module), "__file__", None) or ""
        is_own = module in self._shared or file.startswith(self._tests)
        if not is_own and (module, name) not in _PICKLED and class_named(module, name) is None:
            self._refuse(f"unpickling {module}.{name}")

    def _program(self, *args: Any) -> None:
        self._refuse("starting a program")

    def _library(self, *args: Any) -> None:
        frame = _caller()
        if frame is None or frame.f_code.co_filename.startswith(self._tests):
            self._refuse("loading code")


def _is_shown_read_only(path: str) -> bool:
    """Packages of a project that lies in /tmp stay where they are there, mounted read-only."""
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _caller() -> types.FrameType | None:
    """The frame that made the audited call: beyond the check, the hook and this function."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return frame


def _is_for_reports(tests: str) -> bool:
    """Whether Python or pytest reads the file, to import it or to show a line of it."""
    frame = _caller()
    for _ in range(6):
        if frame is None or frame.f_code.co_filename.startswith(tests):
            return False
        name = str(frame.f_globals.get("__name__", ""))
        if frame.f_code.co_filename.startswith("<frozen importlib") or name.startswith(("linecache", "_pytest.")):
            return True
        frame = frame.f_back
    return False
