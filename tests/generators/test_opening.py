"""A reply that is begun with the stub, for models that can continue one."""

from __future__ import annotations

import pytest

from lamarck.budget import Budget
from lamarck.context.rules import RuleContext
from lamarck.generators.model_tier import ModelTier
from lamarck.generators.prompt import opening
from lamarck.models.model import Request
from lamarck.models.scripted import ScriptedModel
from lamarck.policy import Step
from lamarck.records import Limits, SourceFile, Task, make_task

STUB = '''import math


def helper(x):
    return x


def half(x: float) -> float:
    """Half of x.

    >>> half(2)
    1.0
    """
    raise NotImplementedError
'''
STEP = Step(number=1, generator="model", seed=5, tier="scripted", temperature=0.1)


def task(stub: str, entry_point: str = "half") -> Task:
    return make_task(
        goal="Halve.", module="half", entry_point=entry_point, stubs=(SourceFile(path="half.py", text=stub),)
    )


def test_it_goes_up_to_the_body() -> None:
    begun = opening(task(STUB))
    assert begun.startswith("```python\nimport math\n")
    assert begun.endswith('    1.0\n    """\n')


@pytest.mark.parametrize(
    "stub",
    [
        STUB + "\n\ndef later():\n    pass\n",
        "def half(x):\n    pass\n",
        'def half(x): "Half."\n',
        'def half(x):\n    "Half."; return 1\n',
        'class half:\n    """Half."""\n',
        "def half(:\n",
        'def half(x):\n    """Half.\n\n    ```\n    half(2)\n    ```\n    """\n',
        "",
    ],
)
def test_it_is_empty_where_a_body_alone_cannot_follow(stub: str) -> None:
    assert opening(task(stub)) == ""


class Continuing(ScriptedModel):
    continues = True


@pytest.mark.parametrize("continues", [True, False])
def test_what_the_model_says_is_read_behind_the_opening(continues: bool) -> None:
    asked: list[Request] = []

    def answer(request: Request) -> str:
        asked.append(request)
        body = "    return x / 2\n"
        return body if continues else f"```python\ndef half(x: float) -> float:\n{body}```"

    model = (Continuing if continues else ScriptedModel)(answer)

    tier = ModelTier(
        lambda _: model,
        lambda task, related, failed, tokens, style: RuleContext(style).build(
            task, related=related, failed=failed, tokens=tokens
        ),
        max_tokens=200,
    )
    budget = Budget(limits=Limits(tokens=5000, seconds=60.0, usd=0.0))
    proposal = tier.propose(task(STUB), (), STEP, budget)
    assert proposal is not None
    assert proposal.candidate is not None
    code = proposal.candidate.files[0].text
    assert code.endswith('    1.0\n    """\n    return x / 2\n')
    assert [m.role for m in asked[0].messages] == ["system", "user"] + ["assistant"] * continues
    assert bool(asked[0].sampling.stop) is continues
    assert ("Half of x" in asked[0].messages[1].content) and (
        "docstrings" in asked[0].messages[1].content
    ) is not continues


def test_a_plain_prompt_begins_nothing() -> None:
    asked: list[Request] = []

    def answer(request: Request) -> str:
        asked.append(request)
        return STUB

    tier = ModelTier(
        lambda _: Continuing(answer),
        lambda task, related, failed, tokens, style: RuleContext(style).build(
            task, related=related, failed=failed, tokens=tokens
        ),
        max_tokens=200,
        style="plain",
    )
    tier.propose(task(STUB), (), STEP, Budget(limits=Limits(tokens=5000, seconds=60.0, usd=0.0)))
    assert [m.role for m in asked[0].messages] == ["system", "user"]
