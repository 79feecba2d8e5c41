"""Any endpoint that speaks the OpenAI chat protocol: Ollama, vLLM, llama-server, cloud providers."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from lamarck.errors import BadInput, EndpointFailed, ModelUnavailable
from lamarck.models.chat_answer import ChatAnswer, EventReader, read_whole
from lamarck.models.model import Message, Reply, Request, TokenCallback
from lamarck.models.prices import endpoint_prices, usd_for
from lamarck.models.secrets import find_secret
from lamarck.models.tokens import estimate_text_tokens, estimate_tokens
from lamarck.records import content_id
from lamarck.settings import EndpointSettings

EXTRA = "pip install 'lamarck-dse[endpoints]'"
_LARGEST_ANSWER = 16 << 20  # bytes; a reply of a model is never longer
_LONGEST_EXCERPT = 200
_HIDDEN = "(hidden)"


class BilledFailure(EndpointFailed):
    """The call failed after the endpoint may have worked for it. usd: its cost where the answer states its tokens."""

    def __init__(self, what: str, mend: str = "", *, usd: float | None = None) -> None:
        super().__init__(what, mend)
        self.usd = usd


class EndpointModel:
    """One model behind one address.

    The key is read from the environment variable that the settings name, when a call is made, and goes nowhere but
    into that call. Never retries; follows no redirects. prices: US dollars a token, by 'prompt' and 'completion'.
    Raises `BadInput` for an address or a price that can't be used and for a prompt with a secret in it,
    `ModelUnavailable` without the key or the package, `EndpointFailed` for everything that goes wrong there,
    `BilledFailure` where it may have cost money.
    """

    engine = "openai-compatible"

    def __init__(self, settings: EndpointSettings, name: str) -> None:
        self._host = _host(settings.base_url, name)
        self.name = name
        self.digest = content_id("endpoint", settings.base_url.rstrip("/"), settings.model)
        self.prices = endpoint_prices(settings, name)
        self._settings = settings

    def complete(self, request: Request, on_token: TokenCallback | None = None) -> Reply:
        """See `Model.complete`. With `on_token` the endpoint is asked for a stream."""
        self._refuse_secrets(request)
        key = self._key()
        import_openai()
        import httpx2
        import openai

        begin = time.perf_counter()
        try:
            answer = self._ask(request, key, on_token)
        except (openai.OpenAIError, httpx2.HTTPError, OSError) as error:
            raise self._failure(error, key) from None  # the chain would hold the request, and with it the key
        return self._reply(request, answer, key, seconds=time.perf_counter() - begin)

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        """Estimated from above: the tokenizer is elsewhere."""
        return estimate_tokens(messages)

    def close(self) -> None:
        """Nothing is held between calls."""

    # --- asking

    def _ask(self, request: Request, key: str, on_token: TokenCallback | None) -> ChatAnswer:
        import httpx2
        import openai

        seconds = self._settings.timeout_seconds
        deadline = time.monotonic() + seconds
        with openai.OpenAI(
            base_url=self._settings.base_url,
            api_key=key or "none",
            max_retries=0,
            timeout=seconds,
            http_client=httpx2.Client(timeout=seconds, follow_redirects=False),
        ) as client:
            # The package would take these from the environment, and send them to whatever endpoint this is.
            client.organization = client.project = None
            asked = client.chat.completions.with_streaming_response.create(**self._body(request, on_token is not None))
            with asked as response:
                chunks = self._within(response.iter_bytes(), deadline)
                if "text/event-stream" not in response.headers.get("content-type", ""):
                    answer = read_whole(b"".join(chunks))
                    if on_token is not None and not answer.problem:
                        on_token(answer.text)
                    return answer
                reader = EventReader()
                for line in _lines(chunks):
                    piece = reader.add(line)
                    if piece and on_token is not None:
                        on_token(piece)
                return reader.end()

    def _body(self, request: Request, stream: bool) -> dict[str, Any]:
        sampling = request.sampling
        # OpenAI's own newer models refuse the name that everybody else knows.
        limit = "max_completion_tokens" if self._host.endswith("openai.com") else "max_tokens"
        body: dict[str, Any] = {
            "model": self._settings.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            limit: sampling.max_tokens,
        }
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body

    def _within(self, chunks: Iterable[bytes], deadline: float) -> Iterator[bytes]:
        """The chunks of an answer, as long as it is neither too late nor too long: a slow drip never times out."""
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if time.monotonic() > deadline:
                raise self._too_slow()
            if size > _LARGEST_ANSWER:
                raise BilledFailure(f"{self._place} answered more than {_LARGEST_ANSWER >> 20} MiB", "check base_url")
            yield chunk

    def _refuse_secrets(self, request: Request) -> None:
        for message in request.messages:
            kind = find_secret(message.content)
            if kind is not None:
                raise BadInput(
                    f"the prompt holds what looks like {kind}, and {self._place} is another machine's",
                    "take it out of the task and its files, or use an embedded model",
                )

    def _key(self) -> str:
        variable = self._settings.api_key_env
        if not variable:
            return ""
        key = os.environ.get(variable, "").strip()
        if not key:
            raise ModelUnavailable(f"the key of {self._place} is not in the environment", f"export {variable}=…")
        if not key.isascii() or not key.isprintable():
            raise ModelUnavailable(f"{variable} holds no key: it has characters that none has", f"export {variable}=…")
        return key

    # --- answering

    def _reply(self, request: Request, answer: ChatAnswer, key: str, *, seconds: float) -> Reply:
        prompt, completion = answer.prompt_tokens, answer.completion_tokens
        estimated = prompt is None or completion is None
        if prompt is None or completion is None:
            prompt, completion = self.count_tokens(request.messages), estimate_text_tokens(answer.text)
        usd = usd_for(self.prices, prompt_tokens=prompt, completion_tokens=completion)
        if answer.problem:
            what = f"{self._place} did not complete: {_clean(answer.problem, key)}"
            raise BilledFailure(what, "check its base_url and model", usd=None if estimated else usd)
        return Reply(
            text=answer.text,
            finish="length" if answer.finish == "length" else "stop",
            prompt_tokens=prompt,
            completion_tokens=completion,
            seconds=seconds,
            usd=usd,
            model=self._settings.model,
            model_digest=self.digest,
            engine=self.engine,
            tokens_estimated=estimated,
        )

    @property
    def _place(self) -> str:
        return f"endpoint '{self.name}' at {self._host}"

    def _too_slow(self) -> BilledFailure:
        return BilledFailure(
            f"{self._place} did not finish within {self._settings.timeout_seconds:g} s",
            f"raise endpoints.{self.name}.timeout_seconds, or ask for fewer tokens",
        )

    def _failure(self, error: Exception, key: str) -> EndpointFailed:
        import httpx2
        import openai

        if isinstance(error, openai.APIStatusError):
            return self._refusal(error, key)
        cause = error.__cause__ if isinstance(error, openai.APIConnectionError) and error.__cause__ else error
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol):
            reason = _clean(str(cause), key)
            return EndpointFailed(f"{self._place} can't be reached: {reason}", "start it, or check its base_url")
        if isinstance(cause, httpx2.TimeoutException | openai.APITimeoutError):
            return self._too_slow()
        reason = _clean(str(cause) or type(cause).__name__, key)
        return BilledFailure(f"{self._place} broke off: {reason}", "try again, or check what runs there")

    def _refusal(self, error: Any, key: str) -> EndpointFailed:
        status = int(error.status_code)
        body = error.body.get("error", error.body) if isinstance(error.body, dict) else None
        said = body.get("message", "") if isinstance(body, dict) else body or ""
        reason = _clean(str(said), key)
        what = f"{self._place} answered {status}" + (f": {reason}" if reason else "")
        return EndpointFailed(what, _MENDS.get(status, "try again later" if status >= 500 else "check its settings"))


_MENDS = {
    401: "check the key in the variable that api_key_env names",
    403: "check the key in the variable that api_key_env names",
    404: "check its base_url and model",
    429: "wait, or ask for a higher rate limit there",
}


def import_openai() -> None:
    """Raises `ModelUnavailable` when the package is not installed."""
    try:
        import openai  # noqa: F401
    except ImportError as error:
        raise ModelUnavailable("endpoints need the package openai", EXTRA) from error


def _host(base_url: str, name: str) -> str:
    """Host and port of an address that can be used. Raises `BadInput` that does not repeat a password in it."""
    mend = f"set endpoints.{name}.base_url to an address like http://127.0.0.1:11434/v1"
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadInput(f"the base_url of endpoint '{name}' is no address", mend) from error
    if parts.scheme not in {"http", "https"} or not host:
        raise BadInput(f"the base_url of endpoint '{name}' is no http or https address", mend)
    if parts.username or parts.password:
        raise BadInput(
            f"the base_url of endpoint '{name}' holds a user or a password",
            f"put the key into an environment variable and name it in endpoints.{name}.api_key_env",
        )
    return host if port is None else f"{host}:{port}"


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace").rstrip("\r")
    if rest:
        yield rest.decode("utf-8", "replace")


def _clean(text: str, key: str) -> str:
    """One short line without the key, for an error."""
    line = " ".join((text.replace(key, _HIDDEN) if key else text).split())
    if find_secret(line) is not None:  # an endpoint may repeat what it was sent
        return _HIDDEN
    return line[:_LONGEST_EXCERPT]
