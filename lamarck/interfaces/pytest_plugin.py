"""`pytest --lamarck[=PATH]`: the gate as one more item for each file or folder of code, after the tests.

The same gate as `lamarck check`, with the tests that it finds; `--lamarck-level` chooses how deep. Nothing is imported
until the option is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lamarck.api import CheckReport


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lamarck", "Lamarck's gate")
    group.addoption(
        "--lamarck",
        action="append",
        nargs="?",
        const=".",
        metavar="PATH",
        help="Check this code with Lamarck's gate too; the root folder when no path is named.",
    )
    group.addoption(
        "--lamarck-level",
        choices=("quick", "standard", "deep"),
        default=None,
        help="Which of Lamarck's checks run. Default: the setting checks.level.",
    )
    group.addoption("--lamarck-static", action="store_true", help="Only the checks of Lamarck's that run no code.")


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    paths = config.getoption("--lamarck") or []
    if paths and not hasattr(config, "workerinput"):  # not in every worker of a distributed run
        gate = Gate.from_parent(session, name="lamarck", path=config.rootpath)
        items += [Item.from_parent(gate, name=path) for path in paths]


class Gate(pytest.Collector):
    """The items' parent: pytest wants one."""

    def collect(self) -> Iterator[pytest.Item]:
        return iter(())


class Rejected(Exception):
    """What the report says, as the text of a failure."""


class Item(pytest.Item):
    """One path. Accepted passes, rejected fails, pending is skipped with what it waits for."""

    def runtest(self) -> None:
        from lamarck.api import Lamarck
        from lamarck.errors import LamarckError

        root = self.config.rootpath
        try:
            with Lamarck(folder=root) as lamarck:
                report = lamarck.check(
                    root / self.name,
                    level=self.config.getoption("--lamarck-level"),
                    tested=not self.config.getoption("--lamarck-static"),
                )
        except LamarckError as error:
            raise Rejected(error.line) from error
        if report.verdict.decision == "rejected":
            raise Rejected(_text(report))
        if report.verdict.decision == "pending":
            pytest.skip("; ".join(report.verdict.reasons))

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if isinstance(excinfo.value, Rejected):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.config.rootpath / self.name, None, f"lamarck check {self.name}"


def _text(report: CheckReport) -> str:
    lines = [f"rejected: {report.path}", *report.verdict.reasons, f"again: {report.command}"]
    return "\n".join(lines)
