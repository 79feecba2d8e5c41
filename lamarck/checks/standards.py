"""Coding standards as the gate holds code to them: in full, and compressed to what one task can break.

Compiled, never written by hand a second time: limits, families of rules and forbidden names are read from the checks
that measure them; `RULES` groups every rule of 'security' under the one sentence that avoids all of its group.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from lamarck.checks import ruff_tool
from lamarck.checks.complexity import LEAST_MAINTAINABLE, MOST_COGNITIVE, MOST_CYCLOMATIC
from lamarck.checks.dangers import NAMES_BY_RULE
from lamarck.checks.duplication import SHORTEST
from lamarck.checks.gate import named
from lamarck.checks.weak_calls import CALL_RULES
from lamarck.checks.weaknesses import SINKS
from lamarck.records import Task
from lamarck.settings import Settings

MOST_LINES = 30


@dataclass(frozen=True)
class Group:
    """says: one line. rules: of 'security', all of which it avoids. topics: words of a task that it is for; empty: of
    every task."""

    says: str
    rules: tuple[str, ...]
    topics: str = ""


RULES = (
    Group(
        "Never run text as code, and import no computed names.", ("dynamic-code", "dynamic-import", "code-injection")
    ),
    Group(
        "Leave other code alone: no patching, no frames, no interpreter internals, no __eq__ that is always true.",
        (
            "patching",
            "caller-inspection",
            "introspection",
            "native-code",
            "test-detection",
            "test-tools",
            "always-equal",
        ),
    ),
    Group("Touch no network, process or system file.", ("network", "process", "system-files")),
    Group(
        "Write no file that the task does not name; pass modes that keep others out, use tempfile.mkstemp.",
        ("writes-files", "open-file", "mktemp"),
        r"files?\b|folders?\b|director(?:y|ies)|temporary\b|log files?",
    ),
    Group(
        "Resolve a path and check that it stays below its folder, in archives too.",
        ("path-traversal", "archive"),
        r"file ?paths?|file ?names?|uploads?\b|archives?\b|tarballs?|zip files?",
    ),
    Group(
        "Start programs from a list of arguments, never through a shell.",
        ("shell", "command-injection"),
        r"shell|subprocess|command lines?|commands?\b",
    ),
    Group("Give values to SQL as parameters.", ("sql-injection",), r"sql\b|sqlite|databases?\b|quer(?:y|ies)\b"),
    Group(
        "Read data with json, never pickle or yaml.load.",
        ("deserialise",),
        r"pickle|yaml|(?:de)?seriali[sz]",
    ),
    Group(
        "Escape what goes into pages, headers, redirects and templates; tell nobody how it failed inside.",
        ("scripting", "template-injection", "open-redirect", "header-injection", "exposed-error"),
        r"html\b|web\b|http|templates?\b|redirects?\b|endpoints?\b",
    ),
    Group(
        "Keep sessions closed: secure cookies, protection from forged requests, no debugger, no open port.",
        ("open-cookie", "forged-request", "debugging", "open-port"),
        r"cookies?\b|sessions?\b|login|servers?\b|endpoints?\b|flask|django",
    ),
    Group(
        "Ask only addresses that are allowed, over TLS that is verified.",
        ("server-request", "unverified", "cleartext", "old-protocol"),
        r"urls?\b|https?\b|fetch|download|tls\b|ssl\b|jwt",
    ),
    Group(
        "Secrets come from outside the code and from `secrets`; compare them with hmac.compare_digest, log none.",
        ("hard-coded-secret", "weak-random", "timing", "logged-secret"),
        r"secrets?\b|passwords?|access tokens?|api keys?|credential|authenticat|signatures?\b",
    ),
    Group(
        "Hash with SHA-256 or better, derive keys in many rounds with a fresh salt, encrypt with AES-GCM.",
        ("weak-hash", "weak-cipher", "short-key", "weak-key", "fixed-salt", "fixed-key"),
        r"hash(?:es|ed|ing)?\b|md5|sha\d|(?:en|de)crypt|cipher",
    ),
    Group(
        "Write patterns without nested repetition; escape what comes from outside with re.escape.",
        ("slow-pattern", "regex-injection"),
        r"regex|regular expression|patterns?\b|validat",
    ),
    Group(
        "Read XML without entities; build no XPath or LDAP filter out of values.",
        ("xml-entities", "xpath-injection", "ldap-injection"),
        r"xml|xpath|ldap|svg\b|soap",
    ),
    Group(
        "Log one line per event, line ends removed, and set only attributes that are listed.",
        ("log-injection", "setting-injection"),
        r"logs?\b|logging|logger|audit|setattr",
    ),
)


def compressed(task: Task, settings: Settings) -> tuple[str, ...]:
    """At most `MOST_LINES` lines: what the gate requires of this task, and of 'security' what its words speak of."""
    words = " ".join(_words(task)).lower()
    lines = [
        "Import the standard library alone, or what the given files import.",
        *(g.says for g in RULES if not g.topics or re.search(rf"\b(?:{g.topics})", words)),
        *_configured(settings),
    ]
    return tuple(lines[:MOST_LINES])


def full(settings: Settings) -> tuple[str, ...]:
    """Everything that the gate knows, a line a rule, whatever the task."""
    lines = (
        "parse: the code parses, defines what is asked for, and imports the standard library or what is installed.",
        *(f"security: {rule}: never use {', '.join(sorted(names))}." for rule, names in sorted(NAMES_BY_RULE.items())),
        *(f"security: {s.rule}: {s.message}." for s in SINKS),
        *(f"security: {c.rule}: {c.message}." for c in CALL_RULES),
        *(f"security: {g.says}" for g in RULES),
        *_of_graded(settings),
        *_of_ruff(),
    )
    return tuple(dict.fromkeys(lines))


def _words(task: Task) -> Iterator[str]:
    """What is wanted; tests show values of all kinds, whose words are no topics."""
    yield task.goal
    yield from task.constraints
    yield from (s.text for s in task.stubs)


def _configured(settings: Settings) -> Iterator[str]:
    """A line for each graded check that the settings require."""
    required = named(settings.checks.required)
    lines = dict(_graded(settings))
    yield from (lines[name] for name in lines if name in required)


def _of_graded(settings: Settings) -> Iterable[str]:
    return (f"{name}: {text}" for name, text in _graded(settings))


def _graded(settings: Settings) -> Iterator[tuple[str, str]]:
    yield "lint", f"No finding of ruff's rules {ruff_tool.RULES}: nothing unused, no bare except, no mutable default."
    yield "format", "Format as `ruff format` does."
    yield "types", "Annotate every parameter and result, so that mypy passes."
    yield (
        "complexity",
        f"Functions stay within {MOST_CYCLOMATIC} of cyclomatic and {MOST_COGNITIVE} of cognitive complexity; files"
        f" keep a maintainability index of {LEAST_MAINTAINABLE:.0f}.",
    )
    yield "duplication", f"Copy nothing: a run of {SHORTEST} equal tokens is too long."
    yield "coverage", f"No branch without need: {settings.checks.minimum_coverage:.0%} are run by the given tests."


@cache
def _of_ruff() -> tuple[str, ...]:
    """Every rule of the families that are chosen, as ruff words it; none where ruff is not installed."""
    program = ruff_tool.ruff_program()
    if program is None:
        return ()
    done = subprocess.run(
        [program, "rule", "--all", "--output-format", "json"], capture_output=True, text=True, timeout=60, check=False
    )
    try:
        every = json.loads(done.stdout)
    except ValueError:
        return ()
    chosen = re.compile(rf"(?:{'|'.join(ruff_tool.RULES.split(','))})\d")
    return tuple(
        f"lint: {r['code']} {r['name']}: {r['summary']}"
        for r in every
        if chosen.match(r["code"] or "") and "Stable" in str(r.get("status", "Stable"))
    )
