import pytest
from invoices.lines import BadLine, Line, parse_line
from invoices.receipt import make_receipt


def test_prices():
    assert parse_line("1 x Piano @ 12000.99").cents == 1200099
    assert parse_line("10 x Nail @ 0.10").total_cents == 100


def test_names_with_signs():
    assert parse_line("1 x 4 x 4 tyre @ 99.00") == Line(count=1, name="4 x 4 tyre", cents=9900)


def test_more_bad_lines():
    with pytest.raises(BadLine):
        parse_line("-1 x Tea @ 1.00")
    with pytest.raises(BadLine):
        parse_line("1 x Tea @ 1.000")


def test_receipt():
    order = "10 x Nail @ 0.10\n3 x Rope @ 19.99"
    assert make_receipt(order) == "10 x Nail: 1.00\n3 x Rope: 59.97\nTotal: 60.97"
