import pytest


@pytest.fixture
def cart():
    from shop import Cart

    return Cart()


@pytest.fixture(scope="session")
def price_list():
    import shop.prices.table

    return shop.prices.table.PRICES
