from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models_parts import ChatServer, a_request, chat_answer

from lamarck.errors import BadInput, EndpointFailed, LimitSpent
from lamarck.models.endpoint import EndpointModel
from lamarck.models.ledger import DailyLedger, LedgeredModel, today

money = st.decimals(min_value=0, max_value=100, places=6).map(float)


@pytest.fixture
def ledger(tmp_path: Path) -> DailyLedger:
    return DailyLedger(tmp_path / "home" / "ledger.sqlite")


def test_what_is_reserved_counts_until_it_is_settled(ledger: DailyLedger) -> None:
    first = ledger.reserve(0.6, limit=1.0)
    with pytest.raises(LimitSpent, match=r"\$0.6000 of the \$1.0000") as spent:
        ledger.reserve(0.5, limit=1.0)
    assert spent.value.which == "daily_usd"
    assert spent.value.mend
    ledger.settle(first, 0.1)
    assert ledger.spent_today() == pytest.approx(0.1)
    ledger.reserve(0.9, limit=1.0)


def test_what_is_released_counts_no_more(ledger: DailyLedger) -> None:
    ledger.release(ledger.reserve(1.0, limit=1.0))
    assert ledger.spent_today() == 0.0


def test_a_call_that_cost_more_than_reserved_is_counted_in_full(ledger: DailyLedger) -> None:
    ledger.settle(ledger.reserve(0.1, limit=1.0), 2.0)
    assert ledger.spent_today() == pytest.approx(2.0)
    with pytest.raises(LimitSpent):
        ledger.reserve(0.0001, limit=1.0)


def test_nothing_costs_nothing_even_under_a_limit_of_nothing(ledger: DailyLedger) -> None:
    ledger.settle(ledger.reserve(0.0, limit=0.0), 0.0)
    with pytest.raises(LimitSpent):
        ledger.reserve(0.000001, limit=0.0)


def test_a_day_is_a_day(ledger: DailyLedger) -> None:
    ledger.reserve(1.0, limit=1.0, day="2031-01-01")
    ledger.reserve(1.0, limit=1.0, day="2031-01-02")
    assert ledger.spent_today("2031-01-01") == 1.0
    assert ledger.spent_today() == 0.0
    assert len(today()) == 10


def test_a_reservation_is_settled_once(ledger: DailyLedger) -> None:
    reservation = ledger.reserve(0.5, limit=1.0)
    ledger.settle(reservation, 0.5)
    with pytest.raises(BadInput):
        ledger.release(reservation)
    with pytest.raises(BadInput):
        ledger.settle(reservation + 1, 0.1)
    assert ledger.spent_today() == 0.5


@pytest.mark.parametrize("amount", [-0.01, float("nan"), float("inf")])
def test_what_is_no_money_is_refused(ledger: DailyLedger, amount: float) -> None:
    with pytest.raises(BadInput, match="no amount"):
        ledger.reserve(amount, limit=1.0)


def test_cents_add_up(ledger: DailyLedger) -> None:
    for _ in range(10):
        ledger.reserve(0.1, limit=1.0)
    assert ledger.spent_today() == 1.0


@given(st.lists(st.tuples(money, money), max_size=12), money)
@settings(deadline=None, max_examples=50)
def test_reservations_never_exceed_the_limit(calls: list[tuple[float, float]], limit: float) -> None:
    ledger = DailyLedger(Path(":memory:"))
    spent = 0.0
    for worst, share in calls:
        try:
            reservation = ledger.reserve(worst, limit=limit)
        except LimitSpent:
            assert spent + worst > limit - 1e-6
            continue
        assert ledger.spent_today() <= limit + 1e-9
        cost = min(worst, share)
        ledger.settle(reservation, cost)
        spent += cost
    assert ledger.spent_today() == pytest.approx(spent, abs=1e-6)
    ledger.close()


RESERVE = (
    "import os, sys\nfrom pathlib import Path\nfrom lamarck.errors import LimitSpent\n"
    "from lamarck.models.ledger import DailyLedger\n"
    "ledger, got = DailyLedger(Path(sys.argv[1])), 0\n"
    "for _ in range(10):\n"
    "    try: ledger.reserve(0.1, limit=1.0)\n"
    "    except LimitSpent: break\n"
    "    got += 1\n"
    "print(got, flush=True)\n"
    "os.kill(os.getpid(), 9)\n"
)


def test_processes_share_the_day_and_a_dead_one_has_spent_what_it_reserved(ledger: DailyLedger, tmp_path: Path) -> None:
    path = str(tmp_path / "home" / "ledger.sqlite")
    running = [
        subprocess.Popen([sys.executable, "-c", RESERVE, path], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    got = [int(p.communicate(timeout=60)[0]) for p in running]
    assert sum(got) == 10
    assert ledger.spent_today() == 1.0
    with pytest.raises(LimitSpent):
        ledger.reserve(0.1, limit=1.0)


# --- a model with a ledger


@pytest.fixture
def model(chat_server: ChatServer, ledger: DailyLedger) -> LedgeredModel:
    settings = chat_server.settings(usd_per_million_prompt=0.0, usd_per_million_completion=1000.0, timeout_seconds=0.5)
    return LedgeredModel(EndpointModel(settings, "echo"), ledger, limit=0.020)


def test_a_call_is_settled_with_what_it_cost(
    model: LedgeredModel, ledger: DailyLedger, chat_server: ChatServer
) -> None:
    chat_server.answer = lambda _: chat_answer("x", usage=(5, 2))
    model.complete(a_request(max_tokens=16))
    assert ledger.spent_today() == pytest.approx(0.002)


def test_a_call_whose_worst_case_does_not_fit_is_not_made(model: LedgeredModel, chat_server: ChatServer) -> None:
    with pytest.raises(LimitSpent, match="may cost"):
        model.complete(a_request(max_tokens=21))
    assert not chat_server.requests


def test_a_refused_call_costs_nothing(model: LedgeredModel, ledger: DailyLedger, chat_server: ChatServer) -> None:
    chat_server.status = 401
    with pytest.raises(EndpointFailed):
        model.complete(a_request())
    assert ledger.spent_today() == 0.0


def test_a_call_that_timed_out_may_have_cost_all_of_it(
    model: LedgeredModel, ledger: DailyLedger, chat_server: ChatServer
) -> None:
    chat_server.pause = 2.0
    chat_server.answer = lambda _: b"{\n}"
    with pytest.raises(EndpointFailed):
        model.complete(a_request(max_tokens=16))
    assert ledger.spent_today() == pytest.approx(0.016)


def test_a_useless_reply_costs_what_it_says(model: LedgeredModel, ledger: DailyLedger, chat_server: ChatServer) -> None:
    chat_server.answer = lambda _: chat_answer("", usage=(5, 3))
    with pytest.raises(EndpointFailed):
        model.complete(a_request(max_tokens=16))
    assert ledger.spent_today() == pytest.approx(0.003)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), LimitSpent("time is up", which="seconds")])
def test_a_call_that_was_broken_off_may_have_cost_all_of_it(
    model: LedgeredModel, ledger: DailyLedger, error: BaseException
) -> None:
    def stop(_: str) -> None:
        raise error

    with pytest.raises(type(error)):
        model.complete(a_request(max_tokens=16), stop)
    assert ledger.spent_today() == pytest.approx(0.016)
