def format_cents(cents: int) -> str:
    """Write a number of cents as euros: 1250 as 12.50."""
    return f"{cents // 100}.{cents % 100:02d}"
