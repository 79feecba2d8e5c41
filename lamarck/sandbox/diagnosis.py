"""What isolates on this machine, summed up."""

from __future__ import annotations

import sys

from lamarck.errors import LamarckError
from lamarck.records import Diagnosis
from lamarck.sandbox.interpreter import Interpreter
from lamarck.sandbox.sandbox import Enforcement
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings


def diagnose_platform() -> Diagnosis:
    """Linux is supported. macOS and Windows are not isolated yet, so nothing would be run there."""
    if sys.platform.startswith("linux"):
        return Diagnosis(name="platform", ok=True, found="Linux")
    if sys.platform == "darwin":
        return Diagnosis(
            name="platform",
            ok=False,
            found="macOS, where no sandbox is enforced yet",
            mend="run Lamarck in a Linux container or virtual machine",
        )
    return Diagnosis(
        name="platform",
        ok=False,
        found=f"{sys.platform}, where there is no sandbox",
        mend="on Windows run Lamarck in WSL2" if sys.platform == "win32" else "run Lamarck on Linux",
    )


def diagnose_sandbox(settings: SandboxSettings) -> Diagnosis:
    """From live escape attempts; about a second."""
    try:
        sandbox = choose_sandbox(settings)
        rows = sandbox.probe()
    except LamarckError as error:
        return Diagnosis(name="sandbox", ok=False, found=str(error), mend=error.mend)
    by_level = {level: [row.requirement for row in rows if row.enforcement is level] for level in Enforcement}
    said = ", ".join(f"{len(names)} {level}" for level, names in by_level.items() if names)
    weak = [row for row in rows if row.enforcement is not Enforcement.ENFORCED]
    found = f"{sandbox.name}: {said}" + "".join(f"; {row.requirement} {row.enforcement}: {row.how}" for row in weak)
    mend = "; ".join(dict.fromkeys(row.mend for row in weak if row.mend))
    return Diagnosis(name="sandbox", ok=not by_level[Enforcement.ABSENT], found=found, mend=mend)


def diagnose_interpreter(interpreter: Interpreter) -> Diagnosis:
    return Diagnosis(
        name="interpreter",
        ok=True,
        found=f"{interpreter.executable}, Python {interpreter.version}, {len(interpreter.distributions)} packages",
    )
