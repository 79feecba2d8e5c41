"""aider as an arm: the peer itself, from its own environment, on the same model, tasks, tests and tokens.

aider writes files in a folder and is told which given tests failed, as its `--auto-test` would tell it; the tests run
in Lamarck's sandbox, never in aider. It talks to the metered model through an endpoint of the OpenAI form on loopback.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from lamarck.api import Message, Request
from lamarck.benchmarks.arm import Bench, Proposed, passed_share
from lamarck.benchmarks.metering import MeteredModel
from lamarck.errors import EnvironmentProblem, LamarckError, LimitSpent
from lamarck.records import Candidate, CheckOutcome, Evidence, Sampling, SourceFile

SECONDS = 900.0  # for one message of aider's
_CONTEXT = 4096  # tokens, of the embedded model
_SHOWN = 6  # failures a message tells at most
_FLAGS = (
    "--yes-always",
    "--no-git",
    "--no-auto-commits",
    "--no-pretty",
    "--no-stream",
    "--no-fancy-input",
    "--no-check-update",
    "--no-show-release-notes",
    "--no-show-model-warnings",
    "--no-check-model-accepts-settings",
    "--no-suggest-shell-commands",
    "--no-detect-urls",
    "--no-auto-lint",
    "--no-auto-test",
    "--no-gitignore",
    "--analytics-disable",
    "--disable-playwright",
    "--map-tokens=0",
    "--edit-format=whole",
)


def aider(bench: Bench) -> Proposed:
    """Message after message until the given tests pass or the tokens are spent: the task first, then what failed.

    Raises `EnvironmentProblem` where it does not run.
    """
    assert bench.model is not None
    assert bench.aider is not None
    work = bench.folder / "aider"
    paths = tuple(f.path for f in bench.task.stubs) or (bench.task.main_path,)
    shown = _lay_out(bench, work)
    best: Candidate | None = None
    best_share, said, note = -1.0, _first_message(bench, paths), ""
    with _endpoint(bench.model, max_tokens=bench.settings.models.max_tokens) as endpoint:
        while not endpoint.spent:
            calls = len(bench.model.replies)
            told = _tell(bench.aider, work, paths, shown, said, endpoint)
            if len(bench.model.replies) == calls:
                if not endpoint.spent:
                    end = " ".join(told.split())[-200:]
                    raise EnvironmentProblem(f"{bench.aider}: asked the model nothing: {end}", "run it by hand")
                break
            candidate = bench.candidate(tuple(_read(work, p) for p in paths), "aider")
            evidence = bench.lamarck.judge(bench.task, candidate)
            if evidence.outcome is CheckOutcome.ERRORED:
                return Proposed(candidate=None, broke=evidence.log)
            if (share := passed_share(evidence)) > best_share:
                best, best_share = candidate, share
            if share == 1.0:
                break
            said = _failures(evidence)
        note = endpoint.spent
    return Proposed(candidate=best, accepted=best_share == 1.0, note=note)


def _lay_out(bench: Bench, work: Path) -> tuple[str, ...]:
    """The task's files, as its user has them; (paths of those that are shown and not to be changed)."""
    tests = tuple(SourceFile(path=a.path, text=a.content) for a in bench.task.acceptance if a.path)
    stubs = bench.task.stubs or (SourceFile(path=bench.task.main_path, text=""),)
    for file in (*stubs, *bench.task.support, *tests):
        path = work / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    return tuple(dict.fromkeys(f.path for f in (*bench.task.support, *tests) if f.path not in {s.path for s in stubs}))


def _first_message(bench: Bench, paths: tuple[str, ...]) -> str:
    files = ", ".join(paths)
    return (
        f"{bench.task.goal}\n\nWrite the code into {files} so that the tests pass. Keep the names that are there. "
        "Use the standard library alone."
    )


def _failures(evidence: Evidence) -> str:
    """What failed, as a test runner tells it: the first few, then their number."""
    failed = [r for r in evidence.results if r.outcome is CheckOutcome.FAILED]
    lines = [f"{len(failed)} of {len(evidence.results)} tests fail." if failed else evidence.log[-1500:]]
    for result in failed[:_SHOWN]:
        failure = result.failure
        if failure is None:
            lines.append(f"FAILED {result.id}")
            continue
        told = [failure.expression, failure.message]
        lines.append(f"FAILED {result.id}\n" + "\n".join(t for t in told if t))
    return "\n\n".join(lines) + "\n\nThe tests are right. Mend the code so that they pass."


def _tell(
    aider: Path, work: Path, paths: tuple[str, ...], shown: tuple[str, ...], message: str, endpoint: _Endpoint
) -> str:
    """What aider says in one run with one message. Its settings and history stay away from the user's own."""
    (work / ".message").write_text(message, encoding="utf-8")
    metadata = {"max_input_tokens": _CONTEXT, "max_output_tokens": _CONTEXT, "litellm_provider": "openai"}
    (work / ".models.json").write_text(json.dumps({"openai/embedded": metadata | {"mode": "chat"}}))
    command = [str(aider), "--model=openai/embedded", "--weak-model=openai/embedded", *_FLAGS]
    command += ["--model-metadata-file=.models.json", "--message-file=.message"]
    command += [f"--read={p}" for p in shown] + list(paths)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AIDER_", "OPENAI_", "LAMARCK_"))}
    environment |= {
        "HOME": str(work),
        "OPENAI_API_BASE": endpoint.url,
        "OPENAI_API_KEY": endpoint.key,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "NO_PROXY": "127.0.0.1",
    }
    try:
        ended = subprocess.run(
            command,
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,  # it ends with 0 or 1 alike when the endpoint refuses
        )
    except subprocess.TimeoutExpired as error:
        raise EnvironmentProblem(
            f"{aider}: took over {SECONDS:g} s for a message", "run it by hand to see why"
        ) from error
    except OSError as error:
        raise EnvironmentProblem(
            f"{aider}: cannot be run: {error.strerror}", "name its program with --aider"
        ) from error
    return ended.stdout.decode(errors="replace")


def _read(work: Path, path: str) -> SourceFile:
    try:
        return SourceFile(path=path, text=(work / path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return SourceFile(path=path, text="")  # it removed the file, or wrote something else into it


class _Endpoint:
    """Where the metered model can be asked. spent: why it answers no more; empty while it does."""

    def __init__(self, model: MeteredModel, max_tokens: int) -> None:
        self.key = secrets.token_urlsafe(24)
        self.url = ""
        self.spent = ""
        self._model = model
        self._max_tokens = max_tokens

    def answer(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """(HTTP status, body) for one request."""
        try:
            messages = tuple(Message(role=m["role"], content=_text(m["content"])) for m in asked["messages"])
            sampling = Sampling(max_tokens=self._max_tokens, temperature=float(asked.get("temperature") or 0.0))
            reply = self._model.complete(Request(messages=messages, sampling=sampling))
        except LimitSpent as error:
            self.spent = error.line
            return 400, _refusal(error.line)
        except (LamarckError, KeyError, TypeError, ValueError) as error:
            line = error.line if isinstance(error, LamarckError) else f"not a request: {error}"
            self.spent = line  # a prompt that does not fit will not fit the next time either
            return 400, _refusal(line)
        usage = {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.completion_tokens}
        choice = {
            "index": 0,
            "finish_reason": reply.finish or "stop",
            "message": {"role": "assistant", "content": reply.text},
        }
        body = {"id": "reply", "object": "chat.completion", "created": 0, "model": "embedded", "choices": [choice]}
        return 200, body | {"usage": usage | {"total_tokens": sum(usage.values())}}


def _text(content: object) -> str:
    if isinstance(content, list):  # parts, as newer clients send them
        return "".join(str(p.get("text", "")) for p in content)
    return str(content)


def _refusal(line: str) -> dict[str, Any]:
    return {"error": {"message": line, "type": "invalid_request_error", "code": "spent"}}


@contextmanager
def _endpoint(model: MeteredModel, *, max_tokens: int) -> Iterator[_Endpoint]:
    endpoint = _Endpoint(model, max_tokens)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if not secrets.compare_digest(self.headers.get("Authorization", ""), f"Bearer {endpoint.key}"):
                self.send_error(401)
                return
            asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
            status, body = endpoint.answer(asked)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Not a word on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, name="lamarck-endpoint", daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
