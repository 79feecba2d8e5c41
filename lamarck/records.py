"""The words of Lamarck as types: frozen, keyword-only, with a JSON round trip.

A stage of the loop is a function from one of these to the next. Nothing here touches the disk, the clock
or the network, except `now()`, which is the one place that reads the clock for a record.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

import msgspec

RECORD_VERSION = 1


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all records. Equal content means equal records; `replace` makes a changed copy."""

    def to_json(self) -> str:
        """Canonical JSON: keys sorted, so that equal records have equal text."""
        return msgspec.json.encode(self, order="sorted").decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The record that `to_json` wrote. Raises `msgspec.ValidationError` on anything else."""
        return msgspec.json.decode(text, type=cls)

    def replace(self, **changes: Any) -> Self:
        return msgspec.structs.replace(self, **changes)


def content_id(*parts: Any) -> str:
    """SHA-256 (64 hex digits) over the canonical JSON of `parts`; people see and type its first 12 digits."""
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


def now() -> str:
    """UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


# --- the task -----------------------------------------------------------------------------------------------------


class Trust(StrEnum):
    """Whose expectation a test states: the user's, one read out of the task's text, or a model's."""

    GIVEN = "given"
    DERIVED = "derived"
    GENERATED = "generated"


class AcceptanceKind(StrEnum):
    PYTEST = "pytest"  # a test file; unittest classes run in it too
    DOCTEST = "doctest"  # a stub's doctests
    EXAMPLES = "examples"  # a JSON list of {"call": …, "equals": …} or {"call": …, "raises": …}
    BDD = "bdd"  # a specification, in YAML or as a Gherkin feature


class SourceFile(Record, frozen=True, kw_only=True):
    """A text file at a POSIX path relative to the job's folder."""

    path: str
    text: str


class Acceptance(Record, frozen=True, kw_only=True):
    """What decides. `content` is Python for pytest and doctest, a JSON list of `Example` for examples.

    `path` is where the tests stand relative to the candidate's files (tests may import helpers beside them).
    """

    kind: AcceptanceKind
    content: str
    path: str
    trust: Trust = Trust.GIVEN


class Example(Record, frozen=True, kw_only=True):
    """One input/output example: `call` is a Python expression over the module's names.

    Exactly one of `equals` (a Python expression whose value the call must equal) and `raises` (the name of an
    exception, built in or the candidate's) is set.
    """

    call: str
    equals: str | None = None
    raises: str | None = None


class Limits(Record, frozen=True, kw_only=True):
    """What one run may spend. tokens: prompt + generated; seconds: wall clock; usd: money."""

    tokens: int = 8000
    seconds: float = 300.0
    usd: float = 0.0


class JobLimits(Record, frozen=True, kw_only=True):
    """What one sandboxed job may use. Settings and tasks may only lower these."""

    memory_mb: int = 2048
    cpu_seconds: float = 300.0
    wall_seconds: float = 300.0
    processes: int = 64
    file_mb: int = 64
    scratch_mb: int = 256
    output_bytes: int = 1_000_000
    open_files: int = 256

    def lowered(self, other: JobLimits) -> JobLimits:
        """The lower of the two in every dimension."""
        return JobLimits(**{f: min(getattr(self, f), getattr(other, f)) for f in self.__struct_fields__})


class Task(Record, frozen=True, kw_only=True):
    """What is wanted. Build it with `make_task`, which derives the id from the content.

    `module` is the dotted name that tests import. `stubs` are the files a candidate has to write (their text is
    what the user gave: a stub, or nothing); `support` are files that the tests or the candidate may read or import
    and that no candidate may replace.
    """

    id: str
    goal: str
    module: str
    signature: str | None = None
    entry_point: str | None = None
    language: str = "python"
    stubs: tuple[SourceFile, ...] = ()
    support: tuple[SourceFile, ...] = ()
    acceptance: tuple[Acceptance, ...] = ()
    constraints: tuple[str, ...] = ()
    limits: Limits = Limits()
    job_limits: JobLimits = JobLimits()
    tags: tuple[str, ...] = ()

    @property
    def main_path(self) -> str:
        """The path of the candidate's main file."""
        return self.stubs[0].path if self.stubs else self.module.replace(".", "/") + ".py"

    def tests(self, trust: Trust) -> tuple[Acceptance, ...]:
        return tuple(a for a in self.acceptance if a.trust is trust)


def make_task(**fields: Any) -> Task:
    """A `Task` whose id is the hash of what is wanted (not of its limits and tags)."""
    draft = Task(id="", **fields)
    wanted = draft.replace(limits=Limits(), job_limits=JobLimits(), tags=())
    return draft.replace(id=content_id("task", RECORD_VERSION, wanted))


# --- what is spent ------------------------------------------------------------------------------------------------


class Spend(Record, frozen=True, kw_only=True):
    """Measured, never estimated. seconds: wall clock of model calls and checks; cpu_seconds where it was measured."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Spend) -> Spend:
        return Spend(**{f: getattr(self, f) + getattr(other, f) for f in self.__struct_fields__})

    def __sub__(self, other: Spend) -> Spend:
        """A difference of two measured spends; its parts may be negative."""
        return Spend(**{f: getattr(self, f) - getattr(other, f) for f in self.__struct_fields__})


# --- the candidate ------------------------------------------------------------------------------------------------


class Sampling(Record, frozen=True, kw_only=True):
    """How a model samples. `seed` differs for every call of a run."""

    max_tokens: int = 768
    temperature: float = 0.1
    top_p: float = 0.95
    seed: int = 0
    stop: tuple[str, ...] = ()


class Origin(Record, frozen=True, kw_only=True):
    """Where a candidate comes from, closely enough to make it again."""

    generator: str  # user | reuse | templates | model | repair | search
    tier: str | None = None
    model: str | None = None
    model_digest: str | None = None
    engine: str | None = None
    sampling: Sampling | None = None
    prompt_hash: str | None = None
    template_version: str | None = None


class Candidate(Record, frozen=True, kw_only=True):
    """Code that somebody proposes. Build it with `make_candidate`; the id is the hash of files and entry point."""

    id: str
    files: tuple[SourceFile, ...]
    entry_point: str | None
    origin: Origin
    parents: tuple[str, ...] = ()  # ids of the artifacts or candidates it was made from
    spend: Spend = Spend()


def make_candidate(
    *,
    files: tuple[SourceFile, ...],
    entry_point: str | None,
    origin: Origin,
    parents: tuple[str, ...] = (),
    spend: Spend | None = None,
) -> Candidate:
    return Candidate(
        id=content_id("candidate", files, entry_point),
        files=files,
        entry_point=entry_point,
        origin=origin,
        parents=parents,
        spend=spend or Spend(),
    )


def tree_hash(source: str) -> str | None:
    """Hash of the syntax tree without positions and docstrings; None when it does not parse or nests too deeply.

    Two candidates with the same hash behave the same, so the second one is not worth a run.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            is_docstring = (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            )
            if is_docstring and len(node.body) > 1:
                del node.body[0]
    try:
        return hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    except RecursionError:  # it parses, and nests deeper than Python recurses
        return None


# --- the evidence -------------------------------------------------------------------------------------------------


class CheckOutcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"  # the check itself broke: neither pass nor fail
    SKIPPED = "skipped"
    PENDING = "pending"  # a human has to decide


class Assurance(StrEnum):
    """Who measured: a judge apart from the candidate, or the candidate's own process."""

    JUDGED = "judged"
    CLAIMED = "claimed"


class Failure(Record, frozen=True, kw_only=True):
    """Why one test failed, in parts that a prompt or a person can use. Absent parts could not be told."""

    message: str
    expression: str | None = None  # the failing statement of the test
    line: int | None = None
    inputs: str | None = None
    expected: str | None = None
    got: str | None = None
    exception: str | None = None  # type and message of what the candidate raised
    candidate_line: int | None = None  # where in the candidate's main file it was raised


class TestResult(Record, frozen=True, kw_only=True):
    """One test, by its id (`file::Class::name[param]`)."""

    __test__ = False  # pytest must not collect a record

    id: str
    outcome: CheckOutcome
    seconds: float = 0.0
    failure: Failure | None = None


class Finding(Record, frozen=True, kw_only=True):
    """What a static check found at a place in the candidate."""

    rule: str
    message: str
    severity: str = "medium"  # low | medium | high
    confidence: str = "high"
    path: str = ""
    line: int = 0


class Behaviour(Record, frozen=True, kw_only=True):
    """What some candidates did with one call: `shows` is for people; `equals` (a Python expression) or `raises` (the
    name of an exception) says the same for a test, where it can be said."""

    shows: str
    candidates: tuple[str, ...]  # ids
    equals: str | None = None
    raises: str | None = None


class Difference(Record, frozen=True, kw_only=True):
    """A call, as a Python expression, with which candidates that pass everything given do different things, or one
    candidate something else than a law says. test: a pytest function that states the law for it; empty: there is none.
    """

    call: str
    behaviours: tuple[Behaviour, ...]
    test: str = ""


class Evidence(Record, frozen=True, kw_only=True):
    """What one check measured on one candidate, and the command that measures it again."""

    check: str
    check_version: str
    candidate_id: str
    outcome: CheckOutcome
    trust: Trust | None = None
    assurance: Assurance | None = None
    score: float | None = None
    measurements: Mapping[str, float] = {}
    results: tuple[TestResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    differences: tuple[Difference, ...] = ()  # smallest call first
    enforcement: Mapping[str, str] = {}  # requirement → enforced | degraded | absent
    log: str = ""
    environment: str = ""
    replay_command: str = ""
    seconds: float = 0.0


class Decision(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PENDING = "pending"


class Verdict(Record, frozen=True, kw_only=True):
    """From evidence alone. `quality` is absent until all four of its parts are measured."""

    decision: Decision
    evidence: tuple[Evidence, ...]
    quality: float | None = None
    missing_checks: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    policy_version: str = ""


# --- what is kept -------------------------------------------------------------------------------------------------


class ArtifactStatus(StrEnum):
    LIVE = "live"
    RETIRED = "retired"
    QUARANTINED = "quarantined"  # came from elsewhere and was not proven here yet: never found, never served


class Provenance(Record, frozen=True, kw_only=True):
    """Where code that was not made for this library comes from.

    source: `package==version`, a repository's folder, or the bundle that brought it. licence: as its authors state it,
    or "unknown". place: the file and the name in it.
    """

    source: str
    licence: str = "unknown"
    place: str = ""


class Usage(Record, frozen=True, kw_only=True):
    served: int = 0
    last_served: str | None = None


class Artifact(Record, frozen=True, kw_only=True):
    """An accepted candidate with its evidence and lineage. `id` is the candidate's id."""

    id: str
    kind: str
    task: Task
    candidate: Candidate
    verdict: Verdict
    created: str
    cost: Spend = Spend()  # what the run that made it spent in all
    lineage: tuple[str, ...] = ()  # artifact ids it descends from, nearest first
    status: ArtifactStatus = ArtifactStatus.LIVE
    usage: Usage = Usage()
    provenance: Provenance | None = None  # None: made here, or by the user


# --- the run log --------------------------------------------------------------------------------------------------


class Piece(Record, frozen=True, kw_only=True):
    """One part of a prompt. source: where it is from; tokens: estimated until a tokenizer counted them."""

    source: str  # task | tests | library | failure
    kind: str
    text: str
    tokens: int = 0
    score: float | None = None


class Context(Record, frozen=True, kw_only=True):
    """The pieces chosen, ordered and packed for one prompt."""

    task_id: str
    pieces: tuple[Piece, ...]
    policy_version: str


class ExitReason(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"  # every attempt the policy allows was rejected
    PENDING = "pending"
    TOKENS_SPENT = "tokens_spent"
    SECONDS_SPENT = "seconds_spent"
    USD_SPENT = "usd_spent"
    INTERRUPTED = "interrupted"
    ENVIRONMENT = "environment"  # no model, no sandbox
    BAD_INPUT = "bad_input"

    @property
    def exit_code(self) -> int:
        return _EXIT_CODES[self]


_EXIT_CODES = {
    ExitReason.ACCEPTED: 0,
    ExitReason.REJECTED: 1,
    ExitReason.BAD_INPUT: 2,
    ExitReason.PENDING: 3,
    ExitReason.TOKENS_SPENT: 4,
    ExitReason.SECONDS_SPENT: 4,
    ExitReason.USD_SPENT: 4,
    ExitReason.ENVIRONMENT: 5,
    ExitReason.INTERRUPTED: 130,
}


class Attempt(Record, frozen=True, kw_only=True):
    """One candidate and what came of it. Kept whether it was accepted or not."""

    number: int
    generator: str
    candidate: Candidate | None  # None: the reply held no code
    verdict: Verdict | None
    context: Context | None = None
    tier: str | None = None
    reply: str | None = None  # the model's text, word for word
    note: str = ""  # why there is no candidate or no verdict
    spend: Spend = Spend()  # of this attempt: the model call and the checks


class Run(Record, frozen=True, kw_only=True):
    """One solve, add or verify, from its beginning to its typed end. `exit_reason` None: still going, or killed."""

    id: str
    kind: str  # solve | add | verify
    task: Task
    started: str
    attempts: tuple[Attempt, ...] = ()
    spend: Spend = Spend()
    seconds: float | None = None
    exit_reason: ExitReason | None = None
    artifact_id: str | None = None
    message: str = ""


class Event(Record, frozen=True, kw_only=True):
    """What observers get, read-only, as it happens. `kind` is one of the names in docs/events.md."""

    kind: str
    run_id: str
    at: str
    text: str = ""
    data: Mapping[str, Any] = {}


# --- the machine --------------------------------------------------------------------------------------------------


class Diagnosis(Record, frozen=True, kw_only=True):
    """One part of this machine: what was found, and what mends it. needed: nothing works without it."""

    name: str
    ok: bool
    found: str
    mend: str = ""
    needed: bool = True
