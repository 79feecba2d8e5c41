"""Check 'model-review': what a model thinks of the code, asked only where confident rules are not sure. Advice alone.

A model's word is generated: it accepts and rejects nothing. It is asked once, cold, for a verdict and a reason.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from lamarck.checks.check import Check, Level
from lamarck.errors import LamarckError
from lamarck.models.model import Message, Model, Request
from lamarck.records import Candidate, CheckOutcome, Evidence, Finding, Sampling, Task, Trust

if TYPE_CHECKING:
    from lamarck.checks.gate import Means

_SYSTEM = (
    "You review Python code. Answer with one line: the word CORRECT or the word WRONG, a colon, and the one most"
    " important reason. Judge whether the code does what is wanted for every input, not its style."
)
_MOST_CHARACTERS = 12_000
_VERDICT = re.compile(r"\b(CORRECT|WRONG)\b\W*(.*)", re.I | re.S)


class ModelReview:
    """open_model: of the first tier; it is closed after the answer. rules: asked first, and their word is enough."""

    name = "model-review"
    version = "1"
    required = False
    level: Level = "deep"
    runs_code = False

    def __init__(self, open_model: Callable[[], Model] | None, rules: Check | None = None) -> None:
        self._open_model = open_model
        self._rules = rules

    def applies(self, task: Task) -> bool:
        return self._open_model is not None and task.language == "python"

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.monotonic()
        evidence = self._reviewed(task, candidate)
        return evidence.replace(seconds=time.monotonic() - begin)

    def _reviewed(self, task: Task, candidate: Candidate) -> Evidence:
        if self._rules is not None and self._rules.applies(task):
            word = self._rules.run(task, candidate)
            if word.outcome in {CheckOutcome.PASSED, CheckOutcome.FAILED}:
                return self._evidence(candidate, CheckOutcome.SKIPPED, f"no model was asked: {word.log}")
        code = "\n\n".join(f"# {f.path}\n{f.text}" for f in candidate.files)
        if len(code) > _MOST_CHARACTERS:
            return self._evidence(candidate, CheckOutcome.SKIPPED, "too long for one question to a model")
        messages = (
            Message(role="system", content=_SYSTEM),
            Message(role="user", content=f"Wanted:\n{task.goal}\n\nCode:\n```python\n{code}\n```"),
        )
        assert self._open_model is not None
        try:
            model = self._open_model()
            try:
                reply = model.complete(Request(messages=messages, sampling=Sampling(max_tokens=120, temperature=0.0)))
            finally:
                model.close()
        except LamarckError as error:
            return self._evidence(candidate, CheckOutcome.ERRORED, error.line)
        match = _VERDICT.search(reply.text)
        if match is None:
            return self._evidence(candidate, CheckOutcome.ERRORED, f"the model gave no verdict: {reply.text[:200]}")
        objects = match[1].upper() == "WRONG"
        why = " ".join(match[2].split())[:300] or "without a reason"
        outcome = CheckOutcome.FAILED if objects else CheckOutcome.PASSED
        evidence = self._evidence(candidate, outcome, f"{model.name}: {match[1].lower()}: {why}")
        finding = Finding(rule="objection", message=why, severity="low", confidence="low", path=task.main_path)
        return evidence.replace(
            findings=(finding,) if objects else (),
            measurements={"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.completion_tokens},
        )

    def _evidence(self, candidate: Candidate, outcome: CheckOutcome, log: str) -> Evidence:
        return Evidence(
            check=self.name,
            check_version=self.version,
            candidate_id=candidate.id,
            outcome=outcome,
            trust=Trust.GENERATED,
            log=log,
        )


def build(means: Means) -> ModelReview:
    if means.open_model is None:
        return ModelReview(None)
    from lamarck.checks.confident.confident import build as build_rules

    return ModelReview(means.open_model, build_rules(means))
