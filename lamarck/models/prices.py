"""What a token costs."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from lamarck.errors import BadInput, ModelUnavailable
from lamarck.models.model import Model
from lamarck.settings import EndpointSettings

_MILLION = 1_000_000


def prices_of(model: Model) -> Mapping[str, float]:
    """US dollars a token, by 'prompt' and 'completion'. Empty for a model without prices: it is free."""
    prices: Mapping[str, float] = getattr(model, "prices", {})
    return prices


def usd_for(prices: Mapping[str, float], *, prompt_tokens: int, completion_tokens: int) -> float:
    return prompt_tokens * prices.get("prompt", 0.0) + completion_tokens * prices.get("completion", 0.0)


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine by an address that leads nowhere else."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def endpoint_prices(settings: EndpointSettings, name: str) -> dict[str, float]:
    """Prices of one endpoint: of its settings, else 0 on this machine, else of the genai-prices table.

    Raises `BadInput` when a price is known nowhere: what it costs could be neither reserved nor reported.
    """
    given = {"prompt": settings.usd_per_million_prompt, "completion": settings.usd_per_million_completion}
    known = {kind: usd / _MILLION for kind, usd in given.items() if usd is not None}
    if len(known) == len(given):
        return known
    found = {"prompt": 0.0, "completion": 0.0} if is_loopback(settings.base_url) else _looked_up(settings, name)
    return {**found, **known}


def _looked_up(settings: EndpointSettings, name: str) -> dict[str, float]:
    try:
        from genai_prices import Usage, calc_price
    except ImportError as error:
        raise ModelUnavailable(
            "prices of endpoints cannot be looked up", "pip install 'lamarck-dse[endpoints]'"
        ) from error
    # A million tokens alone would be priced as a long prompt where a provider charges those more; that is the worst
    # case, and the worst case is what has to be reserved.
    usage = Usage(input_tokens=_MILLION, output_tokens=_MILLION)
    try:
        price = calc_price(usage, model_ref=settings.model, provider_api_url=settings.base_url)
    except LookupError as error:
        raise BadInput(
            f"what endpoint '{name}' charges for model '{settings.model}' is not known",
            f"set usd_per_million_prompt and usd_per_million_completion of endpoints.{name}, 0 if it is free",
        ) from error
    return {"prompt": float(price.input_price) / _MILLION, "completion": float(price.output_price) / _MILLION}
