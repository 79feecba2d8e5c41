"""Length-prefixed messages over one socket, with a deadline."""

from __future__ import annotations

# Tests and candidates may replace what these modules hold: everything here is looked up once, before they run.
from os import read, set_blocking, write
from select import POLLIN, POLLOUT, poll
from time import monotonic

from .faults import Ended, TooLarge

MOST_BYTES = 16_000_000  # of one message
_CHUNK = 1 << 20


class Stream:
    """deadline: monotonic seconds after which the other side counts as hung, or None."""

    def __init__(self, descriptor: int) -> None:
        set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.deadline: float | None = None
        self.ended: Ended | None = None
        self._reading, self._writing = poll(), poll()
        self._reading.register(descriptor, POLLIN)
        self._writing.register(descriptor, POLLOUT)

    def end(self, reason: str, what: str) -> Ended:
        """From now on nothing is sent and nothing believed."""
        if self.ended is None:
            self.ended = Ended(reason, what)
        return self.ended

    def send(self, payload: bytes) -> None:
        if len(payload) > MOST_BYTES:
            raise TooLarge(f"a message of {len(payload):,} bytes is too large to hand over")
        view = memoryview(len(payload).to_bytes(4, "big") + payload)
        while view:
            if self.ended is not None:
                raise self.ended
            try:
                view = view[write(self.descriptor, view) :]
            except BlockingIOError:
                self._wait(self._writing)
            except OSError as error:
                raise self.end("died", f"its process ended ({error.strerror})") from None

    def receive(self) -> bytes:
        size = int.from_bytes(self._read(4), "big")
        if size > MOST_BYTES:
            raise self.end("flood", f"it sent a message of {size:,} bytes")
        return self._read(size)

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            if self.ended is not None:
                raise self.ended
            try:
                part = read(self.descriptor, min(size, _CHUNK))
            except BlockingIOError:
                self._wait(self._reading)
                continue
            except OSError as error:
                raise self.end("died", f"its process ended ({error.strerror})") from None
            if not part:
                raise self.end("died", "its process ended")
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _wait(self, ready: poll) -> None:
        if self.deadline is None:
            ready.poll(None)
            return
        left = self.deadline - monotonic()
        if left <= 0 or not ready.poll(left * 1000 + 1):
            raise self.end("hung", "it did not answer in time")
