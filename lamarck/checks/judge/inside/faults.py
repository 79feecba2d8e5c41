"""How a conversation ends before its time, and what can't be said in it."""

from __future__ import annotations


class Ended(BaseException):
    """The candidate can't be asked any more. `reason` is one word of `REASONS`. No test can catch it as an Exception,
    and every later question raises it again."""

    REASONS = ("died", "hung", "bad_reply", "flood")

    def __init__(self, reason: str, what: str) -> None:
        super().__init__(what)
        self.reason = reason


class Malformed(Exception):
    """What the other side sent is no message of this protocol."""


class TooLarge(Exception):
    """A value that is too large or nests too deeply to be handed over."""


class TimeUp(BaseException):
    """A test took longer than it may."""


class Refused(TypeError):
    """The candidate asked the judge for something that is not for it: what a test handed over can't be used that way
    across the two processes."""


class Dishonest(AssertionError):
    """An object of the candidate's claims to equal things that it cannot all equal."""
