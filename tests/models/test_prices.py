from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.errors import BadInput
from lamarck.models.prices import endpoint_prices, is_loopback, usd_for
from lamarck.settings import EndpointSettings


def endpoint(base_url: str, model: str = "m", **prices: float) -> EndpointSettings:
    return EndpointSettings(base_url=base_url, model=model, **prices)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:11434/v1", "http://localhost/v1", "http://[::1]:8080/v1", "http://127.8.8.8/v1"]
)
def test_this_machine(url: str) -> None:
    assert is_loopback(url)
    assert endpoint_prices(endpoint(url), "e") == {"prompt": 0.0, "completion": 0.0}


@pytest.mark.parametrize(
    "url", ["http://10.0.0.7/v1", "https://localhost.example.com/v1", "http://127.0.0.1.example.com/v1", "nonsense"]
)
def test_other_machines(url: str) -> None:
    assert not is_loopback(url)


def test_settings_win_and_the_rest_is_looked_up() -> None:
    known = endpoint("https://api.openai.com/v1", "gpt-4o-mini")
    looked_up = endpoint_prices(known, "e")
    assert 0 < looked_up["prompt"] < looked_up["completion"] < 1e-4
    half = endpoint("https://api.openai.com/v1", "gpt-4o-mini", usd_per_million_prompt=7.0)
    assert endpoint_prices(half, "e") == {"prompt": 7e-6, "completion": looked_up["completion"]}


def test_a_price_of_nothing_is_a_price() -> None:
    free = endpoint("https://llm.example.com/v1", usd_per_million_prompt=0.0, usd_per_million_completion=0.0)
    assert endpoint_prices(free, "e") == {"prompt": 0.0, "completion": 0.0}


def test_half_a_price_is_none() -> None:
    with pytest.raises(BadInput, match="endpoint 'e'"):
        endpoint_prices(endpoint("https://llm.example.com/v1", usd_per_million_prompt=1.0), "e")


def test_a_paid_endpoint_behind_loopback_keeps_its_price() -> None:
    proxy = endpoint("http://127.0.0.1:4000/v1", usd_per_million_prompt=1.0, usd_per_million_completion=2.0)
    assert endpoint_prices(proxy, "e") == {"prompt": 1e-6, "completion": 2e-6}


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_cost_is_linear(prompt: int, completion: int) -> None:
    prices = {"prompt": 1e-6, "completion": 2e-6}
    assert usd_for(prices, prompt_tokens=prompt, completion_tokens=completion) == pytest.approx(
        (prompt + 2 * completion) / 1e6
    )
    assert usd_for({}, prompt_tokens=prompt, completion_tokens=completion) == 0.0
