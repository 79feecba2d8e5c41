from __future__ import annotations

import json
import logging
import socket
import time
from typing import Any

import pytest
from models_parts import ChatServer, a_request, chat_answer

from lamarck.errors import BadInput, EndpointFailed, ModelUnavailable
from lamarck.models.endpoint import BilledFailure, EndpointModel
from lamarck.settings import EndpointSettings

KEY = "k3y-of-a-t3st-that-must-n0t-leak"


@pytest.fixture
def model(chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> EndpointModel:
    monkeypatch.setenv("ECHO_API_KEY", KEY)
    return EndpointModel(chat_server.settings(api_key_env="ECHO_API_KEY"), "echo")


def test_everything_that_was_asked_for_is_sent(model: EndpointModel, chat_server: ChatServer) -> None:
    request = a_request("hello there", seed=7, temperature=0.3, top_p=0.8, stop=("\n\n", "END"), max_tokens=9)
    model.complete(request)
    sent = chat_server.requests[0]
    assert sent == {
        "path": "/v1/chat/completions",
        "model": "echo-1",
        "messages": [{"role": "system", "content": "You are brief."}, {"role": "user", "content": "hello there"}],
        "temperature": 0.3,
        "top_p": 0.8,
        "seed": 7,
        "max_tokens": 9,
        "stop": ["\n\n", "END"],
    }


def test_a_stream_is_asked_for_only_when_somebody_listens(model: EndpointModel, chat_server: ChatServer) -> None:
    model.complete(a_request())
    model.complete(a_request(), lambda _: None)
    assert [r.get("stream", False) for r in chat_server.requests] == [False, True]


def test_usage_of_a_stream_is_read(model: EndpointModel, chat_server: ChatServer) -> None:
    chat_server.answer = lambda _: chat_answer("so it is", usage=(11, 3))
    pieces: list[str] = []
    reply = model.complete(a_request(), pieces.append)
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens) == ("so it is", 11, 3)
    assert pieces == ["so", " it", " is"]
    assert not reply.tokens_estimated


def test_an_endpoint_that_does_not_stream_is_heard_all_the_same(model: EndpointModel, chat_server: ChatServer) -> None:
    chat_server.answer = lambda _: json.dumps(chat_answer("all at once")).encode()
    pieces: list[str] = []
    assert model.complete(a_request(), pieces.append).text == "all at once"
    assert pieces == ["all at once"]


@pytest.mark.parametrize("listener", [None, lambda _: None])
def test_tokens_that_are_not_stated_are_estimated_from_above_and_marked(
    model: EndpointModel, chat_server: ChatServer, listener: Any
) -> None:
    chat_server.answer = lambda _: chat_answer("one two three", usage=None)
    reply = model.complete(a_request(), listener)
    assert reply.tokens_estimated
    assert reply.prompt_tokens >= 6
    assert reply.completion_tokens >= 3


def test_the_cost_follows_from_the_stated_tokens(chat_server: ChatServer) -> None:
    settings = chat_server.settings(usd_per_million_prompt=3.0, usd_per_million_completion=10.0)
    chat_server.answer = lambda _: chat_answer("x", usage=(1000, 100))
    assert EndpointModel(settings, "echo").complete(a_request()).usd == pytest.approx(0.003 + 0.001)


def test_this_machine_costs_nothing(model: EndpointModel) -> None:
    assert model.complete(a_request()).usd == 0.0
    assert model.prices == {"prompt": 0.0, "completion": 0.0}


# --- the key


def test_the_key_goes_into_the_call_and_nowhere_else(
    model: EndpointModel, chat_server: ChatServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = model.complete(a_request())
    assert chat_server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert KEY not in caplog.text
    assert KEY not in "".join(capfd.readouterr())
    assert KEY not in reply.to_json()
    assert KEY not in repr(vars(model))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_an_error_that_repeats_the_key_is_told_without_it(
    model: EndpointModel, chat_server: ChatServer, status: int
) -> None:
    chat_server.status = status
    chat_server.answer = lambda _: {"error": {"message": f"no such key: {KEY}\nbe gone"}}
    with pytest.raises(EndpointFailed) as failed:
        model.complete(a_request())
    assert f"answered {status}" in str(failed.value)
    assert "be gone" in str(failed.value)
    assert failed.value.mend
    assert "\n" not in failed.value.line
    assert _nowhere_in(failed.value, KEY)


def _nowhere_in(error: BaseException | None, key: str) -> bool:
    while error is not None:
        if key in str(error) or key in repr(error) or key in repr(vars(error)):
            return False
        error = error.__cause__
    return True


def test_a_key_that_is_not_set_is_named_by_its_variable(chat_server: ChatServer) -> None:
    model = EndpointModel(chat_server.settings(api_key_env="NO_SUCH_KEY_HERE"), "echo")
    with pytest.raises(ModelUnavailable, match="endpoint 'echo'") as failed:
        model.complete(a_request())
    assert "NO_SUCH_KEY_HERE" in failed.value.mend
    assert not chat_server.requests


def test_nothing_of_the_openai_account_of_the_user_goes_to_another_endpoint(
    chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "account-of-the-user")
    EndpointModel(chat_server.settings(), "echo").complete(a_request())
    assert "account-of-the-user" not in json.dumps(chat_server.headers)


# --- what goes wrong


def failure(model: EndpointModel, **listening: Any) -> EndpointFailed:
    with pytest.raises(EndpointFailed) as failed:
        model.complete(a_request(), **listening)
    assert "\n" not in failed.value.line
    assert "endpoint 'echo'" in str(failed.value)
    assert failed.value.mend
    assert _nowhere_in(failed.value, KEY)
    return failed.value


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model = EndpointModel(EndpointSettings(base_url=f"http://127.0.0.1:{port}/v1", model="x"), "echo")
    error = failure(model)
    assert "can't be reached" in str(error)
    assert not isinstance(error, BilledFailure)


def test_a_name_that_does_not_resolve() -> None:
    settings = EndpointSettings(
        base_url="http://nowhere.invalid/v1", model="x", usd_per_million_prompt=1.0, usd_per_million_completion=1.0
    )
    assert "can't be reached" in str(failure(EndpointModel(settings, "echo")))


def test_a_silent_endpoint_times_out_and_may_have_cost_money(chat_server: ChatServer) -> None:
    chat_server.before = lambda: time.sleep(1.0)
    error = failure(EndpointModel(chat_server.settings(timeout_seconds=0.2), "echo"))
    assert "within 0.2 s" in str(error)
    assert isinstance(error, BilledFailure)
    assert error.usd is None


def test_a_drip_is_cut_off_at_the_deadline_too(chat_server: ChatServer) -> None:
    model = EndpointModel(chat_server.settings(timeout_seconds=0.3), "echo")
    chat_server.answer = lambda _: chat_answer("a b c d e f g h")
    chat_server.pause = 0.05
    error = failure(model, on_token=lambda _: None)
    assert "within 0.3 s" in str(error)


NONSENSE: dict[str, tuple[bytes | dict[str, Any], str]] = {
    "a page": (b"<html><body>Welcome to your router</body></html>", "Welcome to your router"),
    "nothing": (b"", "nothing"),
    "broken JSON": (b'{"choices": [', "no JSON object"),
    "a list": (b"[1, 2]", "no JSON object"),
    "another object": ({"ok": True}, "holds no text"),
    "no choices": ({"choices": []}, "holds no text"),
    "choices of another kind": ({"choices": "many"}, "holds no text"),
    "null choice": ({"choices": [None]}, "holds no text"),
    "no message": ({"choices": [{"finish_reason": "stop"}]}, "holds no text"),
    "no content": (chat_answer(None), "holds no text"),
    "empty content": (chat_answer(""), "holds no text"),
    "blank content": (chat_answer(" \n"), "holds no text"),
    "content of another kind": ({"choices": [{"message": {"content": 7}}]}, "holds no text"),
    "withheld": (chat_answer("half a", "content_filter"), "content filter"),
    "an error with status 200": ({"error": {"message": "model is loading"}}, "model is loading"),
    "binary": (bytes(range(256)), "no JSON object"),
}


@pytest.mark.parametrize("name", NONSENSE)
@pytest.mark.parametrize("listener", [None, lambda _: None])
def test_nonsense_is_told_in_one_line(model: EndpointModel, chat_server: ChatServer, name: str, listener: Any) -> None:
    body, expected = NONSENSE[name]
    chat_server.answer = lambda _: body
    assert expected in str(failure(model, on_token=listener))


def test_a_useless_reply_is_billed_all_the_same(chat_server: ChatServer) -> None:
    settings = chat_server.settings(usd_per_million_prompt=1.0, usd_per_million_completion=1.0)
    chat_server.answer = lambda _: chat_answer("", usage=(1_000_000, 500_000))
    error = failure(EndpointModel(settings, "echo"))
    assert isinstance(error, BilledFailure)
    assert error.usd == pytest.approx(1.5)


def test_a_line_that_is_cut_is_no_reply(model: EndpointModel, chat_server: ChatServer) -> None:
    chat_server.break_after = 40
    assert isinstance(failure(model), BilledFailure)


def test_a_stream_that_is_cut_is_no_reply(model: EndpointModel, chat_server: ChatServer) -> None:
    chat_server.content_type = "text/event-stream"
    chat_server.answer = lambda _: b'data: {"choices": [{"delta": {"content": "def f("}}]}\n\n'
    assert "ended before the reply did" in str(failure(model, on_token=lambda _: None))


def test_an_endless_answer_is_not_read_to_its_end(model: EndpointModel, chat_server: ChatServer) -> None:
    chat_server.answer = lambda _: b" " * (17 << 20)
    assert "more than 16 MiB" in str(failure(model))


def test_redirects_are_not_followed(model: EndpointModel, chat_server: ChatServer) -> None:
    chat_server.status = 307
    assert "answered 307" in str(failure(model))
    assert len(chat_server.requests) == 1


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502])
def test_nothing_is_tried_twice(model: EndpointModel, chat_server: ChatServer, status: int) -> None:
    chat_server.status = status
    failure(model)
    assert len(chat_server.requests) == 1


# --- addresses and prices


@pytest.mark.parametrize(
    "address", ["", "localhost:11434/v1", "ftp://127.0.0.1/v1", "http://", "http://[::1/v1", "http://127.0.0.1:port/v1"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="endpoint 'echo'") as failed:
        EndpointModel(EndpointSettings(base_url=address, model="x"), "echo")
    assert "endpoints.echo.base_url" in failed.value.mend


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadInput, match="user or a password") as failed:
        EndpointModel(EndpointSettings(base_url="https://me:hunter2hunter2@example.com/v1", model="x"), "echo")
    assert "hunter2" not in failed.value.line


def test_a_price_that_nobody_knows_is_refused_with_the_mend() -> None:
    with pytest.raises(BadInput, match="is not known") as failed:
        EndpointModel(EndpointSettings(base_url="https://llm.example.com/v1", model="x"), "far")
    assert "usd_per_million_prompt" in failed.value.mend
    assert "endpoints.far" in failed.value.mend


# --- secrets


def test_a_prompt_with_a_secret_never_leaves(model: EndpointModel, chat_server: ChatServer) -> None:
    secret = "ghp_" + "a1B2" * 9
    with pytest.raises(BadInput, match="a GitHub token") as failed:
        model.complete(a_request(f"use {secret} to log in"))
    assert secret not in failed.value.line
    assert not chat_server.requests


def test_the_key_itself_in_a_prompt_never_leaves(model: EndpointModel, chat_server: ChatServer) -> None:
    with pytest.raises(BadInput, match="environment variable ECHO_API_KEY") as failed:
        model.complete(a_request(f"why does {KEY} not work?"))
    assert KEY not in failed.value.line
    assert not chat_server.requests
