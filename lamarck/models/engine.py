"""llama.cpp inside this process, through xllamacpp: one set of weights, several places for requests.

What was measured of xllamacpp 2026.10 and is built upon here:

- A prompt that is read in one go and the same prompt found in the cache give different numbers, and at some point
  different texts. So a place reads its prompt first, without the cache, and every reply then continues from the cache
  with the prompt's last token: equal requests get equal replies, and the replies to one prompt pay for reading it once.
- The callback of a stream is the only way to stop it. While a prompt is read it is called once a batch, so a batch is
  short enough for Ctrl-C (64 tokens read 2% slower than 512).
- The server always opens an HTTP port. Here it is a Unix socket in a folder that only this user can enter, with a key
  that nobody else has; it serves the tokenizer.
- OpenMP's threads spin while they wait for each other, so on a machine with other work one of them spins while the
  other is not running: with two threads on two busy cores 2 tokens/s are generated, and 15 if they soon go to sleep. On
  two idle cores it is 29 for spinning, 23 for sleeping at once, and 27 for the 300 turns that are told here.
- A ping interval below zero keeps a core busy; a ping would end a stream. It is set beyond any reply.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import secrets
import socket
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lamarck.errors import BadInput, ModelUnavailable
from lamarck.temporary import TemporaryFolder, temporary_name

EXTRA = "pip install 'lamarck-dse[local]'"
_OPENMP = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "300"}
_SOCKET = "tokenizer.sock"
_LONGEST_SOCKET = 107  # bytes of its path, unix(7)
_BATCH = 64
_NEVER = 10**6  # seconds between pings
_SEEDS = 2**32 - 1  # the highest 32-bit number means "any seed" to llama.cpp
_READ_CHUNK = 16 * 2**20
_TOKENIZER_SECONDS = 60.0

Chunk = dict[str, Any]
OnChunk = Callable[[Chunk], bool]  # True ends the stream


def engine_version() -> str | None:
    """`xllamacpp` with its version, without importing it; None when it is not installed."""
    try:
        return f"xllamacpp {version('xllamacpp')}"
    except PackageNotFoundError:
        return None


def check_engine() -> None:
    """Raises `ModelUnavailable` when xllamacpp is not installed."""
    if engine_version() is None:
        raise ModelUnavailable("the engine of embedded models, xllamacpp, is not installed", EXTRA)


class Engine:
    """Loaded weights. `stream` may be called from several threads, once at a time for each place.

    Raises `ModelUnavailable` when xllamacpp is missing or refuses the weights. Loading can't be interrupted, but the
    file is read once before, which can.
    """

    def __init__(self, weights: Path, *, threads: int, places: int, context: int) -> None:
        xllamacpp = _import_xllamacpp()
        _read_through(weights)
        self._private = _private_folder()
        self._key = secrets.token_urlsafe(32)
        try:
            params = self._params(xllamacpp, weights, threads=threads, places=places, context=context)
            self._server: Any = xllamacpp.Server(params)
        except RuntimeError as error:
            self._private.remove()
            raise ModelUnavailable(
                f"llama.cpp cannot load {weights}", "free some memory, or run: lamarck models check"
            ) from error
        except BaseException:
            self._private.remove()
            raise

    def _params(self, xllamacpp: Any, weights: Path, *, threads: int, places: int, context: int) -> Any:
        params = xllamacpp.CommonParams()
        params.model.path = str(weights)
        params.n_ctx = context * places
        params.n_parallel = places
        params.n_batch = params.n_ubatch = _BATCH
        cores = threads or usable_cores()
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = cores
        params.verbosity = -1  # not a word on stderr
        params.warmup = False
        params.fit_params = False  # take the context as it was asked for
        params.cache_ram_mib = 0  # states of other prompts would be continued from: see the module's first point
        params.cache_idle_slots = False
        params.force_pure_content_parser = True  # the text as it came, whatever looks like a tool call in it
        params.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE
        params.sse_ping_interval = _NEVER
        params.hostnames = [str(self._socket)]
        params.api_keys = [self._key]
        params.n_threads_http = 2
        params.ui = False
        params.endpoint_slots = False
        return params

    @property
    def _socket(self) -> Path:
        return self._private.path / _SOCKET

    def stream(self, body: dict[str, Any], on_chunk: OnChunk) -> None:
        """One chat completion as llama.cpp's server streams it, until its end or until `on_chunk` returns True.

        A last message of the assistant is the beginning of the reply: what is streamed continues it.
        """

        def receive(raw: str) -> bool:
            return on_chunk(_as_chat(json.loads(raw)))

        messages = body["messages"]
        begun = messages[-1]["role"] == "assistant"
        try:
            if begun:
                rest = {name: value for name, value in body.items() if name != "messages"}
                text = self._prompt(messages)
                self._server.handle_completions(json.dumps({**rest, "prompt": text, "stream": True}), receive)
            else:
                self._server.handle_chat_completions(json.dumps({**body, "stream": True}), receive)
        except (RuntimeError, ValueError) as error:  # what the C++ side throws about the request
            raise BadInput(f"llama.cpp refuses the request: {error}", "check the text of the prompt") from error

    def count_tokens(self, messages: list[dict[str, str]]) -> int:
        """Tokens of the prompt that the model's own chat template makes of `messages`."""
        content = {"content": self._prompt(messages), "add_special": True, "parse_special": True}
        return len(self._ask("/tokenize", content)["tokens"])

    def _prompt(self, messages: list[dict[str, str]]) -> str:
        """The text that the model's own chat template makes of `messages`, with the reply as far as it was begun."""
        begun = messages[-1]["content"] if messages and messages[-1]["role"] == "assistant" else ""
        asked = messages[:-1] if begun else messages
        text: str = self._ask("/apply-template", {"messages": asked})["prompt"]
        return text + begun

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        connection = _UnixConnection(self._socket)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ModelUnavailable(
                f"the tokenizer of the embedded model does not answer: {error}", "try again"
            ) from error
        finally:
            connection.close()
        if response.status != http.client.OK:
            what = answer.get("error", {}).get("message", response.reason)
            raise BadInput(f"llama.cpp refuses the messages: {what}", "check the text of the prompt")
        return answer

    def close(self) -> None:
        """Free the weights. No stream may be under way."""
        self._server = None
        self._private.remove()
        _return_memory()


def _as_chat(chunk: Chunk) -> Chunk:
    """A chunk of a text completion in the form of a chat completion's."""
    for choice in chunk.get("choices", ()):
        if "text" in choice:
            choice["delta"] = {"content": choice["text"]}
    return chunk


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_TOKENIZER_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _private_folder() -> TemporaryFolder:
    """A folder that only this user can enter, with a path short enough for a socket in it."""
    place = temporary_name("model")
    fits = len(os.fsencode(place / _SOCKET)) <= _LONGEST_SOCKET
    return TemporaryFolder(place if fits else temporary_name("model", "/tmp"))  # noqa: S108


def _return_memory() -> None:
    """Have the C library give back what llama.cpp freed: it would keep 80 MB for each time a model was opened."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)


def _import_xllamacpp() -> Any:
    """The package, with OpenMP told how to wait unless the user did: its library reads that once, when it is loaded."""
    check_engine()
    ours = {} if _OPENMP.keys() & os.environ.keys() else _OPENMP
    os.environ.update(ours)
    try:
        import xllamacpp
    except ImportError as error:
        mend = "install the system's package libgomp1" if "libgomp" in str(error) else EXTRA
        raise ModelUnavailable(f"the engine of embedded models cannot be loaded: {error}", mend) from error
    finally:
        for name in ours:
            os.environ.pop(name, None)
    return xllamacpp


def usable_seed(seed: int) -> int:
    """The seed as llama.cpp takes it."""
    return seed % _SEEDS


def usable_cores(limit_file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Cores this process may use: those it may run on, and no more than its container's share of time makes up."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = limit_file.read_text(encoding="ascii").split()
        return max(1, min(cores, round(int(quota) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):  # no cgroup version 2, or no limit: "max"
        return cores


def _read_through(path: Path) -> None:
    """Bring the file into memory: loading holds the interpreter still, reading doesn't."""
    buffer = memoryview(bytearray(_READ_CHUNK))
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
