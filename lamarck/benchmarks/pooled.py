"""Several suites as one: the rows of their result files, over the tasks that every arm has finished."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lamarck.benchmarks.machine import this_machine
from lamarck.benchmarks.report import Report, summarise
from lamarck.benchmarks.results import Header, Result, read_results
from lamarck.errors import BadInput
from lamarck.records import content_id


def pool(paths: Sequence[Path], arms: Sequence[str], *, seed: int) -> tuple[Report, tuple[Result, ...]]:
    """(the report over all files, its rows). Arms that no file holds are left out; a task counts when every other arm
    has finished it, so that all arms are compared over the same tasks.

    Raises `BadInput` for no file, a file that is no result file, or files that were not made alike (model, tokens).
    """
    if not paths:
        raise BadInput("no result files are named", "name those of two suites or more, each with --results FILE")
    headers: list[Header] = []
    rows: list[Result] = []
    for path in paths:
        header, found = read_results(path)
        if headers and _made(header) != _made(headers[0]):
            raise BadInput(f"{path}: was made with another model or budget than {paths[0]}", "pool files made alike")
        if header.suite in {h.suite for h in headers}:
            raise BadInput(f"{path}: another file of the suite {header.suite} is named already", "name one of them")
        headers.append(header)
        kept = [r for r in found if r.seed == seed and r.arm in arms and r.is_final]
        rows += [r.replace(task=f"{header.suite}: {r.task}") for r in kept]
    present = {r.arm for r in rows}
    finished = {t for t in {r.task for r in rows} if {r.arm for r in rows if r.task == t} == present}
    shared = tuple(r for r in rows if r.task in finished)
    if not shared:
        raise BadInput("no task was finished by every arm", "name arms that the files hold with --arms")
    header = headers[0].replace(
        suite=" + ".join(h.suite for h in headers), data=content_id("pooled", [h.data for h in headers])
    )
    return summarise(header, shared, arms, seed=seed, machine=this_machine()), shared


def _made(header: Header) -> tuple[str, str, int]:
    return header.model, header.model_digest, header.tokens
