"""What a reader must know of the machine to make sense of a figure; nothing that names it."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from lamarck.records import Record


class Machine(Record, frozen=True, kw_only=True):
    """cores: those this process may use. load: average of the last minute, beside which times have to be read."""

    cores: int
    cpu: str
    memory_gb: float
    python: str
    system: str
    load: float | None = None

    def line(self) -> str:
        load = "" if self.load is None else f", load {self.load:.1f}"
        return f"{self.cores} cores ({self.cpu}), {self.memory_gb:g} GB, Python {self.python}, {self.system}{load}"


def this_machine() -> Machine:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return Machine(
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        cpu=_cpu_model(),
        memory_gb=round(pages * size / 2**30, 1),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release().partition('-')[0]}",
        load=round(os.getloadavg()[0], 2),
    )


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
