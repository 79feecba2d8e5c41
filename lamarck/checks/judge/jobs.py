"""What the jobs of a judging have in common."""

from __future__ import annotations

from pathlib import Path

from lamarck.sandbox.interpreter import Interpreter, pytest_folders
from lamarck.sandbox.sandbox import JOB_DIR, SCRATCH_DIR, Job, Mount

INSIDE = Path(__file__).parent / "inside"
INSIDE_TARGET = "/opt/lamarck/_lamarck_inside"
CODE = f"{JOB_DIR}/code"  # on both sides: the candidate's files there, the tests here, support in both
HOLLOW = f"{JOB_DIR}/hollow"  # in the judge: the tests again, with hollow code beside them
START_SECONDS = 20.0  # what starting both sides may take on a busy machine, on top of the tests' own time


def job_for(role: str, interpreter: Interpreter, spec: str = "") -> Job:
    """What all jobs of a role (judge, candidate or alone) have in common; without a spec, to `prepare` for them."""
    # -S and -s: no site customisation of the environment runs; its folders are put on the path by the scripts.
    flags = ("-B", "-P", "-s", "-S", "-X", "utf8")
    own_pytest = pytest_folders(interpreter) if role != "candidate" else ()
    mounts = [Mount(source=Path(m)) for m in (*interpreter.mounts, *own_pytest)]
    parent, _, package = INSIDE_TARGET.rpartition("/")
    preload = (
        f"import sys\nsys.path.insert(0, {parent!r})\nfrom {package} import start\nsys.path.remove({parent!r})\n"
        f"start.warm_up({role!r}, {list(interpreter.site_folders)!r}, {list(own_pytest)!r})\n"
    )
    return Job(
        argv=(interpreter.executable, *flags, f"{INSIDE_TARGET}/start.py", role, spec),
        mounts=(*mounts, Mount(source=INSIDE, target=INSIDE_TARGET)),
        env={"PATH": "/usr/bin:/bin", "HOME": SCRATCH_DIR, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0",
             "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "TZ": "UTC"},
        preload=None if role == "alone" else preload,  # too rare to keep anything ready for
    )  # fmt: skip
