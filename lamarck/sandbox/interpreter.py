"""Which Python runs a job, and what it brings: read from the outside, without running anything of a project's."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lamarck.errors import BadInput
from lamarck.records import Record, content_id

OLDEST = (3, 11)
_MEND = "give the path of a Python >= 3.11 with --python"
_ASK = (
    "import json, sys; print(json.dumps([list(sys.version_info[:3]), sys.executable, sys.base_prefix, "
    "sys.platlibdir, sorted(sys.stdlib_module_names)]))"
)


class Interpreter(Record, frozen=True, kw_only=True):
    """A Python and its environment. Paths are absolute and the same inside a job.

    mounts: what a job must see of the host, each a file or folder; never a home folder as a whole. distributions:
    "name==version", sorted; what is installed in editable form is left out, because jobs do not see it.
    environment_hash: over version and distributions. standard_modules: top-level names of the standard library.
    """

    executable: str
    version: str
    mounts: tuple[str, ...]
    site_folders: tuple[str, ...]
    distributions: tuple[str, ...]
    environment_hash: str
    standard_modules: tuple[str, ...]


def find_interpreter(python: str | None, folder: Path) -> Interpreter:
    """The interpreter that `python` names (a path, a name on PATH, or an environment's folder), else that of
    `folder/.venv`, else Lamarck's own.

    Raises `BadInput` when it is not there, cannot be run or is older than 3.11. The environment of a project is
    somebody else's word: its own files are read, not run. What is run, isolated (-I -S) and without the environment's
    configuration, is the interpreter that it links to, which must not lie in the project itself.
    """
    if python is not None:
        return _described(_named(python), f"--python {python}")
    environment = folder.absolute() / ".venv"
    if not os.path.lexists(environment / "bin" / "python"):
        return own_interpreter()
    if os.path.realpath(environment) == os.path.realpath(sys.prefix):
        return own_interpreter()
    program = environment / "bin" / "python"
    if Path(os.path.realpath(program)).is_relative_to(os.path.realpath(folder)):
        raise BadInput(
            f"{program} is a program inside the project, which is not run unasked",
            "make the environment with symbolic links, or name it with --python",
        )
    return _described(program, str(program))


def own_interpreter() -> Interpreter:
    """The one that runs Lamarck."""
    version = (sys.version_info.major, sys.version_info.minor, sys.version_info.micro)
    return _interpreter(
        Path(sys.executable), version, sys.base_prefix, sys.platlibdir, tuple(sorted(sys.stdlib_module_names))
    )


def importable(interpreter: Interpreter) -> frozenset[str]:
    """The top-level names that code can import there: the standard library's, and what stands in its site folders."""
    names = set(interpreter.standard_modules)
    for folder in interpreter.site_folders:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name if entry.is_dir() else _module_name(entry.name)
                if name.isidentifier() and name != "__pycache__":
                    names.add(name)
    return frozenset(names)


def pytest_folders(interpreter: Interpreter) -> tuple[str, ...]:
    """Where Lamarck's own pytest stands, for environments that have none; empty for those that have one."""
    if any(d.partition("==")[0] == "pytest" for d in interpreter.distributions):
        return ()
    spec = importlib.util.find_spec("pytest")
    assert spec is not None, "pytest is a dependency"
    assert spec.origin is not None
    return (str(Path(spec.origin).parent.parent),)


def _module_name(file: str) -> str:
    """`x.py` and `x.cpython-311-x86_64-linux-gnu.so` are module x; anything else is none."""
    return file.split(".", maxsplit=1)[0] if file.endswith((".py", ".so", ".pyd")) else ""


def _named(python: str) -> Path:
    """What the user wrote, as the path of a program."""
    given = Path(python).expanduser()
    if os.sep not in python and not given.exists():
        found = shutil.which(python)
        if found is None:
            raise BadInput(f"--python {python}: no program of that name is on PATH", _MEND)
        return Path(found)
    if given.is_dir():
        given = given / "bin" / "python"
    if not given.exists():
        raise BadInput(f"--python {python}: {given} does not exist", _MEND)
    return given.absolute()


def _described(program: Path, said: str) -> Interpreter:
    # By its real path, so that no pyvenv.cfg can name another standard library to run code from.
    real = os.path.realpath(program)
    if not os.path.isfile(real):
        raise BadInput(f"{said}: the interpreter it links to, {real}, is gone", f"make it again, or {_MEND}")
    if not os.access(real, os.X_OK):
        raise BadInput(f"{said}: {real} may not be executed", _MEND)
    try:
        answer = subprocess.run(
            [real, "-I", "-S", "-c", _ASK],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=20,
            check=True,
            env={"PATH": os.defpath},
        )
        version, executable, base_prefix, library, modules = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise BadInput(f"{said}: does not answer like a Python >= 3.11", _MEND) from error
    if tuple(version[:2]) < OLDEST:
        raise BadInput(f"{said}: is Python {version[0]}.{version[1]}, and 3.11 is the oldest that serves", _MEND)
    if os.path.realpath(executable) != real:
        program = Path(executable)  # a shim that starts another program
    return _interpreter(program, tuple(version), base_prefix, library, tuple(modules))


def _interpreter(
    program: Path, version: tuple[int, ...], base_prefix: str, library: str, modules: tuple[str, ...]
) -> Interpreter:
    environment = _environment_of(program)
    name = f"python{version[0]}.{version[1]}"
    shared = environment is None or _shares_base_packages(environment)
    prefixes = [p for p in (environment, Path(base_prefix) if shared else None) if p is not None]
    sites = _site_folders(prefixes, name, library)
    text = ".".join(map(str, version))
    distributions = _distributions(sites)
    return Interpreter(
        executable=str(program),
        version=text,
        mounts=_mounts(program, environment, Path(base_prefix), name),
        site_folders=tuple(map(str, sites)),
        distributions=distributions,
        environment_hash=content_id("environment", text, distributions),
        standard_modules=modules,
    )


def _environment_of(program: Path) -> Path | None:
    """The virtual environment that a program belongs to, by the file that marks one."""
    for folder in (program.parent, program.parent.parent):
        if (folder / "pyvenv.cfg").is_file():
            return folder
    return None


def _configuration(environment: Path) -> dict[str, str]:
    lines = (environment / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _shares_base_packages(environment: Path) -> bool:
    return _configuration(environment).get("include-system-site-packages", "").lower() == "true"


def _site_folders(prefixes: list[Path], name: str, library: str) -> list[Path]:
    """Where an interpreter looks for packages, in its order; Debian has names of its own."""
    found: list[Path] = []
    for prefix in prefixes:
        places = [prefix / lib / name / "site-packages" for lib in dict.fromkeys(("lib", library))]
        if prefix == Path("/usr"):
            places = [Path("/usr/local/lib") / name / "dist-packages", *places, Path("/usr/lib/python3/dist-packages")]
        for place in places:
            if place.is_dir() and not any(place.samefile(other) for other in found):
                found.append(place)
    return found


def _mounts(program: Path, environment: Path | None, base: Path, name: str) -> tuple[str, ...]:
    real_base = os.path.realpath(base)
    found = _base_mounts(base, name)
    # An interpreter is called through links; each place on the way must be there under the name that the link has.
    aliases = [hop.parent.parent for hop in _links(program)]
    if environment is not None:
        parts = ("bin", "lib", "lib64", "pyvenv.cfg")  # and nothing else: it may be the project's own folder
        found += [environment / part for part in parts if (environment / part).exists()]
        aliases.append(Path(_configuration(environment).get("home", "")).parent)
    # only names of the same folder: a configuration that names another place opens nothing
    found += [alias for alias in aliases if alias != base and os.path.realpath(alias) == real_base]
    return tuple(dict.fromkeys(map(str, found)))


def _base_mounts(base: Path, name: str) -> list[Path]:
    real = Path(os.path.realpath(base))
    home = Path(os.path.realpath(Path.home()))
    if real != home and real not in home.parents:
        return [base]
    parts = [
        f"bin/{name}",
        f"lib/{name}",
        f"lib64/{name}",
        *(f"lib/{p.name}" for p in (base / "lib").glob("libpython*")),
    ]
    return [base / part for part in parts if (base / part).exists()]


def _links(program: Path) -> list[Path]:
    """The program, and every path that its chain of symbolic links names."""
    hops = [program]
    while hops[-1].is_symlink() and len(hops) < 40:
        hops.append(Path(os.path.normpath(hops[-1].parent / os.readlink(hops[-1]))))
    return hops


def _distributions(folders: list[Path]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for folder in reversed(folders):  # the first folder on the path wins
        for entry in os.scandir(folder):
            match = re.fullmatch(r"([^-]+)-([^-]+?)(?:-py\d.*)?\.(?:dist|egg)-info", entry.name)
            if match and not _is_editable(Path(entry.path)):
                found[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return tuple(sorted(f"{name}=={version}" for name, version in found.items()))


def _is_editable(information: Path) -> bool:
    try:
        origin = json.loads((information / "direct_url.json").read_bytes())
    except (OSError, ValueError):
        return False
    return bool(origin.get("dir_info", {}).get("editable"))
