"""What a user spends in a day, over all processes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path

from lamarck.errors import BadInput, LamarckError, LimitSpent
from lamarck.models.endpoint import BilledFailure
from lamarck.models.model import Message, Model, Reply, Request, TokenCallback, can_continue
from lamarck.models.prices import prices_of, usd_for
from lamarck.models.sqlite_file import SqliteFile
from lamarck.records import now

_NANO = 10**9  # money is kept as whole billionths of a dollar: sums of floats drift
_VERSION = 1
_SCHEMA = (
    "CREATE TABLE reservations (id INTEGER PRIMARY KEY AUTOINCREMENT, day TEXT NOT NULL, at TEXT NOT NULL,"
    " reserved INTEGER NOT NULL, spent INTEGER) STRICT",
    "CREATE INDEX reservations_day ON reservations (day)",
)


class DailyLedger:
    """Money reserved and spent, by UTC day, in one SQLite file.

    A reservation counts in full until it is settled or released. One whose process died stays as it is: nobody can say
    whether the call was billed, so it counts as spent. Raises what `SqliteFile` raises.
    """

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, schema=_SCHEMA, version=_VERSION)

    def reserve(self, usd: float, *, limit: float, day: str | None = None) -> int:
        """Set the worst case of a call aside; the id of the reservation.

        day: 'YYYY-MM-DD', default today in UTC. Raises `LimitSpent` ('daily_usd') when it does not fit under `limit`.
        """
        wanted, allowed, day = _nano(usd, ROUND_CEILING), _nano(limit, ROUND_FLOOR), day or today()
        with self._file.writing() as db:
            taken = _total(db.execute(_SUM, (day,)).fetchone())
            if taken + wanted > allowed:
                raise LimitSpent(
                    f"${taken / _NANO:.4f} of the ${limit:.4f} of this day are spent or reserved, "
                    f"and the next call may cost ${usd:.4f}",
                    "raise limits.daily_usd, or wait for the next UTC day",
                    which="daily_usd",
                )
            row = db.execute(
                "INSERT INTO reservations (day, at, reserved) VALUES (?, ?, ?)",
                (day, now(), wanted),
            )
            assert row.lastrowid is not None
            return row.lastrowid

    def settle(self, reservation: int, usd: float) -> None:
        """Replace a reservation by what the call cost, even if that is more."""
        self._end(reservation, _nano(usd, ROUND_CEILING))

    def release(self, reservation: int) -> None:
        """The call was not made, or certainly not billed."""
        self._end(reservation, 0)

    def spent_today(self, day: str | None = None) -> float:
        """US dollars of the day that are spent, reserved, or were reserved by processes that died."""
        with self._file.reading() as db:
            return _total(db.execute(_SUM, (day or today(),)).fetchone()) / _NANO

    def close(self) -> None:
        self._file.close()

    def _end(self, reservation: int, spent: int) -> None:
        with self._file.writing() as db:
            changed = db.execute(
                "UPDATE reservations SET spent = ? WHERE id = ? AND spent IS NULL", (spent, reservation)
            )
            if changed.rowcount != 1:
                raise BadInput(f"reservation {reservation} is unknown or settled before", "settle each one once")


_SUM = "SELECT sum(coalesce(spent, reserved)) FROM reservations WHERE day = ?"


class LedgeredModel:
    """A model whose every call is reserved in the day's ledger first, and settled after.

    Raises `LimitSpent` before a call that does not fit. What may have been billed and can't be told counts in full.
    """

    def __init__(self, inner: Model, ledger: DailyLedger, *, limit: float) -> None:
        self._inner = inner
        self._ledger = ledger
        self._limit = limit
        self.name = inner.name
        self.digest = inner.digest
        self.engine = inner.engine

    @property
    def continues(self) -> bool:
        return can_continue(self._inner)

    @property
    def prices(self) -> Mapping[str, float]:
        """US dollars a token: 'prompt' and 'completion'."""
        return prices_of(self._inner)

    def complete(self, request: Request, on_token: TokenCallback | None = None) -> Reply:
        prompt = self._inner.count_tokens(request.messages)
        worst = usd_for(self.prices, prompt_tokens=prompt, completion_tokens=request.sampling.max_tokens)
        reservation = self._ledger.reserve(worst, limit=self._limit)
        cost = worst
        try:
            reply = self._inner.complete(request, on_token)
            cost = reply.usd
        except BilledFailure as error:
            cost = worst if error.usd is None else error.usd
            raise
        except LamarckError as error:
            # What `on_token` raised came in the middle of a reply; everything else came instead of one.
            cost = worst if isinstance(error, LimitSpent) else 0.0
            raise
        finally:
            self._ledger.settle(reservation, cost)
        return reply

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        return self._inner.count_tokens(messages)

    def close(self) -> None:
        self._inner.close()
        self._ledger.close()


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def _nano(usd: float, rounding: str) -> int:
    if not math.isfinite(usd) or usd < 0:
        raise BadInput(f"{usd} is no amount of money", "give a number of US dollars, 0 or more")
    return int((Decimal(str(usd)) * _NANO).to_integral_value(rounding))


def _total(row: tuple[int | None]) -> int:
    return row[0] or 0
