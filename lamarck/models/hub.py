"""Weights from the hub they were published on, over HTTP, resumed where the last try ended."""

from __future__ import annotations

import http.client
import os
import re
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from lamarck.errors import ModelUnavailable
from lamarck.models.weights_table import Weights

DEFAULT_HUB = "https://huggingface.co"
_CONNECT_SECONDS = 4.0  # a machine that can't reach the hub must notice soon: there is another source
_READ_SECONDS = 30.0
_CHUNK = 1 << 20
_TRIES = 3  # without one new byte

Progress = Callable[[int, int], None]  # (bytes done, bytes in all)


def hub_address() -> str:
    """The hub, or the mirror that the environment names the way the hub's own tools do."""
    return os.environ.get("HF_ENDPOINT", DEFAULT_HUB).rstrip("/")


def fetch_from_hub(weights: Weights, target: Path, *, progress: Progress, hub: str) -> None:
    """Complete `target` to the size of `weights`. What arrived stays there when it fails or is interrupted.

    The content is not checked here. Raises `ModelUnavailable`, and `OSError` of writing.
    """
    if weights.hub_file is None:
        raise ModelUnavailable(f"the hub has no file that is {weights.name}")
    url = f"{hub}/{quote(weights.upstream)}/resolve/main/{quote(weights.hub_file)}"
    _probe(url)
    failures = 0
    with target.open("ab") as out:
        out.truncate(min(out.tell(), weights.size))
        while (have := out.seek(0, os.SEEK_END)) < weights.size:
            problem = _receive(url, weights.size, out, progress)
            failures = 0 if out.tell() > have else failures + 1
            if problem and failures >= _TRIES:
                raise ModelUnavailable(
                    f"the hub did not deliver {weights.file}: {problem}", "check the network and run it again"
                )


def _probe(url: str) -> None:
    """Raises `ModelUnavailable` when nobody listens there. A proxy knows better than we do."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ModelUnavailable(f"{url}: no address of a hub", "set HF_ENDPOINT to an https address, or unset it")
    if parts.scheme in urllib.request.getproxies():
        return
    host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    reached = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
        except OSError:
            return
        reached.set()

    # In a thread, because looking up a name has no time-out of its own.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(_CONNECT_SECONDS)
    if not reached.is_set():
        raise ModelUnavailable(f"the hub {host} can't be reached from here", "check the network")


def _receive(url: str, size: int, out: BinaryIO, progress: Progress) -> str:
    """Append what one request brings; says what went wrong, or nothing."""
    have = out.tell()
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-", "User-Agent": "lamarck"})  # noqa: S310
    try:
        response = urllib.request.urlopen(request, timeout=_READ_SECONDS)  # noqa: S310 - `_probe` saw the scheme
    except urllib.error.HTTPError as error:
        with error:
            return f"it answered {error.code} {error.reason}"
    except (OSError, http.client.HTTPException) as error:
        return str(getattr(error, "reason", error)) or type(error).__name__
    with response:
        begin, total = _range(response)
        if total != size:
            raise ModelUnavailable(f"the hub's file has {total} bytes instead of {size}", "take it from another source")
        if begin == 0:
            out.truncate(0)
            out.seek(0)
        elif begin != have:
            return "it answered with another range"
        progress(begin, size)
        return _copy(response, size, out, progress)


def _range(response: http.client.HTTPResponse) -> tuple[int, int]:
    """(first byte, bytes in all) of what comes; -1 where the answer doesn't say."""
    if response.status == http.client.PARTIAL_CONTENT:
        told = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        return (int(told[1]), int(told[2])) if told else (-1, -1)
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else -1


def _copy(response: http.client.HTTPResponse, size: int, out: BinaryIO, progress: Progress) -> str:
    while out.tell() < size:
        try:
            chunk = response.read1(min(_CHUNK, size - out.tell()))
        except (OSError, http.client.HTTPException) as error:
            return str(error) or type(error).__name__
        if not chunk:
            return "the connection ended early"
        out.write(chunk)
        out.flush()
        progress(out.tell(), size)
    return ""
