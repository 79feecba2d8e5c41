"""The embedded model on the real small weights. What every model promises is in `test_model_conformance`."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from models_parts import SMALL, SMALL_DIGEST, a_request, sha256

from lamarck.errors import BadInput, ModelCorrupt, ModelUnavailable
from lamarck.models.embedded import EmbeddedModel
from lamarck.models.model import Message
from lamarck.models.turnstile import Turnstile

needs_weights = pytest.mark.skipif(
    not SMALL.is_file() or importlib.util.find_spec("xllamacpp") is None,
    reason="the weights of smollm2-135m, or xllamacpp, are not on this machine",
)

LONG = "Tell me everything about the sea, at length. "
PROMPT_OF_1500 = "word " * 1500


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """The weights under a name of the test's own, so that what is remembered of them is, too."""
    link = tmp_path / "weights" / SMALL.name
    link.parent.mkdir()
    link.symlink_to(SMALL)
    return link


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """One whose path leaves room for the engine's socket in it, which that of `tmp_path` may not."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def model(weights: Path) -> Iterator[EmbeddedModel]:
    opened = EmbeddedModel(weights, name="small", digest=SMALL_DIGEST, threads=2, parallel=2, context=2048)
    yield opened
    opened.close()


def program(weights: Path, body: str) -> list[str]:
    """A Python program in which `model` and `request(text, max_tokens)` are at hand."""
    begin = (
        "import signal, sys, threading\nfrom pathlib import Path\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in what a shell runs in the background
        "from lamarck.models.embedded import EmbeddedModel\n"
        "from lamarck.models.model import Message, Request\nfrom lamarck.records import Sampling\n"
        f"model = EmbeddedModel(Path({str(weights)!r}), name='small', digest={SMALL_DIGEST!r}, threads=2,\n"
        f"    context=2048, lock_file=Path({str(weights.parent / 'inference.lock')!r}),\n"
        "    waiting=lambda: print('waiting', flush=True))\n"
        "def request(text, max_tokens=16):\n"
        "    messages = (Message(role='user', content=text),)\n"
        "    return Request(messages=messages, sampling=Sampling(max_tokens=max_tokens, seed=3))\n"
    )
    return [sys.executable, "-c", begin + body]


# --- weights and engine


def test_another_file_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUF" + bytes(1000))
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed")
    with pytest.raises(ModelCorrupt) as failed:
        EmbeddedModel(file, name="m", digest="0" * 64).complete(a_request())
    assert failed.value.mend == "run: lamarck models pull m"


def test_a_file_that_llama_cpp_cannot_read_is_told_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed")
    file = tmp_path / "m.gguf"
    content = b"GGUF" + bytes(1000)
    file.write_bytes(content)
    model = EmbeddedModel(file, name="m", digest=sha256(content))
    with pytest.raises(ModelUnavailable, match="cannot load") as failed:
        model.complete(a_request())
    assert failed.value.mend
    model.close()
    assert capfd.readouterr() == ("", "")


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """In an interpreter that truly lacks it: one that sees nothing but Lamarck and what its records need."""
    (tmp_path / "here").mkdir()
    import lamarck

    (tmp_path / "here" / "lamarck").symlink_to(Path(lamarck.__file__).parent)
    (tmp_path / "here" / "msgspec").symlink_to(Path(sysconfig.get_path("platlib")) / "msgspec")
    code = (
        "from pathlib import Path\nfrom lamarck.errors import ModelUnavailable\n"
        "from lamarck.models.embedded import EmbeddedModel\n"
        "from lamarck.models.model import Message, Request\nfrom lamarck.records import Sampling\n"
        "model = EmbeddedModel(Path('/no/file'), name='m', digest='0' * 64)\n"
        "try: model.complete(Request(messages=(Message(role='user', content='x'),), sampling=Sampling()))\n"
        "except ModelUnavailable as error: print(error.line)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "here")}
    found = subprocess.run(
        [sys.executable, "-S", "-c", code], env=environment, capture_output=True, text=True, timeout=30
    )
    assert found.stderr == ""
    assert "xllamacpp, is not installed; pip install 'lamarck-dse[local]'" in found.stdout


@needs_weights
def test_nothing_is_printed_and_no_port_is_open(model: EmbeddedModel, capfd: pytest.CaptureFixture[str]) -> None:
    model.complete(a_request())
    assert capfd.readouterr() == ("", "")
    mine = {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_link(f"/proc/self/fd/{fd}")}
    listening = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()
    ]
    assert not [row for row in listening if row[3] == "0A" and f"socket:[{row[9]}]" in mine]


def _is_link(path: str) -> bool:
    try:
        os.readlink(path)
    except OSError:
        return False
    return True


@needs_weights
def test_a_folder_for_temporary_files_may_have_a_long_path(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket's path may not."""
    (tmp_path / ("long" * 30)).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 30)))
    model = EmbeddedModel(weights, name="small", digest=SMALL_DIGEST, threads=2, context=512)
    assert model.complete(a_request(max_tokens=2)).text
    model.close()


@needs_weights
def test_tokens_are_counted_exactly_once_it_is_loaded(model: EmbeddedModel) -> None:
    before = model.count_tokens(a_request().messages)
    reply = model.complete(a_request())
    assert model.count_tokens(a_request().messages) == reply.prompt_tokens < before


@needs_weights
def test_a_prompt_that_is_too_long_is_bad_input_and_the_model_lives_on(model: EmbeddedModel) -> None:
    with pytest.raises(BadInput, match=r"the prompt has \d+ tokens and the model reads 2048"):
        model.complete(a_request("word " * 3000))
    assert model.complete(a_request()).text


@needs_weights
def test_a_prompt_that_is_no_text_is_bad_input(model: EmbeddedModel) -> None:
    with pytest.raises(BadInput, match="surrogate"):
        model.complete(a_request("\ud800"))


# --- several at once


@needs_weights
def test_two_requests_are_in_flight_at_once(model: EmbeddedModel) -> None:
    both = threading.Barrier(2, timeout=30)
    met = threading.local()

    def meet(_: str) -> None:
        if not getattr(met, "yet", False):
            met.yet = True
            both.wait()  # breaks unless both replies have begun and neither has ended

    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda n: model.complete(a_request(LONG, seed=n, max_tokens=24), meet), range(2)))
    assert all(r.text for r in replies)
    assert [r.cpu_seconds for r in replies] == [0.0, 0.0]  # with several at once it cannot be told whose it was


@needs_weights
def test_more_requests_than_places_wait_for_one(model: EmbeddedModel) -> None:
    with ThreadPoolExecutor(5) as pool:
        replies = list(pool.map(lambda n: model.complete(a_request(f"say {n}")), range(5)))
    assert all(r.text for r in replies)
    assert model.waited_seconds > 0


@needs_weights
def test_equal_requests_are_equal_in_another_process_and_after_other_prompts(weights: Path) -> None:
    body = "print(repr(model.complete(request('Tell me about the sea.', 24)).text))\n"
    other = "model.complete(request('Tell me about the sea. And the sky.', 4))\n"
    found = [
        subprocess.run(program(weights, code), capture_output=True, text=True, timeout=60)
        for code in (body, other + body + body)
    ]
    assert [f.stderr for f in found] == ["", ""]
    assert len({line for f in found for line in f.stdout.splitlines()}) == 1


@needs_weights
def test_another_process_waits_for_its_turn_and_says_so(weights: Path) -> None:
    turnstile = Turnstile(weights.parent / "inference.lock")
    turnstile.enter()
    body = "reply = model.complete(request('hello'))\nprint(model.waited_seconds > 0.0, flush=True)\n"
    process = subprocess.Popen(program(weights, body), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    turnstile.leave()
    assert process.communicate(timeout=60)[0] == "True\n"


# --- ends


@needs_weights
@pytest.mark.parametrize("phase", ["generation", "prompt", "queue"])
def test_ctrl_c_ends_a_program_in_every_phase(weights: Path, phase: str) -> None:
    """The program would run for minutes: what ends it is the interrupt, and it ends as Python programs do."""
    begun = "begun = lambda _='': print('begun', flush=True)\n"
    if phase == "generation":
        body = begun + f"model.complete(request({LONG!r}, 1900), begun)\n"
    elif phase == "prompt":
        body = begun + (
            "model.complete(request('load first', 1))\nthreading.Timer(0.5, begun).start()\n"
            f"while True: model.complete(request({PROMPT_OF_1500!r} + str(model.waited_seconds), 1))\n"
        )
    else:
        body = "model.complete(request('hello'))\n"
    turnstile = Turnstile(weights.parent / "inference.lock")
    if phase == "queue":
        turnstile.enter()
    process = subprocess.Popen(program(weights, body), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() in {"begun\n", "waiting\n"}
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert said.rstrip().endswith("KeyboardInterrupt")
    if phase == "queue":
        turnstile.leave()
    # What it held is free again.
    turnstile.enter()
    turnstile.leave()


@needs_weights
def test_a_program_that_ends_without_closing_ends(weights: Path) -> None:
    body = (
        "from lamarck.errors import ModelUnavailable\nbegun = threading.Event()\n"
        "def talk():\n"
        f"    try: model.complete(request({LONG!r}, 1900), lambda _: begun.set())\n"
        "    except ModelUnavailable: pass\n"
        "threading.Thread(target=talk, daemon=True).start()\nbegun.wait()\n"
    )
    ended = subprocess.run(program(weights, body), capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stderr) == (0, "")


@needs_weights
def test_closing_ends_what_is_under_way_and_leaves_no_files(
    weights: Path, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(short_folder))
    model = EmbeddedModel(weights, name="small", digest=SMALL_DIGEST, threads=2, context=2048)
    begun = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(model.complete, a_request(LONG, max_tokens=1900), lambda _: begun.set())
        queued = pool.submit(model.complete, a_request("wait for a place"))
        assert begun.wait(30)
        assert [p.name[:14] for p in short_folder.iterdir()] == ["lamarck-model-"]
        model.close()
        for each in (running, queued):
            with pytest.raises(ModelUnavailable, match="closed"):
                each.result(30)
    assert list(short_folder.iterdir()) == []
    with pytest.raises(ModelUnavailable, match="closed"):
        model.complete(a_request())
    model.close()


@needs_weights
def test_a_reply_that_was_broken_off_does_not_change_the_next(model: EmbeddedModel) -> None:
    class Enough(Exception):
        pass

    def stop(_: str) -> None:
        raise Enough

    expected = model.complete(a_request(LONG)).text
    with pytest.raises(Enough):
        model.complete(a_request(LONG, seed=9), stop)
    assert model.complete(a_request(LONG)).text == expected


@needs_weights
def test_it_continues_a_reply_that_was_begun(weights: Path) -> None:
    model = EmbeddedModel(weights, name="small", digest=SMALL_DIGEST, threads=2, context=512)
    asked = a_request("Say the numbers from one to ten.", max_tokens=6)
    begun = asked.replace(messages=(*asked.messages, Message(role="assistant", content="one two three four")))
    try:
        counted = model.count_tokens(begun.messages)
        first, second = model.complete(begun), model.complete(begun)
        assert model.count_tokens(begun.messages) > model.count_tokens(asked.messages) + 3
        assert counted >= first.prompt_tokens == model.count_tokens(begun.messages)
    finally:
        model.close()
    assert first.text == second.text
    assert "five" in first.text
    assert not first.text.startswith("one")


@needs_weights
def test_equal_requests_get_equal_replies_wherever_they_run(weights: Path) -> None:
    """Three prompts in turn drive each other out of the two places that one request at a time has."""
    model = EmbeddedModel(weights, name="small", digest=SMALL_DIGEST, threads=2, context=512)
    asked = [a_request(f"Tell me about the {what}.", max_tokens=12) for what in ("sea", "moon", "wind")]
    try:
        rounds = [[model.complete(request) for request in asked] for _ in range(2)]
        again = model.complete(asked[2])
    finally:
        model.close()
    assert [r.text for r in rounds[0]] == [r.text for r in rounds[1]]
    assert again.text == rounds[0][2].text
    assert again.prompt_tokens == 1, "its prompt is still held"
    assert rounds[1][0].prompt_tokens > 1, "its prompt was driven out"


@needs_weights
def test_a_repair_does_not_drive_out_the_prompt_of_the_samples(weights: Path) -> None:
    model = EmbeddedModel(weights, name="small", digest=SMALL_DIGEST, threads=2, context=512)
    sample, repair = (a_request(text, max_tokens=4) for text in ("Write a song.", "This song is wrong."))
    try:
        first = model.complete(sample)
        model.complete(repair)
        second = model.complete(sample)
    finally:
        model.close()
    assert first.prompt_tokens > second.prompt_tokens == 1
