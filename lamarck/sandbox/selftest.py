"""A job of our own looks around: what the flags promise has to be what this kernel gives."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from lamarck.errors import SandboxUnavailable
from lamarck.records import JobLimits
from lamarck.sandbox.mend import explain
from lamarck.sandbox.profile import INNER_ID
from lamarck.sandbox.sandbox import Job, Mount, Outcome

MOST_PROCESSES = 6

_CODE = """
import json, os, socket, sys, time
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
found = {key: value.strip() for key, value in status.items() if key in ("NoNewPrivs", "Seccomp") or key[:3] == "Cap"}
found["interfaces"] = [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line]
found["uid"] = os.getuid()
found["processes"] = len([name for name in os.listdir("/proc") if name.isdigit()])
found["descriptors"] = len(os.listdir("/proc/self/fd")) - 1
try:
    socket.socket(40, socket.SOCK_STREAM)
    found["vsock"] = True
except OSError:
    found["vsock"] = False
places = ("/", "/job", "/usr", "/dev", "/etc", "/proc/1", "/opt/lamarck/shared")
found["writable"] = [place for place in places if os.access(place, os.W_OK)]
found["children"] = 0
try:
    for _ in range(2 * int(sys.argv[1])):
        if os.fork() == 0:
            time.sleep(60)
        found["children"] += 1
except OSError:
    pass
print(json.dumps(found))
"""


def self_test_job(*, preload: str | None = None) -> Job:
    """preload: as a job's."""
    return Job(
        argv=(os.path.realpath(sys.executable), "-I", "-S", "-c", _CODE, str(MOST_PROCESSES)),
        mounts=(Mount(source=Path(os.path.realpath(sys.base_prefix))),),
        limits=JobLimits(wall_seconds=20.0, processes=MOST_PROCESSES),
        preload=preload,
    )


def read_self_test(outcome: Outcome, uid: int | None = INNER_ID) -> int:
    """Raises `SandboxUnavailable` unless the job was isolated. Returns how many processes it could start.

    uid: who it has to be; None for anybody but root."""
    try:
        found: dict[str, Any] = json.loads(outcome.stdout)
    except ValueError:
        said = outcome.stderr.decode(errors="replace").strip()
        raise explain(said or f"the self-test ended with {outcome.reason}") from None
    if uid is None:
        uid = int(found.get("uid") or INNER_ID)  # not root's
    expected = {
        **{"NoNewPrivs": "1", "Seccomp": "2", **dict.fromkeys(_CAPABILITIES, "0" * 16)},
        **{"interfaces": ["lo"], "uid": uid, "vsock": False, "writable": [], "descriptors": 3},
        **{"processes": 2},  # it, and the first of its namespace
    }
    for key, value in expected.items():
        if found.get(key) != value:
            raise SandboxUnavailable(
                f"the sandbox's self-test found {key} = {found.get(key)!r} instead of {value!r}",
                "run `lamarck doctor`; a newer kernel or bubblewrap may mend it",
            )
    return int(found["children"])


_CAPABILITIES = ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd")
