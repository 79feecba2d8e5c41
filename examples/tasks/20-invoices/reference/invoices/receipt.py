from invoices.lines import parse_line
from invoices.money import format_cents


def make_receipt(text: str) -> str:
    """The receipt of an order that has one article a line."""
    lines = [parse_line(line) for line in text.splitlines() if line.strip()]
    receipt = [f"{line.count} x {line.name}: {format_cents(line.total_cents)}" for line in lines]
    receipt.append(f"Total: {format_cents(sum(line.total_cents for line in lines))}")
    return "\n".join(receipt)
