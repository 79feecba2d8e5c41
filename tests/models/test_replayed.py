from __future__ import annotations

from pathlib import Path

import pytest
from models_parts import a_request

from lamarck.errors import BadInput, ModelUnavailable
from lamarck.models.bank import Bank
from lamarck.models.model import Message, Model
from lamarck.models.replayed import RecordingModel, ReplayedModel
from lamarck.models.scripted import ScriptedModel


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path / "bank.sqlite")


class Counting(ScriptedModel):
    """Counts tokens as it likes, to tell a remembered count from a new one."""

    says = 10

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        return self.says


def test_an_equal_request_is_paid_once(bank: Bank) -> None:
    model = RecordingModel(ScriptedModel(["paid", "paid again"]), bank)
    first, second = model.complete(a_request()), model.complete(a_request())
    assert (first.text, first.from_cache) == ("paid", False)
    assert second == first.replace(from_cache=True)


def test_another_seed_is_another_request(bank: Bank) -> None:
    model = RecordingModel(ScriptedModel(["one", "two"]), bank)
    assert model.complete(a_request(seed=1)).text == "one"
    assert model.complete(a_request(seed=2)).text == "two"


def test_a_second_process_pays_nothing(bank: Bank, tmp_path: Path) -> None:
    RecordingModel(ScriptedModel(["paid"], name="s"), bank).complete(a_request())
    again = RecordingModel(ScriptedModel(["paid"], name="s"), Bank(tmp_path / "bank.sqlite"))
    assert again.complete(a_request()).from_cache


def test_a_reply_is_recorded_before_anybody_sees_it(bank: Bank) -> None:
    seen: list[int] = []
    inner = ScriptedModel(["text"])
    RecordingModel(inner, bank).complete(a_request())
    seen.append(len(bank))
    assert seen == [1]


def test_a_failure_is_not_recorded(bank: Bank) -> None:
    model = RecordingModel(ScriptedModel([]), bank)
    with pytest.raises(ModelUnavailable):
        model.complete(a_request())
    assert len(bank) == 0


def test_what_the_callback_broke_off_is_not_recorded(bank: Bank) -> None:
    class Enough(Exception):
        pass

    def stop(_: str) -> None:
        raise Enough

    with pytest.raises(Enough):
        RecordingModel(ScriptedModel(["a long reply"]), bank).complete(a_request(), stop)
    assert len(bank) == 0


def test_a_resumed_run_counts_as_the_first_one_did(bank: Bank) -> None:
    inner = Counting(["x"])
    model: Model = RecordingModel(inner, bank)
    assert model.count_tokens(a_request().messages) == 10
    inner.says = 7  # a tokenizer was loaded meanwhile
    assert model.count_tokens(a_request().messages) == 10


def test_prices_pass_through(bank: Bank) -> None:
    class Priced(ScriptedModel):
        prices = {"prompt": 1.0, "completion": 2.0}

    assert RecordingModel(Priced(["x"]), bank).prices == {"prompt": 1.0, "completion": 2.0}
    assert RecordingModel(ScriptedModel(["x"]), bank).prices == {}


def test_a_replay_answers_what_was_recorded_and_nothing_else(bank: Bank) -> None:
    inner = ScriptedModel(["recorded"], name="s")
    RecordingModel(inner, bank).complete(a_request())
    replayed = ReplayedModel(bank)
    assert (replayed.name, replayed.digest) == ("s", inner.digest)
    assert replayed.complete(a_request()).text == "recorded"
    with pytest.raises(ModelUnavailable, match="no reply of s") as failed:
        replayed.complete(a_request(seed=5))
    assert failed.value.mend


def test_a_replay_counts_as_it_was_counted(bank: Bank) -> None:
    model = RecordingModel(Counting(["x"]), bank)
    model.count_tokens(a_request().messages)
    model.complete(a_request())
    assert ReplayedModel(bank).count_tokens(a_request().messages) == 10


def test_an_empty_bank_cannot_be_replayed(bank: Bank) -> None:
    with pytest.raises(BadInput, match="it holds none"):
        ReplayedModel(bank)


def test_a_bank_of_two_models_is_named_with_both(bank: Bank) -> None:
    for name in ("ada", "bob"):
        RecordingModel(ScriptedModel([name], name=name), bank).complete(a_request())
    with pytest.raises(BadInput, match=r"ada \(.*bob \("):
        ReplayedModel(bank)
