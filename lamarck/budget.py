"""Limits of one run: what may still be spent, reserved before each attempt and settled after. Pure."""

from __future__ import annotations

from lamarck.errors import LimitSpent
from lamarck.records import Limits, Record, Spend


class Budget(Record, frozen=True, kw_only=True):
    """What a run may spend, what it has spent, and what is reserved for the attempt under way."""

    limits: Limits
    spent: Spend = Spend()
    reserved_tokens: int = 0
    reserved_usd: float = 0.0

    @property
    def tokens_left(self) -> int:
        return self.limits.tokens - self.spent.tokens - self.reserved_tokens

    @property
    def usd_left(self) -> float:
        return self.limits.usd - self.spent.usd - self.reserved_usd

    def reserve(self, *, tokens: int, usd: float = 0.0) -> Budget:
        """Set the worst case of an attempt aside. Raises `LimitSpent` when it does not fit."""
        if tokens > self.tokens_left:
            raise LimitSpent(
                f"{self.spent.tokens} of {self.limits.tokens} tokens are spent, and an attempt needs up to {tokens}",
                "raise --tokens",
                which="tokens",
            )
        if usd > self.usd_left:
            raise LimitSpent(
                f"${self.spent.usd:.4f} of ${self.limits.usd:.4f} are spent and the next attempt may cost ${usd:.4f}",
                "raise --usd",
                which="usd",
            )
        return self.replace(reserved_tokens=self.reserved_tokens + tokens, reserved_usd=self.reserved_usd + usd)

    def settle(self, spend: Spend) -> Budget:
        """Replace all reservations by what was really spent."""
        return self.replace(spent=self.spent + spend, reserved_tokens=0, reserved_usd=0.0)

    def check_seconds(self, elapsed: float) -> None:
        """Raises `LimitSpent` when the run's wall clock is used up."""
        if elapsed >= self.limits.seconds:
            raise LimitSpent(
                f"{elapsed:.0f} of {self.limits.seconds:.0f} seconds are spent", "raise --seconds", which="seconds"
            )
