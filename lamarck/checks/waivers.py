"""Findings that somebody accepts by name, with a reason. A waived finding stays in the evidence and says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch

from lamarck.checks.verdict import WAIVED
from lamarck.errors import BadInput
from lamarck.records import Finding

_FORM = re.compile(r"(?P<rule>[\w.*-]+)(?:\s+(?P<path>\S+))?:\s+(?P<reason>\S.*)", re.S)


@dataclass(frozen=True)
class Waiver:
    """path: a pattern over the path of the finding, below the project's folder (`*` crosses folders)."""

    rule: str
    path: str
    reason: str


class Waivers:
    """texts: `RULE [PATH]: reason` each. places: path of a finding → the one that a waiver means, where they differ.
    known: findings that were waived before, when it was known where their files stand; a waiver with the same reason
    accepts them still. Raises `BadInput` for a waiver without a reason."""

    def __init__(
        self, texts: Iterable[str] = (), places: Mapping[str, str] | None = None, *, known: Iterable[Finding] = ()
    ) -> None:
        self._waivers = tuple(map(_parsed, texts))
        self._places = dict(places or {})
        self._known = frozenset((f.rule, f.path, f.message) for f in known if is_waived(f))

    @property
    def key(self) -> str:
        """Changes with them: for the version of whatever heeds them."""
        return ",".join(sorted(f"-{w.rule}" + (f"@{w.path}" if w.path != "*" else "") for w in self._waivers))

    def mark(self, finding: Finding) -> Finding:
        """The finding, told to be waived where one of these accepts it."""
        path = self._places.get(finding.path, finding.path)
        for waiver in self._waivers:
            message = f"{WAIVED}{finding.message} ({waiver.reason})"
            here = fnmatch(path, waiver.path) or (finding.rule, finding.path, message) in self._known
            if here and fnmatch(finding.rule.lower(), waiver.rule):
                return finding.replace(message=message)
        return finding


def is_waived(finding: Finding) -> bool:
    return finding.message.startswith(WAIVED)


def _parsed(text: str) -> Waiver:
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise BadInput(f"the waiver {text!r} gives no reason", "write it as 'RULE: reason' or 'RULE PATH: reason'")
    return Waiver(found["rule"].lower(), found["path"] or "*", " ".join(found["reason"].split()))
