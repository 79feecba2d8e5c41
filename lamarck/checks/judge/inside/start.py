"""Started by path inside a sandbox: `start.py ROLE SPEC`, with ROLE judge or candidate and SPEC a JSON text or, after
an @, the path of a JSON file.

A warm process has imported this as a module and called `warm_up` before: see `judge.Judge`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

# What code often imports, and what is no different for being there already.
_COMMON = (
    "abc bisect collections.abc copy dataclasses datetime decimal enum fractions functools heapq itertools json math "
    "operator random re string textwrap typing"
).split()
_DUMMY = """
import pytest

@pytest.mark.parametrize("value", [1, 2])
def test_passes(value, tmp_path, monkeypatch, capsys):
    print(value)
    assert capsys.readouterr().out == f"{value}\\n"

def test_raises():
    with pytest.raises(ValueError, match="is no"):
        raise ValueError("is no value")

def test_fails():
    assert [1, 2] == [1, 3]
"""

_is_prepared = False


def prepare(sites: Sequence[str]) -> None:
    """Once in a process: the environment's packages can be imported, and nothing of it runs unasked."""
    global _is_prepared
    if not _is_prepared:
        sys.dont_write_bytecode = True
        sys.path += sites
        import site

        site.setquit()
        site.setcopyright()
        _is_prepared = True


def warm_up(role: str, sites: Sequence[str], pytest_folders: Sequence[str]) -> None:
    """Ahead of all jobs, in the process that they are forked from: load what every one of them needs."""
    prepare(sites)
    own = importlib.import_module(f".{role}", __package__)
    if role == "judge":
        own.load(pytest_folders)
        _remember_plugins()
        _dummy_run()
        ready, session = (importlib.import_module(f".{name}", __package__) for name in ("ready", "session"))
        ready.keep_configuration(session.WITHOUT_PLUGINS)
    else:
        for name in _COMMON:
            importlib.import_module(name)


def _remember_plugins() -> None:
    """Which names of pytest's own modules and of its and our plug-ins' classes are hooks and fixtures, found out once
    instead of in every run: a third of what a small run takes. Other versions of pytest look for them in other ways,
    and then this is not asked."""
    import pluggy._manager
    from _pytest import fixtures

    definition = getattr(fixtures, "FixtureFunctionDefinition", None)
    if definition is not None:
        _remember(fixtures, lambda place, name: isinstance(getattr(place, name, None), definition))
    _remember(pluggy._manager, lambda place, name: name.startswith("pytest_"))


def _remember(user: types.ModuleType, is_wanted: Callable[[Any, str], bool]) -> None:
    """`dir(plugin)`, as the module `user` calls it, gives the names that it looks for. Of an instance those of its
    class: none has any of its own."""
    found: dict[Any, list[str]] = {}
    own = f"{__package__}."

    def names(*place: Any) -> list[str]:
        if not place:
            return dir()
        of_module = type(place[0]) is types.ModuleType
        asked = place[0] if of_module else type(place[0])
        name = asked.__name__ if of_module else asked.__module__
        if not name.startswith(("_pytest.", own)) or isinstance(place[0], type):
            return dir(*place)
        if asked not in found:
            found[asked] = [name for name in dir(asked) if is_wanted(asked, name)]
        return found[asked]

    user.dir = names  # type: ignore[attr-defined]


def _dummy_run() -> None:
    """A first run of pytest imports and compiles much that all later ones need. It leaves nothing behind."""
    import io
    import shutil
    import tempfile
    import tokenize

    import pytest

    from . import session

    folder = tempfile.mkdtemp()
    path, modules = sys.path[:], set(sys.modules)
    with open(f"{folder}/test_lamarck_dummy.py", "w", encoding="utf-8") as file:
        file.write(_DUMMY)
    with open(f"{folder}/pytest.ini", "w", encoding="utf-8") as file:
        file.write("[pytest]\n")
    options = [*session.WITHOUT_PLUGINS, "--capture=sys", "--rootdir", folder, "-c", f"{folder}/pytest.ini"]
    options += ["--import-mode=prepend", "--basetemp", f"{folder}/tmp", "-o", "addopts="]
    pytest.main([*options, f"{folder}/test_lamarck_dummy.py"])
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("test_lamarck_dummy"):
            del sys.modules[name]
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(name, None)
    list(tokenize.generate_tokens(io.StringIO("x\n").readline))  # which compiles its pattern, for failures to come
    importlib.invalidate_caches()
    sys.path_importer_cache.pop(folder, None)
    tempfile._name_sequence = None  # type: ignore[attr-defined]
    shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    role, given = sys.argv[1:]
    if given.startswith("@"):
        with open(given[1:], encoding="utf-8") as file:
            given = file.read()
    spec = json.loads(given)
    sys.path.insert(0, os.path.dirname(here))
    package = os.path.basename(here)
    # the module, which a warm process has loaded, and not this script
    importlib.import_module(f"{package}.start").prepare(spec["sites"])
    run = importlib.import_module(f"{package}.{role}").run
    sys.path.remove(os.path.dirname(here))
    run(spec)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # all is told; what pytest and others would still tidy up goes with the sandbox


if __name__ == "__main__":
    main()
