from __future__ import annotations

import json
from pathlib import Path

import pytest
from models_parts import ChatServer, a_request

from lamarck.errors import BadInput, LimitSpent, ModelUnavailable
from lamarck.models.bank import Bank
from lamarck.models.build import open_model
from lamarck.models.replayed import RecordingModel, ReplayedModel
from lamarck.settings import LimitSettings, Settings


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path / "bank.sqlite")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.jsonl"
    path.write_text(json.dumps({"text": "said by the script"}))
    return path


def test_a_name_that_is_none_is_told_with_those_there_are(chat_server: ChatServer) -> None:
    settings = Settings(endpoints={"mine": chat_server.settings()})
    with pytest.raises(BadInput, match="'gpt-9'") as failed:
        open_model("gpt-9", settings, bank=None)
    for name in ("qwen2.5-coder-1.5b", "smollm2-135m", "mine", "scripted:", "replay:"):
        assert name in failed.value.mend


def test_embeddings_are_no_model_that_writes() -> None:
    with pytest.raises(BadInput):
        open_model("all-minilm-l6-v2-int8", Settings(), bank=None)


def test_embedded_weights_that_are_not_here_say_how_to_get_them() -> None:
    model = open_model("smollm2-135m", Settings(), bank=None)
    assert model.name == "smollm2-135m"
    assert model.count_tokens(a_request().messages) > 0
    with pytest.raises(ModelUnavailable) as failed:
        model.complete(a_request())
    assert failed.value.mend in {"run: lamarck models pull smollm2-135m", "pip install 'lamarck-dse[local]'"}
    model.close()


def test_a_script_is_recorded_and_replayed(script: Path, bank: Bank, tmp_path: Path) -> None:
    model = open_model(f"scripted:{script}", Settings(), bank=bank)
    assert isinstance(model, RecordingModel)
    assert model.name == f"scripted:{script}"
    assert model.complete(a_request()).text == "said by the script"
    assert model.complete(a_request()).from_cache
    bank.export_lines(tmp_path / "bank.jsonl")
    for recorded in (tmp_path / "bank.jsonl", tmp_path / "bank.sqlite"):
        replayed = open_model(f"replay:{recorded}", Settings(), bank=bank)
        assert isinstance(replayed, ReplayedModel)
        assert replayed.complete(a_request()).text == "said by the script"
        replayed.close()


def test_without_a_bank_nothing_is_recorded(script: Path) -> None:
    model = open_model(f"scripted:{script}", Settings(), bank=None)
    model.complete(a_request())
    with pytest.raises(ModelUnavailable):
        model.complete(a_request())


@pytest.mark.parametrize("name", ["scripted:/no/such/file.jsonl", "replay:/no/such/file.sqlite"])
def test_a_file_that_is_not_there_is_named_and_not_made(name: str) -> None:
    with pytest.raises(BadInput, match=r"/no/such/file"):
        open_model(name, Settings(), bank=None)
    assert not Path(name.partition(":")[2]).exists()


def test_a_free_endpoint_needs_no_ledger(chat_server: ChatServer, tmp_path: Path) -> None:
    settings = Settings(endpoints={"mine": chat_server.settings()})
    assert open_model("mine", settings, bank=None).complete(a_request("one two")).text == "one two"
    assert not (tmp_path / "home" / "ledger.sqlite").exists()


def test_a_paid_endpoint_spends_within_the_day_over_all_models(chat_server: ChatServer) -> None:
    paid = chat_server.settings(usd_per_million_prompt=0.0, usd_per_million_completion=1000.0)
    settings = Settings(endpoints={"mine": paid}, limits=LimitSettings(daily_usd=0.018))
    first, second = (open_model("mine", settings, bank=None) for _ in range(2))
    assert first.complete(a_request("one two three", max_tokens=16)).usd == pytest.approx(0.003)
    with pytest.raises(LimitSpent) as spent:
        second.complete(a_request(max_tokens=16))
    assert spent.value.which == "daily_usd"
    first.close()
    second.close()


def test_without_permission_to_spend_a_paid_endpoint_is_not_called(chat_server: ChatServer) -> None:
    paid = chat_server.settings(usd_per_million_prompt=1.0, usd_per_million_completion=1.0)
    model = open_model("mine", Settings(endpoints={"mine": paid}), bank=None)
    with pytest.raises(LimitSpent):
        model.complete(a_request())
    assert not chat_server.requests
    model.close()


def test_what_was_paid_for_is_free_the_second_time(chat_server: ChatServer, bank: Bank) -> None:
    paid = chat_server.settings(usd_per_million_prompt=0.0, usd_per_million_completion=1000.0)
    settings = Settings(endpoints={"mine": paid}, limits=LimitSettings(daily_usd=0.018))
    model = open_model("mine", settings, bank=bank)
    model.complete(a_request("one two three", max_tokens=16))
    assert model.complete(a_request("one two three", max_tokens=16)).from_cache
    model.close()
