"""What every model promises, whatever it is made of. See `lamarck.models.model.Model`."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from models_parts import SMALL, SMALL_DIGEST, ChatServer, a_request

from lamarck.errors import LimitSpent
from lamarck.models.bank import Bank
from lamarck.models.embedded import EmbeddedModel
from lamarck.models.endpoint import EndpointModel
from lamarck.models.ledger import DailyLedger, LedgeredModel
from lamarck.models.model import Model, request_key
from lamarck.models.replayed import RecordingModel, ReplayedModel
from lamarck.models.scripted import ScriptedModel

# Everything that the suite asks, so that a bank can be recorded for the replay.
ASKED = (
    a_request("one two three"),
    a_request("one two three", max_tokens=2),
    a_request("one two three", seed=2),
    a_request("alpha STOP omega", stop=("STOP",)),
    *(a_request(f"request {n} of many") for n in range(4)),
)


def scripted() -> ScriptedModel:
    return ScriptedModel(lambda request: request.messages[-1].content)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedModel | None]:
    """Loaded once for the whole suite: it costs most of a second."""
    if not SMALL.is_file() or importlib.util.find_spec("xllamacpp") is None:
        yield None
        return
    folder = tmp_path_factory.mktemp("embedded")
    link = folder / SMALL.name
    link.symlink_to(SMALL)
    model = EmbeddedModel(
        link, name="smollm2-135m", digest=SMALL_DIGEST, threads=2, context=512, lock_file=folder / "inference.lock"
    )
    yield model
    model.close()


@pytest.fixture(params=["scripted", "recording", "replayed", "endpoint", "ledgered", "embedded"])
def model(
    request: pytest.FixtureRequest, tmp_path: Path, chat_server: ChatServer, embedded: EmbeddedModel | None
) -> Iterator[Model]:
    if request.param == "embedded":
        if embedded is None:
            pytest.skip("the weights of smollm2-135m, or xllamacpp, are not on this machine")
        yield embedded  # the module's fixture closes it
        return
    opened = _open(request.param, tmp_path, chat_server)
    yield opened
    opened.close()


def _open(kind: str, folder: Path, server: ChatServer) -> Model:
    if kind == "scripted":
        return scripted()
    if kind == "endpoint":
        return EndpointModel(server.settings(), "echo")
    if kind == "ledgered":
        priced = server.settings(usd_per_million_prompt=1.0, usd_per_million_completion=2.0)
        return LedgeredModel(EndpointModel(priced, "echo"), DailyLedger(folder / "ledger.sqlite"), limit=1.0)
    bank = Bank(folder / "bank.sqlite")
    recording = RecordingModel(scripted(), bank)
    if kind == "recording":
        return recording
    for asked in ASKED:
        recording.count_tokens(asked.messages)
        recording.complete(asked)
    return ReplayedModel(bank, owns_bank=True)


def test_it_says_what_it_is(model: Model) -> None:
    assert model.name
    assert len(model.digest) == 64
    assert model.engine


def test_a_reply_is_whole_and_says_where_it_comes_from(model: Model) -> None:
    reply = model.complete(ASKED[0])
    assert reply.text
    assert reply.finish in {"stop", "length"}
    assert reply.prompt_tokens > 0
    assert 0 < reply.completion_tokens <= ASKED[0].sampling.max_tokens
    assert reply.model
    assert reply.model_digest == model.digest
    assert reply.engine
    assert reply.seconds >= 0
    assert reply.cpu_seconds >= 0
    assert reply.usd >= 0


def test_a_reply_survives_json(model: Model) -> None:
    reply = model.complete(ASKED[0])
    assert type(reply).from_json(reply.to_json()) == reply


def test_equal_requests_get_equal_replies(model: Model) -> None:
    first = model.complete(ASKED[0])
    model.complete(ASKED[2])
    again = model.complete(ASKED[0])
    assert (again.text, again.finish, again.completion_tokens) == (first.text, first.finish, first.completion_tokens)


def test_max_tokens_cut_the_reply_and_it_says_so(model: Model) -> None:
    reply = model.complete(ASKED[1])
    assert reply.completion_tokens <= 2
    assert reply.finish == "length"


def test_the_text_ends_before_a_stop(model: Model) -> None:
    if isinstance(model, EndpointModel | LedgeredModel):
        pytest.skip("stopping is the endpoint's part; that it is asked to is tested in test_endpoint")
    assert "STOP" not in model.complete(ASKED[3]).text


def test_the_pieces_told_are_the_text(model: Model) -> None:
    pieces: list[str] = []
    reply = model.complete(ASKED[0], pieces.append)
    assert "".join(pieces) == reply.text
    assert all(pieces)


def test_pieces_are_told_in_the_thread_that_asked(model: Model) -> None:
    threads: set[int] = set()
    model.complete(ASKED[0], lambda _: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}


def test_what_the_callback_raises_ends_the_completion_and_the_model_lives_on(model: Model) -> None:
    def enough(_: str) -> None:
        raise LimitSpent("time is up", which="seconds")

    with pytest.raises(LimitSpent):
        model.complete(ASKED[0], enough)
    assert model.complete(ASKED[0]).text


def test_prompt_tokens_are_counted_from_above(model: Model) -> None:
    counted = model.count_tokens(ASKED[0].messages)
    assert counted >= model.complete(ASKED[0]).prompt_tokens > 0
    assert model.count_tokens(ASKED[0].messages) > 0


def test_several_threads_may_ask_at_once(model: Model) -> None:
    many = ASKED[4:]
    with ThreadPoolExecutor(len(many)) as pool:
        together = list(pool.map(model.complete, many))
    alone = [model.complete(each) for each in many]
    assert [r.text for r in together] == [r.text for r in alone]


def test_the_key_of_a_request_depends_on_everything_that_shapes_the_reply(model: Model) -> None:
    base = a_request("x")
    others = [
        a_request("y"),
        a_request("x", seed=9),
        a_request("x", temperature=0.9),
        a_request("x", top_p=0.5),
        a_request("x", max_tokens=17),
        a_request("x", stop=("z",)),
        base.replace(template_version="t2"),
    ]
    keys = {request_key(model, r) for r in [base, *others]}
    assert len(keys) == 1 + len(others)
    assert request_key(model, a_request("x")) in keys


def test_two_models_never_share_a_key(model: Model) -> None:
    other = ScriptedModel(["something else"])
    assert request_key(model, ASKED[0]) != request_key(other, ASKED[0])
