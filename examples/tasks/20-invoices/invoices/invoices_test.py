import pytest
from invoices.lines import BadLine, Line, parse_line
from invoices.receipt import make_receipt


def test_parse_line():
    line = parse_line("2 x Coffee @ 3.50")
    assert line.count == 2
    assert line.name == "Coffee"
    assert line.cents == 350


def test_a_name_of_several_words():
    line = parse_line("  12 x Green tea, large @ 0.05 ")
    assert line.count == 12
    assert line.name == "Green tea, large"
    assert line.cents == 5


def test_total_of_a_line():
    assert Line(count=3, name="Bun", cents=120).total_cents == 360


def test_lines_are_compared_by_value():
    assert parse_line("1 x Bun @ 1.20") == Line(count=1, name="Bun", cents=120)
    assert parse_line("2 x Bun @ 1.20") != Line(count=1, name="Bun", cents=120)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Coffee",
        "x Coffee @ 3.50",
        "0 x Coffee @ 3.50",
        "2 x Coffee @ 3",
        "2 x Coffee @ 3.5",
        "2 x @ 3.50",
        "two x Tea @ 1.00",
    ],
)
def test_bad_lines(text):
    with pytest.raises(BadLine):
        parse_line(text)


def test_receipt():
    order = "2 x Coffee @ 3.50\n\n1 x Bun @ 1.20\n"
    assert make_receipt(order) == "2 x Coffee: 7.00\n1 x Bun: 1.20\nTotal: 8.20"


def test_receipt_of_nothing():
    assert make_receipt("") == "Total: 0.00"


def test_receipt_with_a_bad_line():
    with pytest.raises(ValueError):
        make_receipt("1 x Bun @ 1.20\n1 Bun")
