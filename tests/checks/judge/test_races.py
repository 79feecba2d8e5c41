"""What a candidate does while the judge looks: a link in place of a file, between a check and the opening of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lamarck.checks.judge import jobs
from lamarck.checks.judge.judge import JudgeReport
from lamarck.records import JobLimits
from lamarck.sandbox.interpreter import own_interpreter
from lamarck.sandbox.sandbox import Job, Mount
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings

SECRET = "what is expected: 5187"

SWAP = """
import os, sys, time
file, link, target, seconds = sys.argv[1], sys.argv[1] + ".link", sys.argv[2], float(sys.argv[3])
until = time.monotonic() + seconds
while time.monotonic() < until:
    open(file + ".new", "w").write("harmless")
    os.rename(file + ".new", file)
    os.symlink(target, link)
    os.rename(link, file)
"""

READ = """
import json, os, subprocess, sys
sys.path.insert(0, "/opt/lamarck")
from _lamarck_inside.faults import Refused
from _lamarck_inside.guards import Guards
guards = Guards("/job/code/", ["/job/code/test_code.py"], ("/scratch/",), frozenset())
guards.install()
place, is_closed = "/scratch/result", sys.argv[1] == "closed"
swapper = subprocess.Popen([sys.executable, "-I", "-S", "/job/swap.py", place, "/job/code/test_code.py", "20"])
if is_closed:
    guards.close_tests()
guards.arm()
seen = {"reads": 0, "refused": 0, "denied": 0, "stolen": 0}
while not seen["stolen"] and seen["reads"] + seen["refused"] + seen["denied"] < int(sys.argv[2]):
    try:
        with open(place) as file:
            seen["stolen" if "expected" in file.read() else "reads"] += 1
    except Refused:
        seen["refused"] += 1
    except PermissionError:
        seen["denied"] += 1
    except OSError:
        pass
guards.disarm()
swapper.kill()
print(json.dumps(seen), open("/job/code/support.txt").read(), len(open("/proc/cpuinfo").read()) > 0)
"""


def look(how: str, times: int) -> tuple[dict[str, int], str]:
    interpreter = own_interpreter()
    job = Job(
        argv=(interpreter.executable, "-I", "-S", "/job/read.py", how, str(times)),
        files={
            "read.py": READ.encode(),
            "swap.py": SWAP.encode(),
            "code/test_code.py": f"'{SECRET}'\n".encode(),
            "code/support.txt": b"support",
        },
        mounts=(
            *(Mount(source=Path(m)) for m in interpreter.mounts),
            Mount(source=jobs.INSIDE, target=jobs.INSIDE_TARGET),
        ),
        limits=JobLimits(wall_seconds=60.0),
    )
    outcome = choose_sandbox(SandboxSettings()).run(job)
    line, _, rest = outcome.stdout.decode().partition("} ")
    assert line, outcome
    return json.loads(line + "}"), rest.strip()


def test_a_check_alone_can_be_outrun() -> None:
    """The control: the same without the kernel's help. If this fails, the next test shows nothing."""
    seen, rest = look("open", 200_000)
    assert seen["stolen"] == 1, seen
    assert rest == "support True"


def test_no_link_leads_to_the_tests_however_quick() -> None:
    seen, rest = look("closed", 20_000)
    assert seen["stolen"] == 0
    assert seen["reads"] > 0
    assert seen["refused"] + seen["denied"] > 0
    assert rest == "support True"


def test_what_the_judge_itself_needs_stays_open(judged: Callable[..., JudgeReport]) -> None:
    tests = """
import pathlib
import pytest
import code_
import later

def test_files(tmp_path):
    (tmp_path / "x").write_text("1")
    assert code_.read(str(tmp_path / "x")) == "1"
    assert pathlib.Path(later.__file__).with_name("data.txt").read_text() == "data"

def test_late_import():
    import fractions, later_still
    assert later_still.VALUE == 3

def test_failure():
    assert code_.read("/dev/null") == "expected"
"""
    support = {"later.py": "", "later_still.py": "VALUE = 3\n", "data.txt": "data"}
    code = "def read(path):\n    return open(path).read()\n"
    [told] = judged(tests, code, support=support).subjects
    by_name = {r.id.rpartition("::")[2]: r for r in told.results}
    assert [by_name[n].outcome for n in ("test_files", "test_late_import", "test_failure")] == [
        "passed", "passed", "failed",
    ]  # fmt: skip
    failure = by_name["test_failure"].failure
    assert failure is not None
    assert failure.line == 17


@pytest.mark.parametrize("place", ["/proc/self/environ", "/proc/self/maps", "/proc/self/mem", "/proc/self/cmdline"])
def test_what_the_judge_holds_is_not_read_by_a_path(judged: Callable[..., JudgeReport], place: str) -> None:
    tests = f"""
import code_

def test_it():
    try:
        code_.path()
        open({place!r}, "rb").read(100)
    except PermissionError:
        return
    assert False, "it was read"
"""
    [told] = judged(tests, "def path():\n    return 1\n").subjects
    assert told.passed, told
