from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lamarck.errors import BadInput
from lamarck.sandbox.interpreter import Interpreter, find_interpreter, importable, own_interpreter
from lamarck.sandbox.sandbox import Job, Mount, Sandbox

BASE = os.path.realpath(sys.executable)
NAME = f"python{sys.version_info.major}.{sys.version_info.minor}"


def make_environment(folder: Path, *, base: str = BASE, configuration: str = "") -> Path:
    """A virtual environment as `python -m venv --without-pip` makes it."""
    site = folder / "lib" / NAME / "site-packages"
    site.mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(base)
    (folder / "pyvenv.cfg").write_text(configuration or f"home = {Path(base).parent}\n")
    return site


def install(site: Path, name: str, version: str, *, editable: bool = False) -> None:
    (site / name).mkdir()
    (site / name / "__init__.py").write_text("")
    information = site / f"{name}-{version}.dist-info"
    information.mkdir()
    if editable:
        (information / "direct_url.json").write_text('{"dir_info": {"editable": true}, "url": "file:///x"}')


def run_in(sandbox: Sandbox, interpreter: Interpreter, code: str) -> bytes:
    mounts = tuple(Mount(source=Path(mount)) for mount in interpreter.mounts)
    outcome = sandbox.run(Job(argv=(interpreter.executable, "-I", "-c", code), mounts=mounts))
    assert outcome.exit_code == 0, outcome.stderr.decode()
    return outcome.stdout


def test_the_projects_environment_is_found_and_works(tmp_path: Path, bubblewrap: Sandbox) -> None:
    site = make_environment(tmp_path / ".venv")
    install(site, "proj_only", "1.2")
    install(site, "Another.Name", "3.4.dev1+x")
    install(site, "editable", "5", editable=True)
    (site / "single.py").write_text("value = 42")
    found = find_interpreter(None, tmp_path)
    assert found.executable == str(tmp_path / ".venv" / "bin" / "python")
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    assert found.distributions == ("another-name==3.4.dev1+x", "proj-only==1.2")
    assert found.site_folders == (str(site),)
    assert {"proj_only", "single", "json", "asyncio"} <= importable(found)
    assert not {"pytest", "msgspec"} & importable(found)
    said = run_in(bubblewrap, found, "import proj_only, single, json, sqlite3; print(single.value)")
    assert said == b"42\n"
    assert Interpreter.from_json(found.to_json()) == found


def test_the_hash_is_over_version_and_distributions(tmp_path: Path) -> None:
    first = make_environment(tmp_path / "a" / ".venv")
    second = make_environment(tmp_path / "b" / ".venv")
    install(first, "x", "1")
    install(second, "x", "1")
    (second / "single.py").write_text("")
    one, two = find_interpreter(None, tmp_path / "a"), find_interpreter(None, tmp_path / "b")
    assert one.environment_hash == two.environment_hash
    install(second, "y", "1")
    assert find_interpreter(None, tmp_path / "b").environment_hash != one.environment_hash


def test_without_an_environment_it_is_our_own(tmp_path: Path, bubblewrap: Sandbox) -> None:
    found = find_interpreter(None, tmp_path)
    assert found == own_interpreter()
    assert found.executable == sys.executable
    assert {"pytest", "msgspec", "json"} <= importable(found)
    assert any(d.startswith("msgspec==") for d in found.distributions)
    assert "lamarck" not in importable(found) or "lamarck-dse" in " ".join(found.distributions)
    assert run_in(bubblewrap, found, "import pytest; print(1)") == b"1\n"


def test_an_environment_above_is_not_taken(tmp_path: Path) -> None:
    make_environment(tmp_path / ".venv")
    (tmp_path / "below").mkdir()
    assert find_interpreter(None, tmp_path / "below") == own_interpreter()


@pytest.mark.parametrize("how", ["path", "folder", "real path", "name"])
def test_python_is_named(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_environment(tmp_path / "env")
    program = tmp_path / "env" / "bin" / "python"
    monkeypatch.setenv("PATH", str(program.parent))
    python = {"path": str(program), "folder": str(tmp_path / "env"), "real path": BASE, "name": "python"}[how]
    found = find_interpreter(python, tmp_path)
    assert found.executable == (BASE if how == "real path" else str(program))


def test_a_shim_gives_way_to_the_real_one(tmp_path: Path) -> None:
    shim = tmp_path / "python"
    shim.write_text(f'#!/bin/sh\nexec {BASE} "$@"\n')
    shim.chmod(0o755)
    assert os.path.realpath(find_interpreter(str(shim), tmp_path).executable) == BASE


def test_only_what_is_needed_is_mounted(tmp_path: Path) -> None:
    """An environment in the project's own folder does not bring the project."""
    make_environment(tmp_path / "project")
    (tmp_path / "project" / ".env").write_text("SECRET=1")
    found = find_interpreter(str(tmp_path / "project"), tmp_path)
    assert {Path(m).name for m in found.mounts if m.startswith(str(tmp_path))} == {"bin", "lib", "pyvenv.cfg"}


def test_a_home_folder_is_not_mounted_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", os.path.realpath(sys.base_prefix))
    found = find_interpreter(BASE, tmp_path)
    assert os.path.realpath(sys.base_prefix) not in map(os.path.realpath, found.mounts)
    assert any(m.endswith(f"lib/{NAME}") for m in found.mounts)


def test_shared_packages_are_the_bases(tmp_path: Path) -> None:
    make_environment(
        tmp_path / ".venv", configuration=f"home = {Path(BASE).parent}\ninclude-system-site-packages = true\n"
    )
    assert len(find_interpreter(None, tmp_path).site_folders) >= 2


def test_a_configuration_opens_no_other_folder(tmp_path: Path) -> None:
    (tmp_path / "treasure" / "bin").mkdir(parents=True)
    make_environment(tmp_path / ".venv", configuration=f"home = {tmp_path / 'treasure' / 'bin'}\n")
    assert not any("treasure" in mount for mount in find_interpreter(None, tmp_path).mounts)


def trap(folder: Path, marker: Path) -> str:
    """A program that shows that it ran."""
    program = folder / "trap"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    return str(program)


def test_a_program_of_the_project_is_not_run_unasked(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    project = tmp_path / "project"
    project.mkdir()
    make_environment(project / ".venv", base=trap(project, marker))
    with pytest.raises(BadInput, match="not run unasked") as raised:
        find_interpreter(None, project)
    assert raised.value.mend
    assert not marker.exists()


def test_a_projects_standard_library_is_not_run(tmp_path: Path) -> None:
    """`home` in pyvenv.cfg moves the standard library, which an interpreter started by that path would run."""
    marker = tmp_path / "ran"
    evil = tmp_path / "evil"
    (evil / "bin").mkdir(parents=True)
    library = evil / "lib" / NAME
    library.mkdir(parents=True)
    for module in ("os", "site", "encodings", "json", "sitecustomize"):
        (library / f"{module}.py").write_text(f"open({str(marker)!r}, 'w')")
    site = make_environment(tmp_path / ".venv", configuration=f"home = {evil / 'bin'}\n")
    (site / "x.pth").write_text(f"import os; open({str(marker)!r}, 'w')")
    (site / "sitecustomize.py").write_text(f"open({str(marker)!r}, 'w')")
    find_interpreter(None, tmp_path)
    find_interpreter(str(tmp_path / ".venv"), tmp_path)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('echo \'[[3, 8, 1], "/usr/bin/python3.8", "/usr", "lib", []]\'', "Python 3.8"),
        ("exit 1", "does not answer"),
        ("echo hello", "does not answer"),
    ],
)
def test_what_is_no_fitting_python(body: str, complaint: str, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    with pytest.raises(BadInput, match=complaint) as raised:
        find_interpreter(str(program), tmp_path)
    assert "3.11" in raised.value.mend


@pytest.mark.parametrize("python", ["/no/such/python", "no-such-python-anywhere", "./here/python"])
def test_what_is_not_there(python: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as raised:
        find_interpreter(python, tmp_path)
    assert python in str(raised.value)
    assert "--python" in raised.value.mend


def test_a_broken_environment_is_told(tmp_path: Path) -> None:
    make_environment(tmp_path / ".venv", base="/no/longer/there/python3")
    with pytest.raises(BadInput, match="gone") as raised:
        find_interpreter(None, tmp_path)
    assert "make it again" in raised.value.mend


def test_what_may_not_be_executed(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("")
    program.chmod(stat.S_IRUSR)
    with pytest.raises(BadInput, match="may not be executed"):
        find_interpreter(str(program), tmp_path)


def test_system_pythons_are_described(tmp_path: Path) -> None:
    """Whatever other interpreter this machine has: what is said about it is what it says itself."""
    system = "/usr/bin/python3"
    if not os.path.exists(system):
        pytest.skip("no system Python")
    asked = subprocess.run(
        [system, "-c", "import sys; print(sys.version_info >= (3, 11), '.'.join(map(str, sys.version_info[:3])))"],
        capture_output=True,
        text=True,
    ).stdout.split()
    if asked[0] != "True":
        pytest.skip("the system Python is too old")
    assert find_interpreter(system, tmp_path).version == asked[1]
